// SPDX-License-Identifier: MIT
#include "evidence/record_frames.h"

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <utility>
#include <vector>

#include "base/sip_hash.h"
#include "base/text.h"
#include "evidence/evidence_codec.h"
#include "evidence/material.h"
#include "evidence/packed_id.h"
#include "pki/sha256.h"

namespace callvet {
namespace {

constexpr std::string_view kMark =
    "\xF7"
    "cvG";
// Of earlier versions, whose check is of SHA-256.
constexpr std::string_view kShaMark =
    "\xF7"
    "cvF";
constexpr std::string_view kAnyMark = kMark.substr(0, 3);
constexpr size_t kLengthBytes = 4;
constexpr size_t kCheckBytes = 8;
constexpr size_t kBlobHashBytes = 32;

// The low `size` bytes of `number`, the high one first.
std::string Number(uint64_t number, size_t size = kLengthBytes) {
  std::string bytes(size, '\0');
  for (size_t i = size; i-- > 0; number >>= 8U) bytes[i] = static_cast<char>(number & 0xFFU);
  return bytes;
}

size_t NumberAt(std::string_view bytes) {
  size_t number = 0;
  for (size_t i = 0; i < kLengthBytes; ++i) {
    number = number << 8U | static_cast<unsigned char>(bytes[i]);
  }
  return number;
}

// Against accidents alone, so that everybody may know the key.
std::string CheckOf(std::string_view payload) {
  return Number(SipHashForTables(SipKey{}, payload), kCheckBytes);
}

std::string ShaCheckOf(std::string_view payload) {
  const auto digest = Sha256(payload);
  return digest ? std::string(AsBytes(*digest).substr(0, kCheckBytes)) : std::string();
}

constexpr size_t kFrameHead = kMark.size() + kLengthBytes + kCheckBytes;

// Begins a frame whose payload has `size` bytes; its check is not known yet.
void BeginFrame(std::string& bytes, size_t size) {
  bytes.append(kMark).append(Number(size)).append(kCheckBytes, '\0');
}

// Fills in the check of the frame that `frame` begins with; gives how long it is.
size_t CheckFrame(std::span<char> frame) {
  const size_t size = NumberAt({frame.data() + kMark.size(), kLengthBytes});
  const std::string check = CheckOf({frame.data() + kFrameHead, size});
  std::copy(check.begin(), check.end(), frame.begin() + kMark.size() + kLengthBytes);
  return kFrameHead + size;
}

// Appends a frame of `payload`, in parts.
void AddFrame(std::string& bytes, std::initializer_list<std::string_view> payload) {
  const size_t begin = bytes.size();
  size_t size = 0;
  for (const std::string_view part : payload) size += part.size();
  BeginFrame(bytes, size);
  for (const std::string_view part : payload) bytes.append(part);
  CheckFrame(std::span<char>(bytes).subspan(begin));
}

// The payload of the frame at `offset`, which moves behind it; "" if there is no whole one.
std::string_view TakeFrame(std::string_view bytes, size_t& offset) {
  const std::string_view rest = bytes.substr(offset);
  const bool earlier = rest.starts_with(kShaMark);
  if (rest.size() < kFrameHead || (!earlier && !rest.starts_with(kMark))) return {};
  const size_t length = NumberAt(rest.substr(kMark.size()));
  if (length == 0 || rest.size() - kFrameHead < length) return {};
  const std::string_view payload = rest.substr(kFrameHead, length);
  const std::string check = earlier ? ShaCheckOf(payload) : CheckOf(payload);
  if (check != rest.substr(kMark.size() + kLengthBytes, kCheckBytes)) return {};
  offset += kFrameHead + length;
  return payload;
}

// Where the next whole frame begins at or behind `offset`; npos: nowhere.
size_t FindFrame(std::string_view bytes, size_t offset) {
  for (size_t at = bytes.find(kAnyMark, offset); at != std::string_view::npos;
       at = bytes.find(kAnyMark, at + 1)) {
    size_t behind = at;
    if (!TakeFrame(bytes, behind).empty()) return at;
  }
  return std::string_view::npos;
}

// Counts what cannot be read up to the cursor, once, however often it is come by.
void NoteDamage(RecordCursor& cursor) {
  cursor.torn = true;
  if (cursor.offset <= cursor.damage_until) return;
  cursor.damage_until = cursor.offset;
  ++cursor.damaged;
}

// What is behind the names of blobs in a frame of `letter`, as a record without them.
Result<EvidenceRecord> RecordOf(char letter, std::string_view what,
                                const std::vector<std::string_view>& blobs) {
  if (letter == 'R') return RecordOfText(std::string(what));
  if (letter == 'C') return RecordOfNotes(what, blobs);
  return Fail(Reason::kEvidenceAltered, "this is no record");
}

// The record of a frame's `body`; nullptr if it is none.
std::shared_ptr<const EvidenceRecord> ReadRecord(char letter, std::string_view body,
                                                 RecordCursor& cursor) {
  const size_t count = body.size() >= kLengthBytes ? NumberAt(body) : SIZE_MAX;
  if (count > body.size() / kBlobHashBytes) return nullptr;
  const size_t head = kLengthBytes + count * kBlobHashBytes;
  std::vector<std::string> names;
  for (size_t i = 0; i < count; ++i) {
    names.push_back(ToHex(body.substr(kLengthBytes + i * kBlobHashBytes, kBlobHashBytes)));
  }
  auto record = RecordOf(letter, body.substr(std::min(head, body.size())),
                         std::vector<std::string_view>(names.begin(), names.end()));
  if (!record) return nullptr;
  for (const std::string& name : names) {
    const auto blob = cursor.blobs.find(name);
    if (blob == cursor.blobs.end()) {
      cursor.lacks_blobs = true;
    } else {
      record->blobs.push_back(blob->second);
    }
  }
  return std::make_shared<const EvidenceRecord>(std::move(*record));
}

// Appends the frame of `blob` unless it is known. Gives its SHA-256 as it stands in frames.
const std::string& AppendBlob(std::string& bytes, const EvidenceBlob& blob, const BlobNames& known,
                              BlobNames& added) {
  if (const auto name = known.find(blob.sha256); name != known.end()) return name->second;
  const auto [name, is_new] = added.try_emplace(blob.sha256);
  if (is_new) {
    name->second = BytesOfHex(blob.sha256).value_or("");
    AddFrame(bytes, {"B", blob.bytes});
  }
  return name->second;
}

}  // namespace

void AppendRecord(std::string& bytes, const EvidenceRecord& record, const BlobNames& known,
                  BlobNames& added) {
  std::string names;
  names.reserve(record.blobs.size() * kBlobHashBytes);
  for (const auto& blob : record.blobs) names += AppendBlob(bytes, *blob, known, added);
  AddFrame(bytes, {"R", Number(record.blobs.size()), names, record.text});
}

void AppendBlobs(std::string& bytes, const BlobList& blobs, const BlobNames& known,
                 BlobNames& added) {
  for (const auto& blob : blobs.blobs) AppendBlob(bytes, *blob, known, added);
}

size_t CallFrameSize(std::string_view notes, const BlobList& blobs) {
  return kFrameHead + 1 + kLengthBytes + blobs.names.size() + notes.size();
}

void AppendCall(std::string& bytes, std::string_view notes, const BlobList& blobs) {
  BeginFrame(bytes, CallFrameSize(notes, blobs) - kFrameHead);
  bytes.append(1, 'C').append(Number(blobs.blobs.size())).append(blobs.names).append(notes);
}

void CheckCalls(std::span<char> frames) {
  while (!frames.empty()) frames = frames.subspan(CheckFrame(frames));
}

std::string_view NotesOf(std::string_view frames) {
  const size_t size = NumberAt(frames.substr(kMark.size()));
  const std::string_view body = frames.substr(kFrameHead, size).substr(1);
  return body.substr(kLengthBytes + NumberAt(body) * kBlobHashBytes);
}

std::shared_ptr<const EvidenceRecord> NextRecord(std::string_view bytes, RecordCursor& cursor) {
  while (true) {
    const std::string_view payload = TakeFrame(bytes, cursor.offset);
    if (payload.empty()) {
      const size_t next = FindFrame(bytes, cursor.offset);
      if (next == std::string_view::npos) {
        cursor.torn = cursor.torn || cursor.offset != bytes.size();
        return nullptr;
      }
      cursor.offset = next;
      NoteDamage(cursor);
      continue;
    }
    const std::string_view body = payload.substr(1);
    if (payload.front() == 'B') {
      auto blob = MakeBlob(std::string(body));
      if (blob) cursor.blobs[(*blob)->sha256] = *blob;
      continue;
    }
    if (auto record = ReadRecord(payload.front(), body, cursor)) return record;
    NoteDamage(cursor);
  }
}

bool HasFrame(std::string_view bytes, const RecordCursor& cursor) {
  return FindFrame(bytes, cursor.offset) != std::string_view::npos;
}

}  // namespace callvet
