// Tensor: an immutable array of numbers, and what is said to functions in its place (Arg, Index, Axes).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "frit/device.h"
#include "frit/error.h"
#include "frit/types.h"

namespace frit {

using Strides = std::vector<int64_t>;  // in elements, one an axis

class Index;
class Tensor;

namespace detail {

// What a handle points to; the rest is in frontend/tensor_impl.h.
struct ImplBase {
  std::atomic<int32_t> refs{1};
};
void destroy(ImplBase*) noexcept;

// A C++ number on its way into an op. A weak one takes the type of the tensor beside it.
struct Number64 {
  DType dtype = DType::f32;
  uint64_t bits = 0;  // object representation in the low bytes
};
template <Number T>
constexpr Number64 number64(T v) {
  if constexpr (std::is_same_v<T, float>) return {DType::f32, __builtin_bit_cast(uint32_t, v)};
  else if constexpr (std::is_same_v<T, double>) return {DType::f64, __builtin_bit_cast(uint64_t, v)};
  else if constexpr (is_half_v<T>) return {dtype_of<T>(), v.bits};
  else if constexpr (sizeof(T) == 8) return {dtype_of<T>(), static_cast<uint64_t>(v)};
  else if constexpr (sizeof(T) == 4) return {dtype_of<T>(), static_cast<uint32_t>(v)};
  else return {dtype_of<T>(), static_cast<uint8_t>(v)};
}

}  // namespace detail

// An immutable value; copying shares it. Tensor{} has no value, and says so when it is used.
class Tensor {
 public:
  Tensor() = default;
  // A number: rank 0, of exactly the C++ type (1.0 is f64, 1.0f is f32, 1 is i32).
  template <Number T>
  Tensor(T v, Loc where = Loc::current()) : Tensor(detail::number64(v), where) {}
  Tensor(detail::Number64 v, Loc where);

  Tensor(const Tensor& o) noexcept : impl_(o.impl_) { retain(); }
  Tensor(Tensor&& o) noexcept : impl_(std::exchange(o.impl_, nullptr)) {}
  Tensor& operator=(const Tensor& o) noexcept {
    Tensor t(o);
    std::swap(impl_, t.impl_);
    return *this;
  }
  Tensor& operator=(Tensor&& o) noexcept {
    if (this != &o) {
      release();
      impl_ = std::exchange(o.impl_, nullptr);
    }
    return *this;
  }
  ~Tensor() { release(); }

  // From the elements of `data`, row-major; their number must be that of the shape.
  template <Number T>
  static Tensor copy(std::span<const T> data, Shape shape, Loc where = Loc::current()) {
    return copy_bytes(data.data(), static_cast<int64_t>(data.size()), dtype_of<T>(), std::move(shape), where);
  }
  template <Number T>
  static Tensor copy(const std::vector<T>& data, Shape shape, Loc where = Loc::current()) {
    return copy(std::span<const T>(data), std::move(shape), where);
  }
  static Tensor copy_bytes(const void* data, int64_t count, DType t, Shape shape, Loc where = Loc::current());

  // Somebody else's memory, without a copy, kept alive by owner (which may be empty) and not to be
  // changed while a tensor refers to it. Strides in elements, not negative; none means row-major.
  template <Number T>
  static Tensor borrow(const T* data, Shape shape, std::shared_ptr<const void> owner = {}, Strides strides = {},
                       Loc where = Loc::current()) {
    return borrow_bytes(data, dtype_of<T>(), std::move(shape), std::move(owner), std::move(strides), where);
  }
  static Tensor borrow_bytes(const void* data, DType t, Shape shape, std::shared_ptr<const void> owner, Strides strides,
                             Loc where = Loc::current());

  bool has_value() const { return impl_ != nullptr; }
  const Shape& shape(Loc where = Loc::current()) const;
  DType dtype(Loc where = Loc::current()) const;
  int rank(Loc where = Loc::current()) const { return shape(where).rank(); }
  int64_t count(Loc where = Loc::current()) const { return shape(where).count(); }
  bool is_traced() const;  // stands for a value of a function being traced: it has no numbers yet
  bool is_dense() const;   // row-major without gaps; everything but some borrowed memory is

  Device device(Loc where = Loc::current()) const;  // of a number, which belongs to none: the thread's
  Tensor to(DType t, Loc where = Loc::current()) const;
  Tensor to(Device d, Loc where = Loc::current()) const;  // itself if it is there, else a copy
  // The one element of a tensor with one element, of exactly the type T.
  template <Number T>
  T item(Loc where = Loc::current()) const {
    return *static_cast<const T*>(item_bytes(dtype_of<T>(), where));
  }
  // The elements, row-major, valid while the tensor lives. Of exactly the type T; dense. Of a tensor on
  // a GPU a copy, which is made once and lives as long.
  template <Number T>
  std::span<const T> span(Loc where = Loc::current()) const {
    return {static_cast<const T*>(read_bytes(dtype_of<T>(), where)), static_cast<size_t>(count(where))};
  }
  template <Number T>
  void copy_to(std::span<T> out, Loc where = Loc::current()) const {
    copy_out(out.data(), static_cast<int64_t>(out.size()), dtype_of<T>(), where);
  }
  template <Number T>
  std::vector<T> to_vector(Loc where = Loc::current()) const requires(!std::is_same_v<T, bool>) {
    std::vector<T> v(static_cast<size_t>(count(where)));
    copy_to(std::span<T>(v), where);
    return v;
  }
  // The elements, row-major, whatever the type.
  std::span<const std::byte> bytes(Loc where = Loc::current()) const;

