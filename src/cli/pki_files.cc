// SPDX-License-Identifier: MIT
#include "cli/pki_files.h"

#include <algorithm>
#include <ostream>
#include <system_error>

#include "base/text.h"
#include "cli/options.h"
#include "cli/out_option.h"

namespace callvet::cli {
namespace {

namespace fs = std::filesystem;

Failure InFile(std::string_view option, const fs::path& path, const Failure& failure) {
  return InOption(option, Fail(failure.reason, path.string() + ": " + failure.detail));
}

std::string_view ContentName(OutputFile::Content content) {
  switch (content) {
    case OutputFile::Content::kPrivateKey:
      return "private-key";
    case OutputFile::Content::kPublicKey:
      return "public-key";
    case OutputFile::Content::kCertificate:
      return "certificate";
    case OutputFile::Content::kChain:
      return "chain";
    case OutputFile::Content::kCrl:
      return "crl";
  }
  return "";
}

bool OneOf(const fs::path& path, const std::vector<fs::path>& others) {
  return std::any_of(others.begin(), others.end(), [&](const fs::path& other) {
    return !other.empty() && SameFile(path, other);
  });
}

}  // namespace

Result<PrivateKey> ReadPrivateKey(std::string_view option, const fs::path& path) {
  const auto pem = ReadFile(path);
  if (!pem) return InOption(option, pem.error());
  auto key = PrivateKey::FromPem(*pem);
  if (!key) return InFile(option, path, key.error());
  return key;
}

Result<CertificateBundle> ReadCertificates(std::string_view option, const fs::path& path) {
  const auto bytes = ReadFile(path);
  if (!bytes) return InOption(option, bytes.error());
  auto bundle = ParseBundle(*bytes);
  if (!bundle) return InFile(option, path, Fail(Reason::kFileInvalid, bundle.error().detail));
  return bundle;
}

Result<IssuerFiles> ReadIssuer(const fs::path& certificate, const fs::path& key_path) {
  auto key = ReadPrivateKey("--issuer-key", key_path);
  if (!key) return key.error();
  auto bundle = ReadCertificates("--issuer-cert", certificate);
  if (!bundle) return bundle.error();
  const auto own = std::find_if(bundle->begin(), bundle->end(),
                                [&](const Certificate& one) { return key->Matches(one); });
  const Certificate issuer = own == bundle->end() ? bundle->front() : *own;
  return IssuerFiles{{issuer, std::move(*key)}, std::move(*bundle)};
}

Result<void> CheckOutputs(const std::vector<fs::path>& outputs, const std::vector<fs::path>& inputs,
                          Overwrite overwrite) {
  std::vector<fs::path> seen;
  for (const fs::path& path : outputs) {
    if (path.empty()) continue;
    if (OneOf(path, seen)) {
      return Fail(Reason::kParameterInvalid, path.string() + " would be written twice");
    }
    if (OneOf(path, inputs)) {
      return Fail(Reason::kParameterInvalid, path.string() + " is needed as input");
    }
    std::error_code error;
    const auto status = fs::symlink_status(path, error);
    if (fs::is_directory(status)) {
      return Fail(Reason::kParameterInvalid, path.string() + " is a directory");
    }
    if (overwrite == Overwrite::kRefuse && fs::exists(status)) {
      return Fail(Reason::kParameterInvalid,
                  path.string() + " exists already and was not touched; --force replaces it");
    }
    seen.push_back(path);
  }
  return {};
}

Result<void> WriteOutputs(const std::vector<OutputFile>& files) {
  for (const OutputFile& file : files) {
    std::error_code error;
    if (file.path.has_parent_path()) fs::create_directories(file.path.parent_path(), error);
    const bool secret = file.content == OutputFile::Content::kPrivateKey;
    const auto mode = secret ? FileMode::kPrivate : FileMode::kPublic;
    if (auto ok = WriteFile(file.path, file.bytes, mode); !ok) return ok;
  }
  return {};
}

void PrintOutputs(const Console& console, const std::vector<OutputFile>& files) {
  for (const OutputFile& file : files) {
    console.out() << "wrote " << ForTerminal(file.path.string()) << "  " << ForTerminal(file.note)
                  << "\n";
  }
}

JsonValue OutputsJson(const std::vector<OutputFile>& files) {
  JsonArray list;
  for (const OutputFile& file : files) {
    list.push_back(
        JsonMembers{{"path", file.path.string()}, {"content", ContentName(file.content)}});
  }
  return list;
}

}  // namespace callvet::cli
