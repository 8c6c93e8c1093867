// Kernel -> module -> object -> loaded code.
#include "codegen/llvm/engine.h"

#include <chrono>

#include "codegen/llvm/emitter.h"
#include "codegen/llvm/llvm.h"
#include "codegen/llvm/loader.h"
#include "codegen/llvm/target.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#include <llvm/Target/TargetMachine.h>
#pragma GCC diagnostic pop

namespace frit::codegen {
namespace {

#ifdef NDEBUG
constexpr bool kAlwaysVerify = false;
#else
constexpr bool kAlwaysVerify = true;
#endif

std::unique_ptr<llvm::Module> make_module(llvm::LLVMContext& context, const ir::Func& kernel, Isa isa, bool verify) {
  auto module = std::make_unique<llvm::Module>("kernel", context);
  llvm::TargetMachine& tm = target_machine(isa);
  module->setDataLayout(tm.createDataLayout());
  module->setTargetTriple(tm.getTargetTriple().str());
  Emitter(*module, kernel, isa).run();
  if (verify) {
    std::string why;
    llvm::raw_string_ostream out(why);
    if (llvm::verifyModule(*module, &out)) {
      module->print(out, nullptr);
      throw std::logic_error("the LLVM IR of a kernel is wrong: " + why);
    }
  }
  return module;
}

}  // namespace

std::shared_ptr<rt::KernelCode> build_kernel(const ir::Func& kernel, Isa isa) {
  const auto start = std::chrono::steady_clock::now();
  llvm::LLVMContext context;
  auto module = make_module(context, kernel, isa, kAlwaysVerify);
  const std::string object = emit_object(*module, isa);
  auto loaded = std::make_shared<LoadedCode>(object);
  auto code = std::make_shared<rt::KernelCode>();
  code->name = kernel.name;
  code->work = reinterpret_cast<rt::WorkFn>(loaded->find("work"));
  code->finish = reinterpret_cast<rt::WorkFn>(loaded->find("finish"));
  code->owner = std::move(loaded);
  code->compile_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  return code;
}

std::string print_kernel(const ir::Func& kernel, Isa isa, Listing what) {
  llvm::LLVMContext context;
  auto module = make_module(context, kernel, isa, true);
  switch (what) {
    case Listing::llvm: {
      std::string text;
      llvm::raw_string_ostream out(text);
      module->print(out, nullptr);
      return text;
    }
    case Listing::assembly: return emit_assembly(*module, isa);
  }
  return "";
}

}  // namespace frit::codegen
