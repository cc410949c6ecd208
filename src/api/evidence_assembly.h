// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "callvet/evidence.h"
#include "callvet/result.h"
#include "evidence/evidence_codec.h"
#include "issue/private_key.h"

// Opening evidence as an operator names it; a part of assembly.h.

namespace callvet {

struct EvidenceSetup {
  std::string store;  // path of an SQLite file, or a postgresql:// URL
  /// P-256 key that signs checkpoints and exports. "": with a file the key beside it,
  /// <file>.key, which is made with a new file; PostgreSQL needs one.
  std::filesystem::path checkpoint_key;
  std::filesystem::path number_key;  // "": numbers are kept as they are
  enum class Open : uint8_t { kCreate, kExisting, kReadOnly } open = Open::kExisting;
  std::shared_ptr<const Clock> clock = std::make_shared<SystemClock>();
  /// Folder in which a writer leaves word, for the one that comes after it, of what it wrote last:
  /// its own, and not where the store is. "": nowhere.
  std::filesystem::path mark_dir;
};

/// An open store and what belongs to it.
struct OpenedEvidence {
  std::shared_ptr<EvidenceStore> store;
  std::shared_ptr<const EvidenceSigner> signer;  // nullptr when read-only
  std::optional<NumberSecret> number_key;
};

/// The number key that `setup` names; nothing if it names none. Fails like NumberSecret::Read.
Result<std::optional<NumberSecret>> ReadNumberSecret(const EvidenceSetup& setup);

/// The file in `setup.mark_dir` (see ChainGuard) for the store that `setup` names: each store has
/// its own. "" if there is no such folder.
std::filesystem::path ChainMarkPath(const EvidenceSetup& setup);

/// Fails like OpenSqliteStore, OpenPostgresStore, NumberSecret::Read, and with kKeyInvalid or
/// kFileUnreadable for the checkpoint key.
Result<OpenedEvidence> OpenEvidence(const EvidenceSetup& setup);

/// Whether the keys that OpenEvidence needs can be used, and an SQLite file could be written; opens
/// and makes nothing. Fails like OpenEvidence.
Result<void> CheckEvidence(const EvidenceSetup& setup);

/// The files that evidence consists of, whether they are there or not: an SQLite database with what
/// SQLite keeps beside it, and the keys.
std::vector<std::filesystem::path> EvidenceFiles(const EvidenceSetup& setup);

/// The public key (PEM) of the checkpoint key that `setup` names, or that is beside its file. Fails
/// with kFileUnreadable, kKeyInvalid, or kParameterMissing if there is no place for one.
Result<std::string> ReadCheckpointPublicKey(const EvidenceSetup& setup);

/// Signs with `key`, which must be P-256. Fails with kKeyInvalid.
Result<std::shared_ptr<const EvidenceSigner>> MakeEvidenceSigner(const PrivateKey& key);

/// Stores the record of an access, durably: to be called before anything is shown, which it forbids
/// if it fails.
Result<void> RecordAccess(const OpenedEvidence& evidence, const EvidenceAccess& access);

}  // namespace callvet
