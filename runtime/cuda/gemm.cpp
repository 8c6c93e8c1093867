// See gemm.h. The library counts columns first: a row-major c = a * b is its C' = B' * A', so it gets b as
// its A and a as its B, and nothing is ever copied.
#include "runtime/cuda/gemm.h"

#include <utility>

#include "frit/error.h"
#include "runtime/cuda/device.h"
#include "support/log.h"
#include "support/mix.h"

namespace frit::rt::cuda {
namespace {

constexpr int data_type(GemmType t) {
  switch (t) {
    case GemmType::f16: return lt::kF16;
    case GemmType::bf16: return lt::kBf16;
    case GemmType::f32: return lt::kF32;
    case GemmType::f64: return lt::kF64;
  }
  return lt::kF32;
}
constexpr int compute_type(GemmType t) {
  if (t == GemmType::f64) return lt::kCompute64Pedantic;
  return t == GemmType::f32 ? lt::kCompute32Pedantic : lt::kCompute32;
}
constexpr int scale_type(GemmType t) { return t == GemmType::f64 ? lt::kF64 : lt::kF32; }

// Its objects are small and the host's: what fails there is memory.
void need(int status, const char* call, const Gemm& g) {
  if (status != lt::kSuccess) throw OutOfMemory("gpu", std::string(call) + ", " + text(g) + ": " + cublas_text(status), {}, {}, "the process has no memory left for cuBLASLt");
}

[[noreturn]] void refuse(int status, const std::string& message) {
  if (status == lt::kAllocFailed) throw OutOfMemory("gpu", message, {}, {}, cublas_help(status));
  throw Error("gpu", message, {}, {}, cublas_help(status));
}

uint32_t epilogue_of(const Gemm::Epilogue& e) {
  uint32_t all = e.bias ? lt::kEpilogueBias : 0;
  if (e.activation == Gemm::Activation::relu) all |= lt::kEpilogueRelu;
  if (e.activation == Gemm::Activation::gelu) all |= lt::kEpilogueGelu;
  return all;
}

// The largest power of two, up to Gemms::kAlignment, that divides the addresses of all arrays.
uint64_t alignment_of(const Gemm& g, const uint64_t* at) {
  const uint64_t all = at[0] | at[1] | at[2] | (g.epilogue.bias ? at[3] : 0) | Gemms::kAlignment;
  return all & (~all + 1);
}

}  // namespace

ProductLayout::ProductLayout(const lt::Table& t, const Gemm& g) : table(t) {
  auto make = [&](lt::Layout& l, const Gemm::Matrix& x, int64_t rows, int64_t columns) {
    if (x.transposed) std::swap(rows, columns);
    need(table.layout_create(&l, data_type(g.type), static_cast<uint64_t>(columns), static_cast<uint64_t>(rows), x.ld), "cublasLtMatrixLayoutCreate", g);
    const auto batch = static_cast<int32_t>(g.batch);
    need(table.layout_set(l, lt::kLayoutBatch, &batch, sizeof batch), "cublasLtMatrixLayoutSetAttribute", g);
    need(table.layout_set(l, lt::kLayoutStride, &x.stride, sizeof x.stride), "cublasLtMatrixLayoutSetAttribute", g);
  };
  try {
    need(table.operation_create(&operation, compute_type(g.type), scale_type(g.type)), "cublasLtMatmulDescCreate", g);
    const int32_t transpose = lt::kTranspose;
    for (auto [transposed, attribute] : {std::pair{g.b.transposed, lt::kOperationTransposeA}, std::pair{g.a.transposed, lt::kOperationTransposeB}})
      if (transposed) need(table.operation_set(operation, attribute, &transpose, sizeof transpose), "cublasLtMatmulDescSetAttribute", g);
    if (g.epilogue.any()) {
      // The bias is of the result's type if nothing is said, and runs along the library's rows, our columns.
      auto set = [&](int attribute, auto value) {
        const int r = table.operation_set(operation, attribute, &value, sizeof value);
        if (r == lt::kInvalidValue || r == lt::kNotSupported) known = false;
        else need(r, "cublasLtMatmulDescSetAttribute", g);
      };
      set(lt::kOperationEpilogue, epilogue_of(g.epilogue));
      if (g.epilogue.bias && g.batch > 1) set(lt::kOperationBiasStride, g.epilogue.bias_stride);
    }
    make(a, g.a, g.m, g.k);
    make(b, g.b, g.k, g.n);
    make(c, g.c, g.m, g.n);
  } catch (...) {
    destroy();
    throw;
  }
}

ProductLayout::~ProductLayout() { destroy(); }

int ProductLayout::set_bias(uint64_t address) const {
  const auto* at = reinterpret_cast<const void*>(address);
  return table.operation_set(operation, lt::kOperationBias, &at, sizeof at);
}

void ProductLayout::destroy() noexcept {
  for (lt::Layout l : {a, b, c})
    if (l) table.layout_destroy(l);
  if (operation) table.operation_destroy(operation);
}

size_t Gemms::Hash::operator()(const Key& k) const {
  uint64_t h = k.alignment;
  auto put = [&h](int64_t v) { h = mix(h, static_cast<uint64_t>(v)); };
  const Gemm& g = k.gemm;
  for (int64_t v : {static_cast<int64_t>(g.type), g.m, g.n, g.k, g.batch, g.workspace}) put(v);
  for (int64_t v : {static_cast<int64_t>(g.epilogue.activation), int64_t{g.epilogue.bias}, g.epilogue.bias_stride}) put(v);
  for (const Gemm::Matrix* x : {&g.a, &g.b, &g.c}) put(x->ld), put(x->transposed), put(x->stride);
  return static_cast<size_t>(h);
}

bool Gemms::usable(std::string* why) {
  std::lock_guard lock(mutex_);
  return start(why);
}

// Without memory the library may say so, or that it cannot be initialised.
int Gemms::create() {
  const int r = table_->create(&handle_);
  if (r != lt::kAllocFailed && r != lt::kNotInitialized) return r;
  return device_.give_back_cached() ? table_->create(&handle_) : r;
}

// With the mutex held.
bool Gemms::start(std::string* why) {
  if (!started_ && !unusable_) {
    table_ = cublaslt(&reason_);
    if (!table_) {
      unusable_ = true;
    } else if (const int r = create(); r == lt::kAllocFailed) {
      throw OutOfMemory("gpu", device_.title() + ": cublasLtCreate: " + cublas_text(r), {}, {}, cublas_help(r));
    } else if (r != lt::kSuccess) {
      reason_ = "cublasLtCreate failed: " + cublas_text(r) + "; " + cublas_help(r);
      unusable_ = true;
      logging::warning(device_.title(), ": ", reason_, "; matrix products are kernels of our own");
    } else {
      started_ = true;
    }
  }
  if (unusable_ && why) *why = reason_;
  return started_;
}

bool Gemms::can(const Gemm& g) {
  if (!usable(nullptr)) return false;
  const ProductLayout layout(*table_, g);
  return choose(g, layout, kAlignment).found && choose(g, layout, static_cast<uint64_t>(size_of(g.type))).found;
}

Choice Gemms::choose(const Gemm& g, const ProductLayout& layout, uint64_t alignment) {
  std::lock_guard lock(mutex_);
  if (!layout.known) return {};
  const Key key{g, alignment};
  if (const Choice* known = choices_.find(key)) return *known;
  lt::Preference preference = nullptr;
  need(table_->preference_create(&preference), "cublasLtMatmulPreferenceCreate", g);
  auto set = [&](int attribute, auto value) { return table_->preference_set(preference, attribute, &value, sizeof value); };
  int r = set(lt::kPreferenceWorkspace, static_cast<uint64_t>(g.workspace));
  if (r == lt::kSuccess) r = set(lt::kPreferenceReductions, lt::kReductionInComputeType);
  for (int which = 0; which < 4 && r == lt::kSuccess; ++which) r = set(lt::kPreferenceAlignmentA + which, static_cast<uint32_t>(alignment));
  lt::Heuristic best{};
  int found = 0;
  // It reads from the bias's address how that lies, and nothing else.
  if (g.epilogue.bias && r == lt::kSuccess) r = layout.set_bias(alignment);
  ++asked_;
  if (r == lt::kSuccess)
    r = device_.retry_after_trim(
        [&] { return table_->heuristic(handle_, layout.operation, layout.b, layout.a, layout.c, layout.c, preference, 1, &best, &found); }, lt::kAllocFailed);
  table_->preference_destroy(preference);
  const bool answered = r == lt::kSuccess || r == lt::kNotSupported || r == lt::kInvalidValue;
  if (!answered && (r == lt::kAllocFailed || !g.epilogue.any()))
    refuse(r, device_.title() + ": cublasLtMatmulAlgoGetHeuristic, " + text(g) + ": " + cublas_text(r));
  Choice c;
  c.found = r == lt::kSuccess && found > 0 && best.state == lt::kSuccess && best.workspace <= static_cast<size_t>(g.workspace);
  if (c.found) c.algorithm = best.algorithm;
  choices_.put(key, c);
  return c;
}

int64_t Gemms::asked() const {
  std::lock_guard lock(mutex_);
  return asked_;
}

void Gemms::close() noexcept {
  std::lock_guard lock(mutex_);
  if (handle_) table_->destroy(handle_);
  handle_ = nullptr;
  started_ = false;
  unusable_ = true;
}

Product::Product(Device& device, const Gemm& g, const std::string& what) : gemm(g), device_(device) {
  std::string why;
  if (!device.gemms.usable(&why)) throw Error("gpu", what + ", " + device.title() + ": the program was compiled for cuBLASLt, which cannot be used: " + why);
  layout_ = std::make_unique<ProductLayout>(device.gemms.table(), g);
  choice(Gemms::kAlignment, what);
}

Product::~Product() {
  if (!device_.usable()) static_cast<void>(layout_.release());  // the library may be gone
}

const Choice& Product::choice(uint64_t alignment, const std::string& what) {
  for (const Known& k : known_)
    if (k.alignment == alignment) return k.choice;
  Choice c = device_.gemms.choose(gemm, *layout_, alignment);
  // What suits arrays that lie anywhere suits these.
  if (!c.found) c = device_.gemms.choose(gemm, *layout_, static_cast<uint64_t>(size_of(gemm.type)));
  if (!c.found)
    throw Error("gpu", what + ", " + device_.title() + ": cuBLASLt has no algorithm for " + text(gemm), {}, {}, cublas_help(lt::kNotSupported));
  return known_.emplace_back(Known{alignment, c}).choice;
}

void Product::run(const uint64_t* at, Stream stream, const std::string& what) {
  const Choice& c = choice(alignment_of(gemm, at), what);
  const lt::Table& t = layout_->table;
  if (gemm.epilogue.bias) need(layout_->set_bias(at[3]), "cublasLtMatmulDescSetAttribute", gemm);
  const uint64_t workspace = at[gemm.epilogue.bias ? 4 : 3];
  auto memory = [](uint64_t address) { return reinterpret_cast<void*>(address); };
  static constexpr float one32 = 1, zero32 = 0;
  static constexpr double one64 = 1, zero64 = 0;
  const bool wide = gemm.type == GemmType::f64;
  const void *one = wide ? static_cast<const void*>(&one64) : &one32, *zero = wide ? static_cast<const void*>(&zero64) : &zero32;
  auto matmul = [&] {
    return t.matmul(device_.gemms.handle(), layout_->operation, one, memory(at[1]), layout_->b, memory(at[0]), layout_->a, zero, memory(at[2]), layout_->c,
                    memory(at[2]), layout_->c, &c.algorithm, memory(workspace), static_cast<size_t>(gemm.workspace), stream);
  };
  const int r = device_.retry_after_trim(matmul, lt::kAllocFailed);
  if (r != lt::kSuccess) refuse(r, what + ", " + device_.title() + ": cublasLtMatmul, " + text(gemm) + ": " + cublas_text(r));
}

}  // namespace frit::rt::cuda
