// SPDX-License-Identifier: MIT
#include "verify/call.h"

#include <algorithm>

#include "base/text.h"
#include "syntax/emergency_numbers.h"
#include "syntax/sip_date.h"

namespace callvet {
namespace {

// More candidates than any signalling carries are not tried (budget).
constexpr size_t kMaxParties = 8;

Parties ReadParties(const std::vector<std::string>& texts, const DialPlan* plan,
                    std::pmr::memory_resource* memory) {
  Parties parties(memory);
  parties.reserve(std::min(texts.size(), kMaxParties));
  for (const std::string& text : texts) {
    if (parties.size() >= kMaxParties) break;
    if (!parties.emplace_back().Read(text, plan)) parties.pop_back();
  }
  return parties;
}

}  // namespace

Call::Call(const CallRequest& the_request, const VerifierOptions& the_options, sys_seconds time,
           std::pmr::memory_resource* memory)
    : request(the_request),
      options(the_options),
      now(time),
      callers(ReadParties(request.orig, options.dial_plan, memory)),
      called(ReadParties(request.dest, options.dial_plan, memory)),
      other_targets(memory) {
  if (request.target) {
    RequestUri target = RequestUri::Read(*request.target, options);
    request_uri = std::move(target.number);
    emergency_target = std::move(target.emergency);
    if (request_uri) {
      other_targets = {*request_uri};
    } else if (target.contact) {
      other_targets = called;
    }
    if (target.contact) other_targets.push_back(*target.contact);
    contact = std::move(target.contact);
    local_target = std::move(target.local);
    if (!request_uri && !local_target) {
      request_uri_ignored =
          "; Request-URI " + Quote(*request.target, 200) + " not compared: " + target.ignored;
    }
  }
  if (request.date) date = ParseSipDate(*request.date);
}

namespace {

std::string FormOfTn(const std::string& tn, const DialPlan* plan) {
  const auto number = TelephoneNumber::ParseClaim(tn, plan);
  return number ? number->canonical() : tn;
}

std::string FormOfUri(const std::string& uri) {
  return CanonicalUriClaim(uri).value_or(uri);
}

}  // namespace

std::string CanonicalForm(const PartyClaim& claim, const DialPlan* plan) {
  return claim.tn ? FormOfTn(*claim.tn, plan) : FormOfUri(claim.uri.value_or(""));
}

std::vector<std::string> CanonicalForms(const DestClaim& dest, const DialPlan* plan) {
  std::vector<std::string> forms;
  forms.reserve(dest.tn.size() + dest.uri.size());
  for (const std::string& tn : dest.tn) forms.push_back(FormOfTn(tn, plan));
  for (const std::string& uri : dest.uri) forms.push_back(FormOfUri(uri));
  return forms;
}

std::string CanonicalName(const PartyClaim& claim, const DialPlan* plan) {
  return (claim.tn ? "tn:" : "uri:") + CanonicalForm(claim, plan);
}

std::vector<std::string> CanonicalNames(const DestClaim& dest, const DialPlan* plan) {
  std::vector<std::string> names = CanonicalForms(dest, plan);
  for (size_t i = 0; i < names.size(); ++i) {
    names[i].insert(0, i < dest.tn.size() ? "tn:" : "uri:");
  }
  return names;
}

std::string ClaimText(const PartyClaim& claim) {
  return claim.tn ? "tn " + Quote(*claim.tn) : "uri " + Quote(claim.uri.value_or(""), 200);
}

std::string ClaimText(const DestClaim& dest) {
  std::string text;
  for (const std::string& tn : dest.tn) text += (text.empty() ? "tn " : ", tn ") + Quote(tn);
  for (const std::string& uri : dest.uri) {
    text += (text.empty() ? "uri " : ", uri ") + Quote(uri, 200);
  }
  return text;
}

bool Matches(const Party& party, const PartyClaim& claim, const DialPlan* plan) {
  return claim.tn ? party.MatchesTn(*claim.tn, plan) : party.MatchesUri(claim.uri.value_or(""));
}

bool Matches(const Party& party, const DestClaim& dest, const DialPlan* plan) {
  return std::any_of(dest.tn.begin(), dest.tn.end(),
                     [&](const std::string& tn) { return party.MatchesTn(tn, plan); }) ||
         std::any_of(dest.uri.begin(), dest.uri.end(),
                     [&](const std::string& uri) { return party.MatchesUri(uri); });
}

bool FitsLocalTarget(const DestClaim& dest, const Call& call) {
  if (!call.local_target || Matches(*call.local_target, dest, call.options.dial_plan)) return true;
  return std::any_of(dest.tn.begin(), dest.tn.end(), [&](const std::string& tn) {
    const auto number = TelephoneNumber::ParseClaim(tn, call.options.dial_plan);
    return number && IsLocalFormOf(call.local_target->canonical(), number->canonical(),
                                   call.options.dial_plan);
  });
}

namespace {

// Whether `number`, for which a call was signed, is the same as the target or one with it.
bool IsOneWith(const EmergencyTarget& target, const TelephoneNumber& number, const DialPlan* plan) {
  const std::string& digits = number.canonical();
  if (!target.digits.empty() && IsSameShortNumber(target.digits, digits, plan)) return true;
  return target.interchangeable && (plan != nullptr ? ReachesEmergencyServices(digits, plan)
                                                    : IsEmergencyNumberAnywhere(digits));
}

bool IsEmergencyParty(const Party& party, const Call& call) {
  const auto& target = call.emergency_target;
  return target && ((party.tn() && IsOneWith(*target, *party.tn(), call.options.dial_plan)) ||
                    (target->interchangeable && party.uri() && IsSosUrn(*party.uri())));
}

// Whether the call, of which the Request-URI counts, goes to `party`.
bool GoesTo(const Party& party, const Call& call) {
  const DialPlan* plan = call.options.dial_plan;
  if (IsEmergencyParty(party, call)) return true;
  if (call.request_uri) {
    return party.tn() ? party.canonical() == call.request_uri->canonical()
                      : call.request_uri->MatchesUri(*party.uri());
  }
  return party.tn() && IsLocalFormOf(call.local_target->canonical(), party.canonical(), plan);
}

}  // namespace

bool FitsEmergencyTarget(const DestClaim& dest, const Call& call) {
  const auto& target = call.emergency_target;
  if (!target) return false;
  const DialPlan* plan = call.options.dial_plan;
  return (target->interchangeable && std::any_of(dest.uri.begin(), dest.uri.end(), IsSosUrn)) ||
         std::any_of(dest.tn.begin(), dest.tn.end(), [&](const std::string& tn) {
           const auto number = TelephoneNumber::ParseClaim(tn, plan);
           return number && IsOneWith(*target, *number, plan);
         });
}

const Party* CalledIn(const DestClaim& dest, const Call& call) {
  const auto find = [&](const auto& is_wanted) -> const Party* {
    const auto found = std::find_if(call.called.begin(), call.called.end(), is_wanted);
    return found != call.called.end() ? &*found : nullptr;
  };
  const Party* named =
      find([&](const Party& party) { return Matches(party, dest, call.options.dial_plan); });
  if (named != nullptr || !FitsEmergencyTarget(dest, call)) return named;
  return find([&](const Party& party) { return IsEmergencyParty(party, call); });
}

Parties CalledForCompact(const Call& call) {
  if (!call.request_uri && !call.local_target) return call.called;
  Parties parties;
  std::copy_if(call.called.begin(), call.called.end(), std::back_inserter(parties),
               [&](const Party& party) { return GoesTo(party, call); });
  return parties;
}

std::string Describe(const Parties& parties) {
  std::string text;
  for (const Party& party : parties) {
    if (!text.empty()) text += ", ";
    text += Quote(party.canonical(), 200);
    if (party.as_received() != party.canonical()) {
      text += " (received " + Quote(party.as_received(), 200) + ")";
    }
  }
  return text;
}

std::string DescribeUnreadable(const std::vector<std::string>& texts) {
  std::string list;
  for (const std::string& text : texts) {
    const auto party = Party::Parse(text, nullptr);
    list += (list.empty() ? "" : ", ") + Quote(text) + ", which is no number" +
            (party ? "" : " (" + party.error().detail + ")");
  }
  return list;
}

}  // namespace callvet
