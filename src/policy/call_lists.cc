// SPDX-License-Identifier: MIT
#include "policy/call_lists.h"

#include <algorithm>
#include <array>
#include <limits>

#include "base/text.h"
#include "policy/interned_texts.h"
#include "policy/table_lines.h"

namespace callvet {
namespace {

enum ListColumn : size_t { kListCallee, kListHolder, kListDecision, kListSince, kListProof };
constexpr std::array<std::string_view, 5> kListColumns = {"callee", "holder", "decision", "since",
                                                          "proof"};
constexpr std::string_view kAllHolders = "*";

}  // namespace

// Collects rows, then makes the table of them.
class CallListReader {
 public:
  explicit CallListReader(const DialPlan* plan) : plan_(plan) { lists_.proofs_.push_back('\0'); }

  Result<void> AddRow(TableFields fields) {
    const auto callee = ReadTableNumber(fields[kListCallee], plan_);
    if (!callee)
      return Fail(Reason::kFileInvalid,
                  "callee " + Quote(fields[kListCallee]) + " is not E.164 with '+'");
    const bool consent = fields[kListDecision] == "consent";
    if (!consent && fields[kListDecision] != "refusal") {
      return Fail(Reason::kFileInvalid,
                  "decision " + Quote(fields[kListDecision]) + " is neither consent nor refusal");
    }
    if (fields[kListHolder].empty()) return Fail(Reason::kFileInvalid, "the holder is missing");
    if (consent && fields[kListHolder] == kAllHolders)
      return Fail(Reason::kFileInvalid, "consent must name its holder");
    if (consent && fields[kListProof].empty())
      return Fail(Reason::kFileInvalid, "consent without its proof");
    const auto since = ParseDateOrTime(fields[kListSince]);
    if (!since) return Fail(Reason::kFileInvalid, "since: " + since.error().detail);
    const int64_t seconds = since->time_since_epoch().count();
    const auto proof = AddProof(fields[kListProof]);
    if (seconds > std::numeric_limits<uint32_t>::max())
      return Fail(Reason::kFileInvalid, "since lies too far ahead");
    if (!proof) return proof.error();
    lists_.rows_.push_back({callee->value(), holders_.IndexOf(fields[kListHolder]),
                            static_cast<uint32_t>(seconds), *proof,
                            consent ? CallDecision::Kind::kConsent : CallDecision::Kind::kRefusal});
    return {};
  }

  CallLists Finish() {
    std::sort(lists_.rows_.begin(), lists_.rows_.end(),
              [](const auto& a, const auto& b) { return a.callee < b.callee; });
    lists_.rows_.shrink_to_fit();
    lists_.proofs_.shrink_to_fit();
    lists_.holders_ = holders_.Take();
    return std::move(lists_);
  }

 private:
  Result<uint32_t> AddProof(std::string_view proof) {
    if (proof.empty()) return 0;
    if (proof.find('\0') != std::string_view::npos)
      return Fail(Reason::kFileInvalid, "the proof holds a NUL");
    if (lists_.proofs_.size() + proof.size() >= std::numeric_limits<uint32_t>::max()) {
      return Fail(Reason::kFileInvalid, "the proofs are longer than 4 GiB");
    }
    const auto begin = static_cast<uint32_t>(lists_.proofs_.size());
    lists_.proofs_ += proof;
    lists_.proofs_.push_back('\0');
    return begin;
  }

  const DialPlan* plan_;
  InternedTexts holders_;
  CallLists lists_;
};

std::optional<CallLists> CallLists::Read(const std::vector<std::filesystem::path>& files,
                                         const DialPlan* plan,
                                         std::vector<PolicyProblem>& problems) {
  std::vector<PolicyProblem> found;
  CallListReader reader(plan);
  for (const std::filesystem::path& file : files) {
    ReadTable(
        file, {kListColumns, 4}, [&](TableFields fields, size_t) { return reader.AddRow(fields); },
        found);
  }
  problems.insert(problems.end(), found.begin(), found.end());
  if (!found.empty()) return std::nullopt;
  return reader.Finish();
}

std::vector<std::string_view> CallLists::Holders() const {
  std::vector<std::string_view> holders(holders_.begin(), holders_.end());
  std::erase(holders, kAllHolders);
  return holders;
}

std::optional<CallDecision> CallLists::Find(TableNumber callee, std::string_view holder,
                                            sys_seconds at) const {
  const auto begin =
      std::lower_bound(rows_.begin(), rows_.end(), callee.value(),
                       [](const Row& row, uint64_t key) { return row.callee < key; });
  const Row* latest = nullptr;
  for (auto row = begin; row != rows_.end() && row->callee == callee.value(); ++row) {
    const std::string& named = holders_[row->holder];
    const bool meant = named == kAllHolders || named == holder;
    if (!meant || at < sys_seconds(std::chrono::seconds(row->since))) continue;
    const bool later = latest == nullptr || row->since > latest->since;
    const bool refuses = latest != nullptr && row->since == latest->since &&
                         row->kind == CallDecision::Kind::kRefusal;
    if (later || refuses) latest = &*row;
  }
  if (latest == nullptr) return std::nullopt;
  return CallDecision{latest->kind, sys_seconds(std::chrono::seconds(latest->since)),
                      holders_[latest->holder], proofs_.c_str() + latest->proof};
}

}  // namespace callvet
