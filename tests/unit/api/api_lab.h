// SPDX-License-Identifier: MIT
#pragma once

#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "api/verification_core.h"
#include "base/base64url.h"
#include "base/file.h"
#include "base/json.h"
#include "support/result_matchers.h"
#include "support/test_pki.h"

namespace callvet::test {

/// A throw-away carrier whose certificate comes from a file, and a verifier that trusts its root
/// and lives at kNow.
class ApiLab {
 public:
  ApiLab() : hierarchy_(MakeHierarchy()) {
    folder_ = std::filesystem::temp_directory_path() /
              ("callvet-api-" + std::to_string(getpid()) + "-" +
               std::to_string(reinterpret_cast<uintptr_t>(this)));
    std::filesystem::create_directories(folder_);
    Write("root.pem", hierarchy_.root.pem);
    Write("chain.pem", PemOf({hierarchy_.leaf, hierarchy_.ca}));
    core_ = MakeCore("root.pem", "chain.pem");
  }
  ApiLab(const ApiLab&) = delete;
  ApiLab& operator=(const ApiLab&) = delete;
  ~ApiLab() { std::filesystem::remove_all(folder_); }

  /// `certificates` "": none, so that no certificate can be had.
  [[nodiscard]] std::shared_ptr<VerificationCore> MakeCore(const std::string& anchors,
                                                           const std::string& certificates) const {
    CoreSetup setup;
    setup.verifier.trust.anchors = {folder_ / anchors};
    if (!certificates.empty()) setup.verifier.certificates = {folder_ / certificates};
    setup.verifier.clock = std::make_shared<FixedClock>(kNow);
    auto core = VerificationCore::Make(setup);
    EXPECT_THAT(core, Succeeds());
    return core ? *core : nullptr;
  }
  void Write(const std::string& name, const std::string& bytes) const {
    EXPECT_THAT(WriteFile(folder_ / name, bytes, FileMode::kPublic), Succeeds());
  }

  [[nodiscard]] const Hierarchy& hierarchy() const { return hierarchy_; }
  [[nodiscard]] const VerificationCore& core() const { return *core_; }
  [[nodiscard]] const std::shared_ptr<VerificationCore>& shared_core() const { return core_; }
  [[nodiscard]] static int64_t now() { return kNow.time_since_epoch().count(); }

  /// h.p.s over exactly these texts.
  [[nodiscard]] std::string Token(std::string_view header, std::string_view payload) const {
    const std::string input = EncodeBase64Url(header) + "." + EncodeBase64Url(payload);
    return input + "." + EncodeBase64Url(hierarchy_.leaf.key.SignEs256(input));
  }

 private:
  Hierarchy hierarchy_;
  std::filesystem::path folder_;
  std::shared_ptr<VerificationCore> core_;
};

inline constexpr std::string_view kX5u = "https://cert.example.org/p.pem";
inline constexpr std::string_view kHeader =
    R"({"alg":"ES256","ppt":"shaken","typ":"passport","x5u":"https://cert.example.org/p.pem"})";
inline constexpr std::string_view kOrigid = "de305d54-75b4-431b-adb2-eb6b9e546014";

/// A shaken payload from +1 215 555 0100 to +1 215 555 0101 at kNow.
inline std::string Payload() {
  return R"({"attest":"A","dest":{"tn":["12155550101"]},"iat":)" + std::to_string(ApiLab::now()) +
         R"(,"orig":{"tn":"12155550100"},"origid":")" + std::string(kOrigid) + "\"}";
}

/// `text` with the first `from` replaced; `from` must be there.
inline std::string Replaced(std::string text, std::string_view from, std::string_view to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from << " in " << text;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

}  // namespace callvet::test
