// What PyTorch's users call the operators of ONNX.
#pragma once

#include <map>
#include <string>

namespace linnet::internal {

/// Where PyTorch's exporters get an operator from. One that is missing here has no layer of its own.
const std::map<std::string, std::string>& names_in_torch();

}  // namespace linnet::internal
