// SPDX-License-Identifier: MIT
#include "evidence/pool_record.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "evidence/json_fields.h"
#include "evidence/store_time.h"

namespace callvet {
namespace {

constexpr size_t kMaxSample = 1'000;
// Shares and ratios are kept as whole numbers: records hold no fractions.
constexpr double kThousand = 1'000;
constexpr uint64_t kMostCounted = 1'000'000'000'000'000;  // Redis may say anything
constexpr double kMostVariation = 1'000'000;

int64_t Milliseconds(CallTime time) {
  return time.time_since_epoch().count();
}

const CallSource& SourceOf(const PoolChange& change) {
  const auto* flag = std::get_if<FlaggedPool>(&change);
  return flag != nullptr ? flag->source : std::get<PoolRelease>(change).source;
}

int64_t Counted(uint64_t number) {
  return static_cast<int64_t>(std::min(number, kMostCounted));
}

JsonMembers FiguresMembers(const PoolFigures& figures) {
  JsonMembers json = {{"window", int64_t{figures.window.count()}},
                      {"calls", Counted(figures.calls)},
                      {"rejects", Counted(figures.rejects)},
                      {"callers", Counted(figures.callers)},
                      {"callees", Counted(figures.callees)}};
  if (figures.new_callers) {
    json.emplace_back("new_callers", Counted(*figures.new_callers));
  }
  if (figures.variation) {
    const double variation = std::clamp(*figures.variation, 0.0, kMostVariation);
    json.emplace_back("variation_thousandths", int64_t{std::llround(variation * kThousand)});
  }
  return json;
}

uint64_t ReadCount(JsonFields& fields, std::string_view name) {
  int64_t count = 0;
  fields.Number(name, count);
  if (count < 0) fields.Refuse(name, "is negative");
  return static_cast<uint64_t>(std::max<int64_t>(count, 0));
}

Result<PoolFigures> ReadFigures(const JsonValue* json) {
  JsonFields fields(json);
  PoolFigures figures;
  figures.window = std::chrono::seconds(ReadCount(fields, "window"));
  if (figures.window > PoolRule::kMaxWindow) fields.Refuse("window", "is out of range");
  figures.calls = ReadCount(fields, "calls");
  figures.rejects = ReadCount(fields, "rejects");
  figures.callers = ReadCount(fields, "callers");
  figures.callees = ReadCount(fields, "callees");
  if (fields.Find("new_callers") != nullptr) figures.new_callers = ReadCount(fields, "new_callers");
  if (fields.Find("variation_thousandths") != nullptr) {
    figures.variation = static_cast<double>(ReadCount(fields, "variation_thousandths")) / kThousand;
  }
  if (auto ok = fields.Finish(); !ok) return ok.error();
  return figures;
}

Result<std::vector<PoolCallSample>> ReadSample(JsonFields& fields) {
  std::vector<PoolCallSample> sample;
  for (const JsonValue& json : fields.Array("sample")) {
    if (sample.size() == kMaxSample) break;
    JsonFields call(&json);
    PoolCallSample read;
    std::optional<std::string> caller;
    std::optional<std::string> signer;
    std::optional<std::string> id;
    read.time = ReadMilliseconds(call, "time");
    call.Text("caller", caller);
    call.Text("signer", signer);
    call.Text("id", id);
    if (auto ok = call.Finish(); !ok) return ok.error();
    read.caller = caller.value_or("");
    read.signer = signer.value_or("");
    read.evidence_id = id.value_or("");
    sample.push_back(std::move(read));
  }
  return sample;
}

Result<PoolAction> ReadAction(JsonFields& fields) {
  std::string text;
  fields.Text("action", text);
  for (const PoolAction action : {PoolAction::kReport, PoolAction::kTag, PoolAction::kReject}) {
    if (PoolActionText(action) == text) return action;
  }
  fields.Refuse("action", "is no action");
  return fields.Finish().error();
}

Result<CallSource> ReadSource(const StoredEvidence& record, const EvidenceText& text,
                              JsonFields& fields) {
  std::string name;
  fields.Text("kind", name);
  const auto kind = FindSourceKind(name);
  if (!kind) fields.Refuse("kind", "is no kind of source");
  if (auto ok = fields.Finish(); !ok) return ok.error();
  CallSource source{*kind, *kind == SourceKind::kOrigid   ? record.keys.origid
                           : *kind == SourceKind::kSigner ? record.keys.spc
                                                          : record.keys.trunk};
  if (!text.sealed()) {
    JsonFields open(&text.private_);
    open.Text("value", source.value);
    if (auto ok = open.Finish(); !ok) return ok.error();
  }
  if (source.value.empty()) return Fail(Reason::kEvidenceAltered, "it names no source");
  return source;
}

Result<PoolChange> ReadFlag(const EvidenceText& text, CallSource source, JsonFields& fields) {
  FlaggedPool pool;
  pool.source = std::move(source);
  fields.Text("rule", pool.rule);
  const auto action = ReadAction(fields);
  if (!action) return action.error();
  pool.action = *action;
  pool.since = ReadMilliseconds(fields, "since");
  pool.until = ReadMilliseconds(fields, "until");
  if (fields.Find("shared") != nullptr) pool.counted_by = FlaggedPool::CountedBy::kShared;
  if (auto ok = fields.Finish(); !ok) return ok.error();
  const auto figures = ReadFigures(fields.Find("figures"));
  if (!figures) return figures.error();
  pool.figures = *figures;
  if (!text.sealed()) {
    JsonFields open(&text.private_);
    auto sample = ReadSample(open);
    if (!sample) return sample.error();
    pool.sample = std::move(*sample);
  }
  return PoolChange(std::move(pool));
}

}  // namespace

CallTime ReadMilliseconds(JsonFields& fields, std::string_view name) {
  constexpr int64_t kThousandMs = 1'000;
  int64_t time = 0;
  fields.Number(name, time);
  if (!IsStoredTime(time / kThousandMs)) {
    fields.Refuse(name, "is out of range");
    return {};
  }
  return CallTime(std::chrono::milliseconds(time));
}

EvidenceKeys PoolKeys(const PoolChange& change) {
  const CallSource& source = SourceOf(change);
  EvidenceKeys keys;
  keys.reason = Info(Reason::kCallerPool).id;
  switch (source.kind) {
    case SourceKind::kOrigid:
      keys.origid = source.value;
      break;
    case SourceKind::kSigner:
      keys.spc = source.value;
      break;
    case SourceKind::kTrunk:
      keys.trunk = source.value;
      break;
  }
  return keys;
}

JsonMembers PoolChangeJson(const PoolChange& change) {
  JsonMembers json = {{"kind", SourceKindText(SourceOf(change).kind)}};
  if (const auto* release = std::get_if<PoolRelease>(&change)) {
    json.emplace_back("event", "released");
    json.emplace_back("at", Milliseconds(release->time));
    json.emplace_back("until", Milliseconds(release->until));
    AddText(json, "by", release->by);
    return json;
  }
  const FlaggedPool& pool = std::get<FlaggedPool>(change);
  json.emplace_back("event", "flagged");
  json.emplace_back("rule", JsonText(pool.rule));
  json.emplace_back("action", PoolActionText(pool.action));
  json.emplace_back("since", Milliseconds(pool.since));
  json.emplace_back("until", Milliseconds(pool.until));
  json.emplace_back("figures", FiguresMembers(pool.figures));
  if (pool.counted_by == FlaggedPool::CountedBy::kShared) json.emplace_back("shared", true);
  return json;
}

JsonMembers PoolPrivateJson(const PoolChange& change) {
  JsonMembers json = {{"value", JsonText(SourceOf(change).value)}};
  const auto* flag = std::get_if<FlaggedPool>(&change);
  if (flag == nullptr) return json;
  JsonArray sample;
  for (const PoolCallSample& call : flag->sample) {
    JsonMembers members = {{"time", Milliseconds(call.time)}};
    AddText(members, "caller", call.caller);
    AddText(members, "signer", call.signer);
    AddText(members, "id", call.evidence_id);
    sample.emplace_back(std::move(members));
  }
  json.emplace_back("sample", std::move(sample));
  return json;
}

Result<PoolChange> ReadPoolChange(const StoredEvidence& record, const EvidenceText& text) {
  JsonFields fields(text.json.Find("pool"));
  auto source = ReadSource(record, text, fields);
  if (!source) return source.error();
  std::string event;
  fields.Text("event", event);
  if (event == "flagged") return ReadFlag(text, std::move(*source), fields);
  if (event != "released") fields.Refuse("event", "is not known");
  PoolRelease release;
  std::optional<std::string> by;
  release.source = std::move(*source);
  release.time = ReadMilliseconds(fields, "at");
  release.until = ReadMilliseconds(fields, "until");
  fields.Text("by", by);
  if (auto ok = fields.Finish(); !ok) return ok.error();
  release.by = by.value_or("");
  return PoolChange(std::move(release));
}

}  // namespace callvet
