// SPDX-License-Identifier: MIT
#include "service/connection_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "service/listener.h"

namespace callvet::service {
namespace {

constexpr uint64_t kWakeId = 0;
constexpr uint64_t kFirstListenerId = 1;
constexpr int kSweepMs = 200;
// While workers are at work: how often it is seen to it that nobody waits behind one that hangs.
constexpr int kLookMs = 1;
constexpr std::chrono::milliseconds kLate{1};
// Above this a connection counts against the memory for requests.
constexpr size_t kFreeBytes = size_t{16} * 1024;
// Reads of a refused body before the connection is cut.
constexpr size_t kMaxThrownAway = 64;

void Watch(int epoll, int fd, uint64_t id, uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = id;
  ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

}  // namespace

ConnectionLoop::ConnectionLoop(ConnectionLimits limits, std::vector<int> listeners,
                               std::shared_ptr<const TlsContext> tls, RequestHandler& handler)
    : limits_(limits),
      listeners_(std::move(listeners)),
      handler_(handler),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      tls_(std::move(tls)),
      processors_(std::max(2U, std::thread::hardware_concurrency())) {
  Watch(epoll_, wake_, kWakeId, EPOLLIN);
  for (size_t i = 0; i < listeners_.size(); ++i) {
    Watch(epoll_, listeners_[i], kFirstListenerId + i, EPOLLIN);
  }
}

ConnectionLoop::~ConnectionLoop() {
  CloseListeners();
  connections_.clear();
  ::close(wake_);
  ::close(epoll_);
}

int64_t ConnectionLoop::NowMs() const {
  // From 1 on, so that 0 can mean "not set".
  return clock_.Elapsed().count() / 1000 + 1;
}

void ConnectionLoop::ReplaceTls(std::shared_ptr<const TlsContext> tls) {
  const std::lock_guard lock(tls_mutex_);
  tls_ = std::move(tls);
}

void ConnectionLoop::Drain(std::chrono::milliseconds time) {
  drain_until_ms_ = NowMs() + time.count();
  const uint64_t one = 1;
  if (::write(wake_, &one, sizeof one) < 0) return;  // full: it is awake anyway
}

ConnectionStatistics ConnectionLoop::Statistics() const {
  ConnectionStatistics statistics;
  statistics.accepted = accepted_;
  statistics.evicted = evicted_;
  statistics.timed_out = timed_out_;
  statistics.refused = refused_;
  statistics.open = open_;
  statistics.streams = streams_open_;
  const std::lock_guard lock(jobs_mutex_);
  statistics.queued = jobs_.size();
  return statistics;
}

void ConnectionLoop::Run() {
  for (size_t i = 0; i < limits_.workers; ++i) {
    Worker& worker = workers_.emplace_back();
    worker.thread = std::thread([this, &worker] { Work(worker); });
  }
  int64_t swept = NowMs();
  Wake awake = Wake::kNobody;
  while (true) {
    Poll(awake == Wake::kWorkers ? kLookMs : kSweepMs);
    awake = HelpLateJobs();
    const int64_t now = NowMs();
    if (draining()) CloseListeners();
    if (now - swept >= kSweepMs || draining()) {
      RefuseLateJobs();
      Sweep();
      ReapStreams();
      swept = now;
    }
    if (draining() && (connections_.empty() || now >= drain_until_ms_)) break;
  }
  {
    const std::lock_guard lock(jobs_mutex_);
    phase_ = Phase::kStopping;
    jobs_.clear();
  }
  for (Worker& worker : workers_) worker.called.notify_one();
  for (Worker& worker : workers_) worker.thread.join();
  // Streams notice it by their sockets.
  for (const auto& [id, connection] : connections_) ::shutdown(connection->fd(), SHUT_RDWR);
  const std::lock_guard lock(streams_mutex_);
  for (Stream& stream : streams_) stream.thread.join();
  streams_.clear();
}

void ConnectionLoop::CloseListeners() {
  for (const int listener : listeners_) ::close(listener);
  listeners_.clear();
}

void ConnectionLoop::Poll(int timeout_ms) {
  std::array<epoll_event, 256> events{};
  const int count =
      ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), timeout_ms);
  for (int i = 0; i < count; ++i) {
    const uint64_t id = events[static_cast<size_t>(i)].data.u64;
    if (id == kWakeId) {
      uint64_t ignored = 0;
      if (::read(wake_, &ignored, sizeof ignored) < 0) continue;
    } else if (id < kFirstListenerId + listeners_.size()) {
      Accept(listeners_[id - kFirstListenerId]);
    } else if (const auto found = connections_.find(id); found != connections_.end()) {
      OnEvent(Shared(found->second));
    }
  }
}

