// SPDX-License-Identifier: MIT
#include "support/hostile_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/objects.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace callvet::test {
namespace {

[[noreturn]] void Die(const char* what) {
  std::perror(what);
  std::abort();
}

sockaddr_in Loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int NewSocket(int flags = 0) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
  if (fd < 0) Die("socket");
  return fd;
}

// Binds `fd` to a free port and returns it.
uint16_t BindFreePort(int fd) {
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(fd, generic, size) != 0 || ::getsockname(fd, generic, &size) != 0) Die("bind");
  return ntohs(address.sin_port);
}

std::shared_ptr<SSL_CTX> MakeTls(const TlsSpec& spec) {
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (!context) Die("SSL_CTX_new");
  const bool old = spec.max_version == TlsSpec::MaxVersion::k1_1;
  const int version = old                                             ? TLS1_1_VERSION
                      : spec.max_version == TlsSpec::MaxVersion::k1_2 ? TLS1_2_VERSION
                                                                      : TLS1_3_VERSION;
  const bool ok =
      SSL_CTX_set_min_proto_version(context.get(), TLS1_VERSION) == 1 &&
      SSL_CTX_set_max_proto_version(context.get(), version) == 1 &&
      (!old || SSL_CTX_set_cipher_list(context.get(), "ALL:@SECLEVEL=0") == 1) &&
      SSL_CTX_use_certificate(context.get(), spec.certificate.certificate.x509()) == 1 &&
      SSL_CTX_use_PrivateKey(context.get(), spec.certificate.key.get()) == 1;
  if (!ok) Die("TLS of the test server");
  return context;
}

// The client may be gone at any time: that must not end the test program. Only for this thread, so
// that a SIGPIPE of the code under test still would.
void BlockSigPipe() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

// Whether the empty line came, and the body after it.
bool IsComplete(const std::string& request) {
  const size_t end = request.find("\r\n\r\n");
  if (end == std::string::npos) return false;
  constexpr std::string_view kLength = "\r\nContent-Length: ";
  const size_t length = request.find(kLength);
  const size_t body = length < end ? std::stoul(request.substr(length + kLength.size())) : 0;
  return request.size() >= end + 4 + body;
}

}  // namespace

std::string Peer::ReadRequest() {
  std::string request;
  char buffer[1024];
  while (!IsComplete(request)) {
    const auto count = ssl_ != nullptr ? ssize_t{SSL_read(ssl_, buffer, sizeof buffer)}
                                       : ::recv(fd_, buffer, sizeof buffer, 0);
    if (count <= 0) break;
    request.append(buffer, static_cast<size_t>(count));
  }
  const std::lock_guard lock(server_.mutex_);
  server_.requests_.push_back(request);
  return request;
}

bool Peer::Write(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto count = ssl_ != nullptr
                           ? ssize_t{SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()))}
                           : ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return false;
    server_.bytes_written_ += static_cast<size_t>(count);
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  return true;
}

bool Peer::Sleep(std::chrono::milliseconds duration) {
  std::unique_lock lock(server_.mutex_);
  return !server_.stop_.wait_for(lock, duration, [this] { return server_.stopping_; });
}

void Peer::ResetOnClose() {
  const linger now{1, 0};
  if (::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now) != 0) Die("SO_LINGER");
}

HostileServer::HostileServer(Script script, std::optional<TlsSpec> tls)
    : script_(std::move(script)), listener_(NewSocket()) {
  if (tls) tls_ = MakeTls(*tls);
  port_ = BindFreePort(listener_);
  if (::listen(listener_, 64) != 0) Die("listen");
  acceptor_ = std::thread([this] { Accept(); });
}

HostileServer::~HostileServer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
  }
  stop_.notify_all();
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  for (std::thread& thread : threads_) thread.join();
  ::close(listener_);
}

std::vector<std::string> HostileServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void HostileServer::Accept() {
  for (;;) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    const std::lock_guard lock(mutex_);
    if (stopping_) {
      if (fd >= 0) ::close(fd);
      return;
    }
    if (fd < 0) continue;
    ++connections_;
    open_.push_back(fd);
    threads_.emplace_back([this, fd] { Serve(fd); });
  }
}

void HostileServer::Serve(int fd) {
  BlockSigPipe();
  const std::unique_ptr<SSL, void (*)(SSL*)> ssl(tls_ ? SSL_new(tls_.get()) : nullptr, SSL_free);
  bool ready = true;
  if (ssl) ready = SSL_set_fd(ssl.get(), fd) == 1 && SSL_accept(ssl.get()) == 1;
  if (ready) {
    Peer peer(*this, fd, ssl.get());
    script_(peer);
    if (ssl) SSL_shutdown(ssl.get());
  }
  const std::lock_guard lock(mutex_);
  std::erase(open_, fd);
  ::close(fd);
}

DeafPort::DeafPort() {
  fds_.push_back(NewSocket());
  port_ = BindFreePort(fds_[0]);
  if (::listen(fds_[0], 0) != 0) Die("listen");
  // Linux lets one or two in before it drops what comes.
  for (int i = 0; i < 4; ++i) {
    fds_.push_back(NewSocket(SOCK_NONBLOCK));
    const sockaddr_in address = Loopback(port_);
    static_cast<void>(
        ::connect(fds_.back(), reinterpret_cast<const sockaddr*>(&address), sizeof address));
  }
}

DeafPort::~DeafPort() {
  for (const int fd : fds_) ::close(fd);
}

uint16_t ClosedPort() {
  const int fd = NewSocket();
  const uint16_t port = BindFreePort(fd);
  ::close(fd);
  return port;
}

CertSpec ServerSpec(const std::string& names) {
  CertSpec spec;
  spec.subject = "/CN=server";
  spec.key_usage = "digitalSignature";
  spec.not_before = SystemClock().Now() - hours(1);
  spec.not_after = SystemClock().Now() + hours(24);
  spec.text_extensions = {{NID_subject_alt_name, names}};
  return spec;
}

}  // namespace callvet::test
