// See scalars.h. One switch over the primitives, without a default.
#include "codegen/cuda/scalars.h"

#include <charconv>
#include <cmath>
#include <cstring>

#include "ir/ops.h"

namespace frit::codegen::cuda {

using ir::Prim;

std::string identifier(ir::Op op) {
  std::string s(ir::info(op).name);
  for (char& c : s)
    if (c == '.') c = '_';
  return s;
}
std::string type_text(DType t) { return std::string(name(t)); }
std::string memory_text(DType t) { return t == DType::boolean ? "u8" : type_text(t); }
std::string from_memory(DType t, const std::string& x) { return t == DType::boolean ? cat(x, " != 0") : x; }
std::string to_memory(DType t, const std::string& x) { return t == DType::boolean ? cat("(u8)", x) : x; }

namespace {

std::string hex(uint64_t bits) {
  char s[24];
  std::snprintf(s, sizeof s, "0x%llx", static_cast<unsigned long long>(bits));
  return s;
}

// The shortest decimal that reads back; bits where a decimal is no good (NaN, infinities, denormals).
template <class T>
std::string float_text(uint64_t bits, const char* of_bits, const char* suffix, const char* bits_suffix) {
  T x;
  if constexpr (sizeof(T) == 4) {
    const auto b = static_cast<uint32_t>(bits);
    std::memcpy(&x, &b, 4);
  } else {
    std::memcpy(&x, &bits, 8);
  }
  if (!std::isnormal(x) && x != 0) return cat(of_bits, "(", hex(bits), bits_suffix, ")");
  char s[64];
  const auto end = std::to_chars(s, s + sizeof s, std::fabs(x)).ptr;
  std::string text(s, end);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  text += suffix;
  return std::signbit(x) ? cat("(-", text, ")") : text;
}

}  // namespace

std::string literal_text(const ir::Literal& l) {
  const auto bits = l.bits;
  switch (l.dtype) {
    case DType::boolean: return bits & 1 ? "true" : "false";
    case DType::u8: return cat("(u8)", static_cast<int>(bits & 255));
    case DType::i32: {
      const auto v = static_cast<int32_t>(bits);
      return v == INT32_MIN ? "(-2147483647 - 1)" : v < 0 ? cat("(", v, ")") : cat(v);
    }
    case DType::u32: return cat(static_cast<uint32_t>(bits), "u");
    case DType::i64: {
      const auto v = static_cast<int64_t>(bits);
      return v == INT64_MIN ? "(-9223372036854775807ll - 1)" : v < 0 ? cat("(", v, "ll)") : cat(v, "ll");
    }
    case DType::u64: return cat(bits, "ull");
    case DType::f16:
    case DType::bf16: return cat(type_text(l.dtype), "{(u16)", hex(bits & 0xffff), "}");
    case DType::f32: return float_text<float>(bits, "f_f32", "f", "u");
    case DType::f64: return float_text<double>(bits, "f_f64", "", "ull");
  }
  ir::internal_error("a literal of no type");
}

std::string prim_text(const ir::PrimNode& n, const std::string& a, const std::string& b, const std::string& c) {
  const DType t = n.dtype;
  const bool f = is_float(t);
  // Plain operators where C++ means what the law says: floats, and unsigned types that are not promoted.
  const bool plain = f || t == DType::u32 || t == DType::u64;
  auto infix = [&](const char* op) { return cat(a, " ", op, " ", b); };
  auto one = [&](const char* fn) { return cat(fn, "(", a, ")"); };
  auto two = [&](const char* fn) { return cat(fn, "(", a, ", ", b, ")"); };
  // Bits of narrow types and bools come back as int.
  auto bits = [&](const std::string& e) { return size_of(t) == 1 ? cat("(", type_text(t), ")(", e, ")") : e; };
  switch (n.prim) {
    case Prim::arg:
    case Prim::constant: break;
    case Prim::add: return plain ? infix("+") : two("f_add");
    case Prim::sub: return plain ? infix("-") : two("f_sub");
    case Prim::mul: return plain ? infix("*") : two("f_mul");
    case Prim::neg: return f ? cat("-", a) : one("f_neg");
    case Prim::div: return f ? infix("/") : two("f_div");
    case Prim::rem: return two("f_rem");
    case Prim::fma: return cat("f_fma(", a, ", ", b, ", ", c, ")");
    case Prim::sqrt: return one("f_sqrt");
    case Prim::abs: return one("f_abs");
    case Prim::min: return two("f_min");
    case Prim::max: return two("f_max");
    case Prim::floor: return one("f_floor");
    case Prim::ceil: return one("f_ceil");
    case Prim::trunc: return one("f_trunc");
    case Prim::rint: return one("f_rint");
    case Prim::eq: return infix("==");
    case Prim::ne: return infix("!=");
    case Prim::lt: return infix("<");
    case Prim::le: return infix("<=");
    case Prim::bit_not: return t == DType::boolean ? cat("!", a) : bits(cat("~", a));
    case Prim::bit_and: return bits(infix("&"));
    case Prim::bit_or: return bits(infix("|"));
    case Prim::bit_xor: return bits(infix("^"));
    case Prim::shl: return two("f_shl");
    case Prim::shr: return two("f_shr");
    case Prim::select: return cat(a, " ? ", b, " : ", c);
    case Prim::scale: return cat("f_scale(", a, ", ", c, ")");
    case Prim::lookup: {
      const ir::RowPlace place = ir::RowPlace::of(n.imm);
      return cat("f_lookup(f_", ir::info(place.table).name, "[", place.row, "], ", a, ")");
    }
    case Prim::cast: return n.from == t ? a : cat("f_cast<", type_text(t), ">(", a, ")");
    case Prim::approx_exp2: return one("f_approx_exp2");
    case Prim::approx_div: return two("f_approx_div");
    case Prim::approx_rcp: return one("f_approx_rcp");
    case Prim::approx_sqrt: return one("f_approx_sqrt");
    case Prim::approx_rsqrt: return one("f_approx_rsqrt");
    case Prim::bitcast: return cat(n.imm ? "f_bits_any<" : "f_bits<", type_text(t), ">(", a, ")");
  }
  ir::internal_error("a primitive without operands");
}

namespace {

bool is_leaf(const ir::PrimNode& n) { return n.prim == Prim::arg || n.prim == Prim::constant; }
bool compares(const ir::PrimNode& n) { return n.prim == Prim::eq || n.prim == Prim::ne || n.prim == Prim::lt || n.prim == Prim::le; }

// A program's nodes as text: leaves and, where `name` gives one, inner nodes by name.
std::string node_text(const ir::ScalarProgram& p, int i, const std::vector<std::string>& names) {
  auto at = [&](int k) { return k < 0 ? std::string() : names[static_cast<size_t>(k)]; };
  const ir::PrimNode& n = p.nodes[static_cast<size_t>(i)];
  return prim_text(n, at(n.a), at(n.b), at(n.c));
}

}  // namespace

int Functions::cost(ir::Op op, DType t, DType to) const {
  int cost = 0;
  for (const ir::PrimNode& n : ir::formula(op, t, to, formulas_).nodes)
    if (!is_leaf(n)) cost += n.prim == Prim::div || n.prim == Prim::sqrt || n.prim == Prim::rem ? 8 : 1;
  return cost;
}

std::string Functions::call(ir::Op op, DType t, DType to, const std::vector<std::string>& args) {
  const ir::ScalarProgram& p = ir::formula(op, t, to, formulas_);
  int inner = 0;
  for (const ir::PrimNode& n : p.nodes) inner += !is_leaf(n);
  std::vector<std::string> names(p.nodes.size());
  auto leaf = [&](size_t i) {
    const ir::PrimNode& n = p.nodes[i];
    return n.prim == Prim::arg ? std::string() : literal_text({n.dtype, n.imm});
  };
  if (inner <= 1) {
    for (size_t i = 0; i < p.nodes.size(); ++i)
      if (is_leaf(p.nodes[i])) names[i] = p.nodes[i].prim == Prim::arg ? args.at(p.nodes[i].imm) : leaf(i);
    const ir::PrimNode& last = p.nodes[static_cast<size_t>(p.result)];
    return is_leaf(last) ? names[static_cast<size_t>(p.result)] : node_text(p, p.result, names);
  }
  // Kernels of both kinds may stand in one source.
  std::string fn = cat(formulas_ == ir::Formulas::strict ? "" : "fast_", identifier(op), "_", type_text(t));
  if (op == ir::Op::cast) fn += cat("_", type_text(to));
  std::string list;
  for (const std::string& a : args) list += cat(list.empty() ? "" : ", ", a);
  const std::string called = cat(fn, "(", list, ")");
  if (made_.count(fn)) return called;

  std::map<size_t, DType> params;
  std::string body;
  DType result = to;
  for (size_t i = 0; i < p.nodes.size(); ++i) {
    const ir::PrimNode& n = p.nodes[i];
    const DType made = compares(n) ? DType::boolean : n.dtype;
    if (static_cast<int>(i) == p.result) result = made;
    if (n.prim == Prim::arg) {
      names[i] = cat("x", n.imm);
      params[n.imm] = n.dtype;
    } else if (n.prim == Prim::constant) {
      names[i] = leaf(i);
    } else {
      if (n.prim == Prim::lookup) tables_.insert(ir::RowPlace::of(n.imm).table);
      names[i] = cat("t", i);
      body += cat("  const ", type_text(made), " ", names[i], " = ", node_text(p, static_cast<int>(i), names), ";\n");
    }
  }
  std::string declared;
  for (size_t i = 0; i < args.size(); ++i)  // an operand that does not matter has the type of the others
    declared += cat(i ? ", " : "", type_text(params.count(i) ? params[i] : t), " x", i);
  const std::string guard = cat("F_", fn);
  made_[fn] = cat("#ifndef ", guard, "\n#define ", guard, "\nF_FN ", type_text(result), " ", fn, "(", declared, ") {\n", body, "  return ",
                  names[static_cast<size_t>(p.result)], ";\n}\n#endif\n");
  return called;
}

std::string Functions::text() const {
  std::string out;
  for (ir::Table t : tables_) {
    const ir::TableInfo table = ir::info(t);
    const std::string guard = cat("F_TABLE_", table.name);
    out += cat("#ifndef ", guard, "\n#define ", guard, "\n__device__ const f32 f_", table.name, "[", table.count, "][", std::tuple_size_v<ir::Row>, "] = {\n");
    for (int r = 0; r < table.count; ++r) {
      out += "  {";
      for (size_t i = 0; i < std::tuple_size_v<ir::Row>; ++i) out += cat(i ? ", " : "", literal_text(ir::Literal::of(table.rows[r][i])));
      out += "},\n";
    }
    out += "};\n#endif\n\n";
  }
  for (const auto& [name, text] : made_) out += text + "\n";
  return out;
}

}  // namespace frit::codegen::cuda
