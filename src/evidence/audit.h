// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "callvet/evidence.h"
#include "callvet/result.h"

namespace callvet {

/// One thing that is not as it was recorded.
struct AuditFinding {
  enum class Kind : uint8_t {
    kChanged,    // a record's text
    kColumns,    // what a record is found by is not what its text says
    kMissing,    // a record, or several in a row
    kUnchecked,  // a record behind a missing one: nothing says whether it was changed too
    kInserted,   // a record that was never appended
    kRewritten,  // records up to a signed checkpoint do not lead to it
    kUnsigned,   // a checkpoint whose signature is not good
    kBlob,       // something that records share was changed, is missing, or would be deleted early
    kStructure,  // tables, indexes or days are not as the program makes them
    kExpected,   // what was expected cannot be compared any more
  };
  Kind kind = Kind::kChanged;
  int64_t first = 0;  // seq; of a blob 0
  int64_t last = 0;
  std::string id;  // of the record, or the SHA-256 of the blob; "" if not known
  std::string detail;
};

/// "changed", "columns", "missing", "unchecked", "inserted", "rewritten", "unsigned", "blob",
/// "structure" or "expected".
std::string_view AuditFindingName(AuditFinding::Kind kind);

struct AuditReport {
  int64_t records = 0;
  int64_t checkpoints = 0;  // signed and right
  int64_t first = 0;        // seq of the first record that is kept
  EvidenceCheckpoint head;
  std::vector<std::string> keys;       // ids of those whose signatures were right
  std::vector<AuditFinding> findings;  // at most kMaxAuditFindings
  bool more_findings = false;
  [[nodiscard]] bool intact() const { return findings.empty(); }
};

inline constexpr size_t kMaxAuditFindings = 1000;

/// Reads all of `store` and says what is not as it was recorded. `trusted_key` (PEM) is the only
/// one that may have signed; without it the one that the store itself names, which whoever can
/// write all of the store could replace. Records that vanished from the end together with the
/// checkpoints behind them cannot be told from the store alone: `expected` is a head that is known
/// from elsewhere and must be in the chain, or where it begins now (its signature is not looked
/// at). Fails like EvidenceStore::VisitAll.
struct AuditOptions {
  std::optional<std::string> trusted_key;
  std::optional<EvidenceCheckpoint> expected;
};
Result<AuditReport> AuditStore(EvidenceStore& store, const AuditOptions& options);

}  // namespace callvet
