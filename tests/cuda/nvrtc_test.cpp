// Every fused kernel of the written programs and of the bench, and some eager ones, compiled by NVRTC for three architectures. No GPU
// is needed. What the bench's kernels use is held against the table in docs/cuda.md, which
// FRIT_UPDATE_GOLDEN=1 writes anew.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <sstream>
#include <thread>

#include <unistd.h>

#include "codegen/cuda/nvrtc.h"
#include "frit/error.h"
#include "support/env.h"
#include "tests/cuda/programs.h"

namespace frit::test {
namespace {

using codegen::CudaSource;
using codegen::GpuSpec;

#define NEED_NVRTC()                                                                              \
  if (!codegen::cuda::nvrtc_available())                                                          \
  GTEST_SKIP() << "SKIPPED: there is no NVRTC here (install the CUDA toolkit, or set FRIT_NVRTC), so no kernel was compiled"

// Compiles the kernels as programs do, several at a time, on two threads.
void compile_all(std::vector<Printed>& kernels, const GpuSpec& gpu) {
  constexpr size_t kTogether = 8;
  std::atomic<size_t> next = 0;
  std::mutex mutex;
  auto work = [&] {
    for (size_t first; (first = next.fetch_add(kTogether)) < kernels.size();) {
      std::vector<const ir::Func*> some;
      std::vector<bool> wide;
      for (size_t i = first; i < std::min(first + kTogether, kernels.size()); ++i) {
        some.push_back(&kernels[i].kernel);
        wide.push_back(kernels[i].wide);
      }
      try {
        const auto made = codegen::compile_cuda_kernels(some, gpu, wide);
        for (size_t i = 0; i < made.size(); ++i) kernels[first + i].source.launch = *made[i];
      } catch (const std::exception& e) {
        std::lock_guard lock(mutex);
        ADD_FAILURE() << kernels[first].source.launch.name << " ...: " << e.what();
      }
    }
  };
  std::thread other(work);
  work();
  other.join();
}

void compile_for(const GpuSpec& gpu, bool fused) {
  std::vector<Printed> kernels = printed_kernels(gpu, fused);
  ASSERT_GT(kernels.size(), 50u);
  compile_all(kernels, gpu);
  for (const Printed& p : kernels) {
    const rt::GpuKernel& k = p.source.launch;
    SCOPED_TRACE(p.program + ", " + k.name + " for " + gpu.name);
    ASSERT_TRUE(k.image);
    EXPECT_FALSE(k.image->empty());
    EXPECT_FALSE(k.is_ptx);
    EXPECT_GT(k.registers, 0);
    EXPECT_LE(k.registers * int64_t{k.threads}, gpu.registers);
    EXPECT_LE(k.shared_bytes + k.static_shared_bytes, gpu.shared_per_block);
    if (p.bench || p.program.starts_with("fast ")) {
      EXPECT_EQ(k.spill_bytes, 0);
    }
  }
}

TEST(Nvrtc, FusedKernelsForH200) {
  NEED_NVRTC();
  compile_for(*codegen::find_gpu("H200"), true);
}
TEST(Nvrtc, FusedKernelsForA100) {
  NEED_NVRTC();
  compile_for(*codegen::find_gpu("A100"), true);
}
TEST(Nvrtc, FusedKernelsForRTX4090) {
  NEED_NVRTC();
  compile_for(*codegen::find_gpu("RTX4090"), true);
}
TEST(Nvrtc, EagerKernelsForH200) {
  NEED_NVRTC();
  compile_for(*codegen::find_gpu("H200"), false);
}
TEST(Nvrtc, EagerKernelsForA100) {
  NEED_NVRTC();
  compile_for(*codegen::find_gpu("A100"), false);
}
TEST(Nvrtc, EagerKernelsForRTX4090) {
  NEED_NVRTC();
  compile_for(*codegen::find_gpu("RTX4090"), false);
}

TEST(Nvrtc, ARefusedSourceIsShownWithTheCompilersWords) {
  NEED_NVRTC();
  CudaSource bad;
  bad.text = codegen::cuda_prelude() + "\nextern \"C\" __global__ void frit_bad(f32* b0) {\n  b0[0] = not_there;\n}\n";
  bad.launch.name = "frit_bad";
  try {
    codegen::cuda::nvrtc_compile({&bad, 1}, *codegen::find_gpu("H200"));
    FAIL() << "it compiled";
  } catch (const Error& e) {
    const std::string what = e.what();
    EXPECT_NE(what.find("\"not_there\" is undefined"), std::string::npos) << what;
    EXPECT_NE(what.find("b0[0] = not_there;"), std::string::npos) << what;
    const std::string words = "which is in ";
    const size_t from = what.find(words);
    ASSERT_NE(from, std::string::npos) << what;
    const std::string path = what.substr(from + words.size(), what.find('\n', from) - from - words.size());
    std::stringstream kept;
    kept << std::ifstream(path).rdbuf();
    EXPECT_EQ(kept.str(), bad.text);
    EXPECT_EQ(unlink(path.c_str()), 0) << path;
  }
}

// A table without its columns of registers and what was spilled.
std::string without_registers(const std::string& table) {
  std::string out;
  std::stringstream lines(table);
  for (std::string line; std::getline(lines, line);) {
    std::stringstream cells(line);
    int column = 0;
    for (std::string cell; std::getline(cells, cell, '|'); ++column)
      if (column != 6 && column != 7) out += cell + "|";
    out += "\n";
  }
  return out;
}

// The table of docs/cuda.md: what the kernels of the bench become on the H200.
TEST(Nvrtc, TheTableInTheDocumentationIsTrue) {
  NEED_NVRTC();
  const GpuSpec& gpu = *codegen::find_gpu("H200");
  std::vector<Printed> kernels;
  for (Printed& p : printed_kernels(gpu, true))
    if (p.bench) kernels.push_back(std::move(p));
  compile_all(kernels, gpu);
  // A kernel that a program has several times is one row.
  std::vector<std::pair<std::string, int>> rows;
  for (const Printed& p : kernels) {
    const rt::GpuKernel& k = p.source.launch;
    std::ostringstream row;
    row << k.threads << " | " << k.cluster << " | " << k.items_per_block << " | " << k.registers << " | " << k.spill_bytes << " | " << k.shared_bytes << " | " << k.mapping << " |\n";
    const std::string text = "| " + p.program.substr(6) + " | @ | " + row.str();
    auto known = std::find_if(rows.begin(), rows.end(), [&](const auto& r) { return r.first == text; });
    if (known == rows.end()) rows.emplace_back(text, 1);
    else ++known->second;
  }
  std::string table = "| case | launches | threads | cluster | items a block | registers | spilled | shared bytes | mapping |\n|---|---|---|---|---|---|---|---|---|\n";
  for (auto& [text, count] : rows) table += text.replace(text.find('@'), 1, std::to_string(count));
  const std::string begin = "<!-- table of NVRTC " + codegen::cuda::nvrtc_version() + " -->\n", any = "<!-- table of NVRTC ", end = "<!-- end of the table -->";
  const std::string path = std::string(FRIT_SOURCE_DIR) + "/docs/cuda.md";
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  std::string doc = text.str();
  const size_t from = doc.find(any), to = doc.find(end);
  ASSERT_NE(from, std::string::npos);
  ASSERT_NE(to, std::string::npos);
  if (env().update_golden) {
    doc.replace(from, to - from, begin + table);
    std::ofstream(path) << doc;
    return;
  }
  const std::string written = doc.substr(doc.find('\n', from) + 1, to - doc.find('\n', from) - 1);
  // Another version of the compiler may give other numbers of registers, but decides nothing else.
  const bool same_version = doc.compare(from, begin.size(), begin) == 0;
  EXPECT_EQ(same_version ? written : without_registers(written), same_version ? table : without_registers(table));
}

}  // namespace
}  // namespace frit::test
