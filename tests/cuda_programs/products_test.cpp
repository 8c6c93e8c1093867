// Our own matrix products on the emulated GPU: types, extents on both sides of the edges of tiles, of steps and
// of blocks of k, layouts, batches, what stands before and behind; at tiles of every size that the cards take.
// The bytes are the interpreter's.
#include <gtest/gtest.h>

#include <cstring>
#include <deque>

#include "ir/text.h"
#include "ir/verify.h"
#include "tests/cuda_emulation/emulated.h"
#include "tests/cuda_programs/emulated_engine.h"
#include "tests/engines/inputs.h"
#include "tests/engines/random.h"

namespace frit::test {
namespace {

enum Form {
  plain,        // x[m,k] * y[k,n]
  transposed,   // x[k,m] * y[n,k], transposed views
  batched,      // x[3,m,k] * y[3,k,n]
  shared,       // one x[m,k] of a batch of y[3,k,n]
  last_batch,   // results of x[m,k,3] * y[3,k,n] with the batch last
  strided,      // every second k of wider arrays, a part of their rows
  padded,       // operands with a border of zeros: loads under a condition
  before,       // formulas of operands, one a row and one a column among them
  behind,       // bias and a formula behind it
  two_results,  // the product and a formula of it, by rows
};

struct Case {
  const char* type;
  int64_t m, n, k;
  Form form;
  int workers;         // multiprocessors: 1 for the largest tiles
  const char* card = "H200";
  bool eager = false;
  int64_t edge = 128;  // of tiles, at most
};

const std::vector<Case> kCases = {
    // Edges of tiles and steps, large tiles.
    {"f32", 128, 128, 16, plain, 1},
    {"f32", 129, 127, 17, plain, 1},
    {"f32", 64, 130, 33, plain, 1},
    {"f32", 130, 65, 40, transposed, 1},
    {"f32", 131, 258, 15, behind, 1, "RTX4090"},
    {"f64", 129, 66, 19, plain, 1},
    {"f64", 70, 63, 36, transposed, 1, "A100"},
    {"i32", 129, 100, 21, plain, 1},
    {"i64", 65, 129, 18, transposed, 1},
    {"u8", 130, 127, 35, plain, 1},
    {"u32", 33, 40, 64, plain, 1},
    {"f16", 127, 128, 48, plain, 1},
    {"bf16", 136, 129, 37, transposed, 1},
    {"bf16", 128, 64, 64, behind, 1},
    // Blocks of k: one, its edges, several, a tree that is not full.
    {"f32", 17, 20, 1023, plain, 1},
    {"f32", 16, 33, 1024, plain, 132},
    {"f32", 33, 16, 1025, transposed, 132},
    {"f32", 9, 12, 2048, plain, 1},
    {"f32", 5, 31, 5000, plain, 1},
    {"f32", 20, 3, 7169, transposed, 4},
    {"f64", 12, 18, 3100, plain, 1},
    {"f16", 20, 17, 2050, plain, 132},
    {"bf16", 8, 24, 3000, transposed, 132},
    {"i32", 7, 9, 4097, plain, 1},
    {"u8", 18, 16, 2049, transposed, 132},
    {"i64", 16, 16, 1030, batched, 1},
    // Narrow products.
    {"f32", 1, 100, 300, plain, 1},
    {"f32", 1, 64, 2049, transposed, 132},
    {"f32", 200, 1, 1100, plain, 132},
    {"f32", 1, 1, 1500, plain, 1},
    {"f32", 2, 3, 2, plain, 1},
    {"f32", 40, 50, 0, plain, 1},
    {"bf16", 1, 300, 70, plain, 4},
    {"i32", 300, 1, 65, transposed, 1},
    // Batches and views.
    {"f32", 17, 33, 40, batched, 1},
    {"f32", 129, 20, 24, shared, 1},
    {"f32", 20, 17, 33, last_batch, 4},
    {"f64", 9, 17, 1030, last_batch, 1},
    {"f32", 33, 18, 50, strided, 132},
    {"f16", 20, 40, 30, strided, 1},
    {"f32", 34, 21, 40, padded, 1},
    {"i32", 18, 33, 20, padded, 132},
    // What stands around it.
    {"f32", 65, 40, 70, before, 1},
    {"f32", 18, 20, 1100, before, 132},
    {"f64", 20, 34, 25, before, 4},
    {"f32", 129, 65, 34, behind, 1},
    {"f32", 40, 129, 20, two_results, 1},
    {"f16", 33, 17, 40, two_results, 132},
    // Kernels for any shape.
    {"f32", 129, 40, 33, plain, 1, "H200", true},
    {"f32", 33, 20, 1025, transposed, 132, "A100", true},
    {"f32", 5, 7, 3000, batched, 4, "H200", true},
    {"bf16", 20, 130, 50, plain, 1, "RTX4090", true},
    {"i32", 1, 40, 70, plain, 132, "H200", true},
    // Small tiles, many of them.
    {"f32", 70, 50, 40, plain, 1, "H200", false, 16},
    {"f32", 45, 67, 1100, behind, 1, "A100", false, 32},
};

std::string replaced(std::string text, const std::string& word, const std::string& by) {
  for (size_t at = 0; (at = text.find(word, at)) != std::string::npos; at += by.size()) text.replace(at, word.size(), by);
  return text;
}

std::string text_of(const Case& c) {
  const std::string dot = " batch_lhs=[] batch_rhs=[] : T[M,N]\n";
  std::string head, body, result = "%d", type = "T[M,N]";
  switch (c.form) {
    case plain:
      head = "%x: T[M,K], %y: T[K,N]";
      body = "  %d = dot %x, %y lhs=[1] rhs=[0]" + dot;
      break;
    case transposed:
      head = "%x: T[K,M], %y: T[N,K]";
      body = "  %d = dot %x, %y lhs=[0] rhs=[1]" + dot;
      break;
    case batched:
      head = "%x: T[3,M,K], %y: T[3,K,N]";
      type = "T[3,M,N]";
      body = "  %d = dot %x, %y lhs=[2] rhs=[1] batch_lhs=[0] batch_rhs=[0] : T[3,M,N]\n";
      break;
    case shared:
      head = "%x: T[M,K], %y: T[3,K,N]";
      type = "T[3,M,N]";
      body = "  %z = broadcast %x : T[3,M,K]\n  %d = dot %z, %y lhs=[2] rhs=[1] batch_lhs=[0] batch_rhs=[0] : T[3,M,N]\n";
      break;
    case last_batch:
      head = "%x: T[M,K,3], %y: T[3,K,N]";
      type = "T[M,N,3]";
      result = "%e";
      body = "  %d = dot %x, %y lhs=[1] rhs=[1] batch_lhs=[2] batch_rhs=[0] : T[3,M,N]\n  %e = permute %d order=[1,2,0] : T[M,N,3]\n";
      break;
    case strided:
      head = "%x: T[M,K2], %y: T[K,N2]";
      body = "  %v = slice %x start=[0,0] limit=[M,K2] step=[1,2] : T[M,K]\n  %w = slice %y start=[0,1] limit=[K,N1] step=[1,1] : T[K,N]\n"
             "  %d = dot %v, %w lhs=[1] rhs=[0]" + dot;
      break;
    case padded:
      head = "%x: T[M,K0], %y: T[K0,N]";
      body = "  %v = pad %x, Z low=[0,1] high=[0,2] : T[M,K]\n  %w = pad %y, Z low=[2,0] high=[1,0] : T[K,N]\n  %d = dot %v, %w lhs=[1] rhs=[0]" + dot;
      break;
    case before:
      head = "%x: T[M,K], %y: T[K,N], %p: T[M,1], %q: T[1,N]";
      body = "  %pe = exp %p : T[M,1]\n  %pb = broadcast %pe : T[M,K]\n  %v = mul %x, %pb : T[M,K]\n  %w = maximum %v, 0.0 : T[M,K]\n"
             "  %qe = tanh %q : T[1,N]\n  %qb = broadcast %qe : T[K,N]\n  %z = sub %y, %qb : T[K,N]\n  %d = dot %w, %z lhs=[1] rhs=[0]" + dot;
      break;
    case behind:
      head = "%x: T[M,K], %y: T[K,N], %b: T[N]";
      body = "  %d = dot %x, %y lhs=[1] rhs=[0]" + dot + "  %bb = broadcast %b : T[M,N]\n  %s = add %d, %bb : T[M,N]\n  %t = tanh %s : T[M,N]\n  %e = mul %t, %s : T[M,N]\n";
      result = "%e";
      break;
    case two_results:
      head = "%x: T[M,K], %y: T[K,N], %b: T[M,1]";
      body = "  %d = dot %x, %y lhs=[1] rhs=[0]" + dot + "  %bb = broadcast %b : T[M,N]\n  %e = maximum %d, %bb : T[M,N]\n";
      result = "%d, %e";
      type = "(T[M,N], T[M,N])";
      break;
  }
  std::string text = "frit 1\nfunc @f(" + head + ") -> " + type + " {\n" + body + "  return " + result + "\n}\n";
  const auto number = [](int64_t n) { return std::to_string(n); };
  text = replaced(replaced(text, "K2", number(2 * c.k)), "K0", number(c.k - 3));
  text = replaced(replaced(text, "N2", number(c.n + 3)), "N1", number(c.n + 1));
  text = replaced(replaced(replaced(text, "[M", "[" + number(c.m)), ",M", "," + number(c.m)), "K", number(c.k));
  text = replaced(replaced(text, "[N", "[" + number(c.n)), ",N", "," + number(c.n));
  return replaced(replaced(text, "T[", std::string(c.type) + "["), ", Z", c.type[0] == 'f' ? ", 0.0" : ", 0");
}

// Ordinary numbers, so that every rounding shows, and zeros of both signs; all bits of integers.
std::vector<ir::Array> ordinary(const ir::Func& f, uint64_t seed) {
  return drawn_inputs(f, seed * 1009, []<class T>(Random& r, T) {
    const double x = r.one_in(20) ? (r.one_in(2) ? -0.0 : 0.0) : 4 * r.unit() - 2;
    const uint64_t bits = r.bits();
    if constexpr (is_floating_v<T>) return static_cast<T>(static_cast<compute_t<T>>(x));
    else return static_cast<T>(bits);
  });
}

TEST(CudaProducts, GiveTheInterpretersBytes) {
  use_emulated_compiler();
  struct Ready {
    std::string name;
    ir::Func f;
    std::vector<ir::Array> want;
    std::unique_ptr<EmulatedProgram> program;
  };
  std::deque<Ready> all;
  std::vector<std::string> images;
  uint64_t seed = 0;
  for (const Case& c : kCases) {
    const std::string text = text_of(c);
    Ready& r = all.emplace_back(Ready{text, ir::parse_verified(text, "products_test"), {}, nullptr});
    const std::vector<ir::Array> args = ++seed % 9 == 0 ? make_inputs(r.f, seed) : ordinary(r.f, seed);
    r.want = ir::interpret(r.f, args);
    CudaOptions o;
    o.name = c.card;
    codegen::GpuSpec card = *codegen::find_gpu(c.card);
    card.multiprocessors = c.workers;
    o.compile.target = lower::gpu_target(card);
    o.compile.target.product_rows = o.compile.target.product_columns = c.edge;
    o.compile.fuse = o.compile.specialise = !c.eager;
    r.program = std::make_unique<EmulatedProgram>(r.f, args, r.want, o);
    if (r.program->program() && !c.eager) {
      EXPECT_EQ(r.program->program()->plan.launches.size(), 1u) << text;
      EXPECT_EQ(r.program->program()->reports[0].schedule, "product") << text;
    }
    r.program->images(images);
  }
  EXPECT_EQ(compile_images(images, 2), "");
  for (const Ready& r : all) EXPECT_EQ(r.program->problem(), "") << r.name;
}

// The tiles that the cards take, as launches say it.
TEST(CudaProducts, TilesFitTheCardAndTheProduct) {
  struct Expected {
    const char* type;
    int64_t m, n, k;
    const char* card;
    const char* mapping;
  };
  const Expected table[] = {
      {"f32", 4096, 4096, 4096, "H200", "products of 128 x 128, 8 x 8 a thread, 8 of k at a time"},
      {"f32", 4096, 4096, 4096, "A100", "products of 128 x 128, 8 x 8 a thread, 8 of k at a time"},
      {"f32", 4096, 4096, 4096, "RTX4090", "products of 64 x 128, 8 x 8 a thread, 8 of k at a time"},
      {"f64", 4096, 4096, 4096, "H200", "products of 64 x 128, 4 x 8 a thread, 8 of k at a time"},
      {"f32", 1024, 1024, 1024, "H200", "products of 64 x 64, 4 x 8 a thread, 16 of k at a time"},
      {"f32", 256, 256, 256, "H200", "products of 16 x 16, 1 x 2 a thread, 64 of k at a time"},
      {"f32", 8, 4096, 4096, "H200", "products of 8 x 16, 1 x 1 a thread, 64 of k at a time"},
      {"i32", 100000, 3, 64, "H200", "products of 128 x 4, 2 x 2 a thread, 16 of k at a time"},
  };
  use_emulated_compiler();
  for (const Expected& e : table) {
    const std::string text = text_of({e.type, e.m, e.n, e.k, plain, 0});
    lower::CompileOptions options;
    options.target = lower::gpu_target(*codegen::find_gpu(e.card));
    const auto program = lower::compile(ir::parse_verified(text, "products_test"), options);
    EXPECT_EQ(program->plan.launches[0].gpu->mapping, e.mapping) << text;
  }
}

}  // namespace
}  // namespace frit::test
