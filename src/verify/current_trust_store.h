// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "base/stripes.h"
#include "pki/trust_store.h"

namespace callvet {

/// The trust store that counts now, taken once by every call. Thread-safe; threads that take it at
/// the same time write no memory together.
class CurrentTrustStore {
 public:
  explicit CurrentTrustStore(const std::shared_ptr<const TrustStore>& store)
      : stripes_(StripeCount()) {
    Replace(store);
  }

  [[nodiscard]] std::shared_ptr<const TrustStore> Get() const {
    Stripe& stripe = stripes_[StripeOfCaller(stripes_.size())];
    const std::lock_guard lock(stripe.mutex);
    return stripe.store;
  }

  /// Once it returns, Get gives `store`.
  void Replace(const std::shared_ptr<const TrustStore>& store) {
    auto stores = CountedByStripe(store, stripes_.size());
    const std::lock_guard one_at_a_time(replacing_);
    for (size_t i = 0; i < stripes_.size(); ++i) {
      const std::lock_guard lock(stripes_[i].mutex);
      std::swap(stripes_[i].store, stores[i]);
    }
  }

 private:
  struct alignas(kCacheLines) Stripe {
    std::mutex mutex;
    std::shared_ptr<const TrustStore> store;
  };

  mutable std::vector<Stripe> stripes_;
  std::mutex replacing_;
};

}  // namespace callvet
