// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "callvet/result.h"

namespace callvet {

/// A document as it was fetched, and for how long it may be used. A value.
struct DiskEntry {
  std::string url;
  sys_seconds fetched_at;
  sys_seconds fresh_until;
  sys_seconds stale_until;
  std::string body;
  bool operator==(const DiskEntry&) const = default;
};

struct DiskCacheOptions {
  size_t max_entries = 50'000;
  uint64_t max_bytes = uint64_t{512} * 1024 * 1024;
  size_t max_body_bytes = size_t{64} * 1024;  // C-21; a larger document is not kept
  /// A temporary file of this age was left behind by a process that died.
  std::chrono::seconds abandoned_after{600};
};

/// Fetched documents in a directory, which several processes may share: a file per URL, named by
/// SHA-256 of the URL, that holds URL, times, body and a checksum over all of them. Files appear
/// and change by rename only, so a process killed at any point leaves an old entry, a new one, or a
/// temporary file that is never read. What is read must be exact, checksum and URL included; a file
/// of ours that is not is removed and never served. Files with other names are left alone.
///
/// The limits hold for what one process writes; N processes may exceed them by (N - 1)/16. The
/// oldest files go first. The checksum finds damage, not malice: the directory is made with mode
/// 0700, and what it gives is judged like a download. Thread-safe.
class DiskCache {
 public:
  /// Makes the directory if it is missing, and cleans it. Fails with kFileUnreadable.
  static Result<std::shared_ptr<const DiskCache>> Open(const std::filesystem::path& directory,
                                                       const DiskCacheOptions& options = {});

  /// The entry of exactly `url`, fresh or not; nothing if there is none that is whole.
  [[nodiscard]] std::optional<DiskEntry> Load(std::string_view url) const;

  /// Adds or replaces. When it returns, the bytes are on the disk. Fails with kFileUnreadable (the
  /// disk), or kFetchTooLarge (a body above the limit).
  Result<void> Store(const DiskEntry& entry) const;

  /// All whole entries, the oldest file first.
  [[nodiscard]] std::vector<DiskEntry> List() const;

  /// Removes the entry of one URL, or all; says how many there were.
  size_t Remove(std::string_view url) const;
  size_t Clear() const;

  /// Removes what processes left behind when they died, and the oldest entries above the limits.
  /// Does nothing while another process is at it.
  void Sweep() const;

  [[nodiscard]] uint64_t evictions() const { return evictions_.load(std::memory_order_relaxed); }

 private:
  DiskCache(std::filesystem::path directory, const DiskCacheOptions& options)
      : directory_(std::move(directory)), options_(options) {}
  [[nodiscard]] std::filesystem::path PathOf(std::string_view url) const;
  [[nodiscard]] std::optional<DiskEntry> ReadEntry(const std::filesystem::path& path) const;
  void SweepIfDue(uint64_t written) const;

  std::filesystem::path directory_;
  DiskCacheOptions options_;
  mutable std::atomic<size_t> entries_since_sweep_{0};
  mutable std::atomic<uint64_t> bytes_since_sweep_{0};
  mutable std::atomic<uint64_t> evictions_{0};
};

}  // namespace callvet