void ConnectionLoop::Accept(int listener) {
  // A few at a time, so that those who are connected are not forgotten.
  for (int i = 0; i < 64; ++i) {
    std::string client;
    const int fd = AcceptClient(listener, client);
    if (fd < 0) {
      if (errno == EMFILE || errno == ENFILE) MakeRoom();
      return;
    }
    Adopt(fd, std::move(client));
  }
}

void ConnectionLoop::Adopt(int fd, std::string client) {
  ++accepted_;
  if (connections_.size() >= limits_.connections) MakeRoom();
  if (connections_.size() >= limits_.connections) {
    ++refused_;
    ::close(fd);
    return;
  }
  std::shared_ptr<const TlsContext> tls;
  {
    const std::lock_guard lock(tls_mutex_);
    tls = tls_;
  }
  TlsSession session = tls ? tls->NewSession(fd) : TlsSession();
  if (tls && !session) {  // never plain HTTP instead
    ::close(fd);
    return;
  }
  auto connection =
      std::make_shared<Connection>(next_id_++, fd, std::move(client), std::move(session));
  connections_.emplace(connection->id(), connection);
  open_ = connections_.size();
  connection->deadline_ms = NowMs() + limits_.request_time.count();
  Watch(epoll_, fd, connection->id(), EPOLLIN | EPOLLRDHUP | EPOLLONESHOT);
}

// Ends those that have waited for a request, or for the rest of one, the longest: some at a time,
// so that a flood does not make it look at all for each.
void ConnectionLoop::MakeRoom() {
  std::vector<Shared> waiting;
  for (const auto& [id, connection] : connections_) {
    if (connection->owner == Connection::Owner::kLoop && connection->output.empty()) {
      waiting.push_back(connection);
    }
  }
  const size_t count = std::min(waiting.size(), connections_.size() / 16 + 1);
  // The earlier one is given up, the longer it has waited.
  std::partial_sort(waiting.begin(), waiting.begin() + static_cast<ptrdiff_t>(count), waiting.end(),
                    [](const Shared& a, const Shared& b) {
                      return a->deadline_ms.load() < b->deadline_ms.load();
                    });
  for (size_t i = 0; i < count; ++i) {
    ++evicted_;
    Close(waiting[i]);
  }
}

void ConnectionLoop::Close(const Shared& connection) {
  const std::lock_guard lock(connection->handover);
  if (connections_.erase(connection->id()) == 0) return;
  ::epoll_ctl(epoll_, EPOLL_CTL_DEL, connection->fd(), nullptr);
  Release(*connection);
  open_ = connections_.size();
}

void ConnectionLoop::OnEvent(const Shared& connection) {
  {
    // Whoever armed it has left it when this lock is free.
    const std::lock_guard lock(connection->handover);
    if (connection->owner != Connection::Owner::kLoop) return;
  }
  if (connection->life == Connection::Life::kDead) return Close(connection);
  Advance(connection);
  const bool ours = connection->owner == Connection::Owner::kLoop;
  if (ours && connection->life == Connection::Life::kDead) Close(connection);
}

void ConnectionLoop::Sweep() {
  const int64_t now = NowMs();
  std::vector<Shared> late;
  for (const auto& [id, connection] : connections_) {
    if (connection->owner != Connection::Owner::kLoop) continue;
    const bool idle = connection->input.empty() && connection->output.empty();
    if (now >= connection->deadline_ms || (draining() && idle)) late.push_back(connection);
  }
  for (const Shared& connection : late) {
    if (!draining()) ++timed_out_;
    Close(connection);
  }
}

