#include "tests/api/system_call_trap.hpp"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstddef>
#include <cstdlib>

namespace linnet::test {
namespace {

constexpr int kCaught = 70;
constexpr int kNoTrap = 71;
constexpr int kThrown = 72;

/// Shared with the parent: the number of the system call.
volatile int* caught_number = nullptr;

void on_trap(int, siginfo_t* info, void*) {
  *caught_number = info->si_syscall;
  ::_exit(kCaught);
}

/// From here on every system call raises SIGSYS, but for the one that ends the process.
bool forbid_system_calls() {
  struct sigaction action {};
  action.sa_sigaction = on_trap;
  action.sa_flags = SA_SIGINFO;
  std::array<sock_filter, 4> filter = {{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_exit_group, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
  }};
  sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
  return ::sigaction(SIGSYS, &action, nullptr) == 0 && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

int child(const std::function<void()>& prepare, const std::function<void()>& body) {
  try {
    prepare();
    if (!forbid_system_calls()) return kNoTrap;
    body();
    return 0;
  } catch (...) {
    return kThrown;
  }
}

}  // namespace

std::string caught_at(const std::function<void()>& prepare, const std::function<void()>& body) {
  void* const shared = ::mmap(nullptr, sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) return "no shared memory";
  caught_number = static_cast<int*>(shared);
  const pid_t pid = ::fork();
  if (pid < 0) return "no child process";
  if (pid == 0) ::_exit(child(prepare, body));
  int status = 0;
  ::waitpid(pid, &status, 0);
  const int number = *caught_number;
  ::munmap(shared, sizeof(int));
  if (WIFSIGNALED(status)) return "signal " + std::to_string(WTERMSIG(status));
  switch (WEXITSTATUS(status)) {
    case 0:
      return "";
    case kCaught:
      return "system call " + std::to_string(number);
    case kNoTrap:
      return "no seccomp filter";
    case kThrown:
      return "an exception";
    default:
      return "exit status " + std::to_string(WEXITSTATUS(status));
  }
}

bool can_trap_system_calls() {
  return caught_at([] {}, [] {}) != "no seccomp filter";
}

}  // namespace linnet::test
