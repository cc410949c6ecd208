// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
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

/// Which details are made. Sentences for people cost more than most of the checks that they are
/// about.
enum class Details : uint8_t {
  kAll,
  kOfFailures,  // that of what passed or did not apply is left empty
};

/// One check of one PASSporT. A view of the list that it is taken from.
struct Check {
  std::string_view id;      // stable, kebab-case: "iat-fresh"
  std::string_view clause;  // where the demand stands
  CheckOutcome outcome = CheckOutcome::kNotRun;
  Reason reason = Reason::kNone;  // other than kNone exactly if it failed
  std::string_view detail;        // the evidence, for people: both forms of a number, an age
};

/// The checks of one PASSporT, in the order in which they decide: all that there are, or none.
/// Nearly every call passes and its checks are looked at by nobody, so a list takes memory of its
/// own only for details. A value.
class CheckList {
 public:
  /// How many checks there are.
  static constexpr size_t kChecks = 34;

  /// The checks of the list one by one.
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Check;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = Check;

    Check operator*() const { return (*list_)[index_]; }
    Iterator& operator++() {
      ++index_;
      return *this;
    }
    void operator++(int) { ++index_; }
    bool operator==(const Iterator&) const = default;

   private:
    friend class CheckList;
    Iterator(const CheckList* list, size_t index) : list_(list), index_(index) {}
    const CheckList* list_;
    size_t index_;
  };

  /// An empty one.
  CheckList() = default;
  /// All checks, none of them run.
  static CheckList NotRun() {
    CheckList list;
    list.size_ = kChecks;
    return list;
  }

  [[nodiscard]] size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  /// `index` is under size(), here and below.
  [[nodiscard]] Check operator[](size_t index) const;
  [[nodiscard]] CheckOutcome outcome(size_t index) const { return states_[index].outcome; }
  [[nodiscard]] Reason reason(size_t index) const { return states_[index].reason; }
  [[nodiscard]] Iterator begin() const { return {this, 0}; }
  [[nodiscard]] Iterator end() const { return {this, size_}; }

  void SetOutcome(size_t index, CheckOutcome outcome) { states_[index].outcome = outcome; }
  void SetReason(size_t index, Reason reason) { states_[index].reason = reason; }
  void SetDetail(size_t index, std::string detail) {
    std::vector<std::string>& part = details_[index / kPart];
    if (part.empty()) part.resize(kPart);
    part[index % kPart] = std::move(detail);
  }
  void ClearDetail(size_t index) {
    std::vector<std::string>& part = details_[index / kPart];
    if (!part.empty()) part[index % kPart].clear();
  }

 private:
  struct State {
    CheckOutcome outcome = CheckOutcome::kNotRun;
    Reason reason = Reason::kNone;
  };
  std::array<State, kChecks> states_{};
  size_t size_ = 0;  // kChecks or 0
  // Empty as long as there is none. In parts, since malloc has blocks of up to some 1,000 bytes at
  // hand, and for each larger one tidies up first.
  static constexpr size_t kPart = kChecks / 2;
  std::array<std::vector<std::string>, (kChecks + kPart - 1) / kPart> details_;
};

/// Who signed, as the certificate says; trusted only if the check "chain" passed. Shared, never
/// changed. That of a verdict keeps the signer's certificates in memory: who keeps verdicts for
/// long may rather copy it.
struct SignerInfo {
  std::vector<std::string> spcs;  // of the TNAuthList
  /// SPCs of the nearest TNAuthList above the signer that has any; empty if its own has some. Who
  /// holds an SPC may delegate any number (RFC 9060): a list of numbers below it proves nothing
  /// about them.
  std::vector<std::string> delegated_by_spcs;
  std::string tn_auth_list;  // all of it, for people
  std::string subject;       // RFC 2253
  std::string organization;
  std::string serial;  // hex
  std::string sha256;  // hex, of the certificate
  std::chrono::sys_seconds not_before{};
  std::chrono::sys_seconds not_after{};

  /// SPCs of who answers for what it signs: its own, else, of a delegate certificate, those of who
  /// delegated the numbers to it (RFC 9060).
  [[nodiscard]] const std::vector<std::string>& AnsweringSpcs() const {
    return spcs.empty() ? delegated_by_spcs : spcs;
  }
  /// The first of them; "": there is none. Borrows this.
  [[nodiscard]] std::string_view AnsweringSpc() const {
    const auto& all = AnsweringSpcs();
    return all.empty() ? std::string_view() : std::string_view(all.front());
  }
};

/// What a PASSporT says of the caller beside the number (RFC 9795). To be shown only if both
/// `reason` and that of its PASSporT are kNone (F-26).
struct RichCallData {
  /// Whether all of it is what was signed. kNone does not mean that content named by URI was
  /// fetched: see `content`.
  Reason reason = Reason::kInternalError;
  std::string nam;
  std::optional<std::string> apn;
  std::optional<std::string> icn;
  std::optional<std::string> jcl;
  std::optional<std::string> crn;
  std::optional<std::string> iss;  // a third party vouches for it (F-25)

