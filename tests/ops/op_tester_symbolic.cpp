// The part of OpTest that infers with less known of the inputs.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "runtime/data_type.hpp"
#include "tests/ops/op_tester.hpp"

namespace linnet::internal {
namespace {

/// Symbols and the numbers that they stand for.
class SymbolTable {
 public:
  explicit SymbolTable(bool one_per_number) : one_per_number_(one_per_number) {}

  Dim symbol_for(std::int64_t number) {
    const auto found = by_number_.find(number);
    if (one_per_number_ && found != by_number_.end()) return Dim::symbol(found->second);
    const auto index = static_cast<std::uint32_t>(numbers_.size());
    by_number_[number] = index;
    numbers_.push_back(number);
    names_.push_back(text("s", index));
    return Dim::symbol(index);
  }
  bool true_of(Dim dim, std::int64_t number) const {
    if (dim.known()) return dim.value() == number;
    if (!dim.is_symbol()) return true;
    if (dim.symbol_index() < numbers_.size()) return numbers_[dim.symbol_index()] == number;
    return made_.emplace(dim.symbol_index(), number).first->second == number;
  }
  const std::vector<std::string>& names() const { return names_; }

 private:
  bool one_per_number_;
  std::map<std::int64_t, std::uint32_t> by_number_;
  std::vector<std::int64_t> numbers_;
  mutable std::map<std::uint32_t, std::int64_t> made_;  ///< what symbols that infer made were found to be
  std::vector<std::string> names_;
};

bool is_small_integer_tensor(const Constant& tensor) {
  return (kIntegerTypes | TypeSet{DataType::kBool}).has(tensor.type) &&
         tensor.count() <= static_cast<std::int64_t>(InferContext::kMaxElements);
}

}  // namespace

void OpTest::check_less_known(const std::vector<ConstantPtr>& expected) const {
  for (const Blur blur : {Blur::kUnranked, Blur::kUnknown, Blur::kDistinctSymbols, Blur::kSymbolPerNumber}) {
    for (const Knowledge knowledge :
         {Knowledge::kConstants, Knowledge::kElements, Knowledge::kSymbols, Knowledge::kNothing}) {
      check_blurred(blur, knowledge, expected);
    }
  }
}

void OpTest::check_blurred(Blur blur, Knowledge knowledge, const std::vector<ConstantPtr>& expected) const {
  static constexpr const char* kBlurs[] = {"unknown ranks", "unknown dimensions", "a symbol per dimension",
                                           "a symbol per number"};
  static constexpr const char* kKnowledge[] = {"constants", "known elements", "symbolic elements", "no elements"};
  SCOPED_TRACE(text("infer with ", kBlurs[static_cast<int>(blur)], " and ", kKnowledge[static_cast<int>(knowledge)]));
  const std::uint64_t constants = knowledge == Knowledge::kConstants ? constant_masks().front() : 0;
  std::uint64_t always = 0;
  for (std::size_t i = 0; i < std::min<std::size_t>(inputs_.size(), 64); ++i) {
    if (inputs_[i].always_constant) always |= std::uint64_t{1} << i;
  }
  SymbolTable table(blur == Blur::kSymbolPerNumber);
  const auto blurred = [&](std::int64_t number) {
    return blur <= Blur::kUnknown ? Dim::unknown() : table.symbol_for(number);
  };
  try {
    Case item = parse_case(constants | always);
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      if (!inputs_[i].given) continue;
      Value& value = item.values[item.node.inputs[i]];
      if (value.constant != nullptr) continue;
      // A tensor whose elements are known has a known shape.
      const bool has_elements = is_small_integer_tensor(*inputs_[i].tensor) && knowledge != Knowledge::kNothing;
      if (has_elements) {
        Dims elements;
        for (const std::int64_t element : integers_of(*inputs_[i].tensor)) {
          // Symbols are sizes: negative elements are something else, and 0 has a meaning of its own to Reshape.
          elements.push_back(knowledge == Knowledge::kSymbols && element > 0 ? blurred(element) : Dim(element));
        }
        value.elements = std::make_shared<const Dims>(std::move(elements));
      } else if (blur == Blur::kUnranked) {
        value.type.ranked = false;
        value.type.dims.clear();
      } else {
        for (Dim& dim : value.type.dims) dim = blurred(dim.value());
      }
    }
    infer_node(item.node, item.values, item.options, table.names());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      if (expected[i] == nullptr) continue;
      const Value& value = item.values[item.node.outputs[i]];
      EXPECT_EQ(name_of(value.type.type), name_of(expected[i]->type)) << "type of output " << i;
      if (value.type.ranked) {
        const std::string claim = describe(value.type.dims, table.names());
        ASSERT_EQ(value.type.dims.size(), expected[i]->shape.size())
            << "output " << i << " is inferred as " << claim << ", but is " << text(expected[i]->shape);
        for (std::size_t d = 0; d < expected[i]->shape.size(); ++d) {
          EXPECT_TRUE(table.true_of(value.type.dims[d], expected[i]->shape[d]))
              << "output " << i << " is inferred as " << claim << ", but is " << text(expected[i]->shape);
        }
      }
      if (value.elements == nullptr) continue;
      const std::string claim = describe(*value.elements, table.names());
      const std::vector<std::int64_t> truth = integers_of(*expected[i]);
      ASSERT_EQ(value.elements->size(), truth.size()) << "elements of output " << i << ": " << claim;
      for (std::size_t e = 0; e < truth.size(); ++e) {
        EXPECT_TRUE(table.true_of((*value.elements)[e], truth[e]))
            << "elements of output " << i << " are inferred as " << claim << ", but are " << text(truth);
      }
    }
  } catch (const Error& error) {
    ADD_FAILURE() << "unexpected error: " << error.what();
  }
}

}  // namespace linnet::internal
