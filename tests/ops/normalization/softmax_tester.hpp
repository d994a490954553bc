// What Softmax and LogSoftmax are tested with.
#pragma once

#include "tests/ops/op_tester.hpp"

namespace linnet::internal {

/// Every axis of several shapes, at opsets where it is one axis and where X is flattened, all types, rows with special
/// values.
void check_softmax(const char* op, bool logarithm);

/// 16-bit floats in several tasks, of rows and of columns, and in tasks that are too large to be widened.
void check_half_tasks(const char* op, bool logarithm);

/// Rows that are so long that tasks share them, also with a NaN.
void check_long_rows(const char* op);

}  // namespace linnet::internal
