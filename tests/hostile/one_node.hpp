// Models of one node, for tables of what must be refused or bounded, and the values that such tables are made of.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "tests/hostile/refusal.hpp"

namespace linnet::test {

inline constexpr DataType kF = DataType::kFloat32;
inline constexpr std::int64_t kMax = INT64_MAX;
inline constexpr std::int64_t kMin = INT64_MIN;
inline constexpr std::int64_t kTwo40 = std::int64_t{1} << 40;
inline constexpr std::int64_t kTwo62 = std::int64_t{1} << 62;
inline constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
inline constexpr float kInfinity = std::numeric_limits<float>::infinity();
inline constexpr ErrorCode kLimit = ErrorCode::kLimitExceeded;
inline constexpr ErrorCode kFault = ErrorCode::kRuntimeFault;
using Ints = std::vector<std::int64_t>;

/// As many as a tensor of this shape has elements.
inline std::vector<float> ones(const Shape& shape) {
  std::size_t count = 1;
  for (const std::int64_t size : shape) count *= static_cast<std::size_t>(size);
  return std::vector<float>(count, 1.0F);
}

/// A node "n" and its inputs, in order: constants, or what a run is given.
class OneNode {
 public:
  explicit OneNode(std::string op, std::int64_t opset = 17) : op_(std::move(op)), opset_(opset) {}

  template <typename T>
  OneNode& constant(const Shape& shape, const std::vector<T>& values) {
    writer_.initializer<T>(next(), shape, values);
    return *this;
  }
  /// Of the run. The model declares the shape.
  template <typename T>
  OneNode& given(const Shape& shape, const std::vector<T>& values) {
    given(data_type_of<T>(), shape);
    const std::string bytes = bytes_of(values);
    std::memcpy(given_.back().data(), bytes.data(), std::min(bytes.size(), given_.back().bytes()));
    return *this;
  }
  /// Zeros.
  OneNode& given(DataType type, const Shape& shape) {
    writer_.input(next(), type, std::vector<DimSpec>(shape.begin(), shape.end()));
    given_.emplace_back(type, shape);
    return *this;
  }
  OneNode& left_out() {
    inputs_.emplace_back();
    return *this;
  }
  OneNode& with(Message attribute) {
    attributes_.push_back(std::move(attribute));
    return *this;
  }
  OneNode& outputs(std::size_t count) {
    output_count_ = count;
    return *this;
  }

  std::string bytes() const {
    ModelWriter writer = writer_;
    Names names;
    for (std::size_t i = 0; i < output_count_; ++i) {
      names.push_back("y" + std::to_string(i));
      writer.output(names.back());
    }
    return writer.opset(opset_).node(op_, inputs_, names, attributes_, "n").bytes();
  }
  /// "Relu node "n" (opset 17)", as messages begin.
  std::string where() const { return op_ + " node \"n\" (opset " + std::to_string(opset_) + ")"; }

  /// Loads and runs it within a budget of 64 MiB.
  std::vector<Tensor> run() const {
    Options options;
    options.threads = 1;
    options.memory_budget = kRefusalBytes;
    return accept(bytes(), options).run(given_);
  }

 private:
  const std::string& next() {
    inputs_.push_back("x" + std::to_string(inputs_.size()));
    return inputs_.back();
  }

  std::string op_;
  std::int64_t opset_;
  ModelWriter writer_ = model();
  Names inputs_;
  std::vector<Tensor> given_;
  std::vector<Message> attributes_;
  std::size_t output_count_ = 1;
};

struct RefusedNode {
  const char* name;
  OneNode node;
  std::string words;
  ErrorCode code = ErrorCode::kInvalidModel;
};

/// At the load or at the run: nobody may tell which before all shapes are known. The message begins with the node.
inline void expect_nodes_refused(const std::vector<RefusedNode>& cases) {
  for (const RefusedNode& refused : cases) {
    expect_refusal(refused.node.where() + " " + refused.name, refused.code, {refused.node.where(), refused.words},
                   [&] { refused.node.run(); });
  }
}

}  // namespace linnet::test
