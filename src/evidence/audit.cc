// SPDX-License-Identifier: MIT
#include "evidence/audit.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/json.h"
#include "evidence/evidence_codec.h"
#include "evidence/evidence_summary.h"
#include "evidence/hash_chain.h"
#include "evidence/material.h"
#include "evidence/number_secret.h"
#include "pki/sha256.h"

namespace callvet {
namespace {

using Kind = AuditFinding::Kind;

constexpr std::chrono::days kClockSkew{1};

// The SHA-256s that a record names, and which of them is that of a trust store's manifest. Only a
// record says so: content that a signer wrote may look like one.
struct BlobNames {
  std::set<std::string> all;
  std::string manifest;
};

BlobNames NamedBlobs(const JsonValue& text) {
  BlobNames names;
  const JsonValue* material = text.Find("material");
  if (material == nullptr || !material->IsObject()) return names;
  const auto add = [&](const JsonValue* value) {
    if (value != nullptr && value->AsString() != nullptr) names.all.insert(*value->AsString());
  };
  const JsonValue* trust = material->Find("trust");
  if (trust != nullptr && trust->AsString() != nullptr) names.manifest = *trust->AsString();
  for (const char* name : {"options", "checks", "trust"}) add(material->Find(name));
  for (const char* name : {"certificates", "tn_auth_lists", "contents"}) {
    const JsonValue* answers = material->Find(name);
    if (answers == nullptr || answers->AsArray() == nullptr) continue;
    for (const JsonValue& answer : *answers->AsArray()) add(answer.Find("sha256"));
  }
  return names;
}

// The last record that names a blob.
struct LastUse {
  std::chrono::sys_days day{};
  int64_t seq = 0;
  void Include(const LastUse& other) {
    day = std::max(day, other.day);
    seq = std::max(seq, other.seq);
  }
};
using BlobUses = std::map<std::string, LastUse>;  // by SHA-256

// Where the chain begins and ends by now.
class EndsReader final : public EvidenceVisitor {
 public:
  void State(const EvidenceChainState& state) override {
    base_ = state.base;
    head_ = state.head;
  }
  bool Record(const StoredEvidence& /*row*/) override { return false; }
  void Tallies(std::chrono::sys_days /*day*/,
               const std::vector<EvidenceTally>& /*tallies*/) override {}
  void Complaints(const std::vector<ComplaintEntry>& /*complaints*/) override {}
  void Odd(std::string /*what*/) override {}
  [[nodiscard]] const EvidenceCheckpoint& base() const { return base_; }
  [[nodiscard]] const EvidenceCheckpoint& head() const { return head_; }

 private:
  EvidenceCheckpoint base_;
  EvidenceCheckpoint head_;
};

// Follows the chain record by record.
class ChainWalk final : public EvidenceVisitor {
 public:
  ChainWalk(const AuditOptions& options, AuditReport& report)
      : options_(options), report_(report) {}

  void State(const EvidenceChainState& state) override {
    has_state_ = true;
    state_ = state;
    if (state_.base.hash.empty()) state_.base.hash = FirstHash();
    named_keys_ = state_.public_keys.size();
    if (options_.trusted_key) state_.public_keys = {*options_.trusted_key};
    if (named_keys_ > 1) {
      Add({Kind::kUnsigned, 0, 0, "", "the store names several keys: it has one at a time"});
    }
    if (state_.base.seq != 0) CheckSigned(state_.base, ChainEnd::kBase, "the beginning");
    last_seq_ = state_.base.seq;
    last_hash_ = state_.base.hash;
    checked_until_ = state_.base.seq;
    for (const EvidenceCheckpoint& checkpoint : state_.checkpoints) {
      Want(checkpoint, ChainEnd::kCheckpoint, "a checkpoint");
      CheckBehindBeginning(checkpoint, "a checkpoint");
    }
    if (state_.head.seq != 0) {
      Want(state_.head, ChainEnd::kHead, "the end");
      CheckBehindBeginning(state_.head, "the end");
    }
    if (options_.expected) Expect(*options_.expected);
    report_.head = state_.head;
    told_ = report_.findings.size();
  }

