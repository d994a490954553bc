#include "tests/support/model_index.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <stdexcept>

namespace linnet::test {
namespace {

std::vector<std::string> split(const std::string& line) {
  std::vector<std::string> cells;
  std::istringstream stream(line);
  for (std::string cell; std::getline(stream, cell, '\t');) cells.push_back(cell);
  return cells;
}

std::string identifier(std::string text) {
  const auto is_other = [](char character) { return std::isalnum(static_cast<unsigned char>(character)) == 0; };
  std::replace_if(text.begin(), text.end(), is_other, '_');
  return text;
}

std::vector<ModelRun> read_index(const std::string& folder) {
  std::istringstream lines(read_file(folder + "/index.tsv"));
  std::string line;
  std::getline(lines, line);
  std::vector<ModelRun> runs;
  while (std::getline(lines, line)) {
    const std::vector<std::string> cells = split(line);
    if (cells.size() < 5) throw std::runtime_error(std::string(folder).append("/index.tsv: no run: ").append(line));
    const std::string number = std::to_string(runs.size() + 2);  // the line's number in the file
    const auto path = [&](const std::string& name) { return std::string(folder).append("/").append(name); };
    std::string name = "line";
    name.append(number).append("_").append(identifier(cells[0]));
    runs.push_back({std::move(name), path(cells[0]), cells[1], path(cells[2]), cells[3], path(cells[4])});
  }
  return runs;
}

}  // namespace

std::vector<ModelRun> committed_runs() { return read_index(LINNET_SOURCE_DIR "/models"); }
std::vector<ModelRun> large_runs() { return read_index(LINNET_TEST_DATA_DIR "/large"); }

std::vector<ModelRun> first_of_each_model(const std::vector<ModelRun>& runs) {
  std::set<std::string> seen;
  std::vector<ModelRun> first;
  std::copy_if(runs.begin(), runs.end(), std::back_inserter(first),
               [&](const ModelRun& run) { return seen.insert(run.path).second; });
  return first;
}

bool has_external_data(const ModelRun& run) { return std::filesystem::exists(run.path + ".data"); }

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file) throw std::runtime_error("cannot read " + path);
  return bytes;
}

}  // namespace linnet::test
