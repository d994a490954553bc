#include "runtime/stop.hpp"

#include <gtest/gtest.h>

#include "runtime/error.hpp"

namespace linnet::internal {
namespace {

template <typename Body>
std::string message_of(ErrorCode code, const Body& body) {
  try {
    body();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code);
    EXPECT_TRUE(is_stop(error));
    return error.what();
  }
  return "no error";
}

TEST(Stop, WithoutTokenAndTimeNeverComes) {
  const Stop stop;
  EXPECT_FALSE(stop.possible());
  EXPECT_FALSE(stop.requested());
  EXPECT_NO_THROW(stop.check());
  EXPECT_FALSE(Stop(RunOptions(), "the run").possible());
}

TEST(Stop, SaysWhatEndsAndWhy) {
  CancelToken token;
  const Stop cancelled({&token, {}}, "the run");
  EXPECT_NO_THROW(cancelled.check());
  token.cancel();
  EXPECT_TRUE(cancelled.requested());
  EXPECT_EQ(message_of(ErrorCode::kCancelled, [&] { cancelled.check(); }), "the run was cancelled");
  token.reset();
  EXPECT_EQ(message_of(ErrorCode::kCancelled, [&] { cancelled.fail(); }), "the run was cancelled")
      << "somebody saw the token before it was reset";
  const Stop late({nullptr, std::chrono::nanoseconds(1)}, "loading");
  EXPECT_EQ(message_of(ErrorCode::kDeadlineExceeded,
                       [&] {
                         while (true) late.check();
                       }),
            "loading passed its deadline");
  EXPECT_FALSE(Stop({nullptr, std::chrono::nanoseconds::max()}, "loading").requested()) << "the end of time";
}

TEST(Stop, IsLookedAtWhileAnotherThreadHoldsTheMutex) {
  std::mutex mutex;
  const std::lock_guard<std::mutex> held(mutex);
  const Stop stop({nullptr, std::chrono::milliseconds(1)}, "the run");
  EXPECT_EQ(message_of(ErrorCode::kDeadlineExceeded, [&] { lock_unless_stopped(mutex, stop); }),
            "the run passed its deadline");
}

TEST(Stop, FreeMutexIsTakenEvenThen) {
  std::mutex mutex;
  CancelToken token;
  token.cancel();
  EXPECT_TRUE(lock_unless_stopped(mutex, Stop({&token, {}}, "the run")).owns_lock());
  EXPECT_TRUE(lock_unless_stopped(mutex, Stop()).owns_lock());
}

}  // namespace
}  // namespace linnet::internal
