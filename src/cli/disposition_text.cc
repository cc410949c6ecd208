// SPDX-License-Identifier: MIT
#include "cli/disposition_text.h"

#include <algorithm>
#include <ostream>
#include <string>

namespace callvet::cli {
namespace {

std::string_view ActionWord(Action action) {
  switch (action) {
    case Action::kPass:
      return "PASS";
    case Action::kTag:
      return "TAG";
    case Action::kReject:
      return "REJECT";
  }
  return "REJECT";
}

Colour ActionColour(Action action) {
  switch (action) {
    case Action::kPass:
      return Colour::kGreen;
    case Action::kTag:
      return Colour::kYellow;
    case Action::kReject:
      return Colour::kRed;
  }
  return Colour::kRed;
}

std::string AnswerText(const Disposition& disposition) {
  if (disposition.reason == Reason::kNone) return "no rule was broken";
  return std::string(Info(disposition.reason).id) + " (" + std::to_string(disposition.sip_code) +
         " " + ForTerminal(disposition.Phrase()) + ")";
}

void PrintSummary(const Console& console, const Disposition& disposition) {
  console.out() << "Disposition: "
                << console.Paint(ActionColour(disposition.action), ActionWord(disposition.action))
                << " " << AnswerText(disposition) << "; mode " << PolicyModeText(disposition.mode);
  if (disposition.trunk.empty()) {
    console.out() << "; default settings";
  } else {
    console.out() << "; trunk " << ForTerminal(disposition.trunk);
  }
  if (disposition.wanted != disposition.action) {
    console.out() << "; the rules ask for " << ActionText(disposition.wanted);
  }
  if (disposition.emergency) console.out() << "; emergency, never rejected";
  if (disposition.irregular) {
    console.out() << "; irregular caller: " << IrregularCallerText(*disposition.irregular);
  }
  console.out() << "\n";
}

void PrintSteps(const Console& console, const Disposition& disposition, RuleLines lines) {
  constexpr size_t kOutcomeWidth = 16;
  constexpr size_t kRuleWidth = 18;
  for (const RuleStep& step : disposition.steps) {
    const bool broken = step.outcome == RuleStep::Outcome::kBroken;
    if (!broken && lines == RuleLines::kBroken) continue;
    std::string outcome(RuleOutcomeText(step.outcome));
    outcome.resize(std::max(kOutcomeWidth, outcome.size()), ' ');
    std::string rule(step.rule);
    rule.resize(std::max(kRuleWidth, rule.size()), ' ');
    console.out() << "  " << console.Paint(broken ? Colour::kRed : Colour::kNone, outcome) << rule;
    if (broken) {
      console.out() << Info(step.reason).id << ", wants " << ActionText(step.action) << ": ";
    }
    console.out() << ForTerminal(step.detail)
                  << console.Paint(Colour::kGrey, "  [" + std::string(step.clause) + "]") << "\n";
  }
}

}  // namespace

void PrintDisposition(const Console& console, const Disposition& disposition, RuleLines lines) {
  PrintSummary(console, disposition);
  PrintSteps(console, disposition, lines);
  for (const std::string& header : disposition.reason_headers) {
    console.out() << "  Reason: " << ForTerminal(header) << "\n";
  }
  if (disposition.verstat) {
    const VerstatMark& mark = *disposition.verstat;
    console.out() << "  verstat=" << mark.value << " into "
                  << (mark.header == VerstatMark::Header::kFrom ? "From" : "P-Asserted-Identity")
                  << (mark.place == VerstatMark::Place::kUserPart ? ", user part"
                                                                  : ", URI parameter")
                  << "\n";
  }
}

}  // namespace callvet::cli
