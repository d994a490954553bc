#include "loaders/onnx/tensor.hpp"

#include <array>
#include <limits>

#include "runtime/data_type.hpp"
#include "runtime/held.hpp"
#include "runtime/new_shared.hpp"

namespace linnet::internal::onnx {
namespace {

const char* name_of(TensorField field) {
  switch (field) {
    case TensorField::kFloat:
      return "float_data";
    case TensorField::kInt32:
      return "int32_data";
    case TensorField::kString:
      return "string_data";
    case TensorField::kInt64:
      return "int64_data";
    case TensorField::kDouble:
      return "double_data";
    case TensorField::kUint64:
      return "uint64_data";
  }
  return "";
}

/// The list that holds elements of this type when raw_data does not. Source: the comments of TensorProto in onnx.proto.
TensorField field_of(DataType type) {
  switch (type) {
    case DataType::kFloat32:
      return TensorField::kFloat;
    case DataType::kFloat64:
      return TensorField::kDouble;
    case DataType::kInt64:
      return TensorField::kInt64;
    case DataType::kUint32:
    case DataType::kUint64:
      return TensorField::kUint64;
    default:
      return TensorField::kInt32;
  }
}

struct FieldCount {
  TensorField field;
  std::size_t count;
};

std::array<FieldCount, 6> lists_of(const TensorProto& tensor) {
  return {{{TensorField::kFloat, tensor.float_count},
           {TensorField::kInt32, tensor.int32_count},
           {TensorField::kString, tensor.string_count},
           {TensorField::kInt64, tensor.int64_count},
           {TensorField::kDouble, tensor.double_count},
           {TensorField::kUint64, tensor.uint64_count}}};
}

/// The only list with elements; null when all are empty. Errors: kInvalidModel when raw_data or another list has some
/// too.
const FieldCount* only_list(const std::array<FieldCount, 6>& lists, const char* first) {
  const FieldCount* only = nullptr;
  for (const FieldCount& list : lists) {
    if (list.count == 0) continue;
    if (first != nullptr) invalid_model("the value is given twice, in ", first, " and in ", name_of(list.field));
    first = name_of(list.field);
    only = &list;
  }
  return only;
}

ConstantPtr copied(const Constant& source) {
  std::byte* data = nullptr;
  ConstantPtr constant = make_constant(source.type, source.shape, &data);
  source.copy_to(data);
  if (source.type == DataType::kBool) {
    for (std::size_t i = 0; i < constant->bytes; ++i) data[i] = data[i] == std::byte{0} ? std::byte{0} : std::byte{1};
  }
  return constant;
}

/// From `bytes` bytes at `data` within the file.
ConstantPtr from_file(DataType type, Shape shape, const std::byte* data, std::size_t bytes,
                      const std::shared_ptr<const MappedFile>& file, const Options& options) {
  Constant constant;
  constant.type = type;
  constant.shape = std::move(shape);
  constant.bytes = bytes;
  constant.data = data;
  constant.owner = file;
  constant.forget = [](const void* owner, const std::byte* begin, std::size_t size) {
    static_cast<const MappedFile*>(owner)->forget(begin, size);
  };
  const bool aligned = is_aligned(data, type);
  const bool is_weight = (kFloatTypes | kSmallTypes).has(type);  // never an index or a size
  const bool stays = is_weight ? file->is_private() || !options.copy_weights
                               : file->is_private() && aligned && type != DataType::kBool;
  if (bytes <= kCopyBytes || !stays) return copied(constant);
  if (!aligned) constant.aligned_copy = new_shared<AlignedCopy>();
  return new_shared<const Constant>(std::move(constant));
}

/// Elements of `field` into an array of T. The caller has checked their number.
template <TensorField field, typename T>
void copy_elements(const TensorProto& tensor, DataType type, T* out) {
  std::size_t index = 0;
  for_each_element<field>(tensor, [&](auto element) {
    if constexpr (std::is_floating_point_v<T>) {
      out[index] = element;
    } else if constexpr (std::is_same_v<T, bool>) {
      out[index] = element != 0;
    } else if constexpr (sizeof(T) == 8) {
      out[index] = static_cast<T>(element);
    } else {
      // As protobuf does, only the lower 32 bits of int32_data count.
      const auto value = field == TensorField::kInt32 ? std::int64_t{static_cast<std::int32_t>(element)}
                                                      : static_cast<std::int64_t>(element);
      if (value < std::int64_t{std::numeric_limits<T>::min()} || value > std::int64_t{std::numeric_limits<T>::max()}) {
        invalid_model(name_of(field), "[", index, "] is ", value, ", which is no ", type);
      }
      out[index] = static_cast<T>(value);
    }
    ++index;
  });
}

/// A byte of int32_data each: a float8, or several elements of a packed type.
void copy_bytes_of_list(const TensorProto& tensor, DataType type, std::byte* out) {
  std::size_t index = 0;
  for_each_element<TensorField::kInt32>(tensor, [&](auto element) {
    const auto value = static_cast<std::int32_t>(element);
    if (value < 0 || value > 255) {
      invalid_model("int32_data[", index, "] is ", value, ", expected the bits of ", type, " in a byte: 0 to 255");
    }
    out[index++] = static_cast<std::byte>(value);
  });
}

ConstantPtr from_list(const TensorProto& tensor, DataType type, const Shape& shape) {
  std::byte* data = nullptr;
  ConstantPtr constant = make_constant(type, shape, &data);
  if (kSmallTypes.has(type)) {
    copy_bytes_of_list(tensor, type, data);
    return constant;
  }
  visit_type(type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_same_v<T, float>) {
      copy_elements<TensorField::kFloat>(tensor, type, reinterpret_cast<float*>(data));
    } else if constexpr (std::is_same_v<T, double>) {
      copy_elements<TensorField::kDouble>(tensor, type, reinterpret_cast<double*>(data));
    } else if constexpr (std::is_same_v<T, std::int64_t>) {
      copy_elements<TensorField::kInt64>(tensor, type, reinterpret_cast<T*>(data));
    } else if constexpr (std::is_same_v<T, std::uint32_t> || std::is_same_v<T, std::uint64_t>) {
      copy_elements<TensorField::kUint64>(tensor, type, reinterpret_cast<T*>(data));
    } else if constexpr (std::is_integral_v<T>) {
      copy_elements<TensorField::kInt32>(tensor, type, reinterpret_cast<T*>(data));
    } else {  // float16 and bfloat16, as bits
      copy_elements<TensorField::kInt32>(tensor, type, reinterpret_cast<std::uint16_t*>(data));
    }
  });
  return constant;
}

