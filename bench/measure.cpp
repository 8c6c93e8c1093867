// See measure.h. In each round probe, eager and fused run once (in cache: often enough for a few
// milliseconds), in an order that rotates; ratios are taken within the round, then their median.
#include "bench/measure.h"

#include <algorithm>
#include <chrono>
#include <memory>

#include "bench/eager_ops.h"
#include "bench/hash.h"
#include "bench/probes.h"
#include "codegen/kernel.h"
#include "frit/config.h"
#include "ir/ops.h"
#include "ir/text.h"

namespace frit::bench {
namespace {

constexpr double kCachedRoundUs = 4000;  // of repeated calls in a round
constexpr int kColdRounds = 5;

double time_us(const std::function<void()>& f) {
  const auto start = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count();
}

// Something to time: run(n) makes n calls.
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

// Rounds of all contestants, each round beginning with another one.
void race(std::vector<Contestant*> all, int rounds) {
  for (int r = 0; r < rounds; ++r)
    for (size_t k = 0; k < all.size(); ++k) all[(k + static_cast<size_t>(r)) % all.size()]->round();
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
  r.dtype = name(b[0].dtype);
}

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
    Probe probe(mix, op.tensors[0].count() * size_of(op.tensors[0].dtype()), s.threads);
    Contestant limit{[&](int n) { probe.run(n); }, 1, {}}, eager{[&](int n) { for (int i = 0; i < n; ++i) op.run(); }, 1, {}};
    const bool repeat = c.kind != Kind::memory || s.scale > 1;
    limit.calibrate(repeat);
    eager.calibrate(repeat);
    race({&limit, &eager}, std::min(s.rounds, 5));
    result.us = median(eager.us);
    result.limit_us = median(limit.us);
    result.of_limit = median_ratio(limit.us, eager.us);
    r.eager_ops.push_back(result);
  });
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
  r.isa = codegen::name(codegen::host_isa());
  r.shape = scaled(c, s.scale);
  r.kind = c.kind;
  r.threads = s.threads;
  r.rounds = s.rounds;

  s.progress(c.name + ": inputs " + r.shape.str());
  const std::unique_ptr<Runner> runner = c.make(r.shape);
  const ir::Func traced = ir::parse(runner->ir(), c.name);
  for (ir::OpId id : traced.body.ops) r.ops += traced.op(id).op != ir::Op::ret;

  s.progress(c.name + ": compiling");
  measure_cold(*runner, r);
  s.progress(c.name + ": eager against fused");
  compare(*runner, r);

  const bool repeat = c.kind != Kind::memory || s.scale > 1;
  Contestant eager{[&](int n) { runner->eager_again(n); }, 1, {}}, fused{[&](int n) { runner->fused_again(n); }, 1, {}};
  eager.calibrate(repeat);
  fused.calibrate(repeat);
  if (c.kind == Kind::memory || c.kind == Kind::cached) {
    const Mix mix{c.traffic.reads, c.traffic.writes, c.traffic.in_place};
    Probe probe(mix, r.shape.count() * size_of(c.dtype), s.threads);
    Contestant limit{[&](int n) { probe.run(n); }, 1, {}};
    limit.calibrate(repeat);
    s.progress(c.name + ": " + std::to_string(s.rounds) + " rounds");
    race({&limit, &eager, &fused}, s.rounds);
    r.limit_us = median(limit.us);
    r.of_limit = median_ratio(limit.us, fused.us);
    r.eager_of_limit = median_ratio(limit.us, eager.us);
    r.probe = probe.name();
  } else {
    s.progress(c.name + ": " + std::to_string(s.rounds) + " rounds");
    race({&eager, &fused}, s.rounds);
  }
  r.eager_us = median(eager.us);
  r.fused_us = median(fused.us);
  r.faster = median_ratio(eager.us, fused.us);
  if (c.elementwise) measure_ops(c, traced, runner->inputs(), s, r);
  return r;
}

}  // namespace frit::bench
