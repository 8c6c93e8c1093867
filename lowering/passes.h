// The passes: free functions on a function, each in a file of its name. pass_table.cpp has their order.
#pragma once

#include <string_view>
#include <vector>

#include "lowering/compile.h"

namespace frit::lower {

// What passes share: options, the fuel that is left, and where decisions are written.
struct PassContext {
  const CompileOptions& options;
  std::vector<Decision>* decisions = nullptr;
  int64_t fuel_left = -1;  // -1: no limit

  bool enabled(std::string_view name) const { return options.enabled(name); }
  bool has_fuel() const { return fuel_left != 0; }
  // Takes one rewrite's fuel; false when there is none left.
  bool spend() {
    if (fuel_left == 0) return false;
    if (fuel_left > 0) --fuel_left;
    return true;
  }
};

// Parts that one kernel joins.
inline constexpr size_t kMostParts = 16;

void densify(ir::Func& f, PassContext& context);             // tensor
void simplify(ir::Func& f, PassContext& context);            // tensor
void eliminate_common(ir::Func& f, PassContext& context);    // tensor
void eliminate_dead(ir::Func& f, PassContext& context);      // tensor
void canonical_dots(ir::Func& f, PassContext& context);      // tensor
void canonical_reductions(ir::Func& f, PassContext& context);  // tensor
void canonical_concats(ir::Func& f, PassContext& context);   // tensor
void fuse(ir::Func& f, PassContext& context);                // tensor -> fused
void relax(ir::Func& f, PassContext& context);               // fused

}  // namespace frit::lower
