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

JsonValue SignerJson(const std::shared_ptr<const SignerInfo>& signer) {
  if (!signer) return {};
  JsonArray delegated_by;
  for (const std::string& spc : signer->delegated_by_spcs) delegated_by.emplace_back(spc);
  return JsonMembers{{"spc", signer->spcs.empty() ? JsonValue() : JsonValue(signer->spcs.front())},
                     {"delegated_by_spcs", std::move(delegated_by)},
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

JsonValue RichCallDataJson(const std::optional<RichCallData>& data) {
  if (!data) return {};
  JsonArray content;
  for (const RichCallData::Content& part : data->content) {
    const bool failed = part.outcome == CheckOutcome::kFailed;
    content.push_back(
        JsonMembers{{"pointer", part.pointer},
                    {"uri", OrNull(part.uri)},
                    {"outcome", CheckOutcomeText(part.outcome)},
                    {"reason", failed ? JsonValue(Info(part.reason).id) : JsonValue()},
                    {"detail", TextOrNull(part.detail)}});
  }
  return JsonMembers{{"reason", Info(data->reason).id}, {"nam", data->nam},
                     {"apn", OrNull(data->apn)},        {"icn", OrNull(data->icn)},
                     {"jcl", OrNull(data->jcl)},        {"crn", OrNull(data->crn)},
                     {"iss", OrNull(data->iss)},        {"content", std::move(content)}};
}

JsonValue PathJson(const std::vector<CallLeg>& path) {
  JsonArray legs;
  for (const CallLeg& leg : path) {
    legs.push_back(JsonMembers{{"from", leg.from},
                               {"to", leg.to},
                               {"ppt", TextOrNull(leg.ppt)},
                               {"passport", leg.passport},
                               {"iat", leg.iat},
                               {"signer", SignerJson(leg.signer)}});
  }
  return legs;
}

JsonValue PriorityJson(const std::optional<PriorityVerdict>& priority) {
  if (!priority) return {};
  JsonArray values;
  for (const std::string& value : priority->values) values.emplace_back(value);
  return JsonMembers{{"status", PriorityStatusText(priority->status)},
                     {"reason", Info(priority->reason).id},
                     {"decided_by", OrNull(priority->decided_by)},
                     {"values", std::move(values)},
                     {"sph", OrNull(priority->sph)}};
}

// The members that a verdict and each of its PASSporTs have in common, behind `head`.
JsonValue WithFacts(JsonMembers head, const PassportVerdict& passport) {
  JsonArray dest;
  for (const std::string& identity : passport.dest) dest.emplace_back(identity);
  JsonMembers facts = {{"attest", OrNull(passport.attest)},
                       {"origid", OrNull(passport.origid)},
                       {"orig", OrNull(passport.orig)},
                       {"dest", std::move(dest)},
                       {"iat", OrNull(passport.iat)},
                       {"age_seconds", OrNull(passport.age_seconds)},
                       {"div", OrNull(passport.div)},
                       {"rich_call_data", RichCallDataJson(passport.rich_call_data)},
                       {"signer", SignerJson(passport.signer)},
                       {"ppt", TextOrNull(passport.ppt)},
                       {"x5u", TextOrNull(passport.x5u)},
                       {"checks", ChecksJson(passport.checks)}};
  for (auto& fact : facts) head.push_back(std::move(fact));
  return head;
}

JsonMembers Outcome(Reason reason) {
  return {{"verstat", VerstatText(Info(reason).verstat)},
          {"reason", Info(reason).id},
          {"sip", SipJson(reason)}};
}

JsonValue PassportJson(const PassportVerdict& passport) {
  JsonValue json = WithFacts(Outcome(passport.reason), passport);
  json.Add("opt", passport.nested.empty() ? JsonValue() : PassportJson(passport.nested.front()));
  return json;
}

}  // namespace

JsonValue VerdictJson(const Verdict& verdict) {
  const PassportVerdict none;
  const PassportVerdict* deciding = verdict.deciding();
  JsonValue json = WithFacts(Outcome(verdict.reason), deciding != nullptr ? *deciding : none);
  json.Add("detail", TextOrNull(verdict.detail));
  json.Add("judged_at", FormatTime(verdict.judged_at));
  json.Add("decided_by", verdict.decided_by ? JsonValue(*verdict.decided_by) : JsonValue());
  json.Add("path", PathJson(verdict.path));
  json.Add("priority", PriorityJson(verdict.priority));
  JsonArray passports;
  for (const PassportVerdict& passport : verdict.passports) {
    passports.push_back(PassportJson(passport));
  }
  json.Add("passports", std::move(passports));
  return json;
}

}  // namespace callvet
