// Labels of classes: int64 or strings.
#pragma once

#include <string_view>

#include "ops/text/texts.hpp"

namespace linnet::internal {

/// Where there are strings, there are no integers.
struct Labels {
  std::vector<std::int64_t> integers;
  std::vector<std::string> strings;

  bool are_strings() const { return !strings.empty(); }
  std::size_t size() const { return are_strings() ? strings.size() : integers.size(); }
  DataType type() const { return are_strings() ? DataType::kString : DataType::kInt64; }
};

/// Those of the attribute of integers, or of that of strings. Errors: kInvalidModel unless one of them is there.
Labels parse_labels(ParseContext& context, std::string_view integers, std::string_view strings = "classlabels_strings");

/// Puts 0 and 1, or "0" and "1", behind the labels: what a single score decides between unless there are two labels.
/// Returns how many labels there were.
std::size_t add_truth(Labels& labels);

}  // namespace linnet::internal
