// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "callvet/result.h"

namespace callvet {

/// The result of verification as the called side sees it (3GPP TS 24.229 7.2A.20, D-9, D-11).
struct VerstatMark {
  enum class Header : uint8_t { kAssertedIdentity, kFrom };
  enum class Place : uint8_t {
    kUserPart,      // <sip:+1...;verstat=X@host;user=phone>, and the parameter of a tel URI
    kUriParameter,  // <sip:+1...@host;verstat=X>
  };

  std::string value;  // "TN-Validation-Passed", or with -A, -B, -C behind it
  Header header = Header::kAssertedIdentity;
  Place place = Place::kUserPart;
  /// The values that `value` is true of, as received, where it is a passed validation: those that
  /// show the verified number or URI. Into any other one No-TN-Validation is written.
  std::vector<std::string> identities = {};

  bool operator==(const VerstatMark&) const = default;
};

/// `identity`, a URI or name-addr as in From and P-Asserted-Identity, without any verstat, wherever
/// it stands and however it is capitalised or percent-encoded; a display name in which the word
/// stands goes as a whole, and so does a parameter that has it between quotes. The rest stays byte
/// for byte, but that a folded value is put on one line and blanks between the URI and its angle
/// brackets go. Fails with kParameterInvalid if there is no sip, sips or tel URI in it, or a line
/// break that is no fold. Pure; thread-safe.
Result<std::string> StripVerstat(std::string_view identity);

/// The same with `mark` put where it says; in a tel URI behind the number, in a user part in front
/// of its password. The header that it names is the caller's affair; a passed validation is written
/// only if `identity` has the URI of one of mark.identities, else No-TN-Validation. Fails like
/// StripVerstat, and if mark.value is not letters, digits and hyphens.
Result<std::string> WriteVerstat(std::string_view identity, const VerstatMark& mark);

}  // namespace callvet
