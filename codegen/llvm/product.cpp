// product: a row at a time, its columns in vectors: the chain acc = fma(a, b, acc) of LAWS.md, 12 down the k
// of a block in registers, blocks combined as complete subtrees on a stack of rows in memory (as in cols.cpp).
#include "codegen/llvm/emitter.h"

namespace frit::codegen {

using ir::Op;

void Emitter::product(const ir::OpNode& op) {
  const ir::Region& region = op.regions.at(0);
  const DType t = f_.type(op.operands.at(0).value).dtype;
  Value* local = val(op.operands[0].value).uniform;
  Value* ilo = index(op.index.at(2));
  const int64_t size = op.i64(ir::AttrName::size);
  for_range(number(0), extent(op.index[2], op.index.at(3)), 1, [&](Value* i) {
    val(region.args.at(1)).uniform = add(ilo, i);
    Rows g;
    g.k = region.args[0];
    g.klo = index(op.index[0]);
    g.count = extent(op.index[0], op.index[1]);
    g.width = extent(op.index.at(4), op.index.at(5));
    g.body = analyse(region, region.args.at(2), g.k);
    g.body.origin = index(op.index[4]);
    g.body.width = std::min(g.body.width, vector_bytes() / 4);
    Column c;
    c.r.op = Op::reduce_sum;  // of blocks
    c.r.element = c.r.acc = t;
    c.r.ordered = is_float(t);
    c.out = ir.CreateGEP(memory_type(t), local, mul(i, size));
    g.columns.push_back(c);
    if_then(ir.CreateICmpSGT(g.width, number(0)), [&] {
      if_else(
          ir.CreateICmpSGT(g.count, number(0)),
          [&] {
            hoist(g.body);
            product_row(g);
          },
          [&] { fill(c.out, ir::Literal::of(t, 0.0), g.width); });
    });
  });
}

void Emitter::product_row(Rows& g) {
  const auto count = constant(g.count);
  const bool one_block = count && *count <= kBlock;
  const int64_t depth = stack_of(count, kBlock);
  const int w = g.body.width;
  const int unroll = column_unroll(g);
  g.tile = int64_t{unroll} * w;
  const Column& col = g.columns[0];
  const DType t = col.r.acc;
  Value* stack = one_block ? nullptr : array(type(t), depth * g.tile);

  column_vectors(g, number(0), g.width, unroll, [&](const Lanes& at) {
    auto chain = [&](Value* k0, Value* k1) {
      llvm::SmallVector<Var, 4> acc;
      for (int u = 0; u < at.unroll; ++u) acc.push_back(var(splat(literal(ir::Literal::of(t, 0.0)), w)));
      for_range(k0, k1, 1, [&](Value* k) {
        val(g.k).uniform = k;
        const auto yields = emit(g.body, at);
        for (int u = 0; u < at.unroll; ++u) {
          const auto i = static_cast<size_t>(u);
          Value* a = yields[0].lanes[i];
          Value* b = yields[1].lanes[i];
          Value* old = get(acc[i]);
          set(acc[i], is_float(t) ? emit_prim(*this, ir::Prim::fma, t, a, b, old) : ir.CreateAdd(old, ir.CreateMul(a, b)));
        }
      });
      return acc;
    };
    if (one_block) {
      auto acc = chain(g.klo, add(g.klo, g.count));
      for (int u = 0; u < at.unroll; ++u) store_row(t, col.out, at.base, at, u, get(acc[static_cast<size_t>(u)]));
      return;
    }
    Value* blocks = ir.CreateLShr(add(g.count, kBlock - 1), number(10));
    Var depth_now = var(number(0));
    for_range(number(0), blocks, 1, [&](Value* b) {
      Value* k0 = add(g.klo, mul(b, kBlock));
      auto acc = chain(k0, smaller(add(k0, kBlock), add(g.klo, g.count)));
      Value* d = get(depth_now);
      Value* last = ir.CreateICmpEQ(b, sub(blocks, number(1)));
      Value* merges = ir.CreateSelect(last, d, trailing_ones(b));
      auto slot = [&](Value* s) { return ir.CreateGEP(type(t), stack, mul(s, g.tile)); };
      for_range(number(0), merges, 1, [&](Value* m) {
        Value* row = slot(sub(sub(d, m), number(1)));
        for (int u = 0; u < at.unroll; ++u) {
          Var v = acc[static_cast<size_t>(u)];
          set(v, combine(col.r, load_row(col, row, number(0), at, u, true), get(v)));
        }
      });
      Value* to = ir.CreateSelect(last, ir.CreateGEP(type(t), col.out, at.base), slot(sub(d, merges)));
      for (int u = 0; u < at.unroll; ++u) store_row(t, to, number(0), at, u, get(acc[static_cast<size_t>(u)]));
      set(depth_now, sub(add(d, number(1)), merges));
    });
  });
}

}  // namespace frit::codegen
