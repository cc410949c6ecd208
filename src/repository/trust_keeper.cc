// SPDX-License-Identifier: MIT
#include "repository/trust_keeper.h"

#include <utility>

#include "base/file.h"
#include "base/stages.h"
#include "base/text.h"
#include "pki/chain.h"
#include "pki/revocation.h"

namespace callvet {
namespace {

using Kind = TrustSource::Kind;

// As many as there are certificates in use, with room (VS choice).
constexpr size_t kMaxWatched = 16'384;
// Bundles that are tried again with every new snapshot: strangers choose them (VS choice).
constexpr size_t kMaxUnproven = 256;

CrlRefreshOptions WithState(const TrustInputs& inputs) {
  CrlRefreshOptions options = inputs.crl_refresh;
  if (inputs.state_dir) options.state_dir = *inputs.state_dir;
  options.state_use = inputs.state_use;
  return options;
}

Failure InFile(const std::filesystem::path& path, const Failure& failure) {
  return Fail(failure.reason, path.string() + ": " + failure.detail);
}

// Puts a line about `name` into the report; true if `result` is good.
bool Report(TrustReport& report, Kind kind, const std::string& name, const Result<void>& result,
            std::string detail = {}) {
  TrustSource source{kind, name, std::nullopt, result.has_value(), std::move(detail), std::nullopt};
  if (!result) source.failure = result.error();
  report.sources.push_back(std::move(source));
  return result.has_value();
}

std::string Describe(const AcceptedTrustList& accepted) {
  const TrustList& list = accepted.list;
  return "sequence " + std::to_string(list.sequence()) + ", " +
         std::to_string(list.anchors().size()) + " anchors, accepted at " +
         FormatTime(accepted.accepted_at) + ", expires at " + FormatTime(list.expires());
}

// Judged when all anchors and CRL signers are known. A direct list of a CA that is not known yet is
// used: every use of it judges its signature again.
Result<void> CheckCrlFile(const CrlDocument& document, const std::vector<Crl>& in_use,
                          const TrustStore& trust, sys_seconds now) {
  CrlJudge judge(document.signers, trust, now);
  for (const Crl& crl : document.crls) {
    const CrlJudgement judgement = judge.Judge(crl);
    if (judgement.standing == CrlStanding::kForged) {
      return Fail(Reason::kCrlInvalid, judgement.detail);
    }
    for (const Crl& old : in_use) {
      if (old.HasScopeOf(crl) && old.IsNewerThan(crl)) {
        return Fail(Reason::kCrlInvalid, "older than the list that is in use");
      }
    }
  }
  return {};
}

// A direct list counts for what its own issuer issued. That of a known signer of indirect ones, who
// issues nothing that calls are signed with, says nothing of anybody.
std::string WhyIdle(const CrlDocument& document, const TrustStore& trust, sys_seconds now) {
  CrlJudge judge(document.signers, trust, now);
  for (const Crl& crl : document.crls) {
    const auto is_issuer = [&](const Certificate& signer) {
      return signer.subject_der() == crl.issuer_der();
    };
    const bool of_signer =
        std::any_of(trust.crl_anchors().begin(), trust.crl_anchors().end(), is_issuer) ||
        std::any_of(trust.crl_signers().begin(), trust.crl_signers().end(), is_issuer);
    if (crl.indirect() || !of_signer) continue;
    if (judge.Judge(crl).standing == CrlStanding::kAuthentic) continue;
    return "has no effect: the list of " + Quote(crl.issuer()) +
           " is not marked as indirect (C-33), so it says nothing of certificates that others "
           "issued";
  }
  return {};
}

// The chain of a list's signer, from its file or x5u.
Result<CertificateBundle> SignerChain(const TrustInputs& inputs, const SignedTrustList& list,
                                      const Deadline& deadline) {
  if (inputs.trust_list_chain) {
    const auto bytes = ReadFile(*inputs.trust_list_chain);
    if (!bytes) return bytes.error();
    auto bundle = ParseBundle(*bytes);
    if (!bundle) return InFile(*inputs.trust_list_chain, bundle.error());
    return bundle;
  }
  const auto unavailable = [&](const Failure& why) {
    return Fail(Reason::kTrustListNotAvailable, "the signer's chain at " + Quote(list.x5u(), 200) +
                                                    ": " + std::string(Info(why.reason).id) + ": " +
                                                    why.detail);
  };
  if (inputs.fetcher == nullptr) {
    return unavailable(Fail(Reason::kFetchOffline, "nothing may be fetched"));
  }
  const auto document = inputs.fetcher->Fetch(list.x5u(), UrlUse::kX5u, deadline);
  if (!document) return unavailable(document.error());
  auto bundle = ParseBundle(document->body);
  if (!bundle) return unavailable(bundle.error());
  return bundle;
}

Result<TrustListDocument> DownloadList(const TrustInputs& inputs, const Deadline& deadline) {
  const auto bytes = inputs.trust_list_client->Download(deadline);
  if (!bytes) return bytes.error();
  const auto list = SignedTrustList::Parse(*bytes);
  if (!list) return InFile(inputs.trust_list_client->Name(), list.error());
  auto chain = SignerChain(inputs, *list, deadline);
  if (!chain) return chain.error();
  return TrustListDocument{list->Compact(), std::move(*chain)};
}

}  // namespace

std::string_view TrustSourceKindName(TrustSource::Kind kind) {
  switch (kind) {
    case Kind::kAnchors:
      return "anchors";
    case Kind::kCrlAnchors:
      return "crl-anchors";
    case Kind::kCrlSigners:
      return "crl-signers";
    case Kind::kCrlFile:
      return "crl-file";
    case Kind::kCrlUrl:
      return "crl-url";
    case Kind::kListRoots:
      return "trust-list-roots";
    case Kind::kTrustList:
      return "trust-list";
    case Kind::kStateDir:
      return "state-dir";
  }
  return "";
}

std::optional<Failure> TrustReport::FirstFailure() const {
  for (const TrustSource& source : sources) {
    if (source.failure) return source.failure;
  }
  return std::nullopt;
}

std::optional<Failure> TrustReport::FirstUnusable() const {
  for (const TrustSource& source : sources) {
    if (source.failure && !source.in_use && !source.expired) return source.failure;
  }
  return std::nullopt;
}

std::optional<Failure> TrustReport::FirstUnusableFile() const {
  for (const TrustSource& source : sources) {
    const bool served = source.kind == Kind::kCrlUrl || source.kind == Kind::kTrustList;
    if (source.failure && !source.in_use && !served) return source.failure;
  }
  return std::nullopt;
}

struct TrustKeeper::Files {
  TrustStoreBuilder builder;
  std::vector<Crl> crls;
  std::shared_ptr<const TrustStore> list_roots;
};

TrustKeeper::TrustKeeper(TrustInputs inputs)
    : inputs_(std::move(inputs)),
      list_roots_(TrustStoreBuilder().Build()),
      list_state_(inputs_.state_dir),
      crls_(WithState(inputs_), inputs_.crl_fetcher),
      snapshot_(TrustStoreBuilder().Build()) {}

// Everything from files, or nothing: a line for each in the report.
Result<TrustKeeper::Files> TrustKeeper::ReadFiles(sys_seconds now, TrustReport& report) const {
  Files files;
  TrustStoreBuilder roots;
  bool good = true;
  for (const auto& path : inputs_.anchors) {
    good = Report(report, Kind::kAnchors, path.string(), files.builder.AddAnchorPath(path)) && good;
  }
  if (inputs_.anchor_directory) {
    const std::filesystem::path& path = *inputs_.anchor_directory;
    const auto count = files.builder.AddAnchorDirectory(path);
    const auto outcome = count ? Result<void>() : Result<void>(count.error());
    const bool empty = count && *count == 0;
    good = Report(report, Kind::kAnchors, path.string(), outcome,
                  empty ? "no certificate in this directory (*.pem, *.crt, *.cer, *.der)" : "") &&
           good;
  }
  for (const auto& path : inputs_.crl_anchors) {
    good = Report(report, Kind::kCrlAnchors, path.string(), files.builder.AddCrlAnchorPath(path)) &&
           good;
  }
  for (const auto& path : inputs_.crl_signers) {
    good = Report(report, Kind::kCrlSigners, path.string(), files.builder.AddCrlSignerFile(path)) &&
           good;
  }
  for (const auto& path : inputs_.trust_list_roots) {
    good = Report(report, Kind::kListRoots, path.string(), roots.AddAnchorPath(path)) && good;
  }
  std::vector<std::pair<std::string, CrlDocument>> documents;
  for (const auto& path : inputs_.crls) {
    const auto bytes = ReadFile(path);
    if (!bytes) {
      good = Report(report, Kind::kCrlFile, path.string(), bytes.error());
      continue;
    }
    auto document = CrlDocument::Parse(*bytes);
    if (document) {
      files.builder.AddCrlSigners(document->signers);
      documents.emplace_back(path.string(), std::move(*document));
    } else {
      good = Report(report, Kind::kCrlFile, path.string(), InFile(path, document.error()));
    }
  }
  const auto trust = WithList(files.builder, now).Build();
  for (const auto& [name, document] : documents) {
    auto usable = CheckCrlFile(document, file_crls_, *trust, now);
    if (!usable) usable = InFile(name, usable.error());
    good = Report(report, Kind::kCrlFile, name, usable) && good;
    if (std::string why = usable ? WhyIdle(document, *trust, now) : ""; !why.empty()) {
      report.sources.back().idle = true;
      report.sources.back().detail = std::move(why);
    }
    for (const Crl& crl : document.crls) {
      files.builder.AddCrl(crl);
      files.crls.push_back(crl);
    }
  }
  if (!good) return *report.FirstFailure();
  files.list_roots = roots.Build();
  return files;
}

// False if something there cannot be read. A kept trust list that can be read and is no good is
// UpdateList's to report.
bool TrustKeeper::ReadState(const Files& files, sys_seconds now, TrustReport& report) {
  if (!inputs_.state_dir) return true;
  const KeptLists kept = crls_.LoadAllKept(WithList(files.builder, now), now);
  Result<void> outcome = kept.failure ? Result<void>(*kept.failure) : Result<void>();
  if (outcome && !inputs_.trust_list_roots.empty()) {
    const auto list = list_state_.Load(*files.list_roots);
    if (!list && list.error().reason == Reason::kFileUnreadable) outcome = list.error();
  }
  const bool good = Report(report, Kind::kStateDir, inputs_.state_dir->string(), outcome);
  if (good && kept.left_out > 0) {
    report.sources.back().failure =
        Fail(Reason::kCrlNotAvailable, std::to_string(kept.left_out) +
                                           " of the lists that are kept there are not read: more "
                                           "than " +
                                           std::to_string(inputs_.crl_refresh.max_urls) +
                                           " of addresses that nobody named yet");
  }
  return good;
}

TrustStoreBuilder TrustKeeper::WithList(TrustStoreBuilder builder, sys_seconds now) const {
  builder.SetRevocationPolicy(inputs_.revocation_policy);
  builder.SetCrlGrace(inputs_.crl_grace);
  if (list_ && !list_->list.ExpiredAt(now)) {
    builder.SetListedAnchors(list_->list.anchors(), list_->list.expires());
  }
  return builder;
}

Result<AcceptableTrustList> TrustKeeper::CheckList(const TrustInputs& inputs, sys_seconds now,
                                                   const Deadline& deadline) {
  TrustStoreBuilder roots;
  for (const auto& path : inputs.trust_list_roots) {
    if (auto ok = roots.AddAnchorPath(path); !ok) return ok.error();
  }
  const auto document = DownloadList(inputs, deadline);
  if (!document) return document.error();
  return TrustListState(inputs.state_dir).Check(*document, *roots.Build(), now);
}

Result<AcceptedTrustList> TrustKeeper::Accept(const TrustListDocument& document, sys_seconds now) {
  if (inputs_.state_use == StateUse::kReadAndWrite) {
    return list_state_.Accept(document, *list_roots_, now);
  }
  auto acceptable = list_state_.Check(document, *list_roots_, now);
  if (!acceptable) return acceptable.error();
  return AcceptedTrustList{std::move(acceptable->list), now};
}

void TrustKeeper::UpdateList(sys_seconds now, const Deadline& deadline, TrustReport& report,
                             std::unique_lock<TimedMutex>& turn) {
  if (inputs_.trust_list_roots.empty()) return;
  const std::string name = inputs_.trust_list_client ? inputs_.trust_list_client->Name()
                           : inputs_.state_dir       ? inputs_.state_dir->string()
                                                     : "";
  auto kept = list_state_.Load(*list_roots_);
  Result<void> outcome = kept ? Result<void>() : Result<void>(kept.error());
  // One that was accepted counts on while its file cannot be read or is gone. While it cannot be
  // read no other replaces it: the file is the guard against older ones.
  if (kept && *kept) list_ = std::move(*kept);
  if (kept && inputs_.trust_list_client) {
    list_due_ = now + inputs_.trust_list_retry;  // nobody else asks meanwhile
    const auto document = [&] {
      const Unlocked others(turn);
      return DownloadList(inputs_, deadline);
    }();
    auto accepted = document ? Accept(*document, now) : Result<AcceptedTrustList>(document.error());
    if (accepted) {
      list_ = std::move(*accepted);
    } else {
      outcome = document ? InFile(name, accepted.error()) : accepted.error();
    }
  } else if (kept && !list_) {
    outcome = Fail(Reason::kTrustListNotAvailable, "no list was ever accepted, and none is given");
  } else if (list_ && list_->list.ExpiredAt(now)) {
    outcome = Fail(Reason::kTrustListExpired,
                   "the kept list expired at " + FormatTime(list_->list.expires()));
  }
  list_due_ = now + NextLook(outcome ? inputs_.trust_list_interval : inputs_.trust_list_retry, now);
  Report(report, Kind::kTrustList, name, outcome, list_ ? Describe(*list_) : "no list");
  report.sources.back().in_use = list_ && !list_->list.ExpiredAt(now);
  report.sources.back().expired = list_ && list_->list.ExpiredAt(now);
}

// Well before the list that counts ends: a new one must be there by then, and a try may fail.
std::chrono::seconds TrustKeeper::NextLook(std::chrono::seconds usual, sys_seconds now) const {
  constexpr std::chrono::seconds kSoonest = std::chrono::minutes(1);
  if (!list_ || list_->list.ExpiredAt(now)) return usual;
  return std::min(usual, std::max(kSoonest, (list_->list.expires() - now) / 2));
}

void TrustKeeper::RefreshCrls(CrlRefresher::Which which, sys_seconds now, const Deadline& deadline,
                              TrustReport& report, std::unique_lock<TimedMutex>& turn) {
  const auto trust = [this, now] { return WithList(files_, now); };
  const KeptLists kept = crls_.LoadKept(trust(), now);
  if (kept.failure) {
    Report(report, Kind::kStateDir, inputs_.state_dir->string(), *kept.failure);
  }
  for (CrlUpdate& update : crls_.Refresh(which, trust, now, deadline, turn)) {
    report.sources.push_back({Kind::kCrlUrl, std::move(update.url), std::move(update.failure),
                              update.in_use, std::move(update.detail), std::move(update.not_kept)});
  }
  if (crls_.full()) {
    const std::string most = std::to_string(inputs_.crl_refresh.max_urls);
    report.sources.push_back({Kind::kCrlUrl, "distribution points",
                              Fail(Reason::kCrlNotAvailable, "more than " + most +
                                                                 ": of some certificates the lists "
                                                                 "are not fetched"),
                              true, "", std::nullopt});
  }
}

TrustKeeper::Contents TrustKeeper::contents() const {
  return {files_read_, list_ ? list_->list.content_sha256() : "", crls_.taken()};
}

// What another thread published meanwhile is new to the caller as well.
void TrustKeeper::NoteGeneration(TrustReport& report) const {
  const uint64_t generation = this->generation();
  if (generation != report.generation) report.outcome = TrustReport::Outcome::kReplaced;
  report.generation = generation;
}

void TrustKeeper::PublishChanges(sys_seconds now, TrustReport& report) {
  const bool ended = list_ && list_->list.ExpiredAt(now) && snapshot()->listed_until();
  // While Load waits for a list its files are there and the list is not: Load publishes both.
  if (loading_ == 0 && (ended || contents() != published_)) Publish(now, report);
  NoteGeneration(report);
}

void TrustKeeper::Publish(sys_seconds now, TrustReport& report) {
  TrustStoreBuilder builder = WithList(files_, now);
  crls_.AddTo(builder);
  Contents contents = this->contents();
  auto next = builder.Build();
  const std::lock_guard lock(snapshot_mutex_);
  snapshot_ = std::move(next);
  published_ = std::move(contents);
  ++generation_;
  report.outcome = TrustReport::Outcome::kReplaced;
  if (!unproven_.empty()) any_watched_ = true;
}

namespace {

// Counts that Load is under way, by the one whose turn it is.
class Loading {
 public:
  explicit Loading(int& count) : count_(count) { ++count_; }
  ~Loading() { --count_; }
  Loading(const Loading&) = delete;
  Loading& operator=(const Loading&) = delete;

