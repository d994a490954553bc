#include "ops/learned/scores.hpp"

#include <algorithm>
#include <cmath>

#include "ops/shared/named_value.hpp"
#include "ops/shared/workspace_layout.hpp"
#include "runtime/data_type.hpp"
#include "runtime/held.hpp"

namespace linnet::internal {
namespace {

constexpr NamedValue<PostTransform> kTransforms[] = {{"NONE", PostTransform::kNone},
                                                     {"SOFTMAX", PostTransform::kSoftmax},
                                                     {"LOGISTIC", PostTransform::kLogistic},
                                                     {"SOFTMAX_ZERO", PostTransform::kSoftmaxZero},
                                                     {"PROBIT", PostTransform::kProbit}};

double logistic(double x) { return 1 / (1 + std::exp(-x)); }

/// sqrt(2) * erfinv(2 p - 1). Source: S. Winitzki, A handy approximation for the error function and its inverse, 2008.
double probit(double p) {
  constexpr double kA = 0.147;
  constexpr double kPi = 3.14159;
  const double x = 2 * p - 1;
  const double log = std::log((1 - x) * (1 + x));
  const double v = 2 / (kPi * kA) + log / 2;
  return std::copysign(std::sqrt(2 * (std::sqrt(v * v - log / kA) - v)), x);
}

void softmax(double* scores, std::size_t count, bool keep_zeros) {
  constexpr double kZero = 1e-7;
  const double largest = *std::max_element(scores, scores + count);
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (keep_zeros && std::abs(scores[i]) <= kZero) {
      scores[i] *= std::exp(-largest);
    } else {
      scores[i] = std::exp(scores[i] - largest);
      sum += scores[i];
    }
  }
  for (std::size_t i = 0; i < count; ++i) scores[i] /= sum;
}

}  // namespace

PostTransform parse_post_transform(ParseContext& context) {
  return named_value(context, "post_transform", kTransforms);
}

void transform_scores(PostTransform transform, double* scores, std::size_t count) {
  switch (transform) {
    case PostTransform::kNone:
      return;
    case PostTransform::kSoftmax:
    case PostTransform::kSoftmaxZero:
      return softmax(scores, count, transform == PostTransform::kSoftmaxZero);
    case PostTransform::kLogistic:
      std::transform(scores, scores + count, scores, logistic);
      return;
    case PostTransform::kProbit:
      std::transform(scores, scores + count, scores, probit);
      return;
  }
}

void expand_score(PostTransform transform, OtherScore other, double* scores) {
  const double score = scores[0];
  if (transform == PostTransform::kProbit) scores[0] = probit(score);
  if (other == OtherScore::kNone) return;
  scores[1] = 0;
  if (transform == PostTransform::kProbit) return;
  const bool both = transform == PostTransform::kLogistic;
  scores[0] = both ? logistic(-score) : other == OtherScore::kComplement ? 1 - score : -score;
  scores[1] = both ? logistic(score) : score;
}

void ClassOutputs::infer(InferContext& context, const Labels& labels, Dim rows, std::int64_t scores) {
  context.set_output(0, labels.type(), {rows});
  context.set_output(1, {rows, Dim(scores)});
}

float* ClassOutputs::z(const RunArguments& args) const {
  if (scores == 0) return nullptr;
  void* const output = args.outputs[1];
  if (!labels->are_strings()) return static_cast<float*>(output);
  const Shape shape{static_cast<std::int64_t>(rows), static_cast<std::int64_t>(scores)};
  return reinterpret_cast<float*>(held(output).make(DataType::kFloat32, shape));
}

void ClassOutputs::write_labels(const RunArguments& args, const std::uint32_t* places) const {
  if (!labels->are_strings()) {
    auto* const y = static_cast<std::int64_t*>(args.outputs[0]);
    const bool labelled = labels->size() > 0;
    for (std::size_t row = 0; row < rows; ++row) y[row] = labelled ? labels->integers[places[row]] : places[row];
    return;
  }
  Held& output = held(args.outputs[0]);
  std::vector<std::string>& y = output.make_strings({static_cast<std::int64_t>(rows)});
  std::size_t bytes = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    const std::string& label = labels->strings[places[row]];
    bytes += label.size();
    output.check_budget(bytes);
    y[row] = label;
  }
}

RowDims rows_of(const NodeView& node) {
  const Dims& dims = node.input_dims(0);
  if (dims.empty() || dims.size() > 2) invalid_model("input X has rank ", dims.size(), ", expected 1 or 2");
  return {dims.size() == 1 ? Dim(1) : dims[0], dims.back()};
}

std::uint32_t largest_score(const double* scores, std::size_t count) {
  std::uint32_t best = 0;
  for (std::uint32_t i = 1; i < count; ++i) {
    if (static_cast<float>(scores[i]) > static_cast<float>(scores[best])) best = i;
  }
  return best;
}

Prepared prepare_rows(const PrepareContext& context, std::size_t scratch_bytes) {
  auto state = new_shared<RowsState>();
  state->attributes = context.node().attributes;
  state->type = context.input_type(0);
  const Shape shape = context.input_shape(0);
  state->rows = shape.size() == 1 ? 1 : static_cast<std::size_t>(shape[0]);
  state->columns = static_cast<std::size_t>(shape.back());
  state->has_scores = context.has_output(1);
  WorkspaceLayout worker;
  worker.add(scratch_bytes);
  state->scratch_bytes = worker.bytes();
  WorkspaceLayout all(state->scratch_bytes * static_cast<std::size_t>(context.threads()));
  state->places_at = all.add(state->rows * sizeof(std::uint32_t));
  Prepared prepared;
  prepared.workspace_bytes = all.bytes();
  prepared.state = std::move(state);
  return prepared;
}

}  // namespace linnet::internal
