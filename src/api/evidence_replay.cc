// SPDX-License-Identifier: MIT
#include "api/evidence_replay.h"

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <tuple>
#include <utility>

#include "api/verdict_json.h"
#include "base/text.h"
#include "callvet/content_source.h"
#include "evidence/call_json.h"
#include "evidence/json_fields.h"
#include "evidence/packed_id.h"
#include "evidence/store_time.h"
#include "evidence/verdict_digest.h"
#include "pki/es256.h"
#include "pki/trust_store.h"

namespace callvet {
namespace {

// The answers that the verifier got then, of each URL in the order in which they came; the last one
// stays. What it did not ask for then was not had in time. For one call, on one thread.
template <class T>
class KeptAnswers {
 public:
  explicit KeptAnswers(const std::vector<VerificationMaterial::Answer<T>>& answers) {
    for (const auto& answer : answers) by_url_[answer.url].push_back(&answer.value);
  }
  Result<T> Next(std::string_view url) {
    const auto found = by_url_.find(url);
    if (found == by_url_.end()) {
      return Fail(Reason::kDeadlineExceeded, "it was not asked for when the call was judged");
    }
    std::deque<const Result<T>*>& left = found->second;
    const Result<T>& answer = *left.front();
    if (left.size() > 1) left.pop_front();
    return answer;
  }

 private:
  std::map<std::string, std::deque<const Result<T>*>, std::less<>> by_url_;
};

class KeptSource final : public CertificateSource {
 public:
  explicit KeptSource(std::shared_ptr<const VerificationMaterial> material)
      : material_(std::move(material)),
        certificates_(material_->certificates),
        tn_auth_lists_(material_->tn_auth_lists) {}
  [[nodiscard]] Result<std::shared_ptr<const CertificateBundle>> Get(
      std::string_view x5u, const Deadline& /*deadline*/) const override {
    return certificates_.Next(x5u);
  }
  [[nodiscard]] Result<TnAuthList> GetTnAuthList(std::string_view url,
                                                 const Deadline& /*deadline*/) const override {
    return tn_auth_lists_.Next(url);
  }

 private:
  std::shared_ptr<const VerificationMaterial> material_;
  mutable KeptAnswers<std::shared_ptr<const CertificateBundle>> certificates_;
  mutable KeptAnswers<TnAuthList> tn_auth_lists_;
};

class KeptContent final : public ContentSource {
 public:
  explicit KeptContent(std::shared_ptr<const VerificationMaterial> material)
      : material_(std::move(material)), contents_(material_->contents) {}
  [[nodiscard]] Result<std::string> Get(std::string_view url,
                                        const Deadline& /*deadline*/) const override {
    return contents_.Next(url);
  }

