// SPDX-License-Identifier: MIT
#include "api/evidence_desk.h"

#include <utility>

#include "api/complaints.h"
#include "base/file.h"
#include "base/text.h"

namespace callvet {

EvidenceDesk::EvidenceDesk(const EvidenceConfig& config, OpenedEvidence opened,
                           std::unique_ptr<EvidenceWriter> writer)
    : retention_days_(config.retention_days),
      opened_(std::move(opened)),
      writer_(std::move(writer)) {}

Result<std::shared_ptr<EvidenceDesk>> EvidenceDesk::Make(const EvidenceConfig& config) {
  auto opened = OpenEvidence(config.setup);
  if (!opened) return Fail(opened.error().reason, "evidence: " + opened.error().detail);
  auto writer =
      EvidenceWriter::Make(opened->store, EvidenceCodec(opened->number_key), config.writer);
  if (!writer) return Fail(writer.error().reason, "evidence: " + writer.error().detail);
  return std::shared_ptr<EvidenceDesk>(
      new EvidenceDesk(config, std::move(*opened), std::move(*writer)));
}

Result<void> EvidenceDesk::Check(const EvidenceConfig& config) {
  const std::string& spill = config.writer.spill_directory;
  auto usable = CheckEvidence(config.setup);
  if (usable && !spill.empty()) usable = CheckWritable(std::filesystem::path(spill) / "lock");
  if (!usable) return Fail(usable.error().reason, "evidence: " + usable.error().detail);
  return {};
}

std::vector<std::string> EvidenceDesk::News() {
  std::vector<std::string> news;
  const std::lock_guard lock(told_mutex_);
  EvidenceStatistics now_known = writer_->Statistics();
  if (now_known.lost > told_.lost) {
    news.push_back("LOST: " + std::to_string(now_known.lost - told_.lost) +
                   " calls left no evidence, " + std::to_string(now_known.lost) +
                   " since the start");
  }
  if (now_known.damaged > told_.damaged) {
    news.push_back("DAMAGED: " + std::to_string(now_known.damaged - told_.damaged) +
                   " places of spill files cannot be read: records are missing");
  }
  if (now_known.torn_files > told_.torn_files) {
    news.push_back(std::to_string(now_known.torn_files) +
                   " files *.torn lie in the spill directory: what a crash cut short, or damage");
  }
  if (now_known.refused > told_.refused) {
    news.push_back("calls refused: " + std::to_string(now_known.refused - told_.refused) +
                   ", because their evidence cannot be kept");
  }
  if (now_known.last_failure != told_.last_failure) {
    news.push_back(now_known.last_failure.empty() ? "the store takes records again"
                                                  : "failing: " + now_known.last_failure);
  }
  told_ = std::move(now_known);
  return news;
}

std::vector<std::string> EvidenceDesk::Retain(sys_seconds now) {
  constexpr std::chrono::minutes kPause{1};  // whoever reads meanwhile is kept waiting each time
  retained_ = Store::kAnswers;
  const auto today = std::chrono::floor<std::chrono::days>(now);
  if (today == pruned_) return {};
  if (now >= tried_ && now < tried_ + kPause) return {};
  tried_ = now;
  // To keep all, it deletes nothing, but says what would keep it from making the next day.
  const auto before =
      retention_days_ > 0 ? today - std::chrono::days(retention_days_) : std::chrono::sys_days();
  const auto deleted = opened_.store->Prune(before);
  if (!deleted) {
    retained_ = Store::kFails;
    const Refusal refusal{today, deleted.error().detail};
    if (refusal == refused_) return {};
    refused_ = refusal;
    return {"retention: " + refusal.second};
  }
  pruned_ = today;
  refused_ = {};
  if (*deleted == 0) return {};
  return {"retention: " + std::to_string(*deleted) + " records were deleted"};
}

std::vector<std::string> EvidenceDesk::MatchLate(sys_seconds now, const DialPlan* plan) {
  constexpr std::chrono::minutes kInterval{1};
  constexpr std::chrono::days kLate{7};
  constexpr size_t kMostLookedThrough = 2;  // each takes seconds
  std::vector<std::string> news;
  if (retained_ == Store::kFails || ending_) return news;
  // In between only the latest, up to one that was looked through before.
  const bool all = now >= matched_ + kInterval || now < matched_;
  if (all) matched_ = now;
  std::set<int64_t> before = looked_through_;
  if (all) looked_through_.clear();  // those that have their call by now are forgotten
  size_t looked = 0;
  const auto effort = [&](const ComplaintEntry& entry) -> std::optional<CallSearch::Effort> {
    const bool fresh = before.count(entry.seq) == 0;
    const bool looks = fresh && looked < kMostLookedThrough;
    if (ending_ || (!all && !looks)) return std::nullopt;
    if (looks || !fresh) looked_through_.insert(entry.seq);
    if (!looks) return CallSearch::Effort::kByKeys;
    ++looked;
    return CallSearch::Effort::kLookThrough;
  };
  const auto matched = MatchComplaints({opened_, plan, "service", now}, now - kLate, effort);
  const std::string failure = matched ? "" : matched.error().detail;
  const bool told = failure == match_failure_;
  match_failure_ = failure;
  if (!matched && !told) news.push_back("complaints: " + failure);
  if (!matched) return news;
  const size_t found = matched->matched + matched->ambiguous;
  if (found > 0) {
    news.push_back("complaints: calls of " + std::to_string(found) + " were found late");
  }
  return news;
}

}  // namespace callvet
