// A fake GPU whose kernels are CUDA C++, run by the emulation. Link frit_fake_gpu and frit_test_cuda_emulation.
#pragma once

#include <string>

#include "fake_driver.h"
#include "tests/cuda_emulation/emulated.h"

namespace frit::test {

// The parameters of an entry point, from its text: "void NAME(a, b, c)", with attributes before the name.
inline int parameters_in_source(const std::string& source, const std::string& entry) {
  for (size_t at = source.find(entry); at != std::string::npos; at = source.find(entry, at + 1)) {
    const size_t open = at + entry.size();
    if (open >= source.size() || source[open] != '(' || at == 0 || (source[at - 1] != ' ' && source[at - 1] != '\n')) continue;
    const size_t close = source.find(')', open);
    if (close == std::string::npos) return -1;
    int n = source.find_first_not_of(" \n", open + 1) == close ? 0 : 1;
    for (size_t i = open; i < close; ++i) n += source[i] == ',';
    return n;
  }
  return -1;
}

// Images are those of emulated_image().
inline void run_emulated(FakeDriver& f) {
  f.argument_count = [](const std::string& image, const std::string& entry) {
    return is_emulated_image(image) && emulated_entry(image, entry.c_str()) ? parameters_in_source(image, entry) : -1;
  };
  f.first_words = [](const std::string& image, const std::string& entry) { return emulated_first_words(image, entry.c_str()); };
  f.run_kernel = [](const FakeLaunch& l) {
    std::string error;
    if (!emulated_launch(*l.image, l.entry.c_str(), static_cast<unsigned>(l.grid), static_cast<unsigned>(l.threads), static_cast<size_t>(l.shared_bytes),
                         const_cast<void**>(l.arguments.data()), &error, static_cast<unsigned>(l.cluster)) &&
        error.empty())
      error = "failed";
    return error;
  };
}

}  // namespace frit::test
