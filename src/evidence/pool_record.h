// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "base/json.h"
#include "callvet/evidence.h"
#include "callvet/result.h"
#include "callvet/rotation.h"
#include "evidence/evidence_codec.h"
#include "evidence/json_fields.h"

// What a record says of a flagged source. Pure.

namespace callvet {

/// A member that is a time in milliseconds, if a store can hold it, so that nothing overflows.
CallTime ReadMilliseconds(JsonFields& fields, std::string_view name);

/// By what the record is found: the source, as what it is of calls, and the reason for which they
/// are refused. No verdict has that, so that an index leads to these records alone.
EvidenceKeys PoolKeys(const PoolChange& change);
/// All but what names parties.
JsonMembers PoolChangeJson(const PoolChange& change);
/// The source as it was written, and the calls of the sample.
JsonMembers PoolPrivateJson(const PoolChange& change);

/// What `record`, whose text is `text`, says; of one that is sealed the source as it is found, and
/// no sample. Fails with kEvidenceAltered.
Result<PoolChange> ReadPoolChange(const StoredEvidence& record, const EvidenceText& text);

}  // namespace callvet
