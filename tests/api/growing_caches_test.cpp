// Caches that a session carries over grow where they lie. Expected values are what the same model gives on caches fed
// by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/api/cached_attention.hpp"
#include "tests/support/allocation_counter.hpp"

namespace linnet::test {
namespace {

using testing::HasSubstr;

/// [1, past, 2] with x [1, tokens, 2] behind it along axis 1, and what `more` adds.
ModelWriter joined(std::int64_t batch = 1) {
  return model()
      .input("past", DataType::kFloat32, {batch, "past", 2})
      .input("x", DataType::kFloat32, {batch, "tokens", 2})
      .node("Concat", {"past", "x"}, {"present"}, {attribute("axis", -2)});
}

/// Runs the model on pieces of 1 to 3, in one session that carries the cache over and by hand, and compares all
/// outputs. Returns at how many places the cache lay.
std::size_t places_of(const ModelWriter& writer, std::int64_t batch, std::size_t cache_output = 0) {
  const Model model = load(writer.bytes(), options_for(Backend::kAuto, 1));
  Session session = model.session();
  session.carry("present", "past");
  Tensor past = Tensor::of<float>({batch, 0, 2});
  std::set<const void*> places;
  for (std::uint32_t i = 0; i < 100; ++i) {
    const Tensor x = sample_tensor({batch, 1 + i % 3, 2}, i);
    session.bind_input(1, x.view());
    session.run();
    const std::vector<Tensor> expected = model.run({past, x});
    for (std::size_t k = 0; k < expected.size(); ++k)
      EXPECT_TRUE(same_bits(session.output(k), expected[k])) << "output " << k << " of run " << i;
    past = expected[cache_output];
    places.insert(session.output(cache_output).data);
  }
  return places.size();
}

TEST(GrowingCaches, StayWhereTheyAre) {
  // Memory for half more at a time: 200 elements are reached in 14 steps.
  EXPECT_LT(places_of(joined().output("present", DataType::kFloat32, {1, "total", 2}), 1), 20U);
}

TEST(GrowingCaches, GiveWhatCachesFedByHandGive) {
  for (const Backend backend : {Backend::kAuto, Backend::kReference}) {
    for (const int threads : {1, 2}) {
      const Model model = load(attention().bytes(), options_for(backend, threads));
      Session session = carrying(model);
      for (const std::int64_t batch : {1, 3}) {
        ByHand by_hand(model, batch);
        step_beside(session, by_hand, tokens(batch, 17, 1));
        for (std::uint32_t i = 0; i < 150; ++i) step_beside(session, by_hand, tokens(batch, i % 9 == 0 ? 4 : 1, i));
        step_beside(session, by_hand, tokens(batch, 300, 2));  // more than there is room for
        step_beside(session, by_hand, tokens(batch, 1, 3));
        session.reset();
      }
    }
  }
}

TEST(GrowingCaches, AreRightWhoeverReadsThem) {
  // With two pieces, nothing may lie between the elements that Neg reads: the cache is made anew in every run.
  for (const std::int64_t batch : {1, 2}) {
    places_of(joined(batch)
                  .node("Neg", {"present"}, {"y"})
                  .output("present", DataType::kFloat32, {batch, "total", 2})
                  .output("y", DataType::kFloat32, {batch, "total", 2}),
              batch);
    // A second output shows the same bytes, in another shape.
    places_of(joined(batch)
                  .initializer<std::int64_t>("flat", {1}, {-1})
                  .node("Reshape", {"present", "flat"}, {"y"})
                  .output("y", DataType::kFloat32, {"elements"})
                  .output("present", DataType::kFloat32, {batch, "total", 2}),
              batch, 1);
    // Another node appends to the result, along the same axis and along others.
    for (const std::int64_t axis : {0, 1, 2}) {
      const Shape beside = {axis == 0 ? 1 : batch, 1, axis == 2 ? 3 : 2};
      ModelWriter writer = joined(batch).output("present", DataType::kFloat32, {batch, "total", 2});
      if (axis == 1) {
        writer.initializer<float>("more", beside, std::vector<float>(static_cast<std::size_t>(2 * batch), 0.5F));
      } else {
        const std::int64_t count = axis == 0 ? 1 : batch;
        writer.node("Slice", {"x", "from", "to", "first"}, {"one"})
            .initializer<std::int64_t>("from", {1}, {0})
            .initializer<std::int64_t>("to", {1}, {count})
            .initializer<std::int64_t>("first", {1}, {0})
            .node("ReduceSum", {"one", "second"}, {"row"}, {attribute("keepdims", 1)})
            .initializer<std::int64_t>("second", {1}, {1})
            .node("Shape", {"present"}, {"shape"})
            .node("Slice", {"shape", "second", "third", "first"}, {"length"})
            .initializer<std::int64_t>("third", {1}, {2})
            .initializer<std::int64_t>("head", {1}, {count})
            .initializer<std::int64_t>("tail", {1}, {2})
            .node("Concat", {"head", "length", "tail"}, {"wide"}, {attribute("axis", 0)})
            .node("Expand", {"row", "wide"}, {"more"});
      }
      places_of(writer.node("Concat", {"present", "more"}, {"y"}, {attribute("axis", axis)})
                    .output("y", DataType::kFloat32, {"a", "b", "c"}),
                batch);
    }
    // The input has another reader.
    places_of(joined(batch)
                  .node("Neg", {"past"}, {"y"})
                  .output("present", DataType::kFloat32, {batch, "total", 2})
                  .output("y", DataType::kFloat32, {batch, "past", 2}),
              batch);
  }
}

TEST(GrowingCaches, ReachBuffersOfTheCaller) {
  const Model model = load_attention();
  Session session = carrying(model);
  ByHand by_hand(model, 2);
  for (std::uint32_t i = 0; i < 12; ++i) {
    const Tensor x = tokens(2, 1, i);
    const Tensor mask = mask_of(by_hand.length() + 1);
    const std::vector<Tensor>& expected = by_hand.run(x);
    Tensor key = Tensor::of<float>(expected[1].shape());
    const bool bound = i % 4 >= 2;
    session.bind_input(kMask, mask.view());
    session.bind_input(kX, x.view());
    if (bound) {
      session.bind_output(1, key.view());
    } else {
      session.unbind_output(1);
    }
    session.run();
    for (std::size_t k = 0; k < expected.size(); ++k) EXPECT_TRUE(same_bits(session.output(k), expected[k])) << i;
    if (bound) {
      EXPECT_TRUE(same_bits(key.view(), expected[1])) << i;
    }
  }
  const Tensor x = tokens(2, 1, 50);
  const Tensor mask = mask_of(by_hand.length() + 1);
  Tensor shorter = Tensor::of<float>({2, kHeads, 1, kDepth});
  session.bind_output(1, shorter.view());
  EXPECT_THAT(refused([&] {
                session.run(std::vector<ConstTensorView>{mask.view(), x.view()}, {{}, shorter.view()});
              }),
              HasSubstr("output \"present.0.key\" is float32 [2,2,13,4] for these inputs, the buffer bound is"));
  session.unbind_output(1);
  step_beside(session, by_hand, x);
}

TEST(GrowingCaches, AreAsTheyWereAfterARunThatFails) {
  const Model model = load_attention();
  Session session = carrying(model);
  ByHand by_hand(model, 1);
  for (std::uint32_t i = 0; i < 10; ++i) {
    step_beside(session, by_hand, tokens(1, 1, i));
    EXPECT_THROW(step(session, tokens(1, 40, 2), by_hand.length() + 7), Error);  // a mask that does not fit
    CancelToken token;
    token.cancel();
    RunOptions options;
    options.cancel = &token;
    const Tensor x = tokens(1, 30, i);
    const Tensor mask = mask_of(by_hand.length() + 30);
    session.bind_input(kMask, mask.view());
    session.bind_input(kX, x.view());
    EXPECT_THROW(session.run(options), Error);
  }
}

TEST(GrowingCaches, BeginAnewWithWhatIsBound) {
  const Model model = load_attention();
  Session session = carrying(model);
  ByHand by_hand(model, 1);
  for (std::uint32_t i = 0; i < 5; ++i) step_beside(session, by_hand, tokens(1, 1, i));
  const Tensor key = by_hand.key();
  for (std::uint32_t i = 5; i < 10; ++i) step_beside(session, by_hand, tokens(1, 2, i));
  ByHand other(model, 1);
  other.run(tokens(1, 15, 1));
  session.bind_input(kPastKey, other.key().view());  // as long as the values, which stay
  const Tensor x = tokens(1, 1, 20);
  const Tensor mask = mask_of(16);
  const std::vector<Tensor> expected = model.run({other.key(), mask, x, by_hand.value()});
  step(session, x, 15);
  for (std::size_t k = 0; k < expected.size(); ++k) EXPECT_TRUE(same_bits(session.output(k), expected[k])) << k;
}

TEST(GrowingCaches, AllocateNothingMoreAfterAReset) {
  const Model model =
      load(joined().output("present", DataType::kFloat32, {1, "total", 2}).bytes(), options_for(Backend::kAuto, 1));
  Session session = model.session();
  session.carry("present", "past");
  const Tensor prompt = sample_tensor({1, 4, 2}, 1);
  const Tensor x = sample_tensor({1, 1, 2}, 2);
  std::vector<std::uint64_t> allocations;
  for (int episode = 0; episode < 5; ++episode) {
    const std::uint64_t before = AllocationCounter::allocations();
    for (int i = 0; i < 12; ++i) {
      session.bind_input(1, i == 0 ? prompt.view() : x.view());
      session.run();
    }
    allocations.push_back(AllocationCounter::allocations() - before);
    session.reset();
  }
  EXPECT_EQ(allocations[3], 0U);
  EXPECT_EQ(allocations[4], 0U);
}

/// Reset sessions go on in the memory that they have, for any batch, and without elements at first.
TEST(GrowingCaches, BeginAnewInTheirRoom) {
  const Model model = load_attention();
  Session session = carrying(model);
  for (const std::int64_t batch : {2, 1, 3, 2}) {
    ByHand by_hand(model, batch);
    step_beside(session, by_hand, tokens(batch, batch == 3 ? 0 : 2, 1));
    for (std::uint32_t i = 0; i < 30; ++i) step_beside(session, by_hand, tokens(batch, i == 3 ? 0 : 1, i));
    session.reset();
    EXPECT_THROW(step(session, tokens(batch, 2, 2), 50), Error);  // and are still empty after a run that fails
  }
}

TEST(GrowingCaches, OutputsAreThereOnlyWhenARunWasPrepared) {
  const Model model = load_attention();
  Session session = carrying(model);
  ByHand by_hand(model, 2);
  step_beside(session, by_hand, tokens(2, 1, 1));
  const Tensor x = tokens(2, 1000, 2);
  const Tensor mask = mask_of(1001);
  session.bind_input(kMask, mask.view());
  session.bind_input(kX, x.view());
  Tensor y = Tensor::of<float>({1});
  session.bind_output(0, y.view());
  EXPECT_THROW(session.prepare(), Error);  // the output bound does not fit
  EXPECT_THAT(refused([&] { session.output(1); }), HasSubstr("is not there yet"));
  session.unbind_output(0);
  session.prepare();
  EXPECT_EQ(session.output(1).shape[2], 1001);  // of the run to come, in memory of its size
  step_beside(session, by_hand, x);
}

TEST(GrowingCaches, StayWithinTheMemoryBudget) {
  Options options = options_for(Backend::kAuto, 1);
  options.memory_budget = 4096;
  const Model model = load(joined().output("present", DataType::kFloat32, {1, "total", 2}).bytes(), options);
  Session session = model.session();
  session.carry("present", "past");
  const Tensor x = sample_tensor({1, 100, 2}, 1);
  session.bind_input(1, x.view());
  for (int i = 0; i < 5; ++i) session.run();  // 500 elements of 8 bytes
  const Tensor last = sample_tensor({1, 12, 2}, 2);
  session.bind_input(1, last.view());
  session.run();  // 512 of them: all that there may be, but no room for half more
  EXPECT_EQ(session.output(0).shape[1], 512);
  session.bind_input(1, x.view());
  const std::string message = refused([&] { session.run(); }, ErrorCode::kLimitExceeded);
  EXPECT_THAT(message, HasSubstr("4896 bytes, the memory budget is 4096"));
  EXPECT_THAT(message, HasSubstr("present"));
}

}  // namespace
}  // namespace linnet::test
