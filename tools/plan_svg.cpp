#include "tools/plan_svg.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace linnet::tools {
namespace {

constexpr double kLeft = 80.0;
constexpr double kTop = 40.0;
constexpr double kHeight = 420.0;
constexpr double kBottom = 40.0;

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
    }
  }
  return out;
}

std::string label_of(const BlockSummary& block) {
  if (block.workspace) return "workspace";
  std::string label;
  for (const std::string& value : block.values) label += (label.empty() ? "" : ", ") + value;
  return label;
}

}  // namespace

std::string plan_svg(const ProgramSummary& program, const std::string& title) {
  const double steps = static_cast<double>(std::max<std::size_t>(program.steps.size(), 1));
  const double step_width = std::clamp(900.0 / steps, 4.0, 120.0);
  const double width = kLeft + steps * step_width + 20.0;
  const double bytes = static_cast<double>(std::max<std::size_t>(program.arena_bytes, 1));
  const auto y_of = [&](double offset) { return kTop + kHeight * (1.0 - offset / bytes); };
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" viewBox=\"0 0 {0:.0f} {1:.0f}\" "
      "font-family=\"sans-serif\" font-size=\"11\">\n"
      "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n<text x=\"{2}\" y=\"20\" font-size=\"13\">{3}: arena {4} "
      "bytes, lower bound {5}</text>\n",
      width, kTop + kHeight + kBottom, kLeft, escaped(title), program.arena_bytes, program.arena_lower_bound_bytes);
  for (std::size_t i = 0; i < program.blocks.size(); ++i) {
    const BlockSummary& block = program.blocks[i];
    const double x = kLeft + static_cast<double>(block.first_step) * step_width;
    const double block_width = static_cast<double>(block.last_step - block.first_step + 1) * step_width;
    const double top = y_of(static_cast<double>(block.offset + block.bytes));
    const double block_height = kHeight * static_cast<double>(block.bytes) / bytes;
    const std::string fill = block.workspace ? "#dddddd" : fmt::format("hsl({},55%,78%)", i * 47 % 360);
    const std::string label = escaped(label_of(block));
    svg += fmt::format(
        "<g><title>{}: {} bytes at {}, steps {} to {}</title><rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" "
        "height=\"{:.1f}\" fill=\"{}\" stroke=\"#444\"/>\n"
        "<svg x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\"><text x=\"3\" "
        "y=\"{:.1f}\">{}</text></svg></g>\n",
        label, block.bytes, block.offset, block.first_step, block.last_step, x, top, block_width, block_height, fill, x,
        top, block_width, block_height, std::min(block_height / 2.0 + 4.0, 14.0), label);
  }
  const double bound = y_of(static_cast<double>(program.arena_lower_bound_bytes));
  svg += fmt::format(
      "<line x1=\"{0}\" x2=\"{1:.1f}\" y1=\"{2:.1f}\" y2=\"{2:.1f}\" stroke=\"red\" stroke-dasharray=\"5 4\"/>\n",
      kLeft, width - 20.0, bound);
  svg += fmt::format(
      "<text x=\"{0}\" y=\"{1:.1f}\" text-anchor=\"end\">{2}</text><text x=\"{0}\" y=\"{3:.1f}\" "
      "text-anchor=\"end\">0</text>\n",
      kLeft - 6.0, kTop + 10.0, program.arena_bytes, kTop + kHeight);
  for (std::size_t step = 0; step < program.steps.size(); ++step) {
    if (step_width < 30.0 && step % 10 != 0) continue;
    const std::string label =
        step_width < 30.0 ? std::to_string(step) : fmt::format("{} {}", step, program.steps[step].node.op);
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n",
                       kLeft + static_cast<double>(step) * step_width + 2.0, kTop + kHeight + 16.0, escaped(label));
  }
  return svg + "</svg>\n";
}

}  // namespace linnet::tools
