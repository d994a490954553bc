#include "tools/commands.hpp"

int main(int argc, char** argv) { return linnet::tools::run_program(argc, argv); }
