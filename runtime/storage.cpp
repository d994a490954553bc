#include "runtime/storage.hpp"

#include <algorithm>

#include "runtime/op.hpp"
#include "runtime/value_type.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kForever = SIZE_MAX;

class Assigner {
 public:
  Assigner(const Graph& graph, const std::vector<StepValues>& steps, const std::vector<ValueId>& views,
           const std::vector<Value>& values)
      : graph_(graph), steps_(steps), views_(views), values_(values) {
    map_.of_value.assign(values.size(), StorageMap::kNone);
    last_read_.assign(values.size(), 0);
  }

  StorageMap run() {
    find_last_reads();
    for (std::uint32_t input = 0; input < graph_.inputs.size(); ++input)
      add_external(graph_.inputs[input], Place::Kind::kInput, input);
    for (std::size_t step = 0; step < steps_.size(); ++step) place_outputs(step);
    for (ValueId value = 0; value < views_.size(); ++value) {
      if (views_[value] != value) map_.of_value[value] = storage_of(views_[value]);
    }
    claim_outputs();
    return std::move(map_);
  }

 private:
  void find_last_reads() {
    for (std::size_t step = 0; step < steps_.size(); ++step) {
      for (const ValueId input : steps_[step].inputs) {
        if (input != kNoValue) last_read_[views_[input]] = step;
      }
    }
    for (const ValueId output : graph_.outputs) last_read_[views_[output]] = kForever;
  }

  void add_external(ValueId value, Place::Kind kind, std::uint32_t index) {
    Storage storage;
    storage.kind = kind;
    storage.index = index;
    map_.of_value[value] = static_cast<std::uint32_t>(map_.storages.size());
    map_.storages.push_back(std::move(storage));
  }

  /// Constants get their storage when first asked for.
  std::uint32_t storage_of(ValueId value) {
    if (map_.of_value[value] == StorageMap::kNone && values_[value].constant != nullptr) {
      add_external(value, Place::Kind::kConstant, 0);
      map_.storages.back().constant = values_[value].constant->aligned();
    }
    return map_.of_value[value];
  }

  std::size_t element_bits(ValueId value) const { return bits_of(values_[value].type.type); }

  /// 0 of what a run reveals, which never lies in the arena.
  std::size_t bytes_of(ValueId value) const {
    if (is_held(values_[value].type.type) || !all_known(values_[value].type.dims)) return 0;
    return byte_count(values_[value].type.type, to_shape(values_[value].type.dims));
  }

  /// The storage that this output of the step may take over, or kNone.
  std::uint32_t find_in_place(std::size_t step, std::size_t output_index) {
    const std::vector<ValueId>& inputs = steps_[step].inputs;
    const std::vector<ValueId>& outputs = steps_[step].outputs;
    const ValueId output = outputs[output_index];
    if (!all_known(values_[output].type.dims)) return StorageMap::kNone;
    const std::size_t bytes = bytes_of(output);
    for (const InPlace& allowed : steps_[step].in_place) {
      const std::size_t input = allowed.input;
      if (allowed.output != output_index || input >= inputs.size() || inputs[input] == kNoValue) continue;
      const ValueId source = views_[inputs[input]];
      const std::uint32_t storage = storage_of(source);
      if (element_bits(inputs[input]) != element_bits(output)) continue;
      if (map_.storages[storage].kind != Place::Kind::kArena || map_.storages[storage].bytes != bytes ||
          last_read_[source] != step)
        continue;
      const auto elsewhere_too = [&](ValueId other) {
        return other != kNoValue && other != inputs[input] && storage_of(views_[other]) == storage;
      };
      const auto taken = [&](ValueId other) { return other != kNoValue && map_.of_value[other] == storage; };
      if (std::none_of(inputs.begin(), inputs.end(), elsewhere_too) &&
          std::none_of(outputs.begin(), outputs.end(), taken))
        return storage;
    }
    return StorageMap::kNone;
  }

  void place_outputs(std::size_t step) {
    for (const ValueId input : steps_[step].inputs) {
      if (input != kNoValue) map_.storages[storage_of(views_[input])].last = step;
    }
    for (std::size_t i = 0; i < steps_[step].outputs.size(); ++i) {
      const ValueId output = steps_[step].outputs[i];
      if (output == kNoValue) continue;
      std::uint32_t storage = find_in_place(step, i);
      if (storage == StorageMap::kNone) {
        storage = static_cast<std::uint32_t>(map_.storages.size());
        map_.storages.emplace_back();
        map_.storages[storage].bytes = bytes_of(output);
        map_.storages[storage].first = step;
      }
      map_.storages[storage].last = step;
      map_.storages[storage].values.push_back(output);
      map_.of_value[output] = storage;
    }
  }

  /// A graph output that a step makes lives in the caller's buffer from the start; the same memory can serve one output
  /// only.
  void claim_outputs() {
    for (std::uint32_t output = 0; output < graph_.outputs.size(); ++output) {
      const std::uint32_t id = storage_of(views_[graph_.outputs[output]]);
      Storage& storage = map_.storages[id];
      if (storage.kind == Place::Kind::kArena) {
        storage.kind = Place::Kind::kOutput;
        storage.index = output;
      }
    }
  }

  const Graph& graph_;
  const std::vector<StepValues>& steps_;
  const std::vector<ValueId>& views_;
  const std::vector<Value>& values_;
  StorageMap map_;
  std::vector<std::size_t> last_read_;
};

}  // namespace

StorageMap assign_storage(const Graph& graph, const std::vector<StepValues>& steps, const std::vector<ValueId>& views,
                          const std::vector<Value>& values) {
  return Assigner(graph, steps, views, values).run();
}

}  // namespace linnet::internal