  bool Record(const StoredEvidence& row) override {
    ++report_.records;
    newest_day_ = std::max(newest_day_, row.day);
    if (report_.first == 0) report_.first = row.seq;
    if (row.seq <= last_seq_ || row.seq > state_.head.seq) {
      Add({Kind::kInserted, row.seq, row.seq, row.id,
           row.seq <= last_seq_ ? "its place is among records that retention deleted"
                                : "it stands behind the signed end of the chain"});
      return true;
    }
    if (row.seq != last_seq_ + 1) {
      Add({Kind::kMissing, last_seq_ + 1, row.seq - 1, "",
           (last_id_.empty() ? std::string() : "behind " + last_id_ + ", ") + "before " + row.id});
      Add({Kind::kUnchecked, row.seq, row.seq, row.id,
           "it cannot be checked: it stands behind a gap"});
      before_last_hash_.clear();
    } else {
      CheckLink(row);
    }
    CheckText(row);
    if (*read_) Summarise(row.seq, **read_);
    before_last_hash_ = std::exchange(last_hash_, row.hash);
    last_seq_ = row.seq;
    last_id_ = row.id;
    CheckWanted(row);
    return true;
  }

  void Tallies(std::chrono::sys_days day, const std::vector<EvidenceTally>& tallies) override {
    const auto counted = tallies_.Take();
    const bool same = std::equal(counted.begin(), counted.end(), tallies.begin(), tallies.end());
    // Where records were changed or removed, counts differ because of that.
    const bool told = std::exchange(told_, report_.findings.size()) != report_.findings.size();
    if (same || told) return;
    miscounted_.emplace_back(last_seq_, day.time_since_epoch().count());
  }

  void Complaints(const std::vector<ComplaintEntry>& complaints) override {
    for (const ComplaintEntry& entry : complaints) {
      const auto own = complaints_.find(entry.id);
      if (own == complaints_.end()) {
        Odd("the list has a complaint without a record: " + entry.id);
        continue;
      }
      if (own->second != entry) {
        Add({Kind::kColumns, entry.seq, entry.seq, entry.id,
             "the list of complaints says other than the records"});
      }
      complaints_.erase(own);
    }
    for (const auto& [id, entry] : std::exchange(complaints_, {})) {
      Add({Kind::kColumns, entry.seq, entry.seq, id, "the list of complaints lacks it"});
    }
  }

  void Odd(std::string what) override { Add({Kind::kStructure, 0, 0, "", std::move(what)}); }

  void Finish() {
    // Without an end there is no record, no day, no key: its traces say what is gone.
    const bool traces = report_.records > 0 || named_keys_ > 0 || state_.base.seq > 0 ||
                        !state_.checkpoints.empty();
    if (state_.head.seq == 0 && traces) {
      Add({Kind::kUnsigned, 0, 0, "", "the signed end of the chain is gone"});
    }
    if (last_seq_ < state_.head.seq) {
      Add({Kind::kMissing, last_seq_ + 1, state_.head.seq, "", "from the end"});
    }
    const int64_t end = std::max(last_seq_, state_.head.seq);
    if (last_signed_ > end) {
      Add({Kind::kMissing, end + 1, last_signed_, "", "a checkpoint was signed behind the end"});
    }
    // Each commit leaves one that is not further from the end than that.
    const int64_t newest = state_.checkpoints.empty()
                               ? state_.base.seq
                               : std::max(state_.base.seq, state_.checkpoints.back().seq);
    if (state_.head.seq > 0 && (newest == 0 || state_.head.seq - newest >= kCheckpointRecords)) {
      Add({Kind::kUnsigned, newest + 1, state_.head.seq, "", "a checkpoint is missing"});
    }
    for (const auto& [seq, day] : miscounted_) {
      if (seq == last_seq_ && last_seq_ < state_.head.seq) continue;  // its end is gone
      Odd("what is counted of day " + std::to_string(day) + " is not what its records say");
    }
    for (const auto& [id, entry] : complaints_) {
      Add({Kind::kColumns, entry.seq, entry.seq, id,
           "there is no list of complaints, and it is one"});
    }
    report_.keys.assign(signed_by_.begin(), signed_by_.end());
    if (options_.expected && options_.expected->seq > state_.head.seq) {
      Add({Kind::kMissing, state_.head.seq + 1, options_.expected->seq, "",
           "the chain ends before what is expected"});
    }
  }

