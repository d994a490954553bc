// Changes of models that keep to the grammar of models: lengths fit, nodes read values that are there, sizes and types
// change together. What bytes changed at random hardly ever get past the loader, these reach shapes and loops.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace linnet::test {

/// One or two changes of a serialized model; "" where it is none, or the result has more than `most` bytes.
/// `operators`: what nodes may become.
std::string mutated_model(std::string_view model, std::size_t most, const std::vector<std::string>& operators,
                          std::minstd_rand& random);

}  // namespace linnet::test
