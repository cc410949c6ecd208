// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "callvet/evidence.h"
#include "evidence/evidence_codec.h"

// Records as bytes, with the blobs that they name, for spill files and packages. A row of frames: a
// mark, by which the next one is found behind bytes that cannot be read, length (4 bytes,
// big-endian), a check of what follows (8 bytes: its SipHash-1-3 under the key 0, big-endian), a
// letter ('B' blob, 'R' record, 'S' basis of calls, 'N' call), bytes. A record's bytes are the
// number of its blobs (4 bytes), their SHA-256s, and its text; a basis's a label (8 bytes: an
// offset before it, behind that of the basis before), and the same with what is noted once for many
// calls; a call's the label of its basis and its own notes: its record is made when it is read.
// Earlier versions wrote calls as 'C', with blobs and all notes of their own, before these frames
// with another mark and the first 8 bytes of the SHA-256 as check: they are read, too. The check
// finds damage, and guards against nobody.

namespace callvet {

/// The SHA-256s of blobs, in hex and as they stand in frames.
using BlobNames = std::unordered_map<std::string, std::string>;

/// Appends the frames of `record` to `bytes`; of its blobs those that are neither in `known` nor in
/// `added`, where they then are.
void AppendRecord(std::string& bytes, const EvidenceRecord& record, const BlobNames& known,
                  BlobNames& added);
/// Appends the frame of `basis`, behind those of its blobs that are neither in `known` nor in
/// `added`, where they then are.
void AppendBasis(std::string& bytes, const CallBasis& basis, uint64_t label, const BlobNames& known,
                 BlobNames& added);

/// How many bytes a call with notes of this size takes as a frame.
size_t CallFrameSize(size_t notes);
/// Appends the frame of a call, but for the label of its basis, whose frame must come before it,
/// and its check. Who can read the bytes can read whom it names: notes are not sealed.
void AppendCall(std::string& bytes, std::string_view notes);
/// Fills these in.
void FinishCall(std::span<char> frame, uint64_t basis);
/// The notes in a frame that AppendCall appended; more may stand behind it.
std::string_view NotesOf(std::string_view frames);

/// A basis that was read.
struct ReadBasisFrame {
  std::vector<std::string> blobs;  // their SHA-256s, in hex
  std::string notes;
  bool operator==(const ReadBasisFrame&) const = default;
};

/// Where a reader of frames is, and what it came by. A value.
struct RecordCursor {
  size_t offset = 0;
  bool torn = false;         // something could not be read
  uint64_t damaged = 0;      // places that could not be read though frames follow behind them
  size_t damage_until = 0;   // where the last of them ends
  bool lacks_blobs = false;  // a record names a blob that did not come by before it
  std::map<std::string, std::shared_ptr<const EvidenceBlob>> blobs;  // by SHA-256
  std::map<uint64_t, ReadBasisFrame> bases;                          // by label
};

/// The next record of `bytes`, behind what cannot be read; nullptr at the end of what can be read,
/// which is not their end if `cursor.torn`.
std::shared_ptr<const EvidenceRecord> NextRecord(std::string_view bytes, RecordCursor& cursor);

/// Whether NextRecord would find another frame. Pure.
bool HasFrame(std::string_view bytes, const RecordCursor& cursor);

}  // namespace callvet
