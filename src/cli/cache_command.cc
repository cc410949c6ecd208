// SPDX-License-Identifier: MIT
#include <filesystem>
#include <memory>
#include <ostream>
#include <string>

#include <CLI/CLI.hpp>

#include "base/text.h"
#include "cli/options.h"
#include "pki/certificate.h"
#include "repository/disk_cache.h"

namespace callvet::cli {
namespace {

constexpr const char* kCacheFooter =
    "Examples:\n"
    "  callvet cache list --cache-dir cache\n"
    "  callvet cache show https://cert.example.org/p.pem --cache-dir cache --json\n"
    "  callvet cache purge https://cert.example.org/p.pem --cache-dir cache\n"
    "Exit codes: 0 done, 1 the URL is not cached (show), 2 usage error or unusable directory.";

struct CacheOptions {
  std::string directory;
  std::string url;
  bool all = false;
  bool json = false;
};

// What to do with the opened cache.
using CacheAction = ExitCode (*)(const DiskCache&, const CacheOptions&, const Console&);

std::string_view StateOf(const DiskEntry& entry) {
  const sys_seconds now = SystemClock().Now();
  if (now < entry.fresh_until) return "fresh";
  return now < entry.stale_until ? "stale" : "ended";
}

JsonMembers EntryJson(const DiskEntry& entry) {
  return {{"url", entry.url},
          {"state", StateOf(entry)},
          {"fetched_at", FormatTime(entry.fetched_at)},
          {"fresh_until", FormatTime(entry.fresh_until)},
          {"stale_until", FormatTime(entry.stale_until)},
          {"bytes", entry.body.size()}};
}

JsonValue CertificatesJson(const CertificateBundle& bundle) {
  JsonArray certificates;
  for (const Certificate& certificate : bundle) {
    certificates.push_back(JsonMembers{{"subject", certificate.subject()},
                                       {"issuer", certificate.issuer()},
                                       {"serial", certificate.serial_hex()},
                                       {"sha256", certificate.sha256_hex()},
                                       {"not_before", FormatTime(certificate.not_before())},
                                       {"not_after", FormatTime(certificate.not_after())}});
  }
  return certificates;
}

ExitCode RunList(const DiskCache& cache, const CacheOptions& options, const Console& console) {
  JsonArray json;
  for (const DiskEntry& entry : cache.List()) {
    if (options.json) {
      json.push_back(EntryJson(entry));
    } else {
      console.out() << StateOf(entry) << "  until " << FormatTime(entry.fresh_until) << "  "
                    << ForTerminal(entry.url) << "\n";
    }
  }
  if (options.json) console.PrintJson(JsonMembers{{"entries", std::move(json)}});
  return ExitCode::kVerified;
}

void PrintEntry(const DiskEntry& entry, const CertificateBundle& bundle, const Console& console) {
  std::ostream& out = console.out();
  out << console.Paint(Colour::kBold, ForTerminal(entry.url)) << "\n"
      << "  state        " << StateOf(entry) << "\n"
      << "  fetched at   " << FormatTime(entry.fetched_at) << "\n"
      << "  fresh until  " << FormatTime(entry.fresh_until) << "\n"
      << "  stale until  " << FormatTime(entry.stale_until) << "\n"
      << "  bytes        " << entry.body.size() << "\n";
  for (const Certificate& certificate : bundle) {
    out << "  certificate  " << ForTerminal(certificate.subject()) << "\n"
        << "    issuer     " << ForTerminal(certificate.issuer()) << "\n"
        << "    sha256     " << certificate.sha256_hex() << "\n"
        << "    valid      " << FormatTime(certificate.not_before()) << " to "
        << FormatTime(certificate.not_after()) << "\n";
  }
}

ExitCode RunShow(const DiskCache& cache, const CacheOptions& options, const Console& console) {
  const auto entry = cache.Load(options.url);
  if (!entry) {
    console.Complain(
        Fail(Reason::kCertificateNotAvailable, Quote(options.url, 200) + " is not cached"));
    return ExitCode::kNotVerified;
  }
  const auto bundle = ParseBundle(entry->body);
  if (!bundle) return console.Complain(bundle.error());
  if (options.json) {
    JsonMembers json = EntryJson(*entry);
    json.emplace_back("certificates", CertificatesJson(*bundle));
    console.PrintJson(json);
  } else {
    PrintEntry(*entry, *bundle, console);
  }
  return ExitCode::kVerified;
}

ExitCode RunPurge(const DiskCache& cache, const CacheOptions& options, const Console& console) {
  if (options.url.empty() != options.all) {
    return console.Complain(Fail(Reason::kParameterMissing, "give either a URL or --all"));
  }
  const size_t removed = options.all ? cache.Clear() : cache.Remove(options.url);
  if (options.json) {
    console.PrintJson(JsonMembers{{"removed", removed}});
  } else {
    console.out() << removed << " removed\n";
  }
  return ExitCode::kVerified;
}

CLI::App* AddAction(CLI::App& parent, Context& context,
                    const std::shared_ptr<CacheOptions>& options, CacheAction action,
                    const char* name, const char* description) {
  CLI::App* command = parent.add_subcommand(name, description);
  command->add_option("--cache-dir", options->directory, "Directory of the cache")
      ->required()
      ->type_name("D");
  command->add_flag("--json", options->json, "Print one JSON object");
  command->callback([options, action, &context] {
    const Console& console = context.console;
    std::error_code ignored;
    // Open would make it: a misspelt name must not look like an empty cache.
    if (!std::filesystem::is_directory(options->directory, ignored)) {
      context.exit_code = console.Complain(
          Fail(Reason::kFileUnreadable, options->directory + ": no such directory"));
      return;
    }
    const auto cache = DiskCache::Open(options->directory);
    context.exit_code =
        cache ? action(**cache, *options, console) : console.Complain(cache.error());
  });
  return command;
}

}  // namespace

void AddCacheCommand(CLI::App& app, Context& context) {
  auto options = std::make_shared<CacheOptions>();
  CLI::App* cache = app.add_subcommand("cache", "Show or empty a directory of cached certificates");
  cache->require_subcommand(1);
  cache->footer(kCacheFooter);
  AddAction(*cache, context, options, RunList, "list", "List the cached URLs, oldest first");
  CLI::App* show =
      AddAction(*cache, context, options, RunShow, "show", "Show the certificates of one URL");
  show->add_option("URL", options->url, "The x5u, exactly")->required();
  TakeOneValueEach(*show);
  CLI::App* purge = AddAction(*cache, context, options, RunPurge, "purge",
                              "Remove one URL or all; a running service keeps what it has in "
                              "memory");
  purge->add_option("URL", options->url, "The x5u, exactly");
  purge->add_flag("--all", options->all, "Remove everything");
  TakeOneValueEach(*purge);
}

}  // namespace callvet::cli
