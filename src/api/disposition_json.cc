// SPDX-License-Identifier: MIT
#include "api/disposition_json.h"

namespace callvet {
namespace {

void WriteVerstat(const std::optional<VerstatMark>& mark, JsonStream& json) {
  json.Name("verstat");
  if (!mark) return json.Null();
  const bool from = mark->header == VerstatMark::Header::kFrom;
  const bool user = mark->place == VerstatMark::Place::kUserPart;
  json.Open();
  json.AddString("value", mark->value);
  json.AddString("header", from ? "from" : "p-asserted-identity");
  json.AddString("place", user ? "user" : "uri-parameter");
  json.AddStrings("identities", mark->identities);
  json.Close();
}

void WriteStep(const RuleStep& step, JsonStream& json) {
  const bool broken = step.outcome == RuleStep::Outcome::kBroken;
  json.Open();
  json.AddString("rule", step.rule);
  json.AddString("clause", step.clause);
  json.AddString("outcome", RuleOutcomeText(step.outcome));
  json.AddTextOrNull("reason", broken ? Info(step.reason).id : std::string_view());
  json.AddTextOrNull("action", broken ? ActionText(step.action) : std::string_view());
  json.AddTextOrNull("detail", step.detail);
  json.Close();
}

}  // namespace

void WriteDisposition(const Disposition& disposition, JsonStream& json) {
  const bool broken = disposition.reason != Reason::kNone;
  json.Open();
  json.AddString("action", ActionText(disposition.action));
  json.AddTextOrNull("reason", broken ? Info(disposition.reason).id : std::string_view());
  json.Name("sip");
  json.Open();
  json.AddNumberOrNull("code", disposition.sip_code);
  json.AddTextOrNull("phrase", disposition.Phrase());
  json.Close();
  json.AddString("wanted", ActionText(disposition.wanted));
  json.AddString("mode", PolicyModeText(disposition.mode));
  json.AddTextOrNull("trunk", disposition.trunk);
  json.Name("emergency");
  json.Bool(disposition.emergency);
  json.AddTextOrNull("irregular", disposition.irregular
                                      ? IrregularCallerText(*disposition.irregular)
                                      : std::string_view());
  json.AddStrings("reason_headers", disposition.reason_headers);
  WriteVerstat(disposition.verstat, json);
  json.AddStrings("strip_parameters", Disposition::kStripParameters);
  json.AddStrings("strip_headers", disposition.strip_headers);
  json.Name("steps");
  json.OpenArray();
  for (const RuleStep& step : disposition.steps) WriteStep(step, json);
  json.CloseArray();
  json.Close();
}

JsonValue DispositionJson(const Disposition& disposition) {
  JsonStream json;
  WriteDisposition(disposition, json);
  return ReadOwnJson(json.text());
}

JsonValue PolicyProblemJson(const PolicyProblem& problem) {
  return JsonMembers{{"file", problem.file},
                     {"line", problem.line == 0 ? JsonValue() : JsonValue(problem.line)},
                     {"column", problem.column == 0 ? JsonValue() : JsonValue(problem.column)},
                     {"key", problem.key.empty() ? JsonValue() : JsonValue(problem.key)},
                     {"message", problem.message}};
}

}  // namespace callvet
