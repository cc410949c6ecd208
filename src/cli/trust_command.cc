// SPDX-License-Identifier: MIT
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "api/trust_assembly.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/options.h"
#include "cli/pki_files.h"
#include "repository/trust_keeper.h"

namespace callvet::cli {
namespace {

constexpr const char* kFooter =
    "Examples:\n"
    "  callvet trust check --trust-list ca-list.jwt --trust-list-root stipa-root.pem\n"
    "  callvet trust update --trust-list ca-list.jwt --trust-list-root stipa-root.pem \\\n"
    "      --state-dir state\n"
    "  callvet trust show --trust-list-root stipa-root.pem --state-dir state --anchors anchors\n"
    "Exit codes: 0 all good, 1 something is not accepted, 2 usage error, 3 could not be had.";

enum class Action : uint8_t { kShow, kCheck, kUpdate };

struct TrustOptions {
  TrustSetup setup;
  std::filesystem::path trust_list;
  std::filesystem::path trust_list_chain;
  std::filesystem::path state_dir;
  std::string at;
  std::string ca_file;
  std::string proxy;
  bool offline = false;
  bool json = false;
};

void AddOptions(CLI::App& command, Action action, TrustOptions& options) {
  TrustSetup& setup = options.setup;
  command.add_option("--anchors", setup.anchors, "Trust anchors: file or directory")
      ->type_name("PATH");
  command.add_option("--crl", setup.crls, "Revocation list, PEM or DER")->type_name("F");
  command
      .add_option("--crl-anchors", setup.crl_anchors,
                  "Root of the STI-PA, for indirect revocation lists")
      ->type_name("PATH");
  if (action != Action::kShow) {
    command.add_option("--trust-list", options.trust_list, "The STI-PA's signed list")
        ->type_name("F");
    command
        .add_option("--trust-list-chain", options.trust_list_chain,
                    "Certificates of its signer, instead of a download")
        ->type_name("F");
    command.add_flag("--offline", options.offline, "Download nothing");
    command
        .add_option("--ca-file", options.ca_file,
                    "CAs that vouch for servers (TLS), instead of the system's")
        ->type_name("F");
    command.add_option("--proxy", options.proxy, "Proxy for downloads: http://host:port")
        ->type_name("URL");
  }
  if (action != Action::kCheck) {
    command.add_option("--crl-url", setup.crl_urls, "Revocation list kept in the state directory")
        ->type_name("URL");
  }
  command
      .add_option("--trust-list-root", setup.trust_list_roots, "Root of the STI-PA for its list")
      ->type_name("PATH");
  command
      .add_option("--state-dir", options.state_dir, "Where the last accepted trust list is kept")
      ->type_name("D");
  command.add_option("--at", options.at, "Time of judging (default: now)")->type_name("TIME");
  command.add_flag("--json", options.json, "Print one JSON object");
  for (CLI::Option* option : command.get_options()) option->allow_extra_args(false);
  command.footer(kFooter);
}

JsonValue FailureJson(const std::optional<Failure>& failure) {
  if (!failure) return JsonValue();
  return JsonMembers{{"reason", Info(failure->reason).id}, {"detail", failure->detail}};
}

JsonValue SourcesJson(const std::vector<TrustSource>& sources) {
  JsonArray json;
  for (const TrustSource& source : sources) {
    json.push_back(JsonMembers{{"kind", TrustSourceKindName(source.kind)},
                               {"name", source.name},
                               {"failure", FailureJson(source.failure)},
                               {"detail", source.detail}});
  }
  return json;
}

JsonValue CrlJson(const Crl& crl, sys_seconds now) {
  JsonMembers json = {
      {"issuer", crl.issuer()},
      {"number", crl.number_hex() ? JsonValue(*crl.number_hex()) : JsonValue()},
      {"this_update", FormatTime(crl.this_update())},
      {"next_update", crl.next_update() ? JsonValue(FormatTime(*crl.next_update())) : JsonValue()}};
  json.emplace_back("indirect", crl.indirect());
  json.emplace_back("entries", crl.entry_count());
  json.emplace_back("current", crl.next_update() && now <= *crl.next_update());
  return json;
}

JsonValue ListJson(const std::optional<AcceptedTrustList>& accepted, sys_seconds now) {
  if (!accepted) return JsonValue();
  const TrustList& list = accepted->list;
  JsonMembers json = {{"version", list.version()},
                      {"sequence", list.sequence()},
                      {"expires", FormatTime(list.expires())},
                      {"accepted_at", FormatTime(accepted->accepted_at)},
                      {"signer", list.signer()}};
  json.emplace_back("expired", list.ExpiredAt(now));
  json.emplace_back("anchors", list.anchors().size());
  return json;
}

JsonValue AllJson(const TrustKeeper& keeper, const std::vector<TrustSource>& sources,
                  sys_seconds now) {
  JsonArray anchors;
  JsonArray crls;
  const auto store = keeper.snapshot();
  for (const Certificate& anchor : store->AnchorsAt(now)) {
    anchors.push_back(CertificateJson(anchor));
  }
  for (const Crl& crl : store->crls()) crls.push_back(CrlJson(crl, now));
  return JsonMembers{{"sources", SourcesJson(sources)},
                     {"trust_list", ListJson(keeper.trust_list(), now)},
                     {"anchors", std::move(anchors)},
                     {"crls", std::move(crls)}};
}

void PrintSources(const Console& console, const std::vector<TrustSource>& sources) {
  for (const TrustSource& source : sources) {
    console.out() << console.Paint(source.failure ? Colour::kRed : Colour::kGreen,
                                   source.failure ? "NO " : "OK ")
                  << " " << TrustSourceKindName(source.kind) << " " << ForTerminal(source.name);
    if (!source.detail.empty()) console.out() << ": " << ForTerminal(source.detail);
    console.out() << "\n";
    if (source.failure) {
      console.out() << "    " << Info(source.failure->reason).id << ": "
                    << ForTerminal(source.failure->detail) << "\n";
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

// Whether --trust-list would be accepted; nothing is written.
std::optional<TrustSource> CheckList(const TrustInputs& inputs, sys_seconds now) {
  if (!inputs.trust_list_client) return std::nullopt;
  TrustSource source{TrustSource::Kind::kTrustList, inputs.trust_list_client->Name(), std::nullopt,
                     ""};
  const auto acceptance = TrustKeeper::CheckList(inputs, now, Deadline());
  if (!acceptance) {
    source.failure = acceptance.error();
  } else {
    source.detail = *acceptance == Acceptance::kNew ? "would be accepted" : "is in use already";
  }
  return source;
}

ExitCode ExitCodeOfSources(const std::vector<TrustSource>& sources) {
  ExitCode code = ExitCode::kVerified;
  for (const TrustSource& source : sources) {
    if (!source.failure) continue;
    const bool undecided = ExitCodeOf(source.failure->reason) == ExitCode::kUndecided;
    if (!undecided) return ExitCode::kNotVerified;
    code = ExitCode::kUndecided;
  }
  return code;
}

Result<TrustInputs> InputsOf(Action action, const TrustOptions& options) {
  TrustSetup setup = options.setup;
  if (!options.trust_list.empty()) setup.trust_list = options.trust_list;
  if (!options.trust_list_chain.empty()) setup.trust_list_chain = options.trust_list_chain;
  if (!options.state_dir.empty()) setup.state_dir = options.state_dir;
  if (action == Action::kUpdate && !setup.state_dir) {
    return Fail(Reason::kParameterMissing, "update needs --state-dir");
  }
  if (action == Action::kUpdate && !setup.trust_list && setup.crl_urls.empty()) {
    return Fail(Reason::kParameterMissing, "update needs --trust-list or --crl-url");
  }
  std::optional<HttpsFetcherOptions> fetcher;
  if (!options.offline && action != Action::kShow) {
    fetcher.emplace();
    fetcher->ca_file = options.ca_file;
    fetcher->proxy = options.proxy;
  }
  return MakeTrustInputs(setup, fetcher);
}

ExitCode RunTrust(Action action, const TrustOptions& options, const Console& console) {
  const auto now = TimeOption(options.at, SystemClock().Now());
  if (!now) return console.Complain(InOption("--at", now.error()));
  auto inputs = InputsOf(action, options);
  if (!inputs) return console.Complain(inputs.error());
  std::optional<TrustSource> checked;
  if (action == Action::kCheck) {
    checked = CheckList(*inputs, *now);
    inputs->trust_list_client = nullptr;
    if (!inputs->state_dir) inputs->trust_list_roots.clear();
  }
  TrustKeeper keeper(std::move(*inputs));
  std::vector<TrustSource> sources = keeper.Load(*now, Deadline()).sources;
  if (checked) sources.push_back(std::move(*checked));
  if (options.json) {
    console.PrintJson(AllJson(keeper, sources, *now));
  } else {
    PrintSources(console, sources);
    if (action == Action::kShow) PrintStore(console, keeper, *now);
  }
  return ExitCodeOfSources(sources);
}

void AddAction(CLI::App& trust, Context& context, Action action, const char* name,
               const char* description) {
  auto options = std::make_shared<TrustOptions>();
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
  AddAction(*trust, context, Action::kShow, "show",
            "Show anchors, revocation lists and the trust list in use");
  AddAction(*trust, context, Action::kCheck, "check",
            "Say whether files would be accepted, and change nothing");
  AddAction(*trust, context, Action::kUpdate, "update",
            "Accept a new trust list, or fetch revocation lists, into the state directory");
}

}  // namespace callvet::cli
