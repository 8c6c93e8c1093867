// Kernel-level IR -> LLVM IR, functions `work` and `finish` (rt::WorkFn). docs/kernel-ir.md is the
// specification, docs/codegen.md says how each op is made fast.
//
// Outside lanes and cols every value is one scalar. Inside, a value that depends on the lane index is
// one vector a copy, `unroll` copies of `width` elements side by side; what does not depend on it
// stays a scalar and is broadcast where a vector meets it.
#pragma once

#include <functional>
#include <map>
#include <vector>

#include "codegen/llvm/build.h"
#include "codegen/llvm/prims.h"
#include "codegen/orders.h"
#include "ir/func.h"
#include "ir/ops.h"

namespace frit::codegen {

// How often a value changes: once, with the row of cols, with the lane.
enum class Rate : uint8_t { invariant, row, lane };

// A value while code is emitted: one scalar, or a vector a copy.
struct Val {
  Value* uniform = nullptr;
  Values lanes;
};

// Where in a lanes or cols region code is being emitted. Lanes are counted from 0; the lane index is
// its first value plus that.
struct Lanes {
  int width = 1;
  int unroll = 1;
  ir::ValueId var = ir::kNone;  // the lane index
  Value* base = nullptr;        // number of the first lane of the first copy
  Value* mask = nullptr;        // lanes that exist; null: all
};

// A reduction of lanes or cols.
struct Reduction {
  ir::Op op{};
  DType element{};      // of the yielded value
  DType acc{};          // of the running value
  ir::ValueId result = ir::kNone;
  bool ordered = false;  // in the order of LAWS.md, 9
  bool arg() const { return op == ir::Op::reduce_argmax || op == ir::Op::reduce_argmin; }
};

class Emitter : public Build {
 public:
  Emitter(llvm::Module& m, const ir::Func& kernel, Isa isa);
  void run();

 private:
  // emitter.cpp: functions, statements, scalars
  void function(const char* name, const ir::OpNode* body);
  void statements(const ir::Region& r);
  void statement(ir::OpId id);
  void index_op(const ir::OpNode& op);
  void loop(const ir::OpNode& op);
  Value* uniform(const ir::Operand& o);
  Value* index_value(ir::ValueId v);
  Value* index(const ir::IndexExpr& e);  // of invariant terms
  Value* extent(const ir::IndexExpr& lo, const ir::IndexExpr& hi);  // hi - lo, a constant where it is one
  Value* term(const ir::IndexExpr::Term& t, Value* var);
  Val& val(ir::ValueId v) { return vals_[static_cast<size_t>(v)]; }
  Rate rate(ir::ValueId v) const { return rates_[static_cast<size_t>(v)]; }
  Rate rate(const ir::OpNode& op) const;

  // region.cpp: regions of lanes and cols
  struct Body {
    const ir::Region* region = nullptr;
    ir::ValueId lane = ir::kNone;
    Value* origin = nullptr;  // the lane index of lane 0
    int width = 1;   // elements a vector
    int cost = 0;    // primitives a vector, roughly
    int streams = 0; // loads and stores among them
    int most = 1;    // bytes of the widest element
    int adds = 0;    // additions and subtractions of floats a vector, and how many of them are
    int moved = 0;   // done by the multipliers
  };
  Body analyse(const ir::Region& r, ir::ValueId lane, ir::ValueId row);
  void hoist(const Body& b);  // what does not change, before the loops
  llvm::SmallVector<Val, 2> emit(const Body& b, const Lanes& at);
  void elementwise(const ir::OpNode& op, const Lanes& at);
  const ir::ScalarProgram& formula(const ir::OpNode& op) const;
  bool by_multiplier(const ir::PrimNode& p, int width);
  Value* vec(const ir::Operand& o, const Lanes& at, int copy);
  Val index_in_lanes(const ir::IndexExpr& e, const Body& b, const Lanes& at);
  Value* tail_mask(Value* left, const Body& b);  // the first `left` lanes
  Value* lane_numbers(llvm::Type* element, int width, int64_t step = 1);

