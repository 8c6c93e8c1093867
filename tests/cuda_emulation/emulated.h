// CUDA C++ run on the CPU, in the place of NVRTC, the driver and a GPU. An image is the source itself
// behind a line of ours, so it may be kept, copied and loaded like a cubin; it is compiled by the host
// compiler when first launched, or many together by compile_images, which is far quicker.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace frit::test {

// prelude: how many bytes of the source are a part that many sources begin with (compiled once a batch).
std::string emulated_image(std::string_view source, size_t prelude = 0);
bool is_emulated_image(std::string_view image);
// Its entry points have this one.
bool emulated_entry(const std::string& image, const char* entry);
// Of its first argument: 1, or the size of a table of segments in words of 8 bytes; 0: no such entry.
int emulated_first_words(const std::string& image, const char* entry);

// Compiles those that are not yet, in batches, by up to `jobs` compilers at a time. The compiler's
// messages where one is refused, otherwise nothing.
std::string compile_images(std::span<const std::string> images, int jobs = 1);

// How the launches of the calling host thread go. A program whose results depend on it has a fault:
// a barrier that is missing, or memory read that nothing wrote.
struct EmulatedOrder {
  bool descending = false;     // threads, warps and blocks from the last to the first
  unsigned char fill = 0xff;   // what shared memory holds at first
};
void set_emulated_order(EmulatedOrder order);

// As cuLaunchKernel: args[k] points to the k-th argument. false: what went wrong stands in *error.
bool emulated_launch(const std::string& image, const char* entry, unsigned grid, unsigned block, size_t shared, void** args,
                     std::string* error, unsigned cluster = 1);

struct EmulationStats {
  long long kernels = 0, batches = 0, launches = 0;
  double compile_s = 0, run_s = 0;  // processor time of all together
};
EmulationStats emulation_stats();

}  // namespace frit::test
