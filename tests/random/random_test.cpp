// 1,000 random programs on every engine; what they draw; the shrinker.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "ir/infer.h"
#include "ir/ops.h"
#include "ir/text.h"
#include "ir/verify.h"
#include "tests/engines/engines.h"
#include "tests/random/campaign.h"
#include "tests/random/generate.h"
#include "tests/random/shrink.h"

namespace frit::test {
namespace {

constexpr int64_t kPrograms = 1000;
constexpr uint64_t kFirstSeed = 1;

TEST(Random, AllEnginesAgree) {
  Campaign c;
  c.first_seed = kFirstSeed;
  c.programs = kPrograms;
  c.most_kinds = 2;
  for (const Failure& f : run_campaign(c)) ADD_FAILURE() << "seed " << f.seed << ": " << f.problem << "\n" << run_file(f);
}

// What the programs of AllEnginesAgree hold.
struct Drawn {
  std::map<ir::Op, std::set<DType>> ops;   // with the types of operands
  std::set<DType> params, results;
  std::set<int64_t> extents;
  std::set<int> ranks;
  int64_t most_work = 0;
};

const Drawn& drawn() {
  static const auto* all = [] {
    auto* d = new Drawn;
    for (int64_t i = 0; i < kPrograms; ++i) {
      const Sample s = generate(kFirstSeed + static_cast<uint64_t>(i));
      const ir::Func& f = s.func;
      const size_t ops = f.body.ops.size() - 1;
      EXPECT_GE(ops, kLeastOps) << s.seed;
      EXPECT_LE(ops, kMostOps) << s.seed;
      int64_t work = 0;
      for (ir::ValueId v : f.body.args) d->params.insert(f.type(v).dtype);
      for (ir::OpId id : f.body.ops) {
        const ir::OpNode& op = f.op(id);
        auto& types = d->ops[op.op];
        for (size_t k = 0; k < op.operands.size(); ++k)
          if (op.op != ir::Op::where || k > 0) types.insert(f.type(op.operands[k]).dtype);
        for (ir::ValueId v : op.results) {
          const ir::Type& t = f.type(v);
          if (op.operands.empty()) types.insert(t.dtype);
          d->results.insert(t.dtype);
          d->ranks.insert(t.rank());
          work += t.count();
          for (ir::Dim e : t.dims) d->extents.insert(e.value());
        }
      }
      d->most_work = std::max(d->most_work, work);
    }
    return d;
  }();
  return *all;
}

TEST(Random, EveryOpAndTypeIsDrawn) {
  for (const ir::OpInfo& row : ir::all_ops()) {
    for (int t = 0; t < kDTypeCount; ++t) {
      const auto dtype = static_cast<DType>(t);
      if (!draws(row.op, dtype)) continue;
      auto it = drawn().ops.find(row.op);
      ASSERT_NE(it, drawn().ops.end()) << row.name << " is never drawn";
      EXPECT_TRUE(it->second.contains(dtype)) << row.name << " is never drawn for " << name(dtype);
    }
  }
  EXPECT_EQ(drawn().params.size(), static_cast<size_t>(kDTypeCount));
  EXPECT_EQ(drawn().results.size(), static_cast<size_t>(kDTypeCount));
}

TEST(Random, ExtentsCrossBlocksLanesAndVectors) {
  // Of AVX2 and AVX-512 the vectors hold 4 to 64 elements; lanes are 128, blocks 1,024.
  for (int64_t edge : {8, 16, 32, 64, 128, 1024, 2048})
    for (int64_t e : {edge - 1, edge, edge + 1})
      EXPECT_TRUE(drawn().extents.contains(e)) << "extent " << e << " is never drawn";
  for (int64_t e : {0, 1, 2, 3, 5, 3000}) EXPECT_TRUE(drawn().extents.contains(e)) << "extent " << e << " is never drawn";
  for (int rank = 0; rank <= 4; ++rank) EXPECT_TRUE(drawn().ranks.contains(rank)) << "rank " << rank << " is never drawn";
  EXPECT_LE(drawn().most_work, 400'000);
}

TEST(Random, TheSameSeedGivesTheSameProgram) {
  for (uint64_t seed : {1u, 77u, 500u}) {
    const Sample a = generate(seed), b = generate(seed);
    EXPECT_EQ(ir::print(a.func), ir::print(b.func));
    ASSERT_EQ(a.args.size(), b.args.size());
    for (size_t k = 0; k < a.args.size(); ++k) EXPECT_EQ(a.args[k].data, b.args[k].data);
  }
}

// A fault that can be seen in the program: a tanh of something with at least 20 elements whose value
// reaches a reduction.
bool has_fault(const ir::Func& f) {
  ir::verify(f);
  std::vector<bool> tainted(f.values.size());
  for (ir::OpId id : f.body.ops) {
    const ir::OpNode& op = f.op(id);
    bool reached = op.op == ir::Op::tanh && f.type(op.results[0]).count() >= 20;
    for (const ir::Operand& o : op.operands) reached |= o.is_value() && tainted[static_cast<size_t>(o.value)];
    if (reached && ir::is_reduce(op.op)) return true;
    for (ir::ValueId v : op.results) tainted[static_cast<size_t>(v)] = reached;
  }
  return false;
}

TEST(Shrink, FindsASmallProgramThatStillFails) {
  int found = 0;
  size_t total = 0;
  for (uint64_t seed = 1; seed < 4000 && found < 10; ++seed) {
    const Sample s = generate(seed);
    if (!has_fault(s.func)) continue;
    ++found;
    const ir::Func small = shrink(s.func, has_fault);
    EXPECT_TRUE(has_fault(small));
    // tanh, ops that turn its type or shape into the reduction's, the reduction, return
    EXPECT_LE(small.body.ops.size(), 10u) << ir::print(small);
    total += small.body.ops.size();
    EXPECT_EQ(small.terminator().operands.size(), 1u);
    EXPECT_LE(small.body.args.size(), 2u) << ir::print(small);
    EXPECT_EQ(text_problem(small), "");
  }
  EXPECT_EQ(found, 10);
  EXPECT_LE(total, 50u);
}

}  // namespace
}  // namespace frit::test
