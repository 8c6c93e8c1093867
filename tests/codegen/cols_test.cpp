// Reductions of cols: every op and type, narrow and wide, whole and partial blocks, known and unknown
// extents, trees, several at once; against a reduction of each column by plain loops.
#include "ir/ops.h"
#include "tests/codegen/harness.h"
#include "tests/codegen/orders.h"

namespace frit::test {
namespace {

using codegen::Isa;
using ir::Op;

struct Size {
  int64_t rows, columns;
};
const std::vector<Size> kSizes = {{0, 5},    {1, 1},     {1, 40},    {2, 3},    {3, 33},   {5, 16},   {7, 100},   {8, 8},     {31, 9},
                                  {64, 16},  {65, 64},   {100, 7},   {127, 17}, {128, 65}, {129, 20}, {200, 3},   {255, 5},   {640, 16},
                                  {1000, 4}, {1023, 18}, {1024, 33}, {1025, 7}, {1100, 9}, {3000, 5}, {9000, 3},  {300, 1100}, {40, 2500}};

// rows/columns as text: numbers, or the arguments %m and %n.
std::string kernel_text(Op op, DType t, const std::string& rows, const std::string& columns, bool tree) {
  const std::string type(name(t)), result(name(ir::reduce_result(op, t)));
  return "kernel @k(%x: buf " + type + ", %r: buf " + result + ", %m: index, %n: index, %hi: index) {\n" +
         "  %l = local [" + columns + "] : buf " + result + "\n  work [1] { (w)\n    cols [2, " + rows + ", 0, " + columns +
         "] %l reduce=[" + std::string(ir::info(op).name) + "]" + (tree ? " tree=1" : "") + " { (k, j)\n" +
         "      %b = load %x[k*%n + j - 2*%n] : " + type + "\n      yield %b\n"
         "    }\n    lanes [0, " + columns + "] { (j.1)\n      %v = load %l[j.1] : " + result + "\n      store %r[j.1], %v\n    }\n  }\n}\n";
}

void check(const Kernel& k, Op op, DType t, Size s, bool tree) {
  const bool arg = op == Op::reduce_argmax || op == Op::reduce_argmin;
  if (arg && s.rows == 0) return;
  const DType result = ir::reduce_result(op, t);
  for (bool mild : {true, false}) {
    if (!mild && s.rows * s.columns > 20000) continue;
    const Buffer x = numbers(t, s.rows * s.columns, static_cast<uint32_t>(s.rows), mild);
    Buffer got(result, s.columns), want(result, s.columns);
    for (int64_t j = 0; j < s.columns; ++j) {
      const char* column = static_cast<const char*>(x.data()) + j * size_of(t);
      char* out = static_cast<char*>(want.data()) + j * size_of(result);
      reduce_reference(op, t, column, s.rows, s.columns, tree, out);
    }
    k.run({x.data(), got.data()}, {s.rows, s.columns, s.rows + 2});
    ASSERT_TRUE(same(result, got.data(), want.data(), s.columns)) << s.rows << " x " << s.columns << (mild ? ", mild" : "");
    ASSERT_TRUE(got.untouched_before());
  }
}

TEST(Cols, EveryOpAndTypeWithExtentsAsArguments) {
  for (const ir::OpInfo& info : ir::all_ops()) {
    if (info.cls != ir::OpClass::reduce) continue;
    for (int i = 0; i < kDTypeCount; ++i) {
      const auto t = static_cast<DType>(i);
      if (is_half(t) || !ir::accepts(info.types, t)) continue;
      for (Isa isa : isas()) {
        for (bool tree : {false, true}) {
          if (tree && !is_float(t)) continue;
          SCOPED_TRACE(std::string(info.name) + " " + std::string(name(t)) + " " + std::string(name(isa)) + (tree ? " tree" : ""));
          const Kernel k(kernel_text(info.op, t, "%hi", "%n", tree), isa);
          for (const Size& s : kSizes) ASSERT_NO_FATAL_FAILURE(check(k, info.op, t, s, tree));
        }
      }
    }
  }
}

TEST(Cols, KnownExtents) {
  for (const auto& [op, t] : {std::pair{Op::reduce_sum, DType::f32}, std::pair{Op::reduce_prod, DType::f64}, std::pair{Op::reduce_argmin, DType::i32}}) {
    for (Isa isa : isas()) {
      for (const Size& s : kSizes) {
        SCOPED_TRACE(std::string(ir::info(op).name) + " " + std::string(name(t)) + " " + std::string(name(isa)));
        const Kernel k(kernel_text(op, t, std::to_string(s.rows + 2), std::to_string(s.columns), false), isa);
        ASSERT_NO_FATAL_FAILURE(check(k, op, t, s, false));
      }
    }
  }
}

// A sum, a maximum, a product in f64 and an argmax of one body.
TEST(Cols, SeveralAtOnce) {
  const std::string text =
      "kernel @k(%x: buf f32, %r: buf f32, %q: buf f32, %s: buf f64, %i: buf i64, %m: index, %n: index) {\n"
      "  %l = local [%n] : buf f32\n  %l1 = local [%n] : buf f32\n  %l2 = local [%n] : buf f64\n  %l3 = local [%n] : buf i64\n"
      "  work [1] { (w)\n    cols [0, %m, 0, %n] %l, %l1, %l2, %l3 reduce=[reduce.sum, reduce.max, reduce.prod, reduce.argmax] { (k, j)\n"
      "      %b = load %x[k*%n + j] : f32\n      %c = cast %b to=f64 : f64\n      yield %b, %b, %c, %b\n    }\n"
      "    lanes [0, %n] { (j.1)\n      %v = load %l[j.1] : f32\n      store %r[j.1], %v\n      %v1 = load %l1[j.1] : f32\n      store %q[j.1], %v1\n"
      "      %v2 = load %l2[j.1] : f64\n      store %s[j.1], %v2\n      %v3 = load %l3[j.1] : i64\n      store %i[j.1], %v3\n    }\n  }\n}\n";
  for (Isa isa : isas()) {
    const Kernel k(text, isa);
    for (const Size& s : kSizes) {
      if (s.rows == 0) continue;
      SCOPED_TRACE(std::to_string(s.rows) + " x " + std::to_string(s.columns) + " " + std::string(name(isa)));
      const Buffer x = numbers(DType::f32, s.rows * s.columns, 3, true);
      Buffer r(DType::f32, s.columns), q(DType::f32, s.columns), p(DType::f64, s.columns), a(DType::i64, s.columns);
      k.run({x.data(), r.data(), q.data(), p.data(), a.data()}, {s.rows, s.columns});
      for (int64_t j = 0; j < s.columns; ++j) {
        const float* column = x.as<float>() + j;
        std::vector<double> wide;
        for (int64_t i = 0; i < s.rows; ++i) wide.push_back(column[i * s.columns]);
        float sum = 0, max = 0;
        double prod = 0;
        int64_t place = 0;
        reduce_reference(Op::reduce_sum, DType::f32, column, s.rows, s.columns, false, &sum);
        reduce_reference(Op::reduce_max, DType::f32, column, s.rows, s.columns, false, &max);
        reduce_reference(Op::reduce_prod, DType::f64, wide.data(), s.rows, 1, false, &prod);
        reduce_reference(Op::reduce_argmax, DType::f32, column, s.rows, s.columns, false, &place);
        ASSERT_EQ(r.as<float>()[j], sum);
        ASSERT_EQ(q.as<float>()[j], max);
        ASSERT_EQ(p.as<double>()[j], prod);
        ASSERT_EQ(a.as<int64_t>()[j], place);
      }
    }
  }
}

}  // namespace
}  // namespace frit::test
