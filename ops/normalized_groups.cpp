#include "ops/normalized_groups.hpp"

#include <algorithm>
#include <cmath>

#include "ops/chunks.hpp"
#include "ops/element_types.hpp"
#include "ops/kernels/normalization.hpp"
#include "ops/kernels/reduction.hpp"

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

/// What tasks do to float32.
struct SimdKernel {
  using T = float;
  using Wide = double;
  static constexpr double kCost = kSimdCost;
  static double sum(const float* x, std::int64_t count) {
    return kernels::reduce_row(kernels::ReduceKind::kSum, x, static_cast<std::size_t>(count));
  }
  static double squares(const float* x, double mean, std::int64_t count) {
    return kernels::sum_of_squared_distances(x, mean, static_cast<std::size_t>(count));
  }
  static void normalize(const float* x, float scale, float bias, double mean, double inverse, float* y,
                        std::int64_t count) {
    kernels::normalize_by(x, scale, bias, mean, static_cast<float>(inverse), y, static_cast<std::size_t>(count));
  }
};

/// To any floating-point type, rounded once.
template <typename Element>
struct ReferenceKernel {
  using T = Element;
  using Wide = std::conditional_t<std::is_same_v<T, double>, long double, double>;
  static constexpr double kCost = kReferenceCost;
  static Wide sum(const T* x, std::int64_t count) {
    Wide result = 0;
    for (std::int64_t i = 0; i < count; ++i) result += static_cast<Wide>(x[i]);
    return result;
  }
  static Wide squares(const T* x, Wide mean, std::int64_t count) {
    Wide result = 0;
    for (std::int64_t i = 0; i < count; ++i) {
      result += (static_cast<Wide>(x[i]) - mean) * (static_cast<Wide>(x[i]) - mean);
    }
    return result;
  }
  static void normalize(const T* x, T scale, T bias, Wide mean, Wide inverse, T* y, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) {
      const Wide value = (static_cast<Wide>(x[i]) - mean) * inverse;
      y[i] = static_cast<T>(value * static_cast<Wide>(scale) + static_cast<Wide>(bias));
    }
  }
};

/// One group, alone or shared by tasks, to the same bits.
template <class Kernel>
class Group {
 public:
  using T = typename Kernel::T;
  using Wide = typename Kernel::Wide;

  Group(const NormalizedGroups& groups, const RunArguments& args, std::int64_t group)
      : groups_(groups),
        args_(args),
        group_(group),
        pieces_(pieces_of(groups)),
        offset_(offset_of(group, groups.group_sizes, groups.group_strides)) {}

  void normalize() {
    const auto* x = static_cast<const T*>(args_.inputs[0]) + offset_;
    auto* y = static_cast<T*>(args_.outputs[0]) + offset_;
    const auto size = static_cast<Wide>(group_size(groups_));
    const Wide mean = total([&](const Piece& piece) { return Kernel::sum(x + piece.offset, piece.size); }) / size;
    const Wide variance =
        total([&](const Piece& piece) { return Kernel::squares(x + piece.offset, mean, piece.size); }) / size;
    const Wide deviation = std::sqrt(variance + static_cast<Wide>(groups_.variance_epsilon));
    const Wide inverse = 1 / (deviation + static_cast<Wide>(groups_.deviation_epsilon));
    for_pieces([&](std::int64_t, const Piece& piece) {
      Kernel::normalize(x + piece.offset, scale_of(1, piece.run, T(1.0F)), scale_of(2, piece.run, T(0.0F)), mean,
                        inverse, y + piece.offset, piece.size);
    });
  }

 private:
  struct Piece {
    std::int64_t run;
    std::int64_t offset;
    std::int64_t size;
  };

  T scale_of(std::size_t input, std::int64_t run, T otherwise) const {
    if (!groups_.scaled) return otherwise;
    const std::int64_t index = groups_.scale_per_run ? group_ * groups_.runs + run : group_;
    return static_cast<const T*>(args_.inputs[input])[index % groups_.scales];
  }

  Piece piece_at(std::int64_t index) const {
    const std::int64_t run = index / pieces_;
    const std::int64_t begin = index % pieces_ * kPiece;
    return {run, offset_of(run, groups_.run_sizes, groups_.run_strides) + begin,
            std::min(kPiece, groups_.run_length - begin)};
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

std::string accepts_normalized_groups(const NodeView& node, const NormalizedGroups& groups) {
  if (node.input_type(0) != DataType::kFloat32) return text("only float32, not ", node.input_type(0));
  if (groups.run_length == 1) return "the elements of a group are not neighbours";
  return "";
}

Prepared prepare_normalized_groups(NormalizedGroups groups) {
  Prepared prepared;
  if (is_shared(groups)) {
    prepared.workspace_bytes = static_cast<std::size_t>(groups.runs * pieces_of(groups)) * sizeof(long double);
  }
  prepared.state = std::make_shared<const NormalizedGroups>(std::move(groups));
  return prepared;
}

void run_normalized_groups(const RunArguments& args) { normalize_groups<SimdKernel>(args); }

void run_normalized_groups_reference(const RunArguments& args) {
  visit_float_type(static_cast<const NormalizedGroups*>(args.state)->type,
                   [&](auto tag) { normalize_groups<ReferenceKernel<typename decltype(tag)::type>>(args); });
}

}  // namespace linnet::internal
