#include "tests/ops/op_tester.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "ops/ops.hpp"
#include "ops/shared/element_lines.hpp"
#include "runtime/data_type.hpp"

namespace linnet::internal {
namespace {

/// Neighbouring floats have neighbouring ranks; both zeros have rank 0.
template <typename T>
double rank_of(T value) {
  using Bits =
      std::conditional_t<sizeof(T) == 8, std::int64_t, std::conditional_t<sizeof(T) == 4, std::int32_t, std::int16_t>>;
  Bits bits;
  std::memcpy(&bits, &value, sizeof bits);
  const auto magnitude = static_cast<double>(bits & std::numeric_limits<Bits>::max());
  return bits < 0 ? -magnitude : magnitude;
}

template <typename T>
bool agree(T actual, T expected, const Tolerance& tolerance) {
  if constexpr (std::is_integral_v<T>) {
    return actual == expected;
  } else {
    const auto a = static_cast<double>(actual);
    const auto e = static_cast<double>(expected);
    if (std::isnan(a) || std::isnan(e)) return std::isnan(a) && std::isnan(e);
    switch (tolerance.kind) {
      case Tolerance::Kind::kExact:
        return a == e && std::signbit(a) == std::signbit(e);
      case Tolerance::Kind::kUlp:
        return std::abs(rank_of(actual) - rank_of(expected)) <= tolerance.ulps;
      case Tolerance::Kind::kClose:
        if (std::isinf(a) || std::isinf(e)) return a == e;
        return std::abs(a - e) <= tolerance.absolute + tolerance.relative * std::abs(e);
    }
    return false;
  }
}

template <typename T>
std::string shown(T value) {
  if constexpr (std::is_integral_v<T> || std::is_same_v<T, double>) {
    return text(value);
  } else {
    return text(static_cast<float>(value));
  }
}

std::vector<double> doubles_of(DataType type, std::size_t count, const void* elements) {
  std::vector<double> values(count);
  load_line(type, elements, 0, count, values.data());
  return values;
}

/// Of the small types, all tolerances are about values.
std::string small_difference(DataType type, std::size_t count, const void* actual, const void* expected,
                             const Tolerance& tolerance) {
  const std::vector<double> a = doubles_of(type, count, actual);
  const std::vector<double> e = doubles_of(type, count, expected);
  for (std::size_t i = 0; i < count; ++i) {
    if (!agree(a[i], e[i], tolerance)) return text("element ", i, " is ", a[i], ", expected ", e[i]);
  }
  return {};
}

}  // namespace

ConstantPtr tensor_of(DataType type, const Shape& shape, const std::vector<double>& values) {
  std::byte* data = nullptr;
  ConstantPtr tensor = make_constant(type, shape, &data);
  const std::size_t count = values.size();
  if (static_cast<std::size_t>(tensor->count()) != count)
    fail(ErrorCode::kInternal, "test tensor of shape ", shape, " is given ", count, " values");
  if (kSmallFloatTypes.has(type)) {
    store_small_floats(type, {false}, values.data(), 0, count, data);
  } else if (kFloatTypes.has(type)) {
    store_line(type, values.data(), 0, count, data);
  } else {
    const std::vector<std::int64_t> whole(values.begin(), values.end());
    store_line(type, whole.data(), 0, count, data);
  }
  const std::vector<double> stored = type == DataType::kBool ? values : doubles_of(type, count, data);
  for (std::size_t i = 0; i < count; ++i) {
    if (stored[i] != values[i] && !std::isnan(values[i]))
      fail(ErrorCode::kInternal, "the test value ", values[i], " is no ", type);
  }
  return tensor;
}

Tolerance exact() { return {}; }
Tolerance ulp(double distance) { return {Tolerance::Kind::kUlp, distance, 0, 0}; }
Tolerance close(double relative, double absolute) { return {Tolerance::Kind::kClose, 0, relative, absolute}; }

std::string difference(DataType type, std::size_t count, const void* actual, const void* expected,
                       const Tolerance& tolerance) {
  if (!kTensorTypes.has(type)) return small_difference(type, count, actual, expected, tolerance);
  return visit_type(type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const auto* a = static_cast<const T*>(actual);
    const auto* e = static_cast<const T*>(expected);
    std::size_t wrong = 0;
    std::size_t first = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (agree(a[i], e[i], tolerance)) continue;
      if (wrong++ == 0) first = i;
    }
    if (wrong == 0) return std::string();
    std::string message = text("element ", first, " is ", shown(a[first]), ", expected ", shown(e[first]));
    if constexpr (!std::is_integral_v<T>)
      message += text(" (", std::abs(rank_of(a[first]) - rank_of(e[first])), " ulp)");
    if (wrong > 1) message += text(", and ", wrong - 1, " more of ", count, " differ");
    return message;
  });
}

