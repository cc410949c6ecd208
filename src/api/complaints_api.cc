// SPDX-License-Identifier: MIT
#include "api/complaints_api.h"

#include <array>
#include <optional>
#include <utility>

#include "api/call_verification.h"
#include "api/evidence_json.h"
#include "api/evidence_report.h"
#include "api/object_reader.h"
#include "api/query_text.h"
#include "base/human_time.h"
#include "base/text.h"

namespace callvet {
namespace {

constexpr uint64_t kMaxComplaintPage = 1000;
constexpr int64_t kMaxToleranceMinutes = Complaint::kMaxTolerance.count() / 60;
constexpr std::array<std::string_view, 5> kListParameters = {"from", "to", "limit", "before",
                                                             "state"};
constexpr std::array<std::string_view, 4> kReportParameters = {"from", "to", "by", "format"};

ApiReply ComplaintError(const Failure& failure) {
  if (failure.reason == Reason::kEvidenceAltered) return ErrorReply(409, failure);
  return ErrorReply(Info(failure.reason).sip_code, failure);
}

// When the call was, as the request says; a member that is no time is refused.
void ReadAbout(ObjectReader& reader, const ComplaintDesk& desk, Complaint& complaint) {
  std::string zone;
  reader.Text("zone", zone);
  HumanTimes times{desk.now, {}, {}};
  if (!zone.empty()) {
    const auto offset = ReadZoneOffset(zone);
    if (!offset) return reader.Refuse("zone", offset.error().detail);
    times.today_offset = *offset;
    times.zone = *ZoneOfOffset(zone);
  }
  const JsonValue* value = reader.Value("about");
  if (value == nullptr) return reader.Refuse("about", "is missing: when was the call?");
  int64_t seconds = 0;
  std::string text;
  if (value->AsString() != nullptr) text = *value->AsString();
  if (value->GetInt(seconds)) text = std::to_string(seconds);
  const auto about = ParseHumanTime(text, times);
  if (!about) return reader.Refuse("about", about.error().detail);
  complaint.about = *about;
}

Result<Complaint> ReadComplaintText(const ComplaintDesk& desk, std::string_view body) {
  constexpr JsonLimits kComplaintLimits = {.max_bytes = size_t{64} * 1024, .max_depth = 4};
  const auto json = ReadJson(body, kComplaintLimits);
  if (!json) return Fail(Reason::kBodyInvalid, json.error().detail);
  if (!json->IsObject()) return Fail(Reason::kBodyInvalid, "the body is no object");
  ObjectReader reader(*json, "", Reason::kParameterInvalid);
  Complaint complaint;
  std::string category = "other";
  int64_t tolerance = Complaint::kDefaultTolerance.count() / 60;
  reader.Text("callee", complaint.callee);
  reader.Text("caller", complaint.caller);
  reader.Text("category", category);
  reader.Text("text", complaint.text);
  reader.Text("reference", complaint.reference);
  reader.Number("tolerance_minutes", {0, kMaxToleranceMinutes}, tolerance);
  ReadAbout(reader, desk, complaint);
  const auto found = FindComplaintCategory(category);
  if (!found) {
    reader.Refuse("category", "is not harassment, fraud, marketing, robocall, spoofing or other");
  }
  if (auto ok = reader.Finish(); !ok) return ok.error();
  complaint.category = *found;
  complaint.tolerance = std::chrono::minutes(tolerance);
  return complaint;
}

Failure InParameter(const std::string& name, const Failure& failure) {
  return Fail(Reason::kParameterInvalid, name + ": " + failure.detail);
}

Result<void> SetTime(const std::string& name, const std::string& value,
                     std::optional<sys_seconds>& time) {
  const auto parsed = ParseTime(value);
  if (!parsed) return InParameter(name, parsed.error());
  time = *parsed;
  return {};
}

Result<void> SetListParameter(const std::string& name, const std::string& value,
                              ComplaintQuery& query) {
  if (name == "from") return SetTime(name, value, query.from);
  if (name == "to") return SetTime(name, value, query.to);
  if (name == "limit" || name == "before") {
    const auto number =
        CountParameter(value, name == "limit" ? kMaxComplaintPage : uint64_t{INT64_MAX});
    if (!number) return InParameter(name, number.error());
    if (name == "limit") {
      query.limit = static_cast<size_t>(*number);
    } else {
      query.before = static_cast<int64_t>(*number);
    }
    return {};
  }
  using State = ComplaintQuery::State;
  const std::pair<std::string_view, State> states[] = {{"unmatched", State::kUnmatched},
                                                       {"matched", State::kMatched},
                                                       {"ambiguous", State::kAmbiguous},
                                                       {"any", State::kAny}};
  for (const auto& [text, state] : states) {
    if (value != text) continue;
    query.state = state;
    return {};
  }
  return Fail(Reason::kParameterInvalid, "state: is not unmatched, matched, ambiguous or any");
}

// A report as a query asks for it.
struct WantedReport {
  ReportBy by = ReportBy::kSigner;
  std::optional<sys_seconds> from;
  std::optional<sys_seconds> to;
  std::string format = "json";
};

Result<void> SetReportParameter(const std::string& name, const std::string& value,
                                WantedReport& wanted) {
  if (name == "from") return SetTime(name, value, wanted.from);
  if (name == "to") return SetTime(name, value, wanted.to);
  if (name == "by") {
    const auto by = FindReportBy(value);
    if (!by) return Fail(Reason::kParameterInvalid, "by: is not signer, holder or trunk");
    wanted.by = *by;
    return {};
  }
  if (value != "json" && value != "csv") {
    return Fail(Reason::kParameterInvalid, "format: is not json or csv");
  }
  wanted.format = value;
  return {};
}

}  // namespace

ApiReply FileComplaintText(const ComplaintDesk& desk, std::string_view body) {
  auto complaint = ReadComplaintText(desk, body);
  if (!complaint) return ComplaintError(complaint.error());
  // Nobody's request reads through the store: that is done later (EvidenceDesk::MatchLate).
  const auto filed = FileComplaint(desk, std::move(*complaint), CallSearch::Effort::kByKeys);
  if (!filed) return ComplaintError(filed.error());
  const bool fresh = filed->state == FiledComplaint::State::kNew;
  return JsonReply(fresh ? 201 : 200, FiledComplaintJson(*filed));
}

ApiReply ListComplaints(const ComplaintDesk& desk, std::string_view query) {
  ComplaintQuery wanted;
  const auto about =
      ReadQueryText(query, kListParameters, [&](const std::string& name, const std::string& value) {
        return SetListParameter(name, value, wanted);
      });
  if (!about) return ComplaintError(about.error());
  if (auto ok = CheckTimeOrder(wanted.from, wanted.to); !ok) return ComplaintError(ok.error());
  if (auto ok = RecordComplaintAccess(desk, "complaints", *about); !ok) {
    return ComplaintError(ok.error());
  }
  const auto page = desk.evidence.store->FindComplaints(wanted);
  if (!page) return ComplaintError(page.error());
  return JsonReply(200, ComplaintPageJson(*page));
}

ApiReply ShowComplaintOf(const ComplaintDesk& desk, std::string_view id) {
  if (auto ok = RecordComplaintAccess(desk, "complaint", std::string(id)); !ok) {
    return ComplaintError(ok.error());
  }
  const auto shown = ShowComplaint(desk, id);
  return shown ? JsonReply(200, *shown) : ComplaintError(shown.error());
}

ApiReply ReportParties(const ComplaintDesk& desk, std::string_view query,
                       const CallerPools* pools) {
  WantedReport wanted;
  const auto about = ReadQueryText(query, kReportParameters,
                                   [&](const std::string& name, const std::string& value) {
                                     return SetReportParameter(name, value, wanted);
                                   });
  if (!about) return ComplaintError(about.error());
  if (auto ok = CheckTimeOrder(wanted.from, wanted.to); !ok) return ComplaintError(ok.error());
  const sys_seconds to = wanted.to.value_or(desk.now);
  const auto hours =
      ReportQueryOf(wanted.by, wanted.from.value_or(to - std::chrono::hours(24)), to);
  if (!hours) return ComplaintError(hours.error());
  if (auto ok = RecordComplaintAccess(desk, "report", *about); !ok) {
    return ComplaintError(ok.error());
  }
  auto report = desk.evidence.store->Report(*hours);
  if (!report) return ComplaintError(report.error());
  auto flagged = ReportedPools(desk.evidence, *hours, pools, desk.now);
  if (!flagged) return ComplaintError(flagged.error());
  const WholeReport whole{*hours, std::move(*report), std::move(*flagged)};
  if (wanted.format == "json") {
    JsonValue json = ReportJson(whole);
    json.Add("spilled_since", TimeOrNull(desk.spilled_since));
    return JsonReply(200, json);
  }
  ApiReply reply;
  reply.status = 200;
  reply.content_type = "text/csv; charset=utf-8";
  reply.body = ReportCsv(whole);
  return reply;
}

}  // namespace callvet
