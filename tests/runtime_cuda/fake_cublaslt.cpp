// The fake library: one function for each row of cublaslt.def.
#include "fake_cublaslt.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>

#include "fake_driver.h"
#include "frit/half.h"

namespace frit::test {

namespace lt = rt::cuda::lt;
using rt::cuda::Stream;
using rt::cuda::kOk;
using namespace rt::cuda::lt;

namespace {

struct Object {
  bool alive = true;
};
struct FakeOperation : Object {
  int compute = 0, scale = 0;
  int32_t transpose_a = 0, transpose_b = 0;
  uint32_t epilogue = 1;
  uint64_t bias = 0;
  int64_t bias_stride = 0;
};
struct FakeLayout : Object {
  FakeProduct::Matrix m;
};
struct FakePreference : Object {
  uint64_t workspace = 0;
  uint32_t reductions = 7, alignment[4] = {256, 256, 256, 256};
};

int64_t size_of_type(int type) { return type == kF64 ? 8 : type == kF32 ? 4 : 2; }

}  // namespace

struct FakeCublasLt::State {
  FakeCublasLt* owner = nullptr;
  Table table;
  mutable std::recursive_mutex mutex;
  std::vector<std::unique_ptr<Object>> handles;
  std::vector<std::unique_ptr<FakeOperation>> operations;
  std::vector<std::unique_ptr<FakeLayout>> layouts;
  std::vector<std::unique_ptr<FakePreference>> preferences;
  std::vector<std::string> wrongs;
  std::vector<FakeProduct> products;
  std::map<std::string, int64_t> counts;
  int64_t count = 0, fail_at = 0;
  int fail_status = 0;
  std::string fail_name;
  bool has_failed = false;

