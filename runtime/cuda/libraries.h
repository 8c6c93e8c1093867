// NVIDIA's libraries, found and loaded when first asked for: nothing of CUDA is needed to build, and
// where a library is missing, what was tried and what to do about it can be told.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace frit::rt::cuda {

enum class Library : uint8_t { driver, nvrtc, cublaslt };
inline constexpr Library kLibraries[] = {Library::driver, Library::nvrtc, Library::cublaslt};

struct LibraryInfo {
  const char* name;      // "NVRTC"
  const char* file;      // "libnvrtc.so"
  const char* variable;  // "FRIT_NVRTC"
  const char* use;       // what it is needed for
  const char* remedy;    // how to get it
};
const LibraryInfo& info(Library l);

struct Loaded {
  void* handle = nullptr;  // null: not found. Never closed
  std::string path;        // of the file that was loaded
  int version = 0;         // 1000 * major + 10 * minor, as CUDA counts; 0: could not be asked
  std::string version_text;  // "13.0"
  std::string note;        // what is odd about it: a part that is missing, older than expected
  struct Attempt {
    std::string what;      // a path, or a name given to the system's loader
    std::string result;    // "loaded", or why not
  };
  std::vector<Attempt> tried;
};

// Loaded at the first call and kept; the same answer from then on. Safe from several threads.
const Loaded& library(Library l);
// The same, but throws Error where it is missing, with what was tried and the remedy. op: who needs it.
const Loaded& need_library(Library l, const char* op);
// For a library that is missing: that it is, what was tried first, and the remedy.
std::string not_found(Library l);
// A function of the library; null if it has none of that name or is missing.
void* library_symbol(Library l, const char* name);
template <class Function>
void look_up(Library l, const char* name, Function*& function) {
  function = reinterpret_cast<Function*>(library_symbol(l, name));
}

// One search, without memory, for tests: variable(NAME) is the environment (null: not set), root stands
// before every absolute place, use_loader says whether the system's loader may be asked.
struct SearchPlaces {
  std::function<const char*(const char*)> variable;
  std::string root;
  bool use_loader = true;
  int driver_version = 0;  // a library of a newer major version is taken only where there is no other; 0: unknown
};
Loaded find_library(Library l, const SearchPlaces& places);

}  // namespace frit::rt::cuda
