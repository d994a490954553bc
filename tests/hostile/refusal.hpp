// Checks that a broken model is refused: with the right code and message, in bounded memory, and with the process as
// good as before.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <linnet/linnet.hpp>

#include "tests/hostile/peak_memory.hpp"
#include "tests/support/onnx_writer.hpp"

namespace linnet::test {

/// What a refusal may take above the memory in use before.
inline constexpr std::size_t kRefusalBytes = std::size_t{64} << 20;

/// Calls `load` and expects the error; the message must contain every part. The time goes to the test's report, it
/// decides nothing.
template <typename Load>
void expect_refusal(const std::string& name, ErrorCode code, const std::vector<std::string>& parts, Load&& load) {
  SCOPED_TRACE(name);
  const PeakMemory memory;
  const auto begin = std::chrono::steady_clock::now();
  try {
    load();
    ADD_FAILURE() << "was not refused";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    for (const std::string& part : parts) EXPECT_THAT(error.what(), testing::HasSubstr(part));
  }
  const std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - begin;
  if (const auto growth = memory.growth_bytes()) {
    EXPECT_LE(*growth, kRefusalBytes);
  }
  if (time.count() > 10) testing::Test::RecordProperty(name + "_ms", std::to_string(time.count()));
}

/// The same for loading a model from memory.
inline void expect_refused(const std::string& name, const std::string& bytes, ErrorCode code,
                           const std::vector<std::string>& parts, const Options& options = {}) {
  expect_refusal(name, code, parts, [&] { Model::load(bytes.data(), bytes.size(), options); });
}

struct Refused {
  const char* name;
  std::string bytes;
  std::vector<std::string> parts;
  ErrorCode code = ErrorCode::kInvalidModel;
};

inline void expect_all_refused(const std::vector<Refused>& cases) {
  for (const Refused& refused : cases) expect_refused(refused.name, refused.bytes, refused.code, refused.parts);
}

/// Loads, or fails the test with the error.
inline Model accept(const std::string& bytes, const Options& options = {}) {
  return Model::load(bytes.data(), bytes.size(), options);
}

/// x float32 [2,4] -> Relu "r" -> y.
inline ModelWriter relu_model() {
  return model()
      .input("x", DataType::kFloat32, {2, 4})
      .node("Relu", {"x"}, {"y"}, {}, "r")
      .output("y", DataType::kFloat32, {2, 4});
}

/// A model that holds nothing but this initializer "w" and a Relu of it.
inline std::string with_initializer(const Message& tensor) {
  return model().initializer("w", tensor).node("Identity", {"w"}, {"y"}).output("y").bytes();
}

}  // namespace linnet::test
