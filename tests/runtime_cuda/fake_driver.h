// A driver without a GPU, put behind the table of runtime/cuda/driver.h while it lives. Device memory is
// host memory that only what runs "on the device" can touch (a host access faults). Work runs late: when
// somebody waits for it, in the order of its stream, so that waiting too little shows. Every call is
// counted and can be made to fail; what a real driver would not forgive is written down.
//
// For tests of other layers too: set `argument_count` and `run_kernel`, and kernels run as they say.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "runtime/cuda/driver.h"

namespace frit::test {

struct FakeLaunch {
  const std::string* image;
  std::string entry;
  int64_t grid = 0, threads = 0, shared_bytes = 0, cluster = 1;
  std::vector<uint64_t> values;              // the arguments, 8 bytes each, but for a first one of more
  std::vector<void*> arguments;              // pointers to them
};

struct FakeOptions {
  int devices = 1;
  int sm = 90;
  int64_t memory = int64_t{64} << 20;        // of a device
  int64_t pinned = int64_t{256} << 20;       // host memory that can be pinned
  int version = 12080;
  bool has_launch_ex = true;
};

class FakeDriver {
 public:
  using Options = FakeOptions;
  explicit FakeDriver(Options options = {});
  ~FakeDriver();                             // closes what is open, and takes itself away
  FakeDriver(const FakeDriver&) = delete;

  // Kernels. Of an entry: the number of its arguments, or -1 if the image has none of that name; and
  // running it, which returns "" or what went wrong (an illegal address then). kernel() makes both.
  std::function<int(const std::string& image, const std::string& entry)> argument_count;
  // Of an entry's first argument: its size in words of 8 bytes, 1 unless it is a table of segments.
  std::function<int(const std::string& image, const std::string& entry)> first_words = [](const std::string&, const std::string&) { return 1; };
  std::function<std::string(const FakeLaunch&)> run_kernel;
  void kernel(const std::string& entry, int arguments, std::function<std::string(const FakeLaunch&)> run);

  // The nth call from now on (1: the next) returns `error`; destroying calls do their work all the same.
  // A sticky error stays. name: counts calls of that name only ("cuMemAlloc_v2"); "" all but those that
  // put errors into words.
  void fail_call(int64_t nth, int error, const std::string& name = "");
  bool failed() const;                       // whether that call came
  // Before each call, by its name: what it throws the call throws; it may call the runtime, as another thread would.
  std::function<void(const std::string& name)> before_call;
  void fail_kernel(int64_t nth, int error);  // the nth kernel to run from now on

  int64_t calls() const;                     // in all
  int64_t calls(const std::string& name) const;
  int64_t kernels_run() const;
  bool pending() const;                      // work that has not run

  // Work of a library that is given a stream: `run` returns "" or what went wrong, as a kernel does. Counted
  // as a call of `name`; returns the driver's error.
  static int enqueue(const char* name, rt::cuda::Stream stream, std::function<std::string()> run);
  static bool living();                      // whether there is a fake driver
  // Of the one that lives: whether [at, at + bytes) lies in memory that is allocated.
  static bool has(uint64_t at, int64_t bytes);

  // What is alive: 0 everywhere after a clean end.
  struct Alive {
    int contexts = 0, modules = 0, streams = 0, events = 0, graphs = 0, graph_execs = 0, blocks = 0, pinned = 0;
    int64_t bytes = 0;
    std::string text() const;                // "" if nothing is
  };
  Alive alive() const;
  // What was done that is wrong, one line each: uses of what was destroyed, memory freed in use, leaks
  // of work that nobody waited for.
  std::vector<std::string> wrongs() const;
  // Whether [at, at + bytes) lies in memory that is allocated.
  bool allocated(uint64_t at, int64_t bytes) const;

  struct State;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace frit::test
