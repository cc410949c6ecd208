// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <cstdio>

#include "base/file.h"
#include "base/text.h"
#include "policy/policy_data.h"
#include "policy/pool_rule_file.h"
#include "policy/strict_object.h"
#include "policy/trunk_settings.h"

namespace callvet {
namespace {

namespace fs = std::filesystem;

// A policy is written by people; a million members are not.
constexpr JsonLimits kPolicyLimits{.max_bytes = size_t{4} * 1024 * 1024};

constexpr auto kUnassigned = std::to_array<NamedValue<UnassignedNumbers>>({
    {"allow", UnassignedNumbers::kAllow},
    {"reject", UnassignedNumbers::kReject},
});
constexpr auto kSummerTimes = std::to_array<NamedValue<SummerTime>>({
    {"none", SummerTime::kNone},
    {"us", SummerTime::kUs},
    {"eu", SummerTime::kEu},
});

// As TNAuthLists have them: a few letters and digits.
bool IsSpc(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return IsAlpha(c) || IsDigit(c); });
}

// One policy while it is read.
class PolicyReader {
 public:
  PolicyReader(const fs::path& folder, std::vector<PolicyProblem>& problems)
      : folder_(folder), problems_(problems) {}

  void Read(StrictObject& root) {
    ReadCountry(root);
    ReadPlans(root);
    root.ReadObject("emergency", [this](StrictObject& object) { ReadEmergency(object); });
    ReadTimeZones(root);
    root.ReadObject("holders", [this](StrictObject& object) { ReadHolders(object); });
    for (const std::string_view section : {"registry", "marketing"}) NeedsCountry(root, section);
    root.ReadObject("registry", [this](StrictObject& object) { ReadRegistry(object); });
    root.ReadObject("marketing", [this](StrictObject& object) { ReadMarketing(object); });
    ReadPoolRules(root, policy_->pool_rules);
    root.ReadObject("default",
                    [this](StrictObject& object) { ReadSettings(object, policy_->defaults); });
    root.ReadObject("trunks", [this](StrictObject& object) { ReadTrunks(object); });
    root.Finish();
  }

  // Names of holders that no table has, to `problems`.
  void FindStrangers(ProblemList& problems) const {
    if (!policy_->registry) return;
    const auto holders = policy_->registry->Holders();
    const std::vector<std::string_view> known(holders.begin(), holders.end());
    const auto check = [&](const std::string& pointer, std::string_view name) {
      if (name.empty() || holders.count(name) != 0) return;
      const std::string_view nearest = NearestWord(name, known);
      problems.Add(pointer, Quote(name) + " holds no number of the registry" +
                                (nearest.empty() ? "" : "; near is " + Quote(nearest)));
    };
    for (const auto& [name, info] : policy_->holders) {
      // A customer of consent lists alone has no ranges.
      if (!policy_->call_lists) check("/holders/" + name, name);
    }
    if (policy_->call_lists) {
      // Who calls without holding numbers is named elsewhere in the policy.
      for (const std::string_view name : policy_->call_lists->Holders()) {
        if (!IsKnownParty(name)) check("/marketing/lists", name);
      }
    }
    check("/default/customer", policy_->defaults.customer);
    for (const auto& [name, settings] : policy_->trunks) {
      if (settings.customer != policy_->defaults.customer) {
        check("/trunks/" + name + "/customer", settings.customer);
      }
    }
  }

  std::shared_ptr<const Policy> Take() { return std::move(policy_); }

 private:
  [[nodiscard]] bool IsKnownParty(std::string_view name) const {
    const auto& holders = policy_->holders;
    const auto& trunks = policy_->trunks;
    return holders.find(name) != holders.end() || policy_->defaults.customer == name ||
           std::any_of(trunks.begin(), trunks.end(),
                       [&](const auto& trunk) { return trunk.second.customer == name; }) ||
           std::any_of(holders.begin(), holders.end(), [&](const auto& holder) {
             const auto& spcs = holder.second.spcs;
             return std::find(spcs.begin(), spcs.end(), name) != spcs.end();
           });
  }

  // Without dialling rules one number has many spellings, of which a table knows one.
  void NeedsCountry(StrictObject& object, std::string_view name) {
    if (policy_->dial_plan == nullptr && object.Has(name)) {
      object.Complain(name, "needs \"country\": its dialling rules");
    }
  }

  void ReadCountry(StrictObject& root) {
    std::string country;
    root.Read("country", country);
    if (!country.empty()) {
      policy_->dial_plan = FindDialPlan(country);
      if (policy_->dial_plan == nullptr) {
        return root.Complain("country", Quote(country) + " has no dialling rules here");
      }
      policy_->country = std::string(policy_->dial_plan->iso);
    }
    policy_->emergency_numbers = EmergencyNumbers(policy_->dial_plan);
  }

