// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "callvet/complaint.h"
#include "callvet/policy.h"
#include "callvet/result.h"
#include "callvet/verdict.h"
#include "callvet/verifier.h"

// What is kept of each call, so that it can be traced to who connected it (H-4, H-9) and judged
// again later without the network.

namespace callvet {

/// All that is known of one judged call, borrowed from whoever judged it: for the duration of the
/// function that takes it.
struct CallEvidenceView {
  const CallRequest& call;
  std::string_view call_id;  // SIP Call-ID; "" if unknown
  std::string_view trunk;    // where the call came in; "" if unknown
  const std::shared_ptr<const VerifierOptions>& options;
  const VerificationMaterial& material;
  const Verdict& verdict;
  const Disposition* disposition;  // nullptr: no policy decided
  std::string_view policy;         // which policy decided: SHA-256 of its file; "" if none
  std::string_view trust_list;     // which list of the STI-PA counted, for people; "" if none
};

/// The same, kept. A value, which a view of it borrows.
struct CallEvidence {
  CallRequest call;
  std::string call_id;
  std::string trunk;
  std::shared_ptr<const VerifierOptions> options;
  VerificationMaterial material;
  Verdict verdict;
  std::optional<Disposition> disposition;
  std::string policy;
  std::string trust_list;

  operator CallEvidenceView() const {  // NOLINT(google-explicit-constructor): is all of it
    return {
        call,   call_id,   trunk, options, material, verdict, disposition ? &*disposition : nullptr,
        policy, trust_list};
  }
};

/// By what a record is found. "" where it does not have one. With keyed numbers `orig` and `dest`
/// are keyed hashes.
struct EvidenceKeys {
  std::string orig;  // canonical: of the call's first caller that can be read
  std::string dest;
  std::string origid;
  std::string spc;
  std::string trunk;
  std::string reason;  // the verdict's
  std::string call_id;
  bool operator==(const EvidenceKeys&) const = default;
};

/// What many records have in common, kept once: chains, anchors, CRLs, options.
struct EvidenceBlob {
  std::string sha256;  // hex, of `bytes`
  std::string bytes;
};

/// What a record is about.
enum class EvidenceKind : uint8_t {
  kCall = 0,
  kAccess = 1,     // somebody read evidence
  kComplaint = 2,  // somebody complained of a call
  kMatch = 3,      // the calls of an earlier complaint were found
  kPool = 4,       // a source of calls was flagged, or released
};

/// What a record adds to the tables that lists and reports read. It follows from the record's text.
struct EvidenceSummary {
  ResponsibleParty party;  // of a call
  std::string action;      // what the policy did with it: "pass", "tag", "reject"; "": no policy
  /// Of a complaint all but `seq`. Of a match `id` is that of the complaint, and only what it says
  /// of calls counts.
  std::optional<ComplaintEntry> complaint;
  bool operator==(const EvidenceSummary&) const = default;
};

/// How many calls that were stored on a day are alike in what reports count by.
struct EvidenceTally {
  int64_t hour = 0;  // of the calls, since 1970
  ResponsibleParty party;
  std::string reason;
  std::string action;
  int64_t calls = 0;
  bool operator==(const EvidenceTally&) const = default;
};

/// A record as a store takes it. `text` is what counts: canonical JSON in which everything else
/// stands too.
struct EvidenceRecord {
  std::string id;  // UUID (version 7, RFC 9562), lower-case
  EvidenceKind kind = EvidenceKind::kCall;
  std::chrono::sys_seconds time{};
  EvidenceKeys keys;
  std::string text;
  std::vector<std::shared_ptr<const EvidenceBlob>> blobs;  // that `text` names
  EvidenceSummary summary;                                 // of `text`
};

/// A record as a store gives it.
struct StoredEvidence {
  int64_t seq = 0;   // its place in the store's chain, from 1 without gaps
  std::string hash;  // 32 bytes: SHA-256 of the hash before it and the SHA-256 of `text`
  EvidenceKind kind = EvidenceKind::kCall;
  std::string id;
  std::chrono::sys_seconds time{};
  EvidenceKeys keys;
  std::string text;
  std::chrono::sys_days day{};  // on which it was stored; of a bundle 1970
  std::string odd;  // what of its row is not as a store writes it, so that searches may miss it
};

/// What to look for; what is "" or nothing does not count. All that is given must hold.
struct EvidenceQuery {
  static constexpr size_t kMaxLimit = 10'000;  // more is cut to it
  EvidenceKind kind = EvidenceKind::kCall;
  EvidenceKeys keys;                             // as stored: see EvidenceCodec::KeyOf for numbers
  std::optional<std::chrono::sys_seconds> from;  // included
  std::optional<std::chrono::sys_seconds> to;    // included
  size_t limit = 100;
  int64_t before = INT64_MAX;  // only records with a smaller seq: the `next` of the page before
};

/// Records, the latest stored one first.
struct EvidencePage {
  std::vector<StoredEvidence> records;
  std::optional<int64_t> next;  // for EvidenceQuery::before; nothing: these were all
};

/// A statement of the store's writer that its chain ends at `seq` with `hash`.
struct EvidenceCheckpoint {
  int64_t seq = 0;
  std::string hash;  // 32 bytes; zeros before the first record
  std::chrono::sys_seconds time{};
  std::string key_id;     // hex: the SHA-256 of the signer's public key
  std::string signature;  // ES256, r || s
};

/// Signs checkpoints and exports. Implementations are thread-safe and never throw.
class EvidenceSigner {
 public:
  virtual ~EvidenceSigner() = default;
  /// ES256 over `statement`, r || s. Fails with kKeyInvalid or kInternalError.
  [[nodiscard]] virtual Result<std::string> Sign(std::string_view statement) const = 0;
  [[nodiscard]] virtual const std::string& public_pem() const = 0;
  [[nodiscard]] virtual const std::string& key_id() const = 0;
};

/// Everything that an audit needs of a store beside its records.
struct EvidenceChainState {
  EvidenceCheckpoint base;  // what was deleted by retention ends here; seq 0: nothing was
  EvidenceCheckpoint head;  // signed with every commit; seq 0: there is none
  std::vector<EvidenceCheckpoint> checkpoints;  // by seq
  std::vector<std::string> public_keys;         // PEM; a store has one key at a time
  /// Calls with a greater seq are in tallies; nothing: an older program's store, without them.
  std::optional<int64_t> tallied_from;
  /// Name of the key that numbers are said to be hashed with, "" for none; nothing: it is not said.
  std::optional<std::string> number_key;
};

/// A blob as a store lists it.
struct EvidenceBlobUse {
  std::string sha256;                // hex
  std::chrono::sys_days last_day{};  // on which a record that names it was stored
};

/// Sees a whole store.
class EvidenceVisitor {
 public:
  virtual ~EvidenceVisitor() = default;
  /// Once, first; not at all if tables are missing.
  virtual void State(const EvidenceChainState& state) = 0;
  /// False: no more.
  virtual bool Record(const StoredEvidence& record) = 0;
  /// The tallies of a day, behind its last record.
  virtual void Tallies(std::chrono::sys_days day, const std::vector<EvidenceTally>& tallies) = 0;
  /// All entries of complaints, behind all records.
  virtual void Complaints(const std::vector<ComplaintEntry>& complaints) = 0;
  /// Something else of the store that is not as the program makes it: `what`, for people.
  virtual void Odd(std::string what) = 0;
};

/// Where records are kept. Thread-safe. Every method fails with kEvidenceUnavailable if the store
/// cannot be used now, and never throws.
class EvidenceStore {
 public:
  virtual ~EvidenceStore() = default;

