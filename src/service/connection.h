// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "service/request_framing.h"
#include "service/tls.h"

namespace callvet::service {

/// What a step of input or output came to.
enum class IoResult : uint8_t {
  kDone,       // some bytes were moved
  kWantRead,   // nothing now: wait until there is something to read
  kWantWrite,  // nothing now: wait until something can be written
  kEnd,        // the other side has ended its half
  kError,      // broken
};

/// One client's connection: a non-blocking socket, with or without TLS, and its buffers. Used by
/// one thread at a time (see ConnectionLoop); only what is atomic may be read by others.
class Connection {
 public:
  static constexpr size_t kReadStep = size_t{16} * 1024;  // the most that a Read takes

  /// Takes `fd`, which is non-blocking. `tls` may be empty.
  Connection(uint64_t id, int fd, std::string client, TlsSession tls);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  /// Appends up to `max` bytes, at most kReadStep, to `input`.
  IoResult Read(size_t max);
  /// Writes from the front of `output`; kDone when all is written.
  IoResult Write();
  /// Says that nothing more will be written. Input may still come.
  void EndOutput();

  // The same, waiting until `deadline`: for streams, on a thread of their own.
  IoResult ReadBefore(size_t max, const Deadline& deadline);
  IoResult WriteBefore(const Deadline& deadline);

  [[nodiscard]] uint64_t id() const { return id_; }
  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] const std::string& client() const { return client_; }

  std::string input;
  std::string output;
  std::optional<FramedHead> head;  // of the request whose body is awaited
  std::optional<Stopwatch> since;  // the first byte of the request that is coming in
  Stopwatch phase;                 // since it was opened, or the last answer was ready
  size_t requests = 0;             // that were read
  size_t reserved = 0;             // bytes counted for a body that is coming in
  size_t thrown_away = 0;          // reads of input that nobody wants
  enum class Life : uint8_t {
    kOpen,
    kCloseAfterOutput,  // when `output` was written
    kLingering,         // the rest is read and thrown away, so that the answer arrives
    kDead,
  };
  Life life = Life::kOpen;
  enum class Input : uint8_t { kOpen, kEnded };
  Input input_state = Input::kOpen;

  // Who may touch all this. Handing over and closing happen under `handover`.
  enum class Owner : uint8_t { kLoop, kWorker };
  std::mutex handover;
  std::atomic<Owner> owner{Owner::kLoop};
  std::atomic<int64_t> deadline_ms{0};  // on the loop's clock: when it is given up

 private:
  IoResult Wait(IoResult wanted, const Deadline& deadline) const;
  uint64_t id_;
  int fd_;
  std::string client_;
  TlsSession tls_;
};

}  // namespace callvet::service
