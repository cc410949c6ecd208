// SPDX-License-Identifier: MIT
#include "policy/emergency.h"

#include <algorithm>

#include "base/text.h"
#include "syntax/emergency_numbers.h"
#include "syntax/uri.h"

namespace callvet {
namespace {

constexpr size_t kWholeNumber = 7;  // digits that may be somebody's number
constexpr size_t kFullNumber = 10;  // the same, where they are divided as addresses are too

// Whether `uri` has the parameter `name`, also encoded or with white space, which somebody else may
// read (RFC 3261 19.1.4).
bool HasParameter(std::string_view uri, std::string_view name) {
  const auto has = [&](char c) { return uri.find(c) != std::string_view::npos; };
  if (!has(';') && !has('%')) return false;
  std::string plain = PercentDecoded(uri);
  std::erase_if(plain, [](char c) { return c == ' ' || c == '\t'; });
  return ToLower(plain).find(";" + std::string(name) + "=") != std::string::npos;
}

// Where a number is ported the call goes to another one than it shows (RFC 4694).
bool HasRoutingNumber(std::string_view uri) {
  return HasParameter(uri, "rn");
}

// Whether a phone-context, behind the host too, makes another number of it than `party` is.
bool HasOtherContext(const std::string& text, const Party& party, const DialPlan* plan) {
  const std::string uri = RequestUriText(text);
  if (!HasPhoneContext(uri)) return false;
  const auto whole = Party::Parse("<" + uri + ">", plan);
  return !whole || whole->canonical() != party.canonical();
}

bool CallsForHelp(const TelephoneNumber& number, const Policy& policy) {
  return policy.emergency_numbers.Has(number.canonical());
}

// "911p1": what is dialled behind a pause is for who answers, unless there is so much of it that
// the whole may be somebody's number.
bool IsEmergencyNumberWithPause(const std::string& text, const Policy& policy) {
  const std::string uri = RequestUriText(text);
  const std::string user = DecodedUser(uri);
  const std::string_view number = InFrontOfPause(user);
  if (number.size() == user.size() || CountDigits(user) >= kWholeNumber || HasPhoneContext(uri) ||
      uri.find('@') != uri.rfind('@')) {
    return false;
  }
  const auto read = TelephoneNumber::Parse(number, policy.dial_plan);
  return read && CallsForHelp(*read, policy);
}

// Whether `text`, which is read as `party`, is an emergency number; it is no service and no ported
// number.
bool IsEmergencyNumberIn(const std::string& text, const Party* party, const Policy& policy) {
  if (party == nullptr || !party->tn()) return IsEmergencyNumberWithPause(text, policy);
  return CallsForHelp(*party->tn(), policy) && !HasOtherContext(text, *party, policy.dial_plan);
}

bool IsEmergencyTarget(const std::string& text, const Party* party, const Policy& policy) {
  if (IsSosUrn(text)) return true;
  return !HasRoutingNumber(text) && IsEmergencyNumberIn(text, party, policy);
}

// "esrp-172-31-100-12": an address in a name.
bool EndsWithAddress(std::string_view user) {
  std::string address(user.substr(user.find_last_not_of("0123456789.-") + 1));
  std::replace(address.begin(), address.end(), '-', '.');
  return IsIpAddress(address.substr(std::min(address.find_first_not_of('.'), address.size())));
}

// Whether digits of `user` may be somebody's number: so many that follow one another, or that no
// letter divides.
bool HoldsANumber(std::string_view user) {
  if (EndsWithAddress(user)) return false;
  size_t digits = 0;
  return HasDigits(user, kWholeNumber) || std::any_of(user.begin(), user.end(), [&](char c) {
           digits = IsAlpha(c) ? 0 : digits + (IsDigit(c) ? 1 : 0);
           return digits >= kFullNumber;
         });
}

// Whether `text` may be an element on the way, such as the one that routes emergency calls: a sip
// URI whose user part begins with a letter, and in which there is no number, so that nobody takes
// it for one. Else it says itself where the call goes.
bool IsElement(const std::string& text, const Party* party) {
  if (party == nullptr || party->tn() || !party->uri()) return false;
  const auto uri = SipUri::Parse(*party->uri());
  if (!uri || !NamesAHost(uri->host)) return false;
  const std::string whole = PercentDecoded(RequestUriText(text));
  if (SaysItIsANumber(whole) || HasRoutingNumber(whole) || HasParameter(whole, "cic")) return false;
  const std::string_view rest = std::string_view(whole).substr(whole.find(':') + 1);
  const size_t at = rest.rfind('@');
  if (at == std::string_view::npos) return true;
  const std::string_view user = rest.substr(0, at);
  return IsAlpha(rest[0]) && user.find('+') == std::string_view::npos && !HoldsANumber(user);
}

// Whether a Request-URI is blank or a scheme alone: no call goes there, and To is all there is.
bool LeadsNowhere(std::string_view uri) {
  uri = Trim(uri);
  return uri.empty() || EqualsIgnoreCase(uri, "sip:") || EqualsIgnoreCase(uri, "sips:") ||
         EqualsIgnoreCase(uri, "tel:");
}

// `uri` with the scheme or the host that it lacks ("110@x", "sip:110@").
std::string Completed(std::string_view uri) {
  std::string whole(Trim(uri));
  const size_t at = whole.find('@');
  if (at == std::string::npos || whole.find('<') != std::string::npos) return whole;
  if (whole.find(':') > at) whole.insert(0, "sip:");
  if (whole.ends_with('@')) whole += "invalid";
  return whole;
}

// Whether one of dest is what `is_emergency` looks for.
template <class IsEmergencyOne>
bool DestHas(const RuleInput& input, const IsEmergencyOne& is_emergency) {
  const auto& dest = input.call.dest;
  for (size_t i = 0; i < dest.size(); ++i) {
    if (is_emergency(dest[i], input.parties.dest(i), input.policy)) return true;
  }
  return false;
}

// Whether a call to `target`, which is read as `party`, is an emergency call.
bool GoesToEmergency(const std::string& target, const Party* party, const RuleInput& input) {
  // To is only what the caller wrote: with an ordinary target behind it, it would be a way around
  // every rule.
  if (input.settings.emergency_by_to == EmergencyByTo::kIgnore || !IsElement(target, party)) {
    return IsEmergencyTarget(target, party, input.policy);
  }
  return DestHas(input, IsEmergencyTarget);
}

}  // namespace

bool IsEmergency(const RuleInput& input) {
  if (input.settings.psap_callback == PsapCallback::kAccept && input.call.priority != nullptr &&
      EqualsIgnoreCase(Trim(*input.call.priority), "psap-callback")) {
    return true;
  }
  // The request's URI says where the call goes.
  const std::string* target = input.call.request_uri;
  if (target != nullptr && !LeadsNowhere(*target)) {
    const Party* party = input.parties.request_uri();
    if (party != nullptr) return GoesToEmergency(*target, party, input);
    const std::string completed = Completed(*target);
    const auto read = Party::Parse(completed, input.policy.dial_plan);
    return GoesToEmergency(completed, read ? &*read : nullptr, input);
  }
  const auto& dest = input.call.dest;
  if (std::any_of(dest.begin(), dest.end(), IsSosUrn)) return true;
  if (std::any_of(dest.begin(), dest.end(), HasRoutingNumber)) return false;
  return DestHas(input, IsEmergencyNumberIn);
}

}  // namespace callvet
