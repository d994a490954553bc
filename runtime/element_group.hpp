// A group of elementwise steps that run as one step: a line of elements goes through all of them while it is in the
// first-level cache, and nothing but the last result goes to memory.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "runtime/broadcast_loops.hpp"
#include "runtime/op.hpp"

namespace linnet::internal {

class ElementGroup {
 public:
  /// An input of a member.
  struct Source {
    enum class From : std::uint8_t { kNothing, kMember, kInput };
    From from = From::kNothing;
    std::uint32_t index = 0;  ///< of an earlier member, or of the group's input
    std::size_t element_bytes = 0;
    Shape shape;  ///< of the group's input
  };
  struct Member {
    LineWise line;
    std::shared_ptr<const void> state;
    std::uint8_t over = 0;          ///< OutputDef::over of its output
    std::size_t element_bytes = 0;  ///< of its output
    Shape shape;                    ///< likewise
    std::vector<Source> inputs;
  };

  /// Requires: one member at least and kMostMembers at most, of kMostInputs inputs each at most; all make as many
  /// elements, at least one; what each makes, but for the last, is read by a later one, and has the size of its
  /// elements there.
  ElementGroup(std::vector<Member> members, int threads);

  static constexpr std::size_t kMostMembers = 64;
  static constexpr std::size_t kMostInputs = 64;

  /// For the lines between members, of each thread.
  std::size_t workspace_bytes() const;
  /// Those of the group's inputs whose memory the output may take over: as long as the output, each element read before
  /// it is written.
  const std::vector<std::uint8_t>& in_place_inputs() const { return in_place_inputs_; }

  /// As Implementation::run; `state` is an ElementGroup, output 0 that of its last member.
  static void run(const RunArguments& arguments);

 private:
  /// A member as a run calls it.
  struct Call {
    void (*run)(const LineArguments&);
    const void* state;
    std::uint64_t singles;  ///< as LineArguments::single_inputs, of what stays where it is
    std::uint32_t first_operand;
    std::uint32_t result;  ///< the line in the workspace; the last member writes to the output
  };
  /// An operand that is at one place for all lines.
  struct Fixed {
    enum class Kind : std::uint8_t {
      kLine,    ///< what an earlier member made
      kSingle,  ///< one element of an input
      kFilled,  ///< the same, repeated in a line of its own
    };
    Kind kind;
    std::uint8_t element_bytes;
    std::uint32_t operand;  ///< among those of all members, one after another
    std::uint32_t input;    ///< of the group
    std::uint32_t line;     ///< in the workspace
  };
  /// An operand that goes on in an input from line to line.
  struct Moving {
    std::uint32_t operand;
    std::uint32_t input;
    std::uint32_t line;   ///< where it is lined up, if its runs do not hold a whole line
    std::uint32_t loops;  ///< among loops_; kDense: the input is as long as the output
    std::uint32_t call;
    std::uint8_t element_bytes;
    std::uint8_t position;  ///< among the member's inputs
    bool takes_single;
    bool row_wise;  ///< its runs are the rows, of one outer axis
  };
  static constexpr std::uint32_t kDense = ~std::uint32_t{0};
  /// An input as long as the output, where all arrays together exceed what a second-level cache is sure to hold.
  struct Far {
    std::uint32_t input;
    std::size_t element_bytes;
  };

  class Layout;
  class Lines;

  void run_block(const RunArguments& arguments, std::size_t block, std::size_t worker, bool streamed) const;

  std::vector<Call> calls_;
  std::vector<Fixed> fixed_;
  std::vector<Moving> moving_;
  std::vector<BroadcastLoops> loops_;  ///< beside the output
  std::vector<Far> far_;
  std::vector<std::shared_ptr<const void>> states_;
  std::vector<std::uint8_t> in_place_inputs_;
  std::size_t threads_ = 1;
  std::size_t count_ = 1;         ///< elements of the output
  std::size_t result_bytes_ = 0;  ///< of one of them
  std::size_t operands_ = 0;
  std::size_t row_ = 0;   ///< a line ends where a row of so many elements does
  std::size_t line_ = 0;  ///< elements, at most
  std::size_t block_ = 0;
  std::size_t lines_at_ = 0;  ///< bytes in the workspace of a thread
  std::size_t line_bytes_ = 0;
  std::size_t worker_bytes_ = 0;
  bool streamed_ = false;  ///< the output, where it takes over no input
  double work_ = 0.0;      ///< nanoseconds of one thread
};

}  // namespace linnet::internal
