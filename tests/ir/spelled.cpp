// A function's data spelled out field by field, sharing nothing with the printer: two functions are
// equal as data where these strings are.
#include <sstream>

#include "tests/ir/examples.h"

namespace frit::ir::test {
namespace {

struct Spell {
  std::ostringstream out;

  void operator()(int64_t v) { out << "int " << v; }
  void operator()(const std::vector<int64_t>& v) {
    out << "ints";
    for (int64_t i : v) out << " " << i;
  }
  void operator()(DType t) { out << "dtype " << static_cast<int>(t); }
  void operator()(const Literal& l) { out << "literal " << static_cast<int>(l.dtype) << " " << l.bits; }
  void operator()(const std::string& s) { out << "string " << s.size() << " " << s; }
  void operator()(const Dims& d) {
    out << "dims";
    for (Dim x : d) out << " " << (x.is_constant() ? "" : "symbol ") << x.str();
  }
  void operator()(const std::vector<Op>& ops) {
    out << "ops";
    for (Op o : ops) out << " " << static_cast<int>(o);
  }
  void region(const Region& r) {
    out << "args";
    for (ValueId v : r.args) out << " " << v;
    out << " ops";
    for (OpId o : r.ops) out << " " << o;
    out << "\n";
  }
};

}  // namespace

std::string spelled(Func f) {
  f.compact();
  Spell s;
  s.out << static_cast<int>(f.level) << " " << f.name << "\n";
  for (const Value& v : f.values) {
    s.out << "value " << v.name << " " << static_cast<int>(v.type.cls) << " " << static_cast<int>(v.type.dtype) << " ";
    s(v.type.dims);
    s.out << " def " << v.def << " ";
    s(v.strides);
    s.out << " " << v.captured << "\n";
  }
  for (const OpNode& op : f.ops) {
    s.out << "op " << static_cast<int>(op.op) << " loc " << op.loc;
    for (const Operand& o : op.operands) {
      s.out << " operand " << o.value << " ";
      s(o.lit);
    }
    for (const IndexExpr& e : op.index) {
      s.out << " index " << e.constant;
      for (const auto& t : e.terms) s.out << " " << t.coeff << "*" << t.var << "*" << t.scale;
    }
    for (const Attr& a : op.attrs) {
      s.out << " attr " << static_cast<int>(a.name) << " ";
      std::visit(s, a.value);
    }
    for (ValueId v : op.results) s.out << " result " << v;
    s.out << "\n";
    for (const Region& r : op.regions) s.region(r);
  }
  for (const Place& p : f.places) s.out << "place " << p.file << " " << p.line << " " << p.column << " " << p.from << "\n";
  s.region(f.body);
  return s.out.str();
}

}  // namespace frit::ir::test
