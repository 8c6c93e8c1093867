// Seeing and checking: ir, explain, compare, the environment's switches, dumps.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "frit/frit.h"
#include "gtest/gtest.h"
#include "support/env.h"
#include "tests/frontend/help.h"

namespace {

namespace fs = std::filesystem;
using frit::array;
using frit::Tensor;

// Sets a variable of the environment while it lives.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    ::setenv(name, value.c_str(), 1);
    frit::reload_env();
  }
  ~Variable() {
    if (before_) ::setenv(name_, before_->c_str(), 1);
    else ::unsetenv(name_);
    frit::reload_env();
  }

 private:
  const char* name_;
  std::optional<std::string> before_;
};

TEST(Explain, SaysWhatBecomesOfTheCall) {
  auto f = frit::jit([](Tensor x) { return softmax(x * 2.f); }, {.name = "soft"});
  const frit::Report r = f.explain(frit::spec<float>({64, 512}));
  EXPECT_EQ(r.name, "soft");
  ASSERT_EQ(r.kernels.size(), 1u) << r.text;
  EXPECT_EQ(r.launches, 1);
  EXPECT_FALSE(r.kernels[0].schedule.empty());
  EXPECT_EQ(r.bytes_read, 64 * 512 * 4);
  EXPECT_EQ(r.bytes_written, 64 * 512 * 4);
  EXPECT_FALSE(r.decisions.empty());
  for (const auto& d : r.decisions) EXPECT_FALSE(d.reason.empty());
  EXPECT_NE(r.text.find("soft(arg0: f32[64,512]) -> f32[64,512]"), std::string::npos) << r.text;
  EXPECT_NE(r.text.find("1 kernel, reads 128 KiB, writes 128 KiB"), std::string::npos) << r.text;
}

TEST(Ir, EveryLevel) {
  auto f = frit::jit([](Tensor x) { return x * 2.f + 1.f; }, {.name = "line"});
  const Tensor x = frit::ones({100});
  EXPECT_NE(f.ir(frit::Level::tensor, x).find("func @line"), std::string::npos);
  EXPECT_NE(f.ir(frit::Level::fused, x).find("fused"), std::string::npos);
  EXPECT_NE(f.ir(frit::Level::kernel, x).find("kernel @"), std::string::npos);
  EXPECT_NE(f.ir(frit::Level::llvm, x).find("define"), std::string::npos);
  EXPECT_NE(f.ir(frit::Level::assembly, x).find("mm"), std::string::npos);
  EXPECT_EQ(f.stats().traces, 1);
}

TEST(Compare, EagerAgainstFused) {
  auto f = frit::jit([](Tensor x, Tensor y) { return std::pair{x * y + 1.f, sum(exp(x))}; });
  const frit::Comparison c = f.compare(help::random({50, 50}), help::random({50, 50}, 2));
  EXPECT_TRUE(c.same_bits) << c.text;
  EXPECT_EQ(c.difference, "");
  EXPECT_NE(c.text.find("the same bits"), std::string::npos);
  if (help::interpreted()) return;
  EXPECT_EQ(c.eager_launches, 4);
  EXPECT_LE(c.launches, 2);
  EXPECT_LT(c.bytes, c.eager_bytes);
  EXPECT_GT(c.fused_us, 0);
}

TEST(Compare, SeesADifference) {
  // A function that is not the same twice: its own fault, and found.
  float k = 0;
  auto f = frit::jit([&](Tensor x) { return x + (k += 1); });
  const frit::Comparison c = f.compare(array({{1.f, 2.f}}));
  EXPECT_FALSE(c.same_bits);
  EXPECT_EQ(c.difference, "result 0[0,0]: 3.0 eagerly, 2.0 fused");
}

TEST(Compare, NaNsAreOneValue) {
  auto f = frit::jit([](Tensor x) { return sqrt(x); });
  EXPECT_TRUE(f.compare(array({-1.f, 4.f})).same_bits);
}

TEST(Environment, JitOff) {
  Variable off("FRIT_JIT", "off");
  int calls = 0;
  auto f = frit::jit([&](Tensor x) {
    ++calls;
    return x + x.item<float>();  // values can be read: it is not traced
  });
  EXPECT_EQ(f(array({2.f})).item<float>(), 4);
  EXPECT_EQ(f(array({3.f})).item<float>(), 6);
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(f.stats().traces, 0);
}

TEST(Environment, CheckNanNamesTheFirstOp) {
  auto f = frit::jit([](Tensor x) {
    Tensor y = x - 2.f;
    Tensor z = log(y);
    return where(z == z, z, 0.f) + 1.f;
  }, {.name = "hidden"});
  const int line = __LINE__ - 3;
  const Tensor good = array({3.f, 4.f}), bad = array({3.f, 1.f});
  EXPECT_EQ(f(bad).to_vector<float>()[1], 1);
  Variable check("FRIT_CHECK", "nan");
  f(good);
  const frit::Error e = help::error_of([&] { f(bad); });
  EXPECT_EQ(e.op, "log");
  EXPECT_EQ(e.where.line, line);
  EXPECT_NE(e.message.find("makes a NaN from operands without one"), std::string::npos) << e.message;
  EXPECT_NO_THROW(f(array({3.f, NAN})));  // it was there before
  EXPECT_EQ(help::error_of([&] { sqrt(array({-1.f})); }).op, "sqrt");  // eagerly too
  EXPECT_EQ(help::error_of([&] { sqrt(array({-1.f})); }).where.line, __LINE__);
}

TEST(Options, CheckNanOfOneFunction) {
  auto f = frit::jit([](Tensor x) { return x / x; }, {.check_nan = true});
  EXPECT_EQ(f(array({2.f})).item<float>(), 1);
  EXPECT_EQ(help::error_of([&] { f(array({0.f})); }).op, "div");
}

