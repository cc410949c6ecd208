// SPDX-License-Identifier: MIT
#include "pki/es256.h"

#include <algorithm>
#include <string>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>

#include "pki/openssl_ptr.h"
#include "pki/pem.h"

namespace callvet {
namespace {

constexpr size_t kFieldBytes = 32;

// Order n of P-256 (FIPS 186-4 D.1.2.3).
constexpr std::array<uint8_t, kFieldBytes> kOrder = {
    0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    0xBC, 0xE6, 0xFA, 0xAD, 0xA7, 0x17, 0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51};

Failure Unsupported(std::string detail) {
  return Fail(Reason::kSignerKeyUnsupported, std::move(detail));
}

// RFC 5480 2.1.1: only namedCurve. A curve spelled out is refused even if it equals P-256.
Result<void> CheckNamedP256(EVP_PKEY* key) {
  if (key == nullptr) return Unsupported("the key cannot be decoded");
  if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC) {  // EVP_PKEY_is_a would need memory
    return Unsupported("the key is not an elliptic curve key");
  }
  std::array<char, 64> group{};
  size_t length = 0;
  if (EVP_PKEY_get_group_name(key, group.data(), group.size(), &length) != 1) {
    return Unsupported("the curve of the key has no name");
  }
  int explicit_curve = 1;
  if (EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
                             &explicit_curve) != 1 ||
      explicit_curve != 0) {
    return Unsupported("the key spells out its curve parameters instead of naming the curve");
  }
  const std::string_view name(group.data());
  if (name != SN_X9_62_prime256v1 && name != "P-256") {
    return Unsupported("the key is on the curve " + std::string(name) + ", not on P-256");
  }
  return {};
}

// Affine coordinates, independent of the compressed or uncompressed form in the certificate. Both
// at once: each call computes them.
bool GetCoordinates(EVP_PKEY* key, Es256PublicKey::Point& point) {
  Es256PublicKey::Point native{};
  std::array<OSSL_PARAM, 3> params = {
      OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_EC_PUB_X, native.data(), kFieldBytes),
      OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_EC_PUB_Y, native.data() + kFieldBytes, kFieldBytes),
      OSSL_PARAM_construct_end()};
  if (EVP_PKEY_get_params(key, params.data()) != 1) return false;
  for (size_t i = 0; i < 2; ++i) {
    BIGNUM* raw = nullptr;
    const bool found = OSSL_PARAM_get_BN(&params[i], &raw) == 1;
    const BignumPtr number(raw);
    if (!found || BN_bn2binpad(number.get(), point.data() + i * kFieldBytes, kFieldBytes) !=
                      static_cast<int>(kFieldBytes)) {
      return false;
    }
  }
  return true;
}

bool InRange(std::span<const uint8_t> number) {
  const bool zero = std::all_of(number.begin(), number.end(), [](uint8_t b) { return b == 0; });
  return !zero &&
         std::lexicographical_compare(number.begin(), number.end(), kOrder.begin(), kOrder.end());
}

// ECDSA-Sig-Value of RFC 3279 2.2.3, the form that OpenSSL verifies; empty if OpenSSL fails.
std::string ToDer(const Es256Signature& signature) {
  const uint8_t* bytes = signature.bytes().data();
  BignumPtr r(BN_bin2bn(bytes, kFieldBytes, nullptr));
  BignumPtr s(BN_bin2bn(bytes + kFieldBytes, kFieldBytes, nullptr));
  const EcdsaSigPtr sig(ECDSA_SIG_new());
  if (r == nullptr || s == nullptr || sig == nullptr ||
      ECDSA_SIG_set0(sig.get(), r.get(), s.get()) != 1) {
    return {};
  }
  // ECDSA_SIG_set0 took both over.
  static_cast<void>(r.release());
  static_cast<void>(s.release());
  unsigned char* der = nullptr;
  const int length = i2d_ECDSA_SIG(sig.get(), &der);
  const std::unique_ptr<unsigned char, OpenSslStringFree> owner(der);
  if (length <= 0) return {};
  return std::string(reinterpret_cast<const char*>(der), static_cast<size_t>(length));
}

Result<Es256PublicKey::Point> ReadPoint(EVP_PKEY* key) {
  if (auto ok = CheckNamedP256(key); !ok) return ok.error();
  const EvpPkeyCtxPtr check(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  // P-256 has cofactor 1: a point on the curve is in the right group.
  if (check == nullptr || EVP_PKEY_public_check_quick(check.get()) != 1) {
    return Unsupported("the public key is not a point on P-256");
  }
  Es256PublicKey::Point point{};
  if (!GetCoordinates(key, point)) {
    return Unsupported("the public key has no affine coordinates");
  }
  return point;
}

}  // namespace

