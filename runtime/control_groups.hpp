// What the control groups of this process (cgroups of both versions: containers, systemd's units) leave it of the
// machine.
#pragma once

#include <cstddef>
#include <string>

namespace linnet::internal {

/// Where Linux tells of them. A limit of a group holds for every group below it, so all parents are asked, as far as
/// they can be seen: in a container the groups outside it cannot.
struct ControlGroups {
  std::string membership = "/proc/self/cgroup";
  std::string folder = "/sys/fs/cgroup";
};

/// Bytes of memory that this process may use together with others of its groups; SIZE_MAX without a limit.
std::size_t memory_limit(const ControlGroups& groups = {});
/// CPUs that this process may keep busy together with others of its groups, rounded up; 0 without a limit.
int cpu_limit(const ControlGroups& groups = {});

}  // namespace linnet::internal
