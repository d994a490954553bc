#include "ops/normalization/normalized_groups.hpp"

#include <algorithm>
#include <cmath>

#include "ops/elementwise/broadcast_loops.hpp"
#include "ops/kernels/normalization.hpp"
#include "ops/kernels/reduction.hpp"
#include "ops/shared/chunks.hpp"
#include "ops/shared/element_lines.hpp"

namespace linnet::internal {
namespace {

constexpr std::int64_t kPiece = 16384;          ///< most elements of a run that are summed at once
constexpr std::int64_t kSharedGroup = 1 << 17;  ///< groups from here on are shared by tasks
constexpr double kSimdCost = 0.5;               // ns per element
constexpr double kReferenceCost = 10.0;         // the same
constexpr std::int64_t kRunCost = 16;           ///< elements that a run costs besides its own

/// Row by row: the offset of position `index` in dimensions of these sizes and strides.
std::int64_t offset_of(std::int64_t index, const Shape& sizes, const Shape& strides) {
  std::int64_t offset = 0;
  for (std::size_t axis = sizes.size(); axis-- > 0;) {
    offset += index % sizes[axis] * strides[axis];
    index /= sizes[axis];
  }
  return offset;
}

std::int64_t pieces_of(const NormalizedGroups& groups) { return (groups.run_length + kPiece - 1) / kPiece; }
std::int64_t group_size(const NormalizedGroups& groups) { return groups.runs * groups.run_length; }
bool is_shared(const NormalizedGroups& groups) { return group_size(groups) >= kSharedGroup; }

/// What tasks do to float32, and to 16-bit floats in lines that are widened. x and y are whole tensors, of which
/// elements [first, first + count) are meant.
struct SimdKernel {
  using Wide = double;
  static constexpr double kCost = kSimdCost;

  /// Calls body(line, first, count) for elements as floats.
  template <typename Body>
  static void for_floats(DataType type, const void* x, std::size_t first, std::size_t count, const Body& body) {
    if (type == DataType::kFloat32) return body(static_cast<const float*>(x) + first, first, count);
    for_lined_up(first, count, [&](std::size_t begin, std::size_t size) {
      float line[kLinedUp];
      load_line(type, x, begin, size, line);
      body(line, begin, size);
    });
  }
  static double sum(DataType type, const void* x, std::size_t first, std::size_t count) {
    double result = 0;
    for_floats(type, x, first, count, [&](const float* line, std::size_t, std::size_t size) {
      result += kernels::reduce_row(kernels::ReduceKind::kSum, line, size);
    });
    return result;
  }
  static double squares(DataType type, const void* x, double mean, std::size_t first, std::size_t count) {
    double result = 0;
    for_floats(type, x, first, count, [&](const float* line, std::size_t, std::size_t size) {
      result += kernels::sum_of_squared_distances(line, mean, size);
    });
    return result;
  }
  static void normalize(DataType type, const void* x, double scale, double bias, double mean, double inverse, void* y,
                        std::size_t first, std::size_t count) {
    for_floats(type, x, first, count, [&](const float* line, std::size_t begin, std::size_t size) {
      float results[kLinedUp];
      float* const to = type == DataType::kFloat32 ? static_cast<float*>(y) + begin : results;
      kernels::normalize_by(line, static_cast<float>(scale), static_cast<float>(bias), mean,
                            static_cast<float>(inverse), to, size);
      if (to == results) store_line(type, results, begin, size, y);
    });
  }
};

/// To any floating-point type whose elements `Computed` computes with, rounded once.
template <typename Computed>
struct ReferenceKernel {
  using Wide = Computed;
  static constexpr double kCost = kReferenceCost;

