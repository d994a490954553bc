// A model with two caches, and the same model with caches fed by hand.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "tests/api/sample_models.hpp"
#include "tests/support/test_options.hpp"

namespace linnet::test {

inline constexpr std::int64_t kHeads = 2;
inline constexpr std::int64_t kDepth = 4;
enum Input : std::size_t { kPastKey, kMask, kX, kPastValue };

/// Attention of x [batch, tokens, 8] to what came before it, as exporters write it: x itself is query and key, and the
/// values are -x. "mask" is added to the scores.
inline ModelWriter attention() {
  const std::vector<DimSpec> cache = {"batch", kHeads, "past", kDepth};
  return model()
      .input("past.0.key", DataType::kFloat32, cache)
      .input("mask", DataType::kFloat32, {1, 1, 1, "total"})
      .input("x", DataType::kFloat32, {"batch", "tokens", kHeads * kDepth})
      .input("past.0.value", DataType::kFloat32, cache)
      .initializer<std::int64_t>("split", {4}, {0, 0, kHeads, kDepth})
      .node("Reshape", {"x", "split"}, {"rows"})
      .node("Transpose", {"rows"}, {"heads"}, {attribute("perm", std::vector<std::int64_t>{0, 2, 1, 3})})
      .node("Neg", {"heads"}, {"values"})
      .node("Concat", {"past.0.key", "heads"}, {"present.0.key"}, {attribute("axis", 2)})
      .node("Concat", {"past.0.value", "values"}, {"present.0.value"}, {attribute("axis", 2)})
      .node("Transpose", {"present.0.key"}, {"columns"}, {attribute("perm", std::vector<std::int64_t>{0, 1, 3, 2})})
      .node("MatMul", {"heads", "columns"}, {"products"})
      .node("Add", {"products", "mask"}, {"scores"})
      .node("Softmax", {"scores"}, {"probabilities"}, {attribute("axis", -1)})
      .node("MatMul", {"probabilities", "present.0.value"}, {"y"})
      .output("y", DataType::kFloat32, {"batch", kHeads, "tokens", kDepth})
      .output("present.0.key", DataType::kFloat32, {"batch", kHeads, "total", kDepth})
      .output("present.0.value", DataType::kFloat32, {"batch", kHeads, "total", kDepth});
}

inline Tensor tokens(std::int64_t batch, std::int64_t count, std::uint32_t seed) {
  return sample_tensor({batch, count, kHeads * kDepth}, seed);
}

inline Tensor mask_of(std::int64_t total) { return sample_tensor({1, 1, 1, total}, 77); }

/// The caches in the caller's hands.
class ByHand {
 public:
  ByHand(const Model& model, std::int64_t batch) : model_(model) {
    key_ = value_ = Tensor::of<float>({batch, kHeads, 0, kDepth});
  }

  /// What the model makes of x: y and both caches.
  const std::vector<Tensor>& run(const Tensor& x) {
    made_ = model_.run({key_, mask_of(length() + x.shape()[1]), x, value_});
    key_ = made_[1];
    value_ = made_[2];
    return made_;
  }

  std::int64_t length() const { return key_.shape()[2]; }
  const Tensor& key() const { return key_; }
  const Tensor& value() const { return value_; }

 private:
  const Model& model_;
  Tensor key_, value_;
  std::vector<Tensor> made_;
};

inline bool same_bits(const ConstTensorView& view, const Tensor& expected) {
  return Shape(view.shape, view.shape + view.rank) == expected.shape() &&
         std::memcmp(view.data, expected.data(), expected.bytes()) == 0;
}

/// Runs the session on x, with a mask for caches of this length.
inline void step(Session& session, const Tensor& x, std::int64_t length) {
  const Tensor mask = mask_of(length + x.shape()[1]);
  session.bind_input(kMask, mask.view());
  session.bind_input(kX, x.view());
  session.run();
}

/// One run of both; all outputs have the same bits.
inline void step_beside(Session& session, ByHand& by_hand, const Tensor& x) {
  step(session, x, by_hand.length());
  const std::vector<Tensor>& expected = by_hand.run(x);
  for (std::size_t i = 0; i < expected.size(); ++i)
    EXPECT_TRUE(same_bits(session.output(i), expected[i])) << "output " << i << " at length " << by_hand.length();
}

inline Model load_attention(int threads = 1, const std::vector<State>& states = {}) {
  Options options = options_for(Backend::kAuto, threads);
  options.states = states;
  return load(attention().bytes(), options);
}

inline Session carrying(const Model& model) {
  Session session = model.session();
  session.carry("present.0.key", "past.0.key");
  session.carry("present.0.value", "past.0.value");
  return session;
}

/// The message of the error that the call ends with.
template <typename Call>
std::string refused(const Call& call, ErrorCode code = ErrorCode::kInvalidArgument) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code);
    return error.what();
  }
  ADD_FAILURE() << "was not refused";
  return "";
}

}  // namespace linnet::test
