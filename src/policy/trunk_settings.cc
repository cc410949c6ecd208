// SPDX-License-Identifier: MIT
#include "policy/trunk_settings.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace callvet {
namespace {

constexpr auto kModes = std::to_array<NamedValue<PolicyMode>>({
    {"intercept", PolicyMode::kIntercept},
    {"tag", PolicyMode::kTag},
    {"observe", PolicyMode::kObserve},
});
constexpr auto kActions = std::to_array<NamedValue<Action>>({
    {"pass", Action::kPass},
    {"tag", Action::kTag},
    {"reject", Action::kReject},
});
constexpr auto kWhenUndecided = std::to_array<NamedValue<WhenUndecided>>({
    {"closed", WhenUndecided::kClosed},
    {"open", WhenUndecided::kOpen},
});
constexpr auto kAttestations = std::to_array<NamedValue<char>>({
    {"none", '\0'},
    {"A", 'A'},
    {"B", 'B'},
    {"C", 'C'},
});
constexpr auto kOrigins = std::to_array<NamedValue<TrunkOrigin>>({
    {"domestic", TrunkOrigin::kDomestic},
    {"international", TrunkOrigin::kInternational},
});
constexpr auto kUses = std::to_array<NamedValue<NumberUse>>({
    {"voice", NumberUse::kVoice},
    {"marketing", NumberUse::kMarketing},
    {"service", NumberUse::kService},
    {"callback", NumberUse::kCallback},
});
constexpr auto kPsapCallbacks = std::to_array<NamedValue<PsapCallback>>({
    {"accept", PsapCallback::kAccept},
    {"ignore", PsapCallback::kIgnore},
});
constexpr auto kUriCallers = std::to_array<NamedValue<UriCallers>>({
    {"reject", UriCallers::kReject},
    {"allow", UriCallers::kAllow},
});
constexpr auto kCodeMaps = std::to_array<NamedValue<CodeMap>>({
    {"rfc8224", CodeMap::kRfc8224},
    {"opensipit", CodeMap::kOpensipit},
});
constexpr auto kProtocols = std::to_array<NamedValue<ReasonProtocol>>({
    {"STIR", ReasonProtocol::kStir},
    {"SIP", ReasonProtocol::kSip},
    {"none", ReasonProtocol::kNone},
});
constexpr auto kPpis = std::to_array<NamedValue<Ppi>>({
    {"full", Ppi::kFull},
    {"compact", Ppi::kCompact},
    {"none", Ppi::kNone},
});
constexpr auto kEmergencyByTo = std::to_array<NamedValue<EmergencyByTo>>({
    {"accept", EmergencyByTo::kAccept},
    {"ignore", EmergencyByTo::kIgnore},
});
constexpr auto kFromHeaders = std::to_array<NamedValue<FromHeader>>({
    {"judge", FromHeader::kJudge},
    {"ignore", FromHeader::kIgnore},
});
constexpr auto kOtherNumbers = std::to_array<NamedValue<OtherNumbers>>({
    {"accept", OtherNumbers::kAccept},
    {"reject", OtherNumbers::kReject},
});
constexpr auto kVerstatForms = std::to_array<NamedValue<VerstatForm>>({
    {"bare", VerstatForm::kBare},
    {"suffix", VerstatForm::kSuffix},
});
constexpr auto kVerstatHeaders = std::to_array<NamedValue<VerstatMark::Header>>({
    {"p-asserted-identity", VerstatMark::Header::kAssertedIdentity},
    {"from", VerstatMark::Header::kFrom},
});
constexpr auto kVerstatPlaces = std::to_array<NamedValue<VerstatMark::Place>>({
    {"user", VerstatMark::Place::kUserPart},
    {"uri-parameter", VerstatMark::Place::kUriParameter},
});

// The letters that stand for a header's name (IANA's registry of SIP header fields).
constexpr auto kCompactForms = std::to_array<NamedValue<std::string_view>>({
    {"a", "Accept-Contact"},
    {"b", "Referred-By"},
    {"c", "Content-Type"},
    {"d", "Request-Disposition"},
    {"e", "Content-Encoding"},
    {"f", "From"},
    {"i", "Call-ID"},
    {"j", "Reject-Contact"},
    {"k", "Supported"},
    {"l", "Content-Length"},
    {"m", "Contact"},
    {"n", "Identity-Info"},
    {"o", "Event"},
    {"r", "Refer-To"},
    {"s", "Subject"},
    {"t", "To"},
    {"u", "Allow-Events"},
    {"v", "Via"},
    {"x", "Session-Expires"},
    {"y", "Identity"},
});

// Whoever removes a header looks for its long name; what has no other is its own.
std::string LongName(std::string_view name) {
  const auto* const form =
      std::find_if(kCompactForms.begin(), kCompactForms.end(),
                   [&](const auto& row) { return EqualsIgnoreCase(row.name, name); });
  return std::string(form == kCompactForms.end() ? name : form->value);
}

// Without these a request is none.
constexpr auto kNeededHeaders = std::to_array<std::string_view>(
    {"Via", "From", "To", "Call-ID", "CSeq", "Max-Forwards", "Contact", "Route", "Record-Route",
     "Content-Type", "Content-Length"});

bool MayBeStripped(std::string_view long_name) {
  return std::none_of(kNeededHeaders.begin(), kNeededHeaders.end(),
                      [&](std::string_view needed) { return EqualsIgnoreCase(needed, long_name); });
}

bool IsHeaderName(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(),
                                      [](char c) { return IsAlpha(c) || IsDigit(c) || c == '-'; });
}

