// What becomes an epilogue of the library under fast numerics, and what must not.
#include <gtest/gtest.h>

#include "ir/text.h"
#include "ir/verify.h"
#include "tests/lowering/library_target.h"

namespace frit::lower {
namespace {

// "bf16 ..., epilogue gelu+bias" for each call of the library, the schedule for each kernel.
std::vector<std::string> launches(const Program& p) {
  std::vector<std::string> out;
  for (size_t i = 0; i < p.plan.launches.size(); ++i) {
    const rt::Launch& l = p.plan.launches[i];
    if (!l.gemm) {
      out.push_back(p.reports[i].schedule);
      continue;
    }
    EXPECT_EQ(l.buffers.size(), l.gemm->epilogue.bias ? 5u : 4u);
    EXPECT_EQ(l.buffers.back().kind, rt::BufferRef::temp) << "the workspace comes last";
    out.push_back(rt::text(*l.gemm));
    if (l.gemm->epilogue.bias_stride) out.back() += ", a bias every " + std::to_string(l.gemm->epilogue.bias_stride);
  }
  return out;
}
std::shared_ptr<const Program> compiled(const std::string& f, const CompileOptions& how = options()) {
  return compile(ir::parse_verified("frit 1\n" + f, "test"), how);
}
using Lines = std::vector<std::string>;
Lines launches(const std::string& f, const CompileOptions& how = options()) { return launches(*compiled(f, how)); }

std::string with_type(std::string text, const std::string& type) {
  for (size_t at = 0; (at = text.find('T', at)) != std::string::npos; at += type.size()) text.replace(at, 1, type);
  return text;
}

// What follows %a, the product of f32[40,32] and f32[32,8] (T: the type), with a bias %b; its result is %z.
const char kBias[] = "  %c = broadcast %b : T[40,8]\n  %z = add %a, %c : T[40,8]\n";
const char kBiasFirst[] = "  %c = broadcast %b : T[40,8]\n  %z = add %c, %a : T[40,8]\n";
const char kRelu[] = "  %z = maximum %a, 0.0 : T[40,8]\n";
const char kReluBias[] = "  %c = broadcast %b : T[40,8]\n  %d = add %a, %c : T[40,8]\n  %z = maximum 0.0, %d : T[40,8]\n";
// As frit::gelu is written, of %d.
const std::string kGeluOfD = R"(  %e = mul 0.044715, %d : T[40,8]
  %f = mul %e, %d : T[40,8]
  %g = mul %f, %d : T[40,8]
  %h = add %d, %g : T[40,8]
  %i = mul 0.7978845608028654, %h : T[40,8]
  %j = tanh %i : T[40,8]
  %k = add 1.0, %j : T[40,8]
  %l = mul 0.5, %d : T[40,8]
  %z = mul %l, %k : T[40,8]
)";
const std::string kBiasToD = "  %c = broadcast %b : T[40,8]\n  %d = add %a, %c : T[40,8]\n";
const std::string kGeluBias = kBiasToD + kGeluOfD;
std::string replaced(std::string text, const std::string& from, const std::string& to) {
  size_t n = 0;
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size(), ++n) text.replace(at, from.size(), to);
  EXPECT_GT(n, 0u) << from;
  return text;
}
const std::string kGelu = replaced(kGeluOfD, "%d", "%a");
// By hand, in other orders: x * (0.5 * (tanh((x + x*x*x * c) * s) + 1)), and s * x * (1 + c * x * x).
const std::string kGeluTurned = kBiasToD + R"(  %e = square %d : T[40,8]
  %f = mul %e, %d : T[40,8]
  %g = mul %f, 0.044715 : T[40,8]
  %h = add %g, %d : T[40,8]
  %i = mul %h, 0.79788456 : T[40,8]
  %j = tanh %i : T[40,8]
  %k = add %j, 1.0 : T[40,8]
  %l = mul 0.5, %k : T[40,8]
  %z = mul %d, %l : T[40,8]
)";
const std::string kGeluOut = kBiasToD + R"(  %e = mul 0.044715, %d : T[40,8]
  %f = mul %e, %d : T[40,8]
  %g = add 1.0, %f : T[40,8]
  %h = mul %d, 0.7978845608028654 : T[40,8]
  %i = mul %h, %g : T[40,8]
  %j = tanh %i : T[40,8]
  %k = add %j, 1.0 : T[40,8]
  %l = mul 0.5, %d : T[40,8]
  %z = mul %l, %k : T[40,8]
)";

