// SPDX-License-Identifier: MIT
#include "api/evidence_json.h"

#include <utility>

#include "api/verdict_json.h"
#include "base/text.h"
#include "evidence/evidence_id.h"

namespace callvet {
namespace {

JsonValue TextOrNull(const std::string& text) {
  return text.empty() ? JsonValue() : JsonValue(text);
}

// A member of a member ..., or null.
JsonValue At(const JsonValue& json, std::initializer_list<std::string_view> path) {
  const JsonValue* value = &json;
  for (const std::string_view name : path) {
    value = value->Find(name);
    if (value == nullptr) return {};
  }
  return *value;
}

// The PASSporT that decided, as the digest has it.
JsonValue DecidingPassport(const JsonValue& verdict) {
  int64_t index = 0;
  const JsonValue* decided_by = verdict.Find("decided_by");
  const JsonValue* passports = verdict.Find("passports");
  if (decided_by == nullptr || passports == nullptr || passports->AsArray() == nullptr ||
      !decided_by->GetInt(index) || index < 0 ||
      static_cast<size_t>(index) >= passports->AsArray()->size()) {
    return {};
  }
  const JsonValue* deciding = &(*passports->AsArray())[static_cast<size_t>(index)];
  while (const JsonValue* inner = deciding->Find("opt")) deciding = inner;
  return *deciding;
}

JsonMembers EntryMembers(const StoredEvidence& record, const EvidenceText& text) {
  const JsonValue verdict = At(text.json, {"verdict"});
  const EvidenceKeys& keys = record.keys;
  const auto made = TimeOfId(record.id);
  return {{"id", record.id},
          {"seq", record.seq},
          {"time", FormatTime(record.time)},
          {"received", made ? JsonValue(FormatTime(*made)) : JsonValue()},
          {"orig", TextOrNull(keys.orig)},
          {"dest", TextOrNull(keys.dest)},
          {"numbers", text.json.Find("sealed") != nullptr ? "hashed" : "plain"},
          {"call_id", At(text.private_, {"call_id"})},
          {"trunk", TextOrNull(keys.trunk)},
          {"reason", TextOrNull(keys.reason)},
          {"attest", At(DecidingPassport(verdict), {"attest"})},
          {"origid", TextOrNull(keys.origid)},
          {"spc", TextOrNull(keys.spc)},
          {"signer", At(verdict, {"signer", "subject"})},
          {"disposition", At(text.json, {"disposition", "action"})}};
}

// What the PASSporTs of a call that did not pass say of themselves: nobody vouches for it.
JsonArray ClaimedJson(const EvidenceText& text) {
  JsonArray claimed;
  const JsonValue verdicts = At(text.json, {"verdict", "passports"});
  const JsonValue parties = At(text.private_, {"parties", "passports"});
  if (verdicts.AsArray() == nullptr) return claimed;
  for (size_t i = 0; i < verdicts.AsArray()->size(); ++i) {
    const JsonValue& verdict = (*verdicts.AsArray())[i];
    const bool open = parties.AsArray() != nullptr && i < parties.AsArray()->size();
    const JsonValue party = open ? (*parties.AsArray())[i] : JsonValue();
    claimed.push_back(JsonMembers{{"ppt", At(verdict, {"ppt"})},
                                  {"x5u", At(verdict, {"x5u"})},
                                  {"attest", At(verdict, {"attest"})},
                                  {"origid", At(verdict, {"origid"})},
                                  {"orig", At(party, {"orig"})},
                                  {"dest", At(party, {"dest"})},
                                  {"div", At(party, {"div"})},
                                  {"reason", At(verdict, {"reason"})}});
  }
  return claimed;
}

}  // namespace

JsonValue EvidenceEntryJson(const StoredEvidence& record, const EvidenceText& text) {
  return EntryMembers(record, text);
}

JsonValue ResponsibleJson(const StoredEvidence& record, const EvidenceText& text) {
  const JsonValue verdict = At(text.json, {"verdict"});
  JsonArray diversions;
  const JsonValue path = At(text.private_, {"parties", "path"});
  if (path.AsArray() != nullptr) {
    for (size_t i = 1; i < path.AsArray()->size(); ++i) diversions.push_back((*path.AsArray())[i]);
  }
  // The signer is known only if its certificate leads to an anchor and the signature is not another
  // one's: then there is an SPC to find it by, or the call passed.
  const bool verified = record.keys.reason == Info(Reason::kNone).id;
  const bool known = verified || !record.keys.spc.empty();
  return JsonMembers{{"signer", At(verdict, {"signer"})},
                     {"signer_verified", verified},
                     {"signer_known", known},
                     {"attest", At(DecidingPassport(verdict), {"attest"})},
                     {"origid", TextOrNull(record.keys.origid)},
                     {"diversions", std::move(diversions)},
                     {"claimed", verified ? JsonArray() : ClaimedJson(text)},
                     {"holder", At(text.json, {"disposition", "holder"})},
                     {"trunk", TextOrNull(record.keys.trunk)}};
}

JsonMembers EvidencePageJson(const EvidencePage& page, const EvidenceCodec& codec) {
  JsonArray records;
  for (const StoredEvidence& record : page.records) {
    const auto text = codec.Read(record.text);
    const std::string difference = ColumnsDifference(record);
    if (text) {
      JsonMembers entry = EntryMembers(record, *text);
      if (!difference.empty()) entry.emplace_back("altered", difference);
      records.push_back(std::move(entry));
    } else {
      records.push_back(JsonMembers{{"id", record.id},
                                    {"seq", record.seq},
                                    {"reason", Info(text.error().reason).id},
                                    {"detail", text.error().detail}});
    }
  }
  return JsonMembers{{"records", std::move(records)},
                     {"next", page.next ? JsonValue(*page.next) : JsonValue()}};
}

JsonValue EvidenceStoryJson(const StoredEvidence& record, const EvidenceText& text,
                            const EvidenceReplay* replay) {
  JsonMembers story = EntryMembers(record, text);
  story.emplace_back("kind", EvidenceKindName(record.kind));
  story.emplace_back("hash", ToHex(record.hash));
  story.emplace_back("responsible", ResponsibleJson(record, text));
  story.emplace_back("call", At(text.private_, {"call"}));
  story.emplace_back("parties", At(text.private_, {"parties"}));
  story.emplace_back("recorded", At(text.json, {"verdict"}));
  story.emplace_back("decision", At(text.json, {"disposition"}));
  story.emplace_back("material", At(text.json, {"material"}));
  story.emplace_back("policy", At(text.json, {"policy"}));
  story.emplace_back("trust_list", At(text.json, {"trust_list"}));
  story.emplace_back("replay", replay != nullptr ? EvidenceReplayJson(*replay) : JsonValue());
  if (record.kind == EvidenceKind::kAccess) {
    story.emplace_back("access", JsonMembers{{"who", At(text.json, {"who"})},
                                             {"what", At(text.json, {"what"})},
                                             {"about", At(text.private_, {"about"})}});
  }
  if (const JsonValue* pool = text.json.Find("pool")) {
    story.emplace_back("pool", *pool);
    story.emplace_back("source", At(text.private_, {"value"}));
    story.emplace_back("sample", At(text.private_, {"sample"}));
  }
  return story;
}

JsonValue EvidenceReplayJson(const EvidenceReplay& replay) {
  return JsonMembers{{"outcome", ReplayOutcomeName(replay.outcome)},
                     {"difference", TextOrNull(replay.difference)},
                     {"verdict", VerdictJson(replay.verdict)}};
}

JsonValue TimeOrNull(const std::optional<sys_seconds>& time) {
  return time ? JsonValue(FormatTime(*time)) : JsonValue();
}

JsonValue CheckpointJson(const EvidenceCheckpoint& checkpoint) {
  return JsonMembers{{"seq", checkpoint.seq},
                     {"hash", ToHex(checkpoint.hash)},
                     {"time", FormatTime(checkpoint.time)},
                     {"key_id", TextOrNull(checkpoint.key_id)}};
}

JsonValue AuditJson(const AuditReport& report) {
  JsonArray keys;
  for (const std::string& key : report.keys) keys.emplace_back(key);
  JsonArray findings;
  for (const AuditFinding& finding : report.findings) {
    findings.push_back(JsonMembers{{"kind", AuditFindingName(finding.kind)},
                                   {"first", finding.first},
                                   {"last", finding.last},
                                   {"id", TextOrNull(finding.id)},
                                   {"detail", finding.detail}});
  }
  return JsonMembers{
      {"intact", report.intact()},           {"records", report.records},
      {"checkpoints", report.checkpoints},   {"first", report.first},
      {"head", CheckpointJson(report.head)}, {"keys", std::move(keys)},
      {"findings", std::move(findings)},     {"more_findings", report.more_findings}};
}

}  // namespace callvet