// ----- One connection

// What a body larger than kFreeBytes will take is counted before it comes.
bool ConnectionLoop::Reserve(Connection& connection, uint64_t bytes) {
  if (bytes <= kFreeBytes) return true;
  if (buffered_.fetch_add(bytes) + bytes > limits_.buffered_bytes) {
    buffered_ -= bytes;
    return false;
  }
  connection.reserved = bytes;
  return true;
}

void ConnectionLoop::Release(Connection& connection) {
  buffered_ -= connection.reserved;
  connection.reserved = 0;
}

// How much longer it may take: all limits are for a whole step, however slowly bytes come or go.
std::chrono::milliseconds ConnectionLoop::PatienceOf(const Connection& connection) const {
  using std::chrono::milliseconds;
  const auto left = [](milliseconds allowed, const Stopwatch& watch) {
    return allowed - std::chrono::duration_cast<milliseconds>(watch.Elapsed());
  };
  if (connection.life == Connection::Life::kDead) return milliseconds(0);
  if (connection.life == Connection::Life::kLingering) {
    return left(limits_.linger_time, connection.phase);
  }
  if (!connection.output.empty()) return left(limits_.write_time, connection.phase);
  if (connection.since) return left(limits_.request_time, *connection.since);
  // Who connects has something to say, at least the TLS handshake.
  return left(connection.requests == 0 ? limits_.request_time : limits_.idle_time,
              connection.phase);
}

void ConnectionLoop::GiveUp(const Shared& connection) {
  connection->life = Connection::Life::kDead;
  Arm(connection, EPOLLOUT);
}

void ConnectionLoop::Arm(const Shared& connection, uint32_t events) {
  const std::lock_guard lock(connection->handover);
  connection->deadline_ms = NowMs() + PatienceOf(*connection).count();
  connection->owner = Connection::Owner::kLoop;
  epoll_event event{};
  event.events = events | EPOLLONESHOT;
  event.data.u64 = connection->id();
  ::epoll_ctl(epoll_, EPOLL_CTL_MOD, connection->fd(), &event);
}

// True if all is written; else it was armed or given up.
bool ConnectionLoop::FlushOutput(const Shared& connection) {
  if (connection->output.empty()) return true;
  const IoResult result = connection->Write();
  if (result == IoResult::kDone) return true;
  if (result == IoResult::kWantRead || result == IoResult::kWantWrite) {
    Arm(connection, result == IoResult::kWantRead ? EPOLLIN : EPOLLOUT);
  } else {
    GiveUp(connection);
  }
  return false;
}

void ConnectionLoop::Advance(const Shared& connection) {
  while (true) {
    if (!FlushOutput(connection)) return;
    if (connection->life == Connection::Life::kCloseAfterOutput) {
      connection->EndOutput();
      connection->life = Connection::Life::kLingering;
      connection->input.clear();
    }
    Next next = Next::kReadMore;
    if (connection->life == Connection::Life::kOpen) next = TakeRequest(connection);
    if (next == Next::kReadMore) next = ReadInput(connection);
    if (next == Next::kHandedOver) return;
    if (next == Next::kEnd) return GiveUp(connection);
  }
}

ConnectionLoop::Next ConnectionLoop::ReadInput(const Shared& connection) {
  if (connection->input_state == Connection::Input::kEnded) return Next::kEnd;
  const IoResult result = connection->Read(Connection::kReadStep);
  if (result == IoResult::kDone) {
    if (connection->life == Connection::Life::kLingering) {
      connection->input.clear();
      return ++connection->thrown_away > kMaxThrownAway ? Next::kEnd : Next::kAgain;
    }
    if (!connection->since) connection->since.emplace();
    return Next::kAgain;
  }
  if (result == IoResult::kEnd) {
    // The client has said all; an answer may still be awaited.
    connection->input_state = Connection::Input::kEnded;
    return connection->input.empty() ? Next::kEnd : Next::kAgain;
  }
  if (result == IoResult::kError) return Next::kEnd;
  Arm(connection, result == IoResult::kWantRead ? EPOLLIN | EPOLLRDHUP : EPOLLOUT);
  return Next::kHandedOver;
}

