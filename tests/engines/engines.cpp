#include "tests/engines/engines.h"

#include "ir/verify.h"
#include "lowering/compile.h"
#include "tests/engines/execution.h"

namespace frit::test {
namespace {

std::string compiled(const ir::Func& f, const Arrays& args, const Arrays& strict, codegen::Isa isa, bool fuse,
                     const EngineOptions& how_made, Agreement& agreement) {
  lower::CompileOptions options;
  options.target = lower::host_target(how_made.planned_threads);
  if (how_made.small_caches) options.target.l1 = options.target.l2 = options.target.l3 = 0;
  options.target.isa = isa;
  options.target.vector_bytes = isa == codegen::Isa::avx512 ? 64 : 32;
  options.fuse = options.specialise = options.check_passes = fuse;
  if (fuse) {
    options.fuel = how_made.fuel;
    options.disabled = how_made.disabled;
  }
  const auto program = lower::compile(f, options);
  Arrays want = strict;
  if (fuse) {
    if (std::string p = compare(ir::interpret(program->tensor, args), want); !p.empty())
      return "tensor passes, interpreted: " + p;
    if (f.numerics == Numerics::fast) want = ir::interpret(program->fused, args, ir::Formulas::fast);
    if (std::string p = text_problem(program->fused); !p.empty()) return "fused level: " + p;
    if (f.numerics == Numerics::strict)
      if (std::string p = compare(ir::interpret(program->fused, args), want); !p.empty()) return "fused level, interpreted: " + p;
    for (const ir::Func& k : program->kernels)
      if (std::string p = text_problem(k); !p.empty()) return "kernel level: " + p;
  }
  bool donors = false;
  for (const rt::Output& o : program->plan.outputs) donors |= o.donor_input >= 0;
  rt::RunCounters counters;
  Execution one, guarded, in_place;
  guarded.threads = in_place.threads = 2;
  guarded.guarded = in_place.in_place = true;
  for (const auto& [what, how] : {std::pair{"one thread", one}, std::pair{"two threads, guarded memory", guarded},
                                  std::pair{"two threads, in place", in_place}}) {
    if (how.in_place && !donors) continue;
    if (std::string p = execute(f, program->plan, args, want, how, counters); !p.empty())
      return std::string(what) + ": " + p;
    (fuse ? agreement.fused_launches : agreement.eager_launches) = counters.launches;
  }
  return "";
}

}  // namespace

EngineOptions options_for(uint64_t seed, bool thorough, Numerics numerics) {
  EngineOptions o;
  o.numerics = numerics;
  o.seed = seed;
  o.alternating = !thorough;
  static constexpr int kThreads[] = {2, 1, 2, 16, 2};
  o.planned_threads = kThreads[seed % 5];
  o.small_caches = seed % 4 == 3;
  if (seed % 6 == 5) o.fuel = static_cast<int64_t>(seed / 6 % 60);
  if (seed % 7 == 6) {
    const auto& passes = lower::pass_table();
    const auto& rules = lower::rule_table();
    const size_t k = seed / 7 % (passes.size() + rules.size());
    o.disabled = {k < passes.size() ? passes[k].name : rules[k - passes.size()].name};
  }
  return o;
}

Agreement run_engines(const ir::Func& program, const Arrays& args, const EngineOptions& options) {
  ir::Func f = program;
  f.numerics = options.numerics;
  Agreement agreement;
  std::string stage = "interpreter";
  try {
    ir::verify(f);
    if (agreement.problem = text_problem(f); !agreement.ok()) return agreement;
    const Arrays want = ir::interpret(f, args);
    const bool has_avx512 = codegen::host_isa() == codegen::Isa::avx512;
    for (codegen::Isa isa : {codegen::Isa::avx2, codegen::Isa::avx512}) {
      const bool wide = isa == codegen::Isa::avx512;
      if (wide && !has_avx512) continue;
      for (bool fuse : {false, true}) {
        if (!fuse && options.numerics == Numerics::fast) continue;
        if (!fuse && options.alternating && has_avx512 && wide != (options.seed % 2 == 0)) continue;
        stage = std::string(codegen::name(isa)) + (fuse ? " fused" : " eager");
        if (std::string p = compiled(f, args, want, isa, fuse, options, agreement); !p.empty()) {
          agreement.problem = stage + ", " + p;
          return agreement;
        }
      }
    }
  } catch (const std::exception& e) {
    agreement.problem = stage + ": " + e.what();
  }
  return agreement;
}

}  // namespace frit::test
