// The parser of all three levels: reads back exactly what print() wrote, and what people write by hand
// in its form. Any other text throws Error with file, line and column and what was expected; no text
// makes it crash (nesting, names, numbers and counts are checked as they are read).
#include <charconv>
#include <unordered_map>

#include "ir/ops.h"
#include "ir/parse_pieces.h"
#include "ir/text.h"
#include "ir/text_layout.h"

namespace frit::ir {
namespace {

constexpr int kMaxNesting = 64;   // of regions
constexpr int kMaxCallers = 1024;  // of places, one from the other

class Parser : private PieceReader {
 public:
  Parser(std::string_view text, std::string_view file) : PieceReader(text, file) {}

  Func run(TextPlaces* places) {
    blank_lines();
    header();
    signature();
    open_body();
    ops(f_.body, 0);
    close_function();
    place_list();
    f_.compact();  // drops places that no op has; everything else is in order already
    if (places) *places = std::move(places_);
    return std::move(f_);
  }

 private:
  // Names

  struct Name {
    ValueId id = kNone;  // kNone: reserved for a result whose op is still being read
    bool visible = true;
    size_t begin = 0;
  };

  void reserve(const Token& t) {
    auto [it, fresh] = names_.try_emplace(std::string(t.text), Name{kNone, false, t.begin});
    if (!fresh) fail(t, "the name %" + std::string(t.text) + " is taken", "it stands in line " + std::to_string(lex_.loc(it->second.begin).line) + " already; names are unique in a function");
  }
  void define(const Token& t, ValueId id) {
    Name& n = names_.at(std::string(t.text));
    n.id = id;
    n.visible = true;
    scope_.push_back(&n);
  }

  ValueId lookup(const Token& t) const {
    auto it = names_.find(std::string(t.text));
    if (it == names_.end()) fail(t, "there is no value %" + std::string(t.text), "values are defined above their uses");
    if (it->second.id == kNone) fail(t, "%" + std::string(t.text) + " is used inside of the op that makes it");
    if (!it->second.visible) fail(t, "%" + std::string(t.text) + " belongs to a region that has ended");
    return it->second.id;
  }

  // The function

  void header() {
    if (!is_word("frit")) return;
    next();
    const Token t = peek();
    if (integer("the version of the text form") != kTextVersion) fail(t, "this text has version " + std::string(t.text.substr(0, 20)) + "; version " + std::to_string(kTextVersion) + " can be read");
    end_of_line();
    blank_lines();
  }

  void signature() {
    places_.func = lex_.loc(peek().begin);
    if (accept_word("fast")) f_.numerics = Numerics::fast;
    const bool fused = accept_word("fused");
    if (accept_word("func")) f_.level = fused ? Level::fused : Level::tensor;
    else if (!fused && accept_word("kernel")) f_.level = Level::kernel;
    else expected(fused ? "'func'" : "'func', 'fused func' or 'kernel'");
    f_.name = expect(Tok::at, "the function's name, such as @f").text;
    expect("(");
    if (!is(")")) {
      do param();
      while (accept(","));
    }
    expect(")");
    result_at_ = peek();
    if (!accept("->")) return;
    if (accept("(")) {
      do result_types_.push_back(type());
      while (accept(","));
      expect(")");
    } else {
      result_types_.push_back(type());
    }
  }

  void param() {
    const Token t = expect(Tok::value, "a parameter, such as %x: f32[4]");
    reserve(t);
    expect(":");
    const ValueId id = f_.add_param(type(), std::string(t.text));
    define(t, id);
    if (accept_word(name(AttrName::strides))) {
      expect("=");
      f_.value(id).strides = ints();
    }
    f_.value(id).captured = accept_word(name(AttrName::captured));
  }

  void open_body() {
    expect("{");
    end_of_line();
  }

  void close_function() {
    std::vector<Type> types;
    if (!f_.body.ops.empty() && f_.terminator().op == Op::ret)
      for (const Operand& o : f_.terminator().operands) types.push_back(f_.type(o));
    if (types != result_types_) {
      auto text = [](const std::vector<Type>& list) {
        std::string s;
        for (const Type& t : list) s += (s.empty() ? "" : ", ") + t.str();
        return list.empty() ? std::string("nothing") : s;
      };
      fail(result_at_, "the function is said to return " + text(result_types_) + ", but returns " + text(types));
    }
    end_of_line();
  }

  void place_list() {
    std::vector<int> callers;
    for (blank_lines(); peek().kind != Tok::end; blank_lines()) {
      const Token t = expect(Tok::at, "a place, such as @1 = \"demo.cpp\":12:11");
      if (t.text != std::to_string(f_.places.size() + 1)) fail(t, "expected @" + std::to_string(f_.places.size() + 1) + ": places are listed in order");
      Place p;
      expect("=");
      p.file = string();
      expect(":");
      p.line = small("a line");
      expect(":");
      p.column = small("a column");
      int depth = 0;
      if (accept_word("from")) {
        const Token from = expect(Tok::at, "the caller's place, such as @1");
        p.from = place_number(from);
        if (p.from >= static_cast<LocId>(f_.places.size())) fail(from, "a caller's place stands above");
        depth = callers[static_cast<size_t>(p.from)] + 1;
        if (depth > kMaxCallers) fail(from, "more than " + std::to_string(kMaxCallers) + " places, one called from the other");
      }
      end_of_line();
      callers.push_back(depth);
      f_.places.push_back(std::move(p));
    }
    if (last_place_ >= static_cast<LocId>(f_.places.size())) fail(last_place_at_, "the place " + lex_.describe(last_place_at_) + " is not in the list at the end");
  }

