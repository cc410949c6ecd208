// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "api/api_reply.h"
#include "base/clock.h"
#include "callvet/result.h"

namespace callvet::service {

enum class LogNumbers : uint8_t { kMasked, kFull };

/// Where the log goes and what it says.
struct LogSetup {
  std::string target = "stderr";  // "stdout", "stderr", "off", or the path of a file
  LogNumbers numbers = LogNumbers::kMasked;
  [[nodiscard]] bool IsFile() const {
    return target != "off" && target != "stdout" && target != "stderr";
  }
};

/// A finished request.
struct AccessEntry {
  sys_seconds time;
  std::string_view request_id;
  std::string_view client;
  std::string_view token;     // its name
  std::string_view endpoint;  // as in the table: never a path that a client made up
  int status = 0;
  std::chrono::microseconds duration{0};
};

/// One JSON object per line. Bodies, PASSporTs and tokens never get into it; numbers only masked,
/// unless configured otherwise. Thread-safe.
class AccessLog {
 public:
  /// Fails with kFileUnreadable.
  static Result<std::shared_ptr<AccessLog>> Make(const LogSetup& setup);
  ~AccessLog();
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;

  /// `call` may be nullptr.
  void Write(const AccessEntry& entry, const CallSummary* call);
  /// What happened to the service itself: "start", "reload", "insecure", ...
  void Event(sys_seconds time, std::string_view event, std::string_view detail);
  /// Writes out what is still in memory: now and then, so that a file is never far behind.
  void Flush();
  /// Opens the file again, after it was rotated.
  void Reopen();

 private:
  class Impl;
  explicit AccessLog(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// A number, URI or name-addr so that it can be recognised but not dialled: "1215*****00" keeps the
/// first four and the last two digits; "sip:***@example.org"; "***" for anything else. Pure.
std::string MaskParty(std::string_view party);

}  // namespace callvet::service
