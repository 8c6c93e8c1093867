// Conversions of f16 and bf16 in machine code, on vectors and one by one: every value to f32, and f32
// rounded over a sweep of all bit patterns and at the halfway points, against the C++ types (tests/ir has
// those against an exact reference).
#include <bit>

#include "ir/ops.h"
#include "tests/codegen/harness.h"

namespace frit::test {
namespace {

std::string cast_kernel(DType from, DType to, bool lanes) {
  const std::string a(name(from)), b(name(to));
  return "kernel @k(%x: buf " + a + ", %r: buf " + b + ", %n: index) {\n  work [1] { (w)\n    " + (lanes ? "lanes" : "loop") +
         " [0, %n] { (j)\n      %a = load %x[j] : " + a + "\n      %v = cast %a to=" + b + " : " + b + "\n      store %r[j], %v\n    }\n  }\n}\n";
}

void check(DType from, DType to, const Buffer& x) {
  Buffer want(to, x.count), got(to, x.count);
  const void* in[] = {x.data()};
  const size_t step[] = {1};
  ir::evaluate(ir::Op::cast, from, to, static_cast<size_t>(x.count), in, step, want.data());
  for (codegen::Isa isa : isas())
    for (bool lanes : {true, false}) {
      SCOPED_TRACE(std::string(name(from)) + " to " + std::string(name(to)) + " " + std::string(name(isa)) + (lanes ? "" : " one by one"));
      got.fill(0xee);
      const Kernel k(cast_kernel(from, to, lanes), isa);
      k.run({x.data(), got.data()}, {x.count});
      ASSERT_TRUE(same(to, got.data(), want.data(), x.count));
    }
}

TEST(HalfConversions, EveryValue) {
  for (DType t : {DType::f16, DType::bf16}) {
    Buffer all(t, 1 << 16);
    for (int i = 0; i < 1 << 16; ++i) all.as<uint16_t>()[i] = static_cast<uint16_t>(i);
    for (DType to : {DType::f32, DType::f64, DType::i32, DType::boolean, t == DType::f16 ? DType::bf16 : DType::f16}) check(t, to, all);
  }
}

TEST(HalfConversions, RoundingOfF32) {
  constexpr int64_t kSweep = 2000003;  // a stride of 2147 and a bit
  Buffer x(DType::f32, kSweep);
  for (int64_t i = 0; i < kSweep; ++i) x.as<uint32_t>()[i] = static_cast<uint32_t>((static_cast<uint64_t>(i) << 32) / kSweep);
  // Halfway between the neighbours of f16 and bf16, and beside that.
  Buffer middle(DType::f32, 6 * 65536);
  for (uint32_t i = 0; i < 65536; ++i) {
    const float low = static_cast<float>(f16::from_bits(static_cast<uint16_t>(i))), high = static_cast<float>(f16::from_bits(static_cast<uint16_t>(i + 1)));
    const uint32_t m = std::bit_cast<uint32_t>((low + high) / 2), b = i << 16 | 0x8000u;
    const uint32_t list[] = {m, m - 1, m + 1, b, b - 1, b + 1};
    std::memcpy(middle.as<uint32_t>() + 6 * i, list, sizeof list);
  }
  for (DType t : {DType::f16, DType::bf16})
    for (const Buffer* b : {&x, &middle}) check(DType::f32, t, *b);
}

}  // namespace
}  // namespace frit::test
