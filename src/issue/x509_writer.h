// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "callvet/result.h"
#include "issue/private_key.h"
#include "pki/openssl_ptr.h"

// What certificates and CRLs are both made of. Internal to the room; the callers drain OpenSSL's
// error queue. Thread-safe.

namespace callvet {

struct DistinguishedName;

using Asn1TimePtr = OpenSslPtr<ASN1_TIME, ASN1_TIME_free>;

enum class Criticality : uint8_t { kNotCritical, kCritical };

/// kInternalError with OpenSSL's last error.
Failure OpenSslFailure();

/// The DER of an OpenSSL object by its i2d function; empty if that fails.
template <auto I2d, class T>
std::string EncodeDer(const T* object) {
  unsigned char* bytes = nullptr;
  const int size = I2d(object, &bytes);
  const OpenSslString owner(reinterpret_cast<char*>(bytes));
  return size > 0 ? std::string(owner.get(), static_cast<size_t>(size)) : std::string();
}

/// An extension by OID (dotted) and the DER of its value: no NID is registered.
Result<X509ExtensionPtr> MakeExtension(std::string_view oid, Criticality criticality,
                                       std::string_view der);

/// UTCTime up to 2049, then GeneralizedTime (RFC 5280 4.1.2.5). kParameterInvalid outside
/// 1950..9999.
Result<Asn1TimePtr> MakeTime(sys_seconds time);

/// See EncodeName.
Result<X509NamePtr> MakeName(const DistinguishedName& name);

/// The GeneralName directoryName with `name`, the DER of a Name. kParameterInvalid if it is none.
Result<std::string> DerDirectoryName(const std::string& name);

/// The digest that certificates and CRLs are signed with: as strong as the key's curve, SHA-256 for
/// RSA.
const EVP_MD* DigestFor(const PrivateKey& key);

/// SubjectKeyIdentifier: SHA-1 of the key bits (RFC 5280 4.2.1.2 method 1).
Result<std::string> EncodeSubjectKeyId(const X509* certificate);

/// AuthorityKeyIdentifier with the subject key identifier of `issuer`, computed if it has none.
Result<std::string> EncodeAuthorityKeyId(const X509* issuer);

/// `distributionPoint [0]` with a fullName of these URIs, for a DistributionPoint and an
/// IssuingDistributionPoint alike (RFC 5280 4.2.1.13, 5.2.5). kParameterInvalid for none or a bad
/// one.
Result<std::string> DerDistributionPointName(const std::vector<std::string>& uris);

}  // namespace callvet
