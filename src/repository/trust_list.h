// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "callvet/result.h"
#include "pki/certificate.h"
#include "pki/trust_store.h"

// The STI-PA's signed list of the certification authorities that may vouch for callers
// (ATIS-1000084, C-30 to C-32).

namespace callvet {

/// Budgets (VS choice): the list has a few dozen certificates of 1 KiB.
inline constexpr size_t kMaxTrustListBytes = size_t{8} * 1024 * 1024;
inline constexpr size_t kMaxTrustListEntries = 2'048;

/// A trust list as received, taken apart. Nothing of it is trusted: see TrustList::Verify.
class SignedTrustList {
 public:
  /// Reads a JWS (RFC 7515) in compact form, in the flattened JSON form, or in the general JSON
  /// form with one signature; also the STI-PA's answer {"status":"success","caList":"<compact
  /// JWS>"}. White space around it is allowed. alg must be ES256, x5u a string, and everything that
  /// counts inside the protected header: an unprotected one or `crit` is refused. Fails with
  /// kTrustListMalformed. Pure; thread-safe.
  static Result<SignedTrustList> Parse(std::string_view bytes);

  [[nodiscard]] const std::string& x5u() const { return x5u_; }
  /// The compact form, whatever was received.
  [[nodiscard]] std::string Compact() const { return signing_input_ + "." + signature_; }

 private:
  friend class TrustList;
  static Result<SignedTrustList> FromParts(std::string_view header, std::string_view payload,
                                           std::string_view signature);
  static Result<SignedTrustList> FromJson(std::string_view text);

  std::string x5u_;
  std::string signing_input_;
  std::string payload_;    // decoded
  std::string signature_;  // base64url
};

/// A list whose signature and signer were found good: trust as a type. Only Verify makes one.
class TrustList {
 public:
  /// Checks, in this order: the chain of the signer, at `now`, up to an anchor of `pa_roots`
  /// (VerifyChain, so with its CRLs if it has any); that the signer has no TNAuthList, by value or
  /// by reference; the ES256 signature over the received bytes; the payload: version a string,
  /// sequence and exp whole numbers that are not negative, trustList an array of at least one
  /// string with exactly one CA certificate in PEM each. Other members are ignored. `signer_chain`
  /// is what x5u names.
  ///
  /// Expiry is not judged here, since the old list is kept until its exp: see ExpiredAt.
  /// `pa_roots` is a store of its own: the STI-PA's roots never vouch for signers of calls.
  ///
  /// Fails with kTrustListUntrusted or kTrustListMalformed (kInternalError). Thread-safe; no I/O.
  static Result<TrustList> Verify(const SignedTrustList& list,
                                  const CertificateBundle& signer_chain, const TrustStore& pa_roots,
                                  sys_seconds now);

  [[nodiscard]] const std::string& version() const { return version_; }
  [[nodiscard]] int64_t sequence() const { return sequence_; }
  [[nodiscard]] sys_seconds expires() const { return expires_; }
  /// C-32: the list counts before its exp only.
  [[nodiscard]] bool ExpiredAt(sys_seconds now) const { return now >= expires_; }
  [[nodiscard]] const CertificateBundle& anchors() const { return anchors_; }
  /// Who signed it, RFC 2253.
  [[nodiscard]] const std::string& signer() const { return signer_; }
  /// SHA-256 of the payload, hex: what "the same content" means.
  [[nodiscard]] const std::string& content_sha256() const { return content_sha256_; }

 private:
  TrustList() = default;
  Result<void> ReadPayload(std::string_view payload, sys_seconds now);

  std::string version_;
  int64_t sequence_ = 0;
  sys_seconds expires_{};
  CertificateBundle anchors_;
  std::string signer_;
  std::string content_sha256_;
};

}  // namespace callvet
