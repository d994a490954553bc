// Loads and runs models that are changed by their grammar, without a look at coverage: any build will do. A finding
// ends the process (a sanitizer's report, a signal); its input is in KEPT then. At the end: how many models ran, and
// which operators no model that ran had.
//
//   linnet_mutants SEED SECONDS KEPT FOLDER...     the seeds: every .onnx file of up to 4 KB below the folders
#include <fcntl.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "ops/ops.hpp"
#include "runtime/op.hpp"
#include "tests/fuzz/model_mutator.hpp"
#include "tests/fuzz/model_tree.hpp"
#include "tests/fuzz/run_model.hpp"

namespace {

using linnet::test::Field;
using linnet::test::Kind;

constexpr std::uintmax_t kMostSeedBytes = 4096;
constexpr std::size_t kMostBytes = 16384;
constexpr unsigned kMostChanges = 4;
// Seconds for a model: of its own time, which other work on the machine does not use up, and until it must be waiting
// for what never comes.
constexpr long kTimeout = 10;
constexpr unsigned kLongestWait = 600;

void end_for_timeout(int) {
  constexpr std::string_view kWords = "a model took too long\n";
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, kWords.data(), kWords.size());
  std::abort();
}

/// From now on; 0 for no limit.
void set_timeout(long own_seconds, unsigned seconds) {
  itimerval limit = {};
  limit.it_value.tv_sec = own_seconds;
  ::setitimer(ITIMER_PROF, &limit, nullptr);
  ::alarm(seconds);
}

std::vector<std::string> read_seeds(const std::string& folder) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == ".onnx" && entry.file_size() <= kMostSeedBytes) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> seeds;
  for (const std::filesystem::path& path : paths) {
    std::ifstream file(path, std::ios::binary);
    seeds.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return seeds;
}

/// Counts the operators of a model's nodes, those in bodies and functions too.
void count_operators(const std::vector<Field>& fields, std::map<std::string, std::uint64_t>& counts) {
  constexpr int kNodeType = 4;
  for (const Field& field : fields) {
    if (field.kind == Kind::kNode) {
      for (const Field& part : field.fields) {
        if (part.number != kNodeType) continue;
        const auto found = counts.find(part.bytes);
        if (found != counts.end()) ++found->second;
      }
    }
    count_operators(field.fields, counts);
  }
}

/// The file that holds the model of the moment.
class KeptModel {
 public:
  explicit KeptModel(const char* path) : file_(::open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644)) {}
  bool write(const std::string& model) const {
    return ::pwrite(file_, model.data(), model.size(), 0) == static_cast<ssize_t>(model.size()) &&
           ::ftruncate(file_, static_cast<off_t>(model.size())) == 0;
  }

 private:
  int file_;  // closed by the end of the process
};

std::string mutant_of(std::string model, const std::vector<std::string>& operators, std::minstd_rand& random) {
  for (auto left = 1 + random() % kMostChanges; left > 0; --left) {
    std::string changed = linnet::test::mutated_model(model, kMostBytes, operators, random);
    if (!changed.empty()) model = std::move(changed);
  }
  return model;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) {
    std::fprintf(stderr, "usage: linnet_mutants SEED SECONDS KEPT FOLDER...\n");
    return 2;
  }
  std::minstd_rand random(static_cast<unsigned>(std::atoi(argv[1])));
  const std::chrono::duration<double> limit(std::atof(argv[2]));
  const KeptModel kept(argv[3]);
  std::vector<std::string> seeds;
  for (int i = 4; i < argc; ++i) {
    for (std::string& seed : read_seeds(argv[i])) seeds.push_back(std::move(seed));
  }
  std::vector<std::string> operators;
  std::map<std::string, std::uint64_t> ran_with;
  for (const linnet::internal::OpDef* op : linnet::internal::all_operators().all()) {
    operators.push_back(op->name);
    ran_with[op->name] = 0;
  }
  if (seeds.empty()) {
    std::fprintf(stderr, "there is no seed\n");
    return 2;
  }
  std::signal(SIGALRM, end_for_timeout);
  std::signal(SIGPROF, end_for_timeout);
  std::uint64_t executions = 0;
  std::uint64_t ran = 0;
  const auto begin = std::chrono::steady_clock::now();
  for (; std::chrono::steady_clock::now() - begin < limit; ++executions) {
    const std::string model = mutant_of(seeds[random() % seeds.size()], operators, random);
    if (!kept.write(model)) {
      std::fprintf(stderr, "%s cannot be written\n", argv[3]);
      return 2;
    }
    set_timeout(kTimeout, kLongestWait);
    const bool runs = linnet::test::run_model(reinterpret_cast<const std::uint8_t*>(model.data()), model.size());
    set_timeout(0, 0);
    if (!runs) continue;
    ++ran;
    if (const auto fields = linnet::test::read_fields(model, Kind::kModel)) count_operators(*fields, ran_with);
  }
  std::printf("%llu executions, %.0f per second, %llu of them ran\n", static_cast<unsigned long long>(executions),
              static_cast<double>(executions) / limit.count(), static_cast<unsigned long long>(ran));
  std::uint64_t fewest = UINT64_MAX;
  std::string missing;
  for (const auto& [name, count] : ran_with) {
    fewest = std::min(fewest, count);
    if (count == 0) missing += " " + name;
  }
  std::printf("%zu operators; the rarest is in %llu models that ran; in none:%s\n", ran_with.size(),
              static_cast<unsigned long long>(fewest), missing.empty() ? " -" : missing.c_str());
  return 0;
}
