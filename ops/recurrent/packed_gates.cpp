#include "ops/recurrent/packed_gates.hpp"

#include <algorithm>

#include "ops/kernels/half.hpp"
#include "ops/shared/element_lines.hpp"

namespace linnet::internal {
namespace {

constexpr double kPackedPerNanosecond = 1.0;

}  // namespace

PackedGates::PackedGates(const Recurrence& recurrence, RecurrentInput input)
    : input_(input),
      type_(recurrence.type),
      directions_(recurrence.directions),
      gates_(recurrence.gates),
      hidden_(recurrence.hidden),
      depth_(input == kW ? recurrence.inputs : recurrence.hidden),
      batch_(recurrence.batch) {}

void PackedGates::add_matrix(std::size_t first, std::size_t count, std::size_t threads) {
  GateMatrix& matrix = matrices_[count_++];
  matrix.first_row = first * hidden_;
  matrix.columns = count * hidden_;
  matrix.depth = depth_;
  const std::size_t units = (matrix.columns + kernels::kColumnUnit - 1) / kernels::kColumnUnit;
  matrix.begin = panels_.add(units * kernels::kColumnUnit, depth_);
  matrix.slices = kernels::choose_slices(batch_, matrix.columns, depth_, threads);
}

void PackedGates::prepare(const PrepareContext& context, WorkspaceParts& workspace, Prepared& prepared) {
  const ConstantPtr& constant = context.input_constant(input_);
  if (constant == nullptr) {
    workspace_ = workspace.add(panels_.elements(), directions_);
    return;
  }
  const std::string key =
      text("recurrent gates ", gates_, " in ", count_, " parts of ", directions_, " of [", depth_, ",", hidden_, "]");
  constant_ = context.weights().get(constant, key, panels_.bytes() * directions_, [&](std::byte* memory) {
    pack(context.control(), constant->data, reinterpret_cast<float*>(memory));
    constant->forget_range(constant->data, constant->bytes);
  });
  prepared.unread_inputs |= std::uint64_t{1} << input_;
}

const float* PackedGates::packed(const RunArguments& args) const {
  if (constant_ != nullptr) return reinterpret_cast<const float*>(constant_.get());
  float* const to = static_cast<float*>(args.workspace) + workspace_;
  pack(args.control, static_cast<const std::byte*>(args.inputs[input_]), to);
  return to;
}

void PackedGates::pack(RunControl& control, const std::byte* gates, float* to) const {
  const double work = static_cast<double>(panels_.elements() * directions_) / kPackedPerNanosecond;
  for (std::size_t i = 0; i < count_; ++i) {
    const std::size_t panels = kernels::panel_count(matrices_[i].columns);
    control.parallel_for(directions_ * panels, work, [&](std::size_t task) {
      const std::size_t direction = task / panels;
      pack_panel(matrices_[i], direction, task % panels, gates, to + direction * panels_.elements());
    });
  }
}

/// `gates` is W or R, at any address, and `to` the panels of the direction.
void PackedGates::pack_panel(const GateMatrix& matrix, std::size_t direction, std::size_t panel, const std::byte* gates,
                             float* to) const {
  const std::size_t column = panel * kernels::kPanelColumns;
  const std::size_t columns = std::min(kernels::kPanelColumns, matrix.columns - column);
  const std::size_t first = (direction * gates_ * hidden_ + matrix.first_row + column) * depth_;
  to += matrix.begin + column * depth_;
  if (type_ == DataType::kFloat32) {
    return kernels::pack_b(gates + first * sizeof(float), 1, depth_, depth_, columns, 1.0F, to);
  }
  // Blocks of 64 steps of k are widened on the stack, 16 KiB.
  constexpr std::size_t kBlock = 64;
  constexpr std::size_t kHalfBytes = 2;
  const std::size_t width = kernels::panel_width(matrix.columns, panel);
  alignas(64) float block[kernels::kPanelColumns * kBlock];
  for (std::size_t k = 0; k < depth_; k += kBlock, to += kBlock * width) {
    const std::size_t count = std::min(kBlock, depth_ - k);
    for (std::size_t i = 0; i < columns; ++i) {
      kernels::widen(half_type(type_), gates + (first + i * depth_ + k) * kHalfBytes, count, block + i * kBlock);
    }
    kernels::pack_b(block, 1, kBlock, count, columns, 1.0F, to);
  }
}

}  // namespace linnet::internal
