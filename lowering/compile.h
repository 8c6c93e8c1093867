// Tensor IR -> a runnable program: the pipeline of pass_table.cpp, then kernels and a plan.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codegen/gpu_spec.h"
#include "codegen/kernel.h"
#include "ir/func.h"
#include "runtime/plan.h"

namespace frit::lower {

// What decisions are made for. Sizes in bytes.
struct TargetSpec {
  std::string name = "cpu";
  codegen::Isa isa = codegen::Isa::avx512;
  int vector_bytes = 64;
  int64_t l1 = 32 << 10;
  int64_t l2 = 1 << 20;
  int64_t l3 = 32 << 20;
  int threads = 2;               // workers that run at a time: threads, or multiprocessors
  std::optional<codegen::GpuSpec> gpu;  // a GPU: kernels are CUDA; isa and vector_bytes mean nothing

  // Floating dots are calls of the vendor's library (library.h), with that much memory to work in.
  bool library_dots = false;
  int64_t library_workspace = 32 << 20;

  // The numbers of the schedules, which are the same for both kinds of target (schedule_*.cpp).
  int64_t chunk = 8192;          // elements of a flat work item
  int64_t row_part = 65536;      // elements of a part of a long row: a power of two of blocks of 1,024
  int64_t kept_row = 512 << 10;  // bytes of a row that is kept between the stages
  int64_t cluster_row = 0;       // the same where workers share a row, each holding a part of it in registers (clusters)
  int row_workers = 1;           // that may share a row, each having at least
  int64_t row_share = 4096;      // so many elements of it
  int64_t scratch = INT64_MAX;   // bytes of the local arrays of a work item, at most
  int64_t column_tile = 1024;    // lanes of a work item: on a CPU a whole row of a narrow matrix
  int64_t column_parts = 64;     // parts of a deep column, at most
  int64_t product_rows = 1;      // of a tile of a matrix product, at most,
  int64_t product_columns = 1024;  // and columns,
  int64_t product_bytes = INT64_MAX;  // and bytes of the results in it
  int64_t tile = 256;            // edge of a transposed tile: long runs count for more than a first cache
  int64_t tile_pad = 64;         // bytes between the rows of a transposed tile
  int64_t ahead = 2048;          // bytes that a flat loop over large arrays asks for in advance
  bool hints = true;             // prefetches, streaming stores, tiles in pairs
};
TargetSpec host_target(int threads);
TargetSpec gpu_target(const codegen::GpuSpec& gpu);

struct CompileOptions {
  TargetSpec target;
  // Extents of rows and blocks as constants in the kernels (jit) or as arguments (eager: one kernel
  // serves every shape).
  bool specialise = true;
  // Whether the library of this machine has an algorithm for a product; empty: it has one for all.
  std::function<bool(const rt::Gemm&)> has_algorithm;
  std::string no_library;             // why there are no library_dots, where they were wanted
#ifdef NDEBUG
  bool check_passes = false;          // verify after each pass, and read back what is printed
#else
  bool check_passes = true;
#endif
  bool wide_indices = false;          // on a GPU: of 64 bits where 32 would do, too
  bool emit = true;                   // false: no machine code, for reading kernels of any target
  bool fuse = true;                   // false: every op its own kernel
  std::vector<std::string> disabled;  // pass and rule names (FRIT_DISABLE)
  int64_t fuel = -1;                  // rewrites allowed (FRIT_FUEL); -1: no limit

  bool enabled(std::string_view name) const { return std::find(disabled.begin(), disabled.end(), name) == disabled.end(); }
};

// A decision of the fusion pass, kept for explain.
struct Decision {
  bool taken = false;
  std::string producer, consumer;  // names of the results
  std::string reason;              // why, or why not
  int64_t bytes = 0;               // of memory traffic at stake
};

struct KernelReport {
  std::string name;
  std::string schedule;            // "flat", "row", "column", "product", "full", "tiled"; "library": a call, not a kernel
  std::string why;                 // reason of the schedule, in words
  int64_t segments = 1;            // kernels that became one launch
  int64_t work = 0, bytes_read = 0, bytes_written = 0, flops = 0, scratch_bytes = 0;
  double compile_ms = 0;
  bool cached = false;
  bool wide = false;               // indices of 64 bits on a GPU
  std::string mapping;             // on a GPU: threads, items a block, registers, shared memory, in words
};

// A call of a library as a line of comment, where listings have kernels.
std::string library_text(const KernelReport& r);

struct Snapshot {                  // the IR after a pass that changed it
  std::string pass;
  ir::Func func;
};

struct Program {
  rt::Plan plan;
  ir::Func tensor;                 // after the tensor passes
  ir::Func fused;
  std::vector<ir::Func> kernels;   // one a launch; of a call of a library, empty
  std::vector<Decision> decisions;
  std::vector<KernelReport> reports;
  double lower_ms = 0, compile_ms = 0;
};

// f: a verified tensor-level function with constant extents. Throws Error where the program asks for
// too much (memory, extents), std::logic_error for our own bugs.
std::shared_ptr<const Program> compile(const ir::Func& f, const CompileOptions& options,
                                       std::vector<Snapshot>* snapshots = nullptr);

// The tensor and fused level alone (frit opt).
ir::Func run_passes(const ir::Func& f, const CompileOptions& options, ir::Level to,
                    std::vector<Snapshot>* snapshots = nullptr, std::vector<Decision>* decisions = nullptr);

struct PassInfo {
  const char* name;
  const char* levels;   // "tensor", "tensor -> fused", ...
  const char* why;      // what it does and why it stands here
};
const std::vector<PassInfo>& pass_table();
std::vector<std::string> names_to_disable();  // of passes and rules: what CompileOptions::disabled may hold

struct RuleInfo {
  const char* name;
  const char* text;     // "x + -0.0 => x"
  const char* guard;    // for which types it is exact
};
const std::vector<RuleInfo>& rule_table();

}  // namespace frit::lower
