// Seeing: the IR of a call, what becomes of it, and eager against fused.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>

#include "codegen/cuda.h"
#include "frontend/core.h"
#include "frontend/device.h"
#include "frontend/place.h"
#include "frontend/settings.h"
#include "ir/text.h"
#include "support/bytes.h"
#include "support/env.h"

namespace frit::detail {
namespace {

// The program of an entry; compiled for reading where the interpreter runs it.
std::shared_ptr<const lower::Program> program_of(const Entry& e) {
  return e.exe.program ? e.exe.program : lower::compile(e.exe.func, compile_options(For::jit, e.target.device));
}

std::string plural(int64_t n, const std::string& what) { return std::to_string(n) + " " + what + (n == 1 ? "" : "s"); }

std::string ms(double v) {
  char buf[32];
  std::snprintf(buf, sizeof buf, "%.2f ms", v);
  return buf;
}

std::string signature_text(const ir::Func& f) {
  std::string s = f.name + "(";
  bool first = true;
  for (ir::ValueId a : f.body.args) {
    if (f.value(a).captured) continue;
    s += (first ? "" : ", ") + f.value(a).name + ": " + f.type(a).str();
    first = false;
  }
  s += ") -> ";
  const auto& results = f.terminator().operands;
  for (size_t i = 0; i < results.size(); ++i) s += (i ? ", " : "") + f.type(results[i]).str();
  return s;
}

void put_text(Report& r, const Entry& e) {
  std::string& s = r.text;
  s = signature_text(e.exe.func) + (r.numerics == Numerics::fast ? ", fast numerics" : "") + "\n";
  s += "  " + plural(r.launches, "kernel") + ", reads " + bytes_text(r.bytes_read) + ", writes " + bytes_text(r.bytes_written) + ", temporaries " +
       (r.temporary_bytes ? bytes_text(r.temporary_bytes) : "none") + "\n";
  int k = 0;
  for (const KernelReport& x : r.kernels) {
    s += "kernel " + std::to_string(++k) + ": " + x.name + ", schedule " + x.schedule + "\n";
    if (!x.why.empty()) s += "  why: " + x.why + "\n";
    if (!x.mapping.empty()) s += "  on the GPU: " + x.mapping + "\n";
    const bool library = x.schedule == "library";
    s += "  " + plural(x.work, library ? "result" : "work item") + ", reads " + bytes_text(x.bytes_read) + ", writes " + bytes_text(x.bytes_written) + ", about " +
         std::to_string(x.flops) + " operations" + (x.scratch_bytes ? ", scratch " + bytes_text(x.scratch_bytes) : "") + "\n";
    if (library) continue;
    s += x.cached ? "  its code was in the cache\n" : "  compiled in " + ms(x.compile_ms) + "\n";
  }
  auto decisions = [&](bool taken, const char* title) {
    bool any = false;
    for (const FusionReport& d : r.decisions) {
      if (d.taken != taken) continue;
      if (!any) s += std::string(title) + "\n";
      any = true;
      s += "  " + d.producer + " with " + d.consumer + ": " + d.reason + (d.bytes ? " (" + bytes_text(d.bytes) + (taken ? " saved)" : " at stake)") : "") + "\n";
    }
  };
  decisions(true, "fused:");
  decisions(false, "not fused:");
  if (!r.captures.empty()) s += "captured (the values they had when the function was traced):\n";
  for (const CaptureReport& c : r.captures) s += "  " + c.type + " first used at " + c.place + ", " + bytes_text(c.bytes) + "\n";
  s += "traced in " + ms(r.trace_ms) + ", lowered in " + ms(r.lower_ms) + ", compiled in " + ms(r.compile_ms) + "\n";
}

}  // namespace

Report make_report(const Core& core, const Entry& e) {
  const auto program = program_of(e);
  Report r;
  r.name = core.options.name;
  r.numerics = core.options.numerics;
  for (const lower::KernelReport& k : program->reports)
    r.kernels.push_back({k.name, k.schedule, k.why, k.work, k.bytes_read, k.bytes_written, k.flops, k.scratch_bytes, k.compile_ms, k.cached, k.mapping, k.segments});
  for (const lower::Decision& d : program->decisions) r.decisions.push_back({d.taken, d.producer, d.consumer, d.reason, d.bytes});
  for (const Captured& c : e.captured) {
    const TensorImpl& t = *impl(c.value);
    r.captures.push_back({e.exe.func.value(e.exe.func.body.args[e.leaves.size() + r.captures.size()]).name, type_text(t), text(c.first_use), t.bytes()});
  }
  r.launches = static_cast<int64_t>(program->plan.launches.size());
  for (const rt::Launch& l : program->plan.launches) {
    r.bytes_read += l.bytes_read;
    r.bytes_written += l.bytes_written;
  }
  r.temporary_bytes = program->plan.arena_bytes;
  r.trace_ms = e.trace_ms;
  r.lower_ms = program->lower_ms;
  r.compile_ms = program->compile_ms;
  put_text(r, e);
  return r;
}

namespace {
// A kernel as source or machine code of its target.
std::string code_text(const ir::Func& k, bool wide, Level level, const Target& target, const std::string& name, Loc where) {
  const bool gpu = target.device.is_gpu();
  auto fail = [&](const char* what, const char* instead) {
    throw Error(name, std::string("there is no ") + what + " of a function that runs on " + target.device.str(), where, {}, instead);
  };
  switch (level) {
    case Level::llvm:
      if (gpu) fail("LLVM IR", "ask for frit::Level::cuda");
      return codegen::llvm_ir(k, target.isa);
    case Level::cuda:
      if (!gpu) fail("CUDA source", "ask for frit::Level::llvm, or `frit opt --to=cuda --gpu=H200` without a device");
      return codegen::cuda_source(k, gpu_spec(target.device), wide).text;
    default: return gpu ? codegen::ptx(k, gpu_spec(target.device), wide) : codegen::assembly(k, target.isa);
  }
}
}  // namespace

std::string ir_of_call(Core& core, Call& call, Level level) {
  const auto e = entry_of(core, call, false);
  if (level == Level::tensor) return ir::print(e->exe.func);
  const auto program = program_of(*e);
  if (level == Level::fused) return ir::print(program->fused);
  std::string s;
  for (size_t i = 0; i < program->kernels.size(); ++i) {
    const ir::Func& k = program->kernels[i];
    if (!s.empty()) s += "\n";
    if (program->plan.launches[i].gemm) s += lower::library_text(program->reports[i]);
    else if (level == Level::kernel) s += ir::print(k);
    else s += code_text(k, program->reports[i].wide, level, e->target, core.options.name, call.where);
  }
  return s;
}

Report explain_call(Core& core, Call& call) { return make_report(core, *entry_of(core, call, false)); }

namespace {

template <class T>
int64_t first_difference(const T* a, const T* b, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    if (std::memcmp(&a[i], &b[i], sizeof(T)) == 0) continue;
    if constexpr (is_floating_v<T>)
      if (a[i] != a[i] && b[i] != b[i]) continue;
    return i;
  }
  return -1;
}

// Where two results differ first, or nothing; NaNs are one value.
std::string difference_of(const Tensor& eager, const Tensor& fused, size_t number) {
  const Tensor a = dense(eager), b = dense(fused);
  const TensorImpl &x = *impl(a), &y = *impl(b);
  const std::string which = "result " + std::to_string(number);
  if (x.dtype != y.dtype || x.shape != y.shape) return which + ": eager gives " + type_text(x) + ", fused " + type_text(y);
  int64_t at = -1;
  std::string values;
  switch (x.dtype) {
#define FRIT_X(id, name, type, kind)                                                              \
  case DType::id: {                                                                               \
    const auto *p = static_cast<const type*>(host_data(x)), *q = static_cast<const type*>(host_data(y)); \
    at = first_difference(p, q, x.shape.count());                                                 \
    if (at >= 0) values = ir::Literal::of(p[at]).str() + " eagerly, " + ir::Literal::of(q[at]).str() + " fused"; \
    break;                                                                                        \
  }
    FRIT_DTYPES(FRIT_X)
#undef FRIT_X
  }
  if (at < 0) return "";
  std::string where;
  for (int k = x.shape.rank() - 1; k >= 0; --k) {
    where = std::to_string(at % x.shape[k]) + (where.empty() ? "" : ",") + where;
    at /= x.shape[k];
  }
  return which + "[" + where + "]: " + values;
}

template <class T>
double largest_difference(const T* a, const T* b, int64_t n) {
  double most = 0;
  for (int64_t i = 0; i < n; ++i) {
    const auto x = static_cast<double>(static_cast<compute_t<T>>(a[i])), y = static_cast<double>(static_cast<compute_t<T>>(b[i]));
    if (x == y || (x != x && y != y)) continue;
    most = std::isfinite(x) && std::isfinite(y) ? std::max(most, std::fabs(x - y)) : std::numeric_limits<double>::infinity();
  }
  return most;
}

// Between two results of one shape and a floating type; otherwise 0.
double largest_difference(const Tensor& eager, const Tensor& fused) {
  const Tensor a = dense(eager), b = dense(fused);
  const TensorImpl &x = *impl(a), &y = *impl(b);
  if (x.dtype != y.dtype || x.shape != y.shape || !is_float(x.dtype)) return 0;
  auto of = [&](auto type) {
    using T = decltype(type);
    return largest_difference(static_cast<const T*>(host_data(x)), static_cast<const T*>(host_data(y)), x.shape.count());
  };
  switch (x.dtype) {
    case DType::f16: return of(f16());
    case DType::bf16: return of(bf16());
    case DType::f32: return of(0.0f);
    default: return of(0.0);
  }
}

double median(std::vector<double> v) {
  std::sort(v.begin(), v.end());
  return v[v.size() / 2];
}

}  // namespace

