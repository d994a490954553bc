#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/kernels/gemm_int8.cpp"

#include "ops/kernels/gemm_int8.hpp"

#include <algorithm>
#include <cstring>

#include "ops/kernels/highway_config.h"

#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "ops/kernels/byte_dot-inl.h"
#include "ops/kernels/dispatch.h"
#include "ops/kernels/gemm_int8_tiles.hpp"

HWY_BEFORE_NAMESPACE();
namespace linnet::kernels::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

struct Tile {
  std::size_t quads;
  std::size_t rows;  // no more than the function's; the last one stands for those that are missing
  const std::int8_t* a;
  std::size_t a_row_bytes;
  const std::uint8_t* b;
  std::size_t b_row_bytes;    // from quad to quad
  std::int32_t* sums;         // rows of kPanelColumns
  const std::int32_t* start;  // of the sums of each row; null for 0
  bool goes_on;               // from the sums that are there instead
};
constexpr std::size_t kMostTileRows = 6;
constexpr std::size_t kWidenedQuads = 512;  // of a row: four rows take half of a first-level cache

template <class Dot, std::size_t kRows, std::size_t kVectors>
HWY_INLINE void AddQuad(const std::int8_t* const (&a)[kRows], std::size_t quad, const std::uint8_t* b,
                        SumVector (&sums)[kRows][kVectors]) {
  LINNET_UNROLL
  for (std::size_t part = 0; part < Dot::kParts; ++part) {
    SumVector quads[kVectors];
    LINNET_UNROLL
    for (std::size_t i = 0; i < kVectors; ++i) quads[i] = Dot::PartOfB(LoadQuads(b + i * 4 * kLanes), part);
    LINNET_UNROLL
    for (std::size_t row = 0; row < kRows; ++row) {
      const SumVector repeated = Dot::PartOfA(a[row], quad, part);
      LINNET_UNROLL
      for (std::size_t i = 0; i < kVectors; ++i) sums[row][i] = Dot::Add(quads[i], repeated, sums[row][i]);
    }
  }
}

// One row has two chains of sums for each vector, for as many independent instructions as their latency asks for.
template <class Dot, std::size_t kRows, std::size_t kVectors>
void SumTile(const Tile& tile) {
  const Sums d;
  constexpr std::size_t kChains = kRows == 1 ? 2 : 1;
  SumVector sums[kChains][kRows][kVectors];
  const std::int8_t* a[kRows];
  LINNET_UNROLL
  for (std::size_t row = 0; row < kRows; ++row) {
    const std::size_t at = std::min(row, tile.rows - 1);
    const SumVector start = hn::Set(d, tile.start == nullptr ? 0 : tile.start[at]);
    a[row] = tile.a + at * tile.a_row_bytes;
    LINNET_UNROLL
    for (std::size_t i = 0; i < kVectors; ++i) {
      sums[0][row][i] = tile.goes_on ? hn::LoadU(d, tile.sums + row * kPanelColumns + i * kLanes) : start;
      if (kChains > 1) sums[kChains - 1][row][i] = hn::Zero(d);
    }
  }
  const std::uint8_t* b = tile.b;
  std::size_t quad = 0;
  for (; quad + kChains <= tile.quads; quad += kChains) {
    LINNET_UNROLL
    for (std::size_t chain = 0; chain < kChains; ++chain, b += tile.b_row_bytes) {
      AddQuad<Dot, kRows, kVectors>(a, quad + chain, b, sums[chain]);
    }
  }
  if (kChains > 1) {
    if (quad < tile.quads) AddQuad<Dot, kRows, kVectors>(a, quad, b, sums[0]);
    LINNET_UNROLL
    for (std::size_t i = 0; i < kVectors; ++i) sums[0][0][i] = hn::Add(sums[0][0][i], sums[kChains - 1][0][i]);
  }
  LINNET_UNROLL
  for (std::size_t row = 0; row < kRows; ++row) {
    LINNET_UNROLL
    for (std::size_t i = 0; i < kVectors; ++i) {
      hn::StoreU(sums[0][row][i], d, tile.sums + row * kPanelColumns + i * kLanes);
    }
  }
}

