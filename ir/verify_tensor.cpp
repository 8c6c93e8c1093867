// The rules of the tensor level: whole tensors, one region, types as infer.h has them.
#include "ir/verify_parts.h"

namespace frit::ir {

void verify_tensor_op(const Checker& c, OpId id) {
  const OpInfo& row = info(c.f.op(id).op);
  const bool fits = row.cls == OpClass::elementwise || row.cls == OpClass::reduce || row.cls == OpClass::tensor;
  if (!fits) c.fail(id, "does not stand at the " + std::string(name(c.f.level)) + " level");
  c.regions(id, 0);
  c.indices(id, 0);
  c.inferred(id);
}

void verify_tensor(const Checker& c) {
  c.tensor_params();
  for (OpId id : c.f.body.ops) verify_tensor_op(c, id);
  c.body_returns();
}

}  // namespace frit::ir
