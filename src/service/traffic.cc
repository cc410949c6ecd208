// SPDX-License-Identifier: MIT
#include "service/traffic.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace callvet::service {
namespace {

constexpr std::array<std::string_view, 4> kStageNames = {"queue", "verify", "certificate", "total"};

std::string Header(std::string_view name, std::string_view type, std::string_view help) {
  std::string text = "# HELP " + std::string(name) + " " + std::string(help) + "\n# TYPE ";
  return text + std::string(name) + " " + std::string(type) + "\n";
}

// Whole numbers as they are, others with microseconds.
std::string Number(double value) {
  if (value == std::floor(value) && std::abs(value) < 1e15) {
    return std::to_string(static_cast<int64_t>(value));
  }
  return std::to_string(value);
}

std::string Seconds(int64_t microseconds) {
  return Number(static_cast<double>(microseconds) / 1e6);
}

int64_t MinuteOf(sys_seconds time) {
  return std::chrono::floor<std::chrono::minutes>(time).time_since_epoch().count();
}

// As much of a name as counts: a whole number of characters, each of which a label may have (what
// else a call says of its trunk would make the metrics unreadable).
std::string NameOfLabel(std::string_view name) {
  constexpr size_t kMaxBytes = 64;
  size_t end = std::min(name.size(), kMaxBytes);
  while (end < name.size() && end > 0 && (static_cast<uint8_t>(name[end]) & 0xC0) == 0x80) --end;
  std::string label(name.substr(0, end));
  std::replace_if(
      label.begin(), label.end(),
      [](char c) { return static_cast<uint8_t>(c) < 0x20 || c == 0x7f; }, ' ');
  return label;
}

}  // namespace

std::string LabelValue(std::string_view text) {
  std::string escaped = "\"";
  for (const char c : text) {
    if (c == '\\' || c == '"') escaped += '\\';
    if (c == '\n') {
      escaped += "\\n";
    } else {
      escaped += c;
    }
  }
  return escaped + "\"";
}

void MetricPrinter::Print(std::string_view name, std::string_view type, std::string_view help,
                          double value) {
  text_ += Header(name, type, help) + std::string(name) + " " + Number(value) + "\n";
}

void TimeHistogram::Add(std::chrono::microseconds time) {
  const auto* bound = std::lower_bound(kBoundsUs.begin(), kBoundsUs.end(), time.count());
  ++counts_[static_cast<size_t>(bound - kBoundsUs.begin())];
  sum_us_ += time.count();
}

void TimeHistogram::Print(std::string_view name, std::string_view labels, std::string& text) const {
  uint64_t count = 0;
  for (size_t i = 0; i < counts_.size(); ++i) {
    count += counts_[i];
    const std::string bound = i < kBoundsUs.size() ? Seconds(kBoundsUs[i]) : "+Inf";
    text += std::string(name) + "_bucket{" + std::string(labels) + ",le=\"" + bound + "\"} " +
            std::to_string(count) + "\n";
  }
  text += std::string(name) + "_sum{" + std::string(labels) + "} " + Seconds(sum_us_) + "\n";
  text += std::string(name) + "_count{" + std::string(labels) + "} " + std::to_string(count) + "\n";
}

void Traffic::CountName(ByName& names, const std::string& said, Verstat verstat) {
  const std::string name = NameOfLabel(said);
  auto found = names.find(name);
  if (found == names.end()) {
    found = names.try_emplace(names.size() < kMaxNames ? name : "other").first;
  }
  ++found->second[static_cast<size_t>(verstat)];
}

void Traffic::CountCall(const CallSummary& call, sys_seconds now) {
  const Verstat verstat = Info(call.reason).verstat;
  const bool known_attest = call.attest == "A" || call.attest == "B" || call.attest == "C";
  const std::lock_guard lock(mutex_);
  ++calls_[{call.reason, known_attest ? call.attest : ""}];
  if (!call.disposition.empty()) ++dispositions_[call.disposition];
  if (!call.signer.empty()) CountName(signers_, call.signer, verstat);
  if (!call.trunk.empty()) CountName(trunks_, call.trunk, verstat);
  stages_[static_cast<size_t>(Stage::kVerify)].Add(call.verify_time);
  const int64_t number = MinuteOf(now);
  Minute& minute = minutes_[static_cast<size_t>(number) % kMinutes];
  if (minute.number != number) minute = {number, {}};
  ++minute.outcomes[static_cast<size_t>(verstat)];
}

void Traffic::CountRequest(std::string_view endpoint, int status) {
  const std::lock_guard lock(mutex_);
  ++requests_[{std::string(endpoint), status}];
}