 private:
  int& count_;
};

}  // namespace

TrustReport TrustKeeper::Load(sys_seconds now, const Deadline& deadline) {
  std::unique_lock turn(work_mutex_);
  TrustReport report;
  auto files = ReadFiles(now, report);
  if (files && ReadState(*files, now, report)) {
    const Loading loading(loading_);
    files_ = std::move(files->builder);
    ++files_read_;
    file_crls_ = std::move(files->crls);
    if (files->list_roots->anchors() != list_roots_->anchors()) list_ = std::nullopt;
    list_roots_ = std::move(files->list_roots);
    UpdateList(now, deadline, report, turn);
    RefreshCrls(CrlRefresher::Which::kOptions, now, deadline, report, turn);
    Publish(now, report);
  }
  report.generation = generation();
  return report;
}

TrustReport TrustKeeper::Maintain(sys_seconds now, const Deadline& deadline) {
  TrustReport report;
  report.generation = generation();
  std::unique_lock turn(work_mutex_);
  if (report.generation == 0) return report;
  const bool list_due = now >= list_due_ || (list_ && list_->list.ExpiredAt(now) &&
                                             snapshot()->listed_until().has_value());
  Stages stages;  // one that finds no memory does not keep the others from their turn
  if (list_due) stages.Run([&] { UpdateList(now, deadline, report, turn); });
  stages.Run([&] { TakeWatched(now); });
  stages.Run([&] { RefreshCrls(CrlRefresher::Which::kAll, now, deadline, report, turn); });
  stages.Run([&] { PublishChanges(now, report); });
  stages.Rethrow();
  return report;
}

void TrustKeeper::Watch(std::shared_ptr<const CertificateBundle> bundle) {
  const std::lock_guard lock(watched_mutex_);
  if (watched_.size() >= kMaxWatched) watched_.pop_front();
  watched_.push_back({std::move(bundle)});
  any_watched_ = true;
}

// What threw is thrown again at the end, when all had their turn. It may ask for more memory than
// there ever is: so it is tried once more in the next round, and then with new snapshots alone.
void TrustKeeper::TakeWatched(sys_seconds now) {
  {
    const std::lock_guard lock(watched_mutex_);
    looked_at_.splice(looked_at_.end(), watched_);
    any_watched_ = false;
  }
  if (tried_generation_ != generation()) {
    looked_at_.splice(looked_at_.end(), unproven_);
    looked_at_.splice(looked_at_.end(), stumbled_);
    tried_generation_ = generation();
  }
  const auto move_first_to = [this](std::list<Noted>& list, size_t max) {
    if (list.size() >= max) list.pop_front();
    list.splice(list.end(), looked_at_, looked_at_.begin());
  };
  std::shared_ptr<const TrustStore> anchors;
  Stages each;
  for (size_t left = looked_at_.size(); left > 0; --left) {
    Noted& noted = looked_at_.front();
    try {
      if (anchors == nullptr) anchors = snapshot()->WithoutCrls(now);  // CRLs are what is missing
      if (WatchPath(*noted.bundle, *anchors, now)) {
        looked_at_.pop_front();
      } else {
        move_first_to(unproven_, kMaxUnproven);
      }
    } catch (...) {
      if (noted.stumbled) {
        move_first_to(stumbled_, kMaxWatched);
        continue;
      }
      noted.stumbled = true;
      looked_at_.splice(looked_at_.end(), looked_at_, looked_at_.begin());
      any_watched_ = true;
      each.Run([] { throw; });
    }
  }
  each.Rethrow();
}

// False if it leads to no anchor.
bool TrustKeeper::WatchPath(const CertificateBundle& bundle, const TrustStore& anchors,
                            sys_seconds now) {
  if (crls_.Knows(bundle)) return true;
  const auto chain = VerifyChain(bundle, anchors, now);
  if (!chain) return false;
  lists_wanted_ = crls_.Watch(chain->path()) || lists_wanted_;
  return true;
}

TrustReport TrustKeeper::FetchWatched(sys_seconds now, const Deadline& deadline) {
  TrustReport report;
  if (!any_watched_) return report;
  report.generation = generation();
  std::unique_lock turn(work_mutex_, deadline.Left());
  Stages stages;
  if (turn && report.generation != 0) {
    stages.Run([&] { TakeWatched(now); });
    if (std::exchange(lists_wanted_, false)) {
      stages.Run([&] { RefreshCrls(CrlRefresher::Which::kWanted, now, deadline, report, turn); });
      stages.Run([&] { PublishChanges(now, report); });
    }
  }
  stages.Rethrow();
  NoteGeneration(report);  // others may have fetched what this one waited for
  return report;
}

std::shared_ptr<const TrustStore> TrustKeeper::snapshot() const {
  const std::lock_guard lock(snapshot_mutex_);
  return snapshot_;
}

std::optional<AcceptedTrustList> TrustKeeper::trust_list() const {
  const std::lock_guard lock(work_mutex_);
  return list_;
}

}  // namespace callvet
