// SPDX-License-Identifier: MIT
#include <string_view>

#include "cli/command_tree.h"

namespace callvet::cli {
namespace {

// Text as man sets it, whatever is in it.
std::string Roff(std::string_view text) {
  std::string out;
  bool line_start = true;
  for (const char c : text) {
    if (line_start && (c == '.' || c == '\'')) out += "\\&";
    line_start = c == '\n';
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else if (c == '"') {
      out += "\\(dq";
    } else if (c == '\'') {
      out += "\\(aq";
    } else {
      out += c;
    }
  }
  return out;
}

std::string Bold(std::string_view text) {
  return "\\fB" + Roff(text) + "\\fR";
}

std::string Italic(std::string_view text) {
  return "\\fI" + Roff(text) + "\\fR";
}

void AddOption(std::string& page, const OptionDescription& option) {
  page += ".TP\n";
  std::string names;
  for (const std::string& name : option.names) names += (names.empty() ? "" : ", ") + Bold(name);
  page += names;
  if (!option.value.empty()) page += (names.empty() ? "" : " ") + Italic(option.value);
  page += "\n" + Roff(option.description);
  if (!option.choices.empty()) {
    std::string choices;
    for (const std::string& choice : option.choices) {
      choices += (choices.empty() ? "" : ", ") + Bold(choice);
    }
    page += "\nOne of " + choices + ".";
  }
  page += "\n";
}

void AddFooter(std::string& page, const std::string& footer) {
  if (footer.empty()) return;
  page += ".PP\n.nf\n" + Roff(footer) + "\n.fi\n";
}

// A command that only holds others is not written: they are.
void AddCommand(std::string& page, const CommandDescription& command) {
  page += ".SS " + Roff(command.path) + "\n" + Roff(command.description) + "\n";
  if (command.commands.empty()) {
    page += ".PP\n" + Bold(command.path);
    if (!command.options.empty()) page += " [" + Italic("options") + "]";
    for (const OptionDescription& argument : command.arguments) {
      page += " [" + Italic(argument.value) + "]";
    }
    page += "\n";
    for (const OptionDescription& argument : command.arguments) AddOption(page, argument);
  }
  for (const OptionDescription& option : command.options) AddOption(page, option);
  AddFooter(page, command.footer);
  for (const CommandDescription& sub : command.commands) AddCommand(page, sub);
}

constexpr std::string_view kFiles =
    ".SH FILES\n"
    ".TP\n.I /etc/callvet/callvet.json\n"
    "Configuration of the service as packages install it, see\n.BR callvet.json (5).\n"
    ".TP\n.I /etc/callvet/anchors\n"
    "Certificates of the CAs that are trusted, *.pem; none are shipped.\n"
    ".TP\n.I /var/lib/callvet\n"
    "What must last: lists that were accepted, and evidence if it is kept.\n"
    ".TP\n.I /var/cache/callvet\n"
    "Downloaded certificates.\n"
    ".SH ENVIRONMENT\n"
    ".TP\n.B CALLVET_EVIDENCE\n"
    "The store of evidence where no \\-\\-store is given.\n"
    ".TP\n.B NO_COLOR\n"
    "No colours, on a terminal neither.\n"
    ".SH SEE ALSO\n"
    ".BR callvet.json (5),\n.BR callvet-policy (5)\n"
    ".PP\nRFC 8224, RFC 8225, RFC 8588, RFC 8946; ATIS-1000074, ATIS-1000082\n";

}  // namespace

std::string ManualPage(const CommandDescription& root) {
  std::string page = ".TH CALLVET 1 \"\" \"callvet " CALLVET_VERSION "\" \"callvet\"\n.SH NAME\n" +
                     root.name + " \\- STIR/SHAKEN caller\\-ID verifier\n";
  page += ".SH SYNOPSIS\n" + Bold(root.name) + " " + Italic("COMMAND") + " [" + Italic("options") +
          "] [" + Italic("arguments") + "]\n";
  page += ".SH DESCRIPTION\n" + Roff(root.description) + "\n";
  AddFooter(page, root.footer);
  page += ".SH OPTIONS\n";
  for (const OptionDescription& option : root.options) AddOption(page, option);
  page += ".SH COMMANDS\n";
  for (const CommandDescription& command : root.commands) AddCommand(page, command);
  return page + std::string(kFiles);
}

}  // namespace callvet::cli
