// Matrix products through cuBLASLt: a device's handle and the algorithms that the library chose; a
// program's products with their descriptors.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "runtime/cache.h"
#include "runtime/cuda/cublaslt.h"
#include "runtime/gemm.h"

namespace frit::rt::cuda {

class Device;

// The library's objects of a product. They belong to the host: no context is needed.
class ProductLayout {
 public:
  ProductLayout(const lt::Table& table, const Gemm& g);  // throws OutOfMemory
  ~ProductLayout();
  ProductLayout(const ProductLayout&) = delete;

  const lt::Table& table;
  lt::Operation operation = nullptr;
  lt::Layout a = nullptr, b = nullptr, c = nullptr;  // ours; the library gets a and b the other way round
  bool known = true;                                 // false: this version of the library has no such epilogue

  // Where the bias lies; what the library chooses depends on this address's alignment too.
  int set_bias(uint64_t address) const;

 private:
  void destroy() noexcept;
};

// What the library chose for a product whose arrays lie at multiples of some number of bytes.
struct Choice {
  bool found = false;
  lt::Algorithm algorithm{};
};

// Of a device, made at the first need. Safe from several threads; the context is current in all calls.
class Gemms {
 public:
  explicit Gemms(Device& device) : device_(device) {}

  // The largest alignment that is told apart.
  static constexpr uint64_t kAlignment = 64;

  // Whether products can be given to the library here; why: the reason if not. Throws OutOfMemory where
  // there is no memory to start it.
  bool usable(std::string* why);
  // Whether the library has an algorithm for it, however its arrays lie.
  bool can(const Gemm& g);
  // The algorithm: a function of the product, the alignment, the device and the library alone. Of a product
  // with an epilogue there is none where the library fails to answer: the program does without it.
  Choice choose(const Gemm& g, const ProductLayout& layout, uint64_t alignment);

  const lt::Table& table() const { return *table_; }
  lt::Handle handle() const { return handle_; }
  int64_t asked() const;  // how often the library was asked
  void close() noexcept;

 private:
  struct Key {
    Gemm gemm;
    uint64_t alignment;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct Hash {
    size_t operator()(const Key& k) const;
  };
  bool start(std::string* why);
  int create();

  Device& device_;
  mutable std::mutex mutex_;
  bool started_ = false, unusable_ = false;
  std::string reason_;
  const lt::Table* table_ = nullptr;
  lt::Handle handle_ = nullptr;
  int64_t asked_ = 0;
  BoundedCache<Key, Choice, Hash> choices_{4096};
};

// A product of a program.
class Product {
 public:
  // what: the program, for messages. Throws Error where the library cannot compute it.
  Product(Device& device, const Gemm& g, const std::string& what);
  ~Product();
  Product(const Product&) = delete;

  // Enqueues it. at: the addresses of a, b, c, the bias if there is one, and the workspace.
  void run(const uint64_t* at, Stream stream, const std::string& what);
  const Gemm gemm;

 private:
  const Choice& choice(uint64_t alignment, const std::string& what);

  Device& device_;
  std::unique_ptr<ProductLayout> layout_;
  struct Known {
    uint64_t alignment;
    Choice choice;
  };
  std::vector<Known> known_;
};

}  // namespace frit::rt::cuda