ConstantPtr random_tensor(DataType type, const Shape& shape, double low, double high, unsigned seed) {
  std::byte* data = nullptr;
  ConstantPtr tensor = make_constant(type, shape, &data);
  std::mt19937_64 bits(seed);
  visit_type(type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* out = reinterpret_cast<T*>(data);
    for (std::int64_t i = 0; i < tensor->count(); ++i) {
      const double unit = static_cast<double>(bits() >> 11) * 0x1p-53;
      const double value = low + (high - low) * unit;
      if constexpr (std::is_same_v<T, bool>) {
        out[i] = unit < 0.5;
      } else if constexpr (std::is_integral_v<T>) {
        out[i] = static_cast<T>(std::floor(value));
      } else {
        out[i] = static_cast<T>(value);
      }
    }
  });
  return tensor;
}

OpTest& OpTest::named(std::string name) {
  name_ = std::move(name);
  return *this;
}

OpTest& OpTest::attribute(std::string name, AttributeValue value) {
  attributes_.push_back({std::move(name), std::move(value)});
  return *this;
}

OpTest& OpTest::input(ConstantPtr tensor) {
  Input input;
  input.tensor = std::move(tensor);
  inputs_.push_back(std::move(input));
  return *this;
}

OpTest& OpTest::random_input(DataType type, const Shape& shape, double low, double high) {
  return input(random_tensor(type, shape, low, high, static_cast<unsigned>(inputs_.size()) + 1));
}

OpTest& OpTest::constant_input(ConstantPtr tensor) {
  input(std::move(tensor));
  inputs_.back().always_constant = true;
  return *this;
}

OpTest& OpTest::no_input() {
  inputs_.emplace_back();
  inputs_.back().given = false;
  return *this;
}

OpTest& OpTest::symbolic_input(DataType type, const NamedDims& dims) {
  inputs_.emplace_back();
  inputs_.back().type = type;
  inputs_.back().dims = dims;
  return *this;
}

OpTest& OpTest::elements(const NamedDims& elements) {
  inputs_.back().elements = elements;
  return *this;
}

OpTest& OpTest::expect(ConstantPtr tensor) {
  Output output;
  output.type = tensor->type;
  output.dims = NamedDims(tensor->shape.begin(), tensor->shape.end());
  output.tensor = std::move(tensor);
  outputs_.push_back(std::move(output));
  return *this;
}

OpTest& OpTest::expect_reference() {
  outputs_.emplace_back();
  return *this;
}

OpTest& OpTest::no_output() {
  outputs_.emplace_back();
  outputs_.back().given = false;
  return *this;
}

OpTest& OpTest::expect_dims(DataType type, const NamedDims& dims) {
  outputs_.emplace_back();
  outputs_.back().type = type;
  outputs_.back().dims = dims;
  return *this;
}

OpTest& OpTest::expect_unranked(DataType type) {
  outputs_.emplace_back();
  outputs_.back().type = type;
  outputs_.back().ranked = false;
  return *this;
}

OpTest& OpTest::expect_elements(const NamedDims& elements) {
  outputs_.back().elements = elements;
  return *this;
}

OpTest& OpTest::expect_no_elements() {
  outputs_.back().no_elements = true;
  return *this;
}

OpTest& OpTest::expect_identity(bool identity) {
  identity_ = identity;
  return *this;
}

OpTest& OpTest::expect_error(ErrorCode code, std::string words) {
  error_ = code;
  error_words_ = std::move(words);
  return *this;
}

OpTest& OpTest::expect_implementations(std::vector<std::string> names) {
  accepting_ = std::move(names);
  return *this;
}

OpTest& OpTest::tolerance(Tolerance tolerance) {
  tolerance_ = tolerance;
  return *this;
}

OpTest& OpTest::tolerance_of(std::string implementation, Tolerance tolerance) {
  tolerances_.emplace_back(std::move(implementation), tolerance);
  return *this;
}

OpTest& OpTest::implementation(std::string name) {
  only_ = std::move(name);
  return *this;
}

OpTest& OpTest::options(Options options) {
  options_ = std::move(options);
  return *this;
}
OpTest& OpTest::rewritten(std::function<AttributesPtr(const Attributes&)> rewrite) {
  rewrite_ = std::move(rewrite);
  return *this;
}

std::string OpTest::title() const {
  std::string out = text(op_, " at opset ", opset_);
  if (!name_.empty()) out += text(" (", name_, ")");
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    out += i == 0 ? " of " : ", ";
    if (inputs_[i].tensor != nullptr) {
      out += text(inputs_[i].tensor->type, " ", inputs_[i].tensor->shape);
    } else {
      out += inputs_[i].given ? text(inputs_[i].type) : "nothing";
    }
  }
  return out;
}

