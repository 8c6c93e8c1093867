// Small functions, made op by op with their result types stated, and arrays of plain numbers.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <initializer_list>
#include <span>
#include <vector>

#include "ir/func.h"
#include "ir/interpret.h"
#include "ir/ops.h"

namespace frit::ir {

template <class T>
Array array(Shape shape, const std::vector<T>& numbers) {
  Array a{dtype_of<T>(), std::move(shape), std::vector<std::byte>(numbers.size() * sizeof(T))};
  for (size_t i = 0; i < numbers.size(); ++i) {
    const T v = numbers[i];  // vector<bool> has no data()
    std::memcpy(a.data.data() + i * sizeof(T), &v, sizeof v);
  }
  EXPECT_EQ(a.shape.count(), static_cast<int64_t>(numbers.size()));
  return a;
}
template <class T>
Array scalar(T v) { return array<T>(Shape{}, {v}); }

template <class T>
std::vector<T> numbers(const Array& a) {
  EXPECT_EQ(a.dtype, dtype_of<T>());
  std::vector<T> out;
  for (size_t i = 0; i < a.data.size() / sizeof(T); ++i) {
    T v;
    std::memcpy(&v, a.data.data() + i * sizeof(T), sizeof v);
    out.push_back(v);
  }
  return out;
}

inline Type type_of(const Array& a) { return Type::tensor(a.dtype, a.shape); }

inline OpNode node(Op op, std::vector<Operand> operands, std::vector<Attr> attrs = {}) {
  OpNode n;
  n.op = op;
  n.operands = std::move(operands);
  for (Attr& a : attrs) n.set(a.name, std::move(a.value));
  return n;
}
using Ints = std::vector<int64_t>;

// The result of one tensor op on these arrays.
inline Array run_op(Op op, const std::vector<Array>& args, Type result, std::vector<Attr> attrs = {}) {
  Func f;
  std::vector<Operand> operands;
  for (const Array& a : args) operands.push_back(f.add_param(type_of(a), "x"));
  const OpId id = f.add_op(f.body, node(op, operands, std::move(attrs)), {std::move(result)});
  f.add_op(f.body, node(Op::ret, {f.result(id)}), {});
  std::vector<Array> out = interpret(f, args);
  EXPECT_EQ(out.size(), 1u);
  return out.at(0);
}

inline Array reduce(Op op, const Array& x, Ints axes) {
  std::vector<int64_t> e = x.shape.vec();
  for (int64_t a : axes) e[static_cast<size_t>(a)] = 1;
  return run_op(op, {x}, Type::tensor(reduce_result(op, x.dtype), Shape(e)), {{AttrName::axes, axes}});
}

template <class T>
uint64_t bits(T v) { return Literal::of(v).bits; }

// Exact equality of numbers, NaN being one value and the zeros two.
template <class T>
void expect_numbers(const Array& a, const std::vector<T>& want) {
  const std::vector<T> have = numbers<T>(a);
  ASSERT_EQ(have.size(), want.size());
  for (size_t i = 0; i < want.size(); ++i) {
    const T w = want[i], h = have[i];
    EXPECT_EQ(bits(h), bits(w)) << "element " << i << ": " << h << " is not " << w;
  }
}

// Numbers of many sizes, so that the order of a sum shows in its bits.
template <class T>
std::vector<T> spread_numbers(int64_t n, uint64_t seed) {
  std::vector<T> out;
  uint64_t s = seed * 0x9e3779b97f4a7c15u + 1;
  for (int64_t i = 0; i < n; ++i) {
    s = s * 6364136223846793005u + 1442695040888963407u;
    const double unit = static_cast<double>(s >> 11) * 0x1p-53 - 0.5;
    out.push_back(static_cast<T>(std::ldexp(unit, static_cast<int>(s >> 5 & 15))));
  }
  return out;
}

}  // namespace frit::ir
