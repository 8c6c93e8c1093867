// product: a tile of a matrix product by a team. The operands' values, whatever the region computes for them,
// are made once each and lie in shared memory, some k at a time in two halves in turn: while one half is
// multiplied, the loads of the next are on their way. A thread keeps the chains acc = fma(a, b, acc) of its
// results (mapping.h, Blocking) over the 1,024 k of a block, and what is complete of the tree of blocks beside
// them (LAWS.md, 12). Where k ends within a step, -0 * +0 is added, which changes nothing.
#include <algorithm>

#include "codegen/cuda/printer.h"
#include "ir/ops.h"

namespace frit::codegen::cuda {

using ir::OpId;
using ir::OpNode;

namespace {

constexpr int64_t kMostChain = 512;  // multiplications of an unrolled step

}  // namespace

void Printer::product(OpId id) {
  const OpNode& op = f_.op(id);
  const Blocking& b = m_.products.at(id);
  const DType t = f_.type(op.operands.at(0).value).dtype;
  const std::string type = type_text(t), step = index_type();
  auto count = [&](const char* name, size_t lo) {
    const Extent e = ranges_.extent(op.index[lo], op.index[lo + 1]);
    out_.line("const ", step, " ", name, " = ", e.exact ? cat(*e.exact) : extent_text(op.index[lo], op.index[lo + 1]), ";");
  };
  out_.open();
  count("depth", 0);
  count("rows", 2);
  count("width", 4);
  const std::string i0 = b.alone ? "" : "i0", j0 = b.alone ? "" : "j0";
  Held held[2] = {hold(op, b, 0, i0, j0), hold(op, b, 1, i0, j0)};
  // What neither place nor k change is computed once.
  for (Held& h : held) {
    set_rates(h.body);
    if (&h != held)
      std::erase_if(h.body.ops, [&](OpId o) {
        const auto& before = held[0].body.ops;
        return rate(f_.op(o)) == Rate::invariant && std::find(before.begin(), before.end(), o) != before.end();
      });
    hoist(h.body);
  }
  // Where the product is one tile, its results' place is free until they are there.
  if (!b.alone) shared_ = (shared_ + 15) / 16 * 16;
  const std::string place = b.alone ? cat("(unsigned char*)", name(op.operands[0].value)) : cat("(shared + ", shared_, ")");
  int64_t at = 0;
  for (const Held& h : held) {
    out_.line(type, "* const ", h.name, " = (", type, "*)(", place, " + ", at, ");");
    at += 2 * b.half(&h == held ? 0 : 1);
  }
  if (!b.alone) shared_ += at;
  const int lanes = std::min(8, b.across), high = std::min(b.down, kWarp / lanes), wide = b.threads() < kWarp ? b.across : kWarp / high;
  if (b.threads() < kWarp) {
    out_.line("const int across = t % ", b.across, ", down = t / ", b.across, ";");
  } else {
    out_.line("const int across = t / ", kWarp, " % ", b.across / wide, " * ", wide, " + t % ", wide, ";");
    out_.line("const int down = t / ", kWarp, " / ", b.across / wide, " * ", high, " + t % ", kWarp, " / ", wide, ";");
  }
  if (!b.alone) {
    out_.rolled("for (", step, " i0 = 0; i0 < rows; i0 += ", b.rows, ")");
    out_.rolled("for (", step, " j0 = 0; j0 < width; j0 += ", b.columns, ")");
  }
  out_.line(type, " acc[", b.row_count, "][", b.column_count, "];");
  out_.line("f_fill(acc, ", literal_text(ir::Literal::of(t, 0.0)), ");");
  if (!b.one_block) out_.line("f_partial<", type, ", ", b.row_count, ", ", b.column_count, ", ", b.stack, "> partial;");
  for (const Held& h : held) declare_loads(h.body);
  out_.line("int turn = 0;");
  out_.rolled("for (", step, " from_k = -", b.depth, "; from_k < depth; from_k += ", b.depth, ")");
  out_.open("if (from_k >= 0)");
  for (const Held& h : held) store_held(h, b, type);
  sync();
  out_.close();
  for (const Held& h : held) load_held(h, b);
  out_.open("if (from_k >= 0)");
  multiply(op, b, held, type);
  out_.line("turn = 1 - turn;");
  if (!b.one_block) {
    out_.open("if ((from_k + ", b.depth, ") % ", kBlock, " == 0 && from_k + ", b.depth, " < depth)");
    out_.line("partial.push(acc);");
    out_.line("f_fill(acc, ", literal_text(ir::Literal::of(t, 0.0)), ");");
    out_.close();
  }
  out_.close();
  out_.close();
  if (!b.one_block) out_.line("partial.all(acc);");
  sync();
  leave_product(op, b, type, i0, j0);
  if (!b.alone) {
    out_.close();
    out_.close();
  }
  out_.close();
}

// How an operand goes through shared memory: vectors go where most of its loads find neighbours.
Printer::Held Printer::hold(const OpNode& op, const Blocking& b, int operand, const std::string& i0, const std::string& j0) {
  const ir::Region& r = op.regions.at(0);
  const OpNode& yield = f_.op(r.ops.back());
  Held h;
  h.yield = yield.operands.at(static_cast<size_t>(operand));
  h.name = operand == 0 ? "held_a" : "held_b";
  const DType t = f_.type(op.operands[0].value).dtype;
  h.value = literal_text(ir::Literal::of(t, is_float(t) && operand == 0 ? -0.0 : 0.0));
  h.edge = static_cast<int>(b.edge[operand]);
  h.stride = b.stride(operand);
  h.half = b.half(operand) / b.element;
  const Slice s = slice_of(f_, op, operand);
  h.side = s.side;
  const ir::ValueId k = r.args[0], place = s.side == 0 ? ir::kNone : r.args[static_cast<size_t>(s.side)];
  const size_t lo = static_cast<size_t>(2 * s.side);  // of i or j
  int along_k = 0, along_place = 0;  // loads that find neighbours there
  for (OpId id : s.ops)
    if (f_.op(id).op == ir::Op::load) {
      along_k += f_.op(id).index[0].coeff_of(k) == 1;
      along_place += place != ir::kNone && f_.op(id).index[0].coeff_of(place) == 1;
    }
  h.along_k = place == ir::kNone || along_k > along_place;
  auto body = [&](int vector) { return h.along_k ? analyse(s.ops, op.index[0], k, place, vector) : analyse(s.ops, op.index[lo], place, k, vector); };
  int vector = 1;
  if (const Body whole = body(1); !whole.loads.empty()) {
    int64_t widest = 2;
    for (const Access& a : whole.loads) widest = std::max(widest, size_of(f_.type(a.buffer).dtype));
    vector = static_cast<int>(std::min<int64_t>(16 / widest, h.along_k ? b.depth : h.edge));
  }
  h.body = body(vector);
  for (Access& a : h.body.loads) {
    a.array += operand == 0 ? "a" : "b";
    a.once = false;  // other tiles read it too
  }
  h.vectors = h.edge * b.depth / vector;
  h.body.unroll = static_cast<int>(divide_up(h.vectors, team_->threads));
  // Numbers of k count from from_k, those of the place from i0 or j0.
  const std::string first = s.side == 1 ? i0 : s.side == 2 ? j0 : "";
  const std::string extent = s.side == 1 ? "rows" : "width", there = cat(h.vectors % team_->threads ? cat("n < ", h.vectors, " && ") : "");
  auto from = [&](size_t at) { return op.index[at].is_constant() && op.index[at].constant == 0 ? "" : index(op.index[at]) + " + "; };
  const std::string f = first.empty() ? "f" : first + " + f";
  if (h.along_k) {
    h.step.e = "k + q";
    h.step.row = place == ir::kNone ? "" : from(lo) + f;
    h.step.left = cat(there, place == ir::kNone ? "true" : cat(f, " < ", extent), " ? depth - e : 0");
  } else {
    h.step.e = f;
    h.step.row = from(0) + "k + q";
    h.step.left = cat(there, "k + q < depth ? ", extent, " - e : 0");
  }
  return h;
}

// The place of vector u of a thread in what is held: f along i or j, q along k.
void Printer::print_position(const Held& h, const Blocking& b) {
  const int T = team_->threads;
  out_.line("const int n = t", h.body.unroll > 1 ? cat(" + ", T, " * u") : "", ";");
  const int v = h.body.vector, across = h.along_k ? b.depth / v : h.edge / v;
  const std::string times = v > 1 ? cat(v, " * (n % ", across, ")") : cat("n % ", across);
  out_.line("const int ", h.along_k ? "q" : "f", " = ", times, ", ", h.along_k ? "f" : "q", " = n / ", across, ";");
}

void Printer::load_held(const Held& h, const Blocking& b) {
  if (h.body.loads.empty()) return;
  set_rates(h.body);
  out_.unrolled("for (int u = 0; u < ", h.body.unroll, "; ++u)");
  print_position(h, b);
  out_.line("const ", index_type(), " k = from_k + ", b.depth, ";");
  load_vectors(h.body, h.step);
  out_.close();
}

void Printer::store_held(const Held& h, const Blocking& b, const std::string& type) {
  set_rates(h.body);
  const int v = h.body.vector;
  out_.unrolled("for (int u = 0; u < ", h.body.unroll, "; ++u)");
  print_position(h, b);
  out_.line("const ", index_type(), " k = from_k;");
  const std::string first = print_vector(h.body, h.step);
  out_.line(type, " y[", v, "];");
  out_.unrolled("for (int v = 0; v < ", v, "; ++v)");
  print_element(h.body, h.step, first);
  out_.line("y[v] = v < left ? ", value(h.yield), " : ", h.value, ";");
  out_.close();
  const std::string to = cat(h.name, " + turn * ", h.half);
  if (h.vectors % team_->threads) out_.open("if (n < ", h.vectors, ")");
  if (h.along_k) {
    out_.unrolled("for (int v = 0; v < ", v, "; ++v)");
    out_.line("(", to, ")[(q + v) * ", h.stride, " + f] = y[v];");
    out_.close();
  } else {
    out_.line("f_store_all(", to, " + (q * ", h.stride, " + f), y, ", h.stride * b.element % std::min<int64_t>(16, v * b.element) == 0 ? "true" : "false", ");");
  }
  if (h.vectors % team_->threads) out_.close();
  out_.close();
}

// The chains of a step.
void Printer::multiply(const OpNode& op, const Blocking& b, const Held (&held)[2], const std::string& type) {
  const bool all = b.threads() == team_->threads;
  if (!all) out_.open("if (t < ", b.threads(), ")");
  const int64_t unroll = std::clamp<int64_t>(kMostChain / (b.row_count * b.column_count), 1, b.depth);
  out_.line("#pragma unroll ", unroll);
  out_.open("for (int q = 0; q < ", b.depth, "; ++q)");
  std::string factor[2];
  for (int n = 0; n < 2; ++n) {
    const int side = held[n].side;
    const std::string x = n == 0 ? "a" : "b";
    const int count = side == 1 ? b.row_count : side == 2 ? b.column_count : 1, groups = side == 1 ? b.groups_of_rows() : side == 2 ? b.groups_of_columns() : 1;
    out_.line(type, " ", x, "[", count, "];");
    const int each = count / groups;
    const std::string own = side == 0 ? "" : cat(" + ", each > 1 ? cat(each, " * ") : "", side == 1 ? "down" : "across");
    out_.line("f_gather<", each, ">(", x, ", ", held[n].name, " + turn * ", held[n].half, " + q * ", held[n].stride, own, ", ", b.edge[n] / groups, ");");
    factor[n] = cat(x, side == 1 ? "[r]" : side == 2 ? "[c]" : "[0]");
  }
  out_.unrolled("for (int r = 0; r < ", b.row_count, "; ++r)");
  out_.unrolled("for (int c = 0; c < ", b.column_count, "; ++c)");
  const bool floating = is_float(f_.type(op.operands[0].value).dtype);
  out_.line("acc[r][c] = ", floating ? cat("f_fma(", factor[0], ", ", factor[1], ", acc[r][c])") : cat("f_add(acc[r][c], f_mul(", factor[0], ", ", factor[1], "))"), ";");
  out_.close();
  out_.close();
  out_.close();
  if (!all) out_.close();
}

// A thread's results to the local array. Its rows may have room for more columns than there are.
void Printer::leave_product(const OpNode& op, const Blocking& b, const std::string& type, const std::string& i0, const std::string& j0) {
  const int64_t size = op.i64(ir::AttrName::size);
  const int rows = b.row_count / b.groups_of_rows(), columns = b.column_count / b.groups_of_columns();
  const bool room = b.alone && size >= b.columns && size % columns == 0;
  if (b.threads() != team_->threads) out_.open("if (t < ", b.threads(), ")");
  out_.unrolled("for (int r = 0; r < ", b.row_count, "; ++r)");
  out_.line("const ", index_type(), " row = ", i0.empty() ? "" : i0 + " + ", "r / ", rows, " * ", b.rows / b.groups_of_rows(), " + ", rows, " * down + r % ", rows, ";");
  out_.unrolled("for (int g = 0; g < ", b.groups_of_columns(), "; ++g)");
  out_.line("const ", index_type(), " column = ", j0.empty() ? "" : j0 + " + ", "g * ", b.columns / b.groups_of_columns(), " + ", columns, " * across;");
  out_.line(type, " y[", columns, "];");
  out_.unrolled("for (int c = 0; c < ", columns, "; ++c)");
  out_.line("y[c] = acc[r][g * ", columns, " + c];");
  out_.close();
  out_.line("f_store(", name(op.operands[0].value), " + (row * ", size, " + column), y, row < rows ? ", room ? cat(columns) : "width - column", " : 0, ", room ? "true" : "false", ");");
  out_.close();
  out_.close();
  if (b.threads() != team_->threads) out_.close();
}

}  // namespace frit::codegen::cuda
