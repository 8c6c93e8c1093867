// What a Tensor points to: a value (bytes in memory), a traced value (of a function that is being
// traced), or a spec (a type without numbers). Immutable once a second handle exists.
#pragma once

#include <memory>
#include <mutex>

#include "frit/tensor.h"
#include "ir/func.h"
#include "runtime/memory.h"

namespace frit {

class Trace;

namespace detail {

enum class TensorKind : uint8_t { value, traced, spec };

struct TensorImpl : ImplBase {
  TensorKind kind = TensorKind::spec;
  DType dtype = DType::f32;
  bool borrowed = false;        // the memory is somebody else's: never written to
  Device device;                // of a value in memory; data is an address there
  Shape shape;
  Strides strides;              // empty: dense, row-major
  // A value. data points into storage, or at `number` for a rank-0 number.
  const void* data = nullptr;
  std::shared_ptr<rt::Storage> storage;
  mutable std::mutex mirror_mutex;
  mutable std::shared_ptr<rt::Storage> mirror;  // of a value on a GPU: its copy for readers (frontend/device.cpp)
  mutable bool mirrored = false;                // the copy has the numbers of now
  uint64_t number = 0;
  // A traced value.
  std::shared_ptr<Trace> trace;
  ir::ValueId id = ir::kNone;
  // How it came to be, for notes in errors.
  const char* made_by = "";
  Loc made_at;

  int64_t bytes() const { return shape.count() * size_of(dtype); }
  bool dense() const { return strides.empty(); }
  bool anywhere() const { return kind == TensorKind::value && !storage; }  // a number, of no device
  ir::Type type() const { return ir::Type::tensor(dtype, shape); }
};

inline TensorImpl* impl(const Tensor& t) { return static_cast<TensorImpl*>(t.impl()); }
inline Tensor adopt(TensorImpl* i) { return Tensor(i); }

// The impl of a tensor that must have a value or be traced; Error for Tensor{} and moved-from ones.
TensorImpl& require(const Tensor& t, const char* op, Loc where);
// The same, with numbers that can be read now; Error for traced ones and specs.
TensorImpl& require_value(const Tensor& t, const char* op, Loc where);

// A dense value with memory of its own, not yet written.
TensorImpl* new_value(DType t, Shape shape, Device device = {});
// The same elements in another shape of the same count; x is a dense value.
Tensor view(const Tensor& x, Shape shape, int64_t offset_bytes = 0);
// x itself if it is dense, else a dense copy. x is a value.
Tensor dense(const Tensor& x);

// "f32[3,4]"
std::string type_text(const TensorImpl& t);

}  // namespace detail
}  // namespace frit
