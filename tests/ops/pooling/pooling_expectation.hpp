// Poolings by their definition, one window at a time, and windows of every kind.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "tests/ops/op_tester.hpp"
#include "tests/ops/places.hpp"

namespace linnet::internal {

using Ints = std::vector<std::int64_t>;

struct Window {
  Ints kernel;
  Ints strides;
  Ints dilations;
  Ints pads;
  bool ceil_mode = false;
};

inline std::int64_t span(const Window& window, std::size_t axis) {
  return (window.kernel[axis] - 1) * window.dilations[axis] + 1;
}

inline Shape output_shape(const Window& window, const Shape& x) {
  Shape y = {x[0], x[1]};
  for (std::size_t axis = 0; axis < window.kernel.size(); ++axis) {
    const std::int64_t begin = window.pads[axis], end = window.pads[window.kernel.size() + axis];
    std::int64_t size = 0;
    while (size * window.strides[axis] + span(window, axis) <= x[axis + 2] + begin + end) ++size;
    const bool reads_more = (size - 1) * window.strides[axis] + span(window, axis) < x[axis + 2] + begin + end;
    if (window.ceil_mode && reads_more && size * window.strides[axis] < x[axis + 2] + begin) ++size;
    y.push_back(size);
  }
  return y;
}

/// Calls tap(place, element) for each tap of output `index` that is not behind the padding; element is -1 there.
template <typename Tap>
void for_taps(const Window& window, const Shape& x, const Shape& y, std::int64_t index, const Tap& tap) {
  const Ints output = coordinates(y, index);
  for (std::int64_t i = 0; i < element_count(window.kernel); ++i) {
    const Ints offset = coordinates(window.kernel, i);
    Ints place = {output[0], output[1]};
    bool inside = true, padded = true;
    for (std::size_t axis = 0; axis < offset.size(); ++axis) {
      const std::int64_t at =
          output[axis + 2] * window.strides[axis] - window.pads[axis] + offset[axis] * window.dilations[axis];
      inside = inside && at >= 0 && at < x[axis + 2];
      padded = padded && at < x[axis + 2] + window.pads[offset.size() + axis];
      place.push_back(at);
    }
    std::int64_t element = 0;
    for (std::size_t axis = 0; axis < place.size(); ++axis) element = element * x[axis] + place[axis];
    if (padded) tap(place, inside ? element : -1);
  }
}

template <typename T>
ConstantPtr tensor(const Shape& shape, const std::vector<T>& values) {
  std::byte* data = nullptr;
  ConstantPtr result = make_constant(data_type_of<T>(), shape, &data);
  std::copy(values.begin(), values.end(), reinterpret_cast<T*>(data));
  return result;
}

template <typename T>
ConstantPtr max_pooled(const Window& window, const ConstantPtr& x, bool column_major, ConstantPtr& indices) {
  const Shape y = output_shape(window, x->shape);
  std::vector<T> values;
  Ints places;
  for (std::int64_t index = 0; index < element_count(y); ++index) {
    std::optional<T> most;
    std::int64_t where = -1;
    for_taps(window, x->shape, y, index, [&](const Ints& place, std::int64_t element) {
      if (element < 0) return;
      const T value = x->as<T>()[element];
      const auto number = static_cast<double>(value);
      if (most && !(number > static_cast<double>(*most)) && !std::isnan(number)) return;
      most = value;
      where = element;
      if (!column_major) return;
      where = 0;
      for (std::size_t axis = place.size(); axis-- > 2;) where = where * x->shape[axis] + place[axis];
      std::int64_t plane = place[0] * x->shape[1] + place[1];
      for (std::size_t axis = 2; axis < place.size(); ++axis) plane *= x->shape[axis];
      where += plane;
    });
    const bool integer = std::numeric_limits<T>::is_integer;
    values.push_back(most      ? *most
                     : integer ? std::numeric_limits<T>::lowest()
                               : static_cast<T>(-std::numeric_limits<float>::infinity()));
    places.push_back(where);
  }
  indices = tensor(y, places);
  return tensor(y, values);
}

/// finish(sum, taps inside, taps) of each window, where the sum is that of term(value) over the taps inside.
template <typename T, typename Term, typename Finish>
ConstantPtr summed(const Window& window, const ConstantPtr& x, const Term& term, const Finish& finish) {
  const Shape y = output_shape(window, x->shape);
  std::vector<T> values;
  for (std::int64_t index = 0; index < element_count(y); ++index) {
    long double sum = 0;
    int inside = 0, taps = 0;
    for_taps(window, x->shape, y, index, [&](const Ints&, std::int64_t element) {
      ++taps;
      if (element < 0) return;
      ++inside;
      sum += term(static_cast<long double>(static_cast<double>(x->as<T>()[element])));
    });
    values.push_back(static_cast<T>(static_cast<double>(finish(sum, inside, taps))));
  }
  return tensor(y, values);
}

template <typename T>
ConstantPtr averaged(const Window& window, const ConstantPtr& x, bool count_include_pad) {
  const auto value = [](long double number) { return number; };
  const auto average = [=](long double sum, int inside, int taps) {
    const int count = count_include_pad ? taps : inside;
    return count == 0 ? 0 : sum / count;
  };
  return summed<T>(window, x, value, average);
}

template <typename T>
ConstantPtr norms(const Window& window, const ConstantPtr& x, double p) {
  const auto power = [=](long double number) { return std::pow(std::fabs(number), p); };
  const auto root = [=](long double sum, int, int) { return std::pow(sum, 1 / static_cast<long double>(p)); };
  return summed<T>(window, x, power, root);
}

inline OpTest pool(const char* op, int opset, const Window& window, const std::string& name) {
  OpTest test(op, opset);
  test.named(text(name, " kernel ", window.kernel, " strides ", window.strides, " dilations ", window.dilations,
                  " pads ", window.pads, window.ceil_mode ? " ceil" : ""))
      .ints("kernel_shape", window.kernel)
      .ints("strides", window.strides)
      .ints("pads", window.pads);
  test.ints("dilations", window.dilations).attribute("ceil_mode", std::int64_t{window.ceil_mode});
  return test;
}

struct WindowCase {
  Window window;
  Shape x;
};

inline const std::vector<WindowCase>& window_cases() {
  static const std::vector<WindowCase> all = {
      {{{3}, {1}, {1}, {0, 0}}, {2, 3, 40}},
      {{{3}, {2}, {1}, {1, 1}}, {1, 2, 71}},
      {{{4}, {2}, {1}, {1, 2}, true}, {1, 2, 70}},
      {{{5}, {2}, {3}, {6, 0}}, {1, 2, 50}},
      {{{2}, {3}, {1}, {0, 0}, true}, {1, 2, 50}},
      {{{3}, {4}, {5}, {2, 7}}, {1, 1, 9}},
      {{{1}, {2}, {1}, {0, 0}}, {1, 1, 33}},
      {{{7}, {1}, {1}, {3, 3}}, {1, 1, 1}},
      {{{2}, {1}, {5}, {1, 1}}, {1, 1, 4}},
      {{{2}, {1}, {1}, {4, 5}}, {1, 1, 3}},
      {{{3}, {2}, {1}, {0, 0}, true}, {1, 1, 2}},
      {{{3}, {5}, {1}, {1, 0}}, {1, 1, 6000}},
      {{{900}, {1}, {2}, {0, 0}}, {1, 1, 1810}},
      {{{2}, {3000}, {1}, {0, 0}}, {1, 1, 6002}},
      {{{2}, {1}, {2500}, {0, 0}}, {1, 1, 2600}},
      {{{3, 3}, {2, 2}, {1, 1}, {1, 1, 1, 1}}, {2, 3, 12, 35}},
      {{{3, 3}, {1, 1}, {1, 1}, {0, 0, 0, 0}}, {1, 2, 5, 20}},
      {{{2, 2}, {2, 2}, {1, 1}, {0, 0, 0, 0}, true}, {1, 2, 5, 7}},
      {{{3, 2}, {3, 1}, {1, 3}, {2, 0, 1, 1}}, {1, 2, 7, 9}},
      {{{3, 3}, {2, 3}, {2, 2}, {0, 2, 3, 1}, true}, {1, 2, 8, 8}},
      {{{2, 1}, {1, 1}, {4, 1}, {1, 0, 1, 0}}, {1, 1, 3, 2}},
      {{{1, 1}, {1, 1}, {1, 1}, {0, 0, 0, 0}}, {1, 1, 3, 3}},
      {{{2, 2}, {2, 2}, {1, 1}, {0, 0, 0, 0}}, {0, 3, 4, 4}},
      {{{2, 3, 2}, {2, 1, 2}, {1, 2, 1}, {1, 0, 1, 0, 2, 1}}, {1, 2, 5, 6, 7}},
      {{{1, 2, 2, 3}, {1, 2, 1, 2}, {1, 1, 2, 1}, {0, 0, 1, 0, 0, 1, 0, 2}, true}, {1, 2, 2, 3, 4, 5}},
  };
  return all;
}

}  // namespace linnet::internal
