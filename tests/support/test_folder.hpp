// A test in ONNX's layout: model.onnx, test_data_set_<n>/input_<k>.pb and output_<k>.pb.
#pragma once

#include <linnet/linnet.hpp>

#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/tensor_difference.hpp"

namespace linnet::test {

/// A line of a table: cells between tabs; the first one is a name.
using TableLine = std::vector<std::string>;

/// Empty lines and lines that start with # are left out. A file that cannot be read has no lines.
std::vector<TableLine> read_table(const std::filesystem::path& file);

/// The first cell of a line as the name of a test.
std::string name_of_line(const testing::TestParamInfo<TableLine>& info);

/// Empty when every data set gives the expected outputs within `tolerance`, else what is different. The passes are off
/// where LINNET_TEST_PASSES says so. Errors: those of load and run.
std::string run_test_folder(const std::filesystem::path& folder, Backend backend, const Tolerance& tolerance);

}  // namespace linnet::test
