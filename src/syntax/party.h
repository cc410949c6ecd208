// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "callvet/result.h"
#include "callvet/telephone_number.h"

namespace callvet {

/// The calling or called party as SIP signalling shows it: a telephone number, a URI
/// identity, or both where the standard leaves open which one the user part is. A value.
class Party {
 public:
  /// Reads a number ("+12155550100"), a tel, sip or sips URI, a service URN (urn:service:sos, RFC
  /// 5031; a URI identity, F-12), or a name-addr with any of them in angle brackets (`"Alice"
  /// <sip:...>;tag=1`). A tel URI, or a sip URI with user=phone, is a number (a Failure if it is
  /// not one); another sip URI whose user part is written like a number is taken as a number too
  /// and as a URI. Fails with kParameterInvalid. Pure; thread-safe.
  static Result<Party> Parse(std::string_view text, const DialPlan* plan);

  /// Parse in its place: what this is, nothing yet, becomes the party of `text`. Of no use after a
  /// Failure.
  Result<void> Read(std::string_view text, const DialPlan* plan);

  /// One that no claim matches, for what looks like a number and cannot be read as one. `text` is
  /// its canonical form.
  static Party Nobody(std::string_view text);

  [[nodiscard]] const std::optional<TelephoneNumber>& tn() const { return tn_; }
  [[nodiscard]] const std::optional<std::string>& uri() const { return uri_; }
  [[nodiscard]] const std::string& as_received() const { return as_received_; }
  /// The canonical number or URI.
  [[nodiscard]] const std::string& canonical() const { return tn_ ? tn_->canonical() : *uri_; }

  /// the tn claim is this party's number, both in canonical form
  /// (TelephoneNumber::ParseClaim). Where a plan reads claims as national numbers, a party in
  /// global form also equals the claim's digits as they stand. Whom the signer must be authorized
  /// for is this party's number, never the claim. Never matches a URI.
  [[nodiscard]] bool MatchesTn(std::string_view claim, const DialPlan* plan) const;
  /// the uri claim is this party's URI. Never matches a number.
  [[nodiscard]] bool MatchesUri(std::string_view claim) const;

 private:
  bool ReadNumber(std::string_view text, const DialPlan* plan);
  bool ReadPlain(std::string_view text, const DialPlan* plan);

  std::optional<TelephoneNumber> tn_;
  std::optional<std::string> uri_;
  std::string as_received_;
  bool nobody_ = false;
};

/// The number that an element may take out of a URI of any scheme, or of a text, though the whole
/// is none by the grammar: its user part (of one without, its host) from the first character that
/// people dial, or behind a name from a '+' with seven digits or more, up to the first letter or
/// parameter, or once there are ten digits up to the first pause or character that nobody dials. ""
/// if there are fewer than `min_digits` digits and no '+' in front of one. `text` is a URI without
/// angle brackets, or what a caller is said to be. Pure.
std::string DialledPart(std::string_view text, size_t min_digits);

/// The URI of a Request-URI. It has no header parameters: what follows a URI without angle brackets
/// is its own. Pure.
std::string RequestUriText(const std::string& text);

/// The user part of a URI of any scheme, decoded, without parameters and password; of one without
/// '@' what stands there. `uri` is without angle brackets. Pure.
std::string DecodedUser(std::string_view uri);

/// What stands in `user` before the first pause (a comma, p, w, x) behind a digit, if nothing but
/// pauses and digits follows; else all of it. A part of `user`. Pure.
std::string_view InFrontOfPause(std::string_view user);

/// Whether `uri` says that it is a number: tel, or what somebody dials (user=phone or dialstring:
/// RFC 3261 19.1.1, RFC 4967) that is no address alone. Pure.
bool SaysItIsANumber(std::string_view uri);

/// The URI inside `<...>` of a name-addr, or the addr-spec without its header parameters; a part of
/// `name_addr`. Quoted display names may hold anything. Fails with kParameterInvalid. Pure.
Result<std::string_view> AddrSpec(std::string_view name_addr);

/// The display name in front of `<`, without quotes and their escapes; "" if there is none or its
/// quotes do not match. Pure.
std::string DisplayName(std::string_view name_addr);

/// A uri claim in the form of RFC 8224 8.5, or a Failure (kParameterInvalid) if it is not a
/// URI identity. Pure.
Result<std::string> CanonicalUriClaim(std::string_view claim);

}  // namespace callvet
