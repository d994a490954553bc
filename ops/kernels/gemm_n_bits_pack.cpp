// How weights of few bits are packed: plain loops, once for each model.
#include <algorithm>

#include "ops/kernels/gemm_n_bits.hpp"

namespace linnet::kernels {
namespace {

// Element `at` of a row of elements of kBits.
template <unsigned kBits>
unsigned element_at(const std::uint8_t* elements, std::size_t at) {
  constexpr std::size_t kOfByte = 8 / kBits;
  return elements[at / kOfByte] >> at % kOfByte * kBits & ((1U << kBits) - 1);
}

template <unsigned kBits>
void pack_column(const std::uint8_t* elements, std::size_t at, std::size_t steps, unsigned flip, std::uint8_t* to) {
  constexpr std::size_t kSteps = 32 / kBits;
  for (std::size_t k = 0; k < steps; k += kSteps, at += kSteps, to += kNBitsPanelColumns * 4) {
    const std::size_t there = std::min(kSteps, steps - k);
    for (std::size_t i = 0; i < 4; ++i) {
      unsigned byte = 0;
      for (std::size_t step = i, bit = 0; step < there; step += 4, bit += kBits) {
        byte |= (element_at<kBits>(elements, at + step) ^ flip) << bit;
      }
      to[i] = static_cast<std::uint8_t>(byte);
    }
  }
}

template <unsigned kBits>
void pack_row(const std::uint8_t* elements, std::size_t at, std::size_t columns, std::size_t k, unsigned flip,
              std::uint8_t* panel) {
  constexpr std::size_t kSteps = 32 / kBits;
  std::uint8_t* const to = panel + k / kSteps * kNBitsPanelColumns * 4 + k % 4;
  const std::size_t bit = k % kSteps / 4 * kBits;
  for (std::size_t i = 0; i < columns; ++i) {
    const unsigned element = element_at<kBits>(elements, at + i) ^ flip;
    to[i * 4] = static_cast<std::uint8_t>(to[i * 4] | element << bit);
  }
}

}  // namespace

void pack_n_bits_column(const void* elements, std::size_t at, std::size_t steps, std::size_t bits, unsigned flip,
                        std::size_t column, std::uint8_t* panel) {
  const auto* const from = static_cast<const std::uint8_t*>(elements);
  std::uint8_t* const to = panel + column * 4;
  if (bits == 4) return pack_column<4>(from, at, steps, flip, to);
  if (bits == 8) return pack_column<8>(from, at, steps, flip, to);
  pack_column<2>(from, at, steps, flip, to);
}

void pack_n_bits_row(const void* elements, std::size_t at, std::size_t columns, std::size_t k, std::size_t bits,
                     unsigned flip, std::uint8_t* panel) {
  const auto* const from = static_cast<const std::uint8_t*>(elements);
  if (bits == 4) return pack_row<4>(from, at, columns, k, flip, panel);
  if (bits == 8) return pack_row<8>(from, at, columns, k, flip, panel);
  pack_row<2>(from, at, columns, k, flip, panel);
}

}  // namespace linnet::kernels
