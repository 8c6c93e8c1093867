// Which instruction set kernels are made for: what the CPU and the system support, and what the user
// or FRIT_ISA forces.
#include <cpuid.h>

#include <atomic>
#include <cstdlib>
#include <vector>

#include "codegen/kernel.h"
#include "frit/error.h"
#include "support/env.h"

namespace frit::codegen {
namespace {

struct Need {
  const char* name;
  unsigned leaf;   // of CPUID, subleaf 0
  char reg;        // 'b' or 'c'
  int bit;
};
// What kernels of each level may use. avx512 needs those of avx2 too.
constexpr Need kAvx2[] = {
    {"AVX", 1, 'c', 28},   {"FMA", 1, 'c', 12},   {"F16C", 1, 'c', 29},       {"POPCNT", 1, 'c', 23},
    {"MOVBE", 1, 'c', 22}, {"BMI1", 7, 'b', 3},   {"BMI2", 7, 'b', 8},        {"AVX2", 7, 'b', 5},
    {"LZCNT", 0x80000001u, 'c', 5},
};
constexpr Need kAvx512[] = {
    {"AVX512F", 7, 'b', 16}, {"AVX512DQ", 7, 'b', 17}, {"AVX512BW", 7, 'b', 30}, {"AVX512VL", 7, 'b', 31},
    {"AVX512CD", 7, 'b', 28},
};

bool has(const Need& need) {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid_count(need.leaf, 0, &a, &b, &c, &d)) return false;
  return ((need.reg == 'b' ? b : c) >> need.bit) & 1;
}

// Register state that the system saves (XCR0); 0 if it saves none.
uint64_t saved_state() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !((c >> 27) & 1)) return 0;
  unsigned lo = 0, hi = 0;
  __asm__("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
  return (uint64_t{hi} << 32) | lo;
}

// What is missing for an instruction set: "AVX2, FMA"; empty if nothing is.
std::string missing(Isa isa) {
  std::string out;
  auto add = [&](const char* what) { out += (out.empty() ? "" : ", ") + std::string(what); };
  for (const Need& n : kAvx2)
    if (!has(n)) add(n.name);
  if (isa == Isa::avx512)
    for (const Need& n : kAvx512)
      if (!has(n)) add(n.name);
  const uint64_t want = isa == Isa::avx512 ? 0xe6 : 0x6;
  if (out.empty() && (saved_state() & want) != want) add("the system's support of these registers (XSAVE)");
  return out;
}

void require(Isa isa, const std::string& who) {
  const std::string lacks = missing(isa);
  if (lacks.empty()) return;
  throw Error("", who + std::string(name(isa)) + " kernels do not run on this CPU: it lacks " + lacks, {}, {},
              isa == Isa::avx512 ? "FRIT_ISA=avx2 needs less" : "Frit needs an x86-64 CPU of 2013 or later (AVX2 and FMA)");
}

Isa detect() {
  if (env().isa != Env::Isa::best) {
    const Isa isa = env().isa == Env::Isa::avx512 ? Isa::avx512 : Isa::avx2;
    require(isa, "FRIT_ISA: ");
    return isa;
  }
  if (missing(Isa::avx512).empty()) return Isa::avx512;
  require(Isa::avx2, "");
  return Isa::avx2;
}

std::atomic<int> chosen{-1};  // an Isa, once known

}  // namespace

std::string_view name(Isa isa) {
  switch (isa) {
    case Isa::avx2: return "avx2";
    case Isa::avx512: return "avx512";
  }
  return "";
}

Isa host_isa() {
  int known = chosen.load(std::memory_order_relaxed);
  if (known < 0) {
    known = static_cast<int>(detect());
    chosen.store(known, std::memory_order_relaxed);
  }
  return static_cast<Isa>(known);
}

void set_isa(Isa isa) {
  require(isa, "");
  chosen.store(static_cast<int>(isa), std::memory_order_relaxed);
}

}  // namespace frit::codegen
