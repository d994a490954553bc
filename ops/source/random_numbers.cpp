#include "ops/source/random_numbers.hpp"

#include <chrono>
#include <cmath>
#include <cstring>
#include <random>

namespace linnet::internal {
namespace {

/// Two numbers of 64 bits.
struct Block {
  std::uint64_t a, b;
};

/// Philox-4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3; 2011).
Block block_of(std::uint64_t key, std::uint64_t counter) {
  auto low_key = static_cast<std::uint32_t>(key);
  auto high_key = static_cast<std::uint32_t>(key >> 32);
  std::uint32_t x[4] = {static_cast<std::uint32_t>(counter), static_cast<std::uint32_t>(counter >> 32), 0, 0};
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t even = std::uint64_t{0xd2511f53} * x[0];
    const std::uint64_t odd = std::uint64_t{0xcd9e8d57} * x[2];
    const auto high = [](std::uint64_t product) { return static_cast<std::uint32_t>(product >> 32); };
    const std::uint32_t next[4] = {high(odd) ^ x[1] ^ low_key, static_cast<std::uint32_t>(odd),
                                   high(even) ^ x[3] ^ high_key, static_cast<std::uint32_t>(even)};
    std::memcpy(x, next, sizeof x);
    low_key += 0x9e3779b9;
    high_key += 0xbb67ae85;
  }
  return {std::uint64_t{x[1]} << 32 | x[0], std::uint64_t{x[3]} << 32 | x[2]};
}

double uniform(std::uint64_t bits) { return static_cast<double>(bits >> 11) * 0x1p-53; }

// Logarithm, sine and cosine with sums and products alone: those of the C library differ in the last bits from machine
// to machine.

/// ln(x) for 0 < x <= 1: with x = m 2^e and s = (m - 1) / (m + 1), ln(m) = 2 (s + s^3 / 3 + s^5 / 5 + ...).
double logarithm(double x) {
  int exponent;
  double m = std::frexp(x, &exponent);
  if (m < 0.70710678118654752440) {
    m *= 2;
    --exponent;
  }
  const double s = (m - 1) / (m + 1);
  double sum = 0;
  for (int power = 21; power > 0; power -= 2) sum = sum * s * s + 1.0 / power;
  return 2 * s * sum + exponent * 0.69314718055994530942;
}

/// Sine and cosine of turn / 4 of a full turn, for -1/2 <= turn <= 1/2: their Taylor series.
void sine_cosine(double turn, double* sine, double* cosine) {
  const double x = turn * 1.57079632679489661923;
  double s = 1, c = 1;
  for (int n = 16; n > 0; n -= 2) {
    s = 1 - s * x * x / (n * (n + 1));
    c = 1 - c * x * x / (n * (n - 1));
  }
  *sine = s * x;
  *cosine = c;
}

template <typename Pair>
void for_pairs(std::uint64_t key, std::size_t first, std::size_t count, double* line, const Pair& pair) {
  for (std::size_t i = 0; i < count; i += 2) {
    double both[2];
    pair(block_of(key, (first + i) / 2), both);
    line[i] = both[0];
    if (i + 1 < count) line[i + 1] = both[1];
  }
}

}  // namespace

RandomKeys::RandomKeys(std::optional<std::uint64_t> seed) : seeded_(seed.has_value()), first_(seed.value_or(0)) {
  if (seeded_) return;
  std::random_device device;
  const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
  first_ = (std::uint64_t{device()} << 32 | device()) ^ static_cast<std::uint64_t>(now);
}

std::optional<std::uint64_t> parse_seed(ParseContext& context) {
  if (!context.has("seed")) return std::nullopt;
  const float seed = context.get_float("seed", 0);
  if (std::isnan(seed)) return std::nullopt;
  std::uint32_t bits;
  std::memcpy(&bits, &seed, sizeof bits);
  return bits;
}

void random_uniforms(std::uint64_t key, std::size_t first, std::size_t count, double* line) {
  for_pairs(key, first, count, line, [](const Block& block, double* both) {
    both[0] = uniform(block.a);
    both[1] = uniform(block.b);
  });
}

void random_normals(std::uint64_t key, std::size_t first, std::size_t count, double* line) {
  for_pairs(key, first, count, line, [](const Block& block, double* both) {
    const double radius = std::sqrt(-2 * logarithm(1 - uniform(block.a)));
    const double turns = 4 * uniform(block.b);
    const double quarter = std::floor(turns + 0.5);
    double sine, cosine;
    sine_cosine(turns - quarter, &sine, &cosine);
    const int turn = static_cast<int>(quarter) % 4;
    const double swapped[2] = {turn % 2 == 0 ? cosine : -sine, turn % 2 == 0 ? sine : cosine};
    const double sign = turn < 2 ? radius : -radius;
    both[0] = sign * swapped[0];
    both[1] = sign * swapped[1];
  });
}

}  // namespace linnet::internal