  LocId place_number(const Token& t) const {
    int32_t n = 0;
    const auto r = std::from_chars(t.text.data(), t.text.data() + t.text.size(), n);
    if (r.ec != std::errc() || r.ptr != t.text.data() + t.text.size() || n < 1) fail(t, "expected the number of a place, such as @1");
    return n - 1;
  }

  // Ops

  // Reads ops up to and with the closing brace.
  void ops(Region& r, int nesting) {
    const size_t scope = scope_.size();
    for (blank_lines(); !accept("}"); blank_lines()) {
      op(r, nesting);
      end_of_line();
    }
    for (; scope_.size() > scope; scope_.pop_back()) scope_.back()->visible = false;
  }

  void op(Region& r, int nesting) {
    const Token start = peek();
    std::vector<Token> results;
    if (peek().kind == Tok::value) {
      do {
        results.push_back(expect(Tok::value, "the name of a result"));
        reserve(results.back());
      } while (accept(","));
      expect("=");
    }
    const Token word = expect(Tok::word, results.empty() ? "an op or '}'" : "an op");
    const auto found = find_op(word.text);
    if (!found) fail(word, "there is no op " + lex_.describe(word), "`frit ops` lists them");
    OpNode op;
    op.op = *found;

    // Outer ops come before the ops of their regions: the op takes its id now.
    const auto id = static_cast<OpId>(f_.ops.size());
    f_.ops.emplace_back();
    places_.ops.push_back(lex_.loc(start.begin));
    r.ops.push_back(id);

    std::vector<std::pair<size_t, Number>> numbers;
    operands(op, numbers);
    std::vector<Token> space;
    if (accept_word("over")) {
      if (op.op == Op::fused) space = fused_space(op);
      else if (index_style(op.op) == IndexStyle::over) index_list(op);
      else fail(word, std::string(word.text) + " does not take 'over'");
    }
    attributes(op);
    std::vector<Type> types;
    const Token colon = peek();
    if (accept(":")) {
      do types.push_back(type());
      while (accept(","));
    }
    if (types.size() != results.size())
      fail(colon, std::to_string(results.size()) + " result" + (results.size() == 1 ? "" : "s") + " but " + std::to_string(types.size()) + " type" + (types.size() == 1 ? "" : "s"),
           "write one type a result after ':'");
    for (const auto& [k, n] : numbers) {
      const auto t = n.type ? n.type : literal_type(f_, op, k, types);
      if (!t) lex_.fail(n.end, "the type of this number is not clear", "write it with the number, as in 1.0:f32");
      op.operands[k] = literal(n.begin, n.end, *t);
    }
    if (peek().kind == Tok::at) {
      const Token t = next();
      op.loc = place_number(t);
      if (op.loc > last_place_) last_place_ = op.loc, last_place_at_ = t;
    }
    while (is("{")) op.regions.push_back(region(op, space, nesting + 1));
    if (!space.empty() && op.regions.empty()) expected("the region of fused");
    for (size_t k = 0; k < results.size(); ++k) {
      op.results.push_back(static_cast<ValueId>(f_.values.size()));
      f_.values.push_back(Value{std::move(types[k]), std::string(results[k].text), id, {}, false});
      define(results[k], op.results.back());
    }
    f_.op(id) = std::move(op);
  }

  void operands(OpNode& op, std::vector<std::pair<size_t, Number>>& numbers) {
    const IndexStyle style = index_style(op.op);
    if (is("[")) {
      if (style != IndexStyle::leading) expected("an operand");
      brackets(op);
      if (accept(",")) expected("an operand without a comma before it");
    }
    if (peek().kind != Tok::value && !at_number()) return;
    do {
      const size_t k = op.operands.size();
      if (peek().kind == Tok::value) {
        op.operands.emplace_back(lookup(next()));
      } else if (at_number()) {
        numbers.emplace_back(k, number());
        op.operands.emplace_back(Literal{});
      } else {
        expected("an operand (a value or a number)");
      }
      if (is("[") && (style == IndexStyle::each || (style == IndexStyle::access && k == 0))) brackets(op);
    } while (accept(","));
  }

  void brackets(OpNode& op) {
    expect("[");
    if (accept("]")) return;
    index_list(op);
    expect("]");
  }

  void index_list(OpNode& op) {
    do op.index.push_back(expr());
    while (accept(","));
  }

