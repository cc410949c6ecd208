// SPDX-License-Identifier: MIT
#include <exception>
#include <iostream>

#include <CLI/CLI.hpp>

#include "base/text.h"
#include "cli/console.h"
#include "cli/options.h"
#include "cli/version_text.h"

namespace callvet::cli {
namespace {

constexpr const char* kDescription =
    "callvet verifies STIR/SHAKEN caller-ID signatures (PASSporTs in SIP Identity headers).";
constexpr const char* kFooter =
    "Exit codes: 0 verified, 1 not verified, 2 usage error or unreadable input,\n"
    "            3 could not be decided (certificate not to be had, internal error).\n"
    "'callvet COMMAND --help' shows the options and examples of a command.";

bool HasCommand(const CLI::App& app, const std::string& name) {
  return !app.get_subcommands([&](const CLI::App* command) { return command->check_name(name); })
              .empty();
}

int Run(int argc, char** argv) {
  const Console console(std::cout, std::cerr, StandardOutputIsColoured());
  Context context{console};
  CLI::App app(kDescription, "callvet");
  app.footer(kFooter);
  app.set_version_flag("--version", VersionText, "Show version, commit, engines and libraries");
  app.require_subcommand(1);
  AddVerifyCommand(app, context);
  AddDecodeCommand(app, context);
  AddExplainCommand(app, context);
  AddSignCommand(app, context);
  AddPkiCommand(app, context);
  AddLintCommand(app, context);
  AddTrustCommand(app, context);
  AddPolicyCommand(app, context);
  AddPoolsCommand(app, context);
  AddCacheCommand(app, context);
  AddFetchCommand(app, context);
  AddEvidenceCommand(app, context);
  AddComplaintCommand(app, context);
  AddServeCommand(app, context);
  AddManualCommands(app, context);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    app.exit(help);
  } catch (const CLI::ParseError& error) {
    const std::string command = argc > 1 ? argv[1] : "";
    const bool known = command.starts_with('-') || HasCommand(app, command);
    const std::string what =
        known || command.empty() ? error.what() : "there is no command " + Quote(command);
    return static_cast<int>(console.Complain(
        Fail(Reason::kParameterInvalid, what + " ('callvet COMMAND --help' helps)")));
  }
  std::cout.flush();
  if (!std::cout) {
    console.Complain(Fail(Reason::kInternalError, "the output could not be written"));
    return static_cast<int>(ExitCode::kUndecided);
  }
  return static_cast<int>(context.exit_code);
}

}  // namespace
}  // namespace callvet::cli

int main(int argc, char** argv) {
  try {
    return callvet::cli::Run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "callvet: internal-error: " << error.what() << "\n";
  } catch (...) {
    std::cerr << "callvet: internal-error\n";
  }
  return static_cast<int>(callvet::cli::ExitCode::kUndecided);
}
