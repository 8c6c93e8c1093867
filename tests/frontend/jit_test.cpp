// jit: when it traces, what it captures, what is static, how memory is reused, what it refuses.
#include <array>
#include <string>

#include "frit/frit.h"
#include "gtest/gtest.h"
#include "tests/frontend/help.h"

namespace {

using frit::array;
using frit::Tensor;
using Floats = std::vector<float>;

Tensor twice(Tensor x) { return x * 2.f; }

TEST(Jit, AnyCallable) {
  const Tensor x = array({1.f, 2.f});
  EXPECT_EQ(frit::jit(twice)(x).to_vector<float>(), (Floats{2, 4}));
  EXPECT_EQ(frit::jit([](const Tensor& t) { return t + 1; })(x).to_vector<float>(), (Floats{2, 3}));
  EXPECT_EQ(frit::jit([](auto a, auto b) { return a * b; })(x, 3.f).to_vector<float>(), (Floats{3, 6}));
  struct Functor {
    Tensor w;
    Tensor operator()(Tensor t) const { return t * w; }
  };
  EXPECT_EQ(frit::jit(Functor{array({5.f, 6.f})})(x).to_vector<float>(), (Floats{5, 12}));
  int calls = 0;
  auto counted = frit::jit([calls](Tensor t) mutable { return ++calls, t; });
  counted(x);
  EXPECT_EQ(counted(x).to_vector<float>(), (Floats{1, 2}));
}

TEST(Jit, TracesOnceASignature) {
  int traces = 0;
  auto f = frit::jit([&](Tensor x, Tensor y) { return ++traces, x + y; });
  const Tensor a = array({1.f, 2.f}), b = array({{1.f, 2.f}});
  f(a, a);
  f(a, a);
  EXPECT_EQ(traces, 1);
  f(a, b);
  EXPECT_EQ(traces, 2);
  f(a, array({1.0, 2.0}));
  EXPECT_EQ(traces, 3);
  f(a, a);
  f(a, 2.f);  // a number is an input of rank 0
  f(a, 3.f);
  EXPECT_EQ(traces, 4);
  const frit::JitStats s = f.stats();
  EXPECT_EQ(s.traces, 4);
  EXPECT_EQ(s.calls, 7);
  EXPECT_EQ(s.hits, 3);
  EXPECT_EQ(s.entries, 4);
  ASSERT_EQ(s.misses.size(), 4u);
  EXPECT_NE(s.misses[0].find("the first call"), std::string::npos);
  EXPECT_NE(s.misses[1].find("arg1 is f32[1,2], was f32[2]"), std::string::npos) << s.misses[1];
  EXPECT_NE(s.misses[2].find("arg1 is f64[2], was f32[2]"), std::string::npos) << s.misses[2];
  EXPECT_NE(s.misses[1].find("jit_test.cpp"), std::string::npos);
  f.clear();
  EXPECT_EQ(f.stats().entries, 0);
  f(a, a);
  EXPECT_EQ(traces, 5);
}

enum class Mode { plus, minus };

TEST(Jit, StaticArguments) {
  int traces = 0;
  auto f = frit::jit([&](Tensor x, int n, Mode m, std::string how) {
    ++traces;
    for (int i = 0; i < n; ++i) x = m == Mode::plus ? x + 1.f : x - 1.f;
    return how == "neg" ? -x : x;
  });
  const Tensor x = array({10.f});
  EXPECT_EQ(f(x, 3, Mode::plus, "").item<float>(), 13);
  EXPECT_EQ(f(x, 2, Mode::minus, "neg").item<float>(), -8);
  EXPECT_EQ(f(x, 3, Mode::plus, "").item<float>(), 13);
  EXPECT_EQ(traces, 2);
  EXPECT_EQ(f(x, 3, Mode::plus, "neg").item<float>(), -13);
  EXPECT_EQ(traces, 3);
  EXPECT_NE(f.stats().misses[2].find("arg3 is \"neg\", was \"\""), std::string::npos) << f.stats().misses[2];
}

TEST(Jit, WarnsOfANumberThatMakesATraceEachTime) {
  std::vector<std::string> heard;
  frit::set_log_handler([&](frit::LogLevel level, std::string_view text) {
    if (level == frit::LogLevel::warning) heard.emplace_back(text);
  });
  auto f = frit::jit([](Tensor x, float lr) { return x * lr; }, {.name = "step"});
  for (int i = 0; i < 12; ++i) f(array({1.f}), static_cast<float>(i));
  frit::set_log_handler({});
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_NE(heard[0].find("step was traced 8 times for values of arg1 alone"), std::string::npos) << heard[0];
  EXPECT_NE(heard[0].find("declare it Tensor"), std::string::npos);
}

TEST(Jit, WarnsOfUnrolledLoops) {
  std::vector<std::string> heard;
  frit::set_log_handler([&](frit::LogLevel, std::string_view text) { heard.emplace_back(text); });
  auto f = frit::jit([](Tensor x) {
    for (int i = 0; i < 300; ++i) x = x + 1.f;
    return x;
  });
  EXPECT_EQ(f(array({0.f})).item<float>(), 300);
  frit::set_log_handler({});
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_NE(heard[0].find("recorded more than 256 times"), std::string::npos) << heard[0];
}

TEST(Jit, CapturesKeepTheirValue) {
  Tensor w = array({1.f, 2.f});
  auto f = frit::jit([&](Tensor x) { return x * w + w; });
  const Tensor x = array({10.f, 10.f});
  EXPECT_EQ(f(x).to_vector<float>(), (Floats{11, 22}));
  w = array({5.f, 5.f});
  EXPECT_EQ(f(x).to_vector<float>(), (Floats{11, 22}));
  const frit::Report r = f.explain(x);
  ASSERT_EQ(r.captures.size(), 1u);
  EXPECT_EQ(r.captures[0].type, "f32[2]");
  EXPECT_EQ(r.captures[0].bytes, 8);
  EXPECT_NE(r.captures[0].place.find("jit_test.cpp"), std::string::npos);
  f.clear();
  EXPECT_EQ(f(x).to_vector<float>(), (Floats{55, 55}));
}

TEST(Jit, CapturesCanBeForbidden) {
  const Tensor w = array({1.f, 2.f});
  auto f = frit::jit([&](Tensor x) { return x * w; }, {.name = "pure", .captures = frit::Captures::forbid});
  const frit::Error e = help::error_of([&] { f(w); });
  EXPECT_EQ(e.message, "pure captures f32[2], and its captures are forbidden");
  EXPECT_EQ(e.where.line, __LINE__ - 3);
  ASSERT_EQ(e.notes.size(), 1u);
  EXPECT_EQ(e.notes[0].where.line, __LINE__ - 6);
}

TEST(Jit, RetracesCanBeErrors) {
  auto f = frit::jit(twice, {.name = "step", .retrace = frit::Retrace::error});
  f(array({1.f}));
  f(array({2.f}));
  const frit::Error e = help::error_of([&] { f(array({1.f, 2.f})); });
  EXPECT_EQ(e.message, "the call needs a second trace: arg0 is f32[2], was f32[1]");
  EXPECT_EQ(e.where.line, __LINE__ - 2);
  EXPECT_EQ(f(array({3.f})).item<float>(), 6);
}

TEST(Jit, EntriesAreBounded) {
  auto f = frit::jit(twice, {.max_entries = 3});
  for (int n = 1; n <= 5; ++n) f(frit::ones({n}));
  EXPECT_EQ(f.stats().entries, 3);
  EXPECT_EQ(f.stats().evictions, 2);
  f(frit::ones({5}));
  EXPECT_EQ(f.stats().traces, 5);
  f(frit::ones({1}));  // dropped before
  EXPECT_EQ(f.stats().traces, 6);
  EXPECT_THROW(frit::jit(twice, {.max_entries = 0}), frit::Error);
}

TEST(Jit, InsideOfAnotherTraceIsAPartOfIt) {
  int inner_traces = 0;
  auto inner = frit::jit([&](Tensor x) { return ++inner_traces, x * 3.f; });
  auto outer = frit::jit([&](Tensor x) { return inner(x) + inner(x + 1); });
  EXPECT_EQ(outer(array({1.f})).item<float>(), 9);
  EXPECT_EQ(outer(array({2.f})).item<float>(), 15);
  EXPECT_EQ(inner_traces, 2);
  EXPECT_EQ(inner.stats().traces, 0);
  if (!help::interpreted()) {
    frit::reset_run_counters();
    outer(array({2.f}));
    EXPECT_EQ(frit::run_counters().launches, 1);
  }
}

frit::Jitted<Tensor (*)(Tensor), Tensor(Tensor)>* self = nullptr;
Tensor recursive(Tensor x) { return (*self)(x - 1.f); }

TEST(Jit, RecursionIsAnError) {
  auto f = frit::jit(recursive, {.name = "endless"});
  self = &f;
  const frit::Error e = help::error_of([&] { f(array({1.f})); });
  EXPECT_EQ(e.op, "endless");
  EXPECT_EQ(e.message, "the function calls itself while it is traced");
  EXPECT_NE(std::string(e.where.file).find("jit_test.cpp"), std::string::npos);
  EXPECT_THROW(f(array({1.f})), frit::Error);  // and again, not "it is being traced"
}

TEST(Jit, ReadingATracedValueIsAnError) {
  auto reads = [](auto read) {
    auto f = frit::jit([&](Tensor x) {
      read(x + 1);
      return x;
    }, {.name = "reader"});
    return help::error_of([&] { f(array({1.f})); });
  };
  frit::Error e = reads([](const Tensor& x) { x.item<float>(); });
  EXPECT_EQ(e.op, "item");
  EXPECT_EQ(e.where.line, __LINE__ - 2);
  EXPECT_EQ(e.message, "the numbers of a traced f32[1] cannot be read: reader is being traced, and has none yet");
  EXPECT_NE(e.help.find("where(p, a, b)"), std::string::npos);
  EXPECT_EQ(reads([](const Tensor& x) { x.span<float>(); }).op, "span");
  EXPECT_EQ(reads([](const Tensor& x) { x.to_vector<float>(); }).op, "copy_to");
  EXPECT_EQ(reads([](const Tensor& x) { x.str(); }).op, "print");
  EXPECT_EQ(reads([](const Tensor& x) { x.wait(); }).op, "wait");
  EXPECT_EQ(reads([](const Tensor& x) { frit::npy_bytes(x); }).op, "save_npy");
}

TEST(Jit, ATracerThatEscapesIsAnError) {
  Tensor kept;
  auto f = frit::jit([&](Tensor x) { return kept = x + 1, kept * 2; }, {.name = "leaky"});
  EXPECT_EQ(f(array({1.f})).item<float>(), 4);
  EXPECT_TRUE(kept.is_traced());
  EXPECT_EQ(help::error_of([&] { kept + 1; }).message, "a traced f32[1] has left the trace of leaky, which has ended");
  EXPECT_EQ(help::error_of([&] { kept.item<float>(); }).op, "item");
  EXPECT_EQ(help::error_of([&] { f(kept); }).op, "leaky");
  auto g = frit::jit([&](Tensor x) { return x + kept; }, {.name = "other"});
  const frit::Error e = help::error_of([&] { g(array({1.f})); });
  EXPECT_EQ(e.op, "add");
  EXPECT_EQ(e.message, "a value of the trace of leaky, which has ended, is used in the trace of other");
  EXPECT_EQ(e.where.line, __LINE__ - 4);
  EXPECT_EQ(f(array({2.f})).item<float>(), 6);
}

TEST(Jit, ExceptionsLeaveNoTraceBehind) {
  bool fail = true;
  auto f = frit::jit([&](Tensor x) {
    Tensor y = x + 1;
    if (fail) throw std::runtime_error("mine");
    return y;
  });
  EXPECT_THROW(f(array({1.f})), std::runtime_error);
  EXPECT_EQ((array({1.f}) + 1).item<float>(), 2);  // eager again
  EXPECT_EQ(f.stats().entries, 0);
  fail = false;
  EXPECT_EQ(f(array({1.f})).item<float>(), 2);
  auto g = frit::jit([](Tensor x, Tensor y) { return x + y; });
  EXPECT_THROW(g(frit::ones({2}), frit::ones({3})), frit::Error);
  EXPECT_EQ(g(frit::ones({2}), frit::ones({2})).to_vector<float>(), (Floats{2, 2}));
}

TEST(Jit, AnErrorInsideCanBeCaughtInside) {
  auto f = frit::jit([](Tensor x, Tensor y) {
    try {
      return x + y;
    } catch (const frit::Error&) {
      return x * 10;
    }
  });
  EXPECT_EQ(f(array({1.f, 2.f}), frit::ones({3})).to_vector<float>(), (Floats{10, 20}));
}

TEST(Jit, TensorsWithoutValue) {
  auto f = frit::jit([](Tensor x, std::pair<Tensor, Tensor> p) { return x + p.second; }, {.name = "f"});
  Tensor moved = array({1.f});
  Tensor taken = std::move(moved);
  frit::Error e = help::error_of([&] { f(taken, {taken, moved}); });
  EXPECT_EQ(e.message, "arg1.1 has no value: it was made by Tensor{}, or moved from");
  EXPECT_EQ(e.where.line, __LINE__ - 2);
  EXPECT_EQ(help::error_of([&] { taken + Tensor{}; }).op, "add");
  EXPECT_EQ(help::error_of([&] { sum(Tensor{}); }).op, "sum");
  EXPECT_EQ(help::error_of([&] { Tensor{}.shape(); }).op, "shape");
  EXPECT_EQ(help::error_of([&] { Tensor{}.item<float>(); }).op, "item");
  EXPECT_EQ(help::error_of([&] { frit::jit([](Tensor) { return Tensor{}; })(taken); }).message,
            "a result has no value: a Tensor{} was returned, or one that was moved from");
}

TEST(Jit, ConstantsAndNumbersInside) {
  auto f = frit::jit([](Tensor x) {
    Tensor two = 2.f;  // recorded, so it reads as a number of the function
    return x * two + frit::arange(3.f) + array({100.f, 200.f, 300.f});
  });
  EXPECT_EQ(f(array({1.f, 1.f, 1.f})).to_vector<float>(), (Floats{102, 203, 304}));
  EXPECT_EQ(f.explain(frit::ones({3})).captures.size(), 1u);  // the literal array
}

TEST(Jit, ResultsThatAreArgumentsOrCaptures) {
  const Tensor w = array({7.f, 8.f});
  auto f = frit::jit([&](Tensor x) { return std::tuple{x, w, x, reshape(x, {2, 1}), x + 0.f}; });
  const Tensor x = array({1.f, 2.f});
  auto [a, b, c, d, e] = f(x);
  EXPECT_EQ(a.to_vector<float>(), (Floats{1, 2}));
  EXPECT_EQ(b.to_vector<float>(), (Floats{7, 8}));
  EXPECT_EQ(c.to_vector<float>(), (Floats{1, 2}));
  EXPECT_EQ(d.shape(), (frit::Shape{2, 1}));
  EXPECT_EQ(d.to_vector<float>(), (Floats{1, 2}));
  EXPECT_EQ(e.to_vector<float>(), (Floats{1, 2}));
  auto id = frit::jit([](Tensor t) { return t; });
  EXPECT_EQ(id(2.5f).item<float>(), 2.5f);
  EXPECT_EQ(id(3.5f).item<float>(), 3.5f);
}

TEST(Jit, DonatesWhatNobodyElseHolds) {
  if (help::interpreted()) GTEST_SKIP() << "the interpreter reuses nothing";
  auto f = frit::jit([](Tensor x) { return x * 2.f + 1.f; });
  Tensor x = help::random({1000});
  f(x);
  const float* p = x.span<float>().data();
  const Tensor want = x * 2.f + 1.f;
  const Tensor other = x;
  Tensor y = f(x);  // x is held here
  EXPECT_NE(y.span<float>().data(), p);
  Tensor z = f(Tensor(x));  // and by `other`
  EXPECT_NE(z.span<float>().data(), p);
  EXPECT_EQ(help::first_difference(x, other), "");
  Tensor own = x + 0.f;
  const float* q = own.span<float>().data();
  own = f(std::move(own));
  EXPECT_EQ(own.span<float>().data(), q);
  EXPECT_EQ(help::first_difference(own, want), "");
  // A view keeps the memory from being reused.
  Tensor base = x + 0.f;
  const Tensor view = base(frit::slice(0, 10));
  const std::vector<float> before = view.to_vector<float>();
  const Tensor r = f(std::move(base));
  EXPECT_EQ(view.to_vector<float>(), before);
  EXPECT_EQ(help::first_difference(r, want), "");
  // Borrowed memory is never written to.
  std::vector<float> mine = x.to_vector<float>();
  const std::vector<float> mine_before = mine;
  f(Tensor::borrow(mine.data(), {1000}));
  EXPECT_EQ(mine, mine_before);
}

TEST(Jit, Compile) {
  auto f = frit::jit([](Tensor x, Tensor s, int n) { return x * s + static_cast<float>(n); });
  auto run = f.compile(frit::spec<float>({3}), 1.f, 5);
  EXPECT_EQ(f.stats().traces, 1);
  EXPECT_EQ(run(array({1.f, 2.f, 3.f}), 10.f, 5).to_vector<float>(), (Floats{15, 25, 35}));
  EXPECT_EQ(f.stats().traces, 1);
  Tensor out;
  run.into(out, array({1.f, 1.f, 1.f}), 2.f, 5);
  EXPECT_EQ(out.to_vector<float>(), (Floats{7, 7, 7}));
  const float* p = out.span<float>().data();
  run.into(out, array({2.f, 2.f, 2.f}), 2.f, 5);
  EXPECT_EQ(out.to_vector<float>(), (Floats{9, 9, 9}));
  if (!help::interpreted()) { EXPECT_EQ(out.span<float>().data(), p); }
  const Tensor held = out;  // somebody else sees it: new memory
  run.into(out, array({3.f, 3.f, 3.f}), 2.f, 5);
  EXPECT_EQ(held.to_vector<float>(), (Floats{9, 9, 9}));
  EXPECT_EQ(out.to_vector<float>(), (Floats{11, 11, 11}));
  const frit::Error e = help::error_of([&] { run(array({1.f}), 1.f, 5); });
  EXPECT_EQ(e.message, "the call is not of the signature that was compiled: arg0 is f32[1], was f32[3]");
  EXPECT_THROW(run(array({1.f, 1.f, 1.f}), 1.f, 6), frit::Error);
  EXPECT_THROW(run.into(out, array({1.f}), 1.f, 5), frit::Error);
  EXPECT_EQ(out.to_vector<float>(), (Floats{11, 11, 11}));  // a failed call leaves it
  EXPECT_THROW(frit::spec<float>({2}) + 1, frit::Error);
  EXPECT_THROW(f(frit::spec<float>({3}), 1.f, 5), frit::Error);
  auto pair = frit::jit([](auto x) { return std::pair{x + 1, std::vector<Tensor>{x, x * 2}}; });
  auto run_pair = pair.compile(frit::spec<float>({1}));
  std::pair<Tensor, std::vector<Tensor>> r;
  run_pair.into(r, array({1.f}));
  run_pair.into(r, array({4.f}));
  EXPECT_EQ(r.first.item<float>(), 5);
  EXPECT_EQ(r.second[1].item<float>(), 8);
}

struct Mixed {
  std::vector<Tensor> all;
  int number = 0;
  std::string text;
};

// What is no tensor comes back as well, whatever there was before; a failed call leaves all of it.
TEST(Jit, IntoFillsWhatIsNoTensor) {
  auto f = frit::jit([](Tensor x) { return Mixed{{x + 1, x * 2, x - 3, x, x / 2, x * x}, 7, "seven"}; });
  auto run = f.compile(frit::spec<float>({2}));
  for (size_t before : {0u, 2u, 6u, 9u}) {
    Mixed out;
    out.all.resize(before);
    if (before > 1) out.all[1] = array({5.f});
    EXPECT_THROW(run.into(out, array({1.f})), frit::Error);
    ASSERT_EQ(out.all.size(), before);
    if (before > 1) { EXPECT_EQ(out.all[1].to_vector<float>(), (Floats{5})); }
    for (float x : {1.f, 4.f}) {
      run.into(out, array({x, x}));
      ASSERT_EQ(out.all.size(), 6u);
      EXPECT_EQ(out.number, 7);
      EXPECT_EQ(out.text, "seven");
      EXPECT_EQ(out.all[5].to_vector<float>(), (Floats{x * x, x * x}));
      out.number = 0;
    }
  }
  auto pair = frit::jit([](Tensor x) { return std::pair{x + 1, 42}; });
  std::pair<Tensor, int> out;
  pair.compile(frit::spec<float>({1})).into(out, array({1.f}));
  EXPECT_EQ(out.first.item<float>(), 2);
  EXPECT_EQ(out.second, 42);
}

TEST(Jit, ManyArgumentsAndResults) {
  auto f = frit::jit([](std::vector<Tensor> x) {
    for (size_t i = 0; i < x.size(); ++i) x[i] = x[i] + static_cast<float>(i);
    return x;
  });
  std::vector<Tensor> in;
  for (int i = 0; i < 100; ++i) in.push_back(frit::full({i % 7 + 1}, static_cast<float>(i)));
  for (int round = 0; round < 2; ++round) {
    const auto out = f(in);
    ASSERT_EQ(out.size(), 100u);
    for (size_t i = 0; i < 100; ++i) EXPECT_EQ(out[i].to_vector<float>(), Floats(i % 7 + 1, 2.f * static_cast<float>(i)));
  }
  EXPECT_EQ(f.stats().traces, 1);
  in.pop_back();
  f(in);
  EXPECT_EQ(f.stats().traces, 2);
  EXPECT_NE(f.stats().misses[1].find("the length of arg0 is 99, was 100"), std::string::npos) << f.stats().misses[1];
}

TEST(Jit, NamesInTheIr) {
  auto f = frit::jit([](Tensor x) { return (x + 1).named("shifted") * 2; }, {.name = "my function"});
  const std::string ir = f.ir(frit::Level::tensor, frit::spec<float>({4}));
  EXPECT_NE(ir.find("func @my_function(%arg0: f32[4])"), std::string::npos) << ir;
  EXPECT_NE(ir.find("%shifted = add %arg0, 1.0 : f32[4]"), std::string::npos) << ir;
  EXPECT_NE(ir.find("jit_test.cpp\":"), std::string::npos) << ir;
}

TEST(Jit, ScopesPrefixNames) {
  auto f = frit::jit([](Tensor x) {
    frit::scope outer("encoder");
    Tensor y = x + 1;
    {
      frit::scope inner("head");
      y = sum(y * 2);
    }
    return -y;
  });
  const std::string ir = f.ir(frit::Level::tensor, frit::spec<float>({4}));
  for (const char* line : {"%encoder.add = add", "%encoder.head.mul = mul", "%encoder.head.sum = reduce.sum", "%encoder.neg = neg"})
    EXPECT_NE(ir.find(line), std::string::npos) << ir;
}

TEST(Jit, CompositionsKnowTheirCaller) {
  auto f = frit::jit([](Tensor x) { return softmax(x); });
  const int line = __LINE__ - 1;
  const std::string ir = f.ir(frit::Level::tensor, frit::spec<float>({2, 4}));
  EXPECT_NE(ir.find("\"frontend/nn.cpp\":"), std::string::npos) << ir;
  EXPECT_NE(ir.find("jit_test.cpp\":" + std::to_string(line) + ":"), std::string::npos) << ir;
  EXPECT_NE(ir.find(" from "), std::string::npos) << ir;
}

TEST(Eager, RunsOpByOpInsideOfGEager) {
  auto inner = frit::jit(twice);
  auto f = frit::jit([&](Tensor x) { return inner(x) + 1; });
  EXPECT_EQ(f.eager(array({1.f})).item<float>(), 3);
  EXPECT_EQ(f.stats().traces, 0);
  EXPECT_EQ(inner.stats().traces, 0);
}

TEST(Eager, ANewNumberOrPlaceIsNoNewPlan) {
  Tensor x = array({1.f, 2.f});
  x * 1.5f;
  const auto before = frit::eager_cache_stats();
  for (int i = 0; i < 20; ++i) x = x * static_cast<float>(i + 1);
  x = x * 0.5f;
  const auto after = frit::eager_cache_stats();
  EXPECT_EQ(after.misses, before.misses);
  EXPECT_EQ(after.hits, before.hits + 21);
}

TEST(Eager, PlansAreBounded) {
  frit::set_eager_cache_capacity(4);
  for (int n = 1; n <= 10; ++n) frit::ones({n}) + 1;
  EXPECT_LE(frit::eager_cache_stats().size, 4);
  frit::set_eager_cache_capacity(4096);
  EXPECT_EQ((frit::ones({3}) + 1).to_vector<float>(), (Floats{2, 2, 2}));
  frit::clear_caches();
  EXPECT_EQ(frit::eager_cache_stats().size, 0);
  EXPECT_EQ((frit::ones({3}) + 1).to_vector<float>(), (Floats{2, 2, 2}));
}

}  // namespace
