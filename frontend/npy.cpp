// The .npy format: a magic number, a version, a Python dictionary as text, the elements. Every byte of
// a file is suspect: what does not fit becomes an Error that names the file and what was expected.
#include "frit/npy.h"

#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>

#include "frontend/device.h"
#include "frontend/place.h"
#include "frontend/tensor_impl.h"
#include "ir/canonical.h"

namespace frit {
namespace {

constexpr std::string_view kMagic("\x93NUMPY", 6);
constexpr size_t kMaxHeader = 1 << 20;
constexpr int kMostAxes = 64;  // as in NumPy

// NumPy's names of the types there are, without the byte order. It has none for bf16: ml_dtypes, which adds
// bf16 to NumPy, saves it as '<V2', two bytes, and so do we. NumPy itself reads that as '|V2' and saves that,
// which could be anything: it is read as what the caller says.
struct Descr {
  std::string_view code;
  DType type;
};
constexpr Descr kDescrs[] = {{"b1", DType::boolean}, {"u1", DType::u8}, {"i4", DType::i32}, {"u4", DType::u32},
                             {"i8", DType::i64},     {"u8", DType::u64}, {"f4", DType::f32}, {"f8", DType::f64},
                             {"f2", DType::f16},     {"V2", DType::bf16}};

class Reader {
 public:
  Reader(std::span<const std::byte> bytes, std::string_view name, std::optional<DType> untyped, Loc where)
      : bytes_(bytes), name_(name), untyped_(untyped), where_(where) {}

  Tensor run() {
    if (bytes_.size() < 10 || text(0, 6) != kMagic) fail("this is no .npy file: it should begin with \\x93NUMPY and a version");
    const int major = byte(6);
    size_t begin = 10, size = static_cast<size_t>(byte(8)) | static_cast<size_t>(byte(9)) << 8;
    if (major == 2 || major == 3) {
      if (bytes_.size() < 12) fail("the file ends inside of the length of the header");
      size |= static_cast<size_t>(byte(10)) << 16 | static_cast<size_t>(byte(11)) << 24;
      begin = 12;
    } else if (major != 1) {
      fail("version " + std::to_string(major) + " is unknown; versions 1, 2 and 3 are read");
    }
    if (size > kMaxHeader) fail("the header is said to be " + std::to_string(size) + " bytes long; at most " + std::to_string(kMaxHeader) + " are read");
    if (size > bytes_.size() - begin)
      fail("the header is said to be " + std::to_string(size) + " bytes long, but " + std::to_string(bytes_.size() - begin) + " follow");
    header_ = text(begin, size);
    parse_header();
    return elements(bytes_.subspan(begin + size));
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw Error("load_npy", std::string(name_) + ": " + what, user_place(where_));
  }
  uint8_t byte(size_t i) const { return static_cast<uint8_t>(bytes_[i]); }
  std::string_view text(size_t at, size_t n) const { return {reinterpret_cast<const char*>(bytes_.data()) + at, n}; }

