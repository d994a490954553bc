// What a model's writer named, as Python objects.
#pragma once

#include <linnet/inspect.hpp>

#include <nanobind/nanobind.h>

#include <string_view>

namespace linnet::python {

namespace nb = nanobind;

/// Text of a model file is UTF-8 by ONNX's rules; bytes that are not come as replacement characters.
nb::object text_of(std::string_view bytes);

/// (name, operator_text(), implementation, input shapes) of a step or of a member of a chain.
nb::tuple describe(const StepSummary& step);

}  // namespace linnet::python
