// Range: start, start + delta, start + 2 delta, ... before limit: max(ceil((limit - start) / delta), 0) elements of the
// type of start, limit and delta, which hold one element each; delta is not 0. Opsets 11 to newest. Types: float,
// double, int16, int32, int64, and float16, bfloat16 (from 27, accepted at every opset). Floats are computed in double
// and rounded once, whatever stash_type says. How many there are must be known before the run: see infer.
#include <cmath>

#include "ops/shared/chunks.hpp"
#include "ops/shared/known_elements.hpp"
#include "ops/shared/output_tables.hpp"
#include "ops/shared/shape_helpers.hpp"
#include "ops/shared/wanted_elements.hpp"
#include "runtime/dim_arithmetic.hpp"

namespace linnet::internal {
namespace {

constexpr TypeSet kTypes = kFloatTypes | TypeSet{DataType::kInt16, DataType::kInt32, DataType::kInt64};
constexpr std::size_t kChunk = 32768;
constexpr double kCost = 1.0;  // ns per element

AttributesPtr parse(ParseContext& context) {
  if (context.opset() >= 27) {
    const std::int64_t stash_type = context.get_int("stash_type", 1);
    if (stash_type < 1 || stash_type > 255) invalid_model("stash_type is ", stash_type, ", which is no element type");
  }
  return new_shared<NoAttributes>();
}

std::int64_t count_of_integers(std::int64_t start, std::int64_t limit, std::int64_t delta) {
  if (delta > 0 ? limit <= start : limit >= start) return 0;
  const auto low = static_cast<std::uint64_t>(delta > 0 ? start : limit);
  const auto high = static_cast<std::uint64_t>(delta > 0 ? limit : start);
  const std::uint64_t pace =
      delta > 0 ? static_cast<std::uint64_t>(delta) : std::uint64_t{0} - static_cast<std::uint64_t>(delta);
  const std::uint64_t count = (high - low - 1) / pace + 1;
  if (count > static_cast<std::uint64_t>(INT64_MAX))
    invalid_model("from ", start, " to ", limit, ": too many elements");
  return static_cast<std::int64_t>(count);
}

std::int64_t count_of_floats(double start, double limit, double delta) {
  const double count = std::ceil((limit - start) / delta);
  if (!(count < 0x1p62)) invalid_model("from ", start, " to ", limit, " by ", delta, ": no number of elements");
  return count > 0 ? static_cast<std::int64_t>(count) : 0;
}

template <typename T>
T element_at(T start, T delta, std::size_t index) {
  if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(static_cast<std::uint64_t>(start) + index * static_cast<std::uint64_t>(delta));
  } else {
    return static_cast<T>(static_cast<double>(start) + static_cast<double>(index) * static_cast<double>(delta));
  }
}

/// The element of a constant floating-point input.
double float_of(const Constant& constant) {
  return visit_float_type(constant.type,
                          [&](auto tag) { return static_cast<double>(*constant.as<typename decltype(tag)::type>()); });
}

/// Unknown where the inputs are not known.
Dim count_of(const NodeView& node) {
  if (kFloatTypes.has(node.input_type(0))) {
    for (std::size_t input = 0; input < 3; ++input) {
      if (node.input_constant(input) == nullptr) return Dim::unknown();
    }
    const double delta = float_of(*node.input_constant(2));
    if (delta == 0) invalid_model("delta is 0");
    return count_of_floats(float_of(*node.input_constant(0)), float_of(*node.input_constant(1)), delta);
  }
  Dims numbers;
  for (std::size_t input = 0; input < 3; ++input) {
    const std::optional<Dims> elements = node.input_elements(input);
    numbers.push_back(elements && elements->size() == 1 ? elements->front() : Dim::unknown());
  }
  if (numbers[2].is(0)) invalid_model("delta is 0");
  if (all_known(numbers)) return count_of_integers(numbers[0].value(), numbers[1].value(), numbers[2].value());
  if (!numbers[2].is(1)) return Dim::unknown();
  return numbers[0].is(0) ? numbers[1] : difference(numbers[1], numbers[0]);  // symbols are sizes, so not negative
}

void infer(InferContext& context) {
  for (std::size_t input = 0; input < 3; ++input) require_one_element(context, input);
  const DataType type = context.input_type(0);
  const Dim count = count_of(context);
  context.set_output(0, {count});
  if (!has_known_elements(type) || !count.known()) return;
  if (count.value() > static_cast<std::int64_t>(InferContext::kMaxElements)) return;
  const std::optional<std::vector<std::int64_t>> start = context.input_integers(0);
  const std::optional<std::vector<std::int64_t>> delta = context.input_integers(2);
  if (!start || !delta) return;
  Dims elements;
  for (std::int64_t i = 0; i < count.value(); ++i) {
    elements.push_back(element_at(start->front(), delta->front(), static_cast<std::size_t>(i)));
  }
  context.set_output_elements(0, std::move(elements));
}

struct State {
  DataType type = DataType::kUndefined;
  std::size_t count = 0;
};

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<State>();
  state->type = context.input_type(0);
  state->count = static_cast<std::size_t>(element_count(context.output_shape(0)));
  return {std::move(state), 0, 0};
}

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  visit_type(state.type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (kTypes.has(data_type_of<T>())) {
      const T start = *static_cast<const T*>(args.inputs[0]);
      const T delta = *static_cast<const T*>(args.inputs[2]);
      auto* output = static_cast<T*>(args.outputs[0]);
      for_chunks(args.control, state.count, kChunk, kCost, [&](std::size_t first, std::size_t size) {
        for (std::size_t i = first; i < first + size; ++i) output[i] = element_at(start, delta, i);
      });
    }
  });
}

/// The single element 0.
std::optional<WantedElements> wanted_elements(const NodeView&, std::size_t input) {
  return wanted_list({input == 0 ? 0 : 1}, input == 0   ? "where a range starts"
                                           : input == 1 ? "where a range ends"
                                                        : "the step of a range");
}

constexpr InputDef kInputs[] = {
    {"start", kTypes, kDecidesShapes},
    {"limit", kTypes, kTypeOfFirst | kDecidesShapes},
    {"delta", kTypes, kTypeOfFirst | kDecidesShapes},
};

}  // namespace

void register_range(Registry& registry) {
  OpDef op;
  op.name = "Range";
  op.since_opset = 11;
  op.inputs = kInputs;
  op.outputs = kOutputOfFirst;
  op.parse = parse;
  op.infer = infer;
  op.implementations = {{"reference", Backend::kReference, nullptr, prepare, run}};
  op.facts.wanted_elements = wanted_elements;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
