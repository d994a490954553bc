#include "tests/ops/text/text_test.hpp"

namespace linnet::test {
namespace {

TEST(StringConcat, Broadcasts) {
  TextTest("StringConcat", 20).strings({2}, {"a", ""}).strings({2}, {"b", "c"}).expect_strings({2}, {"ab", "c"}).run();
  TextTest("StringConcat", 20).strings({}, {"a"}).strings({}, {"b"}).expect_strings({}, {"ab"}).run();
  TextTest("StringConcat", 20).strings({2}, {"a", "b"}).strings({}, {"-"}).expect_strings({2}, {"a-", "b-"}).run();
  TextTest("StringConcat", 20)
      .strings({2, 1}, {"a", "b"})
      .strings({3}, {"1", "2", "3"})
      .expect_strings({2, 3}, {"a1", "a2", "a3", "b1", "b2", "b3"})
      .run();
  TextTest("StringConcat", 20).strings({0}, {}).strings({1}, {"x"}).expect_strings({0}, {}).run();
  const std::string odd("\0\xff", 2);
  TextTest("StringConcat", 20).strings({1}, {odd}).strings({1}, {"\xc3"}).expect_strings({1}, {odd + "\xc3"}).run();
}

TEST(StringConcat, Refusals) {
  TextTest("StringConcat", 20)
      .strings({1}, {"a"})
      .input<float>({1}, {1})
      .refused(ErrorCode::kInvalidModel, "input Y is float32, expected string");
  TextTest("StringConcat", 20)
      .input<std::int64_t>({1}, {1})
      .strings({1}, {"a"})
      .refused(ErrorCode::kInvalidModel, "input X is int64, expected string");
  TextTest("StringConcat", 20)
      .strings({2}, {"a", "b"})
      .strings({3}, {"", "", ""})
      .refused(ErrorCode::kInvalidModel, "[2]");
  TextTest("StringConcat", 19)
      .strings({1}, {"a"})
      .strings({1}, {"a"})
      .refused(ErrorCode::kUnsupported, "the operator exists from opset 20");
}

}  // namespace
}  // namespace linnet::test