void Traffic::Observe(Stage stage, std::chrono::microseconds time) {
  const std::lock_guard lock(mutex_);
  stages_[static_cast<size_t>(stage)].Add(time);
}

std::string Traffic::MetricsText() const {
  const std::lock_guard lock(mutex_);
  std::string text = Header("callvet_calls_total", "counter", "Calls judged.");
  for (const auto& [key, count] : calls_) {
    const ReasonInfo& info = Info(key.reason);
    text += "callvet_calls_total{verstat=" + LabelValue(VerstatText(info.verstat)) +
            ",reason=" + LabelValue(info.id) + ",attest=" + LabelValue(key.attest) + "} " +
            std::to_string(count) + "\n";
  }
  text += Header("callvet_dispositions_total", "counter", "What was answered to do with calls.");
  for (const auto& [name, count] : dispositions_) {
    text += "callvet_dispositions_total{disposition=" + LabelValue(name) + "} " +
            std::to_string(count) + "\n";
  }
  const auto print_names = [&](std::string_view metric, std::string_view label,
                               std::string_view help, const ByName& names) {
    text += Header(metric, "counter", help);
    for (const auto& [name, outcomes] : names) {
      for (size_t i = 0; i < outcomes.size(); ++i) {
        if (outcomes[i] == 0) continue;
        text += std::string(metric) + "{" + std::string(label) + "=" + LabelValue(name) +
                ",verstat=" + LabelValue(VerstatText(static_cast<Verstat>(i))) + "} " +
                std::to_string(outcomes[i]) + "\n";
      }
    }
  };
  print_names("callvet_signer_calls_total", "spc",
              "Calls by signer whose chain is good, unless the signature is not its own.",
              signers_);
  print_names("callvet_trunk_calls_total", "trunk", "Calls by trunk as clients name it.", trunks_);
  text += Header("callvet_http_requests_total", "counter", "HTTP requests.");
  for (const auto& [key, count] : requests_) {
    text += "callvet_http_requests_total{endpoint=" + LabelValue(key.first) + ",status=\"" +
            std::to_string(key.second) + "\"} " + std::to_string(count) + "\n";
  }
  text += Header("callvet_stage_seconds", "histogram", "Time by stage.");
  for (size_t i = 0; i < stages_.size(); ++i) {
    stages_[i].Print("callvet_stage_seconds", "stage=" + LabelValue(kStageNames[i]), text);
  }
  return text;
}

namespace {

JsonMembers OutcomesJson(const std::array<uint64_t, 3>& outcomes) {
  return {{"passed", outcomes[static_cast<size_t>(Verstat::kTnValidationPassed)]},
          {"failed", outcomes[static_cast<size_t>(Verstat::kTnValidationFailed)]},
          {"unvalidated", outcomes[static_cast<size_t>(Verstat::kNoTnValidation)]}};
}

}  // namespace

JsonValue Traffic::NamesJson(const ByName& names) {
  JsonArray list;
  for (const auto& [name, outcomes] : names) {
    JsonMembers entry = {{"name", name}};
    for (auto& member : OutcomesJson(outcomes)) entry.push_back(std::move(member));
    list.emplace_back(std::move(entry));
  }
  return list;
}

JsonValue Traffic::Json(sys_seconds now) const {
  const std::lock_guard lock(mutex_);
  JsonArray minutes;
  for (int64_t number = MinuteOf(now) - static_cast<int64_t>(kMinutes) + 1; number <= MinuteOf(now);
       ++number) {
    const Minute& minute = minutes_[static_cast<size_t>(number) % kMinutes];
    JsonMembers entry = {{"minute", number * 60}};
    const Outcomes none{};
    for (auto& member : OutcomesJson(minute.number == number ? minute.outcomes : none)) {
      entry.push_back(std::move(member));
    }
    minutes.emplace_back(std::move(entry));
  }
  std::map<Reason, uint64_t> by_reason;
  std::map<std::string, uint64_t> by_attest;
  for (const auto& [key, count] : calls_) {
    by_reason[key.reason] += count;
    by_attest[key.attest] += count;
  }
  JsonArray reasons;
  for (const auto& [reason, count] : by_reason) {
    reasons.push_back(JsonMembers{{"reason", Info(reason).id},
                                  {"verstat", VerstatText(Info(reason).verstat)},
                                  {"calls", count}});
  }
  JsonArray attests;
  for (const auto& [attest, count] : by_attest) {
    attests.push_back(JsonMembers{{"attest", attest}, {"calls", count}});
  }
  return JsonMembers{{"minutes", std::move(minutes)},
                     {"reasons", std::move(reasons)},
                     {"attests", std::move(attests)},
                     {"signers", NamesJson(signers_)},
                     {"trunks", NamesJson(trunks_)}};
}

}  // namespace callvet::service
