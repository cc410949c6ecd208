// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "callvet/result.h"

// Sockets that listen. Thread-safe.

namespace callvet::service {

/// An address to listen on: "127.0.0.1:8080", "[::1]:8080", "0.0.0.0:0" (any port). Names are not
/// resolved.
struct ListenAddress {
  std::string host;  // without brackets
  uint16_t port = 0;

  /// Fails with kConfigInvalid. Pure.
  static Result<ListenAddress> Parse(const std::string& text);
  /// True for 127.0.0.0/8 and ::1.
  [[nodiscard]] bool IsLoopback() const;
  bool operator==(const ListenAddress&) const = default;
};

/// A non-blocking listening socket. Fails with kConfigInvalid: the address cannot be had.
Result<int> Listen(const ListenAddress& address);
/// The port that a listening socket has.
uint16_t PortOf(int listener);
/// The next client's socket, non-blocking, and its address; -1 and errno if there is none.
int AcceptClient(int listener, std::string& client);
/// Allows this process as many open files as its hard limit does; says how many that are.
size_t RaiseFileLimit();

}  // namespace callvet::service
