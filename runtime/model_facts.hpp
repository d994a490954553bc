// What is worth telling of a model besides its graph.
#pragma once

#include <linnet/inspect.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace linnet::internal {

struct ModelFacts {
  std::int64_t ir_version = 0;
  std::map<std::string, std::int64_t> opsets;  ///< by domain; "" is ONNX's own
  ModelMetadata metadata;
  std::vector<std::pair<std::string, std::size_t>> passes;  ///< name and number of changes, in order
};

}  // namespace linnet::internal
