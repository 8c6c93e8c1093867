// The table of known GPUs: figures of NVIDIA's data sheets and its programming guide (compute
// capabilities); bytes in flight as CUB has them (docs of cub::DeviceTransform).
#include "codegen/gpu_spec.h"

#include <algorithm>
#include <cctype>

namespace frit::codegen {

std::span<const GpuSpec> known_gpus() {
  constexpr int64_t K = 1 << 10, M = 1 << 20, G = int64_t{1} << 30;
  static const GpuSpec table[] = {
      // name     sm  a      SMs  threads registers shared/block  /SM     L2      memory  GB/s  in flight cluster
      {"A100",    80, false, 108, 2048,   65536,    163 * K,      164 * K, 40 * M, 80 * G,  2039, 16 * K,  1},
      {"H100",    90, true,  132, 2048,   65536,    227 * K,      228 * K, 50 * M, 80 * G,  3352, 32 * K,  16},
      {"H200",    90, true,  132, 2048,   65536,    227 * K,      228 * K, 50 * M, 141 * G, 4800, 48 * K,  16},
      {"RTX4090", 89, false, 128, 1536,   65536,    99 * K,       100 * K, 72 * M, 24 * G,  1008, 16 * K,  1},
  };
  return table;
}

const GpuSpec* find_gpu(std::string_view name) {
  auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b)); };
  for (const GpuSpec& g : known_gpus())
    if (std::equal(name.begin(), name.end(), g.name.begin(), g.name.end(), same)) return &g;
  return nullptr;
}

}  // namespace frit::codegen
