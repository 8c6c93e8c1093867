// Where NVIDIA's libraries are looked for, and what is said where they are not. Libraries that have
// nothing but a version are laid out in a temporary folder as toolkits and wheels are.
#include "runtime/cuda/libraries.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "frit/error.h"

namespace frit::rt::cuda {
namespace {

namespace fs = std::filesystem;

class Libraries : public ::testing::Test {
 protected:
  Libraries() {
    char name[] = "/tmp/frit-libraries-XXXXXX";
    root_ = fs::path(mkdtemp(name)).string();
  }
  ~Libraries() override { fs::remove_all(root_); }

  // A copy of the stand-in of that version at that path below the root.
  std::string put(const std::string& path, int version) {
    const fs::path to = root_ + path;
    fs::create_directories(to.parent_path());
    fs::copy_file(version >= 13000 ? FRIT_STAND_IN_13 : FRIT_STAND_IN_12, to);
    return to.string();
  }
  void link(const std::string& to, const std::string& path) { fs::create_symlink(to, root_ + path); }

  Loaded find(Library l, int driver_version = 0) {
    SearchPlaces places;
    places.variable = [this](const char* name) -> const char* {
      auto it = variables_.find(name);
      return it == variables_.end() ? nullptr : it->second.c_str();
    };
    places.root = root_;
    places.use_loader = false;
    places.driver_version = driver_version;
    return find_library(l, places);
  }

