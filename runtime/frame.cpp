#include "runtime/frame.hpp"

#include <memory>

#include "runtime/infer.hpp"

namespace linnet::internal {
namespace {

std::size_t operand_bytes(const Program& program) { return aligned(program.operands.size() * sizeof(void*)); }
std::size_t call_bytes(const Program& program) { return aligned(program.steps.size() * sizeof(Call)); }

}  // namespace

alignas(64) const std::byte kNothing[64] = {};

void bind_constants(const Program& program, void** operands) noexcept {
  for (std::size_t i = 0; i < program.operands.size(); ++i) {
    const Place& place = program.operands[i];
    operands[i] = nullptr;
    // Constants are only ever read through `const void*`.
    if (place.kind == Place::Kind::kConstant)
      operands[i] = const_cast<void*>(place.constant != nullptr ? place.constant : kNothing);
  }
}

Call make_call(const Step& step, void** operands, RunControl& control) noexcept {
  void** inputs = operands + step.first_operand;
  return {step.run,
          {step.state.get(), const_cast<const void* const*>(inputs), inputs + step.input_count, nullptr, control}};
}

void point_into_arena(const Program& program, std::byte* arena, void** operands, Call* calls) noexcept {
  for (std::size_t i = 0; i < program.operands.size(); ++i) {
    if (program.operands[i].kind == Place::Kind::kArena) operands[i] = arena + program.operands[i].offset;
  }
  for (std::size_t i = 0; i < program.steps.size(); ++i) {
    const Step& step = program.steps[i];
    calls[i].arguments.workspace = step.workspace_bytes == 0 ? nullptr : arena + step.workspace_offset;
  }
}

std::size_t Frame::bytes(const Program& program) {
  return operand_bytes(program) + call_bytes(program) + aligned(program.arena_bytes);
}

Frame::Frame(const Program& program, const Graph& graph, std::byte* memory, RunControl& control) noexcept
    : program_(&program),
      graph_(&graph),
      control_(&control),
      arena_(memory),
      operands_(reinterpret_cast<void**>(memory + aligned(program.arena_bytes))),
      calls_(reinterpret_cast<Call*>(memory + aligned(program.arena_bytes) + operand_bytes(program))) {
  bind_constants(program, operands_);
  for (std::size_t i = 0; i < program.steps.size(); ++i)
    new (calls_ + i) Call(make_call(program.steps[i], operands_, control));
  point_into_arena(program, arena_, operands_, calls_);
}

void Frame::run(const void* const* inputs, void* const* outputs) {
  for (const Patch& patch : program_->patches) {
    // Inputs are only ever read through `const void*`.
    operands_[patch.operand] = patch.output ? outputs[patch.position] : const_cast<void*>(inputs[patch.position]);
  }
  const std::size_t steps = program_->steps.size();
  std::size_t step = 0;
  try {
    for (; step < steps; ++step) {
      control_->check();
      calls_[step].run(calls_[step].arguments);
    }
  } catch (const Error& error) {
    if (is_stop(error)) throw;
    const NodeId node = program_->steps[step].parts.back().node;
    throw with_node_and_inputs(graph_->nodes[node], program_->values, graph_->symbols, error);
  }
  const auto input = [&](std::size_t position) { return inputs[position]; };
  const auto output = [&](std::size_t position) { return outputs[position]; };
  copy_outputs(*program_, arena_, *control_, input, output);
}

}  // namespace linnet::internal
