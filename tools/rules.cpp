// `frit rules`: the algebraic rules, each exact for the types that its guard states.
#include "tools/cli.h"

namespace frit::tools {
namespace {

int run(bool as_json) {
  Json all = Json::array();
  std::vector<std::vector<std::string>> rows;
  for (const lower::RuleInfo& r : lower::rule_table()) {
    all.push_back(Json{{"name", r.name}, {"rule", r.text}, {"guard", r.guard}});
    rows.push_back({r.name, r.text, r.guard});
  }
  print(as_json ? all.dump(2) + "\n" : table({"rule", "rewrites", "exact for"}, "lll", rows));
  return kOk;
}

}  // namespace

CLI::App* add_rules(CLI::App& app, Action& action) {
  CLI::App* c = app.add_subcommand("rules", "List the rewrite rules");
  auto as_json = std::make_shared<bool>(false);
  c->add_flag("--json", *as_json, "as JSON");
  c->final_callback([=, &action] { action = [=] { return run(*as_json); }; });
  return c;
}

}  // namespace frit::tools
