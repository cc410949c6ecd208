// SPDX-License-Identifier: MIT
#include "verify/call.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "syntax/sip_date.h"
#include "syntax/uri.h"

namespace callvet {
namespace {

// More candidates than any signalling carries are not tried (budget).
constexpr size_t kMaxParties = 8;

std::vector<Party> ReadParties(const std::vector<std::string>& texts, const DialPlan* plan) {
  std::vector<Party> parties;
  for (const std::string& text : texts) {
    if (parties.size() >= kMaxParties) break;
    if (auto party = Party::Parse(text, plan)) parties.push_back(std::move(*party));
  }
  return parties;
}

// Nothing shorter is taken for a whole number that was written without '+'.
constexpr size_t kMinWholeNumber = 10;
// Shorter ones may be extensions of a PBX, also where a phone says that they are numbers.
constexpr size_t kMinCode = 5;
constexpr size_t kMinLocalNumber = 7;
// What is dialled in front of a number in local form somewhere, and how many of its digits must
// follow: trunk prefixes, Argentina's 15, an outside line. Any digit would let other subscribers of
// a country with eight or nine digits pass.
struct TrunkPrefix {
  std::string_view digits;
  size_t fewest_behind;
};
constexpr auto kTrunkPrefixes = std::to_array<TrunkPrefix>({{"", 7},
                                                            {"0", 6},
                                                            {"00", 6},
                                                            {"01", 6},
                                                            {"06", 6},
                                                            {"15", 6},
                                                            {"1", 7},
                                                            {"8", 7},
                                                            {"9", 7},
                                                            {"91", 7}});

// What a Request-URI is: a number to compare, something that looks like one, or another URI.
struct Target {
  std::optional<Party> number;
  std::optional<Party> local;
  std::optional<Party> contact;
  std::string ignored;  // why there is no number
};

// Whether `parameter` of a URI says so, whatever its spelling.
bool SaysPhone(std::string_view parameter) {
  std::string text = ToLower(PercentDecoded(parameter));
  text.erase(std::remove_if(text.begin(), text.end(), [](char c) { return c == '"' || c <= ' '; }),
             text.end());
  return text == "user=phone" || text == "user=dialstring";
}

// tel, or what somebody dials (RFC 3261 19.1.1, RFC 4967).
bool SaysItIsANumber(std::string_view uri) {
  if (EqualsIgnoreCase(uri.substr(0, 4), "tel:")) return true;
  const size_t at = uri.rfind('@');
  std::string_view rest = uri.substr(at == std::string_view::npos ? 0 : at);
  rest = rest.substr(0, rest.find_first_of(">?"));
  // Without a user part a trunk writes it behind its own address.
  const std::string_view host = rest.substr(0, rest.find(';'));
  const std::string_view address = host.substr(std::min(host.find(':') + 1, host.size()));
  const bool is_address = std::any_of(address.begin(), address.end(),
                                      [](char c) { return IsAlpha(c) || c == '.' || c == ':'; });
  if (at == std::string_view::npos && is_address) return false;
  for (size_t begin = host.size(); begin < rest.size();) {
    const size_t end = std::min(rest.find(';', begin + 1), rest.size());
    if (SaysPhone(rest.substr(begin + 1, end - begin - 1))) return true;
    begin = end;
  }
  return false;
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

// A subscriber's number without country or area, that says it is a number.
bool IsLocalNumber(const TelephoneNumber& number, std::string_view uri) {
  const std::string& digits = number.canonical();
  return digits.size() >= kMinLocalNumber && std::all_of(digits.begin(), digits.end(), IsDigit) &&
         SaysItIsANumber(uri);
}

// Two URIs in one: the next element may take the other one.
bool HoldsTwo(const std::string& text) {
  const auto spec = AddrSpec(text);
  if (!spec) return text.find('<') != std::string::npos;
  return std::count(spec->begin(), spec->end(), '@') > 1;
}

Target ReadTarget(const std::string& text, const VerifierOptions& options) {
  if (options.target_policy == TargetPolicy::kToOnly) return {{}, {}, {}, "it is to be ignored"};
  if (HoldsTwo(text)) return {Party::Nobody(text), {}, {}, {}};
  // A Request-URI has no header parameters: what follows is its own.
  const bool bare_uri = text.find('<') == std::string::npos && text.find(':') != std::string::npos;
  const std::string uri(bare_uri ? Trim(text) : AddrSpec(text).value_or(text));
  auto party = Party::Parse(bare_uri ? "<" + uri + ">" : text, options.dial_plan);
  const bool is_number = party && party->tn();
  if (is_number && IsComparable(*party->tn(), uri, options.dial_plan)) return {*party, {}, {}, {}};
  if (is_number && IsLocalNumber(*party->tn(), uri)) return {{}, *party, *party, {}};
  // It says that it is a number, which cannot be read; somebody else may read one.
  if (!is_number && HasPhoneContext(text)) return {Party::Nobody(text), {}, {}, {}};
  Target target;
  if (party) target.contact = *party;
  target.ignored = !party        ? "it cannot be read: " + party.error().detail
                   : party->tn() ? "it is no whole number"
                                 : "it is no telephone number";
  // What the next element may take for a number is compared as such, or is nobody's.
  const std::string dialled = DialledPart(uri, kMinWholeNumber);
  if (dialled.empty() && (party || !SaysItIsANumber(uri))) return target;
  const auto number = Party::Parse(dialled, options.dial_plan);
  const bool comparable =
      number && number->tn() && IsComparable(*number->tn(), uri, options.dial_plan);
  target.number = comparable ? *number : Party::Nobody(text);
  return target;
}

}  // namespace

Call Call::Read(const CallRequest& request, const VerifierOptions& options, sys_seconds now) {
  Call call{request,
            options,
            now,
            ReadParties(request.orig, options.dial_plan),
            ReadParties(request.dest, options.dial_plan),
            std::nullopt,
            std::nullopt,
            std::nullopt,
            {},
            std::nullopt,
            {},
            nullptr};
  call.targets = call.called;
  if (request.target) {
    Target target = ReadTarget(*request.target, options);
    call.request_uri = std::move(target.number);
    if (call.request_uri) call.targets = {*call.request_uri};
    if (target.contact) call.targets.push_back(*target.contact);
    call.contact = std::move(target.contact);
    call.local_target = std::move(target.local);
    if (!call.request_uri && !call.local_target) {
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

namespace {

// "0571" and "86" in front of a short code: an area's code, or the country's; without a plan, some
// country's.
bool IsAreaOrCountry(std::string_view prefix, const DialPlan* plan) {
  constexpr size_t kMost = 5;
  if (prefix.starts_with('0')) return prefix.size() <= kMost;
  const auto plans = AllDialPlans();
  return plan != nullptr ? prefix == plan->country_code
                         : std::any_of(plans.begin(), plans.end(), [&](const DialPlan& other) {
                             return other.country_code == prefix;
                           });
}

}  // namespace

bool IsLocalFormOf(std::string_view local, std::string_view number, const DialPlan* plan) {
  if (local.ends_with(number)) {
    const std::string_view prefix = local.substr(0, local.size() - number.size());
    return prefix.empty() || IsAreaOrCountry(prefix, plan);
  }
  return std::any_of(kTrunkPrefixes.begin(), kTrunkPrefixes.end(), [&](const TrunkPrefix& prefix) {
    if (!local.starts_with(prefix.digits)) return false;
    const std::string_view rest = local.substr(prefix.digits.size());
    return rest.size() >= prefix.fewest_behind && number.ends_with(rest);
  });
}

bool FitsLocalTarget(const DestClaim& dest, const Call& call) {
  if (!call.local_target || Matches(*call.local_target, dest, call.options.dial_plan)) return true;
  return std::any_of(dest.tn.begin(), dest.tn.end(), [&](const std::string& tn) {
    const auto number = TelephoneNumber::ParseClaim(tn, call.options.dial_plan);
    return number && IsLocalFormOf(call.local_target->canonical(), number->canonical(),
                                   call.options.dial_plan);
  });
}

std::vector<Party> CalledForCompact(const Call& call) {
  if (!call.request_uri && !call.local_target) return call.called;
  std::vector<Party> parties;
  std::copy_if(call.called.begin(), call.called.end(), std::back_inserter(parties),
               [&](const Party& party) {
                 if (!party.tn()) return false;
                 return call.request_uri ? party.canonical() == call.request_uri->canonical()
                                         : IsLocalFormOf(call.local_target->canonical(),
                                                         party.canonical(), call.options.dial_plan);
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
