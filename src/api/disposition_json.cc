// SPDX-License-Identifier: MIT
#include "api/disposition_json.h"

namespace callvet {
namespace {

JsonValue TextOrNull(std::string_view text) {
  return text.empty() ? JsonValue() : JsonValue(text);
}

JsonValue NumberOrNull(size_t number) {
  return number == 0 ? JsonValue() : JsonValue(number);
}

template <class Range>
JsonValue Texts(const Range& texts) {
  JsonArray array;
  for (const auto& text : texts) array.emplace_back(text);
  return array;
}

JsonValue VerstatJson(const std::optional<VerstatMark>& mark) {
  if (!mark) return {};
  const bool from = mark->header == VerstatMark::Header::kFrom;
  const bool user = mark->place == VerstatMark::Place::kUserPart;
  return JsonMembers{{"value", mark->value},
                     {"header", from ? "from" : "p-asserted-identity"},
                     {"place", user ? "user" : "uri-parameter"},
                     {"identities", Texts(mark->identities)}};
}

JsonValue StepJson(const RuleStep& step) {
  const bool broken = step.outcome == RuleStep::Outcome::kBroken;
  return JsonMembers{{"rule", step.rule},
                     {"clause", step.clause},
                     {"outcome", RuleOutcomeText(step.outcome)},
                     {"reason", broken ? JsonValue(Info(step.reason).id) : JsonValue()},
                     {"action", broken ? JsonValue(ActionText(step.action)) : JsonValue()},
                     {"detail", TextOrNull(step.detail)}};
}

}  // namespace

JsonValue DispositionJson(const Disposition& disposition) {
  JsonArray steps;
  for (const RuleStep& step : disposition.steps) steps.push_back(StepJson(step));
  const bool broken = disposition.reason != Reason::kNone;
  return JsonMembers{
      {"action", ActionText(disposition.action)},
      {"reason", broken ? JsonValue(Info(disposition.reason).id) : JsonValue()},
      {"sip", JsonMembers{{"code", NumberOrNull(disposition.sip_code)},
                          {"phrase", TextOrNull(disposition.Phrase())}}},
      {"wanted", ActionText(disposition.wanted)},
      {"mode", PolicyModeText(disposition.mode)},
      {"trunk", TextOrNull(disposition.trunk)},
      {"emergency", disposition.emergency},
      {"irregular", disposition.irregular ? JsonValue(IrregularCallerText(*disposition.irregular))
                                          : JsonValue()},
      {"reason_headers", Texts(disposition.reason_headers)},
      {"verstat", VerstatJson(disposition.verstat)},
      {"strip_parameters", Texts(Disposition::kStripParameters)},
      {"strip_headers", Texts(disposition.strip_headers)},
      {"steps", std::move(steps)}};
}

JsonValue PolicyProblemJson(const PolicyProblem& problem) {
  return JsonMembers{{"file", problem.file},
                     {"line", NumberOrNull(problem.line)},
                     {"column", NumberOrNull(problem.column)},
                     {"key", TextOrNull(problem.key)},
                     {"message", problem.message}};
}

}  // namespace callvet
