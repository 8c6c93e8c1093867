// Tensors as text, laid out as NumPy prints arrays: one format for all elements, columns aligned, lines
// of 75 characters, "..." in the middle of axes where there are more than 1000 elements.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <functional>

#include "frontend/device.h"
#include "frontend/tensor_impl.h"
#include "frit/tensor.h"
#include "runtime/threads.h"

namespace frit {
namespace {

constexpr int kPrecision = 8;
constexpr size_t kLine = 75;
constexpr int64_t kThreshold = 1000, kEdge = 3;

std::string strip_zeros(std::string s) {  // "1.500" -> "1.5", "1.000" -> "1."
  while (s.back() == '0') s.pop_back();
  return s;
}

// The number whose digits are printed: of f16 and bf16 that with the fewest that read back.
double printed(f16 v) { return ir::shortest_decimal(v); }
double printed(bf16 v) { return ir::shortest_decimal(v); }
template <class T>
T printed(T v) { return v; }

// Decimal digits that every number of the type keeps: NumPy writes an exponent from there on.
template <class T>
constexpr int kDigits = std::numeric_limits<T>::digits10;
template <>
constexpr int kDigits<f16> = 3;
template <>
constexpr int kDigits<bf16> = 2;

// Shortest digits that read back, at most kPrecision after the point: "1.", "-0.25".
template <class T>
std::string positional(T v) {
  char buf[400];
  std::string s(buf, std::to_chars(buf, buf + sizeof buf, v, std::chars_format::fixed).ptr);
  const size_t point = s.find('.');
  if (point == std::string::npos) return s + ".";
  if (s.size() - point - 1 > kPrecision) s.assign(buf, static_cast<size_t>(std::snprintf(buf, sizeof buf, "%.*f", kPrecision, static_cast<double>(v))));
  return strip_zeros(s);
}

// The same with an exponent of at least two digits: "1.5e+10".
template <class T>
std::string scientific(T v) {
  char buf[64];
  std::string s(buf, std::to_chars(buf, buf + sizeof buf, v, std::chars_format::scientific).ptr);
  size_t e = s.find('e'), point = s.find('.');
  if (point != std::string::npos && e - point - 1 > kPrecision) {
    s.assign(buf, static_cast<size_t>(std::snprintf(buf, sizeof buf, "%.*e", kPrecision, static_cast<double>(v))));
    e = s.find('e');
  }
  std::string mantissa = s.substr(0, e);
  if (mantissa.find('.') == std::string::npos) mantissa += '.';
  return strip_zeros(mantissa) + s.substr(e);
}

using Words = std::vector<std::string>;

// All elements that are shown, formatted to one width.
template <class T>
Words format_floats(const std::vector<T>& v) {
  double largest = 0, smallest = INFINITY;
  bool finite = false, negative_infinity = false, others = false;
  for (T value : v) {
    const auto x = static_cast<double>(value);
    if (!std::isfinite(x)) {
      others = true;
      negative_infinity |= std::isinf(x) && x < 0;
      continue;
    }
    finite = true;
    if (x == 0) continue;
    largest = std::max(largest, std::abs(x));
    smallest = std::min(smallest, std::abs(x));
  }
  const double many = std::pow(10.0, std::min(8, kDigits<T>));
  const bool exponents = largest > 0 && (largest >= many || smallest < 1e-4 || largest / smallest > 1000);
  size_t left = 0, right = 0;
  Words out;
  for (T x : v) {
    std::string s;
    if (std::isfinite(static_cast<double>(x))) s = exponents ? scientific(printed(x)) : positional(printed(x));
    out.push_back(s);
  }
  size_t digits = 0, exponent = 0;
  for (const std::string& s : out) {
    if (s.empty()) continue;
    const size_t point = s.find('.'), e = std::min(s.find('e'), s.size());
    left = std::max(left, point);
    digits = std::max(digits, e - point - 1);
    exponent = std::max(exponent, s.size() - e);
  }
  right = digits + exponent;
  if (others) {
    const size_t after = right + 1;
    auto room = [&](size_t width) { left = std::max(left, width > after ? width - after : 0); };
    room(3);
    room(3 + (negative_infinity ? 1 : 0));
  }
  if (!finite) left = std::max<size_t>(left, negative_infinity ? 3 : 2), right = 0;
  for (size_t i = 0; i < v.size(); ++i) {
    std::string& s = out[i];
    const auto x = static_cast<double>(v[i]);
    if (s.empty()) {
      s = std::isnan(x) ? "nan" : x < 0 ? "-inf" : "inf";
      s.insert(0, left + right + 1 > s.size() ? left + right + 1 - s.size() : 0, ' ');
      continue;
    }
    if (exponents && s.find('e') - s.find('.') - 1 < digits) {  // digits of the exact value, as there is room for them
      char buf[64];
      s.assign(buf, static_cast<size_t>(std::snprintf(buf, sizeof buf, "%.*e", static_cast<int>(digits), x)));
    }
    const size_t point = s.find('.'), e = std::min(s.find('e'), s.size());
    if (exponents) s.insert(e, digits - (e - point - 1), '0');
    else s.append(digits - (e - point - 1), ' ');
    s.insert(0, left - point, ' ');
  }
  return out;
}

template <class T>
Words format_all(const std::vector<T>& v) {
  if constexpr (is_floating_v<T>) {
    return format_floats(v);
  } else {
    Words out;
    size_t width = 0;
    for (T x : v) {
      if constexpr (std::is_same_v<T, bool>) out.push_back(x ? "True" : "False");
      else out.push_back(std::to_string(x));
      width = std::max(width, out.back().size());
    }
    for (std::string& s : out) s.insert(0, width - s.size(), ' ');
    return out;
  }
}

// A number alone, as NumPy's str of a scalar.
template <class T>
std::string format_one(T v) {
  if constexpr (std::is_same_v<T, bool>) {
    return v ? "True" : "False";
  } else if constexpr (is_floating_v<T>) {
    const auto x = static_cast<double>(v);
    if (std::isnan(x)) return "nan";
    if (std::isinf(x)) return x < 0 ? "-inf" : "inf";
    char buf[64];
    const double a = std::abs(x), many = std::is_same_v<T, double> ? 1e16 : std::pow(10.0, kDigits<T>);
    const auto shown = printed(v);
    if (a != 0 && (a < 1e-4 || a >= many)) return std::string(buf, std::to_chars(buf, buf + sizeof buf, shown, std::chars_format::scientific).ptr);
    std::string s(buf, std::to_chars(buf, buf + sizeof buf, shown, std::chars_format::fixed).ptr);
    return s.find('.') == std::string::npos ? s + ".0" : s;
  } else {
    return std::to_string(v);
  }
}

// The indices of an axis that are shown: all, or the edges.
std::vector<int64_t> shown(int64_t extent, bool summary) {
  std::vector<int64_t> out;
  const bool cut = summary && extent > 2 * kEdge;
  for (int64_t i = 0; i < extent; ++i) {
    if (cut && i == kEdge) i = extent - kEdge;
    out.push_back(i);
  }
  return out;
}

class Layout {
 public:
  Layout(const Shape& shape, bool summary, const Words& words) : shape_(shape), summary_(summary), words_(words) {}
  std::string run() { return part(0, " ", kLine); }

