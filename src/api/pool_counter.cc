// SPDX-License-Identifier: MIT
#include "api/pool_counter.h"

#include <utility>

#include "base/precise_time.h"
#include "pki/sha256.h"
#include "syntax/party.h"

namespace callvet {
namespace {

// What is counted takes little room, whatever a caller writes into a URI.
std::string Short(std::string party) {
  constexpr size_t kLongest = 128;
  return party.size() <= kLongest ? std::move(party) : Sha256Hex(party);
}

// The first that can be read; "" if none can.
std::string FirstReadable(const std::vector<std::string>& texts, const DialPlan* plan) {
  for (const std::string& text : texts) {
    if (const auto party = Party::Parse(text, plan)) return Short(party->canonical());
  }
  return {};
}

}  // namespace

const PoolRules& PoolCounter::rules() const {
  static const PoolRules kNone;
  return policy != nullptr ? PoolRulesOf(*policy) : kNone;
}

CountedCall CountedCallOf(const CallRequest& request, const Verdict& verdict, CallTime time,
                          const DialPlan* plan) {
  CountedCall counted;
  counted.time = time;
  const PassportVerdict* deciding = verdict.passed() ? verdict.deciding() : nullptr;
  if (deciding == nullptr) {
    counted.caller = FirstReadable(request.orig, plan);
    counted.callee = FirstReadable(request.dest, plan);
    return counted;
  }
  counted.caller = Short(deciding->orig.value_or(""));
  // Already canonical; a redirected call was made to its first callee.
  counted.callee =
      verdict.path.empty() ? FirstReadable(request.dest, plan) : Short(verdict.path.front().to);
  counted.origid = deciding->origid.value_or("");
  if (deciding->signer) counted.signer = deciding->signer->AnsweringSpc();
  return counted;
}

CountedCall::Outcome PoolOutcomeOf(const Verdict& verdict,
                                   const std::optional<Disposition>& disposition) {
  const bool refused = disposition ? disposition->action == Action::kReject
                                   : Info(verdict.reason).reason_class == ReasonClass::kRefused;
  return refused ? CountedCall::Outcome::kRefused : CountedCall::Outcome::kGoesOn;
}

void CountUndecided(const PoolCounter* counter, const CallRequest& request, const Verdict& verdict,
                    const DialPlan* plan) {
  if (counter == nullptr) return;
  CountedCall counted = CountedCallOf(request, verdict, PreciseNow(), plan);
  counted.outcome = PoolOutcomeOf(verdict, std::nullopt);
  counter->pools->Count(counted, counter->rules());
}

}  // namespace callvet
