// SPDX-License-Identifier: MIT
#include "repository/crl_refresh.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "base/file.h"
#include "base/text.h"
#include "pki/pem.h"
#include "pki/revocation.h"
#include "pki/sha256.h"

namespace callvet {
namespace {

Failure Stale(const Crl& crl, std::string_view why) {
  return Fail(Reason::kCrlStale, "the CRL of " + Quote(crl.issuer()) + " " + std::string(why));
}

Result<void> CheckTimes(const Crl& crl, sys_seconds now) {
  if (crl.this_update() > now + kCrlClockSkew) return Stale(crl, "is from the future");
  if (!crl.next_update()) return Stale(crl, "has no nextUpdate");
  if (now > *crl.next_update()) return Stale(crl, "is past its nextUpdate");
  return {};
}

Result<void> CheckNotOlder(const Crl& next, const std::vector<Crl>& current) {
  for (const Crl& old : current) {
    if (old.HasScopeOf(next) && old.IsNewerThan(next)) {
      return Fail(Reason::kCrlInvalid,
                  "the CRL of " + Quote(next.issuer()) + " is older than the one that is in use");
    }
  }
  return {};
}

// By https only: a list by http would tell anybody on the way who is looked at, and may be
// withheld.
std::vector<std::string> WatchableUrls(const Certificate& certificate) {
  std::vector<std::string> urls;
  for (const CrlDistributionPoint& point : certificate.crl_distribution_points()) {
    for (const std::string& url : point.uris) {
      if (url.starts_with("https://")) urls.push_back(url);
    }
  }
  return urls;
}

std::string Describe(const CrlDocument& document) {
  std::string text;
  for (const Crl& crl : document.crls) {
    text += (text.empty() ? "" : "; ") + crl.issuer() + ", " + std::to_string(crl.entry_count()) +
            " entries, of " + FormatTime(crl.this_update());
    if (crl.next_update()) text += ", next " + FormatTime(*crl.next_update());
  }
  return text;
}

}  // namespace

Result<CrlDocument> CrlDocument::Parse(std::string_view bytes) {
  auto crls = ParseCrls(bytes);
  if (!crls) return crls.error();
  CrlDocument document{std::move(*crls), {}};
  if (LooksLikeDer(bytes)) return document;
  auto signers = ParseBundle(bytes);
  if (signers) {
    document.signers = std::move(*signers);
  } else if (signers.error().reason != Reason::kCertificateUnreadable) {
    return Fail(Reason::kCrlInvalid, "beside the CRL: " + signers.error().detail);
  }
  return document;
}

Result<void> CheckCrlUpdate(const CrlDocument& next, const std::vector<Crl>& current,
                            const std::vector<Certificate>& authorities,
                            const TrustStoreBuilder& trust, sys_seconds now) {
  TrustStoreBuilder builder = trust;
  builder.AddCrlSigners(next.signers);
  const auto store = builder.Build();
  std::vector<Certificate> known = authorities;
  known.insert(known.end(), next.signers.begin(), next.signers.end());
  for (const Crl& crl : next.crls) {
    const CrlJudgement judgement = JudgeCrl(crl, known, *store, now);
    if (judgement.standing != CrlStanding::kAuthentic) {
      return Fail(Reason::kCrlInvalid, judgement.detail);
    }
    if (auto ok = CheckTimes(crl, now); !ok) return ok.error();
    if (auto ok = CheckNotOlder(crl, current); !ok) return ok.error();
  }
  return {};
}

CrlRefresher::CrlRefresher(CrlRefreshOptions options, std::shared_ptr<const Fetcher> fetcher)
    : options_(std::move(options)), fetcher_(std::move(fetcher)) {
  for (const std::string& url : options_.urls) points_.try_emplace(url);
}

bool CrlRefresher::Watch(const std::vector<Certificate>& path) {
  bool added = false;
  for (const Certificate& certificate : path) {
    for (const std::string& url : WatchableUrls(certificate)) {
      if (points_.size() < options_.max_urls) added = points_.try_emplace(url).second || added;
    }
    if (!certificate.is_ca() || KnowsAuthority(certificate)) continue;
    if (authorities_.size() >= options_.max_authorities) continue;
    authorities_.push_back(certificate);
    // A list that nobody could judge may be this CA's.
    for (auto& [url, point] : points_) {
      if (!point.document.crls.empty()) continue;
      point.due = {};
      added = true;
    }
  }
  return added;
}

bool CrlRefresher::KnowsAuthority(const Certificate& certificate) const {
  return std::find(authorities_.begin(), authorities_.end(), certificate) != authorities_.end();
}

bool CrlRefresher::Knows(const std::vector<Certificate>& certificates) const {
  for (const Certificate& certificate : certificates) {
    if (certificate.is_ca() && !KnowsAuthority(certificate)) return false;
    for (const std::string& url : WatchableUrls(certificate)) {
      if (points_.count(url) == 0) return false;
    }
  }
  return true;
}

std::filesystem::path CrlRefresher::KeptPath(const std::string& url) const {
  return *options_.state_dir / ("crl-" + Sha256Hex(url) + ".crl");
}

bool CrlRefresher::LoadKept(const TrustStoreBuilder& trust, sys_seconds now) {
  bool loaded = false;
  if (!options_.state_dir) return loaded;
  for (auto& [url, point] : points_) {
    if (!point.document.crls.empty()) continue;
    const auto bytes = ReadFile(KeptPath(url), kMaxCrlBytes);
    if (!bytes) continue;
    auto document = CrlDocument::Parse(*bytes);
    if (!document || !CheckCrlUpdate(*document, {}, authorities_, trust, now)) continue;
    point.document = std::move(*document);
    loaded = true;
  }
  return loaded;
}

Result<std::string> CrlRefresher::RefreshOne(const std::string& url, Point& point,
                                             const TrustStoreBuilder& trust, sys_seconds now,
                                             const Deadline& deadline) {
  if (fetcher_ == nullptr) return Fail(Reason::kFetchOffline, "nothing may be downloaded");
  auto fetched = fetcher_->Fetch(url, deadline);
  if (!fetched) return fetched.error();
  if (fetched->body.size() > kMaxCrlBytes) return Fail(Reason::kFetchTooLarge, "the CRL");
  auto document = CrlDocument::Parse(fetched->body);
  if (!document) return document.error();
  auto ok = CheckCrlUpdate(*document, point.document.crls, authorities_, trust, now);
  if (!ok) return ok.error();

  point.document = std::move(*document);
  point.due = now + options_.max_age;
  for (const Crl& crl : point.document.crls) point.due = std::min(point.due, *crl.next_update());
  point.due = std::max(point.due, now + options_.min_interval);
  return std::move(fetched->body);
}

// Why it could not be kept, if so. A list counts all the same: a full disk shall not bring the old
// one back.
std::optional<Failure> CrlRefresher::Keep(const std::string& url, std::string_view body) const {
  if (!options_.state_dir) return std::nullopt;
  std::error_code error;
  std::filesystem::create_directories(*options_.state_dir, error);
  const auto written = WriteFile(KeptPath(url), body, FileMode::kPublic);
  if (written) return std::nullopt;
  return written.error();
}

std::vector<CrlUpdate> CrlRefresher::Refresh(const TrustStoreBuilder& trust, sys_seconds now,
                                             const Deadline& deadline) {
  std::vector<CrlUpdate> updates;
  for (auto& [url, point] : points_) {
    if (now < point.due) continue;
    if (fetcher_ == nullptr && !point.document.crls.empty()) continue;
    if (deadline.Passed()) break;
    const auto body = RefreshOne(url, point, trust, now, deadline);
    if (body) {
      point.retry = std::chrono::seconds(0);
      updates.push_back({url, std::nullopt, Keep(url, *body), true, Describe(point.document)});
      continue;
    }
    point.retry = std::clamp(point.retry * 2, options_.min_interval,
                             std::max(options_.min_interval, options_.max_retry));
    point.due = now + point.retry;
    updates.push_back(
        {url, body.error(), std::nullopt, !point.document.crls.empty(), Describe(point.document)});
  }
  return updates;
}

void CrlRefresher::AddTo(TrustStoreBuilder& builder) const {
  for (const auto& [url, point] : points_) {
    for (const Crl& crl : point.document.crls) builder.AddCrl(crl);
    builder.AddCrlSigners(point.document.signers);
  }
}

}  // namespace callvet
