// SPDX-License-Identifier: MIT
#include "repository/crl_refresh.h"

#include <algorithm>
#include <initializer_list>
#include <new>
#include <set>
#include <system_error>
#include <utility>

#include "base/file.h"
#include "base/text.h"
#include "pki/pem.h"
#include "pki/revocation.h"
#include "pki/sha256.h"

namespace callvet {
namespace {

constexpr size_t kMaxListsSearched = 4;  // lists of a document whose signer is sought
constexpr size_t kMaxSignerUrls = 2;     // of one document (VS choice)
// A server that is asked for a signer's certificate has this long.
constexpr std::chrono::milliseconds kSignerPatience{5'000};
// A server that had this long had its chance.
constexpr std::chrono::milliseconds kFairShare{1'000};
constexpr size_t kMaxSignerBytes = size_t{64} * 1024;  // at one of them, as at an x5u
constexpr size_t kMaxKeptBytes = 2 * kMaxCrlBytes;     // DER may have become PEM

// What the next of `count` may take of the time that is left.
Deadline ShareOf(const Deadline& whole, size_t count) {
  const std::chrono::milliseconds left = whole.Left();
  return Deadline::After(
      std::max(left / static_cast<int64_t>(count), std::min(left / 2, kFairShare)));
}

Failure Stale(const Crl& crl, std::string_view why) {
  return Fail(Reason::kCrlStale, "the CRL of " + Quote(crl.issuer()) + " " + std::string(why));
}

Result<void> CheckTimes(const Crl& crl, sys_seconds now) {
  if (crl.this_update() > now + kCrlClockSkew) return Stale(crl, "is from the future");
  if (!crl.next_update()) return Stale(crl, "has no nextUpdate");
  if (now > *crl.next_update()) return Stale(crl, "is past its nextUpdate");
  return {};
}

Result<void> CheckTimes(const CrlDocument& document, sys_seconds now) {
  for (const Crl& crl : document.crls) {
    if (auto ok = CheckTimes(crl, now); !ok) return ok;
  }
  return {};
}

// Whether a stale `next` is more than what is at hand: nothing, or older lists that are stale too.
bool SaysMore(const CrlDocument& next, const CrlDocument& at_hand, sys_seconds now) {
  if (at_hand.crls.empty()) return true;
  if (CheckTimes(at_hand, now)) return false;
  return std::all_of(next.crls.begin(), next.crls.end(), [&](const Crl& crl) {
    return std::none_of(at_hand.crls.begin(), at_hand.crls.end(), [&](const Crl& old) {
      return old.HasScopeOf(crl) && !crl.IsNewerThan(old);
    });
  });
}

// The store that judges lists beside which `documents` bring certificates.
std::shared_ptr<const TrustStore> StoreWith(const TrustStoreBuilder& trust,
                                            std::initializer_list<const CrlDocument*> documents) {
  TrustStoreBuilder builder = trust;
  for (const CrlDocument* document : documents) builder.AddCrlSigners(document->signers);
  return builder.Build();
}

// kIssuerUnknown if that holds for any of its lists. Fails with kCrlInvalid if any is forged.
Result<CrlStanding> StandingOf(const CrlDocument& document,
                               const std::vector<Certificate>& authorities, const TrustStore& store,
                               sys_seconds now) {
  std::vector<Certificate> known = authorities;
  known.insert(known.end(), document.signers.begin(), document.signers.end());
  CrlJudge judge(known, store, now);
  CrlStanding standing = CrlStanding::kAuthentic;
  for (const Crl& crl : document.crls) {
    const CrlJudgement judgement = judge.Judge(crl);
    if (judgement.standing == CrlStanding::kForged) {
      return Fail(Reason::kCrlInvalid, judgement.detail);
    }
    if (judgement.standing == CrlStanding::kIssuerUnknown) standing = judgement.standing;
  }
  return standing;
}

bool IsHttps(std::string_view url) {
  return EqualsIgnoreCase(url.substr(0, 8), "https://");
}

// The https URLs at which the lists say that their signers' certificates are.
std::vector<std::string> SignerUrls(const CrlDocument& document) {
  std::vector<std::string> urls;
  for (const Crl& crl : document.crls) {
    for (const std::string& url : crl.signer_urls()) {
      if (urls.size() >= kMaxSignerUrls) return urls;
      const bool known = std::find(urls.begin(), urls.end(), url) != urls.end();
      if (!known && IsHttps(url)) urls.push_back(url);
    }
  }
  return urls;
}

Result<CertificateBundle> FetchSigners(const Fetcher& fetcher, const std::string& url,
                                       const Deadline& deadline,
                                       std::unique_lock<TimedMutex>& turn) {
  const Unlocked others(turn);
  const auto fetched = fetcher.Fetch(url, UrlUse::kDocument, deadline);
  if (!fetched) return fetched.error();
  if (fetched->body.size() > kMaxSignerBytes) {
    return Fail(Reason::kFetchTooLarge, "more than " + std::to_string(kMaxSignerBytes) + " bytes");
  }
  return ParseBundle(fetched->body);
}

// Who only has the name of a list's issuer is left out: few of one name are tried at its use.
bool MayHelp(const Certificate& signer, const CrlDocument& document) {
  const auto named = [&](const Crl& crl) { return crl.issuer_der() == signer.subject_der(); };
  const auto made = [&](const Crl& crl) { return crl.SignedBy(signer); };
  return std::none_of(document.crls.begin(), document.crls.end(), named) ||
         std::any_of(document.crls.begin(), document.crls.end(), made);
}

// No more signers than Parse takes, when the document was kept.
void AddSigners(CrlDocument& document, const CertificateBundle& signers) {
  CertificateBundle& all = document.signers;
  for (const Certificate& signer : signers) {
    if (all.size() >= kMaxBundleCertificates) return;
    if (std::find(all.begin(), all.end(), signer) != all.end()) continue;
    if (MayHelp(signer, document)) all.push_back(signer);
  }
}

Result<void> CheckNotOlder(const Crl& next, const CrlDocument& current) {
  for (const Crl& old : current.crls) {
    if (old.HasScopeOf(next) && old.IsNewerThan(next)) {
      return Fail(Reason::kCrlInvalid,
                  "the CRL of " + Quote(next.issuer()) + " is older than the one that is in use");
    }
  }
  return {};
}

// The name of the file that keeps the list of `url`.
std::string KeptName(const std::string& url) {
  return "crl-" + Sha256Hex(url) + ".crl";
}

// That of a list of `kept` that waits for its CA to be known.
std::string WaitingName(const std::string& kept) {
  return kept + ".new";
}

bool IsKeptName(const std::string& name) {
  return name.size() == KeptName({}).size() && name.starts_with("crl-") && name.ends_with(".crl");
}

// By https only: a list by http would tell anybody on the way who is looked at, and may be
// withheld.
std::vector<std::string> WatchableUrls(const Certificate& certificate, size_t max) {
  std::vector<std::string> urls;
  for (const CrlDistributionPoint& point : certificate.crl_distribution_points()) {
    for (const std::string& url : point.uris) {
      if (urls.size() < max && IsHttps(url)) urls.push_back(url);
    }
  }
  return urls;
}

std::string Describe(const CrlDocument& document, std::string_view remark = {}) {
  std::string text;
  for (const Crl& crl : document.crls) {
    text += (text.empty() ? "" : "; ") + std::string(remark) + crl.issuer() + ", " +
            std::to_string(crl.entry_count()) + " entries, of " + FormatTime(crl.this_update());
    if (crl.next_update()) text += ", next " + FormatTime(*crl.next_update());
  }
  return text;
}

}  // namespace

Result<CrlDocument> CrlDocument::Parse(std::string_view bytes) {
  auto crls = ParseCrls(bytes);
  if (!crls) return crls.error();
  CrlDocument document{std::move(*crls), {}};
  if (LooksLikeDer(bytes) || !HoldsCertificates(bytes)) return document;
  auto signers = ParseBundle(bytes);
  if (!signers) return Fail(Reason::kCrlInvalid, "beside the CRL: " + signers.error().detail);
  document.signers = std::move(*signers);
  return document;
}

std::string CrlDocument::ToPem() const {
  std::string pem;
  for (const Crl& crl : crls) pem += WritePem("X509 CRL", crl.der());
  for (const Certificate& signer : signers) pem += WritePem("CERTIFICATE", signer.der());
  return pem;
}

CrlRefresher::CrlRefresher(CrlRefreshOptions options, std::shared_ptr<const Fetcher> fetcher)
    : options_(std::move(options)), fetcher_(std::move(fetcher)) {
  for (const std::string& url : options_.urls) AddPoint(url, Origin::kOptions);
}

bool CrlRefresher::Watch(const std::vector<Certificate>& path) {
  bool added = false;
  for (const Certificate& certificate : path) {
    for (const std::string& url : WatchableUrls(certificate, options_.max_urls_each)) {
      if (points_.count(url) != 0) continue;
      if (MakeRoom()) {
        added = AddPoint(url, Origin::kWatched) || added;
        points_.at(url).wanted = true;
      } else {
        full_ = true;
      }
    }
    if (!certificate.is_ca() || KnowsAuthority(certificate)) continue;
    if (authorities_.size() >= options_.max_authorities) continue;
    authorities_.push_back(certificate);
    // A list that nobody could judge may be this CA's.
    for (auto& [url, point] : points_) {
      if (!point.waits() && point.failed != Reason::kCrlInvalid) continue;
      point.due = {};
      point.wanted = true;
      added = true;
    }
  }
  return added;
}

// True if there is room for one more URL. A URL that was tried and never gave a list goes first:
// certificates may name any number of them.
bool CrlRefresher::MakeRoom() {
  if (points_.size() < options_.max_urls) return true;
  for (auto it = points_.begin(); it != points_.end(); ++it) {
    const Point& point = it->second;
    if (point.origin == Origin::kOptions || !point.empty() || point.retry.count() == 0) continue;
    if (point.being_asked) continue;
    points_.erase(it);
    return true;
  }
  return false;
}

bool CrlRefresher::KnowsAuthority(const Certificate& certificate) const {
  return std::find(authorities_.begin(), authorities_.end(), certificate) != authorities_.end();
}

bool CrlRefresher::Knows(const std::vector<Certificate>& certificates) const {
  for (const Certificate& certificate : certificates) {
    if (certificate.is_ca() && !KnowsAuthority(certificate)) return false;
    for (const std::string& url : WatchableUrls(certificate, options_.max_urls_each)) {
      if (points_.count(url) == 0) return false;
    }
  }
  return true;
}

bool CrlRefresher::AddPoint(const std::string& url, Origin origin) {
  const auto [position, added] = points_.try_emplace(url);
  if (!added) return false;
  position->second.origin = origin;
  if (auto kept = kept_.extract(KeptName(url))) {
    Point& point = position->second;
    point.document = std::move(kept.mapped().document);
    point.unproven = kept.mapped().unproven;
    point.waiting = std::move(kept.mapped().waiting);
  }
  return true;
}

void CrlRefresher::Point::TakeKept(JudgedCrls kept) {
  document = std::move(kept.document);
  unproven = kept.standing == CrlStanding::kIssuerUnknown;
}

void CrlRefresher::Point::TakeNew(JudgedCrls next) {
  if (next.standing == CrlStanding::kIssuerUnknown) {
    waiting = std::move(next.document);
    return;
  }
  document = std::move(next.document);
  unproven = false;
  waiting = {};
}

Result<std::optional<CrlRefresher::JudgedCrls>> CrlRefresher::ReadKept(
    const std::string& name, const TrustStoreBuilder& trust, sys_seconds now) const {
  const std::filesystem::path path = *options_.state_dir / name;
  const auto bytes = ReadFileIfThere(path, kMaxKeptBytes);
  if (!bytes) return bytes.error();
  if (!*bytes) return std::optional<JudgedCrls>();
  auto document = CrlDocument::Parse(**bytes);
  if (!document) {
    return Fail(document.error().reason, path.string() + ": " + document.error().detail);
  }
  const auto store = StoreWith(trust, {&*document});
  // It was authentic when it was written; its CA may come to be known with the first chain.
  const auto standing = StandingOf(*document, authorities_, *store, now);
  if (!standing) return std::optional<JudgedCrls>();
  return std::optional<JudgedCrls>({std::move(*document), *standing});
}

KeptLists CrlRefresher::LoadKept(const TrustStoreBuilder& trust, sys_seconds now) {
  KeptLists lists;
  if (!options_.state_dir) return lists;
  for (auto& [url, point] : points_) {
    if (point.empty()) LoadPoint(KeptName(url), point, trust, now, lists);
  }
  return lists;
}

// The kept list, and the one that waited beside it.
void CrlRefresher::LoadPoint(const std::string& name, Point& point, const TrustStoreBuilder& trust,
                             sys_seconds now, KeptLists& lists) {
  auto kept = ReadKept(name, trust, now);
  auto waiting = ReadKept(WaitingName(name), trust, now);
  for (const auto* read : {&kept, &waiting}) {
    if (!*read && !lists.failure) lists.failure = read->error();
  }
  const auto is_newer = [&](const JudgedCrls& next) {
    const auto& crls = next.document.crls;
    return std::all_of(crls.begin(), crls.end(), [&](const Crl& crl) {
      return CheckNotOlder(crl, point.document).has_value();
    });
  };
  if (kept && *kept && is_newer(**kept)) {
    point.waiting = {};
    point.TakeKept(std::move(**kept));
    ++taken_;
  }
  if (waiting && *waiting && is_newer(**waiting)) {
    point.TakeNew(std::move(**waiting));
    ++taken_;
  }
}

KeptLists CrlRefresher::LoadAllKept(const TrustStoreBuilder& trust, sys_seconds now) {
  KeptLists lists = LoadKept(trust, now);
  if (!options_.state_dir) return lists;
  // Without downloads others bring the lists: what they keep now is read again.
  const bool others_keep = fetcher_ == nullptr;
  for (auto& [url, point] : points_) {
    if (others_keep && !point.empty()) LoadPoint(KeptName(url), point, trust, now, lists);
  }
  for (auto& [name, kept] : kept_) {
    if (others_keep) LoadPoint(name, kept, trust, now, lists);
  }
  std::error_code error;
  (void)std::filesystem::status(*options_.state_dir, error);
  if (error == std::errc::no_such_file_or_directory) return lists;
  const auto files = ListFiles(*options_.state_dir / "");  // fails for what is no directory
  if (!files) {
    lists.failure = files.error();
    return lists;
  }
  std::set<std::string> of_points;
  for (const auto& [url, point] : points_) of_points.insert(KeptName(url));
  for (const auto& file : *files) {
    const std::string name = file.filename().string();
    if (!IsKeptName(name) || of_points.count(name) != 0 || kept_.count(name) != 0) continue;
    if (kept_.size() >= options_.max_urls) {
      ++lists.left_out;
      continue;
    }
    Point kept;
    LoadPoint(name, kept, trust, now, lists);
    if (!kept.empty()) kept_.emplace(name, std::move(kept));
  }
  return lists;
}

// Whoever made `document`, if neither it nor `trust` shows him: the signers of the list at hand, or
// those that it names itself. Without one that may have made it nothing changes.
CrlRefresher::SignerSearch CrlRefresher::FindSigners(CrlDocument& document, const Point& point,
                                                     const CurrentTrust& trust, sys_seconds now,
                                                     const Deadline& deadline,
                                                     std::unique_lock<TimedMutex>& turn) const {
  const auto standing = [&](const CrlDocument& judged) {
    return StandingOf(judged, authorities_, *StoreWith(trust(), {&judged}), now);
  };
  // Many lists times many signers would be much work for a stranger's document.
  if (document.crls.size() > kMaxListsSearched || standing(document)) return {};
  const auto take = [&](const CrlDocument& complete) {
    const auto judged = standing(complete);
    if (!judged || *judged != CrlStanding::kAuthentic) return false;
    document = complete;
    return true;
  };
  CrlDocument complete = document;
  for (const CrlDocument* old : {&point.document, &point.waiting}) {
    AddSigners(complete, old->signers);
  }
  if (take(complete)) return {true, ""};
  complete = document;
  SignerSearch search;
  for (const std::string& url : SignerUrls(document)) {
    const auto signers = FetchSigners(
        *fetcher_, url, Deadline::After(std::min(deadline.Left(), kSignerPatience)), turn);
    if (!signers) {
      search.trouble += "; its signer's certificate at " + Quote(url, 200) + ": " +
                        std::string(Info(signers.error().reason).id) + ": " +
                        signers.error().detail;
      continue;
    }
    AddSigners(complete, *signers);
    if (take(complete)) return {true, ""};
  }
  return search;
}

// `next` if it may take the place of what `point` has, or wait beside it.
Result<CrlRefresher::JudgedCrls> CrlRefresher::CheckNext(CrlDocument next, const Point& point,
                                                         const TrustStoreBuilder& trust,
                                                         sys_seconds now) const {
  const auto store = StoreWith(trust, {&next, &point.document, &point.waiting});
  const auto standing = StandingOf(next, authorities_, *store, now);
  if (!standing) return standing.error();
  const bool may_wait =
      point.origin == Origin::kOptions && (point.document.crls.empty() || point.unproven);
  if (*standing == CrlStanding::kIssuerUnknown && !may_wait) {
    return Fail(Reason::kCrlInvalid, "it is of a CA that is not known yet");
  }
  std::optional<Failure> stale;
  if (auto current = CheckTimes(next, now); !current) {
    stale = current.error();
    const bool counts = *standing == CrlStanding::kAuthentic && SaysMore(next, point.document, now);
    if (!counts) return *stale;
  }
  for (const CrlDocument* old : {&point.document, &point.waiting}) {
    // What turns out to be forged now that its CA is known must not keep a good list out.
    if (!StandingOf(*old, authorities_, *store, now)) continue;
    for (const Crl& crl : next.crls) {
      if (auto ok = CheckNotOlder(crl, *old); !ok) return ok.error();
    }
  }
  return JudgedCrls{std::move(next), *standing, std::move(stale)};
}

Result<CrlRefresher::Taken> CrlRefresher::RefreshOne(const std::string& url, Point& point,
                                                     const CurrentTrust& trust, sys_seconds now,
                                                     const Deadline& deadline,
                                                     std::unique_lock<TimedMutex>& turn) {
  if (fetcher_ == nullptr) return Fail(Reason::kFetchOffline, "nothing may be downloaded");
  struct Asking {
    Point& point;
    explicit Asking(Point& asked) : point(asked) { point.being_asked = true; }
    ~Asking() { point.being_asked = false; }
  } const asking(point);
  auto fetched = [&] {
    const Unlocked others(turn);
    return fetcher_->Fetch(url, UrlUse::kDocument, deadline);
  }();
  if (!fetched) return fetched.error();
  if (fetched->body.size() > kMaxCrlBytes) return Fail(Reason::kFetchTooLarge, "the CRL");
  auto document = CrlDocument::Parse(fetched->body);
  if (!document) return document.error();
  const SignerSearch search = FindSigners(*document, point, trust, now, deadline, turn);
  auto next = CheckNext(std::move(*document), point, trust(), now);
  if (!next) return Fail(next.error().reason, next.error().detail + search.trouble);

  Taken taken{search.found ? next->document.ToPem() : std::move(fetched->body),
              std::move(next->stale)};
  if (taken.stale) {
    RetryLater(point, now);
  } else {
    point.retry = std::chrono::seconds(0);
    point.due = now + options_.max_age;
    for (const Crl& crl : next->document.crls) point.due = std::min(point.due, *crl.next_update());
    point.due = std::max(point.due, now + options_.min_interval);
  }
  point.TakeNew(std::move(*next));
  ++taken_;
  return taken;
}

void CrlRefresher::RetryLater(Point& point, sys_seconds now) const {
  point.retry = std::clamp(point.retry * 2, options_.min_interval,
                           std::max(options_.min_interval, options_.max_retry));
  point.due = now + point.retry;
}

// Why it could not be kept, if so. A list counts all the same: a full disk shall not bring the old
// one back.
std::optional<Failure> CrlRefresher::Keep(const std::string& name, std::string_view body) const {
  if (!options_.state_dir || options_.state_use == StateUse::kReadOnly) return std::nullopt;
  std::error_code error;
  std::filesystem::create_directories(*options_.state_dir, error);
  const auto written = WriteFile(*options_.state_dir / name, body, FileMode::kPublic);
  if (written) return std::nullopt;
  return written.error();
}

void CrlRefresher::Forget(const std::string& name) const {
  if (!options_.state_dir || options_.state_use == StateUse::kReadOnly) return;
  std::error_code ignored;
  std::filesystem::remove(*options_.state_dir / name, ignored);
}

std::string CrlRefresher::Describe(const Point& point) {
  const std::string waiting = callvet::Describe(point.waiting, "waiting for its CA to be known: ");
  const std::string good = callvet::Describe(point.document);
  return good + (good.empty() || waiting.empty() ? "" : "; ") + waiting;
}

// What failed before comes last: it may hang again.
std::vector<std::string> CrlRefresher::Due(Which which, sys_seconds now) const {
  std::vector<std::pair<std::chrono::seconds, std::string>> due;
  for (const auto& [url, point] : points_) {
    if (now < point.due || point.being_asked) continue;
    if (which == Which::kWanted && !point.wanted) continue;
    if (which == Which::kOptions && point.origin != Origin::kOptions) continue;
    if (fetcher_ == nullptr && !point.empty()) continue;
    due.emplace_back(point.retry, url);
  }
  std::sort(due.begin(), due.end());
  std::vector<std::string> urls;
  urls.reserve(due.size());
  for (auto& [retry, url] : due) urls.push_back(std::move(url));
  return urls;
}

CrlUpdate CrlRefresher::Ask(const std::string& url, Point& point, const CurrentTrust& trust,
                            sys_seconds now, const Deadline& share,
                            std::unique_lock<TimedMutex>& turn) {
  const Stopwatch asked;
  point.wanted = false;
  auto taken = RefreshOne(url, point, trust, now, share, turn);
  point.failed = taken ? Reason::kNone : taken.error().reason;
  if (taken) {
    // One that waits is judged again when it is read, and not written over what was kept.
    const std::string name = KeptName(url);
    const bool waits = !point.waiting.crls.empty() && !point.document.crls.empty();
    auto not_kept = Keep(waits ? WaitingName(name) : name, taken->body);
    if (!waits && !not_kept) Forget(WaitingName(name));
    return {url, std::move(taken->stale), true, std::move(not_kept), true, Describe(point)};
  }
  // A caller in a hurry says nothing about the server.
  if (!share.Passed() || asked.Elapsed() >= kFairShare) RetryLater(point, now);
  return {url, taken.error(), false, std::nullopt, !point.empty(), Describe(point)};
}

std::vector<CrlUpdate> CrlRefresher::Refresh(Which which, const CurrentTrust& trust,
                                             sys_seconds now, const Deadline& deadline,
                                             std::unique_lock<TimedMutex>& turn) {
  std::vector<CrlUpdate> updates;
  const std::vector<std::string> due = Due(which, now);
  for (size_t i = 0; i < due.size() && !deadline.Passed(); ++i) {
    const auto found = points_.find(due[i]);
    // Others were at it meanwhile.
    if (found == points_.end() || found->second.being_asked || now < found->second.due) continue;
    const Deadline share = ShareOf(deadline, due.size() - i);
    try {
      updates.push_back(Ask(due[i], found->second, trust, now, share, turn));
    } catch (const std::bad_alloc&) {
      // It may ask for more memory than there ever is: not in every round, nor instead of others.
      const auto point = points_.find(due[i]);
      if (point == points_.end()) continue;
      RetryLater(point->second, now);
      updates.push_back({due[i], Fail(Reason::kInternalError, "no memory"), false, std::nullopt,
                         !point->second.empty(), Describe(point->second)});
    }
  }
  return updates;
}

void CrlRefresher::AddTo(TrustStoreBuilder& builder) const {
  const auto add = [&builder](const CrlDocument& document) {
    for (const Crl& crl : document.crls) builder.AddCrl(crl);
    builder.AddCrlSigners(document.signers);
  };
  for (const auto& [url, point] : points_) {
    add(point.document);
    add(point.waiting);
  }
  for (const auto& [name, kept] : kept_) {
    add(kept.document);
    add(kept.waiting);
  }
}

}  // namespace callvet
