// SPDX-License-Identifier: MIT
#include "cli/download_options.h"

#include <CLI/CLI.hpp>

namespace callvet::cli {

void AddDownloadOptions(CLI::App& command, DownloadOptions& options) {
  command
      .add_option("--ca-file", options.ca_file,
                  "CAs that vouch for servers (TLS), instead of the system's")
      ->type_name("F");
  command.add_option("--proxy", options.proxy, "Proxy for downloads: http://host:port")
      ->type_name("URL");
  command
      .add_option("--allow-host", options.allow_hosts,
                  "Download from this host only (.example.org: all below it); several times")
      ->type_name("HOST");
  command.add_option("--deny-host", options.deny_hosts, "Never download from this host")
      ->type_name("HOST");
  command.add_flag("--insecure-allow-http", options.allow_http,
                   "Lab only: download by http, without TLS");
  command.add_flag("--insecure-allow-private-addresses", options.allow_private_addresses,
                   "Lab only: download from private and loopback addresses");
  command
      .add_option("--insecure-allow-port", options.allow_ports,
                  "Lab only: download from this port besides 443 and 8443; several times")
      ->type_name("N")
      ->check(CLI::Range(1, 65535));
}

void ApplyDownloadOptions(const DownloadOptions& options, VerifierSetup& setup) {
  DownloadSetup& downloads = setup.downloads.emplace();
  downloads.fetcher.ca_file = options.ca_file;
  downloads.fetcher.proxy = options.proxy;
  downloads.allow_hosts = options.allow_hosts;
  downloads.deny_hosts = options.deny_hosts;
  if (options.allow_http) setup.options.http_x5u = VerifierOptions::HttpX5u::kInsecureAllow;
  if (options.allow_private_addresses) {
    downloads.fetcher.private_addresses = PrivateAddresses::kInsecureAllow;
  }
  auto& ports = setup.options.x5u_ports;
  ports.insert(ports.end(), options.allow_ports.begin(), options.allow_ports.end());
}

Result<void> WarnOfInsecureSettings(const VerifierSetup& setup, const Console& console) {
  const auto fetcher = MakeFetcher(setup);
  if (!fetcher) return fetcher.error();
  for (const std::string& setting : (*fetcher)->InsecureSettings()) console.Warn(setting);
  return {};
}

void AddKeptTrustOptions(CLI::App& command, TrustOptions& options) {
  TrustSetup& setup = options.setup;
  command
      .add_option("--anchors", setup.anchors,
                  "Trust anchors: PEM or DER file, or a directory of them")
      ->type_name("PATH");
  command
      .add_option("--crl", setup.crls, "Revocation list, PEM or DER, with its signer's certificate")
      ->type_name("F");
  command
      .add_option("--crl-anchors", setup.crl_anchors,
                  "Root of the STI-PA: trusted for indirect revocation lists only")
      ->type_name("PATH");
  command
      .add_option("--crl-signers", setup.crl_signers,
                  "Certificates of who signs indirect revocation lists, below a root of "
                  "--crl-anchors, PEM or DER")
      ->type_name("F");
  command
      .add_option("--trust-list-root", setup.trust_list_roots,
                  "Root of the STI-PA: trusted for trust lists only")
      ->type_name("PATH");
  command
      .add_option("--state-dir", options.state_dir,
                  "Where the last accepted trust list (the guard against old ones) and downloaded "
                  "revocation lists are kept")
      ->type_name("D");
}

void AddTrustListOptions(CLI::App& command, TrustOptions& options) {
  command
      .add_option("--trust-list", options.trust_list,
                  "The STI-PA's signed list of certification authorities: file or https URL")
      ->type_name("F|URL");
  command
      .add_option("--sti-pa-account", options.sti_pa_account,
                  "Log in at the STI-PA for its list: JSON file with url, userId and password, "
                  "mode 0600")
      ->type_name("F");
  command
      .add_option("--trust-list-chain", options.trust_list_chain,
                  "Certificates of the trust list's signer, instead of a download")
      ->type_name("F");
}

void AddCrlUrlOption(CLI::App& command, TrustOptions& options) {
  command.add_option("--crl-url", options.setup.crl_urls, "Revocation list to download")
      ->type_name("URL");
}

TrustSetup TrustSetupOf(const TrustOptions& options) {
  TrustSetup setup = options.setup;
  if (!options.trust_list.empty()) setup.trust_list = options.trust_list;
  if (!options.sti_pa_account.empty()) setup.sti_pa_account = options.sti_pa_account;
  if (!options.trust_list_chain.empty()) setup.trust_list_chain = options.trust_list_chain;
  if (!options.state_dir.empty()) setup.state_dir = options.state_dir;
  return setup;
}

}  // namespace callvet::cli
