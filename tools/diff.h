// Differences between two texts, line by line.
#pragma once

#include <string>
#include <string_view>

namespace frit::tools {

// The lines of `after` against `before` with "+ ", "- " and "  " in front, `context` equal lines around
// each change; "..." stands for what is left out. Empty if the texts are equal.
std::string diff(std::string_view before, std::string_view after, int context = 2);

}  // namespace frit::tools
