// The kernel cache: what makes a key, bounds, counters, threads; the instruction set chosen.
#include <atomic>
#include <thread>

#include "codegen/code_cache.h"
#include "codegen/cuda.h"
#include "codegen/key.h"
#include "frit/error.h"
#include "tests/codegen/harness.h"

#include "ir/text.h"

namespace frit::test {
namespace {

using codegen::Isa;

std::string text(const std::string& constant, const std::string& kernel = "k", const std::string& value = "a") {
  return "frit 1\nkernel @" + kernel + "(%x: buf f32, %n: index) {\n  work [1] { (w)\n    lanes [0, %n] { (j)\n      %" + value + " = load %x[j] : f32\n      %v = mul %" + value +
         ", " + constant + " : f32\n      store %x[j], %v\n    }\n  }\n}\n";
}

TEST(Cache, KeyHasEverythingButNamesAndPlaces) {
  const auto key = [](const std::string& t, Isa isa) { return codegen::kernel_key(ir::parse(t), isa); };
  const std::string base = key(text("2.0"), Isa::avx2);
  EXPECT_EQ(base, key(text("2.0", "other", "name"), Isa::avx2));
  EXPECT_NE(base, key(text("2.0"), Isa::avx512));
  EXPECT_NE(base, key(text("3.0"), Isa::avx2));
  EXPECT_NE(key(text("0.0"), Isa::avx2), key(text("-0.0"), Isa::avx2));
  std::string other = text("2.0");
  other.replace(other.find("x[j] :"), 4, "x[2*j]");
  EXPECT_NE(base, key(other, Isa::avx2));
  other = text("2.0");
  other.replace(other.find("mul"), 3, "add");
  EXPECT_NE(base, key(other, Isa::avx2));
  other = text("2.0");
  other.replace(other.find(", %v\n"), 5, ", %v stream=1\n");
  EXPECT_NE(base, key(other, Isa::avx2));
}

TEST(Cache, CompilesOnceCountsAndStaysBounded) {
  codegen::clear_kernel_cache();
  const auto before = codegen::kernel_cache_stats();
  const auto first = codegen::compile_kernel(ir::parse(text("4.0")), Isa::avx2);
  EXPECT_EQ(first, codegen::compile_kernel(ir::parse(text("4.0", "again")), Isa::avx2));
  auto now = codegen::kernel_cache_stats();
  EXPECT_EQ(now.misses - before.misses, 1);
  EXPECT_EQ(now.hits - before.hits, 1);
  EXPECT_EQ(now.size, 1);
  EXPECT_GT(now.compile_ms, before.compile_ms);

  codegen::set_kernel_cache_capacity(3);
  for (int i = 0; i < 6; ++i) {
    codegen::compile_kernel(ir::parse(text(std::to_string(i) + ".5")), Isa::avx2);
    codegen::compile_kernel(ir::parse(text("4.0")), Isa::avx2);  // in use, so it stays
  }
  now = codegen::kernel_cache_stats();
  EXPECT_EQ(now.size, 3);
  EXPECT_EQ(now.misses - before.misses, 7);
  EXPECT_EQ(now.evictions - before.evictions, 4);
  EXPECT_EQ(first, codegen::compile_kernel(ir::parse(text("4.0")), Isa::avx2));
  codegen::set_kernel_cache_capacity(now.capacity == 3 ? 4096 : now.capacity);

  // Code lives on with those who hold it.
  codegen::clear_kernel_cache();
  float x[5] = {1, 2, 3, 4, 5};
  void* buffers[] = {x};
  const int64_t n = 5;
  first->work(buffers, &n, 0, 1, nullptr);
  EXPECT_EQ(x[4], 20.0f);
}

TEST(Cache, ManyThreadsOneCompilation) {
  codegen::clear_kernel_cache();
  const auto before = codegen::kernel_cache_stats();
  std::vector<std::shared_ptr<const rt::KernelCode>> got(12);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < got.size(); ++i)
    threads.emplace_back([&, i] { got[i] = codegen::compile_kernel(ir::parse(text(i % 2 ? "7.0" : "8.0")), Isa::avx2); });
  for (auto& t : threads) t.join();
  for (size_t i = 2; i < got.size(); ++i) EXPECT_EQ(got[i], got[i % 2]);
  EXPECT_EQ(codegen::kernel_cache_stats().misses - before.misses, 2);
}

TEST(Cache, FailuresAreTold) {
  // Passes the parser, but an op of another level stands in the kernel.
  ir::Func f = ir::parse(text("2.0"));
  for (ir::OpNode& op : f.ops)
    if (op.op == ir::Op::mul) op.op = ir::Op::iota;
  const auto before = codegen::kernel_cache_stats();
  EXPECT_THROW(codegen::compile_kernel(f, Isa::avx2), std::logic_error);
  EXPECT_THROW(codegen::compile_kernel(f, Isa::avx2), std::logic_error);
  EXPECT_EQ(codegen::kernel_cache_stats().size, before.size);
}

// Whoever waits for a claim that its owner gives up, by an exception, is told, and the next one compiles.
TEST(Cache, ClaimsThatAreGivenUpAreTold) {
  struct Code {
    double compile_ms = 1;
  };
  codegen::CodeCache<Code> cache;
  std::thread waits;
  std::atomic<bool> claimed = false, told = false;
  try {
    codegen::CodeCache<Code>::Claims claims(cache, {"a", "b", "a"});
    EXPECT_EQ(claims.ours(), (std::vector<size_t>{0, 1}));  // the second "a" waits for the first
    claims.settle(0, std::make_shared<Code>());
    waits = std::thread([&] {
      const auto c = cache.claim("b");
      claimed = true;
      try {
        cache.wait(c);
      } catch (const std::runtime_error&) {
        told = true;
      }
    });
    while (!claimed) std::this_thread::yield();
    throw std::bad_alloc();
  } catch (const std::bad_alloc&) {
  }
  waits.join();
  EXPECT_TRUE(told);
  EXPECT_EQ(cache.stats().size, 1);  // "a"
  codegen::CodeCache<Code>::Claims again(cache, {"a", "b"});
  EXPECT_EQ(again.ours(), std::vector<size_t>{1});
  again.settle(1, std::make_shared<Code>());
  again.fail(1, std::make_exception_ptr(std::runtime_error("too late")));  // nothing: it is settled
  EXPECT_EQ(again.wait().size(), 2u);
}

TEST(Cache, BoundedByBytesToo) {
  struct Code {
    double compile_ms = 1;
  };
  codegen::CodeCache<Code> cache;
  cache.set_capacity(100, 1000);
  auto put = [&](const std::string& key, int64_t bytes) { cache.settle(cache.claim(key), std::make_shared<Code>(), nullptr, bytes); };
  put("a", 400), put("b", 500);
  EXPECT_EQ(cache.stats().bytes, 900);
  EXPECT_FALSE(cache.claim("a").ours);
  put("c", 300);  // b was used longest ago
  EXPECT_EQ(cache.stats().bytes, 700);
  EXPECT_EQ(cache.stats().evictions, 1);
  put("large", 5000);
  EXPECT_EQ(cache.stats().size, 1);
  EXPECT_FALSE(cache.claim("large").ours);
  cache.clear();
  EXPECT_EQ(cache.stats().bytes, 0);
}

// A set of kernels one of which the printer refuses: the call fails each time, and what stood beside it can be compiled.
TEST(Cache, AKernelThatCannotBePrintedLeavesNoClaim) {
  codegen::set_cuda_compiler([](std::span<codegen::CudaSource> sources, const codegen::GpuSpec&) {
    for (codegen::CudaSource& s : sources) s.launch.image = std::make_shared<const std::string>(s.text);
  });
  const ir::Func good = ir::parse(text("2.0"));
  ir::Func bad = good;
  for (ir::OpNode& op : bad.ops)
    if (op.op == ir::Op::mul) op.op = ir::Op::iota;
  const codegen::GpuSpec& card = *codegen::find_gpu("H200");
  const ir::Func* both[] = {&bad, &good};
  for (int i = 0; i < 2; ++i) EXPECT_THROW(codegen::compile_cuda_kernels(both, card, {false, false}), std::logic_error);
  EXPECT_EQ(codegen::cuda_cache_stats().size, 0);
  EXPECT_FALSE(codegen::compile_cuda_kernel(good, card, false)->image->empty());
  codegen::set_cuda_compiler({});
}

TEST(Isa, ChosenAndForced) {
  const Isa best = codegen::host_isa();
  codegen::set_isa(Isa::avx2);
  EXPECT_EQ(codegen::host_isa(), Isa::avx2);
  codegen::set_isa(best);
  EXPECT_EQ(codegen::host_isa(), best);
  EXPECT_EQ(name(Isa::avx2), "avx2");
}

TEST(Listings, ShowCode) {
  const ir::Func f = ir::parse(text("2.0"));
  EXPECT_NE(codegen::llvm_ir(f, Isa::avx2).find("define void @work"), std::string::npos);
  const std::string wide = codegen::assembly(f, Isa::avx512), narrow = codegen::assembly(f, Isa::avx2);
  EXPECT_NE(wide.find("zmm"), std::string::npos);
  EXPECT_EQ(narrow.find("zmm"), std::string::npos);
  EXPECT_EQ(narrow.find("%k1"), std::string::npos);
  EXPECT_NE(narrow.find("ymm"), std::string::npos);
}

}  // namespace
}  // namespace frit::test
