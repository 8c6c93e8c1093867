// Mistakes: op, message, the user's line, notes about the makers of operands, and that the next call works.
#include <unistd.h>

#include <fstream>

#include "frit/frit.h"
#include "gtest/gtest.h"
#include "tests/frontend/help.h"

namespace {

using frit::array;
using frit::Tensor;

TEST(Errors, ShapesThatDoNotBroadcast) {
  const Tensor x = frit::zeros({3, 4});
  const Tensor y = frit::arange(5.f);
  frit::Error e = help::error_of([&] { x * y; });
  EXPECT_EQ(e.op, "mul");
  EXPECT_EQ(e.message, "f32[3,4] and f32[5] do not broadcast: last axes 4 and 5");
  EXPECT_EQ(e.where.line, __LINE__ - 3);
  EXPECT_NE(std::string(e.where.file).find("errors_test.cpp"), std::string::npos);
  ASSERT_EQ(e.notes.size(), 2u);
  EXPECT_EQ(e.notes[0].text, "f32[3,4] made by zeros here");
  EXPECT_EQ(e.notes[0].where.line, __LINE__ - 9);
  EXPECT_EQ(e.notes[1].text, "f32[5] made by arange here");
  EXPECT_EQ(e.notes[1].where.line, __LINE__ - 10);
  EXPECT_FALSE(e.help.empty());
  const std::string report = e.what();
  EXPECT_EQ(report.find(e.where.file), 0u) << report;
  EXPECT_NE(report.find(": error: mul: f32[3,4] and f32[5] do not broadcast: last axes 4 and 5\n"), std::string::npos) << report;
  EXPECT_NE(report.find(": note: f32[5] made by arange here\n"), std::string::npos) << report;
  // The same inside of a trace; the operands are arguments there.
  auto f = frit::jit([](Tensor a, Tensor b) { return exp(a) * b; });
  e = help::error_of([&] { f(x, y); });
  EXPECT_EQ(e.op, "mul");
  EXPECT_EQ(e.message, "f32[3,4] and f32[5] do not broadcast: last axes 4 and 5");
  EXPECT_EQ(e.where.line, __LINE__ - 4);
  ASSERT_EQ(e.notes.size(), 2u);
  EXPECT_EQ(e.notes[0].text, "f32[3,4] made by exp here");
  EXPECT_EQ(e.notes[1].text, "f32[5] made by arange here");
  EXPECT_EQ((x * 2).count(), 12);
}

TEST(Errors, TypesThatAnOpDoesNotTake) {
  const Tensor i = array({1, 2});
  EXPECT_EQ(help::error_of([&] { exp(i); }).op, "exp");
  EXPECT_EQ(help::error_of([&] { exp(i); }).where.line, __LINE__);
  EXPECT_EQ(help::error_of([&] { mean(i); }).op, "mean");
  EXPECT_EQ(help::error_of([&] { softmax(i); }).op, "softmax");
  EXPECT_EQ(help::error_of([&] { any(i); }).op, "any");
  EXPECT_EQ(help::error_of([&] { -array({true}); }).op, "neg");
  EXPECT_EQ(help::error_of([&] { -array({true}); }).where.line, __LINE__);
  EXPECT_EQ(help::error_of([&] { array({1.f}) % 2.f; }).op, "rem");
}

TEST(Errors, AxesOutOfRange) {
  const Tensor x = frit::zeros({2, 3});
  const frit::Error e = help::error_of([&] { sum(x, 2); });
  EXPECT_EQ(e.op, "sum");
  EXPECT_EQ(e.message, "axis 2 does not exist: the axes of a tensor of rank 2 are 0 to 1, or -2 to -1 from the end");
  EXPECT_EQ(e.where.line, __LINE__ - 3);
  EXPECT_EQ(help::error_of([&] { max(x, {0, -2}); }).message, "axis 0 is named twice");
  EXPECT_EQ(help::error_of([&] { softmax(x, -3); }).op, "softmax");
  EXPECT_EQ(help::error_of([&] { argmax(x, 5); }).op, "argmax");
  EXPECT_EQ(help::error_of([&] { mean(x, 7); }).op, "mean");
  EXPECT_NE(help::error_of([&] { sum(Tensor(1.f), 0); }).message.find("rank 0"), std::string::npos);
}

// Errors, and notes of where a tensor was made, name the function that the user called, whatever it is made of.
TEST(Errors, NameTheFunctionThatWasCalled) {
  const Tensor x = frit::zeros({2, 3}), i = array({1, 2});
  auto op = [](auto&& f) { return help::error_of(f).op; };
  auto maker = [&](const Tensor& t) {
    const frit::Error e = help::error_of([&] { t + frit::iota({7}, frit::DType::f32); });
    return e.notes.empty() ? "" : e.notes[0].text.substr(e.notes[0].text.find("made by"));
  };
  for (const bool traced : {false, true}) {
    auto check = [&](Tensor a) {
      EXPECT_EQ(op([&] { frit::stack({a, array({1})}); }), "stack");
      EXPECT_EQ(op([&] { frit::stack({a, cast(a, frit::DType::i64)}); }), "stack");
      EXPECT_EQ(op([&] { frit::stack({a, a}, 7); }), "stack");
      EXPECT_EQ(op([&] { frit::concatenate({a, i}, 1); }), "concatenate");
      EXPECT_EQ(op([&] { matmul(a, a); }), "matmul");
      EXPECT_EQ(op([&] { matmul(a, cast(a, frit::DType::i32)); }), "matmul");
      EXPECT_EQ(op([&] { rms_norm(a, i); }), "rms_norm");
      EXPECT_EQ(op([&] { logsumexp(a, 4); }), "logsumexp");
      EXPECT_EQ(op([&] { transpose(a, 0, 5); }), "transpose");
      EXPECT_EQ(op([&] { split(a, std::vector<int64_t>{INT64_MAX, INT64_MAX}); }), "split");
      EXPECT_EQ(maker(softmax(a)), "made by softmax here");
      EXPECT_EQ(maker(frit::stack({a, a})), "made by stack here");
      EXPECT_EQ(maker(frit::zeros({3})), "made by zeros here");
      EXPECT_EQ(maker(ones_like(a)), "made by ones_like here");
      EXPECT_EQ(maker(frit::linspace(0.f, 1.f, 3)), "made by linspace here");
      EXPECT_EQ(maker(sum(a, 0)), "made by sum here");
      return a;
    };
    if (traced) frit::jit(check)(x);
    else check(x);
  }
}

// Tensors made at one place, in a loop or a function, are told apart.
TEST(Errors, NotesOfTensorsMadeAtOnePlace) {
  auto make = [](int64_t n) { return frit::ones({n}); };
  const Tensor x = make(3), y = make(4);
  const frit::Error e = help::error_of([&] { x + y; });
  ASSERT_EQ(e.notes.size(), 2u);
  EXPECT_EQ(e.notes[0].text, "f32[3] made by ones here");
  EXPECT_EQ(e.notes[1].text, "f32[4] made by ones here");
}

TEST(Errors, CountsThatOverflowAreAtTheCaller) {
  const int64_t many = int64_t{1} << 40;
  for (const frit::Error& e : {help::error_of([&] { frit::zeros({many, many}); }), help::error_of([&] { frit::iota({many, many}, frit::DType::i64); }),
                               help::error_of([&] { frit::zeros({2, -1}); })}) {
    EXPECT_EQ(e.op, "shape");
    EXPECT_NE(std::string(e.where.file).find("errors_test.cpp"), std::string::npos);
    EXPECT_NEAR(e.where.line, __LINE__ - 4, 1);
  }
}

TEST(Errors, InsideOfCompositionsAreAtTheCaller) {
  const Tensor x = frit::zeros({2, 3}), scale = frit::ones({4});
  const frit::Error e = help::error_of([&] { layer_norm(x, scale, 0.f); });
  EXPECT_EQ(e.op, "layer_norm");
  EXPECT_EQ(e.where.line, __LINE__ - 2);
  EXPECT_NE(std::string(e.where.file).find("errors_test.cpp"), std::string::npos);
  auto f = frit::jit([](Tensor a, Tensor b) { return layer_norm(a, b, 0.f); });
  const frit::Error t = help::error_of([&] { f(x, scale); });
  EXPECT_EQ(t.where.line, __LINE__ - 2);
  EXPECT_NE(std::string(t.where.file).find("errors_test.cpp"), std::string::npos);
}

TEST(Errors, CountsThatOverflow) {
  const int64_t huge = int64_t{1} << 40;
  EXPECT_THROW(frit::zeros({huge, huge}), frit::Error);
  EXPECT_THROW(frit::zeros<double>({int64_t{1} << 61}), frit::Error);  // the bytes overflow
  EXPECT_THROW(frit::zeros({-1}), frit::Error);
  const Tensor x = frit::ones({1});
  EXPECT_THROW(broadcast_to(x, {huge, huge}), frit::Error);
  auto f = frit::jit([](Tensor t) { return pad(t, {INT64_MAX}, {INT64_MAX}); });
  EXPECT_THROW(f(x), frit::Error);
  EXPECT_EQ(f.stats().entries, 0);
  EXPECT_EQ((x + 1).item<float>(), 2);
}

TEST(Errors, MemoryThatCannotBeHad) {
  const Tensor x = frit::ones({1000});
  const frit::Error e = help::error_of([&] { frit::zeros({int64_t{1} << 45}); });  // 128 TiB
  EXPECT_NE(e.message, "no error");
  auto f = frit::jit([](Tensor t, int64_t n) { return broadcast_to(t, {n, 1000}) + 1.f; });
  EXPECT_THROW(f(x, int64_t{1} << 40), frit::Error);
  EXPECT_EQ(f(x, 2).count(), 2000);
  frit::set_memory_limit(frit::memory_stats().live_bytes + (1 << 20));
  EXPECT_THROW(frit::zeros({1 << 20}), frit::Error);
  EXPECT_THROW(f(x, 2000), frit::Error);
  frit::set_memory_limit(0);
  EXPECT_EQ(f(x, 2000).count(), 2000000);
  EXPECT_THROW(frit::set_memory_limit(-1), frit::Error);
}

TEST(Errors, Threads) {
  EXPECT_THROW(frit::with_threads(0), frit::Error);
  EXPECT_THROW(frit::set_default_threads(-2), frit::Error);
  const int before = frit::threads();
  {
    frit::with_threads one(1);
    EXPECT_EQ(frit::threads(), 1);
    {
      frit::with_threads three(3);
      EXPECT_EQ(frit::threads(), 3);
    }
    EXPECT_EQ(frit::threads(), 1);
  }
  EXPECT_EQ(frit::threads(), before);
}

TEST(Errors, ProductsThatDoNotFit) {
  const Tensor a = frit::ones({2, 3}), b = frit::ones({4, 5});
  const frit::Error e = help::error_of([&] { matmul(a, b); });
  EXPECT_EQ(e.op, "matmul");
  EXPECT_EQ(e.message, "f32[2,3] and f32[4,5]: the contracted axes 1 and 0 have extents 3 and 4");
  EXPECT_EQ(e.where.line, __LINE__ - 3);
  EXPECT_THROW(matmul(frit::ones({2, 2, 3}), frit::ones({3, 3, 2})), frit::Error);
  EXPECT_THROW(matmul(a, Tensor(1.f)), frit::Error);
  EXPECT_THROW(tensordot(a, b, {.lhs = {0}, .rhs = {0, 1}}), frit::Error);
  EXPECT_THROW(tensordot(a, a, {.lhs = {0, 0}, .rhs = {0, 0}}), frit::Error);
  EXPECT_THROW(matmul(array({{true}}), array({{true}})), frit::Error);
}

// Conditions on tensors do not compile, and the compiler shows the line that says what to write.
template <class T>
concept Condition = requires(T t) { t ? 1 : 0; };
static_assert(!Condition<Tensor>);
static_assert(!Condition<decltype(std::declval<Tensor>() > 0)>);
static_assert(Condition<bool>);
// A floating-point axis neither.
template <class A>
concept MaxOver = requires(const Tensor& t, A axis) { max(t, axis); };
static_assert(MaxOver<int> && !MaxOver<float> && !MaxOver<double> && !MaxOver<bool>);

TEST(CompileErrors, ConditionsShowWhatToWrite) {
  const std::string dir = testing::TempDir() + "frit_condition_" + std::to_string(static_cast<int>(::getpid()));
  const std::string source = dir + ".cpp", log = dir + ".log";
  auto compiles = [&](const std::string& condition) {
    std::ofstream(source) << "#include <frit/frit.h>\nint f(frit::Tensor x) { if (" << condition << ") return 1; return 0; }\n";
    return std::system(("c++ -std=c++20 -fsyntax-only -I" FRIT_SOURCE_DIR "/include " + source + " > " + log + " 2>&1").c_str()) == 0;
  };
  if (std::system("c++ --version > /dev/null 2>&1") != 0) GTEST_SKIP() << "no compiler here";
  EXPECT_TRUE(compiles("(x > 0).item<bool>()"));
  EXPECT_FALSE(compiles("x > 0"));
  std::ifstream in(log);
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  EXPECT_NE(text.find("where(p, a, b)"), std::string::npos) << text;
  std::remove(source.c_str());
  std::remove(log.c_str());
}


TEST(Errors, MemoryThatCannotBeHadNamesTheOpAndThePlace) {
  const frit::Error eager = help::error_of([] { frit::zeros({int64_t{1} << 40, 64}); });
  EXPECT_TRUE(eager.where.known()) << eager.what();
  EXPECT_EQ(eager.op, "zeros");
  auto f = frit::jit([](Tensor x) { return x + frit::zeros({int64_t{1} << 40, 64}); }, {.name = "large"});
  const frit::Error jitted = help::error_of([&] { f(frit::ones({1, 1})); });
  EXPECT_TRUE(jitted.where.known()) << jitted.what();
  EXPECT_EQ(jitted.op, "large");
}

TEST(Errors, IndicesAndDevicesBeyondTheirTypes) {
  const Tensor x = frit::arange(5.f);
  EXPECT_THROW(x(static_cast<size_t>(-1)), frit::Error);
  EXPECT_THROW(x(uint64_t{1} << 63), frit::Error);
  EXPECT_EQ(x(-1).item<float>(), 4);
  for (int n : {-5, 65535, 1 << 20}) EXPECT_THROW(x.to(frit::Device::of_gpu(n)), frit::Error) << n;
}

}  // namespace
