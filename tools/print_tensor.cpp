#include "tools/print_tensor.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tools/element.hpp"

namespace linnet::tools {

std::string first_values(const Tensor& tensor, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < std::min(count, tensor.count()); ++i) {
    text += (i == 0 ? "" : " ") + element_text(tensor.view(), i, 8);
  }
  return tensor.count() > count ? text + " ..." : text;
}

}  // namespace linnet::tools
