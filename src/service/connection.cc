// SPDX-License-Identifier: MIT
#include "service/connection.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace callvet::service {
namespace {

IoResult FromErrno(IoResult wanted) {
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? wanted : IoResult::kError;
}

}  // namespace

Connection::Connection(uint64_t id, int fd, std::string client, TlsSession tls)
    : id_(id), fd_(fd), client_(std::move(client)), tls_(std::move(tls)) {}

Connection::~Connection() {
  ::close(fd_);
}

IoResult Connection::Read(size_t max) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init): 16 kB a read
  std::array<char, kReadStep> bytes;
  const size_t size = std::min(max, bytes.size());
  if (tls_) {
    size_t got = 0;
    const IoResult result = tls_.Read(bytes.data(), size, got);
    input.append(bytes.data(), got);
    return result;
  }
  const ssize_t got = ::recv(fd_, bytes.data(), size, 0);
  if (got == 0) return IoResult::kEnd;
  if (got < 0) return FromErrno(IoResult::kWantRead);
  input.append(bytes.data(), static_cast<size_t>(got));
  return IoResult::kDone;
}

IoResult Connection::Write() {
  size_t written = 0;
  IoResult result = IoResult::kDone;
  while (written < output.size()) {
    const std::string_view rest = std::string_view(output).substr(written);
    size_t step = 0;
    if (tls_) {
      result = tls_.Write(rest, step);
    } else {
      const ssize_t sent = ::send(fd_, rest.data(), rest.size(), MSG_NOSIGNAL);
      if (sent < 0) {
        result = FromErrno(IoResult::kWantWrite);
      } else {
        step = static_cast<size_t>(sent);
      }
    }
    written += step;
    if (step == 0) break;
  }
  output.erase(0, written);
  return output.empty() ? IoResult::kDone : result;
}

void Connection::EndOutput() {
  tls_.End();
  ::shutdown(fd_, SHUT_WR);
}

IoResult Connection::Wait(IoResult wanted, const Deadline& deadline) const {
  pollfd entry{fd_, static_cast<short>(wanted == IoResult::kWantRead ? POLLIN : POLLOUT), 0};
  const auto left = std::min<int64_t>(deadline.Left().count(), 60'000);
  const int ready = ::poll(&entry, 1, static_cast<int>(left));
  if (ready < 0 && errno != EINTR) return IoResult::kError;
  return ready == 0 && deadline.Passed() ? IoResult::kError : IoResult::kDone;
}

IoResult Connection::ReadBefore(size_t max, const Deadline& deadline) {
  while (true) {
    const IoResult result = Read(max);
    if (result != IoResult::kWantRead && result != IoResult::kWantWrite) return result;
    if (Wait(result, deadline) != IoResult::kDone) return IoResult::kError;
  }
}

IoResult Connection::WriteBefore(const Deadline& deadline) {
  while (true) {
    const IoResult result = Write();
    if (result != IoResult::kWantRead && result != IoResult::kWantWrite) return result;
    if (Wait(result, deadline) != IoResult::kDone) return IoResult::kError;
  }
}

}  // namespace callvet::service
