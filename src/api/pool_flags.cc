// SPDX-License-Identifier: MIT
#include "api/pool_flags.h"

#include <utility>

#include "base/json.h"
#include "evidence/evidence_codec.h"
#include "evidence/json_fields.h"
#include "evidence/pool_record.h"

namespace callvet {
namespace {

constexpr size_t kMaxFlagsBytes = size_t{64} << 20U;

Failure NotReadable(const Failure& failure) {
  return Fail(Reason::kParameterInvalid, "what processes tell of sources: " + failure.detail);
}

JsonMembers CallMembers(const CountedCall& call) {
  JsonMembers json = {{"time", int64_t{call.time.time_since_epoch().count()}}};
  AddText(json, "caller", call.caller);
  AddText(json, "callee", call.callee);
  AddText(json, "origid", call.origid.substr(0, CallSource::kMaxValue));
  AddText(json, "signer", call.signer.substr(0, CallSource::kMaxValue));
  AddText(json, "trunk", call.trunk.substr(0, CallSource::kMaxValue));
  AddText(json, "evidence", call.evidence_id);
  if (call.outcome == CountedCall::Outcome::kRefused) json.emplace_back("refused", true);
  return json;
}

Result<CountedCall> ReadCall(const JsonValue& json) {
  JsonFields fields(&json);
  CountedCall call;
  call.time = ReadMilliseconds(fields, "time");
  for (const auto& [name, target] :
       {std::pair("caller", &call.caller), std::pair("callee", &call.callee),
        std::pair("origid", &call.origid), std::pair("signer", &call.signer),
        std::pair("trunk", &call.trunk), std::pair("evidence", &call.evidence_id)}) {
    if (fields.Find(name) != nullptr) fields.Text(name, *target);
  }
  if (fields.Find("refused") != nullptr) call.outcome = CountedCall::Outcome::kRefused;
  if (auto ok = fields.Finish(); !ok) return ok.error();
  return call;
}

// As evidence has it: one form for what is kept and what is told.
Result<PoolChange> ReadChange(const JsonValue& json) {
  EvidenceText text{json, {}};
  if (const JsonValue* private_part = json.Find("private")) text.private_ = *private_part;
  if (text.sealed()) return Fail(Reason::kEvidenceAltered, "no source");
  return ReadPoolChange({}, text);
}

JsonValue ChangeJson(const PoolChange& change) {
  return JsonMembers{{"pool", PoolChangeJson(change)}, {"private", PoolPrivateJson(change)}};
}

}  // namespace

std::string WritePoolNote(const PoolNote& note) {
  if (const auto* call = std::get_if<CountedCall>(&note)) {
    return WriteJson(JsonValue(JsonMembers{{"call", CallMembers(*call)}}));
  }
  return WriteJson(ChangeJson(std::get<PoolRelease>(note)));
}

Result<PoolNote> ReadPoolNote(std::string_view text) {
  const auto json = ReadEvidenceJson(text);
  if (!json) return NotReadable(json.error());
  if (const JsonValue* said = json->Find("call")) {
    auto call = ReadCall(*said);
    if (!call) return NotReadable(call.error());
    return PoolNote(std::move(*call));
  }
  auto change = ReadChange(*json);
  if (!change) return NotReadable(change.error());
  auto* release = std::get_if<PoolRelease>(&*change);
  if (release == nullptr) return Fail(Reason::kParameterInvalid, "neither call nor release");
  return PoolNote(std::move(*release));
}

std::string WritePoolFlags(const std::vector<FlaggedPool>& pools) {
  JsonArray list;
  for (const FlaggedPool& pool : pools) {
    FlaggedPool told = pool;
    told.sample.clear();
    list.push_back(ChangeJson(PoolChange(std::move(told))));
  }
  return WriteJson(JsonValue(std::move(list)));
}

Result<std::vector<FlaggedPool>> ReadPoolFlags(std::string_view text) {
  std::vector<FlaggedPool> pools;
  if (text.empty()) return pools;
  if (text.size() > kMaxFlagsBytes) return Fail(Reason::kParameterInvalid, "too many flags");
  const auto json = ReadEvidenceJson(text);
  if (!json) return NotReadable(json.error());
  if (json->AsArray() == nullptr) return Fail(Reason::kParameterInvalid, "flags are no array");
  for (const JsonValue& one : *json->AsArray()) {
    auto change = ReadChange(one);
    if (!change) return NotReadable(change.error());
    auto* flag = std::get_if<FlaggedPool>(&*change);
    if (flag == nullptr) return Fail(Reason::kParameterInvalid, "flags hold a release");
    pools.push_back(std::move(*flag));
  }
  return pools;
}

}  // namespace callvet
