// SPDX-License-Identifier: MIT
#include "support/p256_oracle.h"

#include <cstdio>
#include <cstdlib>
#include <vector>

#include <openssl/core_names.h>
#include <openssl/param_build.h>

namespace callvet::test {
namespace {

using p256::kOrder;
using p256::Limbs;
using p256::SignedDigest;

void Need(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "P256Oracle: %s failed\n", what);
  std::abort();
}

std::array<uint8_t, 32> ToBytes(const Limbs& number) {
  std::array<uint8_t, 32> bytes{};
  for (size_t i = 0; i < 32; ++i) {
    bytes[i] = static_cast<uint8_t>(number[3 - i / 8] >> (56 - i % 8 * 8));
  }
  return bytes;
}

}  // namespace

P256Oracle::P256Oracle()
    : group_(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1)),
      context_(BN_CTX_new()),
      order_(ToBignum(kOrder)) {
  Need(group_ != nullptr && context_ != nullptr, "set-up");
}

BignumPtr P256Oracle::ToBignum(const Limbs& number) {
  const auto bytes = ToBytes(number);
  BignumPtr result(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
  Need(result != nullptr, "BN_bin2bn");
  return result;
}

Limbs P256Oracle::FromBignum(const BIGNUM* number) {
  std::array<uint8_t, 32> bytes{};
  Need(BN_bn2binpad(number, bytes.data(), 32) == 32, "BN_bn2binpad");
  return p256::FromBytes(bytes.data());
}

Limbs P256Oracle::Multiply(const Limbs& a, const Limbs& b) {
  const BignumPtr result(BN_new());
  Need(BN_mod_mul(result.get(), ToBignum(a).get(), ToBignum(b).get(), order_.get(),
                  context_.get()) == 1,
       "BN_mod_mul");
  return FromBignum(result.get());
}

Limbs P256Oracle::Divide(const Limbs& a, const Limbs& b) {
  const BignumPtr inverse(BN_mod_inverse(nullptr, ToBignum(b).get(), order_.get(), context_.get()));
  Need(inverse != nullptr, "BN_mod_inverse");
  return Multiply(a, FromBignum(inverse.get()));
}

P256Oracle::Key P256Oracle::KeyOfPoint(EcPointPtr point) {
  Key key;
  std::array<uint8_t, 65> encoded{};
  Need(EC_POINT_point2oct(group_.get(), point.get(), POINT_CONVERSION_UNCOMPRESSED, encoded.data(),
                          encoded.size(), context_.get()) == encoded.size(),
       "EC_POINT_point2oct");
  std::copy(encoded.begin() + 1, encoded.end(), key.bytes.begin());
  char name[] = "prime256v1";
  OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, name, 0),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, encoded.data(), encoded.size()),
      OSSL_PARAM_construct_end()};
  const EvpPkeyCtxPtr maker(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  EVP_PKEY* pkey = nullptr;
  Need(EVP_PKEY_fromdata_init(maker.get()) == 1 &&
           EVP_PKEY_fromdata(maker.get(), &pkey, EVP_PKEY_PUBLIC_KEY, params) == 1,
       "EVP_PKEY_fromdata");
  key.pkey.reset(pkey);
  key.verify.reset(EVP_PKEY_CTX_new_from_pkey(nullptr, pkey, nullptr));
  Need(key.verify != nullptr && EVP_PKEY_verify_init(key.verify.get()) == 1,
       "EVP_PKEY_verify_init");
  key.point = std::move(point);
  return key;
}

P256Oracle::Key P256Oracle::KeyOf(const Limbs& d) {
  EcPointPtr point(EC_POINT_new(group_.get()));
  BignumPtr scalar = ToBignum(d);
  Need(EC_POINT_mul(group_.get(), point.get(), scalar.get(), nullptr, nullptr, context_.get()) == 1,
       "EC_POINT_mul");
  Key key = KeyOfPoint(std::move(point));
  key.d = std::move(scalar);
  return key;
}

Limbs P256Oracle::XModOrder(const EC_POINT* point) {
  const BignumPtr x(BN_new());
  Need(EC_POINT_get_affine_coordinates(group_.get(), point, x.get(), nullptr, context_.get()) == 1,
       "EC_POINT_get_affine_coordinates");
  const Limbs limbs = FromBignum(x.get());
  return p256::ReduceOnce(limbs, 0, kOrder);
}

