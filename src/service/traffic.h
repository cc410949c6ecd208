// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "api/api_reply.h"
#include "base/clock.h"
#include "base/json.h"

namespace callvet::service {

/// Parts of a request's time that are measured by themselves.
enum class Stage : uint8_t {
  kQueue,        // from the request's last byte until a worker takes it
  kVerify,       // the verifier, certificates included
  kCertificate,  // waiting for a certificate that was not at hand
  kTotal,        // from the first byte of the request until its answer is ready
};

/// A histogram of times, with the buckets of Prometheus: cumulative only when it is printed.
class TimeHistogram {
 public:
  static constexpr auto kBoundsUs =
      std::to_array<int64_t>({50, 100, 250, 500, 1'000, 2'500, 5'000, 10'000, 25'000, 50'000,
                              100'000, 250'000, 500'000, 1'000'000, 2'500'000});

  void Add(std::chrono::microseconds time);
  /// Lines of `name` with `labels` ("stage=\"total\"").
  void Print(std::string_view name, std::string_view labels, std::string& text) const;

 private:
  std::array<uint64_t, kBoundsUs.size() + 1> counts_{};
  int64_t sum_us_ = 0;
};

/// What went through the service: counted in memory, without numbers of callers. Names that clients
/// choose (trunks) or that certificates have (signers) are bounded: what is too many is "other".
/// Thread-safe.
class Traffic {
 public:
  static constexpr size_t kMaxNames = 200;
  static constexpr size_t kMinutes = 60;

  void CountCall(const CallSummary& call, sys_seconds now);
  void CountRequest(std::string_view endpoint, int status);
  void Observe(Stage stage, std::chrono::microseconds time);

  /// In Prometheus' text format.
  [[nodiscard]] std::string MetricsText() const;
  /// For the page: the last hour by minutes, and totals by reason, signer and trunk.
  [[nodiscard]] JsonValue Json(sys_seconds now) const;

 private:
  using Outcomes = std::array<uint64_t, 3>;  // by Verstat
  using ByName = std::map<std::string, Outcomes, std::less<>>;
  struct Minute {
    int64_t number = -1;  // minutes since 1970
    Outcomes outcomes{};
  };
  struct CallKey {
    Reason reason;
    std::string attest;
    bool operator<(const CallKey& other) const {
      return reason != other.reason ? reason < other.reason : attest < other.attest;
    }
  };

  static void CountName(ByName& names, const std::string& said, Verstat verstat);
  static JsonValue NamesJson(const ByName& names);

  mutable std::mutex mutex_;
  std::map<CallKey, uint64_t> calls_;
  std::map<std::string, uint64_t> dispositions_;
  ByName signers_;
  ByName trunks_;
  std::map<std::pair<std::string, int>, uint64_t> requests_;
  std::array<TimeHistogram, 4> stages_;
  std::array<Minute, kMinutes> minutes_;
};

/// Appends gauges and counters that others keep to a text (borrowed), in Prometheus' format: one
/// line per value, HELP and TYPE in front.
class MetricPrinter {
 public:
  explicit MetricPrinter(std::string& text) : text_(text) {}
  template <class Number>
  void Gauge(std::string_view name, std::string_view help, Number value) {
    Print(name, "gauge", help, static_cast<double>(value));
  }
  void Counter(std::string_view name, std::string_view help, uint64_t value) {
    Print(name, "counter", help, static_cast<double>(value));
  }

 private:
  void Print(std::string_view name, std::string_view type, std::string_view help, double value);
  std::string& text_;
};
/// A label's value between quotes.
std::string LabelValue(std::string_view text);

}  // namespace callvet::service
