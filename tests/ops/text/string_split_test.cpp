#include "tests/ops/text/text_test.hpp"

namespace linnet::test {
namespace {

struct Split {
  const char* name;
  std::string text;
  const char* delimiter;  ///< null: left out
  std::int64_t maxsplit;  ///< kLeftOut: left out
  Texts parts;
};
constexpr std::int64_t kLeftOut = INT64_MIN;

TextTest split(const char* delimiter, std::int64_t maxsplit) {
  TextTest test("StringSplit", 20);
  if (delimiter != nullptr) test.with(attribute("delimiter", delimiter));
  if (maxsplit != kLeftOut) test.with(attribute("maxsplit", maxsplit));
  return test;
}

TEST(StringSplit, OneText) {
  const std::vector<Split> cases = {
      {"words", "a bc  d", nullptr, kLeftOut, {"a", "bc", "d"}},
      {"empty delimiter", "a\t\n\v\f\rb", "", kLeftOut, {"a", "b"}},
      {"space around", "  a b ", nullptr, kLeftOut, {"a", "b"}},
      {"only space", " \t ", nullptr, kLeftOut, {}},
      {"nothing", "", nullptr, kLeftOut, {}},
      {"nothing to cut", "", ",", kLeftOut, {""}},
      {"no cut", "abc", ",", kLeftOut, {"abc"}},
      {"delimiters", ",a,,b,", ",", kLeftOut, {"", "a", "", "b", ""}},
      {"long delimiter", "aXXXbXXc", "XX", kLeftOut, {"a", "Xb", "c"}},
      {"delimiter of space", " a  b", " ", kLeftOut, {"", "a", "", "b"}},
      {"one cut", "a,b,c", ",", 1, {"a", "b,c"}},
      {"no cuts", "a,b", ",", 0, {"a,b"}},
      {"as many as wanted", "a,b,c", ",", 2, {"a", "b", "c"}},
      {"more than there are", "a,b", ",", INT64_MAX, {"a", "b"}},
      {"no limit", "a,b,c", ",", -1, {"a", "b", "c"}},
      {"no limit, far below", "a,b,c", ",", INT64_MIN + 1, {"a", "b", "c"}},
      {"words, one cut", " a  b  c ", nullptr, 1, {"a", "b  c"}},
      {"words, no cuts", " a b ", nullptr, 0, {"a b"}},
      {"words, two cuts", "a b ", nullptr, 2, {"a", "b"}},
      {"NUL", std::string("a\0b,\0", 5), ",", kLeftOut, {std::string("a\0b", 3), std::string("\0", 1)}},
      {"no UTF-8", "\xff,\xc3", ",", kLeftOut, {"\xff", "\xc3"}},
      {"UTF-8", "ä→ö", "→", kLeftOut, {"ä", "ö"}},
  };
  for (const Split& item : cases) {
    SCOPED_TRACE(item.name);
    const auto count = static_cast<std::int64_t>(item.parts.size());
    split(item.delimiter, item.maxsplit)
        .strings({1}, {item.text})
        .expect_strings({1, count}, item.parts)
        .expect<std::int64_t>({1}, {count})
        .run();
  }
}

TEST(StringSplit, TextsOfOtherLengths) {
  split(",", kLeftOut)
      .strings({2, 2}, {"a", "b,c", "", "d,e,f"})
      .expect_strings({2, 2, 3}, {"a", "", "", "b", "c", "", "", "", "", "d", "e", "f"})
      .expect<std::int64_t>({2, 2}, {1, 2, 1, 3})
      .run();
  split(nullptr, 1).strings({}, {"a b c"}).expect_strings({2}, {"a", "b c"}).expect<std::int64_t>({}, {2}).run();
  split(",", kLeftOut).strings({0}, {}).expect_strings({0, 0}, {}).expect<std::int64_t>({0}, {}).run();
  split(",", kLeftOut).strings({2}, {"a,b", "c"}).expect_strings({2, 2}, {"a", "b", "c", ""}).run();
}

/// What was longer in the run before leaves nothing behind.
TEST(StringSplit, RunsAgain) {
  const std::string bytes = model()
                                .opset(20)
                                .input("x", DataType::kString, {"n"})
                                .node("StringSplit", {"x"}, {"y", "z"}, {attribute("delimiter", ",")})
                                .output("y")
                                .output("z")
                                .bytes();
  const Model loaded = Model::load(bytes.data(), bytes.size());
  Session session = loaded.session();
  const auto run = [&](const Texts& texts) {
    return run_values(session, {Value::strings({static_cast<std::int64_t>(texts.size())}, texts)});
  };
  EXPECT_EQ(run({"a,b,c", "d"})[0].strings(), (Texts{"a", "b", "c", "d", "", ""}));
  EXPECT_EQ(run({"d", "a,b,c"})[0].strings(), (Texts{"d", "", "", "a", "b", "c"}));
  EXPECT_EQ(run({"d"})[0].strings(), (Texts{"d"}));
}

TEST(StringSplit, Refusals) {
  TextTest("StringSplit", 20).input<float>({1}, {1}).refused(ErrorCode::kInvalidModel, "input X is float32");
}

}  // namespace
}  // namespace linnet::test
