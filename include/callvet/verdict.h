// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "callvet/reason.h"

namespace callvet {

/// What became of one check.
enum class CheckOutcome : uint8_t {
  kPassed,
  kFailed,
  kNotApplicable,  // nothing to check in this PASSporT or call
  kNotRun,         // an earlier check had failed
};

/// "passed", "failed", "not-applicable" or "not-run".
std::string_view CheckOutcomeText(CheckOutcome outcome);

/// One check of one PASSporT.
struct Check {
  std::string_view id;      // stable, kebab-case: "iat-fresh"
  std::string_view clause;  // where the demand stands
  CheckOutcome outcome = CheckOutcome::kNotRun;
  Reason reason = Reason::kNone;  // other than kNone exactly if it failed
  std::string detail;             // the evidence, for people: both forms of a number, an age
};

/// Who signed, as the certificate says; trusted only if the check "chain" passed.
struct SignerInfo {
  std::vector<std::string> spcs;  // of the TNAuthList
  std::string tn_auth_list;       // all of it, for people
  std::string subject;            // RFC 2253
  std::string organization;
  std::string serial;  // hex
  std::string sha256;  // hex, of the certificate
  std::chrono::sys_seconds not_before{};
  std::chrono::sys_seconds not_after{};
};

/// What is true of one Identity header. Claims are what the token says; they are facts only if the
/// reason is kNone.
struct PassportVerdict {
  Reason reason = Reason::kInternalError;
  std::vector<Check> checks;  // in the order in which they decide
  std::string ppt;            // "shaken", "" for a base PASSporT or when unknown
  std::string x5u;
  std::optional<std::string> attest;
  std::optional<std::string> origid;
  std::optional<std::string> orig;     // canonical number or URI
  std::vector<std::string> dest;       // canonical
  std::optional<int64_t> iat;          // seconds since 1970; the Date in the compact form
  std::optional<int64_t> age_seconds;  // now - iat
  std::optional<SignerInfo> signer;
};

/// What is true of the call. A default one is "internal error, not passed". A value.
struct Verdict {
  Reason reason = Reason::kInternalError;
  /// The PASSporT that decided: the one that passed, or the failed one of the highest rank.
  /// Nothing if there was none, or the call failed as a whole.
  std::optional<size_t> decided_by;
  /// One per Identity header value, in order.
  std::vector<PassportVerdict> passports;
  std::chrono::sys_seconds judged_at{};
  /// Why, when the call failed as a whole; else empty.
  std::string detail;

  [[nodiscard]] bool passed() const { return reason == Reason::kNone; }
  [[nodiscard]] Verstat verstat() const { return Info(reason).verstat; }
  /// The PASSporT that decided, or nullptr.
  [[nodiscard]] const PassportVerdict* deciding() const {
    return decided_by && *decided_by < passports.size() ? &passports[*decided_by] : nullptr;
  }
};

}  // namespace callvet
