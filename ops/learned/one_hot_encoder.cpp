// OneHotEncoder (ai.onnx.ml): Y (X's shape and [C] behind it, float32) is 1 at the place that an element of X has among
// C categories, else 0. cats_strings for strings; cats_int64s for numbers (float32, float64, int32, int64), which are
// cut to whole ones. An element that is no category: all zeros, or with zeros=0 an error of the run. Of a category that
// is there twice the last place counts. Opset 1. Deviation: X may have any rank.
#include <algorithm>

#include "ops/learned/labels.hpp"
#include "ops/shared/chunks.hpp"
#include "ops/shared/element_lines.hpp"
#include "ops/shared/first_fault.hpp"
#include "ops/text/dictionary.hpp"
#include "ops/text/texts.hpp"
#include "runtime/held.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kLine = 256;         // elements that are looked up at a time
constexpr std::size_t kChunk = 1024;       // elements in a task, and
constexpr std::size_t kWritten = 1 << 18;  // of Y, unless one element takes more
constexpr double kCost = 20.0;             // ns per element, and
constexpr double kZeroCost = 0.1;          // per category

struct CategoryAttributes : Attributes {
  bool of_strings = false;
  bool zeros = true;
  std::size_t count = 0;
  Dictionary keys;
  std::vector<std::size_t> places;  ///< by the numbers of the keys

  void add(std::uint32_t key) {
    if (key == places.size()) places.push_back(0);
    places[key] = count++;
  }
};

AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<CategoryAttributes>();
  const Labels labels = parse_labels(context, "cats_int64s", "cats_strings");
  attributes->of_strings = labels.are_strings();
  for (const std::int64_t key : labels.integers) attributes->add(attributes->keys.add(static_cast<std::uint64_t>(key)));
  for (const std::string& key : labels.strings) attributes->add(attributes->keys.add(key));
  attributes->zeros = context.get_int("zeros", 1) != 0;
  return attributes;
}

constexpr TypeSet kNumbers{DataType::kFloat32, DataType::kFloat64, DataType::kInt32, DataType::kInt64};

void infer(InferContext& context) {
  const auto& attributes = context.attributes<CategoryAttributes>();
  const DataType type = context.input_type(0);
  const bool fits = attributes.of_strings ? type == DataType::kString : kNumbers.has(type);
  if (!fits)
    invalid_model("input X is ", type, ", but the categories are ", attributes.of_strings ? "strings" : "int64");
  Dims dims = context.input_dims(0);
  dims.push_back(Dim(static_cast<std::int64_t>(attributes.count)));
  context.set_output(0, std::move(dims));
}

struct State {
  AttributesPtr attributes;
  DataType type = DataType::kUndefined;
  std::size_t elements = 0;
};

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<State>();
  state->attributes = context.node().attributes;
  state->type = context.input_type(0);
  state->elements = static_cast<std::size_t>(element_count(context.input_shape(0)));
  return {state};
}

/// The numbers of the keys that elements [first, first + count) are, at most kLine.
void look_up(const State& state, const void* x, std::size_t first, std::size_t count, std::uint32_t* found) {
  const Dictionary& keys = static_cast<const CategoryAttributes&>(*state.attributes).keys;
  if (state.type == DataType::kString) {
    for (std::size_t i = 0; i < count; ++i) found[i] = keys.find(held(x).strings()[first + i]);
  } else if (kSignedTypes.has(state.type)) {
    std::int64_t line[kLine];
    load_line(state.type, x, first, count, line);
    for (std::size_t i = 0; i < count; ++i) found[i] = keys.find(static_cast<std::uint64_t>(line[i]));
  } else {
    constexpr double kEnd = 0x1p63;
    double line[kLine];
    load_line(state.type, x, first, count, line);
    for (std::size_t i = 0; i < count; ++i) {
      const bool whole = line[i] >= -kEnd && line[i] < kEnd;
      found[i] = whole ? keys.find(static_cast<std::uint64_t>(static_cast<std::int64_t>(line[i]))) : Dictionary::kNone;
    }
  }
}

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  const auto& attributes = static_cast<const CategoryAttributes&>(*state.attributes);
  FirstFault fault;
  const double cost = kCost + kZeroCost * static_cast<double>(attributes.count);
  const std::size_t chunk = std::clamp<std::size_t>(kWritten / attributes.count, 1, kChunk);
  for_chunks(args.control, state.elements, chunk, cost, [&](std::size_t first, std::size_t count) {
    std::uint32_t found[kLine];
    for (const std::size_t end = first + count; first < end; first += kLine) {
      const std::size_t size = std::min(kLine, end - first);
      look_up(state, args.inputs[0], first, size, found);
      float* y = static_cast<float*>(args.outputs[0]) + first * attributes.count;
      std::fill_n(y, size * attributes.count, 0.0F);
      for (std::size_t i = 0; i < size; ++i, y += attributes.count) {
        if (found[i] != Dictionary::kNone) {
          y[attributes.places[found[i]]] = 1;
        } else if (!attributes.zeros) {
          fault.note(first + i);
        }
      }
      if (args.control.abandon_if_stopped()) return;
    }
  });
  if (fault.element() != FirstFault::kNowhere)
    fail(ErrorCode::kRuntimeFault, "element ", fault.element(), " of X is no category, and zeros is 0");
}

constexpr InputDef kInputs[] = {{"X", kNumbers | kStringType, kJudgesTypes}};
constexpr OutputDef kOutputs[] = {{"Y", kFloat32Type}};

}  // namespace

void register_one_hot_encoder(Registry& registry) {
  OpDef op = text_op("OneHotEncoder", 1, kInputs, kOutputs, parse, infer, prepare, run);
  op.domain = "ai.onnx.ml";
  registry.add(std::move(op));
}

}  // namespace linnet::internal
