// SPDX-License-Identifier: MIT
#include "policy/rule_input.h"

#include <algorithm>

#include "base/text.h"
#include "callvet/identity_header.h"
#include "policy/emergency.h"
#include "syntax/uri.h"

namespace callvet {
namespace {

constexpr size_t kFewestDigits = 5;  // of a code that is no extension
constexpr size_t kNoExtension = 8;   // digits that no PBX gives to its lines

void AddNumber(const CallNumber& number, std::vector<CallNumber>& numbers) {
  if (std::find(numbers.begin(), numbers.end(), number) == numbers.end()) numbers.push_back(number);
}

void AddCallerNumber(const CallNumber& number, RuleInput& input) {
  AddNumber(number, input.callers);
  const PassportVerdict* passport = input.verdict.deciding();
  const bool signed_for =
      input.verdict.passed() && passport != nullptr && passport->orig == number.digits;
  if (signed_for) AddNumber(number, input.verified);
}

// Called parties: numbers, and what is none.
void AddCallee(const std::string& text, RuleInput& input) {
  const Party* party = input.PartyOf(text);
  if (party != nullptr && party->tn()) {
    AddNumber(CallNumber::Of(*party->tn(), input.policy.dial_plan), input.callees);
  } else {
    input.unreadable_callees.push_back(text);
  }
}

void AddCaller(const std::string& text, RuleInput& input) {
  const Party* party = input.PartyOf(text);
  if (party != nullptr && party->tn()) {
    return AddCallerNumber(CallNumber::Of(*party->tn(), input.policy.dial_plan), input);
  }
  const PassportVerdict* passport = input.verdict.deciding();
  const bool verified = input.verdict.passed() && passport != nullptr && passport->orig;
  const bool allowed =
      verified && party != nullptr && input.settings.uri_callers == UriCallers::kAllow;
  if (allowed && party->canonical() == *passport->orig) {
    input.caller_is_uri = true;
  } else if (!allowed || !DialledPart(AddrSpec(text).value_or(text), kFewestDigits).empty()) {
    // Else it is a name beside the number that was verified (RFC 3325 9.1), which is judged.
    input.unreadable_callers.push_back(text);
  }
}

bool IsInTables(const CallNumber& number, const Policy& policy) {
  const auto key = number.key();
  const auto is_in = [&](const auto& table) { return key && table && table->Find(*key); };
  return is_in(policy.registry) || is_in(policy.do_not_originate);
}

// Whether a number in From claims to be somebody's, and is not only an extension of a PBX: a whole
// number, or a code that the registry, the list of numbers that never call, or the plan knows.
bool ClaimsANumber(const CallNumber& number, const Policy& policy) {
  if (number.space == NumberSpace::kE164 || IsEmergencyNumber(number, policy)) return true;
  if (IsInTables(number, policy)) return true;
  bool wrong_length = false;
  return !policy.plans.empty() && policy.plans.front().Find(number, wrong_length) != nullptr;
}

// The code of the tables behind what is dialled in front of codes: an area's code, 0, 00, 9 or *.
std::optional<CallNumber> CodeBehindPrefix(std::string_view digits, const Policy& policy) {
  constexpr size_t kLongestArea = 4;
  for (size_t length = 1; length <= kLongestArea && length < digits.size(); ++length) {
    const std::string_view prefix = digits.substr(0, length);
    if (prefix != "*" && prefix != "9" && !prefix.starts_with('0')) continue;
    CallNumber code{std::string(digits.substr(length)), NumberSpace::kNational, NumberForm::kBare};
    if (IsInTables(code, policy)) return code;
  }
  return std::nullopt;
}

// Whether a number of the plan's country is too long for an extension, and not the end of a number
// that the call shows already.
bool IsNoExtension(const CallNumber& number, const RuleInput& input) {
  return !input.policy.plans.empty() && number.key() && number.digits.size() >= kNoExtension &&
         std::none_of(input.callers.begin(), input.callers.end(), [&](const CallNumber& other) {
           return other.digits.ends_with(number.digits);
         });
}

// A number in From: a whole one, a code also behind a prefix, or what is no extension.
void AddShownNumber(const TelephoneNumber& number, RuleInput& input) {
  const CallNumber read = CallNumber::Of(number, input.policy.dial_plan);
  if (ClaimsANumber(read, input.policy)) return AddCallerNumber(read, input);
  if (const auto code = CodeBehindPrefix(read.digits, input.policy)) {
    AddCallerNumber(*code, input);
  } else if (IsNoExtension(read, input)) {
    AddCallerNumber(read, input);
  }
}

bool IsAllDigits(const TelephoneNumber& number) {
  return std::all_of(number.canonical().begin(), number.canonical().end(), IsDigit);
}

// In whatever form it is written.
bool IsAmong(const CallNumber& number, const std::vector<CallNumber>& others) {
  return std::any_of(others.begin(), others.end(), [&](const CallNumber& other) {
    return other.digits == number.digits && other.space == number.space;
  });
}

// A display name that is a number is one that handsets show, unless the call shows it anyway.
void AddDisplayName(const std::string& text, RuleInput& input) {
  std::string name = DisplayName(text);
  if (name.empty()) return;
  // People write "+49 (0)30 ..." (ITU-T E.123 advises against it).
  if (const size_t zero = name.find("(0)"); name.starts_with('+') && zero != std::string::npos) {
    name.erase(zero, 3);
  }
  const auto number = TelephoneNumber::Parse(name, input.policy.dial_plan);
  if (!number || !IsAllDigits(*number)) return;
  const CallNumber read = CallNumber::Of(*number, input.policy.dial_plan);
  const bool known = IsAmong(read, input.callers);
  if (!known && ClaimsANumber(read, input.policy)) AddCallerNumber(read, input);
}

// Whether of `text` no URI can be read, or of several any, while somebody else may read a number.
bool HidesItsUri(const std::string& text) {
  const auto spec = AddrSpec(text);
  const bool bracketed = text.find('<') != std::string::npos;
  if (!spec || SplitHeaderValues(text).size() > 1) {
    return bracketed || HasSipOrTelScheme(text) || HasDigits(text, kFewestDigits);
  }
  if (!bracketed && !HasSipOrTelScheme(*spec)) return false;  // a name
  const bool is_uri = SipUri::Parse(*spec) || (IsAbsoluteUri(*spec) && !HasSipOrTelScheme(*spec));
  return !is_uri && HasDigits(*spec, kFewestDigits) && DialledPart(*spec, kFewestDigits).empty();
}

// From is shown by handsets beside, or instead of, what the network asserts. Where it is a number
// it is judged as the others, also with a stray character; a name or "anonymous" claims none.
void AddFrom(const std::string& text, RuleInput& input) {
  const DialPlan* plan = input.policy.dial_plan;
  const Party* party = input.PartyOf(text);
  std::optional<TelephoneNumber> number;
  if (party != nullptr && party->tn() && IsAllDigits(*party->tn())) {
    number = party->tn();
  } else if (((party == nullptr || !party->tn()) && HasPhoneContext(text)) || HidesItsUri(text)) {
    return input.unreadable_callers.push_back(text);  // a number, which somebody else may read
  } else {
    const std::string dialled = DialledPart(AddrSpec(text).value_or(text), kFewestDigits);
    if (dialled.empty()) return;
    const auto read = TelephoneNumber::Parse(dialled, plan);
    if (!read) return input.unreadable_callers.push_back(text);
    number = *read;
  }
  AddShownNumber(*number, input);
}

void AddParty(const std::string& text, RuleInput& input) {
  const auto [place, is_new] = input.parties.try_emplace(text);
  if (!is_new) return;
  if (auto party = Party::Parse(text, input.policy.dial_plan)) place->second = std::move(*party);
}

void AddParties(const PolicyCall& call, RuleInput& input) {
  for (const std::string& text : call.orig) AddParty(text, input);
  if (call.from) AddParty(*call.from, input);
  for (const std::string& text : call.dest) AddParty(text, input);
  if (call.request_uri) AddParty(*call.request_uri, input);
}

RuleInput Blank(const Policy& policy, const TrunkSettings& settings, const PolicyCall& call,
                const Verdict& verdict) {
  return {policy, settings, call, verdict, {}, {}, false, {}, {}, {}, false, {}, false, {}};
}

// Whether `text` is a number that was verified, or shows none, and its display name is no other
// one.
bool ShowsVerifiedNumbers(const std::string& text, const RuleInput& input) {
  const DialPlan* plan = input.policy.dial_plan;
  const auto is_verified = [&](const TelephoneNumber& number) {
    return IsAmong(CallNumber::Of(number, plan), input.verified);
  };
  const auto party = Party::Parse(text, plan);
  const auto name = TelephoneNumber::Parse(DisplayName(text), plan);
  const bool shown =
      party && (party->tn() ? is_verified(*party->tn()) : !HasDigits(text, kFewestDigits));
  return shown && (!name || is_verified(*name));
}

}  // namespace

bool HasDigits(std::string_view text, size_t count) {
  size_t run = 0;
  return std::any_of(text.begin(), text.end(), [&](char c) {
    run = IsDigit(c) ? run + 1 : 0;
    return run >= count;
  });
}

const Party* RuleInput::PartyOf(std::string_view text) const {
  const auto found = parties.find(text);
  return found != parties.end() && found->second ? &*found->second : nullptr;
}

bool RuleInput::IsVerified(const CallNumber& number) const {
  return std::find(verified.begin(), verified.end(), number) != verified.end();
}

RuleInput RuleInput::Read(const Policy& policy, const TrunkSettings& settings,
                          const PolicyCall& call, const Verdict& verdict) {
  RuleInput input = Blank(policy, settings, call, verdict);
  AddParties(call, input);
  for (const std::string& text : call.orig) AddCaller(text, input);
  const bool judges_from = call.from && settings.from_header == FromHeader::kJudge;
  if (judges_from) AddFrom(*call.from, input);
  for (const std::string& text : call.orig) AddDisplayName(text, input);
  if (judges_from) AddDisplayName(*call.from, input);
  const auto& remote = call.remote_party_ids;
  input.remote_party_is_verified =
      !remote.empty() && std::all_of(remote.begin(), remote.end(), [&](const std::string& text) {
        return ShowsVerifiedNumbers(text, input);
      });
  for (const std::string& text : call.dest) AddCallee(text, input);
  if (call.request_uri) AddCallee(*call.request_uri, input);
  const PassportVerdict* passport = verdict.deciding();
  if (verdict.passed() && passport != nullptr && passport->signer) {
    const SignerInfo& signer = *passport->signer;
    input.signer_has_spc = !signer.spcs.empty();
    input.signers = input.signer_has_spc ? signer.spcs : signer.delegated_by_spcs;
  }
  return input;
}

}  // namespace callvet
