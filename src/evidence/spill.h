// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/file_descriptor.h"
#include "callvet/evidence.h"
#include "callvet/result.h"
#include "evidence/record_frames.h"
#include "evidence/waiting_records.h"

namespace callvet {

/// What waits in spill files.
struct SpillWaiting {
  size_t files = 0;
  uint64_t bytes = 0;
};

/// What waits in `directory`, which another process may write: looks only. Fails with
/// kFileUnreadable.
Result<SpillWaiting> WaitingInSpill(const std::filesystem::path& directory);

/// Append-only files that hold records while the store cannot take them. What Append said is kept
/// survives a crash; what a crash cut short was never said to be kept. Each file has the blobs of
/// its records in it. Not thread-safe; one directory belongs to one process at a time.
class EvidenceSpill {
 public:
  using Records = WaitingRecords::Records;

  /// Makes the directory (for its owner only) if it is missing. `number_key` is NumberSecret::name,
  /// or "". Fails with kFileUnreadable, also if another process has it, and with kKeyInvalid if
  /// records wait in it that were made with another key for numbers, or without one.
  static Result<std::unique_ptr<EvidenceSpill>> Open(const std::filesystem::path& directory,
                                                     uint64_t max_bytes,
                                                     std::string_view number_key = "");

  /// Writes the first `count` of `records` and forces them to the disk, or keeps none of them.
  /// Fails with kEvidenceUnavailable (the disk) or kEvidenceNotKept (max_bytes).
  Result<void> Append(WaitingRecords& records, size_t count);

  /// At most `max` of the oldest records that were not given before, of one file; none: nothing of
  /// it is left, or somebody took it away: Drop, and ask empty(). Fails
  /// with kEvidenceUnavailable.
  Result<Records> Next(size_t max);
  /// What Next gave is in the store now: files that were read to their end are removed. One with
  /// bytes in it that cannot be read is kept aside as *.torn; what stands behind such bytes is read
  /// all the same.
  void Drop();
  /// What Next gave since the last Drop will be given again.
  void Rewind();

  /// At the end: a file that was taken away while it was written or read is written anew, and what
  /// cannot be, or is gone, counts as vanished.
  void Settle();

  [[nodiscard]] bool empty() const { return files_.empty(); }
  /// Of all files.
  [[nodiscard]] uint64_t bytes() const;
  /// No record that waits is older than this; nothing if none waits.
  [[nodiscard]] std::optional<sys_seconds> since() const;
  /// Places that could not be read, each with what may have been records, since Open. An end that a
  /// crash cut short is none: it was never said to be kept.
  [[nodiscard]] uint64_t damaged() const { return damaged_; }
  /// Records, since Open, of files that somebody took away before they were read; of one that was
  /// there before Open nobody knows how many it had: it counts as one. A file that is still written
  /// is written anew instead, under another name.
  [[nodiscard]] uint64_t vanished() const { return vanished_; }
  /// Files *.torn in the directory, older ones included.
  [[nodiscard]] uint64_t torn_files() const { return torn_files_; }

 private:
  struct File {
    uint64_t number = 0;
    uint64_t bytes = 0;
    sys_seconds since{};   // no record in it has an earlier id
    uint64_t records = 1;  // at least
  };
  /// The file that Next reads, the first of files_.
  struct Reading {
    uint64_t number = 0;
    std::string bytes;
    RecordCursor at;
    size_t dropped = 0;  // its offset at the last Drop
  };

  EvidenceSpill(std::filesystem::path directory, FileDescriptor lock, uint64_t max_bytes)
      : directory_(std::move(directory)), lock_(std::move(lock)), max_bytes_(max_bytes) {}
  [[nodiscard]] std::filesystem::path PathOf(uint64_t number) const;
  Result<void> SettleNumberKey(std::string_view number_key) const;
  void Date();
  Result<void> StartFile(sys_seconds since);
  Result<void> KeepName();
  Result<void> WriteAgain(const File& lost, std::string_view bytes);
  Result<void> WriteAnew();
  Result<void> KeepRead();
  [[nodiscard]] bool IsGone(uint64_t number) const;
  Result<void> Load();
  void SyncDirectory() const;

  std::filesystem::path directory_;
  FileDescriptor lock_;
  uint64_t max_bytes_;
  uint64_t last_number_ = 0;
  uint64_t damaged_ = 0;  // without those of reading_ until it is read to its end
  uint64_t torn_files_ = 0;
  uint64_t vanished_ = 0;
  std::vector<File> files_;                  // by number
  std::unique_ptr<FileDescriptor> writing_;  // the last of files_; nullptr: none is open
  BlobNames written_blobs_;                  // that are in it
  size_t written_ = 0;                       // bytes of its records, without blobs
  std::unique_ptr<Reading> reading_;
};

}  // namespace callvet
