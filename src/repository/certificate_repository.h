// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "callvet/certificate_source.h"
#include "callvet/result.h"
#include "pki/certificate.h"
#include "repository/certificate_cache.h"
#include "repository/disk_cache.h"
#include "repository/fetch_gate.h"
#include "repository/fetcher.h"

namespace callvet {

enum class DownloadPolicy : uint8_t {
  kDownload,
  kOffline,  // only what is cached; the rest is kFetchOffline
};

struct CertificateRepositoryOptions {
  DownloadPolicy downloads = DownloadPolicy::kDownload;
  CertificateCacheOptions memory;
  FetchGateOptions gate;
  /// How long a copy may still be used after it ceased to be fresh, if its host does not answer.
  std::chrono::seconds stale_limit = std::chrono::hours(24);
  /// Maintain fetches again what is fresh for no longer than this, or a tenth of its life, and was
  /// used within `idle_limit`.
  std::chrono::seconds refresh_ahead = std::chrono::hours(1);
  std::chrono::seconds idle_limit = std::chrono::hours(48);
  /// No URL is fetched again sooner after a success, whatever its freshness and whoever asks.
  std::chrono::seconds min_interval{60};
  /// A call for which a stale copy is at hand waits no longer for a fresh one, and no longer than
  /// half of its own deadline.
  std::chrono::milliseconds revalidate_wait{1000};
  /// With less time left than this a fetch is not begun: it could only count against the host.
  std::chrono::milliseconds min_fetch_time{20};
  /// HTTP's view: until when a document received at `now` is fresh, at most `latest` (C-23).
  std::function<sys_seconds(const FetchedDocument&, sys_seconds now, sys_seconds latest)> freshness;
  /// Told of every bundle that comes into memory, by download or from disk, before anybody gets it;
  /// nothing: nobody. Thread-safe; does not wait; does not throw.
  std::function<void(const std::shared_ptr<const CertificateBundle>&)> on_new_bundle;
};

/// What Lookup knows without I/O on the network.
struct CertificateLookup {
  enum class State : uint8_t {
    kFound,      // `bundle` is fresh
    kStale,      // `bundle` may be used, and a fetch may be tried
    kNegative,   // `failure` stands for now: do not fetch
    kNeedFetch,  // call FetchNow
  };
  State state = State::kNeedFetch;
  std::shared_ptr<const CertificateBundle> bundle;
  Failure failure;
};

/// Counts since the repository was made.
struct RepositoryStatistics {
  uint64_t memory_hits = 0;  // lookups that found an entry in memory, fresh or not
  uint64_t disk_hits = 0;
  uint64_t misses = 0;         // neither in memory nor on disk
  uint64_t negative_hits = 0;  // answered by an earlier failure or by being offline
  uint64_t fetches = 0;        // begun
  uint64_t fetch_failures = 0;
  uint64_t joined = 0;        // waited for somebody else's fetch instead of a fetch of their own
  uint64_t refused_busy = 0;  // over a cap
  uint64_t stale_served = 0;
  uint64_t refreshes = 0;  // successful fetches by Maintain
  uint64_t disk_errors = 0;
  uint64_t memory_evictions = 0;
  uint64_t disk_evictions = 0;
  uint64_t memory_entries = 0;
  uint64_t memory_bytes = 0;  // estimated
};

/// Gets the certificates that an x5u names: from memory, from disk, or by the fetcher. The key is
/// the exact text of the x5u; two texts never share an entry.
///
/// - One fetch at a time per URL: whoever else wants it waits for its result, up to their deadline.
/// - Failures stand for a growing while (kFetchBackoff, the first reason in the detail; the first
///   reason itself if what came cannot be used); dead hosts and the number of fetches under way are
///   limited by FetchGate (kFetchBusy): who has no copy waits for a turn, up to their deadline.
/// - Nothing about a call that failed reaches the cache: a bad signature or chain neither evicts
///   nor refetches. A certificate past its notAfter is not fresh and is asked for again, once per
///   `min_interval`; in between callers get it as it is, and the verifier refuses it.
/// - If the host is down, a stale copy serves until its stale limit, never past notAfter.
///
/// Starts no threads. Thread-safe; no lock is held during I/O or decoding. Time is the clock's (the
/// machine's, not the time at which a call is judged).
class CertificateRepository final : public CertificateSource {
 public:
  /// `disk` may be nullptr; `fetcher` too if offline. Without `options.freshness`
  /// JudgeFreshness decides.
  CertificateRepository(CertificateRepositoryOptions options,
                        std::shared_ptr<const Fetcher> fetcher, std::shared_ptr<const Clock> clock,
                        std::shared_ptr<const DiskCache> disk);
  ~CertificateRepository() override;

  /// Memory and disk only; for callers that must not block.
  [[nodiscard]] CertificateLookup Lookup(std::string_view x5u) const;

  /// Fetches, unless a fresh copy came in meanwhile or a failure stands. Waits at most until
  /// `deadline`. Fails with a kFetch... or kCertificate... Reason, or kChainTooLong.
  [[nodiscard]] Result<std::shared_ptr<const CertificateBundle>> FetchNow(
      std::string_view x5u, const Deadline& deadline) const;

  /// FetchNow for who hands the certificates on to another cache: with their times.
  [[nodiscard]] Result<std::shared_ptr<const CachedCertificates>> FetchEntry(
      std::string_view x5u, const Deadline& deadline) const;

  /// Lookup, then FetchNow if that is needed.
  [[nodiscard]] Result<std::shared_ptr<const CertificateBundle>> Get(
      std::string_view x5u, const Deadline& deadline) const override;

  /// Memory and disk are looked at.
  [[nodiscard]] bool IsAtHand(std::string_view x5u) const override;

  /// By TnAuthListFetcher. Offline: kTnAuthListNotAvailable.
  [[nodiscard]] Result<TnAuthList> GetTnAuthList(std::string_view url,
                                                 const Deadline& deadline) const override;

  /// Memory alone.
  void AddTo(std::string_view x5u, Footprint& footprint) const override;

  /// What GetTnAuthList would say without I/O; nothing if it would fetch.
  [[nodiscard]] std::optional<Result<TnAuthList>> TnAuthListAtHand(std::string_view url) const;

  struct MaintainReport {
    size_t refreshed = 0;
    size_t failed = 0;
    size_t left = 0;  // due, but the deadline passed
  };
  /// Refreshes what is due, one after the other. Call it every few seconds where a process lives
  /// long; several threads may.
  MaintainReport Maintain(const Deadline& deadline) const;

  /// Forgets one URL, or everything, in memory and on disk, failures too. Says how many
  /// certificates there were.
  size_t Purge(std::string_view x5u) const;
  size_t PurgeAll() const;

  [[nodiscard]] RepositoryStatistics Statistics() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace callvet
