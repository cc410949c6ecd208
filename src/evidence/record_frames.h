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

#include "callvet/evidence.h"
#include "evidence/evidence_codec.h"

// Records as bytes, with the blobs that they name, for spill files and packages. A row of frames: a
// mark, by which the next one is found behind bytes that cannot be read, length (4 bytes,
// big-endian), a check of what follows (8 bytes: its SipHash-1-3 under the key 0, big-endian), a
// letter ('B' blob, 'R' record, 'C' call), bytes. A record's bytes are the number of its blobs (4
// bytes), their SHA-256s, and its text; a call's the same with its notes, of which its record is
// made when it is read. Frames of earlier versions have another mark and the first 8 bytes of the
// SHA-256 as check: they are read, too. The check finds damage, and guards against nobody.

namespace callvet {

/// The SHA-256s of blobs, in hex and as they stand in frames.
using BlobNames = std::unordered_map<std::string, std::string>;

/// Appends the frames of `record` to `bytes`; of its blobs those that are neither in `known` nor in
/// `added`, where they then are.
void AppendRecord(std::string& bytes, const EvidenceRecord& record, const BlobNames& known,
                  BlobNames& added);
/// Appends the frames of those of `blobs` that are neither in `known` nor in `added`, where they
/// then are.
void AppendBlobs(std::string& bytes, const BlobList& blobs, const BlobNames& known,
                 BlobNames& added);

/// How many bytes a call with these notes takes as a frame.
size_t CallFrameSize(std::string_view notes, const BlobList& blobs);
/// Appends the frame of a call, whose blobs' frames must come before it, but for its check. Who can
/// read the bytes can read whom it names: notes are not sealed.
void AppendCall(std::string& bytes, std::string_view notes, const BlobList& blobs);
/// Fills in the checks of frames that AppendCall appended, which `frames` are end to end.
void CheckCalls(std::span<char> frames);
/// The notes in the first of such frames, whether its check is there or not.
std::string_view NotesOf(std::string_view frames);

/// Where a reader of frames is, and which blobs it came by. A value.
struct RecordCursor {
  size_t offset = 0;
  bool torn = false;         // something could not be read
  uint64_t damaged = 0;      // places that could not be read though frames follow behind them
  size_t damage_until = 0;   // where the last of them ends
  bool lacks_blobs = false;  // a record names a blob that did not come by before it
  std::map<std::string, std::shared_ptr<const EvidenceBlob>> blobs;  // by SHA-256
};

/// The next record of `bytes`, behind what cannot be read; nullptr at the end of what can be read,
/// which is not their end if `cursor.torn`.
std::shared_ptr<const EvidenceRecord> NextRecord(std::string_view bytes, RecordCursor& cursor);

/// Whether NextRecord would find another frame. Pure.
bool HasFrame(std::string_view bytes, const RecordCursor& cursor);

}  // namespace callvet