// What may stand in a Reason-Phrase and, quoted, in a Reason header.
bool IsPhrase(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; });
}

// True if a call can be decided by this reason, so that an override of it means something: rph and
// rcd say nothing of the caller's number (F-11, F-23), and a trust list that fails leaves a call
// without an anchor.
bool DecidesCalls(const ReasonInfo& row) {
  const auto between = [&](Reason first, Reason last) {
    return row.reason >= first && row.reason <= last;
  };
  return row.reason_class != ReasonClass::kVerified && row.reason_class != ReasonClass::kInput &&
         !between(Reason::kRphMissing, Reason::kRcdFirstPartyMissing) &&
         !between(Reason::kTrustListMalformed, Reason::kTrustListNotAvailable) &&
         row.reason != Reason::kTooManyRequests;
}

std::vector<std::string_view> ReasonIds() {
  std::vector<std::string_view> ids;
  for (const ReasonInfo& row : AllReasons()) {
    if (DecidesCalls(row)) ids.push_back(row.id);
  }
  return ids;
}

void ReadOverrides(StrictObject& overrides, TrunkSettings& settings) {
  overrides.ReadEach([&](const std::string& id, StrictObject& object) {
    Override entry;
    Action action = Action::kReject;
    const bool has_action = object.Has("action");
    object.ReadName("action", kActions, action);
    if (has_action) entry.action = action;
    int64_t code = 0;
    object.ReadNumber("sip_code", {400, 699}, code);
    if (code != 0) entry.sip_code = static_cast<uint16_t>(code);
    std::string phrase;
    object.Read("sip_phrase", phrase);
    if (!IsPhrase(phrase)) {
      object.Complain("sip_phrase", "must be printable ASCII without quotes and backslashes");
    }
    if (!phrase.empty()) entry.sip_phrase = phrase;
    const ReasonInfo* row = FindReason(id);
    if (row == nullptr || !DecidesCalls(*row)) {
      const auto ids = ReasonIds();
      const std::string_view nearest = NearestWord(id, ids);
      return overrides.Complain(
          id, "is no reason of a call" +
                  (nearest.empty() ? "" : "; did you mean \"" + std::string(nearest) + "\"?"));
    }
    settings.overrides[row->reason] = std::move(entry);
  });
}

void AddHeader(std::string_view name, std::vector<std::string>& names) {
  const bool is_there = std::any_of(names.begin(), names.end(), [&](const std::string& other) {
    return EqualsIgnoreCase(other, name);
  });
  if (!is_there) names.emplace_back(name);
}

void ReadStripHeaders(StrictObject& object, TrunkSettings& settings) {
  std::vector<std::string> written = settings.strip_headers.names;
  object.Read("strip_headers", written);
  std::vector<std::string> names;
  for (const std::string& header : written) {
    if (!IsHeaderName(header)) object.Complain("strip_headers", Quote(header) + " is no header");
    const std::string name = LongName(header);
    if (!MayBeStripped(name)) {
      object.Complain("strip_headers",
                      "a request cannot be without " + Quote(header) +
                          (name.size() == header.size() ? "" : ", which is " + name));
    }
    AddHeader(name, names);
  }
  settings.strip_headers = StripHeaders(std::move(names));
}

}  // namespace

StripHeaders::StripHeaders(std::vector<std::string> of_settings)
    : names(std::move(of_settings)), of_emergency_calls(names) {
  std::vector<std::string> more = names;
  AddHeader("P-Preferred-Identity", more);
  with_verified_remote_party = HeaderNames(more);
  AddHeader("Remote-Party-ID", more);
  of_calls = HeaderNames(more);
}

void ReadTrunkSettings(StrictObject& object, TrunkSettings& settings) {
  object.ReadName("mode", kModes, settings.mode);
  object.ReadName("certificate_unavailable", kWhenUndecided, settings.when_undecided);
  object.ReadName("minimum_attestation", kAttestations, settings.minimum_attestation);
  object.ReadName("below_minimum", kActions, settings.below_minimum);
  object.ReadName("irregular_caller", kActions, settings.irregular_caller);
  object.ReadName("origin", kOrigins, settings.origin);
  object.Read("customer", settings.customer);
  object.ReadName("use", kUses, settings.use);
  object.ReadName("psap_callback", kPsapCallbacks, settings.psap_callback);
  object.ReadName("emergency_by_to", kEmergencyByTo, settings.emergency_by_to);
  object.ReadName("uri_callers", kUriCallers, settings.uri_callers);
  object.ReadName("from_header", kFromHeaders, settings.from_header);
  object.ReadName("other_numbers", kOtherNumbers, settings.other_numbers);
  object.ReadName("code_map", kCodeMaps, settings.code_map);
  object.ReadObject("reason_header", [&](StrictObject& reason) {
    reason.ReadName("protocol", kProtocols, settings.reason_protocol);
    reason.ReadName("ppi", kPpis, settings.ppi);
  });
  object.ReadObject("verstat", [&](StrictObject& verstat) {
    verstat.ReadName("form", kVerstatForms, settings.verstat_form);
    verstat.ReadName("header", kVerstatHeaders, settings.verstat_header);
    verstat.ReadName("place", kVerstatPlaces, settings.verstat_place);
  });
  ReadStripHeaders(object, settings);
  object.ReadObject("overrides",
                    [&](StrictObject& overrides) { ReadOverrides(overrides, settings); });
}

}  // namespace callvet
