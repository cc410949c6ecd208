// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "callvet/result.h"
#include "repository/fetcher.h"
#include "syntax/uri.h"

namespace callvet {

/// What an operator lets be fetched. The defaults are SHAKEN's (C-20) and allow every host.
struct UrlPolicyOptions {
  /// Scheme and ports. Http::kInsecureAllow and further ports are for the laboratory.
  X5uRules rules;
  /// Hosts. `cert.example.org` or an address (IPv6 in brackets) is that host alone; `.example.org`
  /// is every host below example.org, but not example.org itself. Letters in any case. With an
  /// empty `allow_hosts` all hosts are allowed; `deny_hosts` wins over `allow_hosts`.
  std::vector<std::string> allow_hosts;
  std::vector<std::string> deny_hosts;
  /// Longest URL (VS choice); more than Uri::kMaxBytes is the same as Uri::kMaxBytes.
  size_t max_bytes = 1024;
};

/// Says whether a URL may be fetched, before anything is resolved or opened. It speaks of names
/// only: where a name leads is judged at the socket (address_guard.h). A value; immutable;
/// thread-safe.
class UrlPolicy {
 public:
  /// The defaults of UrlPolicyOptions.
  UrlPolicy() = default;
  /// Fails with kConfigInvalid, naming it, for a host entry that could never match: empty, with a
  /// scheme, port, path or wildcard.
  static Result<UrlPolicy> Make(UrlPolicyOptions options);

  /// The parts of `url` if it may be fetched. An x5u must have the form of C-20; any other URL may
  /// have a query, a fragment, or no path, as RFC 5280 4.2.1.13 and RFC 8226 10.2 allow it, and
  /// keeps to the same scheme and ports. Fails with kInfoInvalid (not of that form) or
  /// kFetchUrlRefused (too long, host denied or not allowed, a host in digits that is no plain
  /// address: 127.1, 0x7f000001, 2130706433). Pure.
  [[nodiscard]] Result<Uri> Check(std::string_view url, UrlUse use) const;

  /// One sentence for each switch that weakens the policy, to be logged at start; empty if none.
  [[nodiscard]] std::vector<std::string> InsecureSettings() const;

 private:
  UrlPolicyOptions options_;  // hosts in the form of NormalHost
};

}  // namespace callvet
