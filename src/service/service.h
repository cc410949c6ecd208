// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "api/evidence_desk.h"
#include "api/pool_keeper.h"
#include "service/application.h"
#include "service/config.h"
#include "service/connection_loop.h"
#include "service/server.h"

namespace callvet::service {

/// The verification service: sockets, workers, upkeep, reload. Owns its threads.
class Service {
  struct Parts;

 public:
  explicit Service(Parts parts);  // for Make alone: nobody else has Parts

  /// Where a reload gets the configuration from.
  using ConfigSource = std::function<Result<ServiceConfig>()>;

  /// Reads everything that the configuration of `source` names and listens. Fails like the source,
  /// VerificationCore::Make, TlsContext::Make, AccessLog::Make, Listen, and with kKeyInvalid or
  /// kFileUnreadable for the signing key.
  static Result<std::unique_ptr<Service>> Make(ConfigSource source);
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;
  /// Ends at once what Run has not ended.
  ~Service();

  /// Whether a service could be made of `config`, for --check-config: listens nowhere, makes and
  /// writes no file. What is likely not meant.
  static Result<std::vector<std::string>> Check(const ServiceConfig& config);

  /// Serves until Stop, then drains. Called once. Fails with kEvidenceNotKept if calls were
  /// answered whose evidence neither the store nor the spill directory took before the end.
  Result<void> Run();
  /// Thread-safe; returns at once.
  void Stop();

  /// Reads configuration and files again and uses them for requests from now on. What of it changes
  /// only with a restart, is likely not meant, or weakens the service is in the notes, and in the
  /// log. If anything is wrong, nothing changes. The
  /// certificate cache is kept if its settings stay. Thread-safe; reloads take turns.
  Result<std::vector<std::string>> Reload();

  /// "127.0.0.1:8080" for each listener, with the ports that they got.
  [[nodiscard]] const std::vector<std::string>& addresses() const { return addresses_; }
  [[nodiscard]] Application& application() { return application_; }

 private:
  Result<std::vector<std::string>> ReloadAll();
  Result<std::shared_ptr<const ApplicationState>> StateFor(const ServiceConfig& config);
  void Repeat(std::chrono::milliseconds interval, const std::function<void()>& work);
  void Maintain();
  void MaintainEvidence();
  void MaintainPools();
  void EndUpkeep();
  uint64_t StopWriter();
  void TellOfPools(const std::vector<std::string>& news);
  void StopUpkeep();
  void TellNews(const std::vector<std::string>& news);

  ConfigSource source_;
  std::mutex reload_mutex_;
  const ServiceConfig started_;  // what only a restart changes is as it says
  ServiceConfig config_;         // in use; under reload_mutex_ once it runs
  std::shared_ptr<const Clock> clock_;
  std::shared_ptr<Traffic> traffic_;
  std::shared_ptr<AccessLog> log_;
  Application application_;
  std::shared_ptr<EvidenceDesk> desk_;  // nullptr: no evidence is kept
  std::shared_ptr<CallerPools> pools_;  // nullptr: calls are not counted by their sources
  std::unique_ptr<PoolKeeper> keeper_;  // nullptr: flags do not outlive the program
  HttpServer server_;
  std::unique_ptr<ConnectionLoop> loop_;
  std::vector<std::string> addresses_;

  std::mutex upkeep_mutex_;
  std::condition_variable upkeep_wake_;
  enum class Upkeep : uint8_t { kRunning, kStopping };
  Upkeep upkeep_ = Upkeep::kRunning;
  std::thread upkeep_thread_;
  std::thread evidence_thread_;  // writes
  std::thread desk_thread_;      // the store's upkeep
  std::thread pools_thread_;
};

}  // namespace callvet::service
