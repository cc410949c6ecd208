// SPDX-License-Identifier: MIT
#include "base/file_descriptor.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace callvet {

FileDescriptor::~FileDescriptor() {
  if (fd_ > STDIN_FILENO) ::close(fd_);
}

Result<FileDescriptor> LockFile(const std::filesystem::path& path, LockWait wait) {
  const int flags = LOCK_EX | (wait == LockWait::kDoNotWait ? LOCK_NB : 0);
  FileDescriptor fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  int result = fd.get() < 0 ? -1 : ::flock(fd.get(), flags);
  while (result != 0 && errno == EINTR) result = ::flock(fd.get(), flags);
  if (result == 0) return fd;
  if (errno == EWOULDBLOCK) {
    return Fail(Reason::kFileUnreadable, path.string() + " is used by another process");
  }
  return Fail(Reason::kFileUnreadable,
              path.string() + ": " + std::generic_category().message(errno));
}

}  // namespace callvet
