// Arrays that outputs are written to, made by NumPy or PyTorch.
#include <cstring>

#include "python/src/array.hpp"
#include "python/src/small_types.hpp"

namespace linnet::python {
namespace {

/// torch.Tensor when PyTorch has been imported, else null. Borrowed; PyTorch is never unloaded.
PyObject* torch_tensor_type() {
  static PyObject* found = nullptr;
  if (found != nullptr) return found;
  PyObject* const torch = PyDict_GetItemString(PyImport_GetModuleDict(), "torch");
  if (torch == nullptr) return nullptr;
  found = PyObject_GetAttrString(torch, "Tensor");
  if (found == nullptr) PyErr_Clear();  // PyTorch is being imported right now
  return found;
}

nb::tuple shape_tuple(const ConstTensorView& like) {
  nb::list sizes;
  for (std::size_t i = 0; i < like.rank; ++i) sizes.append(like.shape[i]);
  return nb::tuple(sizes);
}

/// Python objects that are needed for every output, looked up once and kept for good.
struct Makers {
  nb::object empty;
  nb::object dtypes[32];  ///< by DataType
};

/// A dtype of ml_dtypes, or None where that package, or its version of the type, is missing.
nb::object dtype_of_ml_dtypes(const char* name) {
  try {
    const nb::object type = nb::getattr(nb::module_::import_("ml_dtypes"), name, nb::none());
    return type.is_none() ? type : nb::module_::import_("numpy").attr("dtype")(type);
  } catch (const nb::python_error& error) {
    if (!error.matches(PyExc_ImportError)) throw;
    return nb::none();
  }
}

/// What an array is made as, before it is looked at as ml_dtypes' type.
std::string plain_name(DataType type) {
  if (type == DataType::kBfloat16) return "uint16";
  if (ml_dtypes_name(type) == nullptr) return name_of(type);
  return type == DataType::kInt4 || type == DataType::kInt2 ? "int8" : "uint8";
}

// A function-local static would wait for its guard with the interpreter's lock in hand, while the thread that fills it
// may have let go of the lock in an import. Here, at worst, two threads fill it and one result is left over.

Makers* make_numpy_makers() {
  auto makers = std::make_unique<Makers>();
  const nb::module_ numpy = nb::module_::import_("numpy");
  makers->empty = numpy.attr("empty");
  for (std::size_t type = 0; type <= static_cast<std::size_t>(DataType::kInt2); ++type) {
    const auto data_type = static_cast<DataType>(type);
    if (bits_of(data_type) == 0) continue;
    makers->dtypes[type] = numpy.attr("dtype")(plain_name(data_type).c_str());
  }
  return makers.release();
}

Makers* make_torch_makers() {
  auto makers = std::make_unique<Makers>();
  const nb::module_ torch = nb::module_::import_("torch");
  makers->empty = torch.attr("empty");
  for (std::size_t type = 0; type <= static_cast<std::size_t>(DataType::kInt2); ++type) {
    const auto data_type = static_cast<DataType>(type);
    if (size_of(data_type) == 0) continue;
    const char* const small = ml_dtypes_name(data_type);
    makers->dtypes[type] = nb::getattr(torch, small != nullptr ? small : name_of(data_type).c_str(), nb::none());
  }
  return makers.release();
}

nb::object new_numpy_array(const ConstTensorView& like, void** data) {
  static const Makers* makers = nullptr;
  if (makers == nullptr) makers = make_numpy_makers();
  nb::object array = makers->empty(shape_tuple(like), makers->dtypes[static_cast<std::size_t>(like.type)]);
  Py_buffer buffer;
  if (PyObject_GetBuffer(array.ptr(), &buffer, PyBUF_WRITABLE) != 0) throw nb::python_error();
  *data = buffer.buf;
  PyBuffer_Release(&buffer);  // the array keeps its memory where it is
  const char* const name = like.type == DataType::kBfloat16 ? "bfloat16" : ml_dtypes_name(like.type);
  if (name != nullptr) {
    const nb::object dtype = dtype_of_ml_dtypes(name);
    if (!dtype.is_none()) array = array.attr("view")(dtype);
  }
  return array;
}

nb::object new_torch_array(const ConstTensorView& like, void** data) {
  static const Makers* makers = nullptr;
  if (makers == nullptr) makers = make_torch_makers();
  const nb::object& dtype = makers->dtypes[static_cast<std::size_t>(like.type)];
  if (!dtype.is_valid() || dtype.is_none())
    throw Error(ErrorCode::kUnsupported, "PyTorch has no element type " + name_of(like.type));
  nb::object array = makers->empty(shape_tuple(like), nb::arg("dtype") = dtype, nb::arg("device") = "cpu");
  *data = reinterpret_cast<void*>(nb::cast<std::uintptr_t>(array.attr("data_ptr")()));
  return array;
}

std::size_t count_of(const ConstTensorView& view) {
  std::size_t count = 1;
  for (std::size_t i = 0; i < view.rank; ++i) count *= static_cast<std::size_t>(view.shape[i]);
  return count;
}

}  // namespace

bool is_torch_tensor(nb::handle object) {
  PyObject* const torch = torch_tensor_type();
  return torch != nullptr && PyObject_TypeCheck(object.ptr(), reinterpret_cast<PyTypeObject*>(torch)) != 0;
}

Framework framework_of(const std::vector<nb::object>& arrays) {
  for (nb::handle array : arrays) {
    if (PyList_Check(array.ptr()) && PyList_GET_SIZE(array.ptr()) > 0) array = PyList_GET_ITEM(array.ptr(), 0);
    if (PyObject_CheckBuffer(array.ptr()) == 0 && is_torch_tensor(array)) return Framework::kTorch;
  }
  return Framework::kNumpy;
}

void finish_array(const ConstTensorView& written) {
  if (!is_packed(written.type)) return;
  unpack(written.type, const_cast<void*>(written.data), count_of(written));
}

nb::object new_array(Framework framework, const ConstTensorView& like, void** data) {
  return framework == Framework::kTorch ? new_torch_array(like, data) : new_numpy_array(like, data);
}

nb::object copied_array(Framework framework, const ConstTensorView& made) {
  void* data = nullptr;
  nb::object array = new_array(framework, made, &data);
  const std::size_t bytes = (count_of(made) * bits_of(made.type) + 7) / 8;
  if (bytes > 0) std::memcpy(data, made.data, bytes);
  finish_array({made.type, made.shape, made.rank, data});
  return array;
}

}  // namespace linnet::python
