// What two engines disagree about, in words.
#include <cstring>
#include <sstream>

#include "ir/text.h"
#include "tests/engines/engines.h"

namespace frit::test {
namespace {

ir::Literal element(const ir::Array& a, int64_t i) {
  ir::Literal l{a.dtype, 0};
  const auto size = static_cast<size_t>(size_of(a.dtype));
  std::memcpy(&l.bits, a.data.data() + static_cast<size_t>(i) * size, size);
  return l;
}

std::string describe(const ir::Array& a, int64_t i) {
  const ir::Literal l = element(a, i);
  std::ostringstream s;
  s << l.str() << " (" << std::hex << l.bits << ")";
  return s.str();
}

}  // namespace

std::string difference(const ir::Array& have, const ir::Array& want) {
  if (ir::same_bits(have, want)) return "";
  if (have.dtype != want.dtype || !(have.shape == want.shape))
    return std::string(name(have.dtype)) + have.shape.str() + " is not " + std::string(name(want.dtype)) + want.shape.str();
  int64_t differing = 0, first = -1;
  for (int64_t i = 0; i < want.shape.count(); ++i) {
    const auto size = static_cast<size_t>(size_of(want.dtype));
    auto one = [&](const ir::Array& a) {
      const auto at = a.data.begin() + static_cast<ptrdiff_t>(static_cast<size_t>(i) * size);
      return ir::Array{a.dtype, Shape{}, std::vector<std::byte>(at, at + static_cast<ptrdiff_t>(size))};
    };
    if (ir::same_bits(one(have), one(want))) continue;
    if (first < 0) first = i;
    ++differing;
  }
  return std::to_string(differing) + " of " + std::to_string(want.shape.count()) + " elements of " +
         std::string(name(want.dtype)) + want.shape.str() + " differ, first element " + std::to_string(first) + ": " +
         describe(have, first) + " is not " + describe(want, first);
}

std::string text_problem(const ir::Func& f) {
  const std::string text = ir::print(f);
  try {
    const std::string again = ir::print(ir::parse(text));
    if (again != text) return "the text reads back differently:\n" + text + "\nis not\n" + again;
  } catch (const std::exception& e) {
    return std::string("the text does not read back: ") + e.what() + "\n" + text;
  }
  return "";
}

}  // namespace frit::test
