// `frit ops [NAME]`: the op table.
#include "tools/cli.h"

#include "ir/ops.h"

namespace frit::tools {
namespace {

const char* text(ir::OpClass c) {
  switch (c) {
    case ir::OpClass::elementwise: return "elementwise";
    case ir::OpClass::reduce: return "reduce";
    case ir::OpClass::tensor: return "tensor";
    case ir::OpClass::fused: return "fused";
    case ir::OpClass::kernel: return "kernel";
  }
  return "";
}

const char* text(ir::TypeRule r) {
  switch (r) {
    case ir::TypeRule::none: return "";
    case ir::TypeRule::any: return "any";
    case ir::TypeRule::number: return "number";
    case ir::TypeRule::floating: return "floating";
    case ir::TypeRule::integer: return "integer";
    case ir::TypeRule::bits: return "bits";
    case ir::TypeRule::boolean: return "bool";
  }
  return "";
}

const char* text(ir::ResultRule r) {
  switch (r) {
    case ir::ResultRule::none: return "";
    case ir::ResultRule::same: return "same";
    case ir::ResultRule::truth: return "bool";
    case ir::ResultRule::accumulate: return "widened";
    case ir::ResultRule::index: return "i64";
  }
  return "";
}

Json json(const ir::OpInfo& op) {
  Json types = Json::array();
  for (int t = 0; t < kDTypeCount; ++t)
    if (op.types != ir::TypeRule::none && ir::accepts(op.types, static_cast<DType>(t)))
      types.push_back(name(static_cast<DType>(t)));
  return Json{{"name", op.name},         {"class", text(op.cls)}, {"operands", op.arity}, {"types", types},
              {"result", text(op.result)}, {"ordered", op.ordered}, {"doc", op.doc}};
}

// One op in full.
void describe(const ir::OpInfo& op) {
  print(printf_string("%s: %s\n  class: %s\n", std::string(op.name).c_str(), std::string(op.doc).c_str(), text(op.cls)));
  if (op.types != ir::TypeRule::none) {
    std::string types;
    for (int t = 0; t < kDTypeCount; ++t)
      if (ir::accepts(op.types, static_cast<DType>(t))) types += " " + std::string(name(static_cast<DType>(t)));
    print(printf_string("  operands: %d, of one type of:%s\n  result: %s\n", op.arity, types.c_str(), text(op.result)));
  }
  if (op.cls == ir::OpClass::reduce)
    print(op.ordered ? "  order: fixed for floating types (LAWS.md, 9)\n" : "  order: any, the bits do not depend on it\n");
}

int run(const std::string& name, bool as_json) {
  std::vector<const ir::OpInfo*> wanted;
  std::vector<std::string> names;
  for (const ir::OpInfo& op : ir::all_ops()) {
    names.emplace_back(op.name);
    if (name.empty() || op.name == name) wanted.push_back(&op);
  }
  if (wanted.empty())
    throw Error("frit ops", "there is no op '" + name + "'", {}, {}, did_you_mean(name, names, "`frit ops` lists them all"));
  if (as_json) {
    Json all = Json::array();
    for (const ir::OpInfo* op : wanted) all.push_back(json(*op));
    print(all.dump(2) + "\n");
  } else if (!name.empty()) {
    describe(*wanted[0]);
  } else {
    std::vector<std::vector<std::string>> rows;
    for (const ir::OpInfo* op : wanted)
      rows.push_back({std::string(op->name), text(op->cls), op->arity > 0 ? std::to_string(op->arity) : "",
                      text(op->types), text(op->result), std::string(op->doc)});
    print(table({"op", "class", "operands", "types", "result", "what it does"}, "llrlll", rows));
  }
  return kOk;
}

}  // namespace

CLI::App* add_ops(CLI::App& app, Action& action) {
  CLI::App* c = app.add_subcommand("ops", "List the ops, or describe one");
  auto name = std::make_shared<std::string>();
  auto as_json = std::make_shared<bool>(false);
  c->add_option("NAME", *name, "an op, as the IR prints it");
  c->add_flag("--json", *as_json, "as JSON");
  c->final_callback([=, &action] { action = [=] { return run(*name, *as_json); }; });
  return c;
}

}  // namespace frit::tools
