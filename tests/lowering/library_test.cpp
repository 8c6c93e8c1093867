// What lowering gives to a library of matrix products: which dots, as which product, and what stays apart.
#include "lowering/library.h"

#include <gtest/gtest.h>

#include "frit/error.h"
#include "ir/text.h"
#include "ir/verify.h"
#include "tests/lowering/library_target.h"

namespace frit::lower {
namespace {

// Each launch: "library f32 ..., ld A B C, strides A B C, at A B", or the kernel's schedule.
std::vector<std::string> launches(const std::string& body, const CompileOptions& how = options()) {
  const auto p = compile(ir::parse_verified("frit 1\n" + body, "test"), how);
  std::vector<std::string> out;
  for (size_t i = 0; i < p->plan.launches.size(); ++i) {
    const rt::Launch& l = p->plan.launches[i];
    EXPECT_EQ(l.gemm != nullptr, p->reports[i].schedule == "library");
    if (!l.gemm) {
      out.push_back(p->reports[i].schedule);
      continue;
    }
    const rt::Gemm& g = *l.gemm;
    EXPECT_EQ(l.buffers.size(), 4u);
    EXPECT_LE(l.buffers[3].offset + g.workspace, p->plan.arena_bytes);
    auto three = [](int64_t a, int64_t b, int64_t c) { return std::to_string(a) + " " + std::to_string(b) + " " + std::to_string(c); };
    out.push_back(rt::text(g) + ", ld " + three(g.a.ld, g.b.ld, g.c.ld));
    if (g.batch > 1) out.back() += ", strides " + three(g.a.stride, g.b.stride, g.c.stride);
    if (l.buffers[0].kind == rt::BufferRef::input && (l.buffers[0].offset || l.buffers[1].offset)) out.back() += ", at " + std::to_string(l.buffers[0].offset) + " " + std::to_string(l.buffers[1].offset);
  }
  return out;
}
using Lines = std::vector<std::string>;

TEST(LibraryDots, AMatrixProduct) {
  EXPECT_EQ(launches(R"(func @f(%x: f32[128,512], %y: f32[512,64]) -> f32[128,64] {
  %a = dot %x, %y lhs=[1] rhs=[0] batch_lhs=[] batch_rhs=[] : f32[128,64]
  return %a
})"), Lines{"f32 128x64 = 128x512 * 512x64, ld 512 64 64"});
}

TEST(LibraryDots, OnlyWhereTheTargetWantsThem) {
  CompileOptions o = options();
  o.target.library_dots = false;
  const std::string f = R"(func @f(%x: f32[128,512], %y: f32[512,64]) -> f32[128,64] {
  %a = dot %x, %y lhs=[1] rhs=[0] batch_lhs=[] batch_rhs=[] : f32[128,64]
  return %a
})";
  EXPECT_EQ(launches(f, o), Lines{"product"});
  o.target = host_target(2);
  EXPECT_EQ(launches(f, o), Lines{"product"});
}

TEST(LibraryDots, TransposesAreLayouts) {
  EXPECT_EQ(launches(R"(func @f(%x: f64[512,128], %y: f64[64,512]) -> f64[128,64] {
  %a = dot %x, %y lhs=[0] rhs=[1] batch_lhs=[] batch_rhs=[] : f64[128,64]
  return %a
})"), Lines{"f64 128x64 = 128x512 * 512x64, a transposed, b transposed, ld 128 512 64"});
  // Of the result: the product of the transposed.
  EXPECT_EQ(launches(R"(func @f(%x: f32[128,512], %y: f32[512,64]) -> f32[64,128] {
  %a = dot %x, %y lhs=[1] rhs=[0] batch_lhs=[] batch_rhs=[] : f32[128,64]
  %t = permute %a order=[1,0] : f32[64,128]
  return %t
})"), Lines{"f32 64x128 = 64x512 * 512x128, a transposed, b transposed, ld 64 512 128"});
}

TEST(LibraryDots, Batches) {
  EXPECT_EQ(launches(R"(func @f(%q: bf16[4,33,16], %k: bf16[4,41,16]) -> bf16[4,33,41] {
  %s = dot %q, %k lhs=[2] rhs=[2] batch_lhs=[0] batch_rhs=[0] : bf16[4,33,41]
  return %s
})"), Lines{"bf16 33x41 = 33x16 * 16x41, batch of 4, b transposed, ld 16 16 41, strides 528 656 1353"});
  // Heads between the rows of a matrix, as attention has them.
  EXPECT_EQ(launches(R"(func @f(%q: f16[33,4,16], %k: f16[41,4,16]) -> f16[4,33,41] {
  %s = dot %q, %k lhs=[2] rhs=[2] batch_lhs=[1] batch_rhs=[1] : f16[4,33,41]
  return %s
})"), Lines{"f16 33x41 = 33x16 * 16x41, batch of 4, b transposed, ld 64 64 41, strides 16 16 1353"});
  // One matrix for all is no batch: the rows go on.
  EXPECT_EQ(launches(R"(func @f(%x: f32[4,33,16], %w: f32[16,8]) -> f32[4,33,8] {
  %w3 = broadcast %w : f32[4,16,8]
  %s = dot %x, %w3 lhs=[2] rhs=[1] batch_lhs=[0] batch_rhs=[0] : f32[4,33,8]
  return %s
})"), Lines{"f32 132x8 = 132x16 * 16x8, ld 16 8 8"});
  EXPECT_EQ(launches(R"(func @f(%x: f32[16,8], %y: f32[4,8,33]) -> f32[4,16,33] {
  %x3 = broadcast %x : f32[4,16,8]
  %s = dot %x3, %y lhs=[2] rhs=[1] batch_lhs=[0] batch_rhs=[0] : f32[4,16,33]
  return %s
})"), Lines{"f32 16x33 = 16x8 * 8x33, batch of 4, ld 8 33 33, strides 0 264 528"});
}

