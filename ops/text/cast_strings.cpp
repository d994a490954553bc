// CastToStrings, CastFromStrings (of Linnet's own domain): what the loader puts in the place of a Cast or CastLike to
// or from strings.
//   To strings: integers in decimal; floats as the shortest text that reads back as the same number of their type, as
//   write_number has it; bools as "True" and "False". What ONNX leaves open is as its reference has it, but for "NaN"
//   and "INF", which ONNX's text names.
//   From strings: what read_number takes. Floats are rounded as Cast rounds float64 (too large ones become infinite);
//   integers are cut towards zero, and must fit; bool is false for "False" and zeros, true for "True" and other
//   numbers. A text that is no number is an error of the run.
#include <algorithm>

#include "ops/elementwise/cast.hpp"
#include "ops/shared/element_lines.hpp"
#include "ops/shared/shape_helpers.hpp"
#include "ops/text/number_text.hpp"
#include "ops/text/texts.hpp"
#include "runtime/held.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kLine = 256;  // elements that are converted at a time: whole bytes of every type

struct State {
  DataType type = DataType::kUndefined;  ///< of the numbers
  Shape shape;
  SmallFloatRounding rounding;
};

void infer_to(InferContext& context) { context.set_output(0, context.input_dims(0)); }

void infer_from(InferContext& context) {
  const DataType to = cast_type(context);
  if (!kStoredTypes.has(to)) unsupported("casting to ", to, " is not supported");
  context.set_output(0, to, context.input_dims(0));
}

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<State>();
  const DataType to = context.output(0).type;
  state->type = to == DataType::kString ? context.input_type(0) : to;
  state->shape = context.input_shape(0);
  state->rounding = context.attributes<CastAttributes>().rounding;
  Prepared prepared;
  prepared.state = std::move(state);
  prepared.unread_inputs = context.input_count() > 1 ? 1U << 1 : 0;
  return prepared;
}

void write_line(DataType type, const void* numbers, std::size_t first, std::size_t count, std::string* texts) {
  if (kFloatLineTypes.has(type)) {
    double line[kLine];
    load_line(type, numbers, first, count, line);
    for (std::size_t i = 0; i < count; ++i) write_number(type, line[i], texts[i]);
    return;
  }
  std::uint64_t line[kLine];
  load_line(type, numbers, first, count, line);
  for (std::size_t i = 0; i < count; ++i) {
    if (type == DataType::kBool) {
      texts[i] = line[i] != 0 ? "True" : "False";
    } else {
      write_integer(line[i], kSignedLineTypes.has(type) && line[i] >> 63 != 0, texts[i]);
    }
  }
}

void run_to(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  Held& output = held(args.outputs[0]);
  if (state.type == DataType::kString) return output.copy(held(args.inputs[0]));
  std::vector<std::string>& texts = output.make_strings(state.shape);
  for (std::size_t first = 0; first < texts.size(); first += kLine) {
    args.control.check();
    write_line(state.type, args.inputs[0], first, std::min(kLine, texts.size() - first), texts.data() + first);
  }
  output.check_budget();
}

std::optional<std::uint64_t> read_bool(const std::string& text) {
  if (is_word(text, "true")) return 1;
  if (is_word(text, "false")) return 0;
  const std::optional<double> number = read_number(text, false);
  return number ? std::optional<std::uint64_t>(*number != 0 ? 1 : 0) : std::nullopt;
}

std::optional<std::uint64_t> read_whole(DataType type, const std::string& text) {
  if (type == DataType::kBool) return read_bool(text);
  if (!kSignedLineTypes.has(type)) return read_integer(text, 0, integer_range<std::uint64_t>(type).highest);
  const IntegerRange<std::int64_t> range = integer_range<std::int64_t>(type);
  return read_integer(text, range.lowest, static_cast<std::uint64_t>(range.highest));
}

void read_line(const State& state, const std::string* texts, std::size_t first, std::size_t count, void* numbers) {
  const bool floats = kFloatLineTypes.has(state.type);
  double line[kLine];
  std::uint64_t whole[kLine];
  for (std::size_t i = 0; i < count; ++i) {
    const std::string& text = texts[first + i];
    const auto number = floats ? read_number(text, state.type == DataType::kFloat32) : std::nullopt;
    const auto integer = floats ? std::nullopt : read_whole(state.type, text);
    if (!number && !integer) {
      fail(ErrorCode::kRuntimeFault, "element ", first + i, " is ", quoted(text), ", which is no number of ",
           state.type);
    }
    line[i] = number.value_or(0);
    whole[i] = integer.value_or(0);
  }
  if (kSmallFloatTypes.has(state.type))
    return store_small_floats(state.type, state.rounding, line, first, count, numbers);
  floats ? store_line(state.type, line, first, count, numbers) : store_line(state.type, whole, first, count, numbers);
}

void run_from(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  const std::vector<std::string>& texts = held(args.inputs[0]).strings();
  for (std::size_t first = 0; first < texts.size(); first += kLine) {
    args.control.check();
    read_line(state, texts.data(), first, std::min(kLine, texts.size() - first), args.outputs[0]);
  }
}

// A second one is CastLike's.
constexpr TypeSet kHeldTypes = kStoredTypes | kStringType;
constexpr InputDef kToInputs[] = {{"input", kHeldTypes}, {"target_type", kHeldTypes, kMayBeLeftOut}};
constexpr InputDef kFromInputs[] = {{"input", kStringType}, {"target_type", kHeldTypes, kMayBeLeftOut}};
constexpr OutputDef kStrings[] = {{"output", kStringType}};
constexpr OutputDef kNumbers[] = {{"output", kStoredTypes}};

}  // namespace

void register_cast_strings(Registry& registry) {
  OpDef to = text_op("CastToStrings", 1, kToInputs, kStrings, parse_nothing, infer_to, prepare, run_to);
  to.domain = kOwnDomain;
  to.facts.reveals = true;
  registry.add(std::move(to));
  OpDef from = text_op("CastFromStrings", 1, kFromInputs, kNumbers, parse_nothing, infer_from, prepare, run_from);
  from.domain = kOwnDomain;
  from.output_type = [](const NodeView& node, std::size_t) { return cast_type(node); };
  registry.add(std::move(from));
}

}  // namespace linnet::internal
