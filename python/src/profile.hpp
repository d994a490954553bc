// When the steps of runs ran and for how long, for a trace.
#pragma once

#include <linnet/inspect.hpp>

#include <nanobind/nanobind.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace linnet::python {

namespace nb = nanobind;

/// A node; the members of a chain stand one after the other, each as long as the chain's threads spent on it.
struct ProfiledNode {
  std::size_t step = 0;
  std::size_t member = 0;  ///< of a chain
  std::int64_t start_ns = 0;
  std::int64_t duration_ns = 0;
};

struct ProfiledRun {
  std::int64_t start_ns = 0;  ///< since the profile began
  std::int64_t duration_ns = 0;
  std::uint64_t thread = 0;         ///< the system's number of the calling thread
  std::vector<ProfiledNode> nodes;  ///< in order
  std::shared_ptr<const ProgramSummary> program;
};

/// Off at first. Thread-safety: the interpreter's lock, except where noted.
class Profile {
 public:
  /// Once so many nodes are kept, later runs are counted only.
  static constexpr std::size_t kMostNodes = 1000000;

  void start();
  /// Whether the run about to begin is to be measured: the profile is on and not full. Counts those left out.
  bool takes_run();
  /// Runs once and notes when each step ran. The lock need not be held. `options` are looked at before and after.
  ProfiledRun measure(Session& session, const Model& model, const std::vector<ConstTensorView>& inputs,
                      const RunOptions& options);
  void add(ProfiledRun run);
  /// What was recorded, as (runs, dropped), and switches the profile off. A run is (start_ns, duration_ns, thread,
  /// nodes), a node (describe(), start_ns since its run began, duration_ns).
  nb::object stop();
  std::int64_t epoch_ns() const { return epoch_ns_; }  ///< when it began, by the system's clock

 private:
  std::shared_ptr<const ProgramSummary> summary(const Model& model, const std::vector<ConstTensorView>& inputs,
                                                std::size_t steps);

  bool on_ = false;
  std::chrono::steady_clock::time_point begin_{};
  std::int64_t epoch_ns_ = 0;
  std::size_t nodes_ = 0;  ///< kept, each run counted as one more
  std::size_t dropped_ = 0;
  std::vector<ProfiledRun> runs_;
  std::mutex summaries_mutex_;
  std::map<std::vector<Shape>, std::shared_ptr<const ProgramSummary>> summaries_;  ///< by the inputs' shapes
};

}  // namespace linnet::python