  int begin(const char* name) {
    ++count;
    ++counts[name];
    if (fail_at > 0 && (fail_name.empty() || fail_name == name) && --fail_at == 0) {
      has_failed = true;
      return fail_status;
    }
    return kSuccess;
  }
  template <class T, class Handle>
  T* live(Handle handle, const char* call) {
    auto* object = reinterpret_cast<T*>(handle);
    if (object && object->alive) return object;
    wrongs.push_back(std::string(call) + ": something that " + (object ? "was destroyed before" : "is null"));
    return nullptr;
  }
};

namespace {

FakeCublasLt::State* fake = nullptr;

#define ENTER(symbol)                \
  FakeCublasLt::State& f = *fake;    \
  std::lock_guard lock(f.mutex);     \
  if (int r = f.begin(#symbol); r != kSuccess) return r

template <class T, class Handle>
int make(std::vector<std::unique_ptr<T>>& all, Handle* out) {
  all.push_back(std::make_unique<T>());
  *out = reinterpret_cast<Handle>(all.back().get());
  return kSuccess;
}
template <class T, class Handle>
int end(const char* name, Handle handle) {
  FakeCublasLt::State& f = *fake;
  std::lock_guard lock(f.mutex);
  const int r = f.begin(name);
  auto* object = f.live<T>(handle, name);
  if (!object) return kInvalidValue;
  object->alive = false;
  return r;
}

double load(int type, const char* at, int64_t i) {
  switch (type) {
    case kF64: return reinterpret_cast<const double*>(at)[i];
    case kF32: return static_cast<double>(reinterpret_cast<const float*>(at)[i]);
    case kF16: return static_cast<double>(reinterpret_cast<const f16*>(at)[i]);
    default: return static_cast<double>(reinterpret_cast<const bf16*>(at)[i]);
  }
}
void store(int type, char* at, int64_t i, double v) {
  switch (type) {
    case kF64: reinterpret_cast<double*>(at)[i] = v; break;
    case kF32: reinterpret_cast<float*>(at)[i] = static_cast<float>(v); break;
    case kF16: reinterpret_cast<f16*>(at)[i] = f16(static_cast<float>(v)); break;
    default: reinterpret_cast<bf16*>(at)[i] = bf16(static_cast<float>(v)); break;
  }
}

// x * (1 + tanh(s)) / 2 with s = sqrt(2 / pi) * (x + 0.044715 * x^3), as a logistic function of 2s.
double gelu(double x) { return x / (1 + std::exp(-2 * std::sqrt(2 / std::acos(-1.0)) * (x + 0.044715 * x * x * x))); }

double finished(const FakeProduct& p, double sum, double bias) {
  if (p.epilogue & 4) sum += bias;
  if (p.epilogue & 2) sum = sum > 0 ? sum : 0;
  if (p.epilogue & 32) sum = gelu(sum);
  return sum;
}

// Bytes from the first to the last element.
int64_t span_of(const FakeProduct::Matrix& m) {
  return ((m.batch - 1) * m.stride + (m.columns - 1) * m.ld + m.rows) * size_of_type(m.type);
}

template <class Sum>
void compute(const FakeProduct& p, const char* a, const char* b, char* d) {
  const int64_t depth = p.transpose_a ? p.a.rows : p.a.columns;
  for (int64_t i = 0; i < p.d.batch; ++i)
    for (int64_t c = 0; c < p.d.columns; ++c)
      for (int64_t r = 0; r < p.d.rows; ++r) {
        Sum sum = 0;
        for (int64_t k = depth; k-- > 0;) {
          const int64_t at_a = i * p.a.stride + (p.transpose_a ? r * p.a.ld + k : k * p.a.ld + r);
          const int64_t at_b = i * p.b.stride + (p.transpose_b ? k * p.b.ld + c : c * p.b.ld + k);
          const Sum x = static_cast<Sum>(load(p.a.type, a, at_a)) * static_cast<Sum>(load(p.b.type, b, at_b));
          sum = sum + x;
        }
        const double add = p.epilogue & 4 ? load(p.d.type, reinterpret_cast<const char*>(p.bias), i * p.bias_stride + r) : 0;
        store(p.d.type, d, i * p.d.stride + c * p.d.ld + r, finished(p, static_cast<double>(sum), add));
      }
}

// What a product's descriptors say, or what is wrong with them.
std::string read(FakeCublasLt::State& f, Operation operation, Layout a, Layout b, Layout c, Layout d, FakeProduct& p) {
  auto* o = f.live<FakeOperation>(operation, "product");
  auto *la = f.live<FakeLayout>(a, "product"), *lb = f.live<FakeLayout>(b, "product"), *ld = f.live<FakeLayout>(d, "product");
  if (!o || !la || !lb || !ld || c != d) return "an object that is not there, or C other than D";
  p.compute = o->compute, p.scale = o->scale;
  p.transpose_a = o->transpose_a == kTranspose, p.transpose_b = o->transpose_b == kTranspose;
  p.a = la->m, p.b = lb->m, p.d = ld->m;
  p.epilogue = o->epilogue, p.bias = o->bias, p.bias_stride = o->bias_stride;
  if ((p.epilogue & 4) && p.bias == 0) return "a bias that lies nowhere";
  if (p.epilogue != 1 && p.d.type == kF64) return "an epilogue of f64";
  if (p.bias_stride < 0 || (p.d.batch == 1 && p.bias_stride != 0)) return "a stride of the bias without a batch";
  const int64_t depth = p.transpose_a ? p.a.rows : p.a.columns, depth_b = p.transpose_b ? p.b.columns : p.b.rows;
  if (depth != depth_b) return "the contracted extents differ";
  if (p.d.rows != (p.transpose_a ? p.a.columns : p.a.rows) || p.d.columns != (p.transpose_b ? p.b.rows : p.b.columns)) return "the result has another shape";
  for (const auto* m : {&p.a, &p.b, &p.d}) {
    if (m->rows < 1 || m->columns < 1 || m->batch < 1) return "an empty matrix";
    if (m->ld < m->rows) return "a leading dimension less than the rows";
    if (m->type != p.d.type || m->batch != p.d.batch) return "types or batches that differ";
    if (m->stride < 0) return "a negative stride";
  }
  if (p.d.batch > 1 && p.d.stride < (p.d.columns - 1) * p.d.ld + p.d.rows && p.d.ld < (p.d.batch - 1) * p.d.stride + p.d.rows)
    return "results that lie over each other";
  // The combinations that strict numerics allow.
  const bool wide = p.d.type == kF64;
  if (p.scale != (wide ? kF64 : kF32) || p.compute != (wide ? kCompute64Pedantic : p.d.type == kF32 ? kCompute32Pedantic : kCompute32))
    return "computed in another type";
  return "";
}

struct Calls {
  static int create(Handle* handle) {
    ENTER(cublasLtCreate);
    return make(f.handles, handle);
  }
  static int destroy(Handle h) { return end<Object>("cublasLtDestroy", h); }
  static int operation_create(Operation* o, int compute_type, int scale_type) {
    ENTER(cublasLtMatmulDescCreate);
    make(f.operations, o);
    f.operations.back()->compute = compute_type;
    f.operations.back()->scale = scale_type;
    return kSuccess;
  }
  static int operation_set(Operation operation, int attribute, const void* value, size_t bytes) {
    ENTER(cublasLtMatmulDescSetAttribute);
    auto* o = f.live<FakeOperation>(operation, "cublasLtMatmulDescSetAttribute");
    if (!o) return kInvalidValue;
    auto take = [&](auto& field) {
      if (bytes != sizeof field) return int{kInvalidValue};
      std::memcpy(&field, value, bytes);
      return int{kSuccess};
    };
    // As cublasLt.h numbers them.
    switch (attribute) {
      case 3: return take(o->transpose_a);
      case 4: return take(o->transpose_b);
      case 8: return take(o->bias);
      case 10: return take(o->bias_stride);
      case 7: {
        uint32_t e = 0;
        if (bytes == sizeof e) std::memcpy(&e, value, bytes);
        const auto& all = f.owner->epilogues;
        return std::find(all.begin(), all.end(), e) == all.end() ? int{kInvalidValue} : take(o->epilogue);
      }
      default: return kInvalidValue;
    }
  }
  static int operation_destroy(Operation o) { return end<FakeOperation>("cublasLtMatmulDescDestroy", o); }
  static int layout_create(Layout* l, int type, uint64_t rows, uint64_t columns, int64_t ld) {
    ENTER(cublasLtMatrixLayoutCreate);
    make(f.layouts, l);
    f.layouts.back()->m = {type, static_cast<int64_t>(rows), static_cast<int64_t>(columns), ld, 1, 0};
    return kSuccess;
  }
  static int layout_set(Layout layout, int attribute, const void* value, size_t bytes) {
    ENTER(cublasLtMatrixLayoutSetAttribute);
    auto* l = f.live<FakeLayout>(layout, "cublasLtMatrixLayoutSetAttribute");
    if (!l) return kInvalidValue;
    if (attribute == kLayoutBatch && bytes == sizeof(int32_t)) {
      int32_t n;
      std::memcpy(&n, value, bytes);
      l->m.batch = n;
    } else if (attribute == kLayoutStride && bytes == sizeof(int64_t)) {
      std::memcpy(&l->m.stride, value, bytes);
    } else {
      return kInvalidValue;
    }
    return kSuccess;
  }
  static int layout_destroy(Layout l) { return end<FakeLayout>("cublasLtMatrixLayoutDestroy", l); }
  static int preference_create(Preference* p) {
    ENTER(cublasLtMatmulPreferenceCreate);
    return make(f.preferences, p);
  }
  static int preference_set(Preference preference, int attribute, const void* value, size_t bytes) {
    ENTER(cublasLtMatmulPreferenceSetAttribute);
    auto* p = f.live<FakePreference>(preference, "cublasLtMatmulPreferenceSetAttribute");
    if (!p) return kInvalidValue;
    const int which = attribute - kPreferenceAlignmentA;
    if (attribute == kPreferenceWorkspace && bytes == sizeof p->workspace) std::memcpy(&p->workspace, value, bytes);
    else if (attribute == kPreferenceReductions && bytes == sizeof p->reductions) std::memcpy(&p->reductions, value, bytes);
    else if (which >= 0 && which < 4 && bytes == sizeof p->alignment[0]) std::memcpy(&p->alignment[which], value, bytes);
    else return kInvalidValue;
    return kSuccess;
  }
  static int preference_destroy(Preference p) { return end<FakePreference>("cublasLtMatmulPreferenceDestroy", p); }

  // An algorithm is: a magic number, the alignment, the workspace.
  static constexpr uint64_t kMagic = 0x46414b454c54;
  static int heuristic(Handle handle, Operation operation, Layout a, Layout b, Layout c, Layout d, Preference preference, int asked, Heuristic* results, int* found) {
    ENTER(cublasLtMatmulAlgoGetHeuristic);
    auto* p = f.live<FakePreference>(preference, "cublasLtMatmulAlgoGetHeuristic");
    if (!f.live<Object>(handle, "cublasLtMatmulAlgoGetHeuristic") || !p || asked < 1) return kInvalidValue;
    FakeProduct product;
    if (const std::string wrong = read(f, operation, a, b, c, d, product); !wrong.empty()) {
      f.wrongs.push_back("cublasLtMatmulAlgoGetHeuristic: " + wrong);
      return kInvalidValue;
    }
    if (p->reductions != kReductionInComputeType) f.wrongs.push_back("partial sums in other types are allowed");
    for (uint32_t x : p->alignment)
      if (x != p->alignment[0]) f.wrongs.push_back("alignments that differ");
    product.alignment = p->alignment[0];
    product.workspace = static_cast<int64_t>(p->workspace);
    // What a kernel may load at a time is read from the bias's address.
    if ((product.epilogue & 4) && (product.bias & (~product.bias + 1)) != product.alignment) f.wrongs.push_back("a bias that lies otherwise than the other arrays");
    *found = 0;
    if (f.owner->has_algorithm && !f.owner->has_algorithm(product)) return kNotSupported;
    *found = 1;
    results[0] = {};
    results[0].algorithm.data[0] = kMagic;
    results[0].algorithm.data[1] = product.alignment;
    results[0].workspace = p->workspace / 2;
    return kSuccess;
  }
  static int matmul(Handle handle, Operation operation, const void* alpha, const void* a, Layout a_layout, const void* b, Layout b_layout, const void* beta,
                    const void* c, Layout c_layout, void* d, Layout d_layout, const Algorithm* algorithm, void* workspace, size_t workspace_bytes, Stream stream) {
    ENTER(cublasLtMatmul);
    if (!f.live<Object>(handle, "cublasLtMatmul") || !algorithm || algorithm->data[0] != kMagic || c != d) return kInvalidValue;
    FakeProduct p;
    std::string wrong = read(f, operation, a_layout, b_layout, c_layout, d_layout, p);
    p.alignment = algorithm->data[1];
    p.workspace = static_cast<int64_t>(workspace_bytes);
    const auto ua = reinterpret_cast<uint64_t>(a), ub = reinterpret_cast<uint64_t>(b), ud = reinterpret_cast<uint64_t>(d), uw = reinterpret_cast<uint64_t>(workspace);
    if (wrong.empty()) {
      const bool ones = p.scale == kF64 ? *static_cast<const double*>(alpha) == 1 && *static_cast<const double*>(beta) == 0
                                        : *static_cast<const float*>(alpha) == 1 && *static_cast<const float*>(beta) == 0;
      if (!ones) wrong = "not 1 * A * B + 0 * C";
      if ((ua | ub | ud) % p.alignment != 0) wrong = "an array that does not lie as was promised";
      if ((p.epilogue & 4) && p.bias % p.alignment != 0) wrong = "a bias that does not lie as was promised";
      if (uw % 16 != 0) wrong = "an unaligned workspace";
    }
    if (!wrong.empty()) {
      f.wrongs.push_back("cublasLtMatmul: " + wrong);
      return kInvalidValue;
    }
    f.products.push_back(p);
    const int r = FakeDriver::enqueue("cublasLtMatmul", stream, [p, ua, ub, ud, uw]() -> std::string {
      if (!FakeDriver::has(ua, span_of(p.a)) || !FakeDriver::has(ub, span_of(p.b)) || !FakeDriver::has(ud, span_of(p.d)) || !FakeDriver::has(uw, p.workspace))
        return "beyond what is allocated";
      if ((p.epilogue & 4) && !FakeDriver::has(p.bias, ((p.d.batch - 1) * p.bias_stride + p.d.rows) * size_of_type(p.d.type))) return "a bias beyond what is allocated";
      // A workspace is written all over; of a large one both ends.
      constexpr int64_t kEnd = 64 << 10;
      auto* w = reinterpret_cast<char*>(uw);
      std::memset(w, 0x5e, static_cast<size_t>(std::min(p.workspace, kEnd)));
      if (p.workspace > kEnd) std::memset(w + p.workspace - kEnd, 0x5e, static_cast<size_t>(kEnd));
      const auto *x = reinterpret_cast<const char*>(ua), *y = reinterpret_cast<const char*>(ub);
      if (p.d.type == kF64) compute<double>(p, x, y, reinterpret_cast<char*>(ud));
      else compute<float>(p, x, y, reinterpret_cast<char*>(ud));
      return "";
    });
    return r == kOk ? int{kSuccess} : int{kExecutionFailed};
  }
};

}  // namespace

FakeCublasLt::FakeCublasLt() : state_(std::make_unique<State>()) {
  if (fake) throw std::logic_error("there is a fake cuBLASLt already");
  state_->owner = this;
#define FRIT_LT(member, symbol, parameters) state_->table.member = &Calls::member;
#include "runtime/cuda/cublaslt.def"
#undef FRIT_LT
  fake = state_.get();
  rt::cuda::use_cublaslt(&state_->table);
}

FakeCublasLt::~FakeCublasLt() {
  rt::cuda::use_cublaslt(nullptr);
  fake = nullptr;
}

void FakeCublasLt::fail_call(int64_t nth, int status, const std::string& name) {
  std::lock_guard lock(state_->mutex);
  state_->fail_at = nth;
  state_->fail_status = status;
  state_->fail_name = name;
  state_->has_failed = false;
}
bool FakeCublasLt::failed() const { return state_->has_failed; }

int64_t FakeCublasLt::calls(const std::string& name) const {
  std::lock_guard lock(state_->mutex);
  if (name.empty()) return state_->count;
  auto it = state_->counts.find(name);
  return it == state_->counts.end() ? 0 : it->second;
}

int FakeCublasLt::alive() const {
  std::lock_guard lock(state_->mutex);
  int n = 0;
  auto count = [&n](const auto& all) {
    for (const auto& o : all) n += o->alive;
  };
  count(state_->handles), count(state_->operations), count(state_->layouts), count(state_->preferences);
  return n;
}

std::vector<std::string> FakeCublasLt::wrongs() const {
  std::lock_guard lock(state_->mutex);
  return state_->wrongs;
}
std::vector<FakeProduct> FakeCublasLt::products() const {
  std::lock_guard lock(state_->mutex);
  return state_->products;
}
void FakeCublasLt::forget_products() {
  std::lock_guard lock(state_->mutex);
  state_->products.clear();
}

}  // namespace frit::test
