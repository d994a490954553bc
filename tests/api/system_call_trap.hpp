// Runs code in a child process in which every system call is trapped.
#pragma once

#include <functional>
#include <string>

namespace linnet::test {

/// Forks. The child calls `prepare`, then forbids itself every system call (a seccomp filter), then calls `body`. What
/// the child was caught at: "" when it came to the end of `body`, "system call 39", or how else it ended. The calling
/// thread is the child's only one.
std::string caught_at(const std::function<void()>& prepare, const std::function<void()>& body);

/// Whether the kernel lets a process forbid itself system calls; otherwise `caught_at` cannot be used.
bool can_trap_system_calls();

}  // namespace linnet::test
