// lanes: steps over a range by the threads of a team, with reductions in the order of LAWS.md, 9, in any
// order, or (tree=1) as pairs of neighbours.
#include <algorithm>

#include "codegen/cuda/printer.h"
#include "ir/ops.h"

namespace frit::codegen::cuda {

using ir::Op;
using ir::OpId;
using ir::OpNode;

namespace {

constexpr int64_t kSlots = 256;     // results of parts of a row on their way, at most
constexpr int64_t kMostCode = 1200; // primitives of an unrolled step, roughly
constexpr int64_t kMostElements = 32;  // of an unrolled step
constexpr int64_t kRowLoads = 128;     // bytes of rows kept that a thread asks for at a time: there are fewer threads

const char* combine_of(Op op) {
  switch (op) {
    case Op::reduce_sum: return "f_sum";
    case Op::reduce_prod: return "f_product";
    case Op::reduce_max: return "f_largest";
    case Op::reduce_min: return "f_smallest";
    case Op::reduce_any: return "f_any";
    case Op::reduce_all: return "f_all";
    case Op::reduce_argmax: return "f_first_largest";
    case Op::reduce_argmin: return "f_first_smallest";
    default: ir::internal_error("no such reduction");
  }
}

}  // namespace

// The reductions of a lanes or cols op; the elements' types are those of the yielded values.
std::vector<Reduce> Printer::reductions(const OpNode& op) {
  std::vector<Reduce> out;
  if (!op.find(ir::AttrName::reduce)) return out;
  const OpNode& yield = f_.op(op.regions.at(0).ops.back());
  size_t next = 0;
  for (Op o : op.op_list(ir::AttrName::reduce)) {
    Reduce r;
    r.op = o;
    r.yield = next;
    r.element = f_.type(yield.operands.at(next)).dtype;
    r.arg = o == Op::reduce_argmax || o == Op::reduce_argmin;
    r.ordered = is_float(r.element) && ir::info(o).ordered;
    ++next;
    r.result = ir::reduce_result(o, r.element);
    r.combine = combine_of(o);
    r.type = type_text(r.arg ? r.element : r.result);
    r.bytes = size_of(r.arg ? r.element : r.result);
    if (r.arg) {
      const Op extreme = o == Op::reduce_argmax ? Op::reduce_max : Op::reduce_min;
      r.type = cat("f_best<", r.type, ", ", index_type(), ">");
      r.bytes = wide_ || r.bytes == 8 ? 16 : 8;
      r.identity = cat(r.type, "{", literal_text(ir::reduce_identity(extreme, r.element)), ", f_limits<", index_type(), ">::most}");
      r.empty = "0ll";
    } else {
      r.identity = literal_text(ir::reduce_identity(o, r.element));
      r.empty = literal_text(ir::reduce_empty(o, r.element));
    }
    r.acc = cat("a", number_++);
    out.push_back(std::move(r));
  }
  return out;
}

// A yielded value as a running value.
std::string Printer::element_value(const Reduce& r, const std::string& y, const std::string& number) const {
  if (r.arg) return cat(r.type, "{", y, ", ", number, "}");
  return r.element == r.result ? y : cat("f_cast<", type_text(r.result), ">(", y, ")");
}

void Printer::next_slots() {
  slots_turn_ = 1 - slots_turn_;
  slots_now_ = 0;
}

std::string Printer::slots(const Reduce& r, int64_t count) {
  const std::string s = cat("(", r.type, "*)(shared + @", slots_turn_, ":", slots_now_, "@)");
  slots_now_ += (count * r.bytes + 15) / 16 * 16;
  slots_most_ = std::max(slots_most_, slots_now_);
  return s;
}

void Printer::leave(const Reduce& r, const std::string& where, const std::string& x, const std::string& guard) {
  const std::string w = cat("w", number_++);
  out_.line("const ", r.type, " ", w, " = ", x, ";");
  if (team_->cluster > 1) out_.line("if (sub < ", team_->cluster, guard, ") *f_in_cluster(", r.slot, " + ", where, ", sub) = ", w, ";");
  else out_.line("if (sub == 0", guard, ") ", r.slot, "[", where, "] = ", w, ";");
}

// Vectors a step: enough bytes on their way, not too much code.
int Printer::unroll_for(const Body& b, int64_t steps) const {
  int64_t bytes = 0;
  bool fills = false;
  for (const Access& a : b.loads) {
    if (a.kept < 0 || a.fills) bytes += b.vector * size_of(f_.type(a.buffer).dtype);
    fills |= a.fills;
  }
  const int64_t wanted = (fills ? kRowLoads : gpu_.bytes_a_thread()) / (m_.few_loads ? 2 : 1);
  int64_t u = 1;
  while (u * 2 <= steps && u * b.vector < kMostElements && u * bytes < wanted) u *= 2;
  while (u > 1 && u * b.vector * b.cost > kMostCode) u /= 2;
  return static_cast<int>(u);
}

void Printer::lanes(OpId id) {
  const OpNode& op = f_.op(id);
  const Extent n = ranges_.extent(op.index[0], op.index[1]);
  std::vector<Reduce> rs = reductions(op);
  for (size_t i = 0; i < rs.size(); ++i) {
    const ir::ValueId v = op.results.at(i);
    names_[v] = cat("r", v);
    const bool always = n.exact && *n.exact > 0;
    out_.line(type_text(rs[i].result), " ", names_[v], always ? ";" : cat(" = ", rs[i].empty, ";"));
  }
  if (n.exact && *n.exact == 0) return;
  out_.open();
  Body b = analyse(id, op.regions[0].args[0], ir::kNone, team_->vector);
  out_.line("const ", index_type(), " n = ", n.exact ? cat(*n.exact) : extent_text(op.index[0], op.index[1]), ";");
  const auto reads = reads_, writes = writes_;
  if (!n.exact) {
    started();
    out_.open("if (n > 0)");
  }
  hoist(b);
  if (rs.empty() && (!team_->blocked || part_)) map_lanes(b, n);
  else reduce_lanes(b, op, n, rs);
  if (!n.exact) {
    out_.close();
    reads_.insert(reads.begin(), reads.end());  // the team may not have met
    writes_.insert(writes.begin(), writes.end());
  }
  out_.close();
}

// Nothing is reduced: vectors side by side.
void Printer::map_lanes(Body& b, const Extent& n) {
  const int64_t width = int64_t{b.vector} * (part_ ? part_ : team_->threads);
  const int64_t steps = n.at_most ? std::max<int64_t>(1, divide_up(*n.at_most, width)) : INT32_MAX;
  b.unroll = unroll_for(b, steps);
  b.whole = n.exact && *n.exact % (width * b.unroll) == 0;
  const std::string own = b.vector > 1 ? cat(b.vector, " * ", thread_) : thread_;
  Step s;
  if (steps <= b.unroll) {
    s.e = cat(b.unroll > 1 ? cat(width, " * u + ") : "", own);
    s.left = "n - e";
    load_step(b, s);
    compute_step(b, s, [](const auto&) {});
    return;
  }
  out_.rolled("for (", index_type(), " e0 = 0; e0 < n; e0 += ", width * b.unroll, ")");
  s.e = cat("e0 + ", b.unroll > 1 ? cat(width, " * u + ") : "", own);
  s.left = "n - e";
  load_step(b, s);
  compute_step(b, s, [](const auto&) {});
  out_.close();
}

// Adds an element to the running values of the reductions in any order.
void Printer::yield_unordered(const std::vector<Reduce>& rs, const std::vector<std::string>& y, const Body& b) {
  for (const Reduce& r : rs) {
    if (r.ordered) continue;
    const std::string x = element_value(r, y.at(r.yield), "e + v");
    const std::string running = cat(r.acc, "[v]");
    out_.line(running, " = ", r.combine, "::of(", running, ", ", b.whole ? x : cat("v < left ? ", x, " : ", r.identity), ");");
  }
}

void Printer::reduce_lanes(Body& b, const OpNode& op, const Extent& n, std::vector<Reduce>& rs) {
  next_slots();
  for (Reduce& r : rs) {
    if (r.ordered) continue;
    out_.line(r.type, " ", r.acc, "[", b.vector, "];");
    out_.line("f_fill(", r.acc, ", ", r.identity, ");");
  }
  const bool ordered = std::any_of(rs.begin(), rs.end(), [](const Reduce& r) { return r.ordered; });
  if (ordered && op.i64_or(ir::AttrName::tree, 0)) tree(b, op, rs);
  else blocks(b, op, n, rs);
}

// What the warps have, as results of the team.
void Printer::set_result(const OpNode& op, const std::vector<Reduce>& rs, size_t i, const std::string& x) {
  out_.line(names_.at(op.results.at(i)), " = ", rs[i].arg ? cat("(i64)", x, ".place") : x, ";");
}

// Reductions in any order: threads of a warp, then warps.
void Printer::finish_unordered(const OpNode& op, std::vector<Reduce>& rs, bool leave) {
  const int S = team_->sub(), W = team_->warps();
  for (size_t i = 0; i < rs.size(); ++i) {
    Reduce& r = rs[i];
    if (r.ordered) continue;
    const std::string mine = cat("f_halves<", r.combine, ", ", S, ">(f_all_of<", r.combine, ">(", r.acc, "), mask)");
    if (W == 1) {
      if (!leave) set_result(op, rs, i, r.arg ? cat("(", mine, ")") : mine);
      continue;
    }
    if (leave) {
      r.slot = cat("q", number_++);
      out_.line(r.type, "* const ", r.slot, " = ", slots(r, W), ";");
      started();
      Printer::leave(r, "warp", mine);
    } else {
      set_result(op, rs, i, cat("f_slots<", r.combine, ", ", S, ">(", r.slot, ", ", W, ", 1, ", r.identity, ", sub, mask)"));
    }
  }
}

void Printer::blocks(Body& b, const OpNode& op, const Extent& n, std::vector<Reduce>& rs) {
  const int S = team_->sub(), W = team_->warps();
  const int64_t width = int64_t{b.vector} * S;
  const int64_t groups = kLanes / width;                 // vectors of a thread that make the 128 lanes
  const int64_t units = n.exact ? divide_up(*n.exact, kBlock) : 0;  // 0: not known
  const int64_t steps = steps_of_block(n.at_most, width);
  const int64_t held = std::min(groups, steps);          // groups of lanes that are there
  const bool ordered = std::any_of(rs.begin(), rs.end(), [](const Reduce& r) { return r.ordered; });
  bool keeps = std::any_of(b.loads.begin(), b.loads.end(), [](const Access& a) { return a.kept >= 0; });
  for (OpId id : b.ops) {
    const OpNode& inner = f_.op(id);
    keeps |= (inner.op == Op::load || inner.op == Op::store) && kept(inner.operands[0].value);
  }
  // A step has whole groups of lanes and divides the block.
  int64_t unroll = std::max<int64_t>(unroll_for(b, steps), ordered ? held : 1);
  while ((steps % unroll != 0 || (ordered && unroll % held != 0))) ++unroll;
  b.unroll = static_cast<int>(unroll);
  const int64_t most_units = n.at_most ? divide_up(*n.at_most, kBlock) : 0;
  const bool alone = W == 1 && most_units == 1;  // a warp has the row, which is a block
  const bool one_each = units > 0 && units <= W;
  const bool rounds_known = one_each || keeps;
  b.whole = n.exact && (alone ? *n.exact % (width * steps) == 0 : *n.exact % kBlock == 0 && (units % W == 0 || !rounds_known));

  Step s;
  auto body = [&](const std::string& block) {  // of the block whose number this is
    for (const Reduce& r : rs) {
      if (!r.ordered) continue;
      out_.line(r.type, " ", r.acc, "[", held, "][", b.vector, "];");
      out_.line("f_fill(", r.acc, ", ", r.identity, ");");
    }
    const std::string base = block == "0" ? "" : cat(kBlock, " * ", block, " + ");
    const std::string own = b.vector > 1 ? cat(b.vector, " * sub") : "sub";
    const bool rolled = unroll < steps;
    const std::string loop = cat("m", number_++);
    const std::string head = cat("for (int ", loop, " = 0; ", loop, " < ", steps, "; ", loop, " += ", unroll, ")");
    if (rolled && keeps) out_.unrolled(head);  // what is kept in registers has no address
    else if (rolled) out_.rolled(head);
    s.e = cat(base, steps > 1 ? cat(width, " * ", rolled ? cat("(", loop, " + u)") : "u", " + ") : "", own);
    s.left = "n - e";
    s.step = rolled ? loop + " + u" : "u";
    load_step(b, s);
    compute_step(b, s, [&](const std::vector<std::string>& y) {
      for (const Reduce& r : rs) {
        if (!r.ordered) continue;
        const std::string running = cat(r.acc, held > 1 ? cat("[u % ", held, "]") : "[0]", "[v]");
        const std::string& x = y.at(r.yield);
        out_.line(running, " = ", r.combine, "::of(", running, ", ", b.whole ? x : cat("v < left ? ", x, " : ", r.identity), ");");
      }
      yield_unordered(rs, y, b);
    });
    if (rolled) out_.close();
  };
  auto sum_of_block = [&](const Reduce& r) { return cat("f_lanes<", r.combine, ", ", S, ">(", r.acc, ", mask)"); };

  if (alone) {
    s.block = "0";
    body("0");
    for (size_t i = 0; i < rs.size(); ++i)
      if (rs[i].ordered) set_result(op, rs, i, sum_of_block(rs[i]));
    return finish_unordered(op, rs, false);
  }

  // Results of blocks, or of parts of a power of two of blocks where there may be many, in slots.
  const bool parts = most_units == 0 || most_units > kSlots;
  const int64_t count = parts ? kSlots : most_units;
  for (Reduce& r : rs) {
    if (!r.ordered) continue;
    r.slot = cat("q", number_++);
    out_.line(r.type, "* const ", r.slot, " = ", slots(r, count), ";");
  }
  std::string slot_count = units > 0 ? cat(units) : cat("(int)((n + ", kBlock - 1, ") / ", kBlock, ")");
  if (rounds_known) {  // rounds of blocks known in number
    const int64_t rounds = divide_up(units, W);
    s.block = rounds > 1 ? "i" : "0";
    if (rounds > 1) out_.unrolled("for (int i = 0; i < ", rounds, "; ++i)");
    else out_.open();
    out_.line("const int block = ", rounds > 1 ? cat(W, " * i + warp") : "warp", ";");
    body("block");
    if (ordered) started(rounds > 1 ? "if (i == 0) " : "");
    for (const Reduce& r : rs)
      if (r.ordered) leave(r, "block", sum_of_block(r), units % W == 0 ? "" : cat(" && block < ", units));
    out_.close();
  } else if (!ordered || !parts) {
    if (ordered) started();
    out_.rolled("for (", index_type(), " block = warp; ", kBlock, " * block < n; block += ", W, ")");
    body("block");
    for (const Reduce& r : rs)
      if (r.ordered) leave(r, "block", sum_of_block(r));
    out_.close();
  } else {
    started();
    out_.line("const ", index_type(), " units = (n + ", kBlock - 1, ") / ", kBlock, ", each = f_part(units, ", kSlots, ");");
    out_.rolled("for (", index_type(), " part = warp; part * each < units; part += ", W, ")");
    for (const Reduce& r : rs)
      if (r.ordered) out_.line("f_pairs<", r.combine, ", ", r.type, "> pairs_", r.acc, ";");
    out_.rolled("for (", index_type(), " block = part * each; block < (part + 1) * each && block < units; ++block)");
    body("block");
    for (const Reduce& r : rs)
      if (r.ordered) out_.line("pairs_", r.acc, ".push(", sum_of_block(r), ");");
    out_.close();
    for (const Reduce& r : rs)
      if (r.ordered) leave(r, "part", cat("pairs_", r.acc, ".all(", r.identity, ")"));
    out_.close();
    slot_count = "(int)((units + each - 1) / each)";
  }
  if (rs.empty()) return;
  finish_unordered(op, rs, true);
  if (ordered || W > 1) sync();
  for (size_t i = 0; i < rs.size(); ++i) {
    const Reduce& r = rs[i];
    if (r.ordered) set_result(op, rs, i, cat("f_slots<", r.combine, ", ", S, ">(", r.slot, ", ", slot_count, ", 1, ", r.identity, ", sub, mask)"));
  }
  finish_unordered(op, rs, false);
}

// tree=1: the elements themselves in the padded tree of pairs. A warp's elements side by side are a
// subtree; each warp has a power of two of those, one after the other.
void Printer::tree(Body& b, const OpNode& op, std::vector<Reduce>& rs) {
  if (b.vector != 1) ir::internal_error("a tree of elements outside of finish");
  const int S = team_->sub(), W = team_->warps();
  constexpr int kUnits = 4;
  b.unroll = kUnits;
  out_.line("const ", index_type(), " units = (n + ", S - 1, ") / ", S, ", each = f_part(units, ", W, ");");
  out_.line("const ", index_type(), " end = f_min((warp + 1) * each * ", S, ", n);");
  for (Reduce& r : rs) {
    if (!r.ordered) continue;
    r.slot = cat("q", number_++);
    out_.line(r.type, "* const ", r.slot, " = ", slots(r, W), ";");
    out_.line("f_pairs<", r.combine, ", ", r.type, "> pairs_", r.acc, ";");
  }
  out_.rolled("for (", index_type(), " e0 = warp * each * ", S, "; e0 < end; e0 += ", kUnits * S, ")");
  Step s;
  s.e = cat("e0 + ", S, " * u + sub");
  s.left = "end - e";
  load_step(b, s);
  compute_step(b, s, [&](const std::vector<std::string>& y) {
    for (const Reduce& r : rs)
      if (r.ordered)  // missing elements are the identity, also beyond the part's end: padding
        out_.line("pairs_", r.acc, ".push(f_neighbours<", r.combine, ", ", S, ">(v < left ? ", y.at(r.yield), " : ", r.identity, ", mask));");
    yield_unordered(rs, y, b);
  });
  out_.close();
  for (const Reduce& r : rs) {
    if (r.ordered) leave(r, "warp", cat("pairs_", r.acc, ".all(", r.identity, ")"));
  }
  finish_unordered(op, rs, true);
  sync();
  for (size_t i = 0; i < rs.size(); ++i)
    if (rs[i].ordered) set_result(op, rs, i, cat("f_slots<", rs[i].combine, ", ", S, ">(", rs[i].slot, ", ", W, ", 1, ", rs[i].identity, ", sub, mask)"));
  finish_unordered(op, rs, false);
}

}  // namespace frit::codegen::cuda
