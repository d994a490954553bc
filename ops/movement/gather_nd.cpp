// GatherND: output[b..., i...] = data[b..., indices[b..., i..., :]], a slice of data for every tuple along the last
// axis of indices (int64), whose length q is 1 to r - batch_dims. The output has the shape of indices without its last
// dimension, then data's after batch_dims + q. The first batch_dims (from opset 12, default 0) dimensions of both are
// the same. Indices lie in [-size,size); one out of range is an error of the run. Opsets 11 to newest; all types are
// accepted at every opset.
#include <algorithm>
#include <cstring>

#include "ops/movement/index_tuples.hpp"
#include "ops/shared/output_tables.hpp"
#include "ops/shared/shape_helpers.hpp"
#include "runtime/copy_bytes.hpp"

namespace linnet::internal {
namespace {

constexpr std::size_t kTaskBytes = std::size_t{1} << 17;

struct GatherNDAttributes : Attributes {
  std::int64_t batch_dims = 0;
};

AttributesPtr parse(ParseContext& context) {
  auto attributes = new_shared<GatherNDAttributes>();
  if (context.opset() >= 12) attributes->batch_dims = context.get_int("batch_dims", 0);
  return attributes;
}

/// Errors: kInvalidModel unless both ranks are larger.
std::size_t batch_dims_of(const NodeView& node) {
  const std::int64_t batch_dims = node.attributes<GatherNDAttributes>().batch_dims;
  const std::size_t least = std::min(node.input_rank(0), node.input_rank(1));
  if (batch_dims != 0 && (batch_dims < 0 || batch_dims >= static_cast<std::int64_t>(least))) {
    invalid_model("batch_dims is ", batch_dims, ", expected 0 to ", least == 0 ? 0 : least - 1);
  }
  return static_cast<std::size_t>(batch_dims);
}

void infer(InferContext& context) {
  const std::size_t batch_dims = batch_dims_of(context);
  const std::optional<std::size_t> length = tuple_length(context, batch_dims);
  const Dims& data = context.input_dims(0);
  const Dims& indices = context.input_dims(1);
  for (std::size_t i = 0; i < batch_dims; ++i) {
    if (data[i].differs(indices[i])) {
      invalid_model("dimension ", i, " of indices is ", indices[i], ", expected ", data[i], ", that of data");
    }
  }
  if (!length) return set_output_of_rank(context, 0, Dim::unknown());
  Dims result(indices.begin(), indices.end() - 1);
  result.insert(result.end(), data.begin() + static_cast<std::ptrdiff_t>(batch_dims + *length), data.end());
  context.set_output(0, std::move(result));
}

Prepared prepare(const PrepareContext& context) {
  if (element_count(context.output_shape(0)) == 0) return {new_shared<IndexTuples>(), 0, 0};
  return {new_shared<IndexTuples>(context.input_type(0), context.input_shape(0), context.input_shape(1),
                                  batch_dims_of(context)),
          0, 0};
}

/// A copy of an element costs no call.
void copy_slice(std::byte* to, const std::byte* from, std::size_t bytes) {
  if (bytes == 4) {
    std::memcpy(to, from, 4);
  } else if (bytes == 8) {
    std::memcpy(to, from, 8);
  } else {
    std::memcpy(to, from, bytes);
  }
}

void run(const RunArguments& args) {
  const auto& tuples = *static_cast<const IndexTuples*>(args.state);
  const auto* data = static_cast<const std::byte*>(args.inputs[0]);
  const auto* indices = static_cast<const std::int64_t*>(args.inputs[1]);
  auto* output = static_cast<std::byte*>(args.outputs[0]);
  if (tuples.count() == 0) return;
  tuples.check(args.control, indices);
  const std::size_t bytes = tuples.slice_bytes();
  if (bytes > kTaskBytes) {
    for (std::size_t i = 0; i < tuples.count(); ++i) {
      copy_bytes(args.control, output + i * bytes, data + tuples.offset(indices, i), bytes);
    }
    return;
  }
  const std::size_t per_task = std::max<std::size_t>(1, kTaskBytes / (bytes + 16));
  const double work = static_cast<double>(tuples.count()) * (3 + 0.1 * static_cast<double>(bytes));
  args.control.parallel_for((tuples.count() + per_task - 1) / per_task, work, [&](std::size_t task) {
    const std::size_t end = std::min(tuples.count(), (task + 1) * per_task);
    for (std::size_t i = task * per_task; i < end; ++i) {
      copy_slice(output + i * bytes, data + tuples.offset(indices, i), bytes);
    }
  });
}

std::optional<WantedElements> wanted_elements(const NodeView& node, std::size_t input) {
  return wanted_tuples(node, input, batch_dims_of(node));
}

constexpr InputDef kInputs[] = {{"data", kByteTypes, kMoved}, {"indices", kInt64Type}};

}  // namespace

void register_gather_nd(Registry& registry) {
  OpDef op;
  op.name = "GatherND";
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
