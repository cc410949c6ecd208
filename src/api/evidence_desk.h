// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "api/evidence_assembly.h"
#include "api/evidence_config.h"
#include "base/clock.h"
#include "callvet/result.h"
#include "evidence/writer.h"

namespace callvet {

/// The evidence of a long-lived program: the store, the writer, and their upkeep. Thread-safe.
class EvidenceDesk {
 public:
  /// Fails like OpenEvidence and EvidenceWriter::Make.
  static Result<std::shared_ptr<EvidenceDesk>> Make(const EvidenceConfig& config);
  /// Whether keys and places that Make needs can be used; opens and makes nothing. Fails like Make.
  static Result<void> Check(const EvidenceConfig& config);

  [[nodiscard]] const OpenedEvidence& evidence() const { return opened_; }
  [[nodiscard]] EvidenceWriter& writer() { return *writer_; }

  /// What an operator must know and was not told yet: records lost, damaged or refused since the
  /// last time, a store that fails, or is well again.
  std::vector<std::string> News();
  /// Deletes what retention does not keep, once a day, and says what came of it. What failed is
  /// tried again after a minute; the same failure is told once a day. Says so, too, where nothing
  /// is to be deleted and the next day could not be begun. One thread at a time, which may wait.
  std::vector<std::string> Retain(sys_seconds now);
  /// The program ends: Retain, one under way and any later, ends behind the step that it is at, and
  /// goes on after the next start. Does not wait for it.
  void StopRetention() {
    ending_ = true;
    opened_.store->StopPruning();
  }
  /// Looks once a minute for calls of the last week's complaints that have none, whose records may
  /// come late, and says what came of it; `plan`, which may be null, reads their numbers. Each of
  /// them, the latest first and a few each time, is once looked for through all calls of its time,
  /// too. Tells the same failure once. Does nothing where Retain just failed, or once StopRetention
  /// was called. One thread at a time, which may wait.
  std::vector<std::string> MatchLate(sys_seconds now, const DialPlan* plan);

 private:
  EvidenceDesk(const EvidenceConfig& config, OpenedEvidence opened,
               std::unique_ptr<EvidenceWriter> writer);

  int64_t retention_days_;
  OpenedEvidence opened_;
  std::unique_ptr<EvidenceWriter> writer_;
  std::mutex told_mutex_;
  EvidenceStatistics told_;
  using Refusal = std::pair<std::chrono::sys_days, std::string>;  // when, and why
  std::chrono::sys_days pruned_{};
  sys_seconds tried_{};
  Refusal refused_;
  enum class Store : uint8_t { kAnswers, kFails } retained_ = Store::kAnswers;  // of Retain
  sys_seconds matched_{};
  std::string match_failure_;         // the last one told, "" once it went well
  std::set<int64_t> looked_through_;  // complaints, by their seq
  std::atomic<bool> ending_ = false;
};

}  // namespace callvet
