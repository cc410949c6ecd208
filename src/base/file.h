// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
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

/// `path` itself if it is a file; else the regular files directly inside the directory, sorted by
/// name, without hidden ones. Fails with kFileUnreadable.
Result<std::vector<std::filesystem::path>> ListFiles(const std::filesystem::path& path);

enum class FileMode { kPublic, kPrivate };  // 0644 or 0600

/// Writes `bytes` to `path` by a temporary file and rename, so that nobody sees half of it.
/// Replaces an existing file. Fails with kFileUnreadable.
Result<void> WriteFile(const std::filesystem::path& path, std::string_view bytes, FileMode mode);

}  // namespace callvet
