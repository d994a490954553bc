// Concat: joins tensors of one type and rank along `axis`; all other dimensions are equal. axis in [-r,r). Opsets 4 to
// newest. Deviation: a negative axis, new in opset 11, is taken at every opset.
#include "ops/movement/concat.hpp"

#include <algorithm>
#include <cstring>

#include "ops/shared/layout.hpp"
#include "ops/shared/shape_helpers.hpp"
#include "runtime/dim_arithmetic.hpp"

namespace linnet::internal {
namespace {

AttributesPtr parse_concat(ParseContext& context) {
  auto attributes = new_shared<ConcatAttributes>();
  attributes->axis = context.require_int("axis");
  return attributes;
}

void check_shapes(const InferContext& context, std::size_t axis) {
  const Dims& first = context.input_dims(0);
  for (std::size_t i = 1; i < context.input_count(); ++i) {
    const Dims& dims = context.input_dims(i);
    if (dims.size() != first.size()) invalid_model("input ", i, " has rank ", dims.size(), ", expected ", first.size());
    for (std::size_t d = 0; d < dims.size(); ++d) {
      if (d == axis || !dims[d].differs(first[d])) continue;
      invalid_model("input ", i, " has shape ", dims, ", which differs from ", first, " of input 0 outside axis ",
                    axis);
    }
  }
}

/// Of all inputs' sizes along one axis that must be equal, the one that says most.
Dim best_known(const InferContext& context, std::size_t axis) {
  Dim best = context.input_dims(0)[axis];
  for (std::size_t i = 1; i < context.input_count() && !best.known(); ++i) {
    const Dim dim = context.input_dims(i)[axis];
    if (dim.known() || !best.is_symbol()) best = dim;
  }
  return best;
}

Dim sum_along(const InferContext& context, std::size_t axis) {
  std::int64_t numbers = 0;
  Dim open = 0;
  for (std::size_t i = 0; i < context.input_count(); ++i) {
    const Dim dim = context.input_dims(i)[axis];
    if (!dim.known()) {
      open = open.is(0) ? dim : sum(open, dim);
    } else if (__builtin_add_overflow(numbers, dim.value(), &numbers)) {
      invalid_model("the sizes along axis ", axis, " add up to more than 64 bits can count");
    }
  }
  if (open.is(0)) return numbers;
  return numbers == 0 ? open : sum(open, numbers);
}

/// What is known of the elements, when all inputs are 1-D and their lengths are known.
void join_elements(InferContext& context) {
  if (context.input_rank(0) != 1) return;
  Dims joined;
  bool any = false;
  for (std::size_t i = 0; i < context.input_count(); ++i) {
    const Dim length = context.input_dims(i)[0];
    if (!length.known() || length.value() > static_cast<std::int64_t>(InferContext::kMaxElements - joined.size()))
      return;
    const std::optional<Dims> elements = context.input_elements(i);
    any = any || elements;
    const Dims known = elements ? *elements : Dims(static_cast<std::size_t>(length.value()));
    joined.insert(joined.end(), known.begin(), known.end());
  }
  if (any) context.set_output_elements(0, std::move(joined));
}

void infer_concat(InferContext& context) {
  const std::size_t rank = context.input_rank(0);
  const auto axis = static_cast<std::size_t>(normalized_axis(context.attributes<ConcatAttributes>().axis, rank));
  check_shapes(context, axis);
  Dims result;
  for (std::size_t d = 0; d < rank; ++d) result.push_back(d == axis ? sum_along(context, d) : best_known(context, d));
  context.set_output(0, std::move(result));
  join_elements(context);
}

/// Output rows (everything before the axis) are made of one piece of each input. What is written of a row begins at its
/// first piece.
struct ConcatState {
  struct Piece {
    std::size_t input;
    std::size_t bytes;   ///< of one row
    std::size_t offset;  ///< from the first
  };
  std::vector<Piece> pieces;  ///< without empty ones
  std::size_t rows = 0;
  std::size_t row_bytes = 0;  ///< of all pieces
  std::size_t first = 0;      ///< bytes of a row before the first piece
  std::size_t stride = 0;     ///< bytes from row to row
};

/// An input that lies in the output already is not read.
Prepared prepare_concat(const PrepareContext& context) {
  auto state = new_shared<ConcatState>();
  const Shape output = context.output_shape(0);
  const auto axis =
      static_cast<std::size_t>(normalized_axis(context.attributes<ConcatAttributes>().axis, output.size()));
  if (element_count(output) == 0) return {state, 0, 0};
  const auto inner_begin = output.begin() + static_cast<std::ptrdiff_t>(axis) + 1;
  state->rows = static_cast<std::size_t>(element_count(Shape(output.begin(), inner_begin - 1)));
  const std::size_t inner_bytes = byte_count(context.output(0).type, Shape(inner_begin, output.end()));
  const auto bytes_of = [&](std::size_t input) {
    return static_cast<std::size_t>(context.input_dims(input)[axis].value()) * inner_bytes;
  };
  const bool appends = context.output_has_room(0);
  if (appends) state->first = bytes_of(0);
  for (std::size_t i = appends ? 1 : 0; i < context.input_count(); ++i) {
    const std::size_t bytes = bytes_of(i);
    if (bytes > 0) state->pieces.push_back({i, bytes, state->row_bytes});
    state->row_bytes += bytes;
  }
  state->stride = static_cast<std::size_t>(context.output_extent(0)[axis]) * inner_bytes;
  if (state->row_bytes == 0) state->rows = 0;
  return {state, 0, appends ? std::uint64_t{1} : 0};
}

/// Copies bytes [first, last) of one output row, wherever they come from.
void copy_part(const ConcatState& state, const RunArguments& args, std::size_t row, std::size_t first,
               std::size_t last) {
  auto* to = static_cast<std::byte*>(args.outputs[0]) + row * state.stride + state.first;
  for (const ConcatState::Piece& piece : state.pieces) {
    const std::size_t begin = std::max(first, piece.offset);
    const std::size_t end = std::min(last, piece.offset + piece.bytes);
    if (begin >= end) continue;
    const auto* from = static_cast<const std::byte*>(args.inputs[piece.input]) + row * piece.bytes;
    std::memcpy(to + begin, from + (begin - piece.offset), end - begin);
  }
}

void run_concat(const RunArguments& args) {
  constexpr std::size_t kChunkBytes = std::size_t{1} << 18;
  constexpr double kNanosecondsPerByte = 0.1;
  constexpr double kNanosecondsPerPiece = 5;
  const auto& state = *static_cast<const ConcatState*>(args.state);
  if (state.rows == 0) return;
  // A task is either some whole rows or a part of one.
  const std::size_t rows_per_task = std::max<std::size_t>(1, kChunkBytes / state.row_bytes);
  const std::size_t parts = rows_per_task > 1 ? 1 : (state.row_bytes + kChunkBytes - 1) / kChunkBytes;
  const std::size_t part_bytes = parts == 1 ? state.row_bytes : kChunkBytes;
  const std::size_t row_tasks = (state.rows + rows_per_task - 1) / rows_per_task;
  const double work =
      static_cast<double>(state.rows) * (static_cast<double>(state.row_bytes) * kNanosecondsPerByte +
                                         static_cast<double>(state.pieces.size()) * kNanosecondsPerPiece);
  args.control.parallel_for(row_tasks * parts, work, [&](std::size_t task) {
    const std::size_t first = task % parts * part_bytes;
    const std::size_t last = std::min(first + part_bytes, state.row_bytes);
    const std::size_t row = task / parts * rows_per_task;
    for (std::size_t r = row; r < std::min(row + rows_per_task, state.rows); ++r)
      copy_part(state, args, r, first, last);
  });
}

std::optional<std::size_t> appends_along(const NodeView& node) {
  const std::size_t rank = node.input_rank(0);
  const std::int64_t axis = node.attributes<ConcatAttributes>().axis;
  const auto size = static_cast<std::int64_t>(rank);
  if (axis < -size || axis >= size) return std::nullopt;
  return static_cast<std::size_t>(axis < 0 ? axis + size : axis);
}

std::optional<ChannelsLast> channels_last(const NodeView& node) {
  if (node.input_count() > 64) return std::nullopt;  // masks name as many
  std::optional<ChannelsLast> result = turned<ConcatAttributes>(node, [&](ConcatAttributes& attributes) {
    attributes.axis = channels_last_axis(attributes.axis, node.input_rank(0));
  });
  if (result) result->images = ~std::uint64_t{0} >> (64 - node.input_count());
  return result;
}

constexpr InputDef kInputs[] = {{"", kByteTypes, kRepeated | kTypeOfFirst | kMoved}};
constexpr OutputDef kOutputs[] = {{"concat_result", TypeOf{0}}};

}  // namespace

void register_concat(Registry& registry) {
  OpDef op;
  op.name = "Concat";
  op.since_opset = 4;
  op.inputs = kInputs;
  op.outputs = kOutputs;
  op.parse = parse_concat;
  op.infer = infer_concat;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare_concat, run_concat}};
  op.facts.appends_along = appends_along;
  op.facts.channels_last = channels_last;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
