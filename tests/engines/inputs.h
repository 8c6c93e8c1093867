// Arguments for a function, a pure function of its parameters' types and a seed, so that a program in
// a file needs no data beside it.
#pragma once

#include <cstring>
#include <vector>

#include "ir/func.h"
#include "ir/interpret.h"
#include "tests/engines/random.h"

namespace frit::test {

// One way of making numbers an argument: small integers, a few units around zero, all exponents,
// or ordinary numbers with NaN, infinities, signed zeros, denormals and extremes among them.
std::vector<ir::Array> make_inputs(const ir::Func& f, uint64_t seed);

// Arguments for f whose elements draw(random, T{}) gives one after the other; each argument has a generator of
// its own, first_seed and those after it.
template <class Draw>
std::vector<ir::Array> drawn_inputs(const ir::Func& f, uint64_t first_seed, Draw&& draw) {
  std::vector<ir::Array> out;
  for (ir::ValueId v : f.body.args) {
    const ir::Type& t = f.type(v);
    Random r(first_seed + out.size());
    ir::Array a{t.dtype, t.shape(), {}};
    a.data.resize(static_cast<size_t>(a.shape.count() * size_of(t.dtype)));
    auto fill = [&](auto type) {
      for (size_t at = 0; at < a.data.size(); at += sizeof type) {
        const auto x = draw(r, type);
        std::memcpy(a.data.data() + at, &x, sizeof x);
      }
    };
    switch (t.dtype) {
#define FRIT_X(id, name, type, kind) \
  case DType::id: fill(type{}); break;
      FRIT_DTYPES(FRIT_X)
#undef FRIT_X
    }
    out.push_back(std::move(a));
  }
  return out;
}

}  // namespace frit::test
