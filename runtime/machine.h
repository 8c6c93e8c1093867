// What this process may use of the machine: cores and memory, with affinity and control groups regarded.
#pragma once

#include <cstdint>
#include <string>

namespace frit::rt {

// Cores: those of the affinity mask, at most the control groups' quota rounded up; at least 1.
int usable_cores();
// Bytes: memory and swap, at most the control groups' limit.
int64_t usable_memory();

// The limits of control groups, of this group and those above it (version 2 and 1). root: where they
// are mounted; self: the text of /proc/self/cgroup. INT64_MAX or infinity where there is none.
double cgroup_cores(const std::string& root, const std::string& self);
int64_t cgroup_memory(const std::string& root, const std::string& self);

}  // namespace frit::rt
