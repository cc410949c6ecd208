// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "service/http_message.h"

// Where one HTTP/1.1 request ends and the next begins: decided here, strictly and before any other
// code sees a byte, so that nobody can make two readers disagree (request smuggling). Pure.

namespace callvet::service {

struct FramingLimits {
  size_t head_bytes = size_t{16} * 1024;  // request line and headers
  size_t headers = 100;
  size_t target_bytes = 2048;
  size_t body_bytes = size_t{256} * 1024;
  bool operator==(const FramingLimits&) const = default;
};

/// The head of a request.
struct FramedHead {
  std::string method;
  std::string target;
  HttpHeaders headers;                     // names in lower case, values trimmed
  size_t bytes = 0;                        // that the head takes
  std::optional<uint64_t> content_length;  // nothing: there is no such header
  enum class Body : uint8_t { kNone, kLength, kChunked } body = Body::kNone;
  enum class Persistence : uint8_t { kClose, kKeepAlive } persistence = Persistence::kKeepAlive;
  enum class Expectation : uint8_t { kNone, kContinue } expectation = Expectation::kNone;
  enum class Version : uint8_t { k10, k11 } version = Version::k11;
};

/// More bytes are needed.
struct Incomplete {};
/// No request that is served: the HTTP status to answer before closing.
struct BadRequest {
  int status = 400;
  FramedHead head = {};  // as far as it could be read: for the form of the answer alone
};

/// Reads the head at the beginning of `bytes`. Strict (RFC 9112): lines end in CRLF, names are
/// tokens directly in front of ':', no folded lines, no control characters, one Content-Length of
/// digits, Transfer-Encoding chunked alone and never beside Content-Length, one Host (none in
/// HTTP/1.0), one Content-Type at most. Empty lines in front are skipped. Statuses: 400, 414
/// (target), 431 (head too large, too many headers), 501 (transfer coding), 505 (version).
std::variant<FramedHead, Incomplete, BadRequest> FrameHead(std::string_view bytes,
                                                           const FramingLimits& limits);

/// Decodes a chunked body bit by bit. Not thread-safe.
class ChunkDecoder {
 public:
  /// Takes bytes from the front of `input`, appends content to `output` (at most `max` bytes).
  /// False if the coding is broken: nothing more can be read.
  bool Decode(std::string& input, std::string& output, size_t max);
  [[nodiscard]] bool done() const { return state_ == State::kDone; }

 private:
  enum class State : uint8_t { kSize, kData, kDataEnd, kTrailer, kDone };
  bool ReadSize(std::string& input);
  State state_ = State::kSize;
  uint64_t left_ = 0;
};

}  // namespace callvet::service
