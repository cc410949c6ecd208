// SPDX-License-Identifier: MIT
#include "evidence/spill.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <initializer_list>
#include <new>
#include <system_error>
#include <utility>

#include "base/file.h"
#include "base/file_identity.h"
#include "base/text.h"
#include "evidence/evidence_id.h"
#include "evidence/record_frames.h"

namespace callvet {
namespace {

namespace fs = std::filesystem;

// Of records in a file. Small, so that a writer that is stopped while it drains begins again near
// where it was. Blobs do not count: with large ones each group would have a file of its own, and
// all blobs anew.
constexpr size_t kFileRecords = size_t{4} << 20U;

Failure DiskFailure(const fs::path& path, int error) {
  return Fail(Reason::kEvidenceUnavailable,
              path.string() + ": " + std::generic_category().message(error));
}

// Forces them to the disk, too.
bool WriteBytes(int fd, std::initializer_list<std::string_view> parts) {
  for (std::string_view bytes : parts) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(fd, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(written));
    }
  }
  return ::fdatasync(fd) == 0;
}

// All `size` bytes of a file from its beginning; nothing if they cannot be read.
std::optional<std::string> ReadBytes(int fd, size_t size) {
  std::string bytes(size, '\0');
  size_t got = 0;
  while (got < size) {
    const ssize_t read = ::pread(fd, bytes.data() + got, size - got, static_cast<off_t>(got));
    if (read < 0 && errno == EINTR) continue;
    if (read <= 0) return std::nullopt;
    got += static_cast<size_t>(read);
  }
  return bytes;
}

sys_seconds LastWritten(const fs::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return {};
  return sys_seconds(std::chrono::seconds(status.st_mtim.tv_sec));
}

// A file of a spill directory. Of a torn one nothing comes into the store.
struct SpillName {
  uint64_t number = 0;
  bool torn = false;
};

std::optional<SpillName> ReadSpillName(const fs::path& file) {
  const std::string name = file.filename().string();
  if (!name.starts_with("spill-")) return std::nullopt;
  const auto number = ParseNumber(name.substr(6, name.find('.') - 6), UINT64_MAX / 2);
  if (!number) return std::nullopt;
  return SpillName{*number, name.find('.') != std::string::npos};
}

// Of what was kept aside; asked of the directory, since people take such files away.
uint64_t TornBytes(const fs::path& directory) {
  const auto files = ListFiles(directory);
  uint64_t sum = 0;
  for (const fs::path& file : files ? *files : std::vector<fs::path>()) {
    const auto name = ReadSpillName(file);
    if (!name || !name->torn) continue;
    std::error_code gone;
    const uintmax_t bytes = fs::file_size(file, gone);
    if (!gone) sum += bytes;
  }
  return sum;
}

}  // namespace

Result<SpillWaiting> WaitingInSpill(const fs::path& directory) {
  const auto files = ListFiles(directory / "");  // fails for what is no directory
  if (!files) return files.error();
  SpillWaiting waiting;
  for (const fs::path& file : *files) {
    const auto name = ReadSpillName(file);
    std::error_code gone;
    const uintmax_t bytes = fs::file_size(file, gone);
    if (!name || name->torn || gone) continue;
    ++waiting.files;
    waiting.bytes += bytes;
  }
  return waiting;
}

Result<std::unique_ptr<EvidenceSpill>> EvidenceSpill::Open(const fs::path& directory,
                                                           uint64_t max_bytes,
                                                           std::string_view number_key) {
  std::error_code error;
  if (directory.has_parent_path()) fs::create_directories(directory.parent_path(), error);
  if (!fs::exists(directory, error) && ::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) {
    return Fail(Reason::kFileUnreadable, directory.string() + " cannot be made");
  }
  auto lock = LockFile(directory / "lock", LockWait::kDoNotWait);
  if (!lock) return lock.error();
  std::unique_ptr<EvidenceSpill> spill(new EvidenceSpill(directory, std::move(*lock), max_bytes));
  const auto files = ListFiles(directory);
  if (!files) return files.error();
  for (const fs::path& file : *files) {
    const auto name = ReadSpillName(file);
    if (!name) continue;
    spill->last_number_ = std::max(spill->last_number_, name->number);
    if (name->torn) {
      ++spill->torn_files_;
      continue;
    }
    spill->files_.push_back({name->number, fs::file_size(file, error)});
  }
  std::sort(spill->files_.begin(), spill->files_.end(),
            [](const File& a, const File& b) { return a.number < b.number; });
  if (auto ok = spill->SettleNumberKey(number_key); !ok) return ok.error();
  spill->Date();
  return spill;
}

