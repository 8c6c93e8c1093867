// The environment: every FRIT_ variable read and checked in one place (the table is support/env.def).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "frit/log.h"

namespace frit {

namespace env_types {
struct Count {
  int value = 0;  // 0: not set
};
struct Switch {
  bool value = false;
  operator bool() const { return value; }
};
struct Fuel {
  int64_t value = -1;  // -1: not set
};
struct Bytes {
  int64_t value = -1;  // -1: not set
};
struct Device {
  int gpu = -1;  // a GPU's number; -1: the CPU
};
enum class Isa : uint8_t { best, avx2, avx512 };
enum class Engine : uint8_t { llvm, interp };
using Text = std::string;
using Names = std::vector<std::string>;
struct Checks {
  bool nan = false, captures = false, launches = false;
};
struct Dump {
  std::string dir;       // empty: no dumps
  std::string fn = "*";  // functions whose names match
  std::string after;     // only the IR after this pass; empty: after each
};
}  // namespace env_types

struct Env {
  using Count = env_types::Count;
  using Switch = env_types::Switch;
  using Fuel = env_types::Fuel;
  using Bytes = env_types::Bytes;
  using Device = env_types::Device;
  using Isa = env_types::Isa;
  using Engine = env_types::Engine;
  using Text = env_types::Text;
  using Names = env_types::Names;
  using Checks = env_types::Checks;
  using Dump = env_types::Dump;
#define FRIT_ENV(NAME, member, type, init, form, doc) type member = init;
#include "support/env.def"
#undef FRIT_ENV
};

// The environment of this process, read at the first call. Throws Error for a FRIT_ variable that is
// unknown or has a value it cannot have, naming those there are; the next call reads again then.
const Env& env();
// Reads again (a test that has changed the environment). References from before stay valid.
const Env& reload_env();
// From "NAME=value" strings up to a null pointer; what is not FRIT_ is passed over.
Env parse_env(const char* const* strings);

struct EnvVariable {
  const char* name;  // "FRIT_LOG"
  const char* form;  // "on|off"
  const char* doc;
};
const std::vector<EnvVariable>& env_table();

// A file-name-like pattern: * any run, ? any one character.
bool glob_match(std::string_view pattern, std::string_view text);

}  // namespace frit
