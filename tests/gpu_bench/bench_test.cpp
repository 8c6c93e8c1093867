// The bench on a GPU that is emulated: its cases, JSON and facts, on small arrays. No time is judged.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <unistd.h>

#include "bench/gpu_probe.h"
#include "codegen/cuda.h"
#include "codegen/cuda/nvrtc.h"
#include "frit/frit.h"
#include "runtime/gpu.h"
#include "tests/runtime_cuda/emulated_gpu.h"
#include "tests/runtime_cuda/fake_cublaslt.h"
#include "tools/cli.h"

namespace frit::test {
namespace {

FakeDriver& emulated() {
  static auto* driver = [] {
    new FakeCublasLt;  // as long; products go to it
    FakeOptions options;
    options.memory = int64_t{256} << 20;
    auto* d = new FakeDriver(options);  // lives until the process ends, as a driver does
    run_emulated(*d);
    codegen::set_cuda_compiler([](std::span<codegen::CudaSource> sources, const codegen::GpuSpec&) {
      for (codegen::CudaSource& s : sources) s.launch.image = std::make_shared<const std::string>(emulated_image(s.text, codegen::cuda_prelude().size()));
    });
    return d;
  }();
  return *driver;
}

// `frit bench` with these words; its JSON.
nlohmann::json bench(std::vector<std::string> words, int code = 0) {
  emulated();
  const std::string file = (std::filesystem::temp_directory_path() / ("frit-gpu-bench-" + std::to_string(getpid()) + ".json")).string();
  if (std::ranges::find(words, "--device") == words.end()) words.insert(words.end(), {"--device", "gpu"});
  words.insert(words.end(), {"--json", file});
  std::ranges::reverse(words);
  CLI::App app;
  tools::Action action;
  tools::add_bench(app, action);
  words.push_back("bench");
  app.parse(words);
  EXPECT_EQ(action(), code);
  std::ifstream in(file);
  nlohmann::json j = nlohmann::json::parse(in);
  std::filesystem::remove(file);
  return j;
}

TEST(GpuBench, FieldsLaunchesAndBits) {
  const auto j = bench({"saxpy", "sum_rows", "softmax", "adam", "adamw200", "tiny", "--scale", "16384", "--rounds", "2"});
  const auto& gpu = j.at("machine").at("gpu");
  EXPECT_EQ(gpu.at("sm"), 90);
  EXPECT_EQ(gpu.at("name"), rt::gpu::properties(0).name);
  EXPECT_EQ(gpu.at("driver"), "12.8");
  ASSERT_EQ(j.at("cases").size(), 6u);
  for (const auto& c : j.at("cases")) {
    const std::string name = c.at("name");
    EXPECT_EQ(c.at("device"), "gpu:0 " + rt::gpu::properties(0).name);
    EXPECT_EQ(c.at("threads"), "-");
    EXPECT_EQ(c.at("isa"), "-");
    EXPECT_EQ(c.at("kernels"), 1) << name;
    EXPECT_EQ(c.at("same_bits"), true) << name;
    EXPECT_GT(c.at("fused_us").get<double>(), 0) << name;
    EXPECT_EQ(c.at("of_limit").is_null(), name == "tiny") << name;
    EXPECT_EQ(c.at("latency_us").is_number(), name == "tiny") << name;
    EXPECT_EQ(c.at("copies"), name == "tiny" ? 1 : 3) << name;
  }
  EXPECT_TRUE(emulated().wrongs().empty());
}

TEST(GpuBench, EpiloguesUnderFastNumerics) {
  for (const char* numerics : {"strict", "fast"}) {
    const bool fast = std::string(numerics) == "fast";
    const auto j = bench({"product_bf16", "linear_gelu_f32", "linear_gelu_bf16", "--numerics", numerics, "--scale", "16384", "--rounds", "1"});
    ASSERT_EQ(j.at("cases").size(), 3u);
    for (const auto& c : j.at("cases")) EXPECT_EQ(c.at("kernels"), fast || c.at("name") == "product_bf16" ? 1 : 2) << c.at("name") << " " << numerics;
  }
  EXPECT_TRUE(emulated().wrongs().empty());
}

TEST(GpuBench, TheHashesOfTheCpu) {
  const std::vector<std::string> words = {"softmax", "--scale", "16384", "--rounds", "1"};
  const auto gpu = bench(words);
  const auto cpu = bench([&] { auto w = words; w.insert(w.end(), {"--device", "cpu"}); return w; }());
  EXPECT_EQ(gpu.at("cases")[0].at("hash"), cpu.at("cases")[0].at("hash"));
}

TEST(GpuBench, ProbesMoveWhatTheySay) {
  emulated();
  for (const bench::Mix mix : {bench::Mix{1, 1, false}, bench::Mix{2, 1, false}, bench::Mix{1, 0, false}, bench::Mix{4, 3, true}, bench::Mix{0, 1, false}}) {
    bench::GpuProbe probe(mix, 100000, 0, 2);
    probe.run(3);
    rt::gpu::synchronize(0);
    EXPECT_TRUE(probe.name().starts_with(bench::name(mix))) << probe.name();
  }
  EXPECT_THROW(bench::GpuProbe({5, 1, false}, 1000, 0, 1), Error);
  EXPECT_TRUE(emulated().wrongs().empty());
}

// 16-byte accesses, at least as many as there are vectors, no narrower ones, and nothing spilled.
TEST(GpuBench, ProbesCompile) {
  if (!codegen::cuda::nvrtc_available()) GTEST_SKIP() << "no NVRTC";
  const codegen::GpuSpec& card = *codegen::find_gpu("H200");
  for (const bench::Mix mix : {bench::Mix{1, 1, false}, bench::Mix{1, 0, false}, bench::Mix{4, 3, true}, bench::Mix{3, 2, false}}) {
    codegen::CudaSource s;
    s.text = bench::gpu_probe_source(mix);
    s.launch.name = "probe_4_ordinary";
    const std::string ptx = codegen::cuda::nvrtc_ptx(s, card);
    auto count = [&](const std::string& part) {
      int n = 0;
      for (size_t at = ptx.find(part); at != std::string::npos; at = ptx.find(part, at + 1)) ++n;
      return n;
    };
    EXPECT_GE(count("ld.global.v4"), (1 + 2 + 4 + 8) * mix.reads * (mix.writes ? 2 : 1));
    EXPECT_GE(count("st.global.v4"), mix.writes ? (1 + 2 + 4 + 8) * mix.writes : 1);
    EXPECT_GE(count("st.global.cs.v4"), (1 + 2 + 4 + 8) * mix.writes);
    for (const char* narrow : {"ld.global.f32", "ld.global.v2", "st.global.f32", "st.global.v2", "st.global.cs.f32"}) EXPECT_EQ(count(narrow), 0) << narrow;
    codegen::cuda::nvrtc_compile({&s, 1}, card);
    EXPECT_FALSE(s.launch.image->empty());
    EXPECT_EQ(s.launch.spill_bytes, 0);
  }
}

TEST(GpuBench, UnknownDevices) {
  emulated();
  EXPECT_THROW(bench({"tiny", "--device", "tpu"}), tools::UsageError);
  EXPECT_THROW(bench({"tiny", "--device", "gpu:7"}), Error);
}

}  // namespace
}  // namespace frit::test
