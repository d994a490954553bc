#include <linnet/linnet.hpp>

#include <cstdio>
#include <exception>

#include "tools/arguments.hpp"
#include "tools/command_page.hpp"
#include "tools/commands.hpp"
#include "tools/usage.hpp"

namespace linnet::tools {
namespace {

void add_commands(CLI::App& app, Outcome& outcome) {
  app.name("linnet");
  app.set_version_flag("--version", version());
  app.require_subcommand(1);
  app.add_flag("--command-line-page", "print docs/command-line.md")->group("");
  add_run_command(app, outcome);
  add_inspect_command(app, outcome);
  add_check_command(app, outcome);
  add_bench_command(app, outcome);
  add_test_command(app, outcome);
  app.footer(
      "linnet COMMAND --help lists the options of a command. Results go to standard output, messages and the log to\n"
      "standard error. Exit status: 0; 1 for an error, or where a comparison fails; 2 for wrong usage.");
}

}  // namespace

int run_program(int argc, const char* const* argv) {
  CLI::App app{"Runs, inspects, measures and tests ONNX models on CPUs."};
  Outcome outcome;
  add_commands(app, outcome);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (app.count("--command-line-page") > 0) {  // without a command, which is an error to the parser
      std::fputs(command_page(app).c_str(), stdout);
      return 0;
    }
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    std::fflush(stdout);
    std::fputs(usage_message(app, error).c_str(), stderr);
    return 2;
  } catch (const std::exception& error) {
    std::fflush(stdout);
    std::fprintf(stderr, "linnet: %s\n", message_of(error).c_str());
    return 1;
  }
  return outcome.status;
}

}  // namespace linnet::tools
