#include "runtime/element_group.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <set>

#include "runtime/cache_size.hpp"
#include "runtime/task_trace.hpp"

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
/// Nanoseconds per element of the way from and to memory.
constexpr double kMemoryCost = 0.2;
/// Members that take longer than this together (ns per element) do not wait for memory.
constexpr double kMostStreamedCost = 1.5;

constexpr std::size_t kAlignment = 64;
constexpr std::size_t kLineStep = 16;  // elements: whole vectors

std::size_t round_up(std::size_t a, std::size_t step) { return (a + step - 1) / step * step; }
std::size_t divide_up(std::size_t a, std::size_t b) { return (a + b - 1) / b; }

template <typename T>
bool holds(const std::vector<T>& list, std::size_t entry) {
  return std::find(list.begin(), list.end(), entry) != list.end();
}

std::size_t count_of(const TensorType& type) {
  std::size_t count = 1;
  for (const Dim dim : type.dims) count *= static_cast<std::size_t>(dim.value());
  return count;
}

class Finder {
 public:
  Finder(const std::vector<ElementStep>& steps, const std::vector<ValueId>& views,
         const std::vector<std::uint32_t>& readers, const std::vector<Value>& values)
      : steps_(steps),
        views_(views),
        readers_(readers),
        values_(values),
        taken_(steps.size(), false),
        maker_(values.size(), kNoStep),
        read_(values.size(), 0) {}

  std::vector<ElementGroupSteps> run() {
    for (std::uint32_t step = 0; step < steps_.size(); ++step) {
      if (steps_[step].inputs != nullptr) maker_[steps_[step].output] = step;
    }
    std::vector<ElementGroupSteps> groups;
    for (std::uint32_t last = static_cast<std::uint32_t>(steps_.size()); last-- > 0;) {
      if (steps_[last].inputs == nullptr || taken_[last]) continue;
      ElementGroupSteps group = grow(last);
      if (group.size() < 2) continue;
      for (const std::uint32_t step : group) taken_[step] = true;
      groups.push_back(std::move(group));
    }
    return groups;
  }

 private:
  static constexpr std::uint32_t kNoStep = ~std::uint32_t{0};

  /// From the last member back: when a step is looked at, all its readers that can be members are.
  ElementGroupSteps grow(std::uint32_t last) {
    count_ = count_of(values_[steps_[last].output].type);
    if (count_ == 0) return {};
    earliest_ = last;
    candidates_.clear();
    ElementGroupSteps group = {last};
    read_inputs(last);
    while (!candidates_.empty() && group.size() < ElementGroup::kMostMembers) {
      const std::uint32_t step = *candidates_.rbegin();
      candidates_.erase(step);
      if (!joins(step)) continue;
      if (step + 1 == earliest_) earliest_ = step;
      group.push_back(step);
      read_inputs(step);
    }
    for (const ValueId value : touched_) read_[value] = 0;
    touched_.clear();
    std::reverse(group.begin(), group.end());
    return group;
  }

  void read_inputs(std::uint32_t step) {
    for (const ValueId input : *steps_[step].inputs) {
      if (input == kNoValue) continue;
      const ValueId value = views_[input];
      ++read_[value];
      touched_.push_back(value);
      const std::uint32_t maker = maker_[value];
      if (maker != kNoStep && !taken_[maker]) candidates_.insert(maker);
    }
  }

  bool joins(std::uint32_t step) const {
    const ValueId output = steps_[step].output;
    return read_[output] == readers_[output] && count_of(values_[output].type) == count_ &&
           (step + 1 == earliest_ || may_wait(step));
  }

  std::size_t bytes_of(ValueId value) const {
    return count_of(values_[value].type) * bits_of(values_[value].type.type) / 8;
  }

  bool may_wait(std::uint32_t step) const {
    std::size_t bytes = 0;
    for (const ValueId input : *steps_[step].inputs) {
      if (input == kNoValue) continue;
      const Value& value = values_[views_[input]];
      if (value.constant == nullptr && value.producer != kNoNode) bytes += bytes_of(input);
    }
    return bytes <= bytes_of(steps_[step].output);
  }

