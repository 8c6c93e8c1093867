// See engines.h.
#include "tools/engines.h"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "runtime/gpu.h"
#include "runtime/memory.h"

namespace frit::tools {
namespace {

using Clock = std::chrono::steady_clock;

double us_since(Clock::time_point start) { return std::chrono::duration<double, std::micro>(Clock::now() - start).count(); }

// A dense array laid out as a parameter wants it: element (i, j, ...) at origin + i*s0 + j*s1 + ...
struct Input {
  std::shared_ptr<rt::Storage> storage;
  const void* origin = nullptr;
};

Input lay_out(const ir::Array& a, const std::vector<int64_t>& strides) {
  const int64_t size = size_of(a.dtype), count = a.shape.count();
  if (strides.empty() || count == 0) {
    Input in{rt::allocate(std::max<int64_t>(count * size, 1)), nullptr};
    if (count > 0) std::memcpy(in.storage->data(), a.data.data(), a.data.size());
    in.origin = in.storage->data();
    return in;
  }
  int64_t low = 0, high = 0;
  for (int k = 0; k < a.shape.rank(); ++k) {
    const int64_t reach = (a.shape[k] - 1) * strides[static_cast<size_t>(k)];
    (reach < 0 ? low : high) += reach;
  }
  Input in{rt::allocate((high - low + 1) * size), nullptr};
  char* origin = static_cast<char*>(in.storage->data()) - low * size;
  std::vector<int64_t> at(static_cast<size_t>(a.shape.rank()), 0);
  for (int64_t i = 0; i < count; ++i) {
    int64_t offset = 0;
    for (size_t k = 0; k < at.size(); ++k) offset += at[k] * strides[k];
    std::memcpy(origin + offset * size, a.data.data() + i * size, static_cast<size_t>(size));
    for (size_t k = at.size(); k-- > 0 && ++at[k] == a.shape[static_cast<int>(k)];) at[k] = 0;
  }
  in.origin = origin;
  return in;
}

// The same on the GPU.
Input uploaded(const Input& in) {
  const int64_t bytes = in.storage->bytes();
  Input there{rt::gpu::allocate(0, bytes), nullptr};
  rt::gpu::copy_in(*there.storage, 0, in.storage->data(), bytes);
  there.origin = static_cast<const char*>(there.storage->data()) + (static_cast<const char*>(in.origin) - static_cast<const char*>(in.storage->data()));
  return there;
}

}  // namespace

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const size_t n = values.size();
  return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

Outcome run_interpreter(const ir::Func& f, const std::vector<ir::Array>& args, int calls) {
  Outcome out;
  out.results = ir::interpret(f, args);
  for (int i = 0; i < calls; ++i) {
    const auto start = Clock::now();
    ir::interpret(f, args);
    out.call_us.push_back(us_since(start));
  }
  return out;
}

Outcome run_compiled(const ir::Func& f, const std::vector<ir::Array>& args, const lower::CompileOptions& options, int calls) {
  Outcome out;
  const auto start = Clock::now();
  const std::shared_ptr<const lower::Program> program = lower::compile(f, options);
  out.compile_ms = us_since(start) / 1000;

  const bool on_gpu = program->plan.gpu;
  const std::shared_ptr<rt::gpu::Program> loaded = on_gpu ? rt::gpu::load(0, program->plan) : nullptr;
  std::vector<Input> inputs;
  std::vector<const void*> in;
  for (size_t i = 0; i < args.size(); ++i) {
    inputs.push_back(lay_out(args[i], f.value(f.body.args[i]).strides));
    if (on_gpu) inputs.back() = uploaded(inputs.back());
    in.push_back(inputs.back().origin);
  }
  std::vector<std::shared_ptr<rt::Storage>> outputs;
  std::vector<void*> to;
  for (const rt::Output& o : program->plan.outputs) {
    const bool alias = o.alias_input >= 0 || o.alias_output >= 0;
    const int64_t bytes = std::max<int64_t>(o.bytes, 1);
    outputs.push_back(alias ? nullptr : on_gpu ? rt::gpu::allocate(0, bytes) : rt::allocate(bytes));
    to.push_back(alias ? nullptr : outputs.back()->data());
  }
  auto execute = [&](rt::RunCounters* counters) {
    if (!on_gpu) return rt::execute(program->plan, in.data(), to.data(), options.target.threads, counters);
    rt::gpu::execute(*loaded, in.data(), to.data(), counters);
    rt::gpu::synchronize(0);
  };
  execute(&out.counters);
  for (int i = 0; i < calls; ++i) {
    const auto call = Clock::now();
    execute(nullptr);
    out.call_us.push_back(us_since(call));
  }

  const std::vector<ir::Operand>& returned = f.terminator().operands;
  for (size_t i = 0; i < program->plan.outputs.size(); ++i) {
    const rt::Output& o = program->plan.outputs[i];
    if (o.alias_input >= 0) out.results.push_back(args[static_cast<size_t>(o.alias_input)]);
    else if (o.alias_output >= 0) out.results.push_back(out.results[static_cast<size_t>(o.alias_output)]);
    if (o.alias_input >= 0 || o.alias_output >= 0) continue;
    const ir::Type type = f.type(returned[i]);
    ir::Array a{type.dtype, type.shape(), {}};
    a.data.resize(static_cast<size_t>(a.shape.count() * size_of(a.dtype)));
    if (on_gpu) rt::gpu::copy_out(a.data.data(), *outputs[i], 0, static_cast<int64_t>(a.data.size()));
    else if (!a.data.empty()) std::memcpy(a.data.data(), to[i], a.data.size());
    out.results.push_back(std::move(a));
  }
  return out;
}

}  // namespace frit::tools
