// SPDX-License-Identifier: MIT
#include "evidence/evidence_summary.h"

#include <algorithm>
#include <array>
#include <utility>

#include "evidence/evidence_codec.h"
#include "evidence/json_fields.h"
#include "evidence/packed_id.h"
#include "evidence/store_time.h"

namespace callvet {
namespace {

constexpr auto kCategories = std::to_array<std::pair<ComplaintCategory, std::string_view>>({
    {ComplaintCategory::kHarassment, "harassment"},
    {ComplaintCategory::kFraud, "fraud"},
    {ComplaintCategory::kMarketing, "marketing"},
    {ComplaintCategory::kRobocall, "robocall"},
    {ComplaintCategory::kSpoofing, "spoofing"},
    {ComplaintCategory::kOther, "other"},
});
constexpr auto kReportBys = std::to_array<std::pair<ReportBy, std::string_view>>({
    {ReportBy::kSigner, "signer"},
    {ReportBy::kHolder, "holder"},
    {ReportBy::kTrunk, "trunk"},
});

std::string MemberText(const JsonValue* json, std::string_view name) {
  const JsonValue* value = json == nullptr ? nullptr : json->Find(name);
  return value != nullptr && value->AsString() != nullptr ? *value->AsString() : std::string();
}

int64_t MemberNumber(const JsonValue* json, std::string_view name) {
  int64_t number = 0;
  const JsonValue* value = json == nullptr ? nullptr : json->Find(name);
  return value != nullptr && value->GetInt(number) ? number : 0;
}

// Of a call without an SPC only who signed one that passed is known.
std::string SignerOf(const JsonValue& json, const EvidenceKeys& keys) {
  if (!keys.spc.empty()) return keys.spc;
  if (keys.reason != Info(Reason::kNone).id) return {};
  const JsonValue* verdict = json.Find("verdict");
  return CleanKey(MemberText(verdict == nullptr ? nullptr : verdict->Find("signer"), "subject"));
}

void SetCalls(const JsonValue* json, const std::string& record, ComplaintEntry& entry) {
  const auto calls = ReadComplaintCalls(json == nullptr ? nullptr : json->Find("calls"));
  if (calls.empty()) return;
  entry.candidates = static_cast<int64_t>(calls.size());
  entry.nearest = calls.front();
  entry.matched_by = record;
}

}  // namespace

std::string_view ComplaintCategoryName(ComplaintCategory category) {
  return kCategories[static_cast<size_t>(category)].second;
}

std::optional<ComplaintCategory> FindComplaintCategory(std::string_view name) {
  for (const auto& [category, text] : kCategories) {
    if (text == name) return category;
  }
  return std::nullopt;
}

std::string_view ComplaintStateName(int64_t candidates) {
  if (candidates == 0) return "unmatched";
  return candidates == 1 ? "matched" : "ambiguous";
}

std::string_view ReportByName(ReportBy by) {
  return kReportBys[static_cast<size_t>(by)].second;
}

std::optional<ReportBy> FindReportBy(std::string_view name) {
  for (const auto& [by, text] : kReportBys) {
    if (text == name) return by;
  }
  return std::nullopt;
}

EvidenceSummary SummaryOf(const JsonValue& json, const EvidenceRecord& record) {
  EvidenceSummary summary;
  if (record.kind == EvidenceKind::kCall) {
    const JsonValue* disposition = json.Find("disposition");
    summary.party = {SignerOf(json, record.keys), CleanKey(MemberText(disposition, "holder")),
                     record.keys.trunk};
    summary.action = CleanKey(MemberText(disposition, "action"));
    return summary;
  }
  const bool match = record.kind == EvidenceKind::kMatch;
  if (!match && record.kind != EvidenceKind::kComplaint) return summary;
  const JsonValue* said = json.Find(match ? "match" : "complaint");
  ComplaintEntry entry;
  SetCalls(said, record.id, entry);
  if (match) {
    entry.id = MemberText(said, "complaint");
    summary.complaint = std::move(entry);
    return summary;
  }
  entry.id = record.id;
  entry.received = record.time;
  entry.reference = CleanKey(MemberText(said, "reference"));
  entry.filed_by = CleanKey(MemberText(said, "filed_by"));
  entry.about = Time(MemberNumber(said, "about"));
  entry.tolerance = std::chrono::seconds(MemberNumber(said, "tolerance"));
  entry.category =
      FindComplaintCategory(MemberText(said, "category")).value_or(ComplaintCategory::kOther);
  summary.complaint = std::move(entry);
  return summary;
}

JsonArray ComplaintCallsJson(const std::vector<ComplaintCall>& calls) {
  JsonArray array;
  for (const ComplaintCall& call : calls) {
    JsonMembers json = {{"id", call.id}, {"time", Seconds(call.time)}};
    AddText(json, "signer", call.party.signer);
    AddText(json, "holder", call.party.holder);
    AddText(json, "trunk", call.party.trunk);
    array.emplace_back(std::move(json));
  }
  return array;
}

std::vector<ComplaintCall> ReadComplaintCalls(const JsonValue* json) {
  std::vector<ComplaintCall> calls;
  if (json == nullptr || json->AsArray() == nullptr) return calls;
  for (const JsonValue& element : *json->AsArray()) {
    ComplaintCall call{
        MemberText(&element, "id"),
        Time(MemberNumber(&element, "time")),
        {CleanKey(MemberText(&element, "signer")), CleanKey(MemberText(&element, "holder")),
         CleanKey(MemberText(&element, "trunk"))}};
    if (!PackUuid(call.id).empty()) calls.push_back(std::move(call));
  }
  return calls;
}

void ApplyMatch(const ComplaintEntry& match, ComplaintEntry& entry) {
  if (entry.candidates != 0) return;
  entry.candidates = match.candidates;
  entry.nearest = match.nearest;
  entry.matched_by = match.matched_by;
}

std::string_view ReferenceOf(const EvidenceRecord& record) {
  const auto& complaint = record.summary.complaint;
  if (record.kind != EvidenceKind::kComplaint || !complaint) return {};
  return complaint->reference;
}

std::chrono::sys_seconds ComplaintTime(const ComplaintEntry& entry) {
  return entry.candidates == 0 ? entry.about : entry.nearest.time;
}

void TallyCounter::Add(const EvidenceRecord& record) {
  if (record.kind != EvidenceKind::kCall) return;
  const auto hour = std::chrono::floor<std::chrono::hours>(record.time).time_since_epoch().count();
  const ResponsibleParty& party = record.summary.party;
  ++counts_[{hour, party.signer, party.holder, party.trunk, record.keys.reason,
             record.summary.action}];
}

std::vector<EvidenceTally> TallyCounter::Take() {
  std::vector<EvidenceTally> tallies;
  for (const auto& [key, calls] : std::exchange(counts_, {})) {
    const auto& [hour, signer, holder, trunk, reason, action] = key;
    tallies.push_back({hour, {signer, holder, trunk}, reason, action, calls});
  }
  return tallies;
}

ReportRow& ReportBuilder::RowOf(const std::string& party) {
  ReportRow& row = rows_[party];
  row.party = party;
  return row;
}

void ReportBuilder::AddCalls(const std::string& party, const std::string& reason, int64_t calls,
                             int64_t rejected) {
  ReportRow& row = RowOf(party);
  row.calls += calls;
  row.rejected += rejected;
  row.reasons[reason] += calls;
}

void ReportBuilder::AddComplaints(const std::string& party, int64_t complaints, int64_t ambiguous) {
  ReportRow& row = RowOf(party);
  row.complaints += complaints;
  row.ambiguous += ambiguous;
}

EvidenceReport ReportBuilder::Finish() {
  EvidenceReport report;
  for (auto& [party, row] : std::exchange(rows_, {})) report.rows.push_back(std::move(row));
  std::stable_sort(report.rows.begin(), report.rows.end(), [](const auto& a, const auto& b) {
    return std::pair(a.complaints, a.calls) > std::pair(b.complaints, b.calls);
  });
  report.unmatched = std::exchange(unmatched_, 0);
  return report;
}

}  // namespace callvet
