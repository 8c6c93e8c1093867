// Loads an object into one mapping: all is written while the pages are plain data, then the code
// becomes executable and nothing stays writable. Only what our kernels contain is understood: code,
// constants, and references from the one to the other.
#include "codegen/llvm/loader.h"

#include <elf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <vector>

#include "frit/error.h"

namespace frit::codegen {
namespace {

[[noreturn]] void fail(const std::string& what) { throw std::logic_error("loading a kernel: " + what); }

// An array of T inside the file, checked against its end.
template <class T>
std::vector<T> records(std::string_view file, uint64_t offset, uint64_t bytes) {
  if (offset > file.size() || bytes > file.size() - offset || bytes % sizeof(T)) fail("a table lies outside the file");
  std::vector<T> out(bytes / sizeof(T));
  if (bytes) std::memcpy(out.data(), file.data() + offset, bytes);
  return out;
}

std::string_view name_at(std::string_view table, uint64_t offset) {
  if (offset >= table.size()) fail("a name lies outside its table");
  return table.data() + offset;  // tables end with a zero
}

size_t round_up(size_t n, size_t to) { return (n + to - 1) / to * to; }

}  // namespace

LoadedCode::LoadedCode(std::string_view object) {
  const auto header = records<Elf64_Ehdr>(object, 0, sizeof(Elf64_Ehdr))[0];
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_type != ET_REL || header.e_machine != EM_X86_64)
    fail("not a relocatable x86-64 file");
  const auto sections = records<Elf64_Shdr>(object, header.e_shoff, uint64_t{header.e_shnum} * sizeof(Elf64_Shdr));

  // Where each section will lie: code first, constants on the pages after it.
  std::vector<size_t> at(sections.size(), SIZE_MAX);
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  size_t end = 0, code_end = 0;
  for (bool code : {true, false}) {
    for (size_t i = 0; i < sections.size(); ++i) {
      const Elf64_Shdr& s = sections[i];
      if (!(s.sh_flags & SHF_ALLOC) || ((s.sh_flags & SHF_EXECINSTR) != 0) != code) continue;
      if (s.sh_flags & (SHF_WRITE | SHF_TLS)) fail("it has data that can be written");
      end = round_up(end, s.sh_addralign ? s.sh_addralign : 1);
      at[i] = end;
      end += s.sh_size;
    }
    end = round_up(end, page);
    if (code) code_end = end;
  }
  if (end == 0) fail("it has no code");
  void* mapped = mmap(nullptr, end, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) throw Error("", "the system gives no pages for the code of a kernel: " + std::string(std::strerror(errno)));
  base_ = static_cast<uint8_t*>(mapped);
  size_ = end;

  try {
    for (size_t i = 0; i < sections.size(); ++i) {
      if (at[i] == SIZE_MAX || sections[i].sh_type == SHT_NOBITS) continue;
      const auto bytes = records<uint8_t>(object, sections[i].sh_offset, sections[i].sh_size);
      if (!bytes.empty()) std::memcpy(base_ + at[i], bytes.data(), bytes.size());
    }

    std::vector<Elf64_Sym> symbols;
    std::string_view names;
    for (const Elf64_Shdr& s : sections) {
      if (s.sh_type != SHT_SYMTAB) continue;
      symbols = records<Elf64_Sym>(object, s.sh_offset, s.sh_size);
      const Elf64_Shdr& n = sections.at(s.sh_link);
      records<char>(object, n.sh_offset, n.sh_size);
      names = object.substr(n.sh_offset, n.sh_size);
    }
    auto address = [&](const Elf64_Sym& s) -> uint8_t* {
      if (s.st_shndx == SHN_UNDEF || s.st_shndx >= sections.size() || at[s.st_shndx] == SIZE_MAX)
        fail("it refers to \"" + std::string(name_at(names, s.st_name)) + "\", which it does not hold");
      return base_ + at[s.st_shndx] + s.st_value;
    };

    for (const Elf64_Shdr& s : sections) {
      if (s.sh_type != SHT_RELA || at.at(s.sh_info) == SIZE_MAX) continue;
      for (const Elf64_Rela& r : records<Elf64_Rela>(object, s.sh_offset, s.sh_size)) {
        uint8_t* place = base_ + at[s.sh_info] + r.r_offset;
        const uint8_t* target = address(symbols.at(ELF64_R_SYM(r.r_info)));
        const int64_t value = reinterpret_cast<int64_t>(target) + r.r_addend;
        switch (ELF64_R_TYPE(r.r_info)) {
          case R_X86_64_PC32:
          case R_X86_64_PLT32: {
            const auto relative = static_cast<int32_t>(value - reinterpret_cast<int64_t>(place));
            std::memcpy(place, &relative, sizeof relative);
            break;
          }
          case R_X86_64_PC64: {
            const int64_t relative = value - reinterpret_cast<int64_t>(place);
            std::memcpy(place, &relative, sizeof relative);
            break;
          }
          default: fail("a reference of kind " + std::to_string(ELF64_R_TYPE(r.r_info)));
        }
      }
    }
    for (const Elf64_Sym& s : symbols)
      if (ELF64_ST_TYPE(s.st_info) == STT_FUNC) symbols_.emplace(name_at(names, s.st_name), address(s));

    if (mprotect(base_, code_end, PROT_READ | PROT_EXEC) != 0 ||
        (end > code_end && mprotect(base_ + code_end, end - code_end, PROT_READ) != 0))
      throw Error("", "the system does not let code of kernels be executed: " + std::string(std::strerror(errno)));
  } catch (...) {
    munmap(base_, size_);
    throw;
  }
}

LoadedCode::~LoadedCode() { munmap(base_, size_); }

void* LoadedCode::find(std::string_view symbol) const {
  auto it = symbols_.find(symbol);
  return it == symbols_.end() ? nullptr : it->second;
}

}  // namespace frit::codegen
