// SPDX-License-Identifier: MIT
#include "service/server.h"

#include <httplib.h>

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace callvet::service {
namespace {

// The path of a target: without query and fragment, not decoded (no path of ours needs it).
// A proxy's form has the host in front (RFC 9112 3.2.2), which says nothing here.
std::string PathOf(const std::string& target) {
  const size_t end = target.find_first_of("?#");
  std::string whole = target.substr(0, end);
  if (!EqualsIgnoreCase(whole.substr(0, 7), "http://") &&
      !EqualsIgnoreCase(whole.substr(0, 8), "https://")) {
    return whole;
  }
  const size_t path = whole.find('/', whole.find("//") + 2);
  return path == std::string::npos ? "/" : whole.substr(path);
}

// What stands behind its first '?', up to a fragment.
std::string QueryOf(const std::string& target) {
  const std::string whole = target.substr(0, target.find('#'));
  const size_t mark = whole.find('?');
  return mark == std::string::npos ? std::string() : whole.substr(mark + 1);
}

// What cpp-httplib reads and writes: a head of ours, and an answer for which `write` cares.
class ReplyStream final : public httplib::Stream {
 public:
  using Writer = std::function<bool(std::string_view)>;
  ReplyStream(std::string head, Writer write) : head_(std::move(head)), write_(std::move(write)) {}

  bool is_readable() const override { return read_ < head_.size(); }
  bool is_writable() const override { return alive_; }
  ssize_t read(char* bytes, size_t size) override {
    const size_t count = head_.copy(bytes, size, read_);
    read_ += count;
    return static_cast<ssize_t>(count);
  }
  ssize_t write(const char* bytes, size_t size) override {
    alive_ = alive_ && write_({bytes, size});
    return alive_ ? static_cast<ssize_t>(size) : -1;
  }
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  socket_t socket() const override { return INVALID_SOCKET; }

 private:
  std::string head_;
  size_t read_ = 0;
  Writer write_;
  bool alive_ = true;
};

// One answer, written by cpp-httplib. It reads a head that says nothing but the method, so nothing
// that a client chose meets its parsers (ranges, encodings, regular expressions).
class Exchange final : private httplib::Server {
 public:
  Exchange() {
    svr_sock_ = 0;  // "not shutting down"
    set_keep_alive_timeout(75);
    set_keep_alive_max_count(1000);
  }

  void Write(const std::string& method, FramedHead::Persistence persistence, HttpReply reply,
             LineSource* lines, ReplyStream::Writer write) {
    ReplyStream stream(
        (method == "HEAD" || method == "GET" ? method : "POST") + " / HTTP/1.1\r\n\r\n",
        std::move(write));
    set_pre_routing_handler([&](const httplib::Request&, httplib::Response& response) {
      response.status = reply.status;
      for (const auto& [name, value] : reply.headers) response.set_header(name, value);
      // Or the library promises ranges, which nobody serves.
      if (method == "HEAD") response.set_header("Accept-Ranges", "none");
      if (reply.stream && lines != nullptr) {
        SetStream(reply, *lines, response);
      } else {
        response.body = std::move(reply.body);
        if (!reply.content_type.empty()) {
          response.set_header("Content-Type", reply.content_type);
        }
      }
      return HandlerResponse::Handled;
    });
    bool closed = false;
    process_request(stream, persistence == FramedHead::Persistence::kClose, closed, nullptr);
  }

 private:
  static void SetStream(const HttpReply& reply, LineSource& lines, httplib::Response& response) {
    response.set_chunked_content_provider(
        reply.content_type, [&reply, &lines](size_t, httplib::DataSink& sink) {
          reply.stream(lines, [&sink](std::string_view bytes) {
            return sink.is_writable() && sink.write(bytes.data(), bytes.size());
          });
          sink.done();
          return true;
        });
  }
};

HttpRequest RequestOf(IncomingRequest& incoming) {
  return {incoming.head.method,     PathOf(incoming.head.target), std::move(incoming.head.headers),
          std::move(incoming.body), std::move(incoming.client),   incoming.since,
          incoming.ready,           QueryOf(incoming.head.target)};
}

// The lines of a body as they come in over `connection`.
class ConnectionLines final : public LineSource {
 public:
  ConnectionLines(const FramedHead& head, Connection& connection, HttpServer::Limits limits)
      : connection_(connection),
        limits_(limits),
        chunked_(head.body == FramedHead::Body::kChunked) {
    left_ = head.content_length.value_or(0);
  }

  Result<std::optional<std::string>> Next() override {
    if (auto ok = SkipTooLong(); !ok) return ok.error();
    const Deadline deadline = Deadline::After(limits_.stream_wait);
    while (true) {
      const size_t end = content_.find('\n', searched_);
      if (end != std::string::npos) {
        std::string line = content_.substr(0, end);
        content_.erase(0, end + 1);
        searched_ = 0;
        return std::optional(std::move(line));
      }
      searched_ = content_.size();
      if (content_.size() > limits_.line_bytes) {
        too_long_ = true;
        return Fail(Reason::kBodyInvalid,
                    "a line is longer than " + std::to_string(limits_.line_bytes) + " bytes");
      }
      if (Ended()) {
        if (content_.empty()) return std::optional<std::string>();
        searched_ = 0;
        return std::optional(std::exchange(content_, std::string()));
      }
      if (auto ok = Fill(deadline); !ok) return ok.error();
    }
  }
  [[nodiscard]] bool GoesOn() const override { return too_long_; }
  [[nodiscard]] bool HasLine() const override {
    return !too_long_ && content_.find('\n', searched_) != std::string::npos;
  }

 private:
  [[nodiscard]] bool Ended() const { return chunked_ ? decoder_.done() : left_ == 0; }

  // Up to the end of a line that is too long, keeping nothing of it.
  Result<void> SkipTooLong() {
    while (std::exchange(too_long_, false)) {
      const size_t end = content_.find('\n');
      content_.erase(0, end == std::string::npos ? end : end + 1);
      searched_ = 0;
      if (end != std::string::npos || Ended()) break;
      if (auto ok = Fill(Deadline::After(limits_.stream_wait)); !ok) return ok.error();
      too_long_ = true;
    }
    return {};
  }

  Result<void> Fill(const Deadline& deadline) {
    constexpr size_t kStep = size_t{16} * 1024;
    if (connection_.input.empty()) {
      const IoResult result = connection_.ReadBefore(kStep, deadline);
      if (result == IoResult::kEnd) return Fail(Reason::kBodyInvalid, "the body ended early");
      if (result != IoResult::kDone) {
        return Fail(Reason::kDeadlineExceeded, "the body comes too slowly");
      }
    }
    if (!chunked_) {
      const size_t take = std::min<uint64_t>(left_, connection_.input.size());
      content_.append(connection_.input, 0, take);
      connection_.input.erase(0, take);
      left_ -= take;
      return {};
    }
    const size_t before = connection_.input.size();
    if (!decoder_.Decode(connection_.input, content_, kStep)) {
      return Fail(Reason::kBodyInvalid, "the chunked coding is broken");
    }
    if (connection_.input.size() == before) {
      // A piece of a chunk's head: the rest is needed.
      const IoResult result = connection_.ReadBefore(kStep, deadline);
      if (result != IoResult::kDone) return Fail(Reason::kBodyInvalid, "the body ended early");
    }
    return {};
  }

  Connection& connection_;
  HttpServer::Limits limits_;
  bool chunked_;
  uint64_t left_ = 0;
  ChunkDecoder decoder_;
  std::string content_;
  size_t searched_ = 0;
  bool too_long_ = false;  // the line that `content_` begins in
};

}  // namespace

WireReply HttpServer::Handle(IncomingRequest& incoming) {
  WireReply wire{{}, incoming.head.persistence};
  try {
    const HttpRequest request = RequestOf(incoming);
    Exchange().Write(request.method, wire.persistence, endpoints_.Answer(request), nullptr,
                     [&](std::string_view bytes) {
                       wire.bytes += bytes;
                       return true;
                     });
  } catch (...) {
    wire.bytes = Refusal(
        {500, incoming.head, FramedHead::Persistence::kClose, incoming.client, incoming.since});
    wire.persistence = FramedHead::Persistence::kClose;
  }
  return wire;
}

bool HttpServer::IsStream(const FramedHead& head) const {
  return endpoints_.IsStream(head.method, PathOf(head.target));
}

void HttpServer::HandleStream(IncomingRequest& incoming, Connection& connection) {
  const auto write = [&](std::string_view bytes) {
    connection.output += bytes;
    return connection.WriteBefore(Deadline::After(limits_.stream_wait)) == IoResult::kDone;
  };
  try {
    if (incoming.head.expectation == FramedHead::Expectation::kContinue &&
        !write("HTTP/1.1 100 Continue\r\n\r\n")) {
      return;
    }
    ConnectionLines lines(incoming.head, connection, limits_);
    const HttpRequest request = RequestOf(incoming);
    Exchange().Write(request.method, FramedHead::Persistence::kClose, endpoints_.Answer(request),
                     &lines, write);
  } catch (...) {
    // The client sees that the answer ends early.
    return;
  }
}

std::string HttpServer::Refusal(const RefusedRequest& refused) {
  std::string bytes;
  try {
    HttpRequest request;
    request.method = refused.head.method;
    request.path = PathOf(refused.head.target);
    request.headers = refused.head.headers;
    request.client = refused.client;
    request.since = refused.since;
    Exchange().Write(request.method, refused.persistence,
                     endpoints_.Refuse(refused.status, request), nullptr,
                     [&](std::string_view part) {
                       bytes += part;
                       return true;
                     });
  } catch (...) {
    return "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  }
  return bytes;
}

}  // namespace callvet::service
