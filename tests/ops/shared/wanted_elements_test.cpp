// The facts by which data for a model's inputs is made.
#include "ops/shared/wanted_elements.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "ops/ops.hpp"

namespace linnet::internal {
namespace {

TEST(WantedElements, EveryOperatorWhoseShapesDependOnElementsSaysWhichItTakes) {
  for (const OpDef* op : all_operators().all()) {
    const bool decides = std::any_of(op->inputs.begin(), op->inputs.end(),
                                     [](const InputDef& input) { return (input.uses & kDecidesShapes) != 0; });
    if (decides) {
      EXPECT_NE(op->facts.wanted_elements, nullptr) << op->name;
    }
  }
}

}  // namespace
}  // namespace linnet::internal
