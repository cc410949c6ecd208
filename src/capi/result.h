// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "api/offline_verifier.h"
#include "callvet/callvet.h"

/// Keeps the texts of one callvet_verdict.
struct callvet_result {
 public:
  /// Replaces what is kept by `judgement`, and fills `out`, whose texts then live here.
  void Fill(callvet::OfflineVerifier::Judgement judgement, std::chrono::microseconds time,
            callvet_verdict& out);
  /// The verdict "internal-error", which needs no memory.
  static callvet_verdict InternalError();

 private:
  void FillPassport(callvet_verdict& out);
  void FillDisposition(callvet_verdict& out);
  callvet_text Keep(std::string text);
  callvet_texts List(const std::vector<std::string>& strings);

  callvet::OfflineVerifier::Judgement judgement_;
  std::deque<std::string> texts_;
  std::deque<std::vector<callvet_text>> lists_;
};
