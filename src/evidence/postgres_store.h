// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "base/clock.h"
#include "callvet/evidence.h"
#include "callvet/result.h"

namespace callvet {

struct PostgresStoreOptions {
  std::string url;  // postgresql://...
  enum class Open : uint8_t {
    kCreate,    // tables are made if they are missing
    kExisting,  // they must be there
    kReadOnly,  // for audits: nothing is made or written, and no key for numbers is needed
  } open = Open::kCreate;
  std::shared_ptr<const EvidenceSigner> signer;  // nullptr: Append and Prune fail
  std::shared_ptr<const Clock> clock = std::make_shared<SystemClock>();
  std::string number_key;                     // NumberSecret::name, or "": numbers are not hashed
  std::chrono::milliseconds timeout{10'000};  // for each answer of the server to a question
  // The same for Append: whoever writes gives up soon enough that what comes meanwhile has room.
  std::chrono::milliseconds append_timeout{2'000};
  std::filesystem::path mark;  // see ChainGuard; "": nothing is remembered over restarts
};

/// Evidence in a PostgreSQL database, partitioned by the day on which records were stored; tables
/// and partitions are made as they are needed. Any number of processes may write: their commits
/// take turns, so that all records are one chain. A lost connection is made anew by the next call.
///
/// The server need not be there yet: then every call fails with kEvidenceUnavailable until it is.
/// Never fails itself. A database that was begun with another key for numbers fails every call with
/// kKeyInvalid, and so does one that was signed with another key; unless kCreate, one without
/// evidence fails it with kFileInvalid.
std::shared_ptr<EvidenceStore> OpenPostgresStore(const PostgresStoreOptions& options);

}  // namespace callvet
