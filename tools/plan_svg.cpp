#include "tools/plan_svg.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tools/svg_text.hpp"

namespace linnet::tools {
namespace {

// All in pixels.
constexpr double kLeft = 100.0;  ///< of the plot: the axis' numbers and title stand there
constexpr double kRight = 24.0;
constexpr double kTop = 112.0;  ///< title, two lines of facts, legend
constexpr double kHeight = 440.0;
constexpr double kLeastWidth = 760.0;  ///< of the plot
constexpr double kMostWidth = 1400.0;
constexpr double kStepWidth = 120.0;     ///< where there is room
constexpr double kLevelLabels = 76.0;    ///< least width of a step with its operator written below it
constexpr double kUprightLabels = 15.0;  ///< the same, with the operator written upwards
constexpr double kFont = 12.0;
constexpr std::size_t kColours = 8;
constexpr std::size_t kNamed = 20;  ///< values of a block that its tooltip names

// Blocks are classes c0 to c7; a viewer with a dark background gets dark colours, and either is drawn on its own
// ground.
constexpr std::string_view kStyle = R"(<style>
text { fill: #1f2328; } .soft { fill: #57606a; } .ground { fill: #ffffff; }
.grid { stroke: #d0d7de; } .axis { stroke: #57606a; } .block { stroke: #57606a; } .bound { stroke: #cf222e; }
.c0 { fill: #b6d7f5; } .c1 { fill: #ffd8a8; } .c2 { fill: #c5e8b7; } .c3 { fill: #e5c9f2; }
.c4 { fill: #fbc8cf; } .c5 { fill: #b8e6e1; } .c6 { fill: #f4e3a1; } .c7 { fill: #d3d0f7; } .scratch { fill: #dfe3e8; }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3; } .soft { fill: #9da7b3; } .ground { fill: #0d1117; }
.grid { stroke: #30363d; } .axis { stroke: #9da7b3; } .block { stroke: #9da7b3; } .bound { stroke: #ff7b72; }
.c0 { fill: #1f4b73; } .c1 { fill: #73480f; } .c2 { fill: #2f5a24; } .c3 { fill: #573069; }
.c4 { fill: #6f2a35; } .c5 { fill: #1d5a54; } .c6 { fill: #5f5115; } .c7 { fill: #3c3878; } .scratch { fill: #3a4149; }
}
</style>
)";

struct Axes {
  double width;       ///< of the plot
  double step_width;  ///< of one step
  double bytes;       ///< of the arena; at least 1

  explicit Axes(const ProgramSummary& program) {
    const double steps = static_cast<double>(std::max<std::size_t>(program.steps.size(), 1));
    width = std::clamp(steps * kStepWidth, kLeastWidth, kMostWidth);
    step_width = width / steps;
    bytes = static_cast<double>(std::max<std::size_t>(program.arena_bytes, 1));
  }
  double x(std::size_t step) const { return kLeft + static_cast<double>(step) * step_width; }
  double y(double offset) const { return kTop + kHeight * (1.0 - offset / bytes); }
  double right() const { return kLeft + width; }
};

/// `more`: further attributes, with a blank in front of each.
std::string text_at(double x, double y, const std::string& text, std::string_view more = {}) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\"{}>{}</text>\n", x, y, more, svg_escaped(text));
}

std::string line(double x1, double y1, double x2, double y2, std::string_view attributes) {
  return fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" {}/>\n", x1, y1, x2, y2,
                     attributes);
}

std::string tooltip(const std::string& text) { return "<title>" + svg_escaped(text) + "</title>"; }

/// 1, 2 or 5 times a power of ten, so that at most `most` of it are in `whole`.
double round_interval(double whole, double most) {
  const double power = std::pow(10.0, std::floor(std::log10(whole / most)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (whole / (factor * power) <= most) return factor * power;
  }
  return 10.0 * power;
}

std::string heading(const ProgramSummary& program, const std::string& title, const Axes& axes) {
  constexpr double kTitleFont = 16.0;
  const std::string begin = "Memory plan of ";
  // Bold letters are wider.
  const double room = (axes.width / 1.15) - svg_text_width(begin, kTitleFont);
  std::string svg = "<g>" + tooltip(title) +
                    text_at(kLeft, 28.0, begin + svg_fitted(title, kTitleFont, room),
                            fmt::format(" font-size=\"{}\" font-weight=\"bold\"", kTitleFont)) +
                    "</g>\n";
  const std::string facts = fmt::format(
      "One session's arena: {}. Steps: {}. Blocks: {}. Each box is memory that is held "
      "from one step to another.",
      bytes_text(program.arena_bytes), program.steps.size(), program.blocks.size());
  return svg + text_at(kLeft, 50.0, facts, " class=\"soft\"");
}

std::string legend(const ProgramSummary& program) {
  constexpr double kBox = 13.0;
  const double y = 76.0;
  double x = kLeft;
  std::string svg;
  const auto entry = [&](const std::string& mark, const std::string& text) {
    svg += mark + text_at(x + 20.0, y, text);
    x += 20.0 + svg_text_width(text, kFont) + 18.0;
  };
  const auto box = [&](std::string_view colour) {
    return fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{}\" height=\"{}\" class=\"block {}\"/>\n", x,
                       y - kBox + 2.0, kBox, kBox, colour);
  };
  entry(box("c0"), "values (colours only tell neighbours apart)");
  entry(box("scratch"), "scratch memory of one step");
  x = kLeft;
  svg += line(x, 90.0, x + 14.0, 90.0, R"(class="bound" stroke-width="2" stroke-dasharray="5 3")");
  return svg + text_at(x + 20.0, 94.0,
                       fmt::format("lower bound, {}: the most that is in use at once, so no plan needs less",
                                   bytes_text(program.arena_lower_bound_bytes)));
}

std::string bytes_axis(const ProgramSummary& program, const Axes& axes) {
  double unit = 1.0;
  while (axes.bytes / unit >= 1024.0) unit *= 1024.0;
  const double interval = unit * std::max(round_interval(axes.bytes / unit, 8.0), unit == 1.0 ? 1.0 : 0.0);
  std::string svg;
  const double end = static_cast<double>(program.arena_bytes);
  for (std::size_t tick = 0; static_cast<double>(tick) * interval <= end; ++tick) {
    const double y = axes.y(static_cast<double>(tick) * interval);
    svg += line(kLeft, y, axes.right(), y, R"(class="grid")");
    const std::string number =
        tick == 0 ? "0" : bytes_text(static_cast<std::size_t>(static_cast<double>(tick) * interval));
    svg += text_at(kLeft - 8.0, y + 4.0, number, R"( class="soft" text-anchor="end")");
    if (tick == 0 && program.arena_bytes == 0) break;
  }
  const double middle = kTop + kHeight / 2.0;
  svg += text_at(20.0, middle, "place in the arena",
                 fmt::format(R"x( text-anchor="middle" transform="rotate(-90 20 {:.1f})")x", middle));
  return svg;
}

std::string values_text(const BlockSummary& block, std::size_t most) {
  if (block.workspace) return "scratch memory";
  std::string text;
  for (std::size_t i = 0; i < std::min(block.values.size(), most); ++i) text += (i == 0 ? "" : ", ") + block.values[i];
  if (block.values.size() > most) text += fmt::format(" and {} more", grouped(block.values.size() - most));
  return text;
}

/// What fits into the block: its values, and below them its size; upwards where it is narrow and high.
std::string block_label(const BlockSummary& block, double x, double top, double width, double height) {
  constexpr double kLine = 15.0;
  constexpr double kMargin = 5.0;
  constexpr double kLeastName = 60.0;  ///< less room shows too little of a name
  const std::string size = bytes_text(block.bytes);
  const std::string values = values_text(block, kNamed);
  const bool upright =
      width < std::min(height, kLeastName + 2.0 * kMargin) && svg_text_width(values, kFont) > width - 2.0 * kMargin;
  const double along = (upright ? height : width) - 2.0 * kMargin;
  const double across = upright ? width : height;
  if (across < kLine || along < std::min(kLeastName, svg_text_width(values, kFont))) return {};
  const bool both = across >= 2.0 * kLine + 4.0 && svg_text_width(size, kFont) <= along;
  const double first = (across - (both ? 2.0 : 1.0) * kLine) / 2.0 + 11.5;
  const auto written = [&](const std::string& text, double offset, std::string_view style) {
    if (!upright) return text_at(x + kMargin, top + offset, text, style);
    const double bottom = top + height - kMargin;
    return text_at(x + offset, bottom, text,
                   fmt::format(R"x({} transform="rotate(-90 {:.1f} {:.1f})")x", style, x + offset, bottom));
  };
  std::string svg = written(svg_fitted(values, kFont, along), first, "");
  if (both) svg += written(size, first + kLine, " class=\"soft\"");
  return svg;
}

std::string blocks(const ProgramSummary& program, const Axes& axes) {
  std::string svg;
  std::size_t colour = 0;
  for (const BlockSummary& block : program.blocks) {
    const double x = axes.x(block.first_step);
    const double width = axes.x(block.last_step + 1) - x;
    const double top = axes.y(static_cast<double>(block.offset + block.bytes));
    const double height = axes.y(static_cast<double>(block.offset)) - top;
    const std::string fill = block.workspace ? "scratch" : fmt::format("c{}", colour++ % kColours);
    const std::string steps = block.first_step == block.last_step
                                  ? fmt::format("during step {}", block.first_step)
                                  : fmt::format("from step {} to {}", block.first_step, block.last_step);
    // The line around a narrow box would hide it.
    const double border = std::min({1.0, width / 8.0, height / 8.0});
    svg += "<g>" +
           tooltip(fmt::format("{}: {} bytes at {}, {}", values_text(block, kNamed), grouped(block.bytes),
                               grouped(block.offset), steps)) +
           fmt::format(
               "<rect x=\"{:.2f}\" y=\"{:.2f}\" width=\"{:.2f}\" height=\"{:.2f}\" class=\"block {}\" "
               "stroke-width=\"{:.2f}\"/>\n",
               x, top, width, height, fill, border) +
           block_label(block, x, top, width, height) + "</g>\n";
  }
  return svg;
}

/// The steps' numbers and operators below the plot, and how much room they take there.
std::string steps_axis(const ProgramSummary& program, const Axes& axes, double* height) {
  const double bottom = kTop + kHeight;
  const bool level = axes.step_width >= kLevelLabels;
  const bool upright = !level && axes.step_width >= kUprightLabels;
  constexpr double kUprightRoom = 150.0;
  const double steps = static_cast<double>(std::max<std::size_t>(program.steps.size(), 1));
  const auto interval = static_cast<std::size_t>(level || upright ? 1.0 : std::max(1.0, round_interval(steps, 20.0)));
  std::string svg;
  for (std::size_t step = 0; step < program.steps.size(); step += interval) {
    const NodeSummary& node = program.steps[step].node;
    const double x = axes.x(step);
    const double middle = x + axes.step_width / 2.0;
    svg += line(level || upright ? x : middle, bottom, level || upright ? x : middle, bottom + 5.0, R"(class="axis")");
    svg += "<g>" + tooltip(fmt::format("{} {} {}", step, node.op, node.name));
    if (level) {
      svg += text_at(middle, bottom + 17.0, std::to_string(step), R"( text-anchor="middle")");
      svg +=
          text_at(middle, bottom + 32.0, svg_fitted(node.op, kFont, axes.step_width - 6.0), R"( text-anchor="middle")");
    } else if (upright) {
      svg += text_at(
          middle + 4.0, bottom + 9.0, svg_fitted(fmt::format("{} {}", step, node.op), kFont, kUprightRoom),
          fmt::format(R"x( text-anchor="end" transform="rotate(-90 {:.1f} {:.1f})")x", middle + 4.0, bottom + 9.0));
    } else {
      svg += text_at(middle, bottom + 18.0, std::to_string(step), R"( text-anchor="middle")");
    }
    svg += "</g>\n";
  }
  *height = level ? 40.0 : upright ? kUprightRoom + 16.0 : 26.0;
  svg += text_at(kLeft + axes.width / 2.0, bottom + *height + 14.0, "step, in the order in which they run",
                 R"( text-anchor="middle")");
  *height += 28.0;
  return svg;
}

}  // namespace

std::string plan_svg(const ProgramSummary& program, const std::string& title) {
  const Axes axes(program);
  double below = 0.0;
  const std::string steps = steps_axis(program, axes, &below);
  const double width = axes.right() + kRight;
  const double height = kTop + kHeight + below;
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" viewBox=\"0 0 {0:.0f} {1:.0f}\" "
      "font-family=\"sans-serif\" font-size=\"{2}\">\n",
      width, height, kFont);
  svg += kStyle;
  svg += "<rect width=\"100%\" height=\"100%\" class=\"ground\"/>\n";
  svg += heading(program, title, axes) + legend(program) + bytes_axis(program, axes) + blocks(program, axes);
  if (program.blocks.empty()) {
    svg +=
        text_at(kLeft + axes.width / 2.0, kTop + kHeight / 2.0,
                "No step needs memory of its own: all results go to the caller's buffers.", R"( text-anchor="middle")");
  }
  const double bound = axes.y(static_cast<double>(program.arena_lower_bound_bytes));
  svg += line(kLeft, kTop, kLeft, kTop + kHeight, R"(class="axis")");
  svg += line(kLeft, kTop + kHeight, axes.right(), kTop + kHeight, R"(class="axis")");
  svg += line(kLeft, bound, axes.right(), bound, R"(class="bound" stroke-width="2" stroke-dasharray="5 3")");
  return svg + steps + "</svg>\n";
}

}  // namespace linnet::tools
