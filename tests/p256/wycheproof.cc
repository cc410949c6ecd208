// SPDX-License-Identifier: MIT
// p256_wycheproof FILE...: runs test vectors in Wycheproof's JSON format (ECDSA on secp256r1 with
// SHA-256; signatures as r || s or DER) through every ES256 engine of this processor. Ends with 1
// if an engine differs from the expected result, or a file has nothing to run.
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/json.h"
#include "pki/fast_es256.h"
#include "pki/openssl_ptr.h"
#include "support/test_pki.h"

namespace callvet {
namespace {

using Engines = std::vector<std::pair<std::string, std::shared_ptr<const Es256Engine>>>;

Engines EnginesHere() {
  Engines engines;
  for (const char* name : {"openssl", "portable", "adx", "ifma"}) {
    const auto kind = Es256KindFromText(name);
    if (!kind) continue;
    Es256EngineOptions options;
    options.kind = *kind;
    options.promote_after = 1;
    options.table_bytes = size_t{8} << 20;
    auto engine = MakeEs256Engine(options);
    if (engine) {
      engines.emplace_back(name, std::move(*engine));
    } else {
      std::printf("%s: not run: %s\n", name, engine.error().detail.c_str());
    }
  }
  return engines;
}

std::string Text(const JsonValue& object, std::string_view name) {
  const JsonValue* member = object.Find(name);
  const std::string* text = member != nullptr ? member->AsString() : nullptr;
  return text != nullptr ? *text : std::string();
}

std::string FromHex(const std::string& hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

// r || s of a DER signature; "" if it is not strict DER or a number is too long.
std::string FromDer(const std::string& der) {
  const ErrorQueueDrain drain;
  const auto* begin = reinterpret_cast<const unsigned char*>(der.data());
  const EcdsaSigPtr sig(d2i_ECDSA_SIG(nullptr, &begin, static_cast<long>(der.size())));
  if (sig == nullptr) return {};
  unsigned char* encoded = nullptr;
  const int length = i2d_ECDSA_SIG(sig.get(), &encoded);
  const OpenSslString owner(reinterpret_cast<char*>(encoded));
  if (length < 0 || std::string(owner.get(), static_cast<size_t>(length)) != der) return {};
  const BIGNUM* r = ECDSA_SIG_get0_r(sig.get());
  const BIGNUM* s = ECDSA_SIG_get0_s(sig.get());
  std::string bytes(64, '\0');
  auto* out = reinterpret_cast<unsigned char*>(bytes.data());
  if (BN_is_negative(r) != 0 || BN_is_negative(s) != 0 || BN_bn2binpad(r, out, 32) != 32 ||
      BN_bn2binpad(s, out + 32, 32) != 32) {
    return {};
  }
  return bytes;
}

class Run {
 public:
  explicit Run(const Engines& engines) : engines_(engines) {}

  void Group(const JsonValue& group) {
    const JsonValue* key = group.Find("publicKey");
    if (key == nullptr) key = group.Find("key");
    const JsonValue* tests = group.Find("tests");
    if (key == nullptr || tests == nullptr || tests->AsArray() == nullptr ||
        Text(*key, "curve") != "secp256r1" || Text(group, "sha") != "SHA-256") {
      ++skipped_groups_;
      return;
    }
    // SubjectPublicKeyInfo of an uncompressed point on P-256.
    const auto public_key = Es256PublicKey::FromPem(
        test::ToPem("PUBLIC KEY", FromHex("3059301306072a8648ce3d020106082a8648ce3d030107034200" +
                                          Text(*key, "uncompressed"))));
    const bool raw = Text(group, "type").find("P1363") != std::string::npos;
    for (const JsonValue& test : *tests->AsArray()) {
      const std::string bytes = FromHex(Text(test, "sig"));
      Test(public_key, test, raw ? bytes : FromDer(bytes));
    }
  }

  [[nodiscard]] int Report(const char* file) const {
    std::printf("%s: %d tests, %d valid, %d groups of other algorithms, %d differences; engines:",
                file, tests_, valid_, skipped_groups_, differences_);
    for (const auto& [name, engine] : engines_) std::printf(" %s", name.c_str());
    std::printf("\n");
    return tests_ > 0 && differences_ == 0 ? 0 : 1;
  }

 private:
  void Test(const Result<Es256PublicKey>& key, const JsonValue& test, const std::string& bytes) {
    const std::string expected = Text(test, "result");
    const auto signature = Es256Signature::Parse(bytes);
    ++tests_;
    if (expected == "valid") ++valid_;
    for (const auto& [name, engine] : engines_) {
      const bool good = key.has_value() && signature.has_value() &&
                        engine->Verify(*key, FromHex(Text(test, "msg")), *signature).has_value();
      if (expected == "acceptable" || good == (expected == "valid")) continue;
      ++differences_;
      int64_t id = 0;
      if (const JsonValue* number = test.Find("tcId")) (void)number->GetInt(id);
      std::printf("%s, test %lld (%s): expected %s\n", name.c_str(), static_cast<long long>(id),
                  Text(test, "comment").c_str(), expected.c_str());
    }
  }

  const Engines& engines_;
  int tests_ = 0;
  int valid_ = 0;
  int skipped_groups_ = 0;
  int differences_ = 0;
};

int RunFile(const char* file, const Engines& engines) {
  auto text = ReadFile(file);
  if (!text) {
    std::printf("%s: %s\n", file, text.error().detail.c_str());
    return 1;
  }
  auto document = ReadJson(
      *text, {.max_bytes = size_t{1} << 30, .max_depth = 32, .max_values = size_t{100'000'000}});
  const JsonValue* groups = document ? document->Find("testGroups") : nullptr;
  Run run(engines);
  if (groups != nullptr && groups->AsArray() != nullptr) {
    for (const JsonValue& group : *groups->AsArray()) run.Group(group);
  }
  return run.Report(file);
}

}  // namespace
}  // namespace callvet

int main(int argc, char** argv) {
  const callvet::Engines engines = callvet::EnginesHere();
  int result = argc > 1 ? 0 : 2;
  for (int i = 1; i < argc; ++i) result |= callvet::RunFile(argv[i], engines);
  return result;
}