std::string layer(const std::string& follows, const std::string& type, bool fast = true) {
  return with_type((fast ? "fast func" : "func") + std::string(" @f(%x: T[40,32], %y: T[32,8], %b: T[8]) -> T[40,8] {\n"
                   "  %a = dot %x, %y lhs=[1] rhs=[0] batch_lhs=[] batch_rhs=[] : T[40,8]\n") + follows + "  return %z\n}\n", type);
}

struct Case {
  std::string follows, epilogue;
};
const Case kCases[] = {{kBias, "bias"},      {kBiasFirst, "bias"},      {kRelu, "relu"},        {kReluBias, "relu+bias"},
                       {kGelu, "gelu"},      {kGeluBias, "gelu+bias"}, {kGeluTurned, "gelu+bias"}, {kGeluOut, "gelu+bias"}};

TEST(Epilogues, OfEachType) {
  for (const char* type : {"f16", "bf16", "f32"})
    for (const Case& c : kCases)
      EXPECT_EQ(launches(layer(c.follows, type)), Lines{std::string(type) + " 40x8 = 40x32 * 32x8, epilogue " + c.epilogue}) << c.follows;
}

TEST(Epilogues, NoneInStrictNumerics) {
  for (const char* type : {"f16", "bf16", "f32", "f64"})
    for (const Case& c : kCases) {
      const auto p = compiled(layer(c.follows, type, false));
      EXPECT_EQ(launches(*p), (Lines{std::string(type) + " 40x8 = 40x32 * 32x8", "flat"})) << c.follows;
      for (const Decision& d : p->decisions) EXPECT_EQ(d.reason.find("epilogue"), std::string::npos) << d.reason;
      // Nor where the text says fast's kernels: a product with something in one group is our own.
      const auto fast = compiled(layer(c.follows, type));
      ir::Func fused = fast->fused;
      fused.numerics = Numerics::strict;
      const auto strict = compile(fused, options());
      for (const rt::Launch& l : strict->plan.launches)
        if (l.gemm) {
          EXPECT_FALSE(l.gemm->epilogue.any());
        }
    }
}

TEST(Epilogues, NoneOfF64NorOnACpuNorWithoutTheLibrary) {
  for (const Case& c : kCases) {
    EXPECT_EQ(launches(layer(c.follows, "f64")), (Lines{"f64 40x8 = 40x32 * 32x8", "flat"})) << c.follows;
    CompileOptions o = options();
    o.target.library_dots = false;
    EXPECT_EQ(launches(layer(c.follows, "f32"), o), Lines{"product"});
    o.target = host_target(2);
    EXPECT_EQ(launches(layer(c.follows, "f32"), o), Lines{"product"});
  }
}

bool told(const Program& p, bool taken, const std::string& reason) {
  for (const Decision& d : p.decisions)
    if (d.taken == taken && d.reason == reason) return true;
  return false;
}

TEST(Epilogues, AreADecisionThatCanBeDisabled) {
  const std::string f = layer(kGeluBias, "bf16");
  const auto p = compiled(f);
  EXPECT_TRUE(told(*p, true, "epilogue gelu+bias: by cuBLASLt, under fast numerics"));
  for (const Decision& d : p->decisions) EXPECT_EQ(d.reason.find("the library computes the product alone"), std::string::npos);
  EXPECT_EQ(library_text(p->reports[0]), "// z: a call of cuBLASLt, bf16 40x8 = 40x32 * 32x8, epilogue gelu+bias\n");
  EXPECT_EQ(p->reports[0].bytes_read, 2 * (40 * 32 + 32 * 8 + 8));
  CompileOptions o = options();
  o.disabled = {"epilogue"};
  EXPECT_EQ(launches(f, o), (Lines{"bf16 40x8 = 40x32 * 32x8", "flat"}));
  bool listed = false;
  for (const PassInfo& i : pass_table()) listed |= std::string(i.name) == "epilogue";
  EXPECT_TRUE(listed);
}

