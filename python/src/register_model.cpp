// The classes Model and CancelToken of the extension module.
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>

#include "python/src/describe.hpp"
#include "python/src/gil.hpp"
#include "python/src/model.hpp"
#include "python/src/options.hpp"
#include "python/src/value.hpp"

namespace linnet::python {
namespace {

/// (name, ONNX's number of the element type, shape, number of the ValueKind, that of a map's key type or 0); a
/// dimension is an int, its name, or None; an open rank, and what is no tensor, have None for a shape.
nb::object info_of(const ValueInfo& info) {
  nb::object shape = nb::none();
  if (info.has_shape) {
    nb::list sizes;
    for (const Dimension& dimension : info.shape) {
      if (dimension.value >= 0) {
        sizes.append(dimension.value);
      } else {
        sizes.append(dimension.name.empty() ? nb::none() : text_of(dimension.name));
      }
    }
    shape = sizes;
  }
  return nb::make_tuple(text_of(info.name), static_cast<int>(info.type), shape, static_cast<int>(info.kind),
                        static_cast<int>(info.key_type));
}

nb::list infos_of(const std::vector<ValueInfo>& infos) {
  nb::list all;
  for (const ValueInfo& info : infos) all.append(info_of(info));
  return all;
}

nb::dict metadata_of(const PythonModel& model) {
  const ModelMetadata metadata = summarize(model.model()).metadata;
  nb::dict custom;
  for (const auto& [key, value] : metadata.custom) custom[text_of(key)] = text_of(value);
  nb::dict all;
  all["producer_name"] = text_of(metadata.producer_name);
  all["producer_version"] = text_of(metadata.producer_version);
  all["domain"] = text_of(metadata.domain);
  all["version"] = metadata.version;
  all["description"] = text_of(metadata.description);
  all["graph_name"] = text_of(metadata.graph_name);
  all["graph_description"] = text_of(metadata.graph_description);
  all["custom_metadata_map"] = custom;
  return all;
}

/// describe() of every step for these inputs.
nb::list steps_of(const PythonModel& model, const std::vector<nb::object>& inputs) {
  if (!std::all_of(model.model().inputs().begin(), model.model().inputs().end(), is_numbers))
    throw Error(ErrorCode::kUnsupported,
                "the steps are not shown of a model with inputs that are no arrays of numbers");
  std::vector<BorrowedArray> arrays = model.borrow_inputs(inputs);
  for (BorrowedArray& array : arrays) array.make_dense();
  ProgramSummary program;
  without_gil([&] { program = summarize_program(model.model(), views_of(arrays)); });
  nb::list steps;
  for (const StepSummary& step : program.steps) steps.append(describe(step));
  return steps;
}

/// (meaning, low, high, elements, reason) of every input for these shapes; see linnet::InputUse.
nb::list input_uses_of(const PythonModel& model, const std::vector<Shape>& shapes) {
  nb::list uses;
  for (const InputUse& use : input_uses(model.model(), shapes)) {
    const char* const meaning = use.meaning == ElementMeaning::kIndices ? "indices"
                                : use.meaning == ElementMeaning::kSizes ? "sizes"
                                : use.meaning == ElementMeaning::kTruth ? "truth"
                                                                        : "numbers";
    uses.append(nb::make_tuple(meaning, use.low, use.high, use.elements, text_of(use.reason)));
  }
  return uses;
}

PythonModel* load_file(const std::string& path, const nb::dict& keywords, const CancelToken* cancel,
                       std::optional<double> timeout) {
  const LoadOptions options = options_from(keywords);
  const RunOptions until = run_options_from(cancel, timeout);
  std::unique_ptr<PythonModel> model;
  without_gil([&] { model = std::make_unique<PythonModel>(Model::load(path, options, until)); });
  return model.release();
}

PythonModel* load_bytes(const nb::bytes& bytes, const nb::dict& keywords, const CancelToken* cancel,
                        std::optional<double> timeout) {
  const LoadOptions options = options_from(keywords);
  const RunOptions until = run_options_from(cancel, timeout);
  std::unique_ptr<PythonModel> model;
  without_gil([&] { model = std::make_unique<PythonModel>(Model::load(bytes.data(), bytes.size(), options, until)); });
  return model.release();
}

std::vector<nb::object> run_model(PythonModel& model, const std::vector<nb::object>& inputs,
                                  const std::vector<std::size_t>& wanted, const std::vector<nb::object>& given,
                                  bool follow, const CancelToken* cancel, std::optional<double> timeout) {
  const Framework framework = follow ? framework_of(inputs) : Framework::kNumpy;
  return model.run(inputs, wanted, given, framework, run_options_from(cancel, timeout));
}

}  // namespace

void register_model(nb::module_& module) {
  nb::class_<CancelToken>(module, "CancelToken", "Ends runs early, from any thread.")
      .def(nb::init<>())
      .def("cancel", &CancelToken::cancel)
      .def("reset", &CancelToken::reset)
      .def_prop_ro("cancelled", &CancelToken::cancelled);

  nb::class_<PythonModel>(module, "Model", "A loaded model with its pool of sessions.")
      .def_static("load_file", &load_file, nb::arg("path"), nb::arg("options"), nb::arg("cancel").none() = nb::none(),
                  nb::arg("timeout") = nb::none())
      .def_static("load_bytes", &load_bytes, nb::arg("data"), nb::arg("options"), nb::arg("cancel").none() = nb::none(),
                  nb::arg("timeout") = nb::none())
      .def("inputs", [](const PythonModel& model) { return infos_of(model.model().inputs()); })
      .def("outputs", [](const PythonModel& model) { return infos_of(model.model().outputs()); })
      .def("metadata", &metadata_of)
      .def("steps", &steps_of, nb::arg("inputs"))
      .def("input_uses", &input_uses_of, nb::arg("shapes"))
      .def("run", &run_model, nb::arg("inputs"), nb::arg("wanted"), nb::arg("given"), nb::arg("follow"),
           nb::arg("cancel").none() = nb::none(), nb::arg("timeout") = nb::none())
      .def("trim", &PythonModel::trim)
      .def("start_profile", &PythonModel::start_profile)
      .def("profile_epoch_ns", [](PythonModel& model) { return model.profile().epoch_ns(); })
      .def("stop_profile", [](PythonModel& model) { return model.profile().stop(); });
}

}  // namespace linnet::python