  // The header: {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
  void space() {
    while (at_ < header_.size() && (header_[at_] == ' ' || header_[at_] == '\n' || header_[at_] == '\t')) ++at_;
  }
  bool take(std::string_view s) {
    space();
    if (header_.substr(at_, s.size()) != s) return false;
    at_ += s.size();
    return true;
  }
  void need(std::string_view s) {
    if (!take(s)) fail("the header has no '" + std::string(s) + "' at byte " + std::to_string(at_) + " where one is expected");
  }
  std::string_view quoted() {
    space();
    const char q = at_ < header_.size() ? header_[at_] : '\0';
    if (q != '\'' && q != '"') fail("the header has no text in quotes at byte " + std::to_string(at_) + " where one is expected");
    const size_t end = header_.find(q, at_ + 1);
    if (end == std::string_view::npos) fail("the header has a quote that is not closed");
    std::string_view s = header_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    return s;
  }
  void parse_header() {
    bool descr = false, order = false, shape = false;
    need("{");
    while (!take("}")) {
      const std::string_view key = quoted();
      need(":");
      if (key == "descr" && !descr) descr = true, parse_descr();
      else if (key == "fortran_order" && !order) order = true, parse_order();
      else if (key == "shape" && !shape) shape = true, parse_shape();
      else fail("the header has the key '" + std::string(key) + "'; descr, fortran_order and shape are expected, once each");
      if (!take(",")) {
        need("}");
        break;
      }
    }
    space();
    if (at_ != header_.size()) fail("something follows the header's dictionary");
    if (!descr || !order || !shape) fail(std::string("the header lacks the key ") + (!descr ? "'descr'" : !order ? "'fortran_order'" : "'shape'"));
  }
  void parse_descr() {
    space();
    if (at_ < header_.size() && header_[at_] == '[') fail("records are not read: the elements must be numbers of one type");
    const std::string_view s = quoted();
    if (s == "|V2") {
      if (!untyped_) fail("elements of type '|V2' are two bytes each that could be anything; if they are bf16, say so: load_npy(path, frit::DType::bf16)");
      if (size_of(*untyped_) != 2) fail("elements of type '|V2' are two bytes each; they cannot be read as " + std::string(frit::name(*untyped_)));
      type_ = *untyped_;
      return;
    }
    const bool any_order = !s.empty() && (s[0] == '|' || s[0] == '=');
    if (s.size() >= 2 && (s[0] == '<' || any_order))
      for (const Descr& d : kDescrs)
        if (s.substr(1) == d.code) {
          type_ = d.type;
          return;
        }
    if (!s.empty() && s[0] == '>') fail("elements of type '" + std::string(s) + "' are big-endian; little-endian ones ('<') are read");
    fail("elements of type '" + std::string(s) + "' are not read; bool, u8, i32, u32, i64, u64, f16, bf16, f32 and f64 are");
  }
  void parse_order() {
    if (take("True")) fortran_ = true;
    else if (!take("False")) fail("fortran_order is neither True nor False");
  }
  void parse_shape() {
    need("(");
    while (!take(")")) {
      space();
      const size_t begin = at_;
      int64_t v = 0;
      while (at_ < header_.size() && header_[at_] >= '0' && header_[at_] <= '9') {
        if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, header_[at_] - '0', &v)) fail("an extent overflows 64 bits");
        ++at_;
      }
      if (at_ == begin) fail("the shape has no extent at byte " + std::to_string(at_) + " of the header where one is expected");
      shape_.push_back(v);
      if (shape_.size() > static_cast<size_t>(kMostAxes)) fail("the shape has more than " + std::to_string(kMostAxes) + " axes");
      take("L");
      if (!take(",")) {
        need(")");
        break;
      }
    }
  }

  Tensor elements(std::span<const std::byte> data) {
    int64_t count = 1, size = 0;
    bool zero = false;
    for (int64_t e : shape_) {
      zero |= e == 0;
      if (e != 0 && __builtin_mul_overflow(count, e, &count)) fail("the number of elements overflows 64 bits");
    }
    if (zero) count = 0;
    if (__builtin_mul_overflow(count, size_of(type_), &size)) fail("the number of bytes overflows 64 bits");
    if (static_cast<uint64_t>(size) != data.size())
      fail("the header promises " + std::to_string(size) + " bytes of elements (" + std::string(frit::name(type_)) + Shape(shape_).str() + "), but " +
           std::to_string(data.size()) + " follow");
    if (type_ == DType::boolean)
      for (std::byte b : data)
        if (b > std::byte{1}) fail("a bool has the value " + std::to_string(static_cast<int>(b)) + "; 0 and 1 are expected");
    if (!fortran_ || shape_.size() < 2) return Tensor::copy_bytes(data.data(), count, type_, Shape(shape_), where_);
    return transposed(data, count, zero).to(current_device());
  }

  // Fortran's order, turned on the CPU.
  Tensor transposed(std::span<const std::byte> data, int64_t count, bool zero) {
    const with_device host(cpu());
    auto aligned = Tensor::copy_bytes(data.data(), count, type_, Shape({count}), where_);
    Strides strides;
    int64_t step = 1;
    for (int64_t e : shape_) {
      strides.push_back(step);
      if (e > 0 && !zero) step *= e;
    }
    const Tensor column = Tensor::borrow_bytes(aligned.bytes().data(), type_, Shape(shape_), detail::impl(aligned)->storage, strides, where_);
    return column.is_dense() ? aligned_as(aligned) : detail::dense(column);
  }
  Tensor aligned_as(const Tensor& t) const { return detail::view(t, Shape(shape_)); }

