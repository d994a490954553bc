// Einsum: Y[output term] = sum of input_1[term 1] * input_2[term 2] * ... over all labels that the output term lacks.
// `equation` has a term of letters for each operand, "," between them, and may end with "->" and the output term; else
// that is what stands once in all terms, in the order of ASCII. A label that a term repeats takes the diagonal. "..."
// stands for any number of dimensions, which broadcast as NumPy does and come first in an output term that is left out;
// spaces count for nothing. A dimension of 1 repeats along its label, as in NumPy and PyTorch. An output term without
// an ellipsis sums over its dimensions.
// Opsets 12 to newest. Types: all numeric ones. Floats are summed in double and rounded once (float32, float16 and
// bfloat16 products of matrices: as MatMul), integers wrap around. Every operand is read as often as there are values
// of all labels: three operands or more are not contracted in pairs.
#include "ops/product/einsum.hpp"

#include <algorithm>

#include "ops/elementwise/broadcast_loops.hpp"
#include "ops/movement/strided_copy.hpp"
#include "ops/shared/chunks.hpp"
#include "ops/shared/element_lines.hpp"

namespace linnet::internal {
namespace {

constexpr char kEllipsis = '.';
constexpr std::size_t kMostShown = 70;
constexpr std::size_t kChunk = 16384;  // elements converted, or products, of a task
constexpr double kConversion = 1.0;    // ns per element
constexpr double kCost = 2.0;          // ns per factor
constexpr std::size_t kRows = 256;     // of the last summed index, between two looks at whether to stop

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool has(const std::string& term, char label) { return term.find(label) != std::string::npos; }

/// Letters, and one kEllipsis for the three points.
std::string parse_term(const std::string& term) {
  std::string labels;
  for (std::size_t i = 0; i < term.size(); ++i) {
    if (is_letter(term[i])) {
      labels += term[i];
    } else if (term.compare(i, 3, "...") == 0) {
      if (has(labels, kEllipsis)) invalid_model("the equation has a term with two ellipses");
      labels += kEllipsis;
      i += 2;
    } else {
      invalid_model("the equation has \"", printable(term.substr(i, 1)),
                    "\", expected letters, \",\", \"...\" and one \"->\"");
    }
  }
  return labels;
}

/// The ellipsis, and what stands once in all operands.
std::string implied_output(const std::vector<std::string>& operands) {
  std::string labels, output;
  for (const std::string& term : operands) labels += term;
  std::sort(labels.begin(), labels.end());  // the ellipsis comes before all letters
  for (std::size_t i = 0, next = 0; i < labels.size(); i = next) {
    next = std::min(labels.find_first_not_of(labels[i], i), labels.size());
    if (labels[i] == kEllipsis || next - i == 1) output += labels[i];
  }
  return output;
}

void check_output(const EinsumAttributes& attributes) {
  const std::string& output = attributes.output;
  for (std::size_t i = 0; i < output.size(); ++i) {
    if (output[i] == kEllipsis) continue;
    if (output.find(output[i], i + 1) != std::string::npos) {
      invalid_model("the equation repeats label ", output.substr(i, 1), " in its output term");
    }
    const auto& operands = attributes.operands;
    if (std::none_of(operands.begin(), operands.end(), [&](const std::string& term) { return has(term, output[i]); })) {
      invalid_model("the equation has label ", output.substr(i, 1), " in its output term, but in no operand");
    }
  }
}

AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<EinsumAttributes>();
  std::string equation = context.get_string("equation", "");
  equation.erase(std::remove(equation.begin(), equation.end(), ' '), equation.end());
  if (equation.empty()) invalid_model("attribute \"equation\" is missing or empty");
  const std::size_t arrow = equation.find("->");
  const std::string inputs = equation.substr(0, arrow);
  for (std::size_t begin = 0; begin <= inputs.size();) {
    const std::size_t end = std::min(inputs.find(',', begin), inputs.size());
    attributes->operands.push_back(parse_term(inputs.substr(begin, end - begin)));
    begin = end + 1;
  }
  attributes->output =
      arrow == std::string::npos ? implied_output(attributes->operands) : parse_term(equation.substr(arrow + 2));
  check_output(*attributes);
  return attributes;
}

/// What the labels are, as far as the operands' dimensions are known.
struct Labels {
  std::string letters;                                 ///< each once
  std::size_t ellipsis = 0;                            ///< dimensions of the longest
  Dims dims;                                           ///< of the letters, then of the ellipsis
  std::vector<std::vector<std::size_t>> operand_axes;  ///< for each dimension of an operand, its index in dims
  std::vector<std::size_t> output;