Result<Es256PublicKey> Es256PublicKey::FromEvp(EVP_PKEY* key) {
  const ErrorQueueDrain drain;
  auto point = ReadPoint(key);
  ErrorQueueDrain::ThrowIfNoMemory();
  if (!point) return point.error();
  if (EVP_PKEY_up_ref(key) != 1) return Fail(Reason::kInternalError, "the key cannot be shared");
  return Es256PublicKey(std::shared_ptr<EVP_PKEY>(key, EVP_PKEY_free), *point);
}

Result<Es256PublicKey> Es256PublicKey::FromPem(std::string_view pem) {
  const ErrorQueueDrain drain;
  auto blocks = ReadPemBlocks(pem, Reason::kKeyInvalid);
  if (!blocks) return blocks.error();
  const auto is_key = [](const PemBlock& block) { return block.label == "PUBLIC KEY"; };
  if (std::count_if(blocks->begin(), blocks->end(), is_key) != 1) {
    return Fail(Reason::kKeyInvalid, "there is not exactly one PUBLIC KEY block");
  }
  const std::string& der = std::find_if(blocks->begin(), blocks->end(), is_key)->der;
  const auto* begin = reinterpret_cast<const unsigned char*>(der.data());
  const unsigned char* end = begin;
  const EvpPkeyPtr key(d2i_PUBKEY(nullptr, &end, static_cast<long>(der.size())));  // NOLINT
  if (key == nullptr || end != begin + der.size()) {
    return Unsupported("the PUBLIC KEY block cannot be decoded");
  }
  return FromEvp(key.get());
}

Result<Es256Signature> Es256Signature::Parse(std::string_view bytes) {
  Bytes parsed{};
  if (bytes.size() != parsed.size()) {
    return Fail(Reason::kSignatureMalformed,
                "the signature has " + std::to_string(bytes.size()) + " bytes instead of 64");
  }
  std::copy(bytes.begin(), bytes.end(), parsed.begin());
  const std::span<const uint8_t> both(parsed);
  if (!InRange(both.first(kFieldBytes)) || !InRange(both.last(kFieldBytes))) {
    return Fail(Reason::kSignatureMalformed, "r or s of the signature is not from 1 to n-1");
  }
  return Es256Signature(parsed);
}

Result<void> OpenSslEs256Engine::Verify(const Es256PublicKey& key, std::string_view signing_input,
                                        const Es256Signature& signature) const {
  const ErrorQueueDrain drain;
  const std::string der = ToDer(signature);
  std::array<unsigned char, kFieldBytes> digest{};
  unsigned int length = 0;
  const EvpPkeyCtxPtr context(EVP_PKEY_CTX_new_from_pkey(nullptr, key.evp(), nullptr));
  // Not by EVP_DigestVerify, which without memory says "does not match" and leaves no error.
  if (der.empty() || context == nullptr ||
      EVP_Digest(signing_input.data(), signing_input.size(), digest.data(), &length, EVP_sha256(),
                 nullptr) != 1 ||
      length != digest.size() || EVP_PKEY_verify_init(context.get()) != 1) {
    return Fail(Reason::kInternalError,
                "ES256 verification cannot start: " + ErrorQueueDrain::LastError());
  }
  const int result =
      EVP_PKEY_verify(context.get(), reinterpret_cast<const unsigned char*>(der.data()), der.size(),
                      digest.data(), digest.size());
  if (result == 1) return {};
  const std::string why = ErrorQueueDrain::LastError();
  // OpenSSL says 0 for "does not match" and below 0 for everything else. Among that is one
  // signature for which u1 * G + u2 * Q is the point at infinity: invalid (FIPS 186-5 6.4.2), and
  // the holder of any key can make it, so it must not look like a fault of ours.
  const unsigned long first = ERR_peek_error();
  const bool infinity =
      ERR_GET_LIB(first) == ERR_LIB_EC && ERR_GET_REASON(first) == EC_R_POINT_AT_INFINITY;
  ErrorQueueDrain::ThrowIfNoMemory();
  if (result == 0 || infinity) {
    return Fail(Reason::kSignatureInvalid, "the signature does not match the key and the token");
  }
  return Fail(Reason::kInternalError, "ES256 verification failed: " + why);
}

std::string OpenSslVersion() {
  return OpenSSL_version(OPENSSL_VERSION);
}

}  // namespace callvet
