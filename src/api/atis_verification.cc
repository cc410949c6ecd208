// SPDX-License-Identifier: MIT
#include "api/atis_verification.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "api/ms_verification.h"
#include "api/request_members.h"
#include "base/base64url.h"
#include "base/text.h"
#include "callvet/identity_header.h"
#include "callvet/passport.h"
#include "syntax/party.h"
#include "syntax/sip_date.h"
#include "syntax/uri.h"
#include "verify/header_checks.h"
#include "verify/known_headers.h"

namespace callvet {
namespace {

using Presence = RequestMembers::Presence;
using Count = RequestMembers::Count;

// The phrases of the table, whose capitals are not those of RFC 8224 (E-7).
constexpr std::string_view PhraseOf(uint16_t code) {
  if (code == 403) return "Stale Date";
  if (code == 436) return "Bad identity Info";
  if (code == 437) return "Unsupported credential";
  return "Invalid Identity Header";
}

struct Description {
  std::string_view row;
  std::string_view text;
};

// The reasondesc of a row that has one text. Those with %1 are below.
constexpr auto kDescriptions = std::to_array<Description>({
    {"E3", "Received 'time' value is not fresh."},
    {"E4", "Identity header in compact form instead of required by SHAKEN spec full form."},
    {"E5", "Identity header is received with 'ppt' parameter value that is not 'shaken'."},
    {"E6", "Missing 'info' parameter in the 'identity'."},
    {"E7", "Invalid 'info' URI."},
    {"E8", "Failed to dereference 'info' URI."},
    {"E10",
     "'x5u' from PASSporT header doesn't match the 'info' parameter of identity header value."},
    {"E11", "'typ' from PASSporT header is not 'passport'."},
    {"E12", "'alg' from PASSporT header is not 'ES256'."},
    {"E13", "'ppt' from PASSporT header is not 'shaken'."},
    {"E15", "'iat' from PASSporT payload is not fresh."},
    {"E17", "Failed to authenticate CA."},
    {"E18", "Signature validation failed."},
    {"E19", "'attest' claim in PASSporT is not valid."},
});

struct Claim {
  Reason reason;
  std::string_view name;
};

// %1 of E9, E14 and E16.
constexpr auto kClaims = std::to_array<Claim>({
    {Reason::kPptMissing, "ppt"},
    {Reason::kTypMissing, "typ"},
    {Reason::kAlgMissing, "alg"},
    {Reason::kX5uMissing, "x5u"},
    {Reason::kDestMissing, "dest"},
    {Reason::kOrigMissing, "orig"},
    {Reason::kAttestMissing, "attest"},
    {Reason::kOrigidMissing, "origid"},
    {Reason::kIatMissing, "iat"},
    {Reason::kOrigMismatch, "orig"},
    {Reason::kCallerMissing, "orig"},
    {Reason::kDestMismatch, "dest"},
    {Reason::kCalledMissing, "dest"},
});

std::string ClaimOf(Reason reason) {
  for (const Claim& claim : kClaims) {
    if (claim.reason == reason) return std::string(claim.name);
  }
  return "";
}

std::string DescriptionOf(const ReasonInfo& info) {
  const std::string claim = ClaimOf(info.reason);
  if (info.atis_case == "E9") return "Missing '" + claim + "' claim in the PASSporT header.";
  if (info.atis_case == "E14") {
    return "Missing '" + claim + "' mandatory claim in PASSporT payload";
  }
  if (info.atis_case == "E16") {
    return "'" + claim +
           "' claim from PASSporT payload doesn't match the received in the verification request "
           "claim.";
  }
  for (const Description& description : kDescriptions) {
    if (description.row == info.atis_case) return std::string(description.text);
  }
  return std::string(info.meaning);
}

// ----- The request

struct Request {
  CallRequest call;  // its Date is not set: `time` says it
  sys_seconds time;
};

struct ReadVerification {
  Request request;
  std::optional<RequestError> error;
};

ReadVerification ReadMembers(const JsonValue& object) {
  RequestMembers members(object);
  auto from = members.Party("from", Count::kOne, Presence::kMandatory);
  auto to = members.Party("to", Count::kMany, Presence::kMandatory);
  const auto time = members.Seconds("time", Presence::kMandatory);
  auto identity = members.Text("identity", Presence::kOptional);
  if (members.error()) return {{}, members.error()};
  CallRequest call;
  call.details = Details::kOfFailures;  // none is answered
  if (identity) call.identities.push_back(std::move(*identity));
  call.orig = std::move(*from).All();
  call.dest = std::move(*to).All();
  return {{std::move(call), sys_seconds(std::chrono::seconds(*time))}, std::nullopt};
}

// ----- The SHAKEN profile: rows E3 to E13

// E9: JoseHeader::Parse looks for typ, alg and x5u only; the table names ppt first.
Reason MissingOf(std::string_view header_part, Reason found) {
  if (Info(found).atis_case != "E9") return found;
  const auto bytes = DecodeBase64Url(header_part);
  const auto json = bytes ? ReadJson(*bytes) : Fail(Reason::kJsonInvalid, "");
  return json && json->Find("ppt") == nullptr ? Reason::kPptMissing : found;
}

Reason CheckJose(const JoseHeader& jose, const IdentityHeader& header) {
  if (!jose.ppt) return Reason::kPptMissing;
  if (jose.typ != "passport") return Reason::kTypInvalid;
  if (jose.alg != "ES256") return Reason::kAlgUnsupported;
  if (jose.x5u != header.info()->uri) return Reason::kX5uDiffersFromInfo;
  if (*jose.ppt != "shaken") return Reason::kPptMismatch;
  return Reason::kNone;
}

// Of a header that passed before, x5u is good and need not be read again.
Reason CheckProfile(const IdentityHeader& header, const VerifierOptions& options,
                    std::shared_ptr<const JoseHeader>& jose) {
  if (header.form() == IdentityHeader::Form::kCompact) return Reason::kCompactFormNotAllowed;
  if (header.ppt() && !EqualsIgnoreCase(*header.ppt(), "shaken")) return Reason::kPptNotShaken;
  if (!header.info()) return Reason::kInfoMissing;
  const std::string& info = header.info()->uri;
  const bool good = (jose && jose->x5u == info) || ParseX5u(info, X5uRulesOf(options));
  if (!header.info()->bracketed || !good) return Reason::kInfoInvalid;
  if (!jose) {
    auto parsed = JoseHeader::Parse(header.header_part());
    if (!parsed) return MissingOf(header.header_part(), parsed.error().reason);
    jose = std::make_shared<const JoseHeader>(std::move(*parsed));
  }
  return CheckJose(*jose, header);
}

bool IsFresh(const VerificationCore& core, sys_seconds time) {
  const auto age = core.Now() - time;
  return age <= core.options().max_age && -age <= core.options().max_age;
}

// E15, D-5: iat is fresh by `time` as it must be by the clock, which the verifier asks. What iat
// cannot be read from is E14 or before, of which the verifier knows too.
Reason CheckIat(const VerificationCore& core, const IdentityHeader& header, sys_seconds time) {
  const auto claims = Claims::Parse(header.payload_part(), "shaken");
  if (!claims) return Reason::kNone;
  const int64_t age = time.time_since_epoch().count() - claims->iat;
  const int64_t max_age = core.options().max_age.count();
  if (age > max_age) return Reason::kIatStale;
  return -age > max_age ? Reason::kIatInFuture : Reason::kNone;
}

void SortUnique(std::vector<std::string>& names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
}

// The canonical names of `to`: a URI that is a number by its form counts as that number.
std::vector<std::string> CanonicalNames(const std::vector<std::string>& to, const DialPlan* plan) {
  std::vector<std::string> names;
  for (const std::string& text : to) {
    const auto party = Party::Parse(text, plan);
    names.push_back(party ? party->canonical() : text);
  }
  SortUnique(names);
  return names;
}

// E-9: the parties of `to` are exactly those of dest. As the verifier read it, if that settles it.
bool SaysSameCalled(const std::vector<std::string>& to, const Verdict& verdict,
                    const DialPlan* plan) {
  if (verdict.passports.size() != 1) return false;
  std::vector<std::string> dest = verdict.passports[0].dest;
  SortUnique(dest);
  return CanonicalNames(to, plan) == dest;
}

bool IsIn(const Party& party, const DestClaim& dest, const DialPlan* plan) {
  return std::any_of(dest.tn.begin(), dest.tn.end(),
                     [&](const std::string& tn) { return party.MatchesTn(tn, plan); }) ||
         std::any_of(dest.uri.begin(), dest.uri.end(),
                     [&](const std::string& uri) { return party.MatchesUri(uri); });
}

// Those of `to` whom the claims do not name: by themselves none of them is the called party.
std::vector<std::string> NotNamed(const std::vector<std::string>& to, const IdentityHeader& header,
                                  const DialPlan* plan) {
  const auto claims = Claims::Parse(header.payload_part(), "shaken");
  std::vector<std::string> others;
  for (const std::string& text : to) {
    const auto party = Party::Parse(text, plan);
    if (!claims || !party || !IsIn(*party, claims->dest, plan)) others.push_back(text);
  }
  return others;
}

// The same party by party, as the verifier compares: one may be both a number and a URI.
bool NamesSameCalled(const std::vector<std::string>& to, const IdentityHeader& header,
                     const DialPlan* plan) {
  const auto claims = Claims::Parse(header.payload_part(), "shaken");
  if (!claims) return true;  // the verifier says what is wrong with them
  if (!NotNamed(to, header, plan).empty()) return false;
  std::vector<Party> parties;
  for (const std::string& text : to) parties.push_back(*Party::Parse(text, plan));
  const auto any_matches = [&](const auto& matches) {
    return std::any_of(parties.begin(), parties.end(), matches);
  };
  return std::all_of(claims->dest.tn.begin(), claims->dest.tn.end(),
                     [&](const std::string& tn) {
                       return any_matches([&](const Party& p) { return p.MatchesTn(tn, plan); });
                     }) &&
         std::all_of(claims->dest.uri.begin(), claims->dest.uri.end(), [&](const std::string& uri) {
           return any_matches([&](const Party& p) { return p.MatchesUri(uri); });
         });
}

// ----- The answer

ApiReply Respond(Reason reason) {
  constexpr size_t kUsualAnswer = 256;  // bytes
  const AtisOutcome outcome = AtisOutcomeOf(reason);
  JsonStream body(kUsualAnswer);
  body.Open();
  body.Name("verificationResponse");
  body.Open();
  if (outcome.code) {
    body.AddNumber("reasoncode", *outcome.code);
    body.AddString("reasontext", outcome.text);
    body.AddString("reasondesc", outcome.description);
  }
  body.AddString("verstat", outcome.verstat);
  body.Close();
  body.Close();
  return JsonReply(200, body);
}

Verdict Refused(Reason reason, sys_seconds now) {
  Verdict verdict;
  verdict.reason = reason;
  verdict.judged_at = now;
  return verdict;
}

// A request that is judged: verdict and material come with judging.
struct Judgement {
  CallRequest call;
  VerificationMaterial material;
  Verdict verdict;
  bool keeps_material = false;
  Reason answer = Reason::kInternalError;  // what the client is told
  std::vector<std::string> called;         // of the request, where it was judged with others
};

// No verdict of the verifier: what was refused before.
void Refuse(Judgement& judgement, Reason reason, sys_seconds now) {
  judgement.verdict = Refused(reason, now);
  judgement.answer = reason;
}

void Judge(const VerificationCore& core, sys_seconds time, const Deadline& deadline,
           Judgement& judgement) {
  const sys_seconds now = core.Now();
  CallRequest& call = judgement.call;
  call.date = FormatSipDate(time);  // first: what is refused is kept with the time that it is for
  if (call.identities.empty()) return Refuse(judgement, Reason::kNoIdentity, now);
  if (!IsFresh(core, time)) return Refuse(judgement, Reason::kDateStale, now);
  const auto header = IdentityHeader::Parse(call.identities.front());
  if (!header) return Refuse(judgement, header.error().reason, now);
  const auto known = core.known_headers().Find(header->header_part());
  auto jose = known ? std::shared_ptr<const JoseHeader>(known, &known->header) : nullptr;
  const Reason profile = CheckProfile(*header, core.options(), jose);
  if (profile != Reason::kNone) return Refuse(judgement, profile, now);
  const Reason iat = CheckIat(core, *header, time);
  if (iat != Reason::kNone) return Refuse(judgement, iat, now);

  VerificationMaterial* const material = judgement.keeps_material ? &judgement.material : nullptr;
  Verdict& verdict = judgement.verdict;
  verdict = core.Judge(call, deadline, material);
  if (known == nullptr && verdict.passed()) {
    core.known_headers().Remember(header->header_part(), {.header = *jose, .footprint = {}});
  }
  const DialPlan* plan = core.options().dial_plan;
  const bool same =
      SaysSameCalled(call.dest, verdict, plan) || NamesSameCalled(call.dest, *header, plan);
  if (!same) {
    // With called parties whom dest does not name, or none, its check fails in its place: after iat
    // and orig. What is judged is what is kept.
    judgement.called = std::exchange(call.dest, NotNamed(call.dest, *header, plan));
    verdict = core.Judge(call, deadline, material);
    if (verdict.passed()) {
      call.dest.clear();
      verdict = core.Judge(call, deadline, material);
    }
  }
  const bool mismatch = !same && verdict.reason == Reason::kCalledMissing;
  judgement.answer = mismatch ? Reason::kDestMismatch : verdict.reason;
}

}  // namespace

AtisOutcome AtisOutcomeOf(Reason reason) {
  const ReasonInfo& info = Info(reason);
  AtisOutcome outcome;
  outcome.verstat = VerstatText(info.verstat);
  if (info.reason_class == ReasonClass::kVerified || info.reason_class == ReasonClass::kUnsigned) {
    return outcome;
  }
  // Internal errors and the like have no STIR code; for the client the certificate was not had.
  const bool stir = info.sip_code == 403 || (info.sip_code >= 436 && info.sip_code <= 438);
  const ReasonInfo& row = stir ? info : Info(Reason::kCertificateNotAvailable);
  outcome.code = row.sip_code;
  outcome.text = PhraseOf(row.sip_code);
  outcome.description = DescriptionOf(row);
  return outcome;
}

ApiReply AtisVerification(const VerificationCore& core, std::string_view body,
                          const Deadline& deadline, const CallRecorder* recorder,
                          const PoolCounter* pools) {
  const UnwrappedBody unwrapped = Unwrap(body, "verificationRequest");
  if (unwrapped.error) return RequestErrorReply(*unwrapped.error);
  if (IsMsVerification(*unwrapped.object)) {
    return MsVerification(core, *unwrapped.object, deadline, recorder, pools);
  }
  auto [request, error] = ReadMembers(*unwrapped.object);
  if (error) return RequestErrorReply(*error);
  if (const auto refusal = RefusalOf(recorder, request.call)) {
    return RequestErrorReply({refusal->reason, {}});
  }
  const Stopwatch watch;
  Judgement judgement;
  judgement.call = std::move(request.call);
  judgement.keeps_material = recorder != nullptr;
  Judge(core, request.time, deadline, judgement);
  if (recorder != nullptr) {
    const auto& called = judgement.called.empty() ? judgement.call.dest : judgement.called;
    if (auto kept = KeepCall(
            *recorder, core,
            {.call = judgement.call, .material = judgement.material, .verdict = judgement.verdict},
            called);
        !kept) {
      return RequestErrorReply({kept.error().reason, {}});
    }
  }
  // From here on it is what the client asked and is told.
  CallRequest& call = judgement.call;
  Verdict& verdict = judgement.verdict;
  if (!judgement.called.empty()) call.dest = std::move(judgement.called);
  verdict.reason = judgement.answer;
  if (!call.identities.empty()) {  // else it is a heartbeat
    CountUndecided(pools, call, verdict, core.options().dial_plan);
  }
  if (verdict.reason == Reason::kInternalError) {
    return RequestErrorReply({Reason::kInternalError, {}});
  }
  ApiReply reply = Respond(verdict.reason);
  CallSummary summary = Summarise(verdict);
  summary.orig = std::move(call.orig.front());
  if (!call.dest.empty()) summary.dest = std::move(call.dest.front());
  summary.verify_time = watch.Elapsed();
  reply.calls.push_back(std::move(summary));
  return reply;
}

}  // namespace callvet
