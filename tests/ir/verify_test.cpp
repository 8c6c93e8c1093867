// The verifiers: texts that read well but mean nothing, and functions that no text can give.
#include "ir/verify.h"

#include <gtest/gtest.h>

#include <functional>

#include "tests/ir/examples.h"

namespace frit::ir {
namespace {

using test::examples;

struct Wrong {
  std::string text;
  int line;
  const char* message;
};

void expect_refused(const std::vector<Wrong>& table) {
  for (const Wrong& w : table) {
    SCOPED_TRACE(w.text);
    try {
      parse_verified(w.text, "t.ir");
      ADD_FAILURE() << "no error; expected: " << w.message;
    } catch (const Error& e) {
      EXPECT_NE(e.message.find(w.message), std::string::npos) << e.what() << "\nexpected: " << w.message;
      EXPECT_EQ(e.where.line, w.line) << e.what();
      EXPECT_STREQ(e.where.file, "t.ir");
    }
    const Func f = parse(w.text);
    EXPECT_THROW(verify(f), std::logic_error);
    EXPECT_THROW(verify(f, true), Error);
  }
}

TEST(Verify, TakesTheExamples) {
  for (const std::string& text : examples()) EXPECT_NO_THROW(verify(parse(text)));
}

TEST(Verify, TensorLevel) {
  auto text = [](const std::string& lines) { return "func @f(%x: f32[2,3]) {\n" + lines + "\n}\n"; };
  expect_refused({
      {"func @f() {\n}\n", 1, "the function does not end in return"},
      {text("  %a = exp %x : f32[2,3]"), 1, "the function does not end in return"},
      {text("  return\n  return"), 2, "has to be the last op of its region"},
      {text("  %a = exp %x : f32[2,4]\n  return"), 2, "the result is f32[2,3], not f32[2,4]"},
      {text("  %a = exp %x : f64[2,3]\n  return"), 2, "the result is f32[2,3], not f64[2,3]"},
      {text("  %a, %b = exp %x : f32[2,3], f32[2,3]\n  return"), 2, "has 1 result, not 2"},
      {text("  exp %x\n  return"), 2, "has 1 result, not 0"},
      {text("  %a = exp %x axis=1 : f32[2,3]\n  return"), 2, "has no attribute axis="},
      {text("  %a = exp [1] %x : f32[2,3]\n  return"), 2, "takes 0 index expressions, not 1"},
      {text("  %a = exp %x : f32[2,3] {\n  }\n  return"), 2, "has 0 regions, not 1"},
      {text("  %a = add %x, 1.0:f64 : f32[2,3]\n  return"), 2, "f32[2,3] and f64 are of different types"},
      {text("  %a = reduce.sum %x axes=[2] : f32[2,3]\n  return"), 2, "axis 2 does not exist"},
      {text("  finish {\n  }\n  return"), 2, "does not stand at the tensor level"},
      {text("  %r = fused over [] : f32 {\n    yield 1.0:f32\n  }\n  return"), 2, "does not stand at the tensor level"},
      {"func @f() -> f32 {\n  return 1.0:f32\n}\n", 2, "operand 0 is the number 1.0; a tensor is needed here"},
      {"func @f(%x: buf f32) {\n  return\n}\n", 1, "the parameter %x is of type buf f32; it has to be a tensor"},
      {"func @f(%x: index) {\n  return\n}\n", 1, "it has to be a tensor"},
      {"func @f(%x: f32[2,3] strides=[1]) {\n  return\n}\n", 1, "the parameter %x has 1 stride and 2 axes"},
      {"func @f(%x: f32[2] strides=[-1]) {\n  return\n}\n", 1, "the parameter %x has a negative stride"},
  });
}

TEST(Verify, FusedLevel) {
  // In the region: i of extent 4 and j of extent 8; %a is read at both.
  auto fused = [](const std::string& lines, const std::string& result = "f32[4,8]", const std::string& operands = "%x, %k, %s", const std::string& more = "") {
    return "fused func @f(%x: f32[4,8], %k: i64[4], %s: f32, %p: f32[4], %e: f32[0]) {\n%q = exp %x : f32[4,8]\n%r = fused " + operands +
           " over [i:4, j:8, z:0, n:n]" + more + " : " + result + " {\n%a = read %x[i, j] : f32\n" + lines + "\n}\nreturn\n}\n";
  };
  const std::string end = "\nyield %a[i, j]";
  EXPECT_NO_THROW(parse_verified(fused("yield %a[i, j]")));
  EXPECT_NO_THROW(parse_verified(fused("%b = read %x[i + z, j + 100] : f32" + end)));  // z has no values: never read
  EXPECT_NO_THROW(parse_verified(fused("%b = read %x[n, 0] : f32" + end)));              // not known
  expect_refused({
      // head
      {fused(end, "f32[4,8]", "%x, %x"), 3, "the operand %x stands twice"},
      {fused(end, "f32[4,8]", "1.0:f32"), 3, "its operands have to be tensors"},
      {fused(end, "f32[4,8]", "%x", " axis=1"), 3, "has no attribute axis="},
      {fused(end, "f32[4,8]", "%x", " schedule=1"), 3, "attribute schedule= is of the wrong kind"},
      {fused(end, "index"), 3, "a result is of type index; it has to be a tensor"},
      {fused(""), 3, "its region does not end in yield"},
      {"fused func @f() {\n%r = fused : f32 {\nyield 1.0:f32\n}\nreturn\n}\n", 2, "attribute space= is missing"},
      {"fused func @f() {\n%r = fused space=[4] : f32 {\nyield 1.0:f32\n}\nreturn\n}\n", 2, "has 0 region arguments and 1 extents"},
      {"fused func @f() {\n%r = fused space=[4] : f32 { (%i: i64)\nyield 1.0:f32\n}\nreturn\n}\n", 2, "its region arguments have to be indices"},
      {"fused func @f() {\nfused over [] {\nyield\n}\nreturn\n}\n", 2, "has no results"},
      {"fused func @f() {\n%r = fused over [] : f32 {\nyield 1.0:f32\n} {\nyield\n}\nreturn\n}\n", 2, "has 1 region, not 2"},
      {"fused func @f() {\nyield\n}\n", 2, "does not stand at the fused level"},
      {"fused func @f() {\nprefetch\nreturn\n}\n", 2, "does not stand at the fused level"},
      // values
      {fused("yield %s[i, j]"), 5, "%s stands outside of the region"},
      {fused("%b = exp %s : f32" + end), 5, "%s stands outside of the region"},
      {fused("%b = exp %i : f32" + end), 5, "%i is an index; it has to be a scalar here"},
      {fused("%b = exp %a : f64" + end), 5, "the result is f32, not f64"},
      {fused("%b = exp %a : f32[1]" + end), 5, "the result is f32[1]; values of the region are scalars"},
      {fused("%b = reshape %a : f32" + end), 5, "does not stand in a fused region"},
      {fused("%b = load %x : f32" + end), 5, "does not stand in a fused region"},
      {fused("%b = exp %a : f32 {\n}" + end), 5, "has 0 regions, not 1"},
      {fused("%b, %c = exp %a : f32, f32" + end), 5, "has 1 result, not 2"},
      {fused("%b = index [%s] : i64" + end), 5, "%s of type f32 stands in an index expression"},
      {fused("%b = index [i*%j] : i64" + end), 5, "an index expression has a product of values"},
      {fused("%b = index [i] : i32" + end), 5, "the result is i32; it has to be i64"},
      {fused("%b = index [i, j] : i64" + end), 5, "takes 1 index expression, not 2"},
      // read
      {fused("%b = read %a : f32" + end), 5, "operand 0 has to be a tensor from outside of the region"},
      {fused("%b = read 1.0:f32 : f32" + end), 5, "operand 0 has to be a tensor from outside of the region"},
      {fused("%b = read %p[i] : f32" + end), 5, "%p is not among the operands of fused"},
      {fused("%b = read %x[i] : f32" + end), 5, "takes 2 index expressions, not 1"},
      {fused("%b = read %x[i, j] : i32" + end), 5, "the result is i32, but f32[4,8] is read"},
      {fused("%b = read %x[i + 1, j] : f32" + end), 5, "index 0 can leave its axis of f32[4,8]"},
      {fused("%b = read %x[i, 6 - j] : f32" + end), 5, "index 1 can leave its axis of f32[4,8]"},
      {fused("%b = read %x[9223372036854775807*i, j] : f32" + end), 5, "index 0 can leave its axis"},
      {fused("%b = read %x[i + 1, j] guard=0.0:f64 : f32" + end), 5, "the guard is of type f64, but f32[4,8] is read"},
      {fused("%b = read %x[i + 1, j] guard=0 : f32" + end), 5, "attribute guard= is of the wrong kind"},
      {fused("%d = read %k[i] : i64\n%b = read %x[%d, j] : f32" + end), 6, "the operands after the first are not the dynamic indices"},
      {fused("%d = read %k[i] : i64\n%b = read %x[i, j], %d : f32" + end), 6, "the operands after the first are not the dynamic indices"},
      {fused("%b = read %x[i, j], 1:i64 : f32" + end), 5, "a dynamic index has to be a value"},
      // reductions
      {fused("%m = reduce.max %a axes=[0] : f32" + end), 5, "reduces over indices here, not over axes="},
      {fused("%m = reduce.max %a : f32" + end), 5, "reduces over nothing"},
      {fused("%m = reduce.max %a over j, j : f32" + end), 5, "reduces over %j twice"},
      {fused("%m = reduce.max %a over 2*j : f32" + end), 5, "reduces over region arguments only"},
      {fused("%m = reduce.max %a over 3 : f32" + end), 5, "reduces over region arguments only"},
      {fused("%d = read %k[i] : i64\n%m = reduce.max %a over %d : f32" + end), 6, "reduces over region arguments only"},
      {fused("%m = reduce.any %a over j : bool" + end), 5, "does not take f32"},
      {fused("%m = reduce.argmax %a over j : f32" + end), 5, "the result is i64, not f32"},
      {fused("%m = reduce.argmax %a over z : i64" + end), 5, "of nothing: the reduced extent is 0"},
      {fused("%m = reduce.max %a, %a over j : f32" + end), 5, "takes 1 operand, not 2"},
      {fused("%m = reduce.dot %a over j : f32" + end), 5, "takes 2 operands, not 1"},
      {fused("%m = reduce.dot %a, 1:i32 over j : f32" + end), 5, "takes two numbers of one type"},
      {fused("%m = reduce.dot %a, %a over j : f64" + end), 5, "the result is f64, not f32"},
      // yield
      {fused("yield %a[i, j], %a[i, j]"), 5, "yields 2 values for 1 results"},
      {fused("yield %a[i]"), 5, "takes 2 index expressions, not 1"},
      {fused("%i1 = index [i] : i64\nyield %i1[i, j]"), 6, "yields i64 for f32[4,8]"},
      {fused("yield %a[j, i]"), 5, "axis 0 of f32[4,8] is indexed by an argument of extent 8"},
      {fused("yield %a[i, 0]"), 5, "index 0 on axis 1 of f32[4,8]"},
      {fused("yield %a[i, j + 1]"), 5, "an index of a result is a region argument or 0"},
      {fused("yield %a[i, i]", "f32[4,4]"), 5, "an argument indexes two axes of f32[4,4]"},
      {fused("yield %a[i]", "f32[4]"), 5, "value 0 varies over %j, which is not in its index"},
      {fused("%m = reduce.max %a over i : f32\nyield %m[i, 0]", "f32[4,1]"), 6, "value 0 varies over %j"},
  });
}

TEST(Verify, KernelLevel) {
  auto kernel = [](const std::string& lines) { return "kernel @k(%x: buf f32, %y: buf i64, %n: index) {\n%t = local [8] : buf f32\n" + lines + "\n}\n"; };
  auto work = [&](const std::string& lines) { return kernel("work [%n] { (r)\n" + lines + "\n}"); };
  EXPECT_NO_THROW(parse_verified(work("")));
  EXPECT_NO_THROW(parse_verified(work("%d = index.div [r, 4] : index\nlanes [0, 4] { (j)\nprefetch %x[j*%d]\n}")));
  expect_refused({
      // body
      {"kernel @k(%x: f32) {\nwork [1] { (r)\n}\n}\n", 1, "the parameter %x is of type f32; it has to be a buffer or an index"},
      {"kernel @k(%n: index, %x: buf f32) {\nwork [1] { (r)\n}\n}\n", 1, "the buffer %x stands after an index"},
      {kernel(""), 1, "a kernel has one work"},
      {kernel("work [1] { (r)\n}\nwork [1] { (s)\n}"), 5, "a kernel has one work"},
      {kernel("finish {\n}"), 3, "stands once, after work"},
      {kernel("work [1] { (r)\n}\nfinish {\n}\nfinish {\n}"), 7, "stands once, after work"},
      {kernel("%d = index.div [%n, 2] : index\n%u = local [1] : buf f32\nwork [1] { (r)\n}"), 4, "stands first in the body"},
      {kernel("work [1] { (r)\n}\n%d = index.div [%n, 2] : index"), 5, "stands before work"},
      {kernel("%a = load %x[0] : f32"), 3, "does not stand in the body of a kernel"},
      {kernel("return"), 3, "does not stand in the body of a kernel"},
      {kernel("%u = local [-1] : buf f32"), 3, "the size is negative"},
      {kernel("%u = local [1] : f32"), 3, "the result is f32; it has to be a buffer"},
      {kernel("%d = index.div [%n, 2] : index\nwork [%d] { (r)\n}"), 4, "takes constants and parameters only"},
      {kernel("%d = index.div [%n, 0] : index"), 3, "the divisor is not positive"},
      {kernel("%d = index.div [%n, 2] : i64"), 3, "the result is index, not i64"},
      {kernel("%d = index.div [%n] : index"), 3, "takes 2 index expressions, not 1"},
      {kernel("work [1] {\n}"), 3, "its region has 1 argument, not 0"},
      {kernel("work [1] { (%r: i64)\n}"), 3, "its region's arguments have to be indices"},
      {kernel("work [1]"), 3, "has 1 region, not 0"},
      {kernel("work [1] schedule=2 { (r)\n}"), 3, "attribute schedule= is of the wrong kind"},
      {kernel("work [1] segments=0 { (r)\n}"), 3, "attribute segments= is at least 1"},
      {kernel("work [1] segments=2 { (r)\n}\nfinish {\n}"), 5, "does not stand in a kernel with segments"},
      // loops
      {work("yield"), 4, "nothing takes values from work"},
      {work("loop [0, 4] { (k)\nyield 1.0:f32\n}"), 5, "nothing takes values from loop"},
      {work("loop [0, 4] step=0 { (k)\n}"), 4, "attribute step= is at least 1"},
      {work("loop [0] { (k)\n}"), 4, "takes 2 index expressions, not 1"},
      {work("%u = local [1] : buf f32"), 4, "does not stand here in a kernel"},
      {work("work [1] { (s)\n}"), 4, "does not stand here in a kernel"},
      {work("lanes [0, 4] { (j)\nlanes [0, 4] { (k)\n}\n}"), 5, "does not stand here in a kernel"},
      {work("lanes [0, 4] { (j)\nloop [0, 4] { (k)\n}\n}"), 5, "does not stand here in a kernel"},
      {work("lanes [0, 4] { (j)\nyield 1.0:f32\n}"), 4, "yields 1 values for 0 reductions"},
      {work("%m = lanes [0, 4] reduce=[reduce.max] : f32 { (j)\n}"), 4, "yields 0 values for 1 reductions"},
      {work("%m = lanes [0, 4] reduce=[reduce.max] : f64 { (j)\nyield 1.0:f32\n}"), 4, "result 0 is f32, not f64"},
      {work("%m = lanes [0, 4] reduce=[add] : f32 { (j)\nyield 1.0:f32\n}"), 4, "reduces by add, which is no reduction"},
      {work("%m = lanes [0, 4] reduce=[reduce.dot] : f32 { (j)\nyield 1.0:f32\n}"), 4, "reduces by reduce.dot, which is no reduction"},
      {work("%m = lanes [0, 4] reduce=[reduce.any] : bool { (j)\nyield 1.0:f32\n}"), 4, "reduce.any does not take f32"},
      {work("%m = lanes [0, 4] reduce=[reduce.max] tree=2 : f32 { (j)\nyield 1.0:f32\n}"), 4, "attribute tree= is 0 or 1"},
      {work("lanes [0, 4] unroll=0 { (j)\n}"), 4, "attribute unroll= is at least 1"},
      {work("cols [0, 1, 0, 1] { (k, j)\n}"), 4, "attribute reduce= is missing"},
      {work("cols [0, 1, 0, 1] %t reduce=[reduce.max] { (j)\nyield 1.0:f32\n}"), 4, "its region has 2 arguments, not 1"},
      {work("cols [0, 1, 0, 1] %x reduce=[reduce.max] { (k, j)\nyield 1.0:f32\n}"), 4, "operand 0 has to be a local array"},
      {work("cols [0, 1, 0, 1] %t reduce=[reduce.argmax] { (k, j)\nyield 1.0:f32\n}"), 4, "local array 0 has to hold i64"},
      {work("cols [0, 1, 0, 1] %t reduce=[reduce.dot] { (k, j)\nyield 1.0:f32\n}"), 4, "reduces by reduce.dot, which is no reduction"},
      {work("product [0, 1, 0, 1, 0, 1] %t size=1 { (k, i, j)\nyield 1.0:f32\n}"), 4, "yields two numbers of one type"},
      {work("product [0, 1, 0, 1, 0, 1] %t size=1 { (k, i, j)\nyield 1.0:f32, 1.0:f64\n}"), 4, "yields two numbers of one type"},
      {work("product [0, 1, 0, 1, 0, 1] %t size=1 { (k, i, j)\nyield 1.0:f64, 1.0:f64\n}"), 4, "the local array is of another type"},
      {work("product [0, 1, 0, 1, 0, 1] %t size=0 { (k, i, j)\nyield 1.0:f32, 1.0:f32\n}"), 4, "attribute size= is at least 1"},
      {work("product [0, 1, 0, 1, 0, 1] %t { (k, i, j)\nyield 1.0:f32, 1.0:f32\n}"), 4, "attribute size= is missing"},
      {work("product [0, 1, 0, 1] %t size=1 { (k, i, j)\nyield 1.0:f32, 1.0:f32\n}"), 4, "takes 6 index expressions, not 4"},
      {work("product [0, 1, 0, 1, 0, 1] %t size=1 { (k, j)\nyield 1.0:f32, 1.0:f32\n}"), 4, "its region has 3 arguments, not 2"},
      {work("product [0, 1, 0, 1, 0, 1] %x size=1 { (k, i, j)\nyield 1.0:f32, 1.0:f32\n}"), 4, "operand 0 has to be a local array"},
      {work("product [0, 1, 0, 1, 0, 1] %t size=1 { (k, i, j)\n%a = load %x[k + i + 2*j] : f32\nyield 1.0:f32, %a\n}"), 4, "a yielded value depends on both i and j"},
      {work("cols [0, 1, 0, 1] %t reduce=[reduce.max] { (k, j)\nstore %t[0], 1.0\nyield 1.0:f32\n}"), 5, "does not stand in cols"},
      // memory and scalars
      {work("%a = load %n[0] : f32"), 4, "operand 0 has to be a buffer"},
      {work("%a = load %x[0] : f64"), 4, "the result is f32, not f64"},
      {work("%a = load %x[0], true : f32"), 4, "takes a buffer, or a buffer, a condition and a number"},
      {work("%a = load %x[0], 1:u8, 1.0 : f32"), 4, "operand 1 is of type u8, not bool"},
      {work("%a = load %x[0] : f32\n%b = load %x[0], true, %a : f32"), 5, "operand 2 has to be a number written in place"},
      {work("%a = load %x : f32"), 4, "takes 1 index expression, not 0"},
      {work("store %x[0], 1:i64"), 4, "operand 1 is of type i64, not f32"},
      {work("store %x[0], 1.0 stream=2"), 4, "attribute stream= is 0 or 1"},
      {work("tile %x[0, 1, 2, 3], %t"), 4, "attribute size= is missing"},
      {work("tile %x[0, 1, 2, 3], %y size=4"), 4, "operand 1 has to be a local array"},
      {work("tile %y[0, 1, 2, 3], %t size=4"), 4, "source and local array are of different types"},
      {work("tile %x[0, 1, 2, 5], %t size=4"), 4, "a count is not from 0 to size=4"},
      {work("%a = exp %n : f32"), 4, "takes scalars, not index"},
      {work("%a = exp %x : f32"), 4, "takes scalars, not buf f32"},
      {work("%a = exp 1.0 : f64[2]"), 4, "the result is f64, not f64[2]"},
      {work("prefetch %x[r*%r]"), 4, "the region argument %r scales an index"},
      {work("loop [0, 4] { (k)\n%d = index.div [k, 4] : index\nprefetch %x[k*%d]\n}"), 6, "%d scales an index, but is computed in a loop"},
      {work("%a = load %y[0] : i64\nprefetch %x[r*%a]"), 5, "%a of type i64 scales an index"},
      {work("%a = load %x[0] : f32\nprefetch %x[%a]"), 5, "%a of type f32 stands in an index expression"},
  });
}

// Functions that no text can give: each change to a good one is refused.
TEST(Verify, Structure) {
  const std::string& text = examples()[1];  // op 0 is fused, op 1 its first read; values 0 and 1 are parameters
  const std::vector<std::pair<const char*, std::function<void(Func&)>>> changes = {
      {"an operand is no value of the function", [](Func& f) { f.ops[0].operands[0].value = 1000; }},
      {"an operand is no value of the function", [](Func& f) { f.ops[0].operands[0].value = -2; }},
      {"an operand is no value of the function", [](Func& f) { f.ops[1].index[0].terms[0].var = -5; }},
      {"is used where it is not defined", [](Func& f) { std::swap(f.ops[0].regions[0].ops[0], f.ops[0].regions[0].ops[1]); }},
      {"is used where it is not defined", [](Func& f) { f.op(f.body.ops[1]).operands[0].value = f.ops[1].results[0]; }},
      {"a defined value does not exist", [](Func& f) { f.ops[0].results[0] = 1000; }},
      {"is defined twice", [](Func& f) { f.ops[0].results[0] = f.body.args[0]; }},
      {"names another op as its definition", [](Func& f) { f.value(f.ops[0].results[0]).def = 3; }},
      {"a region lists an op that does not exist", [](Func& f) { f.body.ops[0] = 1000; }},
      {"a region lists an op that does not exist", [](Func& f) { f.body.ops[0] = -1; }},
      {"the op stands in two places", [](Func& f) { f.body.ops.insert(f.body.ops.begin(), f.body.ops[0]); }},
      {"the op stands in two places", [](Func& f) { f.ops[0].regions[0].ops.insert(f.ops[0].regions[0].ops.begin(), 0); }},
      {"its place is not in the list of places", [](Func& f) { f.ops[0].loc = 1; }},
      {"its place is not in the list of places", [](Func& f) { f.ops[0].loc = -2; }},
      {"a place's caller is not in the list of places", [](Func& f) { f.places[0].from = 7; }},
      {"a place's caller is not in the list of places, or is itself", [](Func& f) { f.places[0].from = 0; }},
      {"its attributes are not sorted", [](Func& f) { std::swap(f.ops[0].attrs[0], f.ops[0].attrs[1]); }},
      {"an index expression has a term of 0", [](Func& f) { f.ops[1].index[0].terms[0].coeff = 0; }},
      {"the terms of an index expression are not sorted", [](Func& f) { f.ops[1].index[0].terms.push_back(f.ops[1].index[0].terms[0]); }},
      {"only parameters have strides", [](Func& f) { f.value(f.ops[0].results[0]).strides = {1, 128}; }},
      {"only parameters have strides or are captured", [](Func& f) { f.value(f.ops[0].results[0]).captured = true; }},
      {"an index or buffer has no extents", [](Func& f) { f.value(f.ops[0].regions[0].args[0]).type.dims = {3}; }},
      {"an index is an i64", [](Func& f) { f.value(f.ops[0].regions[0].args[0]).type.dtype = DType::f32; }},
      {"has bits that no number of it has", [](Func& f) { f.op(f.body.ops[1]).operands[1].lit.bits = 0x7fc00001; }},
      {"has bits that no number of it has", [](Func& f) { f.op(f.body.ops[1]).operands[1].lit.bits = uint64_t{1} << 32; }},
      {"overflows 64 bits", [](Func& f) { f.value(0).type.dims = {INT64_MAX, 2}; }},
  };
  for (const auto& [message, change] : changes) {
    Func f = parse(text);
    verify(f);
    change(f);
    try {
      verify(f);
      ADD_FAILURE() << "no error; expected: " << message;
    } catch (const std::logic_error& e) {
      EXPECT_NE(std::string(e.what()).find(message), std::string::npos) << e.what() << "\nexpected: " << message;
      EXPECT_NE(std::string(e.what()).find("@softmax"), std::string::npos) << e.what();
    }
  }
}

TEST(Verify, ReportsAtTheOpsPlaceWithoutText) {
  const Func f = parse("func @f(%x: f32[2]) {\n%a = exp %x : f32[3] @2\nreturn\n}\n@1 = \"demo.cpp\":7:8\n@2 = \"frontend/nn.h\":1:2 from @1\n");
  try {
    verify(f, true);
    FAIL();
  } catch (const Error& e) {
    EXPECT_STREQ(e.where.file, "demo.cpp");
    EXPECT_EQ(e.where.line, 7);
    EXPECT_EQ(e.op, "exp");
  }
}

}  // namespace
}  // namespace frit::ir
