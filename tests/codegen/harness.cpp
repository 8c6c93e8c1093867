#include "tests/codegen/harness.h"

#include "ir/num.h"
#include "ir/text.h"
#include "ir/verify.h"

namespace frit::test {

std::vector<codegen::Isa> isas() {
  std::vector<codegen::Isa> out{codegen::Isa::avx2};
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl")) out.push_back(codegen::Isa::avx512);
  return out;
}

namespace {
template <class T>
void fill(T* p, int64_t count, uint32_t seed, bool mild) {
  std::mt19937 rng(seed);
  using L = std::numeric_limits<T>;
  for (int64_t i = 0; i < count; ++i) {
    const uint64_t bits = (uint64_t{rng()} << 32) | rng();
    const int kind = static_cast<int>(rng() % 8);
    if constexpr (std::is_same_v<T, bool>) {
      p[i] = bits & 1;
    } else if constexpr (is_floating_v<T>) {
      if (mild) {
        p[i] = static_cast<T>(0.5 + static_cast<double>(bits >> 11) * 0x1p-53);
        if (kind & 1) p[i] = -p[i];
        continue;
      }
      const T specials[] = {T{0}, -T{0}, L::infinity(), -L::infinity(), L::quiet_NaN(), L::denorm_min(), -L::denorm_min(), L::min(),
                            L::max(), L::lowest(), T{1}, T{-1}, T{0.5}, T{2.5}, T{-3.5}, T{255}, T{256}, T{-0.5},
                            T{2147483648.0}, T{2147483647.0}, T{-2147483648.0}, T{-2147483904.0}, T{4294967295.0}, T{4294967296.0},
                            T{9223372036854775808.0}, T{-9223372036854775808.0}, T{18446744073709551616.0}, T{9223371487098961920.0}};
      if (kind == 0) p[i] = specials[bits % (sizeof specials / sizeof *specials)];
      else if (kind <= 2) std::memcpy(&p[i], &bits, sizeof(T));                     // any bits
      else if (kind <= 4) p[i] = static_cast<T>(static_cast<compute_t<T>>(static_cast<int64_t>(bits % 41) - 20) / 4);
      else p[i] = static_cast<T>((static_cast<double>(bits >> 11) * 0x1p-53 - 0.5) * 20);
    } else {
      if (mild) p[i] = static_cast<T>(bits % 17);
      else if (kind == 0) p[i] = (bits & 1) ? L::max() : L::min();
      else if (kind <= 2) p[i] = static_cast<T>(static_cast<int64_t>(bits % 9) - 4);  // zeros, ones and minus ones
      else if (kind <= 4) p[i] = static_cast<T>(bits % 70);                           // counts of shifts
      else p[i] = static_cast<T>(bits);
    }
  }
}

template <class T>
::testing::AssertionResult same_as(const void* got, const void* want, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    const T a = ir::detail::canonical(static_cast<const T*>(got)[i]), b = ir::detail::canonical(static_cast<const T*>(want)[i]);
    if (std::memcmp(&a, &b, sizeof a) != 0)
      return ::testing::AssertionFailure() << "element " << i << " of " << count << " is " << ir::Literal::of(a).str() << ", not " << ir::Literal::of(b).str();
  }
  return ::testing::AssertionSuccess();
}
}  // namespace

Buffer numbers(DType t, int64_t count, uint32_t seed, bool mild) {
  Buffer b(t, count);
  switch (t) {
#define FRIT_X(id, name, type, kind) \
  case DType::id: fill(b.as<type>(), count, seed, mild); break;
    FRIT_DTYPES(FRIT_X)
#undef FRIT_X
  }
  return b;
}

::testing::AssertionResult same(DType t, const void* got, const void* want, int64_t count) {
  switch (t) {
#define FRIT_X(id, name, type, kind) \
  case DType::id: return same_as<type>(got, want, count);
    FRIT_DTYPES(FRIT_X)
#undef FRIT_X
  }
  return ::testing::AssertionFailure();
}

Kernel::Kernel(const std::string& text, codegen::Isa isa) : func(ir::parse("frit 1\n" + text)) {
  ir::verify(func, true);
  codegen::llvm_ir(func, isa);
  code = codegen::compile_kernel(func, isa);
}

void Kernel::run(const std::vector<const void*>& buffers, const std::vector<int64_t>& params, int64_t items, int64_t scratch_bytes) const {
  rt::FloatControl control;
  std::vector<void*> table;
  for (const void* b : buffers) table.push_back(const_cast<void*>(b));
  void* scratch = scratch_bytes ? std::aligned_alloc(64, static_cast<size_t>((scratch_bytes + 63) / 64 * 64)) : nullptr;
  if (scratch) std::memset(scratch, 0xcd, static_cast<size_t>(scratch_bytes));
  const int64_t part = items / 2;
  code->work(table.data(), params.data(), part, items, scratch);
  if (part) code->work(table.data(), params.data(), 0, part, scratch);
  if (code->finish) code->finish(table.data(), params.data(), 0, 0, scratch);
  std::free(scratch);
}

}  // namespace frit::test
