// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "callvet/reason.h"
#include "callvet/result.h"
#include "callvet/rotation.h"
#include "callvet/verdict.h"
#include "callvet/verstat.h"

// From verdict to decision. The verdict says what is true of a call; the disposition says what this
// operator does about it. Nothing here ever makes a call verified.

namespace callvet {

/// What the operator's rules may do, per trunk.
enum class PolicyMode : uint8_t {
  kIntercept,  // what breaks a rule is rejected: the default
  kTag,        // nothing is rejected; verstat and Reason say what is wrong
  kObserve,    // the call goes on as it came; what would have been done is recorded
};

/// What becomes of a call, from mild to severe.
enum class Action : uint8_t {
  kPass,    // goes on
  kTag,     // goes on, and Reason says what is wrong with it
  kReject,  // is answered with sip_code
};

std::string_view PolicyModeText(PolicyMode mode);  // "intercept", "tag", "observe"
std::string_view ActionText(Action action);        // "pass", "tag", "reject"

/// What signalling says of one call, as received. A value.
struct PolicyCall {
  std::vector<std::string> orig;              // as CallRequest::orig; every number in it is judged
  std::optional<std::string> from;            // as CallRequest::from
  std::vector<std::string> remote_party_ids;  // as CallRequest::remote_party_ids
  std::vector<std::string> dest;              // as CallRequest::dest
  std::optional<std::string> request_uri;     // where the call is routed to, if known
  std::vector<std::string> identities;        // as CallRequest::identities: for ppi
  std::optional<std::string> priority;        // the Priority header
  std::string trunk;                          // where the call came in; "": the policy's default
  std::optional<PoolHit> pool;                // a source of the call is flagged: CallerPools::Check
  /// Whether the steps tell the details of rules that are not broken too. The decision is the same.
  Details details = Details::kAll;
};

/// A PolicyCall that borrows its texts from whoever has them: nothing of a call is copied to be
/// decided about. Members as there; nullptr is what has no value.
struct PolicyCallView {
  PolicyCallView() = default;
  PolicyCallView(const PolicyCall& call)  // NOLINT(google-explicit-constructor): the same call
      : orig(call.orig),
        from(PointerTo(call.from)),
        remote_party_ids(call.remote_party_ids),
        dest(call.dest),
        request_uri(PointerTo(call.request_uri)),
        identities(call.identities),
        priority(PointerTo(call.priority)),
        trunk(call.trunk),
        pool(PointerTo(call.pool)),
        details(call.details) {}

  /// The value of `member`, or nullptr.
  template <class T>
  static const T* PointerTo(const std::optional<T>& member) {
    return member ? &*member : nullptr;
  }

  std::span<const std::string> orig;
  const std::string* from = nullptr;
  std::span<const std::string> remote_party_ids;
  std::span<const std::string> dest;
  const std::string* request_uri = nullptr;
  std::span<const std::string> identities;
  const std::string* priority = nullptr;
  std::string_view trunk;
  const PoolHit* pool = nullptr;
  Details details = Details::kAll;
};

/// Why a caller's number cannot be a caller's number (H-21).
enum class IrregularCaller : uint8_t {
  kNoNumber,              // the call shows no number at all, or what is no number
  kNotInPlan,             // no row of the number plan holds it
  kWrongLength,           // its prefix is in the plan, its length is not
  kNeverACaller,          // inbound only (400, 800), SMS only (106), data only
  kEmergencyCode,         // 110, 911
  kReserved,              // carriers' and the state's own, on a customer's trunk
  kDomesticFormAbroad,    // a national form on an international trunk (H-8)
  kDomesticNumberAbroad,  // a domestic number, not verified, on an international trunk (H-2)
  kOtherNumber,           // beside the verified number, of another holder, where none may be (H-2)
};

/// "no-number", "not-in-plan", ...
std::string_view IrregularCallerText(IrregularCaller kind);

/// One rule of the policy, and what it found in this call.
struct RuleStep {
  enum class Outcome : uint8_t { kHeld, kBroken, kNotApplicable };

  std::string_view rule;    // stable, kebab-case: "holder"
  std::string_view clause;  // where the demand stands
  Outcome outcome = Outcome::kNotApplicable;
  Reason reason = Reason::kNone;  // other than kNone exactly if it was broken
  Action action = Action::kPass;  // what the policy wants for that, before the mode
  std::string detail;             // for people
};

/// "held", "broken" or "not-applicable".
std::string_view RuleOutcomeText(RuleStep::Outcome outcome);

/// Names of headers, in order. They stand in one text, so that each decision about a call can have
/// a list of its own. A value.
class HeaderNames {
 public:
  class Iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = std::string_view;
    using difference_type = std::ptrdiff_t;
    using pointer = const std::string_view*;
    using reference = const std::string_view&;

    Iterator() = default;
    reference operator*() const { return name_; }
    pointer operator->() const { return &name_; }
    Iterator& operator++() {
      *this = Iterator(rest_.substr(name_.size() + 1));
      return *this;
    }
    Iterator operator++(int) {
      Iterator before = *this;
      ++*this;
      return before;
    }
    bool operator==(const Iterator& other) const { return rest_.size() == other.rest_.size(); }

