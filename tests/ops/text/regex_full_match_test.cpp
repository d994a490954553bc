#include "tests/ops/text/text_test.hpp"

namespace linnet::test {
namespace {

struct Match {
  const char* name;
  const char* pattern;
  Texts texts;
  std::vector<bool> matches;
};

TextTest matching(const char* pattern) { return TextTest("RegexFullMatch", 20).with(attribute("pattern", pattern)); }

TEST(RegexFullMatch, AllOfAText) {
  if (!LINNET_WITH_REGEX) GTEST_SKIP() << "built without RE2";
  const std::vector<Match> cases = {
      {"plain", "abc", {"abc", "abcd", "xabc", "", "ABC"}, {true, false, false, false, false}},
      {"part of it is not enough", "a+", {"aaa", "aab", "baa"}, {true, false, false}},
      {"the longer of two", "a|ab", {"a", "ab", "abb"}, {true, true, false}},
      {"empty", "", {"", "a"}, {true, false}},
      {"classes", R"([\w.]+@\w+\.(com|org))", {"a.b@c.org", "a@b.net", "@c.org"}, {true, false, false}},
      {"no line is special", "a.b", {"a\nb", "axb"}, {false, true}},
      {"letters of several bytes", "^.$", {"ä", "→", "ab", "\xff"}, {true, true, false, false}},
      {"NUL", R"(a\x00b)", {std::string("a\0b", 3), "ab"}, {true, false}},
      {"flags", "(?i)abc", {"aBC", "abd"}, {true, false}},
  };
  for (const Match& item : cases) {
    SCOPED_TRACE(item.name);
    const Shape shape{static_cast<std::int64_t>(item.texts.size())};
    std::vector<std::uint8_t> bytes(item.matches.begin(), item.matches.end());
    const Value expected(ConstTensorView{DataType::kBool, shape.data(), shape.size(), bytes.data()});
    matching(item.pattern).strings(shape, item.texts).expect(expected).run();
  }
}

TEST(RegexFullMatch, OfManyTextsAndNone) {
  if (!LINNET_WITH_REGEX) GTEST_SKIP() << "built without RE2";
  const Shape shape{40, 25};
  Texts texts;
  std::vector<std::uint8_t> matches;
  for (int i = 0; i < 1000; ++i) {
    texts.push_back(std::to_string(i));
    matches.push_back(i % 10 == 7 ? 1 : 0);
  }
  matching("[0-9]*7").strings(shape, texts).expect(Value({DataType::kBool, shape.data(), 2, matches.data()})).run();
  const Shape none{3, 0};
  matching("a").strings(none, {}).expect(Value({DataType::kBool, none.data(), 2, matches.data()})).run();
}

/// Backtracking would take longer than the age of the world.
TEST(RegexFullMatch, TakesTimeInProportionToTheText) {
  if (!LINNET_WITH_REGEX) GTEST_SKIP() << "built without RE2";
  const Shape shape{1};
  const std::uint8_t no = 0;
  matching("(a*)*b")
      .strings(shape, {std::string(100000, 'a')})
      .expect(Value({DataType::kBool, shape.data(), 1, &no}))
      .run();
}

TEST(RegexFullMatch, SaysWhatIsWrong) {
  if (!LINNET_WITH_REGEX) {
    matching("a")
        .strings({1}, {"a"})
        .refused(ErrorCode::kUnsupported,
                 "regular expressions are matched by RE2, and the module "
                 "liblinnet_regex.so was not found");
    return;
  }
  const auto refused = [](const TextTest& test, const char* words) { test.refused(ErrorCode::kInvalidModel, words); };
  refused(matching("a(").strings({1}, {"a"}), "pattern \"a(\": missing )");
  refused(matching("(?=a)").strings({1}, {"a"}), "invalid perl operator");
  refused(matching("(((a{1000}){1000}){1000})").strings({1}, {"a"}), "pattern \"(((a{1000}){1000}){1000})\": ");
  refused(TextTest("RegexFullMatch", 20).strings({1}, {"a"}), "attribute \"pattern\" is missing");
  refused(matching("a").input<float>({1}, {1}), "input X is float32, expected string");
}

}  // namespace
}  // namespace linnet::test
