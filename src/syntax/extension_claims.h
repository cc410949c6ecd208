// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "callvet/passport.h"
#include "callvet/result.h"
#include "syntax/content_digest.h"

// What the PASSporT extensions add to the payload: form only, nothing is compared with a call.
// UNTRUSTED until the signature was verified. All readers are pure and thread-safe.

namespace callvet {

/// div (RFC 8946 3): who redirected the call.
struct DivClaim {
  PartyClaim party;               // as received
  std::optional<std::string> hi;  // index of the History-Info entry

  /// Fails with kDivClaimMissing, kDivClaimInvalid (F-1).
  static Result<DivClaim> Read(const JsonValue& payload);
};

/// opt of a div-o PASSporT (RFC 8946 5): the token that it encloses. Fails with kDivOptInvalid
/// unless it is a string that may be a token in full form (F-7).
Result<std::string> ReadOpt(const JsonValue& payload);

/// rph (RFC 8443) and sph (RFC 9027).
struct RphClaim {
  std::vector<std::string> auth;  // r-values, lower-case: "ets.0"
  std::optional<std::string> sph;

  /// Fails with kRphMissing, kRphInvalid (F-10), kSphInvalid: sph is not "psap-callback", or stands
  /// without a value of the namespace esnet (F-12).
  static Result<RphClaim> Read(const JsonValue& payload);
};

/// The r-value in lower case (RFC 4412 3.1: namespace "." priority, both tokens), or a Failure
/// (kRphInvalid).
Result<std::string> ReadResourceValue(std::string_view text);

/// rcd, rcdi, crn and iss (RFC 9795).
struct RcdClaims {
  struct Digest {
    std::string pointer;  // RFC 6901, relative to rcd: "/icn"
    ContentDigest digest;
  };

  JsonValue rcd;  // null without an rcd claim
  std::string nam;
  std::optional<std::string> apn;
  std::optional<std::string> icn;
  std::optional<std::string> jcl;
  std::optional<std::string> crn;
  std::optional<std::string> iss;  // of a third party (F-25)
  std::vector<Digest> rcdi;

  /// True if `payload` has one of rcd, rcdi and crn.
  static bool Occurs(const JsonValue& payload);
  /// Fails with kRcdMissing (neither rcd nor crn), kRcdInvalid (F-20, F-21).
  static Result<RcdClaims> Read(const JsonValue& payload);
};

/// A URI in rcd whose content is part of what was signed, so that rcdi must have its digest (F-23).
struct RcdReference {
  std::string pointer;
  std::string uri;
};

/// icn, jcl, and the photos, logos and sounds of a jCard at `pointer` ("/jcd", or "/jcl" for one
/// that was fetched).
std::vector<RcdReference> RcdReferences(const RcdClaims& claims);
std::vector<RcdReference> JcardReferences(const JsonValue& jcard, std::string_view pointer);
/// Fails with kRcdDigestMissing when rcdi has no digest of one of `references` (F-23).
Result<void> CheckDigestsAreThere(const std::vector<RcdReference>& references,
                                  const RcdClaims& claims);

/// msgi (RFC 9475): the digest of a message. Fails with kMsgiMissing, kMsgiInvalid.
Result<ContentDigest> ReadMsgi(const JsonValue& payload);

/// The value at a JSON pointer (RFC 6901), or nullptr.
const JsonValue* FindPointer(const JsonValue& document, std::string_view pointer);

/// A shaken PASSporT names numbers (D-2). Fails with kOrigInvalid, kDestInvalid.
Result<void> CheckPartiesOfType(const Claims& claims, std::string_view ppt);

/// Whether the claims of an extension are well-formed, by the readers above; success for a `ppt`
/// without claims of its own. `ppt` is what the JOSE header says.
Result<void> CheckExtensionClaims(const JsonValue& payload, std::string_view ppt);

}  // namespace callvet
