// Reads the machine's limits from the system. Everything that cannot be read counts as "no limit".
#include "runtime/machine.h"

#include <sched.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <sstream>
#include <vector>

namespace frit::rt {
namespace {

std::string file_text(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

// The folders that bound this process: its group in the hierarchy of `controller` and all above it.
// Version 2 lines are "0::/path", version 1 lines "4:cpu,cpuacct:/path".
std::vector<std::string> groups(const std::string& root, const std::string& self, const std::string& controller) {
  std::vector<std::string> out;
  std::istringstream lines(self);
  for (std::string line; std::getline(lines, line);) {
    size_t a = line.find(':'), b = a == std::string::npos ? a : line.find(':', a + 1);
    if (b == std::string::npos) continue;
    std::string controllers = ",";
    controllers.append(line, a + 1, b - a - 1).append(",");
    std::string path = line.substr(b + 1), base = root;
    if (controllers != ",,") {
      if (controllers.find("," + controller + ",") == std::string::npos) continue;
      base += "/" + controller;
    }
    while (true) {
      out.push_back(base + (path == "/" ? "" : path));
      if (path.empty() || path == "/") break;
      path.resize(path.find_last_of('/'));
    }
  }
  return out;
}

}  // namespace

double cgroup_cores(const std::string& root, const std::string& self) {
  double cores = std::numeric_limits<double>::infinity();
  for (const std::string& g : groups(root, self, "cpu")) {
    double quota = 0, period = 0;
    if (std::istringstream v2(file_text(g + "/cpu.max")); !(v2 >> quota >> period)) {
      std::istringstream q(file_text(g + "/cpu.cfs_quota_us")), p(file_text(g + "/cpu.cfs_period_us"));
      if (!(q >> quota) || !(p >> period)) continue;
    }
    if (quota > 0 && period > 0) cores = std::min(cores, quota / period);
  }
  return cores;
}

int64_t cgroup_memory(const std::string& root, const std::string& self) {
  int64_t most = INT64_MAX;
  for (const std::string& g : groups(root, self, "memory"))
    for (const char* file : {"/memory.max", "/memory.limit_in_bytes"}) {
      int64_t bytes = 0;
      std::istringstream in(file_text(g + file));
      if (in >> bytes && bytes > 0) most = std::min(most, bytes);
    }
  return most;
}

int usable_cores() {
  int cores = static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
  // The mask of a large machine does not fit in a plain cpu_set_t.
  for (int cpus = 1024; cpus <= 1 << 16; cpus *= 4) {
    cpu_set_t* set = CPU_ALLOC(cpus);
    if (!set) break;
    size_t size = CPU_ALLOC_SIZE(cpus);
    bool read = sched_getaffinity(0, size, set) == 0;
    if (read) cores = CPU_COUNT_S(size, set);
    CPU_FREE(set);
    if (read) break;
  }
  double quota = cgroup_cores("/sys/fs/cgroup", file_text("/proc/self/cgroup"));
  if (quota < cores) cores = static_cast<int>(std::ceil(quota));
  return std::max(1, cores);
}

int64_t usable_memory() {
  int64_t bytes = INT64_MAX;
  struct sysinfo info;
  if (sysinfo(&info) == 0) bytes = static_cast<int64_t>((info.totalram + info.totalswap) * info.mem_unit);
  return std::min(bytes, cgroup_memory("/sys/fs/cgroup", file_text("/proc/self/cgroup")));
}

}  // namespace frit::rt
