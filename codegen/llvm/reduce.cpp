// Reductions of lanes in the order of LAWS.md, 9: blocks of 1,024, 128 lanes, halves, pairs of blocks.
//
// A block of a cheap body keeps `group` vectors of lanes in registers while it goes down the eight
// rows of 128; an expensive body goes through the block in order, its lanes in an array that stays in
// L1. Blocks meet on a stack as the bits of a binary counter: after block number i, as many pairs are
// complete as i has trailing ones. What the padding would add is the identity, which changes nothing.
#include <algorithm>

#include "codegen/llvm/emitter.h"

namespace frit::codegen {

// A vector to a scalar: halves meet, l and l + w/2 first. Only the first `present` elements count;
// the others are the identity.
Value* Emitter::halve(const Reduction& r, Value* v, int present) {
  for (int half = width(v) / 2; half >= 1; half /= 2) {
    llvm::SmallVector<int, 32> low, high;
    for (int i = 0; i < half; ++i) {
      low.push_back(i);
      high.push_back(i + half);
    }
    Value* first = ir.CreateShuffleVector(v, low);
    v = present <= half ? first : combine(r, first, ir.CreateShuffleVector(v, high));
  }
  return ir.CreateExtractElement(v, uint64_t{0});
}

// The vectors of the 128 lanes of a block, in order (absent ones at the end left out), to a scalar.
Value* Emitter::halve(const Reduction& r, Values parts, int present) {
  const int w = width(parts[0]);
  for (size_t half = static_cast<size_t>(kLanes / w) / 2; half >= 1; half /= 2) {
    for (size_t c = 0; c + half < parts.size(); ++c) parts[c] = combine(r, parts[c], parts[c + half]);
    if (parts.size() > half) parts.resize(half);
  }
  return halve(r, parts[0], std::min(present, w));
}

// Complete subtrees of numbered values, the latest on top.
Emitter::Stack Emitter::make_stack(const std::vector<Reduction>& rs, std::optional<int64_t> count) {
  int64_t depth = 2;
  for (int64_t c = count.value_or(int64_t{1} << 53); c > 0; c /= 2) ++depth;
  Stack s;
  s.top = var(number(0));
  for (const Reduction& r : rs) s.values.push_back(r.ordered ? array(type(r.acc), depth) : nullptr);
  return s;
}

// Puts value number i (one a reduction, null for those in any order) on the stack.
void Emitter::push(Stack& s, const std::vector<Reduction>& rs, const Values& values, Value* i) {
  llvm::SmallVector<Var, 4> sums;
  for (Value* v : values) sums.push_back(v ? var(v) : nullptr);
  Var bits = var(i);
  auto slot = [&](size_t k, Value* at) { return ir.CreateInBoundsGEP(type(rs[k].acc), s.values[k], at); };
  Value* odd = ir.CreateTrunc(i, ir.getInt1Ty());
  if_then(odd, [&] {
    repeat_while([&]() -> Value* {
      Value* top = ir.CreateSub(get(s.top), number(1));
      set(s.top, top);
      for (size_t k = 0; k < rs.size(); ++k)
        if (sums[k]) set(sums[k], combine(rs[k], ir.CreateLoad(type(rs[k].acc), slot(k, top)), get(sums[k])));
      Value* rest = ir.CreateLShr(get(bits), 1);
      set(bits, rest);
      return ir.CreateTrunc(rest, ir.getInt1Ty());
    });
  });
  Value* top = get(s.top);
  for (size_t k = 0; k < rs.size(); ++k)
    if (sums[k]) ir.CreateStore(get(sums[k]), slot(k, top));
  set(s.top, ir.CreateAdd(top, number(1)));
}

// The tree of all that was pushed (something was).
void Emitter::finish_stack(Stack& s, const std::vector<Reduction>& rs) {
  Var top = var(ir.CreateSub(get(s.top), number(1)));
  llvm::SmallVector<Var, 4> sums;
  auto at = [&](size_t k, Value* i) { return ir.CreateLoad(type(rs[k].acc), ir.CreateInBoundsGEP(type(rs[k].acc), s.values[k], i)); };
  for (size_t k = 0; k < rs.size(); ++k) sums.push_back(rs[k].ordered ? var(at(k, get(top))) : nullptr);
  if_then(ir.CreateICmpSGT(get(top), number(0)), [&] {
    repeat_while([&]() -> Value* {
      Value* next = ir.CreateSub(get(top), number(1));
      set(top, next);
      for (size_t k = 0; k < rs.size(); ++k)
        if (sums[k]) set(sums[k], combine(rs[k], at(k, next), get(sums[k])));
      return ir.CreateICmpSGT(next, number(0));
    });
  });
  for (size_t k = 0; k < rs.size(); ++k)
    if (sums[k]) set_result(rs[k], get(sums[k]));
}

void Emitter::in_order(const Body& b, Value* n, const std::vector<Reduction>& rs, int unroll) {
  const auto known = constant(n);
  const int w = b.width;
  const int vectors_of_lanes = static_cast<int>(kLanes) / w;

  // How many vectors of lanes stay in registers; 0: none, the lanes lie in an array.
  int registers = 0;
  bool places = false;
  for (const Reduction& r : rs) {
    if (r.ordered) registers += std::max<int>(1, static_cast<int>(size_of(r.acc)) * w / vector_bytes());
    places |= r.arg();  // they want places in ascending order
  }
  int group = vectors_of_lanes;
  while (group * registers > (avx512() ? 16 : 8)) group /= 2;
  constexpr int kMostCode = 80;  // primitives in a loop
  if (group < 4 || group * b.cost > kMostCode || places || (known && *known < kLanes)) group = 0;
  while (unroll > vectors_of_lanes) unroll /= 2;

  std::vector<Partial> partials(rs.size());
  for (size_t k = 0; k < rs.size(); ++k)
    if (!rs[k].ordered) partials[k] = start_partial(rs[k], w, group ? group : unroll);
  std::vector<Var> lanes_of(rs.size(), nullptr);  // 128 lanes each
  const bool rest_known = known && *known % kLanes == 0;
  const bool in_array = group == 0 || group < vectors_of_lanes || !rest_known;
  if (in_array)
    for (size_t k = 0; k < rs.size(); ++k)
      if (rs[k].ordered) lanes_of[k] = array(type(rs[k].acc), kLanes);

  auto lane_slot = [&](size_t k, Value* lane) { return ir.CreateInBoundsGEP(type(rs[k].acc), lanes_of[k], lane); };
  auto vector_of = [&](size_t k) { return vector(type(rs[k].acc), w); };
  const llvm::Align align(static_cast<uint64_t>(std::min(64, w * 4)));
  auto load_lanes = [&](size_t k, Value* lane) { return ir.CreateAlignedLoad(vector_of(k), lane_slot(k, lane), align); };

  // Adds the vectors of a body to their lanes in the array. e: number of the first element; lane: of it.
  auto to_array = [&](const Lanes& at, const llvm::SmallVector<Val, 2>& yields, Value* e, Value* lane, bool first) {
    for (size_t k = 0; k < rs.size(); ++k) {
      for (int u = 0; u < at.unroll; ++u) {
        Value* y = yields[k].lanes[static_cast<size_t>(u)];
        if (!rs[k].ordered) {
          add_partial(rs[k], partials[k], u, y, add(e, int64_t{u} * w), at.mask);
          continue;
        }
        Value* x = widened(rs[k], y);
        if (at.mask) x = ir.CreateSelect(at.mask, x, identity(rs[k], w));
        Value* slot = lane_slot(k, add(lane, int64_t{u} * w));
        if (!first) x = combine(rs[k], ir.CreateAlignedLoad(vector_of(k), slot, align), x);
        ir.CreateAlignedStore(x, slot, align);
      }
    }
  };

  // The block of m elements from element e on.
  auto block = [&](Value* e, Value* m) {
    const auto m_known = constant(m);
    const int present = m_known ? static_cast<int>(std::min(*m_known, kLanes)) : static_cast<int>(kLanes);
    const int present_vectors = (present + w - 1) / w;
    Lanes at{w, unroll, b.lane, nullptr, nullptr};
    std::vector<Values> parts(rs.size());
    if (group == 0) {
      const bool once = m_known && *m_known <= kLanes;
      if (!once)
        for (size_t k = 0; k < rs.size(); ++k)
          for (int c = 0; c < present_vectors && rs[k].ordered; ++c)
            ir.CreateAlignedStore(identity(rs[k], w), lane_slot(k, number(int64_t{c} * w)), align);
      const int64_t round = int64_t{unroll} * w;
      Value* whole = ir.CreateAnd(m, number(-round));
      auto lane_of = [&](Value* p) { return once ? p : ir.CreateAnd(p, number(kLanes - 1)); };
      for_range(number(0), whole, round, [&](Value* p) {
        at.base = add(e, p);
        to_array(at, emit(b, at), add(e, p), lane_of(p), once);
      });
      at.unroll = 1;
      for_range(whole, m, w, [&](Value* p) {
        at.base = add(e, p);
        at.mask = tail_mask(sub(m, p), b);
        to_array(at, emit(b, at), add(e, p), lane_of(p), once);
      });
    } else {
      Value* whole = ir.CreateAnd(m, number(-kLanes));
      for_range(number(0), number(kLanes), int64_t{group} * w, [&](Value* lane) {
        std::vector<llvm::SmallVector<Var, 16>> acc(rs.size());
        for (size_t k = 0; k < rs.size(); ++k)
          for (int u = 0; u < group && rs[k].ordered; ++u) acc[k].push_back(var(identity(rs[k], w)));
        for_range(number(0), whole, kLanes, [&](Value* row) {
          Value* p = add(row, lane);
          at.unroll = group;
          at.base = add(e, p);
          const auto yields = emit(b, at);
          for (size_t k = 0; k < rs.size(); ++k) {
            for (int u = 0; u < group; ++u) {
              const auto i = static_cast<size_t>(u);
              Value* y = yields[k].lanes[i];
              if (rs[k].ordered) set(acc[k][i], combine(rs[k], get(acc[k][i]), widened(rs[k], y)));
              else add_partial(rs[k], partials[k], u, y, add(add(e, p), int64_t{u} * w), nullptr);
            }
          }
        });
        for (size_t k = 0; k < rs.size(); ++k) {
          for (size_t u = 0; u < acc[k].size(); ++u) {
            if (in_array) ir.CreateAlignedStore(get(acc[k][u]), lane_slot(k, add(lane, static_cast<int64_t>(u) * w)), align);
            else parts[k].push_back(get(acc[k][u]));
          }
        }
      });
      if (!rest_known) {
        Value* left = ir.CreateAnd(m, number(kLanes - 1));
        Value* done = whole;
        at.unroll = 1;
        for_range(number(0), left, w, [&](Value* lane) {
          at.base = add(e, add(done, lane));
          at.mask = tail_mask(sub(left, lane), b);
          to_array(at, emit(b, at), add(add(e, done), lane), lane, false);
        });
        at.mask = nullptr;
      }
    }
    Values sums;
    for (size_t k = 0; k < rs.size(); ++k) {
      if (!rs[k].ordered) {
        sums.push_back(nullptr);
        continue;
      }
      if (in_array)
        for (int c = 0; c < present_vectors; ++c) parts[k].push_back(load_lanes(k, number(int64_t{c} * w)));
      sums.push_back(halve(rs[k], parts[k], present));
    }
    return sums;
  };

  if (known && *known <= kBlock) {
    const Values sums = block(number(0), n);
    for (size_t k = 0; k < rs.size(); ++k)
      if (sums[k]) set_result(rs[k], sums[k]);
  } else {
    Value* count = ir.CreateLShr(add(n, kBlock - 1), number(10));
    Stack stack = make_stack(rs, constant(count));
    for_range(number(0), count, 1, [&](Value* i) {
      Value* e = mul(i, kBlock);
      Value* m = known && *known % kBlock == 0 ? number(kBlock) : smaller(number(kBlock), sub(n, e));
      push(stack, rs, block(e, m), i);
    });
    finish_stack(stack, rs);
  }
  for (size_t k = 0; k < rs.size(); ++k)
    if (!rs[k].ordered) set_result(rs[k], finish_partial(rs[k], partials[k]));
}

// tree=1: the elements themselves in the padded tree of pairs. A vector is a subtree.
void Emitter::in_tree(const Body& b, Value* n, const std::vector<Reduction>& rs) {
  const auto known = constant(n);
  std::vector<Partial> partials(rs.size());
  for (size_t k = 0; k < rs.size(); ++k)
    if (!rs[k].ordered) partials[k] = start_partial(rs[k], b.width, 1);
  Stack stack = make_stack(rs, known);
  Var count = var(number(0));
  vectors(b, n, 1, [&](const Lanes& at, llvm::SmallVector<Val, 2> yields) {
    Values sums(rs.size(), nullptr);
    for (size_t k = 0; k < rs.size(); ++k) {
      Value* v = yields[k].lanes[0];
      if (!rs[k].ordered) {
        add_partial(rs[k], partials[k], 0, v, at.base, at.mask);
        continue;
      }
      v = widened(rs[k], v);
      if (at.mask) v = ir.CreateSelect(at.mask, v, identity(rs[k], b.width));
      while (width(v) > 1) {  // neighbours meet
        llvm::SmallVector<int, 32> even, odd;
        for (int i = 0; i < width(v); i += 2) {
          even.push_back(i);
          odd.push_back(i + 1);
        }
        v = combine(rs[k], ir.CreateShuffleVector(v, even), ir.CreateShuffleVector(v, odd));
      }
      sums[k] = ir.CreateExtractElement(v, uint64_t{0});
    }
    Value* i = get(count);
    push(stack, rs, sums, i);
    set(count, ir.CreateAdd(i, number(1)));
  });
  finish_stack(stack, rs);
  for (size_t k = 0; k < rs.size(); ++k)
    if (!rs[k].ordered) set_result(rs[k], finish_partial(rs[k], partials[k]));
}

}  // namespace frit::codegen