 private:
  std::shared_ptr<const VerificationMaterial> material_;
  mutable KeptAnswers<std::string> contents_;
};

bool IsUndecided(const JsonValue& reason) {
  return reason.AsString() != nullptr &&
         (*reason.AsString() == Info(Reason::kDeadlineExceeded).id ||
          *reason.AsString() == Info(Reason::kInternalError).id);
}

// A reason, in a verdict's digest, that depended on the hour and not on the call. Looked for only
// where the digest has reasons: what a token says is no reason.
bool HasUndecided(const JsonValue& digest) {
  for (const char* name : {"reason", "rcd"}) {
    const JsonValue* reason = digest.Find(name);
    if (reason != nullptr && IsUndecided(*reason)) return true;
  }
  const JsonValue* failed = digest.Find("failed");
  if (failed != nullptr && failed->IsObject()) {
    for (const auto& [check, reason] : *failed->AsObject()) {
      if (IsUndecided(reason)) return true;
    }
  }
  for (const char* name : {"priority", "opt"}) {
    const JsonValue* inner = digest.Find(name);
    if (inner != nullptr && (IsUndecided(*inner) || HasUndecided(*inner))) return true;
  }
  const JsonValue* passports = digest.Find("passports");
  if (passports == nullptr || passports->AsArray() == nullptr) return false;
  return std::any_of(passports->AsArray()->begin(), passports->AsArray()->end(), HasUndecided);
}

Verdict JudgeAgain(const CallRequest& call, KeptMaterial kept, sys_seconds at) {
  const auto store = kept.material.trust_store;
  const auto material = std::make_shared<const VerificationMaterial>(std::move(kept.material));
  // Left alone then, left alone now.
  std::shared_ptr<const ContentSource> content;
  if (material->asks_for_content) content = std::make_shared<KeptContent>(material);
  kept.options.max_cached_chains = 0;
  const Verifier verifier(kept.options, store, std::make_shared<KeptSource>(material),
                          std::make_shared<FixedClock>(at), std::make_shared<OpenSslEs256Engine>(),
                          content);
  return verifier.Verify(call, Deadline());
}

bool IsDelegate(const Verdict& verdict) {
  const PassportVerdict* deciding = verdict.deciding();
  return deciding != nullptr && deciding->signer && deciding->signer->spcs.empty();
}

// Earlier versions took who is named by a good chain for the signer, whatever the signature.
bool IsNamedSigner(std::string_view spc, const Verdict& verdict) {
  const PassportVerdict* deciding = verdict.deciding();
  return deciding != nullptr && deciding->signer && deciding->ChainPassed() &&
         CleanKey(deciding->signer->AnsweringSpc()) == spc;
}

// What a record is found by follows from call and verdict; what is hashed cannot be compared.
std::string KeysDifference(const EvidenceText& text, const EvidenceReplay& replay,
                           const DialPlan* plan) {
  EvidenceKeys now = KeysOf(replay.call, plan, replay.verdict);
  std::optional<std::string> call_id;
  JsonFields(&text.private_).Text("call_id", call_id);
  now.call_id = call_id.value_or("");
  now = CleanKeys(std::move(now));
  const bool hashed = text.json.Find("number_key") != nullptr;
  const JsonValue* keys = text.json.Find("keys");
  const auto differs = [&](std::string_view name, const std::string& is) {
    const JsonValue* then = keys != nullptr ? keys->Find(name) : nullptr;
    const std::string was =
        then != nullptr && then->AsString() != nullptr ? *then->AsString() : std::string();
    // Earlier versions kept an origid as it was written, and no SPC of a delegate certificate.
    if (name == "origid" && ToLower(was) == is) return false;
    if (name == "spc" && was.empty() && IsDelegate(replay.verdict)) return false;
    if (name == "spc" && IsNamedSigner(was, replay.verdict)) return false;
    return was != is;
  };
  const bool open_origid = !hashed || !PackUuid(now.origid).empty();
  for (const auto& [name, value, open] :
       {std::tuple("reason", &now.reason, true), std::tuple("spc", &now.spc, true),
        std::tuple("origid", &now.origid, open_origid), std::tuple("orig", &now.orig, !hashed),
        std::tuple("dest", &now.dest, !hashed), std::tuple("call_id", &now.call_id, !hashed)}) {
    if (open && differs(name, *value)) {
      return std::string("keys: ") + name + " is not that of call and verdict";
    }
  }
  return {};
}

// A decision rests on the verdict, or on a rule of the operator's, which is not judged again.
std::string DecisionDifference(const EvidenceText& text, const Verdict& verdict) {
  const JsonValue* disposition = text.json.Find("disposition");
  const JsonValue* id = disposition != nullptr ? disposition->Find("reason") : nullptr;
  if (id == nullptr || id->AsString() == nullptr) return {};
  const ReasonInfo* row = FindReason(*id->AsString());
  if (row == nullptr || row->reason_class == ReasonClass::kPolicy ||
      row->reason_class == ReasonClass::kInput || row->reason == Reason::kInternalError ||
      row->reason == verdict.reason) {
    return {};
  }
  return "disposition: its reason is not that of the verdict";
}

// Sentences for people, which may be worded anew.
bool IsWording(std::string_view name) {
  return name == "detail" || name == "phrase" || name == "clause";
}

std::string ExportDifference(const JsonValue& then, const JsonValue& now, const std::string& path);

// Checks by id: one that only one of both has does not count unless it failed.
std::string ChecksDifference(const JsonArray& then, const JsonArray& now, const std::string& path) {
  const auto find = [](const JsonArray& checks, const JsonValue* id) -> const JsonValue* {
    for (const JsonValue& check : checks) {
      if (id != nullptr && check.Find("id") != nullptr && *check.Find("id") == *id) return &check;
    }
    return nullptr;
  };
  const auto failed = [](const JsonValue& check) {
    const JsonValue* outcome = check.Find("outcome");
    return outcome == nullptr || *outcome == JsonValue(CheckOutcomeText(CheckOutcome::kFailed));
  };
  for (const JsonValue& check : then) {
    const JsonValue* other = find(now, check.Find("id"));
    if (other == nullptr && failed(check)) return path + ": a check that failed then";
    if (other == nullptr) continue;
    std::string difference = ExportDifference(check, *other, path);
    if (!difference.empty()) return difference;
  }
  for (const JsonValue& check : now) {
    if (failed(check) && find(then, check.Find("id")) == nullptr) {
      return path + ": a check that fails now";
    }
  }
  return {};
}

std::string ExportDifference(const JsonValue& then, const JsonValue& now, const std::string& path) {
  if (then.IsObject() && now.IsObject()) {
    for (const auto& [name, value] : *then.AsObject()) {
      if (IsWording(name)) continue;
      const std::string inner = path + "/" + name;
      const JsonValue* other = now.Find(name);
      if (other == nullptr) return inner + ": is not of the verdict";
      const bool checks = name == "checks" && value.AsArray() != nullptr && other->AsArray();
      std::string difference = checks ? ChecksDifference(*value.AsArray(), *other->AsArray(), inner)
                                      : ExportDifference(value, *other, inner);
      if (!difference.empty()) return difference;
    }
    return {};
  }
  if (then.AsArray() != nullptr && now.AsArray() != nullptr) {
    const JsonArray& a = *then.AsArray();
    const JsonArray& b = *now.AsArray();
    if (a.size() != b.size()) return path + ": another number of elements";
    for (size_t i = 0; i < a.size(); ++i) {
      std::string difference = ExportDifference(a[i], b[i], path + "/" + std::to_string(i));
      if (!difference.empty()) return difference;
    }
    return {};
  }
  // By text: numbers may be signed or unsigned in memory.
  return WriteJson(then) == WriteJson(now) ? std::string() : path + ": is another one";
}

}  // namespace

std::string_view ReplayOutcomeName(EvidenceReplay::Outcome outcome) {
  switch (outcome) {
    case EvidenceReplay::Outcome::kRepeated:
      return "repeated";
    case EvidenceReplay::Outcome::kDiffers:
      return "differs";
    case EvidenceReplay::Outcome::kUndecided:
      return "undecided";
  }
  return "differs";
}

Result<EvidenceReplay> ReplayEvidence(const EvidenceText& text, const BlobSource& blobs,
                                      const std::optional<std::vector<Certificate>>& trusted) {
  JsonFields fields(&text.json);
  std::string kind;
  int64_t time = 0;
  fields.Text("kind", kind);
  fields.Number("time", time);
  if (!IsStoredTime(time)) fields.Refuse("time", "is out of range");
  const JsonValue* then = fields.Find("verdict");
  if (auto ok = fields.Finish(); !ok) return ok.error();
  if (kind != "call") return Fail(Reason::kParameterInvalid, "this record is not of a call");
  if (text.sealed()) {
    return Fail(Reason::kNotPermitted, "the parties of this record are sealed: the key is needed");
  }
  if (then == nullptr) return Fail(Reason::kEvidenceAltered, "evidence without a verdict");
  const JsonValue* parties = text.private_.Find("parties");
  if (parties == nullptr) return Fail(Reason::kEvidenceAltered, "evidence without parties");
  auto call = ReadCallJson(text.private_.Find("call"));
  if (!call) return call.error();
  auto kept = ReadMaterial(text.json.Find("material"), blobs);
  if (!kept) return kept.error();
  const auto names_then = kept->check_names;
  const DialPlan* plan = kept->options.dial_plan;
  const bool judged = kept->material.trust_store != nullptr;
  const JsonValue* reason_then = then->Find("reason");
  if (!judged && reason_then != nullptr && *reason_then == JsonValue(Info(Reason::kNone).id)) {
    return Fail(Reason::kEvidenceAltered, "nothing is verified without a trust store");
  }
  if (!judged) kept->material.trust_store = TrustStoreBuilder().Build();
  if (trusted) kept->material.trust_store = kept->material.trust_store->Within(*trusted);
  EvidenceReplay replay;
  replay.judged = judged;
  replay.trust_store = kept->material.trust_store;
  replay.verdict = JudgeAgain(*call, std::move(*kept), sys_seconds(std::chrono::seconds(time)));
  replay.call = std::move(*call);
  const auto checks = CheckNames(replay.verdict);
  const std::vector<std::string> names_now(checks.begin(), checks.end());
  replay.difference = DigestDifference(*then, names_then, VerdictDigest(replay.verdict), names_now);
  if (replay.difference.empty()) {
    replay.difference =
        DigestDifference(*parties, names_then, PartiesDigest(replay.verdict), names_now);
  }
  if (!replay.difference.empty() && !judged) {
    replay.difference = "the interface refused it before it was judged: " + replay.difference;
  }
  replay.outcome = replay.difference.empty()        ? EvidenceReplay::Outcome::kRepeated
                   : !judged || HasUndecided(*then) ? EvidenceReplay::Outcome::kUndecided
                                                    : EvidenceReplay::Outcome::kDiffers;
  if (!replay.difference.empty()) return replay;
  replay.difference = KeysDifference(text, replay, plan);
  if (replay.difference.empty()) replay.difference = DecisionDifference(text, replay.verdict);
  if (!replay.difference.empty()) replay.outcome = EvidenceReplay::Outcome::kDiffers;
  return replay;
}

void CompareExported(const JsonValue& exported, EvidenceReplay& replay) {
  if (exported.IsNull() || replay.outcome == EvidenceReplay::Outcome::kDiffers) return;
  std::string difference = ExportDifference(exported, VerdictJson(replay.verdict), "");
  if (difference.empty()) return;
  replay.difference = "the verdict beside the record: " + difference;
  replay.outcome = EvidenceReplay::Outcome::kDiffers;
}

}  // namespace callvet
