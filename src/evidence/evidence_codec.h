// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "callvet/evidence.h"
#include "callvet/result.h"
#include "callvet/rotation.h"
#include "evidence/evidence_id.h"
#include "evidence/material.h"
#include "evidence/number_secret.h"

namespace callvet {

/// Somebody's access to evidence, which is recorded like a call.
struct EvidenceAccess {
  std::string who;    // token name or user
  std::string what;   // "find", "show", "export", ...
  std::string about;  // the query or id
  sys_seconds time{};
};

/// Calls that were found for a complaint that was filed before.
struct FoundCalls {
  std::string complaint;             // id of its record
  std::vector<ComplaintCall> calls;  // the nearest in time first; not empty
  std::string who;
  sys_seconds time{};
};

/// A record's text, read.
struct EvidenceText {
  JsonValue json;      // all of it
  JsonValue private_;  // the part that names parties; null if it is sealed and there is no key
  [[nodiscard]] bool sealed() const { return private_.IsNull(); }
};

/// Of a call's evidence all that its record will say, before its text is written: the thread that
/// judged the call takes them at little cost, and a record is made of them whenever there is time
/// (RecordOfNotes). They may wait in a file for another process, so they are bytes.
struct CallNotes {
  std::string bytes;
  SharedBasis basis;  // that `bytes` leave out; not null
};

/// Where a thread notes one call after another: it uses the memory, and what the call before
/// rested on, again. Keeps that alive.
struct NoteDesk {
  NoteWriter notes;
  SharedBasis basis;  // that `notes` leave out; nullptr before the first call
};

/// Notes as they are read.
struct ReadableNotes {
  std::string_view own;
  std::string_view basis;  // CallBasis::notes; "" of the first form, which leaves nothing out
};

/// Makes records of calls and reads them again. Thread-safe.
class EvidenceCodec {
 public:
  /// With `key` numbers are hashed and parties sealed.
  explicit EvidenceCodec(std::optional<NumberSecret> key = std::nullopt) : key_(std::move(key)) {}

  /// Writes the notes of `evidence`, in place of those of the call before. Fails with
  /// kInternalError; they are then half written.
  Result<void> Note(const CallEvidenceView& evidence, std::string_view id, NoteDesk& desk);
  /// The same, in memory of their own. Fails with kInternalError.
  Result<CallNotes> Note(const CallEvidenceView& evidence, std::string_view id);
  /// The record of these notes. Fails with kInternalError.
  Result<EvidenceRecord> Encode(const CallEvidenceView& evidence, std::string_view id);
  /// Fails with kInternalError.
  Result<EvidenceRecord> Encode(const EvidenceAccess& access, std::string id) const;
  /// A complaint and the calls that were found for it, the nearest in time first; `plan`, which may
  /// be null, reads its numbers. Fails with kInternalError.
  Result<EvidenceRecord> Encode(const Complaint& complaint, const std::vector<ComplaintCall>& calls,
                                const DialPlan* plan, std::string id) const;
  /// Fails with kInternalError.
  Result<EvidenceRecord> Encode(const FoundCalls& found, std::string id) const;
  /// A change that is kept at `time`. Fails with kInternalError.
  Result<EvidenceRecord> Encode(const PoolChange& change, sys_seconds time, std::string id) const;

  /// What a number or URI as somebody writes it (`plan` may be null) is found by: canonical, or
  /// the text itself if it is no party, and hashed if there is a key. Fails with kInternalError.
  [[nodiscard]] Result<std::string> KeyOf(std::string_view party, const DialPlan* plan) const;
  /// What an origid is found by: a UUID in lower case, which names nobody; else the text itself,
  /// hashed if there is a key. Fails with kInternalError.
  [[nodiscard]] Result<std::string> OrigidKey(std::string_view origid) const;
  /// What a Call-ID is found by: itself, hashed if there is a key, since many hold numbers. Fails
  /// with kInternalError.
  [[nodiscard]] Result<std::string> CallIdKey(std::string_view call_id) const;

  /// Fails with kEvidenceAltered; also with a key that is not the one it was sealed with.
  [[nodiscard]] Result<EvidenceText> Read(std::string_view text) const;

  [[nodiscard]] const std::optional<NumberSecret>& key() const { return key_; }

 private:
  Result<EvidenceRecord> Finish(JsonMembers json, JsonMembers private_part,
                                EvidenceRecord record) const;

  std::optional<NumberSecret> key_;
  std::unique_ptr<MaterialEncoder> material_ = std::make_unique<MaterialEncoder>();
};

/// `keys` as stores take them: at most 256 bytes each, with '?' for control characters and bytes
/// that are not UTF-8, which signalling may hold. Records have such keys; apply it to what is
/// looked for. Pure.
EvidenceKeys CleanKeys(EvidenceKeys keys);

/// One key, in the same way. Pure.
std::string CleanKey(std::string_view text);

/// "call", "access", "complaint", "match" or "pool".
std::string_view EvidenceKindName(EvidenceKind kind);
/// The kind that a store writes as `number`; nothing if there is none.
std::optional<EvidenceKind> EvidenceKindOf(int64_t number);

/// The record of a call, without blobs, of its notes. `blobs` are the SHA-256s of those that they
/// are of; with `key` numbers are hashed and parties sealed. Fails with kEvidenceAltered: these are
/// no notes of this program or an earlier one; with a key also with kInternalError. Pure.
Result<EvidenceRecord> RecordOfNotes(const ReadableNotes& notes,
                                     const std::vector<std::string_view>& blobs,
                                     const std::optional<NumberSecret>& key = std::nullopt);

/// The same with its blobs.
Result<EvidenceRecord> RecordOfNotes(std::string_view notes, const CallBasis& basis,
                                     const std::optional<NumberSecret>& key = std::nullopt);

/// The id of the record that notes of the present form are of; "" if they are none. Borrows
/// `notes`. Pure.
std::string_view IdOfNotes(std::string_view notes);

/// By what a call is found that `verdict` is of; trunk and Call-ID are not of it. Not yet cut nor
/// hashed. Pure.
EvidenceKeys KeysOf(const CallRequest& call, const DialPlan* plan, const Verdict& verdict);

/// Puts the open private part into `text`, and what of the verdict was sealed with it into its
/// place.
void OpenPrivate(EvidenceText& text, JsonValue private_part);

/// A record of its text alone; without blobs. Fails with kEvidenceAltered. Pure.
Result<EvidenceRecord> RecordOfText(std::string text);

/// What must be so of every record: that its row is as a store writes it, and `text` says id, kind,
/// time and keys of the columns beside it. "" or what differs. Pure.
std::string ColumnsDifference(const StoredEvidence& record);
/// The same, `read` being RecordOfText of its text.
std::string ColumnsDifference(const StoredEvidence& record, const Result<EvidenceRecord>& read);

}  // namespace callvet
