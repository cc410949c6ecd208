// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "api/evidence_assembly.h"
#include "callvet/policy.h"
#include "callvet/verifier.h"
#include "cli/console.h"

namespace CLI {
class App;
}

namespace callvet::cli {

/// Where evidence is, and with which keys.
struct EvidenceOptions {
  std::string store;
  std::string checkpoint_key;
  std::string number_key;
};

/// --evidence, --call-id and the keys, for the command verify.
struct VerifyEvidenceOptions {
  EvidenceOptions evidence;
  std::string call_id;
};
void AddVerifyEvidenceOptions(CLI::App& command, VerifyEvidenceOptions& options);

/// --store and the keys, for the commands of `callvet evidence`.
void AddEvidenceStoreOptions(CLI::App& command, EvidenceOptions& options);

/// `options` as a setup; `store` may be missing in `options`: then CALLVET_EVIDENCE names it. Fails
/// with kParameterMissing.
Result<EvidenceSetup> EvidenceSetupOf(const EvidenceOptions& options, EvidenceSetup::Open open);

/// "uid N" of who runs the program.
std::string EvidenceUser();

/// Opens the store that is there, and records that somebody reads it. Fails like OpenEvidence and
/// RecordAccess.
Result<OpenedEvidence> OpenLogged(const EvidenceOptions& options, const char* what,
                                  std::string about);

/// Console::Complain; what was altered is no unreadable input: it is the answer.
ExitCode ComplainOfEvidence(const Failure& failure, const Console& console);

/// Records a call durably and gives the record's id. Fails like OpenEvidence and
/// EvidenceStore::Append.
Result<std::string> RecordCall(const OpenedEvidence& evidence, const CallEvidenceView& call);

}  // namespace callvet::cli
