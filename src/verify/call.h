// SPDX-License-Identifier: MIT
#pragma once

#include <memory_resource>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "callvet/result.h"
#include "callvet/verifier.h"
#include "syntax/party.h"
#include "verify/known_headers.h"
#include "verify/request_uri.h"

namespace callvet {

using Parties = std::pmr::vector<Party>;

/// A CallRequest with its parties and its Date read once, for all of its PASSporTs.
struct Call {
  /// All are borrowed; `memory` is for the parties.
  Call(const CallRequest& request, const VerifierOptions& options, sys_seconds now,
       std::pmr::memory_resource* memory = std::pmr::get_default_resource());

  const CallRequest& request;
  const VerifierOptions& options;
  sys_seconds now;
  Parties callers;                          // of request.orig, those that can be read
  Parties called;                           // of request.dest, those that can be read
  std::optional<Result<sys_seconds>> date;  // nothing without a Date header
  /// The Request-URI, if it counts (TargetPolicy): the number that it is or may be taken for
  /// (DialledPart), or the service; nobody's if that cannot be read.
  std::optional<Party> request_uri;
  /// The Request-URI where it is an emergency number or service. See FitsEmergencyTarget.
  std::optional<EmergencyTarget> emergency_target;
  /// The Request-URI where it is a number in local form (RequestUri::local): who it is depends on
  /// where it is dialled. See FitsLocalTarget.
  std::optional<Party> local_target;
  /// Those of targets() that are not `called`; empty: all are.
  Parties other_targets;
  /// The Request-URI where it is no whole number.
  std::optional<Party> contact;
  /// Why it does not count although there is one, to be put behind a detail; else empty.
  std::string request_uri_ignored;
  /// Headers that need not be decoded again; may be nullptr.
  KnownHeaders* known_headers = nullptr;
  /// The one of these that was approached for its first PASSporT, if any.
  WantedHeader approached;
  /// Where the call goes (F-4): the Request-URI, also as the URI that it is where it is no number
  /// by the grammar; To as well, where no number counts there.
  [[nodiscard]] const Parties& targets() const {
    return other_targets.empty() ? called : other_targets;
  }
  /// A message and not a call (F-30).
  [[nodiscard]] bool IsMessage() const { return request.message_body.has_value(); }
};

/// The party that a claim names, "12155550100" or "sip:alice@example.org" in canonical form, or as
/// received where it has none.
std::string CanonicalForm(const PartyClaim& claim, const DialPlan* plan);
std::vector<std::string> CanonicalForms(const DestClaim& dest, const DialPlan* plan);
/// The same with "tn:" or "uri:" in front. Equal exactly if the parties are.
std::string CanonicalName(const PartyClaim& claim, const DialPlan* plan);
std::vector<std::string> CanonicalNames(const DestClaim& dest, const DialPlan* plan);

/// `tn "12155550100"` of a claim as received, for details.
std::string ClaimText(const PartyClaim& claim);
std::string ClaimText(const DestClaim& dest);

/// Whether `party` is the one, or one of those, that the claim names.
bool Matches(const Party& party, const PartyClaim& claim, const DialPlan* plan);
bool Matches(const Party& party, const DestClaim& dest, const DialPlan* plan);

/// False if the call goes to a number in local form (Call::local_target) that can be none of
/// `dest`: the number of no claim ends so, without what may be dialled in front of it somewhere (a
/// trunk prefix), nor is that of a claim a short code behind an area's or a country's code.
bool FitsLocalTarget(const DestClaim& dest, const Call& call);

/// Whether the call goes to an emergency number or service (Call::emergency_target), and the same
/// one is among `dest`. What was dialled for police, fire or ambulance becomes urn:service:sos on
/// its way, or the number of the country (RFC 6881), so all of these are one target; without a plan
/// 112 and 911 are, as others may be extensions in `dest`. A helpline is none of them.
bool FitsEmergencyTarget(const DestClaim& dest, const Call& call);

/// The called party (To) that `dest` names or, of a call to an emergency number or service, that is
/// one target with it as well: To may name the service where the number was signed, and the other
/// way round (FitsEmergencyTarget). nullptr: none. Lives as long as `call`.
const Party* CalledIn(const DestClaim& dest, const Call& call);

/// The called parties for whom a compact form may be rebuilt: all, or where the Request-URI counts,
/// that one, or those that it may be.
Parties CalledForCompact(const Call& call);

/// "A, B" of the canonical forms, each with the received form where that differs: for details.
std::string Describe(const Parties& parties);
/// The same of `texts`, none of which is a party, with what is wrong with each.
std::string DescribeUnreadable(const std::vector<std::string>& texts);

}  // namespace callvet
