// A tensor program to a plan: passes, a kernel a fused op, memory, machine code.
#include "lowering/compile.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <unordered_map>

#include "codegen/cuda.h"
#include "ir/verify.h"
#include "lowering/join.h"
#include "lowering/library.h"
#include "lowering/memory_plan.h"
#include "lowering/passes.h"

namespace frit::lower {

namespace {

double now_ms() {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

class Planner {
 public:
  Planner(const ir::Func& f, const CompileOptions& options, Program& program) : f_(f), options_(options), program_(program), plan_(program.plan) {}

  void run() {
    plan_.name = f_.name;
    plan_.inputs = static_cast<int32_t>(f_.body.args.size());
    find_roots();
    place_results();
    build_kernels();
    place_temps();
    make_launches();
    find_donors();
  }

  std::vector<Kernel> kernels;

 private:
  int64_t bytes(ValueId v) const { return ir::bytes_of(f_, v); }
  ValueId root(ValueId v) const { return root_[static_cast<size_t>(v)]; }

  // The value whose memory a value shares: a reshape is its operand.
  void find_roots() {
    root_.resize(f_.values.size());
    for (size_t v = 0; v < root_.size(); ++v) root_[v] = static_cast<ValueId>(v);
    for (OpId id : f_.body.ops) {
      const OpNode& op = f_.op(id);
      if (op.op == Op::reshape) root_[static_cast<size_t>(op.results[0])] = root(op.operands[0].value);
    }
    for (size_t i = 0; i < f_.body.args.size(); ++i) input_[f_.body.args[i]] = static_cast<int32_t>(i);
  }

  // What a kernel without a name is called: its first few ops, "sub_exp_sum_mul".
  static std::string summary(const Group& g) {
    std::vector<std::string> names;
    for (const OpNode& o : g.body) {
      if (o.op == Op::read) continue;
      std::string name(ir::info(o.op).name);
      name.erase(0, name.rfind('.') + 1);
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
    constexpr size_t kNames = 4;
    std::string s;
    for (size_t i = 0; i < std::min(kNames, names.size()); ++i) s += (i ? "_" : "") + names[i];
    return s.empty() ? "copy" : s + (names.size() > kNames ? "_etc" : "");
  }

  void build_kernels() {
    std::vector<Candidate> all;
    for (OpId id : f_.body.ops) {
      const OpNode& op = f_.op(id);
      if (op.op == Op::reshape || op.op == Op::ret) continue;
      if (op.op != Op::fused) ir::internal_error("an op that no kernel computes: " + std::string(ir::info(op.op).name));
      bool empty = true;
      for (ValueId r : op.results) empty &= f_.type(r).count() == 0;
      if (empty) continue;
      Group g = from_op(f_, op);
      g.name = f_.value(op.results.back()).name;
      if (g.name.empty()) g.name = summary(g);
      if (auto dot = library_dot(f_, g, options_, Follow::epilogue)) {
        Kernel call = library_call(g, *dot);
        all.push_back({std::move(g), {}, std::move(call)});
        continue;
      }
      Nest nest;
      std::string why;
      if (!make_nest(f_, g, nest, why)) ir::internal_error("no schedule for " + g.name + ": " + why);
      all.push_back({std::move(g), std::move(nest), {}});
    }
    const JoinContext context{f_, options_, [this](ValueId v) { return root(v); },
                              [this](ValueId r) { return output_.count(r) || input_.count(r); },
                              [this](ValueId v) {
                                const auto it = output_.find(root(v));
                                return it == output_.end() ? INT64_MAX : it->second;
                              },
                              &program_.decisions};
    kernels = build_launches(context, all);
  }

  Kernel library_call(const Group& g, const LibraryDot& dot) const {
    Kernel k;
    const rt::Gemm& m = dot.gemm;
    k.func.level = ir::Level::kernel;
    k.func.name = f_.value(g.outputs[0].tensor).name.empty() ? "dot" : g.name;
    k.gemm = std::make_shared<const rt::Gemm>(m);
    k.tensors = dot.tensors;
    k.offsets = dot.offsets;
    k.temps.push_back({DType::u8, m.workspace});
    k.work = ir::checked_mul(m.batch, ir::checked_mul(m.m, m.n));
    k.flops = ir::checked_mul(2 * m.k, k.work);
    const int64_t element = rt::size_of(m.type), a = ir::checked_mul(m.a.stride ? m.batch : 1, m.m * m.k), b = ir::checked_mul(m.b.stride ? m.batch : 1, m.k * m.n);
    k.bytes_read = ir::checked_mul(element, ir::checked_add(a, b));
    if (m.epilogue.bias) k.bytes_read = ir::checked_add(k.bytes_read, element * m.n * (m.epilogue.bias_stride ? m.batch : 1));
    k.bytes_written = ir::checked_mul(element, k.work);
    k.schedule = "library";
    k.why = "cuBLASLt, " + rt::text(m);
    return k;
  }

  void place_results() {
    const OpNode& ret = f_.terminator();
    for (size_t i = 0; i < ret.operands.size(); ++i) {
      const ValueId v = ret.operands[i].value, r = root(v);
      rt::Output out;
      out.bytes = bytes(v);
      if (auto in = input_.find(r); in != input_.end()) out.alias_input = in->second;
      else if (auto known = output_.find(r); known != output_.end()) out.alias_output = known->second;
      else output_[r] = static_cast<int32_t>(i);
      plan_.outputs.push_back(out);
    }
  }

  void place_temps() {
    std::unordered_map<ValueId, size_t> block_of;
    std::vector<Block> blocks;
    for (size_t k = 0; k < kernels.size(); ++k) {
      const int at = static_cast<int>(k);
      for (ValueId t : kernels[k].tensors) {
        const ValueId r = root(t);
        if (input_.count(r) || output_.count(r)) continue;
        auto [it, fresh] = block_of.emplace(r, blocks.size());
        if (fresh) blocks.push_back({bytes(r), at, at, 0});
        blocks[it->second].last = at;
      }
      for (const Kernel::Temp& t : kernels[k].temps) blocks.push_back({ir::checked_mul(t.count, size_of(t.dtype)), at, at, 0});
    }
    plan_.arena_bytes = plan_memory(blocks);
    for (auto [v, b] : block_of) temp_[v] = blocks[b].offset;
    // Kernels' own temps, in the order in which they were pushed.
    std::vector<char> shared(blocks.size(), 0);
    for (auto [v, b] : block_of) shared[b] = 1;
    for (size_t b = 0; b < blocks.size(); ++b)
      if (!shared[b]) own_temps_.push_back(blocks[b].offset);
  }

  rt::BufferRef ref(ValueId tensor) const {
    const ValueId r = root(tensor);
    if (auto in = input_.find(r); in != input_.end()) return {rt::BufferRef::input, in->second, 0};
    if (auto out = output_.find(r); out != output_.end()) return {rt::BufferRef::output, out->second, 0};
    return {rt::BufferRef::temp, 0, temp_.at(r)};
  }

  void make_launches() {
    size_t own = 0;
    for (Kernel& k : kernels) {
      rt::Launch l;
      for (ValueId t : k.tensors) l.buffers.push_back(ref(t));
      for (size_t i = 0; i < k.offsets.size(); ++i) l.buffers[i].offset += k.offsets[i];
      l.gemm = k.gemm;
      for (size_t i = 0; i < k.temps.size(); ++i) l.buffers.push_back({rt::BufferRef::temp, 0, own_temps_[own++]});
      l.params = k.params;
      l.starts = k.starts;
      l.work = k.work;
      // A worker takes at least about 64 KiB of traffic at a time.
      const int64_t per_item = std::max<int64_t>(1, (k.bytes_read + k.bytes_written) / std::max<int64_t>(k.work, 1));
      l.grain = std::max<int64_t>(1, (64 << 10) / per_item);
      l.scratch_bytes = k.scratch_bytes;
      l.bytes_read = k.bytes_read;
      l.bytes_written = k.bytes_written;
      l.flops = k.flops;
      plan_.launches.push_back(std::move(l));
    }
  }

  void find_donors() {
    std::vector<char> given(static_cast<size_t>(plan_.inputs), 0);
    for (const rt::Output& o : plan_.outputs)
      if (o.alias_input >= 0) given[static_cast<size_t>(o.alias_input)] = 1;  // it must live on
    // The last launch that uses a value, and how often: another argument of it must not find it overwritten.
    struct Use {
      size_t last = 0;
      int times = 0;
    };
    std::unordered_map<ValueId, Use> uses;
    for (size_t k = 0; k < kernels.size(); ++k)
      for (ValueId t : kernels[k].tensors) {
        Use& u = uses[root(t)];
        u.times = u.last == k ? u.times + 1 : 1;
        u.last = k;
      }
    for (size_t k = 0; k < kernels.size(); ++k) {
      for (auto [out, in] : kernels[k].in_place) {
        auto i = input_.find(root(in));
        auto o = output_.find(root(out));
        if (i == input_.end() || o == output_.end() || given[static_cast<size_t>(i->second)]) continue;
        if (const Use& use = uses[root(in)]; use.last != k || use.times > 1) continue;
        rt::Output& target = plan_.outputs[static_cast<size_t>(o->second)];
        if (target.donor_input >= 0 || bytes(in) != target.bytes) continue;
        target.donor_input = i->second;
        given[static_cast<size_t>(i->second)] = 1;
      }
    }
  }

  const ir::Func& f_;
  const CompileOptions& options_;
  Program& program_;
  rt::Plan& plan_;
  std::vector<ValueId> root_;
  std::unordered_map<ValueId, int32_t> input_, output_;  // roots
  std::unordered_map<ValueId, int64_t> temp_;
  std::vector<int64_t> own_temps_;
};

}  // namespace

namespace {

// Machine code for each launch, and what its report says of it.
void emit(const std::vector<Kernel>& kernels, const CompileOptions& options, Program& program) {
  std::vector<rt::Launch>& launches = program.plan.launches;
  if (!options.target.gpu) {
    for (size_t k = 0; k < kernels.size(); ++k) {
      const auto before = codegen::kernel_cache_stats().misses;
      launches[k].code = codegen::compile_kernel(kernels[k].func, options.target.isa);
      program.reports[k].compile_ms = launches[k].code->compile_ms;
      program.reports[k].cached = codegen::kernel_cache_stats().misses == before;
    }
    return;
  }
  std::vector<const ir::Func*> funcs;
  std::vector<size_t> at;
  std::vector<bool> wide;
  for (size_t k = 0; k < kernels.size(); ++k) {
    if (kernels[k].gemm) continue;
    at.push_back(k);
    funcs.push_back(&kernels[k].func);
    wide.push_back(kernels[k].wide);
  }
  const auto before = codegen::cuda_cache_stats().misses;
  const auto images = codegen::compile_cuda_kernels(funcs, *options.target.gpu, wide);
  const bool cached = codegen::cuda_cache_stats().misses == before;
  for (size_t i = 0; i < at.size(); ++i) {
    const size_t k = at[i];
    launches[k].gpu = images[i];
    program.reports[k].compile_ms = images[i]->compile_ms;
    program.reports[k].cached = cached;
    program.reports[k].mapping = codegen::describe(*images[i]);
  }
}

}  // namespace

std::string library_text(const KernelReport& r) { return "// " + r.name + ": a call of " + r.why + "\n"; }

TargetSpec host_target(int threads) {
  TargetSpec t;
  t.isa = codegen::host_isa();
  t.vector_bytes = t.isa == codegen::Isa::avx512 ? 64 : 32;
  t.threads = threads;
  return t;
}

TargetSpec gpu_target(const codegen::GpuSpec& gpu) {
  TargetSpec t;
  t.name = gpu.name;
  t.gpu = gpu;
  t.threads = gpu.multiprocessors;
  t.l1 = gpu.shared_per_multiprocessor;
  t.l2 = t.l3 = gpu.l2;
  t.chunk = 8192;                       // at most: schedule_rows.cpp chooses by the bytes that are loaded
  t.row_part = 16384;                   // 256 threads, 64 elements each
  t.kept_row = gpu.shared_per_block;    // in shared memory, if not in registers
  if (gpu.max_cluster > 1) {            // 32 values of 32 bits a thread
    t.row_workers = gpu.max_cluster;
    t.cluster_row = int64_t{gpu.max_cluster} * gpu.row_warps * 32 * 32 * 4;
  }
  t.scratch = gpu.shared_per_block - (16 << 10);  // the rest is for results on their way between warps
  t.column_tile = 128;                  // a warp's 16-byte loads
  t.column_parts = 1024;
  t.product_rows = t.product_columns = 128;
  t.product_bytes = gpu.shared_per_multiprocessor / 2 - (2 << 10);  // two blocks at a time
  t.tile = 64;
  t.tile_pad = 0;
  t.ahead = 0;
  t.hints = false;                      // codegen/cuda knows when its loads and stores stream
  return t;
}

std::shared_ptr<const Program> compile(const ir::Func& f, const CompileOptions& options, std::vector<Snapshot>* snapshots) {
  const double start = now_ms();
  auto program = std::make_shared<Program>();
  program->tensor = run_passes(f, options, ir::Level::tensor);
  program->fused = run_passes(f, options, ir::Level::fused, snapshots, &program->decisions);
  program->plan.gpu = options.target.gpu.has_value();
  Planner planner(program->fused, options, *program);
  planner.run();
  const double lowered = now_ms();
  program->lower_ms = lowered - start;
  for (const Kernel& kernel : planner.kernels) {
    KernelReport r;
    r.name = kernel.func.name;
    r.schedule = kernel.schedule;
    r.why = kernel.why;
    r.work = kernel.work;
    r.segments = std::max<int64_t>(1, static_cast<int64_t>(kernel.starts.size()));
    r.bytes_read = kernel.bytes_read;
    r.bytes_written = kernel.bytes_written;
    r.flops = kernel.flops;
    r.scratch_bytes = kernel.scratch_bytes;
    r.wide = kernel.wide;
    program->reports.push_back(std::move(r));
  }
  if (options.emit) emit(planner.kernels, options, *program);
  for (Kernel& kernel : planner.kernels) program->kernels.push_back(std::move(kernel.func));
  program->compile_ms = now_ms() - lowered;
  return program;
}

}  // namespace frit::lower
