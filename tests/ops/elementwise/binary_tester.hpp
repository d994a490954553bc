// What Add, Sub, Mul and Div are tested with: every way of broadcasting, all types, special values.
#pragma once

#include "tests/ops/op_tester.hpp"

namespace linnet::internal {

struct BinaryTest {
  const char* op;
  double (*formula)(
      double a, double b);  ///< rounded to the type it gives the exact result, for all but float64 operands in general
};

void check_binary(const BinaryTest& test);

/// Types that are not numeric or differ, shapes that do not broadcast, and attributes, are errors at load.
void check_binary_errors(const char* op);

}  // namespace linnet::internal