TEST(LibraryDots, VectorsAndParts) {
  EXPECT_EQ(launches(R"(func @f(%x: f32[100,60], %y: f32[60]) -> f32[100] {
  %a = dot %x, %y lhs=[1] rhs=[0] batch_lhs=[] batch_rhs=[] : f32[100]
  return %a
})"), Lines{"f32 1x100 = 1x60 * 60x100, b transposed, ld 60 60 100"});
  // A slice is read where it lies; so is a parameter with strides of its own.
  EXPECT_EQ(launches(R"(func @f(%x: f32[100,60], %y: f32[32,7] strides=[1,40]) -> f32[40,7] {
  %s = slice %x start=[10,3] limit=[50,35] step=[1,1] : f32[40,32]
  %a = dot %s, %y lhs=[1] rhs=[0] batch_lhs=[] batch_rhs=[] : f32[40,7]
  return %a
})"), Lines{"f32 40x7 = 40x32 * 32x7, b transposed, ld 60 40 7, at 2412 0"});
}

TEST(LibraryDots, WhatIsNoMatrixIsCopiedFirst) {
  const Lines reversed = launches(R"(func @f(%x: f32[40,32], %y: f32[32,7]) -> f32[40,7] {
  %r = reverse %x axes=[1] : f32[40,32]
  %a = dot %r, %y lhs=[1] rhs=[0] batch_lhs=[] batch_rhs=[] : f32[40,7]
  return %a
})");
  EXPECT_EQ(reversed, (Lines{"flat", "f32 40x7 = 40x32 * 32x7, ld 32 7 7"}));
  const Lines computed = launches(R"(func @f(%x: f32[40,32], %y: f32[32,7]) -> f32[40,7] {
  %r = exp %x : f32[40,32]
  %a = dot %r, %y lhs=[1] rhs=[0] batch_lhs=[] batch_rhs=[] : f32[40,7]
  return %a
})");
  EXPECT_EQ(computed, (Lines{"flat", "f32 40x7 = 40x32 * 32x7, ld 32 7 7"}));
  const Lines every_second = launches(R"(func @f(%x: f32[40,64], %y: f32[32,7]) -> f32[40,7] {
  %r = slice %x start=[0,0] limit=[40,63] step=[1,2] : f32[40,32]
  %a = dot %r, %y lhs=[1] rhs=[0] batch_lhs=[] batch_rhs=[] : f32[40,7]
  return %a
})");
  EXPECT_EQ(every_second, (Lines{"flat", "f32 40x7 = 40x32 * 32x7, ld 32 7 7"}));
}

TEST(LibraryDots, WhatFollowsIsAKernelOfOurs) {
  const std::string f = R"(func @f(%x: bf16[40,32], %y: bf16[32,8], %b: bf16[8]) -> bf16[40,8] {
  %a = dot %x, %y lhs=[1] rhs=[0] batch_lhs=[] batch_rhs=[] : bf16[40,8]
  %c = broadcast %b : bf16[40,8]
  %d = add %a, %c : bf16[40,8]
  %e = tanh %d : bf16[40,8]
  return %e
})";
  EXPECT_EQ(launches(f), (Lines{"bf16 40x8 = 40x32 * 32x8, ld 32 8 8", "flat"}));
  const auto p = compile(ir::parse_verified("frit 1\n" + f, "test"), options());
  bool told = false;
  for (const Decision& d : p->decisions) told |= !d.taken && d.reason.find("the library computes the product alone") == 0;
  EXPECT_TRUE(told);
  EXPECT_EQ(library_text(p->reports[0]), "// dot: a call of cuBLASLt, bf16 40x8 = 40x32 * 32x8\n");
}

TEST(LibraryDots, TheTypesAreTheDotsOwn) {
  // What stands around a dot has no say in how it is computed: a conversion before it is no part of it.
  EXPECT_EQ(launches(R"(func @f(%x: bf16[40,32], %y: f32[32,8]) -> f32[40,8] {
  %z = cast %x to=f32 : f32[40,32]
  %a = dot %z, %y lhs=[1] rhs=[0] batch_lhs=[] batch_rhs=[] : f32[40,8]
  return %a
})"), (Lines{"flat", "f32 40x8 = 40x32 * 32x8, ld 32 8 8"}));
}

