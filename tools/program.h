// Programs as files: an .ir file, standard input ("-"), or a folder that FRIT_DUMP wrote.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "frit/types.h"
#include "ir/func.h"
#include "ir/interpret.h"

namespace frit::tools {

struct Source {
  ir::Func func;                            // verified
  std::string file;                         // as errors name it; standard input is saved under a name on a bug
  std::string text;
  std::map<std::string, std::string> args;  // parameter -> .npy file, of a dump folder
};

// Throws Error for what cannot be read, parsed or verified.
Source read_program(const std::string& path);

// {"n=128"} -> n: 128. Throws UsageError for anything else.
std::map<std::string, int64_t> parse_dims(const std::vector<std::string>& texts);
// Replaces symbols of the parameters' extents by constants everywhere, and verifies again.
// Throws Error where a symbol is left.
void bind_symbols(ir::Func& f, const std::map<std::string, int64_t>& extents);

// The argument of a parameter: from an .npy file, or drawn from the seed (floats uniform in [-2, 2),
// integers in [-8, 8]).
ir::Array read_array(const std::string& npy);
ir::Array random_array(const ir::Type& type, uint64_t seed);
void write_array(const ir::Array& a, const std::string& npy);

// The values as people know them from NumPy, long arrays shortened.
std::string values_text(const ir::Array& a);

// The last program read from standard input, kept so that a bug's report can repeat it; "" if none.
const std::string& standard_input();

}  // namespace frit::tools
