// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/footprint.h"
#include "callvet/result.h"

typedef struct evp_pkey_st EVP_PKEY;  // NOLINT(modernize-use-using): OpenSSL's own spelling

namespace callvet {

/// A public key on P-256 with a named curve, the only kind that ES256 verifies with (A-10, RFC 8225
/// 4.2): the algorithm is fixed by this type and never by what a token says. Copying is cheap and
/// shares the decoded key; immutable; thread-safe.
class Es256PublicKey {
 public:
  /// Affine coordinates x || y, big-endian.
  using Point = std::array<uint8_t, 64>;

  /// Takes a share of `key`. Fails with kSignerKeyUnsupported if it is not on P-256 by name
  /// (explicit curve parameters are refused), or its point is not on the curve.
  static Result<Es256PublicKey> FromEvp(EVP_PKEY* key);
  /// Reads one "PUBLIC KEY" PEM block. Fails with kSignerKeyUnsupported, or kKeyInvalid if there is
  /// none.
  static Result<Es256PublicKey> FromPem(std::string_view pem);

  [[nodiscard]] const Point& point() const { return point_; }
  [[nodiscard]] EVP_PKEY* evp() const { return key_.get(); }

 private:
  Es256PublicKey(std::shared_ptr<EVP_PKEY> key, const Point& point)
      : key_(std::move(key)), point_(point) {}

  std::shared_ptr<EVP_PKEY> key_;
  Point point_;
};

/// r || s of RFC 7518 3.4, each 32 bytes big-endian, 0 < r, s < n.
class Es256Signature {
 public:
  using Bytes = std::array<uint8_t, 64>;

  /// Fails with kSignatureMalformed unless `bytes` is exactly 64 bytes with r and s from 1 to n-1
  /// . High s is legal. Pure; thread-safe.
  static Result<Es256Signature> Parse(std::string_view bytes);

  [[nodiscard]] const Bytes& bytes() const { return bytes_; }

 private:
  explicit Es256Signature(const Bytes& bytes) : bytes_(bytes) {}
  Bytes bytes_;
};

/// What an engine did since it was made. OpenSSL's counts nothing.
struct Es256Statistics {
  std::string_view path = "openssl";  // or "portable", "adx", "ifma"
  uint64_t by_table = 0;              // verified with a table
  uint64_t by_openssl = 0;            // left to OpenSSL: no table, or an exceptional case
  uint64_t undecided = 0;             // of these, exceptional cases
  uint64_t cross_checks = 0;          // verified both ways
  uint64_t disagreements = 0;  // of these, with different answers: if any, OpenSSL does it all
  uint64_t tables_built = 0;
  uint64_t tables_evicted = 0;
  size_t tables_resident = 0;
  size_t tables_capacity = 0;
  size_t table_bytes = 0;  // of one table
};

/// One of several signatures to verify; what it points to is borrowed.
struct Es256Job {
  const Es256PublicKey* key = nullptr;
  std::string_view signing_input;
  const Es256Signature* signature = nullptr;
  Result<void> result = NotVerified();  // out

  /// Sets the result to what `verify` gives; if it throws, kInternalError.
  template <class Verify>
  void Set(const Verify& verify) noexcept {
    try {
      result = verify();
    } catch (...) {
      result = NotVerified();
    }
  }

 private:
  // So short that it takes no memory.
  static Failure NotVerified() { return Fail(Reason::kInternalError, "not verified"); }
};

/// The one seam at which a faster engine replaces OpenSSL. Implementations are const and
/// thread-safe; Verify throws nothing but std::bad_alloc.
class Es256Engine {
 public:
  virtual ~Es256Engine() = default;

  /// Success exactly if `signature` is an ECDSA signature by `key` over SHA-256 of `signing_input`.
  /// Fails with kSignatureInvalid if it is not, with kInternalError if that could not be found out.
  [[nodiscard]] virtual Result<void> Verify(const Es256PublicKey& key,
                                            std::string_view signing_input,
                                            const Es256Signature& signature) const = 0;
  /// Sets the result of each of `jobs`, of whatever keys, to what Verify says. Several at once can
  /// cost less than one by one; multiples of eight are best.
  virtual void VerifyMany(std::span<Es256Job> jobs) const noexcept {
    for (Es256Job& job : jobs) {
      job.Set([&] { return Verify(*job.key, job.signing_input, *job.signature); });
    }
  }
  /// Adds what Verify reads of what is kept for `key`.
  virtual void AddTo(const Es256PublicKey& /*key*/, Footprint& /*footprint*/) const {}
  [[nodiscard]] virtual Es256Statistics statistics() const { return {}; }
};

/// OpenSSL's EVP_DigestVerify.
class OpenSslEs256Engine final : public Es256Engine {
 public:
  [[nodiscard]] Result<void> Verify(const Es256PublicKey& key, std::string_view signing_input,
                                    const Es256Signature& signature) const override;
};

/// Name and version of the OpenSSL that is loaded.
std::string OpenSslVersion();

}  // namespace callvet
