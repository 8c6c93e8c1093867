// The machine that code is made for, as LLVM sees it; one a thread and instruction set, kept.
#pragma once

#include "codegen/kernel.h"
#include "codegen/llvm/llvm.h"

namespace llvm {
class TargetMachine;
}

namespace frit::codegen {

llvm::TargetMachine& target_machine(Isa isa);
// Whether this CPU adds floats on other units than it multiplies them, as Zen does.
bool adds_apart();

// Machine code of a module as a relocatable object, or as assembly text.
std::string emit_object(llvm::Module& m, Isa isa);
std::string emit_assembly(llvm::Module& m, Isa isa);

}  // namespace frit::codegen
