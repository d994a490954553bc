// The reductions in plain loops, for every type and any axes.
#include <algorithm>
#include <cmath>
#include <limits>

#include "ops/chunks.hpp"
#include "ops/reduction.hpp"

namespace linnet::internal {
namespace {

/// Elements of X behind one partial result: what a task reads. A fixed number, so that the order of a sum does not
/// depend on the number of threads.
constexpr std::int64_t kPart = 16384;
/// Elements that are joined one by one; their results are joined in turn, so that a sum's error does not grow with it.
constexpr std::int64_t kBlock = 256;
constexpr double kCost = 5.0;  // ns per element

/// What elements of T are reduced in.
template <typename T>
using Wide =
    std::conditional_t<std::is_integral_v<T>, std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>,
                       std::conditional_t<std::is_same_v<T, double>, long double, double>>;

/// What is left of some elements.
template <typename W>
struct Partial {
  W value;
  LogSumExp exponentials;  ///< of ReduceLogSumExp
};
constexpr std::size_t kPartialBytes = std::max(sizeof(Partial<long double>), sizeof(Partial<std::int64_t>));

template <typename T>
Wide<T> start_of(ReduceOp op) {
  using Limits = std::numeric_limits<T>;
  if (op == ReduceOp::kProd) return 1;
  if (op != ReduceOp::kMax && op != ReduceOp::kMin) return 0;
  if constexpr (std::is_integral_v<T>) {
    return op == ReduceOp::kMax ? Limits::lowest() : Limits::max();
  } else {
    constexpr Wide<T> kInfinity = std::numeric_limits<Wide<T>>::infinity();
    return op == ReduceOp::kMax ? -kInfinity : kInfinity;
  }
}

/// Integers modulo 2^64.
template <typename W>
W product(W a, W b) {
  if constexpr (std::is_integral_v<W>) {
    return static_cast<W>(static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b));
  } else {
    return a * b;
  }
}

template <typename W>
W sum(W a, W b) {
  if constexpr (std::is_integral_v<W>) {
    return static_cast<W>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
  } else {
    return a + b;
  }
}

template <typename W>
W joined(ReduceOp op, W a, W b) {
  if (op == ReduceOp::kProd) return product(a, b);
  if (op != ReduceOp::kMax && op != ReduceOp::kMin) return sum(a, b);
  if constexpr (!std::is_integral_v<W>) {
    if (std::isnan(a)) return a;
    if (std::isnan(b)) return b;
  }
  return op == ReduceOp::kMax ? std::max(a, b) : std::min(a, b);
}

template <typename W>
Partial<W> joined(ReduceOp op, const Partial<W>& a, const Partial<W>& b) {
  if (op == ReduceOp::kLogSumExp) return {W{}, internal::joined(a.exponentials, b.exponentials)};
  return {joined(op, a.value, b.value), {}};
}

/// What an element contributes.
template <typename W>
W term(ReduceOp op, W x) {
  if (op == ReduceOp::kSumSquare || op == ReduceOp::kL2) return product(x, x);
  if (op != ReduceOp::kL1) return x;
  if constexpr (std::is_integral_v<W>) {
    return x < W{} ? static_cast<W>(std::uint64_t{0} - static_cast<std::uint64_t>(x)) : x;
  } else {
    return std::fabs(x);
  }
}

/// The nearest T towards zero of an integer type, which NaN is 0 of; rounded of a floating-point type.
template <typename T>
T cut(long double value) {
  if constexpr (std::is_integral_v<T>) {
    if (std::isnan(value)) return T{};
    if (value <= static_cast<long double>(std::numeric_limits<T>::lowest())) return std::numeric_limits<T>::lowest();
    if (value >= static_cast<long double>(std::numeric_limits<T>::max())) return std::numeric_limits<T>::max();
    return static_cast<T>(value);
  } else {
    return static_cast<T>(static_cast<std::conditional_t<std::is_same_v<T, float>, float, double>>(value));
  }
}

/// The root, of integers the whole part of it; they are sums of squares modulo 2^64.
template <typename W>
W root(W square) {
  if constexpr (std::is_integral_v<W>) {
    const auto bits = static_cast<std::uint64_t>(square);
    auto result = static_cast<std::uint64_t>(std::sqrt(static_cast<double>(bits)));
    result = std::min(result, std::uint64_t{0xffffffff});
    while (result * result > bits) --result;
    while (result < 0xffffffff && (result + 1) * (result + 1) <= bits) ++result;
    return static_cast<W>(result);
  } else {
    return std::sqrt(square);
  }
}

template <typename T>
T mean(const Reduction& reduction, Wide<T> sum) {
  if constexpr (std::is_integral_v<T>) {
    const auto count = static_cast<Wide<T>>(std::max<std::int64_t>(reduction.count, 1));  // infer refuses 0
    return static_cast<T>(static_cast<Wide<T>>(static_cast<T>(sum)) / count);
  } else {
    return static_cast<T>(sum / static_cast<Wide<T>>(reduction.count));
  }
}

template <typename T>
T finished(const Reduction& reduction, const Partial<Wide<T>>& partial) {
  switch (reduction.op) {
    case ReduceOp::kMean:
      return mean<T>(reduction, partial.value);
    case ReduceOp::kL2:
      return static_cast<T>(root(partial.value));
    case ReduceOp::kLogSum:
      return cut<T>(std::log(static_cast<long double>(partial.value)));
    case ReduceOp::kLogSumExp:
      return cut<T>(logarithm_of(partial.exponentials));
    default:
      return static_cast<T>(partial.value);
  }
}

std::int64_t parts_of(const Reduction& reduction) {
  return std::max<std::int64_t>(1, (reduction.count + kPart - 1) / kPart);
}

Prepared prepare(const PrepareContext& context) {
  auto reduction = std::make_shared<Reduction>(reduction_of(context));
  Prepared prepared;
  const std::int64_t parts = parts_of(*reduction);
  if (parts > 1) prepared.workspace_bytes = static_cast<std::size_t>(reduction->results * parts) * kPartialBytes;
  prepared.state = std::move(reduction);
  return prepared;
}

/// The elements behind one result.
template <typename T>
struct Elements {
  // Not every byte is a valid bool.
  using Stored = std::conditional_t<std::is_same_v<T, bool>, std::uint8_t, T>;
  const Reduction& reduction;
  const Stored* from;

