#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/kernels/gemm_int4.cpp"

#include "ops/kernels/gemm_int4.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

#include "ops/kernels/highway_config.h"

#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "ops/kernels/byte_dot-inl.h"
#include "ops/kernels/dispatch.h"
#include "ops/kernels/gemm_int8.hpp"

HWY_BEFORE_NAMESPACE();
namespace linnet::kernels::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

constexpr std::size_t kVectors = 2;  // of a tile
static_assert(kInt4PanelColumns % (kVectors * kLanes) == 0);
constexpr std::int32_t kMiddle = 8;

void StoreRow(const Int4Product& product, std::size_t row, std::size_t column, const FloatVector* values) {
  const Floats d;
  HWY_ALIGN float stored[kVectors * kLanes];
  for (std::size_t j = 0; j < kVectors; ++j) hn::Store(values[j], d, stored + j * kLanes);
  const std::size_t columns = std::min(kVectors * kLanes, product.n - column);
  float* const c = product.c + row * product.c_row_stride + column;
  const float* const bias = product.bias == nullptr ? nullptr : product.bias + column;
  for (std::size_t j = 0; j < columns; ++j) c[j] = bias == nullptr ? stored[j] : stored[j] + bias[j];
}

// Rows [row, row + kRows), of which the last stands for those that are missing, and kVectors of columns from `column`
// of the panel on.
template <class Dot, std::size_t kRows>
void MultiplyTile(const Int4Product& product, std::size_t row, std::size_t panel, std::size_t column) {
  const Sums d;
  const Floats df;
  const SumVector half = hn::Set(d, 0x0F0F0F0F);
  const std::size_t depth = product.blocks * product.block;
  const std::uint8_t* b = product.packed_b + panel * int4_panel_bytes(depth) + column * 4;
  const std::size_t first = panel * product.blocks * kInt4PanelColumns + column;
  FloatVector values[kRows][kVectors];
  std::size_t rows[kRows];
  LINNET_UNROLL
  for (std::size_t i = 0; i < kRows; ++i) {
    rows[i] = std::min(row + i, product.m - 1);
    LINNET_UNROLL
    for (std::size_t j = 0; j < kVectors; ++j) values[i][j] = hn::Zero(df);
  }
  for (std::size_t block = 0; block < product.blocks; ++block) {
    SumVector sums[kRows][kVectors];
    LINNET_UNROLL
    for (std::size_t i = 0; i < kRows; ++i) {
      const std::int32_t sum = product.a.sums[rows[i] * product.blocks + block];
      LINNET_UNROLL
      for (std::size_t j = 0; j < kVectors; ++j) {
        sums[i][j] = hn::Set(d, product.zero_points == nullptr ? -kMiddle * sum : 0);
      }
    }
    const std::int8_t* a = product.a.elements + block * product.block;
    for (std::size_t k = 0; k < product.block;) {
      typename Dot::Partial partial[kRows][kVectors];
      LINNET_UNROLL
      for (std::size_t i = 0; i < kRows * kVectors; ++i) partial[i / kVectors][i % kVectors] = Dot::None();
      const std::size_t end = std::min(product.block, k + 4 * Dot::kMostQuads);
      for (; k < end; k += 8, b += kInt4PanelColumns * 4) {
        SumVector low[kVectors], high[kVectors];
        LINNET_UNROLL
        for (std::size_t j = 0; j < kVectors; ++j) {
          const SumVector both = LoadQuads(b + j * kLanes * 4);
          low[j] = hn::And(both, half);
          high[j] = hn::And(hn::ShiftRight<4>(both), half);
        }
        LINNET_UNROLL
        for (std::size_t i = 0; i < kRows; ++i) {
          const SumVector first_quad = RepeatLane(a + rows[i] * depth + k);
          const SumVector second_quad = RepeatLane(a + rows[i] * depth + k + 4);
          LINNET_UNROLL
          for (std::size_t j = 0; j < kVectors; ++j) partial[i][j] = Dot::Add(low[j], first_quad, partial[i][j]);
          LINNET_UNROLL
          for (std::size_t j = 0; j < kVectors; ++j) partial[i][j] = Dot::Add(high[j], second_quad, partial[i][j]);
        }
      }
      LINNET_UNROLL
      for (std::size_t i = 0; i < kRows; ++i) {
        LINNET_UNROLL
        for (std::size_t j = 0; j < kVectors; ++j) sums[i][j] = Dot::AddTo(sums[i][j], partial[i][j]);
      }
    }
    LINNET_UNROLL
    for (std::size_t j = 0; j < kVectors; ++j) {
      const std::size_t at = first + block * kInt4PanelColumns + j * kLanes;
      const FloatVector scale = hn::LoadU(df, product.scales + at);
      LINNET_UNROLL
      for (std::size_t i = 0; i < kRows; ++i) {
        const std::size_t of_row = rows[i] * product.blocks + block;
        FloatVector sum = hn::ConvertTo(df, sums[i][j]);
        if (product.zero_points != nullptr) {
          const FloatVector of_a = hn::Set(df, static_cast<float>(product.a.sums[of_row]));
          sum = hn::Sub(sum, hn::Mul(of_a, hn::LoadU(df, product.zero_points + at)));
        }
        const FloatVector both = hn::Mul(hn::Set(df, product.a.scales[of_row]), scale);
        values[i][j] = hn::Add(values[i][j], hn::Mul(sum, both));
      }
    }
  }
  for (std::size_t i = 0; i < std::min(kRows, product.m - row); ++i) {
    StoreRow(product, row + i, panel * kInt4PanelColumns + column, values[i]);
  }
}

