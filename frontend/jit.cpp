// The way of a call: compare guards, run; otherwise trace, compile, keep.
#include "frit/jit.h"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "frontend/core.h"
#include "frontend/device.h"
#include "frontend/place.h"
#include "frontend/settings.h"
#include "ir/places.h"
#include "support/env.h"
#include "support/log.h"
#include "support/mix.h"

namespace frit::detail {
namespace {

using Clock = std::chrono::steady_clock;
double ms_since(Clock::time_point t) { return std::chrono::duration<double, std::milli>(Clock::now() - t).count(); }

// Jitted functions that this thread is inside of the trace of, outermost first.
thread_local std::vector<const Core*> tracing;

class Tracing {
 public:
  Tracing(const Core& core, Loc where) {
    if (std::find(tracing.begin(), tracing.end(), &core) != tracing.end())
      throw Error(core.options.name, "the function calls itself while it is traced", where, {},
                  "a trace has no end of its own: write the recursion as a loop over static numbers, or outside of jit");
    tracing.push_back(&core);
  }
  ~Tracing() { tracing.pop_back(); }
  Tracing(const Tracing&) = delete;
};

std::string leaf_text(DType t, const Shape& s, const Strides& strides) {
  std::string text(name(t));
  if (s.rank()) text += s.str();
  if (!strides.empty()) {
    text += " with strides [";
    for (size_t i = 0; i < strides.size(); ++i) text += (i ? "," : "") + std::to_string(strides[i]);
    text += "]";
  }
  return text;
}

bool same_static(const StaticValue& s, const StaticArg& a) {
  if (!s.is_text) return !a.text && s.bits == a.bits;
  return a.text && s.text.size() == a.size && std::memcmp(s.text.data(), a.text, a.size) == 0;
}

bool same_leaf(const LeafType& l, const TensorImpl& t) { return l.dtype == t.dtype && l.shape == t.shape && l.strides == t.strides; }

bool matches(const Entry& e, Call& c, const Target& target) {
  if (e.signature != c.signature || !(e.target == target) || e.leaves.size() != c.tensors.size() || e.statics.size() != c.statics.size()) return false;
  for (size_t i = 0; i < e.leaves.size(); ++i)
    if (!same_leaf(e.leaves[i], *impl(*c.tensors[i]))) return false;
  for (size_t i = 0; i < e.statics.size(); ++i)
    if (!same_static(e.statics[i], c.statics[i])) return false;
  return true;
}

// Which parts of the guard of e a call does not meet, in words.
std::string difference(const Entry& e, Call& c, const Target& target, const LeafNames& names) {
  if (e.signature != c.signature) return "other argument types";
  std::string text;
  auto add = [&](const std::string& s) { text += (text.empty() ? "" : "; ") + s; };
  const size_t statics = std::min(e.statics.size(), c.statics.size());
  for (size_t i = 0; i < statics; ++i)
    if (!same_static(e.statics[i], c.statics[i])) add(names.statics[i] + " is " + names.static_values[i] + ", was " + e.names.static_values[i]);
  if (e.leaves.size() != c.tensors.size()) add(std::to_string(c.tensors.size()) + " tensors, were " + std::to_string(e.leaves.size()));
  else
    for (size_t i = 0; i < e.leaves.size(); ++i) {
      const TensorImpl& t = *impl(*c.tensors[i]);
      const LeafType& l = e.leaves[i];
      if (!same_leaf(l, t)) add(names.tensors[i] + " is " + leaf_text(t.dtype, t.shape, t.strides) + ", was " + leaf_text(l.dtype, l.shape, l.strides));
    }
  if (e.target.device != target.device) add("on " + target.device.str() + ", was on " + e.target.device.str());
  if (e.target.threads != target.threads) add(std::to_string(target.threads) + " threads, were " + std::to_string(e.target.threads));
  if (e.target.isa != target.isa) add("instruction set " + std::string(codegen::name(target.isa)) + ", was " + std::string(codegen::name(e.target.isa)));
  if (e.target.dot != target.dot) add(target.dot == Dot::own ? "matrix products of our own, were the library's" : "matrix products of the library, were our own");
  return text.empty() ? "nothing" : text;
}

// The static argument in which alone the call differs from an entry, or none.
std::optional<size_t> only_static(const Entry& e, Call& c, const Target& target) {
  if (e.signature != c.signature || !(e.target == target) || e.leaves.size() != c.tensors.size() || e.statics.size() != c.statics.size()) return {};
  for (size_t i = 0; i < e.leaves.size(); ++i)
    if (!same_leaf(e.leaves[i], *impl(*c.tensors[i]))) return {};
  std::optional<size_t> which;
  for (size_t i = 0; i < e.statics.size(); ++i)
    if (!same_static(e.statics[i], c.statics[i])) {
      if (which || e.statics[i].is_text) return {};
      which = i;
    }
  return which;
}

void set_guard(Entry& e, Call& c, const Target& target) {
  e.signature = c.signature;
  e.target = target;
  for (size_t i = 0; i < c.tensors.size(); ++i) {
    const TensorImpl& t = *impl(*c.tensors[i]);
    e.leaves.push_back({t.dtype, t.shape, t.strides});
  }
  for (size_t i = 0; i < c.statics.size(); ++i) {
    const StaticArg& s = c.statics[i];
    e.statics.push_back({s.bits, s.text != nullptr, s.text ? std::string(s.text, s.size) : std::string()});
  }
}

constexpr int kWarnAfter = 8;

// With the mutex held: a number that changes with every call makes a trace each time.
void warn_of_number(Core& core, Call& call, const Target& target, const LeafNames& names) {
  std::vector<int> alone(call.statics.size());
  for (const auto& e : core.entries)
    if (e->state == Entry::State::ready)
      if (auto i = only_static(*e, call, target)) ++alone[*i];
  for (size_t i = 0; i < alone.size(); ++i)
    if (alone[i] + 1 >= kWarnAfter && core.warned.insert(i).second)
      logging::warning(text(call.where), ": ", core.options.name, " was traced ", alone[i] + 1, " times for values of ", names.statics[i],
                       " alone, the last being ", names.static_values[i], ": declare it Tensor to make it an input");
}

Target target_of(const Core& core, Call& call) {
  return current_target(device_of_call(call.tensors.size(), [&](size_t i) { return impl(*call.tensors[i]); }, core.options.name.c_str(), call.where));
}

void move_results(Outcome& out, Results& r) {
  r.few[0] = Tensor();
  r.count = 0;
  r.resize(out.tensors.size());
  for (size_t i = 0; i < out.tensors.size(); ++i) r.data()[i] = std::move(out.tensors[i]);
  r.rest = std::move(out.rest);
}

// The user's function on the arguments themselves.
void call_directly(Call& call, Results& r) {
  std::vector<Tensor> leaves;
  for (size_t i = 0; i < call.tensors.size(); ++i) leaves.push_back(*call.tensors[i]);
  Outcome out;
  call.invoke(call.context, leaves.data(), out);
  move_results(out, r);
}

void check_arguments(const Core& core, Call& call, bool data) {
  for (size_t i = 0; i < call.tensors.size(); ++i) {
    const TensorImpl* t = impl(*call.tensors[i]);
    if (t && (t->kind == TensorKind::value || !data)) continue;
    LeafNames names;
    call.name(call.context, names);
    if (!t)
      throw Error(core.options.name, names.tensors[i] + " has no value: it was made by Tensor{}, or moved from", call.where, {}, "give it a value first");
    require_value(*call.tensors[i], core.options.name.c_str(), call.where);
  }
}

// Of a tensor's elements, in row-major order.
uint64_t digest_of(const Tensor& t) {
  const Tensor whole = dense(t);
  const auto bytes = whole.bytes();
  uint64_t hash = bytes.size();
  for (size_t at = 0; at < bytes.size(); at += sizeof(uint64_t)) {
    uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, std::min(sizeof word, bytes.size() - at));
    hash = mix(hash, word);
  }
  return hash;
}

// Whether captured tensors still are what they were when the function was traced.
void check_captures(Core& core, Call& call, const Entry& e) {
  Entry fresh;
  ir::Func f;
  trace_call(core, call, fresh, f);
  auto fail = [&](const std::string& what, Loc where) {
    throw Error(core.options.name, what, where, {}, "pass it as an argument, or call clear() after a change");
  };
  if (fresh.captured.size() != e.captured.size())
    fail(std::to_string(fresh.captured.size()) + " tensors are captured now, " + std::to_string(e.captured.size()) + " when it was traced", call.where);
  for (size_t i = 0; i < e.captured.size(); ++i) {
    const Tensor& was = e.captured[i].value;
    const Tensor& is = fresh.captured[i].value;
    // Without a digest it was traced before anybody checked: borrowed memory may have changed unseen.
    const uint64_t before = e.captured[i].digest ? *e.captured[i].digest : digest_of(was);
    if (was.dtype() != is.dtype() || was.shape() != is.shape() || before != fresh.captured[i].digest)
      fail("a captured " + type_text(*impl(was)) + " has changed since the function was traced", e.captured[i].first_use);
  }
}

void run_matching(const Core& core, const Entry& e, Call& call, Results& r) {
  const size_t args = call.tensors.size(), n = args + e.captured.size(), outputs = e.exe.outputs.size();
  constexpr size_t kFew = 24;
  const void* few_data[kFew];
  TensorImpl* few_tensors[kFew];
  bool few_give[kFew];
  std::vector<const void*> many_data;
  std::vector<TensorImpl*> many_tensors;
  std::unique_ptr<bool[]> many_give;
  const void** data = few_data;
  TensorImpl** tensors = few_tensors;
  bool* give = few_give;
  if (n > kFew) {
    many_data.resize(n);
    many_tensors.resize(n);
    many_give.reset(new bool[n]);
    data = many_data.data();
    tensors = many_tensors.data();
    give = many_give.get();
  }
  for (size_t i = 0; i < n; ++i) {
    tensors[i] = impl(i < args ? *call.tensors[i] : e.captured[i - args].value);
    data[i] = tensors[i]->data;
    give[i] = i < args;
  }
  const bool checked = e.check_nan || env().check.nan;
  RunInputs in{data, tensors, checked ? nullptr : give, n};
  r.resize(outputs);
  r.rest = e.rest;
  run_executable(e.exe, in, r.data(), r.reuse && !checked, core.kept_name, call.where);
  if (checked) check_for_nan(e.exe, in);
}

}  // namespace