  // Parts, as in NumPy: x(0), x(-1, all), x(all, slice(1, {}, 2), newaxis). Axes not named are whole.
  inline Tensor operator()(Index i0) const;
  inline Tensor operator()(Index i0, Index i1) const;
  inline Tensor operator()(Index i0, Index i1, Index i2) const;
  inline Tensor operator()(Index i0, Index i1, Index i2, Index i3) const;
  inline Tensor operator()(Index i0, Index i1, Index i2, Index i3, Index i4) const;
  inline Tensor operator()(Index i0, Index i1, Index i2, Index i3, Index i4, Index i5) const;
  Tensor at(std::span<const Index> indices, Loc where = Loc::current()) const;

  Tensor named(std::string_view name) const;  // its name in the IR
  void wait(Loc where = Loc::current()) const;  // until it is computed; on the CPU it always is

  // As NumPy prints an array.
  std::string str(Loc where = Loc::current()) const;

  explicit operator bool() const = delete;  // a tensor is no condition: write where(p, a, b) to choose by element, or p.item<bool>() to read one

  // For the library itself.
  explicit Tensor(detail::ImplBase* adopted) noexcept : impl_(adopted) {}
  detail::ImplBase* impl() const { return impl_; }

 private:
  void retain() const noexcept {
    if (impl_) impl_->refs.fetch_add(1, std::memory_order_relaxed);
  }
  void release() noexcept {
    if (impl_ && impl_->refs.fetch_sub(1, std::memory_order_acq_rel) == 1) detail::destroy(impl_);
  }
  const void* item_bytes(DType t, Loc where) const;
  const void* read_bytes(DType t, Loc where) const;
  void copy_out(void* out, int64_t count, DType t, Loc where) const;

  detail::ImplBase* impl_ = nullptr;
};

std::ostream& operator<<(std::ostream& out, const Tensor& x);
inline std::string to_string(const Tensor& x, Loc where = Loc::current()) { return x.str(where); }

// What an op takes: a tensor, or a weak number, with the user's place. Made by conversion only; lives
// no longer than the call.
class Arg {
 public:
  Arg(const Tensor& t, Loc where = Loc::current()) : tensor_(&t), where_(where) {}
  template <Number T>
  Arg(T v, Loc where = Loc::current()) : number_(detail::number64(v)), where_(where) {}

  const Tensor* tensor() const { return tensor_; }  // null for a number
  const detail::Number64& number() const { return number_; }
  Loc where() const { return where_; }

 private:
  const Tensor* tensor_ = nullptr;
  detail::Number64 number_;
  Loc where_;
};

// A list of axes; none given means all of them. Negative ones count from the end.
class Axes {
 public:
  Axes() = default;
  template <std::integral T>
    requires(!std::is_same_v<T, bool>)
  Axes(T axis) : all_(false), list_{static_cast<int64_t>(axis)} {}
  Axes(std::initializer_list<int64_t> list) : all_(list.size() == 0), list_(list) {}
  Axes(std::vector<int64_t> list) : all_(false), list_(std::move(list)) {}  // these, even if there are none

  bool all() const { return all_; }
  const std::vector<int64_t>& list() const { return list_; }

 private:
  bool all_ = true;
  std::vector<int64_t> list_;
};

// start, stop and step of an index, as in Python: any may be left out ({}), negative ones count from the end.
struct Slice {
  std::optional<int64_t> start, stop, step;
};
inline Slice slice(std::optional<int64_t> start, std::optional<int64_t> stop, std::optional<int64_t> step = {}) {
  return {start, stop, step};
}

struct NewAxis {};
inline constexpr NewAxis newaxis{};  // an index that adds an axis of extent 1

// `all` as an index is the whole axis. all(x, axes) is the reduction: whether all elements are true.
struct All {
  Tensor operator()(const Tensor& x, Axes axes = {}, bool keep = false, Loc where = Loc::current()) const;
};
inline constexpr All all{};

// One index of x(...).
class Index {
 public:
  enum class Kind : uint8_t { number, whole, range, axis };

  template <std::integral T>
    requires(!std::is_same_v<T, bool>)
  Index(T i, Loc where = Loc::current()) : kind_(Kind::number), number_(std::is_unsigned_v<T> && static_cast<uint64_t>(i) > INT64_MAX ? INT64_MAX : static_cast<int64_t>(i)), where_(where) {}
  Index(All, Loc where = Loc::current()) : kind_(Kind::whole), where_(where) {}
  Index(NewAxis, Loc where = Loc::current()) : kind_(Kind::axis), where_(where) {}
  Index(Slice s, Loc where = Loc::current()) : kind_(Kind::range), range_(s), where_(where) {}

  Kind kind() const { return kind_; }
  int64_t number() const { return number_; }
  const Slice& range() const { return range_; }
  Loc where() const { return where_; }

 private:
  Kind kind_;
  int64_t number_ = 0;
  Slice range_;
  Loc where_;
};

inline Tensor Tensor::operator()(Index a) const { return at(std::span<const Index>(&a, 1), a.where()); }
inline Tensor Tensor::operator()(Index a, Index b) const {
  const Index list[] = {a, b};
  return at(list, a.where());
}
inline Tensor Tensor::operator()(Index a, Index b, Index c) const {
  const Index list[] = {a, b, c};
  return at(list, a.where());
}
inline Tensor Tensor::operator()(Index a, Index b, Index c, Index d) const {
  const Index list[] = {a, b, c, d};
  return at(list, a.where());
}
inline Tensor Tensor::operator()(Index a, Index b, Index c, Index d, Index e) const {
  const Index list[] = {a, b, c, d, e};
  return at(list, a.where());
}
inline Tensor Tensor::operator()(Index a, Index b, Index c, Index d, Index e, Index f) const {
  const Index list[] = {a, b, c, d, e, f};
  return at(list, a.where());
}

}  // namespace frit
