// AmxTiles (amx.hpp) in plain C++: the same bits, for tests on CPUs without AMX.
#ifndef LINNET_OPS_KERNELS_EMULATED_TILES_HPP_
#define LINNET_OPS_KERNELS_EMULATED_TILES_HPP_

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

namespace linnet::kernels {

class EmulatedTiles {
 public:
  explicit EmulatedTiles(std::size_t rows) : rows_(rows) {}

  template <int kTile>
  void zero() {
    zero(kTile);
  }
  template <int kTile>
  void load(const std::byte* from, std::size_t row_bytes = kRowBytes) {
    load(kTile, from, row_bytes);
  }
  template <int kTile>
  void store(std::byte* to, std::size_t row_bytes = kRowBytes) const {
    store(kTile, to, row_bytes);
  }
  template <int kSum, int kA, int kB>
  void multiply() {
    multiply(kSum, kA, kB);
  }
  template <int kSum, int kA, int kB>
  void multiply_bytes() {
    multiply_bytes(kSum, kA, kB);
  }

 private:
  static constexpr std::size_t kRows = 16;
  static constexpr std::size_t kColumns = 16;  // sums, pairs, or quads
  static constexpr std::size_t kRowBytes = kColumns * sizeof(std::uint32_t);
  using Tile = std::uint32_t[kRows * kColumns];

  std::size_t rows(int tile) const { return tile < 6 ? rows_ : kRows; }

  // None of these is worth a copy in every caller.
  __attribute__((noinline)) void zero(int tile) { std::memset(tiles_[tile], 0, sizeof(Tile)); }
  __attribute__((noinline)) void load(int tile, const std::byte* from, std::size_t row_bytes) {
    for (std::size_t i = 0; i < rows(tile); ++i) {
      std::memcpy(tiles_[tile] + i * kColumns, from + i * row_bytes, kRowBytes);
    }
  }
  __attribute__((noinline)) void store(int tile, std::byte* to, std::size_t row_bytes) const {
    for (std::size_t i = 0; i < rows(tile); ++i) {
      std::memcpy(to + i * row_bytes, tiles_[tile] + i * kColumns, kRowBytes);
    }
  }

  // By its bits, as comparing denormals is slow.
  static float float_of(std::uint32_t bits) {
    constexpr std::uint32_t kExponent = 0x7F800000U, kSign = 0x80000000U;
    if ((bits & kExponent) == 0) bits &= kSign;
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
  }
  static float flushed(float value) {
    std::uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    return float_of(bits);
  }
  // fma(a, b, sum) of two bfloat16. Their product has 16 digits, so that a float holds it unless it is too small or too
  // large; then its sum is rounded once, as fma() does it, which is a call and slow.
  static float added_product(float a, float b, float sum) {
    const float product = a * b;
    const float size = std::fabs(product);
    const bool exact = size >= std::numeric_limits<float>::min() && size <= std::numeric_limits<float>::max();
    return exact ? product + sum : std::fma(a, b, sum);
  }
  static float even(std::uint32_t pair) { return float_of(pair << 16); }
  static float odd(std::uint32_t pair) { return float_of(pair & 0xFFFF0000U); }

  __attribute__((noinline)) void multiply(int sum_tile, int a_tile, int b_tile) {
    Tile& sums = tiles_[sum_tile];
    const Tile& a = tiles_[a_tile];
    const Tile& b = tiles_[b_tile];
    for (std::size_t row = 0; row < rows_; ++row) {
      for (std::size_t column = 0; column < kColumns; ++column) {
        float chains[2] = {0.0F, 0.0F};
        for (std::size_t pair = 0; pair < kColumns; ++pair) {
          const std::uint32_t of_a = a[row * kColumns + pair];
          const std::uint32_t of_b = b[pair * kColumns + column];
          chains[0] = flushed(added_product(even(of_a), even(of_b), chains[0]));
          chains[1] = flushed(added_product(odd(of_a), odd(of_b), chains[1]));
        }
        std::uint32_t& bits = sums[row * kColumns + column];
        const float sum = flushed(float_of(bits) + flushed(chains[0] + chains[1]));
        std::memcpy(&bits, &sum, sizeof bits);
      }
    }
  }

  __attribute__((noinline)) void multiply_bytes(int sum_tile, int a_tile, int b_tile) {
    Tile& sums = tiles_[sum_tile];
    const Tile& a = tiles_[a_tile];
    const Tile& b = tiles_[b_tile];
    for (std::size_t row = 0; row < rows_; ++row) {
      for (std::size_t column = 0; column < kColumns; ++column) {
        for (std::size_t quad = 0; quad < kColumns; ++quad) {
          std::int8_t of_a[4];
          std::uint8_t of_b[4];
          std::memcpy(of_a, &a[row * kColumns + quad], sizeof of_a);
          std::memcpy(of_b, &b[quad * kColumns + column], sizeof of_b);
          for (int i = 0; i < 4; ++i) sums[row * kColumns + column] += static_cast<std::uint32_t>(of_a[i] * of_b[i]);
        }
      }
    }
  }

  std::size_t rows_;
  Tile tiles_[8];
};

}  // namespace linnet::kernels

#endif  // LINNET_OPS_KERNELS_EMULATED_TILES_HPP_
