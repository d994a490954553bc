// LSTM, GRU and RNN: one layer over the steps t of sequences, in one or both directions. With x = X of the step, h and
// c the state before it (h', c' after it), W_k, R_k, Wb_k and Rb_k the parts of a gate k, and a_k = W_k x + Wb_k + R_k
// h + Rb_k:
//   RNN:   h' = f(a_i)
//   GRU:   z = f(a_z), r = f(a_r), h' = (1 - z) * g(W_h x + Wb_h + R_h (r * h) + Rb_h) + z * h,
//          with linear_before_reset r * (R_h h + Rb_h) in place of R_h (r * h) + Rb_h
//   LSTM:  i = f(a_i + P_i * c), f = f(a_f + P_f * c), c' = f * c + i * g(a_c), o = f(a_o + P_o * c'), h' = o * h(c'),
//          with input_forget f = 1 - i
// X [T,N,I], W [D,gates*H,I], R [D,gates*H,H], B [D,2*gates*H] (Wb, then Rb), sequence_lens [N] (int32), initial_h and
// initial_c [D,N,H], P [D,3*H] (of i, o and f). Y [T,D,N,H] is h' of every step, Y_h and Y_c [D,N,H] are the last h'
// and c'. Gates stand in the order i; z, r, h; i, o, f, c. With layout 1 the batch is first: X [N,T,I], Y [N,T,D,H],
// states [N,D,H]. B and what follows it may be left out (zeros, full lengths), and so may every output.
//
// A row with a length below T has zeros in Y behind it; its Y_h and Y_c are those of its last step, or the initial ones
// where it has none. The reverse direction begins with a row's own last step. `clip` cuts the input of every
// activation, that of h(c') too, but not c' itself. Activations: see recurrent_activation.cpp.
//
// Opsets 7 to newest; the type (float, double, float16, bfloat16) is the same for all inputs but sequence_lens.
// Rounding: float32 and the 16-bit types are computed by vectors of float32 (simd), all types by doubles (reference).
// The state is kept in float32 or double from step to step; only what is stored in Y, Y_h and Y_c is rounded to the
// type. Deviations: bfloat16 (from 22) and layout (from 14) are accepted at every opset; a clip of 0 is refused.
#include "ops/recurrent/recurrent.hpp"

#include <algorithm>

#include "ops/shared/element_lines.hpp"
#include "ops/shared/shape_helpers.hpp"
#include "ops/shared/wanted_elements.hpp"

