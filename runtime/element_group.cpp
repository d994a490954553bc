#include "runtime/element_group.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "runtime/rounding.hpp"
#include "runtime/task_trace.hpp"

namespace linnet::internal {
namespace {

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

/// The workspace of one thread: the addresses of operands, which inputs of each member are single, and lines.
class ElementGroup::Lines {
 public:
  Lines(const ElementGroup& group, const RunArguments& arguments, std::size_t worker)
      : group_(group),
        inputs_(arguments.inputs),
        memory_(static_cast<std::byte*>(arguments.workspace) + worker * group.worker_bytes_),
        addresses_(reinterpret_cast<const void**>(memory_)),
        singles_(reinterpret_cast<std::uint64_t*>(memory_ + group.operands_ * sizeof(void*))) {}

  std::byte* line(std::uint32_t index) const { return memory_ + group_.lines_at_ + index * group_.line_bytes_; }
  const void* const* addresses(const Call& call) const { return addresses_ + call.first_operand; }
  std::uint64_t singles(std::size_t call) const { return singles_[call]; }

  /// What stays where it is while lines of up to `most` elements are made.
  void begin(std::size_t most) {
    std::fill_n(addresses_, group_.operands_, nullptr);
    for (std::size_t call = 0; call < group_.calls_.size(); ++call) singles_[call] = group_.calls_[call].singles;
    for (const Fixed& operand : group_.fixed_) {
      if (operand.kind == Fixed::Kind::kSingle) {
        addresses_[operand.operand] = inputs_[operand.input];
        continue;
      }
      std::byte* const place = line(operand.line);
      addresses_[operand.operand] = place;
      if (operand.kind == Fixed::Kind::kFilled) fill(input(operand.input), operand.element_bytes, most, place);
    }
  }

  /// What belongs to elements [first, first + count) of the output, which begin at `column` of `row`.
  void move(std::size_t first, std::size_t count, std::size_t row, std::size_t column) {
    for (const Moving& operand : group_.moving_) {
      const void*& address = addresses_[operand.operand];
      if (operand.loops == kDense) {
        address = input(operand.input) + first * operand.element_bytes;
      } else if (operand.row_wise) {
        address = in_row(operand, count, row, column);
      } else {
        address = in_runs(operand, first, count);
      }
    }
  }

  /// While a line goes through the members, the next one is on its way: of its elements [first, first + line_) before
  /// `end`, the part that falls to a call. (A CPU fetches ahead by itself within a page, and a line may be one.)
  /// Inline, since g++ takes a function that only fetches for one without effect.
  __attribute__((always_inline)) void fetch(std::size_t first, std::size_t end, std::size_t call) const {
    constexpr std::size_t kCacheLine = 64;
    for (const Far& far : group_.far_) {
      const std::size_t bytes = std::min(group_.line_, end - first) * far.element_bytes;
      const std::size_t calls = group_.calls_.size();
      const std::byte* const from = input(far.input) + first * far.element_bytes;
      const std::size_t last = bytes * (call + 1) / calls;
      for (std::size_t i = bytes * call / calls; i < last; i += kCacheLine) __builtin_prefetch(from + i);
    }
  }

 private:
  const std::byte* input(std::uint32_t index) const { return static_cast<const std::byte*>(inputs_[index]); }

  const void* in_row(const Moving& operand, std::size_t count, std::size_t row, std::size_t column) {
    const BroadcastLoops& loops = group_.loops_[operand.loops];
    const std::size_t at = row * loops.outer[0].b_stride + column * loops.inner.b_stride;
    const std::byte* const from = input(operand.input) + at * operand.element_bytes;
    return loops.inner.b_stride != 0 ? from : repeated(operand, from, count);
  }

  /// One element for the whole line.
  const void* repeated(const Moving& operand, const std::byte* element, std::size_t count) {
    if (operand.takes_single) {
      singles_[operand.call] |= std::uint64_t{1} << operand.position;
      return element;
    }
    std::byte* const place = line(operand.line);
    fill(element, operand.element_bytes, count, place);
    return place;
  }

  /// A run that covers the line is read where it lies.
  const void* in_runs(const Moving& operand, std::size_t first, std::size_t count) {
    const BroadcastLoops& loops = group_.loops_[operand.loops];
    const std::size_t bytes = operand.element_bytes;
    const std::byte* const elements = input(operand.input);
    std::byte* const lined_up = line(operand.line);
    const void* place = lined_up;
    singles_[operand.call] &= ~(std::uint64_t{1} << operand.position);
    for_broadcast_runs(loops, first, count, [&](std::size_t y, std::size_t, std::size_t at, std::size_t run) {
      const std::byte* const from = elements + at * bytes;
      if (run == count) {
        place = loops.inner.b_stride != 0 ? from : repeated(operand, from, count);
      } else if (loops.inner.b_stride == 0) {
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

void ElementGroup::run_block(const RunArguments& arguments, std::size_t block, std::size_t worker,
                             bool streamed) const {
  const std::size_t first = block * block_;
  const std::size_t end = std::min(first + block_, count_);
  auto* const output = static_cast<std::byte*>(arguments.outputs[0]);
  MemberTimes times(arguments.control.trace(), block, worker, calls_.size());
  Lines lines(*this, arguments, worker);
  lines.begin(std::min(line_, end - first));
  std::size_t row = first / row_;
  std::size_t column = first % row_;
  for (std::size_t at = first; at < end;) {
    const std::size_t count = std::min({line_, row_ - column, end - at});
    lines.move(at, count, row, column);
    times.begin();
    for (std::size_t i = 0; i < calls_.size(); ++i) {
      const Call& call = calls_[i];
      const bool last = i + 1 == calls_.size();
      std::byte* const y = last ? output + at * result_bytes_ : lines.line(call.result);
      lines.fetch(at + count, end, i);
      call.run({call.state, lines.addresses(call), lines.singles(i), y, count, last && streamed});
      times.ended(i);
    }
    at += count;
    column += count;
    if (column == row_) {
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
