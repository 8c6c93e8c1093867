// Every elementwise op on every type it takes in kernels (f16 and bf16 are converted and chosen there), at lengths around all tails, against ir::evaluate.
#include "ir/ops.h"
#include "tests/codegen/harness.h"

namespace frit::test {
namespace {

using codegen::Isa;
using ir::Op;

const std::vector<int64_t>& lengths() {
  static const std::vector<int64_t> all = [] {
    std::vector<int64_t> v;
    for (int64_t n = 0; n <= 70; ++n) v.push_back(n);
    for (int64_t n : {127, 128, 129, 255, 257, 1000, 1023, 1024, 1025, 5000}) v.push_back(n);
    return v;
  }();
  return all;
}

struct Case {
  Op op;
  DType t, to;
  std::vector<DType> operands;
};

std::vector<Case> cases() {
  std::vector<Case> out;
  for (int i = 0; i < kDTypeCount; ++i) {
    const auto t = static_cast<DType>(i);
    for (const ir::OpInfo& info : ir::all_ops()) {
      if (info.cls != ir::OpClass::elementwise || is_half(t) || !ir::accepts(info.types, t)) continue;
      const DType to = info.result == ir::ResultRule::truth ? DType::boolean : t;
      out.push_back({info.op, t, to, std::vector<DType>(static_cast<size_t>(info.arity), t)});
    }
    out.push_back({Op::where, t, t, {DType::boolean, t, t}});
    for (int k = 0; k < kDTypeCount; ++k) out.push_back({Op::cast, t, static_cast<DType>(k), {t}});
  }
  return out;
}

// How the op is carried out: on vectors; on vectors whose width other values decide (f64 or f32 ones,
// copied beside it); one element at a time.
enum class Form { vectors, beside_f64, beside_f32, scalars };

std::string text_of(const Case& c, Form form) {
  std::string s = "kernel @k(";
  std::string loads, args;
  for (size_t i = 0; i < c.operands.size(); ++i) {
    const std::string n = std::to_string(i), type(name(c.operands[i]));
    s += "%x" + n + ": buf " + type + ", ";
    loads += "      %a" + n + " = load %x" + n + "[j] : " + type + "\n";
    args += (i ? ", %a" : " %a") + n;
  }
  const std::string result(name(c.to));
  std::string beside, ballast;
  if (form == Form::beside_f64 || form == Form::beside_f32) {
    const std::string type = form == Form::beside_f64 ? "f64" : "f32";
    ballast = "%q: buf " + type + ", ";
    for (int i = 0; i < 5; ++i) {
      const std::string n = std::to_string(i);
      beside += "      %b" + n + " = load %q[j + %n] : " + type + "\n      store %q[j], %b" + n + "\n";
    }
  }
  const std::string over = form == Form::scalars ? "loop" : "lanes";
  return s + "%r: buf " + result + ", " + ballast + "%n: index) {\n  work [1] { (w)\n    " + over + " [0, %n] { (j)\n" + loads + "      %v = " +
         std::string(ir::info(c.op).name) + args + (c.op == Op::cast ? " to=" + result : "") + " : " + result +
         "\n      store %r[j], %v\n" + beside + "    }\n  }\n}\n";
}

void check_all(Form form, const std::vector<int64_t>& counts) {
  for (const Case& c : cases()) {
    for (Isa isa : isas()) {
      SCOPED_TRACE(std::string(ir::info(c.op).name) + " " + std::string(name(c.t)) + " -> " + std::string(name(c.to)) + " " +
                   std::string(name(isa)));
      const Kernel k(text_of(c, form), isa);
      for (int64_t n : counts) {
        std::vector<Buffer> in;
        std::vector<const void*> buffers;
        std::vector<size_t> steps;
        for (size_t i = 0; i < c.operands.size(); ++i) {
          in.push_back(numbers(c.operands[i], n, static_cast<uint32_t>(n * 31 + static_cast<int64_t>(i))));
          buffers.push_back(in.back().data());
          steps.push_back(1);
        }
        Buffer got(c.to, n), want(c.to, n);
        ir::evaluate(c.op, c.t, c.to, static_cast<size_t>(n), buffers.data(), steps.data(), want.data());
        buffers.push_back(got.data());
        const Buffer beside = numbers(DType::f64, 2 * n, 1);
        if (form == Form::beside_f64 || form == Form::beside_f32) buffers.push_back(beside.data());
        k.run(buffers, {n});
        ASSERT_TRUE(same(c.to, got.data(), want.data(), n)) << "n = " << n;
        ASSERT_TRUE(got.untouched_before());
      }
    }
  }
}

TEST(Elementwise, EveryOpTypeAndTail) { check_all(Form::vectors, lengths()); }
TEST(Elementwise, AmongF64) { check_all(Form::beside_f64, {3, 500}); }
TEST(Elementwise, AmongF32) { check_all(Form::beside_f32, {3, 500}); }
TEST(Elementwise, Scalars) { check_all(Form::scalars, {500}); }

}  // namespace
}  // namespace frit::test
