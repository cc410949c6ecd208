// SPDX-License-Identifier: MIT
#include "api/complaints.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "api/evidence_json.h"
#include "base/text.h"
#include "base/utf8.h"
#include "evidence/complaint_match.h"
#include "evidence/evidence_codec.h"
#include "evidence/evidence_summary.h"
#include "syntax/party.h"

namespace callvet {
namespace {

Failure NotAComplaint(const std::string& why) {
  return Fail(Reason::kParameterInvalid, why);
}

// Text of people: UTF-8 without control characters other than line breaks and tabs.
bool IsPlainText(std::string_view text) {
  return IsUtf8(text) && std::none_of(text.begin(), text.end(), [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return (byte < 0x20 && c != '\n' && c != '\r' && c != '\t') || byte == 0x7F;
         });
}

bool IsOneLine(std::string_view text) {
  return IsPlainText(text) && text.find_first_of("\r\n\t") == std::string_view::npos;
}

Result<void> CheckParties(const Complaint& complaint, const DialPlan* plan) {
  for (const auto& [name, text] :
       {std::pair("callee", &complaint.callee), std::pair("caller", &complaint.caller)}) {
    if (text->size() > Complaint::kMaxParty || !IsOneLine(*text)) {
      return NotAComplaint(std::string(name) + " is too long, or no text");
    }
  }
  if (complaint.callee.empty() || !Party::Parse(complaint.callee, plan)) {
    return NotAComplaint("callee is no number or URI; numbers without '+' need a country");
  }
  const std::string& caller = complaint.caller;
  const bool part = caller.find('*') != std::string::npos;
  if (part && !IsNumberPart(caller)) {
    return NotAComplaint("caller: write '*' at the beginning or the end, and three digits or more");
  }
  const bool digits = std::any_of(caller.begin(), caller.end(), IsDigit);
  if (!part && digits && !Party::Parse(caller, plan)) {
    return NotAComplaint("caller is no number or URI; write *5678 for a part of one");
  }
  return {};
}

Result<void> CheckComplaint(const Complaint& complaint, const ComplaintDesk& desk) {
  if (auto ok = CheckParties(complaint, desk.dial_plan); !ok) return ok;
  if (complaint.tolerance < std::chrono::seconds(0) ||
      complaint.tolerance > Complaint::kMaxTolerance) {
    return NotAComplaint("the tolerance is more than a day");
  }
  if (complaint.about - complaint.tolerance > desk.now) {
    return NotAComplaint("the call is yet to come: " + FormatTime(complaint.about));
  }
  if (complaint.text.size() > Complaint::kMaxText || !IsPlainText(complaint.text)) {
    return NotAComplaint("the text is longer than " + std::to_string(Complaint::kMaxText) +
                         " bytes, or not plain UTF-8");
  }
  if (complaint.reference.size() > Complaint::kMaxReference || !IsOneLine(complaint.reference)) {
    return NotAComplaint("the reference is longer than " +
                         std::to_string(Complaint::kMaxReference) + " bytes, or not one line");
  }
  return {};
}

Result<std::optional<ComplaintEntry>> FindOne(EvidenceStore& store, const ComplaintQuery& query) {
  const auto page = store.FindComplaints(query);
  if (!page) return page.error();
  if (page->complaints.empty()) return std::optional<ComplaintEntry>();
  return std::optional<ComplaintEntry>(page->complaints.front());
}

Result<std::optional<ComplaintEntry>> FindByReference(EvidenceStore& store,
                                                      const std::string& reference) {
  if (reference.empty()) return std::optional<ComplaintEntry>();
  ComplaintQuery query;
  query.reference = reference;
  return FindOne(store, query);
}

Result<std::optional<ComplaintEntry>> FindById(EvidenceStore& store, std::string_view id) {
  ComplaintQuery query;
  query.id = id;
  return FindOne(store, query);
}

// An earlier complaint with the reference of `record`, and whether it says the same.
Result<FiledComplaint> Duplicate(EvidenceStore& store, const ComplaintEntry& earlier,
                                 const EvidenceRecord& record) {
  const auto stored = store.Get(earlier.id);
  if (!stored) return stored.error();
  const ComplaintEntry& now = *record.summary.complaint;
  const bool same = stored->keys == record.keys && earlier.about == now.about &&
                    earlier.tolerance == now.tolerance && earlier.category == now.category;
  return FiledComplaint{earlier,
                        same ? FiledComplaint::State::kSame : FiledComplaint::State::kOther};
}

Result<void> AppendOne(EvidenceStore& store, EvidenceRecord record) {
  return store.Append({std::make_shared<const EvidenceRecord>(std::move(record))},
                      EvidenceStore::Seen::kNever);
}

// What a complaint that is kept says.
Result<Complaint> ReadComplaint(const EvidenceText& text, const ComplaintEntry& entry) {
  if (text.sealed()) return Fail(Reason::kKeyInvalid, "the complaint is sealed");
  Complaint complaint;
  const auto read = [&](std::string_view name, std::string& target) {
    const JsonValue* value = text.private_.Find(name);
    if (value != nullptr && value->AsString() != nullptr) target = *value->AsString();
  };
  read("callee", complaint.callee);
  read("caller", complaint.caller);
  read("text", complaint.text);
  complaint.about = entry.about;
  complaint.tolerance = entry.tolerance;
  return complaint;
}

Result<void> MatchOne(const ComplaintDesk& desk, const EvidenceCodec& codec,
                      const ComplaintEntry& entry, CallSearch::Effort effort,
                      MatchedAgain& matched) {
  EvidenceStore& store = *desk.evidence.store;
  const auto record = store.Get(entry.id);
  if (!record) return record.error();
  const auto text = codec.Read(record->text);
  if (!text) return text.error();
  const auto complaint = ReadComplaint(*text, entry);
  if (!complaint) return complaint.error();
  const auto calls = FindCallsOf({store, codec, desk.dial_plan, effort}, *complaint);
  if (!calls) return calls.error();
  if (calls->empty()) return {};
  auto id = NewEvidenceId(desk.now);
  if (!id) return id.error();
  auto found = codec.Encode(FoundCalls{entry.id, *calls, desk.who, desk.now}, std::move(*id));
  if (!found) return found.error();
  if (auto ok = AppendOne(store, std::move(*found)); !ok) return ok.error();
  ++(calls->size() == 1 ? matched.matched : matched.ambiguous);
  return {};
}

JsonValue ComplaintTextOrNull(const std::string& text) {
  return text.empty() ? JsonValue() : JsonValue(text);
}

JsonMembers EntryMembersOf(const ComplaintEntry& entry) {
  const ComplaintCall& call = entry.nearest;
  JsonValue nearest;
  if (entry.candidates > 0) {
    nearest = JsonMembers{{"id", call.id},
                          {"time", FormatTime(call.time)},
                          {"signer", ComplaintTextOrNull(call.party.signer)},
                          {"holder", ComplaintTextOrNull(call.party.holder)},
                          {"trunk", ComplaintTextOrNull(call.party.trunk)}};
  }
  return {{"id", entry.id},
          {"seq", entry.seq},
          {"reference", ComplaintTextOrNull(entry.reference)},
          {"filed_by", ComplaintTextOrNull(entry.filed_by)},
          {"received", FormatTime(entry.received)},
          {"about", FormatTime(entry.about)},
          {"tolerance_minutes", int64_t{entry.tolerance.count() / 60}},
          {"category", ComplaintCategoryName(entry.category)},
          {"state", ComplaintStateName(entry.candidates)},
          {"candidates", entry.candidates},
          {"nearest", std::move(nearest)}};
}

// One of its calls; of one that retention deleted what the complaint itself says.
Result<JsonValue> CallOfComplaintJson(const ComplaintDesk& desk, const EvidenceCodec& codec,
                                      const ComplaintCall& call, sys_seconds about) {
  JsonMembers json = {{"id", call.id},
                      {"time", FormatTime(call.time)},
                      {"seconds_off", int64_t{(call.time - about).count()}}};
  const auto record = desk.evidence.store->Get(call.id);
  const auto text = record ? codec.Read(record->text) : Result<EvidenceText>(record.error());
  if (text) {
    json.emplace_back("kept", "yes");
    json.emplace_back("entry", EvidenceEntryJson(*record, *text));
    json.emplace_back("responsible", ResponsibleJson(*record, *text));
    return JsonValue(std::move(json));
  }
  const Reason reason = text.error().reason;
  if (reason != Reason::kResourceNotFound && reason != Reason::kEvidenceAltered) {
    return text.error();
  }
  json.emplace_back("kept", reason == Reason::kEvidenceAltered ? "altered" : "deleted");
  json.emplace_back("signer", ComplaintTextOrNull(call.party.signer));
  json.emplace_back("holder", ComplaintTextOrNull(call.party.holder));
  json.emplace_back("trunk", ComplaintTextOrNull(call.party.trunk));
  return JsonValue(std::move(json));
}

// The calls that a record, the complaint itself or a later match, names.
Result<std::vector<ComplaintCall>> NamedCalls(EvidenceStore& store, const EvidenceCodec& codec,
                                              const std::string& matched_by) {
  if (matched_by.empty()) return std::vector<ComplaintCall>();
  const auto record = store.Get(matched_by);
  if (!record) return record.error();
  const auto text = codec.Read(record->text);
  if (!text) return text.error();
  const JsonValue* said =
      text->json.Find(record->kind == EvidenceKind::kMatch ? "match" : "complaint");
  return ReadComplaintCalls(said == nullptr ? nullptr : said->Find("calls"));
}

}  // namespace

std::string_view FiledStateName(FiledComplaint::State state) {
  switch (state) {
    case FiledComplaint::State::kNew:
      return "new";
    case FiledComplaint::State::kSame:
      return "duplicate";
    case FiledComplaint::State::kOther:
      return "duplicate-differs";
  }
  return "new";
}

JsonMembers FiledComplaintJson(const FiledComplaint& filed) {
  const ComplaintEntry& entry = filed.entry;
  return {{"id", entry.id},
          {"reference", ComplaintTextOrNull(entry.reference)},
          {"received", FormatTime(entry.received)},
          {"about", FormatTime(entry.about)},
          {"tolerance_minutes", int64_t{entry.tolerance.count() / 60}},
          {"filed", FiledStateName(filed.state)}};
}

Result<FiledComplaint> FileComplaint(const ComplaintDesk& desk, Complaint complaint,
                                     CallSearch::Effort effort) {
  if (auto ok = CheckComplaint(complaint, desk); !ok) return ok.error();
  EvidenceStore& store = *desk.evidence.store;
  complaint.filed_by = CleanKey(desk.who);
  complaint.received = desk.now;
  const EvidenceCodec codec(desk.evidence.number_key);
  const auto earlier = FindByReference(store, complaint.reference);
  if (!earlier) return earlier.error();
  std::vector<ComplaintCall> calls;
  if (!*earlier) {
    auto found = FindCallsOf({store, codec, desk.dial_plan, effort}, complaint);
    if (!found) return found.error();
    calls = std::move(*found);
  }
  auto id = NewEvidenceId(desk.now);
  if (!id) return id.error();
  const auto record = codec.Encode(complaint, calls, desk.dial_plan, *id);
  if (!record) return record.error();
  if (*earlier) return Duplicate(store, **earlier, *record);
  if (auto ok = AppendOne(store, *record); !ok) return ok.error();
  const auto kept = FindById(store, *id);
  if (!kept) return kept.error();
  if (*kept) return FiledComplaint{**kept, FiledComplaint::State::kNew};
  // Somebody else filed the same reference meanwhile.
  const auto other = FindByReference(store, complaint.reference);
  if (!other) return other.error();
  if (!*other) return Fail(Reason::kEvidenceUnavailable, "the complaint is not in the store");
  return Duplicate(store, **other, *record);
}

Result<MatchedAgain> MatchComplaints(const ComplaintDesk& desk, std::optional<sys_seconds> since,
                                     const ComplaintEffort& effort) {
  MatchedAgain matched;
  const EvidenceCodec codec(desk.evidence.number_key);
  ComplaintQuery query;
  query.state = ComplaintQuery::State::kUnmatched;
  query.from = since;
  query.limit = 1000;
  while (true) {
    const auto page = desk.evidence.store->FindComplaints(query);
    if (!page) return page.error();
    for (const ComplaintEntry& entry : page->complaints) {
      const auto wanted = effort ? effort(entry) : CallSearch::Effort::kLookThrough;
      if (!wanted) return matched;
      ++matched.looked;
      const auto ok = MatchOne(desk, codec, entry, *wanted, matched);
      if (ok) continue;
      if (ok.error().reason != Reason::kEvidenceAltered) return ok.error();
      ++matched.altered;
    }
    if (!page->next) return matched;
    query.before = *page->next;
  }
}

JsonValue ComplaintEntryJson(const ComplaintEntry& entry) {
  return EntryMembersOf(entry);
}

JsonValue ComplaintPageJson(const ComplaintPage& page) {
  JsonArray complaints;
  for (const ComplaintEntry& entry : page.complaints) {
    complaints.push_back(ComplaintEntryJson(entry));
  }
  return JsonMembers{{"complaints", std::move(complaints)},
                     {"next", page.next ? JsonValue(*page.next) : JsonValue()}};
}

Result<JsonValue> ShowComplaint(const ComplaintDesk& desk, std::string_view id) {
  EvidenceStore& store = *desk.evidence.store;
  const EvidenceCodec codec(desk.evidence.number_key);
  const auto entry = FindById(store, id);
  if (!entry) return entry.error();
  if (!*entry) return Fail(Reason::kResourceNotFound, "there is no complaint with this id");
  const auto record = store.Get(id);
  if (!record) return record.error();
  const auto text = codec.Read(record->text);
  if (!text) return text.error();
  const auto calls = NamedCalls(store, codec, (*entry)->matched_by);
  if (!calls) return calls.error();
  JsonMembers json = EntryMembersOf(**entry);
  for (const char* name : {"callee", "caller", "text"}) {
    const JsonValue* value = text->private_.Find(name);
    json.emplace_back(name, value != nullptr ? *value : JsonValue());
  }
  JsonArray list;
  for (const ComplaintCall& call : *calls) {
    auto shown = CallOfComplaintJson(desk, codec, call, (*entry)->about);
    if (!shown) return shown.error();
    list.push_back(std::move(*shown));
  }
  json.emplace_back("calls", std::move(list));
  return JsonValue(std::move(json));
}

Result<void> RecordComplaintAccess(const ComplaintDesk& desk, const char* what, std::string about) {
  return RecordAccess(desk.evidence, {desk.who, what, std::move(about), desk.now});
}

}  // namespace callvet
