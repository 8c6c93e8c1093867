// Tensor: making values, reading them, and the errors of those that cannot be read.
#include "frit/tensor.h"

#include <cstring>
#include <ostream>

#include "frit/jit.h"
#include "frit/ops.h"
#include "frontend/device.h"
#include "frontend/place.h"
#include "frontend/tensor_impl.h"
#include "frontend/trace.h"
#include "ir/places.h"
#include "runtime/gpu.h"

namespace frit {

using detail::TensorImpl;
using detail::TensorKind;

namespace detail {

void destroy(ImplBase* i) noexcept { delete static_cast<TensorImpl*>(i); }

std::string type_text(const TensorImpl& t) { return std::string(name(t.dtype)) + (t.shape.rank() ? t.shape.str() : ""); }

TensorImpl& require(const Tensor& t, const char* op, Loc where) {
  if (TensorImpl* i = impl(t)) return *i;
  throw Error(called(op), "the tensor has no value: it was made by Tensor{}, or moved from", user_place(where), {},
              "give it a value first, or copy it instead of moving it");
}

TensorImpl& require_value(const Tensor& t, const char* op, Loc where) {
  TensorImpl& i = require(t, op, where);
  if (i.kind == TensorKind::value) return i;
  const Loc at = user_place(where);
  if (i.kind == TensorKind::spec)
    throw Error(called(op), "the tensor stands for any " + type_text(i) + " (frit::spec) and has no numbers", at);
  std::vector<Note> notes;
  if (i.made_at.known()) notes.push_back({type_text(i) + " made by " + i.made_by + " here", i.made_at});
  if (i.trace->open())
    throw Error(called(op), "the numbers of a traced " + type_text(i) + " cannot be read: " + i.trace->name() + " is being traced, and has none yet",
                at, notes, "return the tensor and read it outside, choose with where(p, a, b), or make the argument a static number");
  throw Error(called(op), "a traced " + type_text(i) + " has left the trace of " + i.trace->name() + ", which has ended", at, notes,
              "return it from " + i.trace->name());
}

TensorImpl* new_value(DType t, Shape shape, Device device) {
  const int64_t bytes = ir::checked_mul(shape.count(), size_of(t));
  auto storage = device.is_gpu() ? rt::gpu::allocate(device.index(), bytes) : rt::allocate(bytes);
  auto* i = new TensorImpl;
  i->kind = TensorKind::value;
  i->dtype = t;
  i->device = device;
  i->shape = std::move(shape);
  i->storage = std::move(storage);
  i->data = i->storage->data();
  return i;
}

Tensor view(const Tensor& x, Shape shape, int64_t offset_bytes) {
  const TensorImpl& from = *impl(x);
  if (!from.storage) {  // a number: its bytes lie in the impl
    TensorImpl* i = new_value(from.dtype, std::move(shape));
    std::memcpy(i->storage->data(), from.data, static_cast<size_t>(i->bytes()));
    return move_to(adopt(i), current_device());
  }
  auto* i = new TensorImpl;
  i->kind = TensorKind::value;
  i->dtype = from.dtype;
  i->borrowed = from.borrowed;
  i->device = from.device;
  i->shape = std::move(shape);
  i->storage = from.storage;
  i->data = static_cast<const std::byte*>(from.data) + offset_bytes;
  i->made_by = from.made_by;
  i->made_at = from.made_at;
  return adopt(i);
}

Tensor dense(const Tensor& x) {
  const TensorImpl& from = *impl(x);
  if (from.dense()) return x;
  TensorImpl* to = new_value(from.dtype, from.shape);
  Tensor result = adopt(to);
  to->made_by = from.made_by;
  to->made_at = from.made_at;
  const auto size = static_cast<size_t>(size_of(from.dtype));
  auto* out = static_cast<std::byte*>(to->storage->data());
  const auto* in = static_cast<const std::byte*>(from.data);
  const int rank = from.shape.rank();
  std::vector<int64_t> at(static_cast<size_t>(rank), 0);
  for (int64_t n = from.shape.count(); n > 0; --n) {
    int64_t offset = 0;
    for (size_t k = 0; k < at.size(); ++k) offset += at[k] * from.strides[k];
    std::memcpy(out, in + offset * static_cast<int64_t>(size), size);
    out += size;
    for (int k = rank - 1; k >= 0; --k) {
      if (++at[static_cast<size_t>(k)] < from.shape[k]) break;
      at[static_cast<size_t>(k)] = 0;
    }
  }
  return result;
}

}  // namespace detail

using detail::require;
using detail::require_value;

Tensor::Tensor(detail::Number64 v, Loc where) {
  if (current_trace()) {  // recorded, so that it is a constant of the function
    *this = full_number({}, v, where);
    return;
  }
  auto* i = new TensorImpl;
  impl_ = i;
  i->kind = TensorKind::value;
  i->dtype = v.dtype;
  i->number = v.bits;
  i->data = &i->number;
  i->made_by = "a number";
  i->made_at = where;
}

Tensor Tensor::copy_bytes(const void* data, int64_t count, DType t, Shape shape, Loc where) {
  if (count != shape.count())
    throw Error("copy", std::to_string(count) + " elements do not fill " + std::string(name(t)) + shape.str() + ", which has " +
                            std::to_string(shape.count()),
                user_place(where));
  TensorImpl* i = detail::new_value(t, std::move(shape), current_device());
  Tensor result = detail::adopt(i);
  i->made_by = "copy";
  i->made_at = user_place(where);
  if (count == 0) return result;
  if (i->device.is_gpu()) rt::gpu::copy_in(*i->storage, 0, data, i->bytes());
  else std::memcpy(i->storage->data(), data, static_cast<size_t>(i->bytes()));
  return result;
}

Tensor Tensor::borrow_bytes(const void* data, DType t, Shape shape, std::shared_ptr<const void> owner, Strides strides, Loc where) {
  auto fail = [&](const std::string& message) { throw Error("borrow", message, user_place(where)); };
  if (!data && shape.count() > 0) fail("the address is null");
  if (reinterpret_cast<uintptr_t>(data) % static_cast<size_t>(size_of(t)) != 0)
    fail("the address is not a multiple of the element's size, " + std::to_string(size_of(t)));
  int64_t elements = shape.count();
  if (!strides.empty() || shape.rank() == 0) {
    if (static_cast<int>(strides.size()) != shape.rank())
      fail(std::to_string(strides.size()) + " strides for a shape of rank " + std::to_string(shape.rank()));
    bool row_major = true;
    int64_t expect = 1, last = 0;
    for (int k = shape.rank() - 1; k >= 0; --k) {
      const int64_t s = strides[static_cast<size_t>(k)];
      if (s < 0) fail("the stride " + std::to_string(s) + " of axis " + std::to_string(k) + " is negative");
      if (shape[k] != 1) row_major &= s == expect;
      if (shape[k] > 0) expect *= shape[k], last = ir::checked_add(last, ir::checked_mul(s, shape[k] - 1));
    }
    elements = shape.count() == 0 ? 0 : last + 1;
    if (row_major || shape.count() <= 1) strides.clear();
  }
  auto* i = new TensorImpl;
  Tensor result = detail::adopt(i);
  i->kind = TensorKind::value;
  i->dtype = t;
  i->borrowed = true;
  i->strides = std::move(strides);
  i->shape = std::move(shape);
  static const uint64_t nothing = 0;
  if (!data) data = &nothing;
  i->storage = rt::borrow(const_cast<void*>(data), ir::checked_mul(elements, size_of(t)), std::move(owner));
  i->data = data;
  i->made_by = "borrow";
  i->made_at = user_place(where);
  return result;
}

const Shape& Tensor::shape(Loc where) const { return require(*this, "shape", where).shape; }
DType Tensor::dtype(Loc where) const { return require(*this, "dtype", where).dtype; }
bool Tensor::is_traced() const { return impl_ && detail::impl(*this)->kind == TensorKind::traced; }
bool Tensor::is_dense() const { return impl_ && detail::impl(*this)->dense(); }

Tensor Tensor::to(DType t, Loc where) const { return cast(Arg(*this, where), t, where); }

namespace {
void check_type(const TensorImpl& i, DType t, const char* op, Loc where) {
  if (i.dtype == t) return;
  throw Error(op, "the tensor holds " + std::string(name(i.dtype)) + ", not " + std::string(name(t)), user_place(where), {},
              "read it as its own type, or convert it first: x.to(frit::DType::" + std::string(t == DType::boolean ? "boolean" : name(t)) + ")");
}
}  // namespace

const void* Tensor::item_bytes(DType t, Loc where) const {
  const TensorImpl& i = require_value(*this, "item", where);
  check_type(i, t, "item", where);
  if (i.shape.count() != 1)
    throw Error("item", detail::type_text(i) + " has " + std::to_string(i.shape.count()) + " elements; item reads the only one", user_place(where), {},
                "choose an element first, as in x(0, 0).item<float>(), or read all by span");
  return detail::host_data(i);
}

const void* Tensor::read_bytes(DType t, Loc where) const {
  const TensorImpl& i = require_value(*this, "span", where);
  check_type(i, t, "span", where);
  if (!i.dense())
    throw Error("span", "the memory of this borrowed " + detail::type_text(i) + " is not row-major", user_place(where), {}, "use copy_to");
  return detail::host_data(i);
}

void Tensor::copy_out(void* out, int64_t n, DType t, Loc where) const {
  const TensorImpl& i = require_value(*this, "copy_to", where);
  check_type(i, t, "copy_to", where);
  if (n != i.shape.count())
    throw Error("copy_to", "room for " + std::to_string(n) + " elements, but " + detail::type_text(i) + " has " + std::to_string(i.shape.count()),
                user_place(where));
  if (n == 0) return;
  if (i.device.is_gpu()) return rt::gpu::copy_out(out, *i.storage, detail::offset_of(i), i.bytes());
  const Tensor d = detail::dense(*this);
  std::memcpy(out, detail::impl(d)->data, static_cast<size_t>(i.bytes()));
}

std::span<const std::byte> Tensor::bytes(Loc where) const {
  const TensorImpl& i = require_value(*this, "bytes", where);
  if (!i.dense())
    throw Error("bytes", "the memory of this borrowed " + detail::type_text(i) + " is not row-major", user_place(where), {}, "use copy_to");
  return {static_cast<const std::byte*>(detail::host_data(i)), static_cast<size_t>(i.bytes())};
}

Tensor Tensor::named(std::string_view n) const {
  const TensorImpl& i = require(*this, "named", {});
  if (i.kind == TensorKind::traced && i.trace.get() == current_trace()) i.trace->set_name(i.id, n);
  return *this;
}

void Tensor::wait(Loc where) const {
  const TensorImpl& i = require_value(*this, "wait", where);
  if (i.device.is_gpu()) rt::gpu::synchronize(i.device.index());
}

std::ostream& operator<<(std::ostream& out, const Tensor& x) { return out << x.str(Loc{}); }

Tensor spec(DType t, Shape shape) {
  auto* i = new TensorImpl;
  i->dtype = t;
  i->shape = std::move(shape);
  i->made_by = "spec";
  return detail::adopt(i);
}

}  // namespace frit