// Of files that are there already: one was begun after the one before it was written to its end,
// the first is as old as its first record.
void EvidenceSpill::Date() {
  if (files_.empty()) return;
  for (size_t i = 1; i < files_.size(); ++i) {
    files_[i].since = LastWritten(PathOf(files_[i - 1].number));
  }
  const auto first = Next(1);
  Rewind();
  if (files_.empty()) return;  // it was taken away
  const auto time = first && !first->empty() ? TimeOfId(first->front()->id) : std::nullopt;
  files_.front().since = time.value_or(LastWritten(PathOf(files_.front().number)));
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

std::optional<sys_seconds> EvidenceSpill::since() const {
  // Who took its id first may be written last.
  const auto oldest = std::min_element(
      files_.begin(), files_.end(), [](const File& a, const File& b) { return a.since < b.since; });
  return oldest == files_.end() ? std::nullopt : std::optional(oldest->since);
}

void EvidenceSpill::SyncDirectory() const {
  const FileDescriptor fd(::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() >= 0) ::fsync(fd.get());
}

Result<void> EvidenceSpill::StartFile(sys_seconds since) {
  const uint64_t number = last_number_ + 1;
  const fs::path path = PathOf(number);
  // What needs memory comes first: the file that is written is the last of files_.
  files_.reserve(files_.size() + 1);
  auto writing = std::make_unique<FileDescriptor>(
      ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600));
  if (writing->get() < 0) return DiskFailure(path, errno);
  writing_ = std::move(writing);
  last_number_ = number;
  written_blobs_.clear();
  written_ = 0;
  files_.push_back({number, 0, since, 0});
  SyncDirectory();
  return {};
}

// The file that is written has its name still, or its records are written into another one.
Result<void> EvidenceSpill::KeepName() {
  if (writing_ == nullptr) return {};
  if (IdentityOf(PathOf(files_.back().number)) == IdentityOf(writing_->get())) return {};
  return WriteAnew();
}

bool EvidenceSpill::IsGone(uint64_t number) const {
  std::error_code error;
  return fs::status(PathOf(number), error).type() == fs::file_type::not_found;
}

void EvidenceSpill::Settle() {
  bool kept = false;
  try {
    kept = KeepName().has_value();
  } catch (const std::bad_alloc&) {  // what is in the file is kept nowhere, then
  }
  if (!kept) {
    vanished_ += files_.back().records;
    files_.pop_back();
    writing_.reset();
  }
  try {
    (void)KeepRead();
  } catch (const std::bad_alloc&) {  // what is not kept is gone, below
  }
  std::erase_if(files_, [this](const File& file) {
    const bool gone = IsGone(file.number);
    if (gone) vanished_ += std::max<uint64_t>(1, file.records);
    return gone;
  });
}

// `bytes`, which were in `lost`, are in a file of another name then, the last of files_.
Result<void> EvidenceSpill::WriteAgain(const File& lost, std::string_view bytes) {
  const File file = lost;
  BlobNames blobs = written_blobs_;
  const size_t written = written_;
  auto old = std::move(writing_);
  if (auto ok = StartFile(file.since); !ok) {
    writing_ = std::move(old);
    return ok;
  }
  if (!WriteBytes(writing_->get(), {bytes})) {
    const fs::path path = PathOf(files_.back().number);
    const int error = errno;
    ::unlink(path.c_str());
    files_.pop_back();
    writing_ = std::move(old);
    written_blobs_ = std::move(blobs);
    written_ = written;
    return DiskFailure(path, error);
  }
  files_.back().bytes = bytes.size();
  files_.back().records = file.records;
  return {};
}

// The file that is written goes on under another name.
Result<void> EvidenceSpill::WriteAnew() {
  BlobNames blobs = written_blobs_;
  const size_t written = written_;
  const File& lost = files_.back();
  const auto bytes = ReadBytes(writing_->get(), lost.bytes);
  if (!bytes) return DiskFailure(PathOf(lost.number), errno);
  if (auto ok = WriteAgain(lost, *bytes); !ok) return ok;
  files_.erase(files_.end() - 2);
  written_blobs_ = std::move(blobs);
  written_ = written;
  return {};
}

