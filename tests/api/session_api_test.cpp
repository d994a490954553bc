// The public API: names and shapes of a model, bindings, wrong inputs, moves.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <utility>

#include "tests/api/sample_models.hpp"
#include "tests/support/tensor_difference.hpp"
#include "tests/support/test_options.hpp"

namespace linnet::test {
namespace {

/// What `body` throws: code and message.
struct Thrown {
  ErrorCode code = ErrorCode::kInternal;
  std::string message = "nothing was thrown";
};

Thrown thrown_by(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    return {error.code(), error.what()};
  }
  return {};
}

#define EXPECT_INVALID_ARGUMENT(body, expected_message)  \
  do {                                                   \
    const Thrown thrown = thrown_by([&] { body; });      \
    EXPECT_EQ(thrown.code, ErrorCode::kInvalidArgument); \
    EXPECT_EQ(thrown.message, expected_message);         \
  } while (false)

class SessionApi : public testing::Test {
 protected:
  Model model_ = load(small_network(), options_for(Backend::kAuto, 1));
  Tensor x_ = sample_tensor({4, 20});
  std::vector<Tensor> expected_ = model_.run({x_});
};

TEST_F(SessionApi, ModelNamesItsInputsAndOutputs) {
  ASSERT_EQ(model_.inputs().size(), 1U);
  const ValueInfo& x = model_.inputs()[0];
  EXPECT_EQ(x.name, "x");
  EXPECT_EQ(x.type, DataType::kFloat32);
  ASSERT_TRUE(x.has_shape);
  ASSERT_EQ(x.shape.size(), 2U);
  EXPECT_EQ(x.shape[0].value, -1);
  EXPECT_EQ(x.shape[0].name, "batch");
  EXPECT_EQ(x.shape[1].value, 20);
  ASSERT_EQ(model_.outputs().size(), 2U);
  EXPECT_EQ(model_.outputs()[0].name, "y");
  EXPECT_EQ(model_.outputs()[1].name, "hidden");
  EXPECT_EQ(model_.outputs()[1].shape[1].value, 10);
}

TEST_F(SessionApi, IndexByName) {
  EXPECT_EQ(model_.input_index("x"), 0U);
  EXPECT_EQ(model_.output_index("hidden"), 1U);
  EXPECT_INVALID_ARGUMENT(model_.input_index("image"), "there is no input \"image\"; the model has \"x\"");
  EXPECT_INVALID_ARGUMENT(model_.output_index("x"), "there is no output \"x\"; the model has \"y\", \"hidden\"");
  EXPECT_INVALID_ARGUMENT(model_.output_index(""), "there is no output \"\"; the model has \"y\", \"hidden\"");
}

TEST_F(SessionApi, WrongInputsSayWhatTheModelWants) {
  Session session = model_.session();
  const std::string wants = "input \"x\": the model wants float32 [batch,20], ";
  const Tensor narrow = sample_tensor({4, 19});
  EXPECT_INVALID_ARGUMENT(session.bind_input(0, narrow.view()), wants + "got float32 [4,19]");
  const Tensor flat = sample_tensor({20});
  EXPECT_INVALID_ARGUMENT(session.bind_input(0, flat.view()), wants + "got float32 [20]");
  const Tensor integers = Tensor::of<std::int64_t>({4, 20});
  EXPECT_INVALID_ARGUMENT(session.bind_input(0, integers.view()), wants + "got int64 [4,20]");
  ConstTensorView null = x_.view();
  null.data = nullptr;
  EXPECT_INVALID_ARGUMENT(session.bind_input(0, null), wants + "got no data (null) for shape [4,20]");
  const Shape negative = {-4, 20};
  ConstTensorView below = x_.view();
  below.shape = negative.data();
  EXPECT_INVALID_ARGUMENT(session.bind_input(0, below), wants + "got the shape [-4,20] with a negative dimension");
  ConstTensorView shapeless = x_.view();
  shapeless.shape = nullptr;
  EXPECT_INVALID_ARGUMENT(session.bind_input(0, shapeless), wants + "the view has rank 2 but no shape");
  ConstTensorView odd = x_.view();
  odd.data = static_cast<const char*>(odd.data) + 1;
  EXPECT_INVALID_ARGUMENT(session.bind_input(0, odd), wants + "the data is not aligned to its element size of 4");
  EXPECT_INVALID_ARGUMENT(session.bind_input(1, x_.view()), "input 1 does not exist: the model has 1");
}

TEST_F(SessionApi, DimensionsThatOverflowAreRefused) {
  Session session =
      load(model().input("x", DataType::kFloat32).node("Relu", {"x"}, {"y"}).output("y", DataType::kFloat32).bytes())
          .session();
  const Shape huge = {std::int64_t{1} << 40, std::int64_t{1} << 40};
  const ConstTensorView view{DataType::kFloat32, huge.data(), huge.size(), x_.data()};
  EXPECT_INVALID_ARGUMENT(session.bind_input(0, view),
                          "input \"x\": the model wants float32 of any shape, got the shape "
                          "[1099511627776,1099511627776], which needs more bytes "
                          "than 63 bits can count");
  const Shape deep(100, 1);
  const ConstTensorView nested{DataType::kFloat32, deep.data(), deep.size(), x_.data()};
  EXPECT_INVALID_ARGUMENT(session.bind_input(0, nested),
                          "input \"x\": the model wants float32 of any shape, got rank 100, the limit is 64");
}

TEST_F(SessionApi, NumberOfInputsAndOutputs) {
  EXPECT_INVALID_ARGUMENT(model_.run({}), "0 inputs given, the model wants 1");
  EXPECT_INVALID_ARGUMENT(model_.run({x_, x_}), "2 inputs given, the model wants 1");
  Session session = model_.session();
  EXPECT_INVALID_ARGUMENT(session.run({}, {}, RunOptions{}), "0 inputs given, the model wants 1");
  EXPECT_INVALID_ARGUMENT(session.run({x_.view()}, {{}, {}, {}}, RunOptions{}), "3 outputs given, the model has 2");
}

TEST_F(SessionApi, RunWithoutInputsSaysWhichIsMissing) {
  Session session = model_.session();
  EXPECT_INVALID_ARGUMENT(session.run(), "input \"x\" is not given: the model wants float32 [batch,20]");
  EXPECT_INVALID_ARGUMENT(session.prepare(), "input \"x\" is not given: the model wants float32 [batch,20]");
  EXPECT_INVALID_ARGUMENT(session.output(0), "output 0 is not there yet: run the session first");
  EXPECT_INVALID_ARGUMENT(session.output(2), "output 2 does not exist: the model has 2");
}

TEST_F(SessionApi, WrongOutputBuffers) {
  Session session = model_.session();
  Tensor small = Tensor::of<float>({4, 4});
  session.bind_input(0, x_.view());
  EXPECT_INVALID_ARGUMENT(session.bind_output(2, small.view()), "output 2 does not exist: the model has 2");
  TensorView odd = small.view();
  odd.data = static_cast<char*>(odd.data) + 1;
  EXPECT_INVALID_ARGUMENT(session.bind_output(0, odd), "output 0: the data is not aligned to its element size of 4");
  EXPECT_INVALID_ARGUMENT(session.unbind_output(2), "output 2 does not exist: the model has 2");
  session.bind_output(0, small.view());
  EXPECT_INVALID_ARGUMENT(session.run(),
                          "output \"y\" is float32 [4,5] for these inputs, the buffer bound is float32 [4,4]");
  Tensor integers = Tensor::of<std::int32_t>({4, 5});
  session.bind_output(0, integers.view());
  EXPECT_INVALID_ARGUMENT(session.run(),
                          "output \"y\" is float32 [4,5] for these inputs, the buffer bound is int32 [4,5]");
  session.unbind_output(0);
  session.run();
  EXPECT_EQ(bit_difference(session.output(0), expected_[0].view()), "");
}

TEST_F(SessionApi, BuffersThatOverlapAreRefused) {
  Session session = model_.session();
  std::vector<float> memory(100);
  const Shape y_shape = {4, 5};
  const Shape hidden_shape = {4, 10};
  session.bind_input(0, x_.view());
  session.bind_output(0, {DataType::kFloat32, y_shape.data(), 2, memory.data()});
  session.bind_output(1, {DataType::kFloat32, hidden_shape.data(), 2, memory.data() + 19});
  EXPECT_INVALID_ARGUMENT(session.run(), "the buffers of outputs \"y\" and \"hidden\" overlap");
  session.bind_output(1, {DataType::kFloat32, hidden_shape.data(), 2, memory.data() + 20});
  session.run();
  EXPECT_EQ(std::memcmp(memory.data(), expected_[0].data(), expected_[0].bytes()), 0);
  EXPECT_EQ(std::memcmp(memory.data() + 20, expected_[1].data(), expected_[1].bytes()), 0);
  session.bind_output(0, {DataType::kFloat32, y_shape.data(), 2, x_.data<float>() + 79});
  EXPECT_INVALID_ARGUMENT(session.run(), "the buffer of output \"y\" overlaps input \"x\"");
}

TEST_F(SessionApi, OutputsGoToTheCallersBuffersOrTheSessions) {
  Session session = model_.session();
  Tensor hidden = Tensor::of<float>({4, 10});
  session.run({x_.view()}, {{}, hidden.view()});
  EXPECT_EQ(session.output(1).data, hidden.data());
  EXPECT_EQ(bit_difference(hidden.view(), expected_[1].view()), "");
  EXPECT_EQ(bit_difference(session.output(0), expected_[0].view()), "");
  session.run({x_.view()}, {});
  EXPECT_NE(session.output(1).data, hidden.data());
  EXPECT_EQ(bit_difference(session.output(1), expected_[1].view()), "");
}

TEST_F(SessionApi, InputMemoryIsReadAtEveryRun) {
  Session session = model_.session();
  Tensor x = sample_tensor({4, 20}, 9);
  session.bind_input(0, x.view());
  session.run();
  EXPECT_NE(bit_difference(session.output(0), expected_[0].view()), "");
  std::memcpy(x.data(), x_.data(), x.bytes());
  session.run();
  EXPECT_EQ(bit_difference(session.output(0), expected_[0].view()), "");
}

TEST_F(SessionApi, RunsNeverChangeTheInput) {
  const Tensor before = x_;
  model_.run({x_});
  EXPECT_EQ(bit_difference(x_.view(), before.view()), "");
}

TEST_F(SessionApi, ShapesChangeFromRunToRun) {
  Session session = model_.session();
  for (const std::int64_t batch : {4, 1, 100, 0, 4}) {
    const Tensor x = sample_tensor({batch, 20});
    const std::vector<Tensor> outputs = session.run({x});
    EXPECT_EQ(outputs[0].shape(), (Shape{batch, 5}));
    EXPECT_EQ(bit_difference(outputs[1].view(), model_.run({x})[1].view()), "");
  }
}

TEST_F(SessionApi, MoreShapesThanTheProgramCacheHolds) {
  Options options = options_for(Backend::kAuto, 1);
  options.program_cache = 2;
  const Model model = load(small_network(), options);
  Session session = model.session();
  for (int round = 0; round < 3; ++round) {
    for (const std::int64_t batch : {1, 2, 3, 4}) {
      const Tensor x = sample_tensor({batch, 20});
      EXPECT_EQ(bit_difference(session.run({x})[0].view(), model_.run({x})[0].view()), "") << "batch " << batch;
    }
  }
}

TEST_F(SessionApi, WarmOutputsOfOneSessionAreNotThoseOfAnother) {
  Session a = model_.session();
  Session b = model_.session();
  const Tensor other = sample_tensor({4, 20}, 7);
  a.bind_input(0, x_.view());
  b.bind_input(0, other.view());
  a.run();
  b.run();
  EXPECT_EQ(bit_difference(a.output(0), expected_[0].view()), "");
  EXPECT_EQ(bit_difference(b.output(0), model_.run({other})[0].view()), "");
}

TEST_F(SessionApi, SessionKeepsTheModelAlive) {
  Session session = [] {
    const Model temporary = load(small_network(), options_for(Backend::kAuto, 1));
    return temporary.session();
  }();
  session.bind_input(0, x_.view());
  session.run();
  EXPECT_EQ(bit_difference(session.output(0), expected_[0].view()), "");
}

TEST_F(SessionApi, MovedSessionGoesOn) {
  Session first = model_.session();
  first.bind_input(0, x_.view());
  first.run();
  Session second = std::move(first);
  EXPECT_EQ(bit_difference(second.output(0), expected_[0].view()), "");
  Session third = load(small_network(), options_for(Backend::kReference, 1)).session();
  third = std::move(second);
  third.run();
  EXPECT_EQ(bit_difference(third.output(0), expected_[0].view()), "");
}

TEST_F(SessionApi, CopiedModelSharesEverything) {
  const Model copy = model_;
  EXPECT_EQ(copy.impl(), model_.impl());
  Model moved = Model(copy);
  moved = load(small_network(), options_for(Backend::kReference, 1));
  EXPECT_EQ(bit_difference(copy.run({x_})[0].view(), expected_[0].view()), "");
  EXPECT_EQ(difference(moved.run({x_})[0].view(), expected_[0].view(), {1e-4, 1e-6}), "");
}

TEST_F(SessionApi, BytesAreCopiedAtLoad) {
  std::string bytes = small_network();
  const Model model = load(bytes, options_for(Backend::kAuto, 1));
  std::fill(bytes.begin(), bytes.end(), '\xff');
  EXPECT_EQ(bit_difference(model.run({x_})[0].view(), expected_[0].view()), "");
}

TEST(ModelLoad, WrongArguments) {
  EXPECT_INVALID_ARGUMENT(Model::load(nullptr, 0), "no model given (null)");
  EXPECT_EQ(thrown_by([] { Model::load("no/such/model.onnx"); }).code, ErrorCode::kIo);
  Options options;
  options.threads = -1;
  EXPECT_INVALID_ARGUMENT(load(small_network(), options), "option threads is -1, expected 0 (all CPUs) to 1024");
  options.threads = 0;
  options.disabled_passes = {"fuse_everything"};
  const Thrown thrown = thrown_by([&] { load(small_network(), options); });
  EXPECT_EQ(thrown.code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(thrown.message.rfind("there is no pass \"fuse_everything\" to switch off; there are: all, ", 0), 0U)
      << thrown.message;
}

TEST(ModelLoad, MemoryBudgetThatIsTooSmall) {
  Options options = options_for(Backend::kAuto, 1);
  options.memory_budget = 100;
  const Model model = load(small_network(), options);
  const Thrown thrown = thrown_by([&] { model.run({sample_tensor({4096, 20})}); });
  EXPECT_EQ(thrown.code, ErrorCode::kLimitExceeded) << thrown.message;
  EXPECT_NE(thrown.message.find("100"), std::string::npos) << thrown.message;
}

TEST(TensorApi, OwnsZeroedAlignedMemory) {
  const Tensor tensor = Tensor::of<std::int32_t>({3, 5});
  EXPECT_EQ(tensor.type(), DataType::kInt32);
  EXPECT_EQ(tensor.count(), 15U);
  EXPECT_EQ(tensor.bytes(), 60U);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(tensor.data()) % 64, 0U);
  const auto* const values = tensor.data<std::int32_t>();
  EXPECT_TRUE(std::all_of(values, values + 15, [](std::int32_t value) { return value == 0; }));
}

TEST(TensorApi, WrongTypesAndShapes) {
  Tensor tensor = Tensor::of<float>({2});
  EXPECT_EQ(thrown_by([&] { tensor.data<double>(); }).code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(thrown_by([] { Tensor(DataType::kFloat32, {2, -1}); }).code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(thrown_by([] { Tensor(DataType::kString, {2}); }).code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(thrown_by([] { Tensor(DataType::kFloat64, {INT64_MAX, 16}); }).code, ErrorCode::kInvalidArgument);
}

TEST(TensorApi, CopiesAreDeep) {
  Tensor first = sample_tensor({7});
  Tensor second = first;
  EXPECT_EQ(bit_difference(second.view(), first.view()), "");
  second.data<float>()[0] += 1.0f;
  EXPECT_NE(bit_difference(second.view(), first.view()), "");
  first = second;
  EXPECT_EQ(bit_difference(second.view(), first.view()), "");
  const Tensor empty;
  EXPECT_EQ(empty.count(), 0U);
}

}  // namespace
}  // namespace linnet::test
