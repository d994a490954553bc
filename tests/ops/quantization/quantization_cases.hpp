// How scales lie beside tensors, in a form that owes nothing to ops/quantization: by the index of each element.
#pragma once

#include "runtime/shape.hpp"

namespace linnet::internal {

struct ScaleCase {
  const char* name;
  Shape shape;
  Shape scale_shape;
  std::int64_t axis = 1;
  std::int64_t block = 0;
};

/// Along the first, a middle and the last axis; blocks that divide the axis and ones that do not; rows longer than what
/// is worked on at a time.
inline const ScaleCase kScaleCases[] = {
    {"one scale", {3, 5}, {}},
    {"one scale of rank 1", {2, 3, 4}, {1}},
    {"a scalar", {}, {}},
    {"a vector needs no axis", {5}, {5}},
    {"columns", {3, 5}, {5}},
    {"rows", {3, 5}, {3}, 0},
    {"channels", {2, 3, 4, 5}, {3}},
    {"channels from the back", {2, 3, 4, 5}, {3}, -3},
    {"the last axis", {2, 3, 7}, {7}, -1},
    {"a long row", {2, 2500}, {2500}},
    {"large", {70, 5, 101}, {5}},
    {"blocks of the last axis", {3, 8}, {3, 2}, 1, 4},
    {"blocks and a rest", {3, 7}, {3, 3}, 1, 3},
    {"blocks of a middle axis", {2, 5, 3}, {2, 3, 3}, 1, 2},
    {"blocks of the first axis", {6, 4}, {2, 4}, 0, 3},
    {"blocks of one", {2, 3}, {2, 3}, 1, 1},
    {"a block larger than the axis", {2, 3}, {2, 1}, 1, 100},
    {"blocks of a vector", {7}, {2}, 0, 4},
    {"long blocks", {3, 3000}, {3, 2}, 1, 1600},
    {"many blocks", {40, 33, 70}, {40, 3, 70}, 1, 16},
    {"nothing", {0, 3}, {3}},
    {"nothing in blocks", {4, 0}, {2, 0}, 0, 2},
};

inline std::size_t scale_of(const ScaleCase& item, std::size_t element) {
  if (element_count(item.scale_shape) == 1) return 0;
  std::vector<std::int64_t> index(item.shape.size());
  for (std::size_t i = item.shape.size(); i-- > 0;) {
    index[i] = static_cast<std::int64_t>(element) % item.shape[i];
    element /= static_cast<std::size_t>(item.shape[i]);
  }
  const std::size_t rank = item.shape.size();
  const std::size_t axis =
      rank == 1 ? 0 : static_cast<std::size_t>(item.axis < 0 ? item.axis + static_cast<std::int64_t>(rank) : item.axis);
  if (item.block == 0) return static_cast<std::size_t>(index[axis]);
  index[axis] /= item.block;
  std::int64_t scale = 0;
  for (std::size_t i = 0; i < rank; ++i) scale = scale * item.scale_shape[i] + index[i];
  return static_cast<std::size_t>(scale);
}

}  // namespace linnet::internal
