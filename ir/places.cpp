// Places of ops for reports. File names are kept in a table that is never freed, because a Loc holds
// a plain pointer and outlives the function it was made from.
#include "ir/places.h"

#include <mutex>
#include <set>
#include <string>

namespace frit::ir {
namespace {

// Guards against a `from` chain that runs in a circle or out of the list.
constexpr int kMaxDepth = 256;

bool in_list(const Func& f, LocId place) { return place >= 0 && place < static_cast<LocId>(f.places.size()); }

}  // namespace

Loc kept_loc(std::string_view file, int line, int column) {
  static std::mutex mutex;
  static auto* names = new std::set<std::string, std::less<>>;
  std::lock_guard lock(mutex);
  auto it = names->find(file);
  if (it == names->end()) it = names->emplace(file).first;
  return Loc{it->c_str(), line, column};
}

Loc user_loc(const Func& f, LocId place) {
  if (!in_list(f, place)) return {};
  for (int depth = 0; depth < kMaxDepth; ++depth) {
    const LocId from = f.places[static_cast<size_t>(place)].from;
    if (!in_list(f, from)) break;
    place = from;
  }
  const Place& p = f.places[static_cast<size_t>(place)];
  return kept_loc(p.file, p.line, p.column);
}

std::vector<Note> inner_notes(const Func& f, LocId place) {
  std::vector<Note> notes;
  for (int depth = 0; depth < kMaxDepth && in_list(f, place); ++depth) {
    const Place& p = f.places[static_cast<size_t>(place)];
    if (!in_list(f, p.from)) break;
    notes.push_back(Note{"inside of the call, here", kept_loc(p.file, p.line, p.column)});
    place = p.from;
  }
  return notes;
}

}  // namespace frit::ir
