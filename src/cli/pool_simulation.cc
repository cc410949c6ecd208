// SPDX-License-Identifier: MIT
#include "cli/pool_simulation.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "api/object_reader.h"

namespace callvet::cli {
namespace {

constexpr std::string_view kHistory = "history";  // calls that only teach which numbers there are

struct SimulatedCall {
  CountedCall call;
  std::string label;
  std::string actor;
};

Result<CallTime> TimeOfLine(const JsonValue* value) {
  int64_t whole = 0;
  double seconds = 0;
  if (value != nullptr && value->GetInt(whole)) {
    seconds = static_cast<double>(whole);
  } else if (const auto* real =
                 value != nullptr ? std::get_if<JsonReal>(&value->storage()) : nullptr) {
    seconds = real->value;
  } else {
    return Fail(Reason::kFileInvalid, "time: seconds since 1970 are missing");
  }
  if (!(seconds > 0 && seconds < 1e11)) return Fail(Reason::kFileInvalid, "time: out of range");
  return CallTime(std::chrono::milliseconds(static_cast<int64_t>(std::llround(seconds * 1000))));
}

Result<SimulatedCall> ReadSimulatedCall(std::string_view line) {
  const auto json = ReadJson(line);
  if (!json) return Fail(Reason::kFileInvalid, json.error().detail);
  ObjectReader reader(*json, "", Reason::kFileInvalid);
  SimulatedCall read;
  CountedCall& call = read.call;
  bool verified = false;
  bool refused = false;
  const auto time = TimeOfLine(reader.Value("time"));
  if (!time) return time.error();
  call.time = *time;
  reader.Text("class", read.label);
  reader.Text("actor", read.actor);
  reader.Text("caller", call.caller);
  reader.Text("callee", call.callee);
  reader.Text("origid", call.origid);
  reader.Text("signer", call.signer);
  reader.Text("trunk", call.trunk);
  reader.Flag("verified", verified);
  reader.Flag("refused", refused);
  if (auto ok = reader.Finish(); !ok) return ok.error();
  if (!verified) {
    call.origid.clear();
    call.signer.clear();
  }
  if (refused) call.outcome = CountedCall::Outcome::kRefused;
  return read;
}

double Share(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

bool PoolSimulation::ExceedsNumberRule(const CountedCall& call) {
  std::deque<CallTime>& times = numbers_[call.caller];
  times.push_back(call.time);
  while (times.front() <= call.time - number_rule_.window) times.pop_front();
  return times.size() > number_rule_.calls;
}

Result<void> PoolSimulation::Add(std::string_view line) {
  auto read = ReadSimulatedCall(line);
  if (!read) return read.error();
  const CountedCall& call = read->call;
  if (call.time < last_) return Fail(Reason::kFileInvalid, "time: before that of the last call");
  last_ = call.time;
  const auto hit = pools_.Check(call);
  const bool number_hit = ExceedsNumberRule(call);
  pools_.Count(call, rules_);
  if (read->label == kHistory) return {};
  Class& counted = classes_[read->label];
  Actor& actor = counted.actors[read->actor];
  ++counted.calls;
  if (!actor.first) actor.first = call.time;
  if (number_hit) {
    ++counted.number_hits;
    actor.number_flagged = true;
  }
  if (hit) {
    ++counted.hits;
    if (!actor.flagged) actor.flagged = call.time;
    sources_[{std::string(SourceKindText(hit->source.kind)), hit->source.value}].insert(hit->rule);
  }
  return {};
}

JsonValue PoolSimulation::Report() const {
  JsonMembers classes;
  for (const auto& [label, counted] : classes_) {
    uint64_t flagged = 0;
    uint64_t number_flagged = 0;
    double slowest = 0;
    for (const auto& [name, actor] : counted.actors) {
      if (actor.number_flagged) ++number_flagged;
      if (!actor.flagged) continue;
      ++flagged;
      const std::chrono::duration<double> time = *actor.flagged - *actor.first;
      slowest = std::max(slowest, time.count());
    }
    classes.emplace_back(
        label, JsonMembers{{"calls", counted.calls},
                           {"calls_hit", counted.hits},
                           {"hit_rate", Share(counted.hits, counted.calls)},
                           {"actors", counted.actors.size()},
                           {"actors_flagged", flagged},
                           {"seconds_to_flag", flagged == 0 ? JsonValue() : JsonValue(slowest)},
                           {"per_number",
                            JsonMembers{{"calls_hit", counted.number_hits},
                                        {"hit_rate", Share(counted.number_hits, counted.calls)},
                                        {"actors_flagged", number_flagged}}}});
  }
  JsonArray sources;
  for (const auto& [source, rules] : sources_) {
    JsonArray names;
    for (const std::string& rule : rules) names.emplace_back(rule);
    sources.push_back(
        JsonMembers{{"kind", source.first}, {"value", source.second}, {"rules", std::move(names)}});
  }
  const PoolStatistics statistics = pools_.Statistics();
  return JsonMembers{{"classes", std::move(classes)},
                     {"flagged_sources", std::move(sources)},
                     {"sources", statistics.sources},
                     {"bytes", statistics.bytes},
                     {"evicted", statistics.evicted}};
}

}  // namespace callvet::cli
