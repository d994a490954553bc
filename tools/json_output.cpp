#include "tools/json_output.hpp"

#include <linnet/linnet.hpp>

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

namespace linnet::tools {

namespace {

/// --json takes the next word, which may be a model that was meant for the command: only JSON is written over.
bool may_be_written(const std::string& path) {
  std::ifstream file(path);
  const int first = file.get();
  return first == std::ifstream::traits_type::eof() || first == '{' || first == '[';
}

}  // namespace

CLI::Option* JsonOutput::add_to(CLI::App& command) {
  // Without a value, as the last word or before another option, "-".
  return command
      .add_option_function<std::vector<std::string>>(
          "--json",
          [this](const std::vector<std::string>& words) {
            path = words.empty() || words[0].empty() ? "-" : words[0];
            if (!may_be_written(path)) {
              throw CLI::ValidationError("--json", path +
                                                       " is there and holds no JSON, so it is not written over; "
                                                       "--json - is standard output");
            }
          },
          "the result as JSON into this file; alone or with -: to standard output, and nothing else")
      ->expected(0, 1)
      ->type_name("[FILE]");
}

void JsonOutput::write(const nlohmann::ordered_json& json) const {
  if (path.empty()) return;
  const std::string text = json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
  if (!alone()) return write_file(path, text);
  fmt::print("{}", text);
}

void write_file(const std::string& path, const std::string& text) {
  errno = 0;
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file) throw Error(ErrorCode::kIo, fmt::format("cannot write {}: {}", path, std::strerror(errno)));
}

}  // namespace linnet::tools
