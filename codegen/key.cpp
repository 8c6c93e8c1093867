// Writes a kernel as canonical bytes, in one walk.
#include "codegen/key.h"

#include <vector>

namespace frit::codegen {
namespace {

// Part of the key; raised when the generated code changes its meaning or interface.
constexpr uint8_t kCodeVersion = 2;

class Writer {
 public:
  Writer(const ir::Func& f, Isa isa) : f_(f), number_(f.values.size(), -1) {
    out_.reserve(64 + 48 * f.ops.size());
    byte(kCodeVersion);
    byte(static_cast<uint8_t>(isa));
    byte(static_cast<uint8_t>(f.numerics));
    region(f.body);
  }
  std::string take() { return std::move(out_); }

 private:
  void byte(uint8_t b) { out_.push_back(static_cast<char>(b)); }
  // Small numbers in one byte, others in a few: zigzag, seven bits a byte.
  void number(int64_t v) {
    uint64_t u = (static_cast<uint64_t>(v) << 1) ^ static_cast<uint64_t>(v >> 63);
    while (u >= 0x80) {
      byte(static_cast<uint8_t>(u | 0x80));
      u >>= 7;
    }
    byte(static_cast<uint8_t>(u));
  }
  void text(std::string_view s) {
    number(static_cast<int64_t>(s.size()));
    out_.append(s);
  }
  void define(ir::ValueId v) {
    number_[static_cast<size_t>(v)] = next_++;
    const ir::Type& t = f_.type(v);
    byte(static_cast<uint8_t>(t.dtype));
    byte(static_cast<uint8_t>(t.cls));
  }
  void use(ir::ValueId v) { number(v == ir::kNone ? -1 : number_[static_cast<size_t>(v)]); }
  void literal(const ir::Literal& l) {
    byte(static_cast<uint8_t>(l.dtype));
    number(static_cast<int64_t>(l.bits));
  }
  void index(const ir::IndexExpr& e) {
    // Terms stand in order of the values' ids, which may differ between equal kernels; sorting by the
    // canonical numbers is not needed, as functions built alike number alike.
    number(e.constant);
    number(static_cast<int64_t>(e.terms.size()));
    for (const auto& t : e.terms) {
      use(t.var);
      number(t.coeff);
      use(t.scale);
    }
  }
  void attribute(const ir::Attr& a) {
    byte(static_cast<uint8_t>(a.name));
    byte(static_cast<uint8_t>(a.value.index()));
    std::visit([&](const auto& v) { value(v); }, a.value);
  }
  void value(int64_t v) { number(v); }
  void value(const std::vector<int64_t>& v) {
    number(static_cast<int64_t>(v.size()));
    for (int64_t x : v) number(x);
  }
  void value(DType t) { byte(static_cast<uint8_t>(t)); }
  void value(const ir::Literal& l) { literal(l); }
  void value(const std::string& s) { text(s); }
  void value(const ir::Dims& d) {
    number(static_cast<int64_t>(d.size()));
    for (const ir::Dim& x : d) text(x.str());
  }
  void value(const std::vector<ir::Op>& v) {
    number(static_cast<int64_t>(v.size()));
    for (ir::Op x : v) byte(static_cast<uint8_t>(x));
  }
  void region(const ir::Region& r) {
    number(static_cast<int64_t>(r.args.size()));
    for (ir::ValueId a : r.args) define(a);
    number(static_cast<int64_t>(r.ops.size()));
    for (ir::OpId id : r.ops) {
      const ir::OpNode& op = f_.op(id);
      byte(static_cast<uint8_t>(op.op));
      number(static_cast<int64_t>(op.operands.size()));
      for (const ir::Operand& o : op.operands) {
        use(o.value);
        if (!o.is_value()) literal(o.lit);
      }
      number(static_cast<int64_t>(op.index.size()));
      for (const ir::IndexExpr& e : op.index) index(e);
      number(static_cast<int64_t>(op.attrs.size()));
      for (const ir::Attr& a : op.attrs) attribute(a);
      number(static_cast<int64_t>(op.regions.size()));
      for (const ir::Region& inner : op.regions) region(inner);
      number(static_cast<int64_t>(op.results.size()));
      for (ir::ValueId v : op.results) define(v);
    }
  }

  const ir::Func& f_;
  std::vector<int64_t> number_;
  int64_t next_ = 0;
  std::string out_;
};

}  // namespace

std::string kernel_key(const ir::Func& kernel, Isa isa) { return Writer(kernel, isa).take(); }

}  // namespace frit::codegen
