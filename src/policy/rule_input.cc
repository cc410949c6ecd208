// SPDX-License-Identifier: MIT
#include "policy/rule_input.h"

#include <algorithm>
#include <cstdint>

#include "base/text.h"
#include "callvet/identity_header.h"
#include "syntax/uri.h"

namespace callvet {
namespace {

constexpr size_t kFewestDigits = 5;  // of a code that is no extension
constexpr size_t kNoExtension = 8;   // digits that no PBX gives to its lines

void AddCallerNumber(CallNumber number, RuleInput& input) {
  const auto known = std::find_if(input.callers.begin(), input.callers.end(),
                                  [&](const Caller& caller) { return caller.number == number; });
  if (known != input.callers.end()) return;
  Caller& caller = input.callers.emplace_back();
  caller.number = std::move(number);
  caller.key = caller.number.key();
  if (caller.key && input.policy.registry) caller.rights = input.policy.registry->Find(*caller.key);
  caller.assigned = caller.rights && caller.rights->ValidAt(input.verdict.judged_at);
  const PassportVerdict* passport = input.verdict.deciding();
  caller.verified =
      input.verdict.passed() && passport != nullptr && passport->orig == caller.number.digits;
}

void AddCaller(const std::string& text, const Party* party, RuleInput& input) {
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
  if (number.space == NumberSpace::kE164 || policy.emergency_numbers.Has(number.digits))
    return true;
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
         std::none_of(input.callers.begin(), input.callers.end(), [&](const Caller& caller) {
           return caller.number.digits.ends_with(number.digits);
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

// In whatever form they are written.
bool IsSameNumber(const CallNumber& a, const CallNumber& b) {
  return a.digits == b.digits && a.space == b.space;
}

// Of any alphabet, as far as bytes tell.
bool IsLetter(char c) {
  return IsAlpha(c) || static_cast<unsigned char>(c) >= 0x80;
}

// A display name that is a number is one that handsets show, unless the call shows it anyway.
void AddDisplayName(const std::string& text, RuleInput& input) {
  std::string name = DisplayName(text);
  if (name.empty()) return;
  // People write "+49 (0)30 ..." (ITU-T E.123 advises against it).
  if (const size_t zero = name.find("(0)"); name.starts_with('+') && zero != std::string::npos) {
    name.erase(zero, 3);
  }
  auto number = TelephoneNumber::Parse(name, input.policy.dial_plan);
  // "+1,215,555,0100" is read by people as a number, too.
  if (!number && std::none_of(name.begin(), name.end(), IsLetter)) {
    number = TelephoneNumber::Parse(DialledPart(name, kFewestDigits), input.policy.dial_plan);
  }
  if (!number || !IsAllDigits(*number)) return;
  const CallNumber read = CallNumber::Of(*number, input.policy.dial_plan);
  const bool known =
      std::any_of(input.callers.begin(), input.callers.end(),
                  [&](const Caller& caller) { return IsSameNumber(caller.number, read); });
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
  // A tel URI that comes here is no number, and so none by its grammar.
  const bool is_uri = !EqualsIgnoreCase(spec->substr(0, 4), "tel:") &&
                      (SipUri::Parse(*spec) || (IsAbsoluteUri(*spec) && !HasSipOrTelScheme(*spec)));
  return !is_uri && HasDigits(*spec, kFewestDigits) && DialledPart(*spec, kFewestDigits).empty();
}

// From is shown by handsets beside, or instead of, what the network asserts. Where it is a number
// it is judged as the others, also with a stray character; a name or "anonymous" claims none.
void AddFrom(const std::string& text, const Party* party, RuleInput& input) {
  const DialPlan* plan = input.policy.dial_plan;
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

// Whether `text` is a number that was verified, or shows none, and its display name is no other
// one.
bool ShowsVerifiedNumbers(const std::string& text, const RuleInput& input) {
  const DialPlan* plan = input.policy.dial_plan;
  const auto is_verified = [&](const TelephoneNumber& number) {
    const CallNumber read = CallNumber::Of(number, plan);
    return std::any_of(input.callers.begin(), input.callers.end(), [&](const Caller& caller) {
      return caller.verified && IsSameNumber(caller.number, read);
    });
  };
  const auto party = Party::Parse(text, plan);
  if (!party) return false;
  const std::string name = DisplayName(text);
  const auto number = TelephoneNumber::Parse(name, plan);
  const std::string_view uri = AddrSpec(text).value_or(text);
  const bool none_in_uri = CountDigits(uri.substr(0, uri.find('@') + 1)) < kFewestDigits &&
                           !HasDigits(text, kFewestDigits) &&
                           DialledPart(uri, kFewestDigits).empty();
  return (party->tn() ? is_verified(*party->tn()) : none_in_uri) &&
         (number ? is_verified(*number) : CountDigits(name) < kFewestDigits);
}

}  // namespace

bool HasDigits(std::string_view text, size_t count) {
  size_t run = 0;
  return std::any_of(text.begin(), text.end(), [&](char c) {
    run = IsDigit(c) ? run + 1 : 0;
    return run >= count;
  });
}

CallParties::CallParties(const PolicyCallView& call, const DialPlan* plan,
                         std::pmr::memory_resource* memory)
    : readings_(memory), first_dest_(call.orig.size()), from_(SIZE_MAX), request_uri_(SIZE_MAX) {
  readings_.reserve(call.orig.size() + call.dest.size() + (call.from != nullptr ? 1 : 0) +
                    (call.request_uri != nullptr ? 1 : 0));
  for (const std::string& text : call.orig) readings_.emplace_back(text, plan);
  for (const std::string& text : call.dest) readings_.emplace_back(text, plan);
  // Where From and Request-URI are no other texts than the first ones, they are read already.
  const auto add = [&](const std::string& text, std::span<const std::string> others,
                       size_t first_other) {
    if (!others.empty() && others.front() == text) return first_other;
    readings_.emplace_back(text, plan);
    return readings_.size() - 1;
  };
  if (call.from != nullptr) from_ = add(*call.from, call.orig, 0);
  if (call.request_uri != nullptr) request_uri_ = add(*call.request_uri, call.dest, first_dest_);
}

RuleInput RuleInput::Read(const Policy& policy, const TrunkSettings& settings,
                          const PolicyCallView& call, const Verdict& verdict, RuleMemory& memory) {
  RuleInput input{.policy = policy,
                  .settings = settings,
                  .call = call,
                  .verdict = verdict,
                  .parties = CallParties(call, policy.dial_plan, memory.resource()),
                  .callers = std::pmr::vector<Caller>(memory.resource())};
  input.callers.reserve(call.orig.size() + 1);
  for (size_t i = 0; i < call.orig.size(); ++i) {
    AddCaller(call.orig[i], input.parties.orig(i), input);
  }
  const bool judges_from = call.from != nullptr && settings.from_header == FromHeader::kJudge;
  if (judges_from) AddFrom(*call.from, input.parties.from(), input);
  for (const std::string& text : call.orig) AddDisplayName(text, input);
  if (judges_from) AddDisplayName(*call.from, input);
  const auto& remote = call.remote_party_ids;
  input.remote_party_is_verified =
      !remote.empty() && std::all_of(remote.begin(), remote.end(), [&](const std::string& text) {
        return ShowsVerifiedNumbers(text, input);
      });
  const PassportVerdict* passport = verdict.deciding();
  if (verdict.passed() && passport != nullptr && passport->signer) {
    const SignerInfo& signer = *passport->signer;
    input.signer_has_spc = !signer.spcs.empty();
    input.signers = signer.AnsweringSpcs();
  }
  return input;
}

}  // namespace callvet
