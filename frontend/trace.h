// Recording: while a function of the user's is traced, every op of this thread goes into a Func.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "frontend/request.h"
#include "frontend/tensor_impl.h"

namespace frit {

struct Captured {
  Tensor value;
  ir::ValueId param;
  Loc first_use;
  std::optional<uint64_t> digest = {};  // of its elements when it was traced, under FRIT_CHECK=captures
};

class Trace : public std::enable_shared_from_this<Trace> {
 public:
  Trace(std::string name, bool allow_captures);

  Tensor add_param(const detail::TensorImpl& like, const std::string& name);
  Tensor record(const Request& r);
  // The value that stands for a tensor; a tensor with numbers is captured.
  ir::ValueId value_of(const Tensor& t, const char* op, Loc where);
  void set_name(ir::ValueId v, std::string_view name);
  // Ends the body with these results and returns the function, verified.
  ir::Func finish(const std::vector<Tensor>& results, Loc where);

  const std::string& name() const { return func_.name; }
  const std::vector<Captured>& captured() const { return captured_; }
  bool open() const { return open_; }

 private:
  friend class TraceScope;
  ir::LocId place(Loc where);

  ir::Func func_;
  bool open_ = true;
  bool allow_captures_;
  bool warned_ = false;
  std::vector<Captured> captured_;
  std::unordered_map<const detail::TensorImpl*, ir::ValueId> capture_of_;
  struct PlaceCount {
    ir::LocId id = ir::kNone;
    int count = 0;
  };
  std::unordered_map<uint64_t, std::vector<std::pair<Loc, PlaceCount>>> places_;
};

// The trace of this thread; null if it is not tracing.
Trace* current_trace();

// While it lives, this thread records into `trace`. Closes the trace at the end, whatever happens.
class TraceScope {
 public:
  explicit TraceScope(std::shared_ptr<Trace> trace);
  ~TraceScope();
  TraceScope(const TraceScope&) = delete;

 private:
  std::shared_ptr<Trace> trace_;
  Trace* outer_;
};

// A name as the IR spells it: letters, digits, _ and dots.
std::string ir_name(std::string_view name);

}  // namespace frit
