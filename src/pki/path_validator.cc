// SPDX-License-Identifier: MIT
#include "pki/path_validator.h"

#include <string>
#include <utility>

#include "base/byte_reader.h"
#include "base/text.h"
#include "pki/openssl_ptr.h"
#include "pki/x509_fields.h"

namespace callvet {
namespace {

using Path = std::vector<Certificate>;

Failure Invalid(const Certificate& certificate, std::string_view detail) {
  return Fail(Reason::kChainInvalid, Quote(certificate.subject()) + " " + std::string(detail));
}

bool HasStrongSignature(const Certificate& certificate) {
  int digest = NID_undef;
  int key = NID_undef;
  return X509_get_signature_info(certificate.x509(), &digest, &key, nullptr, nullptr) == 1 &&
         IsStrongSignature(digest, key);
}

// B-8, C-2. The anchor's own signature proves nothing and may be of any kind.
Result<void> CheckStrength(const Path& path) {
  for (size_t i = 0; i + 1 < path.size(); ++i) {
    if (!HasStrongSignature(path[i])) {
      return Fail(Reason::kChainWeakKey, Quote(path[i].subject()) +
                                             " is signed with an algorithm that is too weak or "
                                             "not allowed");
    }
    if (!HasStrongKey(path[i + 1])) {
      return Fail(Reason::kChainWeakKey, "the key of the CA " + Quote(path[i + 1].subject()) +
                                             " is too weak or of a kind that is not allowed");
    }
  }
  return {};
}

// Whether `child` names the key of `issuer` by its identifier.
bool HaveSameKeyId(const Certificate& issuer, const Certificate& child) {
  const ASN1_OCTET_STRING* subject = X509_get0_subject_key_id(issuer.x509());
  const ASN1_OCTET_STRING* authority = X509_get0_authority_key_id(child.x509());
  return subject != nullptr && authority != nullptr &&
         ASN1_OCTET_STRING_cmp(subject, authority) == 0;
}

// RFC 5280 4.1: the value of an extension is the DER of one thing. OpenSSL reads that and leaves
// what stands behind it, which could be a limit.
bool IsOneValue(X509_EXTENSION* extension) {
  const ASN1_OCTET_STRING* value = X509_EXTENSION_get_data(extension);
  ByteReader reader({ASN1_STRING_get0_data(value), static_cast<size_t>(ASN1_STRING_length(value))},
                    Reason::kChainInvalid);
  return reader.Read(reader.PeekTag()) && reader.AtEnd();
}

// Whether one of the extensions that OpenSSL knows cannot be decoded. Ours have readers of their
// own, and of all others nothing is asked.
bool HasBrokenExtension(X509* x509) {
  if ((X509_get_extension_flags(x509) & EXFLAG_INVALID) != 0) return true;
  for (int i = 0; i < X509_get_ext_count(x509); ++i) {
    X509_EXTENSION* extension = X509_get_ext(x509, i);
    if (X509V3_EXT_get(extension) != nullptr && !IsOneValue(extension)) return true;
  }
  return false;
}

// B-31. OpenSSL alone would also take version 1 roots and issuers without basicConstraints whose
// keyUsage says keyCertSign for CAs.
Result<void> CheckIssuers(const Path& path) {
  for (size_t i = 0; i < path.size(); ++i) {
    const Certificate& certificate = path[i];
    const bool is_anchor = i + 1 == path.size();
    if (is_anchor ? (X509_get_extension_flags(certificate.x509()) & EXFLAG_INVALID) != 0
                  : HasBrokenExtension(certificate.x509())) {
      return Invalid(certificate, "has an extension that cannot be decoded");
    }
    // RFC 5280 6.1.4 (k). What the anchor is, whoever gave it knows.
    if (!is_anchor && X509_get_version(certificate.x509()) != X509_VERSION_3) {
      return Invalid(certificate, "is not of version 3");
    }
    if (i == 0) continue;
    if (!certificate.is_ca()) {
      return Invalid(certificate, "issued a certificate without being a CA");
    }
    // RFC 5280 4.1.2.6: two CAs without names would not be told apart.
    if (X509_NAME_entry_count(X509_get_subject_name(certificate.x509())) == 0) {
      return Invalid(certificate, "issued a certificate without having a name");
    }
    const int issued = CheckIssued(certificate, path[i - 1]);
    if (issued != X509_V_OK) {
      return Invalid(certificate, "cannot have issued " + Quote(path[i - 1].subject()) + ": " +
                                      X509_verify_cert_error_string(issued));
    }
  }
  return {};
}

// What a critical extension says is heeded by OpenSSL or by us.
bool IsUnderstood(X509* x509, X509_EXTENSION* extension) {
  const ASN1_OBJECT* object = X509_EXTENSION_get_object(extension);
  switch (OBJ_obj2nid(object)) {
    case NID_subject_key_identifier:
    case NID_authority_key_identifier:
    case NID_info_access:
      return true;
    // OpenSSL heeds these two only for purposes that it knows, and calls are none of them. RFC 5280
    // 4.2.1.12: a certificate may only be used for a purpose that it names, or for any.
    case NID_netscape_cert_type:
      return false;
    case NID_ext_key_usage:
      return (X509_get_extended_key_usage(x509) & XKU_ANYEKU) != 0;
    default:
      return X509_supported_extension(extension) == 1 || IsOid(object, oid::kTnAuthList) ||
             IsOid(object, oid::kClaimConstraints) || IsOid(object, oid::kEnhancedClaimConstraints);
  }
}

// RFC 5280 4.2. That CAs must not mark some of ours critical (RFC 8226, RFC 5280 4.2.1.1) binds
// them, and some do.
Result<void> CheckCriticalExtensions(const Path& path) {
  for (const Certificate& certificate : path) {
    const bool is_anchor = &certificate == &path.back();
    for (int i = 0; i < X509_get_ext_count(certificate.x509()); ++i) {
      X509_EXTENSION* extension = X509_get_ext(certificate.x509(), i);
      if (X509_EXTENSION_get_critical(extension) == 0) continue;
      if (IsUnderstood(certificate.x509(), extension)) continue;
      // RFC 5280 6.1.1 (d): for what an anchor may be used, whoever gave it knows.
      if (is_anchor && X509_supported_extension(extension) == 1) continue;
      return Invalid(certificate,
                     OBJ_obj2nid(X509_EXTENSION_get_object(extension)) == NID_ext_key_usage
                         ? "has a critical extendedKeyUsage without anyExtendedKeyUsage"
                         : "has a critical extension that is not understood");
    }
  }
  return {};
}

Reason ReasonOf(int error) {
  switch (error) {
    case X509_V_ERR_CERT_CHAIN_TOO_LONG:
      return Reason::kChainTooLong;
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
    case X509_V_ERR_CA_MD_TOO_WEAK:
    case X509_V_ERR_EC_KEY_EXPLICIT_PARAMS:
      return Reason::kChainWeakKey;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_UNTRUSTED:
    case X509_V_ERR_CERT_REJECTED:
      return Reason::kChainUntrusted;
    case X509_V_OK:  // a failure without an error
    case X509_V_ERR_UNSPECIFIED:
    case X509_V_ERR_OUT_OF_MEM:
    case X509_V_ERR_INVALID_CALL:
    case X509_V_ERR_STORE_LOOKUP:
      return Reason::kInternalError;
    default:
      return Reason::kChainInvalid;
  }
}

// Lets OpenSSL see only the pairs of the path as issued, so that it cannot wander to another
// certificate of the same name. It widens OpenSSL's own test only by what CheckIssued does.
int IssuedInPath(X509_STORE_CTX* context, X509* child, X509* issuer) {
  const auto* path = static_cast<const Path*>(X509_STORE_CTX_get_app_data(context));
  if (path == nullptr) return 0;
  for (size_t i = 0; i < path->size(); ++i) {
    if ((*path)[i].x509() != child) continue;
    const bool next = i + 1 < path->size() && (*path)[i + 1].x509() == issuer;
    if (!next && child != issuer) continue;
    return CheckIssued((*path)[next ? i + 1 : i], (*path)[i]) == X509_V_OK ? 1 : 0;
  }
  return 0;
}

// In the place of OpenSSL's own loop, which would verify every signature once more. CheckSignatures
// did it, of exactly the path that IsExactly demands; what else the loop asks, whether each key may
// sign and the times, CheckIssued and CheckValidity did.
int SignaturesAreChecked(X509_STORE_CTX* context) {
  // Where that loop leaves off: the text of a failure behind it names the certificate.
  X509_STORE_CTX_set_error_depth(context, 0);
  X509_STORE_CTX_set_current_cert(context, X509_STORE_CTX_get0_cert(context));
  return 1;
}

X509StackView MakeStack(const Path& path, size_t first, size_t last) {
  X509StackView stack(sk_X509_new_null());
  for (size_t i = first; stack != nullptr && i < last; ++i) {
    if (sk_X509_push(stack.get(), path[i].x509()) <= 0) stack.reset();
  }
  return stack;
}

bool SetParameters(X509_STORE_CTX* context, const Path& path) {
  X509_VERIFY_PARAM* parameters = X509_STORE_CTX_get0_param(context);
  // PARTIAL_CHAIN: an anchor may be an intermediate. IGNORE_CRITICAL: CheckCriticalExtensions does
  // it, strictly, with the STIR extensions known. NO_CHECK_TIME: CheckValidity does it, with
  // notAfter included (RFC 5280 4.1.2.5), which OpenSSL takes for expired. POLICY_CHECK: RFC
  // 5280 6.1.3 (d) to (f), with any policy as the initial set.
  constexpr unsigned long kFlags =  // NOLINT(google-runtime-int): OpenSSL's type
      X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_IGNORE_CRITICAL | X509_V_FLAG_NO_CHECK_TIME |
      X509_V_FLAG_POLICY_CHECK;
  X509_VERIFY_PARAM_set_depth(parameters, static_cast<int>(path.size()));
  // RFC 5280 4.2.1.10: constraints of dNSNames are not for the subject's commonName.
  X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  return X509_VERIFY_PARAM_set_flags(parameters, kFlags) == 1 &&
         X509_VERIFY_PARAM_add0_policy(parameters, OBJ_nid2obj(NID_any_policy)) == 1;
}

bool IsExactly(const STACK_OF(X509) * chain, const Path& path) {
  if (chain == nullptr || static_cast<size_t>(sk_X509_num(chain)) != path.size()) return false;
  for (size_t i = 0; i < path.size(); ++i) {
    if (X509_cmp(sk_X509_value(chain, static_cast<int>(i)), path[i].x509()) != 0) return false;
  }
  return true;
}

size_t CountPolicies(const Certificate& certificate) {
  const CertificatePoliciesPtr policies(static_cast<CERTIFICATEPOLICIES*>(
      X509_get_ext_d2i(certificate.x509(), NID_certificate_policies, nullptr, nullptr)));
  return policies == nullptr ? 0 : static_cast<size_t>(sk_POLICYINFO_num(policies.get()));
}

size_t CountPolicyMappings(const Certificate& certificate) {
  const PolicyMappingsPtr mappings(static_cast<POLICY_MAPPINGS*>(
      X509_get_ext_d2i(certificate.x509(), NID_policy_mappings, nullptr, nullptr)));
  return mappings == nullptr ? 0 : static_cast<size_t>(sk_POLICY_MAPPING_num(mappings.get()));
}

// The certificate with which the tree of valid policies (RFC 5280 6.1.2 (a)) may have more nodes
// than OpenSSL takes; nullptr if none can. A node has one child for each policy of the next level
// at most, and without mappings each policy has one parent.
const Certificate* BeyondPolicyTree(const Path& path) {
  constexpr size_t kMaxNodes = 1000;  // OPENSSL_POLICY_TREE_NODES_MAX
  size_t nodes = 1;
  size_t level = 1;     // nodes of the last one
  size_t mappings = 0;  // so far
  for (size_t i = path.size() - 1; i-- > 0;) {
    mappings += CountPolicyMappings(path[i]);
    const size_t policies = CountPolicies(path[i]) + mappings + 1;
    level = mappings == 0 ? policies + level : policies * (level + 1);
    nodes += level;
    if (nodes >= kMaxNodes) return &path[i];
  }
  return nullptr;
}

// Empties the error queue if the failure is the path's: of too many policies OpenSSL says that
// there is no memory, as it does where there is none.
Failure OpenSslFailure(X509_STORE_CTX* context, const Path& path) {
  const int error = X509_STORE_CTX_get_error(context);
  if (error == X509_V_ERR_OUT_OF_MEM) {
    if (const Certificate* beyond = BeyondPolicyTree(path)) {
      ERR_clear_error();
      return Invalid(*beyond, "has more certificate policies than can be judged");
    }
  }
  const auto depth = static_cast<size_t>(X509_STORE_CTX_get_error_depth(context));
  std::string detail = X509_verify_cert_error_string(error);
  if (depth < path.size()) detail += " at " + Quote(path[depth].subject());
  return Fail(ReasonOf(error), std::move(detail));
}

// RFC 5280 6.1.3 (a) (1). The anchor's own proves nothing.
Result<void> CheckSignatures(const Path& path) {
  for (size_t i = path.size() - 1; i-- > 0;) {
    if (path[i].SignedBy(path[i + 1])) continue;
    return Fail(Reason::kChainInvalid,
                X509_verify_cert_error_string(X509_V_ERR_CERT_SIGNATURE_FAILURE) +
                    (" at " + Quote(path[i].subject())));
  }
  return {};
}

// Of a path whose signatures were verified.
Result<void> ValidateByOpenSsl(const Path& path) {
  const X509StorePtr store(X509_STORE_new());
  const X509StackView trusted = MakeStack(path, path.size() - 1, path.size());
  const X509StackView untrusted = MakeStack(path, 1, path.size() - 1);
  const X509StoreCtxPtr context(X509_STORE_CTX_new());
  if (store == nullptr || trusted == nullptr || untrusted == nullptr || context == nullptr) {
    return Fail(Reason::kInternalError, "no memory to validate the path");
  }
  X509_STORE_set_check_issued(store.get(), IssuedInPath);
  X509_STORE_set_verify(store.get(), SignaturesAreChecked);
  if (X509_STORE_CTX_init(context.get(), store.get(), path[0].x509(), untrusted.get()) != 1 ||
      X509_STORE_CTX_set_app_data(context.get(), const_cast<Path*>(&path)) != 1 ||
      !SetParameters(context.get(), path)) {
    return Fail(Reason::kInternalError, "the validation of the path cannot start");
  }
  X509_STORE_CTX_set0_trusted_stack(context.get(), trusted.get());
  if (X509_verify_cert(context.get()) != 1 ||
      X509_STORE_CTX_get_error(context.get()) != X509_V_OK) {
    return OpenSslFailure(context.get(), path);
  }
  if (!IsExactly(X509_STORE_CTX_get0_chain(context.get()), path)) {
    return Fail(Reason::kInternalError, "OpenSSL validated another path than the one asked for");
  }
  return {};
}

}  // namespace

int CheckIssued(const Certificate& issuer, const Certificate& child) {
  const int error = X509_check_issued(issuer.x509(), child.x509());
  if (error != X509_V_ERR_AKID_ISSUER_SERIAL_MISMATCH || !HaveSameKeyId(issuer, child)) {
    return error;
  }
  // OpenSSL ended before it looked at that.
  const bool may_issue = (X509_get_key_usage(issuer.x509()) & KU_KEY_CERT_SIGN) != 0;
  return may_issue ? X509_V_OK : X509_V_ERR_KEYUSAGE_NO_CERTSIGN;
}

Result<void> CheckValidity(const Certificate& certificate, sys_seconds at) {
  if (at > certificate.not_after()) {
    return Fail(Reason::kCertificateExpired, Quote(certificate.subject()) + " expired at " +
                                                 FormatTime(certificate.not_after()));
  }
  if (at < certificate.not_before()) {
    return Fail(Reason::kCertificateNotYetValid, Quote(certificate.subject()) + " is valid from " +
                                                     FormatTime(certificate.not_before()) + " on");
  }
  return {};
}

Result<void> ValidatePath(const Path& path, sys_seconds at) {
  const ErrorQueueDrain drain;
  if (path.size() < 2) {
    return Fail(Reason::kChainUntrusted, "the path does not lead to a trust anchor");
  }
  if (auto ok = CheckStrength(path); !ok) return ok.error();
  if (auto ok = CheckIssuers(path); !ok) return ok.error();
  if (auto ok = CheckCriticalExtensions(path); !ok) return ok.error();
  for (const Certificate& certificate : path) {
    if (auto ok = CheckValidity(certificate, at); !ok) return ok.error();
  }
  if (auto ok = CheckSignatures(path); !ok) return ok.error();
  auto valid = ValidateByOpenSsl(path);
  if (!valid) ErrorQueueDrain::ThrowIfNoMemory();
  return valid;
}

}  // namespace callvet
