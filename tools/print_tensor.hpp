#pragma once

#include <linnet/linnet.hpp>

#include <string>

namespace linnet::tools {

/// The first `count` elements, and "..." when there are more.
std::string first_values(const Tensor& tensor, std::size_t count);

}  // namespace linnet::tools
