// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "callvet/evidence.h"
#include "callvet/result.h"
#include "evidence/postgres.h"

// The tables of a store in PostgreSQL, and whether they are still as they were made.

namespace callvet {

/// One statement each: the extended protocol takes no more.
const std::vector<const char*>& PostgresSchema();

/// Tells `visitor` which tables are missing, but for those of reports. Gives whether all are there.
/// Fails with kEvidenceUnavailable.
Result<bool> CheckPostgresTables(PostgresConnection& connection, EvidenceVisitor& visitor);

/// Tells `visitor` what of partitions, indexes, triggers and rules is not as it is made. Fails with
/// kEvidenceUnavailable.
Result<void> CheckPostgresStructure(PostgresConnection& connection, EvidenceVisitor& visitor);

}  // namespace callvet
