// SPDX-License-Identifier: MIT
#include "evidence/complaint_match.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "base/text.h"
#include "evidence/json_fields.h"
#include "syntax/party.h"

namespace callvet {
namespace {

constexpr size_t kMaxLooked = 20'000;
constexpr size_t kPage = 1'000;
constexpr size_t kMaxByKeys = kPage;

std::string CanonicalOf(const std::string& text, const DialPlan* plan) {
  const auto party = Party::Parse(text, plan);
  return party ? party->canonical() : text;
}

// What a number must be like: all of it, a part of it, or anything.
class PartyPattern {
 public:
  PartyPattern(const std::string& text, const DialPlan* plan) : plan_(plan) {
    if (!IsNumberPart(text)) {
      whole_ = CanonicalOf(text, plan);
      any_ = text.empty();
      return;
    }
    for (const char c : text) {
      if (IsDigit(c)) digits_ += c;
    }
    at_start_ = text.front() != '*';
    at_end_ = text.back() != '*';
  }

  [[nodiscard]] bool any() const { return any_; }
  [[nodiscard]] bool whole() const { return !any_ && digits_.empty(); }

  [[nodiscard]] bool Matches(const std::string& text) const {
    if (any_) return true;
    const std::string canonical = CanonicalOf(text, plan_);
    if (digits_.empty()) return canonical == whole_;
    if (at_start_) return canonical.starts_with(digits_);
    if (at_end_) return canonical.ends_with(digits_);
    return canonical.find(digits_) != std::string::npos;
  }
  [[nodiscard]] bool MatchesAny(const std::vector<std::string>& texts) const {
    return std::any_of(texts.begin(), texts.end(), [&](const auto& text) { return Matches(text); });
  }

 private:
  const DialPlan* plan_;
  std::string whole_;
  std::string digits_;
  bool any_ = false;
  bool at_start_ = false;
  bool at_end_ = false;
};

// Whom a call names.
struct CallParties {
  std::vector<std::string> callers;
  std::vector<std::string> callees;
};

void AddMember(const JsonValue* json, std::string_view name, std::vector<std::string>& texts) {
  const JsonValue* value = json == nullptr ? nullptr : json->Find(name);
  if (value == nullptr) return;
  if (value->AsString() != nullptr) texts.push_back(*value->AsString());
  if (value->AsArray() == nullptr) return;
  for (const JsonValue& element : *value->AsArray()) {
    if (element.AsString() != nullptr) texts.push_back(*element.AsString());
  }
}

CallParties PartiesOfCall(const EvidenceText& text) {
  CallParties parties;
  const JsonValue* call = text.private_.Find("call");
  AddMember(call, "orig", parties.callers);
  AddMember(call, "from", parties.callers);
  AddMember(call, "dest", parties.callees);
  AddMember(call, "target", parties.callees);
  const JsonValue* said = text.private_.Find("parties");
  const JsonValue* path = said == nullptr ? nullptr : said->Find("path");
  if (path == nullptr || path->AsArray() == nullptr) return parties;
  for (const JsonValue& leg : *path->AsArray()) AddMember(&leg, "to", parties.callees);
  return parties;
}

// One look through the store.
struct CallQuery {
  EvidenceKeys keys;
  const PartyPattern& caller;
  const PartyPattern& callee;
};

// The call of a record, if it is one that is looked for.
std::optional<ComplaintCall> CallOf(const StoredEvidence& record, const CallSearch& search,
                                    const CallQuery& query) {
  const auto read = RecordOfText(record.text);
  if (!ColumnsDifference(record, read).empty()) return std::nullopt;
  const bool found_by_both = !query.keys.orig.empty() && !query.keys.dest.empty();
  const bool found_by_callee = !query.keys.dest.empty() && query.caller.any();
  if (!found_by_both && !found_by_callee) {
    const auto text = search.codec.Read(record.text);
    if (!text || text->sealed()) return std::nullopt;
    const CallParties parties = PartiesOfCall(*text);
    if (query.keys.orig.empty() && !query.caller.MatchesAny(parties.callers)) return std::nullopt;
    if (query.keys.dest.empty() && !query.callee.MatchesAny(parties.callees)) return std::nullopt;
  }
  return ComplaintCall{record.id, record.time, read->summary.party};
}

Result<std::vector<ComplaintCall>> Look(const CallSearch& search, const Complaint& complaint,
                                        const CallQuery& query) {
  EvidenceQuery find;
  find.keys = query.keys;
  find.from = complaint.about - complaint.tolerance;
  find.to = complaint.about + complaint.tolerance;
  find.limit = kPage;
  std::vector<ComplaintCall> calls;
  const bool by_keys = search.effort == CallSearch::Effort::kByKeys;
  const size_t most = by_keys ? kMaxByKeys : kMaxLooked;
  for (size_t looked = 0; looked < most; looked += kPage) {
    const auto page = search.store.Find(find);
    if (!page) return page.error();
    for (const StoredEvidence& record : page->records) {
      if (auto call = CallOf(record, search, query)) calls.push_back(std::move(*call));
    }
    if (!page->next) return calls;
    find.before = *page->next;
  }
  if (by_keys) calls.clear();  // the nearest may be among the others
  return calls;
}

}  // namespace

bool IsNumberPart(std::string_view text) {
  if (text.empty() || (text.front() != '*' && text.back() != '*')) return false;
  constexpr std::string_view kAllowed = "+-. ()";
  constexpr int64_t kFewest = 3;
  std::string_view inner = text;
  if (inner.front() == '*') inner.remove_prefix(1);
  if (!inner.empty() && inner.back() == '*') inner.remove_suffix(1);
  const auto digits = std::count_if(inner.begin(), inner.end(), IsDigit);
  return digits >= kFewest && std::all_of(inner.begin(), inner.end(), [&](char c) {
           return IsDigit(c) || kAllowed.find(c) != std::string_view::npos;
         });
}

// First by what calls are found by; only where that finds nothing, calls are opened that name
// either party elsewhere: further callers, or where a redirected call went.
Result<std::vector<ComplaintCall>> FindCallsOf(const CallSearch& search,
                                               const Complaint& complaint) {
  const PartyPattern caller(complaint.caller, search.plan);
  const PartyPattern callee(complaint.callee, search.plan);
  EvidenceKeys by_callee;
  EvidenceKeys by_caller;
  auto dest = search.codec.KeyOf(complaint.callee, search.plan);
  if (!dest) return dest.error();
  by_callee.dest = std::move(*dest);
  EvidenceKeys by_both = by_callee;
  if (caller.whole()) {
    auto orig = search.codec.KeyOf(complaint.caller, search.plan);
    if (!orig) return orig.error();
    by_both.orig = by_caller.orig = std::move(*orig);
  }
  std::vector<EvidenceKeys> ways = {by_both};
  if (caller.whole()) ways.insert(ways.end(), {by_caller, by_callee});
  if (search.effort == CallSearch::Effort::kLookThrough) ways.emplace_back();
  Result<std::vector<ComplaintCall>> calls = std::vector<ComplaintCall>();
  for (const EvidenceKeys& keys : ways) {
    calls = Look(search, complaint, {keys, caller, callee});
    if (!calls) return calls.error();
    if (!calls->empty()) break;
  }
  const auto distance = [&](const ComplaintCall& call) {
    return std::chrono::abs(call.time - complaint.about);
  };
  std::stable_sort(calls->begin(), calls->end(),
                   [&](const auto& a, const auto& b) { return distance(a) < distance(b); });
  if (calls->size() > kMaxComplaintCalls) calls->resize(kMaxComplaintCalls);
  return calls;
}

}  // namespace callvet
