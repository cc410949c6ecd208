// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>

#include "base/clock.h"
#include "support/test_pki.h"

namespace callvet {

/// A clock that a test moves.
class ManualClock final : public Clock {
 public:
  [[nodiscard]] sys_seconds Now() const override {
    return sys_seconds(std::chrono::seconds(now_.load()));
  }
  void Advance(std::chrono::seconds by) { now_ += by.count(); }

 private:
  std::atomic<int64_t> now_{test::kNow.time_since_epoch().count()};
};

}  // namespace callvet