  const std::vector<ElementStep>& steps_;
  const std::vector<ValueId>& views_;
  const std::vector<std::uint32_t>& readers_;
  const std::vector<Value>& values_;
  std::vector<bool> taken_;
  std::vector<std::uint32_t> maker_;  ///< by value: the line-wise step that makes it
  // Of the group that grows:
  std::vector<std::uint32_t> read_;  ///< by value: how often members read it
  std::vector<ValueId> touched_;
  std::set<std::uint32_t> candidates_;
  std::size_t count_ = 0;
  std::uint32_t earliest_ = 0;  ///< of the members that nothing outside stands between
};

/// The element `count` times. Both are aligned to it.
void fill(const std::byte* element, std::size_t element_bytes, std::size_t count, std::byte* to) {
  const auto repeat = [&](auto value) {
    std::memcpy(&value, element, sizeof value);
    std::fill_n(reinterpret_cast<decltype(value)*>(to), count, value);
  };
  switch (element_bytes) {
    case 1:
      return repeat(std::uint8_t{});
    case 2:
      return repeat(std::uint16_t{});
    case 4:
      return repeat(std::uint32_t{});
    default:
      return repeat(std::uint64_t{});
  }
}

/// Adds up what each member takes for the lines of a block; without a trace it does nothing.
class MemberTimes {
 public:
  MemberTimes(TaskTrace* trace, std::size_t block, std::size_t worker, std::size_t members)
      : trace_(trace), block_(block), worker_(worker), members_(members) {
    if (trace_ == nullptr) return;
    std::fill_n(spent_, members, Clock::duration::zero());
    begin_ = Clock::now();
  }
  /// What came since the last call is no member's.
  void begin() {
    if (trace_ != nullptr) last_ = Clock::now();
  }
  void ended(std::size_t member) {
    if (trace_ == nullptr) return;
    const auto now = Clock::now();
    spent_[member] += now - last_;
    last_ = now;
  }
  /// As if each member had done all its lines at once.
  void tell() {
    if (trace_ == nullptr) return;
    auto start = begin_;
    for (std::size_t member = 0; member < members_; ++member) {
      trace_->add({worker_, block_, start, start + spent_[member], member});
      start += spent_[member];
    }
  }

 private:
  using Clock = std::chrono::steady_clock;
  TaskTrace* trace_;
  std::size_t block_;
  std::size_t worker_;
  std::size_t members_;
  Clock::time_point begin_{};
  Clock::time_point last_{};
  Clock::duration spent_[ElementGroup::kMostMembers];  ///< set when there is a trace
};

}  // namespace

std::vector<ElementGroupSteps> find_element_groups(const std::vector<ElementStep>& steps,
                                                   const std::vector<ValueId>& views,
                                                   const std::vector<std::uint32_t>& readers,
                                                   const std::vector<Value>& values) {
  return Finder(steps, views, readers, values).run();
}

/// Gives out slots while the members are looked at in order.
class ElementGroup::Slots {
 public:
  std::uint32_t take() {
    if (free_.empty()) return count_++;
    const std::uint32_t slot = free_.back();
    free_.pop_back();
    return slot;
  }
  void give_back(std::uint32_t slot) { free_.push_back(slot); }
  std::size_t count() const { return count_; }

 private:
  std::vector<std::uint32_t> free_;
  std::uint32_t count_ = 0;
};

ElementGroup::ElementGroup(std::vector<Member> members, int threads)
    : threads_(threads), count_(1), result_bytes_(members.back().element_bytes) {
  for (const std::int64_t size : members.back().shape) count_ *= static_cast<std::size_t>(size);
  double cost = 0.0;
  for (std::size_t call = 0; call < members.size(); ++call) {
    Member& member = members[call];
    cost += member.line.cost;
    widest_bytes_ = std::max(widest_bytes_, member.element_bytes);
    calls_.push_back({member.line.run, std::move(member.state), static_cast<std::uint32_t>(operands_.size()), 0, 0});
    for (std::size_t position = 0; position < member.inputs.size(); ++position) {
      Operand operand = operand_of(member, position, member.inputs[position]);
      operand.call = static_cast<std::uint32_t>(call);
      widest_bytes_ = std::max(widest_bytes_, operand.element_bytes);
      const bool moves = operand.kind == Operand::Kind::kDense || operand.kind == Operand::Kind::kBroadcast;
      if (moves) moving_.push_back(static_cast<std::uint32_t>(operands_.size()));
      if (operand.kind == Operand::Kind::kSingle) calls_.back().singles |= std::uint64_t{1} << position;
      operands_.push_back(std::move(operand));
    }
  }
  give_slots(members);
  find_in_place_inputs(members);
  streamed_ = cost <= kMostStreamedCost && bytes_of_run() >= last_level_cache_bytes();
  choose_lengths(cost + kMemoryCost);
}

