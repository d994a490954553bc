// A program bound to memory: what a session or a step keeps to run it.
#pragma once

#include <cstddef>

#include "runtime/copy_bytes.hpp"
#include "runtime/program.hpp"

namespace linnet::internal {

/// What operands without bytes point to: kernels get a valid address even for nothing.
extern const std::byte kNothing[64];

/// A step with everything it needs, ready to be called.
struct Call {
  void (*run)(const RunArguments&);
  RunArguments arguments;
};

/// Writes the addresses of constants, and null for other operands. Requires: room for as many as the program has.
void bind_constants(const Program& program, void** operands) noexcept;
/// The call of a step; it refers to `operands`, and has no workspace yet.
Call make_call(const Step& step, void** operands, RunControl& control) noexcept;
/// Writes the addresses of what lies in the arena, workspaces among it.
void point_into_arena(const Program& program, std::byte* arena, void** operands, Call* calls) noexcept;

/// Where the bytes of a place are. `input` and `output` give the addresses of those by position.
template <typename Input, typename Output>
const void* address_of(const Place& place, const std::byte* arena, const Input& input, const Output& output) {
  switch (place.kind) {
    case Place::Kind::kConstant:
      return place.constant;
    case Place::Kind::kArena:
      return arena + place.offset;
    case Place::Kind::kInput:
      return input(place.index);
    case Place::Kind::kOutput:
      return output(place.index);
    case Place::Kind::kNone:
      break;
  }
  return nullptr;
}

/// After the last step: the outputs that no step wrote where they belong.
template <typename Input, typename Output>
void copy_outputs(const Program& program, const std::byte* arena, RunControl& control, const Input& input,
                  const Output& output) {
  for (std::size_t i = 0; i < program.outputs.size(); ++i) {
    const ProgramOutput& made = program.outputs[i];
    const bool in_place = made.source.kind == Place::Kind::kOutput && made.source.index == i;
    if (!in_place) copy_bytes(control, output(i), address_of(made.source, arena, input, output), made.bytes);
  }
}

/// A program that runs within a step, without buffers or memory of its own. Thread-safety: one thread.
class Frame {
 public:
  /// Memory that a frame of this program needs; a multiple of 64.
  static std::size_t bytes(const Program& program);
  /// `graph`: the one that the program was compiled from, for messages. Requires: `memory`, 64-byte aligned, holds
  /// bytes(program) until the last run; all arguments live as long.
  Frame(const Program& program, const Graph& graph, std::byte* memory, RunControl& control) noexcept;

  /// Allocates nothing. `inputs` and `outputs` are one address for each of the graph's; no two of them overlap but for
  /// inputs. Errors: those of steps, naming the node, and of RunControl::check.
  void run(const void* const* inputs, void* const* outputs);

 private:
  const Program* program_;
  const Graph* graph_;
  RunControl* control_;
  std::byte* arena_;
  void** operands_;
  Call* calls_;
};

}  // namespace linnet::internal
