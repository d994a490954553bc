// What bytes that are no ONNX model seem to be.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace linnet::internal {

/// In words, with what to do about it: `a Git LFS pointer, which stands for a file of 97781920 bytes: fetch that with
/// "git lfs pull"`. Empty when nothing known begins like this. For messages only, of files that could not be read.
std::string seems_to_be(std::string_view bytes);

}  // namespace linnet::internal