// Rows of x as MultiplyTile has rows of int8.
template <std::size_t kRows>
void MultiplyFloats(const Int4Product& product, std::size_t row, std::size_t panel, std::size_t column) {
  const Sums d;
  const Floats df;
  const SumVector half = hn::Set(d, 0xF);
  const std::uint8_t* b = product.packed_b + panel * int4_panel_bytes(product.blocks * product.block) + column * 4;
  const std::size_t first = panel * product.blocks * kInt4PanelColumns + column;
  FloatVector values[kRows][kVectors];
  const float* rows[kRows];
  LINNET_UNROLL
  for (std::size_t i = 0; i < kRows; ++i) {
    rows[i] = product.x + std::min(row + i, product.m - 1) * product.k;
    LINNET_UNROLL
    for (std::size_t j = 0; j < kVectors; ++j) values[i][j] = hn::Zero(df);
  }
  for (std::size_t block = 0; block < product.blocks; ++block) {
    const std::size_t at = first + block * kInt4PanelColumns;
    FloatVector sums[kRows][kVectors], zeros[kVectors];
    LINNET_UNROLL
    for (std::size_t j = 0; j < kVectors; ++j) {
      zeros[j] = product.zero_points == nullptr ? hn::Set(df, static_cast<float>(kMiddle))
                                                : hn::LoadU(df, product.zero_points + at + j * kLanes);
      LINNET_UNROLL
      for (std::size_t i = 0; i < kRows; ++i) sums[i][j] = hn::Zero(df);
    }
    const std::size_t end = std::min(product.k, (block + 1) * product.block);
    for (std::size_t step = block * product.block; step < (block + 1) * product.block;
         step += 8, b += kInt4PanelColumns * 4) {
      // Bits of an element: the lower halves of all bytes come before the upper ones.
      for (std::size_t i = 0; step + i < std::min(end, step + 8); ++i) {
        const int bit = static_cast<int>(i % 4 * 8 + i / 4 * 4);
        FloatVector weights[kVectors];
        LINNET_UNROLL
        for (std::size_t j = 0; j < kVectors; ++j) {
          const SumVector element = hn::And(hn::ShiftRightSame(LoadQuads(b + j * kLanes * 4), bit), half);
          weights[j] = hn::Sub(hn::ConvertTo(df, element), zeros[j]);
        }
        LINNET_UNROLL
        for (std::size_t of_row = 0; of_row < kRows; ++of_row) {
          const FloatVector repeated = hn::Set(df, rows[of_row][step + i]);
          LINNET_UNROLL
          for (std::size_t j = 0; j < kVectors; ++j) {
            sums[of_row][j] = hn::MulAdd(repeated, weights[j], sums[of_row][j]);
          }
        }
      }
    }
    LINNET_UNROLL
    for (std::size_t j = 0; j < kVectors; ++j) {
      const FloatVector scale = hn::LoadU(df, product.scales + at + j * kLanes);
      LINNET_UNROLL
      for (std::size_t i = 0; i < kRows; ++i) values[i][j] = hn::Add(values[i][j], hn::Mul(sums[i][j], scale));
    }
  }
  for (std::size_t i = 0; i < std::min(kRows, product.m - row); ++i) {
    StoreRow(product, row + i, panel * kInt4PanelColumns + column, values[i]);
  }
}

// tile(product, row, panel, column) for all tiles of so many rows.
using TileFunction = void (*)(const Int4Product&, std::size_t, std::size_t, std::size_t);
void ForTiles(const Int4Product& product, std::size_t rows, TileFunction tile) {
  for (std::size_t panel = product.panel_begin; panel < product.panel_end; ++panel) {
    for (std::size_t row = 0; row < product.m; row += rows) {
      for (std::size_t column = 0; column < kInt4PanelColumns; column += kVectors * kLanes) {
        if (panel * kInt4PanelColumns + column < product.n) tile(product, row, panel, column);
      }
    }
  }
}

constexpr std::size_t kTileRows = HWY_TARGET == HWY_AVX3 ? 4 : HWY_TARGET == HWY_AVX2 ? 2 : 1;

