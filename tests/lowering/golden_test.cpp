// tests/golden/<pass>/*.ir: a program, and what the pass of the folder's name makes of it, in one file:
//   <input>
//   // becomes
//   <expected output>          or a line "// unchanged"
// FRIT_UPDATE_GOLDEN=1 rewrites the expectations. The folders `fuse`,
// `schedule` and `join` expect what the whole pipeline makes: the fused level, the kernel of each op of
// it, and the kernels of the launches.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "ir/text.h"
#include "ir/verify.h"
#include "lowering/kernel.h"
#include "lowering/passes.h"

namespace frit::lower {
namespace {

namespace fs = std::filesystem;
const fs::path kFolder = fs::path(FRIT_SOURCE_DIR) / "tests" / "golden";
const std::string kBecomes = "// becomes\n", kUnchanged = "// unchanged\n";

std::string read_file(const fs::path& p) {
  std::stringstream s;
  s << std::ifstream(p).rdbuf();
  return s.str();
}

std::string text_of(const ir::Func& f) {
  ir::PrintOptions o;
  o.places = false;
  return ir::print(f, o);
}

CompileOptions options() {
  CompileOptions o;  // a target of its own: expectations do not depend on the machine
  o.target = TargetSpec{};
  return o;
}

std::string run_pass(const std::string& pass, const ir::Func& f) {
  const CompileOptions o = options();
  PassContext context{o, nullptr, -1};
  if (pass == "fuse" || pass == "relax") {  // with what it relies on
    const ir::Func fused = run_passes(f, o, ir::Level::fused);
    ir::verify(fused);
    return text_of(fused);
  }
  if (pass == "join") {
    CompileOptions reading = o;
    reading.emit = false;
    std::string out;
    const auto program = compile(f, reading);
    for (const ir::Func& k : program->kernels) {
      ir::verify(k);
      out += text_of(k);
    }
    return out;
  }
  if (pass == "schedule") {
    const ir::Func fused = run_passes(f, o, ir::Level::fused);
    std::string out;
    for (OpId id : fused.body.ops) {
      if (fused.op(id).op != Op::fused) continue;
      Group g = from_op(fused, fused.op(id));
      g.name = fused.value(fused.op(id).results.back()).name;
      Nest nest;
      std::string why;
      if (!make_nest(fused, g, nest, why)) return "no nest: " + why + "\n";
      const Kernel k = build_kernel(fused, g, nest, o);
      ir::verify(k.func);
      out += text_of(k.func);
    }
    return out;
  }
  static const std::pair<const char*, void (*)(ir::Func&, PassContext&)> kPasses[] = {
      {"densify", densify},           {"simplify", simplify},
      {"eliminate-common", eliminate_common}, {"eliminate-dead", eliminate_dead},
      {"canonical-concats", canonical_concats}, {"canonical-dots", canonical_dots}, {"canonical-reductions", canonical_reductions}};
  for (auto [name, run] : kPasses) {
    if (pass != name) continue;
    ir::Func g = f;
    run(g, context);
    ir::verify(g);
    return text_of(g);
  }
  ADD_FAILURE() << "no such pass: " << pass;
  return "";
}

TEST(Golden, EveryFile) {
  int files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(kFolder)) {
    if (entry.path().extension() != ".ir") continue;
    SCOPED_TRACE(entry.path().string());
    ++files;
    std::string text = read_file(entry.path());
    std::string want;
    const size_t at = text.find(kBecomes), same = text.find(kUnchanged);
    const std::string input = text.substr(0, std::min(at, same));
    const ir::Func f = ir::parse(input, entry.path().filename().string());
    ir::verify(f, true);
    const std::string before = text_of(f);
    const std::string have = run_pass(entry.path().parent_path().filename().string(), f);
    if (std::getenv("FRIT_UPDATE_GOLDEN")) {
      std::ofstream(entry.path()) << input << (have == before ? kUnchanged : kBecomes + have);
      continue;
    }
    if (same != std::string::npos) EXPECT_EQ(have, before);
    else if (at != std::string::npos) EXPECT_EQ(have, text.substr(at + kBecomes.size()));
    else ADD_FAILURE() << "states no expectation; run with FRIT_UPDATE_GOLDEN=1";
  }
  EXPECT_GE(files, 20);
}

}  // namespace
}  // namespace frit::lower
