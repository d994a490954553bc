// What the tests of values share.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <linnet/value.hpp>

#include "tests/api/control_flow.hpp"

namespace linnet::test {

inline Value floats(const Shape& shape, const std::vector<float>& values) { return tensor_with<float>(shape, values); }

inline std::string refused(const std::function<void()>& body) { return error_of(body, ErrorCode::kInvalidArgument); }

inline Model load_any(const std::string& bytes) { return load(bytes, options_for(Backend::kAuto, 1)); }

}  // namespace linnet::test
