// SPDX-License-Identifier: MIT
#include <algorithm>

#include "callvet/rotation.h"

namespace callvet {
namespace {

constexpr std::array<std::string_view, kSourceKinds> kKindTexts = {"origid", "signer", "trunk"};

double Ratio(uint64_t a, uint64_t b) {
  return b == 0 ? 0 : static_cast<double>(a) / static_cast<double>(b);
}

}  // namespace

std::string_view SourceKindText(SourceKind kind) {
  return kKindTexts.at(static_cast<size_t>(kind));
}

std::optional<SourceKind> FindSourceKind(std::string_view text) {
  const auto* found = std::find(kKindTexts.begin(), kKindTexts.end(), text);
  if (found == kKindTexts.end()) return std::nullopt;
  return static_cast<SourceKind>(found - kKindTexts.begin());
}

std::string_view PoolActionText(PoolAction action) {
  switch (action) {
    case PoolAction::kReport:
      return "report";
    case PoolAction::kTag:
      return "tag";
    case PoolAction::kReject:
      return "reject";
  }
  return "reject";
}

bool PoolRule::AppliesTo(const CallSource& source) const {
  return kinds.at(static_cast<size_t>(source.kind)) &&
         std::find(except.begin(), except.end(), source.value) == except.end();
}

bool PoolRule::Matches(const PoolFigures& figures) const {
  if (figures.calls < min_calls || figures.callers < min_callers) return false;
  const auto at_least = [](const std::optional<double>& least, double value) {
    return !least || value >= *least;
  };
  // What is not known breaks no rule.
  if (min_new_callers &&
      (!figures.new_callers || Ratio(*figures.new_callers, figures.callers) < *min_new_callers)) {
    return false;
  }
  if (max_variation && (!figures.variation || *figures.variation > *max_variation)) return false;
  const double per_caller = Ratio(figures.calls, figures.callers);
  if (max_calls_per_caller && per_caller > *max_calls_per_caller) return false;
  return at_least(min_calls_per_caller, per_caller) &&
         at_least(min_callees_per_call, Ratio(figures.callees, figures.calls)) &&
         at_least(min_callers_per_callee, Ratio(figures.callers, figures.callees)) &&
         at_least(min_rejects, Ratio(figures.rejects, figures.calls));
}

}  // namespace callvet
