// SPDX-License-Identifier: MIT
#include "cli/lint_text.h"

namespace callvet::cli {

std::string_view LevelName(LintLevel level) {
  switch (level) {
    case LintLevel::kPass:
      return "pass";
    case LintLevel::kNotApplicable:
      return "not-applicable";
    case LintLevel::kNotice:
      return "notice";
    case LintLevel::kWarning:
      return "warning";
    case LintLevel::kError:
      return "error";
  }
  return "error";
}

Colour LevelColour(LintLevel level) {
  switch (level) {
    case LintLevel::kPass:
      return Colour::kGreen;
    case LintLevel::kNotApplicable:
      return Colour::kGrey;
    case LintLevel::kNotice:
    case LintLevel::kWarning:
      return Colour::kYellow;
    case LintLevel::kError:
      return Colour::kRed;
  }
  return Colour::kRed;
}

JsonValue FindingJson(const LintFinding& finding) {
  return JsonMembers{{"level", LevelName(finding.level)},
                     {"id", finding.id},
                     {"rule", finding.rule},
                     {"clause", finding.clause},
                     {"found", finding.found}};
}

}  // namespace callvet::cli
