// ZipMap (ai.onnx.ml): the rows of X ([N,C] or [C], float32) as a sequence of maps from a list of C keys to the
// elements: classlabels_int64s or classlabels_strings, exactly one of them. Of a key that is there twice the last
// element counts. Opset 1.
#include <cstring>

#include "ops/learned/labels.hpp"
#include "ops/sequence/sequences.hpp"
#include "ops/text/texts.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kRowsUntilCheck = 256;

struct ZipAttributes : Attributes {
  std::int64_t columns = 0;
  Held entries;  ///< a map from the keys to the columns (int64)
  DataType map_type() const { return map_of(entries.items()[0].type(), DataType::kFloat32); }
};

AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<ZipAttributes>();
  const Labels labels = parse_labels(context, "classlabels_int64s");
  attributes->columns = static_cast<std::int64_t>(labels.size());
  const Shape shape{attributes->columns};
  Held keys, columns;
  if (labels.are_strings()) {
    keys.make_strings(shape) = labels.strings;
  } else {
    std::memcpy(keys.make(DataType::kInt64, shape), labels.integers.data(), labels.size() * sizeof(std::int64_t));
  }
  auto* const column = reinterpret_cast<std::int64_t*>(columns.make(DataType::kInt64, shape));
  for (std::int64_t i = 0; i < attributes->columns; ++i) column[i] = i;
  make_map(attributes->entries, keys, columns);
  return attributes;
}

void infer(InferContext& context) {
  const auto& attributes = context.attributes<ZipAttributes>();
  const Dims& dims = context.input_dims(0);
  if (dims.empty() || dims.size() > 2) invalid_model("input X has rank ", dims.size(), ", expected 1 or 2");
  if (dims.back().differs(attributes.columns))
    invalid_model("input X has rows of ", dims.back(), " elements, but there are ", attributes.columns, " keys");
  set_output_sequence(context, attributes.map_type(), dims.size() == 1 ? Dim(1) : dims[0]);
}

struct State {
  AttributesPtr attributes;
  std::size_t rows = 0;
};

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<State>();
  state->attributes = context.node().attributes;
  const Shape shape = context.input_shape(0);
  state->rows = shape.size() == 1 ? 1 : static_cast<std::size_t>(shape[0]);
  return {state};
}

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  const auto& attributes = static_cast<const ZipAttributes&>(*state.attributes);
  const Held& keys = attributes.entries.items()[0];
  const auto* const columns = reinterpret_cast<const std::int64_t*>(attributes.entries.items()[1].data());
  const std::int64_t entries = keys.shape()[0];
  const auto* x = static_cast<const float*>(args.inputs[0]);
  Held& output = held(args.outputs[0]);
  std::vector<Held>& maps = output.make_items(sequence_of(attributes.map_type()), state.rows);
  // Rows are bounded by memory that is there; what one takes is bounded by the model.
  output.check_budget(state.rows * (attributes.entries.total_bytes() + sizeof(Held)));
  for (std::size_t row = 0; row < state.rows; ++row, x += attributes.columns) {
    if (row % kRowsUntilCheck == 0) args.control.check();
    std::vector<Held>& pair = maps[row].make_items(attributes.map_type(), 2);
    pair[0].copy(keys);
    auto* const y = reinterpret_cast<float*>(pair[1].make(DataType::kFloat32, {entries}));
    for (std::int64_t i = 0; i < entries; ++i) y[i] = x[columns[i]];
  }
}

constexpr InputDef kInputs[] = {{"X", {DataType::kFloat32}}};
constexpr OutputDef kOutputs[] = {{"Z", {DataType::kFloat32}, kJudgesTypes}};

}  // namespace

void register_zip_map(Registry& registry) {
  OpDef op = text_op("ZipMap", 1, kInputs, kOutputs, parse, infer, prepare, run);
  op.domain = "ai.onnx.ml";
  op.output_type = [](const NodeView& node, std::size_t) {
    return sequence_of(node.attributes<ZipAttributes>().map_type());
  };
  op.facts.reveals = true;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
