// A Pad of zeros before a convolution becomes the convolution's own pads, as exports from TensorFlow and PyTorch's
// nn.ZeroPad2d have it. The numbers stay: a convolution reads zeros outside of X.
#include "ops/convolution/convolution.hpp"
#include "ops/shared/fusion_facts.hpp"
#include "runtime/passes/pass.hpp"
#include "runtime/pattern.hpp"

namespace linnet::internal {
namespace {

using patterns::any;
using patterns::constant;
using patterns::one_of;
using patterns::op;

constexpr std::int64_t kMostPad = INT32_MAX;

Pattern padded_convolution() {
  const Pattern list = constant(nullptr);
  const Pattern pad =
      one_of({op("Pad", {any("x")}, "pad"), op("Pad", {any("x"), list}, "pad"),
              op("Pad", {any("x"), list, list}, "pad"), op("Pad", {any("x"), list, list, list}, "pad")});
  return one_of({op("Conv", {pad, any("w")}), op("Conv", {pad, any("w"), any("b")})});
}

std::optional<Replacement> make_padded_convolution(const Match& match) {
  const NodeView pad = match.node("pad");
  const NodeView convolution = match.last();
  const auto* zeros = dynamic_cast<const ZeroPadAttributes*>(pad.node().attributes.get());
  const auto* before = dynamic_cast<const ConvolutionAttributes*>(convolution.node().attributes.get());
  if (zeros == nullptr || before == nullptr || is_same(before->window.auto_pad)) return std::nullopt;
  const std::optional<std::vector<std::int64_t>> pads = zeros->zero_pads(pad);
  const std::size_t rank = pad.input_rank(0);
  if (!pads || rank < 3) return std::nullopt;
  for (const std::size_t axis : {std::size_t{0}, std::size_t{1}}) {
    if ((*pads)[axis] != 0 || (*pads)[rank + axis] != 0) return std::nullopt;
  }
  auto attributes = new_shared<ConvolutionAttributes>(*before);
  WindowAttributes& window = attributes->window;
  if (window.auto_pad == AutoPad::kValid || window.pads.empty()) window.pads.assign(2 * (rank - 2), 0);
  window.auto_pad = AutoPad::kNotSet;
  for (std::size_t axis = 0; axis < rank - 2; ++axis) {
    for (const std::size_t end : {std::size_t{0}, std::size_t{1}}) {
      std::int64_t& own = window.pads[end * (rank - 2) + axis];
      const std::int64_t more = (*pads)[end * rank + axis + 2];
      if (more > kMostPad - own) return std::nullopt;
      own += more;
    }
  }
  Replacement replacement{convolution.node().op, std::move(attributes), {match.value("x"), match.value("w")}, true};
  if (match.has("b")) replacement.inputs.emplace_back(match.value("b"));
  return replacement;
}

}  // namespace

void register_convolution_fusions(Registry& registry) {
  registry.add(Fusion{kFuseLayerParts, padded_convolution(), make_padded_convolution});
}

}  // namespace linnet::internal
