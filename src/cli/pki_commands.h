// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>

#include "cli/options.h"
#include "cli/pki_files.h"
#include "issue/rules.h"
#include "pki/certificate.h"

// The subcommands of `callvet pki`, and what they have in common.

namespace callvet::cli {

void AddPkiRootCommand(CLI::App& pki, Context& context);
void AddPkiIntermediateCommand(CLI::App& pki, Context& context);
void AddPkiLeafCommand(CLI::App& pki, Context& context);
void AddPkiCrlCommand(CLI::App& pki, Context& context);
void AddPkiKeyCommand(CLI::App& pki, Context& context);

/// Where files go, and how it is reported.
struct OutputOptions {
  std::filesystem::path dir = ".";
  bool force = false;
  bool json = false;

  [[nodiscard]] Overwrite overwrite() const {
    return force ? Overwrite::kAllow : Overwrite::kRefuse;
  }
  /// `given`, or `name` inside --dir when it is empty.
  [[nodiscard]] std::filesystem::path PathOf(const std::filesystem::path& given,
                                             const char* name) const {
    return given.empty() ? dir / name : given;
  }
};
void AddOutputOptions(CLI::App& command, OutputOptions& options);

/// The flag --insecure-unchecked, which maps to Rules::kIgnored; WarnUnchecked says so.
void AddUncheckedFlag(CLI::App& command, bool& unchecked);
constexpr Rules RulesOf(bool unchecked) {
  return unchecked ? Rules::kIgnored : Rules::kEnforced;
}
void WarnUnchecked(const Console& console, bool unchecked);

/// Lab certificates and CRLs begin an hour ago by default, so that a clock that is somewhat behind
/// accepts them.
inline constexpr std::chrono::seconds kBackdating{3600};

/// --key-type.
struct KeyType {
  std::string name = "p256";
};
void AddKeyTypeOption(CLI::App& command, KeyType& type);
/// A new key. Fails with kParameterInvalid for an unknown name.
Result<PrivateKey> GenerateKey(const KeyType& type);
/// "P-256" or "RSA 3072".
std::string KeyText(const PublicKey& key);

}  // namespace callvet::cli
