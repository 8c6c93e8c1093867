// The environment table: values read, mistakes named.
#include "support/env.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

#include "frit/error.h"

namespace frit {
namespace {

Env of(std::vector<const char*> strings) {
  strings.push_back(nullptr);
  return parse_env(strings.data());
}

std::string failure(std::vector<const char*> strings) {
  try {
    of(std::move(strings));
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

TEST(Env, DefaultsWhereNothingIsSet) {
  Env e = of({"PATH=/bin", "FRITTER=1", "FRIT_LOG="});
  EXPECT_EQ(e.log, LogLevel::warning);
  EXPECT_EQ(e.threads.value, 0);
  EXPECT_EQ(e.isa, Env::Isa::best);
  EXPECT_TRUE(e.jit);
  EXPECT_TRUE(e.disable.empty());
  EXPECT_EQ(e.fuel.value, -1);
  EXPECT_EQ(e.memory_limit.value, -1);
  EXPECT_TRUE(e.dump.dir.empty());
}

TEST(Env, EveryTypeIsRead) {
  Env e = of({"FRIT_LOG=debug", "FRIT_THREADS=3", "FRIT_ISA=avx2", "FRIT_JIT=off", "FRIT_DISABLE=fuse,add_zero",
              "FRIT_FUEL=12", "FRIT_CHECK=nan,captures,launches", "FRIT_DUMP=out:fn=ge*:after=fuse", "FRIT_MEMORY_LIMIT=3G",
              "FRIT_MEMORY_CACHE=4096", "FRIT_UPDATE_GOLDEN=1", "FRIT_ENGINE=interp",
              "FRIT_NVRTC=/some/folder", "FRIT_GPU_MEMORY_LIMIT=2M"});
  EXPECT_EQ(e.log, LogLevel::debug);
  EXPECT_EQ(e.threads.value, 3);
  EXPECT_EQ(e.isa, Env::Isa::avx2);
  EXPECT_FALSE(e.jit);
  EXPECT_EQ(e.disable, (std::vector<std::string>{"fuse", "add_zero"}));
  EXPECT_EQ(e.fuel.value, 12);
  EXPECT_TRUE(e.check.nan && e.check.captures && e.check.launches);
  EXPECT_EQ(e.nvrtc, "/some/folder");
  EXPECT_EQ(e.gpu_memory_limit.value, 2 << 20);
  EXPECT_EQ(e.dump.dir, "out");
  EXPECT_EQ(e.dump.fn, "ge*");
  EXPECT_EQ(e.dump.after, "fuse");
  EXPECT_EQ(e.memory_limit.value, int64_t{3} << 30);
  EXPECT_EQ(e.memory_cache.value, 4096);
  EXPECT_TRUE(e.update_golden);
  EXPECT_EQ(e.engine, Env::Engine::interp);
}

TEST(Env, AnUnknownNameListsTheKnownOnes) {
  std::string text = failure({"FRIT_TREADS=2"});
  EXPECT_NE(text.find("FRIT_TREADS"), std::string::npos);
  for (const EnvVariable& v : env_table()) EXPECT_NE(text.find(v.name), std::string::npos) << v.name;
}

TEST(Env, BadValuesAreRefused) {
  for (const char* bad :
       {"FRIT_THREADS=0", "FRIT_THREADS=-1", "FRIT_THREADS=two", "FRIT_THREADS=2x", "FRIT_THREADS=99999999999999999999",
        "FRIT_JIT=maybe", "FRIT_LOG=loud", "FRIT_ISA=sse", "FRIT_FUEL=-3", "FRIT_CHECK=nan,", "FRIT_CHECK=nans",
        "FRIT_DISABLE=,", "FRIT_DUMP=d:what=1", "FRIT_DUMP=:fn=x", "FRIT_MEMORY_LIMIT=9000000000G",
        "FRIT_MEMORY_LIMIT=G", "FRIT_MEMORY_LIMIT=1.5G"}) {
    std::string text = failure({bad});
    EXPECT_NE(text.find(bad), std::string::npos) << bad << ": " << text;
  }
}

TEST(Env, TheProcessIsReadAgainAfterAMistakeIsMended) {
  setenv("FRIT_NONSENSE", "1", 1);
  EXPECT_THROW(reload_env(), Error);
  unsetenv("FRIT_NONSENSE");
  setenv("FRIT_FUEL", "7", 1);
  EXPECT_EQ(reload_env().fuel.value, 7);
  unsetenv("FRIT_FUEL");
  EXPECT_EQ(reload_env().fuel.value, -1);
  EXPECT_EQ(&env(), &env());
}

TEST(Env, TableIsDocumented) {
  std::set<std::string> names;
  for (const EnvVariable& v : env_table()) {
    EXPECT_TRUE(std::string(v.name).starts_with("FRIT_"));
    EXPECT_TRUE(names.insert(v.name).second) << v.name << " stands twice";
    EXPECT_GT(std::string(v.doc).size(), 10u);
  }
}

TEST(Glob, Matches) {
  EXPECT_TRUE(glob_match("*", ""));
  EXPECT_TRUE(glob_match("ge*u", "gelu"));
  EXPECT_TRUE(glob_match("*l*u*", "gelu"));
  EXPECT_TRUE(glob_match("?elu", "gelu"));
  EXPECT_TRUE(glob_match("*aab", "aaaab"));
  EXPECT_FALSE(glob_match("gel", "gelu"));
  EXPECT_FALSE(glob_match("", "x"));
  EXPECT_FALSE(glob_match("*x", "gelu"));
}

}  // namespace
}  // namespace frit
