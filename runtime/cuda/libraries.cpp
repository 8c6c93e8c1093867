// The search: the library's own variable; the toolkit (CUDA_HOME, CUDA_PATH, /usr/local/cuda*); the
// system's loader; places where drivers lie outside of its paths; NVIDIA's Python wheels.
#include "runtime/cuda/libraries.h"

#include <dlfcn.h>
#include <glob.h>
#include <link.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <mutex>

#include "frit/error.h"
#include "support/env.h"
#include "support/log.h"

namespace frit::rt::cuda {
namespace {

constexpr LibraryInfo kInfo[] = {
    {"the NVIDIA driver", "libcuda.so", "FRIT_LIBCUDA", "running anything on a GPU",
     "install NVIDIA's driver for this GPU; in a container, start it with the GPU (--gpus all); or set FRIT_LIBCUDA to the path of libcuda.so.1"},
    {"NVRTC", "libnvrtc.so", "FRIT_NVRTC", "compiling kernels for a GPU",
     "install the CUDA toolkit, or NVIDIA's wheel (pip install nvidia-cuda-nvrtc), or set FRIT_NVRTC to the path of libnvrtc.so"},
    {"cuBLASLt", "libcublasLt.so", "FRIT_CUBLASLT", "fast matrix products on a GPU; without it kernels of our own are used",
     "install the CUDA toolkit, or NVIDIA's wheel (pip install nvidia-cublas), or set FRIT_CUBLASLT to the path of libcublasLt.so"},
};

std::vector<std::string> expand(const std::string& pattern) {
  std::vector<std::string> out;
  glob_t found{};
  if (glob(pattern.c_str(), 0, nullptr, &found) == 0)
    for (size_t i = 0; i < found.gl_pathc; ++i) out.emplace_back(found.gl_pathv[i]);
  globfree(&found);
  return out;
}

bool is_folder(const std::string& path) {
  struct stat s {};
  return stat(path.c_str(), &s) == 0 && S_ISDIR(s.st_mode);
}

std::string real_path(const std::string& path) {
  char buffer[PATH_MAX];
  return realpath(path.c_str(), buffer) ? buffer : path;
}

std::string parent(const std::string& path) {
  const size_t at = path.rfind('/');
  return at == std::string::npos ? "." : path.substr(0, at);
}

// The numbers that follow the last `before` of a name: libnvrtc.so.12.4 has {12, 4} after ".so.". Compared,
// the newest is the largest.
std::vector<int> numbers_after(const std::string& before, const std::string& path) {
  std::vector<int> out;
  const size_t found = path.rfind(before);
  for (size_t i = found == std::string::npos ? path.size() : found + before.size(); i < path.size(); ++i) {
    int n = 0;
    for (; i < path.size() && path[i] >= '0' && path[i] <= '9'; ++i) n = std::min(n * 10 + (path[i] - '0'), 99999);
    out.push_back(n);
    if (i < path.size() && path[i] != '.') return {};
  }
  return out;
}
std::vector<int> numbers_of(const std::string& path) { return numbers_after(".so.", path); }

// The library's files in a folder, the newest first; of the names of one file only one.
std::vector<std::string> files_in(const std::string& folder, const std::string& file) {
  std::vector<std::string> paths = expand(folder + "/" + file + "*");
  std::erase_if(paths, [&](const std::string& p) { return p != folder + "/" + file && numbers_of(p).empty(); });
  std::sort(paths.begin(), paths.end(), [](const std::string& a, const std::string& b) { return numbers_of(a) > numbers_of(b); });
  std::vector<std::string> out, seen;
  for (const std::string& p : paths) {
    std::string real = real_path(p);
    if (std::find(seen.begin(), seen.end(), real) != seen.end()) continue;
    seen.push_back(std::move(real));
    out.push_back(p);
  }
  return out;
}

class Search {
 public:
  Search(Library l, const SearchPlaces& places) : library_(l), places_(places) {}