TEST(Epilogues, TheSameFromTheFusedText) {
  for (const char* type : {"bf16", "f32"})
    for (const Case& c : kCases) {
      const auto p = compiled(layer(c.follows, type));
      const auto q = compile(ir::parse_verified(ir::print(p->fused), "test"), options());
      ASSERT_EQ(q->plan.launches.size(), 1u);
      ASSERT_TRUE(q->plan.launches[0].gemm);
      EXPECT_EQ(*p->plan.launches[0].gemm, *q->plan.launches[0].gemm);
      EXPECT_EQ(ir::print(q->fused), ir::print(p->fused)) << "nothing of it is relaxed";
    }
}

// The library has the last word, for each epilogue; without one the program is that of strict numerics.
TEST(Epilogues, WithoutAnAlgorithmTheProductStandsAlone) {
  CompileOptions o = options();
  o.has_algorithm = [](const rt::Gemm& g) { return g.epilogue.activation != rt::Gemm::Activation::gelu; };
  const auto p = compiled(layer(kGeluBias, "f32"), o);
  EXPECT_EQ(launches(*p), (Lines{"f32 40x8 = 40x32 * 32x8", "flat"}));
  EXPECT_TRUE(told(*p, false, "no epilogue: cuBLASLt has no algorithm for f32 40x8 = 40x32 * 32x8, epilogue gelu+bias"));
  EXPECT_EQ(launches(layer(kReluBias, "f32"), o), Lines{"f32 40x8 = 40x32 * 32x8, epilogue relu+bias"});
}

TEST(Epilogues, WhatIsAlmostOneIsNone) {
  const Lines apart{"f32 40x8 = 40x32 * 32x8", "flat"};
  const struct {
    const char* why;
    std::string follows;
  } cases[] = {
      {"another constant", replaced(kGeluBias, "0.044715", "0.04471")},
      {"another constant", replaced(kGeluBias, "0.7978845608028654", "0.8")},
      {"another constant", replaced(kGeluBias, "mul 0.5", "mul 0.25")},
      {"another constant", replaced(kGeluBias, "add 1.0", "add 2.0")},
      {"the constant of bf16 in f32", replaced(kGeluBias, "0.7978845608028654", "0.796875")},
      {"a square for a cube", replaced(kGeluBias, "%g = mul %f, %d", "%g = mul %e, %d")},
      {"another function", replaced(kGeluBias, "tanh", "erf")},
      {"the bias inside alone", replaced(kGeluBias, "mul 0.5, %d", "mul 0.5, %a")},
      {"a bound that is not 0", replaced(kReluBias, "0.0", "1.0")},
      {"the other bound", replaced(kReluBias, "maximum", "minimum")},
      {"a number for a bias", "  %z = add %a, 1.0 : T[40,8]\n"},
      {"a difference", replaced(kBias, "add", "sub")},
      {"a product", replaced(kBias, "add", "mul")},
      {"a bias after relu", "  %r = maximum %a, 0.0 : T[40,8]\n  %c = broadcast %b : T[40,8]\n  %z = add %r, %c : T[40,8]\n"},
      {"a bias that is computed", "  %c2 = mul %b, 2.0 : T[8]\n  %c = broadcast %c2 : T[40,8]\n  %z = add %a, %c : T[40,8]\n"},
      {"the product twice", "  %z = add %a, %a : T[40,8]\n"},
      {"two biases", kBiasToD + "  %z = add %d, %c : T[40,8]\n"},
      {"something after it", replaced(kGeluBias, "%z", "%zz") + "  %z = tanh %zz : T[40,8]\n"},
      {"a sum after it", replaced(std::string(kBias), "%z", "%zz") + "  %s = reduce.sum %zz axes=[1] : T[40,1]\n  %s3 = broadcast %s : T[40,8]\n  %z = sub %zz, %s3 : T[40,8]\n"},
  };
  for (const auto& c : cases) {
    const auto p = compiled(layer(c.follows, "f32"));
    ASSERT_FALSE(p->plan.launches.empty());
    for (const rt::Launch& l : p->plan.launches)
      if (l.gemm) {
        EXPECT_FALSE(l.gemm->epilogue.any()) << c.why << "\n" << c.follows;
      }
    EXPECT_EQ(launches(*p).front(), apart.front()) << c.why;
  }
}

