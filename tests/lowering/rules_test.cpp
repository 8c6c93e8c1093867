// Generated from the rule table: both sides of each rule, for each type that its guard admits, on
// special and random values, by the interpreter. And: the pass applies each rule.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <set>

#include "ir/infer.h"
#include "ir/interpret.h"
#include "ir/text.h"
#include "lowering/passes.h"
#include "lowering/rules.h"

namespace frit::lower {
namespace {

using ir::Func;
using ir::Literal;
using ir::Op;
using ir::Operand;
using ir::OpNode;
using ir::Type;

constexpr int64_t kCount = 4096;

void variables(const Term& t, std::set<char>& out) {
  if (t.kind == Term::variable) out.insert(t.name);
  for (const Term& o : t.operands) variables(o, out);
}

Operand build(Func& f, const Term& t, DType dtype, const std::map<char, ir::ValueId>& at) {
  if (t.kind == Term::variable) return at.at(t.name);
  if (t.kind == Term::number) return Literal::of(dtype, t.value);
  OpNode n;
  n.op = t.what;
  for (const Term& o : t.operands) n.operands.push_back(build(f, o, dtype, at));
  return ir::append(f, n);
}

// A function of the rule's variables whose result is the term.
Func function_of(const Rule& rule, const Term& t, DType dtype) {
  Func f;
  std::set<char> names;
  variables(parse_term(rule.pattern), names);
  std::map<char, ir::ValueId> at;
  for (char c : names) at[c] = f.add_param(Type::tensor(c == 'p' ? DType::boolean : dtype, ir::Dims{kCount}), std::string(1, c));
  Operand r = build(f, t, dtype, at);
  if (!r.is_value()) {
    OpNode full;
    full.op = Op::full;
    full.operands = {r};
    r = ir::append(f, full, Type::tensor(dtype, ir::Dims{kCount}));
  }
  OpNode ret;
  ret.op = Op::ret;
  ret.operands = {r};
  f.add_op(f.body, ret, {});
  return f;
}

template <class T>
void fill(std::byte* out, std::mt19937_64& random) {
  using L = std::numeric_limits<T>;
  std::vector<T> special{T{0}, T{1}, L::max(), L::lowest(), static_cast<T>(static_cast<compute_t<T>>(L::max()) - 1)};
  if constexpr (L::is_signed) special.push_back(T(-1));
  if constexpr (is_floating_v<T>)
    special.insert(special.end(), {T(-0.0), L::infinity(), -L::infinity(), L::quiet_NaN(), L::denorm_min(), -L::denorm_min(), L::min(), T(0.5), T(1.5), T(-2.5)});
  for (int64_t i = 0; i < kCount; ++i) {
    T v;
    const uint64_t bits = random();
    if (i % 3 == 0) v = special[bits % special.size()];
    else if constexpr (std::is_same_v<T, bool>) v = bits & 1;
    else std::memcpy(&v, &bits, sizeof v);
    std::memcpy(out + i * static_cast<int64_t>(sizeof v), &v, sizeof v);
  }
}

ir::Array random_array(DType t, std::mt19937_64& random) {
  ir::Array a{t, Shape{kCount}, std::vector<std::byte>(static_cast<size_t>(kCount * size_of(t)))};
  switch (t) {
#define FRIT_X(id, name, type, kind) \
  case DType::id: fill<type>(a.data.data(), random); break;
    FRIT_DTYPES(FRIT_X)
#undef FRIT_X
  }
  return a;
}

bool op_accepts(const Term& t, DType dtype) {
  if (t.kind != Term::op) return true;
  if (ir::info(t.what).cls == ir::OpClass::elementwise && !ir::accepts(ir::info(t.what).types, dtype)) return false;
  return std::all_of(t.operands.begin(), t.operands.end(), [&](const Term& o) { return op_accepts(o, dtype); });
}

TEST(Rules, BothSidesHaveTheSameBits) {
  std::mt19937_64 random(20260101);
  for (const Rule& rule : rules()) {
    const Term pattern = parse_term(rule.pattern), replacement = parse_term(rule.replacement);
    int types = 0;
    for (int d = 0; d < kDTypeCount; ++d) {
      const auto dtype = static_cast<DType>(d);
      if (!ir::accepts(rule.types, dtype) || !op_accepts(pattern, dtype)) continue;
      SCOPED_TRACE(std::string(rule.name) + " of " + std::string(name(dtype)));
      ++types;
      const Func left = function_of(rule, pattern, dtype), right = function_of(rule, replacement, dtype);
      std::vector<ir::Array> args;
      for (ir::ValueId p : left.body.args) args.push_back(random_array(left.type(p).dtype, random));
      EXPECT_TRUE(ir::same_bits(ir::interpret(left, args)[0], ir::interpret(right, args)[0]));
    }
    EXPECT_GT(types, 0) << rule.name;
  }
}

TEST(Rules, ThePassAppliesEach) {
  for (const Rule& rule : rules()) {
    const Term pattern = parse_term(rule.pattern);
    for (int d = 0; d < kDTypeCount; ++d) {
      const auto dtype = static_cast<DType>(d);
      if (!ir::accepts(rule.types, dtype) || !op_accepts(pattern, dtype)) continue;
      SCOPED_TRACE(std::string(rule.name) + " of " + std::string(name(dtype)));
      Func f = function_of(rule, pattern, dtype);
      const std::string before = ir::print(f);
      CompileOptions o;
      PassContext context{o, nullptr, -1};
      simplify(f, context);
      EXPECT_NE(ir::print(f), before);
      break;
    }
  }
}

TEST(Rules, FuelLimitsRewrites) {
  Func f = function_of(rules()[4], parse_term("(mul x 1)"), DType::f32);
  const std::string before = ir::print(f);
  CompileOptions o;
  PassContext none{o, nullptr, 0};
  simplify(f, none);
  EXPECT_EQ(ir::print(f), before);
}

}  // namespace
}  // namespace frit::lower