  void ReadPlans(StrictObject& root) {
    std::vector<std::string> names;
    root.Read("number_plans", names);
    for (size_t i = 0; i < names.size(); ++i) {
      const std::string key = "number_plans/" + std::to_string(i);
      auto plan = LoadPlan(names[i]);
      if (!plan) {
        root.Complain(key, names[i] + ": " + plan.error().detail);
        continue;
      }
      if (policy_->dial_plan == nullptr && i == 0) {
        root.Complain(key, "a number plan needs \"country\": its dialling rules");
      }
      for (const std::string& number : plan->emergency_numbers()) {
        policy_->emergency_numbers.Add(number);
      }
      zones_.insert(zones_.end(), plan->zones().begin(), plan->zones().end());
      policy_->plans.push_back(std::move(*plan));
    }
    CheckHomePlan(root);
  }

  void CheckHomePlan(StrictObject& root) {
    if (policy_->plans.empty() || policy_->dial_plan == nullptr) return;
    if (policy_->plans.front().country_code() != policy_->dial_plan->country_code) {
      root.Complain("number_plans/0", "the first plan must be that of \"country\"");
    }
  }

  Result<NumberPlan> LoadPlan(const std::string& name) {
    const std::string_view built_in = NumberPlan::BuiltIn(name);
    if (!built_in.empty()) return NumberPlan::Parse(built_in);
    if (name.find('.') == std::string::npos && name.find('/') == std::string::npos) {
      std::string known;
      for (const std::string_view plan : BuiltInPlans()) known.append(" ").append(plan);
      return Fail(Reason::kConfigInvalid,
                  "no plan of that name; built in are" + known + ", others are files");
    }
    const auto text = ReadFile(folder_ / name);
    if (!text) return text.error();
    return NumberPlan::Parse(*text);
  }

  void ReadEmergency(StrictObject& object) {
    std::vector<std::string> numbers;
    object.Read("numbers", numbers);
    for (size_t i = 0; i < numbers.size(); ++i) {
      const auto number = TelephoneNumber::Parse(numbers[i], policy_->dial_plan);
      if (!number) {
        object.Complain("numbers/" + std::to_string(i), number.error().detail);
        continue;
      }
      AddEmergency(number->canonical());
    }
  }

  // A code behind an area's ("0755110") also with the country code in front, with and without the
  // prefix of the area.
  void AddEmergency(const std::string& number) {
    policy_->emergency_numbers.Add(number);
    const DialPlan* plan = policy_->dial_plan;
    if (plan == nullptr || plan->national_prefix.empty()) return;
    if (!number.starts_with(plan->national_prefix)) return;
    const std::string country(plan->country_code);
    policy_->emergency_numbers.Add(country + number);
    policy_->emergency_numbers.Add(country + number.substr(plan->national_prefix.size()));
  }

  void ReadTimeZones(StrictObject& root) {
    std::vector<TimeZones::Zone> zones;
    root.ReadArray("time_zones", [&](StrictObject& object) {
      TimeZones::Zone zone;
      std::string prefix;
      std::string offset;
      object.Read("prefix", prefix);
      object.Read("utc_offset", offset);
      object.ReadName("summer_time", kSummerTimes, zone.summer_time);
      const auto key = ReadTableNumber(prefix, nullptr);
      if (!key) object.Complain("prefix", "must be the first digits of numbers, with '+'");
      const auto minutes = ParseUtcOffset(offset);
      if (!minutes) object.Complain("utc_offset", minutes.error().detail);
      if (!key || !minutes) return;
      zone.prefix = prefix.substr(1);
      if (std::any_of(zones.begin(), zones.end(),
                      [&](const auto& other) { return other.prefix == zone.prefix; })) {
        return object.Complain("prefix", "has a zone already");
      }
      zone.utc_offset = *minutes;
      zones.push_back(std::move(zone));
    });
    // The operator's zones come first: of prefixes that are equal the first counts.
    zones.insert(zones.end(), zones_.begin(), zones_.end());
    policy_->time_zones = TimeZones(std::move(zones));
  }

  void ReadHolders(StrictObject& holders) {
    holders.ReadEach([this](const std::string& name, StrictObject& object) {
      HolderInfo info;
      object.Read("spcs", info.spcs);
      for (const std::string& spc : info.spcs) {
        if (!IsSpc(spc)) object.Complain("spcs", Quote(spc) + " is no service provider code");
      }
      bool marketing = false;
      object.Read("marketing", marketing);
      if (marketing) policy_->marketing_holders.insert(name);
      policy_->holders.emplace(name, std::move(info));
    });
  }

  [[nodiscard]] std::vector<fs::path> Paths(const std::vector<std::string>& names) const {
    std::vector<fs::path> paths;
    paths.reserve(names.size());
    for (const std::string& name : names) paths.push_back(folder_ / name);
    return paths;
  }

