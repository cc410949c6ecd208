// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "callvet/result.h"
#include "callvet/telephone_number.h"
#include "cli/console.h"

namespace CLI {
class App;
}

namespace callvet::cli {

/// What every command gets: where to write, and where to leave its exit code.
struct Context {
  const Console& console;
  ExitCode exit_code = ExitCode::kVerified;
};

// Each adds one subcommand to `app`; when it was chosen, parsing runs it with `context`, which must
// outlive `app`.
void AddVerifyCommand(CLI::App& app, Context& context);
void AddDecodeCommand(CLI::App& app, Context& context);
void AddExplainCommand(CLI::App& app, Context& context);
void AddSignCommand(CLI::App& app, Context& context);
void AddPkiCommand(CLI::App& app, Context& context);
void AddLintCommand(CLI::App& app, Context& context);
void AddTrustCommand(CLI::App& app, Context& context);
void AddPolicyCommand(CLI::App& app, Context& context);
void AddPoolsCommand(CLI::App& app, Context& context);
void AddCacheCommand(CLI::App& app, Context& context);
void AddFetchCommand(CLI::App& app, Context& context);
void AddEvidenceCommand(CLI::App& app, Context& context);
void AddComplaintCommand(CLI::App& app, Context& context);
void AddServeCommand(CLI::App& app, Context& context);
/// `manual` and `completion`: they describe what `app` has when they run.
void AddManualCommands(CLI::App& app, Context& context);
/// A command of `callvet evidence`.
void AddReportCommand(CLI::App& evidence, Context& context);

/// Makes every option of `command` take one value each time, so that arguments may stand behind any
/// of them, and refuse an empty one: an unset shell variable is not "not given".
void TakeOneValueEach(CLI::App& command);

/// The plan that --country names; nullptr for "". Fails with kParameterInvalid, naming those known.
Result<const DialPlan*> CountryOption(const std::string& country);

/// The time that --at and its like name; `fallback` for "". Fails with kParameterInvalid.
Result<sys_seconds> TimeOption(const std::string& text, sys_seconds fallback);

/// `failure` with the name of the option that it is about in front of its detail.
Failure InOption(std::string_view option, Failure failure);

/// The text of a HEADER argument, "-" meaning standard input. Fails with kFileUnreadable.
Result<std::string> TextArgument(const std::string& argument);

/// Warns if a HEADER argument is the name of a file, which is not read.
void WarnOfFileName(const std::string& argument, const Console& console);

}  // namespace callvet::cli
