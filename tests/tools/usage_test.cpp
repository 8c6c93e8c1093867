// The command line: what is refused, with which code, and what is suggested instead.
#include <gtest/gtest.h>

#include "tests/tools/command.h"

namespace frit::test {
namespace {

TEST(Usage, WithoutACommandHelpIsPrintedAndTheCodeIsTwo) {
  const Result r = frit_command({});
  EXPECT_EQ(r.code, 2);
  EXPECT_TRUE(contains(r.err, "explain")) << r.err;
}

TEST(Usage, HelpAndVersion) {
  EXPECT_EQ(frit_command({"--help"}).code, 0);
  const Result help = frit_command({"opt", "--help"});
  EXPECT_EQ(help.code, 0);
  EXPECT_TRUE(contains(help.out, "--after-each")) << help.out;
  const Result version = frit_command({"--version"});
  EXPECT_EQ(version.code, 0);
  EXPECT_EQ(version.out.rfind("frit 0.", 0), 0u) << version.out;
}

TEST(Usage, UnknownCommandNamesTheNearest) {
  const Result r = frit_command({"explian", "x.ir"});
  EXPECT_EQ(r.code, 2);
  EXPECT_TRUE(contains(r.err, "explian") && contains(r.err, "did you mean 'explain'?")) << r.err;
  EXPECT_EQ(r.out, "");
}

TEST(Usage, UnknownOptionNamesTheNearest) {
  for (const char* option : {"--aftr-each", "--aftr-each=3"}) {
    const Result r = frit_command({"opt", "-", option}, kProgram);
    EXPECT_EQ(r.code, 2);
    EXPECT_TRUE(contains(r.err, "there is no option --aftr-each") && contains(r.err, "--after-each'?")) << r.err;
  }
}

TEST(Usage, TooManyAndTooFewArguments) {
  const Result many = frit_command({"opt", "a.ir", "b.ir"});
  EXPECT_EQ(many.code, 2);
  EXPECT_TRUE(contains(many.err, "b.ir")) << many.err;
  const Result few = frit_command({"opt"});
  EXPECT_EQ(few.code, 2);
  EXPECT_TRUE(contains(few.err, "FILE")) << few.err;
}

TEST(Usage, BadValuesOfOptions) {
  const std::vector<std::vector<std::string>> lines = {
      {"opt", "-", "--to=fsued"},          {"opt", "-", "--passes=fuse,nosuch"}, {"opt", "-", "--dim", "n"},
      {"opt", "-", "--disable=nosuch"},    {"opt", "-", "--isa=sse2"},           {"opt", "-", "--threads=two"},
      {"opt", "-", "--threads=-1"},        {"run", "-", "--engine=llwm"},        {"run", "-", "--arg", "x"},
      {"run", "-", "--arg", "z=x.npy"},    {"run", "-", "--eager", "--engine=interp"},
      {"run", "-", "--seed", "many"},      {"bench", "sofmax"},                  {"bench", "--rounds", "-3"},
      {"bench", "--rounds", "0"},          {"run", "-", "--gpu=H200"},           {"run", "-", "--dim", "nosuch=3"},
      {"opt", "-", "--dim", "nosuch=3"},   {"opt", "-", "--dim", "n=3", "--dim", "n=4"},
      {"bench", "--scale", "0"},           {"bench", "--isa", "neon", "tiny"},
  };
  for (const auto& line : lines) {
    const Result r = frit_command(line, kProgram);
    EXPECT_EQ(r.code, 2) << line[0] << " " << line[2 < line.size() ? 2 : 1] << "\n" << r.err;
    EXPECT_TRUE(contains(r.err, "error: ")) << r.err;
    EXPECT_EQ(r.out, "");
  }
}

TEST(Usage, NamesInTheEnvironmentAreChecked) {
  const Result r = frit_command({"run", "-"}, kProgram, {"FRIT_DISABLE=nosuch"});
  EXPECT_EQ(r.code, 2);
  EXPECT_TRUE(contains(r.err, "FRIT_DISABLE: no pass or rule is named 'nosuch'")) << r.err;
}

TEST(Usage, WhatThisMachineLacksIsTheUsersError) {
  const Result gpu = frit_command({"run", "-", "--engine=cuda"}, kProgram, {"FRIT_LIBCUDA=off"});
  EXPECT_EQ(gpu.code, 1);
  EXPECT_TRUE(contains(gpu.err, "there is no GPU")) << gpu.err;
  const Result memory = frit_command({"run", "-"}, "frit 1\nfunc @f(%x: f32[1099511627776]) -> f32[1099511627776] {\n  %y = neg %x : f32[1099511627776]\n  return %y\n}\n");
  EXPECT_EQ(memory.code, 1);
  EXPECT_TRUE(contains(memory.err, "memory")) << memory.err;
}

TEST(Usage, NearMatchesOfNames) {
  EXPECT_TRUE(contains(frit_command({"opt", "-", "--to=fsued"}, kProgram).err, "did you mean 'fused'?"));
  EXPECT_TRUE(contains(frit_command({"bench", "sofmax"}).err, "did you mean 'softmax'?"));
  EXPECT_TRUE(contains(frit_command({"run", "-", "--arg", "yy=x.npy"}, kProgram).err, "did you mean 'y'?") ||
              contains(frit_command({"run", "-", "--arg", "yy=x.npy"}, kProgram).err, "its parameters are x, y"));
}

TEST(Usage, OurBugsSayHowToRepeatThem) {
  const Result r = frit_command({"doctor", "--bug"}, "", {"FRIT_THREADS=1"});
  EXPECT_EQ(r.code, 3);
  EXPECT_TRUE(contains(r.err, "internal error: ") && contains(r.err, "FRIT_THREADS=1 ") && contains(r.err, " doctor --bug")) << r.err;
}

TEST(Usage, EnvironmentIsCheckedBeforeAnythingRuns) {
  for (const char* variable : {"FRIT_FUSE=off", "FRIT_THREADS=none", "FRIT_LOG=loud", "FRIT_ISA=mmx"}) {
    const Result r = frit_command({"run", "-"}, kProgram, {variable});
    EXPECT_EQ(r.code, 1) << variable;
    EXPECT_TRUE(contains(r.err, "FRIT_")) << r.err;
    EXPECT_EQ(r.out, "");
  }
  const Result fine = frit_command({"run", "-"}, kProgram, {"FRIT_THREADS=1", "FRIT_LOG=off"});
  EXPECT_EQ(fine.code, 0) << fine.err;
}

}  // namespace
}  // namespace frit::test