  void Add(AuditFinding finding) {
    if (report_.findings.size() >= kMaxAuditFindings) {
      report_.more_findings = true;
      return;
    }
    report_.findings.push_back(std::move(finding));
  }

  [[nodiscard]] bool has_state() const { return has_state_; }
  [[nodiscard]] const BlobUses& blobs() const { return blobs_; }
  [[nodiscard]] const BlobUses& manifests() const { return manifests_; }
  // On which something was stored: of records that are there, or of the signed end.
  [[nodiscard]] std::chrono::sys_days newest_day() const {
    return std::max(newest_day_, std::chrono::floor<std::chrono::days>(state_.head.time));
  }
  [[nodiscard]] const std::vector<std::string>& public_keys() const { return state_.public_keys; }

 private:
  // What the tables beside the records must say of this one.
  void Summarise(int64_t seq, const EvidenceRecord& record) {
    if (state_.tallied_from && seq > *state_.tallied_from) tallies_.Add(record);
    if (!record.summary.complaint) return;
    ComplaintEntry entry = *record.summary.complaint;
    entry.seq = seq;
    if (record.kind == EvidenceKind::kComplaint) {
      complaints_.emplace(record.id, std::move(entry));
      return;
    }
    const auto filed = complaints_.find(entry.id);
    if (filed != complaints_.end()) ApplyMatch(entry, filed->second);
  }

  void Expect(const EvidenceCheckpoint& expected) {
    if (expected.seq > state_.base.seq) {
      wanted_.emplace(expected.seq, std::pair(expected.hash, "what is expected"));
    } else if (expected.seq < state_.base.seq) {
      Add({Kind::kExpected, expected.seq, expected.seq, "",
           "it cannot be checked any more: retention deleted it, expect a later end"});
    } else if (expected.hash != state_.base.hash) {
      Add({Kind::kRewritten, expected.seq, expected.seq, "",
           "what retention deleted did not end as is expected"});
    }
  }

  // Retention deletes checkpoints with the records before them, and never moves the end.
  void CheckBehindBeginning(const EvidenceCheckpoint& checkpoint, const std::string& what) {
    const EvidenceCheckpoint& base = state_.base;
    if (checkpoint.seq > base.seq) return;
    if (checkpoint.seq == base.seq && checkpoint.hash == base.hash) return;
    Add({Kind::kRewritten, checkpoint.seq, checkpoint.seq, "",
         what + " does not lie behind where the chain begins"});
  }

  void Want(const EvidenceCheckpoint& checkpoint, ChainEnd end, const std::string& what) {
    if (!CheckSigned(checkpoint, end, what)) return;
    last_signed_ = std::max(last_signed_, checkpoint.seq);
    wanted_.emplace(checkpoint.seq, std::pair(checkpoint.hash, what));
  }

  bool CheckSigned(const EvidenceCheckpoint& checkpoint, ChainEnd end, const std::string& what) {
    const auto ok = CheckCheckpoint(checkpoint, end, state_.public_keys);
    if (ok) {
      signed_by_.insert(checkpoint.key_id);
      return true;
    }
    Add({Kind::kUnsigned, checkpoint.seq, checkpoint.seq, "", what + ": " + ok.error().detail});
    return false;
  }

