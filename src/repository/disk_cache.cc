// SPDX-License-Identifier: MIT
#include "repository/disk_cache.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <system_error>

#include "base/file.h"
#include "base/file_descriptor.h"
#include "base/text.h"
#include "pki/sha256.h"

namespace callvet {
namespace {

namespace fs = std::filesystem;

// The first line of every file; its number changes with the format.
constexpr std::string_view kMagic = "callvet-cache 1\n";
constexpr std::string_view kLockName = ".callvet-lock";
constexpr size_t kDigestLength = 64;  // hex digits of SHA-256
constexpr size_t kSuffixLength = 7;   // ".XXXXXX" of WriteFile's temporary files
constexpr size_t kMaxUrlBytes = size_t{8} * 1024;
constexpr size_t kMaxHeadBytes = 256;  // magic and six numbers

bool IsDigest(std::string_view text) {
  return text.size() == kDigestLength && std::all_of(text.begin(), text.end(), [](char c) {
           return IsDigit(c) || (c >= 'a' && c <= 'f');
         });
}

bool IsTemporaryName(std::string_view name) {
  return name.size() == kDigestLength + kSuffixLength && name[kDigestLength] == '.' &&
         IsDigest(name.substr(0, kDigestLength));
}

std::string TimeText(sys_seconds time) {
  return std::to_string(time.time_since_epoch().count());
}

// The file's bytes: magic, one line of numbers, URL, body, SHA-256 of everything before.
std::string Encode(const DiskEntry& entry) {
  std::string bytes(kMagic);
  bytes += TimeText(entry.fetched_at) + " " + TimeText(entry.fresh_until) + " " +
           TimeText(entry.stale_until) + " " + std::to_string(entry.url.size()) + " " +
           std::to_string(entry.body.size()) + "\n";
  bytes += entry.url;
  bytes += entry.body;
  bytes += Sha256Hex(bytes);
  return bytes;
}

// Reads one decimal number and the `end` behind it, and moves `text` past both.
std::optional<int64_t> TakeNumber(std::string_view& text, char end) {
  int64_t number = 0;
  const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || at == text.data() + text.size() || *at != end) return std::nullopt;
  text.remove_prefix(static_cast<size_t>(at - text.data()) + 1);
  return number;
}

std::optional<DiskEntry> Decode(std::string_view bytes) {
  if (bytes.size() < kMagic.size() + kDigestLength || !bytes.starts_with(kMagic)) return {};
  const std::string_view digest = bytes.substr(bytes.size() - kDigestLength);
  bytes.remove_suffix(kDigestLength);
  if (Sha256Hex(bytes) != digest) return {};
  std::string_view text = bytes.substr(kMagic.size());
  const auto fetched_at = TakeNumber(text, ' ');
  const auto fresh_until = fetched_at ? TakeNumber(text, ' ') : std::nullopt;
  const auto stale_until = fresh_until ? TakeNumber(text, ' ') : std::nullopt;
  const auto url_size = stale_until ? TakeNumber(text, ' ') : std::nullopt;
  const auto body_size = url_size ? TakeNumber(text, '\n') : std::nullopt;
  if (!body_size || *url_size < 0 || *body_size < 0) return {};
  for (const int64_t time : {*fetched_at, *fresh_until, *stale_until}) {
    if (time < 0 || time > kLastSecond) return {};
  }
  const auto url_length = static_cast<size_t>(*url_size);
  const auto body_length = static_cast<size_t>(*body_size);
  if (url_length > text.size() || text.size() - url_length != body_length) return {};
  const auto time = [](int64_t count) { return sys_seconds(std::chrono::seconds(count)); };
  return DiskEntry{std::string(text.substr(0, url_length)), time(*fetched_at), time(*fresh_until),
                   time(*stale_until), std::string(text.substr(url_length))};
}

enum class ReadOutcome : uint8_t { kRead, kMissing, kUnusable };

// Reads a regular file of at most `max_bytes`, without following a link or waiting on a pipe.
ReadOutcome ReadSmallFile(const fs::path& path, size_t max_bytes, std::string& bytes) {
  const FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (fd.get() < 0) return errno == ELOOP ? ReadOutcome::kUnusable : ReadOutcome::kMissing;
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return ReadOutcome::kMissing;
  if (!S_ISREG(status.st_mode) || status.st_size < 0 ||
      static_cast<uint64_t>(status.st_size) > max_bytes) {
    return ReadOutcome::kUnusable;
  }
  bytes.resize(static_cast<size_t>(status.st_size));
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got = ::read(fd.get(), bytes.data() + done, bytes.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    done += static_cast<size_t>(got);
  }
  bytes.resize(done);
  return ReadOutcome::kRead;
}

// A file of the directory, as Sweep sees it.
struct Found {
  fs::path path;
  timespec changed;
  uint64_t bytes;
};

bool Older(const Found& a, const Found& b) {
  if (a.changed.tv_sec != b.changed.tv_sec) return a.changed.tv_sec < b.changed.tv_sec;
  return a.changed.tv_nsec < b.changed.tv_nsec;
}

// The regular files of `directory` whose name `wanted` accepts.
template <class Wanted>
std::vector<Found> FindFiles(const fs::path& directory, Wanted wanted) {
  std::vector<Found> files;
  std::error_code error;
  fs::directory_iterator it(directory, error);
  for (; !error && it != fs::directory_iterator(); it.increment(error)) {
    const std::string name = it->path().filename().string();
    struct stat status {};
    if (!wanted(name) || ::lstat(it->path().c_str(), &status) != 0) continue;
    if (S_ISDIR(status.st_mode)) continue;
    files.push_back({it->path(), status.st_mtim, static_cast<uint64_t>(status.st_size)});
  }
  return files;
}

// Whether the file was there and is gone by this call.
bool Unlink(const fs::path& path) {
  return ::unlink(path.c_str()) == 0;
}

}  // namespace

