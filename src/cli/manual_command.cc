// SPDX-License-Identifier: MIT
#include <memory>
#include <ostream>

#include <CLI/CLI.hpp>

#include "cli/command_tree.h"
#include "cli/options.h"

namespace callvet::cli {

void AddManualCommands(CLI::App& app, Context& context) {
  CLI::App* manual = app.add_subcommand("manual", "Print the manual page callvet(1), for man");
  manual->footer("Example:\n  callvet manual > callvet.1 && man ./callvet.1");
  manual->callback([&app, &context] { context.console.out() << ManualPage(Describe(app)); });

  CLI::App* completion = app.add_subcommand("completion", "Print a script that completes commands");
  completion->footer("Example:\n  source <(callvet completion bash)");
  const auto shell = std::make_shared<std::string>();
  completion->add_option("SHELL", *shell, "Which shell: bash")
      ->required()
      ->check(CLI::IsMember({"bash"}));
  // The option's value lives as long as the callback.
  completion->callback(
      [&app, &context, shell] { context.console.out() << BashCompletion(Describe(app)); });
}

}  // namespace callvet::cli
