// SPDX-License-Identifier: MIT
#include "evidence/record_frames.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
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
constexpr size_t kLabelBytes = 8;
constexpr size_t kCheckBytes = 8;
constexpr size_t kBlobHashBytes = 32;

// The low `size` bytes of `number`, the high one first.
std::string Number(uint64_t number, size_t size = kLengthBytes) {
  std::string bytes(size, '\0');
  for (size_t i = size; i-- > 0; number >>= 8U) bytes[i] = static_cast<char>(number & 0xFFU);
  return bytes;
}

size_t NumberAt(std::string_view bytes, size_t size = kLengthBytes) {
  size_t number = 0;
  for (size_t i = 0; i < size; ++i) number = number << 8U | static_cast<unsigned char>(bytes[i]);
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

// Fills in the check of the frame that `frame` begins with.
void CheckFrame(std::span<char> frame) {
  const size_t size = NumberAt({frame.data() + kMark.size(), kLengthBytes});
  const std::string check = CheckOf({frame.data() + kFrameHead, size});
  std::copy(check.begin(), check.end(), frame.begin() + kMark.size() + kLengthBytes);
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

// The number of blobs and their names, which `body` begins with, in hex; they are taken from it.
// Nothing: there are none.
std::optional<std::vector<std::string>> TakeNames(std::string_view& body) {
  const size_t count = body.size() >= kLengthBytes ? NumberAt(body) : SIZE_MAX;
  if (count > (body.size() - std::min(body.size(), kLengthBytes)) / kBlobHashBytes) {
    return std::nullopt;
  }
  body.remove_prefix(kLengthBytes);
  std::vector<std::string> names;
  names.reserve(count);
  for (; names.size() < count; body.remove_prefix(kBlobHashBytes)) {
    names.push_back(ToHex(body.substr(0, kBlobHashBytes)));
  }
  return names;
}

// Remembers the basis of the `body` of a frame that begins at `offset`; false: it is none. Labels
// rise, and none is ahead of its frame: so one that somebody's bytes imitate, which are met where
// the frame around them is damaged, is that of no other call.
bool ReadBasisOf(std::string_view body, size_t offset, RecordCursor& cursor) {
  if (body.size() < kLabelBytes) return false;
  const uint64_t label = NumberAt(body, kLabelBytes);
  body.remove_prefix(kLabelBytes);
  auto names = TakeNames(body);
  if (!names || label > offset) return false;
  ReadBasisFrame basis{std::move(*names), std::string(body)};
  const bool newest = cursor.bases.empty() || label > cursor.bases.rbegin()->first;
  if (newest) {
    cursor.bases.emplace(label, std::move(basis));
    return true;
  }
  const auto known = cursor.bases.find(label);  // where it is read again
  return known != cursor.bases.end() && known->second == basis;
}

// `record` with those of its blobs that came by.
std::shared_ptr<const EvidenceRecord> WithBlobs(Result<EvidenceRecord> record,
                                                const std::vector<std::string>& names,
                                                RecordCursor& cursor) {
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

std::vector<std::string_view> Views(const std::vector<std::string>& names) {
  return {names.begin(), names.end()};
}

// The record of a call whose basis came by; nullptr: it is none.
std::shared_ptr<const EvidenceRecord> ReadCall(std::string_view body, RecordCursor& cursor) {
  if (body.size() < kLabelBytes) return nullptr;
  const auto found = cursor.bases.find(NumberAt(body, kLabelBytes));
  if (found == cursor.bases.end()) return nullptr;
  const ReadBasisFrame& basis = found->second;
  return WithBlobs(RecordOfNotes({body.substr(kLabelBytes), basis.notes}, Views(basis.blobs)),
                   basis.blobs, cursor);
}

// The record of a frame's `body`; nullptr if it is none.
std::shared_ptr<const EvidenceRecord> ReadRecord(char letter, std::string_view body,
                                                 RecordCursor& cursor) {
  if (letter == 'N') return ReadCall(body, cursor);
  if (letter != 'R' && letter != 'C') return nullptr;
  const auto names = TakeNames(body);
  if (!names) return nullptr;
  return WithBlobs(
      letter == 'R' ? RecordOfText(std::string(body)) : RecordOfNotes({body, {}}, Views(*names)),
      *names, cursor);
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

void AppendBasis(std::string& bytes, const CallBasis& basis, uint64_t label, const BlobNames& known,
                 BlobNames& added) {
  for (const auto& blob : basis.blobs) AppendBlob(bytes, *blob, known, added);
  AddFrame(bytes,
           {"S", Number(label, kLabelBytes), Number(basis.blobs.size()), basis.names, basis.notes});
}

namespace {

constexpr size_t kCallHead = kFrameHead + 1 + kLabelBytes;

}  // namespace

size_t CallFrameSize(size_t notes) {
  return kCallHead + notes;
}

// In two pieces: the thread that judges calls does it.
void AppendCall(std::string& bytes, std::string_view notes) {
  std::array<char, kCallHead> head{};
  size_t size = kCallHead - kFrameHead + notes.size();
  std::copy(kMark.begin(), kMark.end(), head.begin());
  for (size_t i = kMark.size() + kLengthBytes; i-- > kMark.size(); size >>= 8U) {
    head[i] = static_cast<char>(size & 0xFFU);
  }
  head[kFrameHead] = 'N';
  bytes.append(head.data(), head.size()).append(notes);
}

void FinishCall(std::span<char> frame, uint64_t basis) {
  const std::string label = Number(basis, kLabelBytes);
  std::copy(label.begin(), label.end(), frame.begin() + kFrameHead + 1);
  CheckFrame(frame);
}

std::string_view NotesOf(std::string_view frames) {
  const size_t size = NumberAt(frames.substr(kMark.size()));
  return frames.substr(kFrameHead, size).substr(1 + kLabelBytes);
}

std::shared_ptr<const EvidenceRecord> NextRecord(std::string_view bytes, RecordCursor& cursor) {
  while (true) {
    const size_t begin = cursor.offset;
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
    if (payload.front() == 'S') {
      if (!ReadBasisOf(body, begin, cursor)) NoteDamage(cursor);
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