ElementGroup::Operand ElementGroup::operand_of(const Member& member, std::size_t position, const Source& source) const {
  Operand operand;
  operand.position = static_cast<std::uint8_t>(position);
  operand.takes_single = has_bit(member.line.takes_single, position);
  operand.input = source.index;
  operand.element_bytes = source.element_bytes;
  if (source.from == Source::From::kNothing) return operand;
  std::size_t count = 1;
  for (const std::int64_t size : source.shape) count *= static_cast<std::size_t>(size);
  if (source.from == Source::From::kMember) {
    operand.kind = Operand::Kind::kLine;
  } else if (count == count_) {
    operand.kind = Operand::Kind::kDense;
  } else if (count == 1) {
    operand.kind = operand.takes_single ? Operand::Kind::kSingle : Operand::Kind::kFilled;
  } else {
    operand.kind = Operand::Kind::kBroadcast;
    operand.loops = broadcast_loops(member.shape, source.shape);
  }
  return operand;
}

/// What is lined up or repeated has its slot from the beginning of a line. A result goes where an operand is that is
/// read here last and may be overwritten, or else to a slot that is free.
void ElementGroup::give_slots(const std::vector<Member>& members) {
  Slots slots;
  for (Operand& operand : operands_) {
    if (operand.kind == Operand::Kind::kFilled || operand.kind == Operand::Kind::kBroadcast)
      operand.slot = slots.take();
  }
  std::vector<std::uint32_t> last_reader(members.size(), 0);
  for (std::uint32_t call = 0; call < members.size(); ++call) {
    for (const Source& source : members[call].inputs) {
      if (source.from == Source::From::kMember) last_reader[source.index] = call;
    }
  }
  for (std::uint32_t call = 0; call < members.size(); ++call) {
    const Member& member = members[call];
    Operand* const operands = operands_.data() + calls_[call].first_operand;
    std::vector<std::uint32_t> overwritable;  // lines that are read here last
    std::vector<std::uint32_t> done;          // other slots that are free after this call
    for (std::size_t position = 0; position < member.inputs.size(); ++position) {
      Operand& operand = operands[position];
      if (operand.kind == Operand::Kind::kBroadcast) done.push_back(operand.slot);
      if (operand.kind != Operand::Kind::kLine) continue;
      const std::uint32_t maker = member.inputs[position].index;
      operand.slot = calls_[maker].slot;
      if (last_reader[maker] != call) continue;
      const bool fits = operand.element_bytes == member.element_bytes && holds(*member.in_place_inputs, position);
      std::vector<std::uint32_t>& list = fits ? overwritable : done;
      if (!holds(overwritable, operand.slot) && !holds(done, operand.slot)) list.push_back(operand.slot);
    }
    if (call + 1 == members.size()) break;
    if (overwritable.empty()) overwritable.push_back(slots.take());
    calls_[call].slot = overwritable.front();
    for (std::size_t i = 1; i < overwritable.size(); ++i) slots.give_back(overwritable[i]);
    for (const std::uint32_t slot : done) slots.give_back(slot);
  }
  slots_ = slots.count();
}

/// Every line of the output is written by the last member when the others are done, so only what that one reads must be
/// what it may overwrite.
void ElementGroup::find_in_place_inputs(const std::vector<Member>& members) {
  const std::vector<std::uint8_t>& allowed = *members.back().in_place_inputs;
  const std::uint32_t first_of_last = calls_.back().first_operand;
  std::vector<std::uint8_t> refused;
  for (const std::uint32_t i : moving_) {
    if (i >= first_of_last && !holds(allowed, i - first_of_last))
      refused.push_back(static_cast<std::uint8_t>(operands_[i].input));
  }
  for (const std::uint32_t i : moving_) {
    const Operand& operand = operands_[i];
    const bool fits = operand.kind == Operand::Kind::kDense && operand.element_bytes == result_bytes_;
    if (!fits || operand.input > UINT8_MAX || holds(refused, operand.input)) continue;
    if (!holds(in_place_inputs_, operand.input)) in_place_inputs_.push_back(static_cast<std::uint8_t>(operand.input));
  }
}

