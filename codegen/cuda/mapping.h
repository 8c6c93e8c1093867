// How a kernel's work items become threads: the decisions, without any text. docs/cuda.md says why.
//
// An item is run by a team of `threads`. Up to 32 threads, teams share warps and a block has several;
// beyond, a team is a block, or the blocks of a cluster, and its warps are numbered. Elements of `lanes` go to threads in one of two
// ways, e being the element's number j - lo, V the vector, T the threads of a team:
//   flat     e = V T step + V thread + v                       (nothing is reduced)
//   blocked  e = 1024 block + V S step + V thread + v, blocks to warps round robin, S = min(T, 32)
// so that a block of LAWS.md, 9 belongs to one warp, lane l mod V S to one thread.
#pragma once

#include <algorithm>
#include <map>
#include <vector>

#include "codegen/cuda/ranges.h"
#include "codegen/gpu_spec.h"
#include "codegen/orders.h"
#include "ir/func.h"
#include "support/divide.h"

namespace frit::codegen::cuda {

inline constexpr int kWarp = 32;

// Vectors of a thread in a block of the order of sums, where there are at most this many elements: whole
// rows of 128 lanes, unless there is but a part of one. width: elements of a step.
int64_t steps_of_block(std::optional<int64_t> at_most, int64_t width);

struct Team {
  int threads = 1;  // a power of two up to 32, or a multiple of 32
  int teams = 1;    // of a block
  int cluster = 1;  // blocks of the team; more than 1: it is all of them
  int vector = 1;   // V
  bool blocked = false;  // lanes that reduce, and those over the same range
  int columns = 1;  // cols: threads side by side; threads / columns groups of rows, a power of two
  int column_vector = 1;
  int sub() const { return threads < kWarp ? threads : kWarp; }  // S
  int warps() const { return threads <= kWarp ? 1 : threads / kWarp; }
  int block() const { return threads / cluster * teams; }
};

// A row in registers: a local array that only `lanes` over one range touch, each lane its own element,
// or a load that several such lanes repeat.
struct Kept {
  DType dtype = DType::f32;
  bool local = false;
  ir::OpId first = ir::kNone;  // the lanes op that fills it
  std::vector<ir::OpId> loads; // the load ops that read it (of a kept load: the first one fills it)
  int64_t blocks = 1;          // of a thread
  int64_t steps = 1;           // of a block: vectors
  bool pairs = false;          // two elements of 16 bits a register
};

// A product: which thread computes what of a tile of `rows` x `columns`, all of them powers of two. A thread
// has row_count x column_count results, in groups of `vector` (or all, if they are fewer) neighbours that
// lie as far apart as others have theirs between them. Of k, `depth` elements of both operands lie in shared memory at a
// time, in one of two halves in turn.
struct Blocking {
  int rows = 1, columns = 1, depth = 8;
  int row_count = 1, column_count = 1;
  int vector = 1;               // elements of an access to shared memory
  int down = 1, across = 1;     // threads along the rows and columns
  int64_t edge[2] = {1, 1};     // of what is held of either operand: rows, columns, or 1
  bool alone = false;           // the whole of the product is one tile
  bool one_block = false;       // of k in the order of sums
  int stack = 1;                // complete subtrees of such blocks, at most
  int64_t element = 4;          // bytes
  int groups_of_rows() const { return row_count / std::min(row_count, vector); }
  int groups_of_columns() const { return column_count / std::min(column_count, vector); }
  int threads() const { return down * across; }
  // Elements from k to k of an operand: 16 bytes more, so that threads that go along k meet different banks.
  int64_t stride(int side) const { return edge[side] < vector ? edge[side] : edge[side] + vector; }
  int64_t half(int side) const { return (depth * stride(side) * element + 15) / 16 * 16; }  // bytes
  int64_t bytes() const { return 2 * (half(0) + half(1)); }
};

struct Mapping {
  Team work, finish;
  int blocks_at_a_time = 1;               // of a multiprocessor, that the registers have to suffice for
  bool few_loads = false;                 // half as many at a time as otherwise
  std::map<ir::OpId, Blocking> products;
  std::vector<Kept> kept;
  std::map<ir::ValueId, int> kept_local;  // local array -> kept
  std::map<ir::OpId, int> kept_load;      // load op -> kept
  std::string why;                        // in words
};

// lighter: how often the compiler has spilled registers before, at most kLightest.
inline constexpr int kLightest = 3;
// The values that an operand of a product depends on, as the region's ops in their order; and whether i and j
// are among them: 1, 2.
struct Slice {
  std::vector<ir::OpId> ops;
  int side = 0;
};
Slice slice_of(const ir::Func& f, const ir::OpNode& product, int operand);

Mapping map_kernel(const ir::Func& f, const Ranges& ranges, const GpuSpec& gpu, int lighter = 0);

}  // namespace frit::codegen::cuda
