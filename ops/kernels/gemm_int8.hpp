// The matrix product of 8-bit integers, C = finish(A * B), with B packed beforehand. Sums are those of 32-bit integers
// modulo 2^32, so they are exact wherever they fit, and the same on every instruction set, in whatever order.
//
// A is int8 and B is uint8, each with zero points: uint8 A and int8 B become these with 128 added to each element and
// to its zero point, modulo 256, which changes no difference.
//
// The functions here allocate nothing, start no thread and may be called from many threads at once.
#ifndef LINNET_OPS_KERNELS_GEMM_INT8_HPP_
#define LINNET_OPS_KERNELS_GEMM_INT8_HPP_

#include <cstddef>
#include <cstdint>
#include <limits>

#include "ops/kernels/gemm.hpp"

namespace linnet::kernels {

// Four neighbours along k are one quad; the last is filled up with zeros. Packed B has the panels of `gemm` with quads
// for elements.
constexpr std::size_t quad_count(std::size_t k) { return k / 4 + (k % 4 != 0 ? 1 : 0); }

// Requires: (k + 3) * (n + 15) is no more than SIZE_MAX.
constexpr std::size_t packed_int8_bytes(std::size_t k, std::size_t n) {
  return quad_count(k) * 4 * ((n + kColumnUnit - 1) / kColumnUnit * kColumnUnit);
}

// What is added to elements and zero points, modulo 256, of a type that is not that of the kernels.
constexpr std::uint8_t kInt8Flip = 0x80;

// Packs B [k, n], whose element (i, j) is byte i * row_stride + j * column_stride behind `b`, each xor `flip`. Panel p
// alone begins p * 64 * column_stride bytes behind `b` and goes to packed + p * 64 * quad_count(k) * 4.
void pack_int8(const void* b, std::size_t row_stride, std::size_t column_stride, std::size_t k, std::size_t n,
               std::uint8_t flip, std::uint8_t* packed);

// The same for B [k, n] whose row i begins offsets[i] bytes behind `x`. Requires: `columns` is a multiple of
// kColumnUnit, and all of them may be read in every row.
void gather_int8(const std::uint8_t* x, const std::ptrdiff_t* offsets, std::size_t k, std::size_t columns,
                 std::uint8_t flip, std::uint8_t* packed);

// Rows of A as the kernel reads them, each byte xor `flip`: row i goes to to + i * quad_count(k) * 4, filled up with
// zeros, and sums[i] is the sum of what was written. `sums` may be null.
void copy_int8_rows(const void* a, std::size_t a_row_stride, std::size_t rows, std::size_t k, std::uint8_t flip,
                    std::int8_t* to, std::int32_t* sums);

enum class Int8Result : std::uint8_t { kInt32, kFloat, kInt8, kUint8 };

// What becomes of a sum. With every part that is null left out, and 1 for a scale that is null:
//   integer = sum + row_start[m] - a_zero[m] * column_sums[n] - a_rest[m] * b_zero[n]
//   value   = float(integer) * (row_scale[m] * column_scale[n]) + row_bias[m] + column_bias[n]
// each operation rounded once, and value is cut to [low, high]. kInt8 and kUint8: the nearest integer, halves to even,
// plus zero; NaN becomes the lowest. Arrays of n elements have room for n rounded up to a multiple of kPanelColumns;
// what stands behind n does not matter.
struct Int8Epilogue {
  const std::int32_t* row_start = nullptr;
  const std::int32_t* a_zero = nullptr;
  const std::int32_t* column_sums = nullptr;  // with a_zero
  const std::int32_t* a_rest = nullptr;
  const std::int32_t* b_zero = nullptr;  // with a_rest
  Int8Result result = Int8Result::kInt32;
  const float* row_scale = nullptr;
  const float* column_scale = nullptr;
  const float* row_bias = nullptr;
  const float* column_bias = nullptr;
  float low = -std::numeric_limits<float>::infinity();  // plus zero a number of the type, for kInt8 and kUint8
  float high = std::numeric_limits<float>::infinity();
  std::int32_t zero = 0;

  // The same for a product that begins at row `row` of C.
  Int8Epilogue from_row(std::size_t row) const;
};

// Rows of A lie quad_count(k) * 4 bytes apart. `packed_b`, `c` and the epilogue's arrays of columns are those of the
// whole product, whatever the panels.
struct Int8Product {
  std::size_t m = 0, n = 0, k = 0;
  const std::int8_t* a = nullptr;
  const std::uint8_t* packed_b = nullptr;
  Int8Epilogue epilogue;
  void* c = nullptr;
  std::size_t c_row_stride = 0;  // in elements
  std::size_t panel_begin = 0, panel_end = 0;
};

void gemm_int8(const Int8Product& product);

// Whether kernels multiply bytes by instructions of their own now: the CPU has AVX512_VNNI and the kernels run on
// AVX-512, or AVX_VNNI and they run on AVX2. gemm_int8_without leaves them out, for tests.
bool has_byte_products();
// The index in the tables of dispatch.h of the version to call, with these instructions or without.
std::size_t byte_product_target(bool instructions);
void gemm_int8_without(const Int8Product& product);

}  // namespace linnet::kernels

#endif  // LINNET_OPS_KERNELS_GEMM_INT8_HPP_
