// SPDX-License-Identifier: MIT
#include "evidence/number_secret.h"

#include <sys/stat.h>

#include <algorithm>

#include "base/base64url.h"
#include "base/file.h"
#include "base/text.h"
#include "evidence/packed_id.h"

namespace callvet {
namespace {

constexpr size_t kNumberHashBytes = 16;  // 2^-64 for one of 2^64 numbers to meet another

}  // namespace

Result<NumberSecret> NumberSecret::Parse(std::string_view text) {
  text = TrimLines(text);
  SecretKey master{};
  const auto bytes = BytesOfHex(text);
  if (!bytes || bytes->size() != master.size()) {
    return Fail(Reason::kKeyInvalid, "the key for numbers is not 64 hexadecimal digits");
  }
  std::copy(bytes->begin(), bytes->end(), master.begin());
  NumberSecret key;
  const auto search = HmacSha256(master, "callvet evidence: search");
  const auto seal = HmacSha256(master, "callvet evidence: seal");
  const auto name = HmacSha256(master, "callvet evidence: name");
  if (!search) return search.error();
  if (!seal) return seal.error();
  if (!name) return name.error();
  key.search_ = *search;
  key.seal_ = *seal;
  key.name_ = ToHex(AsBytes(*name).substr(0, 8));
  return key;
}

Result<NumberSecret> NumberSecret::Read(const std::filesystem::path& path) {
  if (auto ok = CheckSecretMode(path, SecretReaders::kOwner); !ok) return ok.error();
  const auto text = ReadFile(path, 4096);
  if (!text) return text.error();
  auto key = Parse(*text);
  if (!key) return Fail(key.error().reason, path.string() + ": " + key.error().detail);
  return key;
}

Result<std::string> NumberSecret::Hash(std::string_view number) const {
  const auto hash = HmacSha256(search_, number);
  if (!hash) return hash.error();
  return ToHex(AsBytes(*hash).substr(0, kNumberHashBytes));
}

Result<std::string> NumberSecret::Seal(std::string_view id, std::string_view text) const {
  const auto key = HmacSha256(seal_, id);
  if (!key) return key.error();
  const auto sealed = SealOnce(*key, id, text);
  if (!sealed) return sealed.error();
  return EncodeBase64Url(*sealed);
}

Result<std::string> NumberSecret::Open(std::string_view id, std::string_view sealed) const {
  const auto bytes = DecodeBase64Url(sealed);
  if (!bytes) return Fail(Reason::kEvidenceAltered, bytes.error().detail);
  const auto key = HmacSha256(seal_, id);
  if (!key) return key.error();
  return OpenSealed(*key, id, *bytes);
}

Failure WrongNumberKey(const std::string& what, std::string_view kept, std::string_view given) {
  const bool missing = given.empty() && !kept.empty();
  return Fail(Reason::kKeyInvalid,
              what + (missing ? " was begun with a key for numbers, which must be given: "
                                "--number-key, or number_key in the configuration"
                              : " was begun with another key for numbers, or without one"));
}

std::string NumberKeyOf(const JsonValue& text) {
  const JsonValue* name = text.Find("number_key");
  return name != nullptr && name->AsString() != nullptr ? *name->AsString() : std::string();
}

Result<void> CheckSecretMode(const std::filesystem::path& path, SecretReaders readers) {
  const bool group = readers == SecretReaders::kOwnerAndGroup;
  const mode_t nobodys = S_IRWXO | (group ? S_IWGRP : S_IRWXG);
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || (status.st_mode & nobodys) == 0) return {};
  return Fail(Reason::kKeyInvalid, path.string() + " may be read or written by others: make its " +
                                       (group ? "mode 0600 or 0640" : "mode 0600"));
}

}  // namespace callvet
