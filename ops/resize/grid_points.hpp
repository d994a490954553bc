// The points of GridSample: which elements of X each is made of, by their weights.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "ops/resize/resize_axis.hpp"
#include "runtime/op.hpp"

namespace linnet::internal {

/// Points whose elements are found before the channels are gone through.
inline constexpr std::size_t kPoints = 64;

enum class Padding : std::uint8_t { kZeros, kBorder, kReflection };

struct GridSampleAttributes : Attributes {
  ResizeMode mode = ResizeMode::kLinear;
  Padding padding = Padding::kZeros;
  bool align_corners = false;

  std::size_t taps_of_axis() const { return mode == ResizeMode::kNearest ? 1 : mode == ResizeMode::kLinear ? 2 : 4; }
};

/// What every implementation knows.
struct Grid {
  GridSampleAttributes attributes;
  DataType type = DataType::kUndefined, grid_type = DataType::kUndefined;
  std::size_t batches = 0, channels = 0, points = 0;  ///< 0 batches: Y has no elements
  std::size_t plane = 1;                              ///< elements of X in a channel
  std::vector<std::int64_t> sizes, strides;           ///< of the spatial axes, outermost first
  std::size_t taps = 1;

  std::size_t blocks() const { return (points + kPoints - 1) / kPoints; }
  std::size_t axes() const { return sizes.size(); }
};

/// An element that a point is made of.
struct Tap {
  std::int64_t element;  ///< along an axis -1: none; in a channel any where there is no weight
  double weight;
};

/// A worker's memory for one block of points: elements of X in a channel, and their weights, by [tap, point]. Where a
/// weight is 0 the element may be any.
template <typename W>
struct Block {
  using Index = std::conditional_t<std::is_same_v<W, float>, std::int32_t, std::int64_t>;
  double* numbers;  ///< of the grid
  Tap* axis_taps;   ///< of the axes of one point, 4 each
  Tap* taps;        ///< of that point
  W* weights;
  Index* elements;

  static constexpr std::size_t bytes(const Grid& grid) {
    return aligned(kPoints * grid.axes() * sizeof(double)) + aligned(4 * grid.axes() * sizeof(Tap)) +
           aligned(grid.taps * sizeof(Tap)) + aligned(kPoints * grid.taps * sizeof(W)) +
           aligned(kPoints * grid.taps * sizeof(Index));
  }
  Block(const Grid& grid, std::byte* memory) {
    numbers = take<double>(memory, kPoints * grid.axes());
    axis_taps = take<Tap>(memory, 4 * grid.axes());
    taps = take<Tap>(memory, grid.taps);
    weights = take<W>(memory, kPoints * grid.taps);
    elements = take<Index>(memory, kPoints * grid.taps);
  }

 private:
  static constexpr std::size_t aligned(std::size_t bytes) { return (bytes + 63) / 64 * 64; }
  template <typename T>
  static T* take(std::byte*& memory, std::size_t count) {
    T* const taken = reinterpret_cast<T*>(memory);
    memory += aligned(count * sizeof(T));
    return taken;
  }
};

/// Of points [first, first + count) of all batches, at most kPoints; those behind the last have no weight. W is float
/// or double.
template <typename W>
void set_block(const Grid& grid, const void* numbers, std::size_t first, std::size_t count, const Block<W>& block);

}  // namespace linnet::internal
