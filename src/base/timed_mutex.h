// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace callvet {

/// A mutex that may be waited for only so long, for std::unique_lock and std::lock_guard. (Of
/// std::timed_mutex ThreadSanitizer does not see that it was locked.)
class TimedMutex {
 public:
  void lock() {
    std::unique_lock lock(mutex_);
    free_.wait(lock, [this] { return !taken_; });
    taken_ = true;
  }
  /// milliseconds::max(), what is left of a Deadline that never passes: however long it takes.
  bool try_lock_for(std::chrono::milliseconds time) {
    if (time == std::chrono::milliseconds::max()) {
      lock();
      return true;
    }
    std::unique_lock lock(mutex_);
    if (!free_.wait_for(lock, time, [this] { return !taken_; })) return false;
    taken_ = true;
    return true;
  }
  void unlock() {
    const std::lock_guard lock(mutex_);
    taken_ = false;
    free_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable free_;
  bool taken_ = false;
};

/// Gives a lock back for its scope, and takes it again however that ends.
class Unlocked {
 public:
  explicit Unlocked(std::unique_lock<TimedMutex>& lock) : lock_(lock) { lock_.unlock(); }
  Unlocked(const Unlocked&) = delete;
  Unlocked& operator=(const Unlocked&) = delete;
  ~Unlocked() { lock_.lock(); }

 private:
  std::unique_lock<TimedMutex>& lock_;
};

}  // namespace callvet
