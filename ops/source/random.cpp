// RandomUniform: numbers evenly spread over [low, high), by default [0, 1) (rounding may reach high). RandomNormal: of
// the normal distribution with mean (0) and scale (1), its deviation. Both of the shape `shape`, of a floating-point
// type `dtype` (float); RandomUniformLike and RandomNormalLike of the shape of their input, and by default its type.
// Multinomial: output [batch, sample_size] (1), each the index of a class c drawn with probability exp(input[b, c]) /
// sum of exp(input[b, :]), as int32 (the default) or int64 (`dtype`). Where that is no distribution, the class is 0.
//
// seed (float): the same seed gives the same numbers in every run, on every machine, for every number of threads;
// element i depends on seed and i alone (source/random_numbers.hpp). Without one every run has other numbers. They are
// not those of other runtimes. Opsets 1 (Multinomial: 7) to newest; bfloat16 (from 22) at every opset.
#include <algorithm>
#include <cmath>

#include "ops/shared/chunks.hpp"
#include "ops/shared/element_lines.hpp"
#include "ops/shared/element_types.hpp"
#include "ops/shared/shape_helpers.hpp"
#include "ops/source/random_numbers.hpp"
#include "runtime/infer.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kChunk = 8192;
constexpr std::size_t kLine = 512;
constexpr double kCost = 15.0;  // ns per element

struct RandomAttributes : Attributes {
  DataType type = DataType::kUndefined;  ///< as input
  bool normal = false;
  double offset = 0, factor = 1;  ///< of what is drawn
  std::optional<std::uint64_t> seed;
  Shape shape;
  std::int64_t samples = 1;
};

template <bool kNormal, bool kLike>
AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<RandomAttributes>();
  attributes->normal = kNormal;
  attributes->type = parse_element_type(context, "dtype", kFloatTypes);
  attributes->seed = parse_seed(context);
  if (kNormal) {
    attributes->offset = static_cast<double>(context.get_float("mean", 0));
    attributes->factor = static_cast<double>(context.get_float("scale", 1));
  } else {
    attributes->offset = static_cast<double>(context.get_float("low", 0));
    attributes->factor = static_cast<double>(context.get_float("high", 1)) - attributes->offset;
  }
  if (kLike) return attributes;
  if (attributes->type == DataType::kUndefined) attributes->type = DataType::kFloat32;
  const auto shape = context.get_ints("shape");
  if (!shape) invalid_model("attribute \"shape\" is missing");
  for (const std::int64_t size : *shape) {
    if (size < 0) invalid_model("shape is ", short_list(*shape), ", with a negative size");
  }
  attributes->shape = *shape;
  return attributes;
}

const RandomAttributes& attributes_of(const NodeView& node) { return node.attributes<RandomAttributes>(); }

DataType output_type(const NodeView& node, std::size_t) {
  const DataType type = attributes_of(node).type;
  return type == DataType::kUndefined ? node.input_type(0) : type;
}

void infer(InferContext& context) {
  const Shape& shape = attributes_of(context).shape;
  context.set_output(0, output_type(context, 0), to_dims(shape));
}

void infer_like(InferContext& context) {
  if (attributes_of(context).type == DataType::kUndefined) require_type(context, 0, "input", kFloatTypes);
  context.set_output(0, output_type(context, 0), context.input_dims(0));
}

struct State {
  explicit State(const RandomAttributes& attributes_) : attributes(attributes_), keys(attributes_.seed) {}
  RandomAttributes attributes;
  RandomKeys keys;
  DataType type = DataType::kUndefined;  ///< of the output; of Multinomial's input
  std::size_t count = 0;                 ///< of elements; of rows
  std::size_t classes = 0, samples = 0;
};

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<State>(attributes_of(context));
  state->type = context.output(0).type;
  state->count = static_cast<std::size_t>(element_count(context.output_shape(0)));
  return {std::move(state), 0, 0};
}

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  const std::uint64_t key = state.keys.next();
  for_chunks(args.control, state.count, kChunk, kCost, [&](std::size_t chunk, std::size_t size) {
    double line[kLine];
    for (std::size_t first = chunk; first < chunk + size; first += kLine) {
      const std::size_t count = std::min(kLine, chunk + size - first);
      (state.attributes.normal ? random_normals : random_uniforms)(key, first, count, line);
      for (std::size_t i = 0; i < count; ++i) line[i] = state.attributes.offset + state.attributes.factor * line[i];
      store_line(state.type, line, first, count, args.outputs[0]);
    }
  });
}

