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
    ~Loan() { pool_.GiveBack(std::move(desk_)); }
    Desk* operator->() const { return desk_.get(); }

   private:
    friend class DeskPool;
    Loan(DeskPool& pool, std::unique_ptr<Desk> desk) : pool_(pool), desk_(std::move(desk)) {}
    DeskPool& pool_;
    std::unique_ptr<Desk> desk_;
  };

  /// Throws std::bad_alloc where there is none, nor memory for one.
  Loan Take() {
    const size_t own = StripeOfCaller(places_.size());
    for (size_t i = 0; i < places_.size(); ++i) {
      std::atomic<Desk*>& place = PlaceAt(own + i);
      if (place.load(std::memory_order_relaxed) == nullptr) continue;
      Desk* const desk = place.exchange(nullptr, std::memory_order_acq_rel);
      if (desk != nullptr) return Loan(*this, std::unique_ptr<Desk>(desk));
    }
    return Loan(*this, std::make_unique<Desk>());
  }

 private:
  struct alignas(kCacheLines) Place {
    std::atomic<Desk*> desk{nullptr};
  };
  // From the place of the processor on.
  std::atomic<Desk*>& PlaceAt(size_t place) { return places_[place % places_.size()].desk; }
  void GiveBack(std::unique_ptr<Desk> desk) noexcept {
    const size_t own = StripeOfCaller(places_.size());
    for (size_t i = 0; i < places_.size(); ++i) {
      Desk* none = nullptr;
      if (PlaceAt(own + i).compare_exchange_strong(none, desk.get(), std::memory_order_acq_rel)) {
        (void)desk.release();
        return;
      }
    }
  }

  std::vector<Place> places_;
};

}  // namespace callvet
