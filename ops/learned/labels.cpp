#include "ops/learned/labels.hpp"

namespace linnet::internal {

Labels parse_labels(ParseContext& context, std::string_view integers) {
  Labels labels;
  labels.integers = list_of_integers(context, integers);
  labels.strings = list_of_strings(context, "classlabels_strings");
  if (labels.integers.empty() == labels.strings.empty())
    invalid_model(labels.integers.empty() ? "neither" : "both", " of ", integers, " and classlabels_strings ",
                  labels.integers.empty() ? "is given" : "are given", ", expected one");
  return labels;
}

}  // namespace linnet::internal
