// How a group is laid out: where its operands are, which lines it needs, and how it is cut into lines and blocks.
#include <algorithm>

#include "runtime/cache_size.hpp"
#include "runtime/element_group.hpp"
#include "runtime/planner.hpp"
#include "runtime/rounding.hpp"

namespace linnet::internal {
namespace {

/// Lines between members that the first-level cache holds beside those of inputs and output.
constexpr std::size_t kLinesBytes = std::size_t{24} << 10;
constexpr std::size_t kLeastLine = 256;
/// Rows from this many elements on are lines of their own, so that what is broadcast to them need not be lined up.
constexpr std::size_t kLeastRow = 192;
/// Work (ns) of a block: what threads share, and between which cancellation is looked at.
constexpr double kBlockWork = 50000.0;
constexpr std::size_t kMostBlock = 16384;
/// Work (ns) of a line, and so of a block of costly members: it has one line at least.
constexpr double kMostLineWork = 500000.0;
/// Nanoseconds per element of the way from and to memory.
constexpr double kMemoryCost = 0.2;
/// Members that take longer than this together (ns per element) do not wait for memory.
constexpr double kMostStreamedCost = 1.5;

/// From and to memory: more than a second-level cache is sure to hold.
constexpr std::size_t kFarBytes = std::size_t{1} << 20;

constexpr std::size_t kLineStep = 16;      // elements: whole vectors
constexpr std::size_t kLongLineStep = 64;  // elements of a line that the cache, and not a row, cuts short

template <typename T>
bool holds(const std::vector<T>& list, std::size_t entry) {
  return std::find(list.begin(), list.end(), entry) != list.end();
}

}  // namespace

class ElementGroup::Layout {
 public:
  Layout(ElementGroup& group, const std::vector<Member>& members) : group_(group), members_(members) {}

  void make() {
    for (std::uint32_t call = 0; call < members_.size(); ++call) add_member(call);
    give_lines();
    find_in_place_inputs();
    std::vector<Far> inputs = dense_inputs();
    std::size_t bytes = group_.result_bytes_;  // from and to memory, of each element
    for (const Far& input : inputs) bytes += input.element_bytes;
    bytes *= group_.count_;
    group_.streamed_ = cost_ <= kMostStreamedCost && bytes >= last_level_cache_bytes();
    if (bytes >= kFarBytes) group_.far_ = std::move(inputs);
    choose_lengths();
    lay_out_workspace();
  }

 private:
  void add_member(std::uint32_t call) {
    const Member& member = members_[call];
    cost_ += member.line.cost;
    widest_bytes_ = std::max(widest_bytes_, member.element_bytes);
    group_.calls_.push_back({member.line.run, member.state.get(), 0, static_cast<std::uint32_t>(group_.operands_), 0});
    for (std::size_t position = 0; position < member.inputs.size(); ++position) add_operand(call, position);
    group_.operands_ += member.inputs.size();
  }

  void add_operand(std::uint32_t call, std::size_t position) {
    const Member& member = members_[call];
    const Source& source = member.inputs[position];
    if (source.from == Source::From::kNothing) return;
    const auto operand = static_cast<std::uint32_t>(group_.operands_ + position);
    const auto bytes = static_cast<std::uint8_t>(source.element_bytes);
    widest_bytes_ = std::max(widest_bytes_, source.element_bytes);
    const bool takes_single = has_bit(member.line.takes_single, position);
    const auto count = static_cast<std::size_t>(element_count(source.shape));
    if (source.from == Source::From::kMember) {
      group_.fixed_.push_back({Fixed::Kind::kLine, bytes, operand, source.index, 0});
    } else if (count == 1 && group_.count_ != 1) {
      const Fixed::Kind kind = takes_single ? Fixed::Kind::kSingle : Fixed::Kind::kFilled;
      group_.fixed_.push_back({kind, bytes, operand, source.index, 0});
      if (takes_single) group_.calls_[call].singles |= std::uint64_t{1} << position;
    } else {
      std::uint32_t loops = kDense;
      if (count != group_.count_) {
        loops = static_cast<std::uint32_t>(group_.loops_.size());
        group_.loops_.push_back(broadcast_loops(member.shape, source.shape));
      }
      group_.moving_.push_back(
          {operand, source.index, 0, loops, call, bytes, static_cast<std::uint8_t>(position), takes_single, false});
    }
  }

  std::uint32_t take_line() {
    if (free_.empty()) return lines_++;
    const std::uint32_t line = free_.back();
    free_.pop_back();
    return line;
  }

