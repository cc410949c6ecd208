// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/assembly.h"
#include "api/evidence_config.h"
#include "api/pool_config.h"
#include "callvet/result.h"
#include "service/access_log.h"
#include "service/access_tokens.h"
#include "service/connection_loop.h"
#include "service/listener.h"
#include "service/rate_limiter.h"
#include "service/tls.h"

namespace callvet::service {

/// What the service is configured to be; src/cli/README.md describes the file.
struct ServiceConfig {
  std::vector<ListenAddress> listen = {{"127.0.0.1", 8080}};
  bool insecure_plain_http = false;
  std::optional<TlsFiles> tls;

  bool verify_without_token = false;
  std::vector<AccessToken> tokens;

  VerifierSetup verifier;
  std::chrono::milliseconds deadline{2000};

  std::filesystem::path policy;  // "": verdicts only

  std::optional<EvidenceConfig> evidence;  // nothing: no evidence is kept

  std::optional<PoolConfig> pools;  // nothing: calls are not counted by their sources

  std::filesystem::path signing_key;  // "": it does not sign
  std::string signing_x5u;

  ConnectionLimits connections;
  RateLimiter::Limits rate;
  size_t waiting_for_certificates = 32;
  std::chrono::milliseconds drain_time{15'000};
  LogSetup log;

  /// What the parts say that need a new core when they change: two configurations with the same
  /// text have the same verifier, but for the contents of files.
  std::string verifier_text;
  /// What the sections `log`, `evidence` and `pools` say, by their names.
  std::map<std::string, std::string> lasting_texts;
};

/// Reads a configuration: JSON with // and /* */ comments. Unknown members, wrong types and values
/// out of range fail with kConfigInvalid, the detail naming the member; so does what must not go
/// together (Check). Relative paths count from `directory`. Reads no other file. Pure.
Result<ServiceConfig> ParseConfig(std::string_view text, const std::filesystem::path& directory);

/// ParseConfig of a file. Fails also with kFileUnreadable.
Result<ServiceConfig> ReadConfig(const std::filesystem::path& path);

/// Beyond loopback TLS is needed, or insecure_plain_http; signing needs key and x5u. Fails with
/// kConfigInvalid.
Result<void> CheckConfig(const ServiceConfig& config);

/// What of `next` counts only after a restart of a service that was started with `started`: names
/// for people, like "listen" and "evidence".
std::vector<std::string> NeedRestart(const ServiceConfig& started, const ServiceConfig& next);

/// One sentence for each switch that weakens the service, to be logged at start
/// and at a reload.
std::vector<std::string> InsecureSettings(const ServiceConfig& config);

}  // namespace callvet::service
