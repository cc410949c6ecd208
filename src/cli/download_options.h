// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "api/assembly.h"
#include "cli/console.h"

namespace CLI {
class App;
}

// What the commands that download, and those that need to know whom to trust, have in common.

namespace callvet::cli {

struct DownloadOptions {
  std::string ca_file;
  std::string proxy;
  std::vector<std::string> allow_hosts;
  std::vector<std::string> deny_hosts;
  bool allow_http = false;
  bool allow_private_addresses = false;
  std::vector<uint16_t> allow_ports;
};

void AddDownloadOptions(CLI::App& command, DownloadOptions& options);

/// Makes `setup.downloads`.
void ApplyDownloadOptions(const DownloadOptions& options, VerifierSetup& setup);

/// A warning for each lab switch of `setup`, whose downloads are there. Fails like MakeFetcher.
Result<void> WarnOfInsecureSettings(const VerifierSetup& setup, const Console& console);

struct TrustOptions {
  TrustSetup setup;
  std::string trust_list;
  std::filesystem::path sti_pa_account;
  std::filesystem::path trust_list_chain;
  std::filesystem::path state_dir;
};

/// --anchors, --crl, --crl-anchors, --crl-signers, --trust-list-root, --state-dir: what is at hand.
void AddKeptTrustOptions(CLI::App& command, TrustOptions& options);
/// --trust-list, --sti-pa-account, --trust-list-chain: where a new list comes from.
void AddTrustListOptions(CLI::App& command, TrustOptions& options);
/// --crl-url.
void AddCrlUrlOption(CLI::App& command, TrustOptions& options);

/// `options.setup` with the rest of `options` in it.
TrustSetup TrustSetupOf(const TrustOptions& options);

}  // namespace callvet::cli
