// SPDX-License-Identifier: MIT
#include "evidence/spill.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "base/file.h"
#include "base/text.h"
#include "evidence/evidence_codec.h"
#include "evidence/packed_id.h"
#include "pki/sealing.h"
#include "pki/sha256.h"

namespace callvet {
namespace {

namespace fs = std::filesystem;

// A file is a row of frames: a mark, by which the next one is found behind bytes that cannot be
// read, length (4 bytes, big-endian), the first 8 bytes of the SHA-256 of what follows, a letter
// ('B' blob, 'R' record), bytes. A record's bytes are the number of its blobs (4 bytes), their
// SHA-256s, and its text.
constexpr std::string_view kMark =
    "\xF7"
    "cvF";
constexpr size_t kLengthBytes = 4;
constexpr size_t kCheckBytes = 8;
constexpr size_t kHashBytes = 32;
// Small, so that a writer that is stopped while it drains begins again near where it was.
constexpr uint64_t kFileBytes = uint64_t{4} << 20U;

Failure DiskFailure(const fs::path& path, int error) {
  return Fail(Reason::kEvidenceUnavailable,
              path.string() + ": " + std::generic_category().message(error));
}

std::string Number(size_t number) {
  std::string bytes(kLengthBytes, '\0');
  for (size_t i = 0; i < kLengthBytes; ++i) {
    bytes[i] = static_cast<char>((number >> (8 * (kLengthBytes - 1 - i))) & 0xFFU);
  }
  return bytes;
}

size_t NumberAt(std::string_view bytes) {
  size_t number = 0;
  for (size_t i = 0; i < kLengthBytes; ++i) {
    number = number << 8U | static_cast<unsigned char>(bytes[i]);
  }
  return number;
}

std::string CheckOf(std::string_view payload) {
  const auto digest = Sha256(payload);
  return digest ? std::string(AsBytes(*digest).substr(0, kCheckBytes)) : std::string();
}

void AddFrame(std::string& bytes, const std::string& payload) {
  bytes.append(kMark).append(Number(payload.size())).append(CheckOf(payload)).append(payload);
}

// The payload of the frame at `offset`, which moves behind it; "" if there is no whole one.
std::string_view TakeFrame(std::string_view bytes, size_t& offset) {
  const std::string_view rest = bytes.substr(offset);
  constexpr size_t kHead = kMark.size() + kLengthBytes + kCheckBytes;
  if (rest.size() < kHead || !rest.starts_with(kMark)) return {};
  const size_t length = NumberAt(rest.substr(kMark.size()));
  if (length == 0 || rest.size() - kHead < length) return {};
  const std::string_view payload = rest.substr(kHead, length);
  if (CheckOf(payload) != rest.substr(kMark.size() + kLengthBytes, kCheckBytes)) return {};
  offset += kHead + length;
  return payload;
}

bool WriteBytes(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return ::fdatasync(fd) == 0;
}

}  // namespace

Result<std::unique_ptr<EvidenceSpill>> EvidenceSpill::Open(const fs::path& directory,
                                                           uint64_t max_bytes,
                                                           std::string_view number_key) {
  std::error_code error;
  if (!fs::exists(directory, error) && ::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) {
    return Fail(Reason::kFileUnreadable, directory.string() + " cannot be made");
  }
  auto lock = LockFile(directory / "lock", LockWait::kDoNotWait);
  if (!lock) return lock.error();
  std::unique_ptr<EvidenceSpill> spill(new EvidenceSpill(directory, std::move(*lock), max_bytes));
  const auto files = ListFiles(directory);
  if (!files) return files.error();
  for (const fs::path& file : *files) {
    const std::string name = file.filename().string();
    if (!name.starts_with("spill-")) continue;
    const auto number = ParseNumber(name.substr(6, name.find('.') - 6), UINT64_MAX / 2);
    if (!number) continue;
    spill->last_number_ = std::max(spill->last_number_, *number);
    if (name.find('.') != std::string::npos) {
      ++spill->torn_files_;
      continue;
    }
    spill->files_.push_back({*number, fs::file_size(file, error)});
  }
  std::sort(spill->files_.begin(), spill->files_.end(),
            [](const File& a, const File& b) { return a.number < b.number; });
  if (auto ok = spill->SettleNumberKey(number_key); !ok) return ok.error();
  return spill;
}

// Records that wait are not to come into a store whose numbers are kept in another way.
Result<void> EvidenceSpill::SettleNumberKey(std::string_view number_key) const {
  const fs::path path = directory_ / "number_key";
  constexpr size_t kMaxName = 256;
  std::error_code error;
  if (!files_.empty() && fs::exists(path, error)) {
    const auto name = ReadFile(path, kMaxName);
    if (!name) return name.error();
    if (*name == number_key) return {};
    return Fail(Reason::kKeyInvalid,
                directory_.string() +
                    " holds records that were made with another key for numbers, or without one");
  }
  return WriteFile(path, std::string(number_key), FileMode::kPrivate);
}

fs::path EvidenceSpill::PathOf(uint64_t number) const {
  return directory_ / ("spill-" + std::to_string(number));
}

uint64_t EvidenceSpill::bytes() const {
  uint64_t sum = 0;
  for (const File& file : files_) sum += file.bytes;
  return sum;
}

void EvidenceSpill::SyncDirectory() const {
  const FileDescriptor fd(::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() >= 0) ::fsync(fd.get());
}

Result<void> EvidenceSpill::StartFile() {
  const uint64_t number = last_number_ + 1;
  const fs::path path = PathOf(number);
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return DiskFailure(path, errno);
  writing_ = std::make_unique<FileDescriptor>(fd);
  last_number_ = number;
  written_blobs_.clear();
  files_.push_back({number, 0});
  SyncDirectory();
  return {};
}

std::string EvidenceSpill::Encode(const Records& records, std::set<std::string>& blobs) const {
  std::string bytes;
  for (const auto& record : records) {
    std::string payload = "R" + Number(record->blobs.size());
    for (const auto& blob : record->blobs) {
      payload += BytesOfHex(blob->sha256).value_or("");
      if (blobs.insert(blob->sha256).second) AddFrame(bytes, "B" + blob->bytes);
    }
    AddFrame(bytes, payload + record->text);
  }
  return bytes;
}

Result<void> EvidenceSpill::Append(const Records& records) {
  if (writing_ == nullptr || files_.back().bytes >= kFileBytes) {
    if (auto ok = StartFile(); !ok) return ok;
  }
  std::set<std::string> blobs = written_blobs_;
  const std::string encoded = Encode(records, blobs);
  if (bytes() + encoded.size() > max_bytes_) {
    return Fail(Reason::kEvidenceNotKept, directory_.string() + " is full");
  }
  File& file = files_.back();
  if (!WriteBytes(writing_->get(), encoded)) {
    const int error = errno;
    // Half a batch must not be read as if it had been kept.
    if (::ftruncate(writing_->get(), static_cast<off_t>(file.bytes)) != 0) writing_.reset();
    return DiskFailure(PathOf(file.number), error);
  }
  file.bytes += encoded.size();
  written_blobs_ = std::move(blobs);
  return {};
}

Result<void> EvidenceSpill::Load() {
  const File& first = files_.front();
  // What is read is not written any more.
  if (writing_ != nullptr && files_.size() == 1) writing_.reset();
  auto bytes = ReadFile(PathOf(first.number), size_t{4} << 30U);
  if (!bytes) return Fail(Reason::kEvidenceUnavailable, bytes.error().detail);
  reading_ = std::make_unique<Reading>();
  reading_->number = first.number;
  reading_->bytes = std::move(*bytes);
  return {};
}

// Counts what cannot be read up to the offset, once.
void EvidenceSpill::Damage() {
  reading_->torn = true;
  if (reading_->offset <= reading_->damage_until) return;
  reading_->damage_until = reading_->offset;
  ++damaged_;
}

// Goes to the next frame behind bytes that cannot be read; false: there is none.
bool EvidenceSpill::SkipDamage() {
  const std::string_view bytes = reading_->bytes;
  for (size_t at = bytes.find(kMark, reading_->offset + 1); at != std::string_view::npos;
       at = bytes.find(kMark, at + 1)) {
    size_t behind = at;
    if (TakeFrame(bytes, behind).empty()) continue;
    reading_->offset = at;
    Damage();
    return true;
  }
  return false;
}

std::shared_ptr<const EvidenceRecord> EvidenceSpill::ReadRecord(std::string_view body) {
  const size_t count = body.size() >= kLengthBytes ? NumberAt(body) : SIZE_MAX;
  if (count > body.size() / kHashBytes) return nullptr;
  const size_t head = kLengthBytes + count * kHashBytes;
  auto record = RecordOfText(std::string(body.substr(std::min(head, body.size()))));
  if (!record) return nullptr;
  for (size_t i = 0; i < count; ++i) {
    const auto blob =
        reading_->blobs.find(ToHex(body.substr(kLengthBytes + i * kHashBytes, kHashBytes)));
    if (blob == reading_->blobs.end()) continue;
    record->blobs.push_back(blob->second);
  }
  return std::make_shared<const EvidenceRecord>(std::move(*record));
}

// The next record; nullptr at the end of what can be read.
std::shared_ptr<const EvidenceRecord> EvidenceSpill::ReadFrame() {
  while (true) {
    const std::string_view payload = TakeFrame(reading_->bytes, reading_->offset);
    if (payload.empty()) {
      if (reading_->offset < reading_->bytes.size() && SkipDamage()) continue;
      return nullptr;
    }
    if (payload.front() == 'B') {
      auto blob = MakeBlob(std::string(payload.substr(1)));
      if (blob) reading_->blobs[(*blob)->sha256] = *blob;
      continue;
    }
    if (auto record = ReadRecord(payload.substr(1))) return record;
    Damage();
  }
}

Result<EvidenceSpill::Records> EvidenceSpill::Next(size_t max) {
  Records records;
  if (files_.empty()) return records;
  if (reading_ == nullptr) {
    if (auto ok = Load(); !ok) return ok.error();
  }
  while (records.size() < max) {
    auto record = ReadFrame();
    if (record == nullptr) break;
    records.push_back(std::move(record));
  }
  return records;
}

void EvidenceSpill::Rewind() {
  if (reading_ != nullptr) reading_->offset = reading_->dropped;
}

void EvidenceSpill::Drop() {
  if (reading_ == nullptr) return;
  reading_->dropped = reading_->offset;
  size_t behind = reading_->offset;
  if (!TakeFrame(reading_->bytes, behind).empty() || SkipDamage()) return;
  const fs::path path = PathOf(reading_->number);
  const bool torn = reading_->torn || reading_->offset != reading_->bytes.size();
  if (torn) {
    ::rename(path.c_str(), (path.string() + ".torn").c_str());
    ++torn_files_;
  } else {
    ::unlink(path.c_str());
  }
  files_.erase(files_.begin());
  reading_.reset();
  SyncDirectory();
}

}  // namespace callvet
