// Draws a memory plan: steps across, bytes up, one named box per block.
#pragma once

#include <linnet/inspect.hpp>

#include <string>

namespace linnet::tools {

/// An SVG document. Every text fits its place, shortened around an ellipsis where it must be; tooltips have the whole
/// of it. The drawing is as wide for 2,000 steps as for a dozen, and has colours for light and for dark backgrounds.
/// title: the model's name.
std::string plan_svg(const ProgramSummary& program, const std::string& title);

}  // namespace linnet::tools
