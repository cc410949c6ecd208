// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/evidence_assembly.h"
#include "base/json.h"
#include "callvet/evidence.h"
#include "callvet/rotation.h"

// Which sources were flagged when, by what was kept of it. Thread-safe.

namespace callvet {

/// Changes as a store has them, and the records that cannot be read: "ID: why", for people.
struct KeptChanges {
  std::vector<PoolChange> changes;
  std::vector<std::string> unreadable;
};
/// What was kept from `from` to `to`, both included. Fails like EvidenceStore::Find.
Result<KeptChanges> ReadPoolChanges(const OpenedEvidence& evidence, sys_seconds from,
                                    sys_seconds to);

/// A time for which a source was flagged, without a break.
struct PoolEpisode {
  FlaggedPool pool;  // as it was told of last; `until` as if nobody had released it
  std::optional<PoolRelease> release;
};
/// The times that reach into `from` (included) to `to` (not included), the latest first. What
/// several processes told of one source is one time. Pure.
std::vector<PoolEpisode> PoolEpisodes(std::vector<PoolChange> changes, CallTime from, CallTime to);

/// When it ended, or will.
CallTime EndOf(const PoolEpisode& episode);

/// Those of a report's time, by what was kept and by what is flagged in this process (`pools` may
/// be nullptr) at `now`. Fails like EvidenceStore::Find, and with kEvidenceAltered, naming it, if a
/// record cannot be read: a report lacks nothing silently.
Result<std::vector<PoolEpisode>> ReportedPools(const OpenedEvidence& evidence,
                                               const ReportQuery& query, const CallerPools* pools,
                                               sys_seconds now);

/// FlaggedPoolJson with "released" and "released_by", null if nobody did.
JsonValue PoolEpisodeJson(const PoolEpisode& episode);

}  // namespace callvet