TEST(Environment, CheckCaptures) {
  Tensor w = array({1.f});
  auto f = frit::jit([&](Tensor x) { return x * w; }, {.name = "f"});
  f(w);
  Variable check("FRIT_CHECK", "captures");
  EXPECT_EQ(f(w).item<float>(), 1);
  w = array({1.f});
  EXPECT_NO_THROW(f(w));  // the same value
  w = array({2.f});
  const frit::Error e = help::error_of([&] { f(array({1.f})); });
  EXPECT_EQ(e.message, "a captured f32[1] has changed since the function was traced");
  EXPECT_EQ(e.where.line, __LINE__ - 9);
}

TEST(Environment, CheckCapturesOfBorrowedMemory) {
  Variable check("FRIT_CHECK", "captures");
  std::vector<float> memory(37, 1.f);
  const Tensor w = Tensor::borrow(memory.data(), {37});
  auto f = frit::jit([&](Tensor x) { return x * w; }, {.name = "f"});
  f(w);
  EXPECT_NO_THROW(f(w));
  memory[36] = 2;
  EXPECT_EQ(help::error_of([&] { f(w); }).message, "a captured f32[37] has changed since the function was traced");
  memory[36] = 1;
  EXPECT_NO_THROW(f(w));
}

TEST(Environment, TheInterpreterGivesTheSameBits) {
  auto f = [](Tensor x) { return softmax(x * 2.f) + sum(x, 0); };
  const Tensor x = help::random({20, 130});
  const Tensor want = frit::jit(f)(x);
  Variable engine("FRIT_ENGINE", "interp");
  frit::reset_run_counters();
  EXPECT_EQ(help::first_difference(frit::jit(f)(x), want), "");
  EXPECT_EQ(frit::run_counters().launches, 0);
}

TEST(Environment, DisabledPassesAndFuelGiveTheSameBits) {
  auto f = [](Tensor x) { return exp(x) * 2.f + x * 0.f + (x - x); };
  const Tensor x = help::random({100});
  const Tensor want = frit::jit(f)(x);
  for (const char* fuel : {"0", "1", "3"}) {
    Variable v("FRIT_FUEL", fuel);
    EXPECT_EQ(help::first_difference(frit::jit(f)(x), want), "") << fuel;
  }
  {
    Variable v("FRIT_DISABLE", "fuse");
    EXPECT_EQ(help::first_difference(frit::jit(f)(x), want), "");
  }
  Variable v("FRIT_DISABLE", "fuse,nosuch");
  EXPECT_EQ(help::error_of([&] { frit::jit(f)(x); }).message, "FRIT_DISABLE: no pass or rule is named 'nosuch'");
}

TEST(Environment, Dump) {
  const std::string dir = testing::TempDir() + "frit_dump_" + std::to_string(static_cast<int>(::getpid()));
  fs::remove_all(dir);
  const Tensor w = array({5.f, 6.f});
  {
    Variable dump("FRIT_DUMP", dir + ":fn=seen*");
    frit::jit([&](Tensor x) { return exp(x) * 2.f + w; }, {.name = "seen_one"})(array({1.f, 2.f}));
    frit::jit([](Tensor x) { return x + 1.f; }, {.name = "other"})(array({1.f, 2.f}));
  }
  ASSERT_TRUE(fs::exists(dir + "/seen_one-1/program.ir"));
  EXPECT_FALSE(fs::exists(dir + "/other-1"));
  EXPECT_EQ(frit::load_npy(dir + "/seen_one-1/arg0.npy").to_vector<float>(), (std::vector<float>{1, 2}));
  EXPECT_EQ(frit::load_npy(dir + "/seen_one-1/captured.npy").to_vector<float>(), (std::vector<float>{5, 6}));
  std::ifstream in(dir + "/seen_one-1/program.ir");
  std::stringstream text;
  text << in.rdbuf();
  EXPECT_NE(text.str().find("func @seen_one(%arg0: f32[2]"), std::string::npos) << text.str();
  int kernels = 0, snapshots = 0;
  for (const auto& e : fs::directory_iterator(dir + "/seen_one-1")) {
    kernels += e.path().extension() == ".s";
    snapshots += e.path().extension() == ".ir" && std::isdigit(e.path().filename().string()[0]);
  }
  if (!help::interpreted()) {
    EXPECT_EQ(kernels, 1);
    EXPECT_GE(snapshots, 2);
    EXPECT_TRUE(fs::exists(dir + "/seen_one-1/explain.txt"));
  }
  fs::remove_all(dir);
}

TEST(Counters, CountWhatIsExecuted) {
  if (help::interpreted()) GTEST_SKIP();
  const Tensor x = frit::ones({1000});
  auto f = frit::jit([](Tensor t) { return t * 2.f + 1.f; });
  f(x);
  frit::reset_run_counters();
  f(x);
  EXPECT_EQ(frit::run_counters().launches, 1);
  EXPECT_EQ(frit::run_counters().bytes_read, 4000);
  EXPECT_EQ(frit::run_counters().bytes_written, 4000);
  x * 2.f + 1.f;
  EXPECT_EQ(frit::run_counters().launches, 3);
}

TEST(Config, VersionAndStats) {
  EXPECT_FALSE(frit::version().empty());
  const Tensor x = frit::ones({1 << 16});
  EXPECT_GE(frit::memory_stats().live_bytes, 4 << 16);
  frit::trim_memory();
  EXPECT_EQ(frit::memory_stats().cached_bytes, 0);
  frit::synchronize();
}

}  // namespace
