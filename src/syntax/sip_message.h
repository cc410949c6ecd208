// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "callvet/passport.h"
#include "callvet/result.h"

namespace callvet {

/// One SIP request, as far as a verifier needs it. A value.
struct SipMessage {
  struct Header {
    std::string_view name;  // lower-case, long form ("y" is "identity", ...); lives for ever
    std::string value;      // as received, folded lines included
  };

  std::string method;
  std::string request_uri;
  /// Those that say something of the call, of its body or which call it is, in order. Via, Contact
  /// and the like are read, and not kept.
  std::vector<Header> headers;
  std::string body;
  std::optional<uint64_t> content_length;  // of the header; from the wire without it, the body's
  size_t other_requests = 0;               // how many more request lines the text has
  /// Of these, those that do not go with it: another Call-ID, or an INVITE or MESSAGE that says
  /// anything else.
  size_t other_calls = 0;

  static constexpr size_t kMaxBytes = size_t{1024} * 1024;
  static constexpr size_t kMaxHeaders = 4000;

  /// Reads the first INVITE or MESSAGE in `text`, else the first request of another method (UPDATE,
  /// SUBSCRIBE, and so on). `text` may be a message from the wire, or a capture's text: lines
  /// before the request and after the message are ignored, a common indentation is removed, lines
  /// may end in CRLF or LF, and the line ends that ngrep ('.') and Wireshark (a literal \r\n) print
  /// are removed. The body is what follows the empty line, Content-Length bytes of it when that
  /// many are there; where all lines end in LF and the bytes that are missing are just the CRs, it
  /// has them again (F-30). Fails with kSipMessageInvalid: no request, no header, a header line
  /// without a name, a Content-Length that is no number, two that differ, or too large. Pure;
  /// thread-safe.
  static Result<SipMessage> Parse(std::string_view text);
  /// Reads a message from the wire: the request line is its first line (empty ones before it are
  /// skipped), and what follows the body is no part of it. Fails as Parse does, and if a part of
  /// the body is missing (RFC 3261 18.3); it may be left out as a whole, or without the CRs of its
  /// lines. In the header section every line ends by CRLF, or every one by LF; a CR elsewhere is
  /// refused.
  static Result<SipMessage> ParseMessage(std::string_view bytes);

  /// The values of all headers called `name` (lower-case, long form; one that is kept), in order.
  [[nodiscard]] std::vector<std::string> All(std::string_view name) const;

  /// The fingerprints of the SDP's a=fingerprint lines as mky has them: hex without colons.
  /// SDP is a body of type application/sdp or of no type, or the part of that type in a multipart
  /// body whose disposition is "session", which it is without a Content-Disposition (RFC 3261
  /// 20.11); neither may be encoded. Empty if there are none, if the SDP cannot be read, or if it
  /// is in doubt which part is the session's.
  [[nodiscard]] std::vector<MediaKey> SdpFingerprints() const;
};

}  // namespace callvet