Core* make_core(const JitOptions& options) {
  if (options.max_entries < 1) throw Error("jit", "max_entries must be at least 1, not " + std::to_string(options.max_entries));
  auto* core = new Core;
  core->options = options;
  if (core->options.name.empty()) core->options.name = "f";
  core->kept_name = ir::kept_loc(core->options.name, 0, 0).file;
  return core;
}
void release_core(Core* core) noexcept { delete core; }

void trace_call(Core& core, Call& call, Entry& e, ir::Func& f) {
  const auto start = Clock::now();
  Tracing inside(core, call.where);
  auto trace = std::make_shared<Trace>(core.options.name, core.options.captures == Captures::allow);
  call.name(call.context, e.names);
  Outcome out;
  {
    TraceScope scope(trace);
    std::vector<Tensor> leaves;
    for (size_t i = 0; i < call.tensors.size(); ++i) leaves.push_back(trace->add_param(*impl(*call.tensors[i]), e.names.tensors[i]));
    call.invoke(call.context, leaves.data(), out);
    f = trace->finish(out.tensors, call.where);
    f.numerics = core.options.numerics;
  }
  e.captured = trace->captured();
  if (env().check.captures)
    for (Captured& c : e.captured) c.digest = digest_of(c.value);
  e.rest = std::move(out.rest);
  e.trace_ms = ms_since(start);
}

