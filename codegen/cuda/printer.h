// Kernel-level IR -> CUDA C++, one kernel. docs/kernel-ir.md is the specification, mapping.h says which
// thread does what.
//
// Statements of an item are executed by all threads of its team, scalars by each of them alike. Inside
// lanes and cols a thread goes through its vectors in steps: loads of a step into arrays, then the body an
// element at a time in unrolled loops, then the stores.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "codegen/cuda.h"
#include "codegen/cuda/mapping.h"
#include "codegen/cuda/scalars.h"

namespace frit::codegen::cuda {

// How often a value changes: once, with the row of cols, with the lane.
enum class Rate : uint8_t { invariant, row, lane };

// Lines of text, indented by depth.
class Text {
 public:
  template <class... T>
  void line(const T&... pieces) {
    out_ += std::string(static_cast<size_t>(2 * depth_), ' ') + cat(pieces...) + "\n";
  }
  template <class... T>
  void open(const std::string& first, const T&... pieces) {
    line(first, pieces..., " {");
    ++depth_;
  }
  void close(const std::string& after = "") {
    --depth_;
    line("}", after);
  }
  // A block by itself.
  void open() {
    line("{");
    ++depth_;
  }
  template <class... T>
  void unrolled(const T&... pieces) {
    out_ += "#pragma unroll\n";
    open(pieces...);
  }
  template <class... T>
  void rolled(const T&... pieces) {
    out_ += "#pragma unroll 1\n";
    open(pieces...);
  }
  void indent() { ++depth_; }
  const std::string& str() const { return out_; }
  // Puts in what became known later: @bytes@, and @half:offset@ as number(half, offset).
  void fill_in(const std::function<std::string(int, int64_t)>& number);
  void drop_unused(const std::vector<std::string>& names);
  void replace(const std::string& mark, const std::string& text) {
    for (size_t at = 0; (at = out_.find(mark, at)) != std::string::npos; at += text.size()) out_.replace(at, mark.size(), text);
  }

 private:
  int depth_ = 0;
  std::string out_;
};

// A reduction of lanes or cols, as text.
struct Reduce {
  ir::Op op{};
  DType element{};        // of the yielded value
  bool ordered = false;   // in the order of LAWS.md, 9
  bool arg = false;
  std::string type;       // of the running value: "f32", "f_best<f32, int>"
  std::string combine;    // "f_sum"
  std::string identity;
  std::string empty;      // the result of nothing
  DType result{};
  size_t yield = 0;       // number of the yielded value
  std::string acc;        // name of the running values
  int64_t bytes = 4;      // of a running value
  std::string slot;       // where warps leave theirs
};

class Printer {
 public:
  Printer(const ir::Func& f, const GpuSpec& gpu, bool wide, int lighter);
  CudaSource run();

 private:
  using Terms = std::vector<ir::IndexExpr::Term>;

  // printer.cpp: the kernel, statements
  void place(bool segments);
  void segment(int64_t segments, int arguments);
  void item(const ir::OpNode& work);
  void finish(const ir::OpNode& op);
  void locals();                     // of the item, in shared memory or registers
  void statements(const ir::Region& r);
  void statement(ir::OpId id);
  void loop(const ir::OpNode& op);
  bool rows_of_lanes(const ir::OpNode& op);  // a loop whose iterations go to parts of the team
  std::string name(ir::ValueId v) const;
  std::string value(const ir::Operand& o) const;
  std::string index(const ir::IndexExpr& e) const;
  std::string index_type() const { return wide_ ? "i64" : "int"; }
  std::string extent_text(const ir::IndexExpr& lo, const ir::IndexExpr& hi) const;
  std::string element(ir::ValueId buffer, const ir::IndexExpr& e) const;  // "b0[...]"
  std::string place(ir::ValueId buffer, const std::string& index) const;
  bool is_local(ir::ValueId buffer) const { return f_.value(buffer).def != ir::kNone; }
  bool kept(ir::ValueId buffer) const { return m_.kept_local.count(buffer) != 0; }
  void sync();
  // Waits where op reads what other threads of the team wrote, or writes what they read.
  void order(const ir::OpNode& op);
  void touched(const ir::Region& r, std::set<ir::ValueId>& reads, std::set<ir::ValueId>& writes) const;
  void touched(const ir::OpNode& op, std::set<ir::ValueId>& reads, std::set<ir::ValueId>& writes) const;

