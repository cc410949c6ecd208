// SPDX-License-Identifier: MIT
#include "evidence/opened_search.h"

#include <algorithm>
#include <utility>

#include "callvet/reason.h"

namespace callvet {
namespace {

constexpr size_t kPage = 1'000;

bool IsText(const JsonValue* json, std::string_view text) {
  return json != nullptr && json->AsString() != nullptr && *json->AsString() == text;
}

// Whether a PASSporT, or one in it, says that it was redirected by `party`.
bool SaysDiverted(const JsonValue& passport, std::string_view party) {
  if (IsText(passport.Find("div"), party)) return true;
  const JsonValue* inner = passport.Find("opt");
  return inner != nullptr && SaysDiverted(*inner, party);
}

bool DivertedBy(const EvidenceText& text, std::string_view party) {
  const JsonValue* parties = text.private_.Find("parties");
  const JsonValue* passports = parties != nullptr ? parties->Find("passports") : nullptr;
  if (passports == nullptr || passports->AsArray() == nullptr) return false;
  return std::any_of(passports->AsArray()->begin(), passports->AsArray()->end(),
                     [&](const JsonValue& passport) { return SaysDiverted(passport, party); });
}

bool DecidedBy(const EvidenceText& text, std::string_view reason) {
  const JsonValue* disposition = text.json.Find("disposition");
  return disposition != nullptr && IsText(disposition->Find("reason"), reason);
}

// What stands in the text of every record that fits, sealed or not: most need not be unsealed.
bool MayFit(std::string_view text, const OpenedSearch& search) {
  constexpr std::string_view kDiversion = "\"div";  // "div":..., or "ppt":"div" or "div-o"
  if (!search.diverter.empty() && text.find(kDiversion) == std::string_view::npos) return false;
  return text.find(search.decision) != std::string_view::npos;
}

bool Fits(const StoredEvidence& record, const EvidenceCodec& codec, const OpenedSearch& search) {
  if (!ColumnsDifference(record).empty()) return true;
  if (!MayFit(record.text, search)) return false;
  const auto text = codec.Read(record.text);
  if (!text) return true;
  return (search.decision.empty() || DecidedBy(*text, search.decision)) &&
         (search.diverter.empty() || DivertedBy(*text, search.diverter));
}

}  // namespace

void AskForReason(std::string_view id, EvidenceQuery& query, OpenedSearch& search) {
  const ReasonInfo* row = FindReason(id);
  const bool decision = row != nullptr && row->reason_class == ReasonClass::kPolicy;
  (decision ? search.decision : query.keys.reason) = id;
}

Result<std::string> DiverterKey(std::string_view party, const DialPlan* plan) {
  return EvidenceCodec().KeyOf(party, plan);
}

Result<EvidencePage> FindOpened(EvidenceStore& store, const EvidenceCodec& codec,
                                const EvidenceQuery& query, const OpenedSearch& search,
                                size_t most) {
  EvidenceQuery all = query;
  all.limit = kPage;
  EvidencePage fitting;
  for (size_t opened = 0;; opened += kPage) {
    auto page = store.Find(all);
    if (!page) return page.error();
    for (StoredEvidence& record : page->records) {
      const bool last = &record == &page->records.back() && !page->next;
      if (Fits(record, codec, search)) fitting.records.push_back(std::move(record));
      if (fitting.records.size() < query.limit) continue;
      if (!last) fitting.next = fitting.records.back().seq;
      return fitting;
    }
    if (!page->next) return fitting;
    all.before = *page->next;
    if (opened + kPage < most) continue;
    fitting.next = page->next;
    return fitting;
  }
}

}  // namespace callvet
