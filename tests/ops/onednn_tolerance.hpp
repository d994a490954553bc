// How far oneDNN may be from the true value. It runs on request only, and promises less than Linnet's own kernels:
// measured with oneDNN 3.2 on 10^6 values in
// [-8, 8] and in [-80, 80], Gelu is up to 1.3e-6 off (its left tail loses all digits), Elu, HardSigmoid and Tanh up
// to 1.1e-7, Exp and Sigmoid 3.7e-7 of the value, Softmax 1e-6 of the value; LogSoftmax is up to 3.5e-6 off (its log is
// short).
#pragma once

#include "tests/ops/op_tester.hpp"

namespace linnet::internal {

inline Tolerance onednn_tolerance() { return close(2e-6, 2e-6); }
inline Tolerance onednn_log_softmax_tolerance() { return close(2e-6, 5e-6); }

}  // namespace linnet::internal
