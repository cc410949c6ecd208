// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/atis_signing.h"
#include "api/call_recorder.h"
#include "api/evidence_desk.h"
#include "api/pool_counter.h"
#include "api/verification_core.h"
#include "base/json.h"
#include "callvet/policy.h"
#include "issue/random_uuid.h"
#include "service/access_log.h"
#include "service/access_tokens.h"
#include "service/connection_loop.h"
#include "service/endpoint_table.h"
#include "service/rate_limiter.h"
#include "service/server.h"
#include "service/traffic.h"

namespace callvet::service {

/// What a reload replaces as a whole. Immutable once shared.
struct ApplicationState {
  std::shared_ptr<VerificationCore> core;
  std::shared_ptr<const CallSigner> signer;  // nullptr: it does not sign
  std::shared_ptr<const Policy> policy;      // nullptr: verdicts only
  std::optional<CallRecorder> recorder;      // nothing: no evidence is kept
  std::optional<PoolCounter> pools;          // nothing: calls are not counted by their sources
  AccessTokens tokens;
  enum class VerifyAccess : uint8_t { kToken, kAnyone } verify_access = VerifyAccess::kToken;
  std::chrono::milliseconds deadline{2000};
  std::shared_ptr<RateLimiter> rate;
  std::vector<std::string> notes;  // what is likely not meant in the policy
};

/// What the application asks of the service around it.
struct ApplicationHooks {
  /// Reads the configuration and the files again; what it has to say, or why nothing changed.
  std::function<Result<std::vector<std::string>>()> reload;
  std::function<ConnectionStatistics()> connections;
  std::function<bool()> draining;
};

/// The endpoints: who may ask, what is answered, what is counted and logged. Knows no sockets.
/// Thread-safe.
class Application final : public Endpoints {
 public:
  Application(std::shared_ptr<const Clock> clock, std::shared_ptr<Traffic> traffic,
              std::shared_ptr<AccessLog> log, ApplicationHooks hooks);

  /// Nothing is served before the first.
  void Replace(std::shared_ptr<const ApplicationState> state);
  [[nodiscard]] std::shared_ptr<const ApplicationState> state() const;

  /// Calls to try, for /v1/samples; without them there is no such resource. Before the first
  /// request.
  using Samples = std::function<Result<JsonArray>()>;
  void ServeSamples(Samples samples) { samples_ = std::move(samples); }

  /// Evidence to read, by at most `readers` requests at a time; before the first request. Without
  /// it there is nothing below /v1/evidence.
  void ServeEvidence(std::shared_ptr<EvidenceDesk> desk, size_t readers) {
    desk_ = std::move(desk);
    store_readers_ = readers;
  }

  /// Says in the log how many requests were refused without a line there. To be called now and
  /// then.
  void TellUnlisted();

  HttpReply Answer(const HttpRequest& request) override;
  [[nodiscard]] bool IsStream(std::string_view method, std::string_view path) const override;
  HttpReply Refuse(int status, const HttpRequest& request) override;

 private:
  struct Context;  // of one request

  HttpReply Route(Context& context);
  HttpReply Serve(const Endpoint& endpoint, Context& context);
  std::optional<HttpReply> CheckAccess(const Endpoint& endpoint, Context& context);
  HttpReply FromApi(ApiReply reply, Context& context);
  HttpReply Batch(Context& context);
  template <class Work>
  HttpReply WithStore(Work work);
  bool AnswerLines(const std::vector<ApiReply>& answers, const LineSink& sink);
  [[nodiscard]] std::optional<JsonMembers> NotReady(const ApplicationState& state) const;
  HttpReply Ready(const ApplicationState& state) const;
  HttpReply Reload();
  HttpReply SampleCalls() const;
  HttpReply Pools(const Endpoint& endpoint, const Context& context) const;
  HttpReply Evidence(const Endpoint& endpoint, const Context& context) const;
  static void PrintEngineMetrics(const Es256Statistics& engine, std::string& text);
  static void PrintPoolMetrics(const CallerPools& pools, std::string& text);
  HttpReply Complaints(const Endpoint& endpoint, const Context& context) const;
  [[nodiscard]] std::string Metrics(const ApplicationState& state) const;
  void Remember(const CallSummary& call);
  void Record(const Context& context, int status);

  std::shared_ptr<const Clock> clock_;
  std::shared_ptr<Traffic> traffic_;
  std::shared_ptr<AccessLog> log_;
  ApplicationHooks hooks_;
  Samples samples_;
  std::shared_ptr<EvidenceDesk> desk_;  // nullptr: no evidence is kept
  Stopwatch uptime_;
  RandomUuids request_ids_;
  size_t store_readers_ = 0;
  std::atomic<size_t> store_requests_{0};  // under way
  RateLimiter refusal_lines_;
  std::atomic<uint64_t> unlisted_{0};
  mutable std::mutex state_mutex_;
  std::shared_ptr<const ApplicationState> state_;
  mutable std::mutex signers_mutex_;
  std::list<std::string> signers_;  // x5u of signers whose calls passed, the latest first
};

}  // namespace callvet::service
