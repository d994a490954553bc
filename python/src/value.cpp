#include "python/src/value.hpp"

#include <algorithm>

#include "python/src/model.hpp"

namespace linnet::python {
namespace {

constexpr const char* kHowOtherBytes = "surrogateescape";

[[noreturn]] void refuse(const std::string& what, const std::string& why) {
  throw Error(ErrorCode::kInvalidArgument, what + ": " + why);
}

std::string class_name(nb::handle object) { return nb::type_name(object.type()).c_str(); }

std::string bytes_of(nb::handle bytes) {
  return {PyBytes_AS_STRING(bytes.ptr()), static_cast<std::size_t>(PyBytes_GET_SIZE(bytes.ptr()))};
}

/// The bytes of a str or bytes object.
std::string text_of_element(nb::handle element, std::size_t index, const std::string& what) {
  if (PyBytes_Check(element.ptr())) return bytes_of(element);
  if (!PyUnicode_Check(element.ptr()))
    refuse(what, "element " + std::to_string(index) + " is a " + class_name(element) + ", expected a str");
  PyObject* const encoded = PyUnicode_AsEncodedString(element.ptr(), "utf-8", kHowOtherBytes);
  if (encoded == nullptr) {
    const nb::python_error error;
    refuse(what, "element " + std::to_string(index) + ": " + nb::str(error.value()).c_str());
  }
  return bytes_of(nb::steal(encoded));
}

Value strings_of(nb::handle object, const std::string& what) {
  check_mask(object, what);
  const nb::module_ numpy = nb::module_::import_("numpy");
  nb::object array;
  try {
    array = numpy.attr("asarray")(object, nb::arg("dtype") = "O");
  } catch (const nb::python_error& error) {
    refuse(what, "cannot make an array of this " + class_name(object) + ": " + nb::str(error.value()).c_str());
  }
  Shape shape;
  for (const nb::handle size : array.attr("shape")) shape.push_back(nb::cast<std::int64_t>(size));
  std::vector<std::string> texts;
  for (const nb::handle element : nb::list(array.attr("ravel")()))
    texts.push_back(text_of_element(element, texts.size(), what));
  return Value::strings(shape, std::move(texts));
}

Value tensor_of(nb::handle object, DataType type, const std::string& what) {
  if (type == DataType::kString) return strings_of(object, what);
  BorrowedArray array(object, BorrowedArray::Use::kRead, type, what);
  array.make_dense();
  return Value(ConstTensorView(array.view()));
}

Value map_of(nb::handle object, const ValueInfo& info, const std::string& what) {
  if (!PyDict_Check(object.ptr())) refuse(what, "expected a dict, got " + class_name(object));
  const auto dict = nb::borrow<nb::dict>(object);
  return Value::map(tensor_of(dict.keys(), info.key_type, what + ", keys"),
                    tensor_of(dict.values(), info.type, what + ", values"));
}

nb::object array_of_strings(const Value& value) {
  nb::list texts;
  for (const std::string& text : value.strings()) {
    PyObject* const decoded = PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), kHowOtherBytes);
    if (decoded == nullptr) throw nb::python_error();
    texts.append(nb::steal(decoded));
  }
  nb::list sizes;
  for (const std::int64_t size : value.shape()) sizes.append(size);
  const nb::object flat = nb::module_::import_("numpy").attr("array")(texts, nb::arg("dtype") = "O");
  return flat.attr("reshape")(nb::tuple(sizes));
}

}  // namespace

bool is_numbers(const ValueInfo& info) { return info.kind == ValueKind::kTensor && info.type != DataType::kString; }

bool has_numbers_only(const Model& model) {
  return std::all_of(model.inputs().begin(), model.inputs().end(), is_numbers) &&
         std::all_of(model.outputs().begin(), model.outputs().end(), is_numbers);
}

Value value_of(nb::handle object, const ValueInfo& info, const std::string& what) {
  if (object.is_none()) return {};  // where the model wants something, it says so
  if (info.kind == ValueKind::kTensor || info.kind == ValueKind::kOptional) return tensor_of(object, info.type, what);
  if (info.kind == ValueKind::kMap) return map_of(object, info, what);
  const bool maps = info.kind == ValueKind::kMapSequence;
  if (!PyList_Check(object.ptr()) && !PyTuple_Check(object.ptr()))
    refuse(what, std::string("expected a list of ") + (maps ? "dicts" : "arrays") + ", got " + class_name(object));
  std::vector<Value> items;
  for (const nb::handle item : object) {
    const std::string name = what + ", item " + std::to_string(items.size());
    items.push_back(maps ? map_of(item, info, name) : tensor_of(item, info.type, name));
    if (items.back().type() != info.type)
      refuse(name, "expected an array of " + name_of(info.type) + ", got " + name_of(items.back().type()));
  }
  return Value::sequence(info.type, items);
}

std::vector<Value> values_of(const Model& model, const std::vector<nb::object>& objects) {
  check_input_count(model, objects.size());
  std::vector<Value> values;
  for (std::size_t i = 0; i < objects.size(); ++i)
    values.push_back(value_of(objects[i], model.inputs()[i], input_text(model, i)));
  return values;
}

nb::object object_of(Framework framework, const Value& value) {
  if (!value.has_value()) return nb::none();
  if (value.is_sequence()) {
    nb::list items;
    for (std::size_t i = 0; i < value.size(); ++i) items.append(object_of(framework, value.at(i)));
    return items;
  }
  if (value.is_map()) {
    const auto list_of = [](const Value& tensor) { return object_of(Framework::kNumpy, tensor).attr("tolist")(); };
    const nb::module_ builtins = nb::module_::import_("builtins");
    return builtins.attr("dict")(builtins.attr("zip")(list_of(value.keys()), list_of(value.values())));
  }
  return value.type() == DataType::kString ? array_of_strings(value) : copied_array(framework, value.view());
}

}  // namespace linnet::python
