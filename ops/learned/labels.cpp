#include "ops/learned/labels.hpp"

namespace linnet::internal {

Labels parse_labels(ParseContext& context, std::string_view integers, std::string_view strings) {
  Labels labels;
  labels.integers = list_of_integers(context, integers);
  labels.strings = list_of_strings(context, strings);
  if (labels.integers.empty() == labels.strings.empty())
    invalid_model(labels.integers.empty() ? "neither" : "both", " of ", integers, " and ", strings, " ",
                  labels.integers.empty() ? "is given" : "are given", ", expected one");
  return labels;
}

std::size_t add_truth(Labels& labels) {
  const std::size_t count = labels.size();
  if (labels.are_strings()) {
    labels.strings.emplace_back("0");
    labels.strings.emplace_back("1");
  } else {
    labels.integers.push_back(0);
    labels.integers.push_back(1);
  }
  return count;
}

}  // namespace linnet::internal