SignedDigest P256Oracle::Sign(const Key& key, const Limbs& z, const Limbs& k) {
  const EcPointPtr point(EC_POINT_new(group_.get()));
  Need(EC_POINT_mul(group_.get(), point.get(), ToBignum(k).get(), nullptr, nullptr,
                    context_.get()) == 1,
       "EC_POINT_mul");
  const Limbs r = XModOrder(point.get());
  // s = (z + r * d) / k.
  const BignumPtr sum(BN_new());
  Need(BN_mod_mul(sum.get(), ToBignum(r).get(), key.d.get(), order_.get(), context_.get()) == 1 &&
           BN_mod_add(sum.get(), sum.get(), ToBignum(z).get(), order_.get(), context_.get()) == 1,
       "BN_mod_add");
  return {z, r, Divide(FromBignum(sum.get()), k)};
}

SignedDigest P256Oracle::Craft(const Key& key, const Limbs& u1, const Limbs& u2) {
  const EcPointPtr point(EC_POINT_new(group_.get()));
  Need(EC_POINT_mul(group_.get(), point.get(), ToBignum(u1).get(), key.point.get(),
                    ToBignum(u2).get(), context_.get()) == 1,
       "EC_POINT_mul");
  Limbs r = {0x1234567, 8, 9, 10};
  if (EC_POINT_is_at_infinity(group_.get(), point.get()) == 0) r = XModOrder(point.get());
  const Limbs s = Divide(r, u2);
  return {Multiply(u1, s), r, s};
}

std::optional<P256Oracle::Key> P256Oracle::Recover(const Limbs& x, const SignedDigest& signature) {
  EcPointPtr point(EC_POINT_new(group_.get()));
  if (EC_POINT_set_compressed_coordinates(group_.get(), point.get(), ToBignum(x).get(), 0,
                                          context_.get()) != 1) {
    ERR_clear_error();
    return std::nullopt;
  }
  // Q = (s * R - z * G) / r.
  const Limbs r = p256::ReduceOnce(x, 0, kOrder);
  const BignumPtr z(BN_new());
  const BignumPtr factor = ToBignum(Divide(signature.z, r));
  Need(BN_mod_sub(z.get(), order_.get(), factor.get(), order_.get(), context_.get()) == 1,
       "BN_mod_sub");
  EcPointPtr key(EC_POINT_new(group_.get()));
  Need(EC_POINT_mul(group_.get(), key.get(), z.get(), point.get(),
                    ToBignum(Divide(signature.s, r)).get(), context_.get()) == 1,
       "EC_POINT_mul");
  if (EC_POINT_is_at_infinity(group_.get(), key.get()) != 0) return std::nullopt;
  return KeyOfPoint(std::move(key));
}

bool P256Oracle::Verify(const Key& key, const SignedDigest& signature) {
  const EcdsaSigPtr sig(ECDSA_SIG_new());
  Need(ECDSA_SIG_set0(sig.get(), ToBignum(signature.r).release(),
                      ToBignum(signature.s).release()) == 1,
       "ECDSA_SIG_set0");
  std::array<uint8_t, 80> der{};
  uint8_t* end = der.data();
  const int length = i2d_ECDSA_SIG(sig.get(), &end);
  const auto digest = ToBytes(signature.z);
  const int result = EVP_PKEY_verify(key.verify.get(), der.data(), static_cast<size_t>(length),
                                     digest.data(), digest.size());
  ERR_clear_error();
  // For u1 * G + u2 * Q at infinity OpenSSL reports an error, and not "invalid".
  return result == 1;
}

Limbs P256Numbers::Any() {
  Limbs number{};
  for (uint64_t& limb : number) {
    const uint64_t kind = Below(8);
    limb = kind == 0 ? 0 : kind == 1 ? ~uint64_t{0} : kind == 2 ? Word() >> Below(64) : Word();
  }
  return number;
}

Limbs P256Numbers::Scalar() {
  for (;;) {
    const Limbs number = {Word(), Word(), Word(), Word()};
    if (!p256::IsZero(number) && p256::Less(number, kOrder)) return number;
  }
}

Limbs P256Numbers::SpecialScalar() {
  for (;;) {
    Limbs number{};
    const uint64_t kind = Below(4);
    if (kind == 0) {
      number[0] = 1 + Below(300);
    } else if (kind == 1) {
      number = Any();
    } else {
      const uint64_t bit = Below(256);
      number[bit / 64] = uint64_t{1} << (bit % 64);
      // 2^i - 1, too: all windows full.
      if (kind == 3) p256::SubtractWithBorrow(number, {1, 0, 0, 0}, number);
    }
    if (p256::IsZero(number) || !p256::Less(number, kOrder)) continue;
    if (Below(2) == 0) p256::SubtractWithBorrow(kOrder, number, number);
    return number;
  }
}

}  // namespace callvet::test