  // The record's hash follows from its text and the hash before it. Behind a gap that hash is not
  // known: the record is then held by the next one's link and the next checkpoint.
  void CheckLink(const StoredEvidence& row) {
    const auto expected = NextHash(last_hash_, row.text);
    if (expected && *expected == row.hash) return;
    if (!before_last_hash_.empty()) {
      const auto skipping = NextHash(before_last_hash_, row.text);
      if (skipping && *skipping == row.hash) {
        Add({Kind::kInserted, last_seq_, last_seq_, last_id_,
             "the record behind it follows the one before it"});
        return;
      }
    }
    Add({Kind::kChanged, row.seq, row.seq, row.id,
         "its hash is not that of its text behind the record before it"});
  }

  void CheckText(const StoredEvidence& row) {
    read_ = RecordOfText(row.text);
    std::string difference = ColumnsDifference(row, *read_);
    if (!difference.empty()) {
      Add({Kind::kColumns, row.seq, row.seq, row.id, std::move(difference)});
    }
    // Spilled records come later than they were made, never earlier.
    if (DayOfId(row.id) - kClockSkew > row.day) {
      Add({Kind::kColumns, row.seq, row.seq, row.id, "it is younger than the day it is kept in"});
    }
    if (const auto json = ReadJson(row.text, {.max_bytes = row.text.size()})) {
      if (state_.number_key != NumberKeyOf(*json) && !std::exchange(told_number_key_, true)) {
        Odd("the key for numbers that it names is not that of record " + std::to_string(row.seq));
      }
      const BlobNames names = NamedBlobs(*json);
      for (const std::string& name : names.all) blobs_[name].Include({row.day, row.seq});
      if (!names.manifest.empty()) manifests_[names.manifest].Include({row.day, row.seq});
    }
  }

  void CheckWanted(const StoredEvidence& row) {
    const auto [begin, end] = wanted_.equal_range(row.seq);
    if (begin == end) return;
    for (auto wanted = begin; wanted != end; ++wanted) {
      if (wanted->second.first == row.hash) {
        ++report_.checkpoints;
      } else {
        Add({Kind::kRewritten, checked_until_ + 1, row.seq, "",
             wanted->second.second + " was signed over other records"});
      }
    }
    checked_until_ = row.seq;
  }

