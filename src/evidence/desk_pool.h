// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <atomic>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "base/stripes.h"

namespace callvet {

/// Things that a thread works with for a moment, one thread at a time each: made when one is
/// needed, and kept for the next. Nobody waits, and threads that run at the same time work with
/// lines of the cache of their own. Thread-safe.
template <class Desk>
class DeskPool {
 public:
  /// Keeps at most so many; more are made where more threads are at work, and let go.
  explicit DeskPool(size_t most = std::max(1U, std::thread::hardware_concurrency()))
      : places_(most) {}
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
      Desk* none = nullptr;
      const bool back = pool_.places_[place_].desk.compare_exchange_strong(
          none, desk_, std::memory_order_acq_rel);
      if (!back) [[unlikely]]
        pool_.GiveBackElsewhere(place_, desk_);
    }
    Desk* operator->() const { return desk_; }

   private:
    friend class DeskPool;
    Loan(DeskPool& pool, size_t place, Desk* desk) : pool_(pool), place_(place), desk_(desk) {}
    DeskPool& pool_;
    size_t place_;  // where it belongs: that of the processor, when it was taken
    Desk* desk_;
  };

  /// Throws std::bad_alloc where there is none, nor memory for one.
  Loan Take() {
    const size_t own = StripeOfCaller(places_.size());
    Desk* desk = TakeAt(own);
    if (desk == nullptr) [[unlikely]]
      desk = TakeElsewhere(own);
    return Loan(*this, own, desk);
  }

 private:
  struct alignas(kCacheLines) Place {
    std::atomic<Desk*> desk{nullptr};
  };
  [[nodiscard]] size_t Behind(size_t place, size_t by) const {
    return (place + by) % places_.size();
  }
  // nullptr: none is there.
  Desk* TakeAt(size_t place) {
    std::atomic<Desk*>& at = places_[place].desk;
    if (at.load(std::memory_order_relaxed) == nullptr) return nullptr;
    return at.exchange(nullptr, std::memory_order_acq_rel);
  }
  [[gnu::noinline]] Desk* TakeElsewhere(size_t own) {
    for (size_t i = 1; i < places_.size(); ++i) {
      if (Desk* const desk = TakeAt(Behind(own, i))) return desk;
    }
    return std::make_unique<Desk>().release();
  }
  [[gnu::noinline]] void GiveBackElsewhere(size_t own, Desk* desk) noexcept {
    for (size_t i = 1; i < places_.size(); ++i) {
      Desk* none = nullptr;
      if (places_[Behind(own, i)].desk.compare_exchange_strong(none, desk,
                                                               std::memory_order_acq_rel)) {
        return;
      }
    }
    const std::unique_ptr<Desk> too_many(desk);
  }

  std::vector<Place> places_;
};

}  // namespace callvet
