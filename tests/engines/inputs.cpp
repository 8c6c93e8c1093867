#include "tests/engines/inputs.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "tests/engines/random.h"

namespace frit::test {
namespace {

enum class Mode { small, units, wide, special };

template <class T>
T special_number(Random& r) {
  using L = std::numeric_limits<T>;
  if constexpr (std::is_same_v<T, bool>) {
    return r.one_in(2);
  } else if constexpr (is_floating_v<T>) {
    const T list[] = {L::quiet_NaN(), L::infinity(), -L::infinity(), T{0}, -T{0}, L::denorm_min(), -L::denorm_min(),
                      L::min(), L::max(), L::lowest(), L::epsilon(), T{1}, T{-1}, T{0.5}, T{2147483648.0}, T{-9.3e18}};
    return list[r.below(std::size(list))];
  } else {
    const T list[] = {L::min(), L::max(), T{0}, T{1}, static_cast<T>(-1), static_cast<T>(L::max() - 1),
                      static_cast<T>(L::min() + 1), static_cast<T>(sizeof(T) * 8), static_cast<T>(sizeof(T) * 8 - 1)};
    return list[r.below(std::size(list))];
  }
}

template <class T>
T number(Mode mode, Random& r) {
  if constexpr (std::is_same_v<T, bool>) {
    return r.one_in(2);
  } else if constexpr (is_floating_v<T>) {
    switch (mode) {
      case Mode::small: return static_cast<T>(r.between(-8, 8));
      case Mode::special:
        if (r.one_in(40)) return special_number<T>(r);
        [[fallthrough]];
      case Mode::units: return static_cast<T>(8 * r.unit() - 4);
      case Mode::wide: {
        const auto e = r.between(std::numeric_limits<T>::min_exponent - 10, std::numeric_limits<T>::max_exponent - 1);
        return static_cast<T>(std::ldexp(static_cast<compute_t<T>>(r.one_in(2) ? 1 + r.unit() : -1 - r.unit()), static_cast<int>(e)));
      }
    }
  } else {
    switch (mode) {
      case Mode::special:
        if (r.one_in(8)) return special_number<T>(r);
        [[fallthrough]];
      case Mode::small: return static_cast<T>(r.between(std::is_signed_v<T> ? -8 : 0, 8));
      case Mode::units: return static_cast<T>(r.between(std::is_signed_v<T> ? -200 : 0, 1100));
      case Mode::wide: return static_cast<T>(r.bits());
    }
  }
  return T{};
}

template <class T>
void fill(ir::Array& a, Random& r) {
  const Mode mode = static_cast<Mode>(r.below(4));
  const auto n = static_cast<size_t>(a.shape.count());
  a.data.resize(n * sizeof(T));
  for (size_t i = 0; i < n; ++i) {
    const T v = number<T>(mode, r);
    std::memcpy(a.data.data() + i * sizeof(T), &v, sizeof v);
  }
}

}  // namespace

std::vector<ir::Array> make_inputs(const ir::Func& f, uint64_t seed) {
  std::vector<ir::Array> out;
  for (ir::ValueId v : f.body.args) {
    const ir::Type& t = f.type(v);
    Random r(seed * 1000003 + out.size());
    ir::Array a{t.dtype, t.shape(), {}};
    switch (t.dtype) {
#define FRIT_X(id, name, type, kind) \
  case DType::id: fill<type>(a, r); break;
      FRIT_DTYPES(FRIT_X)
#undef FRIT_X
    }
    out.push_back(std::move(a));
  }
  return out;
}

}  // namespace frit::test