  static Wide sum(DataType type, const void* x, std::size_t first, std::size_t count) {
    Wide result = 0;
    double line[kLinedUp];
    for_lined_up(first, count, [&](std::size_t begin, std::size_t size) {
      load_line(type, x, begin, size, line);
      for (std::size_t i = 0; i < size; ++i) result += static_cast<Wide>(line[i]);
    });
    return result;
  }
  static Wide squares(DataType type, const void* x, Wide mean, std::size_t first, std::size_t count) {
    Wide result = 0;
    double line[kLinedUp];
    for_lined_up(first, count, [&](std::size_t begin, std::size_t size) {
      load_line(type, x, begin, size, line);
      for (std::size_t i = 0; i < size; ++i) {
        result += (static_cast<Wide>(line[i]) - mean) * (static_cast<Wide>(line[i]) - mean);
      }
    });
    return result;
  }
  static void normalize(DataType type, const void* x, double scale, double bias, Wide mean, Wide inverse, void* y,
                        std::size_t first, std::size_t count) {
    double line[kLinedUp];
    for_lined_up(first, count, [&](std::size_t begin, std::size_t size) {
      load_line(type, x, begin, size, line);
      for (std::size_t i = 0; i < size; ++i) {
        const Wide value = (static_cast<Wide>(line[i]) - mean) * inverse;
        line[i] = static_cast<double>(value * static_cast<Wide>(scale) + static_cast<Wide>(bias));
      }
      store_line(type, line, begin, size, y);
    });
  }
};

/// One group, alone or shared by tasks, to the same bits.
template <class Kernel>
class Group {
 public:
  using Wide = typename Kernel::Wide;

  Group(const NormalizedGroups& groups, const RunArguments& args, std::int64_t group)
      : groups_(groups),
        args_(args),
        group_(group),
        pieces_(pieces_of(groups)),
        offset_(offset_of(group, groups.group_sizes, groups.group_strides)) {}

  void normalize() {
    const DataType type = groups_.type;
    const void* x = args_.inputs[0];
    void* y = args_.outputs[0];
    const auto size = static_cast<Wide>(group_size(groups_));
    const Wide mean = total([&](const Piece& piece) { return Kernel::sum(type, x, piece.first, piece.size); }) / size;
    const Wide variance =
        total([&](const Piece& piece) { return Kernel::squares(type, x, mean, piece.first, piece.size); }) / size;
    const Wide deviation = std::sqrt(variance + static_cast<Wide>(groups_.variance_epsilon));
    const Wide inverse = 1 / (deviation + static_cast<Wide>(groups_.deviation_epsilon));
    for_pieces([&](std::int64_t, const Piece& piece) {
      Kernel::normalize(type, x, scale_of(1, piece.run, 1), scale_of(2, piece.run, 0), mean, inverse, y, piece.first,
                        piece.size);
    });
  }

 private:
  struct Piece {
    std::int64_t run;
    std::size_t first;
    std::size_t size;
  };

  double scale_of(std::size_t input, std::int64_t run, double otherwise) const {
    if (!groups_.scaled) return otherwise;
    const std::int64_t index = groups_.scale_per_run ? group_ * groups_.runs + run : group_;
    double scale;
    load_line(groups_.type, args_.inputs[input], static_cast<std::size_t>(index % groups_.scales), 1, &scale);
    return scale;
  }

  Piece piece_at(std::int64_t index) const {
    const std::int64_t run = index / pieces_;
    const std::int64_t begin = index % pieces_ * kPiece;
    return {run, static_cast<std::size_t>(offset_ + offset_of(run, groups_.run_sizes, groups_.run_strides) + begin),
            static_cast<std::size_t>(std::min(kPiece, groups_.run_length - begin))};
  }

  template <typename Body>
  void for_pieces(const Body& body) {
    const std::int64_t count = groups_.runs * pieces_;
    if (!is_shared(groups_)) {
      for (std::int64_t index = 0; index < count; ++index) body(index, piece_at(index));
      return;
    }
    const std::int64_t length = std::min(kPiece, groups_.run_length) + kRunCost;
    const std::int64_t per_task = std::max<std::int64_t>(1, kPiece / length);
    for_chunks(args_.control, static_cast<std::size_t>(count), static_cast<std::size_t>(per_task),
               Kernel::kCost / 3 * static_cast<double>(length), [&](std::size_t first, std::size_t size) {
                 for (std::size_t index = first; index < first + size; ++index) {
                   body(static_cast<std::int64_t>(index), piece_at(static_cast<std::int64_t>(index)));
                 }
               });
  }

