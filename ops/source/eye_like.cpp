// EyeLike: a matrix of input's shape with ones on a diagonal, output[i, i + k] = 1, and zeros elsewhere; k is 0 where
// it is left out. Its type is `dtype`, by default that of input, of which nothing but shape and type is looked at.
// Opsets 9 to newest; bfloat16 (from 22) is accepted at every opset.
#include <algorithm>
#include <cstring>

#include "ops/shared/element_lines.hpp"
#include "ops/shared/shape_helpers.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kTaskBytes = std::size_t{1} << 17;
constexpr double kByteCost = 0.05;  // ns
constexpr double kRowCost = 3.0;    // the same

struct EyeLikeAttributes : Attributes {
  DataType type = DataType::kUndefined;  ///< as input
  std::int64_t k = 0;
};

AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<EyeLikeAttributes>();
  attributes->k = context.get_int("k", 0);
  const std::int64_t type = context.get_int("dtype", 0);
  if (type < 0 || type > 255) invalid_model("attribute \"dtype\" is ", type, ", which is no element type");
  attributes->type = static_cast<DataType>(type);
  if (type != 0 && !kTensorTypes.has(attributes->type)) {
    unsupported("a matrix of ", attributes->type, " is not supported");
  }
  return attributes;
}

DataType output_type(const NodeView& node, std::size_t) {
  const DataType type = node.attributes<EyeLikeAttributes>().type;
  return type == DataType::kUndefined ? node.input_type(0) : type;
}

void infer(InferContext& context) {
  const Dims& dims = context.input_dims(0);
  if (dims.size() != 2) invalid_model("input is ", dims, ", expected rank 2");
  context.set_output(0, output_type(context, 0), dims);
}

struct State {
  DataType type = DataType::kUndefined;
  std::size_t rows = 0, columns = 0;
  std::int64_t k = 0;
};

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<State>();
  const Shape shape = context.output_shape(0);
  state->type = context.output(0).type;
  state->rows = static_cast<std::size_t>(shape[0]);
  state->columns = static_cast<std::size_t>(shape[1]);
  // What lies outside of the matrix is as good as the place beside its corner.
  state->k = std::min(std::max(context.attributes<EyeLikeAttributes>().k, -shape[0]), shape[1]);
  return {std::move(state), 0, 0};
}

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  auto* output = static_cast<std::byte*>(args.outputs[0]);
  const std::size_t row_bytes = state.columns * size_of(state.type);
  const std::size_t per_task = std::max<std::size_t>(1, kTaskBytes / (row_bytes + 1));
  const double work = static_cast<double>(state.rows) * (kRowCost + kByteCost * static_cast<double>(row_bytes));
  if (row_bytes == 0) return;
  args.control.parallel_for((state.rows + per_task - 1) / per_task, work, [&](std::size_t task) {
    const std::size_t end = std::min(state.rows, (task + 1) * per_task);
    for (std::size_t row = task * per_task; row < end; ++row) {
      std::memset(output + row * row_bytes, 0, row_bytes);
      const std::int64_t column = static_cast<std::int64_t>(row) + state.k;
      if (column < 0 || column >= static_cast<std::int64_t>(state.columns)) continue;
      const std::size_t place = row * state.columns + static_cast<std::size_t>(column);
      visit_line_type(state.type, [&](auto tag) {
        const typename decltype(tag)::type one = 1;
        store_line(state.type, &one, place, 1, output);
      });
    }
  });
}

constexpr InputDef kInputs[] = {{"input", kTensorTypes, kShapeOnly}};
constexpr OutputDef kOutputs[] = {{"output", kTensorTypes}};

}  // namespace

void register_eye_like(Registry& registry) {
  OpDef op;
  op.name = "EyeLike";
  op.since_opset = 9;
  op.inputs = kInputs;
  op.outputs = kOutputs;
  op.parse = parse;
  op.infer = infer;
  op.output_type = output_type;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare, run}};
  registry.add(std::move(op));
}

}  // namespace linnet::internal
