// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "callvet/result.h"

namespace callvet {

/// A document as a server gave it, with what HTTP says of its freshness. A value.
struct FetchedDocument {
  std::string body;
  std::string content_type;  // as received, or ""
  /// The header fields that RFC 9111 judges freshness by, as received; nothing if absent.
  std::optional<std::string> cache_control;
  std::optional<std::string> expires;
  std::optional<std::string> date;
  std::optional<std::string> age;
};

/// The seam at which tests replace the network. Implementations are const and thread-safe and never
/// throw; they keep to `deadline` and to their own limits, whichever ends first.
class Fetcher {
 public:
  virtual ~Fetcher() = default;

  /// The document at `url` after one successful GET (2xx, no redirect). Fails with a kFetch... Reason:
  /// each way to fail has its own.
  [[nodiscard]] virtual Result<FetchedDocument> Fetch(std::string_view url,
                                                      const Deadline& deadline) const = 0;
};

}  // namespace callvet
