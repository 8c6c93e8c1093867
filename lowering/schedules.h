// The schedules: each fills a kernel from a group and its nest. Used by build_kernel alone.
#pragma once

#include "lowering/kernel_writer.h"
#include "lowering/stages.h"

namespace frit::lower {

struct ScheduleContext {
  const Func& f;
  const Group& g;
  const Nest& nest;
  const CompileOptions& options;
  bool large = false;  // the launch moves more than the caches hold
  const Agreement* agreed = nullptr;

  // Non-temporal stores: for large results of large launches, which nobody will find in a cache.
  bool streams(const Group::Output& o) const {
    return large && options.target.hints && (agreed || f.type(o.tensor).count() * size_of(f.type(o.tensor).dtype) > options.target.l2);
  }
};

void write_rows(const ScheduleContext& c, KernelWriter& w);      // flat and row
void write_columns(const ScheduleContext& c, KernelWriter& w);   // column
void write_product(const ScheduleContext& c, KernelWriter& w);   // product
void write_tiles(const ScheduleContext& c, KernelWriter& w);     // tiled

// Shared pieces.
OpNode loop_op(Op op, std::vector<IndexExpr> bounds);
// Closes `inner` as the region of `op` in `s`, reducing `yields` by `reduce` where there are any;
// returns the op's id.
OpId close_loop(KernelWriter& w, Scope& s, Scope& inner, OpNode op, std::vector<Operand> yields, const std::vector<Op>& reduce,
                const std::vector<DType>& reduce_types);
void close_work(KernelWriter& w, Scope& item, int64_t items);
void close_finish(KernelWriter& w, Scope& finish);
int64_t product_of(const Nest& nest, const std::vector<int>& loops);
// Result type of a reduction in a group's body.
DType reduction_type(const Group& g, const OpNode& o);

}  // namespace frit::lower
