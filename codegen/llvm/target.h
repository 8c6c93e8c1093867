// The machine that code is made for, as LLVM sees it; one a thread and instruction set, kept.
#pragma once

#include "codegen/kernel.h"
#include "codegen/llvm/llvm.h"

namespace llvm {
class TargetMachine;
}

namespace frit::codegen {

llvm::TargetMachine& target_machine(Isa isa);

// Machine code of a module as a relocatable object, or as assembly text.
std::string emit_object(llvm::Module& m, Isa isa);
std::string emit_assembly(llvm::Module& m, Isa isa);

}  // namespace frit::codegen
