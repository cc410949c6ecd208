// SPDX-License-Identifier: MIT
#include "api/download_desk.h"

#include <utility>

#include "api/offline_verifier.h"

namespace callvet {
namespace {

TrustChange ChangeOf(const TrustReport& report) {
  return report.outcome == TrustReport::Outcome::kReplaced ? TrustChange::kReplaced
                                                           : TrustChange::kNone;
}

}  // namespace

Result<std::unique_ptr<DownloadDesk>> DownloadDesk::Make(const VerifierSetup& setup,
                                                         const Deadline& deadline) {
  auto inputs = MakeTrustInputs(setup);
  if (!inputs) return inputs.error();
  std::unique_ptr<DownloadDesk> desk(new DownloadDesk);
  desk->clock_ = setup.clock;
  desk->keeper_ = std::make_shared<TrustKeeper>(std::move(*inputs));
  if (setup.downloads && setup.certificates.empty() && setup.url_certificates.empty()) {
    auto repository = MakeWatchedRepository(setup, desk->keeper_);
    if (!repository) return repository.error();
    desk->repository_ = std::move(*repository);
  }
  if (auto ok = desk->Reload(deadline); !ok) return ok.error();
  return desk;
}

Result<DownloadDesk::Fetched> DownloadDesk::Fetch(std::string_view x5u, const Deadline& deadline) {
  if (!repository_) return Fail(Reason::kFetchOffline, "certificates come from files");
  auto entry = repository_->FetchEntry(x5u, deadline);
  if (!entry) return entry.error();
  return Fetched{std::move(*entry), ChangeOf(keeper_->FetchWatched(clock_->Now(), deadline))};
}

TrustChange DownloadDesk::Maintain(const Deadline& deadline) {
  const TrustChange change =
      ChangeOf(keeper_->Maintain(clock_->Now(), Deadline::After(deadline.Left() / 2)));
  if (repository_) repository_->Maintain(deadline);
  return change;
}

Result<void> DownloadDesk::Reload(const Deadline& deadline) {
  const TrustReport report = keeper_->Load(clock_->Now(), deadline);
  if (auto failure = report.FirstUnusableFile()) return *failure;
  return {};
}

void DownloadDesk::Forget(std::string_view x5u) {
  if (!repository_) return;
  if (x5u.empty()) {
    repository_->PurgeAll();
  } else {
    repository_->Purge(x5u);
  }
}

RepositoryStatistics DownloadDesk::Statistics() const {
  return repository_ ? repository_->Statistics() : RepositoryStatistics{};
}

}  // namespace callvet