  void ReadRegistry(StrictObject& object) {
    std::vector<std::string> files;
    std::vector<std::string> do_not_originate;
    object.Read("files", files);
    object.Read("do_not_originate", do_not_originate);
    object.ReadName("unassigned", kUnassigned, policy_->unassigned);
    if (files.empty() && do_not_originate.empty()) {
      object.Complain("files", "a registry without a table decides nothing");
    }
    if (files.empty() && policy_->unassigned == UnassignedNumbers::kReject) {
      object.Complain("unassigned", "\"reject\" needs \"files\": nobody would hold any number");
    }
    has_ranges_ = !files.empty();
    if (has_ranges_) {
      policy_->registry = NumberRegistry::Read(Paths(files), policy_->dial_plan, problems_);
    }
    if (!do_not_originate.empty()) {
      policy_->do_not_originate =
          NumberRegistry::Read(Paths(do_not_originate), policy_->dial_plan, problems_);
    }
  }

  void ReadMarketing(StrictObject& object) {
    std::vector<std::string> lists;
    std::string hours;
    object.Read("lists", lists);
    object.Read("hours", hours);
    if (!hours.empty()) {
      const auto range = HourRange::Parse(hours);
      if (!range) return object.Complain("hours", range.error().detail);
      policy_->marketing_hours = *range;
    }
    // Without lists nobody has consented: the rule is on as soon as the section is there.
    policy_->call_lists = CallLists::Read(Paths(lists), policy_->dial_plan, problems_);
  }

  void ReadSettings(StrictObject& object, TrunkSettings& settings) {
    ReadTrunkSettings(object, settings);
    if (settings.origin == TrunkOrigin::kInternational) NeedsCountry(object, "origin");
    if (settings.other_numbers == OtherNumbers::kReject && policy_->plans.empty()) {
      object.Complain("other_numbers", "needs \"number_plans\": what is a number");
    }
    if (!has_ranges_ && object.Has("customer")) {
      object.Complain("customer", "needs the files of \"registry\": which numbers are its own");
    }
  }

  void ReadTrunks(StrictObject& trunks) {
    trunks.ReadEach([&](const std::string& name, StrictObject& object) {
      if (name.empty())
        trunks.Complain(name, "a trunk needs a name; \"default\" is for calls without");
      TrunkSettings settings = policy_->defaults;
      settings.name = name;
      ReadSettings(object, settings);
      policy_->trunks.emplace(name, std::move(settings));
    });
  }

  const fs::path& folder_;
  std::vector<PolicyProblem>& problems_;
  std::vector<TimeZones::Zone> zones_;  // of the number plans
  bool has_ranges_ = false;             // the registry names files, good or not
  std::shared_ptr<Policy> policy_ = std::make_shared<Policy>();
};

// `detail` begins with the place, as ReadJsonWithComments says.
PolicyProblem SyntaxProblem(const std::string& file, const std::string& detail) {
  PolicyProblem problem{file, 0, 0, "", detail};
  int end = 0;
  // NOLINTNEXTLINE(cert-err34-c): all of the prefix must be there, or nothing is used
  if (std::sscanf(detail.c_str(), "line %zu, column %zu: %n", &problem.line, &problem.column,
                  &end) == 2 &&
      end > 0) {
    problem.message = detail.substr(static_cast<size_t>(end));
  }
  return problem;
}

LoadedPolicy Parse(std::string_view text, const fs::path& folder, const std::string& file) {
  LoadedPolicy loaded;
  const auto document = ReadJsonWithComments(WithoutByteOrderMark(text), kPolicyLimits);
  if (!document) {
    loaded.problems.push_back(SyntaxProblem(file, document.error().detail));
    return loaded;
  }
  ProblemList problems(file, *document, loaded.problems);
  StrictObject root(document->root, "", problems);
  PolicyReader reader(folder, loaded.problems);
  reader.Read(root);
  if (!loaded.problems.empty()) return loaded;
  ProblemList warnings(file, *document, loaded.warnings);
  reader.FindStrangers(warnings);
  loaded.policy = reader.Take();
  return loaded;
}

}  // namespace

LoadedPolicy ParsePolicy(std::string_view text, const fs::path& folder) {
  return Parse(text, folder, "policy");
}

LoadedPolicy LoadPolicy(const fs::path& file) {
  const auto text = ReadFile(file);
  if (!text) {
    std::string detail = text.error().detail;  // which begins with the file's name
    if (detail.starts_with(file.string() + ": ")) detail.erase(0, file.string().size() + 2);
    return {nullptr, {{file.string(), 0, 0, "", std::move(detail)}}, {}};
  }
  return Parse(*text, file.parent_path(), file.string());
}

std::string PolicyProblemText(const PolicyProblem& problem) {
  std::string text = problem.file;
  if (problem.line != 0) text.append(":").append(std::to_string(problem.line));
  if (problem.column != 0) text.append(":").append(std::to_string(problem.column));
  text += ": ";
  if (!problem.key.empty()) text += problem.key + ": ";
  return text + problem.message;
}

}  // namespace callvet
