// The table of algebraic rules. Each is exact: for every input of the types named, both sides have the
// same bits (NaN being one value); a generated test runs both sides on special and random values.
#include "lowering/rules.h"

#include <cctype>
#include <cstdlib>
#include <list>

#include "lowering/compile.h"

namespace frit::lower {

using ir::TypeRule;

const std::vector<Rule>& rules() {
  static const auto* table = new std::vector<Rule>{
      {"add-negative-zero", "(add x -0.0)", "x", TypeRule::floating},  // not +0.0: -0.0 + 0.0 is +0.0
      {"add-zero", "(add x 0)", "x", TypeRule::integer},
      {"subtract-zero", "(sub x 0)", "x", TypeRule::number},           // -0.0 - 0.0 is -0.0
      {"subtract-itself", "(sub x x)", "0", TypeRule::integer},        // not inf - inf
      {"multiply-by-one", "(mul x 1)", "x", TypeRule::number},
      {"multiply-by-zero", "(mul x 0)", "0", TypeRule::integer},       // not NaN * 0
      {"multiply-by-minus-one", "(mul x -1)", "(neg x)", TypeRule::floating},
      {"divide-by-one", "(div x 1)", "x", TypeRule::number},
      {"add-negated", "(add x (neg y))", "(sub x y)", TypeRule::number},
      {"subtract-negated", "(sub x (neg y))", "(add x y)", TypeRule::number},
      {"negate-twice", "(neg (neg x))", "x", TypeRule::number},
      {"magnitude-of-negated", "(abs (neg x))", "(abs x)", TypeRule::floating},  // not unsigned
      {"magnitude-twice", "(abs (abs x))", "(abs x)", TypeRule::number},
      {"square-of-negated", "(square (neg x))", "(square x)", TypeRule::number},
      {"square-of-magnitude", "(square (abs x))", "(square x)", TypeRule::number},
      {"negate-factors", "(mul (neg x) (neg y))", "(mul x y)", TypeRule::number},
      {"maximum-of-itself", "(maximum x x)", "x", TypeRule::any},
      {"minimum-of-itself", "(minimum x x)", "x", TypeRule::any},
      {"and-itself", "(bit_and x x)", "x", TypeRule::bits},
      {"or-itself", "(bit_or x x)", "x", TypeRule::bits},
      {"and-zero", "(bit_and x 0)", "0", TypeRule::bits},
      {"or-zero", "(bit_or x 0)", "x", TypeRule::bits},
      {"xor-zero", "(bit_xor x 0)", "x", TypeRule::bits},
      {"not-twice", "(bit_not (bit_not x))", "x", TypeRule::bits},
      {"shift-left-by-zero", "(shift_left x 0)", "x", TypeRule::integer},
      {"shift-right-by-zero", "(shift_right x 0)", "x", TypeRule::integer},
      {"where-same", "(where p x x)", "x", TypeRule::any},
      {"where-not", "(where (bit_not p) x y)", "(where p y x)", TypeRule::any},
      {"floor-twice", "(floor (floor x))", "(floor x)", TypeRule::floating},
      {"round-twice", "(round (round x))", "(round x)", TypeRule::floating},
  };
  return *table;
}

namespace {
Term parse(std::string_view& t) {
  auto skip = [&] {
    while (!t.empty() && t.front() == ' ') t.remove_prefix(1);
  };
  auto word = [&] {
    size_t n = 0;
    while (n < t.size() && t[n] != ' ' && t[n] != ')') ++n;
    const std::string w(t.substr(0, n));
    t.remove_prefix(n);
    return w;
  };
  skip();
  Term r;
  if (t.front() == '(') {
    t.remove_prefix(1);
    const std::string w = word();
    const auto op = ir::find_op(w);
    if (!op) ir::internal_error("rule names no op: " + w);
    r.kind = Term::op;
    r.what = *op;
    for (skip(); t.front() != ')'; skip()) r.operands.push_back(parse(t));
    t.remove_prefix(1);
  } else {
    const std::string w = word();
    if (std::isalpha(static_cast<unsigned char>(w[0]))) {
      r.name = w[0];
    } else {
      r.kind = Term::number;
      r.value = std::strtod(w.c_str(), nullptr);
    }
  }
  return r;
}
}  // namespace

Term parse_term(std::string_view text) { return parse(text); }

const std::vector<RuleInfo>& rule_table() {
  static const auto* table = [] {
    auto* t = new std::vector<RuleInfo>;
    static auto* texts = new std::list<std::string>;  // RuleInfo points into them
    for (const Rule& r : rules()) {
      const char* guard = "";
      switch (r.types) {
        case TypeRule::none: guard = "none"; break;
        case TypeRule::any: guard = "any"; break;
        case TypeRule::number: guard = "number"; break;
        case TypeRule::floating: guard = "floating"; break;
        case TypeRule::integer: guard = "integer"; break;
        case TypeRule::bits: guard = "bits"; break;
        case TypeRule::boolean: guard = "boolean"; break;
      }
      t->push_back({r.name, texts->emplace_back(std::string(r.pattern) + " => " + r.replacement).c_str(), guard});
    }
    return t;
  }();
  return *table;
}

}  // namespace frit::lower
