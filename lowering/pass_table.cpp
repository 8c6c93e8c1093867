// The pipeline on one screen. The manager alone verifies, records and, on failure, says which pass.
#include <stdexcept>

#include "ir/text.h"
#include "ir/verify.h"
#include "lowering/passes.h"

namespace frit::lower {

namespace {

struct Pass {
  PassInfo info;
  void (*run)(ir::Func&, PassContext&);
  bool required;  // the levels below rely on it: FRIT_DISABLE does not skip it
  ir::Level level = ir::Level::tensor;  // where it runs
};

constexpr Pass kPasses[] = {
    {{"densify", "tensor", "Copies parameters with strides of their own; first, so that all else is dense."}, densify, true},
    {{"canonical-reductions", "tensor", "Brings reduced axes together; schedules know one run of axes."}, canonical_reductions, true},
    {{"canonical-dots", "tensor", "Brings dots to lhs[B,M,K] . rhs[B,K,N], or to sums of products where nothing is free."}, canonical_dots, true},
    {{"canonical-concats", "tensor", "Joins of more than 16 parts become trees of joins; before simplify, which may drop some."}, canonical_concats, true},
    {{"simplify", "tensor", "Exact algebraic rules, constant folding, views of views; after the canonical forms, which leave views."}, simplify, false},
    {{"eliminate-common", "tensor", "Computes equal ops once; after simplify, which makes more of them equal."}, eliminate_common, false},
    {{"eliminate-dead", "tensor", "Drops what no result needs; before fuse, which would make kernels of it."}, eliminate_dead, false},
    {{"fuse", "tensor -> fused", "Merges ops into kernels by the memory traffic saved, and keeps every decision with its reason."}, fuse, true},
    {{"relax", "fused", "Under Numerics::fast alone: fewer roundings, fma, reciprocals; after fuse, which knows what stays in registers."}, relax, false, ir::Level::fused},
};

// What a pass leaves is a program of its level, and reads back as the same text.
void check(const ir::Func& f) {
  ir::verify(f);
  const std::string text = ir::print(f);
  std::string again;
  try {
    again = ir::print(ir::parse(text));
  } catch (const Error& e) {
    again = e.what();
  }
  if (again != text) throw std::logic_error("what it leaves does not read back as the same text:\n" + text + "\nbut as:\n" + again);
}

}  // namespace

const std::vector<PassInfo>& pass_table() {
  static const auto* table = [] {
    auto* t = new std::vector<PassInfo>;
    for (const Pass& p : kPasses) t->push_back(p.info);
    t->push_back({"inline", "fused", "Part of fuse: repeats views and cheap ops in their consumers. Can be disabled by name."});
    t->push_back({"siblings", "fused", "Part of fuse: merges kernels that read the same arrays. Can be disabled by name."});
    t->push_back({"epilogue", "fused", "Part of fuse, under Numerics::fast on a GPU: a bias, relu or gelu after a product becomes the library's epilogue. Can be disabled by name."});
    t->push_back({"join", "fused -> kernel", "Makes kernels that differ in their arrays alone, and do not need each other, one launch."});
    t->push_back({"schedule", "fused -> kernel", "Chooses loops, lanes and stages for each kernel, and writes it at kernel level."});
    return t;
  }();
  return *table;
}

std::vector<std::string> names_to_disable() {
  std::vector<std::string> out;
  for (const PassInfo& p : pass_table()) out.emplace_back(p.name);
  for (const RuleInfo& r : rule_table()) out.emplace_back(r.name);
  return out;
}

ir::Func run_passes(const ir::Func& f, const CompileOptions& options, ir::Level to, std::vector<Snapshot>* snapshots,
                    std::vector<Decision>* decisions) {
  ir::Func g = f;
  PassContext context{options, decisions, options.fuel};
  std::string before;
  if (snapshots) {
    before = ir::print(g);
    snapshots->push_back({"input", g});
  }
  for (const Pass& p : kPasses) {
    if (g.level != p.level) continue;  // a program that is fused already, or stays at tensor level
    if (to == ir::Level::tensor && p.run == fuse) break;
    if (!p.required && !context.enabled(p.info.name)) continue;
    try {
      p.run(g, context);
      if (options.check_passes) check(g);
    } catch (const std::logic_error& e) {
      throw std::logic_error(std::string("pass ") + p.info.name + ": " + e.what() + "\nrepeat with: frit opt FILE.ir --passes=" + p.info.name +
                             "\nthe program before the passes:\n" + ir::print(f));
    }
    if (!snapshots) continue;
    std::string now = ir::print(g);
    if (now != before) snapshots->push_back({p.info.name, g});
    before = std::move(now);
  }
  return g;
}

}  // namespace frit::lower
