// tile: a transposed copy of a tile into a local, in registers for whole blocks of vectors.
#include "codegen/llvm/emitter.h"

namespace frit::codegen {

// Rows of w elements, w of them, w a power of two -> columns, in log2(w) rounds. In each round rows i
// and i + w/2 interleave their elements; after all of them element (r, c) stands at (c, r). Within the
// 128-bit parts of x86 registers interleaving is one instruction.
Values Emitter::transposed(Values rows) {
  const int w = static_cast<int>(rows.size());
  llvm::SmallVector<int, 32> low, high;
  for (int i = 0; i < w / 2; ++i) {
    low.push_back(i);
    low.push_back(i + w);
    high.push_back(i + w / 2);
    high.push_back(i + w / 2 + w);
  }
  for (int round = 1; round < w; round *= 2) {
    Values next(rows.size());
    for (size_t i = 0; i < rows.size() / 2; ++i) {
      next[2 * i] = ir.CreateShuffleVector(rows[i], rows[i + rows.size() / 2], low);
      next[2 * i + 1] = ir.CreateShuffleVector(rows[i], rows[i + rows.size() / 2], high);
    }
    rows = std::move(next);
  }
  return rows;
}

void Emitter::tile(const ir::OpNode& op) {
  const ir::ValueId from = op.operands.at(0).value, to = op.operands.at(1).value;
  const DType t = f_.type(from).dtype;
  llvm::Type* m = memory_type(t);
  const int64_t size = op.i64(ir::AttrName::size);
  Value* source = pointer(from, op.index.at(0));
  Value* stride = index(op.index.at(1));
  Value* P = index(op.index.at(2));
  Value* Q = index(op.index.at(3));
  Value* dest = val(to).uniform;
  const llvm::Align align(static_cast<uint64_t>(size_of(t)));

  auto scalars = [&](Value* p0, Value* p1, Value* q0, Value* q1) {
    for_range(q0, q1, 1, [&](Value* q) {
      Value* row = ir.CreateGEP(m, source, mul(q, stride));
      for_range(p0, p1, 1, [&](Value* p) {
        Value* v = ir.CreateAlignedLoad(m, ir.CreateGEP(m, row, p), align);
        ir.CreateAlignedStore(v, ir.CreateGEP(m, dest, add(mul(p, size), q)), align);
      });
    });
  };
  if (size_of(t) < 4) return scalars(number(0), P, number(0), Q);
  const int w = vector_bytes() / static_cast<int>(size_of(t));
  auto block = [&](Value* p, Value* q) {
    Values rows;
    for (int i = 0; i < w; ++i)
      rows.push_back(ir.CreateAlignedLoad(vector(m, w), ir.CreateGEP(m, source, add(mul(add(q, i), stride), p)), align));
    rows = transposed(std::move(rows));
    for (int i = 0; i < w; ++i)
      ir.CreateAlignedStore(rows[static_cast<size_t>(i)], ir.CreateGEP(m, dest, add(mul(add(p, i), size), q)), align);
  };
  // Blocks of a cache line on both sides, of one or four blocks of vectors; the rows of the next ones
  // are asked for meanwhile: a row of a tile is too short for the hardware to see it coming.
  const int64_t line = 64 / size_of(t);
  Value* p_whole = ir.CreateAnd(P, number(-line));
  Value* q_whole = ir.CreateAnd(Q, number(-line));
  for_range(number(0), q_whole, line, [&](Value* q) {
    for_range(number(0), p_whole, line, [&](Value* p) {
      Value* ahead = ir.CreateGEP(m, source, add(mul(add(q, line), stride), p));
      for (int64_t i = 0; i < line; ++i) prefetch(ir.CreateGEP(m, ahead, mul(stride, i)), 2);
      for_range(q, add(q, line), w, [&](Value* q1) { for_range(p, add(p, line), w, [&](Value* p1) { block(p1, q1); }); });
    });
  });
  scalars(p_whole, P, number(0), q_whole);
  scalars(number(0), P, q_whole, Q);
}

}  // namespace frit::codegen
