// SPDX-License-Identifier: MIT
#include "api/verdict_json.h"

#include "base/text.h"

namespace callvet {
namespace {

template <class T>
JsonValue OrNull(const std::optional<T>& value) {
  return value ? JsonValue(*value) : JsonValue();
}

JsonValue TextOrNull(const std::string& text) {
  return text.empty() ? JsonValue() : JsonValue(text);
}

JsonValue SipJson(Reason reason) {
  const ReasonInfo& info = Info(reason);
  if (info.sip_code == 0) return JsonMembers{{"code", JsonValue()}, {"phrase", JsonValue()}};
  return JsonMembers{{"code", info.sip_code}, {"phrase", info.sip_phrase}};
}

JsonValue SignerJson(const std::optional<SignerInfo>& signer) {
  if (!signer) return {};
  return JsonMembers{{"spc", signer->spcs.empty() ? JsonValue() : JsonValue(signer->spcs.front())},
                     {"tnauthlist", TextOrNull(signer->tn_auth_list)},
                     {"subject", signer->subject},
                     {"organization", TextOrNull(signer->organization)},
                     {"serial", signer->serial},
                     {"sha256", signer->sha256},
                     {"not_before", FormatTime(signer->not_before)},
                     {"not_after", FormatTime(signer->not_after)}};
}

JsonValue ChecksJson(const std::vector<Check>& checks) {
  JsonArray list;
  for (const Check& check : checks) {
    const bool failed = check.outcome == CheckOutcome::kFailed;
    list.push_back(JsonMembers{{"id", check.id},
                               {"clause", check.clause},
                               {"outcome", CheckOutcomeText(check.outcome)},
                               {"reason", failed ? JsonValue(Info(check.reason).id) : JsonValue()},
                               {"detail", TextOrNull(check.detail)}});
  }
  return list;
}

// The members that a verdict and each of its PASSporTs have in common, behind `head`.
JsonValue WithFacts(JsonMembers head, const PassportVerdict& passport) {
  JsonArray dest;
  for (const std::string& identity : passport.dest) dest.emplace_back(identity);
  JsonMembers facts = {
      {"attest", OrNull(passport.attest)},     {"origid", OrNull(passport.origid)},
      {"orig", OrNull(passport.orig)},         {"dest", std::move(dest)},
      {"iat", OrNull(passport.iat)},           {"age_seconds", OrNull(passport.age_seconds)},
      {"signer", SignerJson(passport.signer)}, {"ppt", TextOrNull(passport.ppt)},
      {"x5u", TextOrNull(passport.x5u)},       {"checks", ChecksJson(passport.checks)}};
  for (auto& fact : facts) head.push_back(std::move(fact));
  return head;
}

JsonMembers Outcome(Reason reason) {
  return {{"verstat", VerstatText(Info(reason).verstat)},
          {"reason", Info(reason).id},
          {"sip", SipJson(reason)}};
}

}  // namespace

JsonValue VerdictJson(const Verdict& verdict) {
  const PassportVerdict none;
  const PassportVerdict* deciding = verdict.deciding();
  JsonValue json = WithFacts(Outcome(verdict.reason), deciding != nullptr ? *deciding : none);
  json.Add("detail", TextOrNull(verdict.detail));
  json.Add("judged_at", FormatTime(verdict.judged_at));
  json.Add("decided_by", verdict.decided_by ? JsonValue(*verdict.decided_by) : JsonValue());
  JsonArray passports;
  for (const PassportVerdict& passport : verdict.passports) {
    passports.push_back(WithFacts(Outcome(passport.reason), passport));
  }
  json.Add("passports", std::move(passports));
  return json;
}

}  // namespace callvet
