#include "python/src/describe.hpp"

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

namespace linnet::python {

nb::object text_of(std::string_view bytes) {
  PyObject* const text = PyUnicode_DecodeUTF8(bytes.data(), static_cast<Py_ssize_t>(bytes.size()), "replace");
  if (text == nullptr) throw nb::python_error();
  return nb::steal(text);
}

nb::tuple describe(const StepSummary& step) {
  return nb::make_tuple(text_of(step.node.name), text_of(operator_text(step)), step.implementation, step.input_shapes);
}

}  // namespace linnet::python