AttributesPtr parse_multinomial(ParseContext& context) {
  auto attributes = new_shared<RandomAttributes>();
  attributes->type = parse_element_type(context, "dtype", {DataType::kInt32, DataType::kInt64});
  if (attributes->type == DataType::kUndefined) attributes->type = DataType::kInt32;
  attributes->samples = context.get_int("sample_size", 1);
  if (attributes->samples < 1) invalid_model("sample_size is ", attributes->samples, ", expected 1 or more");
  attributes->seed = parse_seed(context);
  return attributes;
}

void infer_multinomial(InferContext& context) {
  const Dims& dims = context.input_dims(0);
  if (dims.size() != 2 || dims[1].is(0)) invalid_model("input is ", dims, ", expected [batch,classes] with a class");
  context.set_output(0, output_type(context, 0), {dims[0], attributes_of(context).samples});
}

Prepared prepare_multinomial(const PrepareContext& context) {
  auto state = new_shared<State>(attributes_of(context));
  state->type = context.input_type(0);
  const Shape input = context.input_shape(0);
  state->count = static_cast<std::size_t>(input[0]);
  state->classes = static_cast<std::size_t>(input[1]);
  state->samples = static_cast<std::size_t>(state->attributes.samples);
  const std::size_t bytes = byte_count(DataType::kFloat64, {input[1], context.threads()});
  return {std::move(state), bytes, 0};
}

void run_multinomial(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  const std::uint64_t key = state.keys.next();
  const double work = static_cast<double>(state.count) * static_cast<double>(state.classes + state.samples) * 20;
  args.control.parallel_for(state.count, work, [&](std::size_t row, std::size_t worker) {
    double* const sums = static_cast<double*>(args.workspace) + worker * state.classes;
    load_line(state.type, args.inputs[0], row * state.classes, state.classes, sums);
    const double largest = *std::max_element(sums, sums + state.classes);
    double sum = 0;
    for (std::size_t i = 0; i < state.classes; ++i) sums[i] = sum += std::exp(sums[i] - largest);
    for (std::size_t i = 0; i < state.samples; i += kLine) {
      if (args.control.abandon_if_stopped()) return;
      const std::size_t count = std::min(kLine, state.samples - i);
      const std::size_t element = row * state.samples + i;
      const std::size_t before = element % 2;  // numbers come in pairs
      double drawn[kLine + 1];
      std::int64_t indices[kLine];
      random_uniforms(key, element - before, before + count, drawn);
      for (std::size_t j = 0; j < count; ++j) {
        const double* const found = std::upper_bound(sums, sums + state.classes, drawn[before + j] * sum);
        indices[j] = sum > 0 && found != sums + state.classes ? found - sums : 0;
      }
      store_line(state.attributes.type, indices, element, count, args.outputs[0]);
    }
  });
}

constexpr InputDef kLikeInputs[] = {{"input", kStoredTypes, kShapeOnly}};
constexpr InputDef kMultinomialInputs[] = {{"input", kFloatTypes}};
constexpr OutputDef kOutputs[] = {{"output", kFloatTypes}};
constexpr OutputDef kMultinomialOutputs[] = {{"output", kIndexTypes}};

OpDef random(const char* name, AttributesPtr (*parse)(ParseContext&), void (*infer)(InferContext&)) {
  OpDef op;
  op.name = name;
  op.outputs = kOutputs;
  op.parse = parse;
  op.infer = infer;
  op.output_type = output_type;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare, run}};
  op.facts.deterministic = false;
  return op;
}

OpDef random_like(const char* name, AttributesPtr (*parse)(ParseContext&)) {
  OpDef op = random(name, parse, infer_like);
  op.inputs = kLikeInputs;
  return op;
}

}  // namespace

void register_random_normal(Registry& registry) { registry.add(random("RandomNormal", parse<true, false>, infer)); }
void register_random_normal_like(Registry& registry) {
  registry.add(random_like("RandomNormalLike", parse<true, true>));
}
void register_random_uniform(Registry& registry) { registry.add(random("RandomUniform", parse<false, false>, infer)); }
void register_random_uniform_like(Registry& registry) {
  registry.add(random_like("RandomUniformLike", parse<false, true>));
}

void register_multinomial(Registry& registry) {
  OpDef op = random("Multinomial", parse_multinomial, infer_multinomial);
  op.since_opset = 7;
  op.inputs = kMultinomialInputs;
  op.outputs = kMultinomialOutputs;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare_multinomial, run_multinomial}};
  registry.add(std::move(op));
}

}  // namespace linnet::internal
