// SPDX-License-Identifier: MIT
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "api/assembly.h"
#include "api/trust_json.h"
#include "base/text.h"
#include "cli/download_options.h"
#include "cli/options.h"
#include "cli/pki_files.h"
#include "repository/trust_keeper.h"

namespace callvet::cli {
namespace {

constexpr const char* kTrustFooter =
    "Examples:\n"
    "  callvet trust check --trust-list ca-list.jwt --trust-list-root stipa-root.pem\n"
    "  callvet trust update --trust-list ca-list.jwt --trust-list-root stipa-root.pem \\\n"
    "      --state-dir state\n"
    "  callvet trust update --sti-pa-account account.json --trust-list-root stipa-root.pem \\\n"
    "      --state-dir state\n"
    "  callvet trust show --trust-list-root stipa-root.pem --state-dir state --anchors anchors\n"
    "Exit codes: 0 all good, 1 something is not accepted, 2 usage error, 3 could not be had.";

enum class TrustAction : uint8_t { kShow, kCheck, kUpdate };

struct TrustCommandOptions {
  TrustOptions trust;
  DownloadOptions downloads;
  std::string at;
  bool offline = false;
  bool json = false;
};

void AddOptions(CLI::App& command, TrustAction action, TrustCommandOptions& options) {
  AddKeptTrustOptions(command, options.trust);
  if (action != TrustAction::kShow) {
    AddTrustListOptions(command, options.trust);
    command.add_flag("--offline", options.offline, "Download nothing");
    AddDownloadOptions(command, options.downloads);
  }
  if (action != TrustAction::kCheck) AddCrlUrlOption(command, options.trust);
  command.add_option("--at", options.at, "Time of judging (default: now)")->type_name("TIME");
  command.add_flag("--json", options.json, "Print one JSON object");
  TakeOneValueEach(command);
  command.footer(kTrustFooter);
}

JsonValue AllJson(const TrustKeeper& keeper, const std::vector<TrustSource>& sources,
                  JsonValue list, sys_seconds now) {
  JsonArray anchors;
  JsonArray crls;
  const auto store = keeper.snapshot();
  for (const Certificate& anchor : store->AnchorsAt(now)) {
    anchors.push_back(CertificateJson(anchor));
  }
  for (const Crl& crl : store->crls()) crls.push_back(CrlJson(crl, now));
  return JsonMembers{{"sources", TrustSourcesJson(sources)},
                     {"trust_list", std::move(list)},
                     {"anchors", std::move(anchors)},
                     {"crls", std::move(crls)}};
}

void PrintSources(const Console& console, const std::vector<TrustSource>& sources) {
  for (const TrustSource& source : sources) {
    const bool good = !source.failure && !source.not_kept && !source.idle;
    console.out() << console.Paint(good ? Colour::kGreen : Colour::kRed, good ? "OK " : "NO ")
                  << " " << TrustSourceKindName(source.kind) << " " << ForTerminal(source.name);
    if (!source.detail.empty()) console.out() << ": " << ForTerminal(source.detail);
    console.out() << "\n";
    if (source.failure) {
      console.out() << "    " << Info(source.failure->reason).id << ": "
                    << ForTerminal(source.failure->detail) << "\n";
    }
    if (source.not_kept) {
      console.out() << "    could not be kept: " << ForTerminal(source.not_kept->detail) << "\n";
    }
  }
}

std::string AgeText(sys_seconds then, sys_seconds now) {
  const auto hours = std::chrono::duration_cast<std::chrono::hours>(now - then).count();
  return hours < 48 ? std::to_string(hours) + " h" : std::to_string(hours / 24) + " d";
}

void PrintStore(const Console& console, const TrustKeeper& keeper, sys_seconds now) {
  const auto store = keeper.snapshot();
  const auto anchors = store->AnchorsAt(now);
  console.out() << "\n" << anchors.size() << " anchors\n";
  for (const Certificate& anchor : anchors) {
    console.out() << "  " << ForTerminal(anchor.subject()) << ", until "
                  << FormatTime(anchor.not_after()) << (anchor.ValidAt(now) ? "" : " (not valid)")
                  << "\n";
  }
  console.out() << store->crls().size() << " revocation lists\n";
  for (const Crl& crl : store->crls()) {
    const bool current = crl.next_update() && now <= *crl.next_update();
    console.out() << "  " << ForTerminal(crl.issuer()) << ", " << crl.entry_count()
                  << " entries, age " << AgeText(crl.this_update(), now) << ", next "
                  << (crl.next_update() ? FormatTime(*crl.next_update()) : "never")
                  << (current ? "" : " (stale)") << "\n";
  }
}

// Whether a new list would be accepted; nothing is written. Its line in the report, and what it is.
struct ListCheck {
  TrustSource source;
  JsonValue json;
};

ListCheck CheckList(const TrustInputs& inputs, sys_seconds now) {
  ListCheck check;
  check.source.kind = TrustSource::Kind::kTrustList;
  check.source.name = inputs.trust_list_client->Name();
  const auto checked = TrustKeeper::CheckList(inputs, now, Deadline());
  if (!checked) {
    check.source.failure = checked.error();
    return check;
  }
  const TrustList& list = checked->list;
  check.source.in_use = checked->acceptance == Acceptance::kUnchanged;
  check.source.detail =
      std::string(check.source.in_use ? "is accepted already" : "would be accepted") +
      ": sequence " + std::to_string(list.sequence()) + ", " +
      std::to_string(list.anchors().size()) + " anchors, expires at " + FormatTime(list.expires());
  check.json = TrustListJson(list, std::nullopt, now);
  return check;
}

ExitCode ExitCodeOfSources(const std::vector<TrustSource>& sources) {
  ExitCode code = ExitCode::kVerified;
  for (const TrustSource& source : sources) {
    if (source.not_kept) return ExitCode::kNotVerified;
    if (!source.failure) continue;
    const bool undecided = ExitCodeOf(source.failure->reason) == ExitCode::kUndecided;
    if (!undecided) return ExitCode::kNotVerified;
    code = ExitCode::kUndecided;
  }
  return code;
}

Result<VerifierSetup> SetupOf(TrustAction action, const TrustCommandOptions& options) {
  VerifierSetup setup;
  setup.trust = TrustSetupOf(options.trust);
  const bool new_list = setup.trust.trust_list || setup.trust.sti_pa_account;
  if (action == TrustAction::kUpdate && !setup.trust.state_dir) {
    return Fail(Reason::kParameterMissing, "update needs --state-dir");
  }
  if (action == TrustAction::kUpdate && !new_list && setup.trust.crl_urls.empty()) {
    return Fail(Reason::kParameterMissing,
                "update needs --trust-list, --sti-pa-account or --crl-url");
  }
  if (!options.offline && action != TrustAction::kShow)
    ApplyDownloadOptions(options.downloads, setup);
  return setup;
}

ExitCode RunTrust(TrustAction action, const TrustCommandOptions& options, const Console& console) {
  const auto now = TimeOption(options.at, SystemClock().Now());
  if (!now) return console.Complain(InOption("--at", now.error()));
  const auto setup = SetupOf(action, options);
  if (!setup) return console.Complain(setup.error());
  auto inputs = MakeTrustInputs(*setup);
  if (!inputs) return console.Complain(inputs.error());
  if (setup->downloads) {
    if (auto ok = WarnOfInsecureSettings(*setup, console); !ok) return console.Complain(ok.error());
  }
  std::optional<ListCheck> checked;
  if (action == TrustAction::kCheck && inputs->trust_list_client) {
    checked = CheckList(*inputs, *now);
    inputs->trust_list_client = nullptr;
    inputs->trust_list_roots.clear();  // the kept list is not asked for
  }
  TrustKeeper keeper(std::move(*inputs));
  std::vector<TrustSource> sources = keeper.Load(*now, Deadline()).sources;
  JsonValue list;
  if (const auto kept = keeper.trust_list())
    list = TrustListJson(kept->list, kept->accepted_at, *now);
  if (checked) {
    sources.push_back(std::move(checked->source));
    list = std::move(checked->json);
  }
  if (options.json) {
    console.PrintJson(AllJson(keeper, sources, std::move(list), *now));
  } else {
    PrintSources(console, sources);
    if (action == TrustAction::kShow) PrintStore(console, keeper, *now);
  }
  return ExitCodeOfSources(sources);
}

void AddAction(CLI::App& trust, Context& context, TrustAction action, const char* name,
               const char* description) {
  auto options = std::make_shared<TrustCommandOptions>();
  CLI::App* command = trust.add_subcommand(name, description);
  AddOptions(*command, action, *options);
  command->callback([action, options, &context] {
    context.exit_code = RunTrust(action, *options, context.console);
  });
}

}  // namespace

void AddTrustCommand(CLI::App& app, Context& context) {
  CLI::App* trust = app.add_subcommand("trust", "Show, check and update whom callvet trusts");
  trust->require_subcommand(1);
  AddAction(*trust, context, TrustAction::kShow, "show",
            "Show anchors, revocation lists and the trust list in use");
  AddAction(*trust, context, TrustAction::kCheck, "check",
            "Say whether files and a new trust list would be accepted, and change nothing");
  AddAction(*trust, context, TrustAction::kUpdate, "update",
            "Accept a new trust list, or fetch revocation lists, into the state directory");
}

}  // namespace callvet::cli
