// SPDX-License-Identifier: MIT
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "callvet/result.h"

namespace callvet {

/// One at a time fetches for a key; whoever else comes meanwhile gets the same result. Thread-safe;
/// no lock is held while somebody fetches.
template <class T>
class SingleFlight {
 public:
  /// `fetch()`, a Result<T>, or the result of the one who is at it already: waited for until
  /// `deadline` (kFetchTimeout), unless `join()` says why it shall not be.
  template <class Fetch, class Join>
  Result<T> Do(std::string_view name, const Deadline& deadline, Fetch fetch, Join join) {
    const std::string key(name);
    const auto flight = std::make_shared<Flight>();
    {
      std::unique_lock lock(mutex_);
      const auto [slot, first] = flights_.try_emplace(key, flight);
      if (!first) {
        const std::shared_ptr<Flight> other = slot->second;  // kept while this call waits
        if (std::optional<Failure> why = join()) return std::move(*why);
        return Await(*other, lock, deadline);
      }
    }
    // Whoever waits is woken even if memory runs out on the way: from here to there none is needed.
    const Landing landing{*this, key, *flight};
    flight->result = fetch();
    return flight->result;
  }

 private:
  // `done` is guarded by the mutex; the result is its leader's until then, and does not change
  // after.
  struct Flight {
    std::condition_variable ended;
    bool done = false;
    Result<T> result = Fail(Reason::kInternalError, "the fetch ended early");
  };
  struct Landing {
    SingleFlight& flights;
    const std::string& key;
    Flight& flight;
    ~Landing() {
      const std::lock_guard lock(flights.mutex_);
      flight.done = true;
      flight.ended.notify_all();
      flights.flights_.erase(key);
    }
  };

  static Result<T> Await(Flight& flight, std::unique_lock<std::mutex>& lock,
                         const Deadline& deadline) {
    const auto done = [&flight] { return flight.done; };
    if (const auto left = deadline.Left(); left == std::chrono::milliseconds::max()) {
      flight.ended.wait(lock, done);
    } else if (!flight.ended.wait_for(lock, left, done)) {
      return Fail(Reason::kFetchTimeout, "a fetch by another call has not ended");
    }
    return flight.result;
  }

  std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<Flight>> flights_;
};

}  // namespace callvet
