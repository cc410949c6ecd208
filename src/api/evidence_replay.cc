// SPDX-License-Identifier: MIT
#include "api/evidence_replay.h"

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <utility>

#include "callvet/content_source.h"
#include "evidence/call_json.h"
#include "evidence/json_fields.h"
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
  const bool judged = kept->material.trust_store != nullptr;
  if (!judged) kept->material.trust_store = TrustStoreBuilder().Build();
  if (trusted) kept->material.trust_store = kept->material.trust_store->Within(*trusted);
  EvidenceReplay replay;
  replay.trust_store = kept->material.trust_store;
  replay.verdict = JudgeAgain(*call, std::move(*kept), sys_seconds(std::chrono::seconds(time)));
  replay.call = std::move(*call);
  const auto names_now = CheckNames(replay.verdict);
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
  return replay;
}

}  // namespace callvet
