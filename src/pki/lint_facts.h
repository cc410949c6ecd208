// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pki/certificate.h"
#include "pki/lint.h"

// What the rules of the lint look at: the facts of one certificate, read from OpenSSL once, so that
// a rule is nothing but a sentence about them.

namespace callvet::lint {

/// The attributes of a name that the profile speaks of.
enum class AttributeKind : uint8_t { kCountry, kOrganization, kCommonName, kSerialNumber, kOther };

struct NameAttribute {
  AttributeKind kind = AttributeKind::kOther;
  std::string oid;    // dotted
  std::string name;   // OpenSSL's short name, or the OID again: for people
  std::string value;  // UTF-8 if it could be converted, else as it stands; may hold any byte
};

enum class ExtensionState : uint8_t {
  kAbsent,
  kTwice,      // RFC 5280 4.2 forbids it; there is no saying which one counts
  kMalformed,  // its value cannot be decoded
  kPresent,
};

/// One extension of a known kind. `value` means something only in the state kPresent.
template <class T>
struct Extension {
  ExtensionState state = ExtensionState::kAbsent;
  bool critical = false;
  T value{};

  [[nodiscard]] bool absent() const { return state == ExtensionState::kAbsent; }
  [[nodiscard]] bool readable() const { return state == ExtensionState::kPresent; }
};

struct BasicConstraints {
  bool ca = false;
  std::optional<int64_t> path_length;  // INT64_MAX for one that does not fit
};

/// KeyUsage as bits: 1 << 0 is digitalSignature, and so on in the order of RFC 5280 4.2.1.3.
namespace key_usage {
inline constexpr uint32_t kDigitalSignature = 1U << 0;
inline constexpr uint32_t kCertSign = 1U << 5;
inline constexpr uint32_t kCrlSign = 1U << 6;
}  // namespace key_usage

struct DistributionPoint {
  std::vector<std::string> uris;  // of the fullName
  size_t other_names = 0;         // names of the fullName that are no URI
  size_t directory_issuers = 0;   // directoryNames in cRLIssuer
  size_t other_issuers = 0;       // other names there
};

/// A time as it is encoded.
struct EncodedTime {
  enum class Type : uint8_t { kUtcTime, kGeneralizedTime } type = Type::kUtcTime;
  std::string text;
};

/// One line of the certificate's list of extensions.
struct ExtensionHeader {
  std::string oid;   // dotted
  std::string name;  // as above
  bool critical = false;
};

/// Everything that a rule may ask. The references must outlive it.
struct Facts {
  const Certificate& certificate;
  const Certificate* issuer;  // may be null
  const LintOptions& options;
  ProfileRole role;

  int64_t version = 0;  // 3 for v3
  int serial_sign = 0;  // -1, 0, 1
  int serial_bits = 0;  // of its absolute value
  EncodedTime not_before{};
  EncodedTime not_after{};
  std::string signature_oid{};
  std::string signature_name{};
  bool signature_has_parameters = false;
  std::vector<NameAttribute> subject_attributes{};
  std::vector<NameAttribute> issuer_attributes{};

  std::vector<ExtensionHeader> extensions{};  // all, in order
  Extension<BasicConstraints> basic_constraints{};
  Extension<uint32_t> key_usage{};
  Extension<std::string> subject_key_id{};
  Extension<std::optional<std::string>> authority_key_id{};  // its keyIdentifier
  Extension<std::vector<std::string>> policies{};            // OIDs
  Extension<std::vector<DistributionPoint>> distribution_points{};

  std::string key_sha1{};                      // of the public key (RFC 5280 4.2.1.2 method 1)
  std::optional<std::string> issuer_key_id{};  // SKI of the certificate that issued this one
};

/// Reads the facts for the role that `options` names, else for the guessed one. Thread-safe.
Facts ReadFacts(const Certificate& certificate, const Certificate* issuer,
                const LintOptions& options);

}  // namespace callvet::lint