template <class Dot, std::size_t kVectors>
void SumRows(const Tile& tile) {
  if (tile.rows == 1) return SumTile<Dot, 1, kVectors>(tile);
  if constexpr (Dot::kMostRows == 6) {
    if (tile.rows == 2) return SumTile<Dot, 2, kVectors>(tile);
    if (tile.rows > 4) return SumTile<Dot, 6, kVectors>(tile);
  }
  if constexpr (Dot::kMostRows >= 4) SumTile<Dot, 4, kVectors>(tile);
}

// All columns of a panel, as packed.
template <class Dot>
void SumPanel(Tile tile, std::size_t width) {
#if HWY_TARGET == HWY_AVX3
  if (width == kPanelColumns) return SumRows<Dot, 4>(tile);
  constexpr std::size_t kVectors = 1;
#else
  constexpr std::size_t kVectors = 2;
#endif
  for (std::size_t column = 0; column < width; column += kVectors * kLanes) {
    SumRows<Dot, kVectors>(tile);
    tile.b += kVectors * kLanes * 4;
    tile.sums += kVectors * kLanes;
  }
}

// What the epilogue makes of sums, which have started from row_start.
class Finishing {
 public:
  HWY_INLINE explicit Finishing(const Int8Epilogue& epilogue)
      : epilogue_(epilogue),
        low_(hn::Set(Floats(), epilogue.low)),
        high_(hn::Set(Floats(), epilogue.high)),
        no_fractions_(hn::Set(Floats(), 0x1.8p23f)),
        rest_(hn::Sub(hn::BitCast(Sums(), no_fractions_), hn::Set(Sums(), epilogue.zero))) {}

  HWY_INLINE void SetRow(std::size_t row) {
    shifts_a_ = epilogue_.a_zero != nullptr && epilogue_.a_zero[row] != 0;
    a_zero_ = shifts_a_ ? epilogue_.a_zero[row] : 0;
    a_rest_ = epilogue_.a_rest == nullptr ? 0 : epilogue_.a_rest[row];
    scale_ = epilogue_.row_scale == nullptr ? 1.0f : epilogue_.row_scale[row];
    bias_ = epilogue_.row_bias == nullptr ? 0.0f : epilogue_.row_bias[row];
  }

  HWY_INLINE SumVector Integers(SumVector sum, std::size_t column) const {
    const Sums d;
    if (shifts_a_) sum = hn::Sub(sum, hn::Mul(hn::Set(d, a_zero_), hn::LoadU(d, epilogue_.column_sums + column)));
    if (epilogue_.a_rest == nullptr) return sum;
    return hn::Sub(sum, hn::Mul(hn::Set(d, a_rest_), hn::LoadU(d, epilogue_.b_zero + column)));
  }

  HWY_INLINE FloatVector Values(SumVector sum, std::size_t column) const {
    const Floats d;
    FloatVector scale = hn::Set(d, scale_);
    if (epilogue_.column_scale != nullptr) {
      const FloatVector of_column = hn::LoadU(d, epilogue_.column_scale + column);
      scale = epilogue_.row_scale == nullptr ? of_column : hn::Mul(scale, of_column);
    }
    FloatVector value = hn::Mul(hn::ConvertTo(d, sum), scale);
    if (epilogue_.row_bias != nullptr) value = hn::Add(value, hn::Set(d, bias_));
    if (epilogue_.column_bias != nullptr) value = hn::Add(value, hn::LoadU(d, epilogue_.column_bias + column));
    return value;
  }

  // NaN stays.
  HWY_INLINE FloatVector Cut(FloatVector value) const {
    value = hn::IfThenElse(hn::Lt(value, low_), low_, value);
    return hn::IfThenElse(hn::Gt(value, high_), high_, value);
  }

  // Whole numbers. Between bounds that bytes have, adding a number without fractions rounds.
  HWY_INLINE SumVector Rounded(FloatVector value) const {
    value = hn::IfThenElse(hn::Gt(value, low_), value, low_);
    value = hn::IfThenElse(hn::Lt(value, high_), value, high_);
    return hn::Sub(hn::BitCast(Sums(), hn::Add(value, no_fractions_)), rest_);
  }

 private:
  const Int8Epilogue epilogue_;  // a copy, which no store can change
  bool shifts_a_ = false;
  std::int32_t a_zero_ = 0, a_rest_ = 0;
  float scale_ = 1.0f, bias_ = 0.0f;
  FloatVector low_, high_, no_fractions_;
  SumVector rest_;
};

