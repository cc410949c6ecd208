// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <memory>

#include "base/clock.h"
#include "callvet/evidence.h"
#include "callvet/result.h"

namespace callvet {

struct SqliteStoreOptions {
  std::filesystem::path path;
  enum class Open : uint8_t {
    kCreate,    // made if it is missing
    kExisting,  // must be there
    kReadOnly,  // for audits: Append and Prune fail
  } open = Open::kCreate;
  std::shared_ptr<const EvidenceSigner> signer;  // nullptr: Append and Prune fail
  std::shared_ptr<const Clock> clock = std::make_shared<SystemClock>();
  std::string number_key;      // NumberSecret::name, or "": numbers are not hashed
  std::filesystem::path mark;  // see ChainGuard; "": nothing is remembered over restarts
};

/// Evidence in one SQLite file (WAL), a table for each day on which records were stored. Several
/// processes may use one file. Fails with kFileUnreadable, with kFileInvalid (another kind of
/// database), with kKeyInvalid if the file was begun with another key for numbers, or
/// kEvidenceUnavailable.
Result<std::shared_ptr<EvidenceStore>> OpenSqliteStore(const SqliteStoreOptions& options);

}  // namespace callvet