  // memory.cpp: loads, stores, addresses
  struct Address {
    Value* base = nullptr;   // of lane 0, with all that is invariant
    Value* step = nullptr;   // elements from one lane to the next
    llvm::SmallVector<ir::IndexExpr::Term, 2> rest;  // terms that change in the region
    bool stream = false;
    int level = 2;           // of a prefetch: 3 for the first cache, 2 for the second
  };
  Value* pointer(ir::ValueId buffer, const ir::IndexExpr& e);  // of invariant terms
  Address address(const ir::OpNode& op, const Body& b);
  bool read_soon(const ir::OpNode& prefetch, const Body& b) const;
  Value* row_pointer(const Address& a, llvm::Type* element);   // with its row terms
  Value* row_step(const Address& a);
  void scalar_load(const ir::OpNode& op);
  void scalar_store(const ir::OpNode& op);
  Value* load_scalar(const ir::OpNode& op, Value* p);
  void lane_load(ir::OpId id, const Lanes& at);
  void lane_store(ir::OpId id, const Lanes& at);
  void lane_prefetch(ir::OpId id, const Lanes& at);
  Value* nowhere();
  void prefetch(Value* p, int level = 3);  // 3: all caches, 2: not the first
  Value* offsets(const Address& a, const Lanes& at, int copy);
  void flush_streams();
  Value* to_memory(Value* v, DType t);
  Value* from_memory(Value* v, DType t);

  // lanes.cpp, reduce.cpp: lanes and its reductions
  void lanes(const ir::OpNode& op);
  // A reduction in any order while it runs: a vector a copy. argmax has the places beside it. max and
  // min of floats are x86's, which lose NaNs and the signs of zeros; these are kept apart: whether
  // there was a NaN (two copies share a comparison), and all sign bits.
  struct Partial {
    llvm::SmallVector<Var, 4> value, where, nan, sign;
    Value* waiting = nullptr;  // of an even copy, for the comparison
  };
  std::vector<Reduction> reductions(const ir::OpNode& op);
  Value* combine(const Reduction& r, Value* a, Value* b);
  Value* identity(const Reduction& r, int width);
  Value* widened(const Reduction& r, Value* element) { return emit_cast(*this, r.element, r.acc, element); }
  Partial start_partial(const Reduction& r, int width, int unroll);
  void add_partial(const Reduction& r, Partial& p, int copy, Value* element, Value* place, Value* mask);
  Value* finish_partial(const Reduction& r, Partial& p);
  Value* beats(const Reduction& r, Value* a, Value* b, Value* i, Value* j);
  Value* choose(Value* p, Value* a, Value* b);
  template <class F>
  void vectors(const Body& b, Value* n, int unroll, F&& each);
  static bool float_extreme(const Reduction& r) { return is_float(r.acc) && (r.op == ir::Op::reduce_max || r.op == ir::Op::reduce_min); }
  Value* finish_extreme(const Reduction& r, Partial& p);
  template <class F>
  Value* halves(Value* v, F&& combine);
  Value* halve(const Reduction& r, Value* v, int present);  // a vector to a scalar, halves first
  Value* halve(const Reduction& r, Values parts, int present);
  struct Stack {                   // of complete subtrees: an array a reduction in order
    std::vector<Var> values;
    Var top = nullptr;
  };
  Stack make_stack(const std::vector<Reduction>& rs, std::optional<int64_t> count);
  void push(Stack& s, const std::vector<Reduction>& rs, const Values& values, Value* i);
  void finish_stack(Stack& s, const std::vector<Reduction>& rs);
  void any_order(const Body& b, Value* n, const std::vector<Reduction>& rs, int unroll);
  void in_order(const Body& b, Value* n, const std::vector<Reduction>& rs, int unroll);
  void in_tree(const Body& b, Value* n, const std::vector<Reduction>& rs);
  // cols.cpp
  struct Column {           // a reduction of cols
    Reduction r;
    size_t yield = 0;       // the yielded value
    Value* out = nullptr;   // the local that takes the results
  };
  struct Rows {             // a cols op, or a row of a product
    Body body;
    std::vector<Column> columns;
    ir::ValueId k = ir::kNone;
    Value *klo = nullptr, *count = nullptr;  // the first row, and how many
    Value* width = nullptr;                  // how many columns; they are counted from 0
    Value *j0 = nullptr, *jn = nullptr;      // those of the tile: the first, how many
    int64_t tile = 0;                        // columns of a row of the stack
    std::vector<Value*> stack;               // of complete subtrees, a reduction in order
    std::vector<Value*> values;              // of argmax: the best values of the tile
  };
  struct Pass {             // rows that are added up in registers, and what becomes of them
    Value* k0 = nullptr;
    int64_t step = 1;
    Value* rows = nullptr;
    Value* merges = nullptr;  // rows taken from the stack
    Value* depth = nullptr;   // of the stack before
    Value* last = nullptr;    // whether this is the result
    Value* ahead = nullptr;   // rows from this pass to the next one, which is asked for; null: not
  };
  void cols(const ir::OpNode& op);
  std::vector<Column> columns(const ir::OpNode& op);
  void wide_columns(Rows& g, bool ordered, bool tree);
  void lanes_of_blocks(const Rows& g);
  void pass(const Rows& g, const Pass& p);
  void add_rows_any_order(const Rows& g, const Lanes& at, size_t column, Partial& p);
  bool narrow(const Rows& g, int64_t width) const;
  void narrow_columns(Rows& g, int64_t width);
  int column_unroll(const Rows& g) const;
  template <class F>
  void column_vectors(const Rows& g, Value* j0, Value* n, int unroll, F&& each);
  // whole: the row has room for whole vectors, so no mask is needed.
  Value* load_row(const Column& c, Value* p, Value* i, const Lanes& at, int copy, bool whole);
  void store_row(DType t, Value* p, Value* i, const Lanes& at, int copy, Value* v, bool whole = false);
  void fill(Value* p, const ir::Literal& l, Value* count);
  // Depth of the stack for complete subtrees over the blocks of so many elements, or of any number.
  static int64_t stack_of(const std::optional<int64_t>& count, int64_t block);
  Value* trailing_ones(Value* i);

