// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/timed_mutex.h"
#include "callvet/result.h"
#include "pki/trust_store.h"
#include "repository/crl_refresh.h"
#include "repository/fetcher.h"
#include "repository/trust_list_client.h"
#include "repository/trust_list_state.h"

namespace callvet {

/// Where trust comes from.
struct TrustInputs {
  std::vector<std::filesystem::path> anchors;  // files or directories
  /// A directory of more anchors, which may be empty: to be filled later.
  std::optional<std::filesystem::path> anchor_directory = std::nullopt;
  std::vector<std::filesystem::path> crl_anchors;  // for indirect CRLs only
  std::vector<std::filesystem::path> crl_signers;  // who may have made them, below a CRL anchor
  std::vector<std::filesystem::path> crls;
  RevocationPolicy revocation_policy = RevocationPolicy::kIfCovered;
  std::chrono::seconds crl_grace{0};

  /// The STI-PA's list: the roots that its signer must lead to, and where new lists come from. With
  /// roots but without client the last accepted list of the state directory counts.
  std::vector<std::filesystem::path> trust_list_roots;
  std::shared_ptr<const TrustListClient> trust_list_client;
  /// The chain of the list's signer, instead of fetching its x5u.
  std::optional<std::filesystem::path> trust_list_chain;
  std::chrono::seconds trust_list_interval = std::chrono::hours(24);
  std::chrono::seconds trust_list_retry = std::chrono::minutes(5);

  CrlRefreshOptions crl_refresh;  // its state_dir and state_use are ours
  std::optional<std::filesystem::path> state_dir;
  StateUse state_use = StateUse::kReadAndWrite;

  std::shared_ptr<const Fetcher> fetcher;      // for the list's x5u; may be nullptr
  std::shared_ptr<const Fetcher> crl_fetcher;  // with room for kMaxCrlBytes; may be nullptr
};

/// What became of one input.
struct TrustSource {
  enum class Kind : uint8_t {
    kAnchors,
    kCrlAnchors,
    kCrlSigners,
    kCrlFile,
    kCrlUrl,
    kListRoots,
    kTrustList,
    kStateDir,
  };
  Kind kind = Kind::kAnchors;
  std::string name;                // path, URL or address
  std::optional<Failure> failure;  // why it is not used, or its old content stays
  bool in_use = false;             // something of it counts, new or old
  std::string detail;              // for people
  /// Why the new content, which counts, could not be written into the state directory.
  std::optional<Failure> not_kept = std::nullopt;
  /// A trust list that was accepted once and has ended: nothing of it counts.
  bool expired = false;
  /// It has no effect, though nothing is wrong with it: `detail` says why.
  bool idle = false;
};

/// "anchors", "crl-anchors", "crl-signers", "crl-file", "crl-url", "trust-list-roots",
/// "trust-list" or "state-dir".
std::string_view TrustSourceKindName(TrustSource::Kind kind);

struct TrustReport {
  enum class Outcome : uint8_t {
    kReplaced,  // there is a new snapshot
    kKept,      // nothing changed, or a file was bad: the old snapshot stays, all of it
  };
  Outcome outcome = Outcome::kKept;
  uint64_t generation = 0;
  std::vector<TrustSource> sources;  // what was looked at

  /// The first failure, if there is one.
  [[nodiscard]] std::optional<Failure> FirstFailure() const;
  /// The first failure of a source of which nothing is in use. Not of an accepted trust list that
  /// expired: it is trusted by nobody (C-32), and the other anchors go on.
  [[nodiscard]] std::optional<Failure> FirstUnusable() const;
  /// The same of files alone: not of a trust list or CRL to download, which may come later.
  [[nodiscard]] std::optional<Failure> FirstUnusableFile() const;
};

/// Owns where trust comes from and makes of it TrustStore snapshots, which are replaced as a whole.
/// Before the first successful Load the snapshot trusts nobody.
///
/// Thread-safe: snapshot() and Watch never wait for I/O; of Load, Maintain and FetchWatched none
/// waits for what another one downloads, nor asks for it again. Starts no threads.
class TrustKeeper {
 public:
  explicit TrustKeeper(TrustInputs inputs);

  /// Whether the list of `inputs`, which has a client and roots, would be accepted at `now`;
  /// changes nothing. Fails like TrustListState::Check and TrustListClient::Download, and with
  /// kTrustListNotAvailable when its signer's chain cannot be had.
  static Result<AcceptableTrustList> CheckList(const TrustInputs& inputs, sys_seconds now,
                                               const Deadline& deadline);