TEST(Epilogues, AProductThatOthersNeedStandsAlone) {
  EXPECT_EQ(launches(R"(fast func @f(%x: f32[40,32], %y: f32[32,8]) -> (f32[40,8], f32[40,8]) {
  %a = dot %x, %y lhs=[1] rhs=[0] batch_lhs=[] batch_rhs=[] : f32[40,8]
  %z = maximum %a, 0.0 : f32[40,8]
  return %a, %z
})"), (Lines{"f32 40x8 = 40x32 * 32x8", "flat"}));
  // Used by two kernels.
  const Lines two = launches(R"(fast func @f(%x: f32[40,32], %y: f32[32,8]) -> (f32[40,8], f32[40,1]) {
  %a = dot %x, %y lhs=[1] rhs=[0] batch_lhs=[] batch_rhs=[] : f32[40,8]
  %z = maximum %a, 0.0 : f32[40,8]
  %s = reduce.sum %a axes=[1] : f32[40,1]
  return %z, %s
})");
  EXPECT_EQ(two[0], "f32 40x8 = 40x32 * 32x8");
  // What the epilogue gives may be used as often as one likes.
  EXPECT_EQ(launches(R"(fast func @f(%x: f32[40,32], %y: f32[32,8], %w: f32[8,4], %b: f32[8]) -> (f32[40,8], f32[40,4]) {
  %a = dot %x, %y lhs=[1] rhs=[0] batch_lhs=[] batch_rhs=[] : f32[40,8]
)" + with_type(kGeluBias, "f32") + R"(  %v = dot %z, %w lhs=[1] rhs=[0] batch_lhs=[] batch_rhs=[] : f32[40,4]
  return %z, %v
})"), (Lines{"f32 40x8 = 40x32 * 32x8, epilogue gelu+bias", "f32 40x4 = 40x8 * 8x4"}));
}

TEST(Epilogues, TypesInBetween) {
  // A bias of f32, or a result of f32, is no epilogue of a product of bf16; nor is one of f64 of f32.
  for (const char* f : {R"(fast func @f(%x: bf16[40,32], %y: bf16[32,8], %b: f32[8]) -> bf16[40,8] {
  %a = dot %x, %y lhs=[1] rhs=[0] batch_lhs=[] batch_rhs=[] : bf16[40,8]
  %w = cast %a to=f32 : f32[40,8]
  %c = broadcast %b : f32[40,8]
  %d = add %w, %c : f32[40,8]
  %z = cast %d to=bf16 : bf16[40,8]
  return %z
})", R"(fast func @f(%x: bf16[40,32], %y: bf16[32,8], %b: bf16[8]) -> f32[40,8] {
  %a = dot %x, %y lhs=[1] rhs=[0] batch_lhs=[] batch_rhs=[] : bf16[40,8]
  %w = cast %a to=f32 : f32[40,8]
  %z = maximum %w, 0.0 : f32[40,8]
  return %z
})", R"(fast func @f(%x: f32[40,32], %y: f32[32,8], %b: f32[8]) -> f32[40,8] {
  %a = dot %x, %y lhs=[1] rhs=[0] batch_lhs=[] batch_rhs=[] : f32[40,8]
  %w = cast %a to=f64 : f64[40,8]
  %v = maximum %w, 0.0 : f64[40,8]
  %z = cast %v to=f32 : f32[40,8]
  return %z
})", R"(fast func @f(%x: f32[40,32], %y: f32[32,8], %b: f32[8]) -> f32[40,8] {
  %a = dot %x, %y lhs=[1] rhs=[0] batch_lhs=[] batch_rhs=[] : f32[40,8]
  %w = cast %a to=bf16 : bf16[40,8]
  %v = cast %w to=f32 : f32[40,8]
  %z = maximum %v, 0.0 : f32[40,8]
  return %z
})"}) {
    const Lines l = launches(f);
    ASSERT_EQ(l.size(), 2u) << f;
    EXPECT_EQ(l[0].find("epilogue"), std::string::npos) << l[0];
  }
  // gelu of bf16 works in f32 inside: the conversions are what rounding means, and fast numerics do without.
  EXPECT_EQ(launches(R"(fast func @f(%x: bf16[40,32], %y: bf16[32,8], %b: bf16[8]) -> bf16[40,8] {
  %a = dot %x, %y lhs=[1] rhs=[0] batch_lhs=[] batch_rhs=[] : bf16[40,8]
  %c = broadcast %b : bf16[40,8]
  %d0 = add %a, %c : bf16[40,8]
  %d = cast %d0 to=f32 : f32[40,8]
)" + with_type(replaced(kGeluOfD, "%z", "%zz"), "f32") + R"(  %z = cast %zz to=bf16 : bf16[40,8]
  return %z
})"), Lines{"bf16 40x8 = 40x32 * 32x8, epilogue gelu+bias"});
}