 private:
  std::string part(int axis, const std::string& indent, size_t width) {
    if (axis == shape_.rank()) return words_[next_++];
    const int64_t extent = shape_[axis];
    const bool cut = summary_ && extent > 2 * kEdge;
    const int64_t n = cut ? 2 * kEdge : extent;
    std::string s;
    if (axis == shape_.rank() - 1) {
      const size_t room = width - 1;
      std::string line = indent;
      auto put = [&](const std::string& word) {
        if (line.size() + word.size() > room && line.size() > indent.size()) {
          while (line.back() == ' ') line.pop_back();
          s += line + "\n";
          line = indent;
        }
        line += word;
      };
      for (int64_t i = 0; i < n; ++i) {
        if (cut && i == kEdge) {
          put("...");
          line += ' ';
        }
        put(part(axis + 1, indent + " ", width - 1));
        if (i + 1 < n) line += ' ';
      }
      s += line;
    } else {
      const std::string gap(static_cast<size_t>(shape_.rank() - axis - 1), '\n');
      for (int64_t i = 0; i < n; ++i) {
        if (cut && i == kEdge) s += indent + "..." + gap;
        s += indent + part(axis + 1, indent + " ", width - 1);
        if (i + 1 < n) s += gap;
      }
    }
    return "[" + s.substr(indent.size()) + "]";
  }

  const Shape& shape_;
  bool summary_;
  const Words& words_;
  size_t next_ = 0;
};

template <class T>
std::string text_of(const T* data, const Shape& shape) {
  if (shape.rank() == 0) return format_one(*data);
  if (shape.count() == 0) return "[]";
  const bool summary = shape.count() > kThreshold;
  std::vector<T> v;
  std::function<void(int, int64_t)> gather = [&](int axis, int64_t at) {
    if (axis == shape.rank()) {
      v.push_back(data[at]);
      return;
    }
    for (int64_t i : shown(shape[axis], summary)) gather(axis + 1, at * shape[axis] + i);
  };
  gather(0, 0);
  const Words words = format_all(v);
  return Layout(shape, summary, words).run();
}

}  // namespace

std::string Tensor::str(Loc where) const {
  detail::require_value(*this, "print", where);
  const rt::FloatControl plain;  // the digits do not depend on the caller's rounding either
  const Tensor d = detail::dense(*this);
  const detail::TensorImpl& t = *detail::impl(d);
  switch (t.dtype) {
#define FRIT_X(id, name, type, kind) \
  case DType::id: return text_of(static_cast<const type*>(detail::host_data(t)), t.shape);
    FRIT_DTYPES(FRIT_X)
#undef FRIT_X
  }
  ir::internal_error("no such type");
}

}  // namespace frit
