// `frit passes`: the pass table, in the order in which the passes run.
#include "tools/cli.h"

namespace frit::tools {
namespace {

int run(bool as_json) {
  Json all = Json::array();
  std::vector<std::vector<std::string>> rows;
  for (const lower::PassInfo& p : lower::pass_table()) {
    all.push_back(Json{{"name", p.name}, {"levels", p.levels}, {"why", p.why}});
    rows.push_back({p.name, p.levels, p.why});
  }
  print(as_json ? all.dump(2) + "\n" : table({"pass", "levels", "why it stands here"}, "lll", rows));
  return kOk;
}

}  // namespace

CLI::App* add_passes(CLI::App& app, Action& action) {
  CLI::App* c = app.add_subcommand("passes", "List the passes of the pipeline in their order");
  auto as_json = std::make_shared<bool>(false);
  c->add_flag("--json", *as_json, "as JSON");
  c->final_callback([=, &action] { action = [=] { return run(*as_json); }; });
  return c;
}

}  // namespace frit::tools
