// Values that are no tensors of numbers: tensors of strings, maps, sequences of tensors or of maps, and optionals,
// where a model has such inputs or outputs (ValueInfo::kind, or ValueInfo::type kString).
//
//   std::vector<linnet::Value> y = linnet::run_values(model, {linnet::Value::strings({2}, {"a", "b"}), x});
//   if (y[0].has_value()) use(y[0].view());
#pragma once

#include <linnet/linnet.hpp>

#include <memory>
#include <string>
#include <vector>

namespace linnet {

namespace internal {
class Held;
struct ValueAccess;
}  // namespace internal

/// A tensor of numbers or of strings, a map, a sequence of tensors or of maps, or nothing. Immutable: copies share what
/// is in it.
/// Thread-safety: as a std::shared_ptr to something constant.
class LINNET_API Value {
 public:
  Value() noexcept = default;            ///< nothing: an optional that is not there
  Value(const Tensor& tensor);           ///< copies the elements
  Value(const ConstTensorView& tensor);  ///< copies the elements
  /// A tensor of strings (any bytes), in row-major order. Errors: kInvalidArgument unless there are as many as the
  /// shape has elements.
  static Value strings(const Shape& shape, std::vector<std::string> elements);
  /// A sequence of tensors of this element type, or of maps of one type whose values have it; shares them. Errors:
  /// kInvalidArgument for other items.
  static Value sequence(DataType element, const std::vector<Value>& items);
  /// A map from each key to the value beside it, both tensors of one dimension. Copies them: keys() are in ascending
  /// order, strings by their bytes, and of a key that is there twice the last value counts. Errors: kInvalidArgument
  /// unless the keys are int64 or strings, and as many as values.
  static Value map(const Value& keys, const Value& values);

  bool has_value() const noexcept { return held_ != nullptr; }  ///< false: nothing
  bool is_sequence() const noexcept;                            ///< false: a tensor, a map, or nothing
  bool is_map() const noexcept;                                 ///< false: a tensor, a sequence, or nothing
  DataType type() const noexcept;  ///< of the elements, a map's values; kUndefined of nothing
  const Shape& shape() const;      ///< of a tensor, a map's keys; of a sequence [size()]. Errors: of nothing
  ConstTensorView view() const;    ///< borrows. Errors: kInvalidArgument unless a tensor of numbers
  const std::vector<std::string>& strings() const;  ///< borrows. Errors: kInvalidArgument unless a tensor of strings
  std::size_t size() const;                         ///< of a sequence. Errors: kInvalidArgument for others
  Value at(std::size_t index) const;                ///< of a sequence. Errors: kInvalidArgument for others, and past it
  Value keys() const;                               ///< of a map. Errors: kInvalidArgument for others
  Value values() const;                             ///< of a map, beside the keys. Errors: kInvalidArgument for others

 private:
  friend struct internal::ValueAccess;
  explicit Value(std::shared_ptr<const internal::Held> held) noexcept : held_(std::move(held)) {}
  std::shared_ptr<const internal::Held> held_;
};

/// As Model::run, with inputs and results of every kind. A tensor stands for an optional that is there.
LINNET_API std::vector<Value> run_values(const Model& model, const std::vector<Value>& inputs,
                                         const RunOptions& options = {});
/// As Session::run on owned tensors.
LINNET_API std::vector<Value> run_values(Session& session, const std::vector<Value>& inputs,
                                         const RunOptions& options = {});
/// As Session::bind_input; the session shares the value. It stays bound until another is, or all inputs are given anew.
LINNET_API void bind_value(Session& session, std::size_t index, const Value& value);
/// The result of the last run, copied. Errors: as Session::output.
LINNET_API Value output_value(const Session& session, std::size_t index);

/// Reads a serialized TensorProto (of numbers or strings), SequenceProto or OptionalProto of ONNX, as ONNX's tests have
/// them; which of them, `kind` says. Errors: kIo, kInvalidModel, kUnsupported (maps, too).
LINNET_API Value read_value_proto(const std::string& path, ValueKind kind);

}  // namespace linnet
