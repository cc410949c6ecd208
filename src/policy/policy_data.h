// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "callvet/policy.h"
#include "callvet/telephone_number.h"
#include "policy/call_lists.h"
#include "policy/local_time.h"
#include "policy/number_plan.h"
#include "policy/number_registry.h"
#include "syntax/emergency_numbers.h"

namespace callvet {

/// Which SIP codes answer which reasons.
enum class CodeMap : uint8_t { kRfc8224, kOpensipit };

/// How Reason headers look.
enum class ReasonProtocol : uint8_t { kStir, kSip, kNone };
enum class Ppi : uint8_t { kFull, kCompact, kNone };

enum class VerstatForm : uint8_t { kBare, kSuffix };
/// What happens when it could not be decided: certificate not to be had, time out, overload.
enum class WhenUndecided : uint8_t { kClosed, kOpen };
enum class TrunkOrigin : uint8_t { kDomestic, kInternational };
/// Whether `Priority: psap-callback` makes a call one that is never rejected (RFC 7090).
enum class PsapCallback : uint8_t { kAccept, kIgnore };
/// Whether a caller that is a URI and no number may be one where numbers are judged, if the URI is
/// what was verified.
enum class UriCallers : uint8_t { kReject, kAllow };
/// Whether an emergency number in To counts where the Request-URI is an element on the way and not
/// a number (ESRPs are addressed so). Whoever may place calls may write that To.
enum class EmergencyByTo : uint8_t { kAccept, kIgnore };
/// Whether a number in From is judged as one that the call shows.
enum class FromHeader : uint8_t { kJudge, kIgnore };
/// Whether a call may show numbers of others beside the one that was verified. RFC 8224 and
/// ATIS-1000074 have it so: the identity that is asserted counts.
enum class OtherNumbers : uint8_t { kAccept, kReject };
/// What a number that nobody holds is.
enum class UnassignedNumbers : uint8_t { kAllow, kReject };

/// What the operator wants for one reason instead of what the settings say.
struct Override {
  std::optional<Action> action;
  std::optional<uint16_t> sip_code;
  std::optional<std::string> sip_phrase;
};

/// Which headers are removed from what came in.
struct StripHeaders {
  StripHeaders()
      : StripHeaders({"Attestation-Info", "Origination-Id", "P-Attestation-Indicator",
                      "P-Origination-ID"}) {}
  /// `of_settings`, and what shows a number that nobody verified.
  explicit StripHeaders(std::vector<std::string> of_settings);

  std::vector<std::string> names;  // those of the settings
  HeaderNames of_emergency_calls;  // `names` alone: the centre may need to call back
  HeaderNames with_verified_remote_party;
  HeaderNames of_calls;
};

/// The settings of one trunk. The defaults are the strictest: intercept.
struct TrunkSettings {
  std::string name;  // "": the default ones
  PolicyMode mode = PolicyMode::kIntercept;
  WhenUndecided when_undecided = WhenUndecided::kClosed;
  char minimum_attestation = '\0';  // 'A', 'B', 'C'; NUL: none is demanded
  Action below_minimum = Action::kReject;
  Action irregular_caller = Action::kReject;
  TrunkOrigin origin = TrunkOrigin::kDomestic;
  std::string customer;  // whose trunk it is; "": not one customer's
  NumberUse use = NumberUse::kVoice;
  PsapCallback psap_callback = PsapCallback::kAccept;
  EmergencyByTo emergency_by_to = EmergencyByTo::kAccept;
  UriCallers uri_callers = UriCallers::kReject;
  FromHeader from_header = FromHeader::kJudge;
  OtherNumbers other_numbers = OtherNumbers::kAccept;
  CodeMap code_map = CodeMap::kRfc8224;
  ReasonProtocol reason_protocol = ReasonProtocol::kStir;
  Ppi ppi = Ppi::kCompact;
  VerstatForm verstat_form = VerstatForm::kBare;
  VerstatMark::Header verstat_header = VerstatMark::Header::kAssertedIdentity;
  VerstatMark::Place verstat_place = VerstatMark::Place::kUserPart;
  StripHeaders strip_headers;
  std::map<Reason, Override> overrides;
};

/// What is known of a holder besides its ranges.
struct HolderInfo {
  std::vector<std::string> spcs;  // whose signatures vouch for it besides its own name
};

struct Policy {
  const DialPlan* dial_plan = nullptr;          // of `country`
  std::string country;                          // ISO 3166; "": not given
  std::vector<NumberPlan> plans;                // the first is the country's own
  EmergencyNumbers emergency_numbers{nullptr};  // of `country`, its plans, and the operator
  TimeZones time_zones;
  std::map<std::string, HolderInfo, std::less<>> holders;
  std::set<std::string, std::less<>> marketing_holders;  // whose calls are marketing calls
  std::optional<NumberRegistry> registry;                // nothing: no rule on who holds a number
  UnassignedNumbers unassigned = UnassignedNumbers::kAllow;
  std::optional<NumberRegistry> do_not_originate;
  std::optional<CallLists> call_lists;       // of marketing calls; nothing: they need no consent
  std::optional<HourRange> marketing_hours;  // nothing: any
  PoolRules pool_rules;
  TrunkSettings defaults;
  std::map<std::string, TrunkSettings, std::less<>> trunks;

  /// The settings of `trunk`; the default ones if it has none of its own.
  [[nodiscard]] const TrunkSettings& SettingsOf(std::string_view trunk) const;
};

}  // namespace callvet