namespace {

void build_entry(Core& core, Call& call, Entry& e) {
  ir::Func f;
  trace_call(core, call, e, f);
  e.check_nan = core.options.check_nan;
  for (const Captured& c : e.captured) {
    const TensorImpl& t = *impl(c.value);
    if (t.anywhere() || t.device == e.target.device) continue;
    throw Error(core.options.name, "captures " + type_text(t) + " on " + t.device.str() + ", and the call runs on " + e.target.device.str(), c.first_use,
                {}, "move it there outside of the function, x.to(frit::" + std::string(e.target.device.is_gpu() ? "gpu" : "cpu") + "()), or pass it as an argument");
  }
  std::vector<lower::Snapshot> snapshots;
  const bool dump = wants_dump(core);
  e.exe = make_executable(std::move(f), For::jit, e.target.device, dump ? &snapshots : nullptr);
  if (dump) dump_entry(core, e, call, snapshots);
  logging::debug(core.options.name, ": traced in ", e.trace_ms, " ms, compiled in ", e.exe.program ? e.exe.program->compile_ms : 0.0, " ms");
}

}  // namespace

std::shared_ptr<const Entry> entry_of(Core& core, Call& call, bool data) {
  check_arguments(core, call, data);
  const Target target = target_of(core, call);
  std::shared_ptr<Entry> mine;
  {
    std::unique_lock lock(core.mutex);
    for (size_t i = 0; i < core.entries.size();) {
      const std::shared_ptr<Entry> e = core.entries[i];
      if (!matches(*e, call, target)) {
        ++i;
        continue;
      }
      if (e->state == Entry::State::building) {
        if (e->builder == std::this_thread::get_id()) Tracing recursion(core, call.where);  // throws
        core.changed.wait(lock, [&] { return e->state != Entry::State::building; });
        if (e->state == Entry::State::failed) {
          i = 0;  // its builder has reported; this call tries for itself
          continue;
        }
        ++core.hits;
        return e;
      }
      if (i != 0) std::rotate(core.entries.begin(), core.entries.begin() + static_cast<std::ptrdiff_t>(i), core.entries.begin() + static_cast<std::ptrdiff_t>(i) + 1);
      ++core.hits;
      return e;
    }
    // A miss: why, and whether it may be.
    LeafNames names;
    call.name(call.context, names);
    std::string why = "the first call";
    if (!core.entries.empty()) {
      // The nearest entry says most: the one with the shortest list of differences.
      for (const auto& e : core.entries) {
        const std::string d = difference(*e, call, target, names);
        if (why == "the first call" || d.size() < why.size()) why = d;
      }
      if (core.options.retrace == Retrace::error)
        throw Error(core.options.name, "the call needs a second trace: " + why, call.where, {}, "Retrace::error forbids it; call with the types and shapes of the first call");
    }
    warn_of_number(core, call, target, names);
    core.misses.push_back(text(call.where) + ": " + why);
    if (core.misses.size() > 32) core.misses.pop_front();
    ++core.traces;
    mine = std::make_shared<Entry>();
    set_guard(*mine, call, target);
    mine->names = std::move(names);
    mine->builder = std::this_thread::get_id();
    core.entries.insert(core.entries.begin(), mine);
  }
  Entry made;
  made.leaves = mine->leaves;
  made.target = mine->target;
  try {
    build_entry(core, call, made);
  } catch (...) {
    std::lock_guard lock(core.mutex);
    mine->state = Entry::State::failed;
    std::erase(core.entries, mine);
    core.changed.notify_all();
    throw;
  }
  std::vector<std::shared_ptr<Entry>> dropped;  // ends without the lock: a program may wait for its GPU
  std::lock_guard lock(core.mutex);
  mine->exe = std::move(made.exe);
  mine->captured = std::move(made.captured);
  mine->rest = std::move(made.rest);
  mine->trace_ms = made.trace_ms;
  mine->check_nan = made.check_nan;
  mine->state = Entry::State::ready;
  core.trace_ms += mine->trace_ms;
  if (mine->exe.program) {
    core.lower_ms += mine->exe.program->lower_ms;
    core.compile_ms += mine->exe.program->compile_ms;
  }
  // The oldest entries that are done give way.
  for (size_t i = core.entries.size(); i > 0 && core.entries.size() > static_cast<size_t>(core.options.max_entries); --i) {
    auto& e = core.entries[i - 1];
    if (e->state != Entry::State::ready || e == mine) continue;
    dropped.push_back(std::move(e));
    core.entries.erase(core.entries.begin() + static_cast<std::ptrdiff_t>(i) - 1);
    ++core.evictions;
  }
  core.changed.notify_all();
  return mine;
}

