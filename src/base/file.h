// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "callvet/result.h"

namespace callvet {

/// The largest file that is read whole: CRLs of a large CA are a few MiB.
inline constexpr size_t kMaxFileBytes = size_t{64} * 1024 * 1024;

/// The bytes of a regular file, or of standard input when `path` is "-".
/// Fails with kFileUnreadable (missing, a directory, no permission, larger than `max_bytes`).
Result<std::string> ReadFile(const std::filesystem::path& path, size_t max_bytes = kMaxFileBytes);

/// The same of a file that need not be there: nothing if it does not exist (ENOENT). What is there
/// and cannot be read fails with kFileUnreadable.
Result<std::optional<std::string>> ReadFileIfThere(const std::filesystem::path& path,
                                                   size_t max_bytes = kMaxFileBytes);

/// `path` itself if it is a file; else the regular files directly inside the directory, sorted by
/// name, without hidden ones. Fails with kFileUnreadable, also when it cannot be told what one of
/// them is.
Result<std::vector<std::filesystem::path>> ListFiles(const std::filesystem::path& path);

/// Reads a text file line by line, whatever its size, with one buffer. Not thread-safe.
class LineReader {
 public:
  /// Longer lines are refused.
  static constexpr size_t kMaxLine = size_t{64} * 1024;

  /// Fails with kFileUnreadable.
  static Result<LineReader> Open(const std::filesystem::path& path);
  LineReader(LineReader&& other) noexcept;
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;
  LineReader& operator=(LineReader&&) = delete;
  ~LineReader();

  /// The next line without its LF or CRLF, valid until the next call; nothing at the end. Fails
  /// with kFileUnreadable, or kFileInvalid (a line that is too long).
  Result<std::optional<std::string_view>> Next();
  /// The number of the line that Next gave last, from 1.
  [[nodiscard]] size_t line_number() const { return line_number_; }

 private:
  LineReader(std::filesystem::path path, int descriptor);
  Result<bool> Fill();

  std::filesystem::path path_;
  int descriptor_;
  std::vector<char> buffer_;
  size_t begin_ = 0;  // of what is not yet given out
  size_t end_ = 0;
  size_t line_number_ = 0;
  bool at_end_ = false;
};

/// Whether `path` could be written, or made with the folders that it needs; makes nothing. Fails
/// with kFileUnreadable: a directory, no permission, nothing that a folder could be made in.
Result<void> CheckWritable(const std::filesystem::path& path);

enum class FileMode { kPublic, kPrivate };  // 0644 or 0600

/// Writes `bytes` to `path` by a temporary file and rename, so that nobody sees half of it.
/// Replaces an existing file. Fails with kFileUnreadable.
Result<void> WriteFile(const std::filesystem::path& path, std::string_view bytes, FileMode mode);

}  // namespace callvet
