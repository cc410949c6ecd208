// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/offline_verifier.h"
#include "callvet/callvet.h"
#include "callvet/evidence.h"
#include "callvet/result.h"

/// Keeps the texts of one callvet_verdict.
struct callvet_result {
 public:
  /// Replaces what is kept by `judgement`, and fills `out`, whose texts then live here.
  void Fill(callvet::OfflineVerifier::Judgement judgement, std::chrono::microseconds time,
            callvet_verdict& out);
  /// Nothing is kept any more, so that no evidence of an earlier call is taken for this one's.
  void Clear();
  /// What else is known of the call, for its evidence.
  void KeepCall(callvet::CallRequest call, std::string call_id, std::string trunk);
  /// All that is known of the call. Fails with kParameterInvalid: nothing is, or its judgement has
  /// no basis.
  [[nodiscard]] callvet::Result<callvet::CallEvidence> Evidence() const;
  /// What is counted of the call; nothing if it is not.
  [[nodiscard]] const std::optional<callvet::CountedCall>& counted() const {
    return judgement_.counted;
  }
  /// Of KeepCall.
  [[nodiscard]] const callvet::CallRequest& call() const { return call_; }
  [[nodiscard]] const std::string& trunk() const { return trunk_; }

  /// The verdict "internal-error", which needs no memory.
  static callvet_verdict InternalError();

 private:
  void FillPassport(callvet_verdict& out);
  void FillDisposition(callvet_verdict& out);
  callvet_text Keep(std::string text);
  static callvet_text Claimed(const std::string& text);
  callvet_texts List(const std::vector<std::string>& strings);

  callvet::OfflineVerifier::Judgement judgement_;
  callvet::CallRequest call_;
  std::string call_id_;
  std::string trunk_;
  std::deque<std::string> texts_;
  std::deque<std::vector<callvet_text>> lists_;
};
