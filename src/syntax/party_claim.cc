// SPDX-License-Identifier: MIT
#include "syntax/party_claim.h"

#include "base/text.h"
#include "callvet/telephone_number.h"
#include "syntax/party.h"
#include "syntax/uri.h"

namespace callvet {

namespace {

Reason MissingInsteadOf(Reason invalid) {
  if (invalid == Reason::kOrigInvalid) return Reason::kOrigMissing;
  if (invalid == Reason::kDestInvalid) return Reason::kDestMissing;
  return invalid;
}

}  // namespace

Result<void> CheckTnClaim(const std::string& tn, Reason reason) {
  if (tn.empty()) return Fail(MissingInsteadOf(reason), "tn is empty");
  if (auto number = TelephoneNumber::ParseClaim(tn, nullptr); !number) {
    return Fail(reason, "tn: " + number.error().detail);
  }
  return {};
}

Result<void> CheckUriClaim(const std::string& uri, Reason reason) {
  auto canonical = CanonicalUriClaim(uri);
  // Other schemes are well-formed claims, though no SIP party is one.
  const std::string scheme = ToLower(std::string_view(uri).substr(0, uri.find(':')));
  const bool of_sip = scheme == "sip" || scheme == "sips" || scheme == "tel";
  if (canonical || (!of_sip && IsAbsoluteUri(uri))) return {};
  return Fail(reason, "uri: " + canonical.error().detail);
}

Result<PartyClaim> ReadPartyClaim(const JsonValue& value, Reason reason) {
  const JsonMembers* members = value.AsObject();
  if (members == nullptr || members->size() != 1) {
    return Fail(reason, "must be an object with exactly one member, tn or uri");
  }
  const auto& [name, member] = members->front();
  const std::string* text = member.AsString();
  if (text == nullptr) return Fail(reason, name + " must be a string");
  PartyClaim claim;
  const std::string_view kind = name;
  if (kind == "tn") {
    if (auto ok = CheckTnClaim(*text, reason); !ok) return ok.error();
    claim.tn = *text;
  } else if (kind == "uri") {
    if (auto ok = CheckUriClaim(*text, reason); !ok) return ok.error();
    claim.uri = *text;
  } else {
    return Fail(reason, "has neither tn nor uri but " + Quote(name));
  }
  return claim;
}

}  // namespace callvet
