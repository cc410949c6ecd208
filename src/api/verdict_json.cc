// SPDX-License-Identifier: MIT
#include "api/verdict_json.h"

#include "base/text.h"

namespace callvet {
namespace {

void AddOrNull(std::string_view name, const std::optional<std::string>& text, JsonStream& json) {
  json.Name(name);
  text ? json.String(*text) : json.Null();
}

template <class Number>
void AddOrNull(std::string_view name, const std::optional<Number>& number, JsonStream& json) {
  json.Name(name);
  number ? json.Number(static_cast<int64_t>(*number)) : json.Null();
}

void AddReason(std::string_view name, CheckOutcome outcome, Reason reason, JsonStream& json) {
  json.AddTextOrNull(name, outcome == CheckOutcome::kFailed ? Info(reason).id : "");
}

void WriteSip(Reason reason, JsonStream& json) {
  const ReasonInfo& info = Info(reason);
  json.Name("sip");
  json.Open();
  json.AddNumberOrNull("code", info.sip_code);
  json.AddTextOrNull("phrase", info.sip_code == 0 ? std::string_view() : info.sip_phrase);
  json.Close();
}

void WriteSigner(const std::shared_ptr<const SignerInfo>& signer, JsonStream& json) {
  json.Name("signer");
  if (!signer) return json.Null();
  json.Open();
  json.AddTextOrNull("spc", signer->spcs.empty() ? std::string_view() : signer->spcs.front());
  json.AddStrings("delegated_by_spcs", signer->delegated_by_spcs);
  json.AddTextOrNull("tnauthlist", signer->tn_auth_list);
  json.AddString("subject", signer->subject);
  json.AddTextOrNull("organization", signer->organization);
  json.AddString("serial", signer->serial);
  json.AddString("sha256", signer->sha256);
  json.AddString("not_before", FormatTime(signer->not_before));
  json.AddString("not_after", FormatTime(signer->not_after));
  json.Close();
}

void WriteChecks(const CheckList& checks, JsonStream& json) {
  json.Name("checks");
  json.OpenArray();
  for (const Check& check : checks) {
    json.Open();
    json.AddString("id", check.id);
    json.AddString("clause", check.clause);
    json.AddString("outcome", CheckOutcomeText(check.outcome));
    AddReason("reason", check.outcome, check.reason, json);
    json.AddTextOrNull("detail", check.detail);
    json.Close();
  }
  json.CloseArray();
}

void WriteRichCallData(const std::optional<RichCallData>& data, JsonStream& json) {
  json.Name("rich_call_data");
  if (!data) return json.Null();
  json.Open();
  json.AddString("reason", Info(data->reason).id);
  json.AddString("nam", data->nam);
  AddOrNull("apn", data->apn, json);
  AddOrNull("icn", data->icn, json);
  AddOrNull("jcl", data->jcl, json);
  AddOrNull("crn", data->crn, json);
  AddOrNull("iss", data->iss, json);
  json.Name("content");
  json.OpenArray();
  for (const RichCallData::Content& part : data->content) {
    json.Open();
    json.AddString("pointer", part.pointer);
    AddOrNull("uri", part.uri, json);
    json.AddString("outcome", CheckOutcomeText(part.outcome));
    AddReason("reason", part.outcome, part.reason, json);
    json.AddTextOrNull("detail", part.detail);
    json.Close();
  }
  json.CloseArray();
  json.Close();
}

void WritePath(const std::vector<CallLeg>& path, JsonStream& json) {
  json.Name("path");
  json.OpenArray();
  for (const CallLeg& leg : path) {
    json.Open();
    json.AddString("from", leg.from);
    json.AddString("to", leg.to);
    json.AddTextOrNull("ppt", leg.ppt);
    json.AddNumber("passport", static_cast<int64_t>(leg.passport));
    json.AddNumber("iat", leg.iat);
    WriteSigner(leg.signer, json);
    json.Close();
  }
  json.CloseArray();
}

void WritePriority(const std::optional<PriorityVerdict>& priority, JsonStream& json) {
  json.Name("priority");
  if (!priority) return json.Null();
  json.Open();
  json.AddString("status", PriorityStatusText(priority->status));
  json.AddString("reason", Info(priority->reason).id);
  AddOrNull("decided_by", priority->decided_by, json);
  json.AddStrings("values", priority->values);
  AddOrNull("sph", priority->sph, json);
  json.Close();
}

// The members that a verdict and each of its PASSporTs have in common.
void WriteFacts(Reason reason, const PassportVerdict& passport, JsonStream& json) {
  json.AddString("verstat", VerstatText(Info(reason).verstat));
  json.AddString("reason", Info(reason).id);
  WriteSip(reason, json);
  AddOrNull("attest", passport.attest, json);
  AddOrNull("origid", passport.origid, json);
  AddOrNull("orig", passport.orig, json);
  json.AddStrings("dest", passport.dest);
  AddOrNull("iat", passport.iat, json);
  AddOrNull("age_seconds", passport.age_seconds, json);
  AddOrNull("div", passport.div, json);
  WriteRichCallData(passport.rich_call_data, json);
  WriteSigner(passport.signer, json);
  json.AddTextOrNull("ppt", passport.ppt);
  json.AddTextOrNull("x5u", passport.x5u);
  WriteChecks(passport.checks, json);
}

// The facts of `passport`, where they are written already.
struct WrittenFacts {
  const PassportVerdict* passport = nullptr;
  size_t begin = 0;
  size_t end = 0;
};

void WritePassport(const PassportVerdict& passport, const WrittenFacts& written, JsonStream& json) {
  json.Open();
  if (&passport == written.passport) {
    json.Repeat(written.begin, written.end);
  } else {
    WriteFacts(passport.reason, passport, json);
  }
  json.Name("opt");
  if (passport.nested.empty()) {
    json.Null();
  } else {
    WritePassport(passport.nested.front(), written, json);
  }
  json.Close();
}

}  // namespace

void WriteVerdict(const Verdict& verdict, JsonStream& json) {
  const PassportVerdict none;
  const PassportVerdict* deciding = verdict.deciding();
  json.Open();
  WrittenFacts written;
  written.begin = json.size();
  WriteFacts(verdict.reason, deciding != nullptr ? *deciding : none, json);
  written.end = json.size();
  if (deciding != nullptr && deciding->reason == verdict.reason) written.passport = deciding;
  json.AddTextOrNull("detail", verdict.detail);
  json.AddString("judged_at", FormatTime(verdict.judged_at));
  AddOrNull("decided_by", verdict.decided_by, json);
  WritePath(verdict.path, json);
  WritePriority(verdict.priority, json);
  json.Name("passports");
  json.OpenArray();
  for (const PassportVerdict& passport : verdict.passports) WritePassport(passport, written, json);
  json.CloseArray();
  json.Close();
}

JsonValue VerdictJson(const Verdict& verdict) {
  JsonStream json;
  WriteVerdict(verdict, json);
  return ReadOwnJson(json.text());
}

}  // namespace callvet
