#include "ops/learned/row_products.hpp"

#include <algorithm>
#include <cmath>

#include "ops/shared/element_lines.hpp"

namespace linnet::internal {
namespace {

constexpr double kCost = 0.3;  // ns per feature and vector
constexpr std::size_t kLine = 256;

}  // namespace

RowProducts::RowProducts(const std::vector<float>& elements, std::size_t vectors)
    : features_(vectors == 0 ? 0 : elements.size() / vectors), vectors_(vectors), elements_(features_ * vectors) {
  for (std::size_t vector = 0; vector < vectors_; ++vector) {
    for (std::size_t feature = 0; feature < features_; ++feature)
      elements_[feature * vectors_ + vector] = elements[vector * features_ + feature];
  }
  finite_ = std::all_of(elements_.begin(), elements_.end(), [](float element) { return std::isfinite(element); });
}

double RowProducts::row_cost() const { return static_cast<double>(elements_.size()) * kCost; }

template <bool distances>
void RowProducts::add(DataType type, const void* x, std::size_t row, double* sums) const {
  double line[kLine];
  std::fill_n(sums, vectors_, 0.0);
  const float* elements = elements_.data();
  for (std::size_t first = 0; first < features_; first += kLine) {
    const std::size_t count = std::min(kLine, features_ - first);
    load_line(type, x, row * features_ + first, count, line);
    for (std::size_t i = 0; i < count; ++i, elements += vectors_) {
      const double feature = line[i];
      if (!distances && feature == 0 && finite_) continue;  // counts of words are 0 mostly
      for (std::size_t vector = 0; vector < vectors_; ++vector) {
        const double element = elements[vector];
        sums[vector] += distances ? (feature - element) * (feature - element) : feature * element;
      }
    }
  }
}

template void RowProducts::add<false>(DataType, const void*, std::size_t, double*) const;
template void RowProducts::add<true>(DataType, const void*, std::size_t, double*) const;

}  // namespace linnet::internal
