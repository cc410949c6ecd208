// SPDX-License-Identifier: MIT
#include "api/pool_keeper.h"

#include <algorithm>
#include <utility>

#include "api/pool_history.h"

namespace callvet {
namespace {

constexpr std::chrono::seconds kLoadAgain{5};
constexpr size_t kMostTold = 10;  // unreadable records

sys_seconds WholeSeconds(CallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time);
}

// No flag of these rules was told of for the last time before that, and still lasts.
std::chrono::seconds ReachOf(const PoolRules& rules) {
  std::chrono::seconds longest = std::chrono::hours(24);
  for (const PoolRule& rule : rules) longest = std::max(longest, rule.hold);
  return longest + std::chrono::hours(1);
}

}  // namespace

void PoolKeeper::Load(CallTime now, const PoolRules& rules, std::vector<std::string>& news) {
  if (state_ == State::kLoaded || now < next_load_) return;
  const sys_seconds from = WholeSeconds(now) - ReachOf(rules);
  const auto opened = setup_.open();
  const auto kept = opened
                        ? ReadPoolChanges(*opened, from, WholeSeconds(now) + std::chrono::hours(24))
                        : Result<KeptChanges>(Failure(opened.error()));
  if (!kept) {
    next_load_ = now + kLoadAgain;
    if (std::exchange(state_, State::kTold) == State::kNew) {
      news.push_back("flags of before the start cannot be read yet: " + kept.error().detail);
    }
    return;
  }
  for (size_t i = 0; i < kept->unreadable.size() && i < kMostTold; ++i) {
    news.push_back("a kept flag cannot be read, and does not count: record " + kept->unreadable[i]);
  }
  if (kept->unreadable.size() > kMostTold) {
    news.push_back(std::to_string(kept->unreadable.size()) + " kept flags cannot be read");
  }
  setup_.pools->Restore(kept->changes, now);
  if (state_ == State::kTold) news.emplace_back("flags of before the start were read");
  state_ = State::kLoaded;
}

void PoolKeeper::Keep(CallTime now, CallerPools::Due due, std::vector<std::string>& news) {
  const EvidenceCodec codec(setup_.number_key);
  for (const PoolChange& change : setup_.pools->TakeChanges(now, due)) {
    const auto keep = [&]() -> Result<void> {
      auto id = NewEvidenceId(WholeSeconds(now));
      if (!id) return id.error();
      auto record = codec.Encode(change, WholeSeconds(now), std::move(*id));
      if (!record) return record.error();
      return setup_.submit(std::make_shared<const EvidenceRecord>(std::move(*record)));
    };
    if (const auto ok = keep(); !ok) {
      news.push_back("a flag or release was not kept: " + ok.error().detail);
    }
  }
}

std::vector<std::string> PoolKeeper::Maintain(CallTime now, const PoolRules& rules) {
  std::vector<std::string> news;
  Load(now, rules, news);
  Keep(now, CallerPools::Due::kNow, news);
  return news;
}

std::vector<std::string> PoolKeeper::Finish(CallTime now) {
  std::vector<std::string> news;
  Keep(now, CallerPools::Due::kAll, news);
  return news;
}

}  // namespace callvet
