#include "runtime/lowering/lowering.hpp"
#include "runtime/value_type.hpp"

namespace linnet::internal {
namespace {

/// For every storage its offset in the arena; 0 of those that have none.
std::vector<std::size_t> plan(Lowering& lowering, const StorageMap& map) {
  Program& program = *lowering.program;
  std::vector<Block> blocks;
  std::vector<std::size_t> storage_of_block;
  for (std::size_t i = 0; i < map.storages.size(); ++i) {
    const Storage& storage = map.storages[i];
    if (storage.kind != Place::Kind::kArena || storage.bytes == 0) continue;
    storage_of_block.push_back(i);
    blocks.push_back({storage.first, storage.last, aligned(storage.bytes)});
    program.blocks.push_back({blocks.back(), 0, storage.values});
  }
  for (std::size_t step = 0; step < program.steps.size(); ++step) {
    if (program.steps[step].workspace_bytes == 0) continue;
    blocks.push_back({step, step, aligned(program.steps[step].workspace_bytes)});
    program.blocks.push_back({blocks.back(), 0, {}});
  }
  const MemoryPlan plan = plan_memory(blocks);
#ifndef NDEBUG
  if (const std::string problem = check_plan(blocks, plan); !problem.empty())
    fail(ErrorCode::kInternal, "memory plan: ", problem);
#endif
  if (plan.arena_bytes > lowering.settings.memory_budget) {
    fail(ErrorCode::kLimitExceeded, "a run with these input shapes needs an arena of ", plan.arena_bytes,
         " bytes, the memory budget is ", lowering.settings.memory_budget);
  }
  std::vector<std::size_t> offsets(map.storages.size(), 0);
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    program.blocks[i].offset = plan.offsets[i];
    if (i < storage_of_block.size()) {
      offsets[storage_of_block[i]] = plan.offsets[i];
    } else {
      program.steps[blocks[i].first].workspace_offset = plan.offsets[i];
    }
  }
  program.arena_bytes = plan.arena_bytes;
  program.lower_bound_bytes = plan.lower_bound_bytes;
  return offsets;
}

bool is_revealed(Lowering& lowering, ValueId value) {
  const Value& made = lowering.values()[value];
  return made.constant == nullptr && made.producer != kNoNode && reveals(lowering.graph.nodes[made.producer]);
}

Place place_of(Lowering& lowering, ValueId value, const StorageMap& map, const std::vector<std::size_t>& offsets) {
  Place place;
  const ValueId shown = lowering.views[value];
  if (lowering.values()[shown].constant != nullptr && map.of_value[shown] == StorageMap::kNone) {
    place.kind = Place::Kind::kConstant;
    place.constant = lowering.values()[shown].constant->aligned();
    return place;
  }
  const std::uint32_t id = map.of_value[shown];
  const Storage& storage = map.storages[id];
  place.kind = storage.kind;
  place.index = storage.index;
  place.constant = storage.constant;
  place.offset = offsets[id];
  return place;
}

void place_operands(Lowering& lowering, const StorageMap& map, const std::vector<std::size_t>& offsets) {
  Program& program = *lowering.program;
  for (std::size_t index = 0; index < program.steps.size(); ++index) {
    Step& step = program.steps[index];
    step.first_operand = static_cast<std::uint32_t>(program.operands.size());
    step.input_count = static_cast<std::uint32_t>(lowering.step_values[index].inputs.size());
    step.output_count = static_cast<std::uint32_t>(lowering.step_values[index].outputs.size());
    for (const auto* operands : {&lowering.step_values[index].inputs, &lowering.step_values[index].outputs}) {
      for (const ValueId value : *operands) {
        const Place place = value == kNoValue ? Place{} : place_of(lowering, value, map, offsets);
        const bool output = place.kind == Place::Kind::kOutput;
        if (output || place.kind == Place::Kind::kInput) {
          program.patches.push_back({static_cast<std::uint32_t>(program.operands.size()), place.index, output});
        }
        program.operands.push_back(place);
      }
    }
  }
  for (const ValueId output : lowering.graph.outputs) {
    const TensorType& type = lowering.values()[output].type;
    if (is_revealed(lowering, output)) {
      program.outputs.push_back({type.type, true, {}, 0, place_of(lowering, output, map, offsets)});
      continue;
    }
    const Shape shape = to_shape(type.dims);
    program.outputs.push_back(
        {type.type, false, shape, byte_count(type.type, shape), place_of(lowering, output, map, offsets)});
  }
}

}  // namespace

void lay_out(Lowering& lowering) {
  const StorageMap map = assign_storage(lowering.graph, lowering.step_values, lowering.views, lowering.values());
  const std::vector<std::size_t> offsets = plan(lowering, map);
  place_operands(lowering, map, offsets);
}

}  // namespace linnet::internal
