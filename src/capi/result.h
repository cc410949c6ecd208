// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/offline_verifier.h"
#include "callvet/callvet.h"
#include "callvet/evidence.h"
#include "callvet/result.h"

namespace callvet::capi {

/// Outcomes of checks as a text, "iat-fresh=passed dest=failed ...". Those of one call are nearly
/// always those of the call before.
class ChecksText {
 public:
  /// The text of `checks`, until the next use. Empty if there are none.
  std::string_view Of(const CheckList& checks);

 private:
  std::array<CheckOutcome, CheckList::kChecks> outcomes_{};
  std::string text_;  // of outcomes_, or empty
};

/// The call of a judgement: its evidence has it, and it may yet be refused.
struct KeptCall {
  CallRequest request;
  std::string call_id;  // only if evidence is kept
  std::string trunk;
};

}  // namespace callvet::capi

/// Keeps the texts of one callvet_verdict, and the memory that they took for the next one.
struct callvet_result {
 public:
  /// Replaces what is kept by `judgement`, and fills `out`, whose texts then live here.
  void Fill(callvet::OfflineVerifier::Judgement judgement, std::chrono::microseconds time,
            callvet_verdict& out);
  /// Nothing is kept any more, so that no evidence of an earlier call is taken for this one's.
  void Clear();
  void KeepCall(callvet::capi::KeptCall call) { call_ = std::move(call); }
  /// All that is known of the call, until the next Fill, Clear or KeepCall. Fails with
  /// kParameterInvalid: nothing is, or its judgement has no basis.
  [[nodiscard]] callvet::Result<callvet::CallEvidenceView> Evidence() const;
  /// What is counted of the call; nothing if it is not.
  [[nodiscard]] const std::optional<callvet::CountedCall>& counted() const {
    return judgement_.counted;
  }
  /// Of KeepCall, since the last Fill.
  [[nodiscard]] const std::optional<callvet::capi::KeptCall>& call() const { return call_; }

  /// The verdict "internal-error", which needs no memory.
  static callvet_verdict InternalError();

 private:
  void FillPassport(callvet_verdict& out);
  void FillDisposition(callvet_verdict& out);

  callvet::OfflineVerifier::Judgement judgement_;
  std::optional<callvet::capi::KeptCall> call_;
  callvet::capi::ChecksText checks_;
  std::string dest_, spcs_;  // of several
  std::vector<callvet_text> reply_headers_, strip_headers_, identities_;
  std::vector<callvet_text> missing_, stale_, certificates_;
};
