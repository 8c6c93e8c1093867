// What stands behind a jitted function: its entries, one a signature, and the way of a call.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "frit/jit.h"
#include "frontend/executable.h"
#include "frontend/trace.h"

namespace frit::detail {

struct LeafType {
  DType dtype;
  Shape shape;
  Strides strides;
};
struct StaticValue {
  uint64_t bits = 0;
  bool is_text = false;
  std::string text;
};

// A signature (the guard) and what was made for it. The guard never changes; the rest is set before
// `state` becomes ready, under the core's mutex.
struct Entry {
  const void* signature = nullptr;
  Target target{};
  std::vector<LeafType> leaves;
  std::vector<StaticValue> statics;
  LeafNames names;

  enum class State : uint8_t { building, ready, failed } state = State::building;
  std::thread::id builder;

  Executable exe;
  std::vector<Captured> captured;
  std::shared_ptr<const void> rest;   // the result without its tensors
  double trace_ms = 0;
  bool check_nan = false;
};

struct Core {
  JitOptions options;
  const char* kept_name = "";         // of the options, for tensors that outlive this
  std::mutex mutex;                   // of everything below
  std::condition_variable changed;    // an entry is no longer being built
  std::vector<std::shared_ptr<Entry>> entries;  // the latest used first
  std::deque<std::string> misses;
  std::set<size_t> warned;            // static arguments that were warned about
  int64_t evictions = 0, traces = 0, hits = 0;
  double trace_ms = 0, lower_ms = 0, compile_ms = 0;
  std::atomic<int64_t> calls{0};
};

// The entry of a call, traced and compiled if there is none. data: the arguments must be values.
std::shared_ptr<const Entry> entry_of(Core& core, Call& call, bool data);
// Traces the call anew, outside of the entries.
void trace_call(Core& core, Call& call, Entry& e, ir::Func& f);

// Runs f op by op and throws at the first one that makes a NaN from operands without one (nan.cpp).
void check_for_nan(const Executable& e, const RunInputs& in);
// Writes the folder of FRIT_DUMP, if the function's name asks for it (dump.cpp).
void dump_entry(const Core& core, const Entry& e, Call& call, const std::vector<lower::Snapshot>& snapshots);
bool wants_dump(const Core& core);
Report make_report(const Core& core, const Entry& e);

}  // namespace frit::detail
