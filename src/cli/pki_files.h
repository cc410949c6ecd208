// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "api/certificate_json.h"
#include "base/file.h"
#include "base/json.h"
#include "callvet/result.h"
#include "cli/console.h"
#include "issue/certificate_issuer.h"
#include "issue/private_key.h"
#include "pki/certificate.h"

// Keys and certificates from files and back, for the commands that issue. Failures name the option
// and the file.

namespace callvet::cli {

/// Fails with kFileUnreadable or kKeyInvalid.
Result<PrivateKey> ReadPrivateKey(std::string_view option, const std::filesystem::path& path);

/// All certificates of a file, at least one. Fails with kFileUnreadable, kCertificateUnreadable or
/// kCertificateMalformed.
Result<CertificateBundle> ReadCertificates(std::string_view option,
                                           const std::filesystem::path& path);

/// Who issues, and what else its certificate file holds.
struct IssuerFiles {
  CertificateAuthority authority;
  CertificateBundle bundle;
};

/// --issuer-cert and --issuer-key. Of several certificates the one that belongs to the key is the
/// issuer's, else the first. Fails as the two above.
Result<IssuerFiles> ReadIssuer(const std::filesystem::path& certificate,
                               const std::filesystem::path& key);

/// A file that a command makes.
struct OutputFile {
  enum class Content : uint8_t { kPrivateKey, kPublicKey, kCertificate, kChain, kCrl };
  Content content;
  std::filesystem::path path;
  std::string bytes;
  std::string note;  // for people: what it is
};

enum class Overwrite : uint8_t { kRefuse, kAllow };

/// Whether `outputs` may be written: none exists (unless allowed), no two are the same, and none is
/// one of `inputs` (always). Asked before anything is made. Empty paths are skipped. Fails with
/// kParameterInvalid, naming the file.
Result<void> CheckOutputs(const std::vector<std::filesystem::path>& outputs,
                          const std::vector<std::filesystem::path>& inputs, Overwrite overwrite);

/// Writes `files` in order, private keys readable by their owner only; the directory of each is
/// made if it is missing. Fails with kFileUnreadable.
Result<void> WriteOutputs(const std::vector<OutputFile>& files);

/// One line per file.
void PrintOutputs(const Console& console, const std::vector<OutputFile>& files);
/// [{"path", "content"}].
JsonValue OutputsJson(const std::vector<OutputFile>& files);

}  // namespace callvet::cli
