// SPDX-License-Identifier: MIT
#include "api/evidence_assembly.h"

#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "base/file.h"
#include "evidence/hash_chain.h"
#include "evidence/number_secret.h"
#include "evidence/postgres.h"
#include "evidence/postgres_store.h"
#include "evidence/sqlite_store.h"
#include "issue/passport_signer.h"
#include "pki/sha256.h"

namespace callvet {
namespace {

class KeySigner final : public EvidenceSigner {
 public:
  KeySigner(PrivateKey key, std::string public_pem, std::string key_id)
      : key_(std::move(key)), public_pem_(std::move(public_pem)), key_id_(std::move(key_id)) {}

  [[nodiscard]] Result<std::string> Sign(std::string_view statement) const override {
    const auto signature = SignEs256(statement, key_);
    if (!signature) return signature.error();
    return std::string(reinterpret_cast<const char*>(signature->data()), signature->size());
  }
  [[nodiscard]] const std::string& public_pem() const override { return public_pem_; }
  [[nodiscard]] const std::string& key_id() const override { return key_id_; }

 private:
  PrivateKey key_;
  std::string public_pem_;
  std::string key_id_;
};

bool IsPostgres(const std::string& store) {
  return store.starts_with("postgresql://") || store.starts_with("postgres://");
}

// What tells a store from others: where the file is said to be, whoever made a link of it; of a URL
// server and database, since users and passwords change.
std::string StoreName(const std::string& store) {
  if (IsPostgres(store)) return PostgresDatabaseName(store);
  std::error_code error;
  const auto whole = std::filesystem::absolute(store, error);
  return error ? store : whole.lexically_normal().string();
}

Result<std::filesystem::path> CheckpointKeyPath(const EvidenceSetup& setup) {
  if (!setup.checkpoint_key.empty()) return setup.checkpoint_key;
  if (!IsPostgres(setup.store)) return std::filesystem::path(setup.store + ".key");
  return Fail(Reason::kParameterMissing, "with PostgreSQL a checkpoint key must be given");
}

// SQLite makes the file, nobody its folder.
Result<void> CheckStoreFolder(const EvidenceSetup& setup) {
  if (IsPostgres(setup.store)) return {};
  std::error_code error;
  const auto folder = std::filesystem::absolute(setup.store, error).parent_path();
  const auto status = std::filesystem::status(folder, error);
  if (std::filesystem::exists(status) || !std::filesystem::status_known(status)) return {};
  return Fail(Reason::kFileUnreadable,
              "the folder " + folder.string() + " of the store is not there");
}

// Makes a key in a file that is not there yet. Of several processes that do so at once one makes
// it; the others find it whole.
Result<void> MakeCheckpointKey(const std::filesystem::path& path) {
  const auto key = PrivateKey::Generate(KeyKind::kEcP256);
  if (!key) return key.error();
  const auto pem = key->ToPem();
  if (!pem) return pem.error();
  const std::filesystem::path made = path.string() + "." + std::to_string(::getpid());
  if (auto ok = WriteFile(made, *pem, FileMode::kPrivate); !ok) return ok;
  const bool linked = ::link(made.c_str(), path.c_str()) == 0;
  const int error = errno;
  ::unlink(made.c_str());
  if (linked || error == EEXIST) return {};
  return Fail(Reason::kFileUnreadable, path.string() + " cannot be made");
}

// The key beside a new file is made; one that vanished from an old file is not.
bool WouldMakeKey(const EvidenceSetup& setup, const std::filesystem::path& path) {
  std::error_code error;
  return setup.open == EvidenceSetup::Open::kCreate && setup.checkpoint_key.empty() &&
         !std::filesystem::exists(setup.store, error) && !std::filesystem::exists(path, error);
}

Result<PrivateKey> ReadCheckpointKey(const std::filesystem::path& path) {
  const auto pem = ReadFile(path);
  if (!pem) return Fail(pem.error().reason, "checkpoint key: " + pem.error().detail);
  auto key = PrivateKey::FromPem(*pem);
  if (!key) {
    return Fail(key.error().reason, "checkpoint key: " + path.string() + ": " + key.error().detail);
  }
  if (auto ok = CheckSecretMode(path, SecretReaders::kOwnerAndGroup); !ok) {
    return Fail(ok.error().reason, "checkpoint key: " + ok.error().detail);
  }
  return key;
}

// How a store is opened, in the words of its kind.
template <class Open>
Open OpenAs(EvidenceSetup::Open open) {
  switch (open) {
    case EvidenceSetup::Open::kCreate:
      return Open::kCreate;
    case EvidenceSetup::Open::kExisting:
      return Open::kExisting;
    case EvidenceSetup::Open::kReadOnly:
      break;
  }
  return Open::kReadOnly;
}

Result<std::shared_ptr<EvidenceStore>> OpenStore(const EvidenceSetup& setup,
                                                 const OpenedEvidence& opened) {
  const std::string key_name = opened.number_key ? opened.number_key->name() : "";
  if (IsPostgres(setup.store)) {
    PostgresStoreOptions options;
    options.url = setup.store;
    options.open = OpenAs<PostgresStoreOptions::Open>(setup.open);
    options.signer = opened.signer;
    options.clock = setup.clock;
    options.number_key = key_name;
    options.mark = ChainMarkPath(setup);
    return OpenPostgresStore(options);
  }
  SqliteStoreOptions options;
  options.path = setup.store;
  options.open = OpenAs<SqliteStoreOptions::Open>(setup.open);
  options.signer = opened.signer;
  options.clock = setup.clock;
  options.number_key = key_name;
  options.mark = ChainMarkPath(setup);
  return OpenSqliteStore(options);
}

}  // namespace

std::filesystem::path ChainMarkPath(const EvidenceSetup& setup) {
  if (setup.mark_dir.empty()) return {};
  constexpr size_t kNameDigits = 16;
  return setup.mark_dir / ("chain_end-" + Sha256Hex(StoreName(setup.store)).substr(0, kNameDigits));
}

Result<std::shared_ptr<const EvidenceSigner>> MakeEvidenceSigner(const PrivateKey& key) {
  if (key.kind() != KeyKind::kEcP256) {
    return Fail(Reason::kKeyInvalid, "the checkpoint key is not P-256");
  }
  std::string pem = key.public_key().ToPem();
  auto id = EvidenceKeyId(pem);
  if (!id) return id.error();
  return std::shared_ptr<const EvidenceSigner>(
      std::make_shared<KeySigner>(key, std::move(pem), std::move(*id)));
}

Result<std::optional<NumberSecret>> ReadNumberSecret(const EvidenceSetup& setup) {
  if (setup.number_key.empty()) return std::optional<NumberSecret>();
  auto key = NumberSecret::Read(setup.number_key);
  if (!key) return key.error();
  return std::optional<NumberSecret>(std::move(*key));
}

Result<std::string> ReadCheckpointPublicKey(const EvidenceSetup& setup) {
  const auto path = CheckpointKeyPath(setup);
  if (!path) return path.error();
  const auto pem = ReadFile(*path);
  if (!pem) return pem.error();
  const auto key = PrivateKey::FromPem(*pem);
  if (!key) return key.error();
  return key->public_key().ToPem();
}

Result<OpenedEvidence> OpenEvidence(const EvidenceSetup& setup) {
  OpenedEvidence opened;
  auto number_key = ReadNumberSecret(setup);
  if (!number_key) return number_key.error();
  opened.number_key = std::move(*number_key);
  std::error_code error;
  if (setup.open != EvidenceSetup::Open::kCreate && !IsPostgres(setup.store) &&
      !std::filesystem::exists(setup.store, error)) {
    return Fail(Reason::kFileUnreadable, setup.store + " is not there");
  }
  if (auto ok = CheckStoreFolder(setup); !ok) return ok.error();
  if (setup.open != EvidenceSetup::Open::kReadOnly) {
    const auto path = CheckpointKeyPath(setup);
    if (!path) return path.error();
    if (WouldMakeKey(setup, *path)) {
      if (auto ok = MakeCheckpointKey(*path); !ok) return ok.error();
    }
    const auto key = ReadCheckpointKey(*path);
    if (!key) return key.error();
    auto signer = MakeEvidenceSigner(*key);
    if (!signer) return signer.error();
    opened.signer = std::move(*signer);
  }
  auto store = OpenStore(setup, opened);
  if (!store) return store.error();
  opened.store = std::move(*store);
  return opened;
}

Result<void> CheckEvidence(const EvidenceSetup& setup) {
  if (const auto number_key = ReadNumberSecret(setup); !number_key) return number_key.error();
  const auto path = CheckpointKeyPath(setup);
  if (!path) return path.error();
  if (auto ok = CheckStoreFolder(setup); !ok) return ok;
  if (!IsPostgres(setup.store)) {
    if (auto ok = CheckWritable(setup.store); !ok) return ok;
  }
  if (WouldMakeKey(setup, *path)) return CheckWritable(*path);
  const auto key = ReadCheckpointKey(*path);
  if (!key) return key.error();
  if (const auto signer = MakeEvidenceSigner(*key); !signer) return signer.error();
  return {};
}

std::vector<std::filesystem::path> EvidenceFiles(const EvidenceSetup& setup) {
  std::vector<std::filesystem::path> files;
  if (!IsPostgres(setup.store)) {
    for (const char* end : {"", "-wal", "-shm", "-journal"}) files.emplace_back(setup.store + end);
  }
  if (const auto key = CheckpointKeyPath(setup)) files.push_back(*key);
  if (!setup.number_key.empty()) files.push_back(setup.number_key);
  return files;
}

Result<void> RecordAccess(const OpenedEvidence& evidence, const EvidenceAccess& access) {
  auto id = NewEvidenceId(access.time);
  if (!id) return id.error();
  auto record = EvidenceCodec(evidence.number_key).Encode(access, std::move(*id));
  if (!record) return record.error();
  return evidence.store->Append({std::make_shared<const EvidenceRecord>(std::move(*record))},
                                EvidenceStore::Seen::kNever);
}

}  // namespace callvet
