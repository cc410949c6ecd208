// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "callvet/passport.h"
#include "callvet/result.h"
#include "issue/private_key.h"
#include "issue/rules.h"
#include "pki/es256.h"

// Making PASSporTs. Every function here is thread-safe and does no I/O; only the signatures (ECDSA
// takes a random number) differ from call to call.

namespace callvet {

/// What a PASSporT shall say. Strings are UTF-8.
struct PassportRequest {
  /// "shaken", or nothing for a base PASSporT. Any other type is signed as it is, its claims in
  /// `extra_claims`: see extension_members.h for div, div-o, rph, rcd and msg.
  std::optional<std::string> ppt;
  std::string x5u;  // where the signer's certificate is published (C-20)
  PartyClaim orig;  // tn in canonical digits without '+', or uri
  DestClaim dest;   // the same; sorted on signing
  sys_seconds iat{};
  std::optional<std::string> attest;  // "A", "B" or "C"; shaken needs it
  std::optional<std::string> origid;  // a UUID; shaken needs it: random_uuid.h
  std::vector<MediaKey> mky;          // dig in hex without colons; sorted on signing
  JsonMembers extra_claims;           // members of the payload beside the claims above
  Rules rules = Rules::kEnforced;
};

/// The token h.p.s of RFC 8225: header members alg, ppt (unless base), typ and x5u, and the
/// payload, in the deterministic serialisation of RFC 8225 9, signed by `key`. Empty fields
/// of `request` give no claim.
///
/// Under Rules::kEnforced it refuses what a verifier would refuse, by the verifier's own readers:
/// kX5uMissing, kInfoInvalid (x5u, C-20), k<claim>Missing and k<claim>Invalid as in Claims::Parse
/// CheckPartiesOfType, CheckExtensionClaims and CheckDigestsAreThere, kAttestInvalid, kJsonLimit;
/// numbers that are not canonical (kOrigInvalid, kDestInvalid, A-31); and exp that is not after
/// iat (kIatStale), nbf after it (kIatInFuture), or one that is no number (kIatInvalid). Under
/// either: kKeyInvalid unless `key` is P-256, kJsonDuplicateName when an extra claim has the name
/// of a claim above, kInternalError.
Result<std::string> SignPassport(const PassportRequest& request, const PrivateKey& key);

/// h.p.s over exactly these bytes, which need not be JSON: for tests. Fails with kKeyInvalid,
/// kInternalError.
Result<std::string> SignRaw(std::string_view header, std::string_view payload,
                            const PrivateKey& key);

/// The ES256 signature r || s (RFC 7518 3.4) over SHA-256 of `signing_input`. Fails with
/// kKeyInvalid unless `key` is P-256, kInternalError.
Result<Es256Signature::Bytes> SignEs256(std::string_view signing_input, const PrivateKey& key);

/// kFull is h.p.s, kCompact is ..s (RFC 8224 4, RFC 8225 7).
enum class IdentityForm : uint8_t { kFull, kCompact };

/// The parameters of an Identity header.
struct IdentityParameters {
  std::string info;                // the x5u of the token, without angle brackets
  std::optional<std::string> ppt;  // the ppt of the token
  IdentityForm form = IdentityForm::kFull;
  Rules rules = Rules::kEnforced;
};

/// The value of an Identity header field, `h.p.s;info=<x5u>;alg=ES256;ppt=shaken` or
/// `..s;info=<x5u>;alg=ES256`, from the full token.
///
/// Under Rules::kEnforced it fails like IdentityHeader::Parse and JoseHeader::Parse on what those
/// refuse, with kX5uDiffersFromInfo or kPptMismatch when the parameters are not those
/// of the token, and with kCompactFormNotAllowed for a compact form that nobody could rebuild: one
/// with a ppt, or with claims other than dest, iat, mky and orig. Under either:
/// kTokenMalformed unless `token` has three parts.
Result<std::string> RenderIdentityHeader(std::string_view token,
                                         const IdentityParameters& parameters);

}  // namespace callvet
