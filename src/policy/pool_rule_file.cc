// SPDX-License-Identifier: MIT
#include "policy/pool_rule_file.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace callvet {
namespace {

constexpr size_t kMaxRules = 32;  // each is asked once a second of every busy source
constexpr int64_t kManyCalls = 1'000'000'000;
constexpr std::pair<double, double> kShare{0, 1};
constexpr std::pair<double, double> kRatio{0, 1'000'000};

constexpr auto kPoolActions = std::to_array<NamedValue<PoolAction>>({
    {"report", PoolAction::kReport},
    {"tag", PoolAction::kTag},
    {"reject", PoolAction::kReject},
});

void ReadSources(StrictObject& object, PoolRule& rule) {
  if (!object.Has("sources")) return;
  std::vector<std::string> names;
  object.Read("sources", names);
  rule.kinds = {};
  if (names.empty()) object.Complain("sources", "names none of origid, signer, trunk");
  for (size_t i = 0; i < names.size(); ++i) {
    if (const auto kind = FindSourceKind(names[i])) {
      rule.kinds.at(static_cast<size_t>(*kind)) = true;
    } else {
      object.Complain("sources/" + std::to_string(i),
                      Quote(names[i]) + " is none of origid, signer, trunk");
    }
  }
}

void ReadWindow(StrictObject& object, PoolRule& rule) {
  int64_t seconds = rule.window.count();
  object.ReadNumber("window", {PoolRule::kMinWindow.count(), PoolRule::kMaxWindow.count()},
                    seconds);
  if (seconds % 60 != 0) object.Complain("window", "must be whole minutes, in seconds");
  rule.window = std::chrono::seconds(seconds);
}

// Volume alone is no sign of a pool: every carrier has it.
void NeedsASign(StrictObject& object, const PoolRule& rule) {
  if (rule.min_new_callers || rule.min_calls_per_caller || rule.max_calls_per_caller ||
      rule.min_callees_per_call || rule.min_callers_per_callee || rule.min_rejects ||
      rule.max_variation) {
    return;
  }
  object.Complain("calls",
                  "volume alone flags every carrier: give new_callers, calls_per_caller, "
                  "max_calls_per_caller, callees_per_call, callers_per_callee, rejects or "
                  "max_variation");
}

// A rule that nothing can break is a mistake.
void CanBeBroken(StrictObject& object, const PoolRule& rule) {
  if (rule.min_calls_per_caller && rule.max_calls_per_caller &&
      *rule.min_calls_per_caller > *rule.max_calls_per_caller) {
    object.Complain("max_calls_per_caller", "is less than calls_per_caller: nothing matches both");
  }
}

PoolRule ReadPoolRule(StrictObject& object) {
  PoolRule rule;
  object.Read("name", rule.name);
  if (rule.name.empty()) object.Complain("name", "is missing");
  ReadSources(object, rule);
  object.Read("except", rule.except);
  ReadWindow(object, rule);
  int64_t calls = static_cast<int64_t>(rule.min_calls);
  int64_t callers = static_cast<int64_t>(rule.min_callers);
  int64_t hold = rule.hold.count();
  object.ReadNumber("calls", {static_cast<int64_t>(PoolRule::kFewestCalls), kManyCalls}, calls);
  object.ReadNumber("callers", {1, kManyCalls}, callers);
  object.ReadNumber("for", {60, int64_t{30} * 24 * 3600}, hold);
  rule.min_calls = static_cast<uint64_t>(calls);
  rule.min_callers = static_cast<uint64_t>(callers);
  rule.hold = std::chrono::seconds(hold);
  object.ReadDecimal("new_callers", kShare, rule.min_new_callers);
  object.ReadDecimal("calls_per_caller", kRatio, rule.min_calls_per_caller);
  object.ReadDecimal("max_calls_per_caller", kRatio, rule.max_calls_per_caller);
  object.ReadDecimal("callees_per_call", kShare, rule.min_callees_per_call);
  object.ReadDecimal("callers_per_callee", kRatio, rule.min_callers_per_callee);
  object.ReadDecimal("rejects", kShare, rule.min_rejects);
  object.ReadDecimal("max_variation", kRatio, rule.max_variation);
  object.ReadName("action", kPoolActions, rule.action);
  NeedsASign(object, rule);
  CanBeBroken(object, rule);
  return rule;
}

}  // namespace

void ReadPoolRules(StrictObject& root, PoolRules& rules) {
  root.ReadArray("pools", [&](StrictObject& object) {
    PoolRule rule = ReadPoolRule(object);
    const bool known = std::any_of(rules.begin(), rules.end(),
                                   [&](const PoolRule& other) { return other.name == rule.name; });
    if (known && !rule.name.empty()) object.Complain("name", Quote(rule.name) + " is there twice");
    if (rules.size() == kMaxRules) object.Complain("name", "is one rule too many");
    rules.push_back(std::move(rule));
  });
}

}  // namespace callvet
