// A group of elementwise steps that run as one step: a line of elements goes through all of them while it is in the
// first-level cache, and nothing but the last result goes to memory.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "runtime/broadcast_loops.hpp"
#include "runtime/graph.hpp"
#include "runtime/op.hpp"

namespace linnet::internal {

/// A step of a program, as far as groups look at it.
struct ElementStep {
  const std::vector<ValueId>* inputs = nullptr;  ///< kNoValue: left out or not read; null: not line-wise
  ValueId output = kNoValue;
};

/// Positions in the list of steps, ascending, two or more; the last is where the group runs.
using ElementGroupSteps = std::vector<std::uint32_t>;

/// The steps that are better run as one: what a member makes is read by later members alone, but for the last, and all
/// of them make as many elements, at least one. `views` and `values` as for assign_storage; `readers`: how often the
/// bytes of a value are read, a graph output counted as a reader.
///
/// A member that steps outside the group stand behind waits for them, and so do its inputs. So it joins only where
/// those take no more memory than its output would. The time is near-linear in the steps.
std::vector<ElementGroupSteps> find_element_groups(const std::vector<ElementStep>& steps,
                                                   const std::vector<ValueId>& views,
                                                   const std::vector<std::uint32_t>& readers,
                                                   const std::vector<Value>& values);

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
    const std::vector<std::uint8_t>* in_place_inputs = nullptr;  ///< OpFacts::in_place_inputs; read at once
    std::size_t element_bytes = 0;                               ///< of its output
    Shape shape;                                                 ///< likewise
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
  /// Where a line of a member's input is.
  struct Operand {
    enum class Kind : std::uint8_t {
      kNothing,
      kLine,       ///< in a slot
      kDense,      ///< in an input as long as the output
      kSingle,     ///< one element for all
      kFilled,     ///< the same, repeated in a slot of its own
      kBroadcast,  ///< in an input along which the output goes in runs; lined up in a slot where a run ends in a line
    };
    Kind kind = Kind::kNothing;
    bool takes_single = false;
    bool row_wise = false;      ///< kBroadcast: its runs are the rows, of one outer axis
    std::uint8_t position = 0;  ///< among the member's inputs
    std::uint32_t call = 0;     ///< the member
    std::uint32_t input = 0;    ///< of the group
    std::uint32_t slot = 0;
    std::size_t element_bytes = 0;
    BroadcastLoops loops;  ///< kBroadcast: beside the output
  };
  /// A member as a run calls it.
  struct Call {
    void (*run)(const LineArguments&);
    std::shared_ptr<const void> state;
    std::uint32_t first_operand;
    std::uint32_t slot;     ///< of its result; the last writes to the output
    std::uint64_t singles;  ///< as LineArguments::single_inputs, of kSingle
  };
  class Slots;
  class Lines;

  Operand operand_of(const Member& member, std::size_t position, const Source& source) const;
  void give_slots(const std::vector<Member>& members);
  void find_in_place_inputs(const std::vector<Member>& members);
  std::size_t bytes_of_run() const;
  void choose_lengths(double cost);
  void run_block(const RunArguments& arguments, std::size_t block, std::size_t worker, bool streamed) const;

  std::vector<Call> calls_;
  std::vector<Operand> operands_;      ///< of all calls, one after another
  std::vector<std::uint32_t> moving_;  ///< operands that lie elsewhere for each line
  std::vector<std::uint8_t> in_place_inputs_;
  int threads_;
  std::size_t count_;
  std::size_t result_bytes_;      ///< of an element
  std::size_t widest_bytes_ = 1;  ///< of an element in a slot
  std::size_t slots_ = 0;
  std::size_t row_ = 0;   ///< a line ends where a row of so many elements does; 0: anywhere
  std::size_t line_ = 0;  ///< elements, at most
  std::size_t block_ = 0;
  bool streamed_ = false;  ///< the output, where it takes over no input
  double work_ = 0.0;      ///< nanoseconds of one thread
};

}  // namespace linnet::internal