Result<std::shared_ptr<const DiskCache>> DiskCache::Open(const fs::path& directory,
                                                         const DiskCacheOptions& options) {
  std::error_code error;
  if (!fs::is_directory(directory, error)) {
    const fs::path parent = directory.parent_path();
    if (!parent.empty()) fs::create_directories(parent, error);
    if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) {
      return Fail(Reason::kFileUnreadable,
                  directory.string() + ": " + std::generic_category().message(errno));
    }
  }
  if (!fs::is_directory(directory, error)) {
    return Fail(Reason::kFileUnreadable, directory.string() + ": not a directory");
  }
  if (::access(directory.c_str(), R_OK | W_OK | X_OK) != 0) {
    return Fail(Reason::kFileUnreadable,
                directory.string() + ": " + std::generic_category().message(errno));
  }
  std::shared_ptr<const DiskCache> cache(new DiskCache(directory, options));
  cache->Sweep();
  return cache;
}

fs::path DiskCache::PathOf(std::string_view url) const {
  return directory_ / Sha256Hex(url);
}

// A whole entry, or nothing; what is broken is removed. Between reading and removing another
// process may have renamed a good file into place: that entry is lost, which costs a download.
std::optional<DiskEntry> DiskCache::ReadEntry(const fs::path& path) const {
  const size_t max_bytes = kMaxHeadBytes + kMaxUrlBytes + options_.max_body_bytes + kDigestLength;
  std::string bytes;
  const ReadOutcome outcome = ReadSmallFile(path, max_bytes, bytes);
  if (outcome == ReadOutcome::kMissing) return std::nullopt;
  if (outcome == ReadOutcome::kRead) {
    auto entry = Decode(bytes);
    if (entry && Sha256Hex(entry->url) == path.filename().string()) return entry;
  }
  Unlink(path);
  return std::nullopt;
}

std::optional<DiskEntry> DiskCache::Load(std::string_view url) const {
  auto entry = ReadEntry(PathOf(url));
  if (entry && entry->url != url) return std::nullopt;
  return entry;
}

Result<void> DiskCache::Store(const DiskEntry& entry) const {
  if (entry.body.size() > options_.max_body_bytes || entry.url.size() > kMaxUrlBytes) {
    return Fail(Reason::kFetchTooLarge, "too large to be kept on disk");
  }
  const std::string bytes = Encode(entry);
  const fs::path path = PathOf(entry.url);
  if (!IsDigest(path.filename().string())) return Fail(Reason::kInternalError, "SHA-256");
  if (auto ok = WriteFile(path, bytes, FileMode::kPrivate); !ok) return ok;
  SweepIfDue(bytes.size());
  return {};
}

// A sweep leaves room for a sixteenth of the limits; the next one is due when that may be used up.
void DiskCache::SweepIfDue(uint64_t written) const {
  const size_t entries = entries_since_sweep_.fetch_add(1, std::memory_order_relaxed) + 1;
  const uint64_t bytes = bytes_since_sweep_.fetch_add(written, std::memory_order_relaxed) + written;
  if (entries > options_.max_entries / 16 || bytes > options_.max_bytes / 16) Sweep();
}

void DiskCache::Sweep() const {
  const auto lock = LockFile(directory_ / kLockName, LockWait::kDoNotWait);
  if (!lock) return;
  entries_since_sweep_.store(0, std::memory_order_relaxed);
  bytes_since_sweep_.store(0, std::memory_order_relaxed);

  const auto now = SystemClock().Now().time_since_epoch().count();  // what files carry
  for (const Found& file : FindFiles(directory_, IsTemporaryName)) {
    if (now - file.changed.tv_sec >= options_.abandoned_after.count()) Unlink(file.path);
  }

  std::vector<Found> files = FindFiles(directory_, IsDigest);
  uint64_t bytes = 0;
  for (const Found& file : files) bytes += file.bytes;
  std::sort(files.begin(), files.end(), Older);
  size_t entries = files.size();
  const size_t keep_entries = options_.max_entries - options_.max_entries / 16;
  const uint64_t keep_bytes = options_.max_bytes - options_.max_bytes / 16;
  for (const Found& file : files) {
    if (entries <= keep_entries && bytes <= keep_bytes) break;
    if (Unlink(file.path)) evictions_.fetch_add(1, std::memory_order_relaxed);
    --entries;
    bytes -= file.bytes;
  }
}

std::vector<DiskEntry> DiskCache::List() const {
  std::vector<Found> files = FindFiles(directory_, IsDigest);
  std::sort(files.begin(), files.end(), Older);
  std::vector<DiskEntry> entries;
  for (const Found& file : files) {
    if (auto entry = ReadEntry(file.path)) entries.push_back(std::move(*entry));
  }
  return entries;
}

size_t DiskCache::Remove(std::string_view url) const {
  return Unlink(PathOf(url)) ? 1 : 0;
}

size_t DiskCache::Clear() const {
  size_t count = 0;
  for (const Found& file : FindFiles(directory_, IsDigest)) count += Unlink(file.path) ? 1 : 0;
  for (const Found& file : FindFiles(directory_, IsTemporaryName)) Unlink(file.path);
  return count;
}

}  // namespace callvet