ConnectionLoop::Next ConnectionLoop::Refuse(const Shared& connection, int status,
                                            const FramedHead& head,
                                            FramedHead::Persistence persistence, Stopwatch since) {
  if (status == 503) ++refused_;
  connection->output += handler_.Refusal({status, head, persistence, connection->client(), since});
  connection->head.reset();
  connection->since.reset();
  Release(*connection);
  if (persistence == FramedHead::Persistence::kClose) {
    connection->life = Connection::Life::kCloseAfterOutput;
  }
  connection->phase = Stopwatch();
  return Next::kAgain;
}

ConnectionLoop::Next ConnectionLoop::TakeRequest(const Shared& connection) {
  if (connection->head) return TakeBody(connection);
  auto framed = FrameHead(connection->input, limits_.framing);
  if (std::holds_alternative<Incomplete>(framed)) {
    if (!connection->input.empty() && !connection->since) connection->since.emplace();
    return Next::kReadMore;
  }
  if (!connection->since) connection->since.emplace();
  if (const auto* bad = std::get_if<BadRequest>(&framed)) {
    return Refuse(connection, bad->status, bad->head, FramedHead::Persistence::kClose,
                  *connection->since);
  }
  connection->head = std::move(std::get<FramedHead>(framed));
  FramedHead& head = *connection->head;
  connection->input.erase(0, head.bytes);
  if (++connection->requests >= limits_.requests_per_connection || draining()) {
    head.persistence = FramedHead::Persistence::kClose;
  }
  if (handler_.IsStream(head)) return StartStream(connection);
  if (head.body == FramedHead::Body::kChunked) {
    // Content-Length is mandatory (E-2); the handler says so, and the body is not waited for.
    head.persistence = FramedHead::Persistence::kClose;
    return Submit(connection, std::string());
  }
  if (head.content_length && *head.content_length > limits_.framing.body_bytes) {
    return Refuse(connection, 413, head, FramedHead::Persistence::kClose, *connection->since);
  }
  if (!Reserve(*connection, head.content_length.value_or(0))) {
    return Refuse(connection, 503, head, FramedHead::Persistence::kClose, *connection->since);
  }
  if (head.expectation == FramedHead::Expectation::kContinue) {
    connection->output += "HTTP/1.1 100 Continue\r\n\r\n";
  }
  return Next::kAgain;
}

ConnectionLoop::Next ConnectionLoop::TakeBody(const Shared& connection) {
  const size_t length = static_cast<size_t>(connection->head->content_length.value_or(0));
  if (connection->input.size() < length) return Next::kReadMore;
  std::string body = connection->input.substr(0, length);
  connection->input.erase(0, length);
  return Submit(connection, std::move(body));
}

ConnectionLoop::Next ConnectionLoop::Submit(const Shared& connection, std::string body) {
  IncomingRequest request{std::move(*connection->head), std::move(body), connection->client(),
                          *connection->since, Stopwatch()};
  connection->head.reset();
  connection->since.reset();
  if (draining()) request.head.persistence = FramedHead::Persistence::kClose;
  const FramedHead::Persistence persistence = request.head.persistence;
  Worker* called = nullptr;
  {
    std::unique_lock lock(jobs_mutex_);
    if (jobs_.size() >= limits_.queued_requests || phase_ != Phase::kRunning) {
      lock.unlock();
      return Refuse(connection, 503, request.head, persistence, request.since);
    }
    connection->owner = Connection::Owner::kWorker;
    jobs_.push_back({connection, std::move(request)});
    // More threads than processors would only stand in each other's way.
    if (workers_.size() - idle_.size() < processors_) called = TakeIdle();
  }
  // Without the lock, which the one that wakes up needs at once.
  if (called != nullptr) called->called.notify_one();
  return Next::kHandedOver;
}

ConnectionLoop::Worker* ConnectionLoop::TakeIdle() {
  if (idle_.empty()) return nullptr;
  Worker* worker = idle_.back();
  idle_.pop_back();
  worker->state = Worker::State::kRunning;
  return worker;
}

