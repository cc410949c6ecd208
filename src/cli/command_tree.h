// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace callvet::cli {

/// An option or argument as the command line knows it.
struct OptionDescription {
  std::vector<std::string> names;  // "--json"; empty: an argument without a name
  std::string value;               // "F", "TIME"; empty: a flag
  std::vector<std::string> choices;
  std::string description;
  enum class Kind : uint8_t { kFlag, kText, kFile, kDirectory } kind = Kind::kText;
};

/// A command and everything below it. What manual and completion are made of, so that they say what
/// --help says.
struct CommandDescription {
  std::string path;  // "callvet evidence find"
  std::string name;  // "find"
  std::string description;
  std::string footer;
  std::vector<OptionDescription> options;
  std::vector<OptionDescription> arguments;
  std::vector<CommandDescription> commands;
};

CommandDescription Describe(const CLI::App& app);

/// The manual page callvet(1), for man.
std::string ManualPage(const CommandDescription& root);

/// A script for bash that completes commands, options, and values that are files or one of a few.
std::string BashCompletion(const CommandDescription& root);

}  // namespace callvet::cli
