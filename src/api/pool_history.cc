// SPDX-License-Identifier: MIT
#include "api/pool_history.h"

#include <algorithm>
#include <map>
#include <utility>

#include "api/pool_api.h"
#include "evidence/pool_record.h"

namespace callvet {
namespace {

// A flag that lasts is told of once in this time at least (CallerPools::TakeChanges, and some).
constexpr std::chrono::hours kToldWithin{24};

struct SourceHistory {
  std::vector<FlaggedPool> flags;
  std::vector<PoolRelease> releases;
};

// The first release that ended `pool`.
std::optional<PoolRelease> ReleaseOf(const FlaggedPool& pool,
                                     const std::vector<PoolRelease>& releases) {
  std::optional<PoolRelease> first;
  for (const PoolRelease& release : releases) {
    const bool ended = pool.since <= release.time && release.time < pool.until;
    if (ended && (!first || release.time < first->time)) first = release;
  }
  return first;
}

// `pool` is of the same time as `episode`, behind it in order of `since`.
bool Continues(const PoolEpisode& episode, const FlaggedPool& pool) {
  return pool.since <= EndOf(episode);
}

void Join(PoolEpisode& episode, PoolEpisode next) {
  FlaggedPool& pool = episode.pool;
  next.pool.since = pool.since;
  if (!episode.release || (next.release && next.release->time < episode.release->time)) {
    episode.release = std::move(next.release);
  }
  if (next.pool.until <= pool.until) return;
  if (next.pool.action < pool.action) {  // the severest counted all the time
    next.pool.action = pool.action;
    next.pool.rule = pool.rule;
  }
  if (next.pool.sample.empty()) next.pool.sample = std::move(pool.sample);
  pool = std::move(next.pool);
}

std::vector<PoolEpisode> EpisodesOf(SourceHistory history) {
  std::stable_sort(history.flags.begin(), history.flags.end(),
                   [](const FlaggedPool& a, const FlaggedPool& b) { return a.since < b.since; });
  std::vector<PoolEpisode> episodes;
  for (FlaggedPool& pool : history.flags) {
    auto release = ReleaseOf(pool, history.releases);
    PoolEpisode next{std::move(pool), std::move(release)};
    if (!episodes.empty() && Continues(episodes.back(), next.pool)) {
      Join(episodes.back(), std::move(next));
    } else {
      episodes.push_back(std::move(next));
    }
  }
  return episodes;
}

}  // namespace

Result<KeptChanges> ReadPoolChanges(const OpenedEvidence& evidence, sys_seconds from,
                                    sys_seconds to) {
  const EvidenceCodec codec(evidence.number_key);
  KeptChanges kept;
  EvidenceQuery query;
  query.kind = EvidenceKind::kPool;
  query.keys.reason = Info(Reason::kCallerPool).id;
  query.from = from;
  query.to = to;
  query.limit = EvidenceQuery::kMaxLimit;
  while (true) {
    const auto page = evidence.store->Find(query);
    if (!page) return page.error();
    for (const StoredEvidence& record : page->records) {
      const std::string difference = ColumnsDifference(record);
      const auto text = difference.empty()
                            ? codec.Read(record.text)
                            : Result<EvidenceText>(Fail(Reason::kEvidenceAltered, difference));
      auto change =
          text ? ReadPoolChange(record, *text) : Result<PoolChange>(Failure(text.error()));
      if (change) {
        kept.changes.push_back(std::move(*change));
      } else {
        kept.unreadable.push_back(record.id + ": " + change.error().detail);
      }
    }
    if (!page->next) return kept;
    query.before = *page->next;
  }
}

CallTime EndOf(const PoolEpisode& episode) {
  return episode.release ? episode.release->time : episode.pool.until;
}

std::vector<PoolEpisode> PoolEpisodes(std::vector<PoolChange> changes, CallTime from, CallTime to) {
  std::map<CallSource, SourceHistory> sources;
  for (PoolChange& change : changes) {
    if (auto* flag = std::get_if<FlaggedPool>(&change)) {
      sources[flag->source].flags.push_back(std::move(*flag));
    } else {
      auto& release = std::get<PoolRelease>(change);
      sources[release.source].releases.push_back(std::move(release));
    }
  }
  std::vector<PoolEpisode> all;
  for (auto& [source, history] : sources) {
    for (PoolEpisode& episode : EpisodesOf(std::move(history))) {
      if (episode.pool.since < to && from < EndOf(episode)) all.push_back(std::move(episode));
    }
  }
  std::stable_sort(all.begin(), all.end(), [](const PoolEpisode& a, const PoolEpisode& b) {
    return a.pool.since > b.pool.since;
  });
  return all;
}

Result<std::vector<PoolEpisode>> ReportedPools(const OpenedEvidence& evidence,
                                               const ReportQuery& query, const CallerPools* pools,
                                               sys_seconds now) {
  auto kept = ReadPoolChanges(evidence, query.from - kToldWithin, query.to + kToldWithin);
  if (!kept) return kept.error();
  if (!kept->unreadable.empty()) {
    return Fail(Reason::kEvidenceAltered, "a flagged source: " + kept->unreadable.front());
  }
  if (pools != nullptr) {
    for (FlaggedPool& pool : pools->Flagged(now)) kept->changes.emplace_back(std::move(pool));
  }
  return PoolEpisodes(std::move(kept->changes), query.from, query.to);
}

JsonValue PoolEpisodeJson(const PoolEpisode& episode) {
  JsonValue json = FlaggedPoolJson(episode.pool);
  const auto& release = episode.release;
  json.Add("released", release ? JsonValue(PoolTimeText(release->time)) : JsonValue());
  json.Add("released_by", release && !release->by.empty() ? JsonValue(release->by) : JsonValue());
  return json;
}

}  // namespace callvet
