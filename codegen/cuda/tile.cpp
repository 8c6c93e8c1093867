// tile: a transposed copy of a tile into shared memory: vectors along the source's rows, all loads of a
// thread before its stores. The local's rows lie one element further apart than they are long, so that
// threads that go along the source meet different banks.
#include <algorithm>
#include <bit>

#include "codegen/cuda/printer.h"

namespace frit::codegen::cuda {

void Printer::tile(const ir::OpNode& op) {
  const ir::ValueId from = op.operands.at(0).value, to = op.operands.at(1).value;
  const DType t = f_.type(from).dtype;
  const int64_t size = op.i64(ir::AttrName::size);
  const int V = std::clamp<int>(static_cast<int>(16 / size_of(t)), 1, 4), T = team_->threads;
  const int across = static_cast<int>(std::min<int64_t>(T, static_cast<int64_t>(std::bit_floor(static_cast<uint64_t>(std::max<int64_t>(1, size / V))))));
  const int64_t rows = T / across;  // at a time
  const int64_t steps = std::min<int64_t>(8, (size + rows - 1) / rows);
  const std::string type = index_type(), m = memory_text(t);
  out_.open();
  out_.line("const ", m, "* const from = ", name(from), " + (", index(op.index.at(0)), ");");
  out_.line("const ", type, " stride = ", index(op.index[1]), ", P = ", index(op.index[2]), ", Q = ", index(op.index[3]), ";");
  out_.line("const bool vectors = f_aligned(from) && stride % ", V, " == 0;");
  out_.rolled("for (", type, " p = ", V, " * (t % ", across, "); p < P; p += ", V * across, ")");
  out_.rolled("for (", type, " q0 = t / ", across, "; q0 < Q; q0 += ", rows * steps, ")");
  out_.line(m, " x[", steps, "][", V, "];");
  out_.unrolled("for (int u = 0; u < ", steps, "; ++u)");
  out_.line("const ", type, " q = q0 + ", rows, " * u;");
  out_.line("f_load(x[u], from + (q * stride + p), q < Q ? P - p : 0, vectors);");
  out_.close();
  out_.unrolled("for (int u = 0; u < ", steps, "; ++u)");
  out_.line("const ", type, " q = q0 + ", rows, " * u;");
  out_.unrolled("for (int v = 0; v < ", V, "; ++v)");
  out_.line("if (q < Q && p + v < P) ", name(to), "[", place(to, cat("(p + v) * ", size, " + q")), "] = x[u][v];");
  out_.close();
  out_.close();
  out_.close();
  out_.close();
  out_.close();
}

}  // namespace frit::codegen::cuda
