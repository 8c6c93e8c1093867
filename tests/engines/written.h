// The programs of tests/run. Arguments are made from fixed seeds by the types of the parameters.
// Comment lines that mean something:
//   // expect launches=N     of the fused program on a CPU, as executed
//   // seed=N                the seed of the arguments (otherwise 1 to 4)
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ir/func.h"

namespace frit::test {

struct Written {
  std::string name;
  ir::Func func;
  std::optional<int64_t> launches;
  std::vector<uint64_t> seeds{1, 2, 3, 4};
};

std::vector<std::string> written_names();
Written load_written(const std::string& name);

}  // namespace frit::test
