// An object file in memory -> executable pages of this process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace frit::codegen {

// Pages that hold a kernel: code (read and execute) and constants (read). Unmapped when destroyed.
// No page is ever writable and executable.
class LoadedCode {
 public:
  // object: a relocatable x86-64 ELF file that refers to nothing outside itself (std::logic_error
  // otherwise). Throws Error where the system gives no pages.
  explicit LoadedCode(std::string_view object);
  ~LoadedCode();
  LoadedCode(const LoadedCode&) = delete;
  LoadedCode& operator=(const LoadedCode&) = delete;

  void* find(std::string_view symbol) const;  // null if there is none

 private:
  uint8_t* base_ = nullptr;
  size_t size_ = 0;
  std::map<std::string, void*, std::less<>> symbols_;
};

}  // namespace frit::codegen
