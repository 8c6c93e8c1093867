// Broken texts: each is refused at its place, with what was expected.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "ir/text.h"

namespace frit::ir {
namespace {

struct Broken {
  std::string text;
  int line, column;
  const char* message;
};

std::string body(const std::string& lines) { return "func @f(%x: f32[2]) {\n" + lines + "\n}\n"; }

std::string repeated(const std::string& s, int n) {
  std::string out;
  for (int i = 0; i < n; ++i) out += s;
  return out;
}

TEST(ParseErrors, AreAtTheirPlace) {
  const std::vector<Broken> table = {
      {"", 1, 1, "expected 'func', 'fused func' or 'kernel', not the end of the text"},
      {"frit 2\n", 1, 6, "this text has version 2; version 1 can be read"},
      {"frit\n", 1, 5, "expected the version of the text form, not the end of the line"},
      {"frit 1\nfrit 1\n", 2, 1, "expected 'func', 'fused func' or 'kernel', not 'frit'"},
      {"fused kernel @f() {\n}\n", 1, 7, "expected 'func', not 'kernel'"},
      {"func f() {\n}\n", 1, 6, "expected the function's name, such as @f, not 'f'"},
      {"func @() {\n}\n", 1, 6, "a name must follow '@'"},
      {"func @f(x: f32) {\n}\n", 1, 9, "expected a parameter, such as %x: f32[4], not 'x'"},
      {"func @f(%x) {\n}\n", 1, 11, "expected ':', not ')'"},
      {"func @f(%x: f33) {\n}\n", 1, 13, "there is no element type 'f33'"},
      {"func @f(%x: f32[) {\n}\n", 1, 17, "expected an extent (a number or a symbol), not ')'"},
      {"func @f(%x: f32[-1]) {\n}\n", 1, 17, "an extent is never negative"},
      {"func @f(%x: f32[1.5]) {\n}\n", 1, 17, "expected an extent (a number or a symbol), not '1.5'"},
      {"func @f(%x: f32[9223372036854775808]) {\n}\n", 1, 17, "this number does not fit in 64 bits"},
      {"func @f(%x: f32[99999999999999999999999999]) {\n}\n", 1, 17, "this number does not fit in 64 bits"},
      {"func @f(%x: f32[4294967296,4294967296]) {\n}\n", 1, 13, "the size of f32[4294967296,4294967296] in bytes overflows 64 bits"},
      {"func @f(%x: f64[0,4611686018427387904,n]) {\n}\n", 1, 13, "in bytes overflows 64 bits"},
      {"func @f(%x: f32, %x: f32) {\n}\n", 1, 18, "the name %x is taken"},
      {"func @f(%x: f32 strides=1) {\n}\n", 1, 25, "expected '[', not '1'"},
      {"func @f() -> f32 {\n}\n", 1, 11, "the function is said to return f32, but returns nothing"},
      {"func @f(%x: f32) -> (f32, f64) {\n  return %x\n}\n", 1, 18, "the function is said to return f32, f64, but returns f32"},
      {"func @f(%x: f32) {\n  return %x\n}\n", 1, 18, "the function is said to return nothing, but returns f32"},
      {"func @f() { return }\n", 1, 13, "expected the end of the line, not 'return'"},
      {"func @f() {\n", 2, 1, "expected an op or '}', not the end of the text"},
      {"func @f() {\n}\nfunc @g() {\n}\n", 3, 1, "expected a place, such as @1 = \"demo.cpp\":12:11, not 'func'"},
      {body("  %a = foo %x : f32[2]"), 2, 8, "there is no op 'foo'"},
      {body("  %a = exp %y : f32[2]"), 2, 12, "there is no value %y"},
      {body("  %a = exp %a : f32[2]"), 2, 12, "%a is used inside of the op that makes it"},
      {body("  %a = exp %b : f32[2]\n  %b = exp %x : f32[2]"), 2, 12, "there is no value %b"},
      {body("  %a = exp %x : f32[2]\n  %a = exp %x : f32[2]"), 3, 3, "the name %a is taken"},
      {body("  %x = exp %x : f32[2]"), 2, 3, "the name %x is taken"},
      {body("  %a = exp %x"), 2, 14, "1 result but 0 types"},
      {body("  exp %x : f32[2]"), 2, 10, "0 results but 1 type"},
      {body("  %a, %b = exp %x : f32[2]"), 2, 19, "2 results but 1 type"},
      {body("  %a = exp %x, : f32[2]"), 2, 16, "expected an operand (a value or a number), not ':'"},
      {body("  %a = reduce.sum [1] : f32[2]"), 2, 19, "expected an operand, not '['"},
      {body("  %a = exp %x %x : f32[2]"), 2, 15, "0 types"},
      {body("  %a exp %x : f32[2]"), 2, 6, "expected '=', not 'exp'"},
      {body("  %a = add %x, 1.0.0 : f32[2]"), 2, 19, "a number cannot go on with '.'"},
      {body("  %a = add %x, 1e : f32[2]"), 2, 16, "a number ends in its exponent"},
      {body("  %a = add %x, 1x : f32[2]"), 2, 17, "a number cannot go on with 'x'"},
      {body("  %a = add %x, 1e999 : f32[2]"), 2, 16, "this number is outside of the range of f32"},
      {body("  %a = cast 256:u8 to=f32 : f32"), 2, 13, "this number is outside of the range of u8"},
      {body("  %a = cast 1.5:i32 to=f32 : f32"), 2, 13, "expected a number of type i32, not '1.5'"},
      {body("  %a = cast -1:u32 to=f32 : f32"), 2, 13, "expected a number of type u32, not '-1'"},
      {body("  %a = cast 1:bool to=f32 : f32"), 2, 13, "expected true or false, not '1'"},
      {body("  %a = cast true:f32 to=f32 : f32"), 2, 13, "expected a number of type f32, not 'true'"},
      {body("  %a = cast 1.0 to=f32 : f32"), 2, 16, "the type of this number is not clear"},
      {body("  %a = cast 1.0:x to=f32 : f32"), 2, 17, "there is no element type 'x'"},
      {body("  %a = cast 1.0:4 to=f32 : f32"), 2, 17, "expected the type of the number, not '4'"},
      {body("  %a = exp %x foo=1 : f32[2]"), 2, 15, "expected an attribute, ':' or the end of the line, not 'foo'"},
      {body("  %a = exp %x axis : f32[2]"), 2, 20, "expected '=', not ':'"},
      {body("  %a = exp %x axis= : f32[2]"), 2, 21, "expected the value of the attribute, not ':'"},
      {body("  %a = exp %x axis=1 axis=1 : f32[2]"), 2, 22, "the attribute axis= stands twice"},
      {body("  %a = exp %x axis=nan : f32[2]"), 2, 20, "the type of this number is not clear"},
      {body("  %a = exp %x axis=1.5 : f32[2]"), 2, 20, "expected a number of type i64, not '1.5'"},
      {body("  %a = exp %x axes=[1,] : f32[2]"), 2, 23, "expected a whole number, not ']'"},
      {body("  %a = exp %x axes=[1 2] : f32[2]"), 2, 23, "expected ']', not '2'"},
      {body("  %a = exp %x reduce=[foo] : f32[2]"), 2, 23, "there is no op 'foo'"},
      {body("  %a = exp %x schedule=\"abc : f32[2]"), 2, 24, "a string without its closing quote"},
      {body("  %a = exp %x schedule=\"a\\qb\" : f32[2]"), 2, 26, "an escape is one of"},
      {body("  %a = exp %x over x : f32[2]"), 2, 8, "exp does not take 'over'"},
      {body("  %a = exp %x : f32[2] @1"), 2, 24, "the place '@1' is not in the list at the end"},
      {body("  %a = exp %x : f32[2] @0"), 2, 24, "expected the number of a place, such as @1"},
      {body("  %a = exp %x : f32[2] @99999999999"), 2, 24, "expected the number of a place, such as @1"},
      {body("  %a = exp %x : f32[2] {"), 4, 1, "expected an op or '}', not the end of the text"},
      {body("  %a = exp %x : f32[2] ?"), 2, 24, "the character '?' has no meaning here"},
      {body("  %a = exp %x : f32[2] \x80"), 2, 24, "the byte 0x80 has no meaning here"},
      {body("  %a = exp %") + "", 2, 12, "a name must follow '%'"},
      {body("  return") + "@2 = \"a\":1:1\n", 4, 1, "expected @1: places are listed in order"},
      {body("  return") + "@1 = \"a\":1\n", 4, 11, "expected ':', not the end of the line"},
      {body("  return") + "@1 = \"a\":-1:1\n", 4, 10, "a line is a number from 0 to 2147483647"},
      {body("  return") + "@1 = \"a\":1:99999999999\n", 4, 12, "a column is a number from 0 to 2147483647"},
      {body("  return") + "@1 = \"a\":1:1 from @1\n", 4, 19, "a caller's place stands above"},
      {"kernel @k(%b: buf) {\n}\n", 1, 18, "expected an element type, not ')'"},
      {"kernel @k(%b: buf f32) {\n  prefetch %b[]]\n}\n", 2, 16, "expected the end of the line, not ']'"},
      {"kernel @k(%b: buf f32) {\n  prefetch %b[1 +]\n}\n", 2, 18, "expected an index variable or a number, not ']'"},
      {"kernel @k(%b: buf f32) {\n  prefetch %b[2*3]\n}\n", 2, 17, "expected an index variable or a number, not '3'"},
      {"kernel @k(%b: buf f32) {\n  prefetch %b[q]\n}\n", 2, 15, "there is no value %q"},
      {"kernel @k(%b: buf f32) {\n  prefetch %b[1.5]\n}\n", 2, 15, "expected a whole number, not '1.5'"},
      {"kernel @k(%b: buf f32) {\n  prefetch %b[9223372036854775807 + 1]\n}\n", 2, 15, "a count overflows 64 bits"},
      {"kernel @k(%b: buf f32, %n: index) {\n  prefetch %b[9223372036854775807*%n + %n]\n}\n", 2, 15, "a count overflows 64 bits"},
      {"kernel @k(%b: buf f32, %n: index) {\n  work [%n] { (r)\n    prefetch %b[r]\n  }\n  prefetch %b[r]\n}\n", 5, 15, "%r belongs to a region that has ended"},
      {"kernel @k(%n: index) {\n  work [%n] { (n)\n  }\n}\n", 2, 16, "the name %n is taken"},
      {"kernel @k(%n: index) {\n  work [%n] { ()\n  }\n}\n", 2, 16, "expected the name of an argument, not ')'"},
      {"fused func @f() {\n  %r = fused over [i] : f32 {\n  }\n}\n", 2, 21, "expected ':', not ']'"},
      {"fused func @f() {\n  %r = fused over [i:4] : f32\n}\n", 2, 30, "expected the region of fused, not the end of the line"},
      {"fused func @f() {\n  %r = fused over [i:4, i:4] : f32 {\n  }\n}\n", 2, 25, "the name %i is taken"},
      {"kernel @k() {\n" + repeated("finish {\n", 100000), 66, 8, "more than 64 regions inside of each other"},
  };
  for (const Broken& b : table) {
    SCOPED_TRACE(b.text.substr(0, 200));
    try {
      parse(b.text, "t.ir");
      ADD_FAILURE() << "no error; expected: " << b.message;
    } catch (const Error& e) {
      EXPECT_NE(e.message.find(b.message), std::string::npos) << e.what() << "\nexpected: " << b.message;
      EXPECT_EQ(e.where.line, b.line) << e.what();
      EXPECT_EQ(e.where.column, b.column) << e.what();
      EXPECT_STREQ(e.where.file, "t.ir");
    }
  }
}

TEST(ParseErrors, ChainsOfPlacesAreBounded) {
  std::string text = "func @f() {\n  return @3000\n}\n@1 = \"a\":1:1\n";
  for (int i = 2; i <= 3000; ++i) text += "@" + std::to_string(i) + " = \"a\":" + std::to_string(i) + ":1 from @" + std::to_string(i - 1) + "\n";
  EXPECT_THROW(parse(text), Error);
}

// Time must not explode on long texts: this one has 20,000 ops and as many equal names.
TEST(ParseErrors, LongTextsAreRead) {
  Func f;
  ValueId v = f.add_param(Type::tensor(DType::f32, Dims{4}), "x");
  for (int i = 0; i < 20000; ++i) {
    OpNode op;
    op.op = Op::exp;
    op.operands = {v};
    v = f.result(f.add_op(f.body, op, {f.type(v)}, "x"));
  }
  const std::string text = print(f);
  EXPECT_EQ(print(parse(text)), text);
}

}  // namespace
}  // namespace frit::ir
