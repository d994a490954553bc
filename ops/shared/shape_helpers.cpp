#include "ops/shared/shape_helpers.hpp"

#include <algorithm>

#include "runtime/dim_arithmetic.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kMostDims = 4096;
constexpr std::size_t kMostListed = 70;

}  // namespace

Dim list_length(const NodeView& node, std::size_t input, const char* name) {
  const Dims& dims = node.input_dims(input);
  if (dims.size() > 1) invalid_model("input ", name, " has rank ", dims.size(), ", expected 1");
  return dims.empty() ? Dim(1) : dims[0];
}

void require_one_element(const NodeView& node, std::size_t input) {
  const Dim count = element_count(node.input_dims(input));
  if (count.differs(1))
    invalid_model("input ", node.node().op->inputs.of(input)->name, " has ", count, " elements, expected 1");
}

Dim product_of(const Dims& dims, std::size_t first, std::size_t last) {
  const Dims range(dims.begin() + static_cast<std::ptrdiff_t>(first), dims.begin() + static_cast<std::ptrdiff_t>(last));
  if (all_known(range)) return element_count(to_shape(range));
  Dim open = Dim::unknown();
  std::size_t open_count = 0;
  std::optional<std::int64_t> factor = 1;
  for (const Dim dim : range) {
    if (dim.is(0)) return 0;
    if (dim.known()) {
      factor = factor ? checked_product(*factor, dim.value()) : std::nullopt;
    } else {
      open = dim;
      ++open_count;
    }
  }
  if (open_count != 1 || !factor) return Dim::unknown();
  return *factor == 1 ? open : multiple(open, *factor);
}

void check_rank(const NodeView& node, std::size_t output, std::int64_t rank) {
  const std::size_t chosen = node.options().limits.rank;
  const std::size_t limit = chosen != 0 ? chosen : kMostDims;
  if (rank > static_cast<std::int64_t>(limit)) {
    fail(ErrorCode::kLimitExceeded, "output ", node.node().op->outputs.name(output), " has rank ", rank,
         ", the limit is ", limit);
  }
}

void set_output_of_rank(InferContext& context, std::size_t output, DataType type, Dim rank) {
  if (!rank.known()) {
    context.set_output_unranked(output, type);
    return;
  }
  check_rank(context, output, rank.value());
  context.set_output(output, type, Dims(static_cast<std::size_t>(rank.value())));
}

void set_output_of_rank(InferContext& context, std::size_t output, Dim rank) {
  set_output_of_rank(context, output, context.node().op->outputs.of(output)->type(context), rank);
}

void pass_elements(InferContext& context, std::size_t input) {
  if (std::optional<Dims> elements = context.input_elements(input))
    context.set_output_elements(0, std::move(*elements));
}

bool keeps_shape(const NodeView& node) {
  const Dims& input = node.input_dims(0);
  const TensorType& output = node.output(0);
  return output.ranked && std::equal(input.begin(), input.end(), output.dims.begin(), output.dims.end(),
                                     [](Dim a, Dim b) { return a.same(b); });
}

bool keeps_rank(const NodeView& node) {
  return node.output(0).ranked && node.output(0).dims.size() == node.input_rank(0);
}

std::string short_list(const std::vector<std::int64_t>& values) {
  if (values.size() <= kMostListed) return text(values);
  std::string out = text(std::vector<std::int64_t>(values.begin(), values.begin() + kMostListed));
  out.replace(out.size() - 1, 1, ",...]");
  return out;
}

std::vector<std::size_t> distinct_axes(const std::vector<std::int64_t>& axes, std::size_t rank) {
  std::vector<bool> named(rank, false);
  std::vector<std::size_t> result;
  for (const std::int64_t axis : axes) {
    const auto normalized = static_cast<std::size_t>(normalized_axis(axis, rank));
    if (named[normalized]) invalid_model("axes ", short_list(axes), " name axis ", normalized, " twice");
    named[normalized] = true;
    result.push_back(normalized);
  }
  return result;
}

}  // namespace linnet::internal