#if HWY_TARGET == HWY_AVX3
// Bytes of whole panels with one zero point for B and none for A, as symmetric weights have them: what columns share is
// loaded once for all rows.
void FinishBytes(const Int8Product& product, std::size_t first_row, std::size_t rows, std::size_t column,
                 const std::int32_t* sums) {
  constexpr std::size_t kVectors = kPanelColumns / kLanes;
  const Finishing finishing(product.epilogue);
  const hn::Rebind<std::uint8_t, Sums> bytes;
  const Floats d;
  FloatVector scale[kVectors], bias[kVectors];
  LINNET_UNROLL
  for (std::size_t i = 0; i < kVectors; ++i) {
    scale[i] = hn::LoadU(d, product.epilogue.column_scale + column + i * kLanes);
    // -0 leaves every sum as it is.
    bias[i] = product.epilogue.column_bias == nullptr
                  ? hn::Set(d, -0.0f)
                  : hn::LoadU(d, product.epilogue.column_bias + column + i * kLanes);
  }
  auto* c = static_cast<std::uint8_t*>(product.c) + first_row * product.c_row_stride + column;
  for (std::size_t row = 0; row < rows; ++row, sums += kPanelColumns, c += product.c_row_stride) {
    LINNET_UNROLL
    for (std::size_t i = 0; i < kVectors; ++i) {
      const FloatVector sum = hn::ConvertTo(d, hn::LoadU(Sums(), sums + i * kLanes));
      const SumVector whole = finishing.Rounded(hn::Add(hn::Mul(sum, scale[i]), bias[i]));
      hn::StoreU(hn::TruncateTo(bytes, hn::BitCast(hn::RebindToUnsigned<Sums>(), whole)), bytes, c + i * kLanes);
    }
  }
}
#endif

// Elements of the result from the sums of some rows of a panel.
void Finish(const Int8Product& product, std::size_t first_row, std::size_t rows, std::size_t column, std::size_t width,
            const std::int32_t* sums) {
  const Sums d;
  const Int8Epilogue epilogue = product.epilogue;
  const std::size_t columns = std::min(kPanelColumns, product.n - column);
  const bool is_bytes = epilogue.result == Int8Result::kInt8 || epilogue.result == Int8Result::kUint8;
#if HWY_TARGET == HWY_AVX3
  const bool is_plain = epilogue.a_zero == nullptr && epilogue.a_rest == nullptr && epilogue.row_scale == nullptr &&
                        epilogue.row_bias == nullptr && epilogue.column_scale != nullptr;
  if (is_bytes && is_plain && columns == kPanelColumns) return FinishBytes(product, first_row, rows, column, sums);
#endif
  const std::size_t element = is_bytes ? 1 : sizeof(float);
  HWY_ALIGN std::uint8_t partial[kPanelColumns * sizeof(float)];
  Finishing finishing(epilogue);
  for (std::size_t row = first_row; row < first_row + rows; ++row, sums += kPanelColumns) {
    finishing.SetRow(row);
    auto* const c = static_cast<std::uint8_t*>(product.c) + (row * product.c_row_stride + column) * element;
    void* const to = columns == width ? c : partial;
    for (std::size_t i = 0; i < width; i += kLanes) {
      const SumVector sum = finishing.Integers(hn::LoadU(d, sums + i), column + i);
      if (is_bytes) {
        const hn::Rebind<std::uint8_t, Sums> bytes;
        const SumVector whole = finishing.Rounded(finishing.Values(sum, column + i));
        hn::StoreU(hn::TruncateTo(bytes, hn::BitCast(hn::RebindToUnsigned<Sums>(), whole)), bytes,
                   static_cast<std::uint8_t*>(to) + i);
      } else if (epilogue.result == Int8Result::kFloat) {
        hn::StoreU(finishing.Cut(finishing.Values(sum, column + i)), Floats(), static_cast<float*>(to) + i);
      } else {
        hn::StoreU(sum, d, static_cast<std::int32_t*>(to) + i);
      }
    }
    if (to == partial) std::memcpy(c, partial, columns * element);
  }
}

// Of the next tile, where so many rows are left: heights that there are functions for, as far as that goes.
template <class Dot>
std::size_t TileRows(std::size_t left) {
  if (Dot::kMostRows < 6 || left <= 6) return std::min(Dot::kMostRows, left);
  return left > 8 ? 6 : 4;
}