template <class Dot>
void Multiply(const Int4Product& product) {
  if constexpr (kTileRows > 1) {
    if (product.m > 1) return ForTiles(product, kTileRows, MultiplyTile<Dot, kTileRows>);
  }
  ForTiles(product, 1, MultiplyTile<Dot, 1>);
}

void GemmInt4Floats(const Int4Product& product) {
  if constexpr (kTileRows > 1) {
    if (product.m > 1) return ForTiles(product, kTileRows, MultiplyFloats<kTileRows>);
  }
  ForTiles(product, 1, MultiplyFloats<1>);
}

void GemmInt4(const Int4Product& product, bool instructions) {
#if HWY_TARGET == HWY_AVX3
  if (instructions) return Multiply<WholeDot<ByteDot>>(product);
#endif
  (void)instructions;
#if HWY_TARGET != HWY_AVX3 || (HWY_TARGETS & HWY_AVX2) == 0
#if HWY_ARCH_X86 && HWY_TARGET != HWY_SCALAR
  Multiply<NibbleDot>(product);
#else
  Multiply<WholeDot<WideDot>>(product);
#endif
#endif
}

// Requires: as many elements as `block`, which is a multiple of all vectors'.
void QuantizeBlock(const float* x, std::size_t block, std::int8_t* to, float& scale, std::int32_t& sum) {
  const Floats d;
  const hn::Rebind<std::int8_t, Floats> bytes;
  FloatVector largest = hn::Zero(d);
  FloatVector nan = hn::Zero(d);
  for (std::size_t i = 0; i < block; i += kLanes) {
    const FloatVector value = hn::LoadU(d, x + i);
    const FloatVector magnitude = hn::Abs(value);
    nan = hn::Add(nan, hn::Sub(value, value));  // of infinities, too
    largest = hn::IfThenElse(hn::Gt(magnitude, largest), magnitude, largest);
  }
  const float most = hn::GetLane(hn::MaxOfLanes(d, largest));
  const bool is_finite = hn::AllTrue(d, hn::Eq(nan, nan));
  scale = is_finite ? most / 127.0f : std::numeric_limits<float>::quiet_NaN();
  // Where the inverse overflows, all elements are as good as zero.
  const bool is_normal = is_finite && most >= 0x1p-100f;
  const FloatVector factor = hn::Set(d, is_normal ? 127.0f / most : 0.0f);
  auto total = hn::Zero(Sums());
  for (std::size_t i = 0; i < block; i += kLanes) {
    const FloatVector value = is_normal ? hn::LoadU(d, x + i) : hn::Zero(d);
    const auto whole = hn::NearestInt(hn::Mul(value, factor));
    total = hn::Add(total, whole);
    hn::StoreU(hn::DemoteTo(bytes, whole), bytes, to + i);
  }
  sum = hn::GetLane(hn::SumOfLanes(Sums(), total));
}

void QuantizeInt4Row(const float* x, std::size_t k, std::size_t block, const Int4Rows& to) {
  constexpr std::size_t kMostBlock = 256;
  HWY_ALIGN float last[kMostBlock];
  for (std::size_t first = 0, i = 0; first < k; first += block, ++i) {
    const float* from = x + first;
    if (k - first < block) {
      std::memset(last, 0, sizeof last);
      std::memcpy(last, from, (k - first) * sizeof(float));
      from = last;
    }
    QuantizeBlock(from, block, to.elements + first, to.scales[i], to.sums[i]);
  }
}

}  // namespace
}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace linnet::kernels {

LINNET_EXPORT(GemmInt4);
LINNET_EXPORT(QuantizeInt4Row);
LINNET_EXPORT(GemmInt4Floats);

void pack_int4_column(const void* elements, std::size_t depth, std::size_t column, std::uint8_t* panel) {
  const auto* from = static_cast<const std::uint8_t*>(elements);
  std::uint8_t* to = panel + column * 4;
  for (std::size_t k = 0; k < depth; k += 8, from += 4, to += kInt4PanelColumns * 4) {
    const auto element = [from](std::size_t i) { return i % 2 == 0 ? from[i / 2] & 0xFU : from[i / 2] >> 4U; };
    for (std::size_t i = 0; i < 4; ++i) to[i] = static_cast<std::uint8_t>(element(i) | element(i + 4) << 4U);
  }
}

void quantize_int4_row(const float* x, std::size_t k, std::size_t block, const Int4Rows& to) {
  LINNET_DISPATCH(QuantizeInt4Row)(x, k, block, to);
}

void gemm_int4_floats(const Int4Product& product) { LINNET_DISPATCH(GemmInt4Floats)(product); }

void gemm_int4(const Int4Product& product) {
  const bool instructions = has_byte_products();
  GemmInt4LinnetVersions[byte_product_target(instructions)](product, instructions);
}

void gemm_int4_without(const Int4Product& product) {
  GemmInt4LinnetVersions[byte_product_target(false)](product, false);
}

}  // namespace linnet::kernels
#endif  // HWY_ONCE
