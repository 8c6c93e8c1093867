// opt and explain: the forms of a program, and bad input.
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/tools/command.h"

namespace frit::test {
namespace {

TEST(Opt, WithoutPassesTheProgramComesBack) {
  const Result r = frit_command({"opt", "-", "--to=tensor", "--passes="}, kProgram);
  EXPECT_EQ(r.code, 0) << r.err;
  EXPECT_EQ(r.out, kProgram);
}

TEST(Opt, FilesAndStandardInputAreTheSame) {
  const std::string file = temporary("p.ir", kProgram);
  EXPECT_EQ(frit_command({"opt", file}).out, frit_command({"opt", "-"}, kProgram).out);
}

TEST(Opt, FusedIsTheDefaultAndReadsBack) {
  const Result r = frit_command({"opt", "-"}, kProgram);
  ASSERT_EQ(r.code, 0) << r.err;
  EXPECT_TRUE(contains(r.out, "fused")) << r.out;
  const Result again = frit_command({"opt", "-", "--passes="}, r.out);
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(again.out, r.out);
}

TEST(Opt, KernelLlvmAndAssembly) {
  const Result kernel = frit_command({"opt", "-", "--to=kernel"}, kProgram);
  ASSERT_EQ(kernel.code, 0) << kernel.err;
  EXPECT_TRUE(contains(kernel.out, "work [")) << kernel.out;
  const Result llvm = frit_command({"opt", "-", "--to=llvm"}, kernel.out);  // from the kernel's own text
  ASSERT_EQ(llvm.code, 0) << llvm.err;
  EXPECT_TRUE(contains(llvm.out, "define ")) << llvm.out;
  EXPECT_EQ(frit_command({"opt", "-", "--to=llvm"}, kProgram).out, llvm.out);
  const Result narrow = frit_command({"opt", "-", "--to=asm", "--isa=avx2"}, kProgram);
  ASSERT_EQ(narrow.code, 0) << narrow.err;
  EXPECT_TRUE(contains(narrow.out, "%ymm") || contains(narrow.out, "ymm")) << narrow.out;
  EXPECT_FALSE(contains(narrow.out, "zmm"));
}

TEST(Opt, EagerIsAKernelAnOpForEveryShape) {
  const Result r = frit_command({"opt", "-", "--to=kernel", "--eager"}, kProgram);
  ASSERT_EQ(r.code, 0) << r.err;
  size_t kernels = 0;
  for (size_t at = 0; (at = r.out.find("kernel @", at)) != std::string::npos; ++at) ++kernels;
  EXPECT_EQ(kernels, 4u) << r.out;
  EXPECT_FALSE(contains(r.out, "1500")) << "an extent of the program stands in a kernel\n" << r.out;
}

TEST(Opt, LevelsDoNotGoBack) {
  const std::string kernel = frit_command({"opt", "-", "--to=kernel"}, kProgram).out;
  EXPECT_EQ(frit_command({"opt", "-", "--to=fused"}, kernel).code, 2);
  const std::string fused = frit_command({"opt", "-", "--to=fused"}, kProgram).out;
  EXPECT_EQ(frit_command({"opt", "-", "--to=tensor"}, fused).code, 2);
}

TEST(Opt, AfterEachShowsWhatChanged) {
  const Result r = frit_command({"opt", "-", "--after-each"}, kProgram);
  ASSERT_EQ(r.code, 0) << r.err;
  EXPECT_EQ(r.out.rfind(kProgram, 0), 0u) << r.out;
  EXPECT_TRUE(contains(r.out, "\n--- after ")) << r.out;
  EXPECT_TRUE(contains(r.out, "\n- ")) << r.out;
  EXPECT_TRUE(contains(r.out, "\n+ ")) << r.out;
}

TEST(Opt, ADisabledPassChangesTheResult) {
  const Result whole = frit_command({"opt", "-"}, kProgram), off = frit_command({"opt", "-", "--disable=fuse"}, kProgram);
  EXPECT_EQ(off.code, 0) << off.err;
  EXPECT_NE(whole.out, off.out);
  EXPECT_EQ(frit_command({"opt", "-"}, kProgram, {"FRIT_DISABLE=fuse"}).out, off.out);
}

TEST(Opt, SymbolsNeedANumber) {
  const char* program = "frit 1\nfunc @g(%x: f32[n,4]) -> f32[n,4] {\n  %y = exp %x : f32[n,4]\n  return %y\n}\n";
  const Result without = frit_command({"opt", "-"}, program);
  EXPECT_EQ(without.code, 1);
  EXPECT_TRUE(contains(without.err, "--dim n=")) << without.err;
  const Result with = frit_command({"opt", "-", "--to=tensor", "--dim", "n=7"}, program);
  EXPECT_EQ(with.code, 0) << with.err;
  EXPECT_TRUE(contains(with.out, "f32[7,4]")) << with.out;
}

TEST(Opt, BrokenProgramsAreReportedAtTheirPlace) {
  const std::string file = temporary("broken.ir", "frit 1\nfunc @f(%x: f32[3]) -> f32[3] {\n  %y = exq %x : f32[3]\n  return %y\n}\n");
  const Result r = frit_command({"opt", file});
  EXPECT_EQ(r.code, 1);
  EXPECT_TRUE(contains(r.err, file + ":3:") && contains(r.err, "error: ") && contains(r.err, "exq")) << r.err;
  EXPECT_EQ(r.out, "");

  // Every prefix of a program is refused, or is a program; nothing crashes.
  const std::string whole = kProgram;
  for (size_t n = 0; n < whole.size(); n += 17) {
    const Result part = frit_command({"opt", "-", "--to=tensor"}, whole.substr(0, n));
    EXPECT_EQ(part.code, 1) << n << "\n" << part.out << part.err;
    EXPECT_TRUE(contains(part.err, "error: ")) << n;
  }
}

TEST(Opt, ProgramsAgainstTheRulesAreTheUsersError) {
  const char* bad[] = {
      "frit 1\nfunc @f(%x: f32[3], %y: f32[4]) -> f32[3] {\n  %z = add %x, %y : f32[3]\n  return %z\n}\n",
      "frit 1\nfunc @f(%x: f32[3]) -> f32[4] {\n  return %x\n}\n",
      "frit 1\nfunc @f(%x: f32[3]) -> f32[3] {\n  %z = bit_not %x : f32[3]\n  return %z\n}\n",
      "frit 1\nfunc @f(%x: f32[3]) -> f32[1] {\n  %z = reduce.sum %x axes=[1] : f32[1]\n  return %z\n}\n",
  };
  for (const char* program : bad) {
    const Result r = frit_command({"opt", "-"}, program);
    EXPECT_EQ(r.code, 1) << program << r.out << r.err;
    EXPECT_TRUE(contains(r.err, "<stdin>:")) << r.err;
  }
}

TEST(Opt, MissingFiles) {
  for (const char* command : {"opt", "run", "explain"}) {
    const Result r = frit_command({command, temporary("nosuch.ir")});
    EXPECT_EQ(r.code, 1);
    EXPECT_TRUE(contains(r.err, "nosuch.ir") && contains(r.err, "No such file")) << r.err;
  }
  const std::string folder = temporary("empty");
  std::filesystem::create_directory(folder);
  EXPECT_EQ(frit_command({"opt", folder}).code, 1);
}

TEST(Opt, ProductsOnAGpuAreTheLibrarysOrOurs) {
  const std::string program = "frit 1\nfunc @f(%x: f32[8,16], %y: f32[16,4]) -> f32[8,4] {\n"
                              "  %a = dot %x, %y lhs=[1] rhs=[0] batch_lhs=[] batch_rhs=[] : f32[8,4]\n  %b = tanh %a : f32[8,4]\n  return %b\n}\n";
  for (const char* to : {"--to=kernel", "--to=cuda"}) {
    const Result library = frit_command({"opt", "-", "--gpu=H200", to}, program);
    EXPECT_EQ(library.code, 0) << library.err;
    EXPECT_TRUE(contains(library.out, "a call of cuBLASLt, f32 8x4 = 8x16 * 16x4")) << library.out;
    const Result own = frit_command({"opt", "-", "--gpu=H200", "--dot=own", to}, program);
    EXPECT_EQ(own.code, 0) << own.err;
    EXPECT_FALSE(contains(own.out, "cuBLASLt")) << own.out;
  }
  EXPECT_TRUE(contains(frit_command({"opt", "-", "--gpu=H200", "--dot=own", "--to=kernel"}, program).out, "product "));
  EXPECT_EQ(frit_command({"opt", "-", "--gpu=H200", "--dot=mine"}, program).code, 2);
}

TEST(Explain, KernelsAndDecisions) {
  const Result people = frit_command({"explain", "-"}, kProgram);
  EXPECT_EQ(people.code, 0) << people.err;
  EXPECT_TRUE(contains(people.out, "1 launch")) << people.out;
  const auto j = parse_json(frit_command({"explain", "-", "--json"}, kProgram).out);
  EXPECT_EQ(j.at("launches"), 1);
  ASSERT_EQ(j.at("kernels").size(), 1u);
  EXPECT_EQ(j.at("kernels")[0].at("bytes_read"), 2 * 3 * 1500 * 4);
  EXPECT_EQ(j.at("kernels")[0].at("bytes_written"), 3 * 4);
  EXPECT_FALSE(j.at("kernels")[0].at("why").get<std::string>().empty());
  ASSERT_GE(j.at("decisions").size(), 1u);
  for (const auto& d : j.at("decisions")) EXPECT_FALSE(d.at("reason").get<std::string>().empty());
  const auto apart = parse_json(frit_command({"explain", "-", "--json", "--disable=fuse"}, kProgram).out);
  EXPECT_EQ(apart.at("launches"), 4);
}

}  // namespace
}  // namespace frit::test
