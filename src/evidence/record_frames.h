// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "callvet/evidence.h"

// Records as bytes, with the blobs that they name, for spill files and packages. A row of frames: a
// mark, by which the next one is found behind bytes that cannot be read, length (4 bytes,
// big-endian), the first 8 bytes of the SHA-256 of what follows, a letter ('B'
// blob, 'R' record), bytes. A record's bytes are the number of its blobs (4 bytes), their SHA-256s,
// and its text.

namespace callvet {

/// Appends the frames of `record` to `bytes`; of its blobs those whose SHA-256 is not in `known`,
/// where they then are.
void AppendRecord(std::string& bytes, const EvidenceRecord& record, std::set<std::string>& known);

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
