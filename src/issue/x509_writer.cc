// SPDX-License-Identifier: MIT
#include "issue/x509_writer.h"

#include <array>
#include <tuple>

#include "base/byte_reader.h"
#include "base/text.h"
#include "issue/certificate_issuer.h"
#include "issue/der_writer.h"

namespace callvet {
namespace {

Result<std::string> KeyIdentifier(const X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (X509_pubkey_digest(certificate, EVP_sha1(), digest.data(), &size) != 1) {
    return OpenSslFailure();
  }
  return std::string(reinterpret_cast<const char*>(digest.data()), size);
}

}  // namespace

Failure OpenSslFailure() {
  return Fail(Reason::kInternalError, ErrorQueueDrain::LastError());
}

Result<X509ExtensionPtr> MakeExtension(std::string_view oid, Criticality criticality,
                                       std::string_view der) {
  const Asn1ObjectPtr object(OBJ_txt2obj(std::string(oid).c_str(), /*no_name=*/1));
  const Asn1OctetStringPtr value(ASN1_OCTET_STRING_new());
  if (object == nullptr || value == nullptr ||
      ASN1_OCTET_STRING_set(value.get(), reinterpret_cast<const unsigned char*>(der.data()),
                            static_cast<int>(der.size())) != 1) {
    return OpenSslFailure();
  }
  X509ExtensionPtr extension(X509_EXTENSION_create_by_OBJ(
      nullptr, object.get(), criticality == Criticality::kCritical ? 1 : 0, value.get()));
  if (extension == nullptr) return OpenSslFailure();
  return extension;
}

Result<Asn1TimePtr> MakeTime(sys_seconds time) {
  constexpr std::chrono::sys_days kFirst = std::chrono::year(1950) / 1 / 1;
  constexpr std::chrono::sys_days kEnd = std::chrono::year(10000) / 1 / 1;
  if (time < kFirst || time >= kEnd) {
    return Fail(Reason::kParameterInvalid, "a time outside the years 1950 to 9999");
  }
  Asn1TimePtr encoded(ASN1_TIME_set(nullptr, time.time_since_epoch().count()));
  if (encoded == nullptr) return OpenSslFailure();
  return encoded;
}

Result<X509NamePtr> MakeName(const DistinguishedName& name) {
  X509NamePtr encoded(X509_NAME_new());
  if (encoded == nullptr) return OpenSslFailure();
  const std::array attributes = {std::pair{"C", &name.country}, std::pair{"O", &name.organization},
                                 std::pair{"CN", &name.common_name}};
  for (const auto& [type, value] : attributes) {
    if (value->empty()) continue;
    // OpenSSL keeps to the upper bounds of X.520 and to PrintableString for C.
    const auto* bytes = reinterpret_cast<const unsigned char*>(value->data());
    if (value->size() > 1024 ||
        X509_NAME_add_entry_by_txt(encoded.get(), type, MBSTRING_UTF8, bytes,
                                   static_cast<int>(value->size()), -1, 0) != 1) {
      return Fail(Reason::kParameterInvalid,
                  std::string(type) + " " + Quote(*value) + ": " + ErrorQueueDrain::LastError());
    }
  }
  return encoded;
}

Result<std::string> DerDirectoryName(const std::string& name) {
  const auto* cursor = reinterpret_cast<const unsigned char*>(name.data());
  const auto* end = cursor + name.size();
  const X509NamePtr decoded(d2i_X509_NAME(nullptr, &cursor, static_cast<long>(name.size())));
  if (decoded == nullptr || cursor != end) {
    return Fail(Reason::kParameterInvalid, "a name that is not the DER of one");
  }
  return DerElement(der::Explicit(4), name);
}

const EVP_MD* DigestFor(const PrivateKey& key) {
  switch (key.kind()) {
    case KeyKind::kEcP384:
      return EVP_sha384();
    case KeyKind::kEcP521:
      return EVP_sha512();
    case KeyKind::kEcP256:
    case KeyKind::kRsa:
    case KeyKind::kOther:
      break;
  }
  return EVP_sha256();
}

Result<std::string> EncodeSubjectKeyId(const X509* certificate) {
  auto id = KeyIdentifier(certificate);
  if (!id) return id;
  return DerElement(der::kOctetString, *id);
}

Result<std::string> EncodeAuthorityKeyId(const X509* issuer) {
  // The cast: OpenSSL's getter fills a cache under its own lock and so takes no const.
  const ASN1_OCTET_STRING* known = X509_get0_subject_key_id(const_cast<X509*>(issuer));
  auto id = known == nullptr ? KeyIdentifier(issuer)
                             : Result<std::string>(std::string(
                                   reinterpret_cast<const char*>(ASN1_STRING_get0_data(known)),
                                   static_cast<size_t>(ASN1_STRING_length(known))));
  if (!id) return id;
  return DerElement(der::kSequence, DerElement(der::Implicit(0), *id));
}

Result<std::string> DerDistributionPointName(const std::vector<std::string>& uris) {
  if (uris.empty()) return Fail(Reason::kParameterInvalid, "a distribution point without a URI");
  std::string names;
  for (const std::string& uri : uris) {
    auto name = DerUriName(uri);
    if (!name) return name;
    names += *name;
  }
  // DistributionPointName is a CHOICE, so its [0] is explicit; fullName [0] in it is implicit.
  return DerElement(der::Explicit(0), DerElement(der::Explicit(0), names));
}

}  // namespace callvet
