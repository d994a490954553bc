#include "tests/support/test_folder.hpp"

#include <algorithm>
#include <cctype>
#include <fstream>

#include <linnet/value.hpp>

#include "tests/support/test_options.hpp"

namespace linnet::test {
namespace {

namespace fs = std::filesystem;

/// input_0.pb, input_1.pb, ... of one data set; `side` is "input" or "output". One without a file is nothing.
std::vector<Value> read_side(const fs::path& data_set, const std::string& side, const std::vector<ValueInfo>& infos) {
  std::vector<Value> values;
  for (const ValueInfo& info : infos) {
    const fs::path file = data_set / (side + "_" + std::to_string(values.size()) + ".pb");
    values.push_back(fs::exists(file) ? read_value_proto(file.string(), info.kind) : Value());
  }
  return values;
}

/// Empty when the two are alike.
std::string difference_of(const Value& made, const Value& expected, const Tolerance& tolerance) {
  if (made.has_value() != expected.has_value()) return made.has_value() ? "is there" : "is not there";
  if (!made.has_value()) return "";
  if (made.is_sequence() != expected.is_sequence()) return "is of another kind";
  if (made.is_sequence()) {
    if (made.size() != expected.size()) return "has " + std::to_string(made.size()) + " items";
    for (std::size_t i = 0; i < made.size(); ++i) {
      const std::string found = difference_of(made.at(i), expected.at(i), tolerance);
      if (!found.empty()) return "item " + std::to_string(i) + " " + found;
    }
    return "";
  }
  if (made.type() != expected.type()) return "has another element type";
  if (made.type() != DataType::kString) return difference(made.view(), expected.view(), tolerance);
  if (made.shape() != expected.shape()) return "has another shape";
  return made.strings() == expected.strings() ? "" : "has other strings";
}

}  // namespace

std::vector<TableLine> read_table(const fs::path& file) {
  std::ifstream stream(file);
  std::vector<TableLine> lines;
  for (std::string line; std::getline(stream, line);) {
    if (line.empty() || line[0] == '#') continue;
    TableLine cells(1);
    for (const char character : line) {
      if (character == '\t') {
        cells.emplace_back();
      } else {
        cells.back() += character;
      }
    }
    lines.push_back(cells);
  }
  return lines;
}

std::string name_of_line(const testing::TestParamInfo<TableLine>& info) {
  std::string name = info.param.front();
  const auto is_other = [](char character) { return std::isalnum(static_cast<unsigned char>(character)) == 0; };
  std::replace_if(name.begin(), name.end(), is_other, '_');
  return name;
}

std::string run_test_folder(const fs::path& folder, Backend backend, const Tolerance& tolerance) {
  const Model model = Model::load((folder / "model.onnx").string(), options_for(backend));
  std::size_t data_sets = 0;
  for (;; ++data_sets) {
    const fs::path data_set = folder / ("test_data_set_" + std::to_string(data_sets));
    if (!fs::exists(data_set)) break;
    const std::vector<Value> outputs = run_values(model, read_side(data_set, "input", model.inputs()));
    const std::vector<Value> expected = read_side(data_set, "output", model.outputs());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const std::string found = difference_of(outputs[i], expected[i], tolerance);
      if (!found.empty()) return data_set.filename().string() + ", output " + std::to_string(i) + " " + found;
    }
  }
  return data_sets > 0 ? "" : "the test has no data";
}

}  // namespace linnet::test
