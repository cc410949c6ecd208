// SPDX-License-Identifier: MIT
#include "api/verification_core.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "api/file_certificate_source.h"

namespace callvet {
namespace {

// A trust list and CRLs at the start: the service must come up even if their host does not answer.
constexpr std::chrono::milliseconds kStartTimeout{10'000};

// What is configured by hand must be good; what others serve may fail for a while.
bool IsOthers(TrustSource::Kind kind) {
  return kind == TrustSource::Kind::kCrlUrl || kind == TrustSource::Kind::kTrustList;
}

}  // namespace

struct VerificationCore::Parts {
  VerifierOptions options;
  std::shared_ptr<const Clock> clock;
  std::shared_ptr<const CertificateRepository> repository;
  std::shared_ptr<const WaitingRoom> waiting_room;
  std::shared_ptr<const CertificateSource> source;
  std::shared_ptr<TrustKeeper> keeper;
  std::shared_ptr<const Es256Engine> engine;
};

VerificationCore::VerificationCore(Parts parts)
    : options_(std::move(parts.options)),
      clock_(std::move(parts.clock)),
      repository_(std::move(parts.repository)),
      waiting_room_(std::move(parts.waiting_room)),
      source_(std::move(parts.source)),
      engine_(std::move(parts.engine)),
      keeper_(std::move(parts.keeper)),
      verifier_(options_, keeper_->snapshot(), source_, clock_, engine_) {}

namespace {

// With CRLs by distribution point, what was just fetched is handed to `keeper`.
Result<std::shared_ptr<const CertificateRepository>> MakeWatchedRepository(
    const VerifierSetup& setup, const std::shared_ptr<TrustKeeper>& keeper) {
  VerifierSetup watched = setup;
  if (setup.trust.crl_downloads == CrlDownloads::kDistributionPoints) {
    watched.downloads->repository.on_new_bundle = [keeper](const auto& bundle) {
      keeper->Watch(bundle);
    };
  }
  return MakeRepository(watched);
}

}  // namespace

Result<std::shared_ptr<VerificationCore>> VerificationCore::Make(const CoreSetup& setup) {
  auto inputs = MakeTrustInputs(setup.verifier);
  if (!inputs) return inputs.error();
  auto engine = MakeEs256Engine(setup.verifier.engine);
  if (!engine) return engine.error();
  Parts parts{setup.verifier.options,
              setup.verifier.clock,
              nullptr,
              nullptr,
              nullptr,
              std::make_shared<TrustKeeper>(std::move(*inputs)),
              std::move(*engine)};
  if (setup.verifier.downloads && setup.verifier.certificates.empty() &&
      setup.verifier.url_certificates.empty()) {
    auto repository = MakeWatchedRepository(setup.verifier, parts.keeper);
    if (!repository) return repository.error();
    parts.repository = std::move(*repository);
    parts.waiting_room =
        std::make_shared<const WaitingRoom>(parts.repository, setup.max_waiting, setup.on_wait);
    parts.source = parts.waiting_room;
  } else {
    auto files =
        FileCertificateSource::Load(setup.verifier.certificates, setup.verifier.url_certificates);
    if (!files) return files.error();
    parts.source = std::move(*files);
  }
  auto core = std::make_shared<VerificationCore>(std::move(parts));
  if (auto ok = core->ReloadTrust(Deadline::After(kStartTimeout)); !ok) return ok.error();
  return core;
}

Result<void> VerificationCore::ReloadTrust(const Deadline& deadline) {
  const TrustReport report = keeper_->Load(clock_->Now(), deadline);
  KeepReport(report);
  for (const TrustSource& source : report.sources) {
    if (source.failure && !source.in_use && !IsOthers(source.kind)) return *source.failure;
  }
  return {};
}

Verdict VerificationCore::Judge(const CallRequest& call, const Deadline& deadline) const noexcept {
  Verdict verdict = verifier_.Verify(call, deadline);
  try {
    // The first call of a carrier is judged by its CRLs already; only one thread waits for them.
    const TrustReport report = keeper_->FetchWatched(clock_->Now(), deadline);
    if (report.outcome != TrustReport::Outcome::kReplaced) return verdict;
    KeepReport(report);
  } catch (...) {
    return Verdict();
  }
  return verifier_.Verify(call, deadline);
}

void VerificationCore::KeepReport(const TrustReport& report) const {
  const std::lock_guard lock(sources_mutex_);
  // Under the lock, so that an older snapshot never replaces a newer one.
  if (report.outcome == TrustReport::Outcome::kReplaced) {
    verifier_.ReplaceTrustStore(keeper_->snapshot());
  }
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
  if (repository_) repository_->Maintain(deadline);
  KeepReport(keeper_->Maintain(clock_->Now(), deadline));
}

std::optional<Failure> VerificationCore::NotReady() const {
  const auto store = trust();
  if (store->AnchorsAt(clock_->Now()).empty()) {
    for (const TrustSource& source : TrustSources()) {
      if (source.failure) return source.failure;
    }
    return Fail(Reason::kConfigInvalid, "there is no trust anchor, so no call can pass");
  }
  return std::nullopt;
}

WaitingRoom::Statistics VerificationCore::waiting() const {
  return waiting_room_ ? waiting_room_->GetStatistics() : WaitingRoom::Statistics{};
}

std::shared_ptr<const CertificateBundle> VerificationCore::AtHand(std::string_view x5u) const {
  if (repository_) return repository_->Lookup(x5u).bundle;
  auto bundle = source_->Get(x5u, Deadline());
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
    : clock_(std::make_shared<SettableClock>()),
      verifier_(core.options_, core.trust(), core.source_, clock_, core.engine_) {}

Verdict VerificationCore::PastJudge::Judge(const CallRequest& call, sys_seconds at,
                                           const Deadline& deadline) noexcept {
  clock_->Set(at);
  return verifier_.Verify(call, deadline);
}

}  // namespace callvet
