// See program.h.
#include "tools/program.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <set>
#include <sstream>

#include "bench/inputs.h"
#include "frit/error.h"
#include "frit/npy.h"
#include "ir/text.h"
#include "ir/verify.h"
#include "tools/cli.h"

namespace frit::tools {
namespace {

namespace fs = std::filesystem;

std::string& stdin_text() {
  static std::string text;
  return text;
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw Error("frit", "cannot read " + path + ": " + std::strerror(errno));
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// The program of a dump folder: program.ir, or else the first .ir file by name; the arguments lie beside it.
void open_folder(const fs::path& folder, Source& s) {
  std::vector<fs::path> programs;
  for (const fs::directory_entry& e : fs::directory_iterator(folder)) {
    if (e.path().extension() == ".ir") programs.push_back(e.path());
    if (e.path().extension() == ".npy") s.args[e.path().stem().string()] = e.path().string();
  }
  if (programs.empty())
    throw Error("frit", folder.string() + " holds no .ir file", {}, {}, "a folder that FRIT_DUMP wrote holds one a pass");
  s.file = fs::exists(folder / "program.ir") ? (folder / "program.ir").string() : std::min_element(programs.begin(), programs.end())->string();
}

}  // namespace

const std::string& standard_input() { return stdin_text(); }

Source read_program(const std::string& path) {
  Source s;
  s.file = path;
  if (path == "-") {
    s.file = "<stdin>";
    stdin_text().assign(std::istreambuf_iterator<char>(std::cin), {});
    s.text = stdin_text();
  } else {
    if (fs::is_directory(path)) open_folder(path, s);
    s.text = read_file(s.file);
  }
  s.func = ir::parse_verified(s.text, s.file);
  return s;
}

std::map<std::string, int64_t> parse_dims(const std::vector<std::string>& texts) {
  std::map<std::string, int64_t> out;
  for (const std::string& t : texts) {
    const size_t equals = t.find('=');
    int64_t n = -1;
    if (equals != std::string::npos) {
      const char* end = t.data() + t.size();
      const auto r = std::from_chars(t.data() + equals + 1, end, n);
      if (r.ec != std::errc() || r.ptr != end) n = -1;
    }
    if (n < 0 || equals == 0) throw UsageError("--dim takes NAME=N with N at least 0, not '" + t + "'");
    if (!out.emplace(t.substr(0, equals), n).second) throw UsageError("--dim gives '" + t.substr(0, equals) + "' twice");
  }
  return out;
}

void bind_symbols(ir::Func& f, const std::map<std::string, int64_t>& extents) {
  bool changed = false;
  std::string left;
  std::set<std::string> symbols;
  auto bind = [&](ir::Dims& dims) {
    for (ir::Dim& d : dims) {
      if (d.is_constant()) continue;
      symbols.insert(d.str());
      const auto found = extents.find(d.str());
      if (found == extents.end()) left = d.str();
      else d = ir::Dim(found->second), changed = true;
    }
  };
  for (ir::Value& v : f.values) bind(v.type.dims);
  for (ir::OpNode& op : f.ops)
    for (ir::Attr& a : op.attrs)
      if (auto* dims = std::get_if<ir::Dims>(&a.value)) bind(*dims);
  for (const auto& [name, n] : extents)
    if (!symbols.contains(name))
      throw UsageError("the program has no extent '" + name + "'", did_you_mean(name, {symbols.begin(), symbols.end()}, symbols.empty() ? "all of its extents are numbers" : "it has '" + *symbols.begin() + "'"));
  if (!left.empty())
    throw Error("frit", "the extent '" + left + "' is not known", {}, {}, "give it with --dim " + left + "=N, or an argument of that shape with --arg");
  if (changed) ir::verify(f, true);
}

ir::Array random_array(const ir::Type& type, uint64_t seed) {
  ir::Array a{type.dtype, type.shape(), {}};
  a.data.resize(static_cast<size_t>(ir::checked_mul(a.shape.count(), size_of(a.dtype))));
  if (is_float(type.dtype)) bench::fill(type.dtype, seed, -2.0, 2.0, a.shape.count(), a.data.data());
  else bench::fill(type.dtype, seed, -8.0, 7.0, a.shape.count(), a.data.data());
  return a;
}

ir::Array read_array(const std::string& npy) {
  const Tensor t = load_npy(npy, Loc{});
  const std::span<const std::byte> bytes = t.bytes(Loc{});
  return {t.dtype(), t.shape(), {bytes.begin(), bytes.end()}};
}

namespace {

Tensor tensor_of(const ir::Array& a) { return Tensor::copy_bytes(a.data.data(), a.shape.count(), a.dtype, a.shape, Loc{}); }

}  // namespace

void write_array(const ir::Array& a, const std::string& npy) { save_npy(npy, tensor_of(a), Loc{}); }

std::string values_text(const ir::Array& a) { return tensor_of(a).str(Loc{}); }

}  // namespace frit::tools
