// SVMRegressor and SVMClassifier (ai.onnx.ml) on rows of X ([N,columns], or [columns] as one row: float32, float64,
// int32, int64). A kernel measures how alike a row and a support vector are, with gamma, coef0 and degree of
// kernel_params:
//   LINEAR x·v    POLY (gamma x·v + coef0)^degree    RBF exp(-gamma |x-v|²)    SIGMOID tanh(gamma x·v + coef0)
// Regressor: Y [N,1] is the sum of coefficients times kernels, plus rho; with one_class 1 where it is above 0, else -1.
// Without support vectors (n_supports 0) it is the product with the coefficients, plus rho. PROBIT alone transforms.
// Classifier: Y [N], labels (int64 or strings); Z, float32, scores. With support vectors, sorted by class, each pair of
// classes i < j has a score: the kernels of both, weighted by coefficients ([classes-1,vectors]: those of i in row j-1,
// of j in row i), plus rho of the pair. Above 0 it is a vote for i, else for j; the first class with most votes wins.
// Z is [N,pairs]; of two classes [N,2]: -score and score, after a transform 1 - score and score; with prob_a and prob_b
// [N,classes], the probabilities that fit those of the pairs best (T.-F. Wu, C.-J. Lin, R. C. Weng, 2004, method 2).
// Without support vectors the scores are products with coefficients ([classes,columns]) plus rho: Z [N,classes].
// Opset 1. What models leave open is as ONNX Runtime has it.
#include <algorithm>
#include <cmath>

#include "ops/learned/row_products.hpp"
#include "ops/learned/scores.hpp"
#include "ops/shared/element_lines.hpp"
#include "ops/shared/named_value.hpp"

namespace linnet::internal {
namespace {

constexpr double kKernelCost = 10.0;  // ns per vector, with its function

enum class Kernel : std::uint8_t { kLinear, kPoly, kRbf, kSigmoid };
constexpr NamedValue<Kernel> kKernels[] = {
    {"LINEAR", Kernel::kLinear}, {"POLY", Kernel::kPoly}, {"RBF", Kernel::kRbf}, {"SIGMOID", Kernel::kSigmoid}};

using Floats = std::vector<float>;

struct VectorAttributes : Attributes {
  RowProducts products;  ///< with support vectors, or with coefficients where there are none
  bool has_vectors = false;
  Kernel kernel = Kernel::kLinear;
  double gamma = 0, coef0 = 0, degree = 0;
  Floats coefficients, rho, prob_a, prob_b;
  PostTransform transform = PostTransform::kNone;
  bool one_class = false;
  Labels labels;
  std::vector<std::size_t> ends;  ///< of the support vectors of each class
  bool weights_negative = false;
  std::size_t columns = 1;  ///< of Z

