// SPDX-License-Identifier: MIT
#include "api/ms_verification.h"

#include <algorithm>
#include <utility>

#include "api/request_members.h"
#include "base/base64url.h"
#include "base/text.h"
#include "callvet/identity_header.h"
#include "syntax/party.h"
#include "syntax/sip_date.h"

namespace callvet {
namespace {

using Presence = RequestMembers::Presence;
using Count = RequestMembers::Count;

struct ReadRequest {
  CallRequest call;
  std::optional<RequestError> error;
};

// "Resource-Priority: ets.0" (E-22); other headers say nothing that is judged here.
void AddProtected(const std::string& header, CallRequest& call) {
  const size_t colon = header.find(':');
  if (colon == std::string::npos) return;
  const std::string name = ToLower(Trim(std::string_view(header).substr(0, colon)));
  const std::string value(Trim(std::string_view(header).substr(colon + 1)));
  if (name == "resource-priority") call.resource_priority.push_back(value);
  if (name == "priority") call.priority = value;
}

// E-25: where the call goes. A tn is a number however short it is, which a tel URI says.
std::string TargetOf(const RequestMembers::Identities& dest) {
  return dest.tn.empty() ? dest.uri.front() : "tel:" + dest.tn.front();
}

ReadRequest Read(const JsonValue& object) {
  RequestMembers members(object);
  auto from = members.Party("from", Count::kOne, Presence::kMandatory);
  auto to = members.Party("to", Count::kMany, Presence::kMandatory);
  const auto dest = members.Party("dest", Count::kMany, Presence::kOptional);
  const auto time = members.Seconds("time", Presence::kMandatory);
  const auto shaken = members.Text("identityHeader", Presence::kOptional);
  auto others = members.Texts("identityHeaders");
  const auto protected_headers = members.Texts("protectedHeaders");
  if (dest && dest->tn.size() + dest->uri.size() > 1)
    members.Invalid("dest", "is more than one identity");
  if (members.error()) return {{}, members.error()};
  CallRequest call;
  call.details = Details::kOfFailures;  // none is answered
  if (shaken) call.identities.push_back(*shaken);
  for (std::string& other : others) call.identities.push_back(std::move(other));
  call.orig = std::move(*from).All();
  call.dest = std::move(*to).All();
  if (dest) call.target = TargetOf(*dest);
  for (const std::string& header : protected_headers) AddProtected(header, call);
  call.date = FormatSipDate(sys_seconds(std::chrono::seconds(*time)));
  return {std::move(call), std::nullopt};
}

// The payload of a token that was verified.
JsonValue ClaimsOf(const std::string& identity) {
  const auto header = IdentityHeader::Parse(identity);
  if (!header) return {};
  const auto payload = DecodeBase64Url(header->payload_part());
  auto json = payload ? ReadJson(*payload) : Fail(Reason::kJsonInvalid, "");
  return json ? std::move(*json) : JsonValue();
}

std::string TokenOf(const std::string& identity) {
  return identity.substr(0, identity.find(';'));
}

// The values of all Identity headers, in the order of Verdict::passports.
std::vector<std::string> ValuesOf(const CallRequest& call) {
  std::vector<std::string> values;
  for (const std::string& identity : call.identities) {
    for (const std::string_view value : SplitHeaderValues(identity)) values.emplace_back(value);
  }
  return values;
}

JsonMembers FailResult(const std::string& ppt, Reason reason) {
  const ReasonInfo& info = Info(reason);
  return {{"ppt", ppt},
          {"status", "fail"},
          {"reasonCode", info.sip_code},
          {"reasonText", info.sip_phrase},
          {"reasonDescription", info.meaning}};
}

JsonMembers ResultOf(const PassportVerdict& passport, const std::string& identity) {
  if (passport.reason == Reason::kNone) {
    return {{"ppt", passport.ppt}, {"status", "pass"}, {"validClaims", ClaimsOf(identity)}};
  }
  JsonMembers result = FailResult(passport.ppt, passport.reason);
  result.emplace_back("passport", TokenOf(identity));
  return result;
}

JsonValue VerifyResult(JsonMembers result) {
  JsonMembers wrapped;
  wrapped.emplace_back("verifyResult", std::move(result));
  return wrapped;
}

// E-23: one per diverting identity.
JsonValue DivResult(const Verdict& verdict) {
  JsonArray results;
  for (const PassportVerdict& passport : verdict.passports) {
    if (!passport.div) continue;
    JsonMembers div;
    div.emplace_back(passport.div->find(':') == std::string::npos ? "tn" : "uri", *passport.div);
    results.push_back(JsonMembers{{"div", std::move(div)},
                                  {"verstatValue", VerstatText(Info(passport.reason).verstat)}});
  }
  return results;
}

JsonValue ResponseOf(const Verdict& verdict, const CallRequest& call) {
  JsonMembers response = {{"verstatValue", VerstatText(verdict.verstat())}};
  JsonValue diversions = DivResult(verdict);
  if (!diversions.AsArray()->empty()) response.emplace_back("divResult", std::move(diversions));
  if (verdict.priority) {
    response.emplace_back("verstatPriority", PriorityStatusText(verdict.priority->status));
  }
  JsonArray results;
  const auto values = ValuesOf(call);
  for (size_t i = 0; i < verdict.passports.size() && i < values.size(); ++i) {
    // Beside others one of an unknown type is ignored.
    const bool ignored = verdict.passports[i].reason == Reason::kUnsupportedPpt &&
                         verdict.reason != Reason::kUnsupportedPpt;
    if (!ignored) results.push_back(VerifyResult(ResultOf(verdict.passports[i], values[i])));
  }
  // Refused before any of them was looked at: too many.
  if (verdict.passports.empty() && Info(verdict.reason).reason_class == ReasonClass::kRefused) {
    results.push_back(VerifyResult(FailResult("shaken", verdict.reason)));
  }
  if (!results.empty()) response.emplace_back("verifyResults", std::move(results));
  JsonMembers body;
  body.emplace_back("verificationResponse", std::move(response));
  return body;
}

// To is among the parties of dest (E-22): so each of `to` is, while the verifier asks for one of
// them. Judged again for each that it did not read there, until one fails.
Verdict Judge(const VerificationCore& core, CallRequest& call, const Deadline& deadline,
              VerificationMaterial* material) {
  Verdict verdict = core.Judge(call, deadline, material);
  const PassportVerdict* const deciding = verdict.passed() ? verdict.deciding() : nullptr;
  if (deciding == nullptr || call.dest.size() < 2) return verdict;
  const std::vector<std::string> dest = deciding->dest;
  for (const std::string& to : std::vector<std::string>(call.dest)) {
    const auto party = Party::Parse(to, core.options().dial_plan);
    if (party && std::find(dest.begin(), dest.end(), party->canonical()) != dest.end()) continue;
    call.dest = {to};
    if (material != nullptr) *material = {};
    verdict = core.Judge(call, deadline, material);
    if (!verdict.passed()) break;
  }
  return verdict;
}

}  // namespace

bool IsMsVerification(const JsonValue& request) {
  // A request of ATIS-1000082, whose unknown members are ignored (E-6).
  const JsonValue* identity = request.FindUnlessNull("identity");
  if (identity != nullptr && identity->AsString() != nullptr) return false;
  for (const std::string_view name :
       {"identityHeader", "identityHeaders", "dest", "protectedHeaders"}) {
    if (request.FindUnlessNull(name) != nullptr) return true;
  }
  const JsonValue* to = request.Find("to");
  const JsonValue* tn = to != nullptr ? to->Find("tn") : nullptr;
  return tn != nullptr && tn->AsString() != nullptr && identity == nullptr;
}

ApiReply MsVerification(const VerificationCore& core, const JsonValue& request,
                        const Deadline& deadline, const CallRecorder* recorder,
                        const PoolCounter* pools) {
  auto [asked, error] = Read(request);
  if (error) return RequestErrorReply(*error);
  if (const auto refusal = RefusalOf(recorder, asked)) {
    return RequestErrorReply({refusal->reason, {}});
  }
  const std::vector<std::string> called = asked.dest;
  const Stopwatch watch;
  CallRequest call = std::move(asked);
  VerificationMaterial material;
  const Verdict verdict = Judge(core, call, deadline, recorder != nullptr ? &material : nullptr);
  if (recorder != nullptr) {
    const JudgedCall judged{.call = call, .material = material, .verdict = verdict};
    if (auto kept = KeepCall(*recorder, core, judged, called); !kept) {
      return RequestErrorReply({kept.error().reason, {}});
    }
  }
  CountUndecided(pools, call, verdict, core.options().dial_plan);
  if (verdict.reason == Reason::kInternalError && verdict.passports.empty()) {
    return RequestErrorReply({Reason::kInternalError, {}});
  }
  ApiReply reply = JsonReply(200, ResponseOf(verdict, call));
  CallSummary summary = Summarise(verdict);
  summary.orig = call.orig.front();
  summary.dest = call.dest.front();
  summary.verify_time = watch.Elapsed();
  reply.calls.push_back(std::move(summary));
  return reply;
}

}  // namespace callvet
