// SPDX-License-Identifier: MIT
#include "repository/certificate_repository.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <utility>

#include "base/text.h"
#include "pki/path_builder.h"
#include "pki/shared_authorities.h"
#include "repository/http_freshness.h"
#include "repository/single_flight.h"
#include "repository/tn_auth_list_fetch.h"

namespace callvet {
namespace {

using Bundle = std::shared_ptr<const CertificateBundle>;
using Entry = std::shared_ptr<const CachedCertificates>;
using std::chrono::milliseconds;
using std::chrono::seconds;

// An entry that was fetched this much later than now was fetched under a wrong clock.
constexpr seconds kClockTolerance{300};
// URLs that one Maintain takes on.
constexpr size_t kMaxDue = 1000;

enum class Worth : uint8_t { kNothing, kStale, kFresh };

// Why a fetch is wanted.
enum class Cause : uint8_t {
  kNeeded,      // nothing usable is at hand
  kRevalidate,  // a stale copy is: do not wait for others
  kRefresh,     // a fresh copy is, that soon ends
};

struct Counters {
  std::atomic<uint64_t> disk_hits{0}, misses{0}, negative_hits{0}, fetches{0}, fetch_failures{0};
  std::atomic<uint64_t> joined{0}, refused_busy{0}, stale_served{0}, refreshes{0}, disk_errors{0};
};

void Count(std::atomic<uint64_t>& counter) {
  counter.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

class CertificateRepository::Impl {
 public:
  Impl(CertificateRepositoryOptions options, std::shared_ptr<const Fetcher> fetcher,
       std::shared_ptr<const Clock> clock, std::shared_ptr<const DiskCache> disk)
      : options_(std::move(options)),
        fetcher_(std::move(fetcher)),
        clock_(std::move(clock)),
        disk_(std::move(disk)),
        memory_(options_.memory),
        gate_(std::make_shared<FetchGate>(options_.gate)) {
    if (options_.downloads == DownloadPolicy::kDownload && fetcher_) {
      tn_auth_lists_.emplace(TnAuthListFetchOptions{}, fetcher_, clock_, gate_);
    }
    if (!options_.freshness) {
      options_.freshness = [](const FetchedDocument& document, sys_seconds now,
                              sys_seconds latest) {
        return JudgeFreshness(document, now, latest).until;
      };
    }
  }

  CertificateLookup Lookup(std::string_view x5u);
  Result<Entry> Fetch(std::string_view x5u, const Deadline& deadline, Cause cause);
  Result<Bundle> Get(std::string_view x5u, const Deadline& deadline);
  bool IsAtHand(std::string_view x5u);
  void AddTo(std::string_view x5u, Footprint& footprint) const { memory_.AddTo(x5u, footprint); }
  Result<TnAuthList> GetTnAuthList(std::string_view url, const Deadline& deadline) const {
    if (tn_auth_lists_) return tn_auth_lists_->Get(url, deadline);
    return Fail(Reason::kTnAuthListNotAvailable, "downloads are switched off");
  }
  [[nodiscard]] std::optional<Result<TnAuthList>> TnAuthListAtHand(std::string_view url) const {
    return tn_auth_lists_ ? tn_auth_lists_->AtHand(url) : std::nullopt;
  }
  MaintainReport Maintain(const Deadline& deadline);
  size_t Purge(std::string_view x5u);
  size_t PurgeAll();
  [[nodiscard]] RepositoryStatistics Statistics() const;

 private:
  [[nodiscard]] Worth Judge(const CachedCertificates& entry, sys_seconds now) const;
  void Remember(std::string_view x5u, const Entry& entry, sys_seconds now);
  Result<CertificateBundle> Read(std::string_view body) {
    return ParseBundle(body, kMaxBundleCertificates,
                       [this](std::string_view der) { return authorities_.Decode(der); });
  }
  Entry LoadFromDisk(std::string_view x5u, const Entry& known, sys_seconds now);
  Entry AtHand(std::string_view x5u, Cause cause, sys_seconds now);
  [[nodiscard]] Deadline PatienceOf(Cause cause, const Deadline& deadline) const;
  Result<Entry> Lead(std::string_view x5u, const Deadline& deadline, Cause cause);
  Result<Entry> Download(std::string_view x5u, const Deadline& deadline);
  void Keep(std::string_view x5u, const Entry& entry, std::string body, sys_seconds now);

  CertificateRepositoryOptions options_;
  std::shared_ptr<const Fetcher> fetcher_;
  std::shared_ptr<const Clock> clock_;
  std::shared_ptr<const DiskCache> disk_;
  SharedAuthorities authorities_;
  CertificateCache memory_;
  std::shared_ptr<FetchGate> gate_;
  std::optional<TnAuthListFetcher> tn_auth_lists_;
  Counters counters_;
  SingleFlight<Entry> flights_;
};

Worth CertificateRepository::Impl::Judge(const CachedCertificates& entry, sys_seconds now) const {
  if (entry.fetched_at > now + kClockTolerance) return Worth::kNothing;
  if (now < entry.fresh_until || now < entry.fetched_at + options_.min_interval) {
    return Worth::kFresh;
  }
  return now < entry.stale_until ? Worth::kStale : Worth::kNothing;
}

void CertificateRepository::Impl::Remember(std::string_view x5u, const Entry& entry,
                                           sys_seconds now) {
  if (options_.on_new_bundle) options_.on_new_bundle(entry->bundle);
  memory_.Insert(x5u, entry, now);
}

// What the directory has, if it is usable and newer than `known`: another process may have fetched
// it. It goes into memory too.
Entry CertificateRepository::Impl::LoadFromDisk(std::string_view x5u, const Entry& known,
                                                sys_seconds now) {
  if (!disk_) return nullptr;
  const auto stored = disk_->Load(x5u);
  if (!stored || (known && stored->fetched_at <= known->fetched_at)) return nullptr;
  CachedCertificates entry{nullptr, stored->fetched_at, stored->fresh_until, stored->stale_until};
  if (Judge(entry, now) == Worth::kNothing) return nullptr;
  auto bundle = Read(stored->body);
  if (!bundle) return nullptr;
  const sys_seconds latest = EndOf(*bundle);
  entry.fresh_until = std::min(entry.fresh_until, latest);
  entry.stale_until = std::min(entry.stale_until, latest);
  if (Judge(entry, now) == Worth::kNothing) return nullptr;
  entry.bundle = std::make_shared<const CertificateBundle>(std::move(*bundle));
  auto shared = std::make_shared<const CachedCertificates>(std::move(entry));
  Remember(x5u, shared, now);
  Count(counters_.disk_hits);
  return shared;
}

CertificateLookup CertificateRepository::Impl::Lookup(std::string_view x5u) {
  using State = CertificateLookup::State;
  const sys_seconds now = clock_->Now();
  Entry entry = memory_.Find(x5u, now);
  Worth worth = entry ? Judge(*entry, now) : Worth::kNothing;
  if (worth != Worth::kFresh) {
    if (Entry newer = LoadFromDisk(x5u, entry, now)) {
      entry = std::move(newer);
      worth = Judge(*entry, now);
    }
  }
  if (worth == Worth::kFresh) return {State::kFound, BundleOf(std::move(entry)), {}};
  if (worth == Worth::kStale) return {State::kStale, BundleOf(std::move(entry)), {}};
  Count(counters_.misses);
  if (options_.downloads == DownloadPolicy::kOffline) {
    Count(counters_.negative_hits);
    return {State::kNegative, nullptr,
            Fail(Reason::kFetchOffline, Quote(x5u, 200) + " is not cached")};
  }
  if (auto standing = gate_->Standing(x5u, now)) {
    Count(counters_.negative_hits);
    return {State::kNegative, nullptr, std::move(*standing)};
  }
  return {State::kNeedFetch, nullptr, {}};
}

// A copy that makes a fetch for `cause` needless: it came in after the caller looked.
Entry CertificateRepository::Impl::AtHand(std::string_view x5u, Cause cause, sys_seconds now) {
  Entry entry = memory_.Peek(x5u);
  const auto suffices = [&](const CachedCertificates& candidate) {
    if (cause != Cause::kRefresh) return Judge(candidate, now) == Worth::kFresh;
    return candidate.fetched_at <= now && now < candidate.fetched_at + options_.min_interval;
  };
  if (entry && suffices(*entry)) return entry;
  Entry newer = LoadFromDisk(x5u, entry, now);
  if (newer && Judge(*newer, now) == Worth::kFresh) return newer;
  return nullptr;
}

Result<Entry> CertificateRepository::Impl::Fetch(std::string_view x5u, const Deadline& deadline,
                                                 Cause cause) {
  for (;;) {
    bool joined = false;
    const auto join = [&]() -> std::optional<Failure> {
      if (cause != Cause::kNeeded) return Fail(Reason::kFetchBusy, "it is being fetched");
      Count(counters_.joined);
      joined = true;
      return std::nullopt;
    };
    auto entry = flights_.Do(
        x5u, deadline, [&] { return Lead(x5u, deadline, cause); }, join);
    // Who led may have had less time than this caller has: then it is this one's turn.
    const bool may_lead = joined && !entry && entry.error().reason == Reason::kFetchTimeout &&
                          deadline.Left() >= options_.min_fetch_time;
    if (!may_lead) return entry;
  }
}

// How long a fetch may wait for others to end: whoever has a copy does not wait.
Deadline CertificateRepository::Impl::PatienceOf(Cause cause, const Deadline& deadline) const {
  if (cause != Cause::kNeeded) return Deadline::After(milliseconds(0));
  return Deadline::After(deadline.Left() - options_.min_fetch_time);
}

Result<Entry> CertificateRepository::Impl::Lead(std::string_view x5u, const Deadline& deadline,
                                                Cause cause) {
  const sys_seconds now = clock_->Now();
  if (Entry entry = AtHand(x5u, cause, now)) return entry;
  if (options_.downloads == DownloadPolicy::kOffline || !fetcher_) {
    return Fail(Reason::kFetchOffline, Quote(x5u, 200) + " is not cached");
  }
  if (deadline.Left() < options_.min_fetch_time) {
    return Fail(Reason::kFetchTimeout, "no time was left for a fetch");
  }
  FetchPassage passage(*gate_, *clock_, x5u);
  if (auto open = passage.Enter(PatienceOf(cause, deadline)); !open) {
    Count(open.error().reason == Reason::kFetchBusy ? counters_.refused_busy
                                                    : counters_.negative_hits);
    return open.error();
  }
  Count(counters_.fetches);
  auto entry = Download(x5u, deadline);
  if (entry) {
    passage.Succeeded();
  } else {
    Count(counters_.fetch_failures);
    passage.Failed(entry.error());
    // A caller in a hurry says nothing about the server.
    if (entry.error().reason == Reason::kFetchTimeout && deadline.Passed()) passage.Abandoned();
  }
  return entry;
}

Result<Entry> CertificateRepository::Impl::Download(std::string_view x5u,
                                                    const Deadline& deadline) {
  auto document = fetcher_->Fetch(x5u, UrlUse::kX5u, deadline);
  if (!document) return document.error();
  auto bundle = Read(document->body);
  if (!bundle) return bundle.error();
  const sys_seconds now = clock_->Now();
  const sys_seconds latest = EndOf(*bundle);
  const sys_seconds fresh_until = std::min(options_.freshness(*document, now, latest), latest);
  const sys_seconds stale_until = std::min(fresh_until + options_.stale_limit, latest);
  auto entry = std::make_shared<const CachedCertificates>(
      CachedCertificates{std::make_shared<const CertificateBundle>(std::move(*bundle)), now,
                         fresh_until, stale_until});
  Keep(x5u, entry, std::move(document->body), now);
  return Entry(std::move(entry));
}

void CertificateRepository::Impl::Keep(std::string_view x5u, const Entry& entry, std::string body,
                                       sys_seconds now) {
  Remember(x5u, entry, now);
  if (!disk_) return;
  const auto stored = disk_->Store({std::string(x5u), entry->fetched_at, entry->fresh_until,
                                    entry->stale_until, std::move(body)});
  if (!stored) Count(counters_.disk_errors);
}

Result<Bundle> CertificateRepository::Impl::Get(std::string_view x5u, const Deadline& deadline) {
  using State = CertificateLookup::State;
  CertificateLookup lookup = Lookup(x5u);
  if (lookup.state == State::kFound) return lookup.bundle;
  if (lookup.state == State::kNegative) return std::move(lookup.failure);
  if (lookup.state == State::kNeedFetch) {
    auto entry = Fetch(x5u, deadline, Cause::kNeeded);
    if (!entry) return entry.error();
    return (*entry)->bundle;
  }
  const bool may_ask = options_.downloads == DownloadPolicy::kDownload &&
                       !gate_->Standing(x5u, clock_->Now()).has_value();
  if (may_ask) {
    const milliseconds wait = std::min(options_.revalidate_wait, deadline.Left() / 2);
    const auto entry = Fetch(x5u, Deadline::After(wait), Cause::kRevalidate);
    if (entry) return (*entry)->bundle;
  }
  Count(counters_.stale_served);
  return lookup.bundle;
}

// Looks as Lookup does, but uses nothing: the statistics are those of calls.
bool CertificateRepository::Impl::IsAtHand(std::string_view x5u) {
  const sys_seconds now = clock_->Now();
  const Entry entry = memory_.Peek(x5u);
  return (entry && Judge(*entry, now) != Worth::kNothing) || LoadFromDisk(x5u, entry, now) ||
         options_.downloads == DownloadPolicy::kOffline || gate_->Standing(x5u, now).has_value();
}

CertificateRepository::MaintainReport CertificateRepository::Impl::Maintain(
    const Deadline& deadline) {
  MaintainReport report;
  if (options_.downloads == DownloadPolicy::kOffline) return report;
  const sys_seconds now = clock_->Now();
  const auto due = memory_.Due(now, options_.refresh_ahead, now - options_.idle_limit, kMaxDue);
  for (size_t i = 0; i < due.size(); ++i) {
    if (deadline.Passed()) {
      report.left = due.size() - i;
      return report;
    }
    // Without this the directory would be read for every URL of a dead host, every time.
    if (gate_->Standing(due[i], clock_->Now())) {
      ++report.failed;
      continue;
    }
    if (Fetch(due[i], deadline, Cause::kRefresh)) {
      Count(counters_.refreshes);
      ++report.refreshed;
    } else {
      ++report.failed;
    }
  }
  return report;
}

size_t CertificateRepository::Impl::Purge(std::string_view x5u) {
  gate_->Forgive(x5u);
  const size_t in_memory = memory_.Remove(x5u);
  const size_t on_disk = disk_ ? disk_->Remove(x5u) : 0;
  return std::max(in_memory, on_disk);
}

size_t CertificateRepository::Impl::PurgeAll() {
  gate_->ForgiveAll();
  const size_t in_memory = memory_.Clear();
  const size_t on_disk = disk_ ? disk_->Clear() : 0;
  return std::max(in_memory, on_disk);
}

RepositoryStatistics CertificateRepository::Impl::Statistics() const {
  const CertificateCache::Usage usage = memory_.GetUsage();
  RepositoryStatistics statistics;
  statistics.memory_hits = usage.hits;
  statistics.disk_hits = counters_.disk_hits;
  statistics.misses = counters_.misses;
  statistics.negative_hits = counters_.negative_hits;
  statistics.fetches = counters_.fetches;
  statistics.fetch_failures = counters_.fetch_failures;
  statistics.joined = counters_.joined;
  statistics.refused_busy = counters_.refused_busy;
  statistics.stale_served = counters_.stale_served;
  statistics.refreshes = counters_.refreshes;
  statistics.disk_errors = counters_.disk_errors;
  statistics.memory_evictions = usage.evictions;
  statistics.disk_evictions = disk_ ? disk_->evictions() : 0;
  statistics.memory_entries = usage.entries;
  statistics.memory_bytes = usage.bytes;
  return statistics;
}

CertificateRepository::CertificateRepository(CertificateRepositoryOptions options,
                                             std::shared_ptr<const Fetcher> fetcher,
                                             std::shared_ptr<const Clock> clock,
                                             std::shared_ptr<const DiskCache> disk)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(fetcher), std::move(clock),
                                   std::move(disk))) {}

CertificateRepository::~CertificateRepository() = default;

CertificateLookup CertificateRepository::Lookup(std::string_view x5u) const {
  return impl_->Lookup(x5u);
}

Result<Entry> CertificateRepository::FetchEntry(std::string_view x5u,
                                                const Deadline& deadline) const {
  return impl_->Fetch(x5u, deadline, Cause::kNeeded);
}

Result<Bundle> CertificateRepository::FetchNow(std::string_view x5u,
                                               const Deadline& deadline) const {
  auto entry = FetchEntry(x5u, deadline);
  if (!entry) return entry.error();
  return (*entry)->bundle;
}

Result<Bundle> CertificateRepository::Get(std::string_view x5u, const Deadline& deadline) const {
  return impl_->Get(x5u, deadline);
}

bool CertificateRepository::IsAtHand(std::string_view x5u) const {
  return impl_->IsAtHand(x5u);
}

Result<TnAuthList> CertificateRepository::GetTnAuthList(std::string_view url,
                                                        const Deadline& deadline) const {
  return impl_->GetTnAuthList(url, deadline);
}

void CertificateRepository::AddTo(std::string_view x5u, Footprint& footprint) const {
  impl_->AddTo(x5u, footprint);
}

std::optional<Result<TnAuthList>> CertificateRepository::TnAuthListAtHand(
    std::string_view url) const {
  return impl_->TnAuthListAtHand(url);
}

CertificateRepository::MaintainReport CertificateRepository::Maintain(
    const Deadline& deadline) const {
  return impl_->Maintain(deadline);
}

size_t CertificateRepository::Purge(std::string_view x5u) const {
  return impl_->Purge(x5u);
}

size_t CertificateRepository::PurgeAll() const {
  return impl_->PurgeAll();
}

RepositoryStatistics CertificateRepository::Statistics() const {
  return impl_->Statistics();
}

}  // namespace callvet
