// .npy: what is written reads back, NumPy's files are read, and no file whatever breaks the reader.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <filesystem>
#include <fstream>

#include "frit/frit.h"
#include "gtest/gtest.h"
#include "tests/frontend/help.h"

namespace {

using frit::Tensor;

std::string file(const char* name) { return testing::TempDir() + "frit_npy_" + std::to_string(static_cast<int>(::getpid())) + name; }

std::vector<std::byte> bytes_of(const std::string& s) {
  const auto* p = reinterpret_cast<const std::byte*>(s.data());
  return {p, p + s.size()};
}

// A file as NumPy writes it.
std::string npy(int version, const std::string& header, const std::string& data) {
  std::string s = "\x93NUMPY";
  s += static_cast<char>(version);
  s += '\0';
  const int n = version == 1 ? 2 : 4;
  for (int i = 0; i < n; ++i) s += static_cast<char>(header.size() >> (8 * i) & 255);
  return s + header + data;
}
std::string floats(std::vector<float> v) { return {reinterpret_cast<const char*>(v.data()), v.size() * 4}; }

Tensor parse(const std::string& s) { return frit::parse_npy(bytes_of(s), "x.npy"); }

TEST(Npy, RoundTripsEveryType) {
  for (int k = 0; k < frit::kDTypeCount; ++k) {
    const auto t = static_cast<frit::DType>(k);
    const auto v = help::special_values(t);
    const auto n = static_cast<int64_t>(v.size()) / frit::size_of(t);
    for (const frit::Shape& shape : {frit::Shape{n}, frit::Shape{1, n}, frit::Shape{n, 1, 1}}) {
      const Tensor x = Tensor::copy_bytes(v.data(), n, t, shape);
      const std::string path = file(".npy");
      frit::save_npy(path, x);
      EXPECT_EQ(help::first_difference(frit::load_npy(path), x), "");
      EXPECT_EQ(std::filesystem::file_size(path) % 64, v.size() % 64);  // the elements are aligned
      std::filesystem::remove(path);
    }
  }
  for (const Tensor& x : {Tensor(2.5), frit::zeros({0, 3}), frit::zeros({3, 0})}) EXPECT_EQ(help::first_difference(frit::parse_npy(frit::npy_bytes(x)), x), "");
}

TEST(Npy, ReadsTheVersionsAndOrders) {
  const std::string data = floats({1, 2, 3, 4, 5, 6});
  for (int version : {1, 2, 3}) {
    const Tensor c = parse(npy(version, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n", data));
    EXPECT_EQ(c.shape(), (frit::Shape{2, 3}));
    EXPECT_EQ(c.to_vector<float>(), (std::vector<float>{1, 2, 3, 4, 5, 6}));
    const Tensor f = parse(npy(version, "{\"shape\": (2, 3), 'fortran_order': True, 'descr': '<f4'}", data));
    EXPECT_EQ(f.to_vector<float>(), (std::vector<float>{1, 3, 5, 2, 4, 6}));
    EXPECT_TRUE(f.is_dense());
  }
  EXPECT_EQ(parse(npy(1, "{'descr': '<f4', 'fortran_order': True, 'shape': (6,), }", data)).to_vector<float>()[5], 6);
  EXPECT_EQ(parse(npy(1, "{'descr': '<f4', 'fortran_order': True, 'shape': (1, 6), }", data)).shape(), (frit::Shape{1, 6}));
  EXPECT_EQ(parse(npy(1, "{'descr': '<f4', 'fortran_order': True, 'shape': (0, 6), }", "")).count(), 0);
  EXPECT_EQ(parse(npy(1, "{'descr': '<f8', 'fortran_order': False, 'shape': (), }", std::string(8, '\0'))).shape().rank(), 0);
}

TEST(Npy, WritesBorrowedLayoutsRowMajor) {
  const float v[] = {1, 2, 3, 4, 5, 6};
  const Tensor x = Tensor::borrow(v, {2, 3}, {}, {1, 2});
  EXPECT_EQ(frit::parse_npy(frit::npy_bytes(x)).to_vector<float>(), (std::vector<float>{1, 3, 5, 2, 4, 6}));
}

TEST(Npy, ErrorsNameTheFileAndWhatWasExpected) {
  const std::string data = floats({1, 2});
  auto message = [](const std::string& s) {
    const frit::Error e = help::error_of([&] { parse(s); });
    EXPECT_EQ(e.op, "load_npy");
    EXPECT_EQ(e.message.substr(0, 7), "x.npy: ") << e.message;
    return e.message.substr(7);
  };
  auto header = [&](const std::string& h) { return message(npy(1, h, data)); };
  EXPECT_EQ(message(""), "this is no .npy file: it should begin with \\x93NUMPY and a version");
  EXPECT_EQ(message("PK\3\4 and so on"), "this is no .npy file: it should begin with \\x93NUMPY and a version");
  EXPECT_EQ(message(npy(4, "{}", "")), "version 4 is unknown; versions 1, 2 and 3 are read");
  EXPECT_EQ(message(npy(1, "{'descr'", "").substr(0, 14)), "the header is said to be 8 bytes long, but 4 follow");
  EXPECT_EQ(header("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }"), "the header promises 12 bytes of elements (f32[3]), but 8 follow");
  EXPECT_EQ(header("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }"), "the header promises 4 bytes of elements (f32[1]), but 8 follow");
  EXPECT_EQ(header("{'descr': '>f4', 'fortran_order': False, 'shape': (2,), }"), "elements of type '>f4' are big-endian; little-endian ones ('<') are read");
  EXPECT_NE(header("{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }").find("'<c8' are not read"), std::string::npos);
  EXPECT_NE(header("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }").find("records are not read"), std::string::npos);
  EXPECT_EQ(header("{'fortran_order': False, 'shape': (2,), }"), "the header lacks the key 'descr'");
  EXPECT_NE(header("{'descr': '<f4', 'fortran_order': Maybe, 'shape': (2,), }").find("neither True nor False"), std::string::npos);
  EXPECT_EQ(header("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }"), "an extent overflows 64 bits");
  EXPECT_EQ(header("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }"), "the number of elements overflows 64 bits");
  EXPECT_EQ(header("{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904,), }"), "the number of bytes overflows 64 bits");
  EXPECT_EQ(message(npy(1, "{'descr': '|b1', 'fortran_order': False, 'shape': (1,), }", "\2")), "a bool has the value 2; 0 and 1 are expected");
  const frit::Error missing = help::error_of([&] { frit::load_npy("/nowhere/at/all.npy"); });
  EXPECT_EQ(missing.message, "/nowhere/at/all.npy: the file cannot be opened");
  EXPECT_EQ(missing.where.line, __LINE__ - 2);
  EXPECT_EQ(help::error_of([&] { frit::save_npy("/nowhere/at/all.npy", Tensor(1.f)); }).message, "/nowhere/at/all.npy: the file cannot be created");
}

TEST(Npy, NoBytesBreakTheReader) {
  const std::string good = npy(1, "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }\n", floats({1, 2, 3, 4, 5, 6}));
  std::mt19937 g(7);
  int read = 0, refused = 0;
  auto attempt = [&](const std::string& s) {
    try {
      EXPECT_LE(static_cast<size_t>(parse(s).bytes().size()), s.size());
      ++read;
    } catch (const frit::Error&) {
      ++refused;
    }
  };
  for (size_t n = 0; n <= good.size(); ++n) attempt(good.substr(0, n));
  for (int i = 0; i < 20000; ++i) {
    std::string s = good;
    for (unsigned k = g() % 3 + 1; k > 0; --k) {
      const size_t at = g() % (g() % 4 ? 70 : s.size());
      switch (g() % 4) {
        case 0: s[at] = static_cast<char>(g()); break;
        case 1: s.erase(at, g() % 4 + 1); break;
        case 2: s.insert(at, 1, "0123456789,()'{}: \xff"[g() % 19]); break;
        default: s[at] = static_cast<char>(s[at] ^ (1 << g() % 8));
      }
    }
    attempt(s);
  }
  EXPECT_GT(read, 100);     // changes of elements alone
  EXPECT_GT(refused, 5000);
}


TEST(Npy, NaNHasOnePatternInFiles) {
  const std::vector<uint32_t> patterns = {0x7fc00000, 0xff800001, 0x7fc12345, 0x3f800000, 0x7f800000};
  const Tensor x = Tensor::copy(std::vector<float>{std::bit_cast<float>(patterns[0]), std::bit_cast<float>(patterns[1]), std::bit_cast<float>(patterns[2]),
                                                   std::bit_cast<float>(patterns[3]), std::bit_cast<float>(patterns[4])}, {5});
  const std::vector<std::byte> file = frit::npy_bytes(x);
  uint32_t out[5];
  std::memcpy(out, file.data() + file.size() - sizeof out, sizeof out);
  EXPECT_EQ((std::vector<uint32_t>(out, out + 5)), (std::vector<uint32_t>{0x7fc00000, 0x7fc00000, 0x7fc00000, 0x3f800000, 0x7f800000}));
}

TEST(Npy, WhatIsNoFileIsNotReplacedOrRead) {
  const std::string pipe = file("pipe");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const int reader = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK);
  frit::save_npy(pipe, frit::ones({3}));
  EXPECT_TRUE(std::filesystem::is_fifo(pipe));
  char magic[6];
  EXPECT_EQ(::read(reader, magic, 6), 6);
  EXPECT_EQ(std::string(magic, 6), "\x93NUMPY");
  ::close(reader);
  std::filesystem::remove(pipe);
  const frit::Error folder = help::error_of([] { frit::load_npy(testing::TempDir()); });
  EXPECT_EQ(folder.message, testing::TempDir() + ": is a folder");
  EXPECT_TRUE(folder.where.known());
  EXPECT_EQ(help::error_of([] { frit::load_npy(""); }).message, "'': the file cannot be opened");
}

}  // namespace
