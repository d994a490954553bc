// The extension module linnet._linnet. The package's Python files give it the forms that users see.
#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "python/src/binding.hpp"
#include "python/src/describe.hpp"
#include "python/src/options.hpp"

namespace linnet::python {
namespace {

/// The class of linnet.errors for a code.
void throw_in_python(const std::exception_ptr& thrown, void* /*context*/) {
  try {
    std::rethrow_exception(thrown);
  } catch (const Error& error) {
    const nb::object made =
        nb::module_::import_("linnet.errors").attr("error_for")(static_cast<int>(error.code()), text_of(error.what()));
    PyErr_SetObject(made.type().ptr(), made.ptr());
  }
}

}  // namespace

void register_binding(nb::module_& module) {
  nb::class_<PythonBinding>(module, "Binding", "A session bound to the caller's arrays.")
      .def(
          "__init__",
          [](PythonBinding* self, const nb::typed<nb::object, PythonModel>& model) {
            new (self) PythonBinding(nb::borrow(model));
          },
          nb::arg("model"))
      .def("bind_input", &PythonBinding::bind_input, nb::arg("index"), nb::arg("array").none())
      .def("bind_input_memory", &PythonBinding::bind_input_memory, nb::arg("index"), nb::arg("type"), nb::arg("shape"),
           nb::arg("address"))
      .def("bind_output", &PythonBinding::bind_output, nb::arg("index"), nb::arg("array"))
      .def("bind_output_memory", &PythonBinding::bind_output_memory, nb::arg("index"), nb::arg("type"),
           nb::arg("shape"), nb::arg("address"))
      .def("bind_output_new", &PythonBinding::bind_output_new, nb::arg("index"))
      .def("carry", &PythonBinding::carry, nb::arg("output"), nb::arg("input"))
      .def("carry_caches", &PythonBinding::carry_caches)
      .def("reset", &PythonBinding::reset)
      .def("unbind_inputs", &PythonBinding::unbind_inputs)
      .def("unbind_outputs", &PythonBinding::unbind_outputs)
      .def(
          "run",
          [](PythonBinding& self, const CancelToken* cancel, std::optional<double> timeout) {
            self.run(run_options_from(cancel, timeout));
          },
          nb::arg("cancel").none() = nb::none(), nb::arg("timeout") = nb::none())
      .def("output", &PythonBinding::output, nb::arg("index"));
}

}  // namespace linnet::python

NB_MODULE(_linnet, module) {
  namespace nb = nanobind;
  // A daemon thread that is in a run when the interpreter ends keeps its model; that is no leak worth a message.
  nb::set_leak_warnings(false);
  nb::register_exception_translator(linnet::python::throw_in_python);
  linnet::python::register_model(module);
  linnet::python::register_binding(module);
  module.def("version", [] { return linnet::version(); });
  module.def("isa", [] { return linnet::isa(); });
  module.def("pass_names", &linnet::pass_names);
  module.def("onednn_problem", []() -> std::optional<std::string> {
    std::string reason;
    if (linnet::onednn_available(&reason)) return std::nullopt;
    return reason;
  });
}
