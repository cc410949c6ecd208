// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "support/test_pki.h"

// An HTTP or HTTPS server on 127.0.0.1 that does on each connection whatever a test tells it to. It
// knows no HTTP: the script writes bytes. A plain server under an https URL misbehaves inside the
// TLS handshake. What cannot be set up ends the test program.
//
//   test::HostileServer server([](test::Peer& peer) {
//     peer.ReadRequest();
//     peer.Write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
//   });
//   ... "http://127.0.0.1:" + std::to_string(server.port()) ...

struct ssl_ctx_st;
struct ssl_st;

namespace callvet::test {

class HostileServer;

/// The server's end of one connection, after the TLS handshake if there is TLS. The connection is
/// closed when the script returns.
class Peer {
 public:
  /// Everything up to and with the empty line, and the body if there is a Content-Length; what
  /// there is if the client closes before.
  std::string ReadRequest();
  /// False once the client is gone or the server stops.
  bool Write(std::string_view bytes);
  /// False if the server stops meanwhile.
  bool Sleep(std::chrono::milliseconds duration);
  /// The connection will be reset instead of closed.
  void ResetOnClose();

 private:
  friend class HostileServer;
  Peer(HostileServer& server, int fd, ssl_st* ssl) : server_(server), fd_(fd), ssl_(ssl) {}
  HostileServer& server_;
  int fd_;
  ssl_st* ssl_;
};

struct TlsSpec {
  enum class MaxVersion : uint8_t { k1_1, k1_2, k1_3 };
  TestCert certificate;
  MaxVersion max_version = MaxVersion::k1_3;
};

class HostileServer {
 public:
  using Script = std::function<void(Peer&)>;

  /// Listens on a free port; runs `script` on a thread of its own for each connection. Scripts must
  /// be thread-safe.
  explicit HostileServer(Script script, std::optional<TlsSpec> tls = std::nullopt);
  HostileServer(const HostileServer&) = delete;
  HostileServer& operator=(const HostileServer&) = delete;
  /// Breaks all connections off and waits for the scripts.
  ~HostileServer();

  [[nodiscard]] uint16_t port() const { return port_; }
  [[nodiscard]] size_t connections() const { return connections_; }
  /// What clients and socket buffers took.
  [[nodiscard]] size_t bytes_written() const { return bytes_written_; }
  /// All requests that ReadRequest read.
  [[nodiscard]] std::vector<std::string> requests() const;

 private:
  friend class Peer;
  void Accept();
  void Serve(int fd);

  Script script_;
  std::shared_ptr<ssl_ctx_st> tls_;
  int listener_ = -1;
  uint16_t port_ = 0;
  std::atomic<size_t> connections_ = 0;
  std::atomic<size_t> bytes_written_ = 0;
  mutable std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;
  std::vector<int> open_;
  std::vector<std::string> requests_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

/// A port on 127.0.0.1 where connect() hangs: its queue is full and nobody accepts.
class DeafPort {
 public:
  DeafPort();
  DeafPort(const DeafPort&) = delete;
  DeafPort& operator=(const DeafPort&) = delete;
  ~DeafPort();
  [[nodiscard]] uint16_t port() const { return port_; }

 private:
  std::vector<int> fds_;
  uint16_t port_ = 0;
};

/// A port on 127.0.0.1 that nobody listens on.
uint16_t ClosedPort();

/// A certificate for a TLS server, valid now; `names` as "DNS:good.test,IP:127.0.0.1".
CertSpec ServerSpec(const std::string& names);

}  // namespace callvet::test
