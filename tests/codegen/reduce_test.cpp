// Reductions of lanes: every op and type, lengths known and unknown, cheap and expensive bodies,
// several at once with stores, against plain loops that follow LAWS.md, 9.
#include "ir/ops.h"
#include "tests/codegen/harness.h"
#include "tests/codegen/orders.h"

namespace frit::test {
namespace {

using codegen::Isa;
using ir::Op;

const std::vector<int64_t> kLengths = {0,  1,   2,   3,   7,   8,    9,    15,   16,   17,   31,   33,   63,   64,   65,
                                       95, 127, 128, 129, 200, 255,  256,  500,  896,  1000, 1023, 1024, 1025, 1152, 2047,
                                       2048, 2049, 3000, 5000, 7168, 8192, 8193, 20000};

struct Case {
  Op op;
  DType t;
};

std::vector<Case> cases() {
  std::vector<Case> out;
  for (const ir::OpInfo& info : ir::all_ops())
    for (int i = 0; i < kDTypeCount; ++i)
      if (info.cls == ir::OpClass::reduce && !is_half(static_cast<DType>(i)) && ir::accepts(info.types, static_cast<DType>(i))) out.push_back({info.op, static_cast<DType>(i)});
  return out;
}

std::string kernel_text(Op op, DType t, const std::string& hi, bool tree) {
  const std::string type(name(t)), result(name(ir::reduce_result(op, t)));
  return "kernel @k(%x: buf " + type + ", %r: buf " + result + ", %n: index) {\n  work [1] { (w)\n    %s = lanes [3, " + hi +
         "] reduce=[" + std::string(ir::info(op).name) + "]" + (tree ? " tree=1" : "") + " : " + result +
         " { (j)\n      %a = load %x[j - 3] : " + type + "\n      yield %a\n    }\n    store %r[0], %s\n  }\n}\n";
}

void check(const Kernel& k, const Case& c, int64_t n, bool tree, bool argument) {
  if (n == 0 && (c.op == Op::reduce_argmax || c.op == Op::reduce_argmin)) return;
  for (bool mild : {true, false}) {
    const Buffer x = numbers(c.t, n, static_cast<uint32_t>(n), mild);
    const DType result = ir::reduce_result(c.op, c.t);
    Buffer got(result, 1), want(result, 1);
    reduce_reference(c.op, c.t, x.data(), n, 1, tree, want.data());
    k.run({x.data(), got.data()}, {argument ? n + 3 : 0});
    ASSERT_TRUE(same(result, got.data(), want.data(), 1)) << "n = " << n << (mild ? ", mild" : "");
  }
}

TEST(Reduce, EveryOpAndTypeWithLengthAsArgument) {
  for (const Case& c : cases()) {
    for (Isa isa : isas()) {
      for (bool tree : {false, true}) {
        SCOPED_TRACE(std::string(ir::info(c.op).name) + " " + std::string(name(c.t)) + " " + std::string(name(isa)) + (tree ? " tree" : ""));
        const Kernel k(kernel_text(c.op, c.t, "%n", tree), isa);
        for (int64_t n : kLengths) ASSERT_NO_FATAL_FAILURE(check(k, c, n, tree, true));
      }
    }
  }
}

TEST(Reduce, KnownLengths) {
  for (const Case& c : {Case{Op::reduce_sum, DType::f32}, Case{Op::reduce_prod, DType::f64}, Case{Op::reduce_max, DType::f32},
                        Case{Op::reduce_argmax, DType::f64}, Case{Op::reduce_sum, DType::boolean}}) {
    for (Isa isa : isas()) {
      for (int64_t n : kLengths) {
        SCOPED_TRACE(std::string(ir::info(c.op).name) + " " + std::string(name(c.t)) + " " + std::string(name(isa)));
        const bool tree = n % 3 == 0 && n < 200;
        ASSERT_NO_FATAL_FAILURE(check(Kernel(kernel_text(c.op, c.t, std::to_string(n + 3), tree), isa), c, n, tree, false));
      }
    }
  }
}

// Two sums, a maximum, an argmax and a count over a body that also stores; exp makes it expensive.
TEST(Reduce, SeveralAtOnceWithStores) {
  for (bool expensive : {false, true}) {
    for (bool arg : {false, true}) {
      const std::string e = expensive ? "exp" : "neg";
      const std::string text =
          "kernel @k(%x: buf f32, %y: buf f32, %r: buf f64, %s: buf i64, %n: index) {\n  work [1] { (w)\n"
          "    %a, %b, %c, %d, %e = lanes [0, %n] reduce=[reduce.sum, reduce.max, reduce.sum, " + std::string(arg ? "reduce.argmin" : "reduce.sum") +
          ", reduce.any] : f32, f32, f64, i64, bool { (j)\n"
          "      %v = load %x[j] : f32\n      %u = " + e + " %v : f32\n      store %y[j], %u\n      %z = cast %v to=f64 : f64\n      %p = lt %v, 0.0 : bool\n"
          "      yield %u, %v, %z, " + std::string(arg ? "%u" : "%p") + ", %p\n    }\n"
          "    %a.1 = cast %a to=f64 : f64\n    %b.1 = cast %b to=f64 : f64\n    %e.1 = cast %e to=i64 : i64\n"
          "    store %r[0], %a.1\n    store %r[1], %b.1\n    store %r[2], %c\n    store %s[0], %d\n    store %s[1], %e.1\n  }\n}\n";
      for (Isa isa : isas()) {
        const Kernel k(text, isa);
        for (int64_t n : kLengths) {
          if (n == 0) continue;
          SCOPED_TRACE("n = " + std::to_string(n) + " " + std::string(name(isa)) + (expensive ? " exp" : "") + (arg ? " arg" : ""));
          const Buffer x = numbers(DType::f32, n, 7, true);
          Buffer y(DType::f32, n), r(DType::f64, 3), s(DType::i64, 2), u(DType::f32, n), z(DType::f64, n), p(DType::boolean, n);
          k.run({x.data(), y.data(), r.data(), s.data()}, {n});
          const void* in[] = {x.data()};
          const size_t step[] = {1};
          ir::evaluate(expensive ? Op::exp : Op::neg, DType::f32, DType::f32, static_cast<size_t>(n), in, step, u.data());
          ir::evaluate(Op::cast, DType::f32, DType::f64, static_cast<size_t>(n), in, step, z.data());
          for (int64_t i = 0; i < n; ++i) p.as<bool>()[i] = x.as<float>()[i] < 0;
          ASSERT_TRUE(same(DType::f32, y.data(), u.data(), n));
          float f = 0;
          double d = 0;
          int64_t i = 0;
          reduce_reference(Op::reduce_sum, DType::f32, u.data(), n, 1, false, &f);
          ASSERT_EQ(r.as<double>()[0], f);
          reduce_reference(Op::reduce_max, DType::f32, x.data(), n, 1, false, &f);
          ASSERT_EQ(r.as<double>()[1], f);
          reduce_reference(Op::reduce_sum, DType::f64, z.data(), n, 1, false, &d);
          ASSERT_EQ(r.as<double>()[2], d);
          if (arg) reduce_reference(Op::reduce_argmin, DType::f32, u.data(), n, 1, false, &i);
          else reduce_reference(Op::reduce_sum, DType::boolean, p.data(), n, 1, false, &i);
          ASSERT_EQ(s.as<int64_t>()[0], i);
          bool any = false;
          reduce_reference(Op::reduce_any, DType::boolean, p.data(), n, 1, false, &any);
          ASSERT_EQ(s.as<int64_t>()[1], any);
        }
      }
    }
  }
}

}  // namespace
}  // namespace frit::test
