// The facts by which data for a model's inputs is made.
#include "ops/shared/wanted_elements.hpp"

#include <gtest/gtest.h>

#include "ops/ops.hpp"

namespace linnet::internal {
namespace {

TEST(WantedElements, EveryOperatorWhoseShapesDependOnElementsSaysWhichItTakes) {
  for (const OpDef* op : all_operators().all()) {
    if (op->facts.value_inputs != 0) {
      EXPECT_NE(op->facts.wanted_elements, nullptr) << op->name;
    }
  }
}

}  // namespace
}  // namespace linnet::internal
