#include "tests/engines/conditioned.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "ir/ops.h"
#include "tests/engines/fast.h"
#include "tests/engines/random.h"

namespace frit::test {
namespace {

using Arrays = std::vector<ir::Array>;

// The runs move an operation's result by about what its fast formula may err: all up, all down, all away from zero,
// all towards it (what one run makes up for again, another does not), and at random. Errors add up otherwise than
// the runs did, hence the factor.
constexpr int kRuns = 8;
constexpr double kTimes = 16;
constexpr double kSmallest = 0x1p-100, kLargest = 0x1p100;  // ordinary magnitudes; dividing by less than 2^-128 overflows

// An operation's error: 8 units of f32 (docs/accuracy.md), two of f64 (fma, reciprocals), a rounding that is left
// out of 16 bits.
double error_of(DType t) {
  switch (t) {
    case DType::bf16: return 0x1p-8;
    case DType::f16: return 0x1p-10;
    case DType::f32: return 0x1p-20;
    case DType::f64: return 0x1p-51;
    default: return 0;
  }
}
// Below it numbers of f16 are evenly spaced.
double least_error_of(DType t) { return t == DType::f16 ? 0x1p-24 : 0; }

std::vector<double> numbers(const ir::Array& a) {
  std::vector<double> out(static_cast<size_t>(a.shape.count()));
  const void* in[] = {a.data.data()};
  const size_t step[] = {1};
  ir::evaluate(ir::Op::cast, a.dtype, DType::f64, out.size(), in, step, out.data());
  return out;
}

void set_numbers(ir::Array& a, const std::vector<double>& x) {
  const void* in[] = {x.data()};
  const size_t step[] = {1};
  ir::evaluate(ir::Op::cast, DType::f64, a.dtype, x.size(), in, step, a.data.data());
}

// Whether numbers are computed, not only moved or chosen.
bool computes(const ir::OpNode& op) {
  switch (op.op) {
    case ir::Op::neg: case ir::Op::abs: case ir::Op::maximum: case ir::Op::minimum: case ir::Op::clamp: case ir::Op::reduce_max: case ir::Op::reduce_min: return false;
    default: break;
  }
  const ir::OpClass c = ir::info(op.op).cls;
  return c == ir::OpClass::elementwise || c == ir::OpClass::reduce || op.op == ir::Op::cast || op.op == ir::Op::dot;
}

DType widened(DType t) { return is_half(t) ? DType::f32 : t; }

ir::Array widened(const ir::Array& a) {
  if (!is_half(a.dtype)) return a;
  ir::Array out{DType::f32, a.shape, std::vector<std::byte>(static_cast<size_t>(a.shape.count()) * sizeof(float))};
  set_numbers(out, numbers(a));
  return out;
}

// One op as a function; wide: on f32 in the place of 16 bits, which would round the small moves away.
ir::Func alone(const ir::Func& f, const ir::OpNode& op, bool wide) {
  auto type = [&](ir::ValueId v) {
    ir::Type t = f.type(v);
    if (wide) t.dtype = widened(t.dtype);
    return t;
  };
  ir::Func g;
  ir::OpNode n = op;
  n.results.clear();
  n.loc = ir::kNone;
  std::vector<ir::Type> types;
  for (ir::ValueId v : op.results) types.push_back(type(v));
  for (ir::Operand& o : n.operands) {
    if (o.is_value()) o.value = g.add_param(type(o.value), "x");
    else if (wide && is_half(o.lit.dtype)) o.lit = ir::Literal::of(DType::f32, o.lit.to_double());
  }
  if (wide && op.op == ir::Op::cast) n.set(ir::AttrName::to, types[0].dtype);
  const ir::OpId id = g.add_op(g.body, std::move(n), types);
  ir::OpNode ret;
  ret.op = ir::Op::ret;
  ret.operands.push_back(g.result(id));
  g.add_op(g.body, std::move(ret), {});
  return g;
}

bool ordinary(const ir::Array& a) {
  if (!is_float(a.dtype)) return true;
  return std::ranges::all_of(numbers(a), [](double x) { return x == 0 || (std::fabs(x) >= kSmallest && std::fabs(x) <= kLargest); });
}

// The results; move(array, type in f) is done to each that computes floats, see(value, array) is told of all.
template <class Move, class See>
Arrays run(const ir::Func& f, const Arrays& args, bool wide, Move&& move, See&& see) {
  std::vector<ir::Array> values(f.values.size());
  for (size_t i = 0; i < args.size(); ++i)
    see(f.body.args[i], values[static_cast<size_t>(f.body.args[i])] = wide ? widened(args[i]) : args[i]);
  for (ir::OpId id : f.body.ops) {
    const ir::OpNode& op = f.op(id);
    Arrays in;
    for (const ir::Operand& o : op.operands)
      if (o.is_value()) in.push_back(values[static_cast<size_t>(o.value)]);
    if (op.op == ir::Op::ret) return in;
    ir::Array& out = values[static_cast<size_t>(op.results[0])];
    out = ir::interpret(alone(f, op, wide), in)[0];
    if (computes(op) && is_float(out.dtype)) move(out, f.type(op.results[0]).dtype);
    see(op.results[0], out);
  }
  return {};
}

}  // namespace

Conditioned::Conditioned(const ir::Func& f, const Arrays& args, uint64_t seed) {
  std::vector<bool> tame(f.values.size(), true);
  const Arrays strict = run(f, args, false, [](ir::Array&, DType) {}, [&](ir::ValueId v, const ir::Array& a) { tame[static_cast<size_t>(v)] = ordinary(a); });
  for (ir::OpId id : f.body.ops) {
    const ir::OpNode& op = f.op(id);
    if (op.op == ir::Op::ret) break;
    bool all = !jumps(f, op);
    for (const ir::Operand& o : op.operands) all &= !o.is_value() || tame[static_cast<size_t>(o.value)];
    if (!all) tame[static_cast<size_t>(op.results[0])] = false;
  }
  const ir::OpNode& ret = f.terminator();
  for (size_t r = 0; r < strict.size(); ++r) {
    Result result;
    result.comparable = is_float(strict[r].dtype) && ret.operands[r].is_value() && tame[static_cast<size_t>(ret.operands[r].value)];
    result.unit = error_of(strict[r].dtype);
    if (result.comparable) {
      result.strict = numbers(strict[r]);
      result.moved.assign(result.strict.size(), 0);
    }
    results_.push_back(std::move(result));
  }
  if (comparable() == 0) return;
  Random random(seed);
  for (int k = 0; k < kRuns; ++k) {
    const Arrays moved = run(f, args, true, [&](ir::Array& a, DType t) {
      std::vector<double> x = numbers(a);
      for (double& v : x) {
        const double outwards = v < 0 ? -1 : 1;
        const double sign = k == 0 ? 1 : k == 1 ? -1 : k == 2 ? outwards : k == 3 ? -outwards : random.one_in(2) ? 1 : -1;
        v += sign * (0.5 + 0.5 * random.unit()) * (std::fabs(v) * error_of(t) + least_error_of(t));
      }
      set_numbers(a, x);
    }, [](ir::ValueId, const ir::Array&) {});
    for (size_t r = 0; r < results_.size(); ++r) {
      if (!results_[r].comparable) continue;
      const std::vector<double> x = numbers(moved[r]);
      for (size_t i = 0; i < x.size(); ++i) {
        const double by = std::fabs(x[i] - results_[r].strict[i]);
        if (!(by <= results_[r].moved[i])) results_[r].moved[i] = by;  // NaN too: nothing is asked there
      }
    }
  }
}

int Conditioned::comparable() const {
  return static_cast<int>(std::ranges::count_if(results_, [](const Result& r) { return r.comparable; }));
}

std::string Conditioned::problem(const Arrays& have) const {
  for (size_t r = 0; r < results_.size(); ++r) {
    const Result& want = results_[r];
    if (!want.comparable) continue;
    const std::vector<double> x = numbers(have[r]);
    for (size_t i = 0; i < x.size(); ++i) {
      const double most = kTimes * (want.moved[i] + want.unit * std::fabs(want.strict[i]));
      // What may move by its own size is beyond small errors, and a 0 may come of rounding: nothing can be asked of them.
      if (!(most < std::fabs(want.strict[i])) || std::fabs(x[i] - want.strict[i]) <= most) continue;
      return "result " + std::to_string(r) + ", element " + std::to_string(i) + ": " + std::to_string(x[i]) + ", strictly " + std::to_string(want.strict[i]) +
             ", which may move by " + std::to_string(most);
    }
  }
  return "";
}

}  // namespace frit::test