  Loaded run() {
    const LibraryInfo& about = info(library_);
    if (const std::string asked = variable(about.variable); !asked.empty()) {
      // What the user asked for, and nothing else: another one would hide the mistake.
      if (asked == "off") {
        out_.tried.push_back({std::string(about.variable) + "=off", "switched off"});
        return out_;
      }
      if (is_folder(asked)) in_folder(asked);
      else file(asked);
      if (!out_.handle && out_.tried.empty()) out_.tried.push_back({asked, std::string("there is no ") + about.file + " in it"});
      return finish();
    }
    // The driver belongs to the system; what the toolkit holds of it is a stub that cannot do anything.
    if (library_ == Library::driver) {
      loader();
      for (const char* p : {"/usr/lib/wsl/lib", "/usr/lib64-nvidia", "/usr/local/nvidia/lib64", "/run/opengl-driver/lib",
                            "/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib"})
        in_folder(places_.root + p);
      return finish();
    }
    for (const char* name : {"CUDA_HOME", "CUDA_PATH"})
      if (const std::string home = variable(name); !home.empty()) in_toolkit(home);
    in_toolkit(places_.root + "/usr/local/cuda");
    std::vector<std::string> others = expand(places_.root + "/usr/local/cuda-*");
    std::stable_sort(others.begin(), others.end(), [](const std::string& a, const std::string& b) { return numbers_after("/cuda-", a) > numbers_after("/cuda-", b); });
    for (const std::string& p : others) in_toolkit(p);
    loader();
    in_wheels();
    return finish();
  }

 private:
  std::string variable(const char* name) const {
    const char* value = places_.variable ? places_.variable(name) : nullptr;
    return value ? value : "";
  }
  bool done() const { return out_.handle != nullptr; }

  void in_toolkit(const std::string& home) {
    for (const char* folder : {"/lib64", "/lib", "/targets/x86_64-linux/lib"}) in_folder(home + folder);
  }

  void in_folder(const std::string& folder) {
    for (const std::string& path : files_in(folder, info(library_).file)) file(path);
  }

  // Asks the loader by name: LD_LIBRARY_PATH, what the process has already loaded, ld.so.cache.
  void loader() {
    if (!places_.use_loader) return;
    const std::string name = info(library_).file;
    if (library_ == Library::driver) return file(name + ".1");
    const int newest = places_.driver_version > 0 ? places_.driver_version / 1000 : 13;
    for (int major = std::max(newest, 12); major >= 12; --major) file(name + "." + std::to_string(major));
    if (library_ == Library::nvrtc) file(name + ".11.2");
    else file(name + ".11");
    file(name);
  }

  // site-packages/nvidia/*/lib of the environments that are active and of the python3 on PATH.
  void in_wheels() {
    std::vector<std::string> prefixes;
    for (const char* name : {"VIRTUAL_ENV", "CONDA_PREFIX"})
      if (const std::string p = variable(name); !p.empty()) prefixes.push_back(p);
    for (const std::string& p : prefixes) in_folder(p + "/lib");  // conda's own packages
    const std::string path = variable("PATH");
    for (size_t at = 0; at <= path.size();) {
      size_t end = std::min(path.find(':', at), path.size());
      const std::string python = path.substr(at, end - at) + "/python3";
      at = end + 1;
      if (access(python.c_str(), X_OK) != 0) continue;
      prefixes.push_back(parent(parent(python)));
      prefixes.push_back(parent(parent(real_path(python))));
    }
    if (const std::string home = variable("HOME"); !home.empty()) prefixes.push_back(home + "/.local");
    prefixes.push_back(places_.root + "/usr/local");
    prefixes.push_back(places_.root + "/usr");
    std::vector<std::string> seen;
    for (const std::string& prefix : prefixes) {
      if (std::find(seen.begin(), seen.end(), prefix) != seen.end()) continue;
      seen.push_back(prefix);
      for (const char* packages : {"/lib/python3*/site-packages", "/lib/python3*/dist-packages"})
        for (const std::string& folder : expand(prefix + packages + "/nvidia/*/lib")) in_folder(folder);
    }
  }

  void file(const std::string& path) {
    if (done()) return;
    for (const Loaded::Attempt& t : out_.tried)
      if (t.what == path) return;
    dlerror();
    void* handle = dlopen(path.c_str(), RTLD_LAZY | RTLD_LOCAL);
    if (!handle) {
      const char* why = dlerror();
      out_.tried.push_back({path, why ? why : "cannot be loaded"});
      return;
    }
    Loaded found;
    found.handle = handle;
    found.path = path;
    link_map* map = nullptr;
    if (dlinfo(handle, RTLD_DI_LINKMAP, &map) == 0 && map && map->l_name && map->l_name[0]) found.path = map->l_name;
    ask_version(found);
    // A driver loads what its own major version compiled, and older; take another if there is one.
    if (places_.driver_version > 0 && found.version / 1000 > places_.driver_version / 1000) {
      out_.tried.push_back({path, "version " + found.version_text + " is newer than the driver's " +
                                      std::to_string(places_.driver_version / 1000) + ": used if there is no other"});
      if (!fallback_.handle) {
        fallback_ = std::move(found);
        fallback_.note = "newer than the driver, which may refuse what it makes";
      }
      return;
    }
    take(std::move(found), path);
  }

