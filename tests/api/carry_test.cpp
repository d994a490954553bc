// Session::carry: caches that grow from run to run. Expected values are what the same model gives on caches fed by
// hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <malloc.h>

#include <thread>

#include "tests/api/c/c_handles.hpp"
#include "tests/api/cached_attention.hpp"

namespace linnet::test {
namespace {

using testing::AnyOf;
using testing::HasSubstr;

TEST(Carry, GivesWhatCachesFedByHandGive) {
  for (const int threads : {1, 2}) {
    const Model model = load_attention(threads);
    Session session = carrying(model);
    for (const std::int64_t batch : {2, 1}) {
      ByHand by_hand(model, batch);
      step_beside(session, by_hand, tokens(batch, 5, 1));  // the prompt
      for (std::uint32_t i = 0; i < 20; ++i) step_beside(session, by_hand, tokens(batch, 1, i + 2));
      step_beside(session, by_hand, tokens(batch, 3, 100));
      session.reset();  // empty again, and of any batch
    }
  }
}

TEST(Carry, SessionsHaveTheirOwnCaches) {
  const Model model = load_attention(2);
  std::vector<std::thread> threads;
  for (std::uint32_t seed = 0; seed < 3; ++seed) {
    threads.emplace_back([&model, seed] {
      Session session = carrying(model);
      ByHand by_hand(model, 1);
      for (std::uint32_t i = 0; i < 30; ++i) step_beside(session, by_hand, tokens(1, 1, 1000 * seed + i));
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(Carry, BeginsWithWhatIsBound) {
  const Model model = load_attention();
  ByHand by_hand(model, 1);
  by_hand.run(tokens(1, 7, 1));
  Session session = model.session();
  session.bind_input(kPastKey, by_hand.key().view());  // before it is carried, or after
  session.carry_caches();
  session.bind_input(kPastValue, by_hand.value().view());
  ByHand other = by_hand;
  step_beside(session, by_hand, tokens(1, 1, 2));
  step_beside(session, by_hand, tokens(1, 1, 3));  // what is bound counts once
  session.bind_input(kPastKey, other.key().view());
  session.bind_input(kPastValue, other.value().view());
  step_beside(session, other, tokens(1, 2, 4));  // back to the beginning
  step_beside(session, other, tokens(1, 1, 5));
  session.bind_input(kPastKey, other.key().view());
  session.bind_input(kPastValue, other.value().view());
  session.reset();
  ByHand empty(model, 1);
  step_beside(session, empty, tokens(1, 1, 6));
}

TEST(Carry, IsAsItWasAfterARunThatFails) {
  // Of attention as passes make it of the model's nodes; and of the first of these nodes that does not fit.
  const auto mask = AnyOf(HasSubstr("mask"), HasSubstr("Add node \"scores\""));
  const Model model = load_attention();
  Session session = carrying(model);
  EXPECT_THAT(refused([&] { step(session, tokens(2, 3, 9), 5); }, ErrorCode::kInvalidModel),
              mask);  // the first run of all
  ByHand by_hand(model, 1);
  step_beside(session, by_hand, tokens(1, 4, 1));
  EXPECT_THAT(refused([&] { step(session, tokens(1, 1, 2), 9); }, ErrorCode::kInvalidModel), mask);
  EXPECT_THAT(refused([&] { step(session, tokens(2, 1, 2), 4); }),
              HasSubstr("dimension \"batch\" is 1 in input \"past.0.key\" but 2 in input \"x\""));
  CancelToken token;
  token.cancel();
  RunOptions options;
  options.cancel = &token;
  EXPECT_THROW(session.run(options), Error);
  step_beside(session, by_hand, tokens(1, 1, 3));
  ByHand given = by_hand;
  session.bind_input(kPastKey, given.key().view());
  session.bind_input(kPastValue, given.value().view());
  EXPECT_THAT(refused([&] { step(session, tokens(1, 1, 2), 1); }, ErrorCode::kInvalidModel), mask);
  step_beside(session, given, tokens(1, 1, 4));
}

TEST(Carry, FeedsOnlyTheOtherInputs) {
  const Model model = load_attention();
  Session session = carrying(model);
  ByHand by_hand(model, 1);
  for (std::uint32_t i = 0; i < 4; ++i) {
    const Tensor x = tokens(1, 2, i);
    const Tensor mask = mask_of(by_hand.length() + 2);
    const std::vector<Tensor>& expected = by_hand.run(x);
    if (i % 2 == 0) {
      const std::vector<Tensor> made = session.run(std::vector<Tensor>{mask, x});
      for (std::size_t k = 0; k < made.size(); ++k) EXPECT_TRUE(same_bits(made[k].view(), expected[k]));
    } else {
      Tensor key = Tensor::of<float>(expected[1].shape());
      session.run({mask.view(), x.view()}, {{}, key.view()});
      EXPECT_TRUE(same_bits(key.view(), expected[1]));
      EXPECT_TRUE(same_bits(session.output(0), expected[0]));
    }
  }
  EXPECT_THAT(refused([&] { session.run(std::vector<Tensor>{mask_of(9)}); }),
              HasSubstr("1 inputs given, the model wants 2"));
}

TEST(Carry, StandsBesideStates) {
  const Model by_hand_model = load_attention();
  const Model model = load_attention(1, {{"past.0.key", "present.0.key"}});
  ASSERT_EQ(model.inputs().size(), 3U);
  Session session = model.session();
  EXPECT_EQ(refused([&] { session.carry("present.0.key", "past.0.value"); }),
            "two states name the output \"present.0.key\"");
  EXPECT_EQ(refused([&] { session.carry("present.0.value", "past.0.key"); }),
            "two states name the input \"past.0.key\"");
  session.carry("present.0.value", "past.0.value");
  ByHand by_hand(by_hand_model, 1);
  for (std::uint32_t i = 0; i < 5; ++i) {
    const Tensor x = tokens(1, 1, i);
    const Tensor mask = mask_of(by_hand.length() + 1);
    session.bind_input(model.input_index("mask"), mask.view());
    session.bind_input(model.input_index("x"), x.view());
    session.run();
    EXPECT_TRUE(same_bits(session.output(0), by_hand.run(x)[0])) << i;
  }
}

TEST(Carry, PairsCachesByTheirNames) {
  const auto pairs = [](const std::vector<std::pair<const char*, const char*>>& names) {
    ModelWriter writer = model().input("x", DataType::kFloat32, {1, 2});
    for (const auto& [input, output] : names) {
      writer.input(input, DataType::kFloat32, {"past", 2})
          .node("Concat", {input, "x"}, {output}, {attribute("axis", 0)});
      writer.output(output, DataType::kFloat32, {"total", 2});
    }
    Session session = load(writer.bytes(), options_for(Backend::kAuto, 1)).session();
    std::size_t found = 0;
    for (const State& pair : session.carry_caches()) {
      EXPECT_EQ(pair.input, names.at(found).first);
      EXPECT_EQ(pair.output, names.at(found).second);
      ++found;
    }
    return found;
  };
  EXPECT_EQ(pairs({{"past.0.key", "present.0.key"}, {"past.0.value", "present.0.value"}}), 2U);
  EXPECT_EQ(pairs({{"past_key_values.11.decoder.key", "present.11.decoder.key"}}), 1U);
  EXPECT_EQ(pairs({{"past_key_values.1.value", "present_key_values.1.value"}}), 1U);
  EXPECT_EQ(pairs({{"past_key_0", "present_key_0"}, {"past_value_0", "present_value_0"}}), 2U);
  EXPECT_EQ(refused([&] {
              pairs({{"cache", "cache_out"}});
            }),
            "no output is named as an input is, with \"present\" in place of \"past\": carry each by its name");
}

TEST(Carry, SaysWhatIsWrong) {
  const Model model = load(attention()
                               .input("past.1.key", DataType::kFloat32, {"batch", kHeads, "past", 3})
                               .node("Identity", {"present.0.key"}, {"present.1.key"})
                               .output("present.1.key", DataType::kFloat32, {"batch", kHeads, "total", kDepth})
                               .bytes(),
                           options_for(Backend::kAuto, 1));
  Session session = model.session();
  EXPECT_EQ(refused([&] { session.carry("present", "past.0.key"); }),
            "a state names the output \"present\", which the model does not have");
  EXPECT_EQ(refused([&] { session.carry("present.0.key", "past"); }),
            "a state names the input \"past\", which the model does not have");
  EXPECT_THAT(refused([&] { session.carry("y", "x"); }), HasSubstr("a state's input \"x\" is float32"));
  const std::string unlike = refused([&] { session.carry_caches(); });
  EXPECT_THAT(unlike, HasSubstr("a state's input \"past.1.key\" is float32 [batch,2,past,3], its output"));
  session.carry("present.0.key", "past.0.key");  // nothing was carried
  EXPECT_EQ(refused([&] { session.carry("present.0.value", "past.0.key"); }),
            "two states name the input \"past.0.key\"");
  EXPECT_EQ(refused([&] { session.carry("present.0.key", "past.0.value"); }),
            "two states name the output \"present.0.key\"");
}

/// In use by the process, as malloc counts it.
std::size_t bytes_in_use() {
  const struct mallinfo2 info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
}

TEST(Carry, KeepsNoMoreThanTheCachesAfterThousandsOfRuns) {
  const Model model = load_attention();
  Session session = carrying(model);
  ByHand by_hand(model, 1);
  std::size_t before = 0;
  for (std::int64_t i = 0; i < 2000; ++i) {
    if (i == 1000) before = bytes_in_use();
    step(session, tokens(1, 1, static_cast<std::uint32_t>(i)), i);
  }
  // A thousand programs would be some 5 MB; four buffers of the caches are 0.3 MB.
  EXPECT_LT(bytes_in_use(), before + 1000000);
  EXPECT_EQ(session.output(1).shape[2], 2000);
}

TEST(Carry, InC) {
  const std::string bytes = attention().bytes();
  const CModel model = c_model(bytes, c_options().get());
  const CSession session = c_session(model.get());
  EXPECT_FAILS(linnet_session_carry(session.get(), nullptr, "x"), LINNET_INVALID_ARGUMENT, "output is NULL");
  EXPECT_FAILS(linnet_session_carry(session.get(), "y", nullptr), LINNET_INVALID_ARGUMENT, "input is NULL");
  EXPECT_FAILS(linnet_session_carry(session.get(), "z", "x"), LINNET_INVALID_ARGUMENT,
               "a state names the output \"z\", which the model does not have");
  EXPECT_OK(linnet_session_carry(session.get(), "present.0.key", "past.0.key"));
  EXPECT_FAILS(linnet_session_carry_caches(session.get(), nullptr), LINNET_INVALID_ARGUMENT,
               "two states name the input \"past.0.key\"");
  const CSession other = c_session(model.get());
  std::size_t count = 0;
  EXPECT_OK(linnet_session_carry_caches(other.get(), &count));
  EXPECT_EQ(count, 2U);
  for (std::int64_t length = 1; length <= 3; ++length) {
    const Tensor x = tokens(1, 1, 1);
    const Tensor mask = mask_of(length);
    EXPECT_OK(linnet_session_bind_input(other.get(), kMask, LINNET_FLOAT32, mask.view().shape, 4, mask.data()));
    EXPECT_OK(linnet_session_bind_input(other.get(), kX, LINNET_FLOAT32, x.view().shape, 3, x.data()));
    EXPECT_OK(linnet_session_run(other.get(), nullptr));
    const std::int64_t* shape = nullptr;
    EXPECT_OK(linnet_session_output(other.get(), 1, nullptr, &shape, nullptr, nullptr));
    EXPECT_EQ(shape[2], length);
  }
}

}  // namespace
}  // namespace linnet::test
