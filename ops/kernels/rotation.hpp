// Rotation of pairs of float32, as rotary embeddings have it.
#ifndef LINNET_OPS_KERNELS_ROTATION_HPP_
#define LINNET_OPS_KERNELS_ROTATION_HPP_

#include <cstddef>

namespace linnet::kernels {

// What a pair is turned by. Usually both elements have the same cos and sin.
struct Rotation {
  const float* first_cos;
  const float* first_sin;
  const float* second_cos;
  const float* second_sin;
};

// y1[i] = x1[i] * first_cos[i] - x2[i] * first_sin[i], y2[i] = x2[i] * second_cos[i] + x1[i] * second_sin[i] for
// i < count, each with one product rounded and one not. y1 may be x1 and y2 may be x2; else they overlap nothing.
void rotate_halves(const float* x1, const float* x2, const Rotation& by, float* y1, float* y2, std::size_t count);

// The same for pairs that lie together: x1[i] is x[2 i] and x2[i] is x[2 i + 1], likewise y, which may be x.
void rotate_pairs(const float* x, const Rotation& by, float* y, std::size_t count);

// The same where cos and sin lie as x does: those of x1[i] are cos[2 i] and sin[2 i]. Requires: `elements` is even.
void rotate_neighbours(const float* x, const float* cos, const float* sin, float* y, std::size_t elements);

}  // namespace linnet::kernels

#endif  // LINNET_OPS_KERNELS_ROTATION_HPP_