  std::size_t pairs() const { return labels.size() * (labels.size() - 1) / 2; }
  double row_cost() const { return products.row_cost() + static_cast<double>(products.vectors()) * kKernelCost; }
};

Floats floats(ParseContext& context, const char* name) { return context.get_floats(name).value_or(Floats()); }

void require_floats(const Floats& list, const char* name, std::size_t least) {
  if (list.size() < least) invalid_model(name, " has ", list.size(), " elements, expected ", least);
}

/// What both have. `vectors`: how many there are; without any `rows` of coefficients take their place.
void parse_vectors(ParseContext& context, std::size_t vectors, std::size_t rows, VectorAttributes& attributes) {
  attributes.kernel = named_value(context, "kernel_type", kKernels);
  const Floats parameters = floats(context, "kernel_params");
  if (!parameters.empty()) {
    require_floats(parameters, "kernel_params", 3);
    attributes.gamma = static_cast<double>(parameters[0]);
    attributes.coef0 = static_cast<double>(parameters[1]);
    attributes.degree = static_cast<double>(parameters[2]);
  }
  attributes.transform = parse_post_transform(context);
  attributes.coefficients = floats(context, "coefficients");
  attributes.rho = floats(context, "rho");
  const Floats support = floats(context, "support_vectors");
  attributes.has_vectors = vectors > 0;
  const Floats& elements = vectors > 0 ? support : attributes.coefficients;
  const std::size_t count = vectors > 0 ? vectors : rows;
  if (elements.empty() || elements.size() % count != 0)
    invalid_model(vectors > 0 ? "support_vectors" : "coefficients", " has ", elements.size(),
                  " elements, which are no whole rows for ", count, vectors > 0 ? " vectors" : " scores");
  attributes.products = RowProducts(elements, count);
  if (vectors == 0) attributes.kernel = Kernel::kLinear;
}

AttributesPtr parse_regressor(ParseContext& context) {
  auto attributes = new_shared<VectorAttributes>();
  const std::int64_t vectors = context.get_int("n_supports", 0);
  if (vectors < 0 || vectors > INT32_MAX) invalid_model("n_supports is ", vectors);
  parse_vectors(context, static_cast<std::size_t>(vectors), 1, *attributes);
  require_floats(attributes->coefficients, "coefficients", static_cast<std::size_t>(vectors));
  require_floats(attributes->rho, "rho", 1);
  attributes->one_class = context.get_int("one_class", 0) != 0;
  return attributes;
}

AttributesPtr parse_classifier(ParseContext& context) {
  auto attributes = new_shared<VectorAttributes>();
  attributes->labels = parse_labels(context, "classlabels_ints");
  const std::size_t classes = attributes->labels.size();
  std::size_t vectors = 0;
  for (const std::int64_t count : list_of_integers(context, "vectors_per_class")) {
    if (count < 0 || count > INT32_MAX) invalid_model("vectors_per_class has ", count);
    vectors += static_cast<std::size_t>(count);
    attributes->ends.push_back(vectors);
  }
  parse_vectors(context, vectors, classes, *attributes);
  attributes->prob_a = floats(context, "prob_a");
  attributes->prob_b = floats(context, "prob_b");
  attributes->columns = classes;
  require_floats(attributes->rho, "rho", 1);
  attributes->weights_negative =
      std::any_of(attributes->coefficients.begin(), attributes->coefficients.end(), [](float w) { return w < 0; });
  if (!attributes->has_vectors) return attributes;
  if (attributes->ends.size() != classes || classes < 2)
    invalid_model("vectors_per_class has ", attributes->ends.size(), " elements, but there are ", classes, " classes");
  require_floats(attributes->coefficients, "coefficients", (classes - 1) * vectors);
  require_floats(attributes->rho, "rho", attributes->pairs());
  if (!attributes->prob_a.empty()) {
    require_floats(attributes->prob_a, "prob_a", attributes->pairs());
    require_floats(attributes->prob_b, "prob_b", attributes->pairs());
  } else if (classes > 2) {
    attributes->columns = attributes->pairs();
  }
  return attributes;
}

const Labels& labels_of(const Attributes& attributes) {
  return static_cast<const VectorAttributes&>(attributes).labels;
}

Dim require_rows(const InferContext& context) {
  const RowDims dims = rows_of(context);
  const auto features = static_cast<std::int64_t>(context.attributes<VectorAttributes>().products.features());
  if (dims.columns.differs(features))
    invalid_model("rows of X have ", dims.columns, " elements, but vectors of the model ", features);
  return dims.rows;
}

void infer_regressor(InferContext& context) { context.set_output(0, {require_rows(context), Dim(1)}); }

void infer_classifier(InferContext& context) {
  const auto& attributes = context.attributes<VectorAttributes>();
  ClassOutputs::infer(context, attributes.labels, require_rows(context), static_cast<std::int64_t>(attributes.columns));
}

/// Parts of a worker's scratch, in doubles, one behind the other.
struct Scratch {
  double* kernels;        ///< [vectors]
  double* scores;         ///< [columns], and of the pairs
  double* votes;          ///< [classes]
  double* probabilities;  ///< [classes, classes], of i against j
  double* q;              ///< [classes, classes]
  double* qp;             ///< [classes]

