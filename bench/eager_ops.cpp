// See eager_ops.h. The public functions come from the op table.
#include <algorithm>
#include <functional>
#include <map>

#include "bench/eager_ops.h"
#include "frit/ops.h"
#include "ir/ops.h"

namespace frit::bench {
namespace {

using Operands = std::vector<Arg>;

Tensor call_1(Tensor (*f)(Arg, Loc), const Operands& a) { return f(a[0], Loc{}); }
Tensor call_2(Tensor (*f)(Arg, Arg, Loc), const Operands& a) { return f(a[0], a[1], Loc{}); }
Tensor call_3(Tensor (*f)(Arg, Arg, Arg, Loc), const Operands& a) { return f(a[0], a[1], a[2], Loc{}); }

Tensor call(ir::Op op, const Operands& operands, DType result) {
  switch (op) {
#define FRIT_ELEMENTWISE(name, arity, types, result, doc) \
  case ir::Op::name: return call_##arity(&frit::name, operands);
#include "frit/ops.def"
    case ir::Op::cast: return cast(operands[0], result, Loc{});
    case ir::Op::where: return where(operands[0], operands[1], operands[2], Loc{});
    default: throw Error("frit bench", "the op " + std::string(ir::info(op).name) + " has no report of its own");
  }
}

Arg number(const ir::Literal& l) {
  switch (l.dtype) {
    case DType::f16: return Arg(l.as<f16>(), Loc{});
    case DType::bf16: return Arg(l.as<bf16>(), Loc{});
    case DType::f32: return Arg(l.as<float>(), Loc{});
    case DType::f64: return Arg(l.as<double>(), Loc{});
    case DType::boolean: return Arg(l.as<bool>(), Loc{});
    default: return Arg(static_cast<int64_t>(l.to_double()), Loc{});
  }
}

}  // namespace

void for_each_eager_op(const ir::Func& f, const std::vector<Tensor>& inputs, const std::function<void(const EagerOp&)>& visit) {
  std::map<ir::ValueId, Tensor> values;
  for (size_t i = 0; i < inputs.size(); ++i) values[f.body.args[i]] = inputs[i];
  std::map<ir::ValueId, ir::OpId> last_use;
  for (ir::OpId id : f.body.ops)
    for (const ir::Operand& o : f.op(id).operands)
      if (o.is_value()) last_use[o.value] = id;

  for (ir::OpId id : f.body.ops) {
    const ir::OpNode& node = f.op(id);
    if (node.op == ir::Op::ret) break;
    EagerOp op;
    op.name = ir::info(node.op).name;
    Operands operands;
    std::vector<ir::ValueId> seen;
    for (const ir::Operand& o : node.operands) {
      op.operands += op.operands.empty() ? "" : ", ";
      if (!o.is_value()) {
        operands.push_back(number(o.lit));
        op.operands += "number";
        continue;
      }
      const Tensor& t = values.at(o.value);
      operands.push_back(Arg(t, Loc{}));
      const bool again = std::find(seen.begin(), seen.end(), o.value) != seen.end();
      op.operands += again ? "the same" : "tensor";
      if (!again) op.tensors.push_back(t);
      seen.push_back(o.value);
    }
    op.result = f.type(node.results[0]).dtype;
    op.run = [&] { return call(node.op, operands, op.result); };
    Tensor result = op.run();
    visit(op);
    values[node.results[0]] = std::move(result);
    op.tensors.clear();
    for (const ir::Operand& o : node.operands)
      if (o.is_value() && last_use[o.value] == id) values.erase(o.value);
  }
}

}  // namespace frit::bench
