// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>

#include "base/clock.h"
#include "repository/fetcher.h"

namespace callvet {

/// What decided how long a document is fresh: for people and metrics.
enum class FreshnessBasis : uint8_t {
  kSharedMaxAge,  // Cache-Control: s-maxage
  kMaxAge,        // Cache-Control: max-age
  kExpires,       // Expires minus Date
  kMinimum,       // the 24 h rule: nothing usable, or less than 24 h
  kLatest,        // the certificate ends before
};

struct Freshness {
  sys_seconds until;  // fresh as long as the time is before this
  FreshnessBasis basis = FreshnessBasis::kMinimum;
};

/// C-23: a certificate is kept for at least this long (ATIS-1000074).
inline constexpr std::chrono::seconds kMinimumFreshness = std::chrono::hours(24);

/// How long `document`, received at `received`, is fresh (RFC 9111 4.2, C-23), and never past
/// `latest` (the earliest notAfter of the chain).
///
/// The lifetime is that of a shared cache: s-maxage, else max-age, else Expires minus Date (minus
/// `received` where there is no Date); no heuristic. Of a directive that occurs twice the first
/// counts; a value that is no number or date is not usable. The age (RFC 9111 4.2.3: Age, or Date
/// against `received`) is taken off. no-store, no-cache and private do not shorten the 24 hours:
/// C-23 says to keep them. Pure; thread-safe.
Freshness JudgeFreshness(const FetchedDocument& document, sys_seconds received, sys_seconds latest);

}  // namespace callvet
