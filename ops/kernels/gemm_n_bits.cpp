#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/kernels/gemm_n_bits.cpp"

#include "ops/kernels/gemm_n_bits.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>

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
static_assert(kNBitsPanelColumns % (kVectors * kLanes) == 0);
constexpr std::int32_t kMiddle = 8;

void StoreRow(const NBitsProduct& product, std::size_t row, std::size_t column, const FloatVector* values) {
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
void MultiplyTile(const NBitsProduct& product, std::size_t row, std::size_t panel, std::size_t column) {
  const Sums d;
  const Floats df;
  const SumVector half = hn::Set(d, 0x0F0F0F0F);
  const std::size_t depth = product.blocks * product.block;
  const std::uint8_t* b = product.packed_b + panel * n_bits_panel_bytes(depth, 4) + column * 4;
  const std::size_t first = panel * product.blocks * kNBitsPanelColumns + column;
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
      for (; k < end; k += 8, b += kNBitsPanelColumns * 4) {
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
      const std::size_t at = first + block * kNBitsPanelColumns + j * kLanes;
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
    StoreRow(product, row + i, panel * kNBitsPanelColumns + column, values[i]);
  }
}

// What MultiplyFloats and MultiplyManyFloats share: kVectors of columns, whose weights they take as floats.
struct FloatColumns {
  std::size_t bits;
  const std::uint8_t* b;
  const float* scales;
  const float* zero_points;
  SumVector mask;

  HWY_INLINE FloatColumns(const NBitsProduct& product, std::size_t panel, std::size_t column)
      : bits(product.bits),
        b(product.packed_b + panel * n_bits_panel_bytes(product.blocks * product.block, bits) + column * 4),
        scales(product.scales + panel * product.blocks * kNBitsPanelColumns + column),
        zero_points(product.zero_points == nullptr ? nullptr : product.zero_points + (scales - product.scales)),
        mask(hn::Set(Sums(), static_cast<std::int32_t>((1U << bits) - 1))) {}

  HWY_INLINE FloatVector Scale(std::size_t block, std::size_t j) const {
    return hn::LoadU(Floats(), scales + block * kNBitsPanelColumns + j * kLanes);
  }
  HWY_INLINE FloatVector Zero(std::size_t block, std::size_t j) const {
    if (zero_points == nullptr) return hn::Set(Floats(), static_cast<float>(1U << (bits - 1)));
    return hn::LoadU(Floats(), zero_points + block * kNBitsPanelColumns + j * kLanes);
  }
  // Of the step `at` of a quad of 32 / bits steps.
  HWY_INLINE FloatVector Weight(const std::uint8_t* quads, std::size_t at, FloatVector zero) const {
    const SumVector moved = hn::ShiftRightSame(LoadQuads(quads), static_cast<int>(at % 4 * 8 + at / 4 * bits));
    return hn::Sub(hn::ConvertTo(Floats(), hn::And(moved, mask)), zero);
  }
  // Of all steps of a block, [step][kVectors][kLanes].
  template <int kBits>
  HWY_INLINE void StoreWeights(std::size_t block, std::size_t steps, float* weights) const {
    constexpr std::size_t kSteps = 32 / kBits;
    for (std::size_t j = 0; j < kVectors; ++j) {
      const FloatVector zero = Zero(block, j);
      const std::uint8_t* quads = b + block * steps / kSteps * kNBitsPanelColumns * 4 + j * kLanes * 4;
      float* to = weights + j * kLanes;
      for (std::size_t k = 0; k < steps;
           k += kSteps, quads += kNBitsPanelColumns * 4, to += kSteps * kVectors * kLanes) {
        SumVector left = LoadQuads(quads);
        LINNET_UNROLL
        for (std::size_t i = 0; i < kSteps; ++i) {
          // The elements in the order of their bits.
          const std::size_t at = i % (8 / kBits) * 4 + i / (8 / kBits);
          const FloatVector weight = hn::Sub(hn::ConvertTo(Floats(), hn::And(left, mask)), zero);
          hn::Store(weight, Floats(), to + at * kVectors * kLanes);
          left = hn::ShiftRight<kBits>(left);
        }
      }
    }
  }
};

// One step of kRows rows.
template <std::size_t kRows>
HWY_INLINE void AddStep(const FloatVector (&weights)[kVectors], const float* const (&rows)[kRows], std::size_t k,
                        FloatVector (&sums)[kRows][kVectors]) {
  LINNET_UNROLL
  for (std::size_t i = 0; i < kRows; ++i) {
    const FloatVector repeated = hn::Set(Floats(), rows[i][k]);
    LINNET_UNROLL
    for (std::size_t j = 0; j < kVectors; ++j) sums[i][j] = hn::MulAdd(repeated, weights[j], sums[i][j]);
  }
}

// All steps of a quad: shifts by constants.
template <std::size_t kBits, std::size_t kRows, std::size_t... kAt>
HWY_INLINE void AddQuad(std::index_sequence<kAt...>, const FloatColumns& columns, const std::uint8_t* quads,
                        const FloatVector (&zeros)[kVectors], const float* const (&rows)[kRows], std::size_t k,
                        FloatVector (&sums)[kRows][kVectors]) {
  static_assert(kVectors == 2);
  const SumVector left[kVectors] = {LoadQuads(quads), LoadQuads(quads + kLanes * 4)};
  const auto add = [&](auto at) HWY_ATTR {
    constexpr std::size_t kStep = decltype(at)::value;
    FloatVector weights[kVectors];
    LINNET_UNROLL
    for (std::size_t j = 0; j < kVectors; ++j) {
      const SumVector moved = hn::ShiftRight<static_cast<int>(kStep % 4 * 8 + kStep / 4 * kBits)>(left[j]);
      weights[j] = hn::Sub(hn::ConvertTo(Floats(), hn::And(moved, columns.mask)), zeros[j]);
    }
    AddStep<kRows>(weights, rows, k + kStep, sums);
  };
  (add(std::integral_constant<std::size_t, kAt>()), ...);
}

// The whole quads of steps [k, end).
template <std::size_t kBits, std::size_t kRows>
HWY_INLINE void AddQuads(const FloatColumns& columns, const std::uint8_t*& quads, const FloatVector (&zeros)[kVectors],
                         const float* const (&rows)[kRows], std::size_t& k, std::size_t end,
                         FloatVector (&sums)[kRows][kVectors]) {
  constexpr std::size_t kSteps = 32 / kBits;
  for (; k + kSteps <= end; k += kSteps, quads += kNBitsPanelColumns * 4) {
    AddQuad<kBits>(std::make_index_sequence<kSteps>(), columns, quads, zeros, rows, k, sums);
  }
}

// As MultiplyTile, of rows of x: few, for which weights become floats in registers.
template <std::size_t kRows>
void MultiplyFloats(const NBitsProduct& product, std::size_t row, std::size_t panel, std::size_t column) {
  const Floats d;
  const FloatColumns columns(product, panel, column);
  const std::size_t steps_of_quad = 32 / product.bits;
  const std::uint8_t* quads = columns.b;
  const float* rows[kRows];
  FloatVector values[kRows][kVectors];
  LINNET_UNROLL
  for (std::size_t i = 0; i < kRows; ++i) {
    rows[i] = product.x + std::min(row + i, product.m - 1) * product.k;
    LINNET_UNROLL
    for (std::size_t j = 0; j < kVectors; ++j) values[i][j] = hn::Zero(d);
  }
  for (std::size_t block = 0; block < product.blocks; ++block) {
    FloatVector sums[kRows][kVectors], zeros[kVectors];
    LINNET_UNROLL
    for (std::size_t j = 0; j < kVectors; ++j) {
      zeros[j] = columns.Zero(block, j);
      LINNET_UNROLL
      for (std::size_t i = 0; i < kRows; ++i) sums[i][j] = hn::Zero(d);
    }
    const std::size_t end = std::min(product.k, (block + 1) * product.block);
    std::size_t k = block * product.block;
    if (product.bits == 4) {
      AddQuads<4>(columns, quads, zeros, rows, k, end, sums);
    } else if (product.bits == 8) {
      AddQuads<8>(columns, quads, zeros, rows, k, end, sums);
    }
    for (; k < end; quads += kNBitsPanelColumns * 4) {
      const std::size_t steps = std::min(steps_of_quad, end - k);
      for (std::size_t at = 0; at < steps; ++at, ++k) {
        FloatVector weights[kVectors];
        LINNET_UNROLL
        for (std::size_t j = 0; j < kVectors; ++j) weights[j] = columns.Weight(quads + j * kLanes * 4, at, zeros[j]);
        AddStep<kRows>(weights, rows, k, sums);
      }
    }
    LINNET_UNROLL
    for (std::size_t j = 0; j < kVectors; ++j) {
      const FloatVector scale = columns.Scale(block, j);
      LINNET_UNROLL
      for (std::size_t i = 0; i < kRows; ++i) values[i][j] = hn::Add(values[i][j], hn::Mul(sums[i][j], scale));
    }
  }
  for (std::size_t i = 0; i < std::min(kRows, product.m - row); ++i) {
    StoreRow(product, row + i, panel * kNBitsPanelColumns + column, values[i]);
  }
}

// In a register: g++ would make it an operand in memory of every multiplication, and loads it each time.
HWY_INLINE FloatVector Kept(FloatVector vector) {
#if defined(__GNUC__) && HWY_ARCH_X86 && HWY_TARGET != HWY_SCALAR
  __asm__("" : "+v"(vector.raw));
#endif
  return vector;
}

// What steps [first, end) of one block add to the totals of rows. Not inlined, so that all it has stays in registers.
template <std::size_t kRows>
HWY_NOINLINE void AddBlock(const float* const* rows, std::size_t first, std::size_t end, const float* weights,
                           const float* scales, float* totals) {
  const Floats d;
  const float* row[kRows];
  FloatVector sums[kRows][kVectors];
  LINNET_UNROLL
  for (std::size_t i = 0; i < kRows; ++i) {
    row[i] = rows[i];
    LINNET_UNROLL
    for (std::size_t j = 0; j < kVectors; ++j) sums[i][j] = hn::Zero(d);
  }
  for (std::size_t k = first; k < end; ++k, weights += kVectors * kLanes) {
    FloatVector of_step[kVectors];
    LINNET_UNROLL
    for (std::size_t j = 0; j < kVectors; ++j) of_step[j] = Kept(hn::Load(d, weights + j * kLanes));
    AddStep<kRows>(of_step, row, k, sums);
  }
  LINNET_UNROLL
  for (std::size_t j = 0; j < kVectors; ++j) {
    const FloatVector scale = hn::LoadU(d, scales + j * kLanes);
    LINNET_UNROLL
    for (std::size_t i = 0; i < kRows; ++i) {
      float* const total = totals + (i * kVectors + j) * kLanes;
      hn::Store(hn::Add(hn::Load(d, total), hn::Mul(sums[i][j], scale)), d, total);
    }
  }
}

// Rows of x from `row` on, of which the last stands for those that are missing: what blocks add to their totals.
template <std::size_t kRows>
void AddBlocks(const NBitsProduct& product, std::size_t row, std::size_t block, std::size_t end,
               const FloatColumns& columns, const float* weights, float* totals) {
  const float* rows[kRows];
  for (std::size_t i = 0; i < kRows; ++i) rows[i] = product.x + std::min(row + i, product.m - 1) * product.k;
  for (; block < end; ++block, weights += product.block * kVectors * kLanes) {
    const std::size_t first = block * product.block;
    AddBlock<kRows>(rows, first, std::min(product.k, first + product.block), weights,
                    columns.scales + block * kNBitsPanelColumns, totals);
  }
}

// Rows [row, row + rows), with the bits of MultiplyFloats: the weights of some blocks become floats once for all of
// them.
constexpr std::size_t kManyRows = 96;
constexpr std::size_t kRowsOfBlock = HWY_TARGET == HWY_AVX3 ? 12 : 6;
static_assert(kManyRows % kRowsOfBlock == 0);
void MultiplyManyFloats(const NBitsProduct& product, std::size_t row, std::size_t rows, std::size_t panel,
                        std::size_t column) {
  constexpr std::size_t kSteps = kNBitsMostBlock;
  constexpr std::size_t kWidth = kVectors * kLanes;
  const Floats d;
  const FloatColumns columns(product, panel, column);
  HWY_ALIGN float weights[kSteps * kWidth];
  HWY_ALIGN float totals[kManyRows * kWidth];
  std::memset(totals, 0, sizeof totals);
  const std::size_t blocks = kSteps / product.block;
  for (std::size_t block = 0; block < product.blocks; block += blocks) {
    const std::size_t end = std::min(block + blocks, product.blocks);
    float* of_block = weights;
    for (std::size_t i = block; i < end; ++i, of_block += product.block * kWidth) {
      if (product.bits == 4) {
        columns.StoreWeights<4>(i, product.block, of_block);
      } else if (product.bits == 8) {
        columns.StoreWeights<8>(i, product.block, of_block);
      } else {
        columns.StoreWeights<2>(i, product.block, of_block);
      }
    }
    for (std::size_t done = 0; done < rows;) {
      float* const of_rows = totals + done * kWidth;
      if (rows - done > kRowsOfBlock / 2) {
        AddBlocks<kRowsOfBlock>(product, row + done, block, end, columns, weights, of_rows);
        done += kRowsOfBlock;
      } else {
        AddBlocks<kRowsOfBlock / 2>(product, row + done, block, end, columns, weights, of_rows);
        done += kRowsOfBlock / 2;
      }
    }
  }
  for (std::size_t i = 0; i < rows; ++i) {
    FloatVector values[kVectors];
    for (std::size_t j = 0; j < kVectors; ++j) values[j] = hn::Load(d, totals + (i * kVectors + j) * kLanes);
    StoreRow(product, row + i, panel * kNBitsPanelColumns + column, values);
  }
}

// tile(product, row, panel, column) for all tiles of so many rows.
using TileFunction = void (*)(const NBitsProduct&, std::size_t, std::size_t, std::size_t);
void ForTiles(const NBitsProduct& product, std::size_t rows, TileFunction tile) {
  for (std::size_t panel = product.panel_begin; panel < product.panel_end; ++panel) {
    for (std::size_t row = 0; row < product.m; row += rows) {
      for (std::size_t column = 0; column < kNBitsPanelColumns; column += kVectors * kLanes) {
        if (panel * kNBitsPanelColumns + column < product.n) tile(product, row, panel, column);
      }
    }
  }
}

constexpr std::size_t kTileRows = HWY_TARGET == HWY_AVX3 ? 4 : HWY_TARGET == HWY_AVX2 ? 2 : 1;

template <class Dot>
void Multiply(const NBitsProduct& product) {
  if constexpr (kTileRows > 1) {
    if (product.m > 1) return ForTiles(product, kTileRows, MultiplyTile<Dot, kTileRows>);
  }
  ForTiles(product, 1, MultiplyTile<Dot, 1>);
}

void MultiplyRowsOfFloats(const NBitsProduct& product, std::size_t row, std::size_t panel, std::size_t column) {
  MultiplyManyFloats(product, row, std::min(kManyRows, product.m - row), panel, column);
}

// Rows of x up to twice as many as a tile has are multiplied tile by tile.
constexpr std::size_t kFewRows = HWY_TARGET == HWY_SSE4 || HWY_TARGET == HWY_SCALAR ? 1 : 4;

void GemmNBits(const NBitsProduct& product) {
  if (product.m > 2 * kFewRows) return ForTiles(product, kManyRows, MultiplyRowsOfFloats);
  if constexpr (kFewRows > 1) {
    if (product.m > 2) return ForTiles(product, kFewRows, MultiplyFloats<kFewRows>);
    if (product.m > 1) return ForTiles(product, 2, MultiplyFloats<2>);
  }
  ForTiles(product, 1, MultiplyFloats<1>);
}

void GemmInt4(const NBitsProduct& product, bool instructions) {
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

void QuantizeRowInBlocks(const float* x, std::size_t k, std::size_t block, const QuantizedRows& to) {
  HWY_ALIGN float last[kNBitsMostBlock];
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
LINNET_EXPORT(QuantizeRowInBlocks);
LINNET_EXPORT(GemmNBits);

void quantize_row_in_blocks(const float* x, std::size_t k, std::size_t block, const QuantizedRows& to) {
  LINNET_DISPATCH(QuantizeRowInBlocks)(x, k, block, to);
}

void gemm_n_bits(const NBitsProduct& product) { LINNET_DISPATCH(GemmNBits)(product); }

void gemm_int4(const NBitsProduct& product) {
  const bool instructions = has_byte_products();
  GemmInt4LinnetVersions[byte_product_target(instructions)](product, instructions);
}

void gemm_int4_without(const NBitsProduct& product) {
  GemmInt4LinnetVersions[byte_product_target(false)](product, false);
}

}  // namespace linnet::kernels
#endif  // HWY_ONCE
