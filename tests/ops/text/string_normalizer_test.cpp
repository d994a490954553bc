#include <clocale>

#include "tests/ops/text/text_test.hpp"

namespace linnet::test {
namespace {

struct Case {
  const char* name;
  const char* action;  ///< null: left out
  int case_sensitive;
  Texts stopwords;
  Texts x;
  Texts y;
};

TextTest normalizer(const Case& item) {
  TextTest test("StringNormalizer", 10);
  if (item.action != nullptr) test.with(attribute("case_change_action", item.action));
  if (item.case_sensitive != 0) test.with(attribute("is_case_sensitive", item.case_sensitive));
  if (!item.stopwords.empty()) test.with(attribute("stopwords", item.stopwords));
  return test;
}

TEST(StringNormalizer, Cases) {
  const std::vector<Case> cases = {
      {"as they are", nullptr, 0, {}, {"Mon", "", "tue"}, {"Mon", "", "tue"}},
      {"nothing", "NONE", 1, {}, {}, {""}},
      {"stop words", "NONE", 1, {"mon", "wed"}, {"Mon", "mon", "tue", "wed"}, {"Mon", "tue"}},
      {"in any case", "NONE", 0, {"MON", "wed"}, {"Mon", "mon", "tue", "Wed"}, {"tue"}},
      {"none is left", "UPPER", 0, {"mon"}, {"Mon", "MON"}, {""}},
      {"then in lower case", "LOWER", 1, {"mon"}, {"MON", "mon", "TUE"}, {"mon", "tue"}},
      {"then in upper case", "UPPER", 1, {"MON"}, {"MON", "mon", "tue"}, {"MON", "TUE"}},
      {"two bytes", "UPPER", 1, {}, {"äéñ", "ж", "ß", "ÿ"}, {"ÄÉÑ", "Ж", "ß", "Ÿ"}},
      {"lower", "LOWER", 1, {}, {"ÄÉÑ", "Ж", "Σ", "İi"}, {"äéñ", "ж", "σ", "ii"}},
      {"three and four bytes", "LOWER", 1, {}, {"Ẁ", "𐐀"}, {"ẁ", "𐐨"}},
      {"stop words of letters", "NONE", 0, {"ÄÖ"}, {"äö", "Äö", "a"}, {"a"}},
      {"no letters", "UPPER", 1, {}, {"1+1", "→日本"}, {"1+1", "→日本"}},
      {"no UTF-8",
       "UPPER",
       1,
       {},
       {"a\xff\xc3", "\xc0\x80z", "\xed\xa0\x80", "\xf4\x90\x80\x80"},
       {"A\xff\xc3", "\xc0\x80Z", "\xed\xa0\x80", "\xf4\x90\x80\x80"}},
      {"NUL",
       "UPPER",
       0,
       {"x"},
       {std::string("a\0b", 3), std::string("x\0", 2)},
       {std::string("A\0B", 3), std::string("X\0", 2)}},
      {"twice", "NONE", 1, {"a", "a"}, {"a", "b", "b"}, {"b", "b"}},
  };
  for (const Case& item : cases) {
    SCOPED_TRACE(item.name);
    const auto x = static_cast<std::int64_t>(item.x.size());
    const auto y = static_cast<std::int64_t>(item.y.size());
    normalizer(item).strings({x}, item.x).expect_strings({y}, item.y).run();
    normalizer(item).strings({1, x}, item.x).expect_strings({1, y}, item.y).run();
  }
}

TEST(StringNormalizer, Locales) {
  const std::string before = std::setlocale(LC_ALL, nullptr);
  for (const char* const locale : {"en_US", "en-US", "C", "de_DE.UTF-8", "fr_FR.utf8@euro", "ja", ""}) {
    TextTest("StringNormalizer", 10)
        .with(attribute("locale", locale))
        .with(attribute("case_change_action", "UPPER"))
        .strings({1}, {"äi"})
        .expect_strings({1}, {"ÄI"})
        .run();
  }
  EXPECT_EQ(before, std::setlocale(LC_ALL, nullptr));
  const auto refused = [](const char* locale, const char* words) {
    TextTest("StringNormalizer", 10)
        .with(attribute("locale", locale))
        .with(attribute("case_change_action", "LOWER"))
        .strings({1}, {"a"})
        .refused(ErrorCode::kUnsupported, words);
  };
  refused("tr_TR", "locale \"tr_TR\": the dotless i of Turkic languages is not supported");
  refused("az", "the dotless i");
  refused("de_DE.ISO-8859-1", "locale \"de_DE.ISO-8859-1\" has an encoding that is not UTF-8");
  refused("de_DE.ISO-8859-1@euro", "an encoding that is not UTF-8");
  // Where no letter is looked at, it has no effect.
  TextTest("StringNormalizer", 10)
      .with(attribute("locale", "tr_TR"))
      .with(attribute("is_case_sensitive", 1))
      .with(attribute("stopwords", Texts{"i"}))
      .strings({2}, {"i", "I"})
      .expect_strings({1}, {"I"})
      .run();
}

TEST(StringNormalizer, Refusals) {
  TextTest("StringNormalizer", 10)
      .strings({2, 1}, {"a", "b"})
      .refused(ErrorCode::kInvalidModel, "input X has the shape [2,1], expected [C] or [1,C]");
  TextTest("StringNormalizer", 10).strings({}, {"a"}).refused(ErrorCode::kInvalidModel, "input X has the shape []");
  TextTest("StringNormalizer", 10).input<float>({1}, {1}).refused(ErrorCode::kInvalidModel, "input X is float32");
  TextTest("StringNormalizer", 10)
      .with(attribute("case_change_action", "TITLE"))
      .strings({1}, {"a"})
      .refused(ErrorCode::kInvalidModel, "case_change_action is \"TITLE\", expected one of NONE, LOWER, UPPER");
}

}  // namespace
}  // namespace linnet::test
