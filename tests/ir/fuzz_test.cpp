// Mutations with a fixed seed. Whatever a text holds, it is read or refused with a place; whatever a
// function holds, it prints, and is taken or refused by its verifier; what is taken reads back.
#include <gtest/gtest.h>

#include <random>

#include "ir/ops.h"
#include "ir/verify.h"
#include "tests/ir/examples.h"

namespace frit::ir {
namespace {

using test::examples;
using test::spelled;

class Random {
 public:
  explicit Random(uint32_t seed) : engine_(seed) {}
  size_t below(size_t n) { return n == 0 ? 0 : engine_() % n; }
  template <class T>
  auto& of(T& list) { return list[below(list.size())]; }

 private:
  std::mt19937 engine_;
};

std::vector<std::string> words(const std::string& text) {
  std::vector<std::string> out;
  std::string word;
  for (char c : text) {
    const bool name = isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' || c == '%' || c == '@';
    if (!name && !word.empty()) out.push_back(std::exchange(word, ""));
    if (name) word += c;
    else out.push_back(std::string(1, c));
  }
  return out;
}

std::string joined(const std::vector<std::string>& list) {
  std::string s;
  for (const auto& w : list) s += w;
  return s;
}

// One or two changes of bytes, words or lines.
std::string mutated(std::string text, Random& random) {
  static const std::vector<std::string> strange = {
      "9223372036854775807", "-9223372036854775808", "18446744073709551616", "0", "-1", "1e999", "nan", "-inf", "%x", "%", "@9", "[", "]", "{", "}", "(", ")",
      ":", ",", "=", "*", "+", "-", "->", "\"", "\\", "//", "\n", "f32", "bool", "index", "buf", "over", "return", "yield", "reduce.max", "axes=[0]", "space=[4]",
      "guard=1.0:f32", "\xff", "f32[4611686018427387904,4611686018427387904]", "kernel", "fused", "frit 1"};
  for (size_t n = 1 + random.below(2); n-- > 0;) {
    switch (random.below(7)) {
      case 0: if (!text.empty()) text.erase(random.below(text.size()), 1 + random.below(3)); break;
      case 1: if (!text.empty()) text[random.below(text.size())] = static_cast<char>(random.below(256)); break;
      case 2: text.resize(random.below(text.size() + 1)); break;
      case 3: text.insert(random.below(text.size() + 1), random.of(strange)); break;
      default: {
        std::vector<std::string> w = words(text);
        if (w.empty()) break;
        const std::vector<std::string> other = words(random.of(examples()));
        switch (random.below(4)) {
          case 0: random.of(w) = random.of(other); break;
          case 1: random.of(w) = random.of(strange); break;
          case 2: std::swap(random.of(w), random.of(w)); break;
          default: w.insert(w.begin() + static_cast<std::ptrdiff_t>(random.below(w.size())), random.of(w)); break;
        }
        text = joined(w);
      }
    }
  }
  return text;
}

TEST(Fuzz, Texts) {
  Random random(20261);
  int read = 0, taken = 0;
  for (int i = 0; i < 20000; ++i) {
    const std::string text = mutated(random.of(examples()), random);
    SCOPED_TRACE(text);
    Func f;
    TextPlaces places;
    try {
      f = parse(text, "fuzz.ir", &places);
    } catch (const Error& e) {
      ASSERT_GT(e.where.line, 0) << e.what();
      ASSERT_GT(e.where.column, 0) << e.what();
      continue;
    }
    ++read;
    ASSERT_EQ(places.ops.size(), f.ops.size());
    const std::string printed = print(f);
    try {
      verify(f, true, &places);
    } catch (const Error& e) {
      ASSERT_GT(e.where.line, 0) << e.what();
      continue;
    }
    ++taken;
    ASSERT_EQ(print(parse(printed)), printed);
    ASSERT_EQ(spelled(parse(printed)), spelled(f));
  }
  // The mutations are mild enough to reach the verifier and to pass it.
  EXPECT_GT(read, 1000);
  EXPECT_GT(taken, 300) << read;
}

// Any id: of the function's own, or out of range.
int32_t id(Random& random, size_t n) { return static_cast<int32_t>(random.below(n + 4)) - 2; }

void mutate(Func& f, Random& random) {
  OpNode& op = random.of(f.ops);
  auto operand = [&]() -> Operand { return random.below(4) == 0 ? Operand(Literal{static_cast<DType>(random.below(kDTypeCount)), random.below(3)}) : Operand(id(random, f.values.size())); };
  switch (random.below(12)) {
    case 0: op.op = static_cast<Op>(random.below(all_ops().size())); break;
    case 1: if (!op.operands.empty()) random.of(op.operands) = operand(); break;
    case 2: op.operands.push_back(operand()); break;
    case 3: if (!op.operands.empty()) op.operands.pop_back(); break;
    case 4: if (!op.index.empty()) random.of(op.index) = IndexExpr::of(id(random, f.values.size()), static_cast<int64_t>(random.below(5)) - 2, id(random, 8) - 6); break;
    case 5: op.index.push_back(IndexExpr(static_cast<int64_t>(random.below(5)))); break;
    case 6: if (!op.attrs.empty()) op.attrs.erase(op.attrs.begin() + static_cast<std::ptrdiff_t>(random.below(op.attrs.size()))); break;
    case 7: {
      const std::vector<AttrValue> values = {int64_t{1}, std::vector<int64_t>{0, -1}, DType::f32, Literal::of(1.0f), std::string("s"), Dims{4}, std::vector<Op>{Op::add}};
      op.set(static_cast<AttrName>(random.below(static_cast<size_t>(AttrName::captured) + 1)), random.of(values));
      break;
    }
    case 8: {
      const std::vector<Type> types = {Type::index(), Type::buffer(DType::f32), Type::scalar(DType::boolean), Type::tensor(DType::f32, Dims{4, Dim::symbol("n")})};
      if (!f.values.empty()) random.of(f.values).type = random.of(types);
      break;
    }
    case 9: if (!f.body.ops.empty()) random.of(f.body.ops) = id(random, f.ops.size()); break;
    case 10: op.regions.resize(random.below(3)); break;
    default: if (!op.results.empty()) random.of(op.results) = id(random, f.values.size()); break;
  }
}

TEST(Fuzz, Functions) {
  Random random(20262);
  std::vector<Func> start;
  for (const std::string& text : examples()) start.push_back(parse(text));
  int taken = 0;
  for (int i = 0; i < 20000; ++i) {
    Func f = random.of(start);
    for (size_t n = 1 + random.below(2); n-- > 0;) mutate(f, random);
    const std::string printed = print(f);
    try {
      verify(f);
    } catch (const std::logic_error&) {
      continue;
    }
    ++taken;
    ASSERT_EQ(print(parse(printed)), printed);
    ASSERT_EQ(spelled(parse(printed)), spelled(f)) << printed;
  }
  EXPECT_GT(taken, 300);
}

}  // namespace
}  // namespace frit::ir
