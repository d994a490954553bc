#include <linnet/linnet.hpp>

#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "tools/arguments.hpp"
#include "tools/commands.hpp"

namespace linnet::tools {
namespace {

/// What stood where a command belongs, and the commands there are. Empty when nothing stood there.
std::string unknown_command(const CLI::App& app) {
  const std::vector<std::string> unread = app.remaining();
  if (unread.empty() || !app.get_subcommands().empty()) return "";
  std::string message = "there is no command or option \"" + unread.front() + "\"; the commands are";
  for (const CLI::App* command : app.get_subcommands(nullptr)) message += " " + command->get_name();
  return message;
}

}  // namespace

int run_program(int argc, const char* const* argv) {
  CLI::App app{"Runs, inspects, measures and tests ONNX models on CPUs."};
  app.name("linnet");
  app.set_version_flag("--version", version());
  app.require_subcommand(1);
  app.failure_message(CLI::FailureMessage::help);
  Outcome outcome;
  add_run_command(app, outcome);
  add_inspect_command(app, outcome);
  add_check_command(app, outcome);
  add_bench_command(app, outcome);
  add_test_command(app, outcome);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const bool asked_for_help = error.get_exit_code() == 0;
    const std::string unknown = asked_for_help ? "" : unknown_command(app);
    if (!unknown.empty()) {
      std::fprintf(stderr, "linnet: %s\n", unknown.c_str());
    } else {
      app.exit(error);
    }
    return asked_for_help ? 0 : 2;
  } catch (const std::exception& error) {
    std::fflush(stdout);
    std::fprintf(stderr, "linnet: %s\n", message_of(error).c_str());
    return 1;
  }
  return outcome.status;
}

}  // namespace linnet::tools
