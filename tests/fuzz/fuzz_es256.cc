// SPDX-License-Identifier: MIT
#include <memory>

#include "fuzz.h"
#include "pki/fast_es256.h"
#include "pki/p256/field_portable.h"
#include "pki/p256/scalar.h"

using namespace callvet;  // NOLINT(google-build-using-namespace): a program of one function

// 64 bytes signature, then the signing input: every engine says what OpenSSL says.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr std::string_view kKey =
      "-----BEGIN PUBLIC KEY-----\n"
      "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV7\n"
      "6e8Tus9uPHvRVEXH8UTNG72bfocs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==\n"
      "-----END PUBLIC KEY-----\n";
  static const auto key = Es256PublicKey::FromPem(kKey);
  static const auto make = [](Es256Kind kind) {
    Es256EngineOptions options;
    options.kind = kind;
    options.promote_after = 1;
    options.cross_check_every = 0;
    options.generator_windows = 42;
    auto engine = MakeEs256Engine(options);
    return engine ? *engine : nullptr;
  };
  static const auto portable = make(Es256Kind::kPortable);
  static const auto adx = make(Es256Kind::kAdx);
  const std::string_view text = fuzz::Text(data, size);
  const auto signature = Es256Signature::Parse(text.substr(0, 64));
  if (!signature) return 0;
  fuzz::Reached();
  const std::string_view input = text.substr(64);
  const bool expected = OpenSslEs256Engine().Verify(*key, input, *signature).has_value();
  for (const auto& engine : {portable, adx}) {
    if (engine == nullptr) continue;
    const auto result = engine->Verify(*key, input, *signature);
    fuzz::Require(result.has_value() == expected);
    fuzz::Require(result.has_value() || result.error().reason == Reason::kSignatureInvalid);
  }
  // The arithmetic itself, on numbers that no signature reaches.
  const auto* bytes = signature->bytes().data();
  const p256::Limbs a = p256::FromBytes(bytes);
  const p256::Limbs product = p256::MontgomeryProduct<p256::kOrder>(p256::MontgomeryInverse(a), a);
  fuzz::Require(product == p256::Limbs{1, 0, 0, 0});
  return 0;
}
