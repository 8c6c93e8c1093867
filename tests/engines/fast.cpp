#include "tests/engines/fast.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "ir/ops.h"

namespace frit::test {
namespace {

// Units of the coarsest type, of the largest number: programs add and cancel a few times.
constexpr double kUnits = 64;

double epsilon(DType t) {
  switch (t) {
    case DType::bf16: return 0x1p-8;
    case DType::f16: return 0x1p-11;
    case DType::f32: return 0x1p-24;
    case DType::f64: return 0x1p-53;
    default: return 0;
  }
}

double number(const ir::Array& a, size_t i) {
  ir::Literal l{a.dtype, 0};
  std::memcpy(&l.bits, a.data.data() + i * static_cast<size_t>(size_of(a.dtype)), static_cast<size_t>(size_of(a.dtype)));
  return l.to_double();
}

}  // namespace

ir::Func made_fast(ir::Func f) {
  f.numerics = Numerics::fast;
  return f;
}

bool jumps(const ir::Func& f, const ir::OpNode& op) {
  switch (op.op) {
    case ir::Op::floor: case ir::Op::ceil: case ir::Op::trunc: case ir::Op::round: case ir::Op::sign: return true;
    default: break;
  }
  bool from = false;
  for (const ir::Operand& o : op.operands) from |= is_float(f.type(o).dtype);
  return from && !is_float(f.type(op.results[0]).dtype);
}

bool is_smooth(const ir::Func& f) {
  bool any = false;
  for (const ir::Value& v : f.values) any |= is_float(v.type.dtype);
  for (ir::OpId id : f.body.ops) {
    const ir::OpNode& op = f.op(id);
    if (!op.results.empty() && !op.operands.empty() && jumps(f, op)) return false;
  }
  return any;
}

std::string fast_problem(const ir::Func& f, const std::vector<ir::Array>& have, const std::vector<ir::Array>& want) {
  double unit = 0;
  for (const ir::Value& v : f.values) unit = std::max(unit, epsilon(v.type.dtype));
  for (size_t r = 0; r < want.size(); ++r) {
    const auto n = static_cast<size_t>(want[r].shape.count());
    double largest = 0x1p-100;
    for (size_t i = 0; i < n; ++i)
      if (const double x = std::fabs(number(want[r], i)); std::isfinite(x)) largest = std::max(largest, x);
    for (size_t i = 0; i < n; ++i) {
      const double x = number(have[r], i), y = number(want[r], i);
      const bool right = std::isfinite(y) ? std::fabs(x - y) <= kUnits * unit * largest : std::isnan(y) ? std::isnan(x) : x == y;
      if (!right)
        return "result " + std::to_string(r) + ", element " + std::to_string(i) + ": " + std::to_string(x) + ", strictly " + std::to_string(y);
    }
  }
  return "";
}

}  // namespace frit::test
