// Taking values apart into tensors and everything else: numbers, strings, pairs, tuples, arrays,
// vectors, and structs of those. Plain aggregates of up to 16 fields need nothing; other structs say
//   struct Linear { ...; FRIT_FIELDS(w, b) };
// (Counting the fields of an aggregate by what it can be made from is boost.pfr's idea.)
#pragma once

#include <array>
#include <cstring>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "frit/tensor.h"

#define FRIT_FIELDS(...)                                   \
  auto frit_fields() { return ::std::tie(__VA_ARGS__); }   \
  auto frit_fields() const { return ::std::tie(__VA_ARGS__); } \
  static constexpr const char* frit_field_names() { return #__VA_ARGS__; }

namespace frit::detail {

template <class T>
struct IsVector : std::false_type {};
template <class T, class A>
struct IsVector<std::vector<T, A>> : std::true_type {};

template <class T>
concept TupleLike = requires { std::tuple_size<T>::value; };
template <class T>
concept NamesFields = requires(T& t) {
  t.frit_fields();
  T::frit_field_names();
};
template <class T>
constexpr bool is_text_v = std::is_same_v<T, std::string> || std::is_same_v<T, std::string_view>;

// Stands for the value of any field while fields are counted.
template <class Whole>
struct AnyField {
  template <class T>
    requires(!std::is_same_v<T, Whole>)
  operator T() const;
};
template <class T, size_t... I>
constexpr bool made_from(std::index_sequence<I...>) {
  return requires { T{(static_cast<void>(I), AnyField<T>{})...}; };
}
inline constexpr size_t kMaxFields = 16;
template <class T, size_t N = kMaxFields + 1>
constexpr size_t field_count() {
  if constexpr (N == 0 || made_from<T>(std::make_index_sequence<N>{})) return N;
  else return field_count<T, N - 1>();
}
template <class T>
constexpr bool decomposable() {
  if constexpr (std::is_class_v<T> && std::is_aggregate_v<T>) return field_count<T>() >= 1 && field_count<T>() <= kMaxFields;
  else return false;
}

// References to the fields.
template <class T>
constexpr auto tie_fields(T& t) {
  constexpr size_t n = field_count<std::remove_cv_t<T>>();
#define FRIT_TIE(count, ...)         \
  else if constexpr (n == count) {   \
    auto& [__VA_ARGS__] = t;         \
    return std::tie(__VA_ARGS__);    \
  }
  if constexpr (n == 0) return std::tie();
  FRIT_TIE(1, a)
  FRIT_TIE(2, a, b)
  FRIT_TIE(3, a, b, c)
  FRIT_TIE(4, a, b, c, d)
  FRIT_TIE(5, a, b, c, d, e)
  FRIT_TIE(6, a, b, c, d, e, f)
  FRIT_TIE(7, a, b, c, d, e, f, g)
  FRIT_TIE(8, a, b, c, d, e, f, g, h)
  FRIT_TIE(9, a, b, c, d, e, f, g, h, i)
  FRIT_TIE(10, a, b, c, d, e, f, g, h, i, j)
  FRIT_TIE(11, a, b, c, d, e, f, g, h, i, j, k)
  FRIT_TIE(12, a, b, c, d, e, f, g, h, i, j, k, l)
  FRIT_TIE(13, a, b, c, d, e, f, g, h, i, j, k, l, m)
  FRIT_TIE(14, a, b, c, d, e, f, g, h, i, j, k, l, m, o)
  FRIT_TIE(15, a, b, c, d, e, f, g, h, i, j, k, l, m, o, p)
  FRIT_TIE(16, a, b, c, d, e, f, g, h, i, j, k, l, m, o, p, q)
#undef FRIT_TIE
}

// Names of an aggregate's fields, read from the compiler's spelling of the address of each in an
// object that is declared and never made.
#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wundefined-var-template"
#pragma clang diagnostic ignored "-Wundefined-internal"
#endif
template <class T>
struct NeverMade {
  T value;
};
template <class T>
extern const NeverMade<T> never_made;
template <class T>
struct FieldAddress {
  const T* address;
};
template <class T>
FieldAddress(const T*) -> FieldAddress<T>;
template <FieldAddress Field>
constexpr std::string_view field_spelling() {
  return __PRETTY_FUNCTION__;
}
// The last identifier before the bracket that ends the address.
constexpr std::string_view last_identifier(std::string_view s) {
  size_t end = s.find("never_made");
  if (end == std::string_view::npos) return "";
  auto part_of_name = [](char c) { return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  end = s.rfind('}');
  while (end > 0 && end != std::string_view::npos && !part_of_name(s[end - 1])) --end;
  size_t start = end;
  while (start > 0 && part_of_name(s[start - 1])) --start;
  return s.substr(start, end - start);
}
template <class T, size_t I>
consteval std::string_view field_name() {  // never code: never_made is defined nowhere
  constexpr auto fields = tie_fields(never_made<T>.value);
  return last_identifier(field_spelling<FieldAddress{&std::get<I>(fields)}>());
}
#if defined(__clang__)
#pragma clang diagnostic pop
#endif

// The I-th of the names written in FRIT_FIELDS.
constexpr std::string_view listed_name(std::string_view names, size_t i) {
  while (i-- > 0) names.remove_prefix(names.find(',') + 1);
  while (!names.empty() && names.front() == ' ') names.remove_prefix(1);
  return names.substr(0, names.find_first_of(", "));
}

// Calls, for everything in x in order: v.tensor(Tensor&), v.number(arithmetic or enum&), v.text(string&),
// v.length(size of a vector). Where V::names is true, also v.enter(name of a part) and v.leave().
template <class T, class V>
void walk(T& x, V& v);

template <class Part, class V>
void walk_part(Part& part, V& v, std::string_view name) {
  if constexpr (V::names) v.enter(name);
  walk(part, v);
  if constexpr (V::names) v.leave();
}

template <class T, class V>
void walk(T& x, V& v) {
  using U = std::remove_cv_t<T>;
  if constexpr (std::is_same_v<U, Tensor>) {
    v.tensor(x);
  } else if constexpr (std::is_arithmetic_v<U> || std::is_enum_v<U>) {
    static_assert(sizeof(U) <= 8, "frit: no numbers of more than 64 bits");
    v.number(x);
  } else if constexpr (is_text_v<U>) {
    v.text(x);
  } else if constexpr (IsVector<U>::value) {
    static_assert(!std::is_same_v<typename U::value_type, bool>, "frit: std::vector<bool> has no elements to refer to; use std::vector<char>");
    v.length(x.size());
    for (size_t i = 0; i < x.size(); ++i) {
      if constexpr (V::names) walk_part(x[i], v, std::to_string(i));
      else walk(x[i], v);
    }
  } else if constexpr (NamesFields<U>) {
    auto fields = x.frit_fields();
    [&]<size_t... I>(std::index_sequence<I...>) {
      (walk_part(std::get<I>(fields), v, listed_name(U::frit_field_names(), I)), ...);
    }(std::make_index_sequence<std::tuple_size_v<decltype(fields)>>{});
  } else if constexpr (TupleLike<U>) {
    [&]<size_t... I>(std::index_sequence<I...>) {
      constexpr std::string_view digits = "0123456789101112131415";
      (walk_part(std::get<I>(x), v, I < 10 ? digits.substr(I, 1) : I < 16 ? digits.substr(2 * I - 10, 2) : "n"), ...);
    }(std::make_index_sequence<std::tuple_size_v<U>>{});
  } else if constexpr (std::is_empty_v<U>) {
    // nothing inside
  } else {
    static_assert(decomposable<U>(),
                  "frit cannot take this type apart: write FRIT_FIELDS(member, ...) inside it, naming its members "
                  "(a plain aggregate of at most 16 fields needs nothing)");
    if constexpr (decomposable<U>()) {
      auto fields = tie_fields(x);
      [&]<size_t... I>(std::index_sequence<I...>) {
        if constexpr (V::names) (walk_part(std::get<I>(fields), v, field_name<U, I>()), ...);
        else (walk(std::get<I>(fields), v), ...);
      }(std::make_index_sequence<std::tuple_size_v<decltype(fields)>>{});
    }
  }
}

// A list of plain things that stays on the stack while it is short.
template <class T, size_t N>
class ShortList {
 public:
  ShortList() = default;
  ShortList(const ShortList&) = delete;
  ShortList& operator=(const ShortList&) = delete;
  void push_back(const T& v) {
    if (size_ < N) {
      inline_[size_++] = v;
      return;
    }
    if (size_ == N) more_.assign(inline_, inline_ + N);
    more_.push_back(v);
    ++size_;
  }
  size_t size() const { return size_; }
  T* data() { return size_ <= N ? inline_ : more_.data(); }
  T& operator[](size_t i) { return data()[i]; }

 private:
  static_assert(std::is_trivially_copyable_v<T>);
  size_t size_ = 0;
  T inline_[N];
  std::vector<T> more_;
};

}  // namespace frit::detail
