#include "runtime/row_chain.hpp"

#include <algorithm>

#include "runtime/rounding.hpp"
#include "runtime/task_trace.hpp"

namespace linnet::internal {
namespace {

/// Weights and rows between members that a core's own caches hold beside each other.
constexpr std::size_t kCachedWeightsBytes = std::size_t{1} << 20;
constexpr std::size_t kBetweenBytes = std::size_t{96} << 10;
/// Work (ns) of one member on one block: cancellation is looked at between members.
constexpr double kMostMemberWork = 500000.0;
/// A run shorter than this (ns) is not worth waking a helper for.
constexpr double kShortRun = 20000.0;
/// With fewer rows than this for each thread, a step of its own shares its columns better.
constexpr std::size_t kLeastRowsOfThread = 8;
constexpr double kWeightsBytesPerNanosecond = 50.0;
/// Blocks of one thread: several, so that one that is late leaves the others little to wait for.
constexpr std::size_t kBlocksOfThread = 4;
constexpr std::size_t kLeastRowsOfBlock = 24;

constexpr std::size_t kCacheLine = 64;

double work_of(const RowWise& step, std::size_t rows) {
  return static_cast<double>(rows) * step.row_cost +
         static_cast<double>(step.weights_bytes) / kWeightsBytesPerNanosecond;
}

std::size_t cache_lines(std::size_t bytes) { return round_up(bytes, kCacheLine); }

/// Times the members of a chain one after the other; without a trace it does nothing.
class MemberClock {
 public:
  MemberClock(TaskTrace* trace, std::size_t block, std::size_t worker) : trace_(trace), block_(block), worker_(worker) {
    if (trace_ != nullptr) start_ = std::chrono::steady_clock::now();
  }
  void ended(std::size_t member) {
    if (trace_ == nullptr) return;
    const auto now = std::chrono::steady_clock::now();
    trace_->add({worker_, block_, start_, now, member});
    start_ = std::chrono::steady_clock::now();
  }

 private:
  TaskTrace* trace_;
  std::size_t block_;
  std::size_t worker_;
  std::chrono::steady_clock::time_point start_{};
};

}  // namespace

std::size_t chained_steps(const RowWise* first, std::size_t count, int threads) {
  const std::size_t rows = first->rows;
  const auto workers = static_cast<std::size_t>(threads);
  const std::size_t least_rows = std::min(rows, kLeastRowsOfBlock);
  std::size_t length = 0;
  std::size_t weights = 0;
  double work = 0.0;
  while (length < count && work_of(first[length], least_rows) <= kMostMemberWork) {
    weights += first[length].weights_bytes;
    work += work_of(first[length], rows);
    const bool alone = threads == 1 || work < kShortRun;
    const bool one_block = alone && rows <= kLeastRowsOfBlock;
    if (!one_block && weights > kCachedWeightsBytes) break;
    if (!alone && rows < kLeastRowsOfThread * workers) break;
    ++length;
  }
  return std::max<std::size_t>(length, 1);
}

RowChain::RowChain(std::vector<Member> members, int threads)
    : members_(std::move(members)), threads_(threads), rows_(members_.front().rows.rows) {
  double longest = 0.0;
  std::size_t widest = 0;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    Member& member = members_[i];
    work_ += work_of(member.rows, rows_);
    longest = std::max(longest, member.rows.row_cost);
    member.y_row_bytes = member.rows.y_row_bytes;
    if (i + 1 == members_.size()) break;
    const RowWise& next = members_[i + 1].rows;
    if (member.rows.writes_padded && next.reads_padded) member.y_row_bytes = cache_lines(member.y_row_bytes);
    widest = std::max(widest, member.y_row_bytes);
  }
  std::size_t most = rows_;
  if (widest > 0) most = std::min(most, std::max(kBetweenBytes / widest, kLeastRowsOfBlock));
  if (longest > 0.0) {
    most = std::min(most, std::max(static_cast<std::size_t>(kMostMemberWork / longest), kLeastRowsOfBlock));
  }
  std::size_t blocks = divide_up(rows_, most);
  const auto workers = static_cast<std::size_t>(threads);
  if (work_ >= kShortRun && workers > 1) {
    const std::size_t worth = std::min(kBlocksOfThread * workers, rows_ / kLeastRowsOfBlock);
    blocks = std::max({blocks, worth, std::min(workers, rows_ / kLeastRowsOfThread)});
    blocks = round_up(blocks, workers);
  }
  rows_per_block_ = divide_up(rows_, std::clamp<std::size_t>(blocks, 1, rows_));
  blocks_ = divide_up(rows_, rows_per_block_);
  between_bytes_ = cache_lines(widest * rows_per_block_);
}

std::size_t RowChain::workspace_bytes() const {
  return 2 * between_bytes_ * static_cast<std::size_t>(blocks_ > 1 ? threads_ : 1);
}

void RowChain::run_block(const RunArguments& arguments, std::size_t block, std::size_t worker) const {
  const std::size_t row = block * rows_per_block_;
  const std::size_t rows = std::min(rows_per_block_, rows_ - row);
  const Member* const last = members_.data() + members_.size() - 1;
  MemberClock clock(arguments.control.trace(), block, worker);
  auto* between = static_cast<std::byte*>(arguments.workspace) + 2 * between_bytes_ * worker;
  auto* other = between + between_bytes_;
  std::size_t x_row_bytes = members_.front().rows.x_row_bytes;
  const auto* x = static_cast<const std::byte*>(arguments.inputs[0]) + row * x_row_bytes;
  for (const Member* member = members_.data(); member != last; ++member) {
    member->rows.run({member->state.get(), arguments.inputs + member->first_input, x, between, rows, x_row_bytes,
                      member->y_row_bytes});
    clock.ended(static_cast<std::size_t>(member - members_.data()));
    if (arguments.control.abandon_if_stopped()) return;
    x = between;
    x_row_bytes = member->y_row_bytes;
    std::swap(between, other);
  }
  auto* y = static_cast<std::byte*>(arguments.outputs[0]) + row * last->rows.y_row_bytes;
  last->rows.run({last->state.get(), arguments.inputs + last->first_input, x, y, rows, x_row_bytes, last->y_row_bytes});
  clock.ended(members_.size() - 1);
}

void RowChain::run(const RunArguments& arguments) {
  const auto& chain = *static_cast<const RowChain*>(arguments.state);
  arguments.control.parallel_for(chain.blocks_, chain.work_, [&](std::size_t block, std::size_t worker) {
    chain.run_block(arguments, block, worker);
  });
}

}  // namespace linnet::internal
