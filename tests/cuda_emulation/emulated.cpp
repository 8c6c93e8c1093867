#include "tests/cuda_emulation/emulated.h"

#include <time.h>

#include <atomic>
#include <cstring>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "tests/cuda_emulation/batch.h"
#include "tests/cuda_emulation/device.h"

namespace frit::test {
namespace {

constexpr std::string_view kMark = "frit-emulated ";
constexpr size_t kBatch = 200;  // sources of one run of the compiler

thread_local EmulatedOrder order;

std::mutex mutex;
std::unordered_map<std::string, std::vector<frit_emulated::Entry>>& loaded() {  // by image; never unloaded
  static auto* map = new std::unordered_map<std::string, std::vector<frit_emulated::Entry>>;
  return *map;
}
std::atomic<long long> kernels, batches, launches;
std::atomic<double> compile_s, run_s;

// Of the calling thread.
double processor_seconds() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

const std::vector<frit_emulated::Entry>* find(const std::string& image) {
  std::lock_guard lock(mutex);
  auto it = loaded().find(image);
  return it == loaded().end() ? nullptr : &it->second;
}

// "frit-emulated PRELUDE\n" and the source.
Source parse(const std::string& image) {
  const size_t end = image.find('\n');
  const size_t prelude = std::stoul(image.substr(kMark.size(), end - kMark.size()));
  const std::string_view text = std::string_view(image).substr(end + 1);
  return {text.substr(0, prelude), text.substr(prelude)};
}

std::string compile_some(const std::vector<const std::string*>& images) {
  std::vector<Source> sources;
  for (const std::string* i : images) sources.push_back(parse(*i));
  Batch made = compile_batch(sources);
  batches += 1;
  kernels += static_cast<long long>(images.size());
  compile_s += made.seconds;
  if (!made.problem.empty()) return made.problem;
  std::lock_guard lock(mutex);
  for (size_t k = 0; k < images.size(); ++k) loaded().emplace(*images[k], std::move(made.entries[k]));
  return "";
}

const frit_emulated::Entry* entry_of(const std::string& image, const char* name, std::string* error) {
  if (!is_emulated_image(image)) {
    *error = "no image of the emulation";
    return nullptr;
  }
  const auto* entries = find(image);
  if (!entries) {
    if (*error = compile_images({&image, 1}); !error->empty()) return nullptr;
    entries = find(image);
  }
  for (const frit_emulated::Entry& e : *entries)
    if (std::strcmp(e.name, name) == 0) return &e;
  *error = std::string("no kernel is called ") + name;
  return nullptr;
}

}  // namespace

std::string emulated_image(std::string_view source, size_t prelude) {
  return std::string(kMark) + std::to_string(prelude) + "\n" + std::string(source);
}

bool is_emulated_image(std::string_view image) { return image.starts_with(kMark); }

bool emulated_entry(const std::string& image, const char* name) {
  std::string error;
  return entry_of(image, name, &error) != nullptr;
}

int emulated_first_words(const std::string& image, const char* name) {
  std::string error;
  const frit_emulated::Entry* e = entry_of(image, name, &error);
  return e ? e->first_words : 0;
}

std::string compile_images(std::span<const std::string> images, int jobs) {
  // Those of one prelude, each once, in batches.
  std::unordered_map<std::string_view, std::vector<std::vector<const std::string*>>> by_prelude;
  std::unordered_set<std::string_view> known;
  std::vector<std::vector<const std::string*>> todo;
  for (const std::string& i : images) {
    if (!known.insert(i).second || find(i)) continue;
    auto& lists = by_prelude[parse(i).prelude];
    if (lists.empty() || lists.back().size() == kBatch) lists.emplace_back();
    lists.back().push_back(&i);
  }
  for (auto& [prelude, lists] : by_prelude) todo.insert(todo.end(), lists.begin(), lists.end());
  std::atomic<size_t> next = 0;
  std::string problem;
  std::mutex problem_mutex;
  auto work = [&] {
    for (size_t k; (k = next++) < todo.size();)
      if (std::string p = compile_some(todo[k]); !p.empty()) {
        std::lock_guard lock(problem_mutex);
        if (problem.empty()) problem = p;
      }
  };
  std::vector<std::thread> others;
  for (int j = 1; j < jobs && static_cast<size_t>(j) < todo.size(); ++j) others.emplace_back(work);
  work();
  for (std::thread& t : others) t.join();
  return problem;
}

void set_emulated_order(EmulatedOrder o) { order = o; }

bool emulated_launch(const std::string& image, const char* entry, unsigned grid, unsigned block, size_t shared, void** args,
                     std::string* error, unsigned cluster) {
  const frit_emulated::Entry* e = entry_of(image, entry, error);
  if (!e) return false;
  const double start = processor_seconds();
  std::vector<uint64_t> values(1024);
  for (int k = 0; k < e->arguments; ++k) std::memcpy(&values[static_cast<size_t>(k)], args[k], sizeof(uint64_t));
  std::vector<uint64_t> table;
  if (e->first_words > 1) {
    table.resize(static_cast<size_t>(e->first_words));
    std::memcpy(table.data(), args[0], table.size() * sizeof(uint64_t));
    values[0] = reinterpret_cast<uint64_t>(table.data());
  }
  EmulatedGrid g{e, values.data(), grid, block, cluster, shared, order.descending, order.fill};
  const std::string problem = run_grid(g);
  launches += 1;
  run_s += processor_seconds() - start;
  if (!problem.empty()) *error = std::string(entry) + ": " + problem;
  return problem.empty();
}

EmulationStats emulation_stats() { return {kernels, batches, launches, compile_s, run_s}; }

}  // namespace frit::test