  /// Reads all inputs anew: at the start and whenever files were changed. If any file of anchors,
  /// CRLs or list roots cannot be used, nothing at all changes; a CRL file that is forged, or older
  /// than the one in use, cannot be used. Neither does it if the state directory, or a list that is
  /// kept there, is there and cannot be read. If a new trust list or a CRL of a URL cannot be had
  /// or is not accepted, the old one stays in use until its own end, the rest is replaced, and the
  /// report says why. CRLs that only certificates name are left to Maintain.
  TrustReport Load(sys_seconds now, const Deadline& deadline);

  /// Does what is due: a new trust list, CRLs. Call it every minute or so. Leaves what another
  /// thread is at.
  TrustReport Maintain(sys_seconds now, const Deadline& deadline);

  /// Notes a bundle that was just fetched, judged or not: the next Maintain or FetchWatched fetches
  /// the CRLs that its certificates name, if it leads to an anchor. One that does not is tried
  /// again with every new snapshot. Never waits, and forgets the oldest of too many.
  void Watch(std::shared_ptr<const CertificateBundle> bundle);

  /// What Maintain does for bundles that were noted since, and nothing else: so that the first call
  /// of a carrier is judged by its CRLs already. Returns at once, with an empty report, if there
  /// are none, or another thread is at these; and at the deadline if others, which read files or
  /// judge lists, leave it no turn until then.
  TrustReport FetchWatched(sys_seconds now, const Deadline& deadline);

  [[nodiscard]] std::shared_ptr<const TrustStore> snapshot() const;
  /// Grows with every new snapshot, once that is there; 0 before the first. Takes no lock.
  [[nodiscard]] uint64_t generation() const { return generation_; }
  /// The list in use, expired or not; nothing if there is none.
  [[nodiscard]] std::optional<AcceptedTrustList> trust_list() const;

 private:
  struct Files;
  Result<Files> ReadFiles(sys_seconds now, TrustReport& report) const;
  bool ReadState(const Files& files, sys_seconds now, TrustReport& report);
  Result<AcceptedTrustList> Accept(const TrustListDocument& document, sys_seconds now);
  void UpdateList(sys_seconds now, const Deadline& deadline, TrustReport& report,
                  std::unique_lock<TimedMutex>& turn);
  void RefreshCrls(CrlRefresher::Which which, sys_seconds now, const Deadline& deadline,
                   TrustReport& report, std::unique_lock<TimedMutex>& turn);
  [[nodiscard]] std::chrono::seconds NextLook(std::chrono::seconds usual, sys_seconds now) const;
  void TakeWatched(sys_seconds now);
  bool WatchPath(const CertificateBundle& bundle, const TrustStore& anchors, sys_seconds now);
  [[nodiscard]] TrustStoreBuilder WithList(TrustStoreBuilder builder, sys_seconds now) const;
  // A bundle that came, to be moved from list to list, which takes no memory.
  struct Noted {
    std::shared_ptr<const CertificateBundle> bundle;
    bool stumbled = false;  // it threw: perhaps there was no memory
  };
  // What a snapshot is made of, beside the time. It grows as things are taken; they may wait for
  // the next round to be published, if memory ran out in between.
  struct Contents {
    uint64_t files = 0;  // how often they were read
    std::string list;    // its hash
    uint64_t crls = 0;   // CrlRefresher::taken
    friend bool operator==(const Contents&, const Contents&) = default;
  };
  [[nodiscard]] Contents contents() const;
  void NoteGeneration(TrustReport& report) const;
  void PublishChanges(sys_seconds now, TrustReport& report);
  void Publish(sys_seconds now, TrustReport& report);

  TrustInputs inputs_;
  mutable TimedMutex work_mutex_;  // not held during downloads; what follows is used under it
  TrustStoreBuilder files_;        // from files: anchors, CRL anchors, CRLs
  std::vector<Crl> file_crls_;
  uint64_t files_read_ = 0;
  Contents published_;
  std::shared_ptr<const TrustStore> list_roots_;
  TrustListState list_state_;
  std::optional<AcceptedTrustList> list_;
  sys_seconds list_due_{};
  CrlRefresher crls_;
  std::list<Noted> looked_at_;     // by TakeWatched, in this order
  std::list<Noted> unproven_;      // led to no anchor so far
  std::list<Noted> stumbled_;      // threw twice
  uint64_t tried_generation_ = 0;  // of the anchors when those two were looked at
  bool lists_wanted_ = false;      // that no FetchWatched asked for yet
  int loading_ = 0;                // calls of Load that are under way

  std::atomic<bool> any_watched_ = false;  // so that a call that met nobody new takes no lock
  std::mutex watched_mutex_;               // never held during I/O
  std::list<Noted> watched_;

  mutable std::mutex snapshot_mutex_;  // never held during I/O
  std::shared_ptr<const TrustStore> snapshot_;
  std::atomic<uint64_t> generation_ = 0;  // written under the mutex
};

}  // namespace callvet
