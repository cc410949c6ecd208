// SPDX-License-Identifier: MIT
#include "api/pool_api.h"

#include <algorithm>
#include <utility>

#include "api/call_verification.h"
#include "api/object_reader.h"
#include "base/text.h"

namespace callvet {
namespace {

constexpr int64_t kReleaseSeconds = 3'600;
constexpr int64_t kMaxReleaseSeconds = int64_t{90} * 24 * 3'600;

// A hash has 16 digits, no telephone number more than 15.
std::string MaskedCaller(const std::string& caller) {
  constexpr size_t kHashLength = 16;
  constexpr size_t kShown = 4;
  const auto is_hex = [](char c) { return IsDigit(c) || (c >= 'a' && c <= 'f'); };
  if (caller.empty()) return caller;
  if (caller.size() == kHashLength && std::all_of(caller.begin(), caller.end(), is_hex)) {
    return caller;
  }
  if (!std::all_of(caller.begin(), caller.end(), IsDigit) || caller.size() <= kShown) return "***";
  return caller.substr(0, kShown) + std::string(caller.size() - kShown, '*');
}

JsonValue NullIfEmpty(const std::string& text) {
  return text.empty() ? JsonValue() : JsonValue(text);
}

JsonMembers FiguresJson(const PoolFigures& figures) {
  return {{"window", int64_t{figures.window.count()}},
          {"calls", figures.calls},
          {"rejects", figures.rejects},
          {"callers", figures.callers},
          {"callees", figures.callees},
          {"new_callers", figures.new_callers ? JsonValue(*figures.new_callers) : JsonValue()},
          {"variation", figures.variation ? JsonValue(*figures.variation) : JsonValue()}};
}

}  // namespace

std::string PoolTimeText(CallTime time) {
  return FormatTime(std::chrono::floor<std::chrono::seconds>(time));
}

JsonValue FlaggedPoolJson(const FlaggedPool& pool) {
  JsonArray sample;
  for (const PoolCallSample& call : pool.sample) {
    sample.push_back(JsonMembers{{"time", PoolTimeText(call.time)},
                                 {"caller", MaskedCaller(call.caller)},
                                 {"signer", NullIfEmpty(call.signer)},
                                 {"evidence_id", NullIfEmpty(call.evidence_id)}});
  }
  const bool shared = pool.counted_by == FlaggedPool::CountedBy::kShared;
  return JsonMembers{{"kind", SourceKindText(pool.source.kind)},
                     {"value", pool.source.value},
                     {"rule", pool.rule},
                     {"action", PoolActionText(pool.action)},
                     {"since", PoolTimeText(pool.since)},
                     {"until", PoolTimeText(pool.until)},
                     {"counted_by", shared ? "all" : "this-process"},
                     {"figures", FiguresJson(pool.figures)},
                     {"sample", std::move(sample)}};
}

JsonValue FlaggedPoolsJson(const CallerPools& pools, CallTime now) {
  JsonArray list;
  for (const FlaggedPool& pool : pools.Flagged(now)) list.push_back(FlaggedPoolJson(pool));
  return list;
}

ApiReply ListPools(const CallerPools& pools, CallTime now) {
  const PoolStatistics statistics = pools.Statistics();
  JsonMembers counters = {{"calls", statistics.counted},
                          {"sources", statistics.sources},
                          {"bytes", statistics.bytes},
                          {"evicted", statistics.evicted},
                          {"shared", statistics.shared},
                          {"not_shared", statistics.not_shared},
                          {"redis_failure", NullIfEmpty(statistics.last_failure)}};
  return JsonReply(
      200, JsonMembers{{"pools", FlaggedPoolsJson(pools, now)}, {"counters", std::move(counters)}});
}

ApiReply ReleasePool(CallerPools& pools, std::string_view body, const Releaser& releaser) {
  const auto json = ReadJson(body);
  if (!json) return ErrorReply(400, Fail(Reason::kBodyInvalid, json.error().detail));
  ObjectReader reader(*json, "", Reason::kParameterInvalid);
  std::string kind;
  std::string value;
  int64_t seconds = kReleaseSeconds;
  reader.Text("kind", kind);
  reader.Text("value", value);
  reader.Number("seconds", {0, kMaxReleaseSeconds}, seconds);
  const auto found = FindSourceKind(kind);
  if (!found) reader.Refuse("kind", "is none of origid, signer, trunk");
  if (value.empty()) reader.Refuse("value", "is missing");
  if (auto ok = reader.Finish(); !ok) return ErrorReply(400, ok.error());
  const CallTime now = releaser.now;
  if (!pools.Release({{*found, value}, now, now + std::chrono::seconds(seconds), releaser.who})) {
    return ErrorReply(404, Fail(Reason::kResourceNotFound, "this source is not flagged"));
  }
  return JsonReply(200, JsonMembers{{"released", true}});
}

}  // namespace callvet