  /// Whether a record of a batch may be in the store already: it was handed over before, and
  /// nobody knows what became of it.
  enum class Seen : uint8_t { kNever, kPerhaps };

  /// Stores all of `records` and their blobs, or none of them; on success they are durable. With
  /// kPerhaps those whose id is there already are left out, and complaints whose reference is there
  /// always are: look for it, before and behind. Fails with kEvidenceAltered if the
  /// chain's end is not one that this writer's key signed, or not behind what it wrote last:
  /// nothing is ever signed on top of such a chain.
  virtual Result<void> Append(const std::vector<std::shared_ptr<const EvidenceRecord>>& records,
                              Seen seen) = 0;

  /// A page of what `query` describes. Records are as they stand there: see ColumnsDifference.
  virtual Result<EvidencePage> Find(const EvidenceQuery& query) = 0;
  /// Fails with kResourceNotFound; with kEvidenceAltered if the record does not follow from the one
  /// before it, the next does not follow from it, or its text says other than its columns.
  virtual Result<StoredEvidence> Get(std::string_view id) = 0;
  /// The bytes of a blob as they are in the store. Fails with kResourceNotFound.
  virtual Result<std::string> GetBlob(std::string_view sha256) = 0;

  /// A page of complaints.
  virtual Result<ComplaintPage> FindComplaints(const ComplaintQuery& query) = 0;
  /// What the parties of `query` answer for.
  virtual Result<EvidenceReport> Report(const ReportQuery& query) = 0;