// One row tile by a panel, whose sums are complete then. Rows of A that have to be widened are, some quads at a time,
// once for all columns.
template <class Dot>
HWY_INLINE void SumAll(Tile tile, std::size_t width, std::size_t quads, std::int8_t* widened) {
  constexpr bool kWidens = Dot::kQuadBytes != 4;
  const std::size_t step = kWidens ? std::min(quads, kWidenedQuads) : quads;
  const std::int8_t* const a = tile.a;
  std::size_t first = 0;
  do {
    tile.quads = std::min(step, quads - first);
    tile.a = a + first * 4;
    tile.a_row_bytes = quads * 4;
    if constexpr (kWidens) {
      for (std::size_t row = 0; row < tile.rows; ++row) {
        Dot::Widen(tile.a + row * tile.a_row_bytes, tile.quads, widened + row * tile.quads * Dot::kQuadBytes);
      }
      tile.a = widened;
      tile.a_row_bytes = tile.quads * Dot::kQuadBytes;
    }
    SumPanel<Dot>(tile, width);
    tile.goes_on = true;
    tile.b += tile.quads * tile.b_row_bytes;
    first += tile.quads;
  } while (first < quads);
}

template <class Dot>
void Multiply(const Int8Product& product) {
  HWY_ALIGN std::int32_t sums[kMostTileRows * kPanelColumns];
  HWY_ALIGN std::int8_t widened[Dot::kQuadBytes == 4 ? 1 : Dot::kMostRows * kWidenedQuads * Dot::kQuadBytes];
  const std::size_t quads = quad_count(product.k);
  Tile tile;
  tile.sums = sums;
  tile.goes_on = false;
  for (std::size_t panel = product.panel_begin; panel < product.panel_end; ++panel) {
    const std::size_t column = panel * kPanelColumns;
    const std::size_t width = panel_width(product.n, panel);
    tile.b = product.packed_b + column * quads * 4;
    tile.b_row_bytes = width * 4;
    for (std::size_t row = 0; row < product.m; row += tile.rows) {
      tile.rows = TileRows<Dot>(product.m - row);
      tile.a = product.a + row * quads * 4;
      tile.start = product.epilogue.row_start == nullptr ? nullptr : product.epilogue.row_start + row;
      SumAll<Dot>(tile, width, quads, widened);
      Finish(product, row, tile.rows, column, width, sums);
    }
  }
}

void GemmInt8(const Int8Product& product, bool instructions) {
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX2
  if (instructions) return Multiply<ByteDot>(product);
#endif
  (void)instructions;
#if HWY_TARGET != HWY_AVX3 || (HWY_TARGETS & HWY_AVX2) == 0
  Multiply<WideDot>(product);
#endif
}

}  // namespace
}  // namespace linnet::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace linnet::kernels {

LINNET_EXPORT(GemmInt8);
LINNET_EXPORT(Finish);

Int8Epilogue Int8Epilogue::from_row(std::size_t row) const {
  const auto behind = [row](auto* list) { return list == nullptr ? list : list + row; };
  Int8Epilogue epilogue = *this;
  epilogue.row_start = behind(row_start);
  epilogue.a_zero = behind(a_zero);
  epilogue.a_rest = behind(a_rest);
  epilogue.row_scale = behind(row_scale);
  epilogue.row_bias = behind(row_bias);
  return epilogue;
}

std::size_t byte_product_target(bool instructions) {
  const std::size_t target = chosen_target();
#if HWY_ARCH_X86 && (HWY_TARGETS & HWY_AVX2) != 0
  if (!instructions && target == 0) return 1;  // from AVX-512 to AVX2
#endif
  (void)instructions;
  return target;
}

void finish_int8(const Int8Product& product, std::size_t row, std::size_t rows, std::size_t column, std::size_t width,
                 const std::int32_t* sums) {
  LINNET_DISPATCH(Finish)(product, row, rows, column, width, sums);
}

void gemm_int8(const Int8Product& product) {
  if (multiplies_int8_in_tiles(product)) return gemm_int8_tiles(product);
  const bool instructions = has_byte_products();
  GemmInt8LinnetVersions[byte_product_target(instructions)](product, instructions);
}

void gemm_int8_without(const Int8Product& product) {
  GemmInt8LinnetVersions[byte_product_target(false)](product, false);
}

}  // namespace linnet::kernels
#endif  // HWY_ONCE