  std::size_t index_of(char letter) {
    const std::size_t found = letters.find(letter);
    if (found != std::string::npos) return found;
    letters += letter;
    return letters.size() - 1;
  }
  /// The indices that a term means, with an ellipsis of so many dimensions. Requires: `letters` are complete.
  std::vector<std::size_t> indices_of(const std::string& term, std::size_t dimensions) {
    std::vector<std::size_t> indices;
    for (const char label : term) {
      if (label != kEllipsis) {
        indices.push_back(index_of(label));
        continue;
      }
      for (std::size_t i = ellipsis - dimensions; i < ellipsis; ++i) indices.push_back(letters.size() + i);
    }
    return indices;
  }
  std::string name_of(std::size_t index) const {
    return index < letters.size() ? text("label ", letters.substr(index, 1))
                                  : text("dimension ", index - letters.size(), " of the ellipsis");
  }
};

std::string shown(const std::string& term) {
  std::string out;
  for (const char label : term.substr(0, kMostShown)) out += label == kEllipsis ? "..." : std::string(1, label);
  return term.size() > kMostShown ? out + " and more" : out;
}

/// Dimensions that the ellipsis of an operand stands for. Errors: kInvalidModel when the term has too many labels or
/// too few.
std::size_t ellipsis_rank(const std::string& term, std::size_t operand, std::size_t rank) {
  const bool any = has(term, kEllipsis);
  const std::size_t letters = term.size() - (any ? 1 : 0);
  if (rank < letters || (!any && rank > letters)) {
    invalid_model("operand ", operand, " has rank ", rank, ", but its term \"", shown(term), "\" has ", letters,
                  " labels", any ? " beside the ellipsis" : "");
  }
  return rank - letters;
}

/// Joins what is known of an index with the dimension of one more operand.
Dim joined(const Labels& labels, std::size_t index, Dim known, Dim dim) {
  if (known.differs(dim) && !known.is(1) && !dim.is(1)) {
    invalid_model(labels.name_of(index), " is ", known, " in one operand and ", dim, " in another");
  }
  return broadcast({known}, {dim})[0];
}

Labels labels_of(const NodeView& node) {
  const auto& attributes = node.attributes<EinsumAttributes>();
  const std::size_t count = attributes.operands.size();
  if (node.input_count() != count) {
    invalid_model("the equation has ", count, " operands, but there are ", node.input_count(), " inputs");
  }
  Labels labels;
  std::vector<std::size_t> ellipses;
  for (std::size_t i = 0; i < count; ++i) {
    for (const char label : attributes.operands[i]) {
      if (label != kEllipsis) labels.index_of(label);
    }
    ellipses.push_back(ellipsis_rank(attributes.operands[i], i, node.input_rank(i)));
    labels.ellipsis = std::max(labels.ellipsis, ellipses.back());
  }
  labels.dims.assign(labels.letters.size() + labels.ellipsis, 1);
  for (std::size_t i = 0; i < count; ++i) {
    labels.operand_axes.push_back(labels.indices_of(attributes.operands[i], ellipses[i]));
    const std::vector<std::size_t>& axes = labels.operand_axes.back();
    for (std::size_t axis = 0; axis < axes.size(); ++axis) {
      const Dim dim = node.input_dims(i)[axis];
      for (std::size_t other = 0; other < axis; ++other) {
        if (axes[other] == axes[axis] && dim.differs(node.input_dims(i)[other])) {
          invalid_model(labels.name_of(axes[axis]), " is ", node.input_dims(i)[other], " and ", dim, " in operand ", i);
        }
      }
      labels.dims[axes[axis]] = joined(labels, axes[axis], labels.dims[axes[axis]], dim);
    }
  }
  labels.output = labels.indices_of(attributes.output, labels.ellipsis);
  return labels;
}

void infer(InferContext& context) {
  const Labels labels = labels_of(context);
  Dims dims;
  for (const std::size_t index : labels.output) dims.push_back(labels.dims[index]);
  context.set_output(0, std::move(dims));
}

struct State {
  DataType type = DataType::kUndefined;
  Contraction contraction;            ///< without the last summed index
  std::size_t outputs = 0;            ///< elements of Y
  std::size_t terms = 1;              ///< products that one is the sum of
  std::size_t inner = 1;              ///< size of the last summed index
  std::size_t rows = 1;               ///< values of the other ones together
  std::vector<std::int64_t> steps;    ///< of each operand, along that index
  std::vector<std::size_t> counts;    ///< elements of each operand
  std::vector<std::int64_t> bases;    ///< where it begins in the workspace, in elements of 8 bytes
  std::size_t elements_bytes = 0;     ///< of all operands
  std::size_t offsets_of_worker = 0;  ///< numbers behind them in the workspace, one for each operand
  bool copies = false;                ///< one operand, of which nothing is summed
  StridedCopy copy;
};

/// In elements of 8 bytes, rounded up to whole cache lines.
constexpr std::size_t whole_lines(std::size_t elements) { return (elements + 7) / 8 * 8; }

/// Errors: kLimitExceeded when the work cannot be counted.
void count_work(const Contraction& contraction) {
  std::int64_t work = static_cast<std::int64_t>(contraction.strides.size());
  for (const std::int64_t size : contraction.sizes) {
    const std::optional<std::int64_t> product = checked_product(work, std::max<std::int64_t>(size, 1));
    if (!product) fail(ErrorCode::kLimitExceeded, "the labels have more values together than 64 bits can count");
    work = *product;
  }
}

Prepared prepare(const PrepareContext& context) {
  auto state = new_shared<State>();
  state->type = context.input_type(0);
  state->contraction = contraction_of(context);
  Contraction& contraction = state->contraction;
  count_work(contraction);
  state->outputs = static_cast<std::size_t>(contraction.size_of(contraction.output));
  state->terms = static_cast<std::size_t>(contraction.size_of(contraction.summed));
  if (context.input_count() == 1 && contraction.summed.empty()) {
    std::vector<std::int64_t> strides;
    for (const std::size_t index : contraction.output) strides.push_back(contraction.strides[0][index]);
    state->copies = true;
    if (state->outputs > 0) {
      state->copy = make_strided_copy(size_of(state->type), context.output_shape(0), strides, 0);
    }
    return {std::move(state), 0, 0};
  }
  state->steps.assign(context.input_count(), 0);
  if (!contraction.summed.empty()) {
    const std::size_t last = contraction.summed.back();
    contraction.summed.pop_back();
    state->inner = static_cast<std::size_t>(contraction.sizes[last]);
    for (std::size_t i = 0; i < state->steps.size(); ++i) state->steps[i] = contraction.strides[i][last];
  }
  state->rows = state->terms == 0 ? 0 : static_cast<std::size_t>(contraction.size_of(contraction.summed));
  for (std::size_t i = 0; i < context.input_count(); ++i) {
    state->bases.push_back(static_cast<std::int64_t>(state->elements_bytes / sizeof(double)));
    const std::size_t bytes = byte_count(DataType::kFloat64, context.input_shape(i)) + 63;
    if (__builtin_add_overflow(state->elements_bytes, bytes / 64 * 64, &state->elements_bytes)) {
      fail(ErrorCode::kLimitExceeded, "the operands as doubles need more bytes than 64 bits can count");
    }
    state->counts.push_back(static_cast<std::size_t>(element_count(context.input_shape(i))));
  }
  state->offsets_of_worker = whole_lines(context.input_count());
  const std::size_t offsets = state->offsets_of_worker * static_cast<std::size_t>(context.threads());
  const std::size_t bytes = state->elements_bytes + offsets * sizeof(std::int64_t);
  return {std::move(state), bytes, 0};
}

/// Moves the offsets of all operands to value `position` of these indices, counted together.
void move_offsets(const Contraction& contraction, const std::vector<std::size_t>& indices, std::size_t position,
                  std::int64_t* offsets) {
  for (std::size_t i = indices.size(); i-- > 0;) {
    const auto size = static_cast<std::size_t>(contraction.sizes[indices[i]]);
    const auto value = static_cast<std::int64_t>(position % size);
    position /= size;
    for (std::size_t operand = 0; operand < contraction.strides.size(); ++operand) {
      offsets[operand] += value * contraction.strides[operand][indices[i]];
    }
  }
}

/// Integers wrap around in their unsigned type.
template <typename W>
using Wrapping = std::conditional_t<std::is_integral_v<W>, std::uint64_t, double>;

/// The sum over the last summed index. Operand i begins at offsets[i].
template <typename W>
Wrapping<W> sum_row(const State& state, const W* elements, const std::int64_t* offsets) {
  Wrapping<W> sum = 0;
  for (std::size_t k = 0; k < state.inner; ++k) {
    Wrapping<W> product = 1;
    for (std::size_t i = 0; i < state.steps.size(); ++i) {
      product *= static_cast<Wrapping<W>>(elements[offsets[i] + static_cast<std::int64_t>(k) * state.steps[i]]);
    }
    sum += product;
  }
  return sum;
}

/// Element `index` of Y.
template <typename W>
W element_of(const State& state, const W* elements, std::size_t index, std::int64_t* offsets, RunControl& control) {
  Wrapping<W> sum = 0;
  for (std::size_t row = 0; row < state.rows; ++row) {
    if (row % kRows == 0 && control.abandon_if_stopped()) return 0;
    std::copy(state.bases.begin(), state.bases.end(), offsets);
    move_offsets(state.contraction, state.contraction.output, index, offsets);
    move_offsets(state.contraction, state.contraction.summed, row, offsets);
    sum += sum_row(state, elements, offsets);
  }
  return static_cast<W>(sum);
}

template <typename W>
void run_loops(const State& state, const RunArguments& args) {
  auto* elements = static_cast<W*>(args.workspace);
  for (std::size_t i = 0; i < state.counts.size(); ++i) {
    W* to = elements + state.bases[i];
    for_chunks(args.control, state.counts[i], kChunk, kConversion, [&, to](std::size_t first, std::size_t count) {
      load_line(state.type, args.inputs[i], first, count, to + first);
    });
  }
  auto* const offsets = reinterpret_cast<std::int64_t*>(static_cast<std::byte*>(args.workspace) + state.elements_bytes);
  const double cost = kCost * static_cast<double>(std::max<std::size_t>(1, state.terms) * state.steps.size());
  const std::size_t per_task = std::clamp<std::size_t>(kChunk / std::max<std::size_t>(1, state.terms), 1, kLinedUp);
  const std::size_t tasks = (state.outputs + per_task - 1) / per_task;
  const double work = cost * static_cast<double>(state.outputs);
  args.control.parallel_for(tasks, work, [&](std::size_t task, std::size_t worker) {
    const std::size_t first = task * per_task;
    const std::size_t count = std::min(per_task, state.outputs - first);
    W line[kLinedUp];
    for (std::size_t i = 0; i < count; ++i) {
      line[i] = element_of(state, elements, first + i, offsets + worker * state.offsets_of_worker, args.control);
    }
    store_line(state.type, line, first, count, args.outputs[0]);
  });
}

void run(const RunArguments& args) {
  const State& state = *static_cast<const State*>(args.state);
  if (state.copies) return run_strided_copy(args.control, state.copy, args.inputs[0], args.outputs[0]);
  visit_line_type(state.type, [&](auto tag) { run_loops<typename decltype(tag)::type>(state, args); });
}

double folding_ns(const NodeView& node) {
  double work = kCost * static_cast<double>(node.input_count());
  for (const std::int64_t size : contraction_of(node).sizes) work *= static_cast<double>(size);
  return work;
}

constexpr InputDef kInputs[] = {{"", kNumericTypes, kRepeated | kTypeOfFirst}};
constexpr OutputDef kOutputs[] = {{"Output", TypeOf{0}}};

}  // namespace