  // region.cpp: bodies of lanes and cols
  struct Access {        // a load or store of whole vectors
    ir::OpId id;
    ir::ValueId buffer;
    std::string array;   // where its elements are
    std::string aligned; // a name, or "true" or "false"
    int kept = -1;       // the register row that the load reads
    bool fills = false;  // and fills first
    bool once = false;   // more than the caches hold, and this is the one access to it
  };
  struct Body {
    std::vector<ir::OpId> ops;      // of the region, in its order
    ir::IndexExpr first;            // lane
    ir::ValueId lane = ir::kNone, row = ir::kNone;
    std::string lo;                 // the first lane, as text
    int vector = 1, unroll = 1;
    int cost = 0;                   // primitives an element
    bool whole = false;             // every vector is there
    std::vector<Access> loads, stores;
    std::map<ir::OpId, size_t> load_of, store_of;
  };
  struct Step {           // text of what differs from step to step
    std::string e;        // number of the vector's first element, a function of u
    std::string left;     // how many elements from there on exist; unused where whole
    std::string row;      // of cols: the row
    std::string block;    // kept rows: the block, and
    std::string step;     // the step of the block, a function of u
  };
  Body analyse(ir::OpId id, ir::ValueId lane, ir::ValueId row, int vector);
  Body analyse(std::vector<ir::OpId> ops, const ir::IndexExpr& first, ir::ValueId lane, ir::ValueId row, int vector);
  void set_rates(const Body& b);
  void hoist(Body& b);
  bool contiguous(const ir::OpNode& op, const Body& b) const;
  bool used_once(const ir::OpNode& op) const;
  std::string aligned_flag(const ir::OpNode& op, const Body& b);
  void load_step(const Body& b, const Step& s);
  void declare_loads(const Body& b);
  void load_vectors(const Body& b, const Step& s);
  void print_places(const Body& b, const Step& s);
  // elements(yields) is called where an element's values are known, in the loops over u and v.
  template <class F>
  void compute_step(const Body& b, const Step& s, F&& elements) {
    out_.unrolled("for (int u = 0; u < ", b.unroll, "; ++u)");
    const std::string first = print_vector(b, s);
    out_.unrolled("for (int v = 0; v < ", b.vector, "; ++v)");
    print_element(b, s, first);
    elements(yields(b));
    out_.close();
    store_vector(b);
    out_.close();
  }
  std::string print_vector(const Body& b, const Step& s);
  void print_element(const Body& b, const Step& s, const std::string& first);
  std::vector<std::string> yields(const Body& b) const;
  void store_vector(const Body& b);
  void element_op(ir::OpId id, const Body& b, const Step& s);
  std::string loaded(ir::ValueId buffer, const ir::IndexExpr& e) const;
  // Written by other blocks of this launch: caches of this one may hold what was there before.
  bool fresh(ir::ValueId buffer) const { return in_finish_ && stored_.count(buffer) != 0; }
  void scalar(const ir::OpNode& op);
  Rate rate(ir::ValueId v) const { return rates_[static_cast<size_t>(v)]; }
  Rate rate(const ir::OpNode& op) const;

