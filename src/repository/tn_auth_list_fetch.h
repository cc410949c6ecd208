// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "callvet/result.h"
#include "callvet/tn_auth_list.h"
#include "repository/fetch_gate.h"
#include "repository/fetcher.h"
#include "repository/single_flight.h"

namespace callvet {

/// Budgets of a TnAuthListFetcher (VS choice).
struct TnAuthListFetchOptions {
  std::chrono::seconds lifetime = std::chrono::hours(24);
  std::chrono::seconds failure_lifetime{60};
  size_t max_entries = 1'024;
  size_t max_bytes = size_t{64} * 1024;
};

/// TNAuthLists that certificates name by reference (RFC 8226 9, B-4), by the guarded fetcher, kept
/// for 24 hours; failures for a minute, at least. The body is the DER of the list; its media type,
/// which is application/tnauthlist, is not demanded, since servers often send another one.
///
/// Only certificates of verified chains are asked about, so no forger chooses a URL. One call
/// fetches a URL, the others wait for its result, and all keep to the caps of a FetchGate.
/// Thread-safe; no lock is held during I/O.
class TnAuthListFetcher {
 public:
  /// Nothing is null. `gate` may be that of other downloads.
  TnAuthListFetcher(TnAuthListFetchOptions options, std::shared_ptr<const Fetcher> fetcher,
                    std::shared_ptr<const Clock> clock, std::shared_ptr<FetchGate> gate)
      : options_(options),
        fetcher_(std::move(fetcher)),
        clock_(std::move(clock)),
        gate_(std::move(gate)) {}

  /// What is kept, list or failure; nothing if Get would fetch.
  [[nodiscard]] std::optional<Result<TnAuthList>> AtHand(std::string_view url) const;

  /// Fits CertificateSource::GetTnAuthList. Fails with kTnAuthListNotAvailable (the fetcher's
  /// or gate's reason in the detail), kTnAuthListMalformed, or kDeadlineExceeded. What the caps or
  /// the deadline refuse is not kept.
  [[nodiscard]] Result<TnAuthList> Get(std::string_view url, const Deadline& deadline) const;

 private:
  struct Entry {
    std::string url;
    Result<TnAuthList> list;
    sys_seconds from{};
    sys_seconds until{};
  };
  [[nodiscard]] Result<TnAuthList> Lead(std::string_view url, const Deadline& deadline) const;
  [[nodiscard]] Result<TnAuthList> Read(std::string_view url,
                                        const FetchedDocument& document) const;
  void Keep(std::string_view url, const Result<TnAuthList>& list, sys_seconds now) const;

  TnAuthListFetchOptions options_;
  std::shared_ptr<const Fetcher> fetcher_;
  std::shared_ptr<const Clock> clock_;
  std::shared_ptr<FetchGate> gate_;
  mutable SingleFlight<TnAuthList> flights_;
  mutable std::mutex mutex_;
  mutable std::list<Entry> entries_;  // the last used first
  mutable std::unordered_map<std::string_view, std::list<Entry>::iterator> index_;
};

}  // namespace callvet