TEST(LibraryDots, OthersStayOurs) {
  EXPECT_EQ(launches(R"(func @f(%x: i32[40,32], %y: i32[32,8]) -> i32[40,8] {
  %a = dot %x, %y lhs=[1] rhs=[0] batch_lhs=[] batch_rhs=[] : i32[40,8]
  return %a
})"), Lines{"product"});
  // Nothing is free: a sum of products (LAWS.md, 12).
  for (const std::string& s : launches(R"(func @f(%x: f32[40,32], %y: f32[40,32]) -> f32[40] {
  %a = dot %x, %y lhs=[1] rhs=[1] batch_lhs=[0] batch_rhs=[0] : f32[40]
  return %a
})"))
    EXPECT_EQ(s.find("f32"), std::string::npos) << s;
  // Nothing to add up.
  for (const std::string& s : launches(R"(func @f(%x: f32[40,0], %y: f32[0,8]) -> f32[40,8] {
  %a = dot %x, %y lhs=[1] rhs=[0] batch_lhs=[] batch_rhs=[] : f32[40,8]
  return %a
})"))
    EXPECT_EQ(s.find("f32"), std::string::npos) << s;
}

TEST(LibraryDots, WithoutAnAlgorithmItIsOurKernelAndSaysSo) {
  CompileOptions o = options();
  o.has_algorithm = [](const rt::Gemm& g) { return g.k != 32; };
  const std::string f = R"(func @f(%x: f32[40,32], %y: f32[32,8], %z: f32[8,4]) -> f32[40,4] {
  %a = dot %x, %y lhs=[1] rhs=[0] batch_lhs=[] batch_rhs=[] : f32[40,8]
  %b = dot %a, %z lhs=[1] rhs=[0] batch_lhs=[] batch_rhs=[] : f32[40,4]
  return %b
})";
  EXPECT_EQ(launches(f, o), (Lines{"product", "f32 40x4 = 40x8 * 8x4, ld 8 4 4"}));
  const auto p = compile(ir::parse_verified("frit 1\n" + f, "test"), o);
  ASSERT_FALSE(p->decisions.empty());
  EXPECT_FALSE(p->decisions[0].taken);
  EXPECT_EQ(p->decisions[0].consumer, "cuBLASLt");
  EXPECT_EQ(p->decisions[0].reason, "cuBLASLt has no algorithm for f32 40x8 = 40x32 * 32x8");
  o.target.library_dots = false;
  o.no_library = "cuBLASLt was not found";
  EXPECT_EQ(compile(ir::parse_verified("frit 1\n" + f, "test"), o)->decisions[1].reason, "cuBLASLt was not found");
}

TEST(LibraryDots, AResultThatIsUsedTwiceIsNotCopied) {
  EXPECT_EQ(launches(R"(func @f(%x: f32[40,32], %y: f32[32,8]) -> (f32[40,8], f32[40,8]) {
  %a = dot %x, %y lhs=[1] rhs=[0] batch_lhs=[] batch_rhs=[] : f32[40,8]
  %b = tanh %a : f32[40,8]
  return %a, %b
})"), (Lines{"f32 40x8 = 40x32 * 32x8, ld 32 8 8", "flat"}));
}

TEST(LibraryDots, TheWorkspaceIsShared) {
  CompileOptions o = options();
  o.target.library_workspace = 1 << 20;
  const auto p = compile(ir::parse_verified(R"(frit 1
func @f(%x: f32[32,32]) -> f32[32,32] {
  %a = dot %x, %x lhs=[1] rhs=[0] batch_lhs=[] batch_rhs=[] : f32[32,32]
  %b = dot %a, %x lhs=[1] rhs=[0] batch_lhs=[] batch_rhs=[] : f32[32,32]
  %c = dot %b, %x lhs=[1] rhs=[0] batch_lhs=[] batch_rhs=[] : f32[32,32]
  return %c
})", "test"), o);
  EXPECT_EQ(p->plan.launches.size(), 3u);
  EXPECT_LE(p->plan.arena_bytes, (1 << 20) + 2 * 32 * 32 * 4);
}

TEST(LibraryDots, TheSameFromTheFusedText) {
  const std::string f = R"(frit 1
func @f(%x: bf16[33,4,16], %k: bf16[41,4,16]) -> bf16[4,33,41] {
  %s = dot %x, %k lhs=[2] rhs=[2] batch_lhs=[1] batch_rhs=[1] : bf16[4,33,41]
  %t = exp %s : bf16[4,33,41]
  return %t
})";
  const auto p = compile(ir::parse_verified(f, "test"), options());
  const auto q = compile(ir::parse_verified(ir::print(p->fused), "test"), options());
  ASSERT_EQ(p->plan.launches.size(), 2u);
  ASSERT_EQ(q->plan.launches.size(), 2u);
  ASSERT_TRUE(q->plan.launches[0].gemm);
  EXPECT_EQ(*p->plan.launches[0].gemm, *q->plan.launches[0].gemm);
}

}  // namespace
}  // namespace frit::lower