/// From and to memory.
std::size_t ElementGroup::bytes_of_run() const {
  std::size_t bytes = result_bytes_;  // of each element
  std::vector<std::uint32_t> seen;
  for (const std::uint32_t i : moving_) {
    const Operand& operand = operands_[i];
    if (operand.kind != Operand::Kind::kDense || holds(seen, operand.input)) continue;
    seen.push_back(operand.input);
    bytes += operand.element_bytes;
  }
  return bytes * count_;
}

/// `cost`: nanoseconds per element.
void ElementGroup::choose_lengths(double cost) {
  const std::size_t most = std::max(kLinesBytes / (widest_bytes_ * std::max<std::size_t>(slots_, 1)), kLeastLine);
  line_ = std::min({most / kAlignment * kAlignment, kLineElements, round_up(count_, kLineStep)});
  std::size_t row = SIZE_MAX;
  for (const std::uint32_t i : moving_) {
    if (operands_[i].kind == Operand::Kind::kBroadcast) row = std::min(row, operands_[i].loops.inner.size);
  }
  if (row != SIZE_MAX && row >= kLeastRow) {
    row_ = row;
    for (const std::uint32_t i : moving_) {
      Operand& operand = operands_[i];
      operand.row_wise = operand.kind == Operand::Kind::kBroadcast && operand.loops.inner.size == row &&
                         operand.loops.outer.size() == 1;
    }
    line_ = std::min(line_, round_up(divide_up(row, divide_up(row, line_)), kLineStep));
  }
  work_ = cost * static_cast<double>(count_);
  block_ = std::clamp(static_cast<std::size_t>(kBlockWork / cost), line_, kMostBlock);
  block_ = round_up(block_, row_ != 0 && row_ <= block_ ? row_ : line_);
}

/// The workspace of one thread: addresses of operands, which inputs of each call are single, and slots.
class ElementGroup::Lines {
 public:
  static std::size_t bytes(const ElementGroup& group) { return slots_at(group) + group.slots_ * slot_bytes(group); }

  Lines(const ElementGroup& group, const RunArguments& arguments, std::size_t worker)
      : group_(group),
        inputs_(arguments.inputs),
        memory_(static_cast<std::byte*>(arguments.workspace) + worker * bytes(group)),
        addresses_(reinterpret_cast<const void**>(memory_)),
        singles_(reinterpret_cast<std::uint64_t*>(memory_ + group.operands_.size() * sizeof(void*))) {}

  std::byte* slot(std::uint32_t index) const { return memory_ + slots_at(group_) + index * slot_bytes(group_); }
  const void* const* addresses(const Call& call) const { return addresses_ + call.first_operand; }
  std::uint64_t singles(std::size_t call) const { return singles_[call]; }

  /// What stays where it is from line to line.
  void begin(std::size_t most_count) {
    for (std::size_t i = 0; i < group_.calls_.size(); ++i) singles_[i] = group_.calls_[i].singles;
    for (std::size_t i = 0; i < group_.operands_.size(); ++i) {
      const Operand& operand = group_.operands_[i];
      addresses_[i] = nullptr;
      switch (operand.kind) {
        case Operand::Kind::kLine:
          addresses_[i] = slot(operand.slot);
          break;
        case Operand::Kind::kSingle:
          addresses_[i] = inputs_[operand.input];
          break;
        case Operand::Kind::kFilled:
          addresses_[i] = slot(operand.slot);
          fill(input(operand), operand.element_bytes, most_count, slot(operand.slot));
          break;
        default:
          break;
      }
    }
  }

  /// What belongs to elements [first, first + count) of the output, which begin at `column` of a row, if there are
  /// rows.
  void move(std::size_t first, std::size_t count, std::size_t row, std::size_t column) {
    for (const std::uint32_t i : group_.moving_) {
      const Operand& operand = group_.operands_[i];
      if (operand.kind == Operand::Kind::kDense) {
        addresses_[i] = input(operand) + first * operand.element_bytes;
      } else if (operand.row_wise) {
        addresses_[i] = in_row(operand, count, row, column);
      } else {
        addresses_[i] = broadcast(operand, first, count);
      }
    }
  }