// The file that is read is in memory still, if somebody took it away.
Result<void> EvidenceSpill::KeepRead() {
  if (reading_ == nullptr || !IsGone(reading_->number)) return {};
  if (auto ok = WriteAgain(files_.front(), reading_->bytes); !ok) return ok;
  files_.erase(files_.begin());
  reading_ = nullptr;
  return {};
}

Result<void> EvidenceSpill::Append(WaitingRecords& records, size_t count) {
  const sys_seconds since = std::min(SystemClock().Now(), records.since());
  if (auto ok = KeepName(); !ok) return ok;
  if (writing_ == nullptr || written_ >= kFileRecords) {
    if (auto ok = StartFile(since); !ok) return ok;
  }
  BlobNames added;  // blobs that are in the file only once it was written
  const WaitingRecords::Bytes bytes =
      records.First(count, files_.back().bytes, written_blobs_, added);
  const size_t size = bytes.common.size() + bytes.records.size() + bytes.calls.size();
  const uint64_t aside = torn_files_ == 0 ? 0 : TornBytes(directory_);
  if (this->bytes() + aside + size > max_bytes_) {
    std::string full = directory_.string() + " is full";
    if (aside > 0) {
      full += ", " + std::to_string(aside) + " bytes of it of files *.torn that are kept aside";
    }
    return Fail(Reason::kEvidenceNotKept, std::move(full));
  }
  File& file = files_.back();
  if (!WriteBytes(writing_->get(), {bytes.common, bytes.records, bytes.calls})) {
    const int error = errno;
    // Half a batch must not be read as if it had been kept.
    if (::ftruncate(writing_->get(), static_cast<off_t>(file.bytes)) != 0) writing_.reset();
    return DiskFailure(PathOf(file.number), error);
  }
  file.bytes += size;
  file.records += count;
  file.since = std::min(file.since, since);
  written_ += bytes.records.size() + bytes.calls.size();
  written_blobs_.merge(added);
  return {};
}

// Nothing is read then if the file is not there: its records are gone.
Result<void> EvidenceSpill::Load() {
  // What is read is not written any more.
  if (writing_ != nullptr && files_.size() == 1) {
    if (auto ok = KeepName(); !ok) return ok;
    writing_.reset();
  }
  const File& first = files_.front();
  auto bytes = ReadFileIfThere(PathOf(first.number), size_t{4} << 30U);
  if (!bytes) return Fail(Reason::kEvidenceUnavailable, bytes.error().detail);
  if (!*bytes) {
    vanished_ += first.records;
    files_.erase(files_.begin());
    return {};
  }
  reading_ = std::make_unique<Reading>();
  reading_->number = first.number;
  reading_->bytes = std::move(**bytes);
  return {};
}

Result<EvidenceSpill::Records> EvidenceSpill::Next(size_t max) {
  Records records;
  if (files_.empty()) return records;
  if (reading_ == nullptr) {
    if (auto ok = Load(); !ok) return ok.error();
    if (reading_ == nullptr) return records;
  }
  while (records.size() < max) {
    auto record = NextRecord(reading_->bytes, reading_->at);
    if (record == nullptr) break;
    records.push_back(std::move(record));
  }
  return records;
}

void EvidenceSpill::Rewind() {
  if (reading_ != nullptr) reading_->at.offset = reading_->dropped;
}

void EvidenceSpill::Drop() {
  if (reading_ == nullptr) return;
  reading_->dropped = reading_->at.offset;
  if (HasFrame(reading_->bytes, reading_->at)) return;
  damaged_ += reading_->at.damaged;
  const fs::path path = PathOf(reading_->number);
  const bool torn = reading_->at.torn || reading_->at.offset != reading_->bytes.size();
  if (torn) {
    std::error_code left;  // it is read again after the next start
    fs::rename(path, path.string() + ".torn", left);
    ++torn_files_;
  } else {
    ::unlink(path.c_str());
  }
  files_.erase(files_.begin());
  reading_.reset();
  SyncDirectory();
}

}  // namespace callvet
