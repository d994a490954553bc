// Products of rows with vectors that a model has, or their distances.
#pragma once

#include <cstddef>
#include <vector>

#include "runtime/data_type.hpp"

namespace linnet::internal {

class RowProducts {
 public:
  RowProducts() = default;
  /// `elements`: [vectors, features].
  RowProducts(const std::vector<float>& elements, std::size_t vectors);

  std::size_t features() const { return features_; }
  std::size_t vectors() const { return vectors_; }
  /// Nanoseconds of one row on one thread.
  double row_cost() const;
  /// sums[i] becomes the product of row `row` of x ([rows, features] of numbers) with vector i, or the square of their
  /// distance; added up in float64.
  void multiply(DataType type, const void* x, std::size_t row, double* sums) const { add<false>(type, x, row, sums); }
  void measure(DataType type, const void* x, std::size_t row, double* sums) const { add<true>(type, x, row, sums); }

 private:
  template <bool distances>
  void add(DataType type, const void* x, std::size_t row, double* sums) const;

  std::size_t features_ = 0;
  std::size_t vectors_ = 0;
  bool finite_ = true;
  std::vector<float> elements_;  ///< [features, vectors]: sums side by side need no order of their own
};

}  // namespace linnet::internal
