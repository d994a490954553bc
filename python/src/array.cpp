#include "python/src/array.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "python/src/gil.hpp"
#include "python/src/small_types.hpp"
#include "python/src/strided_copy.hpp"

namespace linnet::python {
namespace {

[[noreturn]] void refuse(const std::string& what, const std::string& why) {
  throw Error(ErrorCode::kInvalidArgument, what + ": " + why);
}

std::string class_name(nb::handle object) { return nb::type_name(object.type()).c_str(); }

/// Takes the error that Python has set, as text.
std::string take_python_error() {
  const nb::python_error error;
  return nb::str(error.value()).c_str();
}

DataType integer_type(bool is_signed, std::size_t bytes) {
  switch (bytes) {
    case 1:
      return is_signed ? DataType::kInt8 : DataType::kUint8;
    case 2:
      return is_signed ? DataType::kInt16 : DataType::kUint16;
    case 4:
      return is_signed ? DataType::kInt32 : DataType::kUint32;
    case 8:
      return is_signed ? DataType::kInt64 : DataType::kUint64;
    default:
      return DataType::kUndefined;
  }
}

/// The type that a format of Python's struct module stands for; kUndefined for others and for swapped bytes.
DataType type_of_format(const char* format, std::size_t item_bytes) {
  std::string_view text = format == nullptr ? "B" : format;
  if (!text.empty() && (text[0] == '@' || text[0] == '=' || text[0] == '<')) text.remove_prefix(1);
  if (text == "Zf") return DataType::kComplex64;
  if (text == "Zd") return DataType::kComplex128;
  if (text.size() != 1) return DataType::kUndefined;
  switch (text[0]) {
    case 'f':
      return DataType::kFloat32;
    case 'd':
      return DataType::kFloat64;
    case 'e':
      return DataType::kFloat16;
    case '?':
      return DataType::kBool;
    default:
      break;
  }
  if (std::strchr("bhilqn", text[0]) != nullptr) return integer_type(true, item_bytes);
  if (std::strchr("BHILQN", text[0]) != nullptr) return integer_type(false, item_bytes);
  return DataType::kUndefined;
}

DataType type_of(const dlpack::ElementType& type) {
  if (type.lanes != 1 || type.bits % 8 != 0) return DataType::kUndefined;
  const std::size_t bytes = type.bits / 8;
  switch (type.code) {
    case dlpack::Code::kInt:
    case dlpack::Code::kUint:
      return integer_type(type.code == dlpack::Code::kInt, bytes);
    case dlpack::Code::kFloat:
      return bytes == 4   ? DataType::kFloat32
             : bytes == 8 ? DataType::kFloat64
             : bytes == 2 ? DataType::kFloat16
                          : DataType::kUndefined;
    case dlpack::Code::kBfloat:
      return bytes == 2 ? DataType::kBfloat16 : DataType::kUndefined;
    case dlpack::Code::kComplex:
      return bytes == 8 ? DataType::kComplex64 : bytes == 16 ? DataType::kComplex128 : DataType::kUndefined;
    case dlpack::Code::kBool:
      return bytes == 1 ? DataType::kBool : DataType::kUndefined;
  }
  return DataType::kUndefined;
}

/// NumPy's name of the type, as numpy.dtype takes it.
const char* numpy_name(DataType type) {
  switch (type) {
    case DataType::kBool:
      return "?";
    case DataType::kFloat16:
      return "f2";
    case DataType::kFloat32:
      return "f4";
    case DataType::kFloat64:
      return "f8";
    case DataType::kInt8:
      return "i1";
    case DataType::kInt16:
      return "i2";
    case DataType::kInt32:
      return "i4";
    case DataType::kInt64:
      return "i8";
    case DataType::kUint8:
      return "u1";
    case DataType::kUint16:
      return "u2";
    case DataType::kUint32:
      return "u4";
    case DataType::kUint64:
      return "u8";
    case DataType::kComplex64:
      return "c8";
    case DataType::kComplex128:
      return "c16";
    default:
      return nullptr;
  }
}

/// A number of Python's own, or a list; numpy.float64, which is a Python float too, is an array with a type of its own.
bool is_plain_value(nb::handle object) {
  return PyList_Check(object.ptr()) || PyTuple_Check(object.ptr()) || PyFloat_CheckExact(object.ptr()) ||
         PyLong_Check(object.ptr());
}

bool is_floating(DataType type) {
  return type == DataType::kFloat32 || type == DataType::kFloat64 || type == DataType::kFloat16 ||
         type == DataType::kComplex64 || type == DataType::kComplex128;
}

nb::object array_of_plain_value(nb::handle object, DataType wanted, const std::string& what) {
  const char* const name = numpy_name(wanted);
  try {
    const nb::object asarray = nb::module_::import_("numpy").attr("asarray");
    if (name == nullptr) return asarray(object);
    if (!is_floating(wanted)) {
      const nb::object natural = asarray(object);
      const std::string kind = nb::str(natural.attr("dtype").attr("kind")).c_str();
      if (kind == "f" && nb::cast<std::size_t>(natural.attr("size")) > 0)
        refuse(what, "the model wants " + name_of(wanted) + ", got floating-point numbers in a " + class_name(object));
    }
    return asarray(object, nb::str(name));
  } catch (const nb::python_error& error) {
    refuse(what, "cannot make an array of this " + class_name(object) + ": " + nb::str(error.value()).c_str());
  }
}

/// A tensor whose memory holds its elements as they are. PyTorch's negated and conjugated views hold others, which
/// their DLPack form does not say. Errors: those of Python; kInvalidArgument for such a view that is to be written to.
nb::object plain_tensor(nb::handle tensor, BorrowedArray::Use use, const std::string& what) {
  if (!nb::cast<bool>(tensor.attr("is_neg")()) && !nb::cast<bool>(tensor.attr("is_conj")())) return nb::borrow(tensor);
  if (use == BorrowedArray::Use::kWrite)
    refuse(what, "a negated or conjugated view cannot be written to; give a tensor of its own");
  return tensor.attr("resolve_conj")().attr("resolve_neg")();
}

/// The capsule of an object with __dlpack__.
nb::object capsule_of(nb::handle array, BorrowedArray::Use use, const std::string& what) {
  nb::object method;
  try {
    const nb::object plain = is_torch_tensor(array) ? plain_tensor(array, use, what) : nb::borrow(array);
    method = plain.attr("__dlpack__");
  } catch (const nb::python_error& error) {
    refuse(what, nb::str(error.value()).c_str());
  }
  try {
    return method(nb::arg("max_version") = nb::make_tuple(1, 0));
  } catch (const nb::python_error& error) {
    if (!error.matches(PyExc_TypeError)) refuse(what, nb::str(error.value()).c_str());
  }
  try {
    return method();  // before DLPack 1.0
  } catch (const nb::python_error& error) {
    refuse(what, nb::str(error.value()).c_str());
  }
}

template <typename ManagedTensor>
std::shared_ptr<void> own(ManagedTensor* managed) {
  return {managed, [](void* pointer) {
            auto* tensor = static_cast<ManagedTensor*>(pointer);
            if (tensor->deleter != nullptr && interpreter_alive()) tensor->deleter(tensor);
          }};
}

}  // namespace

void check_mask(nb::handle array, const std::string& what) {
  if (std::strcmp(Py_TYPE(array.ptr())->tp_name, "numpy.ndarray") == 0 || !nb::hasattr(array, "mask")) return;
  if (nb::cast<bool>(nb::module_::import_("numpy.ma").attr("is_masked")(array)))
    refuse(what, "elements of the array are masked; array.filled(value) gives them one");
}

void BorrowedArray::ReleaseBuffer::operator()(Py_buffer* buffer) const noexcept {
  PyBuffer_Release(buffer);
  delete buffer;
}

BorrowedArray::BorrowedArray(nb::handle array, Use use, DataType wanted, const std::string& what) {
  nb::object made;
  if (use == Use::kRead && is_plain_value(array)) {
    made = array_of_plain_value(array, wanted, what);
    array = made;
  }
  if (PyObject_CheckBuffer(array.ptr()) != 0) {
    check_mask(array, what);
    take_buffer(array, use, what);
  } else if (PyCapsule_CheckExact(array.ptr()) != 0) {
    take_capsule(array, use, what);
  } else if (nb::hasattr(array, "__dlpack__")) {
    take_capsule(capsule_of(array, use, what), use, what);
  } else if (nb::hasattr(array, "keys")) {  // numpy.load makes one of an .npz file
    const std::string names = nb::str(nb::list(array.attr("keys")())).c_str();
    refuse(what, "expected one array, got a " + class_name(array) + " of several, with the names " + names);
  } else {
    refuse(what, "expected an array (NumPy, PyTorch or another with the buffer protocol or DLPack), got " +
                     class_name(array) +
                     (nb::hasattr(array, "__array__") ? "; numpy.asarray makes an array of it" : ""));
  }
  if (type_ == DataType::kUint8 && ml_dtypes_name(wanted) != nullptr) type_ = wanted;
  look_at_layout();
  if (data_ == nullptr && std::find(shape_.begin(), shape_.end(), 0) == shape_.end())
    refuse(what, "the array has no memory: it is a stand-in for shapes, or its memory was freed");
}

BorrowedArray::BorrowedArray(DataType type, Shape shape, void* data)
    : type_(type), shape_(std::move(shape)), data_(data) {}

void BorrowedArray::take_buffer(nb::handle array, Use use, const std::string& what) {
  const int flags = PyBUF_STRIDES | PyBUF_FORMAT | (use == Use::kWrite ? PyBUF_WRITABLE : 0);
  auto buffer = std::make_unique<Py_buffer>();
  DataType of_ml_dtypes = DataType::kUndefined;
  if (PyObject_GetBuffer(array.ptr(), buffer.get(), flags) != 0) {
    const std::string reason = take_python_error();
    // NumPy cannot describe ml_dtypes' elements in a buffer; their bits it can.
    const nb::object dtype = nb::getattr(array, "dtype", nb::none());
    const std::string name = dtype.is_none() ? "" : nb::str(dtype).c_str();
    of_ml_dtypes = name == "bfloat16" ? DataType::kBfloat16 : small_type_of(name);
    if (of_ml_dtypes == DataType::kUndefined) refuse(what, reason);
    if (use == Use::kWrite && is_packed(of_ml_dtypes))
      refuse(what, "arrays of " + name + " cannot be written to, as Linnet packs their elements; take a new array");
    const nb::object bits = array.attr("view")(of_ml_dtypes == DataType::kBfloat16 ? "u2" : "u1");
    if (PyObject_GetBuffer(bits.ptr(), buffer.get(), flags) != 0) refuse(what, take_python_error());
  }
  buffer_.reset(buffer.release());
  type_ = of_ml_dtypes != DataType::kUndefined
              ? of_ml_dtypes
              : type_of_format(buffer_->format, static_cast<std::size_t>(buffer_->itemsize));
  if (type_ == DataType::kUndefined) {
    const nb::object dtype = nb::getattr(array, "dtype", nb::none());
    const std::string name = dtype.is_none() ? std::string(buffer_->format) : nb::str(dtype).c_str();
    refuse(what, "arrays of " + name + " are not supported (strings, objects, structures and swapped bytes are not)" +
                     (name == "object" ? "; numpy.array(x.tolist(), dtype=\"float32\") makes numbers of them" : ""));
  }
  shape_.assign(buffer_->shape, buffer_->shape + buffer_->ndim);
  strides_.assign(buffer_->strides, buffer_->strides + buffer_->ndim);
  data_ = buffer_->buf;
}

void BorrowedArray::take_capsule(nb::handle capsule, Use use, const std::string& what) {
  const char* const given = PyCapsule_GetName(capsule.ptr());
  const std::string_view name = given == nullptr ? "" : given;
  if (name == "dltensor_versioned") {
    auto* managed = static_cast<dlpack::ManagedVersioned*>(PyCapsule_GetPointer(capsule.ptr(), given));
    if (managed->major != 1) refuse(what, "DLPack version " + std::to_string(managed->major) + " is not supported");
    PyCapsule_SetName(capsule.ptr(), "used_dltensor_versioned");
    managed_ = own(managed);
    if (use == Use::kWrite && (managed->flags & dlpack::kReadOnly) != 0) refuse(what, "the array is read-only");
    if (use == Use::kWrite && (managed->flags & dlpack::kCopied) != 0)
      refuse(what, "the array gives a copy of its memory only, so what is written would be lost");
    take_tensor(managed->tensor, what);
  } else if (name == "dltensor") {
    auto* managed = static_cast<dlpack::Managed*>(PyCapsule_GetPointer(capsule.ptr(), given));
    PyCapsule_SetName(capsule.ptr(), "used_dltensor");
    managed_ = own(managed);
    take_tensor(managed->tensor, what);
  } else if (name == "used_dltensor" || name == "used_dltensor_versioned") {
    refuse(what, "this DLPack capsule was consumed before; a capsule can be used once");
  } else {
    refuse(what, "this capsule holds no DLPack tensor");
  }
}

void BorrowedArray::take_tensor(const dlpack::Tensor& tensor, const std::string& what) {
  if (tensor.device.type != dlpack::kCpu && tensor.device.type != dlpack::kCudaHost)
    refuse(what, "the array lies on another device; Linnet runs on the CPU, so copy it there first");
  type_ = type_of(tensor.type);
  if (type_ == DataType::kUndefined) refuse(what, "the array's element type is not supported");
  shape_.assign(tensor.shape, tensor.shape + tensor.rank);
  data_ = tensor.data == nullptr ? nullptr : static_cast<unsigned char*>(tensor.data) + tensor.byte_offset;
  const auto item_bytes = static_cast<std::int64_t>(size_of(type_));
  strides_.assign(shape_.size(), item_bytes);
  for (std::size_t i = shape_.size(); i-- > 0;) {
    if (tensor.strides != nullptr) {
      strides_[i] = tensor.strides[i] * item_bytes;
    } else if (i + 1 < shape_.size()) {
      strides_[i] = strides_[i + 1] * shape_[i + 1];
    }
  }
}

void BorrowedArray::look_at_layout() {
  auto expected = static_cast<std::int64_t>(is_packed(type_) ? 1 : size_of(type_));
  dense_ = reinterpret_cast<std::uintptr_t>(data_) % static_cast<std::uintptr_t>(expected) == 0;
  for (std::size_t i = shape_.size(); i-- > 0;) {
    if (shape_[i] == 0) {
      dense_ = true;
      return;
    }
    if (shape_[i] != 1 && strides_[i] != expected) dense_ = false;
    expected *= shape_[i];
  }
  if (is_packed(type_)) dense_ = false;
}

void BorrowedArray::make_dense() {
  if (dense_) return;
  copy_ = Tensor(type_, shape_);
  if (is_packed(type_)) {
    Tensor bytes(DataType::kUint8, shape_);
    strided_copy(data_, strides_, shape_, 1, bytes.data());
    pack(type_, bytes.data(), bytes.count(), copy_.data());
  } else {
    strided_copy(data_, strides_, shape_, size_of(type_), copy_.data());
  }
  data_ = copy_.data();
  dense_ = true;
}

}  // namespace linnet::python
