#include "ops/product/matrix_product_packing.hpp"

#include <algorithm>

namespace linnet::internal {
namespace {

/// Nanoseconds for a byte, with the pages that appear and go.
constexpr double kPackingCost = 0.3;
/// Packing less than this is done before a thread has started.
constexpr std::size_t kLeastSharedBytes = std::size_t{1} << 20;
/// Of a mapped file, by all threads together; a band is what one packs before it lets go of it.
constexpr std::size_t kMostMappedBytes = std::size_t{8} << 20;
constexpr std::size_t kLeastBandBytes = std::size_t{1} << 20;  ///< less is not worth a system call
constexpr std::size_t kMostBandBytes = std::size_t{4} << 20;
/// Of a panel, packed in one go: about 0.1 ms, and even.
constexpr std::size_t kMostPieceRows = 4096;

/// Whether C is one row of Y's columns, for all rows. A scalar is one, too, where Y has one column.
bool c_is_row(const MatrixProduct& product) {
  return product.has_c && product.c_row_stride == 0 && (product.c_column_stride == 1 || product.columns == 1);
}

}  // namespace

const std::byte* panel_rows(const MatrixProduct& product, const void* b, std::size_t panel, std::size_t row) {
  const std::int64_t first = static_cast<std::int64_t>(row) * product.b_depth_stride +
                             static_cast<std::int64_t>(panel * kernels::kPanelColumns) * product.b_column_stride;
  return static_cast<const std::byte*>(b) + static_cast<std::size_t>(first) * sizeof(float);
}

void for_bands(RunControl& control, const MatrixProduct& product, const Constant& source, const std::byte* b,
               const std::function<void(std::size_t, std::size_t, std::size_t)>& pack) {
  const auto depth = static_cast<std::size_t>(product.depth);
  const auto columns = static_cast<std::size_t>(product.columns);
  const std::size_t panels = kernels::panel_count(columns);
  const std::size_t bytes = depth * columns * sizeof(float);
  const double work = bytes < kLeastSharedBytes ? 0.0 : kPackingCost * static_cast<double>(bytes);
  const std::size_t band_bytes =
      std::clamp(kMostMappedBytes / static_cast<std::size_t>(control.threads()), kLeastBandBytes, kMostBandBytes);
  // Rows [first, first + count) of a panel, unless the run is to end.
  const auto pack_pieces = [&](std::size_t panel, std::size_t first, std::size_t count) {
    for (std::size_t row = 0; row < count; row += kMostPieceRows) {
      if (control.abandon_if_stopped()) return false;
      pack(panel, first + row, std::min(kMostPieceRows, count - row));
    }
    return true;
  };
  if (source.forget == nullptr || bytes <= band_bytes) {
    control.parallel_for(panels, work, [&](std::size_t panel) { pack_pieces(panel, 0, depth); });
    if (bytes >= kLeastBandBytes) source.forget_range(b, bytes);
    return;
  }
  const bool transposed = product.b_depth_stride == 1;  // a panel's columns are rows of the source
  const std::size_t line_bytes = (transposed ? depth : columns) * sizeof(float);
  const std::size_t unit = transposed ? kernels::kPanelColumns : 2;
  const std::size_t lines = std::max<std::size_t>(band_bytes / line_bytes / unit, 1) * unit;
  const std::size_t line_count = transposed ? columns : depth;
  control.parallel_for((line_count + lines - 1) / lines, work, [&](std::size_t band) {
    const std::size_t line = band * lines;
    const std::size_t count = std::min(lines, line_count - line);
    const std::size_t first_panel = transposed ? line / kernels::kPanelColumns : 0;
    const std::size_t end_panel = transposed ? kernels::panel_count(line + count) : panels;
    for (std::size_t panel = first_panel; panel < end_panel; ++panel) {
      if (!pack_pieces(panel, transposed ? 0 : line, transposed ? depth : count)) return;
    }
    source.forget_range(b + line * line_bytes, count * line_bytes);
  });
}

std::shared_ptr<const std::byte> scaled_row(const PrepareContext& context, const MatrixProduct& product,
                                            Prepared& prepared) {
  if (context.has_input(2) && !product.has_c) prepared.unread_inputs |= 4;
  if (!c_is_row(product) || product.beta == 1.0F || context.input_constant(2) == nullptr) return nullptr;
  prepared.unread_inputs |= 4;
  const ConstantPtr& c = context.input_constant(2);
  const auto count = static_cast<std::size_t>(product.columns);
  return context.weights().get(c, text("simd row ", count, " times ", product.beta), count * sizeof(float),
                               [&](std::byte* memory) {
                                 auto* scaled = reinterpret_cast<float*>(memory);
                                 for (std::size_t i = 0; i < count; ++i) scaled[i] = product.beta * c->as<float>()[i];
                               });
}

kernels::GemmEpilogue epilogue_of(const MatrixProduct& product, const std::byte* scaled_row,
                                  const void* const* inputs) {
  kernels::GemmEpilogue epilogue;
  epilogue.activation = product.activation;
  if (!product.has_c) return epilogue;
  if (scaled_row != nullptr) {
    epilogue.bias = reinterpret_cast<const float*>(scaled_row);
    return epilogue;
  }
  const auto* c = static_cast<const float*>(inputs[2]);
  if (product.beta == 1.0F && c_is_row(product)) {
    epilogue.bias = c;
    return epilogue;
  }
  epilogue.addend = c;
  epilogue.addend_scale = product.beta;
  epilogue.addend_row_stride = static_cast<std::size_t>(product.c_row_stride);
  epilogue.addend_column_stride = static_cast<std::size_t>(product.c_column_stride);
  return epilogue;
}

}  // namespace linnet::internal
