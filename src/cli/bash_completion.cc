// SPDX-License-Identifier: MIT
#include <string_view>

#include "cli/command_tree.h"

namespace callvet::cli {
namespace {

using Kind = OptionDescription::Kind;

// For a single-quoted word; names have no quotes in them.
std::string Quoted(std::string_view text) {
  return "'" + std::string(text) + "'";
}

std::string Words(const CommandDescription& command) {
  std::string words;
  const auto add = [&](const std::string& word) { words += (words.empty() ? "" : " ") + word; };
  for (const CommandDescription& sub : command.commands) add(sub.name);
  for (const OptionDescription& option : command.options) {
    for (const std::string& name : option.names) add(name);
  }
  for (const OptionDescription& argument : command.arguments) {
    for (const std::string& choice : argument.choices) add(choice);
  }
  return words;
}

// The cases of one kind of value: "callvet verify --cert" and so on.
void AddValueCases(const CommandDescription& command, std::string& cases) {
  for (const OptionDescription& option : command.options) {
    if (option.kind == Kind::kFlag) continue;
    std::string action = "return 0";
    if (!option.choices.empty()) {
      std::string words;
      for (const std::string& choice : option.choices) words += (words.empty() ? "" : " ") + choice;
      action = "mapfile -t COMPREPLY < <(compgen -W " + Quoted(words) + " -- \"$cur\"); return 0";
    } else if (option.kind == Kind::kFile) {
      action = "_callvet_files -f; return 0";
    } else if (option.kind == Kind::kDirectory) {
      action = "_callvet_files -d; return 0";
    }
    for (const std::string& name : option.names) {
      cases += "    " + Quoted(command.path + " " + name) + ") " + action + " ;;\n";
    }
  }
  for (const CommandDescription& sub : command.commands) AddValueCases(sub, cases);
}

void AddWordCases(const CommandDescription& command, std::string& cases) {
  cases += "    " + Quoted(command.path) + ") words=" + Quoted(Words(command)) + " ;;\n";
  for (const CommandDescription& sub : command.commands) AddWordCases(sub, cases);
}

void AddPaths(const CommandDescription& command, std::string& paths) {
  for (const CommandDescription& sub : command.commands) {
    paths += (paths.empty() ? "" : "|") + Quoted(sub.path);
    AddPaths(sub, paths);
  }
}

constexpr std::string_view kHead =
    "# bash completion of callvet; made by 'callvet completion bash'.\n"
    "_callvet_files() {\n"
    "  compopt -o filenames 2>/dev/null\n"
    "  mapfile -t COMPREPLY < <(compgen \"$1\" -- \"$cur\")\n"
    "}\n"
    "_callvet() {\n"
    "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} path=callvet words='' "
    "i\n"
    "  COMPREPLY=()\n"
    "  for ((i = 1; i < COMP_CWORD; ++i)); do\n"
    "    case \"$path ${COMP_WORDS[i]}\" in\n";
constexpr std::string_view kTail =
    "  esac\n"
    "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
    "  if [ \"${#COMPREPLY[@]}\" -eq 0 ] && [[ $cur != -* ]]; then _callvet_files -f; fi\n"
    "}\n"
    "complete -F _callvet callvet\n";

}  // namespace

std::string BashCompletion(const CommandDescription& root) {
  std::string paths;
  AddPaths(root, paths);
  std::string script(kHead);
  script += "      " + paths + ") path=\"$path ${COMP_WORDS[i]}\" ;;\n    esac\n  done\n";
  script += "  case \"$path $prev\" in\n";
  AddValueCases(root, script);
  script += "  esac\n  case $path in\n";
  AddWordCases(root, script);
  return script + std::string(kTail);
}

}  // namespace callvet::cli
