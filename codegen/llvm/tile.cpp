// tile: a transposed copy of a tile into a local, in registers for whole blocks.
#include "codegen/llvm/emitter.h"

namespace frit::codegen {

// Rows of 2n elements, n of them, n a power of two, whose halves are 128-bit parts -> each half
// transposed, in log2(n) rounds. In each round rows i and i + n/2 interleave their elements; within
// the 128-bit parts of x86 registers that is one instruction.
Values Emitter::transposed(Values rows) {
  const int n = static_cast<int>(rows.size());
  llvm::SmallVector<int, 16> low, high;
  for (int part : {0, n}) {
    for (int i = 0; i < n / 2; ++i) {
      for (int of : {0, 2 * n}) low.push_back(part + i + of);
      for (int of : {0, 2 * n}) high.push_back(part + i + n / 2 + of);
    }
  }
  for (int round = 1; round < n; round *= 2) {
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
  // A block is 2n rows of n elements, 128 bits. The two rows that share a register meet as they are
  // loaded, so that what is left stays within 128-bit parts: shuffles across them are slow on Zen 4,
  // and with the wider registers of AVX-512 there would be more of them to do.
  const int n = 16 / static_cast<int>(size_of(t));
  llvm::SmallVector<int, 16> both;
  for (int i = 0; i < 2 * n; ++i) both.push_back(i);
  auto block = [&](Value* p, Value* q) {
    auto part = [&](int row) {
      return ir.CreateAlignedLoad(vector(m, n), ir.CreateGEP(m, source, add(mul(add(q, row), stride), p)), align);
    };
    Values rows;
    for (int i = 0; i < n; ++i) rows.push_back(ir.CreateShuffleVector(part(i), part(i + n), both));
    rows = transposed(std::move(rows));
    for (int i = 0; i < n; ++i)
      ir.CreateAlignedStore(rows[static_cast<size_t>(i)], ir.CreateGEP(m, dest, add(mul(add(p, i), size), q)), align);
  };
  // By cache lines of the source, rows further on being asked for meanwhile: the row of a tile is too
  // short for the hardware to see it coming. Into the second cache, as more of those can be on their way.
  constexpr int64_t kAhead = 24;
  const int64_t line = 64 / size_of(t), height = 2 * n;
  Value* p_whole = ir.CreateAnd(P, number(-line));
  Value* q_whole = ir.CreateAnd(Q, number(-height));
  for_range(number(0), q_whole, height, [&](Value* q) {
    for_range(number(0), p_whole, line, [&](Value* p) {
      Value* ahead = ir.CreateGEP(m, source, add(mul(add(q, kAhead), stride), p));
      for (int64_t i = 0; i < height; ++i) prefetch(ir.CreateGEP(m, ahead, mul(stride, i)), 2);
      for (int64_t i = 0; i < line; i += n) block(add(p, i), q);
    });
  });
  scalars(p_whole, P, number(0), q_whole);
  scalars(number(0), P, q_whole, Q);
}

}  // namespace frit::codegen
