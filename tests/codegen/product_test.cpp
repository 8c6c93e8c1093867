// Tiles of matrix products on the CPU: every type, several rows, ranges that begin anywhere, known and unknown
// extents, operands along one, both or neither of the sides; against a chain for each result by plain loops.
#include "tests/codegen/harness.h"
#include "tests/codegen/orders.h"

namespace frit::test {
namespace {

using codegen::Isa;

struct Size {
  int64_t rows, columns, depth;
};
const std::vector<Size> kSizes = {{1, 1, 1},  {1, 40, 3},  {3, 33, 8}, {2, 5, 0},    {0, 4, 4},   {4, 17, 31},   {5, 100, 16}, {1, 7, 1023},
                                  {3, 9, 1024}, {2, 3, 1025}, {7, 65, 130}, {2, 20, 2048}, {3, 2, 3100}, {1, 130, 5000}, {16, 16, 40}};

// x[i, k] and y[k, j], the ranges beginning at k = 2, i = 3, j = 5. Extents as text.
std::string kernel_text(DType t, const std::string& rows, const std::string& columns, const std::string& depth) {
  const std::string type(name(t));
  return "kernel @k(%x: buf " + type + ", %y: buf " + type + ", %r: buf " + type + ", %m: index, %n: index, %d: index) {\n" +
         "  %l = local [2600] : buf " + type + "\n  work [1] { (w)\n" +
         "    product [2, " + depth + " + 2, 3, " + rows + " + 3, 5, " + columns + " + 5] %l size=130 { (k, i, j)\n" +
         "      %a = load %x[i*%d + k - 3*%d - 2] : " + type + "\n      %b = load %y[k*%n + j - 2*%n - 5] : " + type + "\n      yield %a, %b\n    }\n" +
         "    loop [0, " + rows + "] { (i.1)\n      lanes [0, " + columns + "] { (j.1)\n        %v = load %l[130*i.1 + j.1] : " + type +
         "\n        store %r[i.1*%n + j.1], %v\n      }\n    }\n  }\n}\n";
}

void check(const Kernel& k, DType t, const Size& s) {
  for (bool mild : {true, false}) {
    const Buffer x = numbers(t, s.rows * s.depth, static_cast<uint32_t>(s.depth), mild), y = numbers(t, s.depth * s.columns, 5, mild);
    Buffer got(t, s.rows * s.columns), want(t, s.rows * s.columns);
    for (int64_t i = 0; i < s.rows; ++i)
      for (int64_t j = 0; j < s.columns; ++j)
        dot_reference(t, static_cast<const char*>(x.data()) + i * s.depth * size_of(t), 1, static_cast<const char*>(y.data()) + j * size_of(t), s.columns, s.depth,
                      static_cast<char*>(want.data()) + (i * s.columns + j) * size_of(t));
    k.run({x.data(), y.data(), got.data()}, {s.rows, s.columns, s.depth});
    ASSERT_TRUE(same(t, got.data(), want.data(), s.rows * s.columns)) << s.rows << " x " << s.columns << " x " << s.depth << (mild ? ", mild" : "");
    ASSERT_TRUE(got.untouched_before());
  }
}

TEST(Product, EveryTypeWithExtentsAsArguments) {
  for (int i = 0; i < kDTypeCount; ++i) {
    const auto t = static_cast<DType>(i);
    if (is_half(t) || t == DType::boolean) continue;
    for (Isa isa : isas()) {
      SCOPED_TRACE(std::string(name(t)) + " " + std::string(name(isa)));
      const Kernel k(kernel_text(t, "%m", "%n", "%d"), isa);
      for (const Size& s : kSizes) ASSERT_NO_FATAL_FAILURE(check(k, t, s));
    }
  }
}

TEST(Product, KnownExtents) {
  for (DType t : {DType::f32, DType::f64, DType::i32})
    for (Isa isa : isas())
      for (const Size& s : kSizes) {
        SCOPED_TRACE(std::string(name(t)) + " " + std::string(name(isa)));
        const Kernel k(kernel_text(t, std::to_string(s.rows), std::to_string(s.columns), std::to_string(s.depth)), isa);
        ASSERT_NO_FATAL_FAILURE(check(k, t, s));
      }
}

// One operand along k alone, the other along neither i nor k.
TEST(Product, OperandsThatVaryLess) {
  const std::string text =
      "kernel @k(%x: buf f32, %y: buf f32, %r: buf f32) {\n  %l = local [12] : buf f32\n  work [1] { (w)\n"
      "    product [0, 5, 0, 3, 0, 4] %l size=4 { (k, i, j)\n      %a = load %x[k] : f32\n      %b = load %y[j] : f32\n      yield %a, %b\n    }\n"
      "    lanes [0, 12] { (e)\n      %v = load %l[e] : f32\n      store %r[e], %v\n    }\n  }\n}\n";
  for (Isa isa : isas()) {
    const Kernel k(text, isa);
    const Buffer x = numbers(DType::f32, 5, 3, true), y = numbers(DType::f32, 4, 5, true);
    Buffer got(DType::f32, 12), want(DType::f32, 12);
    for (int64_t e = 0; e < 12; ++e) dot_reference(DType::f32, x.data(), 1, y.as<float>() + e % 4, 0, 5, want.as<float>() + e);
    k.run({x.data(), y.data(), got.data()}, {});
    EXPECT_TRUE(same(DType::f32, got.data(), want.data(), 12));
  }
}

}  // namespace
}  // namespace frit::test
