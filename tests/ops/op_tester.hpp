// Calls one operator without a model, in every way that the runtime may call it:
//
//   OpTest("Softmax", 13).attribute("axis", 1).input<float>({2, 3}, {...}).expect<float>({2, 3},
//   {...}).tolerance(ulp(4)).run(); OpTest("Softmax", 13).attribute("axis", 5).input<float>({2, 3},
//   {...}).expect_error(ErrorCode::kInvalidModel, "axis 5").run(); OpTest("Reshape",
//   14).symbolic_input(DataType::kFloat32, {"batch", 2, 3}).constant_input<std::int64_t>({2}, {0, -1})
//       .expect_dims(DataType::kFloat32, {"batch", 6}).infer_only();
//
// run() parses and infers the node, then calls every implementation that accepts it: on every instruction set, with one
// and two threads, on aligned and unaligned memory between guard bytes, in place wherever the operator's facts allow,
// with each input constant and not, and line-wise steps in a group too. All must give the expected outputs, the same
// bits for any number of threads, and leave the inputs alone. It also infers the node again with less and less known of
// its inputs (symbolic and unknown dimensions, unknown ranks, no values): whatever is then claimed of the outputs must
// be true of the expected ones.
#pragma once

#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "runtime/float16.hpp"
#include "runtime/infer.hpp"

namespace linnet::internal {

/// How far an output may be from what is expected. Infinities must agree, NaN agrees with NaN; integers and bools are
/// always exact.
struct Tolerance {
  enum class Kind { kExact, kUlp, kClose } kind = Kind::kExact;
  double ulps = 0;
  double relative = 0;
  double absolute = 0;
};
/// The same bits (any NaN for NaN), so -0 is not 0.
Tolerance exact();
/// At most so many representable numbers apart; -0 is 0.
Tolerance ulp(double distance);
/// |actual - expected| <= absolute + relative * |expected|
Tolerance close(double relative, double absolute);

/// Empty, or the first difference in words. Requires: two arrays of `count` elements.
std::string difference(DataType type, std::size_t count, const void* actual, const void* expected,
                       const Tolerance& tolerance);

/// A dimension or element in a test: a number, a symbol by its name, or "?" for unknown.
struct NamedDim {
  NamedDim(std::int64_t number) : value(number) {}
  NamedDim(int number) : value(number) {}
  NamedDim(const char* symbol) : name(symbol) {}
  std::int64_t value = 0;
  std::string name;
};
using NamedDims = std::vector<NamedDim>;

/// What stands between the braces of a table: the 16-bit types are written as floats.
template <typename T>
struct LiteralOf {
  using type = T;
};
template <>
struct LiteralOf<Float16> {
  using type = float;
};
template <>
struct LiteralOf<Bfloat16> {
  using type = float;
};
template <typename T>
using Literals = std::vector<typename LiteralOf<T>::type>;

template <typename T>
ConstantPtr tensor_of(const Shape& shape, const Literals<T>& values) {
  std::byte* data = nullptr;
  ConstantPtr tensor = make_constant(data_type_of<T>(), shape, &data);
  if (static_cast<std::size_t>(tensor->count()) != values.size()) {
    fail(ErrorCode::kInternal, "test tensor of shape ", shape, " is given ", values.size(), " values");
  }
  for (std::size_t i = 0; i < values.size(); ++i) reinterpret_cast<T*>(data)[i] = static_cast<T>(values[i]);
  return tensor;
}
/// Of any type that Linnet holds, the small ones included; each value must be one that the type has.
ConstantPtr tensor_of(DataType type, const Shape& shape, const std::vector<double>& values);
/// Uniform in [low, high], from a fixed sequence that `seed` chooses; integers are rounded down, bools are even
/// chances.
ConstantPtr random_tensor(DataType type, const Shape& shape, double low, double high, unsigned seed);

class OpTest {
 public:
  explicit OpTest(std::string op, int opset, std::string domain = "")
      : op_(std::move(op)), domain_(std::move(domain)), opset_(opset) {}

  /// Stands in every failure message.
  OpTest& named(std::string name);

  OpTest& attribute(std::string name, AttributeValue value);
  OpTest& ints(std::string name, std::vector<std::int64_t> values) {
    return attribute(std::move(name), std::move(values));
  }
  OpTest& floats(std::string name, std::vector<float> values) { return attribute(std::move(name), std::move(values)); }
  OpTest& strings(std::string name, std::vector<std::string> values) {
    return attribute(std::move(name), std::move(values));
  }

  // Inputs, in order.
  /// Constant in some of the runs, given at run time in others; an input whose values the facts declare shapes to
  /// depend on is always constant.
  template <typename T>
  OpTest& input(const Shape& shape, const Literals<T>& values) {
    return input(tensor_of<T>(shape, values));
  }
  OpTest& input(ConstantPtr tensor);
  /// As input, with the values of random_tensor.
  OpTest& random_input(DataType type, const Shape& shape, double low, double high);
  /// Never given at run time.
  template <typename T>
  OpTest& constant_input(const Shape& shape, const Literals<T>& values) {
    return constant_input(tensor_of<T>(shape, values));
  }
  OpTest& constant_input(ConstantPtr tensor);
  OpTest& no_input();
  /// For infer_only.
  OpTest& symbolic_input(DataType type, const NamedDims& dims);
  /// For infer_only: what is known of the elements of the last input.
  OpTest& elements(const NamedDims& elements);

