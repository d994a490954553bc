// Trilu: the upper (upper = 1, the default) or lower triangle of the last two axes of `input`, 0 elsewhere: of row i,
// elements j >= i + k are kept (lower: j <= i + k). k (int64, one element) is 0 where it is left out. Opsets 14 to
// newest; all types are accepted at every opset.
#include <algorithm>
#include <cstring>

#include "ops/shared/output_tables.hpp"
#include "ops/shared/shape_helpers.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kTaskBytes = std::size_t{1} << 17;
constexpr double kByteCost = 0.1;  // ns
constexpr double kRowCost = 5.0;   // the same

struct TriluAttributes : Attributes {
  bool upper = true;
};

AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<TriluAttributes>();
  attributes->upper = context.get_int("upper", 1) != 0;
  return attributes;
}

void infer(InferContext& context) {
  const Dims& dims = context.input_dims(0);
  if (dims.size() < 2) invalid_model("input has rank ", dims.size(), ", expected 2 or more");
  if (context.has_input(1)) {
    const Dim length = list_length(context, 1, "k");
    if (length.differs(1)) invalid_model("input k has ", length, " elements, expected 1");
  }
  context.set_output(0, dims);
}

struct State {
  bool upper = true;
  bool has_k = false;
  std::size_t rows = 0;  ///< of all matrices
  std::size_t matrix_rows = 0;
  std::size_t columns = 0;
  std::size_t element_bytes = 0;
};

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<State>();
  const Shape shape = context.input_shape(0);
  state->upper = context.attributes<TriluAttributes>().upper;
  state->has_k = context.has_input(1);
  state->matrix_rows = static_cast<std::size_t>(shape[shape.size() - 2]);
  state->columns = static_cast<std::size_t>(shape.back());
  if (state->columns > 0) state->rows = static_cast<std::size_t>(element_count(shape)) / state->columns;
  state->element_bytes = size_of(context.input_type(0));
  return {std::move(state), 0, 0};
}

/// Row `i` of a matrix; `k` lies in [-rows, columns].
void keep_triangle(const State& state, std::int64_t k, std::size_t i, const std::byte* x, std::byte* y) {
  const auto columns = static_cast<std::int64_t>(state.columns);
  const std::int64_t diagonal = static_cast<std::int64_t>(i) + k + (state.upper ? 0 : 1);
  const std::size_t cut =
      static_cast<std::size_t>(std::clamp<std::int64_t>(diagonal, 0, columns)) * state.element_bytes;
  const std::size_t end = state.columns * state.element_bytes;
  const std::size_t begin_kept = state.upper ? cut : 0;
  const std::size_t end_kept = state.upper ? end : cut;
  std::memset(y, 0, begin_kept);
  if (x != y) std::memcpy(y + begin_kept, x + begin_kept, end_kept - begin_kept);
  std::memset(y + end_kept, 0, end - end_kept);
}

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  const std::int64_t asked = state.has_k ? *static_cast<const std::int64_t*>(args.inputs[1]) : 0;
  const std::int64_t k =
      std::clamp(asked, -static_cast<std::int64_t>(state.matrix_rows), static_cast<std::int64_t>(state.columns));
  const auto* x = static_cast<const std::byte*>(args.inputs[0]);
  auto* y = static_cast<std::byte*>(args.outputs[0]);
  const std::size_t row_bytes = state.columns * state.element_bytes;
  const std::size_t per_task = std::max<std::size_t>(1, kTaskBytes / (row_bytes + 1));
  const double work = static_cast<double>(state.rows) * (kRowCost + kByteCost * static_cast<double>(row_bytes));
  args.control.parallel_for((state.rows + per_task - 1) / per_task, work, [&](std::size_t task) {
    const std::size_t end = std::min(state.rows, (task + 1) * per_task);
    for (std::size_t row = task * per_task; row < end; ++row) {
      keep_triangle(state, k, row % state.matrix_rows, x + row * row_bytes, y + row * row_bytes);
    }
  });
}

constexpr InputDef kInputs[] = {{"input", kTensorTypes, kMoved}, {"k", kInt64Type, kMayBeLeftOut}};

}  // namespace

void register_trilu(Registry& registry) {
  OpDef op;
  op.name = "Trilu";
  op.since_opset = 14;
  op.inputs = kInputs;
  op.outputs = kOutputOverFirst;
  op.parse = parse;
  op.infer = infer;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare, run}};
  registry.add(std::move(op));
}

}  // namespace linnet::internal