  // product.cpp
  void product(const ir::OpNode& op);
  void product_row(Rows& g);

  // tile.cpp
  void tile(const ir::OpNode& op);
  Values transposed(Values rows);

  void set_result(const Reduction& r, Value* v) { results_[r.result] = v; }

  const ir::Func& f_;
  std::vector<Val> vals_;
  std::vector<Rate> rates_;
  std::map<ir::OpId, Address> addresses_;
  std::map<ir::ValueId, Value*> splats_;     // of invariants, for the region being emitted
  std::map<ir::ValueId, Value*> results_;    // of the reductions being emitted
  llvm::SmallVector<std::pair<Value*, Value*>, 4> streams_;  // (value, pointer) stores put off
  std::map<DType, Value*> ones_;             // 1.0 in vectors, of which LLVM does not know it
  int adds_ = 0, moved_ = 0, turn_ = 0;      // of the body being emitted, see Body
  Value* aligned_ = nullptr;                 // whether the streaming stores of the region are aligned
  bool streamed_ = false;
  ir::ValueId row_ = ir::kNone;              // of cols: the row index, and
  Value* nowhere_ = nullptr;
  Value* ahead_ = nullptr;                   // how many rows on vector loads prefetch
  Value* scratch_ = nullptr;
  Value* scratch_used_ = nullptr;
};

// The plain loops: whole rounds, then single vectors with a mask. each(at, yields) follows a body.
template <class F>
void Emitter::vectors(const Body& b, Value* n, int unroll, F&& each) {
  Lanes at{b.width, unroll, b.lane, nullptr, nullptr};
  const int64_t round = int64_t{unroll} * b.width;
  Value* whole = ir.CreateAnd(n, number(-round));
  for_range(number(0), whole, round, [&](Value* j) {
    at.base = j;
    each(at, emit(b, at));
  });
  at.unroll = 1;
  auto rest = [&](Value* j) {
    at.base = j;
    at.mask = tail_mask(sub(n, j), b);
    each(at, emit(b, at));
  };
  // Where nothing is known, at most unroll vectors are left; with one, no loop is needed.
  if (unroll == 1) if_then(ir.CreateICmpSLT(whole, n), [&] { rest(whole); });
  else for_range(whole, n, b.width, rest);
}

// for every vector of the n columns from j0 on: each(at), `unroll` at a time, the last under a mask.
template <class F>
void Emitter::column_vectors(const Rows& g, Value* j0, Value* n, int unroll, F&& each) {
  const int w = g.body.width;
  const auto known = constant(n);
  while (known && unroll > 1 && *known < int64_t{unroll} * w) unroll /= 2;
  Lanes at{w, unroll, g.body.lane, nullptr, nullptr};
  const int64_t round = int64_t{unroll} * w;
  Value* whole = ir.CreateAnd(n, number(-round));
  for_range(number(0), whole, round, [&](Value* j) {
    at.base = add(j0, j);
    each(at);
  });
  at.unroll = 1;
  for_range(whole, n, w, [&](Value* j) {
    at.base = add(j0, j);
    at.mask = tail_mask(sub(n, j), g.body);
    each(at);
  });
}

}  // namespace frit::codegen
