#include <gtest/gtest.h>

#include <cmath>
#include <complex>

#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

struct Case {
  Shape signal;
  std::int64_t step, length;
  bool onesided = true;
  bool window = true;
  bool length_given = true;
};

/// Frame by frame, by the formula.
template <typename T>
void check(const Case& c, const Tolerance& tolerance) {
  const std::int64_t batches = c.signal[0], size = c.signal[1], parts = c.signal[2];
  const std::int64_t frames = 1 + (size - c.length) / c.step, bins = c.onesided ? c.length / 2 + 1 : c.length;
  const ConstantPtr signal = random_tensor(data_type_of<T>(), c.signal, -1, 1, 3);
  const ConstantPtr window = random_tensor(data_type_of<T>(), {c.length}, 0, 1, 4);
  std::byte* data = nullptr;
  const ConstantPtr expected = make_constant(data_type_of<T>(), {batches, frames, bins, 2}, &data);
  T* to = reinterpret_cast<T*>(data);
  std::vector<std::complex<double>> roots;
  for (std::int64_t k = 0; k < c.length; ++k)
    roots.push_back(std::polar(1.0, -2 * std::acos(-1.0) * static_cast<double>(k) / static_cast<double>(c.length)));
  for (std::int64_t row = 0; row < batches * frames; ++row) {
    const T* x = signal->as<T>() + (row / frames * size + row % frames * c.step) * parts;
    for (std::int64_t j = 0; j < bins; ++j) {
      std::complex<double> sum;
      for (std::int64_t k = 0; k < c.length; ++k) {
        const std::complex<double> number(static_cast<double>(x[k * parts]),
                                          parts == 2 ? static_cast<double>(x[k * parts + 1]) : 0.0);
        const double factor = c.window ? static_cast<double>(window->as<T>()[k]) : 1.0;
        sum += number * factor * roots[static_cast<std::size_t>(j * k % c.length)];
      }
      *to++ = static_cast<T>(sum.real());
      *to++ = static_cast<T>(sum.imag());
    }
  }
  OpTest test("STFT", 17);
  test.named(text(data_type_of<T>(), " ", c.signal, " step ", c.step, " length ", c.length))
      .attribute("onesided", std::int64_t{c.onesided})
      .input(signal)
      .template input<std::int64_t>({}, {c.step});
  c.window ? test.input(window) : test.no_input();
  if (c.length_given) test.template input<std::int32_t>({}, {static_cast<std::int32_t>(c.length)});
  test.expect(expected).tolerance(tolerance).run();
}

TEST(STFT, IsAsTheFormula) {
  for (const std::int64_t parts : {1, 2}) {
    for (const bool onesided : {true, false}) {
      for (const bool window : {true, false}) {
        check<float>({{2, 25, parts}, 4, 9, onesided, window}, close(1e-6, 1e-6));
        check<float>({{3, 200, parts}, 7, 16, onesided, window}, close(1e-6, 1e-6));
      }
    }
  }
  check<float>({{1, 400, 1}, 160, 400}, close(1e-6, 1e-5));
  check<float>({{1, 2000, 1}, 3, 600}, close(1e-6, 1e-5));
  check<float>({{2, 25, 1}, 4, 9, true, true, false}, close(1e-6, 1e-6));
  check<float>({{2, 12, 1}, 1, 12, true, false, false}, close(1e-6, 1e-6));
  check<float>({{0, 25, 1}, 4, 9}, exact());
  check<double>({{2, 25, 1}, 4, 9}, close(0, 1e-13));
  check<Float16>({{2, 25, 1}, 4, 8}, close(1e-3, 1e-3));
  check<Bfloat16>({{2, 25, 2}, 4, 8}, close(1e-2, 1e-2));
}

TEST(STFT, Infers) {
  OpTest("STFT", 17)
      .symbolic_input(DataType::kFloat32, {"b", "n", 1})
      .symbolic_input(DataType::kInt64, {})
      .elements({160})
      .symbolic_input(DataType::kFloat32, {400})
      .expect_dims(DataType::kFloat32, {"b", "?", 201, 2})
      .infer_only();
}

TEST(STFT, SaysWhatIsWrong) {
  const auto refused = [](const Shape& signal, std::int64_t step, std::int64_t window, std::int64_t length,
                          const char* words) {
    OpTest("STFT", 17)
        .random_input(DataType::kFloat32, signal, 0, 1)
        .input<std::int64_t>({}, {step})
        .random_input(DataType::kFloat32, {window}, 0, 1)
        .input<std::int64_t>({}, {length})
        .expect_error(ErrorCode::kInvalidModel, words)
        .run();
  };
  refused({1, 8}, 1, 4, 4, "input signal is [1,8]");
  refused({1, 8, 2, 1}, 1, 4, 4, "input signal is [1,8,2,1], expected [batch,length,1 or 2]");
  refused({1, 8, 1}, 0, 4, 4, "frame_step is 0, expected 1 or more");
  refused({1, 8, 1}, -1, 4, 4, "frame_step is -1, expected 1 or more");
  refused({1, 8, 1}, 1, 4, 5, "input window has 4 elements, expected 5, frame_length");
  refused({1, 8, 1}, 1, 0, 0, "frame_length is 0, expected 1 or more");
  refused({1, 8, 1}, 1, 9, 9, "a frame has 9 numbers, but the signal only 8");
}

}  // namespace
}  // namespace linnet::internal
