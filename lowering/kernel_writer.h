// Writing the scalars of a group into the regions of a kernel: each value once, in the outermost
// region where it can stand.
#pragma once

#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "lowering/kernel.h"

namespace frit::lower {

// A region under construction. Values made in it are visible in the regions inside.
struct Scope {
  ir::Region region;
  std::unordered_map<ValueId, Operand> made;  // group local -> value in the kernel
  Scope* up = nullptr;
  bool whole = false;  // reductions are combined in it: what is made from them stays inside
  uint64_t loops = 0;  // bit set of the nest's loops whose index is known here (own and enclosing)
};

class KernelWriter {
 public:
  KernelWriter(const Func& f, const Group& g, const Nest& nest, bool specialise);

  // Numbers of the program: constants in the kernel, or run-time parameters of it.
  IndexExpr number(int64_t v);
  void add_scaled(IndexExpr& e, ValueId var, int64_t stride);
  IndexExpr scaled(ValueId var, int64_t stride);

  ValueId buffer(ValueId tensor) const { return buffers_.at(tensor); }
  ValueId add_temp(DType t, int64_t count);    // a buffer of the kernel's own; before any number()
  ValueId add_local(DType t, int64_t size);    // an array of the worker's own

  // The index value of a nest's loop, from here on.
  void set_loop(int loop, IndexExpr value) { loop_value_[static_cast<size_t>(loop)] = std::move(value); }
  const IndexExpr& loop_value(int loop) const { return loop_value_[static_cast<size_t>(loop)]; }
  // w numbers the combinations of these loops (extents as numbers), the last one fastest: sets their values.
  void split_item(Scope& s, ValueId w, const std::vector<int>& loops);

  IndexExpr address(Scope& s, const Linear& l);
  // The value of a local, made in the outermost enclosing scope that knows the loops it varies over.
  Operand value(Scope& s, ValueId local);
  Operand value(Scope& s, const Operand& o) { return o.is_value() ? value(s, o.value) : o; }
  // Where a local's value comes from instead of its op: an array of the worker's own.
  struct Stored {
    ValueId local_array;
    IndexExpr index;
    uint64_t loops;     // needed to know the index
  };
  void set_stored(ValueId local, Stored s) { stored_[local] = std::move(s); }
  void clear_stored(ValueId local) { stored_.erase(local); }

  void store(Scope& s, ValueId buf, IndexExpr at, Operand v, bool stream, ir::LocId loc = kNone);
  Operand load(Scope& s, ValueId buf, IndexExpr at, DType t, std::string name = {});
  IndexExpr index_op(Scope& s, Op op, IndexExpr a, IndexExpr b);
  OpId add(Scope& s, OpNode op, const std::vector<ir::Type>& results, std::string name = {}) {
    return k.add_op(s.region, std::move(op), results, name);
  }
  // Opens a region inside `up` with index arguments of these names.
  Scope open(Scope& up, const std::vector<const char*>& names, uint64_t more_loops);

  // Bit set of the nest's loops that a local varies over.
  uint64_t varies(ValueId local) const { return varies_[static_cast<size_t>(local)]; }
  const OpNode* def(ValueId local) const;   // null for index variables
  int def_index(ValueId local) const { return def_[static_cast<size_t>(local)]; }

  ir::Func k;
  Scope top;
  Kernel result;  // tensors, temps and params are filled as they are made

 private:
  Operand make(Scope& s, ValueId local);
  Operand make_read(Scope& s, int at, const OpNode& o);

  const Group& g_;
  const Nest& nest_;
  bool specialise_;
  std::map<ValueId, ValueId> buffers_;  // outer tensor -> buffer parameter
  std::vector<IndexExpr> loop_value_;
  std::vector<int> def_;                // local -> position in the body; -1 for index variables
  std::vector<uint64_t> varies_;
  std::unordered_map<ValueId, Stored> stored_;
};

}  // namespace frit::lower
