// Arrays of other packages as tensors: whatever has the buffer protocol (NumPy) or DLPack (PyTorch, ...).
#pragma once

#include <linnet/linnet.hpp>

#include <nanobind/nanobind.h>

#include <memory>
#include <string>
#include <vector>

#include "python/src/dlpack.hpp"

namespace linnet::python {

namespace nb = nanobind;

/// The memory of a Python array, borrowed: it stays alive and in place as long as this object, even when the array's
/// owner lets go of it. Requires the lock of the interpreter except where noted.
class BorrowedArray {
 public:
  enum class Use { kRead, kWrite };

  /// Takes an object with the buffer protocol, with __dlpack__, or a DLPack capsule; for reading also Python numbers
  /// and lists of them, which become `wanted`, bits as uint8 for a `wanted` type of small_types.hpp, and PyTorch's
  /// negated and conjugated views, which are computed. Errors: kInvalidArgument, which begin with `what` ("input
  /// \"x\"").
  BorrowedArray(nb::handle array, Use use, DataType wanted, const std::string& what);
  /// Memory at an address that the caller vouches for.
  BorrowedArray(DataType type, Shape shape, void* data);
  BorrowedArray(BorrowedArray&&) noexcept = default;
  BorrowedArray& operator=(BorrowedArray&&) noexcept = default;

  const Shape& shape() const { return shape_; }
  DataType type() const { return type_; }
  /// Row-major without gaps, and aligned to its elements.
  bool dense() const { return dense_; }
  /// Copies the elements into dense memory of its own. The lock need not be held. Errors: kOutOfMemory.
  void make_dense();
  /// Requires dense().
  TensorView view() { return {type_, shape_.data(), shape_.size(), data_}; }

 private:
  struct ReleaseBuffer {
    void operator()(Py_buffer* buffer) const noexcept;
  };
  void take_buffer(nb::handle array, Use use, const std::string& what);
  void take_capsule(nb::handle capsule, Use use, const std::string& what);
  void take_tensor(const dlpack::Tensor& tensor, const std::string& what);
  void look_at_layout();

  DataType type_ = DataType::kUndefined;
  Shape shape_;
  std::vector<std::int64_t> strides_;  ///< in bytes
  void* data_ = nullptr;
  bool dense_ = true;
  Tensor copy_;
  std::unique_ptr<Py_buffer, ReleaseBuffer> buffer_;
  std::shared_ptr<void> managed_;  ///< a DLPack tensor
};

/// What outputs are made as.
enum class Framework { kNumpy, kTorch };

bool is_torch_tensor(nb::handle object);

/// Errors: kInvalidArgument for a masked array with masked elements: its memory holds whatever lies below the mask.
void check_mask(nb::handle array, const std::string& what);

/// kTorch when one of the objects is a torch.Tensor, or a list that begins with one.
Framework framework_of(const std::vector<nb::object>& arrays);

/// A new array of the framework, uninitialised, and its memory. bfloat16 and the types of small_types.hpp are
/// ml_dtypes' in NumPy when that package is there, otherwise uint16 and uint8 (or int8). After the run: finish_array.
nb::object new_array(Framework framework, const ConstTensorView& like, void** data);

/// Gives each element that a run has packed into a new array its byte.
void finish_array(const ConstTensorView& written);
/// A new array of what a run made.
nb::object copied_array(Framework framework, const ConstTensorView& made);

}  // namespace linnet::python
