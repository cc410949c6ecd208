// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string>

#include "service/connection_loop.h"
#include "service/http_message.h"

namespace callvet::service {

/// Who knows what is served. Thread-safe; does not throw.
class Endpoints {
 public:
  virtual ~Endpoints() = default;
  virtual HttpReply Answer(const HttpRequest& request) = 0;
  /// True if the request's body is to be streamed to it (HttpReply::stream).
  [[nodiscard]] virtual bool IsStream(std::string_view method, std::string_view path) const = 0;
  /// The answer to what was refused before it became a request.
  /// `request` has what could be read of it.
  virtual HttpReply Refuse(int status, const HttpRequest& request) = 0;
};

/// Between connections and endpoints: HTTP as cpp-httplib writes it. The only file that knows
/// cpp-httplib. Framing and limits are not left to it: what a client sent reaches only FrameHead.
class HttpServer final : public RequestHandler {
 public:
  struct Limits {
    size_t line_bytes = size_t{256} * 1024;         // of a stream's line
    std::chrono::milliseconds stream_wait{30'000};  // for a line to come or to be taken
  };
  HttpServer(Endpoints& endpoints, Limits limits) : endpoints_(endpoints), limits_(limits) {}

  WireReply Handle(IncomingRequest& request) override;
  [[nodiscard]] bool IsStream(const FramedHead& head) const override;
  void HandleStream(IncomingRequest& request, Connection& connection) override;
  std::string Refusal(const RefusedRequest& refused) override;

 private:
  Endpoints& endpoints_;
  Limits limits_;
};

}  // namespace callvet::service
