// SPDX-License-Identifier: MIT
#include "service/listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/text.h"

namespace callvet::service {
namespace {

constexpr int kBacklog = 1024;

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

SocketAddress Resolve(const ListenAddress& address) {
  SocketAddress result;
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  if (::inet_pton(AF_INET, address.host.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(address.port);
    result.size = sizeof v4;
    std::memcpy(&result.storage, &v4, sizeof v4);
  } else if (::inet_pton(AF_INET6, address.host.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(address.port);
    result.size = sizeof v6;
    std::memcpy(&result.storage, &v6, sizeof v6);
  }
  return result;
}

sockaddr* Generic(SocketAddress& address) {
  return reinterpret_cast<sockaddr*>(&address.storage);
}

}  // namespace

Result<ListenAddress> ListenAddress::Parse(const std::string& text) {
  const size_t colon = text.rfind(':');
  ListenAddress address;
  if (colon != std::string::npos) {
    address.host = text.substr(0, colon);
    if (address.host.size() > 2 && address.host.front() == '[' && address.host.back() == ']') {
      address.host = address.host.substr(1, address.host.size() - 2);
    }
    const auto port = ParseNumber(text.substr(colon + 1), UINT16_MAX);
    if (port && Resolve(address).size != 0) {
      address.port = static_cast<uint16_t>(*port);
      return address;
    }
  }
  return Fail(Reason::kConfigInvalid,
              Quote(text) + " is no address with a port, like 127.0.0.1:8080 or [::1]:8080");
}

bool ListenAddress::IsLoopback() const {
  return host.substr(0, 4) == "127." || host == "::1";
}

Result<int> Listen(const ListenAddress& address) {
  SocketAddress socket_address = Resolve(address);
  const int fd =
      ::socket(socket_address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const auto fail = [&](const char* what) {
    const std::string why = std::strerror(errno);  // NOLINT(concurrency-mt-unsafe): glibc's is safe
    if (fd >= 0) ::close(fd);
    return Fail(Reason::kConfigInvalid, address.host + ":" + std::to_string(address.port) +
                                            " cannot be listened on: " + what + ": " + why);
  };
  if (fd < 0) return fail("socket");
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (socket_address.storage.ss_family == AF_INET6) {
    ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  }
  if (::bind(fd, Generic(socket_address), socket_address.size) != 0) return fail("bind");
  if (::listen(fd, kBacklog) != 0) return fail("listen");
  return fd;
}

uint16_t PortOf(int listener) {
  SocketAddress address;
  address.size = sizeof address.storage;
  if (::getsockname(listener, Generic(address), &address.size) != 0) return 0;
  if (address.storage.ss_family == AF_INET6) {
    return ntohs(reinterpret_cast<const sockaddr_in6*>(&address.storage)->sin6_port);
  }
  return ntohs(reinterpret_cast<const sockaddr_in*>(&address.storage)->sin_port);
}

int AcceptClient(int listener, std::string& client) {
  SocketAddress address;
  address.size = sizeof address.storage;
  const int fd = ::accept4(listener, Generic(address), &address.size, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd < 0) return fd;
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* bytes = address.storage.ss_family == AF_INET6
                          ? static_cast<const void*>(
                                &reinterpret_cast<const sockaddr_in6*>(&address.storage)->sin6_addr)
                          : &reinterpret_cast<const sockaddr_in*>(&address.storage)->sin_addr;
  ::inet_ntop(address.storage.ss_family, bytes, text.data(), text.size());
  client = text.data();
  return fd;
}

size_t RaiseFileLimit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 256;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<size_t>(limit.rlim_cur);
}

}  // namespace callvet::service
