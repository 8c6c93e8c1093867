// See nvrtc.h. The few functions of NVRTC are declared here: no header of CUDA is needed.
#include "codegen/cuda/nvrtc.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <vector>

#include <unistd.h>

#include "frit/error.h"
#include "ir/func.h"
#include "runtime/cuda/libraries.h"
#include "support/env.h"

namespace frit::codegen::cuda {
namespace {

using Program = void*;
constexpr int kSuccess = 0, kInvalidOption = 5;

struct Nvrtc {
  int (*create)(Program*, const char*, const char*, int, const char* const*, const char* const*) = nullptr;
  int (*compile)(Program, int, const char* const*) = nullptr;
  int (*destroy)(Program*) = nullptr;
  int (*log_size)(Program, size_t*) = nullptr;
  int (*log)(Program, char*) = nullptr;
  int (*cubin_size)(Program, size_t*) = nullptr;
  int (*cubin)(Program, char*) = nullptr;
  int (*ptx_size)(Program, size_t*) = nullptr;
  int (*ptx)(Program, char*) = nullptr;
  int (*arch_count)(int*) = nullptr;
  int (*archs)(int*) = nullptr;
  const char* (*error)(int) = nullptr;

  explicit Nvrtc() {
    auto get = [&](auto& f, const char* name) {
      rt::cuda::look_up(rt::cuda::Library::nvrtc, name, f);
      if (!f) throw Error("cuda", std::string("the NVRTC that was found has no function ") + name, {}, {}, "install a newer one, or let FRIT_NVRTC name it");
    };
    rt::cuda::need_library(rt::cuda::Library::nvrtc, "cuda");
    get(create, "nvrtcCreateProgram");
    get(compile, "nvrtcCompileProgram");
    get(destroy, "nvrtcDestroyProgram");
    get(log_size, "nvrtcGetProgramLogSize");
    get(log, "nvrtcGetProgramLog");
    get(cubin_size, "nvrtcGetCUBINSize");
    get(cubin, "nvrtcGetCUBIN");
    get(ptx_size, "nvrtcGetPTXSize");
    get(ptx, "nvrtcGetPTX");
    get(arch_count, "nvrtcGetNumSupportedArchs");
    get(archs, "nvrtcGetSupportedArchs");
    get(error, "nvrtcGetErrorString");
  }
};

// NVRTC takes and frees tens of megabytes a kernel. On a thread that is not the first, glibc's malloc gives them
// back to the system each time, and the next compilation pays for the pages again: a tenth of the time of a small
// kernel. Freeing one large block tells it that such sizes come and go (M_MMAP_THRESHOLD in mallopt(3): the
// thresholds follow the program); no page of it is touched.
void expect_large_blocks() {
  void* volatile block = std::malloc(size_t{24} << 20);
  std::free(block);
}

const Nvrtc& need() {
  static const auto* n = [] {
    const auto* found = new Nvrtc;  // tried again at the next call where it throws
    expect_large_blocks();
    return found;
  }();
  return *n;
}

double now_ms() {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// The source of a program that was refused, in a file of its own; its path, "" where none can be written.
std::string keep_source(const std::string& text) {
  namespace fs = std::filesystem;
  std::error_code error;
  fs::path folder = env().dump.dir;
  if (folder.empty()) folder = fs::temp_directory_path(error);
  else fs::create_directories(folder, error);
  std::string path = (folder / "frit-refused-XXXXXX.cu").string();
  const int file = mkstemps(path.data(), 3);
  if (file < 0) return "";
  close(file);
  std::ofstream out(path, std::ios::binary);
  out << text;
  out.close();
  return out ? path : "";
}

// One run of the compiler.
struct Run {
  const Nvrtc& n = need();
  Program program = nullptr;
  std::string log;
  double compile_ms = 0;  // of nvrtcCompileProgram

  Run(const std::string& text, const std::string& arch) {
    check(n.create(&program, text.c_str(), "kernel.cu", 0, nullptr, nullptr));
    const std::string target = "-arch=" + arch;
    // Strict numerics: what stands in the source is what is computed.
    const char* options[] = {target.c_str(), "-std=c++17", "-fmad=false", "-prec-div=true", "-prec-sqrt=true", "-ftz=false",
                             "-default-device", "-diag-suppress=177,550", "--ptxas-options=-v"};
    const double start = now_ms();
    const int rc = n.compile(program, static_cast<int>(std::size(options)), options);
    compile_ms = now_ms() - start;
    size_t size = 0;
    check(n.log_size(program, &size));
    log.resize(size);
    if (size) check(n.log(program, log.data()));
    while (!log.empty() && log.back() == '\0') log.pop_back();
    if (rc != kSuccess) {
      n.destroy(&program);
      if (rc == kInvalidOption)
        throw Error("cuda", "NVRTC " + nvrtc_version() + " does not compile for " + arch + "\n" + log, {}, {},
                    "install a version that supports this GPU, or let FRIT_NVRTC name it");
      const std::string kept = keep_source(text);
      const std::string message = std::string("NVRTC refused a kernel (") + n.error(rc) + ")" + (kept.empty() ? "" : ", which is in " + kept) + "\n" + log;
      throw Error("cuda", message, {}, {}, "this is a bug of Frit's code generator: please report it with the program");
    }
  }
  Run(const Run&) = delete;
  ~Run() { n.destroy(&program); }

  std::string take(int (*size_of)(Program, size_t*), int (*get)(Program, char*)) const {
    size_t size = 0;
    check(size_of(program, &size));
    std::string s(size, '\0');
    check(get(program, s.data()));
    return s;
  }
  void check(int rc) const {
    if (rc != kSuccess) ir::internal_error(std::string("NVRTC: ") + n.error(rc));
  }
};

// "Used 32 registers, used 1 barriers, 16 bytes smem" and "0 bytes spill stores" after the entry's name.
void read_usage(const std::string& log, rt::GpuKernel& k) {
  const size_t entry = log.find("Compiling entry function '" + k.name + "'");
  if (entry == std::string::npos) return;
  const size_t next = log.find("Compiling entry function", entry + 10);
  const std::string part = log.substr(entry, next == std::string::npos ? next : next - entry);
  auto before = [&](const char* words) -> int64_t {
    const size_t at = part.find(words);
    if (at == std::string::npos) return 0;
    size_t begin = at;
    while (begin > 0 && part[begin - 1] == ' ') --begin;
    while (begin > 0 && part[begin - 1] >= '0' && part[begin - 1] <= '9') --begin;
    return std::atoll(part.c_str() + begin);
  };
  k.registers = static_cast<int>(before(" registers"));
  k.spill_bytes = before(" bytes spill stores");
  k.static_shared_bytes = before(" bytes smem");
}

}  // namespace

bool nvrtc_available() { return rt::cuda::library(rt::cuda::Library::nvrtc).handle != nullptr; }

std::string nvrtc_version() { return rt::cuda::library(rt::cuda::Library::nvrtc).version_text; }

int nvrtc_newest(int sm) {
  static const std::vector<int> known = [] {
    const Nvrtc& n = need();
    int count = 0;
    if (n.arch_count(&count) != kSuccess || count < 0) count = 0;
    std::vector<int> out(static_cast<size_t>(count));
    if (count && n.archs(out.data()) != kSuccess) out.clear();
    return out;
  }();
  int newest = 0;
  for (int k : known)
    if (k <= sm) newest = std::max(newest, k);
  return newest;
}

std::string nvrtc_text(std::span<const CudaSource> sources) {
  std::string text = cuda_prelude();
  for (const CudaSource& s : sources) {
    if (!s.text.starts_with(cuda_prelude())) ir::internal_error("a CUDA source without the prelude");
    text += s.text.substr(cuda_prelude().size());
  }
  return text;
}

double nvrtc_bare_ms(const std::string& text, const GpuSpec& gpu) { return Run(text, gpu.arch()).compile_ms; }

void nvrtc_compile(std::span<CudaSource> sources, const GpuSpec& gpu) {
  const double start = now_ms();
  const Run run(nvrtc_text(sources), gpu.arch());
  const auto image = std::make_shared<const std::string>(gpu.ptx ? run.take(run.n.ptx_size, run.n.ptx) : run.take(run.n.cubin_size, run.n.cubin));
  const double ms = now_ms() - start;
  for (CudaSource& s : sources) {
    s.launch.image = image;
    s.launch.is_ptx = gpu.ptx != 0;
    s.launch.compile_ms = ms / static_cast<double>(sources.size());
    read_usage(run.log, s.launch);
  }
}

std::string nvrtc_ptx(const CudaSource& source, const GpuSpec& gpu) {
  const Run run(source.text, gpu.ptx ? gpu.arch() : "compute_" + gpu.arch().substr(3));
  std::string s = run.take(run.n.ptx_size, run.n.ptx);
  while (!s.empty() && s.back() == '\0') s.pop_back();
  return s;
}

}  // namespace frit::codegen::cuda
