// cols: reductions down the rows k for every column j, columns in vectors, in the orders of LAWS.md.
//
// All schedules are made of passes over a tile of columns. A pass adds up some rows in registers, then
// meets `merges` earlier results from a stack of rows in memory (complete subtrees, as in reduce.cpp)
// and leaves its own result there:
//   sums     a pass a lane of a block, its eight rows 128 apart; lanes in the order in which their
//            halving tree, walked depth first, needs them (bits reversed), so that a block needs a
//            stack of seven rows and no array of 128
//   tree=1   a pass a row
//   the rest eight adjacent rows a pass, no stack
// Narrow columns are summed row by row into an array of 128 lanes instead: a block is then one stream.
#include <algorithm>

#include "codegen/llvm/emitter.h"

namespace frit::codegen {

using ir::Op;
namespace I = llvm::Intrinsic;

namespace {
constexpr int64_t kTile = 1024;    // columns at a time
constexpr int64_t kNarrow = 65536;  // bytes of an array of 128 lanes of narrow columns
constexpr int64_t kHot = 16384;     // bytes of it that stay in L1
}  // namespace

std::vector<Emitter::Column> Emitter::columns(const ir::OpNode& op) {
  const ir::OpNode& yield = f_.op(op.regions.at(0).ops.back());
  std::vector<Column> out;
  const auto& ops = op.op_list(ir::AttrName::reduce);
  for (size_t i = 0; i < ops.size(); ++i) {
    Column c;
    c.yield = i;
    c.r.op = ops[i];
    c.r.element = f_.type(yield.operands.at(i)).dtype;
    c.r.acc = c.r.arg() ? c.r.element : ir::reduce_result(c.r.op, c.r.element);
    c.r.ordered = is_float(c.r.element) && ir::info(c.r.op).ordered;
    c.out = val(op.operands.at(i).value).uniform;
    out.push_back(c);
  }
  return out;
}

void Emitter::cols(const ir::OpNode& op) {
  const ir::Region& region = op.regions.at(0);
  Rows g;
  g.klo = index(op.index.at(0));
  g.count = extent(op.index.at(0), op.index.at(1));
  g.width = extent(op.index.at(2), op.index.at(3));
  g.k = region.args.at(0);
  g.body = analyse(region, region.args.at(1), g.k);
  g.body.origin = index(op.index[2]);
  g.columns = columns(op);
  for (const Column& c : g.columns)
    if (size_of(c.r.acc) == 8) g.body.width = std::min(g.body.width, vector_bytes() / 4);
  g.body.width = std::min(g.body.width, vector_bytes() / 4);

  if_then(ir.CreateICmpSGT(g.width, number(0)), [&] {
    if_else(
        ir.CreateICmpSGT(g.count, number(0)),
        [&] {
          hoist(g.body);
          const bool ordered = std::any_of(g.columns.begin(), g.columns.end(), [](const Column& c) { return c.r.ordered; });
          const bool tree = op.i64_or(ir::AttrName::tree, 0) != 0;
          const auto width = constant(g.width);
          if (ordered && !tree && width && narrow(g, *width)) return narrow_columns(g, *width);
          wide_columns(g, ordered, tree);
        },
        [&] {
          for (const Column& c : g.columns) {
            const ir::Literal empty = c.r.arg() ? ir::Literal::of<int64_t>(0) : ir::reduce_empty(c.r.op, c.r.element);
            fill(c.out, empty, g.width);
          }
        });
  });
}

// Writes a number to the first count elements of an array.
void Emitter::fill(Value* p, const ir::Literal& l, Value* count) {
  llvm::Type* m = memory_type(l.dtype);
  for_range(number(0), count, 1, [&](Value* i) { ir.CreateStore(to_memory(literal(l), l.dtype), ir.CreateGEP(m, p, i)); });
}

// How many vectors of columns at a time.
int Emitter::column_unroll(const Rows& g) const {
  int accs = 0;
  for (const Column& c : g.columns) accs += std::max<int>(1, g.body.width * static_cast<int>(size_of(c.r.acc)) / vector_bytes()) * (c.r.arg() ? 3 : 1);
  const int registers = avx512() ? 16 : 8;
  int u = g.body.cost <= 12 ? 4 : g.body.cost <= 30 ? 2 : 1;
  while (u > 1 && u * accs > registers) u /= 2;
  return u;
}

Value* Emitter::load_row(const Column& c, Value* p, Value* i, const Lanes& at, int copy, bool whole) {
  const DType t = c.r.acc;
  llvm::Type* m = memory_type(t);
  auto* type = llvm::cast<llvm::FixedVectorType>(vector(m, at.width));
  Value* q = ir.CreateGEP(m, p, add(i, int64_t{copy} * at.width));
  const llvm::Align align(static_cast<uint64_t>(size_of(t)));
  if (whole || !at.mask) return from_memory(ir.CreateAlignedLoad(type, q, align), t);
  return from_memory(masked_load(type, q, align, at.mask, llvm::Constant::getNullValue(type)), t);
}

void Emitter::store_row(DType t, Value* p, Value* i, const Lanes& at, int copy, Value* v, bool whole) {
  llvm::Type* m = memory_type(t);
  Value* q = ir.CreateGEP(m, p, add(i, int64_t{copy} * at.width));
  const llvm::Align align(static_cast<uint64_t>(size_of(t)));
  v = to_memory(v, t);
  if (whole || !at.mask) ir.CreateAlignedStore(v, q, align);
  else ir.CreateMaskedStore(v, q, align, at.mask);
}

// Reductions in any order (wide schedule): the running row lies in the result's local; argmax keeps
// its values in an array of its own and its places in the local.
void Emitter::add_rows_any_order(const Rows& g, const Lanes& at, size_t c, Partial& p) {
  const Column& col = g.columns[c];
  Value* i = at.base;
  for (int u = 0; u < at.unroll; ++u) {
    const auto n = static_cast<size_t>(u);
    Value* x = get(p.value[n]);
    if (!col.r.arg()) {
      store_row(col.r.acc, col.out, i, at, u, combine(col.r, load_row(col, col.out, i, at, u, false), x));
      continue;
    }
    Value* in_tile = sub(at.base, g.j0);
    Value* old = load_row(col, g.values[c], in_tile, at, u, true);
    Column places = col;
    places.r.acc = DType::i64;
    Value* old_place = load_row(places, col.out, i, at, u, false);
    Value* place = get(p.where[n]);
    Value* wins = beats(col.r, x, old, place, old_place);
    store_row(col.r.acc, g.values[c], in_tile, at, u, choose(wins, x, old), true);
    store_row(DType::i64, col.out, i, at, u, ir.CreateSelect(wins, place, old_place));
  }
}

// Rows k0, k0 + step, ... (`rows` of them) of the tile's columns.
void Emitter::pass(const Rows& g, const Pass& p) {
  column_vectors(g, g.j0, g.jn, column_unroll(g), [&](const Lanes& at) {
    const size_t n = g.columns.size();
    std::vector<Partial> acc(n);
    for (size_t c = 0; c < n; ++c) acc[c] = start_partial(g.columns[c].r, at.width, at.unroll);
    for_range(number(0), p.rows, 1, [&](Value* r) {
      Value* k = add(p.k0, mul(r, p.step));
      val(g.k).uniform = k;
      row_ = g.k;
      ahead_ = at.mask ? nullptr : p.ahead;
      const auto yields = emit(g.body, at);
      ahead_ = nullptr;
      for (size_t c = 0; c < n; ++c) {
        for (int u = 0; u < at.unroll; ++u) {
          const auto i = static_cast<size_t>(u);
          Value* y = yields[g.columns[c].yield].lanes[i];
          if (!g.columns[c].r.arg()) {
            set(acc[c].value[i], combine(g.columns[c].r, get(acc[c].value[i]), widened(g.columns[c].r, y)));
            continue;
          }
          Value* wins = beats(g.columns[c].r, y, get(acc[c].value[i]), nullptr, nullptr);
          set(acc[c].value[i], choose(wins, y, get(acc[c].value[i])));
          set(acc[c].where[i], ir.CreateSelect(wins, splat(sub(k, g.klo), at.width), get(acc[c].where[i])));
        }
      }
    });
    Value* in_tile = sub(at.base, g.j0);
    for (size_t c = 0; c < n; ++c) {
      const Column& col = g.columns[c];
      if (!col.r.ordered) {
        add_rows_any_order(g, at, c, acc[c]);
        continue;
      }
      llvm::Type* m = memory_type(col.r.acc);
      auto slot = [&](Value* s) { return ir.CreateGEP(m, g.stack[c], mul(s, g.tile)); };
      for_range(number(0), p.merges, 1, [&](Value* t) {
        Value* row = slot(sub(sub(p.depth, t), number(1)));
        for (int u = 0; u < at.unroll; ++u) {
          Var v = acc[c].value[static_cast<size_t>(u)];
          set(v, combine(col.r, load_row(col, row, in_tile, at, u, true), get(v)));
        }
      });
      Value* to = ir.CreateSelect(p.last, ir.CreateGEP(m, col.out, g.j0), slot(sub(p.depth, p.merges)));
      for (int u = 0; u < at.unroll; ++u) store_row(col.r.acc, to, in_tile, at, u, get(acc[c].value[static_cast<size_t>(u)]));
    }
  });
}

// Trailing ones of i.
Value* Emitter::trailing_ones(Value* i) {
  return ir.CreateBinaryIntrinsic(I::cttz, ir.CreateAdd(i, number(1)), ir.getTrue());
}

int64_t Emitter::stack_of(const std::optional<int64_t>& count, int64_t block) {
  int64_t depth = 2;
  for (int64_t c = count.value_or(int64_t{1} << 40) / block; c > 0; c /= 2) ++depth;
  return depth;
}

void Emitter::wide_columns(Rows& g, bool ordered, bool tree) {
  const auto width = constant(g.width);
  const int w = g.body.width;
  g.tile = width ? std::min(kTile, (*width + w - 1) / w * w) : kTile;
  const auto count = constant(g.count);
  const int64_t depth = (tree ? 0 : 8) + stack_of(count, tree ? 1 : kBlock);  // a block's lanes, then blocks (or rows)
  for (const Column& c : g.columns) {
    g.stack.push_back(c.r.ordered ? array(memory_type(c.r.acc), depth * g.tile) : nullptr);
    g.values.push_back(c.r.arg() ? array(memory_type(c.r.acc), g.tile) : nullptr);
    if (c.r.arg()) fill(c.out, ir::Literal::of<int64_t>(INT64_MAX), g.width);
    else if (!c.r.ordered) fill(c.out, ir::reduce_identity(c.r.op, c.r.element), g.width);
  }
  for_range(number(0), g.width, g.tile, [&](Value* j0) {
    g.j0 = j0;
    g.jn = width && *width % g.tile == 0 ? number(g.tile) : smaller(number(g.tile), sub(g.width, j0));
    for (size_t c = 0; c < g.columns.size(); ++c) {
      const Reduction& r = g.columns[c].r;
      if (r.arg()) fill(g.values[c], ir::reduce_identity(r.op == Op::reduce_argmax ? Op::reduce_max : Op::reduce_min, r.element), number(g.tile));
    }
    if (!ordered) {
      constexpr int64_t kRows = 8;
      for_range(number(0), g.count, kRows, [&](Value* k) {
        Pass p{add(g.klo, k), 1, smaller(number(kRows), sub(g.count, k)), nullptr, nullptr, nullptr, nullptr};
        pass(g, p);
      });
    } else if (tree) {
      Var depth_now = var(number(0));
      Value* end = sub(g.count, number(1));
      for_range(number(0), g.count, 1, [&](Value* k) {
        Value* d = get(depth_now);
        Value* last = ir.CreateICmpEQ(k, end);
        Value* merges = ir.CreateSelect(last, d, trailing_ones(k));
        pass(g, {add(g.klo, k), 1, number(1), merges, d, last, nullptr});
        set(depth_now, sub(add(d, number(1)), merges));
      });
    } else {
      lanes_of_blocks(g);
    }
  });
  for (const Column& c : g.columns) {
    if (!c.r.arg()) continue;
    // Places that were never set: every value was the worst, so the first is the answer.
    for_range(number(0), g.width, 1, [&](Value* i) {
      Value* p = ir.CreateGEP(ir.getInt64Ty(), c.out, i);
      Value* place = ir.CreateLoad(ir.getInt64Ty(), p);
      ir.CreateStore(ir.CreateSelect(ir.CreateICmpEQ(place, number(INT64_MAX)), number(0), place), p);
    });
  }
}

// The passes of sums over a tile: block by block, the lanes that have rows in the order of their tree.
void Emitter::lanes_of_blocks(const Rows& g) {
  Value* blocks = ir.CreateLShr(add(g.count, kBlock - 1), number(10));
  Var depth = var(number(0));
  for_range(number(0), blocks, 1, [&](Value* b) {
    Value* first = mul(b, kBlock);
    Value* m = smaller(number(kBlock), sub(g.count, first));  // rows of this block
    Value* last_block = ir.CreateICmpEQ(b, sub(blocks, number(1)));
    // Lanes below m have rows. Their tree spans `span` lanes, a power of two; position e of the walk
    // is lane reverse(e).
    Value* bits = smaller(number(7), ir.CreateSub(number(64), ir.CreateBinaryIntrinsic(I::ctlz, ir.CreateSub(m, number(1)), ir.getFalse())));
    Value* span = ir.CreateShl(number(1), bits);
    Value* down = ir.CreateSub(number(63), bits);
    auto lane_at = [&](Value* e) { return ir.CreateLShr(ir.CreateLShr(ir.CreateUnaryIntrinsic(I::bitreverse, e), 1), down); };
    Var at = var(number(0));
    repeat_while([&]() -> Value* {
      Value* lane = lane_at(get(at));
      // The merges that follow this lane: those of its own place, and of places without rows after it.
      Var merges = var(number(0));
      repeat_while([&]() -> Value* {
        Value* next = ir.CreateAdd(get(at), number(1));
        set(at, next);
        // A subtree of 2^t places that ends here is complete; it is merged if its first lane exists
        // (then so does its neighbour to the left). That holds for all t from some t on.
        Var t = var(ir.CreateBinaryIntrinsic(I::cttz, next, ir.getTrue()));
        auto exists = [&]() -> Value* {
          Value* now = get(t);
          Value* below = ir.CreateSub(now, number(1));
          Value* start_of = lane_at(ir.CreateSub(next, ir.CreateShl(number(1), ir.CreateAnd(below, number(63)))));
          return ir.CreateAnd(ir.CreateICmpSGT(now, number(0)), ir.CreateICmpSLT(start_of, m));
        };
        if_then(exists(), [&] {
          repeat_while([&]() -> Value* {
            set(merges, ir.CreateAdd(get(merges), number(1)));
            set(t, ir.CreateSub(get(t), number(1)));
            return exists();
          });
        });
        return ir.CreateAnd(ir.CreateICmpSLT(next, span), ir.CreateICmpSGE(lane_at(next), m));
      });
      Value* end = ir.CreateICmpEQ(get(at), span);
      Value* d = get(depth);
      Value* last = ir.CreateAnd(end, last_block);
      Value* q = ir.CreateAdd(get(merges), ir.CreateSelect(end, trailing_ones(b), number(0)));
      q = ir.CreateSelect(last, d, q);
      Value* rows = ir.CreateLShr(ir.CreateAdd(ir.CreateSub(m, lane), number(kLanes - 1)), 7);
      Value* next_lane = ir.CreateSelect(end, number(kBlock), lane_at(get(at)));
      pass(g, {add(g.klo, add(first, lane)), kLanes, rows, q, d, last, sub(next_lane, lane)});
      set(depth, ir.CreateSub(ir.CreateAdd(d, number(1)), q));
      return ir.CreateICmpSLT(get(at), span);
    });
  });
}

// Narrow columns

bool Emitter::narrow(const Rows& g, int64_t width) const {
  int64_t bytes = 0;
  const int w = g.body.width;
  for (const Column& c : g.columns) {
    if (!c.r.ordered) return false;
    bytes += (width + w - 1) / w * w * size_of(c.r.acc);
  }
  return bytes * kLanes <= kNarrow;
}

void Emitter::narrow_columns(Rows& g, int64_t width) {
  const int w = g.body.width;
  g.j0 = number(0);
  g.jn = g.width;
  g.tile = (width + w - 1) / w * w;
  const size_t n = g.columns.size();
  const auto count = constant(g.count);
  const int64_t depth = stack_of(count, kBlock);
  std::vector<Value*> lanes_of;
  for (const Column& c : g.columns) {
    g.stack.push_back(array(type(c.r.acc), depth * g.tile));
    lanes_of.push_back(array(type(c.r.acc), kLanes * g.tile));
  }
  // Rows of whole vectors in the arrays, where no mask is needed.
  auto whole_rows = [&](Value* vectors, auto&& each) { for_range(number(0), mul(vectors, g.tile), w, each); };
  const Lanes whole{w, 1, g.body.lane, nullptr, nullptr};

  Value* blocks = ir.CreateLShr(add(g.count, kBlock - 1), number(10));
  Var depth_now = var(number(0));
  for_range(number(0), blocks, 1, [&](Value* b) {
    Value* first = mul(b, kBlock);
    Value* m = smaller(number(kBlock), sub(g.count, first));
    Value* bits = smaller(number(7), ir.CreateSub(number(64), ir.CreateBinaryIntrinsic(I::ctlz, ir.CreateSub(m, number(1)), ir.getFalse())));
    Value* span = ir.CreateShl(number(1), bits);
    // Some lanes at a time, so that theirs of the array stay in L1 while the eight rows are added.
    int64_t bytes = 0;
    for (const Column& c : g.columns) bytes += g.tile * size_of(c.r.acc);
    int64_t hot = kLanes;
    while (hot > 8 && hot * bytes > kHot) hot /= 2;
    for_range(number(0), span, hot, [&](Value* l0) {
      for (size_t c = 0; c < n; ++c)
        for_range(mul(l0, g.tile), mul(smaller(add(l0, hot), span), g.tile), w,
                  [&](Value* i) { store_row(g.columns[c].r.acc, lanes_of[c], i, whole, 0, identity(g.columns[c].r, w), true); });
      for_range(number(0), m, kLanes, [&](Value* r) {
        // What comes after these lanes of this row of lanes is asked for meanwhile.
        Value* down = ir.CreateICmpSLT(add(r, kLanes), m);
        Value* across = ir.CreateICmpSLT(add(l0, hot), number(kLanes));
        Value* next = ir.CreateSelect(down, number(kLanes), ir.CreateSelect(across, sub(number(hot), r), sub(number(kBlock), add(r, l0))));
        row_ = g.k;
        for_range(l0, smaller(add(l0, hot), sub(m, r)), 1, [&](Value* lane) {
          val(g.k).uniform = add(add(g.klo, first), add(r, lane));
          Value* row = mul(lane, g.tile);
          column_vectors(g, g.j0, g.jn, column_unroll(g), [&](const Lanes& at) {
            ahead_ = at.mask || hot == kLanes ? nullptr : next;  // one stream is seen by the hardware
            const auto yields = emit(g.body, at);
            ahead_ = nullptr;
            Value* i = add(row, sub(at.base, g.j0));
            for (size_t c = 0; c < n; ++c) {
              const Column& col = g.columns[c];
              for (int u = 0; u < at.unroll; ++u) {
                Value* x = widened(col.r, yields[col.yield].lanes[static_cast<size_t>(u)]);
                store_row(col.r.acc, lanes_of[c], i, at, u, combine(col.r, load_row(col, lanes_of[c], i, at, u, true), x), true);
              }
            }
          });
        });
      });
    });
    Var half = var(ir.CreateLShr(span, 1));
    if_then(ir.CreateICmpSGT(get(half), number(0)), [&] {
      repeat_while([&]() -> Value* {
        Value* h = get(half);
        for (size_t c = 0; c < n; ++c) {
          const Column& col = g.columns[c];
          Value* upper = ir.CreateGEP(type(col.r.acc), lanes_of[c], mul(h, g.tile));
          whole_rows(h, [&](Value* i) {
            Value* sum = combine(col.r, load_row(col, lanes_of[c], i, whole, 0, true), load_row(col, upper, i, whole, 0, true));
            store_row(col.r.acc, lanes_of[c], i, whole, 0, sum, true);
          });
        }
        set(half, ir.CreateLShr(h, 1));
        return ir.CreateICmpSGT(get(half), number(0));
      });
    });
    // The block's row meets those of complete subtrees.
    Value* d = get(depth_now);
    Value* last = ir.CreateICmpEQ(b, sub(blocks, number(1)));
    Value* merges = ir.CreateSelect(last, d, trailing_ones(b));
    for (size_t c = 0; c < n; ++c) {
      const Column& col = g.columns[c];
      auto slot = [&](Value* s) { return ir.CreateGEP(type(col.r.acc), g.stack[c], mul(s, g.tile)); };
      column_vectors(g, g.j0, g.jn, 1, [&](const Lanes& at) {
        Value* i = sub(at.base, g.j0);
        Var v = var(load_row(col, lanes_of[c], i, at, 0, true));
        for_range(number(0), merges, 1, [&](Value* t) {
          set(v, combine(col.r, load_row(col, slot(sub(sub(d, t), number(1))), i, at, 0, true), get(v)));
        });
        Value* to = ir.CreateSelect(last, col.out, slot(sub(d, merges)));
        store_row(col.r.acc, to, i, at, 0, get(v));
      });
    }
    set(depth_now, sub(add(d, number(1)), merges));
  });
}

}  // namespace frit::codegen