std::int64_t Contraction::size_of(const std::vector<std::size_t>& indices) const {
  std::int64_t size = 1;
  for (const std::size_t index : indices) size *= sizes[index];
  return size;
}

Contraction contraction_of(const NodeView& node) {
  const Labels labels = labels_of(node);
  Contraction contraction;
  contraction.sizes = to_shape(labels.dims);
  contraction.output = labels.output;
  for (std::size_t operand = 0; operand < labels.operand_axes.size(); ++operand) {
    const Shape shape = node.input_shape(operand);
    std::vector<std::int64_t> strides(labels.dims.size(), 0);
    const std::vector<std::int64_t> own =
        element_count(shape) == 0 ? std::vector<std::int64_t>(shape.size(), 0) : row_major_strides(shape);
    for (std::size_t axis = 0; axis < shape.size(); ++axis) {
      if (shape[axis] != 1) strides[labels.operand_axes[operand][axis]] += own[axis];
    }
    contraction.strides.push_back(std::move(strides));
  }
  for (std::size_t index = 0; index < labels.dims.size(); ++index) {
    const auto& output = contraction.output;
    if (std::find(output.begin(), output.end(), index) == output.end()) contraction.summed.push_back(index);
  }
  return contraction;
}

void register_einsum(Registry& registry) {
  OpDef op;
  op.name = "Einsum";
  op.since_opset = 12;
  op.inputs = kInputs;
  op.outputs = kOutputs;
  op.parse = parse;
  op.infer = infer;
  op.implementations = {einsum_by_product(), {"reference", Backend::kReference, nullptr, prepare, run}};
  op.facts.folding_ns = folding_ns;
  registry.add(std::move(op));
}

}  // namespace linnet::internal
