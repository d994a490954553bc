// W and R of LSTM, GRU and RNN as the float32 product wants them: transposed, in panels, 16-bit elements widened.
#pragma once

#include <array>
#include <memory>

#include "ops/kernels/gemm.hpp"
#include "ops/recurrent/recurrent.hpp"

namespace linnet::internal {

/// Some of the gates, transposed for the product: [depth, columns].
struct GateMatrix {
  std::size_t first_row = 0;  ///< of the direction's in W or R
  std::size_t columns = 0;
  std::size_t depth = 0;
  std::size_t begin = 0;       ///< of its panels, among those of the direction
  kernels::GemmSlices slices;  ///< of a product with one row for each of the batch
};

/// The gates of W or of R, in one matrix or two, packed once where they are constants and else at every run.
class PackedGates {
 public:
  /// `input` is kW or kR.
  PackedGates(const Recurrence& recurrence, RecurrentInput input);

  /// Appends `count` gates from gate `first` on. Errors: kLimitExceeded when the packed bytes cannot be counted.
  void add_matrix(std::size_t first, std::size_t count, std::size_t threads);
  /// Packs constants, which are then unread, or makes room in the workspace. Requires: all matrices are there.
  void prepare(const PrepareContext& context, WorkspaceParts& workspace, Prepared& prepared);

  const GateMatrix& matrix(std::size_t index) const { return matrices_[index]; }
  /// The panels of all directions for this run.
  const float* packed(const RunArguments& args) const;
  /// From the panels of a direction to those of the next.
  std::size_t direction_stride() const { return panels_.elements(); }

 private:
  void pack(RunControl& control, const std::byte* gates, float* to) const;
  void pack_panel(const GateMatrix& matrix, std::size_t direction, std::size_t panel, const std::byte* gates,
                  float* to) const;

  RecurrentInput input_;
  DataType type_;
  std::size_t directions_, gates_, hidden_, depth_, batch_;
  std::array<GateMatrix, 2> matrices_;
  std::size_t count_ = 0;
  WorkspaceParts panels_{sizeof(float)};       ///< of one direction
  std::shared_ptr<const std::byte> constant_;  ///< null: packed into the workspace
  std::size_t workspace_ = 0;
};

}  // namespace linnet::internal
