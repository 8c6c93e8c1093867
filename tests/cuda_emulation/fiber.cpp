#include "tests/cuda_emulation/fiber.h"

#if __has_include(<sanitizer/asan_interface.h>)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_UNPOISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#endif
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <cstdio>
#include <memory>
#include <mutex>
#include <new>

#if !defined(__x86_64__)
#error "the emulation switches stacks on x86-64 only"
#endif

// Saves the registers that a call keeps and the stack they lie on, and goes on where another stack was left.
asm(R"(
.text
.p2align 4
.type frit_test_switch, @function
frit_test_switch:
  .cfi_startproc
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
  .cfi_endproc
.size frit_test_switch, . - frit_test_switch
)");
extern "C" void frit_test_switch(void** save, void* go);

namespace frit::test {
namespace {

constexpr size_t kPage = 4096;
constexpr uintptr_t kStackBytes = frit_emulated::kStackBytes;

thread_local Fiber* running = nullptr;
thread_local const char* fault = nullptr;
thread_local char fault_text[128];

// The first code on a stack; a fiber whose body has returned may be resumed for another.
__attribute__((noinline)) void main_of_fiber() {
  Fiber* f = running;
  for (;;) {
    f->body(f);
    f->done = true;
    suspend(f);
  }
}

// Where a fiber goes on after a fault, on its emptied stack.
void after_fault() {
  fault = fault_text;
  suspend(running);
}

struct Handlers {
  static constexpr int kSignals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE};
  struct sigaction previous[4];
};
Handlers handlers;
std::mutex handlers_mutex;

void on_fault(int number, siginfo_t* info, void* context) {
  auto* c = static_cast<ucontext_t*>(context);
  if (!running) {
    for (size_t k = 0; k < 4; ++k)
      if (Handlers::kSignals[k] == number) sigaction(number, &handlers.previous[k], nullptr);
    return;  // it happens again, now to the other handler
  }
  const char* what = number == SIGILL   ? "an undefined operation (an overflow, a shift, an alignment)"
                     : number == SIGFPE ? "an integer division that has no result"
                                        : "no memory of the kernel's";
  if (number == SIGSEGV || number == SIGBUS)
    snprintf(fault_text, sizeof fault_text, "%s lies at %p", what, info->si_addr);
  else
    snprintf(fault_text, sizeof fault_text, "%s", what);
  // As if the faulting place had called after_fault, on an empty stack.
  const uintptr_t top = reinterpret_cast<uintptr_t>(running) + kStackBytes - 64;
  c->uc_mcontext.gregs[REG_RSP] = static_cast<greg_t>((top & ~uintptr_t{15}) - 8);
  c->uc_mcontext.gregs[REG_RIP] = reinterpret_cast<greg_t>(&after_fault);
}

// Signals are handled on a stack of their own: the fiber's may be full.
struct SignalStack {
  SignalStack() : memory(new std::byte[kBytes]) {
    stack_t s{};
    s.ss_sp = memory.get();
    s.ss_size = kBytes;
    sigaltstack(&s, &previous);
  }
  ~SignalStack() { sigaltstack(&previous, nullptr); }
  static constexpr size_t kBytes = 64 << 10;
  std::unique_ptr<std::byte[]> memory;
  stack_t previous{};
};

}  // namespace

Fiber* new_fiber() {
  // Twice the size, of which the aligned half is kept.
  void* p = mmap(nullptr, 2 * kStackBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED) throw std::bad_alloc();
  const uintptr_t at = reinterpret_cast<uintptr_t>(p), base = (at + kStackBytes - 1) & ~(kStackBytes - 1);
  if (base > at) munmap(p, base - at);
  const uintptr_t end = base + kStackBytes;
  if (at + 2 * kStackBytes > end) munmap(reinterpret_cast<void*>(end), at + 2 * kStackBytes - end);
  // The record's page, a page that must not be touched, the stack.
  if (mprotect(reinterpret_cast<void*>(base), kPage, PROT_READ | PROT_WRITE) != 0 ||
      mprotect(reinterpret_cast<void*>(base + 2 * kPage), kStackBytes - 2 * kPage, PROT_READ | PROT_WRITE) != 0)
    throw std::bad_alloc();
  return new (reinterpret_cast<void*>(base)) Fiber{};
}

void release_fiber(Fiber* f) { munmap(f, kStackBytes); }

void prepare(Fiber* f, void (*body)(Fiber*)) {
  f->body = body;
  f->done = false;
  // Calls that a fault ended may have left marks of AddressSanitizer (without it, this is nothing).
  ASAN_UNPOISON_MEMORY_REGION(reinterpret_cast<char*>(f) + 2 * kPage, kStackBytes - 2 * kPage);
  // Stacks begin at different lines of the first cache.
  const uintptr_t base = reinterpret_cast<uintptr_t>(f);
  auto** top = reinterpret_cast<void**>(base + kStackBytes - 64 - (base / kStackBytes * 7 % 56) * 64);
  *--top = nullptr;  // no caller
  *--top = reinterpret_cast<void*>(&main_of_fiber);
  for (int k = 0; k < 6; ++k) *--top = nullptr;
  f->own_sp = top;
}

const char* resume(Fiber* f) {
  running = f;
  fault = nullptr;
  frit_test_switch(&f->resumer_sp, f->own_sp);
  running = nullptr;
  return fault;
}

void suspend(Fiber* f) { frit_test_switch(&f->own_sp, f->resumer_sp); }

void catch_faults() {
  static thread_local SignalStack stack;
  std::lock_guard lock(handlers_mutex);
  for (size_t k = 0; k < 4; ++k) {
    struct sigaction now;
    sigaction(Handlers::kSignals[k], nullptr, &now);
    if ((now.sa_flags & SA_SIGINFO) && now.sa_sigaction == on_fault) continue;
    handlers.previous[k] = now;
    struct sigaction ours{};
    ours.sa_sigaction = on_fault;
    ours.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    sigaction(Handlers::kSignals[k], &ours, nullptr);
  }
}

}  // namespace frit::test
