#include "tests/cuda_programs/emulated_engine.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "codegen/cuda.h"
#include "tests/cuda_emulation/emulated.h"
#include "tests/engines/engines.h"
#include "tests/engines/execution.h"
#include "tests/engines/guarded.h"

namespace frit::test {
namespace {

// The launches of a plan, in order, on the emulated device.
class Runner {
 public:
  explicit Runner(EmulatedOrder order) : order_(order) {}

  void operator()(const rt::Plan& plan, const void* const* inputs, void* const* outputs, rt::RunCounters& counters) const {
    Guarded arena(static_cast<size_t>(plan.arena_bytes) + kArenaAlignment);
    const auto at = reinterpret_cast<uintptr_t>(arena.data());
    auto* temps = reinterpret_cast<std::byte*>((at + kArenaAlignment - 1) / kArenaAlignment * kArenaAlignment);
    std::memset(arena.data(), order_.fill, arena.bytes());
    Guarded counter(sizeof(unsigned));
    std::memset(counter.data(), 0, sizeof(unsigned));
    for (const rt::Launch& l : plan.launches) {
      if (!l.gpu) throw std::logic_error("a launch without a kernel for GPUs");
      const rt::GpuKernel& k = *l.gpu;
      if (l.work == 0 && !k.finish) continue;
      std::vector<uint64_t> values;
      for (int64_t first : l.starts) values.push_back(static_cast<uint64_t>(first));
      for (size_t s = 0; s < l.segments(); ++s) {
        for (size_t i = 0; i < l.segment_buffers(); ++i) {
          const rt::BufferRef& b = l.buffers[s * l.segment_buffers() + i];
          const auto n = static_cast<size_t>(b.number);
          const void* p = b.kind == rt::BufferRef::input ? inputs[n] : b.kind == rt::BufferRef::output ? outputs[n] : temps + b.offset;
          values.push_back(reinterpret_cast<uint64_t>(p));
        }
        for (size_t i = 0; i < l.segment_params(); ++i) values.push_back(static_cast<uint64_t>(l.params[s * l.segment_params() + i]));
      }
      const size_t table = l.starts.empty() ? 0 : values.size();  // one argument, by value
      values.push_back(static_cast<uint64_t>(l.work));
      if (k.finish) values.push_back(reinterpret_cast<uint64_t>(counter.data()));
      std::vector<void*> args;
      if (table) args.push_back(values.data());
      for (size_t i = table; i < values.size(); ++i) args.push_back(&values[i]);
      int64_t grid = std::max<int64_t>(1, (l.work + k.items_per_block - 1) / k.items_per_block);
      grid *= k.cluster;
      std::string error;
      set_emulated_order(order_);
      const bool ran = emulated_launch(*k.image, k.name.c_str(), static_cast<unsigned>(grid), static_cast<unsigned>(k.threads),
                                       static_cast<size_t>(k.shared_bytes), args.data(), &error, static_cast<unsigned>(k.cluster));
      if (!ran) throw std::runtime_error(error + "\n" + k.source);
      unsigned left;
      std::memcpy(&left, counter.data(), sizeof left);
      if (left != 0) throw std::runtime_error(k.name + ": the counter is left at " + std::to_string(left) + "\n" + k.source);
      ++counters.launches;
      counters.bytes_read += l.bytes_read;
      counters.bytes_written += l.bytes_written;
    }
    if (!arena.untouched_before()) throw std::runtime_error("memory before the temporary buffers has been written");
  }

