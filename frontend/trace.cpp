// The trace of a thread: parameters, ops, captures, places.
#include "frontend/trace.h"

#include <unordered_map>
#include <unordered_set>

#include "frontend/place.h"
#include "frontend/settings.h"
#include "ir/infer.h"
#include "ir/verify.h"
#include "support/log.h"

namespace frit {
namespace {

thread_local Trace* current = nullptr;

// One place recorded more often than this is a loop that the trace has unrolled.
constexpr int kUnrolled = 256;

}  // namespace

Trace* current_trace() { return current; }

TraceScope::TraceScope(std::shared_ptr<Trace> trace) : trace_(std::move(trace)), outer_(current) { current = trace_.get(); }
TraceScope::~TraceScope() {
  current = outer_;
  trace_->open_ = false;
}

std::string ir_name(std::string_view name) {
  std::string out;
  for (char c : name) {
    const bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
    out += word ? c : '_';
  }
  const bool starts_well = !out.empty() && !(out[0] >= '0' && out[0] <= '9') && out[0] != '.';
  return starts_well ? out : "_" + out;
}

Trace::Trace(std::string name, bool allow_captures) : allow_captures_(allow_captures) { func_.name = ir_name(name); }

Tensor Trace::add_param(const detail::TensorImpl& like, const std::string& name) {
  auto* t = new detail::TensorImpl;
  Tensor handle = detail::adopt(t);
  t->kind = detail::TensorKind::traced;
  t->dtype = like.dtype;
  t->shape = like.shape;
  t->trace = shared_from_this();
  t->id = func_.add_param(like.type(), ir_name(name));
  t->made_by = like.made_by;
  t->made_at = like.made_at;
  func_.value(t->id).strides = like.strides;
  return handle;
}

ir::LocId Trace::place(Loc where) {
  const Loc outer = composition_place();
  if (!where.known() && !outer.known()) return ir::kNone;
  auto find = [&](const Loc& at, ir::LocId from) -> PlaceCount& {
    const uint64_t key = std::hash<std::string_view>()(at.file) * 31 + static_cast<uint64_t>(at.line) * 4099 +
                         static_cast<uint64_t>(at.column) * 131 + static_cast<uint64_t>(from + 1) * 0x9e3779b97f4a7c15u;
    auto& list = places_[key];
    for (auto& [loc, count] : list)
      if (loc == at && func_.places[static_cast<size_t>(count.id)].from == from) return count;
    PlaceCount fresh{func_.add_place(ir::Place{std::string(short_file(at.file)), at.line, at.column, from}), 0};
    list.emplace_back(at, fresh);
    return list.back().second;
  };
  ir::LocId from = ir::kNone;
  if (outer.known()) from = find(outer, ir::kNone).id;
  if (!where.known()) return from;
  PlaceCount& p = find(where, from);
  if (++p.count > kUnrolled && !warned_) {
    warned_ = true;
    logging::warning(text(user_place(where)), ": recorded more than ", kUnrolled, " times in the trace of ", func_.name,
                     ": a loop that is unrolled; every turn makes ops of its own");
  }
  return p.id;
}

ir::ValueId Trace::value_of(const Tensor& t, const char* op, Loc where) {
  detail::TensorImpl& impl = detail::require(t, op, where);
  if (impl.kind == detail::TensorKind::traced) {
    if (impl.trace.get() == this) return impl.id;
    const std::string of = impl.trace->name();
    if (!impl.trace->open())
      throw Error(op, "a value of the trace of " + of + ", which has ended, is used in the trace of " + name(), user_place(where),
                  {}, "return it from " + of + " to use it outside");
    throw Error(op, "a value of the trace of " + of + " is used in the trace of " + name(), user_place(where), {},
                "pass it as an argument");
  }
  if (impl.kind == detail::TensorKind::spec) detail::require_value(t, op, where);
  auto it = capture_of_.find(&impl);
  if (it != capture_of_.end()) return it->second;
  const Loc at = user_place(where);
  if (!allow_captures_) {
    std::vector<Note> notes;
    if (impl.made_at.known()) notes.push_back({detail::type_text(impl) + " made by " + impl.made_by + " here", impl.made_at});
    throw Error(op, name() + " captures " + detail::type_text(impl) + ", and its captures are forbidden", at, notes,
                "pass the tensor as an argument");
  }
  const ir::ValueId id = func_.add_param(impl.type(), "captured");
  func_.value(id).captured = true;
  func_.value(id).strides = impl.strides;
  captured_.push_back({t, id, at});
  capture_of_.emplace(&impl, id);
  return id;
}

void Trace::set_name(ir::ValueId v, std::string_view name) { func_.value(v).name = ir_name(name); }

namespace {
// Where operands were made, so far as the error does not say so yet.
void add_notes(Error& e, const Request& r, Loc where) {
  for (const Arg& a : r.args) {
    if (!a.tensor() || !a.tensor()->impl()) continue;
    const detail::TensorImpl& t = *detail::impl(*a.tensor());
    if (!t.made_at.known() || t.made_at == where) continue;
    const std::string type = detail::type_text(t);
    const Note note{type + " made by " + t.made_by + " here", t.made_at};
    bool twice = false;
    for (Note& n : e.notes) {
      // The type rules know the op that made it, not the function that was called.
      if (n.where.line != note.where.line || n.where.column != note.where.column || short_file(n.where.file) != short_file(note.where.file)) continue;
      if (!n.text.starts_with(type + " made by ")) continue;
      n.text = note.text;
      twice = true;
      break;
    }
    if (!twice) e.notes.push_back(std::move(note));
  }
}
}  // namespace

// Rethrows an error of the type rules as the user sees it: at the user's place, with the makers of operands.
[[noreturn]] void rethrow_for_user(Error e, const Request& r) {
  const Loc where = user_place(r.where);
  add_notes(e, r, where);
  throw Error(r.function(), e.message, where, e.notes, e.help);
}

Tensor Trace::record(const Request& r) {
  const char* op = r.function();
  detail::TensorImpl* t = nullptr;
  try {
    std::vector<ir::ValueId> ids;
    ids.reserve(r.args.size());
    for (const Arg& a : r.args) ids.push_back(a.tensor() ? value_of(*a.tensor(), op, r.where) : ir::kNone);
    Builder b(func_, r, place(r.where), ids, nullptr);
    const size_t before = func_.values.size();
    const ir::ValueId id = r.build(b);
    if (const std::string& prefix = scope_name(); !prefix.empty())
      for (size_t v = before; v < func_.values.size(); ++v) {
        ir::Value& value = func_.values[v];
        if (value.def == ir::kNone || !value.name.empty()) continue;
        const std::string_view base = ir::info(func_.op(value.def).op).name;
        value.name = ir_name(prefix + "." + std::string(base.substr(base.rfind('.') + 1)));
      }
    t = new detail::TensorImpl;
    Tensor handle = detail::adopt(t);
    const ir::Type& type = func_.type(id);
    t->kind = detail::TensorKind::traced;
    t->dtype = type.dtype;
    t->shape = type.shape();
    t->trace = shared_from_this();
    t->id = id;
    t->made_by = op;
    t->made_at = user_place(r.where);
    return handle;
  } catch (const Error& e) {
    rethrow_for_user(e, r);
  }
}

namespace {
// Names every value as the printer would, so that reports speak of the same names.
void name_values(ir::Func& f) {
  std::unordered_set<std::string> taken;
  std::unordered_map<std::string, int> last;  // number given to a name: smaller ones are taken
  auto settle = [&](ir::ValueId v, std::string_view otherwise) {
    std::string& name = f.value(v).name;
    if (name.empty()) name = otherwise;
    const std::string base = name;
    if (taken.insert(name).second) return;
    int& k = last[base];
    do name = base + "." + std::to_string(++k);
    while (!taken.insert(name).second);
  };
  for (ir::ValueId a : f.body.args) settle(a, "arg");
  for (ir::OpId id : f.body.ops) {
    const std::string_view op = ir::info(f.op(id).op).name;
    for (ir::ValueId v : f.op(id).results) settle(v, op.substr(op.rfind('.') + 1));
  }
}
}  // namespace

ir::Func Trace::finish(const std::vector<Tensor>& results, Loc where) {
  ir::OpNode ret;
  ret.op = ir::Op::ret;
  for (const Tensor& t : results) {
    if (!t.has_value()) throw Error(name(), "a result has no value: a Tensor{} was returned, or one that was moved from", where);
    ret.operands.emplace_back(value_of(t, "return", where));
  }
  ir::append(func_, std::move(ret));
  ir::Func f = func_;  // values made here keep their ids: the trace stays as it is
  f.compact();
  name_values(f);
  ir::verify(f);
  return f;
}

}  // namespace frit
