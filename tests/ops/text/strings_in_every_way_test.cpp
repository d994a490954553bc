// Operators that move, choose or count elements, on strings of runs and of models, with passes and without.
#include "tests/ops/text/text_test.hpp"

namespace linnet::test {
namespace {

using Integers = std::vector<std::int64_t>;

const Texts kX = {"a", "", "c", "d", "é", "f"};

Value longs(const Shape& shape, const Integers& elements) { return value_of<std::int64_t>(shape, elements); }

TextTest of_x(const char* op, std::int64_t opset = 18) { return TextTest(op, opset).strings({2, 3}, kX); }

TEST(StringsInEveryWay, Movement) {
  of_x("Identity").expect_strings({2, 3}, kX).run();
  of_x("Transpose").expect_strings({3, 2}, {"a", "d", "", "é", "c", "f"}).run();
  of_x("Reshape").input(longs({2}, {3, -1})).expect_strings({3, 2}, kX).run();
  of_x("Flatten").with(attribute("axis", 0)).expect_strings({1, 6}, kX).run();
  of_x("Unsqueeze").input(longs({1}, {0})).expect_strings({1, 2, 3}, kX).run();
  TextTest("Squeeze", 18).strings({1, 2}, {"a", "b"}).input(longs({1}, {0})).expect_strings({2}, {"a", "b"}).run();
  of_x("Concat")
      .strings({2, 1}, {"x", "y"})
      .with(attribute("axis", 1))
      .expect_strings({2, 4}, {"a", "", "c", "x", "d", "é", "f", "y"})
      .run();
  of_x("Split")
      .input(longs({2}, {1, 2}))
      .with(attribute("axis", 1))
      .expect_strings({2, 1}, {"a", "d"})
      .expect_strings({2, 2}, {"", "c", "é", "f"})
      .run();
  of_x("Slice")
      .input(longs({1}, {1}))
      .input(longs({1}, {3}))
      .input(longs({1}, {1}))
      .expect_strings({2, 2}, {"", "c", "é", "f"})
      .run();
  of_x("Tile")
      .input(longs({2}, {1, 2}))
      .expect_strings({2, 6}, {"a", "", "c", "a", "", "c", "d", "é", "f", "d", "é", "f"})
      .run();
  TextTest("Expand", 18)
      .strings({2, 1}, {"a", "b"})
      .input(longs({2}, {2, 2}))
      .expect_strings({2, 2}, {"a", "a", "b", "b"})
      .run();
  of_x("Pad")
      .input(longs({4}, {0, 1, 0, 0}))
      .strings({}, {"-"})
      .expect_strings({2, 4}, {"-", "a", "", "c", "-", "d", "é", "f"})
      .run();
  of_x("Pad").input(longs({4}, {0, 1, 0, 0})).expect_strings({2, 4}, {"", "a", "", "c", "", "d", "é", "f"}).run();
  of_x("Pad")
      .with(attribute("mode", "edge"))
      .input(longs({4}, {0, 0, 0, 1}))
      .expect_strings({2, 4}, {"a", "", "c", "c", "d", "é", "f", "f"})
      .run();
  TextTest("ReverseSequence", 18)
      .strings({2, 2}, {"a", "b", "c", "d"})
      .input(longs({2}, {2, 1}))
      .expect_strings({2, 2}, {"c", "b", "a", "d"})
      .run();
  of_x("Trilu").with(attribute("upper", 0)).expect_strings({2, 3}, {"a", "", "", "d", "é", ""}).run();
  TextTest("DepthToSpace", 18)
      .strings({1, 4, 1, 1}, {"a", "b", "c", "d"})
      .with(attribute("blocksize", 2))
      .expect_strings({1, 1, 2, 2}, {"a", "b", "c", "d"})
      .run();
  TextTest("SpaceToDepth", 18)
      .strings({1, 1, 2, 2}, {"a", "b", "c", "d"})
      .with(attribute("blocksize", 2))
      .expect_strings({1, 4, 1, 1}, {"a", "b", "c", "d"})
      .run();
}

TEST(StringsInEveryWay, ByIndices) {
  of_x("Gather")
      .input(longs({2}, {2, 0}))
      .with(attribute("axis", 1))
      .expect_strings({2, 2}, {"c", "a", "f", "d"})
      .run();
  of_x("Gather").input(longs({}, {-1})).expect_strings({3}, {"d", "é", "f"}).run();
  of_x("GatherElements").input(longs({1, 3}, {1, 0, 1})).expect_strings({1, 3}, {"d", "", "f"}).run();
  of_x("GatherND").input(longs({2, 2}, {0, 0, 1, 2})).expect_strings({2}, {"a", "f"}).run();
  of_x("ScatterElements")
      .input(longs({1, 2}, {1, 0}))
      .strings({1, 2}, {"x", "y"})
      .expect_strings({2, 3}, {"a", "y", "c", "x", "é", "f"})
      .run();
  of_x("ScatterND")
      .input(longs({1, 1}, {1}))
      .strings({1, 3}, {"x", "", "z"})
      .expect_strings({2, 3}, {"a", "", "c", "x", "", "z"})
      .run();
  of_x("Compress")
      .input<bool>({3}, {true, false, true})
      .with(attribute("axis", 1))
      .expect_strings({2, 2}, {"a", "c", "d", "f"})
      .run();
  TextTest("Where", 18)
      .input<bool>({2}, {true, false})
      .strings({2}, {"a", "b"})
      .strings({}, {"-"})
      .expect_strings({2}, {"a", "-"})
      .run();
  TextTest("OneHot", 18)
      .input(longs({2}, {1, 0}))
      .input(longs({}, {2}))
      .strings({2}, {"off", "on"})
      .expect_strings({2, 2}, {"off", "on", "on", "off"})
      .run();
  TextTest("ScatterElements", 18)
      .strings({1}, {"a"})
      .input(longs({1}, {0}))
      .strings({1}, {"b"})
      .with(attribute("reduction", "add"))
      .refused(ErrorCode::kUnsupported, "strings cannot be reduced");
}

TEST(StringsInEveryWay, BitsAreNotCast) {
  for (const DataType to : {DataType::kInt64, DataType::kUint64, DataType::kFloat64}) {
    of_x("BitCast", 26)
        .with(attribute("to", static_cast<std::int64_t>(to)))
        .refused(ErrorCode::kUnsupported, "input is string, which is not supported");
  }
}

TEST(StringsInEveryWay, Constants) {
  TextTest("Constant", 13).with(attribute("value_string", "a")).expect_strings({}, {"a"}).run();
  TextTest("Constant", 13).with(attribute("value_strings", Texts{"a", ""})).expect_strings({2}, {"a", ""}).run();
  TextTest("Constant", 13).with(attribute("value", string_tensor({1, 1}, {"é"}))).expect_strings({1, 1}, {"é"}).run();
}

TEST(StringsInEveryWay, ShapesAndComparisons) {
  of_x("Shape").expect(longs({2}, {2, 3})).run();
  of_x("Size").expect(longs({}, {6})).run();
  of_x("Equal").strings({3}, {"a", "é", "c"}).expect<bool>({2, 3}, {true, false, true, false, true, false}).run();
}

TEST(StringsInEveryWay, Unique) {
  const Texts x = {"b", "a", "", "b", "é", "a"};
  const auto test = [&](std::int64_t sorted) {
    return TextTest("Unique", 11).strings({6}, x).with(attribute("sorted", sorted));
  };
  test(1)
      .expect_strings({4}, {"", "a", "b", "é"})
      .expect(longs({4}, {2, 1, 0, 4}))
      .expect(longs({6}, {2, 1, 0, 2, 3, 1}))
      .expect(longs({4}, {1, 2, 2, 1}))
      .run();
  test(0)
      .expect_strings({4}, {"b", "a", "", "é"})
      .expect(longs({4}, {0, 1, 2, 4}))
      .expect(longs({6}, {0, 1, 2, 0, 3, 1}))
      .expect(longs({4}, {2, 2, 1, 1}))
      .run();
  TextTest("Unique", 11)
      .strings({3, 2}, {"b", "x", "a", "y", "b", "x"})
      .with(attribute("axis", 0))
      .expect_strings({2, 2}, {"a", "y", "b", "x"})
      .expect(longs({2}, {1, 0}))
      .run();
  TextTest("Unique", 11)
      .strings({2, 3}, {"b", "a", "b", "x", "y", "x"})
      .with(attribute("axis", -1))
      .expect_strings({2, 2}, {"a", "b", "y", "x"})
      .run();
  TextTest("Unique", 11).strings({0}, {}).expect_strings({0}, {}).run();
  TextTest("Unique", 11)
      .strings({2, 1}, {std::string("a\0", 2), "a"})
      .expect_strings({2}, {"a", std::string("a\0", 2)})
      .run();
}

/// So many times: carried = carried + "a"; all of them in a scan output.
TEST(StringsInEveryWay, Loop) {
  Message body;
  body.bytes(2, "body");
  body.message(1, NodeSpec{"StringConcat", {"before", "a"}, {"after"}, {}, "s", {}, {}}.message());
  body.message(1, NodeSpec{"Identity", {"go_on"}, {"goes_on"}, {}, "i", {}, {}}.message());
  body.message(1, NodeSpec{"Identity", {"after"}, {"each"}, {}, "e", {}, {}}.message());
  body.message(11, value_info("iteration", DataType::kInt64, {}));
  body.message(11, value_info("go_on", DataType::kBool, {}));
  body.message(11, value_info("before", DataType::kString, {1}));
  for (const char* const output : {"goes_on", "after", "each"}) body.message(12, Message().bytes(1, output));
  ModelWriter writer = model();
  writer.opset(20).input("x", DataType::kString, {1}).input("count", DataType::kInt64, {});
  writer.initializer("a", string_tensor({}, {"a"}));
  writer.node("Loop", {"count", "", "x"}, {"y", "all"}, {graph_attribute("body", body)}).output("y").output("all");
  Texts all;
  std::string last = "x";
  for (std::int64_t count = 0; count <= 5; ++count) {
    SCOPED_TRACE(count);
    const std::vector<Value> made = run_model(writer, {Value::strings({1}, {"x"}), longs({}, {count})});
    expect_same(made[0], Value::strings({1}, {last}));
    expect_same(made[1], Value::strings({count, 1}, all));
    last += "a";
    all.push_back(last);
  }
}

/// The rows of numbers as texts, put together as columns and in the other order.
TEST(StringsInEveryWay, Scan) {
  Message body;
  body.bytes(2, "body");
  body.message(1, NodeSpec{"Cast", {"row"}, {"text"}, {attribute("to", 8)}, "c", {}, {}}.message());
  body.message(11, value_info("row", DataType::kInt64, {2})).message(12, Message().bytes(1, "text"));
  ModelWriter writer = model();
  writer.input("x", DataType::kInt64, {3, 2});
  writer.node("Scan", {"x"}, {"y"},
              {graph_attribute("body", body), attribute("num_scan_inputs", 1),
               attribute("scan_output_axes", Integers{1}), attribute("scan_output_directions", Integers{1})});
  const std::vector<Value> made = run_model(writer.output("y"), {longs({3, 2}, {1, 2, 3, 4, 5, 6})});
  expect_same(made[0], Value::strings({2, 3}, {"5", "3", "1", "6", "4", "2"}));
}

}  // namespace
}  // namespace linnet::test