TEST(Epilogues, Layouts) {
  // Along the rows of the result, not down its columns.
  EXPECT_EQ(launches(R"(fast func @f(%x: f32[40,32], %y: f32[32,8], %b: f32[40,1]) -> f32[40,8] {
  %a = dot %x, %y lhs=[1] rhs=[0] batch_lhs=[] batch_rhs=[] : f32[40,8]
  %c = broadcast %b : f32[40,8]
  %z = add %a, %c : f32[40,8]
  return %z
})"), (Lines{"f32 40x8 = 40x32 * 32x8", "flat"}));
  // A matrix is no bias, one row of it is.
  EXPECT_EQ(launches(R"(fast func @f(%x: f32[40,32], %y: f32[32,8], %b: f32[40,8]) -> f32[40,8] {
  %a = dot %x, %y lhs=[1] rhs=[0] batch_lhs=[] batch_rhs=[] : f32[40,8]
  %z = add %a, %b : f32[40,8]
  return %z
})"), (Lines{"f32 40x8 = 40x32 * 32x8", "flat"}));
  const auto row = compiled(R"(fast func @f(%x: f32[40,32], %y: f32[32,8], %b: f32[40,8]) -> f32[40,8] {
  %a = dot %x, %y lhs=[1] rhs=[0] batch_lhs=[] batch_rhs=[] : f32[40,8]
  %r = slice %b start=[3,0] limit=[4,8] step=[1,1] : f32[1,8]
  %c = broadcast %r : f32[40,8]
  %z = add %a, %c : f32[40,8]
  return %z
})");
  EXPECT_EQ(launches(*row), Lines{"f32 40x8 = 40x32 * 32x8, epilogue bias"});
  ASSERT_TRUE(row->plan.launches[0].gemm);
  EXPECT_EQ(row->plan.launches[0].buffers[3].number, 2);
  EXPECT_EQ(row->plan.launches[0].buffers[3].offset, 3 * 8 * 4);
  // Every second number of an array is not packed.
  EXPECT_EQ(launches(R"(fast func @f(%x: f32[40,32], %y: f32[32,8], %b: f32[16]) -> f32[40,8] {
  %a = dot %x, %y lhs=[1] rhs=[0] batch_lhs=[] batch_rhs=[] : f32[40,8]
  %r = slice %b start=[0] limit=[15] step=[2] : f32[8]
  %c = broadcast %r : f32[40,8]
  %z = add %a, %c : f32[40,8]
  return %z
})")[0], "f32 40x8 = 40x32 * 32x8");
  // Operands that lie transposed, and a vector.
  EXPECT_EQ(launches(R"(fast func @f(%x: f32[32,40], %y: f32[8,32], %b: f32[8]) -> f32[40,8] {
  %a = dot %x, %y lhs=[0] rhs=[1] batch_lhs=[] batch_rhs=[] : f32[40,8]
  %c = broadcast %b : f32[40,8]
  %z = add %a, %c : f32[40,8]
  return %z
})"), Lines{"f32 40x8 = 40x32 * 32x8, a transposed, b transposed, epilogue bias"});
  EXPECT_EQ(launches(R"(fast func @f(%x: f32[100,60], %y: f32[60], %b: f32[100]) -> f32[100] {
  %a = dot %x, %y lhs=[1] rhs=[0] batch_lhs=[] batch_rhs=[] : f32[100]
  %d = add %a, %b : f32[100]
  %z = maximum %d, 0.0 : f32[100]
  return %z
})"), Lines{"f32 1x100 = 1x60 * 60x100, b transposed, epilogue relu+bias"});
}

