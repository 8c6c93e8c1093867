// See measure.h. In each round probe, eager and fused run once (in cache: often enough for a few
// milliseconds), in an order that rotates; ratios are taken within the round, then their median.
#include "bench/measure.h"

#include <algorithm>
#include <chrono>
#include <memory>

#include "bench/eager_ops.h"
#include "bench/gpu_probe.h"
#include "bench/hash.h"
#include "bench/probes.h"
#include "codegen/kernel.h"
#include "frit/config.h"
#include "ir/ops.h"
#include "ir/text.h"
#include "runtime/gpu.h"

namespace frit::bench {
namespace {

constexpr double kCachedRoundUs = 4000;  // of repeated calls in a round
constexpr int kColdRounds = 5;
constexpr int kEnqueued = 200;             // calls in flight while enqueueing is timed
constexpr int kMostCopies = 256;           // of inputs that are used in turn

double time_us(const std::function<void()>& f) {
  const auto start = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count();
}

// Something to time: run(n) makes n calls and waits for them.
struct Contestant {
  std::function<void(int)> run;
  int times = 1;
  std::vector<double> us;  // a call, one a round

  // Warms up and chooses how many calls make a round.
  void calibrate(bool repeat) {
    run(1);
    if (!repeat) return;
    double each = time_us([&] { run(1); });
    for (times = 1; each * times < kCachedRoundUs && times < (1 << 20);) {
      times = static_cast<int>(std::min(kCachedRoundUs / std::max(each, 0.01) + 1, 8.0 * times + 1));
      each = time_us([&] { run(times); }) / times;
    }
  }
  void round() {
    us.push_back(time_us([&] { run(times); }) / times);
  }
};

// A round of all contestants, each round beginning with another one.
void race_round(const std::vector<Contestant*>& all, int round) {
  for (size_t k = 0; k < all.size(); ++k) all[(k + static_cast<size_t>(round)) % all.size()]->round();
}
void race(const std::vector<Contestant*>& all, int rounds) {
  for (int r = 0; r < rounds; ++r) race_round(all, r);
}

double median_ratio(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> ratios;
  for (size_t i = 0; i < a.size(); ++i) ratios.push_back(a[i] / b[i]);
  return median(ratios);
}

std::vector<View> views(const std::vector<Tensor>& tensors) {
  std::vector<View> out;
  for (const Tensor& t : tensors) out.push_back({t.dtype(), t.shape(), t.bytes().data()});
  return out;
}

// n calls of what enqueues, and the wait for them (there is nothing to wait for on the CPU).
std::function<void(int)> waited(std::function<void(int)> enqueue) {
  return [enqueue = std::move(enqueue)](int n) {
    enqueue(n);
    synchronize();
  };
}

// The probe of a mix on the device of the settings.
struct Limit {
  std::function<void(int)> run;
  std::string name;
};
Limit limit_of(const Mix& mix, int64_t bytes, int copies, const Settings& s) {
  if (s.device.is_gpu()) {
    auto probe = std::make_shared<GpuProbe>(mix, bytes, s.device.index(), copies);
    return {waited([probe](int n) { probe->run(n); }), probe->name()};
  }
  auto probe = std::make_shared<Probe>(mix, bytes, s.threads);
  return {[probe](int n) { probe->run(n); }, probe->name()};
}

// How many copies of arrays of so many bytes a GPU must go round, so that each has left its second-level
// cache when its turn comes: together they are larger than that twice.
int copies_beyond_cache(int64_t bytes, const Settings& s) {
  const int64_t cache = 2 * rt::gpu::properties(s.device.index()).l2;
  const int64_t n = bytes > cache ? 1 : cache / std::max<int64_t>(bytes, 1) + 1;
  return static_cast<int>(std::min<int64_t>(n, s.scale > 1 ? 3 : kMostCopies));
}

// The first calls: what is launched, and whether the bits are the same.
void compare(Runner& runner, CaseResult& r) {
  reset_run_counters();
  const std::vector<Tensor> eager = runner.eager();
  const RunCounters e = run_counters();
  reset_run_counters();
  const std::vector<Tensor> fused = runner.fused();
  const RunCounters f = run_counters();
  r.eager_kernels = e.launches;
  r.eager_bytes = e.bytes();
  r.kernels = f.launches;
  r.bytes = f.bytes();
  const std::vector<View> a = views(eager), b = views(fused);
  r.same_bits = a.size() == b.size();
  for (size_t i = 0; i < a.size() && r.same_bits; ++i) r.same_bits = same_bits(a[i], b[i]);
  r.hash = hash(b);
}

// What is short enough, or only enqueued, is called often enough for a few milliseconds.
bool repeated(const Case& c, const Settings& s) { return c.kind != Kind::memory || s.scale > 1 || s.device.is_gpu(); }

void measure_cold(Runner& runner, CaseResult& r) {
  std::vector<double> trace, lower, code, all;
  for (int i = 0; i < kColdRounds; ++i) {
    const Cold c = runner.cold();
    trace.push_back(c.trace_us);
    lower.push_back(c.lower_ms);
    code.push_back(c.compile_ms);
    all.push_back(c.lower_ms + c.compile_ms);
  }
  r.trace_us = median(trace);
  r.lower_ms = median(lower);
  r.code_ms = median(code);
  r.compile_ms = median(all);
}

// Each distinct op of an elementwise case with the probe of its own mix.
void measure_ops(const Case& c, const ir::Func& traced, const std::vector<Tensor>& inputs, const Settings& s, CaseResult& r) {
  for_each_eager_op(traced, inputs, [&](const EagerOp& op) {
    for (OpResult& known : r.eager_ops)
      if (known.name == op.name && known.operands == op.operands) {
        ++known.uses;
        return;
      }
    s.progress(c.name + ": eager " + op.name + "(" + op.operands + ")");
    OpResult result{op.name, op.operands, 1, 0, 0, 0};
    const Mix mix{static_cast<int>(op.tensors.size()), 1, false};
    const Limit probe = limit_of(mix, op.tensors[0].count() * size_of(op.tensors[0].dtype()), 1, s);
    Contestant limit{probe.run, 1, {}}, eager{waited([&](int n) { for (int i = 0; i < n; ++i) op.run(); }), 1, {}};
    const bool repeat = repeated(c, s);
    limit.calibrate(repeat);
    eager.calibrate(repeat);
    race({&limit, &eager}, std::min(s.rounds, 5));
    result.us = median(eager.us);
    result.limit_us = median(limit.us);
    result.of_limit = median_ratio(limit.us, eager.us);
    r.eager_ops.push_back(result);
  });
}

// What a small program costs the host, and how long one call takes from beginning to end.
void measure_latency(Runner& runner, const Settings& s, CaseResult& r) {
  std::vector<double> enqueue, latency;
  for (int round = 0; round < s.rounds; ++round) {
    enqueue.push_back(time_us([&] { runner.fused_again(kEnqueued); }) / kEnqueued);
    synchronize();
    for (int i = 0; i < 10; ++i) latency.push_back(time_us([&] {
      runner.fused_again(1);
      synchronize();
    }));
  }
  r.enqueue_us = median(enqueue);
  r.latency_us = median(latency);
}

}  // namespace

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const size_t n = values.size();
  return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

CaseResult measure(const Case& c, const Settings& s) {
  CaseResult r;
  r.name = c.name;
  r.isa = s.device.is_gpu() ? "-" : codegen::name(codegen::host_isa());
  if (s.device.is_gpu()) r.device = s.device.str() + " " + rt::gpu::properties(s.device.index()).name;
  r.shape = scaled(c, s.scale);
  r.dtype = name(c.dtype);
  r.array_bytes = r.shape.count() * size_of(c.dtype);
  r.kind = c.kind;
  r.threads = s.device.is_gpu() ? 0 : s.threads;
  r.rounds = s.rounds;
  r.numerics = s.numerics;

  const with_device device(s.device);
  s.wait();
  s.progress(c.name + ": inputs " + r.shape.str());
  const std::unique_ptr<Runner> runner = c.make(r.shape, s.numerics);
  const ir::Func traced = ir::parse(c.make.ir(r.shape), c.name);
  for (ir::OpId id : traced.body.ops) r.ops += traced.op(id).op != ir::Op::ret;

  s.progress(c.name + ": compiling");
  measure_cold(*runner, r);
  s.progress(c.name + ": eager against fused");
  compare(*runner, r);

  const bool repeat = repeated(c, s);
  const Mix mix{c.traffic.reads, c.traffic.writes, c.traffic.in_place};
  const int64_t bytes = r.array_bytes;
  if (s.device.is_gpu() && c.kind == Kind::memory) {
    r.copies = copies_beyond_cache(bytes * (mix.reads + (mix.in_place ? 0 : mix.writes)), s);
    runner->rotate(r.copies);
  }
  Contestant eager{waited([&](int n) { runner->eager_again(n); }), 1, {}}, fused{waited([&](int n) { runner->fused_again(n); }), 1, {}};
  eager.calibrate(repeat);
  fused.calibrate(repeat);
  Contestant limit{{}, 1, {}};
  std::vector<Contestant*> all = {&eager, &fused};
  if (c.kind == Kind::memory || c.kind == Kind::cached) {
    const Limit probe = limit_of(mix, bytes, r.copies, s);
    limit.run = probe.run;
    limit.calibrate(repeat);
    r.probe = probe.name;
    all.insert(all.begin(), &limit);
  }
  s.progress(c.name + ": " + std::to_string(s.rounds) + " rounds");
  s.done(c, "ready", {});
  for (int k = 0; k < s.rounds; ++k) {
    s.wait();
    race_round(all, k);
    s.done(c, "round", {limit.us.empty() ? 0 : limit.us.back(), eager.us.back(), fused.us.back()});
  }
  s.wait();
  if (limit.run) {
    r.limit_us = median(limit.us);
    r.of_limit = median_ratio(limit.us, fused.us);
    r.eager_of_limit = median_ratio(limit.us, eager.us);
    limit.run = nullptr;  // with its arrays
  }
  r.eager_us = median(eager.us);
  r.fused_us = median(fused.us);
  r.faster = median_ratio(eager.us, fused.us);
  if (s.device.is_gpu() && c.kind == Kind::call) measure_latency(*runner, s, r);
  if (c.op_by_op) measure_ops(c, traced, runner->inputs(), s, r);
  s.done(c, "end", {});
  return r;
}

}  // namespace frit::bench
