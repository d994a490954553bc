// Dropout: output = data at inference; the optional mask (shape of data) says that every element was kept. In training
// an element is kept with probability 1 - ratio, and output = data / (1 - ratio) then, else 0.
//   opset 7: ratio is an attribute, mask has data's type (ones); opset 10: mask is bool (true);
//   opset 12: ratio (float scalar in [0, 1), default 0.5) and training_mode (bool scalar, default false) are inputs 1
//   and 2, seed an attribute (an integer; used as source/random.cpp has it); 13, 22: more types.
#include <algorithm>

#include "ops/elementwise/broadcast_loops.hpp"
#include "ops/movement/copy.hpp"
#include "ops/shared/chunks.hpp"
#include "ops/shared/element_lines.hpp"
#include "ops/shared/layout.hpp"
#include "ops/shared/shape_helpers.hpp"
#include "ops/shared/truth.hpp"
#include "ops/shared/wanted_elements.hpp"
#include "ops/source/random_numbers.hpp"
#include "runtime/data_type.hpp"

namespace linnet::internal {
namespace {

struct DropoutAttributes : Attributes {
  bool mask_is_bool = true;
  std::optional<std::uint64_t> seed;
};

AttributesPtr parse_dropout(ParseContext& context) {
  auto attributes = new_shared<DropoutAttributes>();
  if (context.opset() < 12) {
    if (context.input_count() > 1) invalid_model(context.input_count(), " inputs, expected 1 before opset 12");
    context.ignore("ratio");
  } else {
    if (context.has("seed")) attributes->seed = static_cast<std::uint64_t>(context.get_int("seed", 0));
  }
  attributes->mask_is_bool = context.opset() >= 10;
  return attributes;
}

bool is_zero(const Constant& ratio) {
  if (ratio.count() != 1) return false;
  return visit_float_type(ratio.type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    return static_cast<double>(ratio.as<T>()[0]) == 0;
  });
}

void require_scalar(const NodeView& node, std::size_t input, const char* name) {
  if (node.input_rank(input) > 1 || element_count(node.input_dims(input)).differs(1)) {
    invalid_model("input ", name, " has shape ", node.input_dims(input), ", expected a scalar");
  }
}

DataType mask_type(const NodeView& node, std::size_t) {
  return node.attributes<DropoutAttributes>().mask_is_bool ? DataType::kBool : node.input_type(0);
}

void infer_dropout(InferContext& context) {
  if (context.has_input(1)) require_scalar(context, 1, "ratio");
  if (context.has_input(2)) require_scalar(context, 2, "training_mode");
  context.set_output(0, context.input_dims(0));
  context.set_output(1, mask_type(context, 1), context.input_dims(0));
}

/// Known not to train before the run, or to drop nothing.
bool keeps_all(const NodeView& node) {
  if (!node.has_input(2)) return true;
  if (node.has_input(1) && node.input_constant(1) != nullptr && is_zero(*node.input_constant(1))) return true;
  const auto training = node.input_integers(2);
  return training && training->size() == 1 && training->front() == 0;
}

struct DropoutState {
  explicit DropoutState(std::optional<std::uint64_t> seed) : keys(seed) {}
  RandomKeys keys;
  DataType type = DataType::kUndefined;
  DataType mask_type = DataType::kUndefined;
  DataType ratio_type = DataType::kUndefined;  ///< undefined: 0.5
  std::size_t count = 0;
  bool has_mask = false, may_train = false;
};

Prepared prepare_dropout(const PrepareContext& context) {
  const auto& attributes = context.attributes<DropoutAttributes>();
  auto state = new_shared<DropoutState>(attributes.seed);
  state->type = context.input_type(0);
  state->mask_type = attributes.mask_is_bool ? DataType::kBool : state->type;
  state->ratio_type = context.input_type(1);
  state->count = static_cast<std::size_t>(element_count(context.input_shape(0)));
  state->has_mask = context.has_output(1);
  state->may_train = context.has_input(2);
  return {std::move(state), 0, 0};
}

double ratio_of(const DropoutState& state, const RunArguments& args) {
  double ratio = 0.5;
  if (state.ratio_type != DataType::kUndefined) load_line(state.ratio_type, args.inputs[1], 0, 1, &ratio);
  if (ratio >= 0 && ratio < 1) return ratio;
  fail(ErrorCode::kRuntimeFault, "ratio is ", ratio, ", expected 0 to below 1");
}

/// Masks are bool in training.
void train(const DropoutState& state, const RunArguments& args, double ratio) {
  constexpr std::size_t kChunk = 8192;
  constexpr double kCost = 20.0;  // ns per element
  const std::uint64_t key = state.keys.next();
  for_chunks(args.control, state.count, kChunk, kCost, [&](std::size_t chunk, std::size_t size) {
    for_lined_up(chunk, size, [&](std::size_t first, std::size_t count) {
      double line[kLinedUp], drawn[kLinedUp];
      load_line(state.type, args.inputs[0], first, count, line);
      random_uniforms(key, first, count, drawn);
      for (std::size_t i = 0; i < count; ++i) {
        const bool kept = drawn[i] >= ratio;
        line[i] = kept ? line[i] / (1 - ratio) : 0.0;
        if (state.has_mask) static_cast<std::uint8_t*>(args.outputs[1])[first + i] = kept ? 1 : 0;
      }
      if (args.outputs[0] != nullptr) store_line(state.type, line, first, count, args.outputs[0]);
    });
  });
}

void run_dropout(const RunArguments& args) {
  const auto& state = *static_cast<const DropoutState*>(args.state);
  if (state.may_train && is_true_at(args.inputs[2])) {
    const double ratio = ratio_of(state, args);
    if (ratio > 0) return train(state, args, ratio);
  }
  if (args.outputs[0] != nullptr)
    copy_bytes(args.control, args.outputs[0], args.inputs[0], state.count * size_of(state.type));
  if (!state.has_mask) return;
  visit_type(state.mask_type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    std::fill_n(static_cast<T*>(args.outputs[1]), state.count, static_cast<T>(1.0F));
  });
}

/// Nothing is dropped.
std::optional<WantedElements> wanted_elements(const NodeView&, std::size_t input) {
  if (input == 0) return std::nullopt;
  return wanted_list({0}, input == 1 ? "the share to drop" : "whether to drop");
}

constexpr InputDef kInputs[] = {
    {"data", kFloatTypes},
    {"ratio", kFloatTypes, kMayBeLeftOut},
    {"training_mode", kBoolType, kMayBeLeftOut},
};
constexpr OutputDef kOutputs[] = {{"output", TypeOf{0}, 0, over(0)}, {"mask", kFloatTypes | kBoolType, kMayBeLeftOut}};

}  // namespace

void register_dropout(Registry& registry) {
  OpDef op;
  op.name = "Dropout";
  op.inputs = kInputs;
  op.outputs = kOutputs;
  op.parse = parse_dropout;
  op.infer = infer_dropout;
  op.output_type = mask_type;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare_dropout, run_dropout}};
  op.facts.channels_last = same_in_any_layout;
  op.facts.deterministic = false;
  op.facts.wanted_elements = wanted_elements;
  op.facts.is_identity = keeps_all;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
