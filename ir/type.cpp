// Types, shapes and checked counts.
#include "ir/type.h"

#include <mutex>
#include <unordered_map>

#include "frit/error.h"
#include "ir/func.h"

namespace frit {

namespace {
struct DTypeRow {
  std::string_view name;
  int64_t size;
  TypeKind kind;
};
constexpr DTypeRow kDTypes[] = {
#define FRIT_X(id, name, type, kind) {name, static_cast<int64_t>(sizeof(type)), TypeKind::kind},
    FRIT_DTYPES(FRIT_X)
#undef FRIT_X
};
static_assert(std::size(kDTypes) == kDTypeCount);
const DTypeRow& row(DType t) { return kDTypes[static_cast<size_t>(t)]; }
}  // namespace

std::string_view name(DType t) { return row(t).name; }
int64_t size_of(DType t) { return row(t).size; }
TypeKind kind_of(DType t) { return row(t).kind; }
bool parse_dtype(std::string_view text, DType& out) {
  for (int i = 0; i < kDTypeCount; ++i)
    if (kDTypes[i].name == text) return out = static_cast<DType>(i), true;
  return false;
}

Shape::Shape(std::vector<int64_t> extents, Loc where) : extents_(std::move(extents)) {
  bool empty = false;
  for (int64_t e : extents_) {
    if (e < 0) throw Error("shape", str() + " has a negative extent", where);
    empty |= e == 0;
  }
  for (int64_t e : extents_)
    if (__builtin_mul_overflow(count_, e == 0 ? 1 : e, &count_))
      throw Error("shape", "the number of elements of " + str() + " overflows 64 bits", where);
  if (empty) count_ = 0;
}

std::string Shape::str() const {
  std::string s = "[";
  for (size_t i = 0; i < extents_.size(); ++i) s += (i ? "," : "") + std::to_string(extents_[i]);
  return s + "]";
}

namespace ir {

namespace {
struct Symbols {
  std::mutex mutex;
  std::unordered_map<std::string, int64_t> ids;
  std::vector<const std::string*> names;
};
Symbols& symbols() {
  static auto* s = new Symbols;
  return *s;
}
}  // namespace

Dim Dim::symbol(std::string_view name) {
  Symbols& s = symbols();
  std::lock_guard lock(s.mutex);
  auto [it, fresh] = s.ids.try_emplace(std::string(name), static_cast<int64_t>(s.names.size()));
  if (fresh) s.names.push_back(&it->first);
  Dim d;
  d.v_ = -1 - it->second;
  return d;
}

int64_t Dim::value() const {
  if (v_ < 0) internal_error("extent " + str() + " is a symbol");
  return v_;
}

std::string Dim::str() const {
  if (v_ >= 0) return std::to_string(v_);
  Symbols& s = symbols();
  std::lock_guard lock(s.mutex);
  return *s.names[static_cast<size_t>(-1 - v_)];
}

Type Type::tensor(DType t, const Shape& s) {
  Dims d;
  for (int64_t e : s.extents()) d.emplace_back(e);
  return tensor(t, std::move(d));
}

bool Type::is_constant() const {
  for (Dim d : dims)
    if (!d.is_constant()) return false;
  return true;
}

Shape Type::shape() const {
  std::vector<int64_t> e;
  for (Dim d : dims) e.push_back(d.value());
  return Shape(std::move(e));
}

std::string Type::str() const {
  if (cls == TypeClass::index) return "index";
  std::string s = cls == TypeClass::buffer ? "buf " : "";
  s += frit::name(dtype);
  if (cls == TypeClass::buffer || dims.empty()) return s;
  s += "[";
  for (size_t i = 0; i < dims.size(); ++i) s += (i ? "," : "") + dims[i].str();
  return s + "]";
}

int64_t checked_mul(int64_t a, int64_t b) {
  int64_t r;
  if (__builtin_mul_overflow(a, b, &r)) throw Error("", "a count overflows 64 bits: " + std::to_string(a) + " * " + std::to_string(b));
  return r;
}
int64_t checked_add(int64_t a, int64_t b) {
  int64_t r;
  if (__builtin_add_overflow(a, b, &r)) throw Error("", "a count overflows 64 bits: " + std::to_string(a) + " + " + std::to_string(b));
  return r;
}

}  // namespace ir
}  // namespace frit
