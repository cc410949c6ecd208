// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <utility>

#include "callvet/result.h"

namespace callvet {

/// A file descriptor that is closed when its owner goes.
class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&&) = delete;
  ~FileDescriptor();

  /// Negative: none.
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

enum class LockWait : uint8_t { kWait, kDoNotWait };

/// Locks the file `path`, which is made (mode 0600) if it is missing and does not follow a link,
/// against other processes and other descriptors, until the result goes. Fails with
/// kFileUnreadable, also when somebody else has it and `wait` is kDoNotWait.
Result<FileDescriptor> LockFile(const std::filesystem::path& path, LockWait wait);

}  // namespace callvet
