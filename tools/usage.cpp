#include "tools/usage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace linnet::tools {
namespace {

/// Letters to insert, remove, replace or swap with their neighbour.
std::size_t edits(const std::string& a, const std::string& b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

bool is_option(const std::string& word) {
  return word.size() > 1 && word[0] == '-' && (word[1] < '0' || word[1] > '9') && word[1] != '.';
}

/// "--threads" of "--threads=4"
std::string name_of_option(const std::string& word) { return word.substr(0, word.find('=')); }

std::vector<std::string> option_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands(nullptr)) names.push_back(command->get_name());
  return names;
}

std::string suggestion(const std::string& typed, const std::vector<std::string>& candidates) {
  const std::string near = nearest(typed, candidates);
  return near.empty() ? "" : fmt::format("; did you mean {}?", near);
}

/// Where another command has the option.
std::string others_with(const CLI::App& app, const std::string& option) {
  std::string found;
  for (const CLI::App* command : app.get_subcommands(nullptr)) {
    const std::vector<std::string> names = option_names(*command);
    if (std::find(names.begin(), names.end(), option) != names.end())
      found += (found.empty() ? "" : ", ") + command->get_name();
  }
  return found.empty() ? "" : fmt::format("; it is an option of {}", found);
}

std::string wrong_command(const CLI::App& app) {
  const std::vector<std::string> names = command_names(app);
  const std::vector<std::string> unread = app.remaining();
  if (unread.empty()) return fmt::format("a command is missing; there are: {}", fmt::join(names, ", "));
  const std::string& typed = unread.front();
  if (is_option(typed)) {
    const std::string name = name_of_option(typed);
    const std::string others = others_with(app, name);
    return fmt::format(
        "there is no option {}{}", name,
        others.empty() ? suggestion(name, option_names(app)) : others + ": it stands behind the command");
  }
  const std::string near = suggestion(typed, names);
  return fmt::format("there is no command {}{}", typed,
                     near.empty() ? fmt::format("; there are: {}", fmt::join(names, ", ")) : near);
}

std::string wrong_arguments(const CLI::App& app, const CLI::App& command, const CLI::ParseError& error) {
  const std::vector<std::string> unread = command.remaining();
  const auto option = std::find_if(unread.begin(), unread.end(), is_option);
  if (option != unread.end()) {
    const std::string name = name_of_option(*option);
    const std::string near = suggestion(name, option_names(command));
    return fmt::format("there is no option {}{}", name, near.empty() ? others_with(app, name) : near);
  }
  if (!unread.empty()) return fmt::format("one argument too many: {}", unread.front());
  return error.what();
}

}  // namespace

std::string nearest(const std::string& typed, const std::vector<std::string>& candidates) {
  std::string best;
  std::size_t least = std::max<std::size_t>(typed.size() / 3, 1) + 1;
  for (const std::string& candidate : candidates) {
    const bool begins = typed.size() >= 4 && candidate.rfind(typed, 0) == 0;
    const std::size_t distance = begins ? 1 : edits(typed, candidate);
    if (distance >= least) continue;
    least = distance;
    best = candidate;
  }
  return best;
}

std::string usage_message(const CLI::App& app, const CLI::ParseError& error) {
  const std::vector<CLI::App*> chosen = app.get_subcommands();
  if (chosen.empty() || !app.remaining().empty())
    return fmt::format("linnet: {}\n(linnet --help says what they do)\n", wrong_command(app));
  const CLI::App& command = *chosen.front();
  return fmt::format("linnet {}: {}\n(linnet {} --help lists the options)\n", command.get_name(),
                     wrong_arguments(app, command, error), command.get_name());
}

}  // namespace linnet::tools
