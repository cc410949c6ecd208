// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/evidence_assembly.h"
#include "api/evidence_replay.h"
#include "call_fixture.h"
#include "callvet/evidence.h"
#include "evidence/audit.h"
#include "evidence/evidence_codec.h"
#include "evidence/json_fields.h"
#include "evidence/sqlite_store.h"
#include "support/temporary_directory.h"

namespace callvet::test {

/// The evidence of `call` as it stands, judged now.
inline CallEvidence EvidenceOf(TestCall& call) {
  CallEvidence evidence;
  if (!call.bundle.empty()) {
    call.source->bundle = std::make_shared<const CertificateBundle>(call.bundle);
  }
  evidence.call = call.request;
  evidence.call.identities =
      call.identities.empty() ? std::vector<std::string>{call.Identity()} : call.identities;
  evidence.options = std::make_shared<const VerifierOptions>(call.options);
  const Verifier verifier(call.options, call.store, call.source,
                          std::make_shared<FixedClock>(call.now), call.engine);
  evidence.verdict = verifier.Verify(evidence.call, call.deadline, evidence.material);
  return evidence;
}

/// A clock that a test moves.
class MovableClock final : public Clock {
 public:
  [[nodiscard]] sys_seconds Now() const override { return now; }
  sys_seconds now = kNow;
};

inline std::shared_ptr<const EvidenceSigner> NewSigner() {
  const auto key = PrivateKey::Generate(KeyKind::kEcP256);
  auto signer = MakeEvidenceSigner(*key);
  EXPECT_THAT(signer, Succeeds());
  return *signer;
}

/// A store in a file of its own.
struct StoreLab {
  TemporaryDirectory directory;
  std::shared_ptr<MovableClock> clock = std::make_shared<MovableClock>();
  std::shared_ptr<const EvidenceSigner> signer = NewSigner();
  std::shared_ptr<EvidenceStore> store = Open();

  [[nodiscard]] std::filesystem::path path() const { return directory.path() / "calls.db"; }
  [[nodiscard]] std::shared_ptr<EvidenceStore> Open(const std::filesystem::path& mark = {}) const {
    SqliteStoreOptions options;
    options.path = path();
    options.signer = signer;
    options.clock = clock;
    options.mark = mark;
    auto opened = OpenSqliteStore(options);
    EXPECT_THAT(opened, Succeeds());
    return opened ? *opened : nullptr;
  }
};

inline std::shared_ptr<const EvidenceRecord> RecordOf(EvidenceCodec& codec,
                                                      const CallEvidence& evidence) {
  auto record = codec.Encode(evidence, *NewEvidenceId(kNow));
  EXPECT_THAT(record, Succeeds());
  // However it was written: the text is canonical, and says what stands beside it.
  const auto json = ReadEvidenceJson(record->text);
  EXPECT_THAT(json, Succeeds());
  EXPECT_EQ(CanonicalJson(*json), record->text);
  const auto read = RecordOfText(record->text);
  EXPECT_THAT(read, Succeeds());
  EXPECT_EQ(read->keys, record->keys);
  EXPECT_EQ(read->summary, record->summary);
  return std::make_shared<const EvidenceRecord>(std::move(*record));
}

inline BlobSource BlobsOf(const std::shared_ptr<EvidenceStore>& store) {
  return [store](std::string_view sha256) { return store->GetBlob(sha256); };
}

}  // namespace callvet::test