  /// What is lined up or repeated has its line from the beginning. A result goes where an operand is that is read here
  /// last and may be overwritten, or else to a line that is free.
  void give_lines() {
    for (Fixed& operand : group_.fixed_) {
      if (operand.kind == Fixed::Kind::kFilled) operand.line = take_line();
    }
    for (Moving& operand : group_.moving_) {
      if (operand.loops != kDense) operand.line = take_line();
    }
    std::vector<std::uint32_t> last_reader(members_.size(), 0);
    for (std::uint32_t call = 0; call < members_.size(); ++call) {
      for (const Source& source : members_[call].inputs) {
        if (source.from == Source::From::kMember) last_reader[source.index] = call;
      }
    }
    auto fixed = group_.fixed_.begin();
    auto moving = group_.moving_.begin();
    for (std::uint32_t call = 0; call < members_.size(); ++call) {
      const Member& member = members_[call];
      const std::uint32_t first = group_.calls_[call].first_operand;
      const std::size_t end = first + member.inputs.size();
      std::vector<std::uint32_t> overwritable;  // lines that are read here last
      std::vector<std::uint32_t> done;          // other lines that are free after this call
      for (; moving != group_.moving_.end() && moving->operand < end; ++moving) {
        if (moving->loops != kDense) done.push_back(moving->line);
      }
      for (; fixed != group_.fixed_.end() && fixed->operand < end; ++fixed) {
        if (fixed->kind != Fixed::Kind::kLine) continue;
        const std::uint32_t maker = fixed->input;
        fixed->line = group_.calls_[maker].result;
        if (last_reader[maker] != call || holds(overwritable, fixed->line) || holds(done, fixed->line)) continue;
        const bool fits = fixed->element_bytes == member.element_bytes && has_bit(member.over, fixed->operand - first);
        (fits ? overwritable : done).push_back(fixed->line);
      }
      if (call + 1 == members_.size()) break;
      if (overwritable.empty()) overwritable.push_back(take_line());
      group_.calls_[call].result = overwritable.front();
      free_.insert(free_.end(), overwritable.begin() + 1, overwritable.end());
      free_.insert(free_.end(), done.begin(), done.end());
    }
  }

  /// Every line of the output is written by the last member when the others are done, so only what that one reads must
  /// be what it may overwrite.
  void find_in_place_inputs() {
    const std::uint8_t allowed = members_.back().over;
    const std::uint32_t first_of_last = group_.calls_.back().first_operand;
    std::vector<std::uint32_t> refused;
    for (const Moving& operand : group_.moving_) {
      if (operand.operand >= first_of_last && !has_bit(allowed, operand.operand - first_of_last))
        refused.push_back(operand.input);
    }
    std::vector<std::uint8_t>& list = group_.in_place_inputs_;
    for (const Moving& operand : group_.moving_) {
      const bool fits = operand.loops == kDense && operand.element_bytes == group_.result_bytes_;
      if (!fits || operand.input > UINT8_MAX || holds(refused, operand.input) || holds(list, operand.input)) continue;
      list.push_back(static_cast<std::uint8_t>(operand.input));
    }
  }

  /// Those as long as the output, each once.
  std::vector<Far> dense_inputs() const {
    std::vector<Far> inputs;
    std::vector<std::uint32_t> seen;
    for (const Moving& operand : group_.moving_) {
      if (operand.loops != kDense || holds(seen, operand.input)) continue;
      seen.push_back(operand.input);
      inputs.push_back({operand.input, operand.element_bytes});
    }
    return inputs;
  }

  void choose_lengths() {
    const std::size_t most = std::max(kLinesBytes / (widest_bytes_ * std::max<std::size_t>(lines_, 1)), kLeastLine);
    std::size_t line =
        std::min({most / kLongLineStep * kLongLineStep, kLineElements, round_up(group_.count_, kLineStep)});
    const double cost = cost_ + kMemoryCost;
    line = std::min(line, std::max(static_cast<std::size_t>(kMostLineWork / cost) / kLineStep * kLineStep, kLineStep));
    std::size_t row = group_.count_;
    for (const BroadcastLoops& loops : group_.loops_) row = std::min(row, loops.inner.size);
    const bool has_rows = row >= kLeastRow && row < group_.count_;
    if (has_rows) {
      for (Moving& operand : group_.moving_) {
        if (operand.loops == kDense) continue;
        const BroadcastLoops& loops = group_.loops_[operand.loops];
        operand.row_wise = loops.inner.size == row && loops.outer.size() == 1;
      }
      line = std::min(line, round_up(divide_up(row, divide_up(row, line)), kLineStep));
    }
    const std::size_t least_block = has_rows ? std::min(line, row) : line;
    const std::size_t block = std::clamp(static_cast<std::size_t>(kBlockWork / cost), least_block, kMostBlock);
    group_.row_ = has_rows ? row : group_.count_;
    group_.line_ = line;
    group_.block_ = round_up(block, has_rows && row <= block ? row : line);
    group_.work_ = cost * static_cast<double>(group_.count_);
  }

  void lay_out_workspace() {
    const std::size_t table_bytes = group_.operands_ * sizeof(void*) + group_.calls_.size() * sizeof(std::uint64_t);
    group_.lines_at_ = aligned(table_bytes);
    group_.line_bytes_ = aligned(group_.line_ * widest_bytes_);
    group_.worker_bytes_ = group_.lines_at_ + lines_ * group_.line_bytes_;
  }

  ElementGroup& group_;
  const std::vector<Member>& members_;
  double cost_ = 0.0;             // nanoseconds per element, but for memory
  std::size_t widest_bytes_ = 1;  // of an element in a line
  std::uint32_t lines_ = 0;
  std::vector<std::uint32_t> free_;
};

ElementGroup::ElementGroup(std::vector<Member> members, int threads)
    : threads_(static_cast<std::size_t>(threads)),
      count_(static_cast<std::size_t>(element_count(members.back().shape))),
      result_bytes_(members.back().element_bytes) {
  Layout(*this, members).make();
  for (Member& member : members) states_.push_back(std::move(member.state));
}

std::size_t ElementGroup::workspace_bytes() const { return (count_ > block_ ? threads_ : 1) * worker_bytes_; }

}  // namespace linnet::internal
