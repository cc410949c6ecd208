// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "callvet/evidence.h"
#include "callvet/result.h"
#include "evidence/hash_chain.h"
#include "evidence/postgres.h"

// The tables of a PostgreSQL store that lists and reports read. All functions are for use within a
// transaction and fail with kEvidenceUnavailable.

namespace callvet {

/// Makes the tables if they are not there; calls up to the chain's present end are not in them
/// then. The caller holds the writers' lock.
Result<void> MakePostgresSummaries(PostgresConnection& connection);
/// Where the tallies begin; nothing: an older program's store.
Result<std::optional<int64_t>> PostgresTalliedFrom(PostgresConnection& connection);

/// Adds `records`, which are stored on `day`.
Result<void> PutPostgresSummaries(PostgresConnection& connection,
                                  const std::vector<ChainedRecord>& records, int64_t day);
/// Takes out what retention deleted: days before `day`, records up to `seq`.
Result<void> PrunePostgresSummaries(PostgresConnection& connection, int64_t day, int64_t seq);
/// Those of `references` that complaints have.
Result<std::set<std::string>> PostgresReferences(PostgresConnection& connection,
                                                 const std::vector<std::string>& references);

Result<ComplaintPage> FindPostgresComplaints(PostgresConnection& connection,
                                             const ComplaintQuery& query);
Result<EvidenceReport> PostgresReport(PostgresConnection& connection, const ReportQuery& query);

/// For audits: whether both tables are there.
Result<bool> PostgresHasSummaries(PostgresConnection& connection);
/// For audits: what is counted of a day.
Result<std::vector<EvidenceTally>> PostgresTallies(PostgresConnection& connection, int64_t day);
/// For audits: hands all complaints to `visitor`, and tells it what of the tables has values that
/// this program does not write.
Result<void> VisitPostgresSummaries(PostgresConnection& connection, EvidenceVisitor& visitor);

}  // namespace callvet
