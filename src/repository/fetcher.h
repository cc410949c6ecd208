// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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

/// What is at a URL, for the rules that hold for its form (UrlPolicy::Check).
enum class UrlUse : uint8_t {
  kX5u,       // a certificate chain, named in a token (C-20)
  kDocument,  // anything else: a CRL, a TNAuthList, content, a trust list
};

/// The seam at which tests replace the network. Implementations are const and thread-safe and never
/// throw; they keep to `deadline` and to their own limits, whichever ends first.
class Fetcher {
 public:
  virtual ~Fetcher() = default;

  /// The document at `url` after one successful GET (2xx, no redirect). Fails with a kFetch...
  /// Reason: each way to fail has its own.
  [[nodiscard]] virtual Result<FetchedDocument> Fetch(std::string_view url, UrlUse use,
                                                      const Deadline& deadline) const = 0;
};

/// One HTTP exchange with a server that the operator configured.
struct HttpExchange {
  enum class Method : uint8_t { kGet, kPost };
  Method method = Method::kGet;
  std::string url = {};
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};  // of a kPost
  size_t max_response_bytes = 0;
};

/// The seam for exchanges that Fetcher does not do. Implementations are const and thread-safe,
/// never throw, follow no redirects and log neither headers nor bodies.
class HttpExchanger {
 public:
  virtual ~HttpExchanger() = default;
  /// The body of a 2xx answer. Fails with a kFetch... Reason.
  [[nodiscard]] virtual Result<std::string> Send(const HttpExchange& exchange,
                                                 const Deadline& deadline) const = 0;
};

}  // namespace callvet
