#include "tests/conformance/test_folder.hpp"

#include <algorithm>
#include <cctype>
#include <fstream>

#include <linnet/tensor_file.hpp>

#include "tests/support/test_options.hpp"

namespace linnet::test {
namespace {

namespace fs = std::filesystem;

/// input_0.pb, input_1.pb, ... of one data set; `side` is "input" or "output".
std::vector<Tensor> read_side(const fs::path& data_set, const std::string& side) {
  std::vector<Tensor> tensors;
  for (;;) {
    const fs::path file = data_set / (side + "_" + std::to_string(tensors.size()) + ".pb");
    if (!fs::exists(file)) return tensors;
    tensors.push_back(read_tensor_proto(file.string()));
  }
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
    const std::vector<Tensor> outputs = model.run(read_side(data_set, "input"));
    const std::vector<Tensor> expected = read_side(data_set, "output");
    if (outputs.size() != expected.size()) return "another number of outputs";
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const std::string found = difference(outputs[i].view(), expected[i].view(), tolerance);
      if (!found.empty()) return data_set.filename().string() + ", output " + std::to_string(i) + " " + found;
    }
  }
  return data_sets > 0 ? "" : "the test has no data";
}

}  // namespace linnet::test
