// SPDX-License-Identifier: MIT
#include "api/call_verification.h"

#include <algorithm>
#include <utility>

#include "api/certificate_json.h"
#include "api/disposition_json.h"
#include "api/identity_input.h"
#include "api/object_reader.h"
#include "api/policy_call.h"
#include "api/sip_call.h"
#include "api/token_dissection.h"
#include "api/token_dissection_json.h"
#include "api/verdict_json.h"
#include "base/precise_time.h"
#include "base/text.h"
#include "syntax/sip_date.h"
#include "syntax/unfold.h"

namespace callvet {
namespace {

// A SIP message with its JSON escapes; RFC 3261 messages over UDP are below 64 KiB.
constexpr JsonLimits kLimits = {.max_bytes = size_t{1024} * 1024, .max_depth = 16};
constexpr size_t kMaxDecoded = 16;
constexpr size_t kUsualAnswer = size_t{16} * 1024;  // bytes

// What a client says of a call.
struct CallInput {
  CallRequest call;
  std::vector<std::string> asserted;  // by the P-Asserted-Identity of the message, if one is given
  std::string pasted;                 // what a person pasted that is no message
  std::optional<std::string> id;      // echoed
  std::string trunk;
  std::string call_id;
  std::optional<sys_seconds> at;
  bool certificates = false;
};

// The Identity headers of a pasted text; a token alone is one too, if there is nothing else.
void AddPastedIdentities(const std::string& text, CallRequest& call) {
  for (std::string& value : IdentityValuesFromText(text)) {
    if (call.identities.empty() && value.find(';') == std::string::npos &&
        std::count(value.begin(), value.end(), '.') == 2) {
      call.token_form = CallRequest::TokenForm::kBareToken;
    } else {
      call.token_form = CallRequest::TokenForm::kIdentityHeader;
    }
    call.identities.push_back(std::move(value));
  }
}

Result<void> AddSip(const Result<SipMessage>& message, CallInput& input) {
  if (!message) return message.error();
  // Of one call people paste the ACK too, or the INVITE that was sent again; the first is judged.
  if (message->other_calls != 0) {
    return Fail(Reason::kSipMessageInvalid, "requests of more than one call: give one");
  }
  auto read = CallFromSip(*message);
  if (!read) return read.error();
  input.call = std::move(*read);
  auto asserted = AssertedIdentities(message->All("p-asserted-identity"));
  if (!asserted) return asserted.error();
  input.asserted = std::move(*asserted);
  input.call_id = CallIdOf(*message);
  return {};
}

bool IsSip(std::string_view text) {
  return text.find(" SIP/2.0") != std::string_view::npos;
}

Result<sys_seconds> TimeOf(const JsonValue& value) {
  int64_t seconds = 0;
  if (const std::string* text = value.AsString()) return ParseTime(*text);
  if (value.GetInt(seconds)) return ParseTime(std::to_string(seconds));
  return Fail(Reason::kParameterInvalid, "is neither seconds since 1970 nor RFC 3339");
}

void ReadFingerprints(ObjectReader& reader, CallRequest& call) {
  const JsonValue* value = reader.Value("sdp_fingerprints");
  if (value == nullptr) return;
  if (value->AsArray() == nullptr) return reader.Refuse("sdp_fingerprints", "is no array");
  std::vector<MediaKey> keys;
  for (const JsonValue& element : *value->AsArray()) {
    ObjectReader entry(element, "sdp_fingerprints", Reason::kParameterInvalid);
    MediaKey key;
    entry.Text("alg", key.alg);
    entry.Text("dig", key.dig);
    if (!entry.Finish()) return reader.Adopt(entry);
    keys.push_back(std::move(key));
  }
  call.sdp_fingerprints = std::move(keys);
}

// The texts that stand for a whole call come first; what is given by itself replaces its own header
// there, and hides no other one.
Result<void> ReadTexts(ObjectReader& reader, CallInput& input) {
  std::string sip;
  std::string text;
  reader.Text("sip", sip);
  reader.Text("text", text);
  // What a program hands over is as strict as what an SBC receives; what a person pastes is not.
  if (!sip.empty()) return AddSip(SipMessage::ParseMessage(sip), input);
  if (IsSip(text)) return AddSip(SipMessage::Parse(text), input);
  if (!text.empty()) AddPastedIdentities(text, input.call);
  input.pasted = std::move(text);
  return {};
}

// Whose From and To were pasted without the request line, and would not be read: better told than
// judged without them.
Result<void> CheckPasted(const std::string& text, const CallRequest& call) {
  if (!NamesParties(text) || (!call.orig.empty() && !call.dest.empty())) return {};
  return Fail(Reason::kSipMessageInvalid,
              "From and To count in a whole SIP message only: paste its request line too, or give "
              "from and to");
}

// Bodies of Identity headers as they came, like those of a message: no bare tokens, no names
// of headers. Nothing but empty ones is what a script says that found no header.
void ReadIdentities(ObjectReader& reader, CallRequest& call) {
  std::vector<std::string> identities;
  reader.Texts("identity", identities);
  const auto is_empty = [](const std::string& text) { return TrimLines(text).empty(); };
  if (std::all_of(identities.begin(), identities.end(), is_empty)) return;
  call.identities = std::move(identities);
  call.token_form = CallRequest::TokenForm::kIdentityHeader;
}

// The same as of a whole message: CallFromSip.
void ReadCaller(ObjectReader& reader, CallInput& input) {
  CallRequest& call = input.call;
  std::vector<std::string> asserted;
  std::vector<std::string> from;
  reader.Texts("p_asserted_identity", asserted);
  reader.Texts("from", from);
  if (from.size() > 1) return reader.Refuse("from", "is more than one caller");
  if (!from.empty()) {
    call.from = Unfold(from.front()).value_or(from.front());
    call.orig = {*call.from};
  }
  if (!input.asserted.empty()) call.orig = std::move(input.asserted);
  auto caller = CallerBeside(asserted, call.from, std::move(call.orig));  // D-3
  if (!caller) return reader.Refuse("p_asserted_identity", caller.error().detail);
  call.orig = std::move(*caller);
}

void ReadParties(ObjectReader& reader, CallInput& input) {
  ReadCaller(reader, input);
  CallRequest& call = input.call;
  std::vector<std::string> to;
  reader.Texts("to", to);
  if (!to.empty()) call.dest = std::move(to);
  std::optional<std::string> target;
  reader.Text("request_uri", target);
  // A blank one is what a script says that found none.
  if (target && !TrimLines(*target).empty()) call.target = std::move(target);
}

// Resource-Priority, Priority, and the body of a MESSAGE.
void ReadExtras(ObjectReader& reader, CallRequest& call) {
  std::vector<std::string> values;
  reader.Texts("resource_priority", values);
  if (!values.empty()) call.resource_priority = std::move(values);
  reader.Text("priority", call.priority);
  reader.Text("message_body", call.message_body);
}

void ReadTimes(ObjectReader& reader, CallInput& input) {
  reader.Text("date", input.call.date);
  if (const JsonValue* value = reader.Value("time")) {
    const auto time = TimeOf(*value);
    if (time) {
      input.call.date = FormatSipDate(*time);
    } else {
      reader.Refuse("time", time.error().detail);
    }
  }
  if (const JsonValue* value = reader.Value("at")) {
    const auto at = TimeOf(*value);
    if (at && *at == sys_seconds()) {
      reader.Refuse("at", "is before there were calls");
    } else if (at) {
      input.at = *at;
    } else {
      reader.Refuse("at", at.error().detail);
    }
  }
}

// One that is given counts before that of the message.
void ReadCallId(ObjectReader& reader, CallInput& input) {
  std::string call_id;
  reader.Text("call_id", call_id);
  if (!call_id.empty()) input.call_id = std::move(call_id);
}

Result<CallInput> ReadCall(std::string_view body) {
  auto json = ReadJson(body, kLimits);
  if (!json) return Fail(Reason::kBodyInvalid, json.error().detail);
  ObjectReader reader(*json, "", Reason::kParameterInvalid);
  reader.TakeNullAsAbsent();  // clients write it for what they have no value for
  CallInput input;
  if (auto ok = ReadTexts(reader, input); !ok) return ok.error();
  ReadIdentities(reader, input.call);
  ReadParties(reader, input);
  ReadExtras(reader, input.call);
  ReadTimes(reader, input);
  ReadFingerprints(reader, input.call);
  reader.Text("id", input.id);
  reader.Text("trunk", input.trunk);
  ReadCallId(reader, input);
  reader.Flag("certificates", input.certificates);
  if (auto ok = reader.Finish(); !ok) return ok.error();
  if (auto ok = CheckPasted(input.pasted, input.call); !ok) return ok.error();
  return input;
}

// The certificates that x5u of the deciding PASSporT named, signer first: for drawing the chain.
JsonValue CertificatesJson(const VerificationCore& core, const Verdict& verdict) {
  JsonArray list;
  const PassportVerdict* deciding = verdict.deciding();
  if (deciding == nullptr || deciding->x5u.empty()) return list;
  const auto bundle = core.AtHand(deciding->x5u);
  if (!bundle) return list;
  for (const Certificate& certificate : *bundle) list.push_back(CertificateJson(certificate));
  return list;
}

// What the verdict is about, so that it can be shown beside the claims.
void WriteCall(const CallRequest& call, JsonStream& json) {
  json.Name("call");
  json.Open();
  json.AddStrings("orig", call.orig);
  json.AddStrings("dest", call.dest);
  json.Name("date");
  call.date ? json.String(*call.date) : json.Null();
  json.Close();
}

void WriteAdvice(Reason reason, JsonStream& json) {
  const ReasonInfo& info = Info(reason);
  json.Name("explanation");
  json.Open();
  json.AddString("meaning", info.meaning);
  json.AddString("advice", info.advice);
  json.Close();
}

// What is asked, and what it is judged by.
struct Question {
  const VerificationCore& core;
  const Policy* policy;
  const CallRecorder* recorder;  // nullptr: nothing is kept
  const PoolCounter* pools;      // nullptr: nothing is counted
  CallInput& input;
};

// What was found.
struct Finding {
  Verdict verdict;
  VerificationMaterial material;
  std::chrono::microseconds verify_time{0};
};

Result<std::string> Keep(const Question& question, const Finding& finding,
                         const std::optional<Disposition>& disposition) {
  const CallInput& input = question.input;
  return KeepCall(*question.recorder, question.core,
                  {.call = input.call,
                   .material = finding.material,
                   .verdict = finding.verdict,
                   .disposition = disposition ? &*disposition : nullptr,
                   .call_id = input.call_id,
                   .trunk = input.trunk},
                  input.call.dest);
}

// What is counted of the call; nothing of one that is judged at a past time.
std::optional<CountedCall> CountedOf(const Question& question, const Verdict& verdict) {
  if (question.pools == nullptr || question.input.at) return std::nullopt;
  CountedCall counted =
      CountedCallOf(question.input.call, verdict, PreciseNow(), question.core.options().dial_plan);
  counted.trunk = question.input.trunk;
  return counted;
}

ApiReply Answer(const Question& question, Finding finding) {
  const CallInput& input = question.input;
  const Verdict& verdict = finding.verdict;
  std::optional<CountedCall> counted = CountedOf(question, verdict);
  std::optional<Disposition> disposition;
  if (question.policy != nullptr) {
    PolicyCallView call = PolicyCallOf(input.call, input.trunk);
    std::optional<PoolHit> hit;
    if (counted) hit = question.pools->pools->Check(*counted);
    call.pool = PolicyCallView::PointerTo(hit);
    disposition = Decide(*question.policy, call, verdict);
  }
  if (counted) counted->outcome = PoolOutcomeOf(verdict, disposition);
  JsonStream answer(kUsualAnswer);
  answer.Open();
  if (input.id) answer.AddString("id", *input.id);
  answer.AddString("verstat", VerstatText(verdict.verstat()));
  answer.AddString("reason", Info(verdict.reason).id);
  WriteAdvice(verdict.reason, answer);
  WriteCall(input.call, answer);
  answer.Name("verdict");
  WriteVerdict(verdict, answer);
  answer.Name("disposition");
  if (disposition) {
    WriteDisposition(*disposition, answer);
  } else {
    answer.Null();
  }
  if (input.certificates) {
    answer.Name("certificates");
    answer.Json(WriteJson(CertificatesJson(question.core, verdict)));
  }
  CallSummary summary = Summarise(verdict);
  if (!input.call.orig.empty()) summary.orig = input.call.orig.front();
  if (!input.call.dest.empty()) summary.dest = input.call.dest.front();
  summary.trunk = input.trunk;
  if (disposition) summary.disposition = ActionText(disposition->action);
  summary.verify_time = finding.verify_time;
  std::string evidence_id;
  if (question.recorder != nullptr) {
    auto kept = Keep(question, finding, disposition);
    if (!kept) return ErrorReply(Info(kept.error().reason).sip_code, kept.error(), input.id);
    evidence_id = std::move(*kept);
  }
  if (counted) {
    counted->evidence_id = evidence_id;
    question.pools->pools->Count(*counted, question.pools->rules());
  }
  answer.AddTextOrNull("evidence_id", evidence_id);
  answer.Close();
  ApiReply reply = JsonReply(200, answer);
  reply.calls.push_back(std::move(summary));
  return reply;
}

ApiReply JudgeInput(const Question& question, std::optional<VerificationCore::PastJudge>& past,
                    const Deadline& deadline) {
  if (const auto refusal =
          RefusalOf(question.recorder, question.input.call, question.input.trunk)) {
    return ErrorReply(Info(refusal->reason).sip_code, *refusal, question.input.id);
  }
  const Stopwatch watch;
  Finding finding;
  VerificationMaterial* material = question.recorder != nullptr ? &finding.material : nullptr;
  if (question.input.at) {
    if (!past) past.emplace(question.core);
    finding.verdict = past->Judge(question.input.call, *question.input.at, deadline, material);
  } else {
    finding.verdict = question.core.Judge(question.input.call, deadline, material);
  }
  finding.verify_time = watch.Elapsed();
  return Answer(question, std::move(finding));
}

}  // namespace

ApiReply ErrorReply(uint16_t status, const Failure& failure, const std::optional<std::string>& id) {
  JsonMembers error = {{"reason", Info(failure.reason).id}, {"detail", failure.detail}};
  JsonMembers body;
  if (id) body.emplace_back("id", *id);
  body.emplace_back("error", std::move(error));
  return JsonReply(status, body);
}

ApiReply JudgeCall(const VerificationCore& core, const Policy* policy, std::string_view body,
                   const Deadline& deadline, const CallRecorder* recorder,
                   const PoolCounter* pools) {
  auto input = ReadCall(body);
  if (!input) return ErrorReply(Info(input.error().reason).sip_code, input.error());
  std::optional<VerificationCore::PastJudge> past;
  return JudgeInput({core, policy, recorder, pools, *input}, past, deadline);
}

namespace {

// The `id` of a line that is no call otherwise.
std::optional<std::string> IdOf(const std::string& line) {
  const auto json = ReadJson(line, kLimits);
  const JsonValue* id = json ? json->Find("id") : nullptr;
  const std::string* text = id != nullptr ? id->AsString() : nullptr;
  return text != nullptr ? std::optional(*text) : std::nullopt;
}

}  // namespace

CallBatch::CallBatch(std::shared_ptr<const VerificationCore> core,
                     std::shared_ptr<const Policy> policy, const CallRecorder* recorder,
                     const PoolCounter* pools)
    : core_(std::move(core)), policy_(std::move(policy)), recorder_(recorder), pools_(pools) {}

std::vector<ApiReply> CallBatch::Judge(std::span<const std::string> lines,
                                       std::chrono::milliseconds each) {
  const auto is_of_batch = [this](const CallInput& input) {
    return recorder_ == nullptr && !input.at;
  };
  std::vector<Result<CallInput>> inputs;
  std::vector<CallRequest> present;
  for (const std::string& line : lines) {
    inputs.push_back(ReadCall(line));
    auto& input = inputs.back();
    if (input && is_of_batch(*input)) present.push_back(std::move(input->call));
  }
  const Stopwatch watch;
  auto verdicts = core_->JudgeBatch(present, each);
  const auto time = watch.Elapsed() / std::max<size_t>(present.size(), 1);

  std::vector<ApiReply> replies;
  size_t judged = 0;
  for (size_t i = 0; i < inputs.size(); ++i) {
    auto& input = inputs[i];
    if (!input) {
      replies.push_back(
          ErrorReply(Info(input.error().reason).sip_code, input.error(), IdOf(lines[i])));
      continue;
    }
    const Question question{*core_, policy_.get(), recorder_, pools_, *input};
    if (is_of_batch(*input)) {
      input->call = std::move(present[judged]);
      replies.push_back(Answer(question, {std::move(verdicts[judged]), {}, time}));
      ++judged;
    } else {
      replies.push_back(JudgeInput(question, past_, Deadline::After(each)));
    }
  }
  return replies;
}

ApiReply DecodeText(std::string_view body, sys_seconds now) {
  const auto json = ReadJson(body, kLimits);
  if (!json) return ErrorReply(400, Fail(Reason::kBodyInvalid, json.error().detail));
  ObjectReader reader(*json, "", Reason::kParameterInvalid);
  std::string text;
  reader.Text("text", text);
  if (auto ok = reader.Finish(); !ok) return ErrorReply(400, ok.error());
  JsonArray list;
  for (const std::string& value : IdentityValuesFromText(text)) {
    if (list.size() == kMaxDecoded) break;
    list.push_back(DissectionJson(DissectToken(value), now));
  }
  if (list.empty()) return ErrorReply(400, Fail(Reason::kParameterMissing, "text is empty"));
  JsonMembers answer;
  answer.emplace_back("headers", std::move(list));
  return JsonReply(200, answer);
}

}  // namespace callvet
