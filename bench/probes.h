// The yardstick of the bench: how fast this machine moves a case's bytes when nothing else is done.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "runtime/memory.h"

namespace frit::bench {

// Streams of equal size that are read and written once a run. In place: the written streams are the
// first of the read ones.
struct Mix {
  int reads = 1;  // 0 to 4
  int writes = 1;  // 0 to 3
  bool in_place = false;
};

std::string name(const Mix& mix);  // "4 reads 3 writes in place"
void check(const Mix& mix);        // throws Error for a mix that no probe has

// Arrays like the ones that tensors live in, and the fastest way found to stream them: ordinary or
// non-temporal stores, how far to prefetch, whole shares or small pieces, one or all threads. The way
// is chosen when the first probe of a mix, size and thread count is made, by racing them all.
class Probe {
 public:
  // bytes: of each stream. Throws Error if memory cannot be had.
  Probe(const Mix& mix, int64_t bytes, int threads);
  ~Probe();

  void run(int times);             // the whole mix, `times` times
  std::string name() const;        // "1 read 1 write, non-temporal"
  std::string detail() const;      // with the way that was chosen
  int64_t bytes() const;           // that one run moves

  struct Way {
    bool non_temporal = false;
    int prefetch = 0;    // bytes ahead; 0: none
    int64_t chunk = 0;   // bytes of a stream that a thread takes at a time; 0: its whole share
    int threads = 1;
  };
  struct Timed {
    Way way;
    double us = 0;  // best of the rounds
  };
  std::vector<Timed> race(int rounds);  // over all ways

 private:
  void run_way(const Way& way, int times);

  Mix mix_;
  int64_t bytes_;
  std::vector<std::shared_ptr<rt::Storage>> arrays_;
  std::vector<const float*> reads_;
  std::vector<float*> writes_;
  int threads_;
  Way way_;
};

}  // namespace frit::bench
