// The kernel as a whole, statements of items, and where threads of a team wait for each other.
#include "codegen/cuda/printer.h"

#include <algorithm>
#include <bit>

#include "codegen/key.h"
#include "ir/ops.h"

namespace frit::codegen::cuda {

using ir::IndexExpr;
using ir::Op;
using ir::OpNode;
using ir::ValueId;

namespace {

std::string sanitised(const std::string& name) {
  std::string s;
  for (char c : name) s += (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ? c : '_';
  return s.substr(0, 64);
}

// Of the kernel's own name and a hash of what it does, so that several kernels fit into one image.
std::string entry_name(const ir::Func& f) {
  uint64_t h = 0xcbf29ce484222325u;  // FNV-1a
  for (char c : kernel_key(f, Isa::avx2)) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  char digits[16];
  std::snprintf(digits, sizeof digits, "%08x", static_cast<unsigned>(h ^ h >> 32));
  return cat("frit_", sanitised(f.name), "_", digits);
}

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

// How often the word stands in the text.
int words(const std::string& text, const std::string& word) {
  int n = 0;
  for (size_t at = 0; (at = text.find(word, at)) != std::string::npos; at += word.size())
    n += (at == 0 || !is_word(text[at - 1])) && !is_word(text[at + word.size()]);
  return n;
}

}  // namespace

// Lines that declare one of these names where nothing else speaks of it.
void Text::drop_unused(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const std::string declares = " " + name + " = ";
    std::string kept;
    int declared = 0;
    for (size_t at = 0; at < out_.size();) {
      const size_t end = out_.find('\n', at) + 1;
      const std::string line = out_.substr(at, end - at);
      at = end;
      if (line.find(declares) != std::string::npos && line.find("const") != std::string::npos) ++declared;
      else kept += line;
    }
    if (declared > 0 && words(kept, name) == 0) out_ = kept;
  }
}

void Text::fill_in(const std::function<std::string(int, int64_t)>& number) {
  for (size_t at = 0; (at = out_.find('@', at)) != std::string::npos;) {
    const size_t colon = out_.find(':', at), end = out_.find('@', at + 1);
    if (colon == std::string::npos || colon > end) {
      at = end + 1;
      continue;
    }
    out_.replace(at, end - at + 1, number(std::stoi(out_.substr(at + 1)), std::stoll(out_.substr(colon + 1))));
  }
}

Printer::Printer(const ir::Func& f, const GpuSpec& gpu, bool wide, int lighter)
    : f_(f), gpu_(gpu), wide_(wide), ranges_(f), m_(map_kernel(f, ranges_, gpu, lighter)), functions_(f.numerics), rates_(f.values.size(), Rate::invariant), lighter_(lighter) {}

CudaSource Printer::run() {
  const OpNode* work = nullptr;
  const OpNode* last = nullptr;
  for (ir::OpId id : f_.body.ops) {
    if (f_.op(id).op == Op::work) work = &f_.op(id);
    if (f_.op(id).op == Op::finish) last = &f_.op(id);
  }
  const int64_t segments = work->i64_or(ir::AttrName::segments, 0);
  int buffers = 0, numbers = 0;
  std::string params;
  for (ValueId v : f_.body.args) {
    const ir::Type& t = f_.type(v);
    const bool buffer = t.cls == ir::TypeClass::buffer;
    names_[v] = buffer ? cat("b", buffers++) : cat("n", numbers++);
    params += buffer ? cat(memory_text(t.dtype), "* ", names_[v], ", ") : cat("i64 ", names_[v], wide_ ? "" : "_", ", ");
  }
  if (segments) params = cat("const __grid_constant__ f_table<", segments * (1 + buffers + numbers), "> table, ");
  params += "i64 work";
  if (last) params += ", u32* counter";
  const std::string name = entry_name(f_);
  out_.line("// ", m_.why, "; ", m_.work.block(), " threads a block, ", m_.work.teams, m_.work.teams == 1 ? " item" : " items", m_.work.cluster > 1 ? " a cluster" : " a block");
  out_.line("extern \"C\" __global__ void __launch_bounds__(", m_.work.block(), m_.blocks_at_a_time > 1 ? cat(", ", m_.blocks_at_a_time) : "", ")");
  out_.open(name, "(", params, ")");
  place(segments != 0);
  if (segments) segment(segments, buffers + numbers);
  for (ValueId v : f_.body.args)
    if (!segments && f_.type(v).cls == ir::TypeClass::index && !wide_) out_.line("const int ", names_[v], " = (int)", names_[v], "_;");
  std::string aligned;
  for (ValueId v : f_.body.args)
    if (f_.type(v).cls == ir::TypeClass::buffer) aligned += cat(aligned.empty() ? "" : " && ", "f_aligned(", names_[v], ")");
  if (!aligned.empty()) out_.line("const bool aligned = ", aligned, ";");
  for (ir::OpId id : f_.body.ops) {
    const Op op = f_.op(id).op;
    if (op != Op::local && op != Op::work && op != Op::finish) statement(id);
  }
  item(*work);
  if (last) {
    const int64_t flag = shared_most_;
    shared_most_ += 16;
    ir::for_each_op(f_, work->regions[0], [&](const ir::Region&, ir::OpId id) {
      if (f_.op(id).op == Op::store) stored_.insert(f_.op(id).operands[0].value);
    });
    out_.open("if (f_last_block(counter, (u32*)(frit_shared + ", flag, ")))");
    finish(*last);
    out_.close();
  }
  out_.close();
  out_.drop_unused({"warp", "sub", "mask", "shared", "team", "aligned"});

  CudaSource s;
  s.launch.name = name;
  s.launch.threads = m_.work.block();
  s.launch.items_per_block = m_.work.teams;
  s.launch.cluster = m_.work.cluster;
  s.launch.shared_bytes = shared_most_;
  s.launch.finish = last != nullptr;
  s.launch.segments = segments;
  s.launch.mapping = m_.why;
  if (shared_most_ > gpu_.shared_per_block)
    ir::internal_error(cat("the kernel ", f_.name, " wants ", shared_most_, " bytes of shared memory; ", gpu_.name, " has ", gpu_.shared_per_block));
  s.launch.source = functions_.text() + out_.str();
  s.text = cuda_prelude() + "\n" + s.launch.source;
  s.lighter = lighter_;
  return s;
}

// Which thread of which team this is, and the team's item; with segments, its place among those of all.
void Printer::place(bool segments) {
  const int T = m_.work.threads, teams = m_.work.teams;
  const std::string item = segments ? "place" : "item";
  if (const int c = m_.work.cluster; c > 1) {
    out_.line("const int rank = blockIdx.x % ", c, ";");
    out_.line("const int t = rank * ", m_.work.block(), " + threadIdx.x;");
    out_.line("const ", index_type(), " ", item, " = blockIdx.x / ", c, ";");
    out_.line("f_cluster_arrive();");
  } else if (teams == 1) {
    out_.line("const int t = threadIdx.x;");
    out_.line("const ", index_type(), " ", item, " = blockIdx.x;");
  } else {
    if (T > 1) out_.line("const int t = threadIdx.x % ", T, ";");
    else out_.line("const int t = 0;");
    out_.line("const int team = threadIdx.x / ", T, ";");
    out_.line("const ", index_type(), " ", item, " = (", index_type(), ")blockIdx.x * ", teams, " + team;");
  }
}

// The segment of the place: the last one that begins there or before, by halving; then its arguments.
void Printer::segment(int64_t segments, int arguments) {
  out_.line("int segment = 0;");
  out_.rolled("for (int step = ", std::bit_floor(static_cast<uint64_t>(segments)), "; step > 0; step /= 2)");
  out_.line("if (segment + step < ", segments, " && (i64)table.at[segment + step] <= place) segment += step;");
  out_.close();
  out_.line("const int row = ", segments, " + ", arguments, " * segment;");
  int k = 0;
  for (ValueId v : f_.body.args) {
    const ir::Type& t = f_.type(v);
    const std::string type = t.cls == ir::TypeClass::buffer ? cat(memory_text(t.dtype), "*") : index_type();
    out_.line(type, " const ", names_[v], " = (", type, ")table.at[row + ", k++, "];");
  }
  out_.line("const ", index_type(), " item = place - (", index_type(), ")table.at[segment];");
}

// The frame of an item: its local arrays, its statements.
void Printer::item(const OpNode& work) {
  team_ = &m_.work;
  in_finish_ = false;
  const int T = team_->threads;
  const ir::Region& r = work.regions.at(0);
  names_[r.args.at(0)] = "item";
  out_.line("const u32 mask = ", T >= kWarp ? "0xffffffffu" : cat(cat((1u << T) - 1, "u"), " << (threadIdx.x & ", kWarp - T, ")"), ";");
  out_.open("if (", work.find(ir::AttrName::segments) ? "place" : "item", " < work)");
  locals();
  statements(r);
  out_.close();
  place_shared();
}

// Lays out shared memory, now that the most that results on their way need is known.
void Printer::place_shared() {
  out_.fill_in([&](int half, int64_t offset) { return cat(shared_ + half * slots_most_ + offset); });
  const int64_t bytes = shared_ + 2 * slots_most_;
  out_.replace("@bytes@", cat(bytes));
  shared_most_ = std::max(shared_most_, bytes * team_->teams);
}

void Printer::finish(const OpNode& op) {
  team_ = &m_.finish;
  in_finish_ = true;
  m_.kept.clear();
  m_.kept_local.clear();
  m_.kept_load.clear();
  if (m_.work.teams > 1) {
    out_.line("const int t = threadIdx.x;");
    out_.line("const u32 mask = 0xffffffffu;");
  }
  locals();
  statements(op.regions.at(0));
  place_shared();
}

void Printer::locals() {
  shared_ = 0;
  reads_.clear();
  writes_.clear();
  std::set<ValueId> used;
  for (ir::OpId id : f_.body.ops) {
    const OpNode& top = f_.op(id);
    if (top.op != (in_finish_ ? Op::finish : Op::work)) continue;
    ir::for_each_op(f_, top.regions[0], [&](const ir::Region&, ir::OpId inner) {
      for (const ir::Operand& o : f_.op(inner).operands)
        if (o.is_value() && f_.type(o.value).cls == ir::TypeClass::buffer && is_local(o.value)) used.insert(o.value);
      const OpNode& op = f_.op(inner);
      if (op.op == Op::tile && std::has_single_bit(static_cast<uint64_t>(op.i64(ir::AttrName::size)))) pad_[op.operands[1].value] = op.i64(ir::AttrName::size);
    });
  }
  std::string lines;
  std::vector<std::string> declared;
  int k = 0;
  for (ir::OpId id : f_.body.ops) {
    const OpNode& op = f_.op(id);
    if (op.op != Op::local) continue;
    const ValueId v = op.results[0];
    names_[v] = cat("s", k++);
    if (!used.count(v)) continue;
    const DType t = f_.type(v).dtype;
    if (auto it = m_.kept_local.find(v); it != m_.kept_local.end()) continue;
    if (!op.index[0].is_constant()) ir::internal_error("a local array of a size that is not known");
    int64_t count = op.index[0].constant;
    if (pad_.count(v)) count += count / pad_[v];
    for (const auto& [product, b] : m_.products)  // of which the operands lie in the place of its results
      if (b.alone && f_.op(product).operands[0].value == v) count = std::max(count, divide_up(b.bytes(), size_of(t)));
    declared.push_back(cat(memory_text(t), "* const ", names_[v], " = (", memory_text(t), "*)(shared + ", shared_, ");"));
    shared_ += (count * size_of(t) + 15) / 16 * 16;
  }
  slots_most_ = slots_now_ = 0;
  out_.line("unsigned char* const shared = frit_shared", team_->teams > 1 ? " + team * @bytes@;" : ";");
  out_.line("const int sub = t % ", team_->sub(), ";");
  out_.line("const int warp = t / ", team_->sub(), ";");
  for (const std::string& d : declared) out_.line(d);
  for (size_t i = 0; i < m_.kept.size(); ++i) {
    const Kept& kept = m_.kept[i];
    kept_name_[static_cast<int>(i)] = cat("k", i);
    out_.line(kept.pairs ? "u32" : kept.local ? type_text(kept.dtype) : memory_text(kept.dtype), " k", i, "[", kept.blocks, "][", kept.steps, "][",
              kept.pairs ? team_->vector / 2 : team_->vector, "];");
  }
}

// The wait that belongs to the arrival at the kernel's entry.
void Printer::started(const std::string& once) {
  if (team_->cluster > 1 && !started_) out_.line(once, "f_cluster_wait();");
  started_ = true;
}

// Who reads and writes what

void Printer::touched(const OpNode& op, std::set<ValueId>& reads, std::set<ValueId>& writes) const {
  switch (op.op) {
    case Op::load: reads.insert(op.operands[0].value); break;
    case Op::store: writes.insert(op.operands[0].value); break;
    case Op::tile:
      reads.insert(op.operands[0].value);
      writes.insert(op.operands[1].value);
      break;
    case Op::cols:
    case Op::product:
      for (const ir::Operand& o : op.operands) writes.insert(o.value);
      break;
    default: break;
  }
  for (const ir::Region& r : op.regions) touched(r, reads, writes);
}
void Printer::touched(const ir::Region& r, std::set<ValueId>& reads, std::set<ValueId>& writes) const {
  for (ir::OpId id : r.ops) touched(f_.op(id), reads, writes);
}

void Printer::sync() {
  if (team_->cluster > 1) {
    started();
    out_.line("f_cluster_arrive();");
    out_.line("f_cluster_wait();");
  } else if (team_->threads > kWarp) out_.line("__syncthreads();");
  else if (team_->threads > 1) out_.line("__syncwarp(mask);");
  reads_.clear();
  writes_.clear();
}

void Printer::order(const OpNode& op) {
  std::set<ValueId> reads, writes;
  touched(op, reads, writes);
  auto meets = [&](const std::set<ValueId>& a, const std::set<ValueId>& b) {
    return std::any_of(a.begin(), a.end(), [&](ValueId v) { return b.count(v) && !kept(v); });
  };
  // Stores to one parameter go to different places, or are the same.
  std::set<ValueId> locals_written;
  for (ValueId v : writes)
    if (is_local(v)) locals_written.insert(v);
  if (meets(reads, writes_) || meets(writes, reads_) || meets(locals_written, writes_)) sync();
  reads_.insert(reads.begin(), reads.end());
  writes_.insert(writes.begin(), writes.end());
}

// Statements

void Printer::statements(const ir::Region& r) {
  for (ir::OpId id : r.ops) statement(id);
}

void Printer::statement(ir::OpId id) {
  const OpNode& op = f_.op(id);
  switch (op.op) {
    case Op::prefetch: return;  // a hint for CPUs
    case Op::loop: return loop(op);
    case Op::lanes:
      order(op);
      return lanes(id);
    case Op::cols:
    case Op::product: {
      order(op);
      const auto reads = reads_, writes = writes_;
      op.op == Op::cols ? cols(id) : product(id);  // the team meets inside, before results are stored
      reads_.insert(reads.begin(), reads.end());
      writes_.insert(writes.begin(), writes.end());
      return;
    }
    case Op::tile:
      order(op);
      return tile(op);
    case Op::store: {
      order(op);
      const DType t = f_.type(op.operands[0].value).dtype;
      const std::string text = cat(element(op.operands[0].value, op.index[0]), " = ", to_memory(t, value(op.operands[1])), ";");
      out_.line(team_->threads > 1 ? cat("if (t == 0) ", text) : text);
      return;
    }
    case Op::load: order(op); break;
    default: break;
  }
  scalar(op);
}

void Printer::loop(const OpNode& op) {
  if (rows_of_lanes(op)) return;
  const ir::Region& r = op.regions.at(0);
  std::set<ValueId> reads, writes;
  touched(op, reads, writes);
  order(op);
  const auto reads_before = reads_, writes_before = writes_;
  const std::string k = names_[r.args[0]] = index_name(r.args[0]);
  out_.rolled("for (", index_type(), " ", k, " = ", index(op.index.at(0)), "; ", k, " < ", index(op.index.at(1)), "; ", k,
              " += ", op.i64_or(ir::AttrName::step, 1), ")");
  // Iterations follow each other: what one leaves in shared memory is not overwritten before it is read.
  bool meets = false;
  ir::for_each_op(f_, r, [&](const ir::Region&, ir::OpId id) {
    const OpNode& inner = f_.op(id);
    meets |= inner.op == Op::tile || inner.op == Op::cols || inner.op == Op::product || (inner.op == Op::lanes && inner.find(ir::AttrName::reduce));
  });
  for (ValueId v : writes) meets |= is_local(v) || reads.count(v);
  if (meets) sync();
  statements(r);
  out_.close();
  reads_.insert(reads_before.begin(), reads_before.end());  // there may be no iteration
  writes_.insert(writes_before.begin(), writes_before.end());
}

// A loop of nothing but lanes that do not reduce, storing what no other iteration reads: parts of the
// team take an iteration each, so that short lanes occupy all threads.
bool Printer::rows_of_lanes(const OpNode& op) {
  const ir::Region& r = op.regions.at(0);
  std::set<ValueId> reads, writes;
  touched(op, reads, writes);
  std::optional<int64_t> longest = 1;
  bool any = false;
  for (ir::OpId id : r.ops) {
    const OpNode& o = f_.op(id);
    if (o.op == Op::lanes) {
      if (o.find(ir::AttrName::reduce)) return false;
      any = true;
      const Extent n = ranges_.extent(o.index[0], o.index[1]);
      if (longest && n.at_most) longest = std::max(*longest, *n.at_most);
      else longest.reset();
    } else if (o.op == Op::loop || o.op == Op::cols || o.op == Op::product || o.op == Op::tile || o.op == Op::store) {
      return false;
    }
  }
  if (!any || std::any_of(writes.begin(), writes.end(), [&](ValueId v) { return is_local(v) || reads.count(v) != 0; })) return false;
  int part = kWarp;
  if (longest) part = static_cast<int>(std::bit_ceil(static_cast<uint64_t>(std::max<int64_t>(1, (*longest + team_->vector - 1) / team_->vector))));
  if (part >= team_->threads || team_->threads % part != 0) return false;
  order(op);
  const int64_t step = op.i64_or(ir::AttrName::step, 1);
  const std::string k = names_[r.args[0]] = index_name(r.args[0]), p = cat("p", number_++);
  out_.open("for (", index_type(), " ", k, " = ", index(op.index.at(0)), " + ", step, " * (t / ", part, "); ", k, " < ", index(op.index.at(1)), "; ", k,
            " += ", step * (team_->threads / part), ")");
  out_.line("const int ", p, " = t % ", part, ";");
  thread_ = p;
  part_ = part;
  const auto reads_before = reads_, writes_before = writes_;
  for (ir::OpId id : r.ops) {
    reads_.clear();
    writes_.clear();
    statement(id);
  }
  reads_ = reads_before;
  writes_ = writes_before;
  reads_.insert(reads.begin(), reads.end());
  writes_.insert(writes.begin(), writes.end());
  thread_ = "t";
  part_ = 0;
  out_.close();
  return true;
}

// Names and expressions

std::string Printer::name(ValueId v) const {
  auto it = names_.find(v);
  if (it == names_.end()) ir::internal_error("a value is used before it is made: %" + f_.value(v).name);
  return it->second;
}

std::string Printer::value(const ir::Operand& o) const { return o.is_value() ? name(o.value) : literal_text(o.lit); }

std::string Printer::index(const IndexExpr& e) const {
  std::string s;
  for (const auto& t : e.terms) {
    std::string v = name(t.var);
    if (f_.type(t.var).cls != ir::TypeClass::index && !wide_) v = "(int)" + v;
    if (t.scale != ir::kNone) v += " * " + name(t.scale);
    const int64_t c = t.coeff;
    if (s.empty()) s = c == 1 ? v : c == -1 ? cat("-", v) : cat(c, " * ", v);
    else s += c == 1 ? cat(" + ", v) : c == -1 ? cat(" - ", v) : c < 0 ? cat(" - ", -c, " * ", v) : cat(" + ", c, " * ", v);
  }
  if (s.empty()) return cat(e.constant, wide_ && e.constant > INT32_MAX ? "ll" : "");
  if (e.constant > 0) s += cat(" + ", e.constant);
  if (e.constant < 0) s += cat(" - ", -e.constant);
  return s;
}

std::string Printer::extent_text(const IndexExpr& lo, const IndexExpr& hi) const {
  IndexExpr e = lo.times(-1);
  e += hi;
  return index(e);
}

std::string Printer::place(ValueId buffer, const std::string& at) const {
  auto it = pad_.find(buffer);
  return it == pad_.end() ? at : cat("f_padded(", at, ", ", std::countr_zero(static_cast<uint64_t>(it->second)), ")");
}

std::string Printer::element(ValueId buffer, const IndexExpr& e) const { return cat(name(buffer), "[", place(buffer, index(e)), "]"); }

}  // namespace frit::codegen::cuda