 private:
  static constexpr size_t kArenaAlignment = 64;
  EmulatedOrder order_;
};

}  // namespace

CudaOptions cuda_options_for(uint64_t seed, bool fuse) {
  const auto cards = codegen::known_gpus();
  codegen::GpuSpec card = cards[seed % cards.size()];
  // Half of the programs see small numbers, so that clusters, parts, tiles and tails are met by small tensors.
  const uint64_t numbers = seed / cards.size() % 4;
  if (numbers == 1) card.row_warps = 1, card.l2 = 1024;
  constexpr uint64_t kWide[] = {0, 3, 1, 2};  // for each set of numbers, the card that has 64-bit indices
  CudaOptions o;
  o.name = card.name + (fuse ? ", fused" : ", eager");
  o.compile.target = lower::gpu_target(card);
  o.compile.fuse = o.compile.specialise = fuse;
  if (seed % cards.size() == kWide[numbers]) o.compile.wide_indices = true, o.name += ", wide";
  lower::TargetSpec& t = o.compile.target;
  switch (numbers) {
    case 0: break;
    case 1: o.name += ", short rows in clusters"; break;
    case 2:
      t.chunk = 256;
      t.row_part = 1024;
      t.column_tile = 32;
      t.column_parts = 4;
      t.product_rows = t.product_columns = 32;
      t.tile = 32;
      o.name += ", small parts";
      break;
    case 3:
      t.chunk = 100;
      t.row_part = 2048;
      t.kept_row = 1024;
      t.column_tile = 16;  // the least: tiles are multiples of it
      t.column_parts = 3;
      t.product_columns = 16;
      t.tile = 16;
      t.threads = 4;
      o.name += ", rows in memory";
      break;
  }
  return o;
}

void use_emulated_compiler(std::function<void(std::string&)> edit) {
  codegen::set_cuda_compiler([edit](std::span<codegen::CudaSource> sources, const codegen::GpuSpec&) {
    const std::string& prelude = codegen::cuda_prelude();
    for (codegen::CudaSource& s : sources) {
      if (!s.text.starts_with(prelude)) throw std::logic_error("a source that does not begin with the prelude");
      if (edit) {
        std::string kernel = s.text.substr(prelude.size());
        edit(kernel);
        s.text = prelude + kernel;
      }
      s.launch.image = std::make_shared<const std::string>(emulated_image(s.text, prelude.size()));
      s.launch.source = s.text.substr(prelude.size());
      // Some kernels are printed again in lighter mappings, as if their registers did not suffice.
      const int spills = static_cast<int>(std::hash<std::string>{}(s.launch.name) % 4);
      s.launch.spill_bytes = std::max(0, spills - s.lighter);
    }
  });
}

EmulatedProgram::EmulatedProgram(const ir::Func& f, Arrays args, const Arrays& want, CudaOptions options)
    : f_(f), args_(std::move(args)), want_(want), options_(std::move(options)) {
  try {
    program_ = lower::compile(f, options_.compile);
    if (f.numerics == Numerics::fast) fast_ = ir::interpret(program_->fused, args_, ir::Formulas::fast_gpu);
  } catch (const std::exception& e) {
    failed_ = options_.name + ": " + e.what();
  }
}

void EmulatedProgram::images(std::vector<std::string>& into) const {
  if (!program_) return;
  for (const rt::Launch& l : program_->plan.launches)
    if (l.gpu) into.push_back(*l.gpu->image);
}

std::string EmulatedProgram::problem() const {
  if (!program_) return failed_;
  bool donors = false;
  for (const rt::Output& o : program_->plan.outputs) donors |= o.donor_input >= 0;
  const EmulatedOrder up{false, 0xff}, down{true, 0x7f};
  Execution ascending, descending;
  ascending.fill = up.fill;
  ascending.in_place = donors;
  ascending.run = Runner(up);
  descending.fill = down.fill;
  descending.guarded = true;
  descending.run = Runner(down);
  for (const auto& [what, how] : {std::pair{donors ? "ascending, in place" : "ascending", &ascending}, std::pair{"descending, guarded memory", &descending}}) {
    rt::RunCounters counters;
    std::string p;
    try {
      p = execute(f_, program_->plan, args_, wanted(), *how, counters);
    } catch (const std::exception& e) {
      p = e.what();
    }
    if (!p.empty()) return options_.name + ", " + what + ": " + p;
    launches_ = counters.launches;
  }
  return "";
}

}  // namespace frit::test
