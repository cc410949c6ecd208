// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "base/stripes.h"

namespace callvet {

/// Things that a thread works with for a moment, one thread at a time each: made when one is
/// needed, and kept for the next. Nobody waits, and threads that run at the same time have lines of
/// the cache of their own. Thread-safe.
template <class Desk>
class DeskPool {
 public:
  DeskPool() = default;
  DeskPool(const DeskPool&) = delete;
  DeskPool& operator=(const DeskPool&) = delete;
  ~DeskPool() {
    for (Place& place : places_) delete place.desk.load(std::memory_order_acquire);
  }

  /// A desk that is the caller's as long as it has this.
  class Loan {
   public:
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;
    ~Loan() {
      const std::unique_ptr<Desk> too_many(
          place_.exchange(desk_.release(), std::memory_order_acq_rel));
    }
    Desk* operator->() const { return desk_.get(); }

   private:
    friend class DeskPool;
    explicit Loan(std::atomic<Desk*>& place)
        : place_(place), desk_(place.exchange(nullptr, std::memory_order_acq_rel)) {
      if (desk_ == nullptr) desk_ = std::make_unique<Desk>();
    }
    std::atomic<Desk*>& place_;
    std::unique_ptr<Desk> desk_;
  };

  /// Throws std::bad_alloc where there is none, nor memory for one.
  Loan Take() { return Loan(places_[StripeOfCaller(places_.size())].desk); }

 private:
  struct alignas(kCacheLines) Place {
    std::atomic<Desk*> desk{nullptr};
  };
  std::vector<Place> places_ = std::vector<Place>(StripeCount());
};

}  // namespace callvet
