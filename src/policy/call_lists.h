// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "callvet/policy.h"
#include "policy/table_number.h"

namespace callvet {

/// What a callee said about marketing calls of a holder.
struct CallDecision {
  enum class Kind : uint8_t { kConsent, kRefusal };

  Kind kind = Kind::kRefusal;
  sys_seconds since{};
  std::string_view holder;  // "*": a refusal of all
  std::string_view proof;   // reference of the evidence
};

/// Consent and refusal of callees (H-3). Immutable once it was read; thread-safe; 24 bytes a row
/// and the text of its proof.
class CallLists {
 public:
  /// Reads `files`: the table callee,holder,decision,since,proof as ReadTable says; decision is
  /// "consent" or "refusal", since a date or time. A refusal's holder may be "*", all; consent must
  /// name its holder and its proof. With a problem there is no table.
  static std::optional<CallLists> Read(const std::vector<std::filesystem::path>& files,
                                       const DialPlan* plan, std::vector<PolicyProblem>& problems);

  /// What counts at `at` for a call of `holder` to `callee`: the latest decision that has begun,
  /// whether it names that holder or all; of two at the same time the refusal. Nothing if there
  /// is none. The texts live as long as this.
  [[nodiscard]] std::optional<CallDecision> Find(TableNumber callee, std::string_view holder,
                                                 sys_seconds at) const;

  [[nodiscard]] size_t size() const { return rows_.size(); }

  /// Whom the rows name, each once; not "*".
  [[nodiscard]] std::vector<std::string_view> Holders() const;

 private:
  friend class CallListReader;

  struct Row {
    uint64_t callee;
    uint32_t holder;  // index into holders_
    uint32_t since;   // seconds since 1970
    uint32_t proof;   // where its text begins in proofs_, a NUL behind it
    CallDecision::Kind kind;
  };

  std::vector<Row> rows_;  // sorted by callee
  std::vector<std::string> holders_;
  std::string proofs_;
};

}  // namespace callvet
