// SPDX-License-Identifier: MIT
#include "api/token_dissection_json.h"

#include <string>

#include "base/text.h"

namespace callvet {
namespace {

// "2022-06-29T20:25:36Z, 12 days ago".
std::string TimeInWords(int64_t seconds, sys_seconds now) {
  constexpr int64_t kHour = 3600;
  constexpr int64_t kDay = 24 * kHour;
  if (seconds < 0 || seconds > kLastSecond) return "no time of this world";
  const sys_seconds time{std::chrono::seconds(seconds)};
  const int64_t age = (now - time).count();
  const int64_t distance = age < 0 ? -age : age;
  std::string words = std::to_string(distance) + " s";
  if (distance >= 2 * kDay) {
    words = std::to_string(distance / kDay) + " days";
  } else if (distance >= 2 * kHour) {
    words = std::to_string(distance / kHour) + " hours";
  } else if (distance >= 120) {
    words = std::to_string(distance / 60) + " minutes";
  }
  return FormatTime(time) + ", " + words + (age < 0 ? " from now" : " ago");
}

JsonValue PartJson(const std::optional<JsonValue>& json) {
  return json ? *json : JsonValue();
}

JsonValue SignatureJson(const std::optional<std::string>& signature) {
  if (!signature) return {};
  return JsonMembers{{"bytes", signature->size()}, {"hex", ToHex(*signature)}};
}

}  // namespace

JsonMembers DissectionTimes(const TokenDissection& dissection, sys_seconds now) {
  JsonMembers times;
  for (const std::string_view name : {"iat", "exp", "nbf"}) {
    const JsonValue* claim = dissection.payload ? dissection.payload->Find(name) : nullptr;
    int64_t seconds = 0;
    if (claim != nullptr && claim->GetInt(seconds)) {
      times.emplace_back(name, TimeInWords(seconds, now));
    }
  }
  return times;
}

JsonValue DissectionJson(const TokenDissection& dissection, sys_seconds now) {
  JsonMembers parameters;
  for (const auto& [name, value] : dissection.parameters) parameters.emplace_back(name, value);
  JsonArray problems;
  for (const auto& problem : dissection.problems) {
    problems.push_back(JsonMembers{{"part", problem.part},
                                   {"reason", Info(problem.failure.reason).id},
                                   {"detail", problem.failure.detail}});
  }
  return JsonMembers{
      {"form", dissection.form.empty() ? JsonValue() : JsonValue(dissection.form)},
      {"parameters", std::move(parameters)},
      {"header", PartJson(dissection.header)},
      {"payload", PartJson(dissection.payload)},
      {"signature", SignatureJson(dissection.signature)},
      {"times", DissectionTimes(dissection, now)},
      {"problems", std::move(problems)},
      {"opt", dissection.opt.empty() ? JsonValue() : DissectionJson(dissection.opt.front(), now)}};
}

}  // namespace callvet