  Wide<T> operator[](std::int64_t index) const {
    return static_cast<Wide<T>>(static_cast<T>(from[reduction.offset(index, true)]));
  }
};

template <typename T>
Partial<Wide<T>> reduced_block(const Elements<T>& elements, std::int64_t begin, std::int64_t end) {
  const ReduceOp op = elements.reduction.op;
  Partial<Wide<T>> result{start_of<T>(op), {}};
  if (op != ReduceOp::kLogSumExp) {
    for (std::int64_t i = begin; i < end; ++i) result.value = joined(op, result.value, term(op, elements[i]));
    return result;
  }
  LogSumExp& all = result.exponentials;
  for (std::int64_t i = begin; i < end; ++i) {
    all.maximum = joined(ReduceOp::kMax, all.maximum, static_cast<double>(elements[i]));
  }
  for (std::int64_t i = begin; i < end; ++i) {
    const auto element = static_cast<double>(elements[i]);
    if (element == all.maximum) {
      all.sum.equal += 1;
    } else {
      all.sum.others += std::exp(element - all.maximum);
    }
  }
  return result;
}

/// Of part `part` of what lies behind result `result`.
template <typename T>
Partial<Wide<T>> reduced_part(const Reduction& reduction, const T* x, std::int64_t result, std::int64_t part) {
  Partial<Wide<T>> value{start_of<T>(reduction.op), {}};
  if (reduction.count == 0) return value;
  using Stored = typename Elements<T>::Stored;
  const Elements<T> elements{reduction, reinterpret_cast<const Stored*>(x) + reduction.offset(result, false)};
  const std::int64_t end = std::min(reduction.count, (part + 1) * kPart);
  for (std::int64_t i = part * kPart; i < end; i += kBlock) {
    value = joined(reduction.op, value, reduced_block(elements, i, std::min(end, i + kBlock)));
  }
  return value;
}

template <typename T>
void reduce(const Reduction& reduction, const RunArguments& args) {
  const auto* x = static_cast<const T*>(args.inputs[0]);
  auto* y = static_cast<T*>(args.outputs[0]);
  auto* partial = static_cast<Partial<Wide<T>>*>(args.workspace);
  const std::int64_t parts = parts_of(reduction);
  const std::int64_t part_size = std::min(reduction.count, kPart);
  const auto tiles = static_cast<std::size_t>(reduction.results * parts);
  const auto per_task = static_cast<std::size_t>(kPart / std::max<std::int64_t>(part_size, 1));
  const double cost = kCost * static_cast<double>(part_size + 1);
  for_chunks(args.control, tiles, per_task, cost, [&](std::size_t first, std::size_t size) {
    for (std::size_t tile = first; tile < first + size; ++tile) {
      const auto index = static_cast<std::int64_t>(tile);
      const Partial<Wide<T>> value = reduced_part(reduction, x, index / parts, index % parts);
      if (parts == 1) {
        y[tile] = finished<T>(reduction, value);
      } else {
        partial[tile] = value;
      }
    }
  });
  if (parts == 1) return;
  const auto results = static_cast<std::size_t>(reduction.results);
  for_chunks(args.control, results, 1, static_cast<double>(parts), [&](std::size_t result, std::size_t) {
    const Partial<Wide<T>>* first = partial + static_cast<std::int64_t>(result) * parts;
    Partial<Wide<T>> value = first[0];
    for (std::int64_t part = 1; part < parts; ++part) value = joined(reduction.op, value, first[part]);
    y[result] = finished<T>(reduction, value);
  });
}

void run(const RunArguments& args) {
  const Reduction& reduction = *static_cast<const Reduction*>(args.state);
  visit_type(reduction.type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (kComparedTypes.has(data_type_of<T>())) reduce<T>(reduction, args);
  });
}

}  // namespace

Implementation reduction_reference_implementation() {
  return {"reference", Backend::kReference, nullptr, prepare, run};
}

}  // namespace linnet::internal
