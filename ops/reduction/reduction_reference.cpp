// The reductions in plain loops, for every type and any axes.
#include <algorithm>
#include <cmath>
#include <limits>

#include "ops/reduction/reduction.hpp"
#include "ops/shared/chunks.hpp"
#include "ops/shared/element_lines.hpp"
#include "ops/shared/sized_elements.hpp"

namespace linnet::internal {
namespace {

/// Elements of X behind one partial result: what a task reads. A fixed number, so that the order of a sum does not
/// depend on the number of threads.
constexpr std::int64_t kPart = 16384;
/// Elements that are joined one by one; their results are joined in turn, so that a sum's error does not grow with it.
constexpr std::int64_t kBlock = 256;
constexpr double kCost = 5.0;  // ns per element

/// What is left of some elements.
template <typename W>
struct Partial {
  W value;
  LogSumExp exponentials;  ///< of ReduceLogSumExp
};
constexpr std::size_t kPartialBytes = std::max(sizeof(Partial<long double>), sizeof(Partial<std::int64_t>));

/// W is what elements are reduced in: long double for double, else what the type's lines hold.
template <typename W>
W start_of(const Reduction& reduction) {
  if (reduction.op == ReduceOp::kProd) return 1;
  const bool is_max = reduction.op == ReduceOp::kMax;
  if (!is_max && reduction.op != ReduceOp::kMin) return 0;
  if constexpr (std::is_integral_v<W>) {
    const IntegerRange<W> range = integer_range<W>(reduction.type);
    return is_max ? range.lowest : range.highest;
  } else {
    constexpr W kInfinity = std::numeric_limits<W>::infinity();
    return is_max ? -kInfinity : kInfinity;
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

/// Cut towards zero to an integer type; of float32, rounded to it.
template <typename W>
W rounded(DataType type, long double value) {
  if constexpr (std::is_integral_v<W>) {
    return cut(integer_range<W>(type), value);
  } else {
    return type == DataType::kFloat32 ? static_cast<W>(static_cast<float>(value)) : static_cast<W>(value);
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

/// Of integers: of their sum as the type holds it, cut towards zero.
template <typename W>
W mean(const Reduction& reduction, W sum) {
  if constexpr (std::is_integral_v<W>) {
    const auto count = static_cast<W>(std::max<std::int64_t>(reduction.count, 1));  // infer refuses 0
    std::uint64_t element = 0;
    store_line(reduction.type, &sum, 0, 1, &element);
    load_line(reduction.type, &element, 0, 1, &sum);
    return sum / count;
  } else {
    return sum / static_cast<W>(reduction.count);
  }
}

template <typename W>
W finished(const Reduction& reduction, const Partial<W>& partial) {
  switch (reduction.op) {
    case ReduceOp::kMean:
      return mean(reduction, partial.value);
    case ReduceOp::kL2:
      return root(partial.value);
    case ReduceOp::kLogSum:
      return rounded<W>(reduction.type, std::log(static_cast<long double>(partial.value)));
    case ReduceOp::kLogSumExp:
      return rounded<W>(reduction.type, logarithm_of(partial.exponentials));
    default:
      return partial.value;
  }
}

/// Writes element `index` of Y.
template <typename W>
void store_result(const Reduction& reduction, const Partial<W>& partial, std::size_t index, void* y) {
  using Line = std::conditional_t<std::is_integral_v<W>, W, double>;
  const auto value = static_cast<Line>(finished(reduction, partial));
  store_line(reduction.type, &value, index, 1, y);
}

std::int64_t parts_of(const Reduction& reduction) {
  return std::max<std::int64_t>(1, (reduction.count + kPart - 1) / kPart);
}

Prepared prepare(const PrepareContext& context) {
  auto reduction = new_shared<Reduction>(reduction_of(context));
  Prepared prepared;
  const std::int64_t parts = parts_of(*reduction);
  if (parts > 1) prepared.workspace_bytes = static_cast<std::size_t>(reduction->results * parts) * kPartialBytes;
  prepared.state = std::move(reduction);
  return prepared;
}

/// Some elements behind one result.
template <typename W>
struct Block {
  W elements[kBlock];
  std::int64_t count = 0;
};

/// Lines up elements [begin, end) behind a result, whose first element is x[base]. Offsets grow with the index, so
/// neighbours are those that lie no further apart than there are of them.
const void* lined_up(const Reduction& reduction, const void* x, std::int64_t base, std::int64_t begin, std::int64_t end,
                     void* buffer) {
  const std::size_t bytes = size_of(reduction.type);
  const std::int64_t first = reduction.offset(begin, true);
  const auto* from = static_cast<const std::byte*>(x) + static_cast<std::size_t>(base) * bytes;
  if (reduction.offset(end - 1, true) - first == end - 1 - begin) return from + static_cast<std::size_t>(first) * bytes;
  visit_size(bytes, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const auto* elements = reinterpret_cast<const T*>(from);
    auto* to = static_cast<T*>(buffer);
    for (std::int64_t i = begin; i < end; ++i) to[i - begin] = elements[reduction.offset(i, true)];
  });
  return buffer;
}

/// Requires: begin < end <= begin + kBlock.
template <typename W>
void load_block(const Reduction& reduction, const void* x, std::int64_t base, std::int64_t begin, std::int64_t end,
                Block<W>& block) {
  alignas(std::uint64_t) std::byte buffer[kBlock * sizeof(std::uint64_t)];
  const void* elements = lined_up(reduction, x, base, begin, end, buffer);
  block.count = end - begin;
  const auto count = static_cast<std::size_t>(block.count);
  if constexpr (std::is_same_v<W, long double>) {
    std::copy_n(static_cast<const double*>(elements), count, block.elements);
  } else {
    load_line(reduction.type, elements, 0, count, block.elements);
  }
}

template <typename W>
Partial<W> reduced_block(const Reduction& reduction, const Block<W>& block) {
  const ReduceOp op = reduction.op;
  Partial<W> result{start_of<W>(reduction), {}};
  if (op != ReduceOp::kLogSumExp) {
    for (std::int64_t i = 0; i < block.count; ++i) result.value = joined(op, result.value, term(op, block.elements[i]));
    return result;
  }
  LogSumExp& all = result.exponentials;
  for (std::int64_t i = 0; i < block.count; ++i) {
    all.maximum = joined(ReduceOp::kMax, all.maximum, static_cast<double>(block.elements[i]));
  }
  for (std::int64_t i = 0; i < block.count; ++i) {
    const auto element = static_cast<double>(block.elements[i]);
    if (element == all.maximum) {
      all.sum.equal += 1;
    } else {
      all.sum.others += std::exp(element - all.maximum);
    }
  }
  return result;
}

/// Of part `part` of what lies behind result `result`.
template <typename W>
Partial<W> reduced_part(const Reduction& reduction, const void* x, std::int64_t result, std::int64_t part) {
  Partial<W> value{start_of<W>(reduction), {}};
  if (reduction.count == 0) return value;
  const std::int64_t base = reduction.offset(result, false);
  const std::int64_t end = std::min(reduction.count, (part + 1) * kPart);
  Block<W> block;
  for (std::int64_t i = part * kPart; i < end; i += kBlock) {
    load_block(reduction, x, base, i, std::min(end, i + kBlock), block);
    value = joined(reduction.op, value, reduced_block(reduction, block));
  }
  return value;
}

template <typename W>
void reduce(const Reduction& reduction, const RunArguments& args) {
  auto* partial = static_cast<Partial<W>*>(args.workspace);
  const std::int64_t parts = parts_of(reduction);
  const std::int64_t part_size = std::min(reduction.count, kPart);
  const auto tiles = static_cast<std::size_t>(reduction.results * parts);
  const auto per_task = static_cast<std::size_t>(kPart / std::max<std::int64_t>(part_size, 1));
  const double cost = kCost * static_cast<double>(part_size + 1);
  for_chunks(args.control, tiles, per_task, cost, [&](std::size_t first, std::size_t size) {
    for (std::size_t tile = first; tile < first + size; ++tile) {
      const auto index = static_cast<std::int64_t>(tile);
      const Partial<W> value = reduced_part<W>(reduction, args.inputs[0], index / parts, index % parts);
      if (parts == 1) {
        store_result(reduction, value, tile, args.outputs[0]);
      } else {
        partial[tile] = value;
      }
    }
  });
  if (parts == 1) return;
  const auto results = static_cast<std::size_t>(reduction.results);
  for_chunks(args.control, results, 1, static_cast<double>(parts), [&](std::size_t result, std::size_t) {
    const Partial<W>* first = partial + static_cast<std::int64_t>(result) * parts;
    Partial<W> value = first[0];
    for (std::int64_t part = 1; part < parts; ++part) value = joined(reduction.op, value, first[part]);
    store_result(reduction, value, result, args.outputs[0]);
  });
}

void run(const RunArguments& args) {
  const Reduction& reduction = *static_cast<const Reduction*>(args.state);
  if (reduction.type == DataType::kFloat64) return reduce<long double>(reduction, args);
  visit_line_type(reduction.type, [&](auto tag) { reduce<typename decltype(tag)::type>(reduction, args); });
}

}  // namespace

Implementation reduction_reference_implementation() {
  return {"reference", Backend::kReference, nullptr, prepare, run};
}

}  // namespace linnet::internal