namespace linnet::internal {
namespace {

/// What one cell has that others have not.
struct CellFacts {
  const char* name;
  RecurrentCell cell;
  std::size_t gates;
  std::size_t activations;  ///< of a direction
  std::array<const char*, 3> default_activations;
  InputTable inputs;
  OutputTable outputs;
};

constexpr std::uint8_t kGivenOrNot = kMayBeLeftOut | kTypeOfFirst;
constexpr InputDef kGateInputs[] = {
    {"X", kFloatTypes},
    {"W", kFloatTypes, kTypeOfFirst},
    {"R", kFloatTypes, kTypeOfFirst},
    {"B", kFloatTypes, kGivenOrNot},
    {"sequence_lens", {DataType::kInt32}, kMayBeLeftOut},
    {"initial_h", kFloatTypes, kGivenOrNot},
};
constexpr InputDef kLstmInputs[] = {
    {"X", kFloatTypes},
    {"W", kFloatTypes, kTypeOfFirst},
    {"R", kFloatTypes, kTypeOfFirst},
    {"B", kFloatTypes, kGivenOrNot},
    {"sequence_lens", {DataType::kInt32}, kMayBeLeftOut},
    {"initial_h", kFloatTypes, kGivenOrNot},
    {"initial_c", kFloatTypes, kGivenOrNot},
    {"P", kFloatTypes, kGivenOrNot},
};
// Every direction reads the states of its rows before it writes them, and those of no other.
constexpr OutputDef kGateOutputs[] = {
    {"Y", TypeOf{kX}, kMayBeLeftOut},
    {"Y_h", TypeOf{kX}, kMayBeLeftOut, over(kInitialH)},
};
constexpr OutputDef kLstmOutputs[] = {
    {"Y", TypeOf{kX}, kMayBeLeftOut},
    {"Y_h", TypeOf{kX}, kMayBeLeftOut, over(kInitialH)},
    {"Y_c", TypeOf{kX}, kMayBeLeftOut, over(kInitialC)},
};
constexpr CellFacts kCells[] = {
    {"RNN", RecurrentCell::kRnn, 1, 1, {"Tanh"}, kGateInputs, kGateOutputs},
    {"GRU", RecurrentCell::kGru, 3, 2, {"Sigmoid", "Tanh"}, kGateInputs, kGateOutputs},
    {"LSTM", RecurrentCell::kLstm, 4, 3, {"Sigmoid", "Tanh", "Tanh"}, kLstmInputs, kLstmOutputs},
};
constexpr const CellFacts& facts_of(RecurrentCell cell) { return kCells[static_cast<std::size_t>(cell)]; }

void parse_direction(ParseContext& context, RecurrentAttributes& attributes) {
  const std::string direction = context.get_string("direction", "forward");
  if (direction != "forward" && direction != "reverse" && direction != "bidirectional") {
    invalid_model("direction is \"", printable(direction), "\", expected forward, reverse or bidirectional");
  }
  attributes.directions = direction == "bidirectional" ? 2 : 1;
  attributes.reverse = direction == "reverse";
}

/// Of all directions, one after the other.
std::vector<CellActivation> parse_activations(ParseContext& context, const CellFacts& facts, std::size_t directions) {
  const std::size_t expected = facts.activations * directions;
  std::vector<std::string> names = context.get_strings("activations").value_or(std::vector<std::string>());
  if (names.empty()) {
    for (std::size_t i = 0; i < expected; ++i) names.emplace_back(facts.default_activations[i % facts.activations]);
  }
  // The default of RNN is written with two, whatever the direction.
  if (facts.cell == RecurrentCell::kRnn && names.size() == 2 && names[0] == names[1]) names.resize(expected, names[0]);
  if (names.size() != expected) {
    invalid_model("activations has ", names.size(), " names, expected ", expected, ": ", facts.activations,
                  " for each direction");
  }
  return cell_activations(names, context.get_floats("activation_alpha").value_or(std::vector<float>()),
                          context.get_floats("activation_beta").value_or(std::vector<float>()));
}

AttributesPtr parse_cell(ParseContext& context, const CellFacts& facts) {
  auto attributes = new_shared<RecurrentAttributes>();
  attributes->cell = facts.cell;
  if (context.has("hidden_size")) {
    attributes->hidden_size = context.get_int("hidden_size", 0);
    if (attributes->hidden_size < 1) {
      invalid_model("hidden_size is ", attributes->hidden_size, ", expected 1 or more");
    }
  }
  parse_direction(context, *attributes);
  const std::int64_t layout = context.get_int("layout", 0);
  if (layout != 0 && layout != 1) invalid_model("layout is ", layout, ", expected 0 or 1");
  attributes->batch_first = layout == 1;
  context.ignore("output_sequence");  // of opset 1: whether Y is wanted, which the outputs tell
  CellForm form;
  form.cell = facts.cell;
  if (context.has("clip")) {
    form.clip = context.get_float("clip", 0.0F);
    if (!(form.clip > 0.0F)) invalid_model("clip is ", form.clip, ", expected a number above 0");
  }
  if (facts.cell == RecurrentCell::kLstm) form.input_forget = context.get_int("input_forget", 0) != 0;
  if (facts.cell == RecurrentCell::kGru) form.linear_before_reset = context.get_int("linear_before_reset", 0) != 0;
  const auto directions = static_cast<std::size_t>(attributes->directions);
  const std::vector<CellActivation> activations = parse_activations(context, facts, directions);
  for (std::size_t i = 0; i < activations.size(); ++i) {
    form.activations[i % facts.activations] = activations[i];
    attributes->forms[i / facts.activations] = form;
  }
  return attributes;
}

template <RecurrentCell kCell>
AttributesPtr parse(ParseContext& context) {
  return parse_cell(context, facts_of(kCell));
}

/// What is known of a dimension that both have.
Dim joined(Dim a, Dim b) {
  if (a.known() || (a.is_symbol() && !b.known())) return a;
  return b;
}

/// Errors: kInvalidModel when the input, which may be left out, has not these dimensions.
void check_dims(const NodeView& node, std::size_t input, const char* name, const Dims& expected,
                const std::string& meaning) {
  if (!node.has_input(input)) return;
  const Dims& dims = node.input_dims(input);
  bool fits = dims.size() == expected.size();
  for (std::size_t i = 0; fits && i < dims.size(); ++i) fits = !dims[i].differs(expected[i]);
  if (!fits) invalid_model("input ", name, " is ", dims, ", expected ", expected, ": ", meaning);
}

/// The sizes that the tensors share, as far as known.
struct Sizes {
  Dim steps, batch, inputs, hidden;
};

Sizes sizes_of(const NodeView& node) {
  const auto& attributes = node.attributes<RecurrentAttributes>();
  const Dims& x = node.input_dims(kX);
  Sizes sizes = {x[attributes.batch_first ? 1 : 0], x[attributes.batch_first ? 0 : 1], x[2],
                 attributes.hidden_size > 0 ? Dim(attributes.hidden_size) : node.input_dims(kR)[2]};
  if (node.has_input(kSequenceLens) && node.input_rank(kSequenceLens) == 1) {
    sizes.batch = joined(sizes.batch, node.input_dims(kSequenceLens)[0]);
  }
  for (const std::size_t input : {kInitialH, kInitialC}) {
    if (!node.has_input(input) || node.input_rank(input) != 3) continue;
    const Dims& state = node.input_dims(input);
    sizes.batch = joined(sizes.batch, state[attributes.batch_first ? 0 : 1]);
    sizes.hidden = joined(sizes.hidden, state[2]);
  }
  return sizes;
}

void infer(InferContext& context) {
  const auto& attributes = context.attributes<RecurrentAttributes>();
  const bool batch_first = attributes.batch_first;
  const char* const x_meaning = batch_first ? "batch, steps, input size" : "steps, batch, input size";
  const char* const state_meaning = batch_first ? "batch, directions, hidden_size" : "directions, batch, hidden_size";
  const Dim any = Dim::unknown();
  check_dims(context, kX, "X", {any, any, any}, x_meaning);
  check_dims(context, kR, "R", {any, any, any}, "directions, gates * hidden_size, hidden_size");
  const Sizes sizes = sizes_of(context);
  const auto gates = static_cast<std::int64_t>(gates_of(attributes.cell));
  const Dim directions = attributes.directions;
  const Dim gate_rows = product_of({gates, sizes.hidden}, 0, 2);
  const auto of_gates = [&](const char* rest) { return text("directions, ", gates, " * hidden_size, ", rest); };
  check_dims(context, kW, "W", {directions, gate_rows, sizes.inputs}, of_gates("input size"));
  check_dims(context, kR, "R", {directions, gate_rows, sizes.hidden}, of_gates("hidden_size"));
  check_dims(context, kB, "B", {directions, product_of({2, gate_rows}, 0, 2)},
             text("directions, 2 * ", gates, " * hidden_size"));
  check_dims(context, kSequenceLens, "sequence_lens", {sizes.batch}, "batch");
  const Dims state =
      batch_first ? Dims{sizes.batch, directions, sizes.hidden} : Dims{directions, sizes.batch, sizes.hidden};
  check_dims(context, kInitialH, "initial_h", state, state_meaning);
  check_dims(context, kInitialC, "initial_c", state, state_meaning);
  check_dims(context, kP, "P", {directions, product_of({3, sizes.hidden}, 0, 2)}, "directions, 3 * hidden_size");
  const Dims y = batch_first ? Dims{sizes.batch, sizes.steps, directions, sizes.hidden}
                             : Dims{sizes.steps, directions, sizes.batch, sizes.hidden};
  context.set_output(kY, y);
  context.set_output(kYH, state);
  context.set_output(kYC, state);
}

std::optional<WantedElements> wanted_elements(const NodeView& node, std::size_t input) {
  if (input != kSequenceLens) return std::nullopt;
  constexpr const char* kWhat = "the steps of each row of the batch";
  const Dim steps = sizes_of(node).steps;
  const std::size_t rows = length_of(node, input);
  if (steps.known() && rows > 0 && rows <= InferContext::kMaxElements) {
    return wanted_list(std::vector<std::int64_t>(rows, steps.value()), kWhat);
  }
  WantedElements wanted = wanted_sizes(0, kWhat);
  wanted.high = steps.known() ? steps.value() : 0;
  return wanted;
}

double folding_ns(const NodeView& node) {
  constexpr double kSimdProductNanoseconds = 0.1;
  constexpr double kReferenceProductNanoseconds = 2.0;
  const bool simd = node.input_type(kX) != DataType::kFloat64 && node.options().backend != Backend::kReference;
  return recurrence(node).products() * (simd ? kSimdProductNanoseconds : kReferenceProductNanoseconds);
}

void add_cell(Registry& registry, RecurrentCell cell, AttributesPtr (*parse)(ParseContext&)) {
  const CellFacts& facts = facts_of(cell);
  OpDef op;
  op.name = facts.name;
  op.since_opset = 7;
  op.inputs = facts.inputs;
  op.outputs = facts.outputs;
  op.parse = parse;
  op.infer = infer;
  op.implementations = {simd_recurrence(), reference_recurrence()};
  op.facts.wanted_elements = wanted_elements;
  op.facts.folding_ns = folding_ns;
  registry.add(std::move(op));
}

}  // namespace

std::size_t gates_of(RecurrentCell cell) { return facts_of(cell).gates; }

double Recurrence::products() const {
  return static_cast<double>(steps) * static_cast<double>(batch) * static_cast<double>(directions * gate_rows()) *
         static_cast<double>(inputs + hidden + 1);
}

Recurrence recurrence(const NodeView& node) {
  const auto& attributes = node.attributes<RecurrentAttributes>();
  const Sizes sizes = sizes_of(node);
  Recurrence recurrence;
  recurrence.type = node.input_type(kX);
  recurrence.forms = attributes.forms;
  recurrence.gates = gates_of(attributes.cell);
  recurrence.steps = static_cast<std::size_t>(sizes.steps.value());
  recurrence.batch = static_cast<std::size_t>(sizes.batch.value());
  recurrence.inputs = static_cast<std::size_t>(sizes.inputs.value());
  recurrence.hidden = static_cast<std::size_t>(sizes.hidden.value());
  recurrence.directions = static_cast<std::size_t>(attributes.directions);
  recurrence.reverse = attributes.reverse;
  recurrence.batch_first = attributes.batch_first;
  for (std::size_t i = 0; i < node.input_count(); ++i) recurrence.given_inputs |= (node.has_input(i) ? 1U : 0U) << i;
  for (std::size_t i = 0; i < node.output_count(); ++i) recurrence.given_outputs |= (node.has_output(i) ? 1U : 0U) << i;
  return recurrence;
}

const std::int32_t* checked_lengths(const Recurrence& recurrence, const RunArguments& args) {
  const auto* lengths = static_cast<const std::int32_t*>(recurrence.input(args, kSequenceLens));
  if (lengths == nullptr) return nullptr;
  for (std::size_t n = 0; n < recurrence.batch; ++n) {
    if (lengths[n] >= 0 && static_cast<std::size_t>(lengths[n]) <= recurrence.steps) continue;
    fail(ErrorCode::kRuntimeFault, "sequence_lens[", n, "] is ", lengths[n], ", expected 0 to ", recurrence.steps,
         ", the steps of X");
  }
  return lengths;
}

template <typename T>
void fill_parameters(const Recurrence& recurrence, const void* b, const void* p, T* filled) {
  const std::size_t hidden = recurrence.hidden;
  const std::size_t rows = recurrence.gate_rows();
  const bool separate = recurrence.forms[0].linear_before_reset;
  std::fill_n(filled, CellParameters<T>::count(recurrence), T(0));
  for (std::size_t direction = 0; direction < recurrence.directions; ++direction) {
    T* const bias = filled;
    T* const recurrent_bias = bias + rows;
    T* const peepholes = recurrent_bias + hidden;
    filled = peepholes + 3 * hidden;
    if (p != nullptr) load_line(recurrence.type, p, direction * 3 * hidden, 3 * hidden, peepholes);
    if (b == nullptr) continue;
    load_line(recurrence.type, b, direction * 2 * rows, rows, bias);
    for (std::size_t row = 0; row < rows; row += hidden) {
      // Through the place of Rb's last gate, where it stays if it is kept apart.
      load_line(recurrence.type, b, (direction * 2 + 1) * rows + row, hidden, recurrent_bias);
      if (row + hidden == rows && separate) break;
      for (std::size_t i = 0; i < hidden; ++i) bias[row + i] += recurrent_bias[i];
    }
  }
}
template void fill_parameters(const Recurrence&, const void*, const void*, float*);
template void fill_parameters(const Recurrence&, const void*, const void*, double*);

std::size_t WorkspaceParts::add(std::size_t a, std::size_t b) {
  std::size_t bytes = 0;
  if (__builtin_mul_overflow(a, b, &bytes) || __builtin_mul_overflow(bytes, element_bytes_, &bytes)) bytes = SIZE_MAX;
  return layout_.add(bytes) / element_bytes_;
}

void register_rnn(Registry& registry) { add_cell(registry, RecurrentCell::kRnn, parse<RecurrentCell::kRnn>); }
void register_gru(Registry& registry) { add_cell(registry, RecurrentCell::kGru, parse<RecurrentCell::kGru>); }
void register_lstm(Registry& registry) { add_cell(registry, RecurrentCell::kLstm, parse<RecurrentCell::kLstm>); }

}  // namespace linnet::internal
