// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "api/evidence_replay.h"
#include "base/json.h"
#include "base/text.h"
#include "callvet/evidence.h"
#include "evidence/audit.h"
#include "evidence/evidence_codec.h"

// Evidence as the command line and the service show it. Pure; thread-safe.

namespace callvet {

/// One line of a search: what the record is found by and what came of the call.
JsonValue EvidenceEntryJson(const StoredEvidence& record, const EvidenceText& text);

/// {"records": [...], "next": ...}. A record that cannot be read has `reason` "evidence-altered".
JsonMembers EvidencePageJson(const EvidencePage& page, const EvidenceCodec& codec);

/// One call's whole story: the entry, the call as received, who is responsible (signer, diversions,
/// trunk), what it was judged by, and, if it was judged again, the verdict check by check. `replay`
/// may be nullptr.
JsonValue EvidenceStoryJson(const StoredEvidence& record, const EvidenceText& text,
                            const EvidenceReplay* replay);

/// Who connected the call, as far as the record knows: signer, who redirected it, the holder of the
/// caller's number, where it came in.
JsonValue ResponsibleJson(const StoredEvidence& record, const EvidenceText& text);

/// {"outcome", "difference", "verdict"}.
JsonValue EvidenceReplayJson(const EvidenceReplay& replay);

JsonValue AuditJson(const AuditReport& report);

/// As FormatTime, or null.
JsonValue TimeOrNull(const std::optional<sys_seconds>& time);

/// {"seq", "hash", "time", "key_id"}.
JsonValue CheckpointJson(const EvidenceCheckpoint& checkpoint);

}  // namespace callvet
