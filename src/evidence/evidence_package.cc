// SPDX-License-Identifier: MIT
#include "evidence/evidence_package.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "pki/random_bytes.h"

namespace callvet {
namespace {

// A package: mark, stream, epoch (8 bytes, big-endian), frames.
constexpr std::string_view kMark = "CVE1";
constexpr size_t kStreamBytes = 16;
constexpr size_t kEpochBytes = 8;
constexpr size_t kHead = kMark.size() + kStreamBytes + kEpochBytes;
// An epoch ends when it has this much more than its last record needs twice.
constexpr size_t kEpochSlack = size_t{4} << 20U;

std::string EpochText(uint64_t epoch) {
  std::string bytes(kEpochBytes, '\0');
  for (size_t i = kEpochBytes; i-- > 0; epoch >>= 8U) bytes[i] = static_cast<char>(epoch & 0xFFU);
  return bytes;
}

uint64_t EpochOf(std::string_view bytes) {
  uint64_t epoch = 0;
  for (const char byte : bytes) epoch = epoch << 8U | static_cast<unsigned char>(byte);
  return epoch;
}

}  // namespace

Result<void> EvidencePacker::BeginStream() {
  std::array<uint8_t, kStreamBytes> name{};
  if (auto ok = FillAtRandom(name); !ok) return ok;
  stream_.assign(name.begin(), name.end());
  ids_ = EvidenceIds();
  process_ = ::getpid();
  epoch_ = 0;
  known_.clear();
  known_bytes_ = 0;
  unsure_.clear();
  return {};
}

// A process that was forked has a stream, and ids, of its own.
Result<void> EvidencePacker::KnowProcess() {
  if (process_ == ::getpid()) return {};
  return BeginStream();
}

void EvidencePacker::BeginEpochIfLarge(const EvidenceRecord& record) {
  size_t needed = 0;
  for (const auto& blob : record.blobs) needed += blob->bytes.size();
  if (known_bytes_ <= 2 * needed + kEpochSlack) return;
  ++epoch_;
  known_.clear();
  known_bytes_ = 0;
}

Result<EvidencePacker::Package> EvidencePacker::Pack(const CallEvidenceView& evidence) {
  if (auto ok = KnowProcess(); !ok) return ok.error();
  auto id = ids_.Next(SystemClock().Now());
  if (!id) return id.error();
  auto record = codec_.Encode(evidence, std::move(*id));
  if (!record) return record.error();
  return Pack(*record);
}

Result<EvidencePacker::Package> EvidencePacker::Pack(const EvidenceRecord& record) {
  if (auto ok = KnowProcess(); !ok) return ok.error();
  for (const std::string& name : std::exchange(unsure_, {})) known_.erase(name);
  BeginEpochIfLarge(record);
  for (const auto& blob : record.blobs) {
    if (known_.contains(blob->sha256)) continue;
    unsure_.push_back(blob->sha256);
    known_bytes_ += blob->bytes.size();
  }
  Package package;
  package.bytes = std::string(kMark) + stream_ + EpochText(epoch_);
  AppendRecord(package.bytes, record, {}, known_);
  package.id = record.id;
  return package;
}

EvidenceUnpacker::Stream& EvidenceUnpacker::StreamOf(const std::string& name) {
  if (!streams_.contains(name) && streams_.size() >= kMaxStreams) {
    streams_.erase(std::min_element(
        streams_.begin(), streams_.end(),
        [](const auto& a, const auto& b) { return a.second.used < b.second.used; }));
  }
  Stream& stream = streams_[name];
  stream.used = ++count_;
  return stream;
}

Result<std::shared_ptr<const EvidenceRecord>> EvidenceUnpacker::Unpack(std::string_view bytes) {
  if (bytes.size() < kHead || bytes.substr(0, kMark.size()) != kMark) {
    return Fail(Reason::kEvidenceAltered, "this is no package of evidence");
  }
  Stream& stream = StreamOf(std::string(bytes.substr(kMark.size(), kStreamBytes)));
  const uint64_t epoch = EpochOf(bytes.substr(kMark.size() + kStreamBytes, kEpochBytes));
  if (epoch != stream.epoch) stream.cursor.blobs.clear();
  stream.epoch = epoch;
  RecordCursor& cursor = stream.cursor;
  cursor.offset = 0;
  cursor.torn = cursor.lacks_blobs = false;
  cursor.bases.clear();  // of files: packages hold records
  const std::string_view frames = bytes.substr(kHead);
  auto record = NextRecord(frames, cursor);
  if (record == nullptr || cursor.torn || cursor.offset != frames.size()) {
    return Fail(Reason::kEvidenceAltered, "a package of evidence cannot be read");
  }
  if (cursor.lacks_blobs) {
    return Fail(Reason::kEvidenceAltered, "a package of evidence before this one is missing");
  }
  return record;
}

}  // namespace callvet
