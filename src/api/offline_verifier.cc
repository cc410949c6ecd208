// SPDX-License-Identifier: MIT
#include "api/offline_verifier.h"

#include <algorithm>
#include <utility>

#include "api/policy_call.h"
#include "api/pool_counter.h"
#include "api/verifier_config.h"
#include "base/file.h"
#include "base/precise_time.h"
#include "pki/sha256.h"
#include "policy/policy_data.h"

namespace callvet {
namespace {

constexpr size_t kMaxConfigBytes = size_t{1024} * 1024;
// What a server's configuration has beside its verifier.
constexpr std::string_view kServerMembers[] = {
    "listen", "insecure_plain_http", "tls", "access", "signing", "limits", "log"};

// The x5u of `passports` and of what they enclose, each once.
void CollectX5us(const std::vector<PassportVerdict>& passports,
                 std::vector<std::string_view>& x5us) {
  for (const PassportVerdict& passport : passports) {
    const bool known = std::find(x5us.begin(), x5us.end(), passport.x5u) != x5us.end();
    if (!passport.x5u.empty() && !known) x5us.push_back(passport.x5u);
    CollectX5us(passport.nested, x5us);
  }
}

// Of those that led to a signer. What was refused before that nobody asked for.
void CollectUsed(const std::vector<PassportVerdict>& passports, std::vector<std::string>& x5us) {
  for (const PassportVerdict& passport : passports) {
    const bool known = std::find(x5us.begin(), x5us.end(), passport.x5u) != x5us.end();
    if (passport.signer && !known) x5us.push_back(passport.x5u);
    CollectUsed(passport.nested, x5us);
  }
}

void CollectMissing(const std::vector<PassportVerdict>& passports,
                    std::vector<std::string>& missing) {
  for (const PassportVerdict& passport : passports) {
    const bool known = std::find(missing.begin(), missing.end(), passport.x5u) != missing.end();
    if (passport.reason == Reason::kCertificateNotAvailable && !known) {
      missing.push_back(passport.x5u);
    }
    CollectMissing(passport.nested, missing);
  }
}

}  // namespace

Result<EmbeddedConfig> ParseEmbeddedConfig(std::string_view text,
                                           const std::filesystem::path& directory) {
  const auto document = ReadJsonWithComments(text, {.max_bytes = kMaxConfigBytes});
  if (!document) return Fail(Reason::kConfigInvalid, document.error().detail);
  ObjectReader root(document->root, "", Reason::kConfigInvalid);
  EmbeddedConfig config;
  std::string policy;
  root.Text("policy", policy);
  if (!policy.empty()) config.policy = directory / policy;
  ReadVerifierSections(root, directory, config.verifier, config.deadline);
  root.Section("evidence", [&](ObjectReader& reader) {
    config.evidence = ReadEvidenceSection(reader, directory);
  });
  root.Section("pools",
               [&](ObjectReader& reader) { config.pools = ReadPoolSection(reader, directory); });
  for (const std::string_view name : kServerMembers) static_cast<void>(root.Value(name));
  if (auto ok = root.Finish(); !ok) return ok.error();
  return config;
}

Result<EmbeddedConfig> ReadEmbeddedConfig(const std::filesystem::path& file) {
  const auto text = ReadFile(file, kMaxConfigBytes);
  if (!text) return text.error();
  auto config = ParseEmbeddedConfig(*text, std::filesystem::absolute(file).parent_path());
  if (!config) return Fail(config.error().reason, file.string() + ": " + config.error().detail);
  return config;
}

struct OfflineVerifier::Parts {
  VerifierSetup setup;
  std::shared_ptr<HandedCertificates> certificates;
  bool has_files = false;
  std::shared_ptr<const CertificateSource> source;
  std::shared_ptr<const Es256Engine> engine;
  std::shared_ptr<TrustKeeper> keeper;
  std::filesystem::path policy_file;
  std::string policy_text;
  PolicyInUse policy;
  Evidence evidence = Evidence::kNone;
  Pools pools = Pools::kNone;
};

Result<OfflineVerifier::PolicyInUse> OfflineVerifier::ReadPolicy(const std::filesystem::path& file,
                                                                 const std::string& text) {
  PolicyInUse read;
  if (!file.empty()) {
    const auto bytes = ReadFile(file);
    if (bytes) read.name = Sha256Hex(*bytes);  // else LoadPolicy says why not
  } else if (!text.empty()) {
    read.name = Sha256Hex(text);
  }
  LoadedPolicy loaded =
      file.empty() ? ParsePolicy(text.empty() ? "{}" : text, "") : LoadPolicy(file);
  read.policy = std::move(loaded.policy);
  if (read.policy != nullptr) return read;
  std::string problems;
  for (const PolicyProblem& problem : loaded.problems) {
    problems += (problems.empty() ? "" : "; ") + PolicyProblemText(problem);
  }
  return Fail(Reason::kConfigInvalid, problems);
}

OfflineVerifier::OfflineVerifier(Parts parts)
    : options_(std::move(parts.setup.options)),
      shared_options_(std::make_shared<const VerifierOptions>(options_)),
      evidence_(parts.evidence),
      clock_(std::move(parts.setup.clock)),
      certificates_(std::move(parts.certificates)),
      has_files_(parts.has_files),
      source_(std::move(parts.source)),
      engine_(std::move(parts.engine)),
      keeper_(std::move(parts.keeper)),
      verifier_(options_, keeper_->snapshot(), source_, clock_, engine_),
      policy_file_(std::move(parts.policy_file)),
      policy_text_(std::move(parts.policy_text)),
      policy_(std::move(parts.policy)),
      pools_(parts.pools) {
  policy_.trust_list = TrustListName();
}

Result<std::unique_ptr<OfflineVerifier>> OfflineVerifier::Make(
    const EmbeddedConfig& config, const std::string& policy_text,
    const CertificateCacheOptions& cache) {
  Parts parts;
  parts.setup = config.verifier;
  // Somebody else downloads; the same files and the same state directory count.
  if (parts.setup.downloads) {
    parts.setup.downloads->repository.downloads = DownloadPolicy::kOffline;
  }
  auto inputs = MakeTrustInputs(parts.setup);
  if (!inputs) return inputs.error();
  parts.keeper = std::make_shared<TrustKeeper>(std::move(*inputs));
  const TrustReport report = parts.keeper->Load(parts.setup.clock->Now(), Deadline());
  if (auto failure = report.FirstUnusableFile()) return *failure;

  if (!config.policy.empty() && !policy_text.empty()) {
    return Fail(Reason::kConfigInvalid, "a policy beside the file that the configuration names");
  }
  parts.policy_file = config.policy;
  parts.policy_text = policy_text;
  auto policy = ReadPolicy(parts.policy_file, parts.policy_text);
  if (!policy) return policy.error();
  parts.policy = std::move(*policy);
  if (config.evidence) parts.evidence = Evidence::kKept;
  if (config.pools) parts.pools = Pools::kCounted;
  const auto plan = DialPlanWith(*parts.policy.policy, parts.setup.options.dial_plan);
  if (!plan) return plan.error();
  parts.setup.options.dial_plan = *plan;
  auto engine = MakeEs256Engine(parts.setup.engine);
  if (!engine) return engine.error();
  parts.engine = std::move(*engine);
  parts.certificates = std::make_shared<HandedCertificates>(cache, parts.setup.clock);
  parts.source = parts.certificates;
  if (!parts.setup.certificates.empty() || !parts.setup.url_certificates.empty()) {
    auto files =
        FileCertificateSource::Load(parts.setup.certificates, parts.setup.url_certificates);
    if (!files) return files.error();
    parts.source = std::move(*files);
    parts.has_files = true;
  }
  return std::make_unique<OfflineVerifier>(std::move(parts));
}

OfflineVerifier::PolicyInUse OfflineVerifier::policy() const {
  const std::lock_guard lock(policy_mutex_);
  return policy_;
}

std::shared_ptr<const FlaggedPools> OfflineVerifier::flags() const {
  const std::lock_guard lock(policy_mutex_);
  return flagged_;
}

std::string OfflineVerifier::TrustListName() const {
  const auto list = keeper_->trust_list();
  return list ? "sequence " + std::to_string(list->list.sequence()) : std::string();
}

OfflineVerifier::Basis OfflineVerifier::BasisOf(VerificationMaterial material,
                                                PolicyInUse used) const {
  return {shared_options_, std::move(material), std::move(used.name), std::move(used.trust_list)};
}

Verdict OfflineVerifier::VerdictAt(const CallRequest& call, sys_seconds at,
                                   VerificationMaterial& material) const {
  VerifierOptions options = options_;
  options.max_cached_chains = 0;
  const Verifier past(options, keeper_->snapshot(), source_, std::make_shared<FixedClock>(at),
                      engine_);
  return past.Verify(call, Deadline(), material);
}

void OfflineVerifier::SetFlags(const std::vector<FlaggedPool>& pools) {
  std::shared_ptr<FlaggedPools> flagged;
  if (!pools.empty()) {
    flagged = std::make_shared<FlaggedPools>(pools.size());
    for (const FlaggedPool& pool : pools) flagged->Flag(pool);
  }
  const std::lock_guard lock(policy_mutex_);
  flagged_ = std::move(flagged);
}

// Nothing if calls are not counted.
std::optional<CountedCall> OfflineVerifier::CountedOf(const CallRequest& call,
                                                      const Verdict& verdict,
                                                      const std::string& trunk) const {
  if (pools_ == Pools::kNone) return std::nullopt;
  CountedCall counted = CountedCallOf(call, verdict, PreciseNow(), options_.dial_plan);
  counted.trunk = trunk;
  return counted;
}

OfflineVerifier::Judgement OfflineVerifier::Judge(const CallRequest& call, const std::string& trunk,
                                                  std::optional<sys_seconds> at) const noexcept {
  try {
    VerificationMaterial material;
    Verdict verdict = at                 ? VerdictAt(call, *at, material)
                      : keeps_evidence() ? verifier_.Verify(call, Deadline(), material)
                                         : verifier_.Verify(call, Deadline());
    return Judged(call, trunk, at, std::move(verdict), std::move(material));
  } catch (...) {
    return Judgement();
  }
}

std::vector<OfflineVerifier::Judgement> OfflineVerifier::JudgeBatch(
    std::span<const CallRequest> calls, std::span<const std::string> trunks) const {
  std::vector<Judgement> judgements(calls.size());  // none of them passes
  std::vector<Verdict> verdicts;
  if (!keeps_evidence()) {
    verdicts = verifier_.VerifyBatch(calls, std::chrono::milliseconds::max());
  }
  for (size_t i = 0; i < calls.size(); ++i) {
    judgements[i] = keeps_evidence() ? Judge(calls[i], trunks[i], {})
                                     : Judged(calls[i], trunks[i], {}, std::move(verdicts[i]), {});
  }
  return judgements;
}

OfflineVerifier::Judgement OfflineVerifier::Judged(const CallRequest& call,
                                                   const std::string& trunk,
                                                   std::optional<sys_seconds> at, Verdict verdict,
                                                   VerificationMaterial material) const noexcept {
  Judgement judgement;
  try {
    judgement.verdict = std::move(verdict);
    if (!has_files_) {
      CollectMissing(judgement.verdict.passports, judgement.missing);
      CollectUsed(judgement.verdict.passports, judgement.certificates);
      std::vector<std::string_view> x5us;
      CollectX5us(judgement.verdict.passports, x5us);
      for (const std::string_view x5u : x5us) {
        const bool stale = certificates_->StateOf(x5u) == HandedCertificates::State::kStale;
        if (stale) judgement.stale.emplace_back(x5u);
      }
    }
    PolicyInUse used = policy();
    PolicyCallView asked = PolicyCallOf(call, trunk);
    if (!at) judgement.counted = CountedOf(call, judgement.verdict, trunk);
    const auto flagged = flags();
    std::optional<PoolHit> hit;
    if (judgement.counted && flagged != nullptr) hit = flagged->Check(*judgement.counted);
    asked.pool = PolicyCallView::PointerTo(hit);
    judgement.disposition = Decide(*used.policy, asked, judgement.verdict);
    if (judgement.counted) {
      judgement.counted->outcome = PoolOutcomeOf(judgement.verdict, judgement.disposition);
    }
    if (keeps_evidence()) judgement.basis = BasisOf(std::move(material), std::move(used));
  } catch (...) {
    return Judgement();
  }
  return judgement;
}

OfflineVerifier::Judgement OfflineVerifier::JudgeUnreadable(
    const Failure& failure, const std::string& trunk) const noexcept {
  Judgement judgement;
  try {
    judgement.verdict.reason = failure.reason;
    judgement.verdict.detail = failure.detail;
    judgement.verdict.judged_at = clock_->Now();
    if (judgement.verdict.passed()) return Judgement();
    PolicyInUse used = policy();
    judgement.disposition = Decide(*used.policy, PolicyCallOf({}, trunk), judgement.verdict);
    if (keeps_evidence()) judgement.basis = BasisOf({}, std::move(used));
  } catch (...) {
    return Judgement();
  }
  return judgement;
}

OfflineVerifier::Judgement OfflineVerifier::Refuse(const CallRequest& call,
                                                   const std::string& trunk,
                                                   Reason reason) const noexcept {
  Judgement judgement;
  try {
    judgement.verdict.reason = reason;
    judgement.verdict.judged_at = clock_->Now();
    if (judgement.verdict.passed()) return Judgement();
    judgement.disposition = Decide(*policy().policy, PolicyCallOf(call, trunk), judgement.verdict);
    if (!judgement.disposition.emergency) {
      judgement.disposition.action = Action::kReject;
      judgement.disposition.verstat.reset();
    }
  } catch (...) {
    return Judgement();
  }
  return judgement;
}

Result<void> OfflineVerifier::Reload() {
  auto policy = ReadPolicy(policy_file_, policy_text_);
  if (!policy) return policy.error();
  // The verifier keeps its dialling rules.
  if (const auto plan = DialPlanWith(*policy->policy, options_.dial_plan); !plan)
    return plan.error();
  const TrustReport report = keeper_->Load(clock_->Now(), Deadline());
  if (auto failure = report.FirstUnusableFile()) return *failure;
  const std::lock_guard lock(policy_mutex_);
  if (report.outcome == TrustReport::Outcome::kReplaced) {
    verifier_.ReplaceTrustStore(keeper_->snapshot());
  }
  policy->trust_list = TrustListName();
  policy_ = std::move(*policy);
  return {};
}

std::optional<Failure> OfflineVerifier::NotReady() const {
  if (!keeper_->snapshot()->AnchorsAt(clock_->Now()).empty()) return std::nullopt;
  return Fail(Reason::kConfigInvalid, "there is no trust anchor, so no call can pass");
}

}  // namespace callvet
