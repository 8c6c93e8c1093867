// The probes: explicit vector loops for AVX-512 and AVX2, chosen by the CPU, raced over ways to stream.
#include "bench/probes.h"

#include <immintrin.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <map>
#include <mutex>
#include <tuple>

#include "frit/error.h"
#include "runtime/threads.h"

namespace frit::bench {
namespace {

using PieceFn = void (*)(const float* const* r, float* const* w, int64_t n, int64_t ahead);

namespace avx512 {
using V = __m512;
constexpr int LANES = 16;
#define FRIT_ISA_FN __attribute__((target("avx512f")))
#define LOAD(p) _mm512_load_ps(p)
#define STORE(p, v) _mm512_store_ps(p, v)
#define STREAM(p, v) _mm512_stream_ps(p, v)
#define ADD(a, b) _mm512_add_ps(a, b)
#define ZERO() _mm512_setzero_ps()
#define KEEP(v) asm volatile("" ::"v"(v))
#include "bench/probe_kernels.inc"
#undef FRIT_ISA_FN
#undef LOAD
#undef STORE
#undef STREAM
#undef ADD
#undef ZERO
#undef KEEP
}  // namespace avx512

namespace avx2 {
using V = __m256;
constexpr int LANES = 8;
#define FRIT_ISA_FN __attribute__((target("avx2")))
#define LOAD(p) _mm256_load_ps(p)
#define STORE(p, v) _mm256_store_ps(p, v)
#define STREAM(p, v) _mm256_stream_ps(p, v)
#define ADD(a, b) _mm256_add_ps(a, b)
#define ZERO() _mm256_setzero_ps()
#define KEEP(v) asm volatile("" ::"x"(v))
#include "bench/probe_kernels.inc"
#undef FRIT_ISA_FN
#undef LOAD
#undef STORE
#undef STREAM
#undef ADD
#undef ZERO
#undef KEEP
}  // namespace avx2

constexpr int64_t kUnit = 1024;  // bytes that every loop's step divides
constexpr int64_t kInCache = 1 << 20;
constexpr int64_t kBeyondCache = 16 << 20;
constexpr int kRaceRounds = 12;

double now_us() {
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

void check(const Mix& mix) {
  if (mix.reads < 0 || mix.reads > 4 || mix.writes < 0 || mix.writes > 3 || mix.reads + mix.writes == 0 ||
      (mix.in_place && mix.writes > mix.reads))
    throw Error("probe",
                "no probe has " + std::to_string(mix.reads) + " reads and " + std::to_string(mix.writes) + " writes", {}, {},
                "up to 4 reads and 3 writes; in place at most as many writes as reads");
}

std::string name(const Mix& mix) {
  auto count = [](int n, const char* what) { return std::to_string(n) + " " + what + (n == 1 ? "" : "s"); };
  return count(mix.reads, "read") + " " + count(mix.writes, "write") + (mix.in_place ? " in place" : "");
}

Probe::Probe(const Mix& mix, int64_t bytes, int threads)
    : mix_(mix), bytes_(std::max(kUnit, (bytes + kUnit - 1) / kUnit * kUnit)), threads_(std::max(threads, 1)) {
  check(mix);
  auto make = [&] {
    arrays_.push_back(rt::allocate(bytes_));
    std::memset(arrays_.back()->data(), 0, static_cast<size_t>(bytes_));
    return static_cast<float*>(arrays_.back()->data());
  };
  for (int i = 0; i < mix.reads; ++i) {
    float* p = make();
    reads_.push_back(p);
    if (mix.in_place && i < mix.writes) writes_.push_back(p);
  }
  while (static_cast<int>(writes_.size()) < mix.writes) writes_.push_back(make());
  static std::mutex mutex;
  static std::map<std::tuple<int, int, bool, int64_t, int>, Way> chosen;
  std::lock_guard lock(mutex);
  auto [it, fresh] = chosen.try_emplace({mix.reads, mix.writes, mix.in_place, bytes_, threads_});
  if (fresh) it->second = race(kRaceRounds).front().way;
  way_ = it->second;
}

Probe::~Probe() = default;

int64_t Probe::bytes() const { return bytes_ * (mix_.reads + mix_.writes); }

void Probe::run(int times) { run_way(way_, times); }

void Probe::run_way(const Way& way, int times) {
  struct Call {
    Probe* probe;
    PieceFn fn;
    Way way;
  } call{this, nullptr, way};
  static const bool wide = __builtin_cpu_supports("avx512f");
  call.fn = (wide ? avx512::pick : avx2::pick)(mix_.reads, mix_.writes, way.non_temporal);
  auto range = [](void* context, int64_t lo, int64_t hi, int) {
    const Call& c = *static_cast<const Call*>(context);
    const float* r[4] = {};
    float* w[3] = {};
    int64_t from = lo * kUnit / 4;
    for (size_t i = 0; i < c.probe->reads_.size(); ++i) r[i] = c.probe->reads_[i] + from;
    for (size_t i = 0; i < c.probe->writes_.size(); ++i) w[i] = c.probe->writes_[i] + from;
    c.fn(r, w, (hi - lo) * kUnit / 4, c.way.prefetch);
  };
  int64_t units = bytes_ / kUnit;
  int64_t grain = way.chunk ? way.chunk / kUnit : (units - 1) / way.threads + 1;
  for (int i = 0; i < times; ++i) rt::parallel_for(units, grain, way.threads, range, nullptr, &call);
}

std::vector<Probe::Timed> Probe::race(int rounds) {
  const bool large = bytes() > kBeyondCache;
  std::vector<Timed> ways;
  for (int threads : {threads_, 1}) {
    if (threads == 1 && threads_ > 1 && large) continue;
    for (bool nt : {false, true}) {
      if (nt && (mix_.writes == 0 || bytes() < kInCache)) continue;
      for (int64_t chunk : {int64_t{0}, int64_t{1} << 20})
        for (int prefetch : {0, 512, 1024, 2048})
          if (chunk == 0 || (large && threads > 1)) ways.push_back({{nt, prefetch, chunk, threads}, 0});
    }
    if (threads_ == 1) break;
  }
  // As many runs as the clock needs.
  int times = 1;
  auto time = [&](const Way& way) {
    double start = now_us();
    run_way(way, times);
    return (now_us() - start) / times;
  };
  while (time(ways[0].way) * times < 100 && times < (1 << 16)) times *= 2;
  // The best time of each counts; those far behind drop out after four rounds.
  auto faster = [](const Timed& a, const Timed& b) { return a.us < b.us; };
  for (Timed& t : ways) t.us = time(t.way);
  for (int round = 1; round < rounds; ++round) {
    double bar = std::min_element(ways.begin(), ways.end(), faster)->us * (round < 4 ? 10 : 1.25);
    for (Timed& t : ways)
      if (t.us < bar) t.us = std::min(t.us, time(t.way));
  }
  std::sort(ways.begin(), ways.end(), faster);
  return ways;
}

std::string Probe::name() const {
  std::string s = bench::name(mix_);
  if (mix_.writes) s += way_.non_temporal ? ", non-temporal" : ", ordinary";
  return s;
}

std::string Probe::detail() const {
  std::string s = name();
  if (way_.prefetch) s += ", prefetch " + std::to_string(way_.prefetch) + " ahead";
  if (way_.chunk) s += ", chunks of " + std::to_string(way_.chunk >> 10) + " KiB";
  return s + ", " + std::to_string(way_.threads) + (way_.threads == 1 ? " thread" : " threads");
}

}  // namespace frit::bench
