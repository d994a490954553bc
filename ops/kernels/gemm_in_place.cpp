// The matrix product of few rows with B where it lies. B is read once, some rows at a time from left to right, as it
// stands in memory; the sums of the chains wait in a buffer that the first-level cache holds.
#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/kernels/gemm_in_place.cpp"
#include "ops/kernels/highway_config.h"

#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "ops/kernels/dispatch.h"
#include "ops/kernels/gemm.hpp"
#include "ops/kernels/gemm_tile-inl.h"

#ifndef LINNET_OPS_KERNELS_GEMM_IN_PLACE_CPP_ONCE_
#define LINNET_OPS_KERNELS_GEMM_IN_PLACE_CPP_ONCE_
namespace linnet::kernels {
namespace {

// The arguments of gemm_in_place().
struct ProductInPlace {
  std::size_t m;
  std::size_t k;
  const float* a;
  std::size_t a_row_stride;
  const float* b;
  std::size_t b_row_stride;
  const GemmEpilogue& epilogue;
  float* c;
  std::size_t c_row_stride;
  std::size_t column_begin;
  std::size_t column_end;
};

}  // namespace
}  // namespace linnet::kernels
#endif  // LINNET_OPS_KERNELS_GEMM_IN_PLACE_CPP_ONCE_

HWY_BEFORE_NAMESPACE();
namespace linnet::kernels::HWY_NAMESPACE {
namespace {

static_assert(kMostRowsInPlace <= kMaxRows, "a block has the registers of a tile");

// Rows of A that are swept together. Old CPUs do them one after the other: the library is smaller without their blocks.
#if HWY_TARGET <= HWY_AVX2 || HWY_ARCH_ARM
constexpr std::size_t kMostRowsTogether = kMostRowsInPlace;
#else
constexpr std::size_t kMostRowsTogether = 1;
#endif

// A strip is done from the first row of B to the last: it is wide enough for the hardware to see a stream, and narrow
// enough for two sums of every element to stay in the first-level cache.
static_assert(kStripColumns % kPanelColumns == 0);
// Rows of B between two visits of the buffer.
constexpr std::size_t kSteps = 8;
// From one row of sums to the next: not a power of two, which all rows would share a place in the cache with.
constexpr std::size_t kSumsStride = kStripColumns + kColumnUnit;

struct Strip {
  std::size_t column;  // of C
  std::size_t columns;
};

// Of each row.
struct Sums {
  float* chains;  // the chain being added to
  float* groups;  // the chains of this group before it
};

#define LINNET_UNROLL _Pragma("GCC unroll 16")

template <bool kWhole>
HWY_INLINE TileVector LoadB(const float* b, std::size_t lanes) {
  const TileTag d;
  return kWhole ? hn::LoadU(d, b) : LoadPartial(d, b, lanes);
}

// Adds `steps` rows of B, from row k on, to the chains of kVectors vectors of columns; of the last one, `lanes`.
template <std::size_t kRows, std::size_t kVectors, bool kWhole>
HWY_INLINE void AddSteps(const ProductInPlace& product, std::size_t k, std::size_t steps, const float* b, bool first,
                         float* chains, std::size_t lanes) {
  const TileTag d;
  TileVector sums[kRows][kVectors];
  LINNET_UNROLL
  for (std::size_t row = 0; row < kRows; ++row) {
    LINNET_UNROLL
    for (std::size_t j = 0; j < kVectors; ++j)
      sums[row][j] = first ? hn::Zero(d) : hn::LoadU(d, chains + row * kSumsStride + j * kLanes);
  }
  const float* a = product.a + k;
  for (std::size_t step = 0; step < steps; ++step, b += product.b_row_stride) {
    // The shorter side of the block waits in registers.
    if constexpr (kVectors <= kRows) {
      TileVector b_row[kVectors];
      LINNET_UNROLL
      for (std::size_t j = 0; j < kVectors; ++j) b_row[j] = LoadB<kWhole>(b + j * kLanes, lanes);
      LINNET_UNROLL
      for (std::size_t row = 0; row < kRows; ++row) {
        const TileVector a_element = hn::Set(d, a[row * product.a_row_stride + step]);
        LINNET_UNROLL
        for (std::size_t j = 0; j < kVectors; ++j) sums[row][j] = hn::MulAdd(a_element, b_row[j], sums[row][j]);
      }
    } else {
      TileVector a_elements[kRows];
      LINNET_UNROLL
      for (std::size_t row = 0; row < kRows; ++row) a_elements[row] = hn::Set(d, a[row * product.a_row_stride + step]);
      LINNET_UNROLL
      for (std::size_t j = 0; j < kVectors; ++j) {
        const TileVector b_vector = LoadB<kWhole>(b + j * kLanes, lanes);
        LINNET_UNROLL
        for (std::size_t row = 0; row < kRows; ++row)
          sums[row][j] = hn::MulAdd(a_elements[row], b_vector, sums[row][j]);
      }
    }
  }
  LINNET_UNROLL
  for (std::size_t row = 0; row < kRows; ++row) {
    LINNET_UNROLL
    for (std::size_t j = 0; j < kVectors; ++j) hn::StoreU(sums[row][j], d, chains + row * kSumsStride + j * kLanes);
  }
}

#undef LINNET_UNROLL

// Rows [k, k + steps) of B, over all columns of the strip.
template <std::size_t kRows>
HWY_INLINE void Sweep(const ProductInPlace& product, const Strip& strip, std::size_t k, std::size_t steps, bool first,
                      float* chains) {
  constexpr std::size_t kVectors = max_tile_vectors(kRows);
  const float* b = product.b + k * product.b_row_stride + strip.column;
  std::size_t i = 0;
  for (; i + kVectors * kLanes <= strip.columns; i += kVectors * kLanes) {
    AddSteps<kRows, kVectors, true>(product, k, steps, b + i, first, chains + i, kLanes);
  }
  for (; i < strip.columns; i += kLanes) {
    AddSteps<kRows, 1, false>(product, k, steps, b + i, first, chains + i, std::min(kLanes, strip.columns - i));
  }
}

// Where a chain stands among the others.
struct Place {
  bool begins_group;
  bool ends_group;
  bool first_group;
  bool last_group;
};

// Adds finished chains to their group, and a finished group to what stands in C.
HWY_NOINLINE void FinishChains(const ProductInPlace& product, const Strip& strip, const Place& place,
                               const Sums& buffer) {
  const TileTag d;
  const GemmEpilogue& epilogue = product.epilogue;
  const bool starts = epilogue.bias != nullptr || epilogue.addend != nullptr;
  const bool relu = place.last_group && epilogue.activation.kind == ActivationKind::kRelu;
  for (std::size_t row = 0; row < product.m; ++row) {
    const float* const chains = buffer.chains + row * kSumsStride;
    float* const groups = buffer.groups + row * kSumsStride;
    float* const c = product.c + row * product.c_row_stride + strip.column;
    for (std::size_t i = 0; i < strip.columns; i += kLanes) {
      TileVector sum = hn::LoadU(d, chains + i);
      if (!place.begins_group) sum = hn::Add(hn::LoadU(d, groups + i), sum);
      if (!place.ends_group) {
        hn::StoreU(sum, d, groups + i);
        continue;
      }
      const std::size_t lanes = std::min(kLanes, strip.columns - i);
      if (!place.first_group) {
        sum = hn::Add(LoadPartial(d, c + i, lanes), sum);
      } else if (starts) {
        sum = hn::Add(StartVector(epilogue, row, strip.column + i, lanes), sum);
      }
      if (relu) sum = Relu(d, sum);
      StorePartial(d, sum, c + i, lanes);
    }
  }
}

template <std::size_t kRows>
void MultiplyStrip(const ProductInPlace& product, const Strip& strip) {
  HWY_ALIGN float chains[kRows * kSumsStride];
  HWY_ALIGN float groups[kRows * kSumsStride];
  std::size_t k = 0;
  do {
    const std::size_t group_begin = k;
    const std::size_t group_end = std::min(product.k, k + kGroupLength);
    do {
      const std::size_t chain_begin = k;
      const std::size_t chain_end = std::min(group_end, k + kChainLength);
      do {
        const std::size_t steps = std::min(kSteps, chain_end - k);
        Sweep<kRows>(product, strip, k, steps, k == chain_begin, chains);
        k += steps;
      } while (k < chain_end);
      FinishChains(product, strip, {chain_begin == group_begin, k == group_end, group_begin == 0, k == product.k},
                   {chains, groups});
    } while (k < group_end);
  } while (k < product.k);
  const ActivationKind activation = product.epilogue.activation.kind;
  if (activation == ActivationKind::kNone || activation == ActivationKind::kRelu) return;
  for (std::size_t row = 0; row < kRows; ++row) {
    float* const c = product.c + row * product.c_row_stride + strip.column;
    apply_activation(product.epilogue.activation, c, c, strip.columns);
  }
}

using StripFunction = void (*)(const ProductInPlace&, const Strip&);

template <std::size_t... kRows>
constexpr std::array<StripFunction, kMostRowsTogether> strip_functions(std::index_sequence<kRows...>) {
  return {MultiplyStrip<kRows + 1>...};
}

void GemmInPlace(const ProductInPlace& product) {
  constexpr std::array<StripFunction, kMostRowsTogether> kStripFunctions =
      strip_functions(std::make_index_sequence<kMostRowsTogether>());
  for (std::size_t row = 0; row < product.m; row += kMostRowsTogether) {
    const GemmEpilogue epilogue = product.epilogue.from_row(row);
    const ProductInPlace rows = {std::min(kMostRowsTogether, product.m - row),
                                 product.k,
                                 product.a + row * product.a_row_stride,
                                 product.a_row_stride,
                                 product.b,
                                 product.b_row_stride,
                                 epilogue,
                                 product.c + row * product.c_row_stride,
                                 product.c_row_stride,
                                 product.column_begin,
                                 product.column_end};
    for (std::size_t column = rows.column_begin; column < rows.column_end; column += kStripColumns) {
      kStripFunctions[rows.m - 1](rows, {column, std::min(kStripColumns, rows.column_end - column)});
    }
  }
}

}  // namespace
}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace linnet::kernels {

LINNET_EXPORT(GemmInPlace);

void gemm_in_place(std::size_t m, std::size_t k, const float* a, std::size_t a_row_stride, const float* b,
                   std::size_t b_row_stride, const GemmEpilogue& epilogue, float* c, std::size_t c_row_stride,
                   std::size_t column_begin, std::size_t column_end) {
  LINNET_DISPATCH(GemmInPlace)
  ({m, k, a, a_row_stride, b, b_row_stride, epilogue, c, c_row_stride, column_begin, column_end});
}

}  // namespace linnet::kernels
#endif  // HWY_ONCE
