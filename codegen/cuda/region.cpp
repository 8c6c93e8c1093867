// Regions of lanes and cols: what changes how often, what is computed before the loops, and a step: the
// vectors' loads, the body an element at a time, the vectors' stores.
#include <algorithm>

#include "codegen/cuda/printer.h"
#include "ir/ops.h"

namespace frit::codegen::cuda {

using ir::IndexExpr;
using ir::Op;
using ir::OpId;
using ir::OpNode;
using ir::ValueId;

namespace {

std::string identifier(Op op, ValueId v) { return cat(cuda::identifier(op), "_", v); }

}  // namespace

Rate Printer::rate(const OpNode& op) const {
  Rate r = Rate::invariant;
  for (const ir::Operand& o : op.operands)
    if (o.is_value()) r = std::max(r, rate(o.value));
  for (const IndexExpr& e : op.index)
    for (const auto& t : e.terms) r = std::max(r, rate(t.var));
  return r;
}

// The value of an element of memory.
std::string Printer::loaded(ValueId buffer, const IndexExpr& e) const {
  return from_memory(f_.type(buffer).dtype, fresh(buffer) ? cat("f_fresh(", name(buffer), " + (", index(e), "))") : element(buffer, e));
}

// Any op but loops, as a statement with what its operands are called now.
void Printer::scalar(const OpNode& op) {
  if (op.op == Op::yield || op.op == Op::prefetch) return;
  const ValueId v = op.results.at(0);
  const bool is_index = f_.type(v).cls == ir::TypeClass::index;
  const std::string n = names_[v] = is_index ? index_name(v) : identifier(op.op, v);
  const std::string type = is_index ? index_type() : type_text(f_.type(v).dtype);
  auto define = [&](const std::string& e) { out_.line("const ", type, " ", n, " = ", e, ";"); };
  if (ir::is_elementwise(op.op)) {
    std::vector<std::string> args;
    for (const ir::Operand& o : op.operands) args.push_back(value(o));
    return define(functions_.call(op.op, ir::formula_type(f_, op), f_.type(v).dtype, args));
  }
  auto i = [&](size_t k) { return index(op.index.at(k)); };
  switch (op.op) {
    case Op::load: {
      const ValueId b = op.operands[0].value;
      const DType t = f_.type(b).dtype;
      const std::string e = loaded(b, op.index[0]);
      return define(op.operands.size() < 3 ? e : cat(value(op.operands[1]), " ? ", t == DType::boolean ? cat("(", e, ")") : e, " : ", value(op.operands[2])));
    }
    case Op::index: return define(is_index ? i(0) : cat("(i64)(", i(0), ")"));
    case Op::index_div: return define(cat("f_index_div(", type, "(", i(0), "), ", type, "(", i(1), "))"));
    case Op::index_rem: return define(cat("f_index_rem(", type, "(", i(0), "), ", type, "(", i(1), "))"));
    case Op::index_min: return define(cat("f_min(", type, "(", i(0), "), ", type, "(", i(1), "))"));
    case Op::index_max: return define(cat("f_max(", type, "(", i(0), "), ", type, "(", i(1), "))"));
    default: ir::internal_error("the op " + std::string(ir::info(op.op).name) + " does not stand in a kernel");
  }
}

// Whether the op reads or writes next elements from lane to lane, at an address that is known before the
// body is computed.
bool Printer::contiguous(const OpNode& op, const Body& b) const {
  if (op.operands.size() == 3 || pad_.count(op.operands[0].value)) return false;
  for (const auto& t : op.index[0].terms) {
    if (t.var == b.lane) {
      if (t.coeff != 1 || t.scale != ir::kNone) return false;
    } else if (t.var != b.row && rate(t.var) != Rate::invariant) {
      return false;
    }
  }
  return op.index[0].coeff_of(b.lane) == 1;
}

Printer::Body Printer::analyse(OpId id, ValueId lane, ValueId row, int vector) {
  const OpNode& loop = f_.op(id);
  return analyse(loop.regions.at(0).ops, loop.index.at(loop.op == Op::cols ? 2 : 0), lane, row, vector);
}

void Printer::set_rates(const Body& b) {
  rates_[static_cast<size_t>(b.lane)] = Rate::lane;
  if (b.row != ir::kNone) rates_[static_cast<size_t>(b.row)] = Rate::row;
  for (OpId id : b.ops) {
    const Rate r = rate(f_.op(id));
    for (ValueId v : f_.op(id).results) rates_[static_cast<size_t>(v)] = r;
  }
}

Printer::Body Printer::analyse(std::vector<OpId> ops, const IndexExpr& first, ValueId lane, ValueId row, int vector) {
  Body b;
  b.ops = std::move(ops);
  b.first = first;
  b.lo = index(first);
  b.lane = lane;
  b.row = row;
  b.vector = vector;
  set_rates(b);
  std::set<ValueId> stored;
  for (OpId op_id : b.ops) {
    const OpNode& op = f_.op(op_id);
    const Rate r = rate(op);
    if (op.op == Op::store) {
      const ValueId buffer = op.operands[0].value;
      stored.insert(buffer);
      b.cost += 1;
      if (kept(buffer) || !contiguous(op, b)) continue;
      b.store_of[op_id] = b.stores.size();
      b.stores.push_back({op_id, buffer, cat("y", op_id), "", -1, false, used_once(op)});
      continue;
    }
    if (r == Rate::invariant) continue;
    if (ir::is_elementwise(op.op)) {
      b.cost += functions_.cost(op.op, ir::formula_type(f_, op), f_.type(op.results[0]).dtype);
    } else if (op.op == Op::load) {
      b.cost += 1;
      const ValueId buffer = op.operands[0].value;
      if (kept(buffer) || fresh(buffer) || stored.count(buffer) || !contiguous(op, b)) continue;
      Access a{op_id, buffer, cat("x", op_id), "", -1, false, used_once(op)};
      if (auto it = m_.kept_load.find(op_id); it != m_.kept_load.end()) {
        a.kept = it->second;
        a.fills = m_.kept[static_cast<size_t>(it->second)].loads.front() == op_id;
      }
      b.load_of[op_id] = b.loads.size();
      b.loads.push_back(std::move(a));
    }
  }
  return b;
}

// Is this the one load (or store) of a buffer of which the launch touches more than the second cache holds?
// Others, say the scale of a layer norm, stay in the caches meanwhile.
bool Printer::used_once(const OpNode& op) const {
  const ValueId buffer = op.operands[0].value;
  const auto last = ranges_.most(op.index[0]);
  if (is_local(buffer) || !last || *last * size_of(f_.type(buffer).dtype) < gpu_.l2) return false;
  int accesses = 0;
  ir::for_each_op(f_, f_.body, [&](const ir::Region&, OpId id) {
    const OpNode& o = f_.op(id);
    if (o.op != op.op || o.operands[0].value != buffer) return;
    auto it = m_.kept_load.find(id);
    accesses += it == m_.kept_load.end() || m_.kept[static_cast<size_t>(it->second)].loads.front() == id;
  });
  return accesses == 1;
}

// Where all vectors of the access are aligned: known, asked of the buffers once, or asked here.
std::string Printer::aligned_flag(const OpNode& op, const Body& b) {
  const ValueId buffer = op.operands[0].value;
  IndexExpr fixed(op.index[0].constant), rows;
  for (const auto& t : op.index[0].terms) {
    if (t.var == b.lane) continue;
    if (t.var == b.row) rows.add_term(t.var, t.coeff, t.scale);
    else fixed.add_term(t.var, t.coeff, t.scale);
  }
  fixed += b.first;
  const bool known = (ranges_.divisor(fixed)) % b.vector == 0;
  std::string steps;  // from row to row
  for (const auto& t : rows.terms) {
    if (t.coeff % b.vector == 0) continue;
    if (t.scale == ir::kNone) return "false";
    steps += cat(" && ", t.coeff == 1 ? "" : cat(t.coeff, " * "), name(t.scale), " % ", b.vector, " == 0");
  }
  if (is_local(buffer)) return known && steps.empty() ? "true" : "false";
  if (known) {
    if (steps.empty()) return "aligned";
    const std::string flag = cat("aligned", number_++);
    out_.line("const bool ", flag, " = aligned", steps, ";");
    return flag;
  }
  // Constants alone tell that it is never aligned, as far as the buffer is.
  const std::string flag = cat("aligned", number_++);
  out_.line("const bool ", flag, " = f_aligned(", name(buffer), " + (", index(fixed), "))", steps, ";");
  return flag;
}

// What the lane and row do not change; flags of alignment.
void Printer::hoist(Body& b) {
  for (OpId id : b.ops) {
    const OpNode& op = f_.op(id);
    if (rate(op) == Rate::invariant && op.op != Op::yield && op.op != Op::store) scalar(op);
  }
  if (b.vector == 1) {
    for (Access& a : b.loads) a.aligned = "false";
    for (Access& a : b.stores) a.aligned = "false";
    return;
  }
  for (Access& a : b.loads) a.aligned = a.kept >= 0 && !a.fills ? "" : aligned_flag(f_.op(a.id), b);
  for (Access& a : b.stores) a.aligned = aligned_flag(f_.op(a.id), b);
}

// The loads of a step.
void Printer::load_step(const Body& b, const Step& s) {
  if (std::none_of(b.loads.begin(), b.loads.end(), [](const Access& a) { return a.kept < 0 || a.fills; })) return;
  declare_loads(b);
  out_.unrolled("for (int u = 0; u < ", b.unroll, "; ++u)");
  load_vectors(b, s);
  out_.close();
}

void Printer::declare_loads(const Body& b) {
  for (const Access& a : b.loads)
    if (a.kept < 0) out_.line(memory_text(f_.type(a.buffer).dtype), " ", a.array, "[", b.unroll, "][", b.vector, "];");
}

void Printer::load_vectors(const Body& b, const Step& s) {
  print_places(b, s);
  for (const Access& a : b.loads) {
    if (a.kept >= 0 && !a.fills) continue;
    const std::string to = a.kept < 0 ? cat(a.array, "[u]") : cat(kept_name_.at(a.kept), "[", s.block, "][", s.step, "]");
    const std::string from = cat(name(a.buffer), " + (", index(f_.op(a.id).index[0]), ")");
    const bool pairs = a.kept >= 0 && m_.kept[static_cast<size_t>(a.kept)].pairs;
    if (pairs) {
      out_.open();
      out_.line(memory_text(f_.type(a.buffer).dtype), " ", a.array, "[", b.vector, "];");
    }
    out_.line(b.whole ? "f_load_all(" : "f_load(", pairs ? a.array : to, ", ", from, b.whole ? ", " : ", left, ", a.aligned, a.once ? ", true);" : ");");
    if (!pairs) continue;
    out_.line("f_pack(", to, ", ", a.array, ");");
    out_.close();
  }
}

// The numbers and names of a vector: e, left, the lane, the row.
void Printer::print_places(const Body& b, const Step& s) {
  out_.line("const ", index_type(), " e = ", s.e, ";");
  if (b.row != ir::kNone) {
    const std::string k = names_[b.row] = index_name(b.row);
    out_.line("const ", index_type(), " ", k, " = ", s.row, ";");
  }
  if (!b.whole) out_.line("const ", index_type(), " left = ", s.left, ";");
  const std::string j = names_[b.lane] = index_name(b.lane);
  out_.line("const ", index_type(), " ", j, " = ", b.lo == "0" ? "" : b.lo + " + ", "e;");
}

void Printer::element_op(OpId id, const Body& b, const Step& s) {
  const OpNode& op = f_.op(id);
  if (op.op == Op::store) {
    const ValueId buffer = op.operands[0].value;
    const DType t = f_.type(buffer).dtype;
    const std::string v = value(op.operands[1]);
    if (auto it = m_.kept_local.find(buffer); it != m_.kept_local.end())
      return out_.line(kept_name_.at(it->second), "[", s.block, "][", s.step, "][v] = ", v, ";");
    if (auto it = b.store_of.find(id); it != b.store_of.end()) return out_.line(b.stores[it->second].array, "[v] = ", to_memory(t, v), ";");
    return out_.line(b.whole ? "" : "if (v < left) ", element(buffer, op.index[0]), " = ", to_memory(t, v), ";");
  }
  if (rate(op) == Rate::invariant) return;  // hoist did it
  if (op.op != Op::load) return scalar(op);
  const ValueId buffer = op.operands[0].value, v = op.results[0];
  const DType t = f_.type(buffer).dtype;
  const std::string n = cat("load_", v);
  auto define = [&](const std::string& e) {
    names_[v] = n;
    out_.line("const ", type_text(t), " ", n, " = ", e, ";");
  };
  if (auto it = m_.kept_local.find(buffer); it != m_.kept_local.end()) return define(cat(kept_name_.at(it->second), "[", s.block, "][", s.step, "][v]"));
  if (auto it = b.load_of.find(id); it != b.load_of.end()) {
    const Access& a = b.loads[it->second];
    if (a.kept < 0) return define(from_memory(t, cat(a.array, "[u][v]")));
    const std::string at = cat(kept_name_.at(a.kept), "[", s.block, "][", s.step, "]");
    const bool pairs = m_.kept[static_cast<size_t>(a.kept)].pairs;
    return define(from_memory(t, pairs ? cat("f_unpack<", memory_text(t), ">(", at, ", v)") : at + "[v]"));
  }
  const std::string e = loaded(buffer, op.index[0]);
  const bool guarded = op.operands.size() == 3;
  if (!guarded && b.whole) return define(e);
  const std::string present = guarded ? cat(b.whole ? "" : "v < left && ", value(op.operands[1])) : "v < left";
  const std::string other = guarded ? value(op.operands[2]) : cat(type_text(t), "()");
  define(cat(present, " ? ", t == DType::boolean ? cat("(", e, ")") : e, " : ", other));
}

// Opens the computation of a vector; returns the name of its first lane.
std::string Printer::print_vector(const Body& b, const Step& s) {
  print_places(b, s);
  for (const Access& a : b.stores) out_.line(memory_text(f_.type(a.buffer).dtype), " ", a.array, "[", b.vector, "];");
  return names_.at(b.lane);
}

// The element v: its lane, then the body.
void Printer::print_element(const Body& b, const Step& s, const std::string& first) {
  const std::string j = names_[b.lane] = cat("j", b.lane);
  out_.line("const ", index_type(), " ", j, " = ", first, " + v;");
  for (OpId id : b.ops) {
    const OpNode& op = f_.op(id);
    if (op.op != Op::yield && op.op != Op::prefetch) element_op(id, b, s);
  }
}

std::vector<std::string> Printer::yields(const Body& b) const {
  std::vector<std::string> out;
  for (OpId id : b.ops)
    if (f_.op(id).op == Op::yield)
      for (const ir::Operand& o : f_.op(id).operands) out.push_back(value(o));
  return out;
}

void Printer::store_vector(const Body& b) {
  const std::string j = names_[b.lane] = index_name(b.lane);
  for (const Access& a : b.stores) {
    const std::string to = cat(name(a.buffer), " + (", index(f_.op(a.id).index[0]), ")");
    out_.line(b.whole ? "f_store_all(" : "f_store(", to, ", ", a.array, b.whole ? ", " : ", left, ", a.aligned, a.once ? ", true);" : ");");
  }
}

}  // namespace frit::codegen::cuda