void run_call(Core& core, Call& call, Results& r) {
  core.calls.fetch_add(1, std::memory_order_relaxed);
  if (current_trace()) {  // inside of another function's trace: part of it
    check_arguments(core, call, false);
    Tracing inside(core, call.where);
    return call_directly(call, r);
  }
  if (jit_is_off()) {
    check_arguments(core, call, true);
    return call_directly(call, r);
  }
  const std::shared_ptr<const Entry> e = entry_of(core, call, true);
  if (env().check.captures) check_captures(core, call, *e);
  run_matching(core, *e, call, r);
}

void run_eagerly(Core& core, Call& call, Results& r) {
  check_arguments(core, call, !current_trace());
  EagerScope eager;
  call_directly(call, r);
}

std::shared_ptr<const Entry> compile_call(Core& core, Call& call) { return entry_of(core, call, false); }

void run_entry(Core& core, const Entry& e, Call& call, Results& r) {
  core.calls.fetch_add(1, std::memory_order_relaxed);
  check_arguments(core, call, true);
  if (current_trace()) {
    Tracing inside(core, call.where);
    return call_directly(call, r);
  }
  if (!matches(e, call, e.target)) {
    LeafNames names;
    call.name(call.context, names);
    throw Error(core.options.name, "the call is not of the signature that was compiled: " + difference(e, call, e.target, names), call.where, {},
                "compile another one, or call the jitted function, which traces where it has to");
  }
  run_matching(core, e, call, r);
}

size_t results_of(const Entry& e) { return e.exe.outputs.size(); }

JitStats stats_of(Core& core) {
  std::lock_guard lock(core.mutex);
  JitStats s;
  s.calls = core.calls.load(std::memory_order_relaxed);
  s.hits = core.hits;
  s.traces = core.traces;
  s.evictions = core.evictions;
  s.entries = static_cast<int64_t>(core.entries.size());
  s.trace_ms = core.trace_ms;
  s.lower_ms = core.lower_ms;
  s.compile_ms = core.compile_ms;
  s.misses.assign(core.misses.begin(), core.misses.end());
  return s;
}

void forget(Core& core) {
  std::vector<std::shared_ptr<Entry>> dropped;
  std::lock_guard lock(core.mutex);
  auto ready = std::stable_partition(core.entries.begin(), core.entries.end(), [](const auto& e) { return e->state != Entry::State::ready; });
  dropped.assign(std::make_move_iterator(ready), std::make_move_iterator(core.entries.end()));
  core.entries.erase(ready, core.entries.end());
}

}  // namespace frit::detail