  void take(Loaded found, const std::string& what) {
    found.tried = std::move(out_.tried);
    found.tried.push_back({what, "loaded"});
    out_ = std::move(found);
    if (library_ == Library::nvrtc) load_builtins();
  }

  Loaded finish() {
    if (!done() && fallback_.handle) {
      std::string path = fallback_.path;
      take(std::move(fallback_), path);
    }
    return std::move(out_);
  }

  void ask_version(Loaded& l) const {
    int major = 0, minor = 0;
    if (library_ == Library::driver) {
      auto get = reinterpret_cast<int (*)(int*)>(dlsym(l.handle, "cuDriverGetVersion"));
      int version = 0;
      if (!get || get(&version) != 0) return;
      major = version / 1000, minor = version % 1000 / 10;
    } else if (library_ == Library::nvrtc) {
      auto get = reinterpret_cast<int (*)(int*, int*)>(dlsym(l.handle, "nvrtcVersion"));
      if (!get || get(&major, &minor) != 0) return;
    } else {
      auto get = reinterpret_cast<size_t (*)()>(dlsym(l.handle, "cublasLtGetVersion"));
      if (!get) return;
      const size_t version = get();  // 130100; before version 12: 11803
      const size_t unit = version >= 100000 ? 10000 : 1000;
      major = static_cast<int>(version / unit), minor = static_cast<int>(version % unit / 100);
    }
    l.version = 1000 * major + 10 * minor;
    l.version_text = std::to_string(major) + "." + std::to_string(minor);
  }

  // NVRTC opens its builtins by name at its first compilation, which finds a file of that name loaded
  // before; its own search path need not hold it.
  void load_builtins() {
    for (const std::string& folder : {parent(out_.path), parent(real_path(out_.path))})
      for (const std::string& path : files_in(folder, "libnvrtc-builtins.so")) {
        const std::vector<int> n = numbers_of(real_path(path));
        if (n.size() >= 2 && out_.version > 0 && 1000 * n[0] + 10 * n[1] != out_.version) continue;
        if (dlopen(path.c_str(), RTLD_LAZY | RTLD_LOCAL)) return;
      }
    out_.note += std::string(out_.note.empty() ? "" : "; ") + "its libnvrtc-builtins.so is not beside it";
  }

  const Library library_;
  const SearchPlaces& places_;
  Loaded out_, fallback_;
};

}  // namespace

const LibraryInfo& info(Library l) { return kInfo[static_cast<size_t>(l)]; }

Loaded find_library(Library l, const SearchPlaces& places) { return Search(l, places).run(); }

const Loaded& library(Library l) {
  // Never destroyed: arrays may need the driver while the process ends.
  struct Slot {
    std::once_flag once;
    Loaded loaded;
  };
  static Slot* const slots = new Slot[std::size(kLibraries)];
  Slot& slot = slots[static_cast<size_t>(l)];
  std::call_once(slot.once, [&] {
    env();  // a broken environment is told before anything is looked for
    SearchPlaces places;
    places.variable = [](const char* name) { return static_cast<const char*>(std::getenv(name)); };
    if (l != Library::driver) places.driver_version = library(Library::driver).version;
    slot.loaded = find_library(l, places);
    if (slot.loaded.handle)
      logging::info("loaded ", info(l).name, " ", slot.loaded.version_text, " from ", slot.loaded.path);
    else
      logging::info("there is no ", info(l).file);
  });
  return slot.loaded;
}

const Loaded& need_library(Library l, const char* op) {
  const Loaded& found = library(l);
  if (found.handle) return found;
  std::string tried;
  for (const Loaded::Attempt& t : found.tried) tried += "\n  " + t.what + ": " + t.result;
  throw Error(op, std::string(info(l).name) + " (" + info(l).file + ") was not found; it is needed for " + info(l).use, {},
              {}, std::string(info(l).remedy) + (tried.empty() ? "" : "; tried:" + tried));
}

std::string not_found(Library l) {
  const Loaded& found = library(l);
  std::string text = std::string(info(l).name) + " was not found";
  if (!found.tried.empty()) text += " (" + found.tried[0].what + ": " + found.tried[0].result + ")";
  return text + ": " + info(l).remedy;
}

void* library_symbol(Library l, const char* name) {
  const Loaded& found = library(l);
  return found.handle ? dlsym(found.handle, name) : nullptr;
}

}  // namespace frit::rt::cuda
