// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/api_reply.h"
#include "callvet/reason.h"

namespace callvet {

/// An API call that is bad by ATIS-1000082 (conformance E.4): which row, and the values of %1, %2.
struct RequestError {
  Reason reason = Reason::kInternalError;
  std::vector<std::string> variables;
};

/// The HTTP status and the body `{"requestError":{"serviceException":{"messageId","text",
/// "variables"}}}` of `error` (E-11: POL rows are policyException; `text` keeps the template; no
/// `variables` where the row has none). A reason without a row of its own gives POL5000. Pure.
ApiReply RequestErrorReply(const RequestError& error);

/// The headers of an HTTP request that the ATIS interface looks at (E-2).
struct RequestHead {
  std::string_view method;
  std::optional<std::string_view> content_type;
  std::optional<std::string_view> accept;
  std::optional<std::string_view> content_length;
  std::optional<std::string_view> content_encoding = {};
};

/// Whether a Content-Encoding says that there is none ("", "identity"). Pure.
bool IsIdentityCoding(std::string_view content_encoding);

/// What is wrong with a POST of JSON before its body is read, in the order 405, 411, 415, 406;
/// nothing if it is good. A content type may have parameters; no Accept or an empty one, `*/*`,
/// `application/*` and `application/json` (among others, with any quality but 0) are good. A coded
/// body is 415 too. Pure; thread-safe.
std::optional<RequestError> CheckRequestHead(const RequestHead& head);

/// The object `wrapper` of `body` ({"verificationRequest": {...}}), or SVC4000 (no body), SVC4006
/// (not JSON), SVC4001 (no such member), SVC4005 (no object). Pure; thread-safe.
struct UnwrappedBody {
  std::shared_ptr<const JsonValue> object;  // keeps the body that it is in
  std::optional<RequestError> error;
};
UnwrappedBody Unwrap(std::string_view body, std::string_view wrapper);

}  // namespace callvet
