// Gather: output[o..., i..., n...] = data[o..., indices[i...], n...], where o stand before `axis` and n behind it;
// output rank is r - 1 + rank of indices. axis in [-r,r), default 0; indices (int32, int64) in [-size,size), negative
// ones from opset 11. Deviation: negative axes and indices are taken at every opset. An index out of range is an error
// of the run. Opsets 1 to newest.
#include "ops/movement/gather.hpp"

#include <algorithm>
#include <cstring>

#include "ops/movement/index_inputs.hpp"
#include "ops/shared/output_tables.hpp"
#include "ops/shared/shape_helpers.hpp"
#include "ops/shared/wanted_elements.hpp"

namespace linnet::internal {
namespace {

AttributesPtr parse_gather(ParseContext& context) {
  auto attributes = new_shared<GatherAttributes>();
  attributes->axis = context.get_int("axis", 0);
  return attributes;
}

std::size_t axis_of(const NodeView& node) {
  return static_cast<std::size_t>(normalized_axis(node.attributes<GatherAttributes>().axis, node.input_rank(0)));
}

/// Elements of a 1-D list of dimensions that are picked out by known indices.
void pick_elements(InferContext& context) {
  const std::optional<Dims> from = context.input_rank(0) == 1 ? context.input_elements(0) : std::nullopt;
  const std::optional<Dims> indices = from ? context.input_elements(1) : std::nullopt;
  if (!indices) return;
  const auto size = static_cast<std::int64_t>(from->size());
  Dims picked;
  for (const Dim index : *indices) {
    const bool in_range = index.known() && index.value() >= -size && index.value() < size;
    picked.push_back(
        in_range ? (*from)[static_cast<std::size_t>(index.value() < 0 ? index.value() + size : index.value())] : Dim());
  }
  context.set_output_elements(0, std::move(picked));
}

void infer_gather(InferContext& context) {
  const Dims& data = context.input_dims(0);
  if (data.empty()) invalid_model("input data is a scalar, expected rank 1 or more");
  const std::size_t axis = axis_of(context);
  Dims result(data.begin(), data.begin() + static_cast<std::ptrdiff_t>(axis));
  const Dims& indices = context.input_dims(1);
  result.insert(result.end(), indices.begin(), indices.end());
  result.insert(result.end(), data.begin() + static_cast<std::ptrdiff_t>(axis) + 1, data.end());
  context.set_output(0, std::move(result));
  pick_elements(context);
}

struct GatherState {
  std::size_t outer = 0;
  std::int64_t axis_size = 0;
  std::size_t index_count = 0;
  std::size_t inner_bytes = 0;
  DataType index_type = DataType::kUndefined;
};

Prepared prepare_gather(const PrepareContext& context) {
  auto state = new_shared<GatherState>();
  const Shape data = context.input_shape(0);
  const auto axis = static_cast<std::ptrdiff_t>(axis_of(context));
  state->axis_size = data[static_cast<std::size_t>(axis)];
  state->index_count = static_cast<std::size_t>(element_count(context.input_shape(1)));
  state->index_type = context.input_type(1);
  if (element_count(context.output_shape(0)) > 0) {
    state->outer = static_cast<std::size_t>(element_count(Shape(data.begin(), data.begin() + axis)));
    state->inner_bytes = byte_count(context.input_type(0), Shape(data.begin() + axis + 1, data.end()));
  }
  return {state, 0, 0};
}

constexpr std::size_t kTaskBytes = std::size_t{1} << 17;

/// Copies `count` pieces of kBytes (or, if that is 0, `bytes`) that start with output piece `first`.
template <std::size_t kBytes, typename Index>
void gather_pieces(const RunArguments& args, const GatherState& state, std::size_t first, std::size_t count) {
  const std::size_t bytes = kBytes != 0 ? kBytes : state.inner_bytes;
  const auto* indices = static_cast<const Index*>(args.inputs[1]);
  const auto axis_size = static_cast<std::size_t>(state.axis_size);
  const std::byte* slab = static_cast<const std::byte*>(args.inputs[0]) + first / state.index_count * axis_size * bytes;
  std::byte* to = static_cast<std::byte*>(args.outputs[0]) + first * bytes;
  std::size_t position = first % state.index_count;
  for (std::size_t i = 0; i < count; ++i, to += bytes) {
    std::memcpy(to, slab + counted_from_front(indices[position], state.axis_size) * bytes, bytes);
    if (++position == state.index_count) {
      position = 0;
      slab += axis_size * bytes;
    }
  }
}

/// Pieces that are too large for one task.
template <typename Index>
void gather_large_pieces(const RunArguments& args, const GatherState& state) {
  const auto* indices = static_cast<const Index*>(args.inputs[1]);
  const auto* data = static_cast<const std::byte*>(args.inputs[0]);
  auto* output = static_cast<std::byte*>(args.outputs[0]);
  const std::size_t bytes = state.inner_bytes;
  const std::size_t slab_bytes = static_cast<std::size_t>(state.axis_size) * bytes;
  const std::size_t parts = (bytes + kTaskBytes - 1) / kTaskBytes;
  const std::size_t pieces = state.outer * state.index_count;
  const double work = 0.1 * static_cast<double>(pieces) * static_cast<double>(bytes);
  args.control.parallel_for(pieces * parts, work, [&](std::size_t task) {
    const std::size_t piece = task / parts;
    const std::size_t begin = task % parts * kTaskBytes;
    const std::byte* row = data + piece / state.index_count * slab_bytes +
                           counted_from_front(indices[piece % state.index_count], state.axis_size) * bytes;
    std::memcpy(output + piece * bytes + begin, row + begin, std::min(kTaskBytes, bytes - begin));
  });
}

template <typename Index>
void gather(const RunArguments& args, const GatherState& state) {
  check_indices(args.control, state.index_type, args.inputs[1], state.index_count, &state.axis_size);
  const std::size_t pieces = state.outer * state.index_count;
  if (pieces == 0) return;
  if (state.inner_bytes > kTaskBytes) return gather_large_pieces<Index>(args, state);
  const auto copy = state.inner_bytes == 1   ? gather_pieces<1, Index>
                    : state.inner_bytes == 2 ? gather_pieces<2, Index>
                    : state.inner_bytes == 4 ? gather_pieces<4, Index>
                    : state.inner_bytes == 8 ? gather_pieces<8, Index>
                                             : gather_pieces<0, Index>;
  const std::size_t per_task = std::max<std::size_t>(1, kTaskBytes / (state.inner_bytes + 16));
  const double work = static_cast<double>(pieces) * (2 + 0.1 * static_cast<double>(state.inner_bytes));
  args.control.parallel_for((pieces + per_task - 1) / per_task, work, [&](std::size_t task) {
    const std::size_t first = task * per_task;
    copy(args, state, first, std::min(per_task, pieces - first));
  });
}

void run_gather(const RunArguments& args) {
  const auto& state = *static_cast<const GatherState*>(args.state);
  if (state.index_type == DataType::kInt64) {
    gather<std::int64_t>(args, state);
  } else {
    gather<std::int32_t>(args, state);
  }
}

std::optional<WantedElements> wanted_elements(const NodeView& node, std::size_t input) {
  if (input != 1) return std::nullopt;
  const std::size_t axis = axis_of(node);
  const Dim size = node.input_dims(0)[axis];
  return wanted_indices(
      size, size.known() ? text("an index into axis ", axis, " of size ", size) : text("an index into axis ", axis));
}

constexpr InputDef kInputs[] = {{"data", kByteTypes, kMoved}, {"indices", kIndexTypes}};

}  // namespace

void register_gather(Registry& registry) {
  OpDef op;
  op.name = "Gather";
  op.inputs = kInputs;
  op.outputs = kOutputOfFirst;
  op.parse = parse_gather;
  op.infer = infer_gather;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare_gather, run_gather}};
  op.facts.wanted_elements = wanted_elements;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
