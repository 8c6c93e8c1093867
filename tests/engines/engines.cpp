#include "tests/engines/engines.h"

#include <cstring>
#include <memory>
#include <set>

#include "ir/verify.h"
#include "lowering/compile.h"
#include "runtime/memory.h"
#include "runtime/plan.h"
#include "tests/engines/guarded.h"

namespace frit::test {
namespace {

using Arrays = std::vector<ir::Array>;

// An array's memory: from the allocator, or guarded.
class Buffer {
 public:
  Buffer(size_t bytes, bool guarded) {
    if (guarded) guarded_ = std::make_unique<Guarded>(bytes);
    else storage_ = rt::allocate(static_cast<int64_t>(bytes) + kAfter);
    if (storage_) std::memset(storage_->data(), 0x5a, bytes + kAfter);
    bytes_ = bytes;
  }
  void* data() const { return guarded_ ? guarded_->data() : storage_->data(); }
  bool intact() const {
    if (guarded_) return guarded_->untouched_before();
    const auto* p = static_cast<const std::byte*>(storage_->data()) + bytes_;
    for (size_t i = 0; i < kAfter; ++i)
      if (p[i] != std::byte{0x5a}) return false;
    return true;
  }

 private:
  static constexpr size_t kAfter = 256;
  std::unique_ptr<Guarded> guarded_;
  std::shared_ptr<rt::Storage> storage_;
  size_t bytes_;
};

struct Execution {
  int threads = 1;
  bool guarded = false;
  bool in_place = false;  // results in the buffers that the plan says may be given away
};

std::string compare(const Arrays& have, const Arrays& want) {
  if (have.size() != want.size())
    return std::to_string(have.size()) + " results, not " + std::to_string(want.size());
  for (size_t k = 0; k < want.size(); ++k)
    if (std::string d = difference(have[k], want[k]); !d.empty()) return "result " + std::to_string(k) + ": " + d;
  return "";
}

// The memory of an argument: dense, or laid out with the strides of its parameter and a pattern in the gaps.
std::vector<std::byte> laid_out(const ir::Value& param, const ir::Array& a) {
  if (param.strides.empty() || a.data.empty()) return a.data;
  const auto size = static_cast<size_t>(size_of(a.dtype));
  size_t elements = 1;
  for (int k = 0; k < a.shape.rank(); ++k)
    elements += static_cast<size_t>((a.shape[k] - 1) * param.strides[static_cast<size_t>(k)]);
  std::vector<std::byte> out(elements * size, std::byte{1});
  for (int64_t p = 0; p < a.shape.count(); ++p) {
    int64_t rest = p, at = 0;
    for (int k = a.shape.rank(); k-- > 0; rest /= a.shape[k]) at += rest % a.shape[k] * param.strides[static_cast<size_t>(k)];
    std::memcpy(&out[static_cast<size_t>(at) * size], &a.data[static_cast<size_t>(p) * size], size);
  }
  return out;
}

std::string execute(const ir::Func& f, rt::Plan plan, const Arrays& args, const Arrays& want, const Execution& how,
                    rt::RunCounters& counters) {
  if (plan.inputs != static_cast<int32_t>(args.size())) return "the plan has " + std::to_string(plan.inputs) + " inputs";
  if (plan.outputs.size() != want.size()) return "the plan has " + std::to_string(plan.outputs.size()) + " outputs";
  std::vector<Buffer> in, out;
  std::vector<const void*> inputs;
  std::vector<std::vector<std::byte>> bytes;
  for (size_t i = 0; i < args.size(); ++i) {
    bytes.push_back(laid_out(f.value(f.body.args[i]), args[i]));
    in.emplace_back(bytes[i].size(), how.guarded);
    if (!bytes[i].empty()) std::memcpy(in.back().data(), bytes[i].data(), bytes[i].size());
    inputs.push_back(in.back().data());
  }
  std::vector<void*> outputs;
  std::set<int32_t> given;
  for (size_t k = 0; k < want.size(); ++k) {
    const rt::Output& o = plan.outputs[k];
    const bool aliased = o.alias_input >= 0 || o.alias_output >= 0;
    if (!aliased && o.bytes != static_cast<int64_t>(want[k].data.size()))
      return "output " + std::to_string(k) + " has " + std::to_string(o.bytes) + " bytes in the plan";
    out.emplace_back(want[k].data.size(), how.guarded);
    outputs.push_back(aliased ? nullptr : out.back().data());
    if (!how.in_place || o.donor_input < 0) continue;
    const auto donor = static_cast<size_t>(o.donor_input);
    if (!given.insert(o.donor_input).second) return "two outputs have one donor";
    if (bytes[donor].size() < want[k].data.size()) return "a donor is too small";
    if (!f.value(f.body.args[donor]).strides.empty()) return "a donor has strides of its own";
    outputs.back() = in[donor].data();
  }
  counters = {};
  if (how.threads > 1)
    for (rt::Launch& l : plan.launches) {  // threads pay and every item may go to another
      l.grain = 1;
      l.flops = int64_t{1} << 40;
    }
  rt::execute(plan, inputs.data(), outputs.data(), how.threads, &counters);
  for (size_t i = 0; i < in.size(); ++i) {
    if (!in[i].intact()) return "memory beside input " + std::to_string(i) + " has been written";
    if (!given.contains(static_cast<int32_t>(i)) && !bytes[i].empty() &&
        std::memcmp(in[i].data(), bytes[i].data(), bytes[i].size()) != 0)
      return "input " + std::to_string(i) + " has been written";
  }
  Arrays have;
  for (size_t k = 0; k < want.size(); ++k) {
    if (!out[k].intact()) return "memory beside output " + std::to_string(k) + " has been written";
    const rt::Output& o = plan.outputs[k];
    if (o.alias_output >= static_cast<int32_t>(k)) return "an output is another's alias that is not earlier";
    ir::Array a{want[k].dtype, want[k].shape, std::vector<std::byte>(want[k].data.size())};
    if (given.contains(o.alias_input)) return "a result is an input that has been given away";
    if (o.alias_input >= 0) a = args[static_cast<size_t>(o.alias_input)], a.shape = want[k].shape;
    else if (o.alias_output >= 0) a = have[static_cast<size_t>(o.alias_output)], a.shape = want[k].shape;
    else if (!a.data.empty()) std::memcpy(a.data.data(), outputs[k], a.data.size());
    have.push_back(std::move(a));
  }
  return compare(have, want);
}

std::string compiled(const ir::Func& f, const Arrays& args, const Arrays& want, codegen::Isa isa, bool fuse,
                     const EngineOptions& how_made, Agreement& agreement) {
  lower::CompileOptions options;
  options.target = lower::host_target(how_made.planned_threads);
  if (how_made.small_caches) options.target.l1 = options.target.l2 = options.target.l3 = 0;
  options.target.isa = isa;
  options.target.vector_bytes = isa == codegen::Isa::avx512 ? 64 : 32;
  options.fuse = options.specialise = fuse;
  if (fuse) {
    options.fuel = how_made.fuel;
    options.disabled = how_made.disabled;
  }
  const auto program = lower::compile(f, options);
  if (fuse) {
    if (std::string p = compare(ir::interpret(program->tensor, args), want); !p.empty())
      return "tensor passes, interpreted: " + p;
    if (std::string p = text_problem(program->fused); !p.empty()) return "fused level: " + p;
    if (std::string p = compare(ir::interpret(program->fused, args), want); !p.empty())
      return "fused level, interpreted: " + p;
    for (const ir::Func& k : program->kernels)
      if (std::string p = text_problem(k); !p.empty()) return "kernel level: " + p;
  }
  bool donors = false;
  for (const rt::Output& o : program->plan.outputs) donors |= o.donor_input >= 0;
  rt::RunCounters counters;
  for (const auto& [what, how] : {std::pair{"one thread", Execution{1, false, false}},
                                  std::pair{"two threads, guarded memory", Execution{2, true, false}},
                                  std::pair{"two threads, in place", Execution{2, false, true}}}) {
    if (how.in_place && !donors) continue;
    if (std::string p = execute(f, program->plan, args, want, how, counters); !p.empty())
      return std::string(what) + ": " + p;
    (fuse ? agreement.fused_launches : agreement.eager_launches) = counters.launches;
  }
  return "";
}

}  // namespace

EngineOptions options_for(uint64_t seed, bool thorough) {
  EngineOptions o;
  o.seed = seed;
  o.alternating = !thorough;
  static constexpr int kThreads[] = {2, 1, 2, 16, 2};
  o.planned_threads = kThreads[seed % 5];
  o.small_caches = seed % 4 == 3;
  if (seed % 6 == 5) o.fuel = static_cast<int64_t>(seed / 6 % 60);
  if (seed % 7 == 6) {
    const auto& passes = lower::pass_table();
    const auto& rules = lower::rule_table();
    const size_t k = seed / 7 % (passes.size() + rules.size());
    o.disabled = {k < passes.size() ? passes[k].name : rules[k - passes.size()].name};
  }
  return o;
}

Agreement run_engines(const ir::Func& f, const Arrays& args, const EngineOptions& options) {
  Agreement agreement;
  std::string stage = "interpreter";
  try {
    ir::verify(f);
    if (agreement.problem = text_problem(f); !agreement.ok()) return agreement;
    const Arrays want = ir::interpret(f, args);
    const bool has_avx512 = codegen::host_isa() == codegen::Isa::avx512;
    for (codegen::Isa isa : {codegen::Isa::avx2, codegen::Isa::avx512}) {
      const bool wide = isa == codegen::Isa::avx512;
      if (wide && !has_avx512) continue;
      for (bool fuse : {false, true}) {
        if (!fuse && options.alternating && has_avx512 && wide != (options.seed % 2 == 0)) continue;
        stage = std::string(codegen::name(isa)) + (fuse ? " fused" : " eager");
        if (std::string p = compiled(f, args, want, isa, fuse, options, agreement); !p.empty()) {
          agreement.problem = stage + ", " + p;
          return agreement;
        }
      }
    }
  } catch (const std::exception& e) {
    agreement.problem = stage + ": " + e.what();
  }
  return agreement;
}

}  // namespace frit::test