const Tolerance& OpTest::tolerance_for(const std::string& implementation) const {
  for (const auto& [name, tolerance] : tolerances_) {
    if (name == implementation) return tolerance;
  }
  return tolerance_;
}

Dim OpTest::dim_of(const NamedDim& dim, std::vector<std::string>& symbols) const {
  if (dim.name.empty()) return dim.value;
  if (dim.name == "?") return Dim::unknown();
  std::uint32_t index = 0;
  while (index < symbols.size() && symbols[index] != dim.name) ++index;
  if (index == symbols.size()) symbols.push_back(dim.name);
  return Dim::symbol(index);
}

Dims OpTest::dims_of(const NamedDims& dims, std::vector<std::string>& symbols) const {
  Dims result;
  for (const NamedDim& dim : dims) result.push_back(dim_of(dim, symbols));
  return result;
}

OpTest::Case OpTest::parse_case(std::uint64_t constants) const {
  Case item;
  item.op = all_operators().find(domain_, op_);
  if (item.op == nullptr) fail(ErrorCode::kInternal, "no operator ", op_, " is registered");
  item.options = options_;
  item.node.op = item.op;
  item.node.opset = opset_;
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    const Input& input = inputs_[i];
    if (!input.given) {
      item.node.inputs.push_back(kNoValue);
      continue;
    }
    Value value;
    if (input.tensor == nullptr) {
      value.type = {input.type, true, dims_of(input.dims, item.symbols)};
    } else {
      value.type = type_of(*input.tensor);
      if (has_bit(constants, i)) value.constant = input.tensor;
    }
    if (input.elements) value.elements = std::make_shared<const Dims>(dims_of(*input.elements, item.symbols));
    item.node.inputs.push_back(static_cast<ValueId>(item.values.size()));
    item.values.push_back(std::move(value));
  }
  const std::size_t output_count = outputs_.empty() ? 1 : outputs_.size();
  for (std::size_t i = 0; i < output_count; ++i) {
    const bool given = outputs_.empty() || outputs_[i].given;
    item.node.outputs.push_back(given ? static_cast<ValueId>(item.values.size()) : kNoValue);
    if (given) item.values.emplace_back();
  }
  check_arity(item.node);
  try {
    item.node.attributes = parse_node(*item.op, opset_, attributes_, inputs_.size(), output_count);
    if (rewrite_ != nullptr) item.node.attributes = rewrite_(*item.node.attributes);
  } catch (const Error& error) {
    throw with_node(item.node, error);
  }
  return item;
}

void OpTest::report(const Error& error) const {
  if (!error_) {
    ADD_FAILURE() << "unexpected error: " << error.what();
    return;
  }
  EXPECT_EQ(static_cast<int>(*error_), static_cast<int>(error.code())) << error.what();
  EXPECT_NE(std::string(error.what()).find(error_words_), std::string::npos)
      << "the message should contain: " << error_words_ << "\nbut is: " << error.what();
}

void OpTest::check_inferred(const Case& item) const {
  std::vector<std::string> symbols = item.symbols;
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    const Output& output = outputs_[i];
    if (!output.given) continue;
    const Value& value = item.values[item.node.outputs[i]];
    EXPECT_EQ(name_of(output.type), name_of(value.type.type)) << "type of output " << i;
    ASSERT_EQ(output.ranked, value.type.ranked) << "whether the rank of output " << i << " is known";
    if (output.ranked) {
      EXPECT_EQ(describe(dims_of(output.dims, symbols), symbols), describe(value.type.dims, symbols))
          << "dimensions of output " << i;
    }
    if (output.no_elements) {
      EXPECT_EQ(value.elements, nullptr) << "elements of output " << i;
    }
    if (output.elements) {
      ASSERT_NE(value.elements, nullptr) << "elements of output " << i;
      EXPECT_EQ(describe(dims_of(*output.elements, symbols), symbols), describe(*value.elements, symbols))
          << "elements of output " << i;
    }
  }
}

void OpTest::check_identity(const Case& item) const {
  if (!identity_) return;
  const auto is_identity = item.op->facts.is_identity;
  EXPECT_EQ(*identity_, is_identity != nullptr && is_identity(item.view())) << "whether the node is an identity";
}

void OpTest::infer_only() {
  SCOPED_TRACE(title());
  std::uint64_t constants = 0;
  for (std::size_t i = 0; i < std::min<std::size_t>(inputs_.size(), 64); ++i) {
    if (inputs_[i].always_constant) constants |= std::uint64_t{1} << i;
  }
  try {
    Case item = parse_case(constants);
    infer_node(item.node, item.values, item.options, item.symbols);
    if (error_) {
      ADD_FAILURE() << "no error, but expected: " << error_words_;
      return;
    }
    check_inferred(item);
    check_identity(item);
  } catch (const Error& error) {
    report(error);
  }
}

}  // namespace linnet::internal
