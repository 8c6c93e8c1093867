// Compiling and running: inputs to pointers, results to memory that is new, given away or shared.
#include "frontend/executable.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "frit/config.h"
#include "frontend/device.h"
#include "frontend/settings.h"
#include "ir/interpret.h"
#include "runtime/gpu.h"
#include "support/env.h"

namespace frit {

using detail::TensorImpl;
using detail::TensorKind;

namespace {
// What FRIT_DISABLE names has to exist.
void check_disabled(const std::vector<std::string>& names) {
  if (names.empty()) return;
  const std::vector<std::string> known = lower::names_to_disable();
  for (const std::string& n : names)
    if (std::find(known.begin(), known.end(), n) == known.end())
      throw Error("environment", "FRIT_DISABLE: no pass or rule is named '" + n + "'", {}, {}, "`frit passes` and `frit rules` list them");
}
}  // namespace

lower::CompileOptions compile_options(For use, Device device) {
  check_disabled(env().disable);
  lower::CompileOptions o;
  o.target = device.is_gpu() ? lower::gpu_target(gpu_spec(device)) : lower::host_target(threads());
  if (device.is_gpu() && current_dot() == Dot::library) {
    const int number = device.index();
    o.target.library_dots = rt::gpu::has_gemms(number, &o.no_library);
    o.has_algorithm = [number](const rt::Gemm& g) { return rt::gpu::can_gemm(number, g); };
  }
  o.specialise = use == For::jit;
  o.disabled = env().disable;
  o.fuel = env().fuel.value;
  return o;
}

Target current_target(Device device) {
  return {device, threads(), codegen::host_isa(), device.is_gpu() ? current_dot() : Dot::own};
}

Executable make_executable(ir::Func f, For use, Device device, std::vector<lower::Snapshot>* snapshots) {
  Executable e;
  e.device = device;
  for (const ir::Operand& o : f.terminator().operands) e.outputs.push_back({f.type(o).dtype, f.type(o).shape()});
  const bool compiles = env().engine != Env::Engine::interp && codegen::can_compile();  // else the interpreter runs it
  try {
    if (compiles) e.program = lower::compile(f, compile_options(use, device), snapshots);
  } catch (const std::bad_alloc&) {
    throw OutOfMemory(f.name, "there is no memory left to compile it", {}, {}, "free arrays, or raise the process's limit on memory");
  }
  if (e.program && device.is_gpu()) e.gpu = rt::gpu::load(device.index(), e.program->plan);
  e.func = std::move(f);
  return e;
}

namespace {

// Nobody but its one handle can see the memory of t.
bool sole(const TensorImpl& t) {
  return t.kind == TensorKind::value && !t.borrowed && t.dense() && t.storage && t.storage.use_count() == 1 &&
         t.refs.load(std::memory_order_acquire) == 1 && t.data == t.storage->data();
}

std::vector<ir::Array> arrays(const Executable& e, const RunInputs& in) {
  std::vector<ir::Array> args;
  for (size_t i = 0; i < in.count; ++i) {
    const ir::Type& type = e.func.type(e.func.body.args[i]);
    ir::Array a{type.dtype, type.shape(), {}};
    Tensor held;
    const void* data = in.tensors[i] ? detail::host_data(*in.tensors[i]) : in.data[i];
    if (in.tensors[i] && !in.tensors[i]->dense()) {
      in.tensors[i]->refs.fetch_add(1, std::memory_order_relaxed);
      held = detail::dense(detail::adopt(in.tensors[i]));
      data = detail::impl(held)->data;
    }
    a.data.resize(static_cast<size_t>(a.shape.count() * size_of(a.dtype)));
    if (!a.data.empty()) std::memcpy(a.data.data(), data, a.data.size());
    args.push_back(std::move(a));
  }
  return args;
}

void run_interpreted(const Executable& e, const RunInputs& in, Tensor* results, const char* made_by, Loc made_at) {
  std::vector<ir::Array> out = ir::interpret(e.func, arrays(e, in));
  for (size_t i = 0; i < out.size(); ++i) {
    TensorImpl* t = detail::new_value(out[i].dtype, out[i].shape);
    results[i] = detail::adopt(t);
    t->made_by = made_by;
    t->made_at = made_at;
    if (!out[i].data.empty()) std::memcpy(t->storage->data(), out[i].data.data(), out[i].data.size());
    results[i] = detail::move_to(results[i], e.device);
  }
}

// A call of a plan for a GPU. Numbers lie in the host's memory and go along with the launches.
void run_on_gpu(const Executable& e, const RunInputs& in, void* const* outputs) {
  constexpr size_t kFew = 32;
  uint8_t few[kFew];
  std::vector<uint8_t> many;
  uint8_t* number_bytes = few;
  if (in.count > kFew) {
    many.resize(in.count);
    number_bytes = many.data();
  }
  for (size_t i = 0; i < in.count; ++i) {
    const bool number = !in.tensors[i] || in.tensors[i]->anywhere();
    number_bytes[i] = number ? static_cast<uint8_t>(size_of(e.func.type(e.func.body.args[i]).dtype)) : 0;
  }
  rt::gpu::execute(*e.gpu, in.data, outputs, &this_thread_counters(), number_bytes);
}

// An output that is an input itself, in the output's shape.
Tensor alias_of(TensorImpl* in, const Shape& shape) {
  in->refs.fetch_add(1, std::memory_order_relaxed);
  Tensor t = detail::adopt(in);
  if (in->shape == shape) return t;
  return detail::view(detail::dense(t), shape);
}

}  // namespace

void run_executable(const Executable& e, const RunInputs& in, Tensor* results, bool reuse, const char* made_by, Loc made_at) try {
  if (!e.program) return run_interpreted(e, in, results, made_by, made_at);
  const rt::Plan& plan = e.program->plan;
  const size_t n = plan.outputs.size();
  constexpr size_t kFew = 16;
  void* few[kFew];
  std::vector<void*> many;
  void** out = few;
  if (n > kFew) {
    many.resize(n);
    out = many.data();
  }
  // Memory first: nothing is given away before all of it is there.
  Tensor fresh_few[4];
  std::vector<Tensor> fresh_many;
  Tensor* fresh = fresh_few;
  if (n > 4) {
    fresh_many.resize(n);
    fresh = fresh_many.data();
  }
  for (size_t i = 0; i < n; ++i) {
    const rt::Output& o = plan.outputs[i];
    const OutputType& type = e.outputs[i];
    out[i] = nullptr;
    if (o.alias_input >= 0 || o.alias_output >= 0) continue;
    if (reuse && results[i].has_value()) {
      TensorImpl* old = detail::impl(results[i]);
      if (sole(*old) && old->device == e.device && old->storage->bytes() == o.bytes && old->dtype == type.dtype && old->shape == type.shape) {
        out[i] = old->storage->data();
        old->mirrored = false;
        continue;
      }
    }
    if (o.donor_input >= 0 && in.give && in.give[o.donor_input]) {
      TensorImpl* donor = in.tensors[o.donor_input];
      if (donor && donor->device == e.device && sole(*donor) && donor->storage->bytes() == o.bytes) {
        auto* t = new TensorImpl;
        fresh[i] = detail::adopt(t);
        t->kind = TensorKind::value;
        t->dtype = type.dtype;
        t->device = e.device;
        t->shape = type.shape;
        t->storage = donor->storage;  // the donor goes with the caller's frame
        t->data = t->storage->data();
        t->made_by = made_by;
        t->made_at = made_at;
        out[i] = t->storage->data();
        continue;
      }
    }
    TensorImpl* t = detail::new_value(type.dtype, type.shape, e.device);
    fresh[i] = detail::adopt(t);
    t->made_by = made_by;
    t->made_at = made_at;
    out[i] = t->storage->data();
  }
  if (plan.gpu) {
    run_on_gpu(e, in, out);
  } else {
    rt::execute(plan, in.data, out, threads(), &this_thread_counters());
  }
  for (size_t i = 0; i < n; ++i) {
    const rt::Output& o = plan.outputs[i];
    if (o.alias_output >= 0) {
      const Tensor& first = results[o.alias_output];
      const bool same = detail::impl(first)->shape == e.outputs[i].shape;
      results[i] = same ? first : detail::view(detail::dense(first), e.outputs[i].shape);
    } else if (o.alias_input >= 0) {
      TensorImpl* t = in.tensors[o.alias_input];
      if (t) {
        results[i] = alias_of(t, e.outputs[i].shape);
      } else {
        TensorImpl* number = detail::new_value(e.outputs[i].dtype, e.outputs[i].shape);
        results[i] = detail::adopt(number);
        std::memcpy(number->storage->data(), in.data[o.alias_input], static_cast<size_t>(size_of(number->dtype)));
        results[i] = detail::move_to(results[i], e.device);
      }
    } else if (fresh[i].has_value()) {
      results[i] = std::move(fresh[i]);
    }
  }
} catch (const OutOfMemory& error) {
  if (error.where.known()) throw;
  throw OutOfMemory(made_by, error.message, made_at, error.notes, error.help);
} catch (const std::bad_alloc&) {
  throw OutOfMemory(made_by, "there is no memory left for the call", made_at, {}, "free arrays, or raise the process's limit on memory");
}

namespace {
template <class T>
bool any_nan(const T* p, int64_t n) {
  for (int64_t i = 0; i < n; ++i)
    if (p[i] != p[i]) return true;
  return false;
}
}  // namespace

bool has_nan(const TensorImpl& t) {
  if (!is_float(t.dtype) || t.kind != TensorKind::value) return false;
  Tensor held;
  const void* data = detail::host_data(t);
  if (!t.dense()) {
    auto* shared = const_cast<TensorImpl*>(&t);
    shared->refs.fetch_add(1, std::memory_order_relaxed);
    held = detail::dense(detail::adopt(shared));
    data = detail::impl(held)->data;
  }
  switch (t.dtype) {
#define FRIT_X(id, name, type, kind) \
  case DType::id: return any_nan(static_cast<const type*>(data), t.shape.count());
    FRIT_DTYPES(FRIT_X)
#undef FRIT_X
  }
  return false;
}

}  // namespace frit
