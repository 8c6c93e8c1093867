// The parts of the interpreter (ir/interpret.h), shared by its files alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

#include "ir/func.h"
#include "ir/interpret.h"

namespace frit::ir::interp {

// Calls f(std::type_identity<T>{}) for the C++ type of t.
template <class F>
decltype(auto) with_type(DType t, F&& f) {
  switch (t) {
#define FRIT_X(id, name, type, kind) \
  case DType::id: return f(std::type_identity<type>{});
    FRIT_DTYPES(FRIT_X)
#undef FRIT_X
  }
  internal_error("no such type");
}

using Extents = std::vector<int64_t>;

int64_t count_of(const Extents& e);
Array make_array(DType t, Shape shape);      // zeroed
Array scalar_array(const Literal& l);        // rank 0
const std::byte* element(const Array& a, int64_t i);
void copy_element(Array& to, int64_t i, const Array& from, int64_t j);

// The row-major position of an index.
int64_t ravel(const Extents& index, const Extents& extents);

// Calls visit(p, index) for every index in row-major order; p is its position.
template <class F>
void for_each_index(const Extents& extents, F&& visit) {
  Extents index(extents.size());
  const int64_t n = count_of(extents);
  for (int64_t p = 0; p < n; ++p) {
    visit(p, std::as_const(index));
    for (size_t k = extents.size(); k-- > 0;) {
      if (++index[k] < extents[k]) break;
      index[k] = 0;
    }
  }
}

// interpret_orders.cpp: one extent of n elements x (dense, of type t) reduced to one element at out,
// in the orders of LAWS.md, 4, 9 and 12.
void reduce_extent(Op op, DType t, const std::byte* x, int64_t n, std::byte* out);
// The chain acc = fma(a, b, acc) in blocks; integers wrap in t.
void dot_extent(DType t, const std::byte* a, const std::byte* b, int64_t n, std::byte* out);
// sum(a * b): the products rounded, then the order of sums; integers wrap in t.
void sum_of_products(DType t, const std::byte* a, const std::byte* b, int64_t n, std::byte* out);

// interpret_tensor.cpp: an op on whole arrays (elementwise, reductions, layout, dot); one result.
// operand_types: of an elementwise op the dtypes decide; result: its type, all extents constant.
Array run_tensor_op(const OpNode& op, const std::vector<const Array*>& operands, const Type& result, Formulas formulas);

// An elementwise op on n elements: step[k] is 0 where operand k is one number for all, else 1.
void run_elementwise(const OpNode& op, const std::vector<const Array*>& operands, const std::vector<size_t>& step,
                     DType result, int64_t n, std::byte* out, Formulas formulas);

// interpret_fused.cpp: a `fused` op. outer[v] is the array of an outer value v that the region reads
// (null for others); space and results: constant extents.
std::vector<Array> run_fused(const Func& f, const OpNode& op, const std::vector<const Array*>& outer,
                             const Extents& space, const std::vector<Type>& results, Formulas formulas);

}  // namespace frit::ir::interp
