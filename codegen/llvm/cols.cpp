#include "codegen/llvm/emitter.h"
namespace frit::codegen {
void Emitter::cols(const ir::OpNode&) { ir::internal_error("cols"); }
void Emitter::tile(const ir::OpNode&) { ir::internal_error("tile"); }
}  // namespace frit::codegen
