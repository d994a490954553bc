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
constexpr double kCost = 5.0;  // ns per element

/// What elements of T are reduced in. All are 8 bytes long.
template <typename T>
using Wide = std::conditional_t<!std::is_integral_v<T>, double,
                                std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>>;

template <typename T>
Wide<T> start_of(ReduceOp op) {
  using Limits = std::numeric_limits<T>;
  if (op == ReduceOp::kProd) return 1;
  if (op != ReduceOp::kMax && op != ReduceOp::kMin) return 0;
  if constexpr (std::is_integral_v<T>) {
    return op == ReduceOp::kMax ? Limits::lowest() : Limits::max();
  } else {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
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

template <typename T>
T finished(const Reduction& reduction, Wide<T> value) {
  if (reduction.op != ReduceOp::kMean) return static_cast<T>(value);
  if constexpr (std::is_integral_v<T>) {
    const auto count = static_cast<Wide<T>>(std::max<std::int64_t>(reduction.count, 1));  // infer refuses 0
    return static_cast<T>(static_cast<Wide<T>>(static_cast<T>(value)) / count);
  } else {
    return static_cast<T>(value / static_cast<double>(reduction.count));
  }
}

std::int64_t parts_of(const Reduction& reduction) {
  return std::max<std::int64_t>(1, (reduction.count + kPart - 1) / kPart);
}

Prepared prepare(const PrepareContext& context) {
  auto reduction = std::make_shared<Reduction>(reduction_of(context));
  Prepared prepared;
  const std::int64_t parts = parts_of(*reduction);
  if (parts > 1) prepared.workspace_bytes = static_cast<std::size_t>(reduction->results * parts) * sizeof(double);
  prepared.state = std::move(reduction);
  return prepared;
}

/// Of part `part` of what lies behind result `result`.
template <typename T>
Wide<T> reduced_part(const Reduction& reduction, const T* x, std::int64_t result, std::int64_t part) {
  // Not every byte is a valid bool.
  using Stored = std::conditional_t<std::is_same_v<T, bool>, std::uint8_t, T>;
  Wide<T> value = start_of<T>(reduction.op);
  if (reduction.count == 0) return value;
  const auto* from = reinterpret_cast<const Stored*>(x) + reduction.offset(result, false);
  const std::int64_t end = std::min(reduction.count, (part + 1) * kPart);
  for (std::int64_t i = part * kPart; i < end; ++i) {
    auto element = static_cast<Wide<T>>(static_cast<T>(from[reduction.offset(i, true)]));
    if (reduction.op == ReduceOp::kSumSquare) element = product(element, element);
    value = joined(reduction.op, value, element);
  }
  return value;
}

template <typename T>
void reduce(const Reduction& reduction, const RunArguments& args) {
  const auto* x = static_cast<const T*>(args.inputs[0]);
  auto* y = static_cast<T*>(args.outputs[0]);
  auto* partial = static_cast<Wide<T>*>(args.workspace);
  const std::int64_t parts = parts_of(reduction);
  const std::int64_t part_size = std::min(reduction.count, kPart);
  const auto tiles = static_cast<std::size_t>(reduction.results * parts);
  const auto per_task = static_cast<std::size_t>(kPart / std::max<std::int64_t>(part_size, 1));
  const double cost = kCost * static_cast<double>(part_size + 1);
  for_chunks(args.control, tiles, per_task, cost, [&](std::size_t first, std::size_t size) {
    for (std::size_t tile = first; tile < first + size; ++tile) {
      const auto index = static_cast<std::int64_t>(tile);
      const Wide<T> value = reduced_part(reduction, x, index / parts, index % parts);
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
    const Wide<T>* first = partial + static_cast<std::int64_t>(result) * parts;
    Wide<T> value = first[0];
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
