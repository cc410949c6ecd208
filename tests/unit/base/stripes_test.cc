// SPDX-License-Identifier: MIT
#include "base/stripes.h"

#include <gtest/gtest.h>

#include <future>
#include <mutex>
#include <shared_mutex>

namespace callvet {
namespace {

// By a thread of its own: what one thread may ask of a lock that it holds is undefined.
bool CanRead(const StripedMutex& mutex, size_t stripe) {
  return std::async(std::launch::async,
                    [&] {
                      const std::shared_lock lock(mutex.ForReading(stripe), std::try_to_lock);
                      return lock.owns_lock();
                    })
      .get();
}

TEST(StripesTest, CallerHasOneOfThem) {
  EXPECT_GE(StripeCount(), 1U);
  for (size_t count = 1; count <= StripeCount(); ++count) EXPECT_LT(StripeOfCaller(count), count);
}

TEST(StripesThreadsTest, WriterExcludesReadersOfEveryStripe) {
  StripedMutex mutex(3);
  {
    const std::unique_lock writer(mutex);
    for (size_t stripe = 0; stripe < 3; ++stripe) EXPECT_FALSE(CanRead(mutex, stripe)) << stripe;
  }
  for (size_t stripe = 0; stripe < 3; ++stripe) EXPECT_TRUE(CanRead(mutex, stripe)) << stripe;
}

TEST(StripesThreadsTest, WriterWaitsForAReaderOfAnyStripe) {
  for (size_t stripe = 0; stripe < 3; ++stripe) {
    StripedMutex mutex(3);
    int value = 0;
    std::shared_lock reader(mutex.ForReading(stripe));
    auto writer = std::async(std::launch::async, [&] {
      const std::unique_lock lock(mutex);
      value = 1;
    });
    EXPECT_EQ(value, 0);  // a race that ThreadSanitizer would see, did the writer not wait
    reader.unlock();
    writer.get();
    EXPECT_EQ(value, 1);
  }
}

}  // namespace
}  // namespace callvet