ConstantPtr read_strings(const TensorProto& tensor) {
  const auto lists = lists_of(tensor);
  if (tensor.data_location != 0 || !tensor.raw_data.empty())
    invalid_model("strings are given in ", tensor.raw_data.empty() ? "external data" : "raw_data",
                  "; they belong in string_data");
  const FieldCount* const list = only_list(lists, nullptr);
  if (list != nullptr && list->field != TensorField::kString)
    invalid_model("strings are given in ", name_of(list->field), "; they belong in string_data");
  const auto count = static_cast<std::size_t>(element_count(tensor.dims));
  if (tensor.string_count != count)
    invalid_model("string_data has ", tensor.string_count, " elements, but shape ", tensor.dims, " needs ", count);
  const auto value = new_shared<Held>();
  std::vector<std::string>& strings = value->make_strings(tensor.dims);
  std::size_t index = 0;
  for_each_element<TensorField::kString>(tensor, [&](std::string_view string) { strings[index++] = string; });
  return held_constant(value);
}

}  // namespace

DataType element_type(std::int32_t number) {
  // The types beyond DataType. Source: TensorProto.DataType in onnx.proto, from 27 on.
  constexpr std::array<const char*, 2> kOthers = {"float6e2m3", "float6e3m2"};
  constexpr std::int32_t kFirstOther = 27;
  if (number == 0) invalid_model("the element type is missing");
  if (number < 0 || number >= kFirstOther + static_cast<std::int32_t>(kOthers.size())) {
    invalid_model("element type ", number, " does not exist");
  }
  if (number >= kFirstOther) {
    unsupported("element type ", kOthers[static_cast<std::size_t>(number - kFirstOther)], " is not supported");
  }
  const auto type = static_cast<DataType>(number);
  if (!kStoredTypes.has(type) && type != DataType::kString) unsupported("element type ", type, " is not supported");
  return type;
}

ConstantPtr read_tensor(const TensorProto& tensor, const TensorSource& source) {
  const Options& options = *source.options;
  if (options.limits.rank != 0 && tensor.dims.size() > options.limits.rank) {
    fail(ErrorCode::kLimitExceeded, "rank ", tensor.dims.size(), " exceeds the limit of ", options.limits.rank,
         " (Options::limits.rank)");
  }
  const DataType type = element_type(tensor.data_type);
  if (tensor.has_segment) unsupported("tensors stored in segments are not supported");
  const Shape& shape = tensor.dims;
  if (type == DataType::kString) return read_strings(tensor);
  const std::size_t bytes = byte_count(type, shape);
  // Of packed types, each element of the list holds a byte.
  const std::size_t count = kPackedTypes.has(type) ? bytes : static_cast<std::size_t>(element_count(shape));
  const auto lists = lists_of(tensor);

  if (tensor.data_location == 1) {
    only_list(lists, "external data");
    if (!tensor.raw_data.empty()) invalid_model("the value is given twice, in external data and in raw_data");
    const ExternalData::Bytes found = source.external->find(tensor, bytes);
    return from_file(type, shape, found.data, bytes, found.file, options);
  }
  if (tensor.data_location != 0) invalid_model("data_location is ", tensor.data_location, ", which does not exist");

  const FieldCount* list = only_list(lists, tensor.raw_data.empty() ? nullptr : "raw_data");
  if (list == nullptr) {
    if (tensor.raw_data.size() != bytes) {
      invalid_model("raw_data has ", tensor.raw_data.size(), " bytes, but shape ", shape, " of ", type, " needs ",
                    bytes);
    }
    return from_file(type, shape, reinterpret_cast<const std::byte*>(tensor.raw_data.data()), bytes, source.file,
                     options);
  }
  if (list->field != field_of(type)) {
    invalid_model("elements of type ", type, " are given in ", name_of(list->field), "; they belong in ",
                  name_of(field_of(type)), " or raw_data");
  }
  if (list->count != count) {
    invalid_model(name_of(list->field), " has ", list->count, " elements, but shape ", shape, " needs ", count);
  }
  return from_list(tensor, type, shape);
}

ConstantPtr given_tensor(const TensorProto& tensor, const ConstTensorView& given) {
  const DataType type = element_type(tensor.data_type);
  const Shape shape(given.shape, given.shape + given.rank);
  if (given.type != type || shape != tensor.dims) {
    invalid_argument("the model has ", type, " ", tensor.dims, ", the value given in its place is ", given.type, " ",
                     shape);
  }
  Constant borrowed;
  borrowed.type = type;
  borrowed.shape = shape;
  if (type == DataType::kString) unsupported("a tensor of strings cannot be given in the place of an initializer");
  borrowed.bytes = byte_count(type, shape);
  borrowed.data = static_cast<const std::byte*>(given.data);
  if (borrowed.bytes != 0 && given.data == nullptr) invalid_argument("the value given in its place is null");
  return copied(borrowed);
}

}  // namespace linnet::internal::onnx