  static std::size_t count(const VectorAttributes& attributes) {
    const std::size_t classes = attributes.labels.size();
    const std::size_t fitted = attributes.prob_a.empty() ? 0 : 2 * classes * classes + classes;
    return attributes.products.vectors() + scores_of(attributes) + classes + fitted;
  }
  static std::size_t scores_of(const VectorAttributes& attributes) {
    return attributes.columns + (attributes.labels.size() > 1 ? attributes.pairs() : 0);
  }
  Scratch(const VectorAttributes& attributes, double* memory) {
    const std::size_t classes = attributes.labels.size();
    kernels = memory;
    scores = kernels + attributes.products.vectors();
    votes = scores + scores_of(attributes);
    probabilities = votes + classes;
    q = probabilities + classes * classes;
    qp = q + classes * classes;
  }
};

Prepared prepare(const PrepareContext& context) {
  return prepare_rows(context, Scratch::count(context.attributes<VectorAttributes>()) * sizeof(double));
}

void measure_kernels(const VectorAttributes& attributes, DataType type, const void* x, std::size_t row,
                     double* kernels) {
  if (attributes.kernel == Kernel::kRbf) {
    attributes.products.measure(type, x, row, kernels);
  } else {
    attributes.products.multiply(type, x, row, kernels);
  }
  for (std::size_t i = 0; attributes.kernel != Kernel::kLinear && i < attributes.products.vectors(); ++i) {
    const double product = attributes.gamma * kernels[i] + attributes.coef0;
    kernels[i] = attributes.kernel == Kernel::kRbf    ? std::exp(-attributes.gamma * kernels[i])
                 : attributes.kernel == Kernel::kPoly ? std::pow(product, attributes.degree)
                                                      : std::tanh(product);
  }
}

void run_regressor(const RunArguments& args) {
  const RowsState& state = *static_cast<const RowsState*>(args.state);
  const auto& attributes = static_cast<const VectorAttributes&>(*state.attributes);
  const double work = static_cast<double>(state.rows) * attributes.row_cost();
  args.control.parallel_for(state.rows, work, [&](std::size_t row, std::size_t worker) {
    auto* const kernels = reinterpret_cast<double*>(state.scratch(args, worker));
    measure_kernels(attributes, state.type, args.inputs[0], row, kernels);
    double sum = attributes.has_vectors ? 0 : kernels[0];
    for (std::size_t i = 0; attributes.has_vectors && i < attributes.products.vectors(); ++i)
      sum += static_cast<double>(attributes.coefficients[i]) * kernels[i];
    sum += static_cast<double>(attributes.rho[0]);
    if (attributes.transform == PostTransform::kProbit) transform_scores(attributes.transform, &sum, 1);
    if (attributes.one_class) sum = sum > 0 ? 1 : -1;
    static_cast<float*>(args.outputs[0])[row] = static_cast<float>(sum);
  });
}

/// Scores of the pairs, and the class with most votes.
std::uint32_t vote(const VectorAttributes& attributes, const Scratch& scratch, double* pair_scores) {
  const std::size_t classes = attributes.labels.size();
  const std::size_t vectors = attributes.products.vectors();
  std::fill_n(scratch.votes, classes, 0.0);
  const auto sum_of = [&](std::size_t of_class, std::size_t row) {
    double sum = 0;
    for (std::size_t i = of_class == 0 ? 0 : attributes.ends[of_class - 1]; i < attributes.ends[of_class]; ++i)
      sum += static_cast<double>(attributes.coefficients[row * vectors + i]) * scratch.kernels[i];
    return sum;
  };
  std::size_t pair = 0;
  for (std::size_t i = 0; i + 1 < classes; ++i) {
    for (std::size_t j = i + 1; j < classes; ++j, ++pair) {
      const double score = sum_of(i, j - 1) + sum_of(j, i) + static_cast<double>(attributes.rho[pair]);
      pair_scores[pair] = score;
      scratch.votes[score > 0 ? i : j] += 1;
    }
  }
  return largest_score(scratch.votes, classes);
}

/// Makes of the pairs' scores probabilities of the classes.
void fit_probabilities(const VectorAttributes& attributes, const Scratch& scratch, const double* pair_scores,
                       double* fitted) {
  constexpr double kLeast = 1e-7;
  constexpr int kMostSteps = 100;
  const std::size_t classes = attributes.labels.size();
  double* const r = scratch.probabilities;
  double* const q = scratch.q;
  double* const qp = scratch.qp;
  std::size_t pair = 0;
  for (std::size_t i = 0; i + 1 < classes; ++i) {
    for (std::size_t j = i + 1; j < classes; ++j, ++pair) {
      const double x = pair_scores[pair] * static_cast<double>(attributes.prob_a[pair]) +
                       static_cast<double>(attributes.prob_b[pair]);
      const double p = std::clamp(1 / (1 + std::exp(x)), kLeast, 1 - kLeast);
      r[i * classes + j] = p;
      r[j * classes + i] = 1 - p;
    }
  }
  for (std::size_t i = 0; i < classes; ++i) {
    fitted[i] = 1.0 / static_cast<double>(classes);
    q[i * classes + i] = 0;
    for (std::size_t j = 0; j < classes; ++j) {
      if (j == i) continue;
      q[i * classes + i] += r[j * classes + i] * r[j * classes + i];
      q[i * classes + j] = -r[j * classes + i] * r[i * classes + j];
    }
  }
  for (int step = 0; step < kMostSteps; ++step) {
    double pqp = 0;
    for (std::size_t i = 0; i < classes; ++i) {
      qp[i] = 0;
      for (std::size_t j = 0; j < classes; ++j) qp[i] += q[i * classes + j] * fitted[j];
      pqp += fitted[i] * qp[i];
    }
    double error = 0;
    for (std::size_t i = 0; i < classes; ++i) error = std::max(error, std::abs(qp[i] - pqp));
    if (error < 0.005 / static_cast<double>(classes)) return;
    for (std::size_t i = 0; i < classes; ++i) {
      const double own = q[i * classes + i];
      const double change = (pqp - qp[i]) / own;
      fitted[i] += change;
      pqp = (pqp + change * (change * own + 2 * qp[i])) / (1 + change) / (1 + change);
      for (std::size_t j = 0; j < classes; ++j) {
        qp[j] = (qp[j] + change * q[i * classes + j]) / (1 + change);
        fitted[j] /= 1 + change;
      }
    }
  }
}

/// Scores of a row from its kernels, and its class.
std::uint32_t classify(const VectorAttributes& attributes, const Scratch& scratch) {
  const std::size_t classes = attributes.labels.size();
  double* const scores = scratch.scores;
  if (!attributes.has_vectors) {
    for (std::size_t i = 0; i < classes; ++i) scores[i] = scratch.kernels[i] + static_cast<double>(attributes.rho[0]);
    std::uint32_t place = largest_score(scores, classes);
    const auto most = static_cast<float>(scores[place]);
    if (classes == 2 && (attributes.weights_negative ? most > 0 : most >= 0.5F)) place = 1;
    transform_scores(attributes.transform, scores, classes);
    return place;
  }
  if (!attributes.prob_a.empty()) {
    double* const pair_scores = scores + attributes.columns;
    const std::uint32_t place = vote(attributes, scratch, pair_scores);
    fit_probabilities(attributes, scratch, pair_scores, scores);
    transform_scores(attributes.transform, scores, classes);
    return place;
  }
  const std::uint32_t place = vote(attributes, scratch, scores);
  if (classes == 2) {
    const bool plain = attributes.transform == PostTransform::kNone;
    expand_score(attributes.transform, plain ? OtherScore::kNegated : OtherScore::kComplement, scores);
  } else {
    transform_scores(attributes.transform, scores, attributes.columns);
  }
  return place;
}

void run_classifier(const RunArguments& args) {
  const RowsState& state = *static_cast<const RowsState*>(args.state);
  const auto& attributes = static_cast<const VectorAttributes&>(*state.attributes);
  const std::size_t columns = attributes.columns;
  const ClassOutputs outputs = state.outputs(attributes.labels, columns);
  float* const z = outputs.z(args);
  std::uint32_t* const places = state.places(args);
  const double work = static_cast<double>(state.rows) * attributes.row_cost();
  args.control.parallel_for(state.rows, work, [&](std::size_t row, std::size_t worker) {
    const Scratch scratch(attributes, reinterpret_cast<double*>(state.scratch(args, worker)));
    measure_kernels(attributes, state.type, args.inputs[0], row, scratch.kernels);
    places[row] = classify(attributes, scratch);
    if (z != nullptr) store_line(DataType::kFloat32, scratch.scores, 0, columns, z + row * columns);
  });
  outputs.write_labels(args, places);
}

constexpr char kStringForm[] = "SVMClassifierToStrings";

}  // namespace

void register_support_vectors(Registry& registry) {
  OpDef op =
      text_op("SVMRegressor", 1, kRowsOfNumbers, kScores, parse_regressor, infer_regressor, prepare, run_regressor);
  op.domain = "ai.onnx.ml";
  registry.add(std::move(op));
  add_classifier<labels_of, kStringForm>(registry, "ai.onnx.ml",
                                         text_op("SVMClassifier", 1, kRowsOfNumbers, kClassOutputs, parse_classifier,
                                                 infer_classifier, prepare, run_classifier));
}

}  // namespace linnet::internal