Comparison compare_call(Core& core, Call& call) {
  if (current_trace()) throw Error(core.options.name, "compare cannot run inside of a trace", call.where);
  const auto e = entry_of(core, call, true);
  Comparison c;
  std::vector<double> eager_us, fused_us;
  const rt::RunCounters before = this_thread_counters();
  // Copies of the arguments keep them from being given away.
  std::vector<Tensor> held;
  for (size_t i = 0; i < call.tensors.size(); ++i) held.push_back(*call.tensors[i]);
  const Device device = e->target.device;
  auto timed = [&](auto&& f) {
    if (device.is_gpu()) rt::gpu::synchronize(device.index());
    const auto start = std::chrono::steady_clock::now();
    f();
    if (device.is_gpu()) rt::gpu::synchronize(device.index());
    return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count();
  };
  constexpr int kRounds = 6;  // the first one warms up
  for (int round = 0; round < kRounds; ++round) {
    Results eager, fused;
    this_thread_counters() = {};
    const double a = timed([&] { run_eagerly(core, call, eager); });
    const rt::RunCounters ran_eagerly = this_thread_counters();
    this_thread_counters() = {};
    const double b = timed([&] { run_entry(core, *e, call, fused); });
    const rt::RunCounters ran_fused = this_thread_counters();
    if (round > 0) {
      eager_us.push_back(a);
      fused_us.push_back(b);
    } else {
      c.eager_launches = ran_eagerly.launches;
      c.eager_bytes = ran_eagerly.bytes_read + ran_eagerly.bytes_written;
      c.launches = ran_fused.launches;
      c.bytes = ran_fused.bytes_read + ran_fused.bytes_written;
      for (size_t i = 0; i < fused.count && c.difference.empty(); ++i) c.difference = difference_of(eager.data()[i], fused.data()[i], i);
      for (size_t i = 0; i < std::min(fused.count, eager.count); ++i)
        c.largest_difference = std::max(c.largest_difference, largest_difference(eager.data()[i], fused.data()[i]));
      if (eager.count != fused.count) c.difference = "other numbers of results";
    }
  }
  this_thread_counters() = before;
  c.same_bits = c.difference.empty();
  c.eager_us = median(eager_us);
  c.fused_us = median(fused_us);
  char line[200];
  std::snprintf(line, sizeof line, "eager  %10.1f us  %4lld launches  %s\nfused  %10.1f us  %4lld launches  %s\n%.2fx as fast, ", c.eager_us,
                static_cast<long long>(c.eager_launches), bytes_text(c.eager_bytes).c_str(), c.fused_us, static_cast<long long>(c.launches),
                bytes_text(c.bytes).c_str(), c.eager_us / c.fused_us);
  c.text = line + (c.same_bits ? std::string("the same bits\n") : "different bits: " + c.difference + "\n");
  if (core.options.numerics == Numerics::fast && !c.same_bits) {
    std::snprintf(line, sizeof line, "fast numerics: the largest difference is %.3g\n", c.largest_difference);
    c.text += line;
  }
  return c;
}

}  // namespace frit::detail
