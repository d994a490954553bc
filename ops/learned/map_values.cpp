// MapValues (of Linnet's own domain): the values of a map X from int64 keys to float32 or strings, what CastMap casts.
// Without `size` Y is [1,entries]: the values in the order of the keys. Else it is [1,size]: the value of each key from
// 0 on, 0 or `pad` where there is none; larger keys are left out, negative ones an error of the run.
#include <cstring>

#include "ops/text/texts.hpp"
#include "runtime/data_type.hpp"
#include "runtime/held.hpp"

namespace linnet::internal {
namespace {

struct ValuesAttributes : Attributes {
  std::int64_t size = 0;  ///< 0: of all entries
  std::string pad;
};

AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<ValuesAttributes>();
  attributes->size = context.get_int("size", 0);
  attributes->pad = context.get_string("pad", "");
  return attributes;
}

void infer(InferContext& context) {
  const std::int64_t size = context.attributes<ValuesAttributes>().size;
  const DataType type = context.input_type(0);
  if (type != map_of(DataType::kInt64, DataType::kFloat32) && type != map_of(DataType::kInt64, DataType::kString))
    invalid_model("input X is ", type, ", expected a map from int64 to float32 or string");
  context.set_output(0, element_type_of(type), {Dim(1), size == 0 ? Dim::unknown() : Dim(size)});
}

void run(const RunArguments& args) {
  const auto& attributes = *static_cast<const ValuesAttributes*>(args.state);
  const Held& map = held(args.inputs[0]);
  const Held& values = map.items()[1];
  const auto* const keys = reinterpret_cast<const std::int64_t*>(map.items()[0].data());
  const std::int64_t entries = values.shape()[0];
  const std::int64_t size = attributes.size == 0 ? entries : attributes.size;
  const bool strings = values.type() == DataType::kString;
  Held& output = held(args.outputs[0]);
  float* numbers = nullptr;
  if (strings) {
    output.check_budget(static_cast<std::size_t>(size));
    for (std::string& text : output.make_strings({1, size})) text = attributes.pad;
  } else {
    numbers = reinterpret_cast<float*>(output.make(DataType::kFloat32, {1, size}));
    std::memset(numbers, 0, output.bytes());
  }
  if (attributes.size != 0 && entries > 0 && keys[0] < 0)
    fail(ErrorCode::kRuntimeFault, "the map has the key ", keys[0], ", expected keys from 0 on");
  for (std::int64_t entry = 0; entry < entries; ++entry) {
    const std::int64_t place = attributes.size == 0 ? entry : keys[entry];
    if (place >= size) break;
    if (strings) {
      output.strings()[static_cast<std::size_t>(place)] = values.strings()[static_cast<std::size_t>(entry)];
    } else {
      numbers[place] = reinterpret_cast<const float*>(values.data())[entry];
    }
  }
  output.check_budget();
}

constexpr InputDef kInputs[] = {{"X", {DataType::kFloat32, DataType::kString}, kJudgesTypes}};
constexpr OutputDef kOutputs[] = {{"Y", {DataType::kFloat32, DataType::kString}}};

}  // namespace

void register_map_values(Registry& registry) {
  OpDef op = text_op("MapValues", 1, kInputs, kOutputs, parse, infer, prepare_attributes, run);
  op.domain = kOwnDomain;
  op.output_type = [](const NodeView& node, std::size_t) { return element_type_of(node.input_type(0)); };
  op.facts.reveals = true;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