  // Outputs, in order. Without any, the node has one.
  template <typename T>
  OpTest& expect(const Shape& shape, const Literals<T>& values) {
    return expect(tensor_of<T>(shape, values));
  }
  OpTest& expect(ConstantPtr tensor);
  /// What the reference implementation gives.
  OpTest& expect_reference();
  /// The node leaves this output out.
  OpTest& no_output();
  /// For infer_only.
  OpTest& expect_dims(DataType type, const NamedDims& dims);
  OpTest& expect_unranked(DataType type);
  /// For infer_only: of the last output.
  OpTest& expect_elements(const NamedDims& elements);
  OpTest& expect_no_elements();
  /// Whether the operator's facts call the node an identity.
  OpTest& expect_identity(bool identity);

  /// Parse, infer or, when they pass, every implementation throws this code, with `words` in the message.
  OpTest& expect_error(ErrorCode code, std::string words);
  /// Exactly these accept the node with all inputs given at run time, in this order.
  OpTest& expect_implementations(std::vector<std::string> names);

  /// The node becomes what it is with channels last (OpFacts::channels_last), and so do its images among the inputs.
  /// Expected is what it makes of those given so far with channels first, on this backend, so that no other
  /// expectations are needed.
  OpTest& channels_last(Backend backend = Backend::kReference);

  /// Exact unless told.
  OpTest& tolerance(Tolerance tolerance);
  /// For one implementation.
  OpTest& tolerance_of(std::string implementation, Tolerance tolerance);
  /// Runs only this implementation.
  OpTest& implementation(std::string name);
  OpTest& options(Options options);
  /// What a pass makes of the attributes once they are parsed.
  OpTest& rewritten(std::function<AttributesPtr(const Attributes&)> rewrite);

  void run();
  void infer_only();

  /// A node with its values, as parse and infer left them.
  struct Case {
    const OpDef* op = nullptr;
    Node node;
    std::vector<Value> values;
    std::vector<std::string> symbols;
    Options options;
    NodeView view() const { return NodeView(node, values, options); }
  };

 private:
  struct Input {
    bool given = true;
    bool always_constant = false;
    ConstantPtr tensor;  ///< null for a symbolic input
    DataType type = DataType::kUndefined;
    NamedDims dims;
    std::optional<NamedDims> elements;
  };
  struct Output {
    bool given = true;
    bool ranked = true;
    ConstantPtr tensor;
    DataType type = DataType::kUndefined;
    NamedDims dims;
    std::optional<NamedDims> elements;
    bool no_elements = false;
  };
  enum class Blur { kUnranked, kUnknown, kDistinctSymbols, kSymbolPerNumber };
  enum class Knowledge { kConstants, kElements, kSymbols, kNothing };

  std::string title() const;
  const Tolerance& tolerance_for(const std::string& implementation) const;
  Dim dim_of(const NamedDim& dim, std::vector<std::string>& symbols) const;
  Dims dims_of(const NamedDims& dims, std::vector<std::string>& symbols) const;
  /// The node before infer; bit i of `constants` makes input i constant.
  Case parse_case(std::uint64_t constants) const;
  std::vector<std::uint64_t> constant_masks() const;
  void report(const Error& error) const;
  void check_types(const Case& item) const;
  void check_inferred(const Case& item) const;
  void check_identity(const Case& item) const;
  void run_case(std::uint64_t constants);
  void run_implementation(const Case& item, const Implementation& implementation, const std::string& isa,
                          std::vector<ConstantPtr>& expected) const;
  void check_facts(const Case& item, const std::vector<ConstantPtr>& expected) const;
  /// Inputs 0 and 1 change places: the reference gives the same, but for the sign of a zero.
  void check_commutative() const;
  void check_less_known(const std::vector<ConstantPtr>& expected) const;
  void check_blurred(Blur blur, Knowledge knowledge, const std::vector<ConstantPtr>& expected) const;

  std::string op_;
  std::string domain_;
  int opset_;
  std::string name_;
  std::vector<NamedAttribute> attributes_;
  std::vector<Input> inputs_;
  std::vector<Output> outputs_;
  std::optional<bool> identity_;
  std::optional<ErrorCode> error_;
  std::string error_words_;
  std::optional<std::vector<std::string>> accepting_;
  Tolerance tolerance_;
  std::vector<std::pair<std::string, Tolerance>> tolerances_;
  std::string only_;
  bool swapped_ = false;  ///< by check_commutative
  Options options_;
  std::function<AttributesPtr(const Attributes&)> rewrite_;  ///< empty: they stay as parse makes them
};

/// An image with channels last.
ConstantPtr to_channels_last(const Constant& image);

}  // namespace linnet::internal
