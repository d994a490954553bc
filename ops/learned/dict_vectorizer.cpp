// DictVectorizer (ai.onnx.ml): Y ([1,V]) holds for each of V keys (int64_vocabulary or string_vocabulary, exactly one
// of them) its value in the map X, or 0 or "" where it is not there. Keys of X that the vocabulary has not are left
// out. Values: float32, float64, int64 and strings. Opset 1. Deviation: ONNX's text calls Y 1-D; it is what ONNX
// Runtime makes.
#include <cstring>

#include "ops/learned/labels.hpp"
#include "ops/text/dictionary.hpp"
#include "ops/text/texts.hpp"
#include "runtime/data_type.hpp"
#include "runtime/held.hpp"

namespace linnet::internal {
namespace {

constexpr TypeSet kValueTypes{DataType::kFloat32, DataType::kFloat64, DataType::kInt64, DataType::kString};

struct VocabularyAttributes : Attributes {
  DataType key_type = DataType::kInt64;
  std::int64_t columns = 0;
  Dictionary keys;
};

AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<VocabularyAttributes>();
  const Labels labels = parse_labels(context, "int64_vocabulary", "string_vocabulary");
  attributes->key_type = labels.type();
  attributes->columns = static_cast<std::int64_t>(labels.size());
  std::uint32_t last = 0;
  for (const std::int64_t key : labels.integers) last = attributes->keys.add(static_cast<std::uint64_t>(key));
  for (const std::string& key : labels.strings) last = attributes->keys.add(key);
  if (last + 1 != attributes->columns) invalid_model("a key is in the vocabulary twice");
  return attributes;
}

void infer(InferContext& context) {
  const auto& attributes = context.attributes<VocabularyAttributes>();
  const DataType type = context.input_type(0);
  if (!is_map(type)) invalid_model("input X is ", type, ", expected a map");
  if (key_type_of(type) != attributes.key_type || !kValueTypes.has(element_type_of(type)))
    invalid_model("input X is ", type, ", but the vocabulary is ", attributes.key_type);
  context.set_output(0, element_type_of(type), {Dim(1), Dim(attributes.columns)});
}

void run(const RunArguments& args) {
  const auto& attributes = *static_cast<const VocabularyAttributes*>(args.state);
  const Held& keys = held(args.inputs[0]).items()[0];
  const Held& values = held(args.inputs[0]).items()[1];
  const Shape& shape = keys.shape();
  Held& output = held(args.outputs[0]);
  const std::size_t size = size_of(values.type());
  std::byte* elements = nullptr;
  if (values.type() == DataType::kString) {
    for (std::string& text : output.make_strings({1, attributes.columns})) text.clear();
  } else {
    elements = output.make(values.type(), {1, attributes.columns});
    std::memset(elements, 0, output.bytes());
  }
  for (std::size_t i = 0; i < static_cast<std::size_t>(shape[0]); ++i) {
    const std::uint32_t column = attributes.key_type == DataType::kString
                                     ? attributes.keys.find(keys.strings()[i])
                                     : attributes.keys.find(reinterpret_cast<const std::uint64_t*>(keys.data())[i]);
    if (column == Dictionary::kNone) continue;
    if (elements == nullptr) {
      output.strings()[column] = values.strings()[i];
    } else {
      std::memcpy(elements + column * size, values.data() + i * size, size);
    }
  }
  output.check_budget();
}

constexpr InputDef kInputs[] = {{"X", kValueTypes, kJudgesTypes}};
constexpr OutputDef kOutputs[] = {{"Y", kValueTypes}};

}  // namespace

void register_dict_vectorizer(Registry& registry) {
  OpDef op = text_op("DictVectorizer", 1, kInputs, kOutputs, parse, infer, prepare_attributes, run);
  op.domain = "ai.onnx.ml";
  op.output_type = [](const NodeView& node, std::size_t) { return element_type_of(node.input_type(0)); };
  op.facts.reveals = true;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
