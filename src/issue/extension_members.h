// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "callvet/result.h"
#include "issue/passport_signer.h"

// What the PASSporT extensions add: claims for PassportRequest::extra_claims, and the request that
// diverts a PASSporT. Thread-safe; no I/O.

namespace callvet {

/// Who redirects a call, and where to.
struct DiversionRequest {
  enum class Kind : uint8_t { kDiv, kDivO };  // kDivO encloses the diverted PASSporT (RFC 8946 5)
  Kind kind = Kind::kDiv;
  std::string x5u;
  DestClaim dest;                 // the new one
  std::optional<PartyClaim> div;  // who redirects: one of the old dest; not needed if that has one
  sys_seconds iat{};
  Rules rules = Rules::kEnforced;
};

/// The request of a div or div-o PASSporT that follows `identity`, an Identity header value or a
/// token in full form (RFC 8946 4.1): orig as it is there, div, the new dest, and none of its other
/// claims (F-1). Fails like IdentityHeader::Parse and Claims::Parse, with kCompactFormNotAllowed,
/// kParameterMissing (several dest and no div), kDivLinkMissing (div is none of them) or kDivLoop
/// (the target does not change).
Result<PassportRequest> DivertPassport(std::string_view identity, const DiversionRequest& request);

/// rph and, if not empty, sph (RFC 8443, RFC 9027).
JsonMembers RphMembers(const std::vector<std::string>& auth, const std::string& sph);

/// A digest that rcdi shall have.
struct RcdDigestRequest {
  std::string pointer;                 // RFC 6901, relative to rcd
  std::optional<std::string> content;  // what the URI there leads to; nothing: what stands there
};

/// rcd (if not null), crn (if not empty) and rcdi with SHA-256 digests (RFC 9795). Fails with
/// kRcdInvalid when a pointer leads to nothing, kRcdDigestMissing when it leads to a URI whose
/// content is not given (a digest of the URI itself protects nothing, F-22), kInternalError.
Result<JsonMembers> RcdMembers(const JsonValue& rcd, const std::string& crn,
                               const std::vector<RcdDigestRequest>& digests);

/// msgi with the SHA-256 digest of a message's body (RFC 9475). Fails with kInternalError.
Result<JsonMembers> MsgMembers(std::string_view body);

}  // namespace callvet
