// TensorProto -> Constant.
#pragma once

#include "loaders/onnx/external_data.hpp"
#include "runtime/constant.hpp"
#include "runtime/stop.hpp"

namespace linnet::internal::onnx {

/// What reading a tensor may draw on.
struct TensorSource {
  std::shared_ptr<const MappedFile> file;  ///< holds the TensorProto's bytes
  ExternalData* external = nullptr;
  const Options* options = nullptr;
  Stop stop = {};  ///< looked at between nodes and between tensors
};

/// The type with this number. Errors: kInvalidModel for a number that ONNX has no type for, kUnsupported (with the
/// type's name) for one that Linnet cannot hold.
DataType element_type(std::int32_t number);

/// Float data longer than kCopyBytes stays in the file, at whatever address it has there; everything else in a mapped
/// file, and with Options::copy_weights all, is copied, so that what was checked cannot change later. Bool bytes become
/// 0 or 1. Errors: without the tensor's name. kInvalidModel for a shape that disagrees with the data, more than one
/// value field, values out of range; kLimitExceeded past Options::limits.rank; kUnsupported for types; those of
/// ExternalData::find.
ConstantPtr read_tensor(const TensorProto& tensor, const TensorSource& source);
inline constexpr std::size_t kCopyBytes = 4096;

/// A copy of `given`, which takes the place of the tensor; where the tensor's own value lies is not looked at. Errors:
/// kInvalidArgument unless element type and shape are the tensor's; as above for what the tensor declares.
ConstantPtr given_tensor(const TensorProto& tensor, const ConstTensorView& given);

}  // namespace linnet::internal::onnx
