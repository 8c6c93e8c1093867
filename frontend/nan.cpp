// FRIT_CHECK=nan: the function once more, op by op. The bits are the same, so what went wrong in the
// fused run goes wrong here, at one op with a place.
#include "frontend/core.h"
#include "ir/infer.h"
#include "ir/ops.h"
#include "ir/places.h"

namespace frit::detail {
namespace {

Tensor shared(TensorImpl* t) {
  t->refs.fetch_add(1, std::memory_order_relaxed);
  return adopt(t);
}

bool is_nan_literal(const ir::Literal& l) { return is_float(l.dtype) && l.to_double() != l.to_double(); }

// One op of f alone, on values.
Tensor run_op(const ir::Func& f, const ir::OpNode& op, const std::vector<Tensor>& values, Device device) {
  ir::Func one;
  one.name = ir_name(ir::info(op.op).name);
  ir::OpNode copy = op;
  copy.loc = ir::kNone;
  std::vector<const void*> data;
  std::vector<TensorImpl*> tensors;
  for (ir::Operand& o : copy.operands) {
    if (!o.is_value()) continue;
    TensorImpl* t = impl(values[static_cast<size_t>(o.value)]);
    o.value = one.add_param(t->type(), "x");
    one.value(o.value).strides = t->strides;
    data.push_back(t->data);
    tensors.push_back(t);
  }
  ir::OpNode ret;
  ret.op = ir::Op::ret;
  ret.operands = {ir::append(one, std::move(copy), f.type(op.results[0]))};
  ir::append(one, std::move(ret));
  one.compact();
  const Executable e = make_executable(std::move(one), For::eager, device);
  Tensor result;
  run_executable(e, {data.data(), tensors.data(), nullptr, data.size()}, &result, false, ir::info(op.op).name.data(), {});
  return result;
}

}  // namespace

void check_for_nan(const Executable& e, const RunInputs& in) {
  const ir::Func& f = e.func;
  const Device device = e.device;
  std::vector<Tensor> values(f.values.size());
  std::vector<bool> nan(f.values.size());
  for (size_t i = 0; i < in.count; ++i) {
    const auto v = static_cast<size_t>(f.body.args[i]);
    values[v] = shared(in.tensors[i]);
    nan[v] = has_nan(*in.tensors[i]);
  }
  for (ir::OpId id : f.body.ops) {
    const ir::OpNode& op = f.op(id);
    if (op.op == ir::Op::ret) return;
    const auto v = static_cast<size_t>(op.results[0]);
    values[v] = run_op(f, op, values, device);
    nan[v] = has_nan(*impl(values[v]));
    if (!nan[v]) continue;
    bool before = false;
    for (const ir::Operand& o : op.operands) before |= o.is_value() ? nan[static_cast<size_t>(o.value)] : is_nan_literal(o.lit);
    if (before) continue;
    const ir::Value& value = f.value(op.results[0]);
    throw Error(std::string(ir::info(op.op).name),
                "makes a NaN from operands without one" + (value.name.empty() ? "" : " (%" + value.name + ")") + " in " + f.name, ir::user_loc(f, op.loc),
                ir::inner_notes(f, op.loc), "the function was run again op by op to find it");
  }
}

}  // namespace frit::detail
