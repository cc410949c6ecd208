// SPDX-License-Identifier: MIT
#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "base/file_descriptor.h"
#include "base/text.h"

namespace callvet {
namespace {

namespace fs = std::filesystem;

Failure FileFailure(const fs::path& path, int error) {
  return Fail(Reason::kFileUnreadable,
              path.string() + ": " + std::generic_category().message(error));
}

Result<void> WriteAll(int fd, std::string_view bytes, const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return FileFailure(path, errno);
    }
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  if (::fsync(fd) != 0) return FileFailure(path, errno);
  return {};
}

Result<std::string> ReadAll(int fd, const fs::path& path, size_t max_bytes) {
  std::string bytes;
  std::array<char, 65536> block{};
  for (;;) {
    const ssize_t got = ::read(fd, block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FileFailure(path, errno);
    if (got == 0) return bytes;
    bytes.append(block.data(), static_cast<size_t>(got));
    if (bytes.size() > max_bytes) {
      return Fail(Reason::kFileUnreadable,
                  path.string() + ": larger than " + std::to_string(max_bytes) + " bytes");
    }
  }
}

}  // namespace

Result<std::string> ReadFile(const fs::path& path, size_t max_bytes) {
  const bool standard_input = path == "-";
  const FileDescriptor fd(standard_input ? STDIN_FILENO
                                         : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) return FileFailure(path, errno);
  return ReadAll(fd.get(), path, max_bytes);
}

Result<std::optional<std::string>> ReadFileIfThere(const fs::path& path, size_t max_bytes) {
  const FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0 && errno == ENOENT) return std::optional<std::string>();
  if (fd.get() < 0) return FileFailure(path, errno);
  auto bytes = ReadAll(fd.get(), path, max_bytes);
  if (!bytes) return bytes.error();
  return std::optional<std::string>(std::move(*bytes));
}

Result<LineReader> LineReader::Open(const fs::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return FileFailure(path, errno);
  return LineReader(path, descriptor);
}

LineReader::LineReader(fs::path path, int descriptor)
    : path_(std::move(path)), descriptor_(descriptor), buffer_(kMaxLine * 4) {}

LineReader::LineReader(LineReader&& other) noexcept
    : path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      buffer_(std::move(other.buffer_)),
      begin_(other.begin_),
      end_(other.end_),
      line_number_(other.line_number_),
      at_end_(other.at_end_) {}

LineReader::~LineReader() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

// Moves what is left to the front and reads more behind it; false at the end of the file.
Result<bool> LineReader::Fill() {
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  for (;;) {
    const ssize_t got = ::read(descriptor_, buffer_.data() + end_, buffer_.size() - end_);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FileFailure(path_, errno);
    end_ += static_cast<size_t>(got);
    return got > 0;
  }
}

Result<std::optional<std::string_view>> LineReader::Next() {
  for (;;) {
    const std::string_view rest(buffer_.data() + begin_, end_ - begin_);
    const size_t line_feed = rest.find('\n');
    if (line_feed == std::string_view::npos && !at_end_ && rest.size() <= kMaxLine) {
      const auto more = Fill();
      if (!more) return more.error();
      at_end_ = !*more;
      continue;
    }
    if (rest.empty()) return std::optional<std::string_view>();
    ++line_number_;
    std::string_view line = rest.substr(0, line_feed);
    if (line.size() > kMaxLine) {
      return Fail(Reason::kFileInvalid, path_.string() + ": line " + std::to_string(line_number_) +
                                            " is longer than " + std::to_string(kMaxLine) +
                                            " bytes");
    }
    begin_ += std::min(line.size() + 1, rest.size());
    if (line.ends_with('\r')) line.remove_suffix(1);
    return std::optional<std::string_view>(line);
  }
}

Result<std::vector<fs::path>> ListFiles(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) return FileFailure(path, error.value());
  if (!fs::is_directory(status)) return std::vector<fs::path>{path};
  std::vector<fs::path> files;
  fs::directory_iterator it(path, error);
  for (; !error && it != fs::directory_iterator(); it.increment(error)) {
    if (it->path().filename().string().starts_with('.')) continue;
    std::error_code untold;
    const fs::file_type type = it->status(untold).type();
    if (type == fs::file_type::none) return FileFailure(it->path(), untold.value());
    if (type == fs::file_type::regular) files.push_back(it->path());
  }
  if (error) return FileFailure(path, error.value());
  std::sort(files.begin(), files.end());
  return files;
}

Result<void> CheckWritable(const fs::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) {
    if (S_ISDIR(status.st_mode)) return FileFailure(path, EISDIR);
    if (::access(path.c_str(), W_OK) != 0) return FileFailure(path, errno);
    return {};
  }
  if (errno != ENOENT) return FileFailure(path, errno);
  std::error_code error;
  fs::path folder = fs::absolute(path, error).parent_path();
  while (::access(folder.c_str(), F_OK) != 0 && errno == ENOENT && folder.has_relative_path()) {
    folder = folder.parent_path();
  }
  if (::access(folder.c_str(), R_OK | W_OK | X_OK) != 0) return FileFailure(folder, errno);
  return {};
}

Result<void> WriteFile(const fs::path& path, std::string_view bytes, FileMode mode) {
  std::string temporary = path.string() + ".XXXXXX";
  {
    const FileDescriptor fd(::mkostemp(temporary.data(), O_CLOEXEC));  // made with 0600
    if (fd.get() < 0) return FileFailure(path, errno);
    Result<void> written = WriteAll(fd.get(), bytes, path);
    if (written && mode == FileMode::kPublic && ::fchmod(fd.get(), 0644) != 0) {
      written = FileFailure(path, errno);
    }
    if (!written) {
      ::unlink(temporary.c_str());
      return written;
    }
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    const int error = errno;
    ::unlink(temporary.c_str());
    return FileFailure(path, error);
  }
  return {};
}

}  // namespace callvet