  /// Hands the chain's state and then all records, by seq, to `visitor` until it gives false, all
  /// as of one moment. Where a table is missing that the state is read from, or blobs, `visitor`
  /// only hears which (Odd).
  virtual Result<void> VisitAll(EvidenceVisitor& visitor) = 0;
  /// All blobs.
  virtual Result<std::vector<EvidenceBlobUse>> Blobs() = 0;

  /// Deletes the partitions of the days before `day`: records that were stored then, and blobs that
  /// no later one names. Signs where the chain begins now. Gives the number of deleted records.
  /// Fails with kEvidenceAltered like Append, and if a record there is not older than `day`: before
  /// anything is deleted, as far as that can be seen then. A store may delete in steps, each of
  /// which leaves it whole: what a failure comes behind (kEvidenceAltered by who changes the store
  /// meanwhile, kEvidenceUnavailable, StopPruning) stays deleted, and the next Prune goes on there.
  virtual Result<int64_t> Prune(std::chrono::sys_days day) = 0;
  /// Prune, one under way and any later, fails with kEvidenceUnavailable behind the step that it is
  /// at. Does not wait for it.
  virtual void StopPruning() = 0;

  /// Hands the chain over to another key: all that this store's key signed is verified and signed
  /// anew by `next`, which alone may append from then on (not this object any more). Fails with
  /// kEvidenceAltered, and changes nothing, if a signature is not good.
  virtual Result<void> Rekey(const EvidenceSigner& next) = 0;
};

/// What the writer does with a call when neither store nor spill directory can take its evidence.
enum class EvidenceLoss : uint8_t {
  kRefuseCalls,  // Submit fails, so that the call is not judged
  kCount,        // it is counted, and Statistics says so as loudly as it can
};

struct EvidenceWriterOptions {
  size_t max_queue = 16'384;                      // records in memory, beside those being written
  size_t max_batch = 1'000;                       // records in one commit
  std::chrono::milliseconds commit_interval{20};  // how long a batch is collected
  std::string spill_directory;                    // "": nothing is spilled
  uint64_t max_spill_bytes = uint64_t{4} << 30U;  // in all files
  std::chrono::milliseconds retry{1'000};         // until a failed store is tried again
  std::chrono::milliseconds stop_grace{5'000};    // how long Stop leaves for what is queued
  EvidenceLoss loss = EvidenceLoss::kRefuseCalls;
  /// More calls in a second than these are a burst: they go into the spill directory, and into the
  /// store when fewer come, or they waited for burst_time, or half of max_spill_bytes is used.
  /// 0: there are no bursts. Records of other kinds go into the store at once.
  uint64_t burst_rate = 2'000;
  std::chrono::milliseconds burst_time{60'000};
};

struct EvidenceStatistics {
  size_t queued = 0;         // in memory now, at most twice max_queue
  uint64_t stored = 0;       // records in the store, by this writer
  uint64_t spilled = 0;      // records that went into spill files
  uint64_t spill_bytes = 0;  // waiting in them now
  /// Records with an earlier id are in the store, as far as this writer took them, but for what is
  /// queued; nothing: none waits in spill files.
  std::optional<std::chrono::sys_seconds> spilled_since;
  uint64_t refused = 0;     // Submit failed
  uint64_t lost = 0;        // with kCount, or still queued when Run ended
  uint64_t damaged = 0;     // places in spill files that cannot be read: records may be missing
  uint64_t torn_files = 0;  // spill files kept aside because a part cannot be read
  uint64_t store_failures = 0;
  std::string last_failure;  // of store or spill, for people; "": all is well
};

}  // namespace callvet
