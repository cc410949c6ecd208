// SPDX-License-Identifier: MIT
#include "cli/evidence_options.h"

#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <utility>

#include <CLI/CLI.hpp>

#include "evidence/evidence_codec.h"

namespace callvet::cli {
namespace {

void AddKeys(CLI::App& command, EvidenceOptions& options) {
  command
      .add_option("--checkpoint-key", options.checkpoint_key,
                  "P-256 key that signs the chain of records and exports (default: STORE.key, made "
                  "with a new file)")
      ->type_name("F");
  command
      .add_option("--number-key", options.number_key,
                  "Key of 64 hexadecimal digits, mode 0600: numbers are kept as keyed hashes, the "
                  "rest of what names a party encrypted")
      ->type_name("F");
}

}  // namespace

void AddVerifyEvidenceOptions(CLI::App& command, VerifyEvidenceOptions& options) {
  command
      .add_option("--evidence", options.evidence.store,
                  "Keep what a traceback needs in this SQLite file (made if it is missing) or "
                  "postgresql:// database")
      ->type_name("STORE");
  command.add_option("--call-id", options.call_id, "With --evidence: the SIP Call-ID")
      ->type_name("ID");
  AddKeys(command, options.evidence);
}

void AddEvidenceStoreOptions(CLI::App& command, EvidenceOptions& options) {
  command
      .add_option("--store", options.store,
                  "SQLite file or postgresql:// URL (default: what CALLVET_EVIDENCE names)")
      ->type_name("STORE");
  AddKeys(command, options);
}

Result<EvidenceSetup> EvidenceSetupOf(const EvidenceOptions& options, EvidenceSetup::Open open) {
  EvidenceSetup setup;
  setup.store = options.store;
  if (setup.store.empty()) {
    const char* named = std::getenv("CALLVET_EVIDENCE");  // NOLINT(concurrency-mt-unsafe)
    if (named != nullptr) setup.store = named;
  }
  if (setup.store.empty()) {
    return Fail(Reason::kParameterMissing, "give --store, or name it in CALLVET_EVIDENCE");
  }
  setup.checkpoint_key = options.checkpoint_key;
  setup.number_key = options.number_key;
  setup.open = open;
  return setup;
}

std::string EvidenceUser() {
  return "uid " + std::to_string(::getuid());
}

Result<OpenedEvidence> OpenLogged(const EvidenceOptions& options, const char* what,
                                  std::string about) {
  const auto setup = EvidenceSetupOf(options, EvidenceSetup::Open::kExisting);
  if (!setup) return setup.error();
  auto opened = OpenEvidence(*setup);
  if (!opened) return opened.error();
  const EvidenceAccess access{EvidenceUser(), what, std::move(about), SystemClock().Now()};
  if (auto ok = RecordAccess(*opened, access); !ok) return ok.error();
  return opened;
}

ExitCode ComplainOfEvidence(const Failure& failure, const Console& console) {
  const ExitCode code = console.Complain(failure);
  return failure.reason == Reason::kEvidenceAltered ? ExitCode::kNotVerified : code;
}

Result<std::string> RecordCall(const OpenedEvidence& evidence, const CallEvidenceView& call) {
  auto id = NewEvidenceId(SystemClock().Now());
  if (!id) return id.error();
  auto record = EvidenceCodec(evidence.number_key).Encode(call, *id);
  if (!record) return record.error();
  auto stored = evidence.store->Append({std::make_shared<const EvidenceRecord>(std::move(*record))},
                                       EvidenceStore::Seen::kNever);
  if (!stored) return stored.error();
  return id;
}

}  // namespace callvet::cli
