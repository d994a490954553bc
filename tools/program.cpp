#include <linnet/linnet.hpp>

#include <cstdio>
#include <exception>

#include "tools/commands.hpp"

namespace linnet::tools {

int run_program(int argc, const char* const* argv) {
  CLI::App app{"Runs, inspects, measures and tests ONNX models on CPUs."};
  app.name("linnet");
  app.set_version_flag("--version", version());
  app.require_subcommand(1);
  app.failure_message(CLI::FailureMessage::help);
  Outcome outcome;
  add_run_command(app, outcome);
  add_inspect_command(app, outcome);
  add_bench_command(app, outcome);
  add_test_command(app, outcome);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const bool asked_for_help = error.get_exit_code() == 0;
    app.exit(error);
    return asked_for_help ? 0 : 2;
  } catch (const std::exception& error) {
    std::fflush(stdout);
    std::fprintf(stderr, "linnet: %s\n", error.what());
    return 1;
  }
  return outcome.status;
}

}  // namespace linnet::tools