  const AuditOptions& options_;
  AuditReport& report_;
  bool has_state_ = false;
  EvidenceChainState state_;
  int64_t last_seq_ = 0;
  int64_t checked_until_ = 0;
  std::chrono::sys_days newest_day_{};
  std::string last_id_;
  std::string last_hash_;
  std::string before_last_hash_;
  std::multimap<int64_t, std::pair<std::string, std::string>> wanted_;  // hash and name, by seq
  BlobUses blobs_;
  BlobUses manifests_;
  std::optional<Result<EvidenceRecord>> read_;           // the record at hand
  TallyCounter tallies_;                                 // of the day at hand
  std::vector<std::pair<int64_t, int64_t>> miscounted_;  // last seq and number of days
  size_t told_ = 0;                                      // findings before the day at hand
  std::map<std::string, ComplaintEntry> complaints_;
  bool told_number_key_ = false;
  size_t named_keys_ = 0;
  int64_t last_signed_ = 0;
  std::set<std::string> signed_by_;
};

using BlobDays = std::map<std::string, std::chrono::sys_days>;  // until when they are kept

// The blobs that are there, which must be what their names say. What manifests name is named too.
Result<BlobDays> ReadBlobs(EvidenceStore& store, ChainWalk& walk, BlobUses& named) {
  const auto blobs = store.Blobs();
  if (!blobs) return blobs.error();
  BlobDays there;
  for (const EvidenceBlobUse& blob : *blobs) {
    const auto bytes = store.GetBlob(blob.sha256);
    if (!bytes && bytes.error().reason != Reason::kResourceNotFound) return bytes.error();
    if (!bytes) continue;  // deleted since: missing if a record names it
    there.emplace(blob.sha256, blob.last_day);
    if (Sha256Hex(*bytes) != blob.sha256) {
      walk.Add(
          {Kind::kBlob, 0, 0, blob.sha256, "what records share under this SHA-256 has another"});
      continue;
    }
    const auto manifest = walk.manifests().find(blob.sha256);
    if (manifest == walk.manifests().end()) continue;
    for (const std::string& name : ManifestBlobs(*bytes)) named[name].Include(manifest->second);
  }
  return there;
}

// Up to which record retention deleted what was read meanwhile, on the word of who signs.
Result<int64_t> DeletedSince(EvidenceStore& store, const ChainWalk& walk) {
  EndsReader reader;
  if (auto ok = store.VisitAll(reader); !ok) return ok.error();
  const bool good = CheckCheckpoint(reader.base(), ChainEnd::kBase, walk.public_keys()).has_value();
  return good ? reader.base().seq : 0;
}

// On which day something was stored last by now, on the word of who signs.
Result<std::chrono::sys_days> NewestDayNow(EvidenceStore& store, const ChainWalk& walk) {
  EndsReader reader;
  if (auto ok = store.VisitAll(reader); !ok) return ok.error();
  const bool good = CheckCheckpoint(reader.head(), ChainEnd::kHead, walk.public_keys()).has_value();
  const auto day = std::chrono::floor<std::chrono::days>(reader.head().time);
  return good ? std::max(day, walk.newest_day()) : walk.newest_day();
}

// None is kept for a record that is still to come: retention would never delete it.
Result<void> CheckLastDays(EvidenceStore& store, ChainWalk& walk, const BlobDays& there) {
  const auto late = [&](std::chrono::sys_days limit) {
    std::vector<std::string> names;
    for (const auto& [name, day] : there) {
      if (day > limit) names.push_back(name);
    }
    return names;
  };
  if (late(walk.newest_day()).empty()) return {};
  const auto newest = NewestDayNow(store, walk);  // somebody may have gone on meanwhile
  if (!newest) return newest.error();
  for (const std::string& name : late(*newest)) {
    walk.Add({Kind::kBlob, 0, 0, name, "it would be kept longer than any record"});
  }
  return {};
}

// All blobs are what their names say, none that records or manifests name is missing, and each is
// kept as long as its last record.
Result<void> CheckBlobs(EvidenceStore& store, ChainWalk& walk) {
  BlobUses named = walk.blobs();
  const auto there = ReadBlobs(store, walk, named);
  if (!there) return there.error();
  if (auto ok = CheckLastDays(store, walk, *there); !ok) return ok;
  BlobUses missing;
  for (const auto& [name, use] : named) {
    const auto found = there->find(name);
    if (found == there->end()) {
      missing.emplace(name, use);
    } else if (found->second < use.day) {
      walk.Add({Kind::kBlob, 0, 0, name, "it would be deleted before the records that name it"});
    }
  }
  if (missing.empty()) return {};
  const auto deleted = DeletedSince(store, walk);
  if (!deleted) return deleted.error();
  for (const auto& [name, use] : missing) {
    if (use.seq > *deleted) {
      walk.Add({Kind::kBlob, 0, 0, name, "records name it, and it is missing"});
    }
  }
  return {};
}

}  // namespace

std::string_view AuditFindingName(AuditFinding::Kind kind) {
  switch (kind) {
    case Kind::kChanged:
      return "changed";
    case Kind::kColumns:
      return "columns";
    case Kind::kMissing:
      return "missing";
    case Kind::kUnchecked:
      return "unchecked";
    case Kind::kInserted:
      return "inserted";
    case Kind::kRewritten:
      return "rewritten";
    case Kind::kUnsigned:
      return "unsigned";
    case Kind::kBlob:
      return "blob";
    case Kind::kStructure:
      return "structure";
    case Kind::kExpected:
      return "expected";
  }
  return "changed";
}

Result<AuditReport> AuditStore(EvidenceStore& store, const AuditOptions& options) {
  AuditReport report;
  ChainWalk walk(options, report);
  if (auto ok = store.VisitAll(walk); !ok) return ok.error();
  if (!walk.has_state()) return report;  // which tables are missing was said
  walk.Finish();
  if (auto ok = CheckBlobs(store, walk); !ok) return ok.error();
  return report;
}

}  // namespace callvet