   private:
    friend class HeaderNames;
    explicit Iterator(std::string_view text)
        : rest_(text), name_(text.substr(0, text.find(kEnd))) {}
    std::string_view rest_;  // from name_ on
    std::string_view name_;
  };
  using value_type = std::string_view;
  using const_iterator = Iterator;

  HeaderNames() = default;
  /// None of `names` holds a line break.
  explicit HeaderNames(std::span<const std::string> names) {
    for (const std::string& name : names) (text_ += name) += kEnd;
  }

  [[nodiscard]] bool empty() const { return text_.empty(); }
  /// The names live as long as the list.
  [[nodiscard]] Iterator begin() const { return Iterator(text_); }
  [[nodiscard]] Iterator end() const { return {}; }
  bool operator==(const HeaderNames&) const = default;

 private:
  static constexpr char kEnd = '\n';
  std::string text_;  // each name with kEnd behind it
};

/// What is done with a call. A default one rejects, and needs no memory. A value.
struct Disposition {
  Action action = Action::kReject;
  /// The broken rule that decided; kNone if none was broken.
  Reason reason = Reason::kInternalError;
  /// The answer that belongs to `reason` by code map and overrides; it is sent if `action` is
  /// kReject. 0 and "" if no rule was broken.
  uint16_t sip_code = 500;
  /// Of overrides; "": that of `reason`. See Phrase.
  std::string sip_phrase;
  /// What the rules ask for. Differs from `action` where the mode or an emergency softened it.
  Action wanted = Action::kReject;
  /// Values of Reason headers, for the response or the next one if the call goes on:
  /// then those with a code of the STIR protocol alone (D-8, A-61).
  std::vector<std::string> reason_headers;
  /// What to write about the call and where; nothing in observe mode, or if the call is rejected.
  std::optional<VerstatMark> verstat;
  /// URI and user parameters that are always removed from what came in: verstat (D-11).
  static constexpr std::array<std::string_view, 1> kStripParameters = {"verstat"};
  /// Headers that are removed from what came in: those of the settings, and but in observe mode
  /// P-Preferred-Identity, and Remote-Party-ID unless it is known that each number in it was
  /// verified; of emergency calls only the settings' own.
  HeaderNames strip_headers;
  /// Beside verstat: the caller's number is not one that can call (H-21).
  std::optional<IrregularCaller> irregular;
  /// An emergency call or a PSAP's call-back, which is never rejected.
  bool emergency = false;
  PolicyMode mode = PolicyMode::kIntercept;
  std::string trunk;   // whose settings counts; "" for the default ones
  std::string holder;  // of the caller's number by the registry at that time; "": not known
  std::vector<RuleStep> steps;

  [[nodiscard]] std::string_view Phrase() const {
    return sip_phrase.empty() ? Info(reason).sip_phrase : std::string_view(sip_phrase);
  }
};

/// The operator's rules with all tables that they need: immutable, so it may be used by any number
/// of threads. See src/cli/README.md for the file that it is made of.
struct Policy;

/// One thing that is wrong with a policy file or a table that it names.
struct PolicyProblem {
  std::string file;
  size_t line = 0;    // 0: not known
  size_t column = 0;  // 0: not known
  std::string key;    // "trunks.pstn.mode"; "" in tables
  std::string message;
};

/// "file:line:column: key: message" of what is known.
std::string PolicyProblemText(const PolicyProblem& problem);

/// A policy, or what is wrong with it.
struct LoadedPolicy {
  std::shared_ptr<const Policy> policy;  // nullptr exactly if there is a problem
  std::vector<PolicyProblem> problems;
  /// What may be meant, but is more likely misspelt: holders and customers that hold no number.
  std::vector<PolicyProblem> warnings;
};

/// Reads the policy in `file` and every table that it names, relative to the file's folder. All
/// problems that can be found at once are reported. Thread-safe.
LoadedPolicy LoadPolicy(const std::filesystem::path& file);

/// The same for the text of a policy, `folder` being where its tables are.
LoadedPolicy ParsePolicy(std::string_view text, const std::filesystem::path& folder);

/// What `policy` does with `call`, of which `verdict` is true. Rules in their order: the verdict
/// itself, attestation, whether the caller can be one (H-21), do-not-originate, who holds the
/// number (H-2), its uses and hours, consent (H-3), flagged sources, and whether the
/// call shows other numbers beside the verified one (H-2); the severest broken one
/// decides, the first of equals. Emergency calls are never rejected. Never fails: where memory runs
/// out no rule is asked and the call is rejected in mode intercept. Thread-safe.
Disposition Decide(const Policy& policy, const PolicyCallView& call,
                   const Verdict& verdict) noexcept;

/// Whether `call` is one that Decide never rejects: its Disposition::emergency, which no verdict
/// changes. False where memory runs out. Thread-safe.
bool IsEmergencyCall(const Policy& policy, const PolicyCallView& call) noexcept;

/// The rules by which sources of calls are flagged as pools that rotate. Lives as long as `policy`.
const PoolRules& PoolRulesOf(const Policy& policy);

}  // namespace callvet
