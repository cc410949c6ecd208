// SPDX-License-Identifier: MIT
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "callvet/result.h"

namespace callvet {

/// Up to `max` things of a kind, each used by one thread at a time, made when they are needed.
/// Thread-safe; outlives its leases.
template <class T>
class Pool {
 public:
  using Make = std::function<Result<std::unique_ptr<T>>()>;
  Pool(size_t max, Make make) : max_(max), make_(std::move(make)) {
    free_.reserve(max);  // so that giving one back needs no memory
  }

  /// One that the holder uses alone, given back at the end.
  class Lease {
   public:
    Lease(Pool& pool, std::unique_ptr<T> thing) : pool_(&pool), thing_(std::move(thing)) {}
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (thing_ != nullptr) pool_->Return(std::move(thing_));
    }
    T& operator*() const { return *thing_; }
    T* operator->() const { return thing_.get(); }

   private:
    Pool* pool_;
    std::unique_ptr<T> thing_;
  };

  /// Waits until one is free. Fails like `make`.
  Result<Lease> Take() {
    {
      std::unique_lock lock(mutex_);
      free_again_.wait(lock, [&] { return !free_.empty() || made_ < max_; });
      if (!free_.empty()) {
        std::unique_ptr<T> thing = std::move(free_.back());
        free_.pop_back();
        return Lease(*this, std::move(thing));
      }
      ++made_;
    }
    try {
      auto made = make_();
      if (made) return Lease(*this, std::move(*made));
      NotMade();
      return made.error();
    } catch (...) {
      NotMade();
      throw;
    }
  }

 private:
  void NotMade() {
    {
      const std::lock_guard lock(mutex_);
      --made_;
    }
    free_again_.notify_one();
  }

  void Return(std::unique_ptr<T> thing) {
    {
      const std::lock_guard lock(mutex_);
      free_.push_back(std::move(thing));
    }
    free_again_.notify_one();
  }

  size_t max_;
  Make make_;
  std::mutex mutex_;
  std::condition_variable free_again_;
  std::vector<std::unique_ptr<T>> free_;
  size_t made_ = 0;
};

}  // namespace callvet