  std::span<const std::byte> bytes_;
  std::string_view name_;
  std::optional<DType> untyped_;
  Loc where_;
  std::string_view header_;
  size_t at_ = 0;
  DType type_ = DType::f32;
  bool fortran_ = false;
  std::vector<int64_t> shape_;
};

}  // namespace

Tensor parse_npy(std::span<const std::byte> bytes, std::string_view name, Loc where) { return Reader(bytes, name, {}, where).run(); }

static Tensor load(const std::string& path, std::optional<DType> untyped, Loc where) {
  auto fail = [&](const std::string& what) { throw Error("load_npy", (path.empty() ? "''" : path) + ": " + what, user_place(where)); };
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) fail("is a folder");
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  if (!in) fail("the file cannot be opened");
  const std::streamoff size = in.tellg();
  if (size < 0) fail("the file cannot be read");
  std::shared_ptr<rt::Storage> memory;
  try {
    memory = rt::allocate(size);
  } catch (const OutOfMemory& e) {
    throw OutOfMemory("load_npy", path + ": " + e.message, user_place(where), {}, e.help);
  }
  in.seekg(0);
  if (size > 0 && !in.read(static_cast<char*>(memory->data()), size))
    fail("the file cannot be read to its end");
  return Reader({static_cast<const std::byte*>(memory->data()), static_cast<size_t>(size)}, path, untyped, where).run();
}
Tensor load_npy(const std::string& path, Loc where) { return load(path, {}, where); }
Tensor load_npy(const std::string& path, DType untyped, Loc where) { return load(path, untyped, where); }

std::vector<std::byte> npy_bytes(const Tensor& x, Loc where) {
  if (detail::require_value(x, "save_npy", where).shape.rank() > kMostAxes)
    throw Error("save_npy", detail::type_text(*detail::impl(x)) + ": a file has at most " + std::to_string(kMostAxes) + " axes", user_place(where), {}, "reshape it");
  const Tensor d = detail::dense(x);
  const detail::TensorImpl& t = *detail::impl(d);
  std::string_view code;
  for (const Descr& k : kDescrs)
    if (k.type == t.dtype) code = k.code;
  std::string header = std::string("{'descr': '") + (size_of(t.dtype) == 1 ? "|" : "<") + std::string(code) + "', 'fortran_order': False, 'shape': (";
  for (int i = 0; i < t.shape.rank(); ++i) header += (i ? ", " : "") + std::to_string(t.shape[i]);
  header += t.shape.rank() == 1 ? ",), }" : "), }";
  // Version 1; the elements begin at a multiple of 64.
  while ((kMagic.size() + 4 + header.size() + 1) % 64 != 0) header += ' ';
  header += '\n';
  std::vector<std::byte> out(kMagic.size() + 4 + header.size() + static_cast<size_t>(t.bytes()));
  auto* p = out.data();
  auto put = [&](const void* from, size_t n) {
    if (n > 0) std::memcpy(p, from, n);
    p += n;
  };
  put(kMagic.data(), kMagic.size());
  const unsigned char rest[] = {1, 0, static_cast<unsigned char>(header.size() & 255), static_cast<unsigned char>(header.size() >> 8)};
  put(rest, 4);
  put(header.data(), header.size());
  ir::canonical_nans(t.dtype, detail::host_data(t), t.shape.count(), p);
  return out;
}

void save_npy(const std::string& path, const Tensor& x, Loc where) {
  const std::vector<std::byte> bytes = npy_bytes(x, where);
  // A device or a pipe is written to; a file is replaced when all is there.
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  const bool replaces = !std::filesystem::exists(status) || std::filesystem::is_regular_file(status);
  const std::string temporary = replaces ? path + "." + std::to_string(::getpid()) + ".tmp" : path;
  auto fail = [&](const char* what) {
    if (replaces) std::remove(temporary.c_str());
    throw Error("save_npy", path + ": " + what, user_place(where));
  };
  {
    std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
    if (!out) fail("the file cannot be created");
    out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    out.flush();
    if (!out) fail("the file cannot be written to its end");
  }
  if (replaces && std::rename(temporary.c_str(), path.c_str()) != 0) fail("the file cannot be replaced");
}

}  // namespace frit
