// SPDX-License-Identifier: MIT
#include "api/verification_core.h"

#include <algorithm>
#include <atomic>
#include <utility>

namespace callvet {
namespace {

// Half of it for trust list and CRLs: the service must come up even if their host does not answer.
constexpr std::chrono::seconds kStartTimeout{20};

}  // namespace

Result<std::shared_ptr<VerificationCore>> VerificationCore::Make(const CoreSetup& setup) {
  std::shared_ptr<VerificationCore> core(new VerificationCore);
  core->options_ = std::make_shared<const VerifierOptions>(setup.verifier.options);
  core->clock_ = setup.verifier.clock;
  VerifierSetup verifier = setup.verifier;
  verifier.front = [&](std::shared_ptr<const CertificateRepository> repository) {
    return core->waiting_room_ = std::make_shared<const WaitingRoom>(
               std::move(repository), setup.max_waiting, setup.on_wait);
  };
  TrustReport report;
  auto live =
      LiveVerifier::Make(verifier, StartRule::kOwnFiles, Deadline::After(kStartTimeout), report);
  if (!live) return live.error();
  core->live_ = std::move(*live);
  core->KeepReport(report);
  return core;
}

Result<void> VerificationCore::ReloadTrust(const Deadline& deadline) {
  const TrustReport report = live_->Reload(deadline);
  KeepReport(report);
  if (auto failure = report.FirstUnusableFile()) return *failure;
  return {};
}

Verdict VerificationCore::Judge(const CallRequest& call, const Deadline& deadline,
                                VerificationMaterial* material) const noexcept {
  try {
    TrustReport crls;
    Verdict verdict = material != nullptr ? live_->Verify(call, deadline, crls, *material)
                                          : live_->Verify(call, deadline, crls);
    KeepReport(crls);
    return verdict;
  } catch (...) {
    return Verdict();
  }
}

std::vector<Verdict> VerificationCore::JudgeBatch(std::span<const CallRequest> calls,
                                                  std::chrono::milliseconds each) const {
  TrustReport crls;
  auto verdicts = live_->VerifyBatch(calls, each, crls);
  KeepReport(crls);
  return verdicts;
}

void VerificationCore::KeepReport(const TrustReport& report) const {
  if (report.sources.empty()) return;
  const std::lock_guard lock(sources_mutex_);
  for (const TrustSource& source : report.sources) {
    const auto known =
        std::find_if(sources_.begin(), sources_.end(), [&](const TrustSource& candidate) {
          return candidate.kind == source.kind && candidate.name == source.name;
        });
    if (known == sources_.end()) {
      sources_.push_back(source);
    } else {
      *known = source;
    }
  }
}

std::vector<TrustSource> VerificationCore::TrustSources() const {
  const std::lock_guard lock(sources_mutex_);
  return sources_;
}

void VerificationCore::Maintain(const Deadline& deadline) {
  KeepReport(live_->Maintain(deadline));
}

std::optional<Failure> VerificationCore::NotReady() const {
  const auto store = trust();
  if (store->AnchorsAt(clock_->Now()).empty()) {
    for (const TrustSource& source : TrustSources()) {
      if (source.failure) return source.failure;
    }
    std::string detail = "there is no trust anchor, so no call can pass";
    for (const TrustSource& source : TrustSources()) {
      if (source.kind != TrustSource::Kind::kAnchors || source.detail.empty()) continue;
      detail += "; " + source.name + ": " + source.detail;
    }
    return Fail(Reason::kConfigInvalid, std::move(detail));
  }
  return std::nullopt;
}

WaitingRoom::Statistics VerificationCore::waiting() const {
  return waiting_room_ ? waiting_room_->GetStatistics() : WaitingRoom::Statistics{};
}

std::shared_ptr<const CertificateBundle> VerificationCore::AtHand(std::string_view x5u) const {
  if (repository()) return repository()->Lookup(x5u).bundle;
  auto bundle = live_->source().Get(x5u, Deadline());
  return bundle ? *bundle : nullptr;
}

class VerificationCore::PastJudge::SettableClock final : public Clock {
 public:
  void Set(sys_seconds now) { now_ = now; }
  [[nodiscard]] sys_seconds Now() const override { return now_; }

 private:
  std::atomic<sys_seconds> now_{sys_seconds{}};
};

VerificationCore::PastJudge::PastJudge(const VerificationCore& core)
    : clock_(std::make_shared<SettableClock>()), verifier_(core.live_->WithClock(clock_)) {}

Verdict VerificationCore::PastJudge::Judge(const CallRequest& call, sys_seconds at,
                                           const Deadline& deadline,
                                           VerificationMaterial* material) noexcept {
  clock_->Set(at);
  return material != nullptr ? verifier_.Verify(call, deadline, *material)
                             : verifier_.Verify(call, deadline);
}

}  // namespace callvet
