// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "callvet/identity_header.h"
#include "callvet/result.h"

namespace callvet {

class JsonValue;

/// The JOSE header of a PASSporT (RFC 8225 4). UNTRUSTED until the signature was verified. A value.
struct JoseHeader {
  std::string alg;
  std::optional<std::string> ppt;
  std::string typ;
  std::string x5u;

  /// Decodes and reads the first part of a token: canonical base64url, strict JSON object. Members
  /// must be strings. Fails with kBase64Invalid, kJsonInvalid, kJsonDuplicateName, kJsonLimit,
  /// kJoseHeaderForbidden (crit, jwk or jku; A-10), kTypMissing, kAlgMissing, kX5uMissing; the
  /// values are not judged. Pure; thread-safe.
  static Result<JoseHeader> Parse(std::string_view base64url);

  /// The ppt that it names, whatever else is missing, forbidden or wrong in it: it says whose
  /// business the PASSporT is. Nothing if it names none, or cannot be decoded. Pure;
  /// thread-safe.
  static std::optional<std::string> PptOf(std::string_view base64url);
};

/// orig or div: exactly one of both, as received.
struct PartyClaim {
  std::optional<std::string> tn;
  std::optional<std::string> uri;
  bool operator==(const PartyClaim&) const = default;
};

/// dest: at least one entry in both together, as received.
struct DestClaim {
  std::vector<std::string> tn;
  std::vector<std::string> uri;
  bool operator==(const DestClaim&) const = default;
};

/// One media key fingerprint.
struct MediaKey {
  std::string alg;
  std::string dig;
  bool operator==(const MediaKey&) const = default;
};

/// The most entries of dest's tn or uri that are read (A-8, VS choice): a conference, or a group
/// message.
inline constexpr size_t kMaxDest = 100;

/// The claims of a PASSporT (RFC 8225 5). UNTRUSTED until the signature was verified. A value that
/// shares its decoded payload, where it has one; thread-safe.
class Claims {
 public:
  DestClaim dest;
  PartyClaim orig;
  int64_t iat = 0;                    // seconds since 1970, > 0
  std::optional<std::string> attest;  // of a shaken PASSporT only: a string of any value
  std::optional<std::string> origid;  // the same
  std::vector<MediaKey> mky;          // empty if absent

  /// Decodes and reads the second part of a token. Demands dest, orig and iat, each well-formed
  /// in the order of the table of ATIS-1000082 E14; for a shaken
  /// PASSporT (`ppt` is "shaken") also attest and origid, which must be strings; mky, where
  /// present, must have its type; every number and URI must be one. Other claims are kept and
  /// ignored. Fails with kBase64Invalid, kJson..., k<claim>Missing or k<claim>Invalid
  /// (kAttestInvalid is for the verifier, except where attest is no string). Pure; thread-safe.
  static Result<Claims> Parse(std::string_view base64url, std::string_view ppt);

  /// Parse in its place: into this, which has nothing yet. Of no use after a Failure.
  Result<void> Read(std::string_view base64url, std::string_view ppt);

  /// The names of all claims, in the order received.
  [[nodiscard]] std::vector<std::string> names() const;
  /// The whole payload; see base/json.h. Never null after Parse. That of IsCanonical() is made of
  /// the members above, anew each time.
  [[nodiscard]] std::shared_ptr<const JsonValue> payload() const;
  /// True if it was read as nothing but attest, dest, iat, orig and origid, each in the one
  /// spelling of RFC 8225 9: nobody need look for another claim.
  [[nodiscard]] bool IsCanonical() const { return canonical_; }

 private:
  bool ReadCanonical(std::string_view base64url);

  std::shared_ptr<const JsonValue> payload_;  // null if canonical
  bool canonical_ = false;
};

/// True if `text` is a UUID in the form of RFC 4122 3, any version, hex digits in any case.
bool IsUuid(std::string_view text);

}  // namespace callvet
