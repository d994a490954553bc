#include "tools/plan_svg.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <regex>
#include <string>
#include <vector>

#include "tools/svg_text.hpp"

namespace linnet::tools {
namespace {

/// A chain of `count` steps, each of which reads the block before its own.
ProgramSummary chain_of(std::size_t count, const std::string& name, const std::string& op) {
  ProgramSummary program;
  for (std::size_t i = 0; i < count; ++i) {
    StepSummary step;
    step.node.op = op;
    step.node.name = name + std::to_string(i);
    program.steps.push_back(step);
    BlockSummary block;
    block.values = {name + std::to_string(i)};
    block.offset = i % 2 * 65536;
    block.bytes = i % 3 == 0 ? 65536 : 1024;
    block.first_step = i;
    block.last_step = std::min(i + 1, count - 1);
    block.workspace = i % 7 == 6;
    program.blocks.push_back(block);
  }
  program.arena_bytes = 131072;
  program.arena_lower_bound_bytes = 66560;
  return program;
}

struct Text {
  double x, y;
  double font;
  std::string anchor;
  bool upright;
  std::string content;  ///< escaped

  double left() const { return anchor == "end" ? x - width() : anchor == "middle" ? x - width() / 2.0 : x; }
  double width() const { return svg_text_width(content, font); }
};

std::string attribute(const std::string& tag, const std::string& name, const std::string& otherwise) {
  std::smatch match;
  return std::regex_search(tag, match, std::regex(" " + name + "=\"([^\"]*)\"")) ? match[1].str() : otherwise;
}

std::vector<Text> texts_of(const std::string& svg) {
  std::vector<Text> texts;
  const std::regex pattern("<text([^>]*)>([^<]*)</text>");
  for (std::sregex_iterator at(svg.begin(), svg.end(), pattern), end; at != end; ++at) {
    const std::string tag = (*at)[1];
    texts.push_back({std::stod(attribute(tag, "x", "")), std::stod(attribute(tag, "y", "")),
                     std::stod(attribute(tag, "font-size", "12")), attribute(tag, "text-anchor", "start"),
                     tag.find("rotate(-90") != std::string::npos, (*at)[2]});
  }
  return texts;
}

bool says(const std::string& svg, const std::string& part) {
  const std::vector<Text> texts = texts_of(svg);
  return std::any_of(texts.begin(), texts.end(),
                     [&](const Text& text) { return text.content.find(part) != std::string::npos; });
}

/// Tags open and close in order; what lies between them has no "<" or bare "&" of its own.
void expect_well_formed(const std::string& svg) {
  std::vector<std::string> open;
  const std::regex tag("<(/?)([a-z]+)[^<>]*?(/?)>");
  for (std::sregex_iterator at(svg.begin(), svg.end(), tag), end; at != end; ++at) {
    if ((*at)[1].length() > 0) {
      ASSERT_FALSE(open.empty());
      ASSERT_EQ(open.back(), (*at)[2].str());
      open.pop_back();
    } else if ((*at)[3].length() == 0) {
      open.push_back((*at)[2]);
    }
  }
  EXPECT_TRUE(open.empty());
  EXPECT_EQ(std::count(svg.begin(), svg.end(), '<'), std::count(svg.begin(), svg.end(), '>'));
  EXPECT_FALSE(std::regex_search(svg, std::regex("&(?!(amp|lt|gt|quot);)")));
}

struct Drawing {
  const char* name;
  std::size_t steps;
  std::size_t name_length;
  const char* op;
};

class PlanSvg : public testing::TestWithParam<Drawing> {
 protected:
  std::string draw() const {
    const std::string name(GetParam().name_length, 'W');
    return plan_svg(chain_of(GetParam().steps, name, GetParam().op), name + "&<>.onnx");
  }
};

TEST_P(PlanSvg, IsWellFormed) { expect_well_formed(draw()); }

TEST_P(PlanSvg, EveryTextLiesWithinTheDrawing) {
  const std::string svg = draw();
  const double width = std::stod(attribute(svg, "width", ""));
  const double height = std::stod(attribute(svg, "height", ""));
  EXPECT_LE(width, 1600.0);
  for (const Text& text : texts_of(svg)) {
    if (text.upright) {
      // Written upwards: what runs to the left without the turn runs down with it.
      const double top = text.y - (text.anchor == "end"      ? 0.0
                                   : text.anchor == "middle" ? text.width() / 2.0
                                                             : text.width());
      EXPECT_GE(top, 0.0) << text.content;
      EXPECT_LE(top + text.width(), height) << text.content;
    } else {
      EXPECT_GE(text.left(), 0.0) << text.content;
      EXPECT_LE(text.left() + text.width(), width) << text.content;
    }
    EXPECT_LE(text.y, height) << text.content;
  }
}

TEST_P(PlanSvg, LevelTextsDoNotOverlap) {
  std::vector<Text> texts = texts_of(draw());
  texts.erase(std::remove_if(texts.begin(), texts.end(), [](const Text& text) { return text.upright; }), texts.end());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    for (std::size_t k = i + 1; k < texts.size(); ++k) {
      if (std::abs(texts[i].y - texts[k].y) >= 11.0) continue;
      const bool apart = texts[i].left() + texts[i].width() <= texts[k].left() + 1.0 ||
                         texts[k].left() + texts[k].width() <= texts[i].left() + 1.0;
      EXPECT_TRUE(apart) << texts[i].content << " | " << texts[k].content;
    }
  }
}

TEST_P(PlanSvg, ExplainsItself) {
  const std::string svg = draw();
  for (const char* part : {"Memory plan of", "place in the arena", "step, in the order", "scratch memory of one step",
                           "lower bound, 65.0 KiB", "arena: 128 KiB", "100 KiB"}) {
    EXPECT_TRUE(says(svg, part)) << part;
  }
  EXPECT_NE(svg.find("prefers-color-scheme: dark"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Tools, PlanSvg,
                         testing::Values(Drawing{"OneStep", 1, 3, "Gemm"}, Drawing{"AFew", 6, 12, "Gemm"},
                                         Drawing{"LongNames", 9, 200, "Gemm+LeakyRelu+Gemm+Tanh+Gemm+Softmax"},
                                         Drawing{"Upright", 60, 30, "LayerNormalization"},
                                         Drawing{"Many", 2000, 200, "BatchNormalization"}),
                         [](const testing::TestParamInfo<Drawing>& info) { return info.param.name; });

TEST(PlanSvg, TooltipsHaveTheWholeName) {
  const std::string name(200, 'n');
  EXPECT_NE(plan_svg(chain_of(3, name, "Gemm"), name).find("<title>" + name + "</title>"), std::string::npos);
}

TEST(PlanSvg, AnEmptyPlanSaysSo) {
  ProgramSummary program;
  const std::string svg = plan_svg(program, "model.onnx");
  expect_well_formed(svg);
  EXPECT_TRUE(says(svg, "No step needs memory of its own"));
  EXPECT_EQ(svg.find("nan"), std::string::npos);
}

TEST(SvgText, WhatXmlCannotHoldIsReplaced) {
  EXPECT_EQ(svg_escaped("a<b>&\"c\""), "a&lt;b&gt;&amp;&quot;c&quot;");
  EXPECT_EQ(svg_escaped("a\x01\n\xff z"), "a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD z");
  EXPECT_EQ(svg_escaped("\xC3\xA9\xE6\xBC\xA2\xF0\x9F\x90\xA6"), "\xC3\xA9\xE6\xBC\xA2\xF0\x9F\x90\xA6");
  EXPECT_EQ(svg_escaped("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");  // half of a surrogate pair
  EXPECT_EQ(svg_escaped("\xC0\xAF"), "\xEF\xBF\xBD\xEF\xBF\xBD");                  // longer than need be
  EXPECT_EQ(svg_escaped("\xE6\xBC"), "\xEF\xBF\xBD\xEF\xBF\xBD");                  // cut short
}

TEST(SvgText, ShortensInTheMiddle) {
  EXPECT_EQ(svg_fitted("short", 10.0, 100.0), "short");
  const std::string shortened = svg_fitted("encoder.layer.0.attention.weight", 10.0, 100.0);
  EXPECT_EQ(shortened.rfind("enco", 0), 0U) << shortened;
  EXPECT_NE(shortened.find("\xE2\x80\xA6"), std::string::npos);
  EXPECT_EQ(shortened.substr(shortened.size() - 3), "ght");
  EXPECT_LE(svg_text_width(shortened, 10.0), 100.0);
  EXPECT_EQ(svg_fitted("WWWW", 10.0, 5.0), "");
  EXPECT_EQ(svg_fitted("", 10.0, 5.0), "");
}

TEST(SvgText, BytesHaveThreeDigits) {
  EXPECT_EQ(bytes_text(0), "0 bytes");
  EXPECT_EQ(bytes_text(1), "1 byte");
  EXPECT_EQ(bytes_text(1023), "1023 bytes");
  EXPECT_EQ(bytes_text(1024), "1.00 KiB");
  EXPECT_EQ(bytes_text(1048575), "1.00 MiB");
  EXPECT_EQ(bytes_text(157286400), "150 MiB");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1234567), "1,234,567");
}

}  // namespace
}  // namespace linnet::tools
