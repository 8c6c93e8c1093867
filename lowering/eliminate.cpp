// Common subexpressions and dead code at tensor level. Every op here is pure; ops with effects, when
// they come, are left alone by both.
#include <unordered_map>

#include "lowering/passes.h"

namespace frit::lower {

using ir::Func;
using ir::kNone;
using ir::Op;
using ir::OpId;
using ir::Operand;
using ir::OpNode;
using ir::ValueId;

namespace {

void append(std::string& s, const void* p, size_t n) { s.append(static_cast<const char*>(p), n); }
template <class T>
void append(std::string& s, const T& v) { append(s, &v, sizeof v); }

// Bytes that two ops share if and only if they compute the same: op, operands, attributes, type.
std::string key_of(const Func& f, const OpNode& op) {
  std::string k;
  append(k, op.op);
  for (const Operand& o : op.operands) {
    append(k, o.value);
    append(k, o.lit.dtype);
    append(k, o.lit.bits);
  }
  for (const ir::Attr& a : op.attrs) {
    append(k, a.name);
    if (auto* i = std::get_if<int64_t>(&a.value)) append(k, *i);
    else if (auto* v = std::get_if<std::vector<int64_t>>(&a.value)) append(k, v->size()), append(k, v->data(), v->size() * sizeof(int64_t));
    else if (auto* t = std::get_if<DType>(&a.value)) append(k, *t);
    else if (auto* l = std::get_if<ir::Literal>(&a.value)) append(k, l->dtype), append(k, l->bits);
  }
  append(k, f.type(op.results[0]).dtype);
  for (ir::Dim d : f.type(op.results[0]).dims) append(k, d);
  return k;
}

}  // namespace

void eliminate_common(Func& f, PassContext& context) {
  std::vector<ValueId> to(f.values.size());
  for (size_t v = 0; v < to.size(); ++v) to[v] = static_cast<ValueId>(v);
  std::unordered_map<std::string, ValueId> seen;
  std::vector<OpId> kept;
  for (OpId id : f.body.ops) {
    OpNode& op = f.op(id);
    for (Operand& o : op.operands)
      if (o.is_value()) o.value = to[static_cast<size_t>(o.value)];
    if (op.results.size() == 1) {
      auto [it, fresh] = seen.emplace(key_of(f, op), op.results[0]);
      if (!fresh && context.spend()) {
        to[static_cast<size_t>(op.results[0])] = it->second;
        continue;
      }
    }
    kept.push_back(id);
  }
  if (kept.size() == f.body.ops.size()) return;
  f.body.ops = std::move(kept);
  f.compact();
}

void eliminate_dead(Func& f, PassContext&) {
  std::vector<char> live(f.values.size(), 0);
  std::vector<OpId> kept;
  for (size_t i = f.body.ops.size(); i-- > 0;) {
    const OpNode& op = f.op(f.body.ops[i]);
    bool needed = op.op == Op::ret;
    for (ValueId r : op.results) needed |= live[static_cast<size_t>(r)] != 0;
    if (!needed) continue;
    for (const Operand& o : op.operands)
      if (o.is_value()) live[static_cast<size_t>(o.value)] = 1;
    kept.push_back(f.body.ops[i]);
  }
  if (kept.size() == f.body.ops.size()) return;
  f.body.ops.assign(kept.rbegin(), kept.rend());
  f.compact();
}

}  // namespace frit::lower
