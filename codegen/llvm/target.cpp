// Makes target machines and runs LLVM's code generator.
#include "codegen/llvm/target.h"

#include <atomic>
#include <cstdlib>
#include <stdexcept>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Support/CommandLine.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/TargetParser/Host.h>
#pragma GCC diagnostic pop

namespace frit::codegen {
namespace {

// Every feature by name as present or absent: virtual machines mask features that the name of the CPU
// implies. For avx2, all that came after it is absent, so that one machine can run both.
std::string features(Isa isa) {
  std::string out;
  auto add = [&](llvm::StringRef name, bool on) {
    if (!out.empty()) out += ',';
    out += on ? '+' : '-';
    out += name;
  };
  for (const auto& f : llvm::sys::getHostCPUFeatures()) {
    const llvm::StringRef name = f.getKey();
    const bool newer = name.starts_with("avx512") || name.starts_with("avx10") || name.starts_with("amx") ||
                       name.starts_with("avxvnni") || name.starts_with("avxifma") || name.starts_with("avxne") ||
                       name == "evex512";
    add(name, f.getValue() && !(isa == Isa::avx2 && newer));
  }
  add("prefer-256-bit", false);
  add("prefer-128-bit", false);
  add("fast-gather", true);  // on avx2 gathers would be taken apart otherwise, with a branch an element
  return out;
}

// Our loops come with one counter and addresses of base + counter * size + constant, which x86 takes
// as they are: looking for better ones was two fifths of the time that a chain of 20 ops compiles.
void switch_off(llvm::StringRef option) {
  auto& options = llvm::cl::getRegisteredOptions();
  auto it = options.find(option);
  if (it != options.end()) static_cast<llvm::cl::opt<bool>*>(it->second)->setValue(true);
}

std::atomic<bool> ending{false};

std::unique_ptr<llvm::TargetMachine> make(Isa isa) {
  static const bool ready = [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    switch_off("disable-lsr");
    // LLVM's own statics were made just now, and go after this is called.
    std::atexit([] { ending.store(true, std::memory_order_relaxed); });
    return true;
  }();
  (void)ready;
  const std::string triple = "x86_64-unknown-linux-gnu";
  std::string why;
  const llvm::Target* target = llvm::TargetRegistry::lookupTarget(triple, why);
  if (!target) throw std::logic_error("LLVM has no x86-64 target: " + why);
  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;
  options.MCOptions.AsmVerbose = false;
  std::unique_ptr<llvm::TargetMachine> tm(target->createTargetMachine(
      triple, llvm::sys::getHostCPUName(), features(isa), options, llvm::Reloc::PIC_, llvm::CodeModel::Small,
      llvm::CodeGenOptLevel::Default));
  if (!tm) throw std::logic_error("LLVM makes no machine for this CPU");
  return tm;
}

std::string emit(llvm::Module& m, Isa isa, llvm::CodeGenFileType kind) {
  llvm::TargetMachine& tm = target_machine(isa);
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream out(bytes);
  llvm::legacy::PassManager passes;
  if (tm.addPassesToEmitFile(passes, out, nullptr, kind, /*DisableVerify=*/true))
    throw std::logic_error("LLVM cannot write this kind of file");
  passes.run(m);
  return std::string(bytes.data(), bytes.size());
}

}  // namespace

llvm::TargetMachine& target_machine(Isa isa) {
  thread_local std::unique_ptr<llvm::TargetMachine> machines[2];
  auto& tm = machines[static_cast<size_t>(isa)];
  if (!tm) tm = make(isa);
  return *tm;
}

bool adds_apart() {
  static const bool apart = llvm::sys::getHostCPUName().starts_with("znver");
  return apart;
}

std::string emit_object(llvm::Module& m, Isa isa) { return emit(m, isa, llvm::CodeGenFileType::ObjectFile); }
std::string emit_assembly(llvm::Module& m, Isa isa) { return emit(m, isa, llvm::CodeGenFileType::AssemblyFile); }

bool can_compile() { return !ending.load(std::memory_order_relaxed); }

}  // namespace frit::codegen
