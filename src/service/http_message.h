// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "callvet/result.h"

// HTTP messages as the service's endpoints see them. Values; no I/O.

namespace callvet::service {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method;
  std::string path;     // without query
  HttpHeaders headers;  // names in lower case
  std::string body;     // empty for a streamed one
  std::string client;   // address without port
  Stopwatch since;      // from the first byte on
  Stopwatch ready;      // from the last byte on
  std::string query;    // what stands behind '?' in the target, not decoded

  /// The value of the first header called `name` (lower case), or nothing.
  [[nodiscard]] std::optional<std::string_view> Header(std::string_view name) const {
    for (const auto& [known, value] : headers) {
      if (known == name) return value;
    }
    return std::nullopt;
  }
  /// All values of the headers called `name` as one list (RFC 9110 5.3), or nothing.
  [[nodiscard]] std::optional<std::string> HeaderList(std::string_view name) const {
    std::optional<std::string> list;
    for (const auto& [known, value] : headers) {
      if (known == name) list = list ? *list + ", " + value : value;
    }
    return list;
  }
};

/// The lines of a body that is not held in memory.
class LineSource {
 public:
  virtual ~LineSource() = default;
  /// The next line without its end; nothing after the last. Fails with kBodyInvalid (a line longer
  /// than allowed, a broken body) or kDeadlineExceeded (the client sends too slowly).
  virtual Result<std::optional<std::string>> Next() = 0;
  /// Whether there may be more behind a failure of Next: a line that is too long is left out.
  [[nodiscard]] virtual bool GoesOn() const { return false; }
  /// Whether a line is at hand, so that Next does not wait.
  [[nodiscard]] virtual bool HasLine() const = 0;
};

/// Takes bytes of an answer; false once the client is gone.
using LineSink = std::function<bool(std::string_view)>;

struct HttpReply {
  int status = 500;
  std::string content_type = "application/json";
  std::string body;
  HttpHeaders headers;
  /// Instead of `body`: writes the answer while it reads the request.
  std::function<void(LineSource&, const LineSink&)> stream;
};

}  // namespace callvet::service
