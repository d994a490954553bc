// Draws a memory plan: steps across, bytes up, one named rectangle per block.
#pragma once

#include <linnet/inspect.hpp>

#include <string>

namespace linnet::tools {

std::string plan_svg(const ProgramSummary& program, const std::string& title);

}  // namespace linnet::tools
