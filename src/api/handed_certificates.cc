// SPDX-License-Identifier: MIT
#include "api/handed_certificates.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "pki/path_builder.h"

namespace callvet {

HandedCertificates::HandedCertificates(const CertificateCacheOptions& options,
                                       std::shared_ptr<const Clock> clock)
    : cache_(options), clock_(std::move(clock)) {}

Result<void> HandedCertificates::Put(std::string_view x5u, std::string_view bytes,
                                     const HandedTimes& times) {
  auto bundle = ParseBundle(bytes);
  if (!bundle) return bundle.error();
  const sys_seconds latest = std::max(EndOf(*bundle), times.fetched_at + kHandedAtLeast);
  const auto entry = std::make_shared<const CachedCertificates>(CachedCertificates{
      std::make_shared<const CertificateBundle>(std::move(*bundle)), times.fetched_at,
      std::min(times.fresh_until, latest), std::min(times.stale_until, latest)});
  cache_.Insert(x5u, entry, clock_->Now());
  const std::lock_guard lock(failures_mutex_);
  if (const auto failure = failures_.find(x5u); failure != failures_.end()) {
    failures_.erase(failure);
  }
  return {};
}

void HandedCertificates::PutFailure(std::string_view x5u, Failure failure, sys_seconds until) {
  const std::lock_guard lock(failures_mutex_);
  failures_.insert_or_assign(std::string(x5u), Standing{std::move(failure), until});
  if (failures_.size() > kMaxFailures) failures_.erase(failures_.begin());
}

size_t HandedCertificates::Forget(std::string_view x5u) {
  const size_t removed = cache_.Remove(x5u);
  const std::lock_guard lock(failures_mutex_);
  if (const auto failure = failures_.find(x5u); failure != failures_.end()) {
    failures_.erase(failure);
  }
  return removed;
}

size_t HandedCertificates::ForgetAll() {
  {
    const std::lock_guard lock(failures_mutex_);
    failures_.clear();
  }
  return cache_.Clear();
}

bool HandedCertificates::FindFailure(std::string_view x5u, sys_seconds now,
                                     Failure& failure) const {
  const std::lock_guard lock(failures_mutex_);
  const auto found = failures_.find(x5u);
  if (found == failures_.end() || now >= found->second.until) return false;
  failure = found->second.failure;
  return true;
}

HandedCertificates::State HandedCertificates::StateOf(std::string_view x5u) const {
  const sys_seconds now = clock_->Now();
  const auto entry = cache_.Peek(x5u);
  if (entry && now < entry->fresh_until) return State::kFresh;
  if (entry && now < entry->stale_until) return State::kStale;
  Failure failure;
  return FindFailure(x5u, now, failure) ? State::kFailed : State::kMissing;
}

Result<std::shared_ptr<const CertificateBundle>> HandedCertificates::Get(
    std::string_view x5u, const Deadline& deadline) const {
  static_cast<void>(deadline);
  const sys_seconds now = clock_->Now();
  auto entry = cache_.Find(x5u, now);
  if (entry && now < entry->stale_until) return BundleOf(std::move(entry));
  Failure failure;
  if (FindFailure(x5u, now, failure)) return failure;
  return Fail(Reason::kCertificateNotAvailable, Quote(x5u, 200) + " is not at hand");
}

}  // namespace callvet
