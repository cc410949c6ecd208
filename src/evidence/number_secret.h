// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/json.h"
#include "callvet/result.h"
#include "pki/sealing.h"

namespace callvet {

/// The secret with which numbers are kept as keyed hashes and everything else that names a party is
/// encrypted. Whoever has it can search and read; without it a record says who signed and what came
/// of it, and nothing of the parties. A value; thread-safe.
class NumberSecret {
 public:
  /// Reads 64 hexadecimal digits (white space around them is ignored). Fails with kKeyInvalid.
  static Result<NumberSecret> Parse(std::string_view text);
  /// The same from a file, which others may not read (mode 0600). Fails also with kFileUnreadable.
  static Result<NumberSecret> Read(const std::filesystem::path& path);

  /// What `number` (canonical) is searched by: 32 hexadecimal digits. Fails with kInternalError.
  [[nodiscard]] Result<std::string> Hash(std::string_view number) const;
  /// Encrypts `text` for the record `id`; base64url. One text per id. Fails with kInternalError.
  [[nodiscard]] Result<std::string> Seal(std::string_view id, std::string_view text) const;
  /// Fails with kEvidenceAltered: another key, another record, or changed.
  [[nodiscard]] Result<std::string> Open(std::string_view id, std::string_view sealed) const;
  /// 16 hexadecimal digits that tell keys apart and nothing else.
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  NumberSecret() = default;
  SecretKey search_{};
  SecretKey seal_{};
  std::string name_;
};

/// Why `what` ("calls.db"), which was begun with the key for numbers whose name is `kept` ("": with
/// none), is not for who gives the one whose name is `given`: kKeyInvalid. Pure.
Failure WrongNumberKey(const std::string& what, std::string_view kept, std::string_view given);

/// The name of the key that the text of a record says its numbers were hashed with; "": none.
std::string NumberKeyOf(const JsonValue& text);

/// Whether the file of a secret may be written by its owner alone and read by nobody but `readers`,
/// as far as its mode can be seen. Fails with kKeyInvalid.
enum class SecretReaders : uint8_t { kOwner, kOwnerAndGroup };
Result<void> CheckSecretMode(const std::filesystem::path& path, SecretReaders readers);

}  // namespace callvet
