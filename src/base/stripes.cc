// SPDX-License-Identifier: MIT
#include "base/stripes.h"

#include <sched.h>

#include <algorithm>
#include <thread>

namespace callvet {

size_t StripeCount() {
  constexpr size_t kMost = 8;  // each has a copy of what is counted
  return std::clamp<size_t>(std::thread::hardware_concurrency(), 1, kMost);
}

size_t StripeOfCaller(size_t count) {
  const int processor = sched_getcpu();
  return processor < 0 ? 0 : static_cast<size_t>(processor) % count;
}

void StripedMutex::lock() {
  for (Stripe& stripe : stripes_) stripe.mutex.lock();
}

void StripedMutex::unlock() {
  for (Stripe& stripe : stripes_) stripe.mutex.unlock();
}

}  // namespace callvet