 private:
  static std::size_t slots_at(const ElementGroup& group) {
    return round_up(group.operands_.size() * sizeof(void*) + group.calls_.size() * sizeof(std::uint64_t), kAlignment);
  }
  static std::size_t slot_bytes(const ElementGroup& group) {
    return round_up(group.line_ * group.widest_bytes_, kAlignment);
  }
  static std::uint64_t bit(const Operand& operand) { return std::uint64_t{1} << operand.position; }
  const std::byte* input(const Operand& operand) const { return static_cast<const std::byte*>(inputs_[operand.input]); }

  const void* in_row(const Operand& operand, std::size_t count, std::size_t row, std::size_t column) {
    const BroadcastLoops::Axis& inner = operand.loops.inner;
    const std::byte* const from =
        input(operand) + (row * operand.loops.outer[0].b_stride + column * inner.b_stride) * operand.element_bytes;
    if (inner.b_stride != 0) return from;
    if (operand.takes_single) {
      singles_[operand.call] |= bit(operand);
      return from;
    }
    fill(from, operand.element_bytes, count, slot(operand.slot));
    return slot(operand.slot);
  }

  /// A run that covers the line is read where it lies.
  const void* broadcast(const Operand& operand, std::size_t first, std::size_t count) {
    const std::size_t bytes = operand.element_bytes;
    const std::byte* const elements = input(operand);
    std::byte* const lined_up = slot(operand.slot);
    const void* place = lined_up;
    singles_[operand.call] &= ~bit(operand);
    for_broadcast_runs(operand.loops, first, count, [&](std::size_t y, std::size_t, std::size_t at, std::size_t run) {
      const std::byte* const from = elements + at * bytes;
      const bool single = operand.loops.inner.b_stride == 0;
      if (run == count && (!single || operand.takes_single)) {
        place = from;
        if (single) singles_[operand.call] |= bit(operand);
      } else if (single) {
        fill(from, bytes, run, lined_up + (y - first) * bytes);
      } else {
        std::memcpy(lined_up + (y - first) * bytes, from, run * bytes);
      }
    });
    return place;
  }

  const ElementGroup& group_;
  const void* const* inputs_;
  std::byte* memory_;
  const void** addresses_;
  std::uint64_t* singles_;
};

std::size_t ElementGroup::workspace_bytes() const {
  const std::size_t workers = count_ > block_ ? static_cast<std::size_t>(threads_) : 1;
  return workers * Lines::bytes(*this);
}

void ElementGroup::run_block(const RunArguments& arguments, std::size_t block, std::size_t worker,
                             bool streamed) const {
  const std::size_t first = block * block_;
  const std::size_t end = std::min(first + block_, count_);
  auto* const output = static_cast<std::byte*>(arguments.outputs[0]);
  MemberTimes times(arguments.control.trace(), block, worker, calls_.size());
  Lines lines(*this, arguments, worker);
  lines.begin(std::min(line_, end - first));
  const std::size_t row_size = row_ == 0 ? count_ : row_;
  std::size_t row = first / row_size;
  std::size_t column = first % row_size;
  for (std::size_t at = first; at < end;) {
    const std::size_t count = std::min({line_, row_size - column, end - at});
    lines.move(at, count, row, column);
    times.begin();
    for (std::size_t i = 0; i < calls_.size(); ++i) {
      const Call& call = calls_[i];
      const bool last = i + 1 == calls_.size();
      std::byte* const y = last ? output + at * result_bytes_ : lines.slot(call.slot);
      call.run({call.state.get(), lines.addresses(call), lines.singles(i), y, count, last && streamed});
      times.ended(i);
    }
    at += count;
    column += count;
    if (column == row_size) {
      column = 0;
      ++row;
    }
  }
  times.tell();
}

void ElementGroup::run(const RunArguments& arguments) {
  const auto& group = *static_cast<const ElementGroup*>(arguments.state);
  bool streamed = group.streamed_;
  for (const std::uint8_t input : group.in_place_inputs_)
    streamed = streamed && arguments.inputs[input] != arguments.outputs[0];
  const std::size_t blocks = divide_up(group.count_, group.block_);
  arguments.control.parallel_for(blocks, group.work_, [&](std::size_t block, std::size_t worker) {
    group.run_block(arguments, block, worker, streamed);
  });
}

}  // namespace linnet::internal