  /// A part that rcdi has a digest of.
  struct Content {
    std::string pointer;             // RFC 6901, relative to rcd
    std::optional<std::string> uri;  // where it is; nothing if it stands in the PASSporT
    CheckOutcome outcome = CheckOutcome::kNotRun;  // kNotRun: not fetched
    Reason reason = Reason::kNone;                 // other than kNone exactly if it failed
    std::string detail;
  };
  std::vector<Content> content;
};

/// What is true of one Identity header. Claims are what the token says; they are facts only if the
/// reason is kNone.
struct PassportVerdict {
  Reason reason = Reason::kInternalError;
  CheckList checks;
  std::string ppt;  // "shaken", "" for a base PASSporT or when unknown
  std::string x5u;
  std::optional<std::string> attest;
  std::optional<std::string> origid;
  std::optional<std::string> orig;           // canonical number or URI
  std::vector<std::string> dest;             // canonical
  std::optional<int64_t> iat;                // seconds since 1970; the Date in the compact form
  std::optional<int64_t> age_seconds;        // now - iat
  std::optional<std::string> div;            // who redirected the call, canonical (RFC 8946)
  std::shared_ptr<const SignerInfo> signer;  // null if there was no certificate to look at
  std::optional<RichCallData> rich_call_data;
  /// What a div-o PASSporT encloses in opt: the verdict on that PASSporT, one or nothing.
  std::vector<PassportVerdict> nested;

  /// Whether the check "chain" passed: only then `signer` is who the certificate says. Safe from
  /// any thread.
  [[nodiscard]] bool ChainPassed() const;
  /// Whether the call is put down to `signer`: "chain" passed, and "signature" did not fail. A
  /// certificate is public, and anybody may name it. Where a check between the two failed (whoever
  /// signs what his certificate does not allow) nobody looked at the signature. Safe from any
  /// thread.
  [[nodiscard]] bool IsPutDownToSigner() const;
};

/// One leg of the way that a verified call took: `from` sent it to `to`, and `signer` vouches for
/// that.
struct CallLeg {
  std::string from;  // the caller, or who redirected the call; canonical
  std::string to;    // the called party of this leg; canonical
  std::string ppt;
  size_t passport = 0;  // index into Verdict::passports; of a nested PASSporT, of what encloses it
  int64_t iat = 0;
  std::shared_ptr<const SignerInfo> signer;
};

/// What is true of the call's Resource-Priority (RFC 8443, RFC 9027). It never decides whether the
/// call passes: with anything but kPassed the header is ignored and the call an ordinary one
/// (F-11).
struct PriorityVerdict {
  enum class Status : uint8_t { kNoValidation, kPassed, kFailed };
  Status status = Status::kFailed;
  Reason reason = Reason::kInternalError;  // kNone exactly if passed; kNoIdentity: nobody signed it
  std::optional<size_t> decided_by;        // index into Verdict::passports
  std::vector<std::string> values;         // the r-values of the call, lower-case
  std::optional<std::string> sph;          // "psap-callback" where that was vouched for
};

/// "RPH-Validation-Passed", "RPH-Validation-Failed" or "No-RPH-Validation".
std::string_view PriorityStatusText(PriorityVerdict::Status status);

/// What is true of the call. A default one is "internal error, not passed". A value.
struct Verdict {
  Reason reason = Reason::kInternalError;
  /// The PASSporT that decided: the one that passed, with a diversion the one of the original call;
  /// or the failed one of the highest rank, the first of equals; where a diversion or the
  /// original PASSporT could not be judged, that one, and not those that are undecided with it.
  /// Nothing if there was none that speaks for the caller's number, or the call failed as a whole.
  std::optional<size_t> decided_by;
  /// One per Identity header value, in order.
  std::vector<PassportVerdict> passports;
  std::chrono::sys_seconds judged_at{};
  /// Why, when the call failed as a whole; else empty.
  std::string detail;
  /// How the call came here, caller first: one leg more than it was redirected. Empty if it does
  /// not pass.
  std::vector<CallLeg> path;
  /// Nothing for a call without Resource-Priority and without an rph PASSporT.
  std::optional<PriorityVerdict> priority;

  [[nodiscard]] bool passed() const { return reason == Reason::kNone; }
  [[nodiscard]] Verstat verstat() const { return Info(reason).verstat; }
  /// The PASSporT that decided, or nullptr. If a div-o PASSporT encloses the one that passed, that
  /// one.
  [[nodiscard]] const PassportVerdict* deciding() const {
    if (!decided_by || *decided_by >= passports.size()) return nullptr;
    const PassportVerdict* deciding = &passports[*decided_by];
    while (passed() && !deciding->nested.empty()) deciding = &deciding->nested.front();
    return deciding;
  }
};

}  // namespace callvet
