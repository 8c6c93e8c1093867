// Loads and stores of every shape: steps, gathers, guards, streams at any alignment, tiles, locals,
// loops, scalars, finish.
#include <cmath>

#include "ir/ops.h"
#include "tests/codegen/harness.h"
#include "tests/codegen/orders.h"

namespace frit::test {
namespace {

using codegen::Isa;

std::string on(Isa isa) { return std::string(name(isa)); }

// y[j] = x[base + step*j] for steps that are vectors, reversed, broadcast and strided, known or not.
TEST(Memory, Steps) {
  for (int i = 0; i < kDTypeCount; ++i) {
    const auto t = static_cast<DType>(i);
    const std::string type(name(t));
    for (Isa isa : isas()) {
      for (int64_t step : {1, -1, 0, 2, 3, -2, 7}) {
        for (bool known : {true, false}) {
          SCOPED_TRACE(type + " " + on(isa) + " step " + std::to_string(step));
          const std::string at = known ? (step < 0 ? "%b - " + std::to_string(-step) + "*j" : "%b + " + std::to_string(step) + "*j") : "%b + j*%s";
          const Kernel k("kernel @k(%x: buf " + type + ", %y: buf " + type + ", %n: index, %b: index, %s: index) {\n  work [1] { (w)\n    lanes [0, %n] { (j)\n      %a = load %x[" +
                             at + "] : " + type + "\n      store %y[j], %a\n    }\n  }\n}\n",
                         isa);
          for (int64_t n : {0, 1, 2, 5, 15, 16, 17, 31, 64, 77, 128, 300}) {
            const int64_t extent = n == 0 ? 1 : std::abs(step) * (n - 1) + 1;
            const Buffer x = numbers(t, extent, 9);
            Buffer y(t, n), want(t, n);
            const int64_t base = step < 0 ? extent - 1 : 0;
            for (int64_t j = 0; j < n; ++j)
              std::memcpy(want.as<char>() + j * size_of(t), x.as<char>() + (base + step * j) * size_of(t), static_cast<size_t>(size_of(t)));
            k.run({x.data(), y.data()}, {n, base, step});
            ASSERT_TRUE(same(t, y.data(), want.data(), n)) << "n = " << n;
            ASSERT_TRUE(y.untouched_before());
          }
        }
      }
      // The same backwards and apart on the side of the store.
      for (int64_t step : {-1, 2, 3}) {
        SCOPED_TRACE(type + " " + on(isa) + " store step " + std::to_string(step));
        const std::string at = step < 0 ? "%n - 1 - j" : std::to_string(step) + "*j";
        const Kernel k("kernel @k(%x: buf " + type + ", %y: buf " + type + ", %n: index) {\n  work [1] { (w)\n    lanes [0, %n] { (j)\n      %a = load %x[j] : " + type + "\n      store %y[" +
                           at + "], %a\n    }\n  }\n}\n",
                       isa);
        for (int64_t n : {1, 2, 5, 15, 16, 17, 31, 64, 77, 300}) {
          const int64_t extent = std::abs(step) * (n - 1) + 1;
          const Buffer x = numbers(t, n, 9);
          Buffer y(t, extent), want(t, extent);
          y.fill(1);
          want.fill(1);
          for (int64_t j = 0; j < n; ++j)
            std::memcpy(want.as<char>() + (step < 0 ? n - 1 - j : step * j) * size_of(t), x.as<char>() + j * size_of(t), static_cast<size_t>(size_of(t)));
          k.run({x.data(), y.data()}, {n});
          ASSERT_TRUE(same(t, y.data(), want.data(), extent)) << "n = " << n;
          ASSERT_TRUE(y.untouched_before());
        }
      }
    }
  }
}

// A dynamic index, clamped, and index arithmetic in lanes: y[j] = x[clamp(i[j])] ; q[j] = (j / m) * 1000 + j % m.
TEST(Memory, GatherAndIndexArithmetic) {
  const std::string text =
      "kernel @k(%x: buf f32, %i: buf i64, %y: buf f32, %q: buf i64, %n: index, %m: index) {\n  work [1] { (w)\n    lanes [0, %n] { (j)\n"
      "      %a = load %i[j] : i64\n      %b = clamp %a, 0, 99 : i64\n      %c = load %x[%b] : f32\n      store %y[j], %c\n"
      "      %d = index.div [j + 5, %m] : index\n      %e = index.rem [j + 5, %m] : index\n      %f = index.min [%d, 3*j] : index\n      %g = index.max [%e, 2] : index\n"
      "      %h = index [1000*%f + %g] : i64\n      store %q[j], %h\n    }\n  }\n}\n";
  for (Isa isa : isas()) {
    const Kernel k(text, isa);
    for (int64_t n : {1, 7, 16, 40, 1000}) {
      for (int64_t m : {1, 3, 7, 64, 1000003}) {
        const Buffer x = numbers(DType::f32, 100, 1), i = numbers(DType::i64, n, 2);
        Buffer y(DType::f32, n), q(DType::i64, n);
        k.run({x.data(), i.data(), y.data(), q.data()}, {n, m});
        for (int64_t j = 0; j < n; ++j) {
          const int64_t at = std::min<int64_t>(std::max<int64_t>(i.as<int64_t>()[j], 0), 99);
          ASSERT_TRUE(same(DType::f32, y.as<float>() + j, x.as<float>() + at, 1)) << j;
          ASSERT_EQ(q.as<int64_t>()[j], 1000 * std::min((j + 5) / m, 3 * j) + std::max<int64_t>((j + 5) % m, 2)) << j << " " << m;
        }
      }
    }
  }
}

// Padding: x[j - 3] where that exists, else a number; nothing outside of x is touched.
TEST(Memory, GuardedLoads) {
  for (int i = 0; i < kDTypeCount; ++i) {
    const auto t = static_cast<DType>(i);
    const std::string type(name(t)), other = t == DType::boolean ? "true" : is_float(t) ? "1.5" : "7";
    for (Isa isa : isas()) {
      for (const char* at : {"j - 3", "%n + 2 - j", "2*j - 3", "0"}) {
        SCOPED_TRACE(type + " " + on(isa) + " " + at);
        const std::string e = at;
        const Kernel k("kernel @k(%x: buf " + type + ", %y: buf " + type + ", %n: index) {\n  work [1] { (w)\n    lanes [0, %n + 6] { (j)\n      %i = index [" + e +
                           "] : i64\n      %m = index [%n] : i64\n      %p = le 0, %i : bool\n      %q = lt %i, %m : bool\n      %g = bit_and %p, %q : bool\n"
                           "      %a = load %x[" + e + "], %g, " + other + " : " + type + "\n      store %y[j], %a\n    }\n  }\n}\n",
                       isa);
        for (int64_t n : {0, 1, 2, 10, 13, 26, 57, 58, 59, 60, 200}) {
          const Buffer x = numbers(t, n, 4);
          Buffer y(t, n + 6), want(t, n + 6);
          for (int64_t j = 0; j < n + 6; ++j) {
            const int64_t where = e == "j - 3" ? j - 3 : e == "%n + 2 - j" ? n + 2 - j : e == "0" ? 0 : 2 * j - 3;
            const ir::Literal l = ir::Literal::of(t, t == DType::boolean ? 1 : is_float(t) ? 1.5 : 7);
            const void* from = where >= 0 && where < n ? static_cast<const void*>(x.as<char>() + where * size_of(t)) : &l.bits;
            std::memcpy(want.as<char>() + j * size_of(t), from, static_cast<size_t>(size_of(t)));
          }
          k.run({x.data(), y.data()}, {n});
          ASSERT_TRUE(same(t, y.data(), want.data(), n + 6)) << "n = " << n;
        }
      }
    }
  }
}

// Extents that are known, so that masks are constants, with values wider than the vectors that the
// body is made of: nothing beyond the arrays is touched, nothing is missed.
TEST(Memory, KnownTailsOfWideValues) {
  for (Isa isa : isas()) {
    for (const char* wide : {"f64", "i64"}) {
      for (int64_t n = 1; n <= 40; ++n) {
        SCOPED_TRACE(on(isa) + " " + wide + " n " + std::to_string(n));
        const std::string N = std::to_string(n), W = wide;
        const Kernel k("kernel @k(%x: buf " + W + ", %y: buf f32, %z: buf f32, %u: buf f32, %r: buf " + W + ") {\n  work [1] { (w)\n    lanes [0, " + N + "] { (j)\n" +
                           "      %a = load %x[j] : " + W + "\n      %b = load %x[" + std::to_string(n - 1) + " - j] : " + W + "\n      store %r[j], %b\n" +
                           "      %c = cast %a to=f32 : f32\n      %d = load %y[j] : f32\n      %e = sub %c, %d : f32\n      store %z[j], %e\n      %f = neg %d : f32\n      store %u[j], %f\n    }\n  }\n}\n",
                       isa);
        const Buffer x = numbers(k.func.type(k.func.body.args[0]).dtype, n, 12), y = numbers(DType::f32, n, 13);
        Buffer z(DType::f32, n), u(DType::f32, n), r(x.dtype, n), want(DType::f32, n);
        k.run({x.data(), y.data(), z.data(), u.data(), r.data()}, {});
        const void* in[] = {x.data()};
        const size_t step[] = {1};
        ir::evaluate(ir::Op::cast, x.dtype, DType::f32, static_cast<size_t>(n), in, step, want.data());
        for (int64_t j = 0; j < n; ++j) {
          const float e = want.as<float>()[j] - y.as<float>()[j], f = -y.as<float>()[j];
          ASSERT_TRUE(same(DType::f32, z.as<float>() + j, &e, 1)) << j;
          ASSERT_TRUE(same(DType::f32, u.as<float>() + j, &f, 1)) << j;
          ASSERT_TRUE(same(x.dtype, r.as<char>() + 8 * j, x.as<char>() + 8 * (n - 1 - j), 1)) << j;
        }
        ASSERT_TRUE(z.untouched_before() && u.untouched_before() && r.untouched_before());
      }
    }
  }
}

// Streaming stores from every alignment; two of them, of different types.
TEST(Memory, StreamsAtEveryAlignment) {
  for (Isa isa : isas()) {
    const Kernel k(
        "kernel @k(%x: buf f32, %y: buf f32, %z: buf f64, %n: index) {\n  work [1] { (w)\n    lanes [0, %n] { (j)\n      %a = load %x[j] : f32\n"
        "      %b = neg %a : f32\n      store %y[j], %b stream=1\n      %c = cast %a to=f64 : f64\n      store %z[j], %c stream=1\n    }\n  }\n}\n",
        isa);
    for (int64_t offset = 0; offset < 17; ++offset) {
      for (int64_t n : {0, 1, 15, 16, 17, 64, 100, 1000, 4099}) {
        SCOPED_TRACE(on(isa) + " offset " + std::to_string(offset) + " n " + std::to_string(n));
        const Buffer x = numbers(DType::f32, n, 8);
        std::vector<float> y(static_cast<size_t>(n) + 64, 3.0f);
        std::vector<double> z(static_cast<size_t>(n) + 64, 3.0);
        auto aligned = [](auto* p) { return reinterpret_cast<decltype(p)>((reinterpret_cast<uintptr_t>(p) + 63) / 64 * 64); };
        float* yp = aligned(y.data()) + offset;
        double* zp = aligned(z.data()) + (offset & 3);
        k.run({x.data(), yp, zp}, {n});
        for (int64_t j = 0; j < n; ++j) {
          const float f = -x.as<float>()[j];
          const double d = x.as<float>()[j];
          ASSERT_TRUE(same(DType::f32, yp + j, &f, 1)) << j;
          ASSERT_TRUE(same(DType::f64, zp + j, &d, 1)) << j;
        }
        ASSERT_EQ(yp[n], 3.0f);
        ASSERT_EQ(zp[n], 3.0);
      }
    }
  }
}

TEST(Memory, Tiles) {
  for (int i = 0; i < kDTypeCount; ++i) {
    const auto t = static_cast<DType>(i);
    const std::string type(name(t));
    for (Isa isa : isas()) {
      for (int64_t size : {4, 16, 32}) {
        const std::string T = std::to_string(size);
        const Kernel k("kernel @k(%x: buf " + type + ", %y: buf " + type + ", %s: index, %p: index, %q: index) {\n  %l = local [" + std::to_string(size * size) +
                           "] : buf " + type + "\n  work [1] { (w)\n    tile %x[3, %s, %p, %q], %l size=" + T + "\n    loop [0, %p] { (i)\n      lanes [0, %q] { (j)\n" +
                           "        %a = load %l[" + T + "*i + j] : " + type + "\n        store %y[" + T + "*i + j], %a\n      }\n    }\n  }\n}\n",
                       isa);
        for (int64_t p = 0; p <= size; p = p < 4 ? p + 1 : p + 3 > size && p < size ? size : p + 3) {
          for (int64_t q : {int64_t{0}, int64_t{1}, size / 2 + 1, size - 1, size}) {
            SCOPED_TRACE(type + " " + on(isa) + " size " + T + " p " + std::to_string(p) + " q " + std::to_string(q));
            const int64_t stride = p + 5;
            const Buffer x = numbers(t, 3 + stride * std::max<int64_t>(q - 1, 0) + p, 6);
            Buffer y(t, size * size), want(t, size * size);
            y.fill(1);
            want.fill(1);
            for (int64_t a = 0; a < p; ++a)
              for (int64_t b = 0; b < q; ++b)
                std::memcpy(want.as<char>() + (a * size + b) * size_of(t), x.as<char>() + (3 + b * stride + a) * size_of(t), static_cast<size_t>(size_of(t)));
            k.run({x.data(), y.data()}, {stride, p, q});
            ASSERT_TRUE(same(t, y.data(), want.data(), size * size));
          }
        }
      }
    }
  }
}

// Softmax of rows: locals, three lanes in a row, scalars between them, the work range in parts; then
// a finish that adds up what the items left.
TEST(Memory, LocalsScalarsAndFinish) {
  const std::string text =
      "kernel @k(%x: buf f32, %y: buf f32, %p: buf f32, %o: buf f32, %rows: index, %n: index) {\n  %u = local [3] : buf u8\n  %t = local [%n] : buf f32\n"
      "  work [%rows] { (r)\n    store %u[2], 5\n    %m = lanes [0, %n] reduce=[reduce.max] : f32 { (j)\n      %a = load %x[r*%n + j] : f32\n      yield %a\n    }\n"
      "    %s = lanes [0, %n] reduce=[reduce.sum] : f32 { (j.1)\n      %b = load %x[r*%n + j.1] : f32\n      %c = sub %b, %m : f32\n      %e = exp %c : f32\n      store %t[j.1], %e\n      yield %e\n    }\n"
      "    %i = reciprocal %s : f32\n    store %p[r], %s\n    lanes [0, %n] { (j.2)\n      %f = load %t[j.2] : f32\n      %g = mul %f, %i : f32\n      store %y[r*%n + j.2], %g\n    }\n  }\n"
      "  finish {\n    %z = lanes [0, %rows] reduce=[reduce.sum] tree=1 : f32 { (j.3)\n      %h = load %p[j.3] : f32\n      yield %h\n    }\n    store %o[0], %z\n  }\n}\n";
  for (Isa isa : isas()) {
    const Kernel k(text, isa);
    for (int64_t rows : {1, 2, 5, 33}) {
      for (int64_t n : {1, 3, 16, 100, 128, 1000, 1024, 2500}) {
        SCOPED_TRACE(on(isa) + " " + std::to_string(rows) + " x " + std::to_string(n));
        const Buffer x = numbers(DType::f32, rows * n, 2, true);
        Buffer y(DType::f32, rows * n), p(DType::f32, rows), r(DType::f32, 1);
        k.run({x.data(), y.data(), p.data(), r.data()}, {rows, n}, rows);
        std::vector<float> sums;
        for (int64_t i = 0; i < rows; ++i) {
          const float* row = x.as<float>() + i * n;
          std::vector<float> d(row, row + n), e(d.size());
          const float max = *std::max_element(d.begin(), d.end());
          for (float& v : d) v -= max;
          const void* in[] = {d.data()};
          const size_t step[] = {1};
          ir::evaluate(ir::Op::exp, DType::f32, DType::f32, d.size(), in, step, e.data());
          float sum = 0;
          reduce_reference(ir::Op::reduce_sum, DType::f32, e.data(), n, 1, false, &sum);
          sums.push_back(sum);
          const float inverse = 1.0f / sum;
          for (float& v : e) v *= inverse;
          ASSERT_TRUE(same(DType::f32, y.as<float>() + i * n, e.data(), n)) << "row " << i;
        }
        float total = 0;
        reduce_reference(ir::Op::reduce_sum, DType::f32, sums.data(), rows, 1, true, &total);
        ASSERT_EQ(r.as<float>()[0], total);
      }
    }
  }
}

// Loops with a step, prefetches past the end, scalars of every kind of op outside of lanes.
TEST(Memory, LoopsAndPrefetch) {
  for (Isa isa : isas()) {
    const Kernel k(
        "kernel @k(%x: buf i32, %y: buf i32, %n: index) {\n  work [1] { (w)\n    loop [1, %n] step=3 { (i)\n      prefetch %x[i + 1000000]\n"
        "      lanes [0, 4] { (j)\n        prefetch %x[j + 4096]\n        %a = load %x[4*i + j] : i32\n        store %y[4*i + j], %a\n      }\n    }\n  }\n}\n",
        isa);
    for (int64_t n : {0, 1, 2, 5, 10}) {
      const Buffer x = numbers(DType::i32, 4 * n, 3);
      Buffer y(DType::i32, 4 * n), want(DType::i32, 4 * n);
      y.fill(7);
      want.fill(7);
      for (int64_t i = 1; i < n; i += 3) std::memcpy(want.as<int32_t>() + 4 * i, x.as<int32_t>() + 4 * i, 16);
      k.run({x.data(), y.data()}, {n});
      ASSERT_TRUE(same(DType::i32, y.data(), want.data(), 4 * n));
    }
  }
}

}  // namespace
}  // namespace frit::test