  template <typename OfPiece>
  Wide total(const OfPiece& of_piece) {
    Wide result = 0;
    if (!is_shared(groups_)) {
      for_pieces([&](std::int64_t, const Piece& piece) { result += of_piece(piece); });
      return result;
    }
    auto* sums = static_cast<Wide*>(args_.workspace);
    for_pieces([&](std::int64_t index, const Piece& piece) { sums[index] = of_piece(piece); });
    for (std::int64_t index = 0; index < groups_.runs * pieces_; ++index) result += sums[index];
    return result;
  }

  const NormalizedGroups& groups_;
  const RunArguments& args_;
  std::int64_t group_;
  std::int64_t pieces_;
  std::int64_t offset_;
};

template <class Kernel>
void normalize_groups(const RunArguments& args) {
  const auto& groups = *static_cast<const NormalizedGroups*>(args.state);
  const std::int64_t size = group_size(groups);
  if (size == 0) return;
  if (is_shared(groups)) {
    for (std::int64_t group = 0; group < groups.groups; ++group) Group<Kernel>(groups, args, group).normalize();
    return;
  }
  const std::int64_t cost = size + groups.runs * kRunCost;
  const std::int64_t per_task = std::max<std::int64_t>(1, kPiece / cost);
  for_chunks(args.control, static_cast<std::size_t>(groups.groups), static_cast<std::size_t>(per_task),
             Kernel::kCost * static_cast<double>(cost), [&](std::size_t first, std::size_t count) {
               for (std::size_t group = first; group < first + count; ++group) {
                 Group<Kernel>(groups, args, static_cast<std::int64_t>(group)).normalize();
               }
             });
}

}  // namespace

NormalizedGroups normalized_groups(DataType type, const Shape& sizes, const std::vector<bool>& reduced) {
  NormalizedGroups groups;
  groups.type = type;
  const std::vector<std::int64_t> strides = row_major_strides(sizes);
  std::size_t outer = sizes.size();  // the dimensions from here on make up a run
  while (outer > 0 && reduced[outer - 1]) groups.run_length *= sizes[--outer];
  for (std::size_t axis = 0; axis < outer; ++axis) {
    (reduced[axis] ? groups.run_sizes : groups.group_sizes).push_back(sizes[axis]);
    (reduced[axis] ? groups.run_strides : groups.group_strides).push_back(strides[axis]);
  }
  groups.groups = element_count(groups.group_sizes);
  groups.runs = element_count(groups.run_sizes);
  return groups;
}

std::string accepts_normalized_groups(const NormalizedGroups& groups) {
  if (groups.type == DataType::kFloat64) return text("not ", groups.type);
  if (groups.run_length == 1) return "the elements of a group are not neighbours";
  return "";
}

Prepared prepare_normalized_groups(NormalizedGroups groups) {
  Prepared prepared;
  if (is_shared(groups)) {
    prepared.workspace_bytes = static_cast<std::size_t>(groups.runs * pieces_of(groups)) * sizeof(long double);
  }
  prepared.state = new_shared<const NormalizedGroups>(std::move(groups));
  return prepared;
}

void run_normalized_groups(const RunArguments& args) { normalize_groups<SimdKernel>(args); }

void run_normalized_groups_reference(const RunArguments& args) {
  const bool is_double = static_cast<const NormalizedGroups*>(args.state)->type == DataType::kFloat64;
  is_double ? normalize_groups<ReferenceKernel<long double>>(args) : normalize_groups<ReferenceKernel<double>>(args);
}

}  // namespace linnet::internal
