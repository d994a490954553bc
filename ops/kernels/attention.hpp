// What attention needs besides products and softmax.
#ifndef LINNET_OPS_KERNELS_ATTENTION_HPP_
#define LINNET_OPS_KERNELS_ATTENTION_HPP_

#include <cstddef>

namespace linnet::kernels {

// c[row, j] = the sum over k < depth of a[row, k] * b[j, k], for few rows of a: b is read as it lies. Rows of a, b and
// c are contiguous and lie so many elements apart. The order of a sum depends on `depth` and the instruction set alone.
void dot_rows(std::size_t rows, std::size_t depth, const float* a, std::size_t a_row_stride, const float* b,
              std::size_t b_row_stride, std::size_t b_rows, float* c, std::size_t c_row_stride);

// How a score becomes what softmax sees.
struct ScoreScale {
  float factor = 1.0F;
  bool divides = false;  // by the factor
};

// y[i] = y[i] * factor (or / factor) + mask[i * mask_stride] for i < count; without a mask nothing is added. A product
// is not rounded before the sum where the CPU has FMA. mask_stride is 0 or 1.
void scale_and_mask(float* y, std::size_t count, ScoreScale scale, const float* mask, std::size_t mask_stride);

// A score to which so little is added weighs nothing beside one to which no less than kLeastSeen is, as long as scores
// themselves are smaller than kMostScore: softmax gives it 0, and its bits do not depend on it.
constexpr float kMostUnseen = -1e38F;
constexpr float kLeastSeen = -1e36F;
constexpr float kMostScore = 1e36F;

// How many columns of a mask, from the first one on, hold all of its `rows` rows that is more than kMostUnseen, or NaN,
// rounded up to a multiple of 16; no fewer than 32, as softmax sums shorter rows in another way, and `columns` where
// that is less. All columns where a row has nothing that is kLeastSeen or more.
std::size_t seen_columns(const float* mask, std::size_t row_stride, std::size_t rows, std::size_t columns);

}  // namespace linnet::kernels

#endif  // LINNET_OPS_KERNELS_ATTENTION_HPP_
