// Products with matrices that are gathered from a constant, as PyTorch exports mixtures of experts: every row names
// one.
//
//   MatMul(x [R, 1, K], Gather(w [G, K, N], indices))      GatheredMatMul
//   MatMul(Gather(w [G, N, K], indices), x [R, K, 1])      GatheredMatMul
//
// with GatherND, whose indices have a last dimension of 1, for Gather along the first axis. Written so, every row
// copies its matrix before it is multiplied. Only float32.
#include <algorithm>

#include "ops/movement/gather.hpp"
#include "ops/product/gathered_matmul.hpp"
#include "ops/product/matrix_product.hpp"
#include "runtime/passes/pass.hpp"
#include "runtime/pattern.hpp"

namespace linnet::internal {
namespace {

using patterns::any;
using patterns::constant;
using patterns::one_of;
using patterns::op;

Pattern gathered() {
  return one_of({op("Gather", {constant("w"), any("indices")}, "gathered"),
                 op("GatherND", {constant("w"), any("indices")}, "gathered")});
}

/// Smaller matrices are copied sooner than they are brought together, and would be packed with as much beside them.
constexpr std::int64_t kLeastMatrix = 1024, kLeastSize = 8;

/// Whether whole matrices are gathered, one for each index.
bool gathers_matrices(const Match& match, const NodeView& gather) {
  const Dims& indices = match.type("indices").dims;
  const Shape& w = match.constant("w").shape;
  if (w.size() != 3 || gather.output(0).dims.size() != 3) return false;
  const std::optional<std::int64_t> matrix = checked_product(w[1], w[2]);
  if (!matrix || *matrix < kLeastMatrix || std::min(w[1], w[2]) < kLeastSize) return false;
  if (gather.node().op == match.registry().find("", "GatherND")) return indices.size() == 2 && indices[1].is(1);
  const auto* attributes = dynamic_cast<const GatherAttributes*>(gather.node().attributes.get());
  return attributes != nullptr && normalized_axis(attributes->axis, 3) == 0;
}

std::optional<Replacement> make(const Match& match, GatheredForm form) {
  const auto& product = match.last().attributes<MatrixProductAttributes>();
  const OpDef* const op = match.registry().find(kOwnDomain, kGatheredMatMul);
  const bool plain = !product.reordered() && product.activation.kind == kernels::ActivationKind::kNone;
  const TensorType& x = match.type("x");
  const Backend backend = match.last().options().backend;
  const bool own_kernels = backend == Backend::kAuto || backend == Backend::kSimd;
  const std::size_t single = form == GatheredForm::kRow ? 1 : 2;
  if (op == nullptr || !own_kernels || !plain || x.type != DataType::kFloat32 || x.dims.size() != 3 ||
      !x.dims[single].is(1) || match.last().input_count() > 2 || !gathers_matrices(match, match.node("gathered"))) {
    return std::nullopt;
  }
  auto attributes = new_shared<GatheredMatMulAttributes>();
  attributes->form = form;
  attributes->transpose_w = form == GatheredForm::kColumns;
  return Replacement{op, std::move(attributes), {match.value("x"), match.value("indices"), match.value("w")}};
}

std::optional<Replacement> make_row(const Match& match) { return make(match, GatheredForm::kRow); }
std::optional<Replacement> make_columns(const Match& match) { return make(match, GatheredForm::kColumns); }

}  // namespace

void register_expert_fusions(Registry& registry) {
  registry.add(Fusion{kFuseLayerParts, op("MatMul", {any("x"), gathered()}), make_row});
  registry.add(Fusion{kFuseLayerParts, op("MatMul", {gathered(), any("x")}), make_columns});
}

}  // namespace linnet::internal
