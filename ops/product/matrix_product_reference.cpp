// Matrix products one element at a time, for every type. Floating-point sums run over k in double and are rounded once;
// integers are computed modulo 2^bits.
#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

#include "ops/product/matrix_product.hpp"

namespace linnet::internal {
namespace {

/// What one task may take, in multiply-adds (about one a nanosecond).
constexpr std::int64_t kTaskProducts = 200000;

template <typename T>
using Sum = std::conditional_t<std::is_integral_v<T>,
                               std::make_unsigned_t<std::conditional_t<std::is_integral_v<T>, T, int>>, double>;

template <typename T>
Sum<T> dot(const MatrixProduct& product, const T* a, const T* b) {
  Sum<T> sum = 0;
  for (std::int64_t k = 0; k < product.depth; ++k) {
    sum += static_cast<Sum<T>>(a[k * product.a_depth_stride]) * static_cast<Sum<T>>(b[k * product.b_depth_stride]);
  }
  return sum;
}

/// Towards zero; values outside the type become its nearest end, NaN becomes 0.
template <typename T>
T cut_to_integer(double value) {
  if (std::isnan(value)) return 0;
  // The upper end is a power of two when it is rounded to double, so it is outside already.
  if (value >= static_cast<double>(std::numeric_limits<T>::max())) return std::numeric_limits<T>::max();
  if (value <= static_cast<double>(std::numeric_limits<T>::min())) return std::numeric_limits<T>::min();
  return static_cast<T>(value);
}

/// A float that int64 can hold exactly.
bool is_integer(float factor) { return std::nearbyint(factor) == factor && std::abs(factor) < 0x1p62F; }

/// alpha * sum + beta * c, with c null for no addend.
template <typename T>
T scale(const MatrixProduct& product, Sum<T> sum, const T* c) {
  if constexpr (std::is_integral_v<T>) {
    if (is_integer(product.alpha) && is_integer(product.beta)) {
      const auto factor = [](float value) { return static_cast<Sum<T>>(static_cast<std::int64_t>(value)); };
      return static_cast<T>(factor(product.alpha) * sum +
                            (c != nullptr ? factor(product.beta) * static_cast<Sum<T>>(*c) : 0));
    }
    const double value = product.alpha * static_cast<double>(static_cast<T>(sum));
    return cut_to_integer<T>(c != nullptr ? value + product.beta * static_cast<double>(*c) : value);
  } else {
    const double value = product.alpha * sum;
    const auto rounded = static_cast<T>(c != nullptr ? value + product.beta * static_cast<double>(*c) : value);
    if constexpr (std::is_same_v<T, float>) return kernels::apply_activation_scalar(product.activation, rounded);
    return rounded;
  }
}

template <typename T>
void run_typed(const MatrixProduct& product, const RunArguments& args) {
  const auto* a = static_cast<const T*>(args.inputs[0]);
  const auto* b = static_cast<const T*>(args.inputs[1]);
  const auto* c = product.has_c ? static_cast<const T*>(args.inputs[2]) : nullptr;
  auto* y = static_cast<T*>(args.outputs[0]);
  const std::int64_t elements = product.batches * product.y_elements();
  const std::int64_t task_elements = std::max<std::int64_t>(1, kTaskProducts / (product.depth + 1));
  const auto tasks = static_cast<std::size_t>((elements + task_elements - 1) / task_elements);
  const double work = static_cast<double>(elements) * static_cast<double>(product.depth + 1);
  args.control.parallel_for(tasks, work, [&](std::size_t task) {
    const std::int64_t first = static_cast<std::int64_t>(task) * task_elements;
    for (std::int64_t i = first; i < std::min(first + task_elements, elements); ++i) {
      const MatrixProduct::Batch batch = product.batch(i / product.y_elements());
      const std::int64_t row = i % product.y_elements() / product.columns;
      const std::int64_t column = i % product.columns;
      const Sum<T> sum =
          dot(product, a + batch.a + row * product.a_row_stride, b + batch.b + column * product.b_column_stride);
      const T* addend = c == nullptr ? nullptr : c + row * product.c_row_stride + column * product.c_column_stride;
      y[batch.y + row * product.y_row_stride + column] = scale<T>(product, sum, addend);
    }
  });
}

struct ReferenceProduct {
  DataType type;
  MatrixProduct product;
};

Prepared prepare(const PrepareContext& context) {
  const ReferenceProduct state = {context.input_type(0), matrix_product(context)};
  Prepared prepared;
  if (context.has_input(2) && !state.product.has_c) prepared.unread_inputs = 4;
  prepared.state = new_shared<ReferenceProduct>(state);
  return prepared;
}

void run(const RunArguments& args) {
  const auto& state = *static_cast<const ReferenceProduct*>(args.state);
  if (state.product.batches == 0) return;
  visit_type(state.type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (kMatrixProductTypes.has(data_type_of<T>())) run_typed<T>(state.product, args);
  });
}

}  // namespace

Implementation reference_matrix_product() { return {"reference", Backend::kReference, nullptr, prepare, run}; }

}  // namespace linnet::internal
