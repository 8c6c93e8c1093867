// The bench's results as JSON, as a table, and against older ones.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bench/measure.h"

namespace frit::bench {

using Json = nlohmann::ordered_json;

// device: where they ran; a GPU is described as part of the machine.
Json to_json(const std::vector<CaseResult>& results, Device device);
std::string to_table(const std::vector<CaseResult>& results);

// What became worse than in an older JSON, one line each; cases that are not in both are passed over.
// A case is slower if its share of the limit (without a limit: its time) is worse by more than a tenth.
// Other bits in the same case, type and shape are listed too.
std::vector<std::string> worse_than(const Json& baseline, const std::vector<CaseResult>& results);

}  // namespace frit::bench
