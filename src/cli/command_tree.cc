// SPDX-License-Identifier: MIT
#include "cli/command_tree.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <CLI/CLI.hpp>

namespace callvet::cli {
namespace {

std::vector<std::string> Split(std::string_view text, char separator) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == separator) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

// "root|intermediate|leaf" and "A|B|C" are the values themselves, "F|URL" is not.
bool AreChoices(const std::vector<std::string>& parts) {
  const bool letters = std::all_of(parts.begin(), parts.end(), [](const std::string& part) {
    return part.size() == 1 && part != "F";
  });
  const bool words = std::all_of(parts.begin(), parts.end(), [](const std::string& part) {
    return !part.empty() && std::islower(static_cast<unsigned char>(part.front())) != 0;
  });
  return parts.size() > 1 && (letters || words);
}

OptionDescription::Kind KindOf(const std::string& value) {
  static constexpr std::array<std::string_view, 8> kFiles = {
      "F", "PATH", "STORE", "F|URL", "[X5U=]F", "POINTER[=FILE]", "CERT|HEX", "FILE"};
  if (value == "D") return OptionDescription::Kind::kDirectory;
  const bool file = std::find(kFiles.begin(), kFiles.end(), value) != kFiles.end();
  return file ? OptionDescription::Kind::kFile : OptionDescription::Kind::kText;
}

// CLI11 says "TEXT:{table,csv,json}" where a set is checked.
void ReadType(const CLI::Option& option, OptionDescription& description) {
  if (option.get_type_size() == 0) {
    description.kind = OptionDescription::Kind::kFlag;
    return;
  }
  const std::string type = option.get_type_name();
  const size_t colon = type.find(':');
  const size_t brace = type.find('{');
  description.value =
      colon != std::string::npos && brace == colon + 1 ? type.substr(0, colon) : type;
  if (brace != std::string::npos && type.back() == '}') {
    description.choices =
        Split(std::string_view(type).substr(brace + 1, type.size() - brace - 2), ',');
  } else if (auto parts = Split(type, '|'); AreChoices(parts)) {
    description.choices = std::move(parts);
  }
  description.kind = KindOf(description.value);
}

void ReadOptions(const CLI::App& app, CommandDescription& command) {
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group().empty()) continue;  // hidden
    OptionDescription description;
    description.description = option->get_description();
    ReadType(*option, description);
    if (option->get_positional()) {
      description.value = option->get_name();
      command.arguments.push_back(std::move(description));
      continue;
    }
    for (const std::string& name : option->get_snames()) description.names.push_back("-" + name);
    for (const std::string& name : option->get_lnames()) description.names.push_back("--" + name);
    command.options.push_back(std::move(description));
  }
}

CommandDescription DescribeAt(const CLI::App& app, const std::string& path) {
  CommandDescription command;
  command.path = path;
  command.name = app.get_name();
  command.description = app.get_description();
  command.footer = app.get_footer();
  ReadOptions(app, command);
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    command.commands.push_back(DescribeAt(*sub, path + " " + sub->get_name()));
  }
  return command;
}

}  // namespace

CommandDescription Describe(const CLI::App& app) {
  return DescribeAt(app, app.get_name());
}

}  // namespace callvet::cli
