// SPDX-License-Identifier: MIT
#include "verify/call.h"

#include <algorithm>

#include "base/text.h"
#include "syntax/sip_date.h"
#include "syntax/uri.h"

namespace callvet {
namespace {

// More candidates than any signalling carries are not tried (budget).
constexpr size_t kMaxParties = 8;

std::span<const std::string> CallersOf(const CallRequest& request, const VerifierOptions& options) {
  if (options.caller_policy == CallerPolicy::kAsserted || !request.from) return request.orig;
  const auto from = Party::Parse(*request.from, options.dial_plan);
  if (!from || !from->tn()) return request.orig;
  return {&*request.from, 1};
}

std::vector<Party> ReadParties(std::span<const std::string> texts, const DialPlan* plan) {
  std::vector<Party> parties;
  for (const std::string& text : texts) {
    if (parties.size() >= kMaxParties) break;
    if (auto party = Party::Parse(text, plan)) parties.push_back(std::move(*party));
  }
  return parties;
}

// Nothing shorter is taken for a whole number that was written without '+'.
constexpr size_t kMinWholeNumber = 10;
// Shorter ones may be extensions of a PBX: codes of a plan, and numbers with user=phone.
constexpr size_t kMinCode = 5;
constexpr size_t kMinSubscriber = 7;

// What a Request-URI is: a number to compare, something that looks like one, or another URI.
struct Target {
  std::optional<Party> number;
  std::optional<Party> contact;
  std::string ignored;  // why there is no number
};

bool IsTel(std::string_view uri) {
  return EqualsIgnoreCase(uri.substr(0, 4), "tel:");
}

// tel, or user=phone.
bool SaysItIsANumber(std::string_view uri) {
  if (IsTel(uri)) return true;
  const size_t host = std::min(uri.rfind('@'), uri.size());
  const auto user = FindUriParameter(uri.substr(std::min(uri.find(';', host), uri.size())), "user");
  return user && EqualsIgnoreCase(user->substr(0, user->find_first_of(">?")), "phone");
}

// True if the number says who is called: E.164 beyond doubt (written so, or made so by the plan), a
// short code of the plan that is no extension, or so many digits that they are compared as those of
// To are. An extension says nothing.
bool IsComparable(const TelephoneNumber& number, std::string_view uri, const DialPlan* plan) {
  if (number.global()) return true;
  if (number.local() && (number.canonical().size() >= kMinCode || SaysItIsANumber(uri)))
    return true;
  const std::string& digits = number.canonical();
  if (digits.size() >= kMinWholeNumber && std::all_of(digits.begin(), digits.end(), IsDigit)) {
    return true;
  }
  return plan != nullptr && digits.starts_with(plan->country_code) &&
         digits.size() >= plan->country_code.size() + plan->min_national;
}

// True if a number that is not whole is that of somebody else than who is called: it says that it
// is a number, and no called one ends so. Phones say so of extensions too, but not with tel.
bool IsLocalNumberOfAnother(const TelephoneNumber& number, std::string_view uri,
                            const std::vector<Party>& called) {
  std::string_view digits = number.canonical();
  if (!SaysItIsANumber(uri) || (digits.size() < kMinSubscriber && !IsTel(uri))) return false;
  if (digits.size() > 1 && digits.starts_with('0')) digits.remove_prefix(1);  // a trunk prefix
  return std::none_of(called.begin(), called.end(), [&](const Party& party) {
    return party.tn() && party.tn()->canonical().ends_with(digits);
  });
}

// Two URIs in one: the next element may take the other one.
bool HoldsTwo(const std::string& text) {
  const auto spec = AddrSpec(text);
  if (!spec) return text.find('<') != std::string::npos;
  return std::count(spec->begin(), spec->end(), '@') > 1;
}

Target ReadTarget(const std::string& text, const VerifierOptions& options,
                  const std::vector<Party>& called) {
  if (options.target_policy == TargetPolicy::kToOnly) return {{}, {}, "it is to be ignored"};
  if (HoldsTwo(text)) return {Party::Nobody(text), {}, {}};
  // A Request-URI has no header parameters: what follows is its own.
  const bool bare_uri = text.find('<') == std::string::npos && text.find(':') != std::string::npos;
  auto party = Party::Parse(bare_uri ? "<" + text + ">" : text, options.dial_plan);
  const bool is_number = party && party->tn();
  if (is_number && (IsComparable(*party->tn(), text, options.dial_plan) ||
                    IsLocalNumberOfAnother(*party->tn(), text, called))) {
    return {*party, {}, {}};
  }
  // It says that it is a number, which cannot be read; somebody else may read one.
  if (!is_number && HasPhoneContext(text)) return {Party::Nobody(text), {}, {}};
  Target target;
  if (party) target.contact = *party;
  target.ignored = !party        ? "it cannot be read: " + party.error().detail
                   : party->tn() ? "it is no whole number"
                                 : "it is no telephone number";
  // What the next element may take for a number is compared as such, or is nobody's.
  const std::string dialled =
      DialledPart(bare_uri ? text : AddrSpec(text).value_or(text), kMinWholeNumber);
  if (dialled.empty() && (party || !SaysItIsANumber(text))) return target;
  const auto number = Party::Parse(dialled, options.dial_plan);
  const bool comparable =
      number && number->tn() && IsComparable(*number->tn(), text, options.dial_plan);
  target.number = comparable ? *number : Party::Nobody(text);
  return target;
}

}  // namespace

Call Call::Read(const CallRequest& request, const VerifierOptions& options, sys_seconds now) {
  Call call{request,      options,
            now,          CallersOf(request, options),
            {},           ReadParties(request.dest, options.dial_plan),
            std::nullopt, std::nullopt,
            {},           std::nullopt,
            {},           nullptr};
  call.callers = ReadParties(call.caller_texts, options.dial_plan);
  call.targets = call.called;
  if (request.target) {
    Target target = ReadTarget(*request.target, options, call.called);
    call.request_uri = std::move(target.number);
    if (call.request_uri) call.targets = {*call.request_uri};
    if (target.contact) call.targets.push_back(*target.contact);
    call.contact = std::move(target.contact);
    if (!call.request_uri) {
      call.request_uri_ignored =
          "; Request-URI " + Quote(*request.target, 200) + " not compared: " + target.ignored;
    }
  }
  if (request.date) call.date = ParseSipDate(*request.date);
  return call;
}

std::string CanonicalName(const PartyClaim& claim, const DialPlan* plan) {
  if (claim.tn) {
    const auto number = TelephoneNumber::ParseClaim(*claim.tn, plan);
    return "tn:" + (number ? number->canonical() : *claim.tn);
  }
  const std::string uri = claim.uri.value_or("");
  return "uri:" + CanonicalUriClaim(uri).value_or(uri);
}

std::vector<std::string> CanonicalNames(const DestClaim& dest, const DialPlan* plan) {
  std::vector<std::string> names;
  for (const std::string& tn : dest.tn) names.push_back(CanonicalName({tn, {}}, plan));
  for (const std::string& uri : dest.uri) names.push_back(CanonicalName({{}, uri}, plan));
  return names;
}

std::string_view WithoutKind(std::string_view name) {
  return name.substr(name.find(':') + 1);
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

std::vector<Party> CalledForCompact(const Call& call) {
  if (!call.request_uri) return call.called;
  std::vector<Party> parties;
  std::copy_if(call.called.begin(), call.called.end(), std::back_inserter(parties),
               [&](const Party& party) {
                 return party.tn() && party.canonical() == call.request_uri->canonical();
               });
  return parties;
}

std::string Describe(const std::vector<Party>& parties) {
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

std::string DescribeUnreadable(std::span<const std::string> texts) {
  std::string list;
  for (const std::string& text : texts) {
    const auto party = Party::Parse(text, nullptr);
    list += (list.empty() ? "" : ", ") + Quote(text) + ", which is no number" +
            (party ? "" : " (" + party.error().detail + ")");
  }
  return list;
}

}  // namespace callvet