// Workers may wait for certificates: a job that nobody took for a while gets one more.
ConnectionLoop::Wake ConnectionLoop::HelpLateJobs() {
  Worker* called = nullptr;
  Wake awake = Wake::kNobody;
  {
    const std::lock_guard lock(jobs_mutex_);
    const bool late = !jobs_.empty() && jobs_.front().request.ready.Elapsed() >= kLate;
    if (late) called = TakeIdle();
    if (idle_.size() < workers_.size()) awake = Wake::kWorkers;
  }
  if (called != nullptr) called->called.notify_one();
  return awake;
}

// A request that no worker took in its time is answered here: else its client would learn only
// behind those that hang that it came too late.
void ConnectionLoop::RefuseLateJobs() {
  std::vector<Job> late;
  {
    const std::lock_guard lock(jobs_mutex_);
    const auto is_late = [this](const Job& job) {
      return job.request.ready.Elapsed() >= limits_.queue_time;
    };
    while (!jobs_.empty() && is_late(jobs_.front())) {
      late.push_back(std::move(jobs_.front()));
      jobs_.pop_front();
    }
  }
  for (const Job& job : late) {
    Refuse(job.connection, 503, job.request.head, job.request.head.persistence, job.request.since);
    Advance(job.connection);
  }
}

// Waits for one; nothing: it is all over.
std::optional<ConnectionLoop::Job> ConnectionLoop::NextJob(Worker& worker) {
  std::unique_lock lock(jobs_mutex_);
  while (jobs_.empty()) {
    if (phase_ == Phase::kStopping) return std::nullopt;
    worker.state = Worker::State::kIdle;
    idle_.push_back(&worker);
    worker.called.wait(lock, [&] {
      return worker.state == Worker::State::kRunning || phase_ == Phase::kStopping;
    });
  }
  std::optional<Job> job(std::move(jobs_.front()));
  jobs_.pop_front();
  return job;
}

void ConnectionLoop::Work(Worker& worker) {
  while (auto job = NextJob(worker)) {
    const FramedHead::Persistence asked = job->request.head.persistence;
    WireReply reply = handler_.Handle(job->request);
    Connection& connection = *job->connection;
    if (connection.output.empty()) {
      connection.output = std::move(reply.bytes);
    } else {
      connection.output += reply.bytes;
    }
    if (asked == FramedHead::Persistence::kClose ||
        reply.persistence == FramedHead::Persistence::kClose) {
      connection.life = Connection::Life::kCloseAfterOutput;
    }
    connection.phase = Stopwatch();
    Release(connection);
    Advance(job->connection);
  }
}

// ----- Streams

ConnectionLoop::Next ConnectionLoop::StartStream(const Shared& connection) {
  if (streams_open_.fetch_add(1) >= limits_.streams) {
    --streams_open_;
    return Refuse(connection, 503, *connection->head, FramedHead::Persistence::kClose,
                  *connection->since);
  }
  IncomingRequest request{std::move(*connection->head), std::string(), connection->client(),
                          *connection->since, Stopwatch()};
  connection->head.reset();
  connection->since.reset();
  connection->owner = Connection::Owner::kWorker;
  auto ended = std::make_shared<std::atomic<bool>>(false);
  const std::lock_guard lock(streams_mutex_);
  streams_.push_back(
      {std::thread([this, connection, ended, request = std::move(request)]() mutable {
         RunStream(connection, std::move(request));
         *ended = true;
       }),
       ended});
  return Next::kHandedOver;
}

void ConnectionLoop::RunStream(const Shared& connection, IncomingRequest request) {
  handler_.HandleStream(request, *connection);
  --streams_open_;
  connection->life = Connection::Life::kCloseAfterOutput;
  connection->phase = Stopwatch();
  Advance(connection);
}

void ConnectionLoop::ReapStreams() {
  const std::lock_guard lock(streams_mutex_);
  for (auto stream = streams_.begin(); stream != streams_.end();) {
    if (*stream->ended) {
      stream->thread.join();
      stream = streams_.erase(stream);
    } else {
      ++stream;
    }
  }
}

}  // namespace callvet::service
