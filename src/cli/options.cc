// SPDX-License-Identifier: MIT
#include "cli/options.h"

#include <filesystem>
#include <system_error>

#include <CLI/CLI.hpp>

#include "base/file.h"
#include "base/text.h"

namespace callvet::cli {

void TakeOneValueEach(CLI::App& command) {
  const auto not_empty = [](const std::string& value) {
    return value.empty() ? std::string("the value is empty") : std::string();
  };
  for (CLI::Option* option : command.get_options()) {
    if (option->get_type_size() == 0) continue;  // a flag
    option->allow_extra_args(false);
    option->check(not_empty, "");
  }
}

Result<const DialPlan*> CountryOption(const std::string& country) {
  if (country.empty()) return static_cast<const DialPlan*>(nullptr);
  if (const DialPlan* plan = FindDialPlan(country)) return plan;
  std::string known;
  for (const DialPlan& plan : AllDialPlans()) known += " " + std::string(plan.iso);
  return Fail(Reason::kParameterInvalid, "--country " + Quote(country) +
                                             " is not known; known are" + known +
                                             " and their country codes");
}

Result<sys_seconds> TimeOption(const std::string& text, sys_seconds fallback) {
  if (text.empty()) return fallback;
  return ParseTime(text);
}

Failure InOption(std::string_view option, Failure failure) {
  failure.detail = std::string(option) + ": " + failure.detail;
  return failure;
}

Result<std::string> TextArgument(const std::string& argument) {
  constexpr size_t kMaxText = size_t{4} * 1024 * 1024;
  if (argument != "-") return argument;
  return ReadFile("-", kMaxText);
}

void WarnOfFileName(const std::string& argument, const Console& console) {
  std::error_code none;
  if (argument == "-" || !std::filesystem::is_regular_file(argument, none)) return;
  console.Warn(Quote(argument) +
               " is taken as an Identity header; the file of this name is read by "
               "--identity-file");
}

}  // namespace callvet::cli
