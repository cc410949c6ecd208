// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "callvet/certificate_source.h"
#include "repository/certificate_cache.h"

namespace callvet {

/// An end that has passed already is asked for again only after this: until then the verifier
/// refuses the certificate as it is, so that an expired one does not cause a fetch for every call.
inline constexpr std::chrono::seconds kHandedAtLeast{60};

/// Until when a certificate that was handed over may be used.
struct HandedTimes {
  sys_seconds fetched_at;
  sys_seconds fresh_until;
  sys_seconds stale_until;  // if nobody can give a newer one
};

/// Certificates that somebody else fetched: never does I/O. What is not there is
/// kCertificateNotAvailable, the reason that only this source has here, so that a verdict shows
/// which x5u are wanted; a failure that was handed over is given as it is. Thread-safe.
class HandedCertificates final : public CertificateSource {
 public:
  /// Failures that are remembered at most; the first of them in the alphabet goes for a further
  /// one.
  static constexpr size_t kMaxFailures = 4096;

  HandedCertificates(const CertificateCacheOptions& options, std::shared_ptr<const Clock> clock);

  /// `bytes`: PEM or DER as ParseBundle reads it, whose failures it has. Times are cut at the first
  /// notAfter, but not to less than kHandedAtLeast. Replaces what is there, a failure too, but not
  /// a copy that was fetched later.
  Result<void> Put(std::string_view x5u, std::string_view bytes, const HandedTimes& times);

  /// `failure`, of class kUndecided or kRefused, stands until `until`, or a Put.
  void PutFailure(std::string_view x5u, Failure failure, sys_seconds until);

  size_t Forget(std::string_view x5u);
  size_t ForgetAll();

  enum class State : uint8_t { kMissing, kFresh, kStale, kFailed };
  [[nodiscard]] State StateOf(std::string_view x5u) const;
  [[nodiscard]] CertificateCache::Usage GetUsage() const { return cache_.GetUsage(); }

  [[nodiscard]] Result<std::shared_ptr<const CertificateBundle>> Get(
      std::string_view x5u, const Deadline& deadline) const override;
  void AddTo(std::string_view x5u, Footprint& footprint) const override {
    cache_.AddTo(x5u, footprint);
  }

 private:
  struct Standing {
    Failure failure;
    sys_seconds until;
  };
  [[nodiscard]] bool FindFailure(std::string_view x5u, sys_seconds now, Failure& failure) const;

  CertificateCache cache_;
  std::shared_ptr<const Clock> clock_;
  mutable std::mutex failures_mutex_;
  std::map<std::string, Standing, std::less<>> failures_;
};

}  // namespace callvet
