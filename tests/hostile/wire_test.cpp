// Files that are no models, or damaged ones (section W of the list of hostile models).
#include "tests/hostile/refusal.hpp"

namespace linnet::test {
namespace {

TEST(HostileWire, IsRefused) {
  std::string groups;
  for (int i = 0; i < 100000; ++i) groups += Message().tag(31, 3).str();
  ModelWriter wrong_type = relu_model();
  wrong_type.graph().integer(1, 5);
  expect_all_refused({
      {"empty file", "", {"the model is empty (0 bytes)"}},
      {"text", "This is not a model.\n", {"it seems to be a text: \"This is not a model.\""}},
      {"no graph", model().bytes(true), {"the model has no graph"}},
      {"git lfs pointer", "version https://git-lfs.github.com/spec/v1\n", {"it seems to be a Git LFS pointer"}},
      {"length past the end",
       Message().integer(1, 8).tag(7, 2).raw_varint(1000).str(),
       {"ModelProto.graph at byte 2: 1000 bytes should follow, but 0 are left"}},
      {"length 2^63",
       Message().tag(7, 2).raw_varint(std::uint64_t{1} << 63).str(),
       {"9223372036854775808 bytes should follow"}},
      {"length 2^64 - 1",
       Message().tag(7, 2).raw_varint(UINT64_MAX).str(),
       {"18446744073709551615 bytes should follow"}},
      {"long varint",
       Message().tag(1, 0).raw(std::string(11, '\xff')).str(),
       {"ModelProto.ir_version at byte 0: a number is longer than 10 bytes"}},
      {"nested groups", groups, {"groups are nested more than 64 deep"}},
      {"group never ends", relu_model().bytes() + Message().tag(31, 3).str(), {"a group never ends"}},
      {"group never began", relu_model().bytes() + Message().tag(31, 4).str(), {"a group ends that never began"}},
      {"wrong wire type", wrong_type.bytes(), {"GraphProto.node at byte", "wire type 0, which it cannot have"}},
      {"garbage behind the model",
       relu_model().bytes() + "\xff\xff\xff",
       {"ModelProto.tag at byte", "the file ends in the middle of a number"}},
  });
}

TEST(HostileWire, UnknownFieldsAreTaken) {
  const std::string extra =
      Message().integer(1000, 1).float64(1001, 2).bytes(1002, "x").tag(1003, 3).integer(1, 1).tag(1003, 4).str();
  ModelWriter writer = relu_model();
  writer.graph().raw(extra);
  EXPECT_EQ(accept(writer.bytes() + extra).inputs().size(), 1u);
}

TEST(HostileWire, PackedAndUnpackedDimsAreTheSame) {
  const std::string data = bytes_of<float>({1, 2, 3, 4, 5, 6});
  const Message packed = Message().packed(1, {2, 3}).varint(2, 1).bytes(9, data);
  EXPECT_EQ(accept(with_initializer(packed)).outputs()[0].shape[1].value, 3);
  EXPECT_EQ(accept(with_initializer(raw_tensor(DataType::kFloat32, {2, 3}, data))).outputs()[0].shape[1].value, 3);
}

/// Protobuf's rule: two pieces of one message are one message.
TEST(HostileWire, TwoGraphsAreMerged) {
  const Message second = Message()
                             .message(1, NodeSpec{"Relu", {"y"}, {"z"}, {}, {}, {}, {}}.message())
                             .message(12, Message().bytes(1, "z"));
  const Model merged = accept(relu_model().bytes() + Message().message(7, second).str());
  ASSERT_EQ(merged.outputs().size(), 2u);
  EXPECT_EQ(merged.outputs()[1].name, "z");
}

TEST(HostileWire, NamesAreBytes) {
  const std::string names[] = {std::string("nul\0here", 8), "\xff\xfe", std::string(1 << 20, 'n'), "new\nline"};
  for (const std::string& name : names) {
    const Model loaded =
        accept(model().input(name, DataType::kFloat32, {1}).node("Relu", {name}, {"y"}, {}, name).output("y").bytes());
    EXPECT_EQ(loaded.inputs()[0].name, name);
    // Nothing of it reaches a message unescaped or whole.
    try {
      accept(model().node("Relu", {name}, {"y"}, {}, name).output("y").bytes());
      ADD_FAILURE() << "was not refused";
    } catch (const Error& error) {
      const std::string message = error.what();
      EXPECT_LT(message.size(), 1000u);
      EXPECT_EQ(message.find('\n'), std::string::npos);
      EXPECT_EQ(message.find('\0'), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace linnet::test
