#include <gtest/gtest.h>

#include "tests/ops/recurrent/recurrent_expectation.hpp"

namespace linnet::internal {
namespace {

TEST(RecurrentCell, ClipsTheInputsOfActivations) {
  for (const char* op : {"LSTM", "GRU", "RNN"}) {
    for (const bool flag : {false, true}) {
      RecurrentCase item;
      item.op = op;
      item.clip = 0.3F;
      item.has_peepholes = item.op == "LSTM";
      item.input_forget = flag && item.op == "LSTM";
      item.linear_before_reset = flag && item.op == "GRU";
      recurrent_test(item).run();
    }
  }
}

TEST(RecurrentCell, LooksThroughPeepholes) {
  for (const bool input_forget : {false, true}) {
    for (const bool peepholes : {false, true}) {
      for (const char* direction : {"forward", "bidirectional"}) {
        RecurrentCase item;
        item.op = "LSTM";
        item.direction = direction;
        item.has_peepholes = peepholes;
        item.input_forget = input_forget;
        recurrent_test(item).run();
        item.has_bias = item.has_initial_states = false;
        recurrent_test(item).run();
      }
    }
  }
}

}  // namespace
}  // namespace linnet::internal
