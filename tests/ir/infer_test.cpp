// The type rules: what ops give, and what the user reads where they do not fit.
#include "ir/infer.h"

#include <gtest/gtest.h>

#include "ir/ops.h"
#include "ir/text.h"

namespace frit::ir {
namespace {

// The result type of the line `op` over the parameters `params`. The text's own result type counts for
// the ops that take one (full, iota, broadcast, reshape).
std::string type_of(const std::string& params, const std::string& line) {
  Func f = parse("func @f(" + params + ") {\n%r = " + line + "\n}\n");
  const OpNode& op = f.ops[0];
  const bool takes = op.op == Op::full || op.op == Op::iota || op.op == Op::broadcast || op.op == Op::reshape;
  return infer(f, op, takes ? std::optional<Type>(f.type(op.results[0])) : std::nullopt)[0].str();
}

struct Good {
  const char* params;
  const char* line;  // f32 stands for a result type that is not looked at
  const char* type;
};

TEST(Infer, Types) {
  for (const Good& g : std::vector<Good>{
           {"%x: f32[3,4], %y: f32[3,4]", "add %x, %y : f32", "f32[3,4]"},
           {"%x: f32[3,n], %y: f32[3,n]", "add %x, %y : f32", "f32[3,n]"},
           {"%x: f32, %y: f32[3,4]", "add %x, %y : f32", "f32[3,4]"},
           {"%x: f32[0], %y: f32", "fma %x, 2.0, %y : f32", "f32[0]"},
           {"%x: u8[3]", "lt %x, 3 : bool", "bool[3]"},
           {"", "lt 3:u8, 4:u8 : bool", "bool"},
           {"%x: f64[2]", "is_nan %x : f32", "bool[2]"},
           {"%p: bool[3], %x: i64", "where %p, %x, 3:i64 : f32", "i64[3]"},
           {"%p: bool, %x: i64[5]", "where %p, %x, 3:i64 : f32", "i64[5]"},
           {"%x: i32[4]", "cast %x to=f64 : f32", "f64[4]"},
           {"%x: bool[2,3]", "reduce.sum %x axes=[1] : f32", "i64[2,1]"},
           {"%x: u8[2,3]", "reduce.sum %x axes=[1,0] : f32", "u64[1,1]"},
           {"%x: i32[2,3]", "reduce.prod %x axes=[0] : f32", "i64[1,3]"},
           {"%x: u8[2,n]", "reduce.max %x axes=[1] : f32", "u8[2,1]"},
           {"%x: f32[2,3]", "reduce.argmax %x axes=[1] : f32", "i64[2,1]"},
           {"%x: f32[2,3]", "reduce.sum %x axes=[] : f32", "f32[2,3]"},
           {"%x: f32[0,3]", "reduce.max %x axes=[0] : f32", "f32[1,3]"},
           {"%x: bool[2]", "reduce.any %x axes=[0] : f32", "bool[1]"},
           {"%x: f32", "full %x : f32[2,n]", "f32[2,n]"},
           {"", "iota axis=1 : i32[2,3]", "i32[2,3]"},
           {"%x: f32[1,4]", "broadcast %x : f32[2,n,4]", "f32[2,n,4]"},
           {"%x: f32[n]", "broadcast %x : f32[2,n]", "f32[2,n]"},
           {"%x: f32[2,6]", "reshape %x : f32[3,1,4]", "f32[3,1,4]"},
           {"%x: f32[n,6]", "reshape %x : f32[2,n,3]", "f32[2,n,3]"},
           {"%x: f32[0,6]", "reshape %x : f32[7,0]", "f32[7,0]"},
           {"%x: f32[2,3,4]", "permute %x order=[2,0,1] : f32", "f32[4,2,3]"},
           {"%x: f32[10,5]", "slice %x start=[1,5] limit=[10,5] step=[3,1] : f32", "f32[3,0]"},
           {"%x: u8[9223372036854775807]", "slice %x start=[0] limit=[9223372036854775807] step=[9223372036854775807] : f32", "u8[1]"},
           {"%x: f32[2,3]", "pad %x, 0.0 low=[1,0] high=[0,4] : f32", "f32[3,7]"},
           {"%x: f32[n,3]", "pad %x, 0.0 low=[0,1] high=[0,0] : f32", "f32[n,4]"},
           {"%x: f32[2,3], %y: f32[2,0]", "concat %x, %y, %x axis=1 : f32", "f32[2,6]"},
           {"%x: f32[2,3]", "reverse %x axes=[1,0] : f32", "f32[2,3]"},
           {"%x: f32[2,3,4], %k: i32[5,6]", "gather %x, %k axis=1 : f32", "f32[2,5,6,4]"},
           {"%x: f32[2,3], %k: i64", "gather %x, %k axis=0 : f32", "f32[3]"},
           {"%x: f32[0,3], %k: i64[0]", "gather %x, %k axis=0 : f32", "f32[0,3]"},
           {"%x: f32[2,3], %y: f32[3,5]", "dot %x, %y lhs=[1] rhs=[0] batch_lhs=[] batch_rhs=[] : f32", "f32[2,5]"},
           {"%x: i32[7,2,n], %y: i32[n,5,7]", "dot %x, %y lhs=[2] rhs=[0] batch_lhs=[0] batch_rhs=[2] : f32", "i32[7,2,5]"},
           {"%x: f32[3], %y: f32[3]", "dot %x, %y lhs=[0] rhs=[0] batch_lhs=[] batch_rhs=[] : f32", "f32"},
           {"%x: f32[3], %y: f32[4]", "dot %x, %y lhs=[] rhs=[] batch_lhs=[] batch_rhs=[] : f32", "f32[3,4]"},
       })
    EXPECT_EQ(type_of(g.params, g.line), g.type) << g.params << " | " << g.line;
}

struct Bad {
  const char* params;
  const char* line;
  const char* message;
  const char* help;
};

TEST(Infer, Messages) {
  for (const Bad& b : std::vector<Bad>{
           {"%x: f32[3,4], %y: f32[5]", "add %x, %y : f32", "f32[3,4] and f32[5] do not broadcast: last axes 4 and 5", "axes are matched from the last; their extents must be equal, or one of them 1"},
           {"%x: f32[3,4], %y: f32[3]", "add %x, %y : f32", "f32[3,4] and f32[3] do not broadcast: last axes 4 and 3", "reshape the second operand to f32[3,1]"},
           {"%x: f32[3], %y: f32[3,4]", "add %x, %y : f32", "f32[3] and f32[3,4] do not broadcast: last axes 3 and 4", "reshape the first operand to f32[3,1]"},
           {"%x: f32[3,4], %y: f32[2,4]", "add %x, %y : f32", "f32[3,4] and f32[2,4] do not broadcast: axes 3 and 2 (number 2 from the last)", "axes are matched"},
           {"%x: f32[n], %y: f32[m]", "add %x, %y : f32", "f32[n] and f32[m] do not broadcast: last axes n and m", "axes are matched"},
           {"%x: f32[3,4], %y: f32[4]", "add %x, %y : f32", "f32[3,4] and f32[4] have different shapes", "broadcast the second to [3,4] first"},
           {"%x: f32[3,1], %y: f32[1,4]", "add %x, %y : f32", "f32[3,1] and f32[1,4] have different shapes", "broadcast both to [3,4] first"},
           {"%x: f32[3], %y: f64[3]", "add %x, %y : f32", "f32[3] and f64[3] are of different types", "cast one of them to f64"},
           {"%x: u32[3], %y: i32[3]", "add %x, %y : f32", "u32[3] and i32[3] are of different types", "cast both to i64"},
           {"%x: i32[3], %y: f32[3]", "add %x, %y : f32", "i32[3] and f32[3] are of different types", "these types have no common type; write the cast that you mean, as in x.to(f32) or y.to(i32)"},
           {"%x: bool[3]", "add %x, %x : f32", "takes numbers, not bool; the operand is bool[3]", "cast the operand to i32 or f32 first"},
           {"%x: i32[3]", "exp %x : f32", "takes floating-point types; the operand is i32[3]", "cast the operand to f32 or f64 first"},
           {"%x: f32[3]", "bit_and %x, %x : f32", "takes integers and bool; the operand is f32[3]", "cast the operand to an integer type first"},
           {"%x: i32[3]", "reduce.any %x axes=[0] : bool", "takes bool; the operand is i32[3]", "compare with zero first"},
           {"%x: f32[3]", "add %x : f32", "takes 2 operands, not 1", ""},
           {"%x: i32[3]", "where %x, %x, %x : f32", "the condition is i32[3]; it has to be bool", "compare with zero first"},
           {"%x: f32[3]", "cast %x : f32", "attribute to= is missing", ""},
           {"%x: f32[3]", "cast %x to=3 : f32", "attribute to= is of the wrong kind", ""},
           {"%x: f32[3,4]", "reduce.sum %x axes=[2] : f32", "axis 2 does not exist: the axes of f32[3,4] are 0 to 1", ""},
           {"%x: f32[3,4]", "reduce.sum %x axes=[-1] : f32", "axis -1 does not exist", ""},
           {"%x: f32", "reduce.sum %x axes=[0] : f32", "axis 0 does not exist: f32 has no axes", ""},
           {"%x: f32[3,4]", "reduce.sum %x axes=[1,1] : f32", "axis 1 stands twice in axes=[1,1]", ""},
           {"", "reduce.sum 1.0:f32 axes=[] : f32", "operand 0 is the number 1.0; a tensor is needed here", "make a tensor of it with full"},
           {"%x: f32[3,0]", "reduce.argmax %x axes=[1] : f32", "of nothing: the reduced extents of f32[3,0] are [0]", "check for an empty axis"},
           {"%x: f32[3]", "full %x : f32[2]", "takes one number; operand 0 is f32[3]", "use broadcast"},
           {"", "full 1.0:f64 : f32[2]", "cannot fill f32[2] with an f64 number", "cast it first"},
           {"", "full 1:u8 : f32[2]", "cannot fill f32[2] with a u8 number", ""},
           {"", "iota axis=0 : bool[2]", "takes numbers, not bool; the result is bool[2]", ""},
           {"", "iota axis=1 : f32[2]", "axis 1 does not exist: the axes of f32[2] are 0 to 0", ""},
           {"%x: f32[2]", "broadcast %x : f32[3]", "cannot make f32[3] of f32[2]: axis 0 has extent 2, not 1 or 3", "only axes of extent 1"},
           {"%x: f32[1,2]", "broadcast %x : f32[2]", "cannot make f32[2] of f32[1,2]: axes cannot be dropped", "use reshape"},
           {"%x: f32[2]", "broadcast %x : f64[2]", "cannot make f64[2] of f32[2]: the element types differ", ""},
           {"%x: f32[2,3]", "reshape %x : f32[4]", "cannot make f32[4] of f32[2,3]: 6 elements are not 4", "same product"},
           {"%x: f32[n]", "reshape %x : f32[m]", "cannot make f32[m] of f32[n]", ""},
           {"%x: f32[0,n]", "reshape %x : f32[n]", "cannot make f32[n] of f32[0,n]", ""},
           {"%x: f32[2,3]", "permute %x order=[0] : f32", "order=[0] has 1 axes, but f32[2,3] has 2", "name every axis once"},
           {"%x: f32[2,3]", "permute %x order=[0,0] : f32", "axis 0 stands twice in order=[0,0]", ""},
           {"%x: f32[2]", "slice %x start=[1] limit=[3] step=[1] : f32", "1 to 3 of axis 0 is outside of f32[2]", "0 <= start <= limit <= 2"},
           {"%x: f32[2]", "slice %x start=[2] limit=[1] step=[1] : f32", "2 to 1 of axis 0 is outside of f32[2]", ""},
           {"%x: f32[2]", "slice %x start=[0] limit=[2] step=[-1] : f32", "the step of axis 0 is -1", "reverse the axis first"},
           {"%x: f32[2,3]", "slice %x start=[0] limit=[2] step=[1] : f32", "start=[0] has 1 numbers, but f32[2,3] has 2 axes", ""},
           {"%x: f32[n]", "slice %x start=[0] limit=[2] step=[1] : f32", "the extent n of f32[n] is a symbol; it has to be a constant here", ""},
           {"%x: f32[2]", "pad %x, 0.0 low=[-1] high=[0] : f32", "low=[-1] high=[0] holds a negative count", "use slice"},
           {"%x: f32[2]", "pad %x, %x low=[1] high=[0] : f32", "the padding is f32[2]; it has to be one number", ""},
           {"%x: f32[2]", "pad %x, 0.0 low=[9223372036854775807] high=[0] : f32", "the padded extent of axis 0 overflows 64 bits", ""},
           {"%x: f32[2]", "pad %x, 0.0 low=[9223372036854775800] high=[0] : f32", "in bytes overflows 64 bits", "smaller extents"},
           {"%x: f32[2,3], %y: f32[3,3]", "concat %x, %y axis=1 : f32", "f32[2,3] and f32[3,3] differ in axis 0: 2 and 3", "only axis 1, along which they are joined, may differ"},
           {"%x: f32[2,3], %y: f32[3]", "concat %x, %y axis=1 : f32", "f32[2,3] and f32[3] have different numbers of axes", ""},
           {"", "concat axis=0 : f32", "takes at least one operand", ""},
           {"%x: f32[2], %k: u32[1]", "gather %x, %k axis=0 : f32", "the index is u32[1]; it has to be i32 or i64", "cast it first"},
           {"%x: f32[0], %k: i32[1]", "gather %x, %k axis=0 : f32", "axis 0 of f32[0] has no elements to take", ""},
           {"%x: f32[2,3], %y: f32[4,5]", "dot %x, %y lhs=[1] rhs=[0] batch_lhs=[] batch_rhs=[] : f32", "f32[2,3] and f32[4,5] do not fit: the contracted axes 1 and 0 have extents 3 and 4", "transpose"},
           {"%x: f32[2,3], %y: f32[3,5]", "dot %x, %y lhs=[1,0] rhs=[0] batch_lhs=[] batch_rhs=[] : f32", "the contracted axes [1,0] and [0] are not as many", ""},
           {"%x: f32[2,2], %y: f32[2,2]", "dot %x, %y lhs=[1] rhs=[0] batch_lhs=[1] batch_rhs=[1] : f32", "axis 1 stands in both lhs= and batch_lhs=", ""},
           {"%x: bool[2], %y: bool[2]", "dot %x, %y lhs=[0] rhs=[0] batch_lhs=[] batch_rhs=[] : f32", "takes numbers, not bool", ""},
           {"%x: f32[4000000000], %y: f32[4000000000]", "dot %x, %y lhs=[] rhs=[] batch_lhs=[] batch_rhs=[] : f32", "in bytes overflows 64 bits", ""},
       }) {
    SCOPED_TRACE(std::string(b.params) + " | " + b.line);
    try {
      type_of(b.params, b.line);
      ADD_FAILURE() << "no error";
    } catch (const Error& e) {
      EXPECT_NE(e.message.find(b.message), std::string::npos) << e.what();
      EXPECT_NE(e.help.find(b.help), std::string::npos) << e.what();
      EXPECT_EQ(std::string(b.line).substr(0, e.op.size()), e.op);
    }
  }
}

TEST(Infer, ErrorsStandAtTheUsersPlace) {
  Func f;
  const LocId user = f.add_place(Place{"demo.cpp", 13, 10, kNone});
  const LocId made = f.add_place(Place{"demo.cpp", 9, 13, kNone});
  const LocId inside = f.add_place(Place{"frontend/nn.h", 40, 5, user});
  OpNode op;
  op.op = Op::iota;
  op.set(AttrName::axis, int64_t{0});
  op.loc = made;
  const ValueId y = append(f, op, Type::tensor(DType::f32, Dims{5}));
  op = {};
  op.op = Op::add;
  op.operands = {f.add_param(Type::tensor(DType::f32, Dims{3, 4}), "x"), y};
  op.loc = inside;
  try {
    append(f, op);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(std::string(e.what()).substr(0, std::string(e.what()).find("\nhelp")),
              "demo.cpp:13:10: error: add: f32[3,4] and f32[5] do not broadcast: last axes 4 and 5\n"
              "demo.cpp:9:13: note: f32[5] made by iota here\n"
              "frontend/nn.h:40:5: note: inside of the call, here");
  }
  EXPECT_EQ(f.ops.size(), 1u);  // a failed append leaves the function as it was
}

TEST(Infer, WantedIsChecked) {
  Func f;
  OpNode op;
  op.op = Op::exp;
  op.operands = {f.add_param(Type::tensor(DType::f32, Dims{3}), "x")};
  EXPECT_THROW(infer(f, op, Type::tensor(DType::f32, Dims{4})), Error);
  EXPECT_NO_THROW(infer(f, op, Type::tensor(DType::f32, Dims{3})));
  op.op = Op::reshape;
  EXPECT_THROW(infer(f, op), Error);  // needs one
}

TEST(Infer, BroadcastDims) {
  const Dim n = Dim::symbol("n"), m = Dim::symbol("m");
  EXPECT_EQ(broadcast_dims({3, 1}, {4}), (Dims{3, 4}));
  EXPECT_EQ(broadcast_dims({4}, {3, 1}), (Dims{3, 4}));
  EXPECT_EQ(broadcast_dims({}, {2, n}), (Dims{2, n}));
  EXPECT_EQ(broadcast_dims({n}, {1}), (Dims{n}));
  EXPECT_EQ(broadcast_dims({n}, {n}), (Dims{n}));
  EXPECT_EQ(broadcast_dims({0}, {1}), (Dims{0}));
  EXPECT_EQ(broadcast_dims({n}, {m}), std::nullopt);
  EXPECT_EQ(broadcast_dims({n}, {3}), std::nullopt);
  EXPECT_EQ(broadcast_dims({0}, {2}), std::nullopt);
  EXPECT_EQ(broadcast_problem({3, 1}, {4}), "");
}

TEST(Infer, Promotion) {
  using D = DType;
  const std::vector<std::tuple<D, D, std::optional<D>>> table = {
      {D::boolean, D::boolean, D::boolean}, {D::f32, D::f64, D::f64}, {D::i32, D::i64, D::i64}, {D::u8, D::u32, D::u32},
      {D::u8, D::u64, D::u64}, {D::u8, D::i32, D::i32}, {D::u8, D::i64, D::i64}, {D::u32, D::i32, D::i64},
      {D::u32, D::i64, D::i64}, {D::u64, D::i32, {}}, {D::u64, D::i64, {}}, {D::boolean, D::i32, {}},
      {D::boolean, D::f32, {}}, {D::i64, D::f32, {}}, {D::u8, D::f64, {}}, {D::u32, D::u64, D::u64}};
  for (const auto& [a, b, to] : table) {
    EXPECT_EQ(promote(a, b), to) << name(a) << " " << name(b);
    EXPECT_EQ(promote(b, a), to) << name(b) << " " << name(a);
  }
  for (int t = 0; t < kDTypeCount; ++t) EXPECT_EQ(promote(static_cast<D>(t), static_cast<D>(t)), static_cast<D>(t));
}

}  // namespace
}  // namespace frit::ir
