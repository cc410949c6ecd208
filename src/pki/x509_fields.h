// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "pki/certificate.h"
#include "pki/openssl_ptr.h"

// Fields that certificates and CRLs share, taken out of OpenSSL's structures; for this room only.
// Pure; thread-safe. std::nullopt means that the field cannot be decoded.

namespace callvet {

/// The value of one extension by the bytes of its OID.
namespace oid {
inline constexpr std::array<uint8_t, 8> kTnAuthList = {0x2B, 6, 1, 5, 5, 7, 1, 26};
inline constexpr std::array<uint8_t, 8> kClaimConstraints = {0x2B, 6, 1, 5, 5, 7, 1, 27};
inline constexpr std::array<uint8_t, 8> kEnhancedClaimConstraints = {0x2B, 6, 1, 5, 5, 7, 1, 33};
inline constexpr std::array<uint8_t, 8> kStirTnListAccess = {0x2B, 6, 1, 5, 5, 7, 48, 14};
}  // namespace oid

/// True if `object` has exactly the OID contents `bytes`.
bool IsOid(const ASN1_OBJECT* object, std::span<const uint8_t> bytes);

/// A DER Name in a form whose bytes are equal exactly when X509_NAME_cmp says that the names are
/// (RFC 5280 7.1: string types, letter case and spaces do not count).
std::optional<std::string> CanonicalName(const X509_NAME* name);

/// True if two names by CanonicalName have the same RDNs, in any order.
bool HaveSameRdns(std::string_view a, std::string_view b);

/// RFC 2253 text in UTF-8, for people.
std::string NameText(const X509_NAME* name);

/// The first attribute of the kind `nid` in UTF-8, or "".
std::string FirstAttribute(const X509_NAME* name, int nid);

/// Lower-case hex without leading zeros, "0" for zero, '-' in front of a negative one.
std::optional<std::string> SerialHex(const ASN1_INTEGER* serial);

std::optional<sys_seconds> ToTime(const ASN1_TIME* time);

/// The URIs among `names`.
std::vector<std::string> UrisOf(const GENERAL_NAMES* names);
/// The directoryNames among `names` as by CanonicalName.
std::optional<std::vector<std::string>> DirectoryNamesOf(const GENERAL_NAMES* names);

/// True for the signature algorithms that certificates and CRLs may be signed with: ECDSA or RSA
/// PKCS#1 v1.5 over SHA-256, SHA-384 or SHA-512 (RFC 8226 8, B-8; C-2).
bool IsStrongSignature(int digest_nid, int key_nid);

/// VS choice: larger keys only cost us time.
inline constexpr int kMaxRsaBits = 8192;

/// True if the key of `certificate` may sign certificates and CRLs: ECDSA on P-256, P-384 or P-521
/// by name, or RSA of 2048 to 8192 bits with a public exponent of 256 bits at most.
bool HasStrongKey(const Certificate& certificate);

}  // namespace callvet
