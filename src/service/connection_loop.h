// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "service/connection.h"
#include "service/request_framing.h"
#include "service/tls.h"

namespace callvet::service {

/// How much clients may take.
struct ConnectionLimits {
  FramingLimits framing;
  size_t connections = 4096;
  size_t requests_per_connection = 1'000'000;
  size_t queued_requests = 1024;                      // that wait for a worker
  std::chrono::milliseconds queue_time{2'000};        // for a worker to take one
  size_t buffered_bytes = size_t{128} * 1024 * 1024;  // of all requests that come in
  size_t streams = 4;                                 // at a time
  std::chrono::milliseconds request_time{10'000};     // to send one, from its first byte on
  std::chrono::milliseconds idle_time{75'000};        // between two
  std::chrono::milliseconds write_time{10'000};       // to take an answer
  std::chrono::milliseconds linger_time{1'000};
  size_t workers = 8;
  bool operator==(const ConnectionLimits&) const = default;
};

/// A whole request, or the head of one whose body is streamed.
struct IncomingRequest {
  FramedHead head;
  std::string body;
  std::string client;
  Stopwatch since;  // from the first byte on
  Stopwatch ready;  // from the last byte on; of a stream, from its head on
};

/// What is written back.
struct WireReply {
  std::string bytes;
  FramedHead::Persistence persistence = FramedHead::Persistence::kClose;
};

/// What is refused before it is read, as far as it came.
struct RefusedRequest {
  int status = 0;
  const FramedHead& head;  // what could be read of it
  FramedHead::Persistence persistence = FramedHead::Persistence::kClose;
  std::string client;
  Stopwatch since;  // from the first byte on
};

/// Who answers. Thread-safe; does not throw.
class RequestHandler {
 public:
  virtual ~RequestHandler() = default;
  virtual WireReply Handle(IncomingRequest& request) = 0;
  /// True for a request whose body shall not be held in memory.
  [[nodiscard]] virtual bool IsStream(const FramedHead& head) const = 0;
  /// Reads the body from `connection` and writes the answer to it, waiting as it likes.
  virtual void HandleStream(IncomingRequest& request, Connection& connection) = 0;
  virtual std::string Refusal(const RefusedRequest& refused) = 0;
};

/// Counts since the start, and now.
struct ConnectionStatistics {
  uint64_t accepted = 0;
  uint64_t evicted = 0;    // idle, to make room
  uint64_t timed_out = 0;  // too slow
  uint64_t refused = 0;    // requests refused with 503 before they were read or judged
  size_t open = 0;
  size_t queued = 0;
  size_t streams = 0;
};

/// Accepts connections and reads requests on one thread, whole and within limits, before a worker
/// sees them: a client that sends slowly, or nothing, takes a little memory and no thread. Answers
/// that a client does not take wait here too. When there are too many connections, those that wait
/// for a request the longest go.
class ConnectionLoop {
 public:
  /// `listeners` are non-blocking listening sockets, which it owns. `tls` nullptr: plain HTTP.
  ConnectionLoop(ConnectionLimits limits, std::vector<int> listeners,
                 std::shared_ptr<const TlsContext> tls, RequestHandler& handler);
  ConnectionLoop(const ConnectionLoop&) = delete;
  ConnectionLoop& operator=(const ConnectionLoop&) = delete;
  ~ConnectionLoop();

  /// Works until Drain was called and all requests are answered, or its time is up. Called once.
  void Run();

  /// Accepts nothing more and ends idle connections; requests under way are answered, for at most
  /// `time`. Thread-safe.
  void Drain(std::chrono::milliseconds time);
  [[nodiscard]] bool draining() const { return drain_until_ms_.load() != 0; }

  /// For connections from now on. Thread-safe.
  void ReplaceTls(std::shared_ptr<const TlsContext> tls);

  [[nodiscard]] ConnectionStatistics Statistics() const;

 private:
  using Shared = std::shared_ptr<Connection>;
  struct Job {
    Shared connection;
    IncomingRequest request;
  };

  [[nodiscard]] int64_t NowMs() const;
  void Poll(int timeout_ms);
  void Accept(int listener);
  void Adopt(int fd, std::string client);
  void MakeRoom();
  void OnEvent(const Shared& connection);
  void Sweep();
  void Close(const Shared& connection);
  void CloseListeners();

  // By whoever owns the connection.
  void Advance(const Shared& connection);
  enum class Next : uint8_t { kAgain, kReadMore, kHandedOver, kEnd };
  Next TakeRequest(const Shared& connection);
  Next TakeBody(const Shared& connection);
  Next Submit(const Shared& connection, std::string body);
  Next StartStream(const Shared& connection);
  Next Refuse(const Shared& connection, int status, const FramedHead& head,
              FramedHead::Persistence persistence, Stopwatch since);
  Next ReadInput(const Shared& connection);
  bool FlushOutput(const Shared& connection);
  void Arm(const Shared& connection, uint32_t events);
  void GiveUp(const Shared& connection);
  [[nodiscard]] std::chrono::milliseconds PatienceOf(const Connection& connection) const;
  bool Reserve(Connection& connection, uint64_t bytes);
  void Release(Connection& connection);

  struct Worker {
    std::thread thread;
    std::condition_variable called;
    enum class State : uint8_t { kRunning, kIdle } state = State::kRunning;
  };
  void Work(Worker& worker);
  std::optional<Job> NextJob(Worker& worker);
  Worker* TakeIdle();  // under jobs_mutex_
  enum class Wake : uint8_t { kNobody, kWorkers };
  Wake HelpLateJobs();
  void RefuseLateJobs();
  void RunStream(const Shared& connection, IncomingRequest request);
  void ReapStreams();

  ConnectionLimits limits_;
  std::vector<int> listeners_;
  RequestHandler& handler_;
  Stopwatch clock_;
  int epoll_ = -1;
  int wake_ = -1;
  uint64_t next_id_ = 16;                             // below: listeners and the wake-up
  std::unordered_map<uint64_t, Shared> connections_;  // of the loop's thread

  mutable std::mutex tls_mutex_;
  std::shared_ptr<const TlsContext> tls_;

  const size_t processors_;
  mutable std::mutex jobs_mutex_;
  std::deque<Job> jobs_;
  enum class Phase : uint8_t { kRunning, kStopping };
  Phase phase_ = Phase::kRunning;
  std::deque<Worker> workers_;
  std::vector<Worker*> idle_;  // the one that was last at work is called first: its caches are warm

  std::mutex streams_mutex_;
  struct Stream {
    std::thread thread;
    std::shared_ptr<std::atomic<bool>> ended;
  };
  std::list<Stream> streams_;
  std::atomic<size_t> streams_open_{0};

  std::atomic<int64_t> drain_until_ms_{0};
  std::atomic<size_t> buffered_{0};
  std::atomic<size_t> open_{0};
  std::atomic<uint64_t> accepted_{0};
  std::atomic<uint64_t> evicted_{0};
  std::atomic<uint64_t> timed_out_{0};
  std::atomic<uint64_t> refused_{0};
};

}  // namespace callvet::service
