// run: values, engines, arguments from files and seeds, bad files.
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>

#include "tests/tools/command.h"

namespace frit::test {
namespace {

const char* const kIota = "frit 1\nfunc @f() -> f32[10] {\n  %i = iota axis=0 : f32[10]\n  return %i\n}\n";
const char* const kSum = "frit 1\nfunc @f(%x: f32[10]) -> f32[1] {\n  %s = reduce.sum %x axes=[0] : f32[1]\n  return %s\n}\n";
const char* const kSymbols = "frit 1\nfunc @f(%x: f32[n]) -> f32[1] {\n  %s = reduce.sum %x axes=[0] : f32[1]\n  return %s\n}\n";

std::string hash_of(const std::vector<std::string>& args, const std::string& program) {
  std::vector<std::string> line = {"run", "-", "--json"};
  line.insert(line.end(), args.begin(), args.end());
  const Result r = frit_command(line, program);
  EXPECT_EQ(r.code, 0) << r.err;
  return parse_json(r.out).value("hash", "");
}

// iota as a file.
std::string iota_file() {
  EXPECT_EQ(frit_command({"run", "-", "--out", temporary("iota")}, kIota).code, 0);
  return temporary("iota.0.npy");
}

TEST(Run, ValuesThroughFiles) {
  const std::string file = iota_file();
  const std::string bytes = read_text(file);
  ASSERT_GE(bytes.size(), 40u);
  EXPECT_EQ(bytes.substr(1, 5), "NUMPY");
  float last = 0;
  std::memcpy(&last, bytes.data() + bytes.size() - 4, 4);
  EXPECT_EQ(last, 9.0f);
  for (const char* how : {"--engine=interp", "--engine=llvm", "--eager"}) {
    const Result r = frit_command({"run", "-", "--arg", "x=" + file, how}, kSum);
    EXPECT_EQ(r.code, 0) << r.err;
    EXPECT_TRUE(contains(r.out, "45")) << r.out;
  }
}

TEST(Run, AllEnginesGiveTheSameBits) {
  const std::string hash = hash_of({}, kProgram);
  EXPECT_EQ(hash.size(), 16u);
  for (const std::vector<std::string>& how : std::vector<std::vector<std::string>>{
           {"--engine=interp"}, {"--eager"}, {"--threads=1"}, {"--threads=2"}, {"--isa=avx2"}, {"--disable=fuse"}})
    EXPECT_EQ(hash_of(how, kProgram), hash) << how[0];
  EXPECT_EQ(hash_of({"--seed", "0"}, kProgram), hash);
  EXPECT_NE(hash_of({"--seed", "1"}, kProgram), hash);
}

TEST(Run, Compare) {
  const Result r = frit_command({"run", "-", "--compare", "--json"}, kProgram);
  ASSERT_EQ(r.code, 0) << r.err;
  const auto j = parse_json(r.out);
  EXPECT_EQ(j.at("same_bits"), true);
  ASSERT_EQ(j.at("engines").size(), 3u);
  EXPECT_EQ(j.at("engines")[1].at("kernels"), 4);
  EXPECT_EQ(j.at("engines")[2].at("kernels"), 1);
  const Result people = frit_command({"run", "-", "--compare", "--time"}, kProgram);
  EXPECT_EQ(people.code, 0);
  EXPECT_TRUE(contains(people.out, "same bits: yes")) << people.out;
}

TEST(Run, Time) {
  const auto j = parse_json(frit_command({"run", "-", "--time", "--json"}, kProgram).out);
  EXPECT_GT(j.at("call_us").get<double>(), 0);
  EXPECT_EQ(frit_command({"run", "-", "--time"}, kProgram).code, 0);
}

TEST(Run, SymbolsComeFromFilesOrTheCommandLine) {
  const std::string file = iota_file();
  const Result bound = frit_command({"run", "-", "--arg", "x=" + file}, kSymbols);
  EXPECT_EQ(bound.code, 0) << bound.err;
  EXPECT_TRUE(contains(bound.out, "45")) << bound.out;
  EXPECT_EQ(frit_command({"run", "-", "--dim", "n=0"}, kSymbols).code, 0);
  const Result unbound = frit_command({"run", "-"}, kSymbols);
  EXPECT_EQ(unbound.code, 1);
  EXPECT_TRUE(contains(unbound.err, "'n'")) << unbound.err;
}

TEST(Run, BadFiles) {
  const std::string good = read_text(iota_file());
  const std::vector<std::string> bad = {
      "", "not an array", good.substr(0, 5), good.substr(0, 60), good.substr(0, good.size() - 1),
  };
  for (const std::string& bytes : bad) {
    const Result r = frit_command({"run", "-", "--arg", "x=" + temporary("bad.npy", bytes)}, kSum);
    EXPECT_EQ(r.code, 1) << bytes.size();
    EXPECT_TRUE(contains(r.err, "bad.npy")) << r.err;
  }
  EXPECT_EQ(frit_command({"run", "-", "--arg", "x=" + temporary("nosuch.npy")}, kSum).code, 1);
  const Result shape = frit_command({"run", "-", "--arg", "x=" + temporary("iota.npy", good)}, kProgram);
  EXPECT_EQ(shape.code, 1);
  EXPECT_TRUE(contains(shape.err, "f32[3,1500]") && contains(shape.err, "f32[10]")) << shape.err;
  const Result place = frit_command({"run", "-", "--out", "/nosuch/folder/y"}, kIota);
  EXPECT_EQ(place.code, 1) << place.err;
}

TEST(Run, AFolderHoldsProgramAndArguments) {
  const std::string file = iota_file(), folder = temporary("dump");
  std::filesystem::create_directory(folder);
  std::filesystem::copy_file(file, folder + "/x.npy");
  temporary("dump/00-traced.ir", kSum);
  temporary("dump/01-other.ir", "not read");
  const Result r = frit_command({"run", folder});
  EXPECT_EQ(r.code, 0) << r.err;
  EXPECT_TRUE(contains(r.out, "45")) << r.out;
  EXPECT_EQ(frit_command({"explain", folder}).code, 0);
}

TEST(Run, DumpsOfCallsRunAgain) {
  const std::string folder = temporary("dumps");
  ASSERT_EQ(frit_command({"bench", "tiny", "--rounds", "1"}, "", {"FRIT_DUMP=" + folder}).code, 0);
  int with_arguments = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const Result r = frit_command({"run", entry.path().string(), "--compare"});
    EXPECT_EQ(r.code, 0) << r.err;
    EXPECT_TRUE(contains(r.out, "same bits: yes")) << r.out;
    EXPECT_EQ(frit_command({"explain", entry.path().string()}).code, 0);
    EXPECT_EQ(frit_command({"opt", entry.path().string(), "--to=asm"}).code, 0);
    for (const auto& file : std::filesystem::directory_iterator(entry))
      if (file.path().extension() == ".npy") ++with_arguments;
  }
  EXPECT_EQ(with_arguments, 2);  // of the one call that had values: the others were compiled for types alone
}

TEST(Run, EmptyArraysAndScalars) {
  EXPECT_EQ(frit_command({"run", "-", "--compare"}, "frit 1\nfunc @f(%x: f32[0,4]) -> f32[0,4] {\n  %y = exp %x : f32[0,4]\n  return %y\n}\n").code, 0);
  EXPECT_EQ(frit_command({"run", "-", "--compare"}, "frit 1\nfunc @f(%x: f64) -> f64 {\n  %y = exp %x : f64\n  return %y\n}\n").code, 0);
  EXPECT_EQ(frit_command({"run", "-", "--compare"}, "frit 1\nfunc @f(%x: i64[5]) -> i64[5] {\n  return %x\n}\n").code, 0);
}

}  // namespace
}  // namespace frit::test