  // constant + sum of coeff * var [* scale]
  IndexExpr expr() {
    IndexExpr e;
    const Token start = peek();
    bool first = true;
    while (true) {
      const bool minus = is("-");
      if (!accept("-") && !accept("+") && !first) return e;
      first = false;
      try {
        term(e, minus);
      } catch (const Error& error) {
        if (error.where.known()) throw;
        fail(start, error.message);
      }
    }
  }

  void term(IndexExpr& e, bool minus) {
    int64_t coeff = minus ? -1 : 1;
    if (peek().kind == Tok::number) {
      // The sign goes with the number: the least one has no positive twin.
      const Token t = next();
      const std::string text = (minus ? "-" : "") + std::string(t.text);
      const auto r = std::from_chars(text.data(), text.data() + text.size(), coeff);
      if (r.ec == std::errc::result_out_of_range) fail(t, "this number does not fit in 64 bits");
      if (r.ec != std::errc() || r.ptr != text.data() + text.size()) fail(t, "expected a whole number, not " + lex_.describe(t));
      if (!accept("*")) {
        e.constant = checked_add(e.constant, coeff);
        return;
      }
    }
    const ValueId var = variable();
    ValueId scale = kNone;
    if (accept("*")) scale = variable();
    e.add_term(var, coeff, scale);
  }

  ValueId variable() {
    if (peek().kind != Tok::word && peek().kind != Tok::value) expected("an index variable or a number");
    return lookup(next());
  }

  // [i:128, j:n]: the names of the region's arguments and their extents.
  std::vector<Token> fused_space(OpNode& op) {
    std::vector<Token> names;
    Dims extents;
    expect("[");
    if (!accept("]")) {
      do {
        names.push_back(arg_name());
        expect(":");
        extents.push_back(dim());
      } while (accept(","));
      expect("]");
    }
    op.set(AttrName::space, std::move(extents));
    return names;
  }

  Token arg_name() {
    if (peek().kind != Tok::word && peek().kind != Tok::value) expected("the name of an argument");
    reserve(peek());
    return next();
  }

  // args: those that stand in the op's head already (fused). Others follow the brace: { (k, %x: f32)
  Region region(const OpNode& op, const std::vector<Token>& args, int nesting) {
    if (nesting > kMaxNesting) fail(peek(), "more than " + std::to_string(kMaxNesting) + " regions inside of each other");
    expect("{");
    Region r;
    const size_t scope = scope_.size();
    auto add = [&](const Token& name, Type t) { define(name, f_.add_arg(r, std::move(t), std::string(name.text))); };
    if (op.regions.empty())
      for (const Token& a : args) add(a, Type::index());
    if (accept("(")) {
      do {
        const Token a = arg_name();
        add(a, accept(":") ? type() : Type::index());
      } while (accept(","));
      expect(")");
    }
    end_of_line();
    ops(r, nesting);
    for (; scope_.size() > scope; scope_.pop_back()) scope_.back()->visible = false;
    return r;
  }

  // Attributes

  void attributes(OpNode& op) {
    while (peek().kind == Tok::word) {
      const Token t = next();
      const auto n = attr_name(t.text);
      if (!n) fail(t, "expected an attribute, ':' or the end of the line, not " + lex_.describe(t));
      if (op.find(*n)) fail(t, "the attribute " + std::string(t.text) + "= stands twice");
      expect("=");
      op.set(*n, attr_value(*n));
    }
  }

  static std::optional<AttrName> attr_name(std::string_view text) {
#define FRIT_X(id, spelling) \
  if (text == spelling) return AttrName::id;
    FRIT_ATTRS(FRIT_X)
#undef FRIT_X
    return std::nullopt;
  }

  AttrValue attr_value(AttrName n) {
    if (peek().kind == Tok::string) return string();
    if (is("[")) {
      if (n == AttrName::space) return dims();
      if (n == AttrName::reduce) return op_names();
      return ints();
    }
    if (at_number()) {
      const Token start = peek();
      const Number number = this->number();
      if (number.type) return literal(number.begin, number.end, *number.type);
      if (start.kind == Tok::word) fail(start, "the type of this number is not clear", "write it with the number, as in 1.0:f32");
      return static_cast<int64_t>(literal(number.begin, number.end, DType::i64).as<int64_t>());
    }
    if (peek().kind == Tok::word) return dtype();
    expected("the value of the attribute");
  }

  std::vector<Op> op_names() {
    std::vector<Op> out;
    expect("[");
    if (accept("]")) return out;
    do {
      const Token t = expect(Tok::word, "the name of an op");
      const auto op = find_op(t.text);
      if (!op) fail(t, "there is no op " + lex_.describe(t), "`frit ops` lists them");
      out.push_back(*op);
    } while (accept(","));
    expect("]");
    return out;
  }

  Func f_;
  std::unordered_map<std::string, Name> names_;  // node-based: scope_ points into it
  std::vector<Name*> scope_;                     // the visible names, innermost last
  std::vector<Type> result_types_;
  Token result_at_;
  LocId last_place_ = kNone;
  Token last_place_at_;
  TextPlaces places_;
};

}  // namespace

Func parse(std::string_view text, std::string_view file, TextPlaces* places) { return Parser(text, file).run(places); }

}  // namespace frit::ir
