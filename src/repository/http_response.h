// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "callvet/result.h"
#include "repository/fetcher.h"

namespace callvet {

/// Budgets for an answer (C-21, A-8; VS choice).
struct ResponseLimits {
  size_t max_body_bytes = size_t{64} * 1024;
  size_t max_header_bytes = size_t{16} * 1024;  // of all header lines, interim answers included
  size_t max_header_lines = 100;                // the same
};

/// Takes an HTTP answer in as it arrives and stops it as soon as it is known to be of no use: a
/// status other than 2xx, too large, compressed though nobody asked for it. Holds no more than the
/// limits. No I/O. Not thread-safe: one per fetch.
class HttpResponse {
 public:
  enum class Next : uint8_t { kContinue, kStop };
  using Headers = std::vector<std::pair<std::string, std::string>>;

  explicit HttpResponse(const ResponseLimits& limits) : limits_(limits) {}

  /// One header line with its line end: the status line, a field, or the empty line at the end.
  /// After an interim answer (1xx) the next status line begins the answer anew; the budget goes on.
  Next AddHeaderLine(std::string_view line);
  /// The next bytes of the body.
  Next AddBody(std::string_view bytes);

  /// Why AddHeaderLine or AddBody said kStop: kFetchRedirect, kFetchHttpStatus, kFetchTooLarge or
  /// kFetchTransferFailed.
  [[nodiscard]] const std::optional<Failure>& failure() const { return failure_; }
  /// 0 before a status line arrived.
  [[nodiscard]] int status() const { return status_; }
  /// True once the final answer's header fields are all there.
  [[nodiscard]] bool headers_complete() const { return headers_complete_; }
  [[nodiscard]] const Headers& headers() const { return headers_; }
  [[nodiscard]] size_t header_bytes() const { return header_bytes_; }
  [[nodiscard]] size_t body_bytes() const { return body_.size(); }
  /// All values of the field in the order of arrival, joined by ", "; nothing if it is absent.
  [[nodiscard]] std::optional<std::string> Field(std::string_view name) const;
  /// The document; the body is taken out of this object.
  [[nodiscard]] FetchedDocument TakeDocument();

 private:
  Next Stop(Reason reason, std::string detail);
  Next EndOfHeaders();
  [[nodiscard]] std::optional<std::string> FirstField(std::string_view name) const;
  [[nodiscard]] bool LengthsDiffer() const;

  ResponseLimits limits_;
  int status_ = 0;
  Headers headers_;
  size_t header_bytes_ = 0;
  size_t header_lines_ = 0;
  bool headers_complete_ = false;
  std::string body_;
  std::optional<Failure> failure_;
};

}  // namespace callvet