TEST(Epilogues, Batches) {
  // Positions of sequences: the rows go on, and one bias serves them all.
  EXPECT_EQ(launches(R"(fast func @f(%x: bf16[4,33,16], %w: bf16[16,8], %b: bf16[8]) -> bf16[4,33,8] {
  %w3 = broadcast %w : bf16[4,16,8]
  %s = dot %x, %w3 lhs=[2] rhs=[1] batch_lhs=[0] batch_rhs=[0] : bf16[4,33,8]
  %c = broadcast %b : bf16[4,33,8]
  %z = add %s, %c : bf16[4,33,8]
  return %z
})"), Lines{"bf16 132x8 = 132x16 * 16x8, epilogue bias"});
  EXPECT_EQ(launches(R"(fast func @f(%x: bf16[4,33,16], %w: bf16[16,8], %b: bf16[8]) -> bf16[4,33,8] {
  %s = dot %x, %w lhs=[2] rhs=[0] batch_lhs=[] batch_rhs=[] : bf16[4,33,8]
  %c = broadcast %b : bf16[4,33,8]
  %z = add %s, %c : bf16[4,33,8]
  return %z
})"), Lines{"bf16 132x8 = 132x16 * 16x8, epilogue bias"});
  // Queries of several heads: the columns of the product, and the bias, are two axes of the result.
  EXPECT_EQ(launches(R"(fast func @f(%x: f32[4,33,16], %w: f32[16,8], %b: f32[2,4]) -> f32[4,33,2,4] {
  %s = dot %x, %w lhs=[2] rhs=[0] batch_lhs=[] batch_rhs=[] : f32[4,33,8]
  %r = reshape %s : f32[4,33,2,4]
  %c = broadcast %b : f32[4,33,2,4]
  %z = add %r, %c : f32[4,33,2,4]
  return %z
})"), Lines{"f32 132x8 = 132x16 * 16x8, epilogue bias"});
  // Where the result is transposed on the way, rows are no rows any more.
  EXPECT_EQ(launches(R"(fast func @f(%x: f32[33,16], %w: f32[16,8], %b: f32[8]) -> f32[8,33] {
  %s = dot %x, %w lhs=[1] rhs=[0] batch_lhs=[] batch_rhs=[] : f32[33,8]
  %c = broadcast %b : f32[33,8]
  %d = add %s, %c : f32[33,8]
  %z = permute %d order=[1,0] : f32[8,33]
  return %z
})").front().find("epilogue"), std::string::npos);
  // A part of the product.
  const auto part = compiled(R"(fast func @f(%x: f32[33,16], %w: f32[16,8]) -> f32[30,8] {
  %s = dot %x, %w lhs=[1] rhs=[0] batch_lhs=[] batch_rhs=[] : f32[33,8]
  %p = slice %s start=[3,0] limit=[33,8] step=[1,1] : f32[30,8]
  %z = maximum %p, 0.0 : f32[30,8]
  return %z
})");
  EXPECT_EQ(launches(*part), Lines{"f32 30x8 = 30x16 * 16x8, epilogue relu"});
  EXPECT_EQ(part->plan.launches[0].buffers[0].offset, 3 * 16 * 4);
  // A weight and a bias of each, as experts have them.
  const char* experts = R"(fast func @f(%x: bf16[4,33,16], %w: bf16[4,16,8], %b: bf16[4,1,8]) -> bf16[4,33,8] {
  %s = dot %x, %w lhs=[2] rhs=[1] batch_lhs=[0] batch_rhs=[0] : bf16[4,33,8]
  %c = broadcast %b : bf16[4,33,8]
  %z = add %s, %c : bf16[4,33,8]
  return %z
})";
  EXPECT_EQ(launches(experts), Lines{"bf16 33x8 = 33x16 * 16x8, batch of 4, epilogue bias, a bias every 8"});
  EXPECT_EQ(launches(replaced(experts, "bf16[4,1,8]", "bf16[8]")), Lines{"bf16 33x8 = 33x16 * 16x8, batch of 4, epilogue bias"});
}

}  // namespace
}  // namespace frit::lower
