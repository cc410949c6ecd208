// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <new>
#include <string>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

// The only way in which callvet owns OpenSSL objects, and its one way to leave OpenSSL's per-thread
// error queue empty.

namespace callvet {

template <auto Free>
struct OpenSslFree {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};

template <class T, auto Free>
using OpenSslPtr = std::unique_ptr<T, OpenSslFree<Free>>;

struct OpenSslStringFree {
  void operator()(void* text) const { OPENSSL_free(text); }
};
struct PolicyMappingsFree {
  void operator()(POLICY_MAPPINGS* mappings) const {
    sk_POLICY_MAPPING_pop_free(mappings, POLICY_MAPPING_free);
  }
};
/// Frees a stack that only borrows its certificates.
struct X509StackShallowFree {
  void operator()(STACK_OF(X509) * stack) const { sk_X509_free(stack); }
};

using BioPtr = OpenSslPtr<BIO, BIO_free_all>;
using BignumPtr = OpenSslPtr<BIGNUM, BN_free>;
using EcdsaSigPtr = OpenSslPtr<ECDSA_SIG, ECDSA_SIG_free>;
using EvpMdCtxPtr = OpenSslPtr<EVP_MD_CTX, EVP_MD_CTX_free>;
using EvpPkeyCtxPtr = OpenSslPtr<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using EvpPkeyPtr = OpenSslPtr<EVP_PKEY, EVP_PKEY_free>;
using X509Ptr = OpenSslPtr<X509, X509_free>;
using X509CrlPtr = OpenSslPtr<X509_CRL, X509_CRL_free>;
using X509ExtensionPtr = OpenSslPtr<X509_EXTENSION, X509_EXTENSION_free>;
using X509NamePtr = OpenSslPtr<X509_NAME, X509_NAME_free>;
using X509RevokedPtr = OpenSslPtr<X509_REVOKED, X509_REVOKED_free>;
using X509StoreCtxPtr = OpenSslPtr<X509_STORE_CTX, X509_STORE_CTX_free>;
using X509StorePtr = OpenSslPtr<X509_STORE, X509_STORE_free>;
using GeneralNamesPtr = OpenSslPtr<GENERAL_NAMES, GENERAL_NAMES_free>;
using DistPointsPtr = OpenSslPtr<CRL_DIST_POINTS, CRL_DIST_POINTS_free>;
using IssuingDistPointPtr = OpenSslPtr<ISSUING_DIST_POINT, ISSUING_DIST_POINT_free>;
using AuthorityInfoPtr = OpenSslPtr<AUTHORITY_INFO_ACCESS, AUTHORITY_INFO_ACCESS_free>;
using Asn1IntegerPtr = OpenSslPtr<ASN1_INTEGER, ASN1_INTEGER_free>;
using Asn1OctetStringPtr = OpenSslPtr<ASN1_OCTET_STRING, ASN1_OCTET_STRING_free>;
using Asn1ObjectPtr = OpenSslPtr<ASN1_OBJECT, ASN1_OBJECT_free>;
using CertificatePoliciesPtr = OpenSslPtr<CERTIFICATEPOLICIES, CERTIFICATEPOLICIES_free>;
using PolicyMappingsPtr = std::unique_ptr<POLICY_MAPPINGS, PolicyMappingsFree>;
using X509StackView = std::unique_ptr<STACK_OF(X509), X509StackShallowFree>;
using OpenSslString = std::unique_ptr<char, OpenSslStringFree>;

/// Empties this thread's OpenSSL error queue when it goes out of scope: put one at the top of every
/// function that calls OpenSSL, so that no error leaks into somebody else's diagnosis.
class ErrorQueueDrain {
 public:
  ErrorQueueDrain() { Empty(); }
  ErrorQueueDrain(const ErrorQueueDrain&) = delete;
  ErrorQueueDrain& operator=(const ErrorQueueDrain&) = delete;
  ~ErrorQueueDrain() { Empty(); }

  /// The reason text of the last error, or "unknown error".
  [[nodiscard]] static std::string LastError() {
    const char* text = ERR_reason_error_string(ERR_peek_last_error());
    return text != nullptr ? text : "unknown error";
  }

  /// Throws std::bad_alloc if an error since the last drain is one of memory: what OpenSSL then
  /// calls absent, or says does not match, is perhaps there, and does. To be asked before such an
  /// answer is believed. Empties the queue.
  static void ThrowIfNoMemory() {
    bool found = false;
    for (auto code = ERR_get_error(); code != 0; code = ERR_get_error()) {
      found = found || ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE;
    }
    if (found) throw std::bad_alloc();
  }

 private:
  // Emptying an empty one costs as much as some hundred bytes of a digest.
  static void Empty() {
    if (ERR_peek_error() != 0) ERR_clear_error();
  }
};

}  // namespace callvet