  std::string root_;
  std::map<std::string, std::string> variables_;
};

TEST_F(Libraries, NothingThereIsNoError) {
  for (Library l : kLibraries) {
    const Loaded found = find(l);
    EXPECT_EQ(found.handle, nullptr);
    EXPECT_EQ(found.version, 0);
    EXPECT_TRUE(found.tried.empty());
  }
}

TEST_F(Libraries, TheVariableNamesAFileOrAFolder) {
  const std::string path = put("/mine/libnvrtc.so.12", 12040);
  put("/usr/local/cuda/lib64/libnvrtc.so.13", 13010);
  variables_["FRIT_NVRTC"] = path;
  Loaded found = find(Library::nvrtc);
  EXPECT_EQ(found.path, path);
  EXPECT_EQ(found.version, 12040);
  EXPECT_EQ(found.version_text, "12.4");
  variables_["FRIT_NVRTC"] = root_ + "/mine";
  EXPECT_EQ(find(Library::nvrtc).path, path);
  // A path that is wrong is not passed over in silence.
  variables_["FRIT_NVRTC"] = root_ + "/mine/libother.so";
  found = find(Library::nvrtc);
  EXPECT_EQ(found.handle, nullptr);
  ASSERT_EQ(found.tried.size(), 1u);
  EXPECT_NE(found.tried[0].result.find("libother.so"), std::string::npos);
  variables_["FRIT_NVRTC"] = root_;
  found = find(Library::nvrtc);
  EXPECT_EQ(found.handle, nullptr);
  ASSERT_EQ(found.tried.size(), 1u);
  EXPECT_NE(found.tried[0].result.find("libnvrtc.so"), std::string::npos);
  variables_["FRIT_NVRTC"] = "off";
  found = find(Library::nvrtc);
  EXPECT_EQ(found.handle, nullptr);
  EXPECT_EQ(found.tried.at(0).result, "switched off");
}

TEST_F(Libraries, Toolkits) {
  const std::string other = put("/usr/local/cuda-12.4/targets/x86_64-linux/lib/libnvrtc.so.12", 12040);
  EXPECT_EQ(find(Library::nvrtc).path, other);
  put("/usr/local/cuda-9.2/lib64/libnvrtc.so.9.2", 12040);  // older, though it sorts last
  put("/usr/local/cuda-12/lib64/libnvrtc.so.12", 12040);
  EXPECT_EQ(find(Library::nvrtc).path, other);
  const std::string usual = put("/usr/local/cuda/lib64/libnvrtc.so.13", 13010);
  EXPECT_EQ(find(Library::nvrtc).path, usual);
  const std::string home = put("/opt/cuda/lib/libnvrtc.so.12", 12040);
  variables_["CUDA_PATH"] = root_ + "/opt/cuda";
  EXPECT_EQ(find(Library::nvrtc).path, home);
  variables_["CUDA_HOME"] = root_ + "/opt/nothing";
  EXPECT_EQ(find(Library::nvrtc).path, home);
  EXPECT_EQ(find(Library::cublaslt).handle, nullptr);
  put("/opt/cuda/lib64/libcublasLt.so.13", 13010);
  EXPECT_EQ(find(Library::cublaslt).version_text, "13.1");
}

TEST_F(Libraries, TheNewestOfAFolderAndNoOtherKind) {
  put("/usr/local/cuda/lib64/libnvrtc.so.9.2", 12040);
  const std::string newest = put("/usr/local/cuda/lib64/libnvrtc.so.13.1.80", 13010);
  put("/usr/local/cuda/lib64/libnvrtc.so.alt.99", 12040);
  link("libnvrtc.so.13.1.80", "/usr/local/cuda/lib64/libnvrtc.so.13");
  link("libnvrtc.so.13", "/usr/local/cuda/lib64/libnvrtc.so");
  const Loaded found = find(Library::nvrtc);
  EXPECT_EQ(found.path, newest);
  EXPECT_EQ(found.tried.size(), 1u);
}

TEST_F(Libraries, BrokenFilesArePassedOver) {
  fs::create_directories(root_ + "/usr/local/cuda/lib64");
  std::ofstream(root_ + "/usr/local/cuda/lib64/libnvrtc.so") << "not a library";
  const std::string good = put("/usr/local/cuda/lib/libnvrtc.so.12", 12040);
  const Loaded found = find(Library::nvrtc);
  EXPECT_EQ(found.path, good);
  ASSERT_EQ(found.tried.size(), 2u);
  EXPECT_NE(found.tried[0].result, "loaded");
  EXPECT_EQ(found.tried[1].result, "loaded");
}

TEST_F(Libraries, Wheels) {
  const std::string wheel = put("/venv/lib/python3.11/site-packages/nvidia/cu13/lib/libnvrtc.so.13", 13010);
  put("/venv/lib/python3.11/site-packages/nvidia/cublas/lib/libcublasLt.so.12", 12040);
  variables_["VIRTUAL_ENV"] = root_ + "/venv";
  EXPECT_EQ(find(Library::nvrtc).path, wheel);
  EXPECT_EQ(find(Library::cublaslt).version_text, "12.4");
  // The python3 on PATH, reached through links.
  variables_ = {{"PATH", root_ + "/nothing:" + root_ + "/links"}};
  fs::create_directories(root_ + "/venv/bin");
  fs::create_directories(root_ + "/links");
  std::ofstream(root_ + "/venv/bin/python3.11") << "#!/bin/sh\n";
  fs::permissions(root_ + "/venv/bin/python3.11", fs::perms::owner_all);
  link(root_ + "/venv/bin/python3.11", "/links/python3");
  EXPECT_EQ(find(Library::nvrtc).path, fs::canonical(wheel).string());
  variables_ = {{"HOME", root_ + "/person"}};
  EXPECT_EQ(find(Library::nvrtc).handle, nullptr);
  put("/person/.local/lib/python3.12/site-packages/nvidia/cuda_nvrtc/lib/libnvrtc.so.12", 12040);
  EXPECT_EQ(find(Library::nvrtc).version, 12040);
}

TEST_F(Libraries, NewerThanTheDriverOnlyIfThereIsNoOther) {
  const std::string newer = put("/usr/local/cuda/lib64/libnvrtc.so.13", 13010);
  Loaded found = find(Library::nvrtc, 12080);
  EXPECT_EQ(found.path, newer);
  EXPECT_NE(found.note.find("newer than the driver"), std::string::npos);
  const std::string older = put("/usr/local/cuda-12.4/lib64/libnvrtc.so.12", 12040);
  EXPECT_EQ(find(Library::nvrtc, 12080).path, older);
  EXPECT_EQ(find(Library::nvrtc, 13000).path, newer);
}

TEST_F(Libraries, BuiltinsBesideNvrtc) {
  put("/usr/local/cuda/lib64/libnvrtc.so.12", 12040);
  EXPECT_NE(find(Library::nvrtc).note.find("libnvrtc-builtins.so"), std::string::npos);
  put("/usr/local/cuda/lib64/libnvrtc-builtins.so.11.8", 12040);
  EXPECT_NE(find(Library::nvrtc).note.find("libnvrtc-builtins.so"), std::string::npos);
  put("/usr/local/cuda/lib64/libnvrtc-builtins.so.12.4.127", 12040);
  EXPECT_EQ(find(Library::nvrtc).note, "");
}

TEST_F(Libraries, TheDriverIsNotTheToolkits) {
  put("/usr/local/cuda/lib64/stubs/libcuda.so", 12040);
  put("/usr/local/cuda/lib64/libcuda.so", 12040);
  EXPECT_EQ(find(Library::driver).handle, nullptr);
  const std::string path = put("/usr/lib/wsl/lib/libcuda.so.1", 13010);
  EXPECT_EQ(find(Library::driver).path, path);
  EXPECT_EQ(find(Library::driver).version, 13010);
}

TEST(LibrariesMissing, TheErrorSaysWhatIsNeededAndWhy) {
  if (library(Library::driver).handle) GTEST_SKIP() << "this machine has a driver";
  EXPECT_EQ(library_symbol(Library::driver, "cuInit"), nullptr);
  try {
    need_library(Library::driver, "to");
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.op, "to");
    EXPECT_NE(e.message.find("libcuda.so"), std::string::npos);
    EXPECT_NE(e.help.find("FRIT_LIBCUDA"), std::string::npos);
    EXPECT_NE(e.help.find("libcuda.so.1: "), std::string::npos) << e.help;
  }
}

}  // namespace
}  // namespace frit::rt::cuda
