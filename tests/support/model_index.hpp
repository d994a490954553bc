// The runs listed in models/index.tsv and in the index of the large models.
#pragma once

#include <linnet/linnet.hpp>

#include <ostream>
#include <string>
#include <vector>

namespace linnet::test {

/// One run: a model, one input and PyTorch's output. Paths are absolute.
struct ModelRun {
  std::string name;  ///< letters, digits and underscores; tells the runs of one index apart
  std::string path;
  std::string input_name;
  std::string input_file;
  std::string output_name;
  std::string output_file;
};

inline void PrintTo(const ModelRun& run, std::ostream* out) { *out << run.path << " on " << run.input_file; }

/// models/index.tsv. Errors: std::runtime_error for a missing or damaged index.
std::vector<ModelRun> committed_runs();
/// The models too large to commit, made by the build.
std::vector<ModelRun> large_runs();
/// The first run of every model.
std::vector<ModelRun> first_of_each_model(const std::vector<ModelRun>& runs);

/// Whether the weights lie beside the model.
bool has_external_data(const ModelRun& run);
/// Reads the whole file. Errors: std::runtime_error.
std::string read_file(const std::string& path);

}  // namespace linnet::test
