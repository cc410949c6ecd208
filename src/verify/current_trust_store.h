// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <mutex>
#include <new>
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
    const Stripe& stripe = stripes_[StripeOfCaller(stripes_.size())];
    const std::lock_guard lock(stripe.mutex);
    return stripe.store;
  }

  /// The same store by the owner that it was given with, for who keeps it.
  [[nodiscard]] std::shared_ptr<const TrustStore> GetOwner() const {
    const Stripe& stripe = stripes_[StripeOfCaller(stripes_.size())];
    const std::lock_guard lock(stripe.mutex);
    return stripe.owner;
  }

  /// Once it returns, Get gives `store`.
  void Replace(const std::shared_ptr<const TrustStore>& store) noexcept {
    auto stores = ByStripe(store);
    const std::lock_guard one_at_a_time(replacing_);
    const auto replaced = GetOwner();  // is freed, if it is, while no call waits
    for (size_t i = 0; i < stripes_.size(); ++i) {
      const std::lock_guard lock(stripes_[i].mutex);
      stripes_[i].owner = store;
      if (i < stores.size()) {
        stripes_[i].store = std::move(stores[i]);
      } else {
        stripes_[i].store = store;
      }
    }
  }

 private:
  struct alignas(kCacheLines) Stripe {
    mutable std::mutex mutex;
    std::shared_ptr<const TrustStore> store;  // with a count of its own
    std::shared_ptr<const TrustStore> owner;
  };

  // None without memory: that a store is replaced must not hang on it.
  [[nodiscard]] std::vector<std::shared_ptr<const TrustStore>> ByStripe(
      const std::shared_ptr<const TrustStore>& store) const noexcept {
    try {
      return CountedByStripe(store, stripes_.size());
    } catch (const std::bad_alloc&) {
      return {};
    }
  }

  std::vector<Stripe> stripes_;
  std::mutex replacing_;
};

}  // namespace callvet
