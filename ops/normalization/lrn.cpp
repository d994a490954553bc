// LRN, local response normalization: Y[n,c,...] = X[n,c,...] / (bias + alpha / size * s)^beta, where s is the sum of
// X[n,i,...]^2 over the `size` channels i from c - floor((size - 1) / 2) to c + ceil((size - 1) / 2), as far as there
// are such. X is [N,C,...], Y has its type and shape. Opsets 7 to newest; all floating-point types; bfloat16 (from 13)
// is accepted at every opset. It is computed in double and rounded once.
#include <algorithm>
#include <cmath>

#include "ops/elementwise/broadcast_loops.hpp"
#include "ops/shared/element_types.hpp"
#include "ops/shared/input_tables.hpp"
#include "ops/shared/output_tables.hpp"

namespace linnet::internal {
namespace {

constexpr double kSquareCost = 1.0;  // ns per element and channel of its window
constexpr double kCost = 20.0;       // ns per element
constexpr std::size_t kColumns = 256;

struct LrnAttributes : Attributes {
  std::int64_t size = 1;
  double alpha = 0, beta = 0, bias = 0;
};

AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<LrnAttributes>();
  attributes->size = context.require_int("size");
  if (attributes->size < 1) invalid_model("size is ", attributes->size, ", expected 1 or more");
  attributes->alpha = static_cast<double>(context.get_float("alpha", 1e-4F));
  attributes->beta = static_cast<double>(context.get_float("beta", 0.75F));
  attributes->bias = static_cast<double>(context.get_float("bias", 1.0F));
  return attributes;
}

void infer(InferContext& context) {
  infer_like_first(context);
  if (context.input_rank(0) < 2) invalid_model("input X is ", context.input_dims(0), ", expected rank 2 or more");
}

struct State {
  DataType type = DataType::kUndefined;
  double scale = 0, beta = 0, bias = 0;
  std::size_t below = 0, above = 0;  ///< channels of the window on both sides
  std::size_t batch = 0, channels = 0, inner = 0;
};

Prepared prepare(const PrepareContext& context) {
  const auto& attributes = context.attributes<LrnAttributes>();
  const Shape shape = context.input_shape(0);
  auto state = new_shared<State>();
  state->type = context.input_type(0);
  state->scale = attributes.alpha / static_cast<double>(attributes.size);
  state->beta = attributes.beta;
  state->bias = attributes.bias;
  state->below = static_cast<std::size_t>(std::min((attributes.size - 1) / 2, shape[1]));
  state->above = static_cast<std::size_t>(std::min(attributes.size / 2, shape[1]));
  state->batch = static_cast<std::size_t>(shape[0]);
  state->channels = static_cast<std::size_t>(shape[1]);
  state->inner = static_cast<std::size_t>(element_count(Shape(shape.begin() + 2, shape.end())));
  return {std::move(state), 0, 0};
}

/// `count` neighbours of one channel; `begin` is the first of them in channel 0.
void normalize(const State& state, const RunArguments& args, std::size_t begin, std::size_t channel,
               std::size_t count) {
  double x[kColumns];
  double squares[kColumns] = {};
  const std::size_t first = channel - std::min(channel, state.below);
  const std::size_t last = std::min(channel + state.above, state.channels - 1);
  for (std::size_t i = first; i <= last; ++i) {
    load_line(state.type, args.inputs[0], begin + i * state.inner, count, x);
    for (std::size_t j = 0; j < count; ++j) squares[j] += x[j] * x[j];
  }
  load_line(state.type, args.inputs[0], begin + channel * state.inner, count, x);
  if (state.beta == 0.75) {
    for (std::size_t j = 0; j < count; ++j) {
      const double root = std::sqrt(state.bias + state.scale * squares[j]);
      x[j] /= root * std::sqrt(root);
    }
  } else {
    for (std::size_t j = 0; j < count; ++j) x[j] /= std::pow(state.bias + state.scale * squares[j], state.beta);
  }
  store_line(state.type, x, begin + channel * state.inner, count, args.outputs[0]);
}

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  const std::size_t blocks = (state.inner + kColumns - 1) / kColumns;
  const std::size_t elements = state.batch * state.channels * state.inner;
  const double window = static_cast<double>(state.below + state.above + 1);
  const double work = static_cast<double>(elements) * (kCost + window * kSquareCost);
  args.control.parallel_for(state.batch * state.channels * blocks, work, [&](std::size_t task) {
    if (args.control.abandon_if_stopped()) return;
    const std::size_t column = task % blocks * kColumns;
    const std::size_t channel = task / blocks % state.channels;
    const std::size_t image = task / blocks / state.channels;
    normalize(state, args, image * state.channels * state.inner + column, channel,
              std::min(kColumns, state.inner - column));
  });
}

}  // namespace

void register_lrn(Registry& registry) {
  OpDef op;
  op.name = "LRN";
  op.inputs = kOneOfFloats;
  op.outputs = kYOfFirst;
  op.parse = parse;
  op.infer = infer;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare, run}};
  registry.add(std::move(op));
}

}  // namespace linnet::internal
