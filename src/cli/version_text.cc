// SPDX-License-Identifier: MIT
#include "cli/version_text.h"

#include "evidence/postgres.h"
#include "evidence/sqlite.h"
#include "pki/es256.h"
#include "pki/fast_es256.h"
#include "repository/https_fetcher.h"
#include "rotation/redis.h"

namespace callvet::cli {
namespace {

std::string Engines() {
  std::string text;
  for (const std::string_view name : UsableEs256Engines()) {
    text += (text.empty() ? "" : ", ") + std::string(name);
  }
  return text;
}

}  // namespace

std::string VersionText() {
  std::string text = "callvet " CALLVET_VERSION "\n";
  text += "commit:       " + std::string(Commit()) + "\n";
  text += "ES256 engine: " + std::string(UsableEs256Engines().front()) +
          " (usable here: " + Engines() + ")\n";
  text += "cryptography: " + OpenSslVersion() + "\n";
  text += "downloads:    " + CurlVersion() + "\n";
  text += "evidence:     " + SqliteVersion() + ", " + PostgresClientVersion() + "\n";
  text += "pools:        in memory, Redis by " + RedisClientVersion();
  return text;
}

}  // namespace callvet::cli
