// cols: reductions down the rows k for every column j, in the orders of LAWS.md.
//
// `columns` threads stand side by side, each with a vector of columns; the others of the team go down other
// rows. For sums, group g of the G groups of rows has the lanes l with l mod G = g: the halving of 128 lanes
// ends with +G/2, ..., +1, so that a group's lanes are a subtree, which its thread adds up in registers.
// The groups of one warp differ in the high bits of g: they meet first, by shuffles; the warps meet in
// shared memory.
#include <algorithm>
#include <bit>

#include "codegen/cuda/printer.h"
#include "ir/ops.h"

namespace frit::codegen::cuda {

using ir::Op;
using ir::OpId;
using ir::OpNode;

void Printer::cols(OpId id) {
  const OpNode& op = f_.op(id);
  std::vector<Reduce> rs = reductions(op);
  const Extent depth = ranges_.extent(op.index[0], op.index[1]);
  out_.open();
  out_.line("const ", index_type(), " depth = ", depth.exact ? cat(*depth.exact) : extent_text(op.index[0], op.index[1]), ";");
  out_.line("const ", index_type(), " width = ", extent_text(op.index[2], op.index[3]), ";");
  const bool filled = depth.exact && *depth.exact > 0;
  if (!filled) {
    out_.open("if (depth <= 0)");
    out_.open("for (", index_type(), " e = t; e < width; e += ", team_->threads, ")");
    for (size_t i = 0; i < rs.size(); ++i)
      out_.line(name(op.operands[i].value), "[e] = ", to_memory(rs[i].result, rs[i].empty), ";");
    out_.close();
    out_.close(" else {");
    out_.indent();
  }
  if (op.i64_or(ir::AttrName::tree, 0)) tree_columns(id, rs);
  else deep_columns(id, rs);
  if (!filled) out_.close();
  out_.close();
}

std::string Printer::to_local(const Reduce& r, const std::string& x) const { return r.arg ? cat("(i64)", x, ".place") : to_memory(r.result, x); }

// What is added to the number of a row.
std::string Printer::first_row(const OpNode& op) const {
  const ir::IndexExpr& lo = op.index.at(0);
  return lo.is_constant() && lo.constant == 0 ? "" : index(lo) + " + ";
}

void Printer::deep_columns(OpId id, std::vector<Reduce>& rs) {
  const OpNode& op = f_.op(id);
  const int C = team_->columns, V = team_->column_vector, S = team_->sub(), W = team_->warps();
  const int groups = team_->threads / C;
  const Extent depth = ranges_.extent(op.index[0], op.index[1]);
  const bool ordered = std::any_of(rs.begin(), rs.end(), [](const Reduce& r) { return r.ordered; });
  const int64_t lanes = std::max<int64_t>(1, kLanes / groups);  // of a group
  const bool shallow = depth.at_most && *depth.at_most <= kLanes;
  const int64_t held = shallow ? std::clamp<int64_t>(divide_up(*depth.at_most, groups), 1, lanes) : lanes;
  const bool one_block = depth.at_most && *depth.at_most <= kBlock;
  if (groups > kLanes) ir::internal_error("more groups of rows than lanes");

  Body b = analyse(id, op.regions[0].args[1], op.regions[0].args[0], V);
  b.unroll = static_cast<int>(held);
  hoist(b);
  next_slots();
  for (Reduce& r : rs)
    if (W > 1) {
      // In two halves, so that a block's results are read while the next ones are written.
      r.slot = cat("q", number_++);
      out_.line(r.type, "* const ", r.slot, " = ", slots(r, int64_t{2} * W * C * V), ";");
    }
  out_.line("const int column = t % ", C, ", group = ", S == C ? "warp" : cat("sub / ", C, " * ", W, " + warp"), ";");
  if (W > 1) out_.line("int turn = 0;");
  out_.rolled("for (", index_type(), " e0 = 0; e0 < width; e0 += ", C * V, ")");
  for (const Reduce& r : rs) {
    if (!r.ordered) {
      out_.line(r.type, " ", r.acc, "[", V, "];");
      out_.line("f_fill(", r.acc, ", ", r.identity, ");");
    } else if (!one_block) {
      out_.line("f_pairs<", r.combine, ", ", r.type, "> pairs_", r.acc, "[", V, "];");
    }
  }
  const std::string blocks = one_block ? "0" : "block";
  if (!one_block) out_.rolled("for (", index_type(), " block = 0; block < depth; block += ", kBlock, ")");
  for (const Reduce& r : rs) {
    if (!r.ordered) continue;
    out_.line(r.type, " ", r.acc, "[", held, "][", V, "];");
    out_.line("f_fill(", r.acc, ", ", r.identity, ");");
  }
  const bool one_row = shallow;
  if (!one_row)
    out_.rolled("for (", index_type(), " row = ", blocks, "; row < ", one_block ? "depth" : cat("f_min(block + ", kBlock, ", depth)"), "; row += ", kLanes, ")");
  Step s;
  const std::string k = cat(one_row ? "" : "row + ", groups, " * u + group");
  s.e = cat("e0 + ", V > 1 ? cat(V, " * column") : "column");
  s.row = cat(first_row(op), k);
  s.left = cat(k, " < depth ? width - e : 0");
  load_step(b, s);
  compute_step(b, s, [&](const std::vector<std::string>& y) {
    for (const Reduce& r : rs) {
      const std::string running = r.ordered ? cat(r.acc, "[u][v]") : cat(r.acc, "[v]");
      const std::string x = element_value(r, y.at(r.yield), k);
      out_.line(running, " = ", r.combine, "::of(", running, ", v < left ? ", x, " : ", r.identity, ");");
    }
  });
  if (!one_row) out_.close();

  // The groups meet; v is one of this thread's columns, x what it got.
  auto meet = [&](bool in_order, const std::function<void(const Reduce&, const std::string&)>& take) {
    for (const Reduce& r : rs) {
      if (r.ordered != in_order) continue;
      if (r.ordered) out_.line("f_rows<", r.combine, ", ", lanes, ">(", r.acc, ");");
      const std::string from = r.ordered ? cat(r.acc, "[0][v]") : cat(r.acc, "[v]");
      out_.unrolled("for (int v = 0; v < ", V, "; ++v)");
      out_.line(from, " = f_groups<", r.combine, ", ", S, ", ", C, ">(", from, ", mask);");
      if (W > 1) out_.line("if (sub < ", C, ") ", r.slot, "[((turn * ", W, " + warp) * ", C, " + column) * ", V, " + v] = ", from, ";");
      out_.close();
    }
    if (W > 1) sync();
    for (const Reduce& r : rs) {
      if (r.ordered != in_order) continue;
      const std::string from = r.ordered ? cat(r.acc, "[0][v]") : cat(r.acc, "[v]");
      if (W > 1) out_.open("if (warp == 0)");
      out_.unrolled("for (int v = 0; v < ", V, "; ++v)");
      take(r, W > 1 ? cat("f_warps<", r.combine, ", ", W, ">(", r.slot, " + (turn * ", W * C, " + column) * ", V, " + v, ", C * V, ")") : from);
      out_.close();
      if (W > 1) out_.close();
    }
    if (W > 1) out_.line("turn = 1 - turn;");
  };
  size_t n = 0;
  std::map<std::string, size_t> number;
  for (const Reduce& r : rs) number[r.acc] = n++;
  auto store = [&](const Reduce& r, const std::string& x) {
    const std::string mine = cat(W > 1 ? "" : "group == 0 && ", W > 1 ? cat("sub < ", C, " && ") : "");
    const std::string at = cat("e0 + ", V > 1 ? cat(V, " * column + v") : "column + v");
    const std::string value = cat("w", number_++);
    out_.line("const ", r.type, " ", value, " = ", x, ";");
    out_.line("if (", mine, at, " < width) ", this->name(op.operands[number.at(r.acc)].value), "[", at, "] = ", to_local(r, value), ";");
  };
  if (ordered) {
    if (one_block) {
      meet(true, store);
    } else {
      meet(true, [&](const Reduce& r, const std::string& x) { out_.line("pairs_", r.acc, "[v].push(", x, ");"); });
      out_.close();
      for (const Reduce& r : rs) {
        if (!r.ordered) continue;
        if (W > 1) out_.open("if (warp == 0)");
        out_.unrolled("for (int v = 0; v < ", V, "; ++v)");
        store(r, cat("pairs_", r.acc, "[v].all(", r.identity, ")"));
        out_.close();
        if (W > 1) out_.close();
      }
    }
  } else if (!one_block) {
    out_.close();
  }
  if (std::any_of(rs.begin(), rs.end(), [](const Reduce& r) { return !r.ordered; })) meet(false, store);
  out_.close();
}

// tree=1: the rows themselves in the padded tree of pairs. As many threads side by side as there are columns;
// each group of them has a power of two of rows, and goes down those by kRows, whose tree is in registers.
void Printer::tree_columns(OpId id, std::vector<Reduce>& rs) {
  const OpNode& op = f_.op(id);
  constexpr int kRows = 16, kUnknownWidth = 128;
  const Extent width = ranges_.extent(op.index[2], op.index[3]);
  const int T = team_->threads;
  int C = width.at_most ? static_cast<int>(std::bit_ceil(static_cast<uint64_t>(std::clamp<int64_t>(*width.at_most, 1, T)))) : kUnknownWidth;
  C = std::clamp(C, std::min(kWarp, T), static_cast<int>(std::bit_floor(static_cast<unsigned>(T))));
  const int G = T / C;
  Body b = analyse(id, op.regions[0].args[1], op.regions[0].args[0], 1);
  b.unroll = kRows;
  hoist(b);
  next_slots();
  for (Reduce& r : rs) {
    if (r.arg) ir::internal_error("a place in a tree");
    if (G == 1) continue;
    r.slot = cat("q", number_++);
    out_.line(r.type, "* const ", r.slot, " = ", slots(r, int64_t{G} * C), ";");
  }
  out_.line("const int column = t % ", C, ", group = t / ", C, ";");
  out_.line("const ", index_type(), " each = f_part(depth, ", G, "), end = group < ", G, " ? f_min((group + 1) * each, depth) : 0;");
  out_.rolled("for (", index_type(), " e0 = 0; e0 < width; e0 += ", C, ")");
  for (const Reduce& r : rs) {
    if (r.ordered) out_.line("f_pairs<", r.combine, ", ", r.type, "> pairs_", r.acc, ";");
    else out_.line(r.type, " ", r.acc, " = ", r.identity, ";");
  }
  out_.rolled("for (", index_type(), " row = group * each; row < end; row += ", kRows, ")");
  for (const Reduce& r : rs)
    if (r.ordered) out_.line(r.type, " of_", r.acc, "[", kRows, "];");
  Step s;
  s.e = "e0 + column";
  s.row = cat(first_row(op), "row + u");
  s.left = "row + u < end ? width - e : 0";
  load_step(b, s);
  compute_step(b, s, [&](const std::vector<std::string>& y) {
    for (const Reduce& r : rs) {
      const std::string x = cat("v < left ? ", element_value(r, y.at(r.yield), ""), " : ", r.identity);
      if (r.ordered) out_.line("of_", r.acc, "[u] = ", x, ";");
      else out_.line(r.acc, " = ", r.combine, "::of(", r.acc, ", ", x, ");");
    }
  });
  for (const Reduce& r : rs)
    if (r.ordered) out_.line("pairs_", r.acc, ".push(f_tree<", r.combine, ">(of_", r.acc, "));");
  out_.close();
  auto mine = [&](const Reduce& r) { return r.ordered ? cat("pairs_", r.acc, ".all(", r.identity, ")") : r.acc; };
  if (G > 1) {
    sync();  // the slots of the columns before have been read
    for (const Reduce& r : rs) out_.line(T % C ? cat("if (group < ", G, ") ") : "", r.slot, "[group * ", C, " + column] = ", mine(r), ";");
    sync();
  }
  out_.open("if (group == 0 && e0 + column < width)");
  for (size_t i = 0; i < rs.size(); ++i) {
    const Reduce& r = rs[i];
    const std::string x = G > 1 ? cat("f_slots_alone<", r.combine, ">(", r.slot, " + column, ", G, ", ", C, ", ", r.identity, ")") : mine(r);
    out_.line(name(op.operands[i].value), "[e0 + column] = ", to_memory(r.result, x), ";");
  }
  out_.close();
  out_.close();
}

}  // namespace frit::codegen::cuda
