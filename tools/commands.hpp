// The commands of `linnet`. Each adds its options to the application and, when chosen, runs; errors are thrown.
#pragma once

#include <CLI/CLI.hpp>

namespace linnet::tools {

/// Set by the command that ran; the program's exit status.
struct Outcome {
  int status = 0;
};

void add_run_command(CLI::App& app, Outcome& outcome);
void add_inspect_command(CLI::App& app, Outcome& outcome);
void add_check_command(CLI::App& app, Outcome& outcome);
void add_bench_command(CLI::App& app, Outcome& outcome);
void add_test_command(CLI::App& app, Outcome& outcome);

/// The whole program: parses, runs, prints errors to stderr. 0: success, 1: an error, 2: wrong usage.
int run_program(int argc, const char* const* argv);

}  // namespace linnet::tools