  // lanes.cpp
  void lanes(ir::OpId id);
  std::vector<Reduce> reductions(const ir::OpNode& op);
  void map_lanes(Body& b, const Extent& n);
  void reduce_lanes(Body& b, const ir::OpNode& op, const Extent& n, std::vector<Reduce>& rs);
  void blocks(Body& b, const ir::OpNode& op, const Extent& n, std::vector<Reduce>& rs);
  void tree(Body& b, const ir::OpNode& op, std::vector<Reduce>& rs);
  void yield_unordered(const std::vector<Reduce>& rs, const std::vector<std::string>& y, const Body& b);
  // leave: each warp leaves its own in a slot; otherwise what the slots give (or the one warp has).
  void finish_unordered(const ir::OpNode& op, std::vector<Reduce>& rs, bool leave);
  void set_result(const ir::OpNode& op, const std::vector<Reduce>& rs, size_t i, const std::string& x);
  std::string element_value(const Reduce& r, const std::string& y, const std::string& number) const;
  // Memory of the team for results on their way from warp to warp, in two halves in turn: between two
  // uses of a half lies the sync of the other one.
  void next_slots();
  // Lines that put a value that all threads of a warp have into a slot, for the whole team.
  void leave(const Reduce& r, const std::string& where, const std::string& x, const std::string& guard = "");
  void started(const std::string& once = "");
  std::string slots(const Reduce& r, int64_t count);
  void place_shared();
  int unroll_for(const Body& b, int64_t steps) const;

  // cols.cpp
  void cols(ir::OpId id);
  std::string to_local(const Reduce& r, const std::string& x) const;
  std::string first_row(const ir::OpNode& op) const;
  void deep_columns(ir::OpId id, std::vector<Reduce>& rs);
  void tree_columns(ir::OpId id, std::vector<Reduce>& rs);

  // product.cpp
  struct Held {           // an operand of a product on its way through shared memory
    Body body;
    Step step;
    std::string name;     // of what is stored
    std::string value;    // that stands for k beyond the end
    ir::Operand yield;
    int side = 0;         // Slice::side
    int edge = 1;         // how many along i or j
    bool along_k = false; // vectors go along k
    int vectors = 1;      // in all
    int64_t stride = 1, half = 0;  // elements from k to k, and of one half
  };
  void product(ir::OpId id);
  Held hold(const ir::OpNode& op, const Blocking& b, int operand, const std::string& i0, const std::string& j0);
  void print_position(const Held& h, const Blocking& b);
  void load_held(const Held& h, const Blocking& b);
  void store_held(const Held& h, const Blocking& b, const std::string& type);
  void multiply(const ir::OpNode& op, const Blocking& b, const Held (&held)[2], const std::string& type);
  void leave_product(const ir::OpNode& op, const Blocking& b, const std::string& type, const std::string& i0, const std::string& j0);

  // tile.cpp
  void tile(const ir::OpNode& op);

  const ir::Func& f_;
  const GpuSpec& gpu_;
  bool wide_;
  Ranges ranges_;
  Mapping m_;
  Functions functions_;
  Text out_;
  const Team* team_ = nullptr;       // of the code being printed
  bool in_finish_ = false;
  std::string thread_ = "t";         // number in the team; in rows_of_lanes, in a part of it
  int part_ = 0;                     // threads of a part; 0: the whole team
  std::vector<Rate> rates_;
  std::map<ir::ValueId, std::string> names_;
  std::map<ir::ValueId, int64_t> pad_;         // of transposed tiles: a place more every so many
  std::set<ir::ValueId> stored_;               // by the work region, when printing finish
  std::set<ir::ValueId> reads_, writes_;       // since the team met last
  std::map<int, std::string> kept_name_;
  int64_t shared_ = 0;               // bytes of a team in use
  int64_t shared_most_ = 0;          // of a block, over both parts of the kernel
  int64_t slots_most_ = 0, slots_now_ = 0;     // bytes of a half of the slots
  int slots_turn_ = 0;
  bool started_ = false;             // all blocks of the cluster are known to run: they may be written to
  int lighter_;
  int number_ = 0;                   // for names
};

}  // namespace frit::codegen::cuda
