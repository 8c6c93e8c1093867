// What is known of the index values of a kernel before it runs: extents of loops, common divisors, the
// largest value. Every answer holds for all items of the launch; "nothing" is always a right answer.
#pragma once

#include <optional>
#include <vector>

#include "ir/func.h"

namespace frit::codegen::cuda {

struct Extent {
  std::optional<int64_t> exact;    // known and the same for all items
  std::optional<int64_t> at_most;  // a bound; exact, where that is known
};

class Ranges {
 public:
  explicit Ranges(const ir::Func& f);

  Extent extent(const ir::IndexExpr& lo, const ir::IndexExpr& hi) const;
  // A number that divides the expression's value always; 0: the value is 0.
  int64_t divisor(const ir::IndexExpr& e) const;
  std::optional<int64_t> most(const ir::IndexExpr& e) const;   // terms of non-negative variables
  std::optional<int64_t> least(const ir::IndexExpr& e) const;

 private:
  const ir::OpNode* def(ir::ValueId v) const;
  std::optional<int64_t> most(ir::ValueId v) const;
  std::optional<int64_t> least(ir::ValueId v) const;
  int64_t divisor(ir::ValueId v) const;
  void walk(const ir::Region& r);

  const ir::Func& f_;
  std::vector<ir::OpId> owner_;  // of region arguments: the op, by value
};

}  // namespace frit::codegen::cuda
