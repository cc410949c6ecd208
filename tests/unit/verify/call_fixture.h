// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "callvet/verifier.h"
#include "pki/es256.h"
#include "pki/trust_store.h"
#include "support/result_matchers.h"
#include "support/test_pki.h"

namespace callvet::test {

inline constexpr std::string_view kX5u = "https://cert.example.org/p.pem";
inline constexpr std::string_view kOrig = "12155550100";
inline constexpr std::string_view kDest = "12155550101";

/// Gives one bundle and counts how often it was asked.
class CountingSource final : public CertificateSource {
 public:
  [[nodiscard]] Result<std::shared_ptr<const CertificateBundle>> Get(
      std::string_view x5u, const Deadline& deadline) const override;
  [[nodiscard]] Result<TnAuthList> GetTnAuthList(std::string_view url,
                                                 const Deadline& deadline) const override;

  Result<std::shared_ptr<const CertificateBundle>> bundle =
      Fail(Reason::kCertificateNotAvailable, "none");
  Result<TnAuthList> tn_auth_list = Fail(Reason::kTnAuthListNotAvailable, "none");
  mutable int gets = 0;
};

/// One call that passes as it stands; a test changes what it is about and calls Judge.
struct TestCall {
  TestCall();

  /// Makes a new leaf of `spec` and signs with it from now on.
  void UseLeaf(const CertSpec& spec);
  /// The token h.p.s of `header` and `payload`.
  [[nodiscard]] std::string Token() const;
  /// The Identity header value of Token() and `parameters`.
  [[nodiscard]] std::string Identity() const;

  /// The verdict of the call with the Identity header Identity(), or of `identities` if set.
  [[nodiscard]] Verdict Judge();
  /// Its reason.
  [[nodiscard]] Reason ReasonOf() { return Judge().reason; }

  TestCert root;
  TestCert ca;
  TestCert leaf;
  std::string header =
      R"({"alg":"ES256","ppt":"shaken","typ":"passport","x5u":"https://cert.example.org/p.pem"})";
  std::string payload;
  std::string parameters = ";info=<https://cert.example.org/p.pem>;alg=ES256;ppt=shaken";
  std::vector<std::string> identities;
  CallRequest request;
  VerifierOptions options;
  sys_seconds now = kNow;
  Deadline deadline;
  CertificateBundle bundle;
  std::shared_ptr<const TrustStore> store;
  std::shared_ptr<CountingSource> source = std::make_shared<CountingSource>();
  std::shared_ptr<const Es256Engine> engine = std::make_shared<OpenSslEs256Engine>();
};

/// A shaken payload; `changes` are members that replace or, with the value "-", remove the
/// defaults.
std::string Payload(const std::vector<std::pair<std::string, std::string>>& changes = {},
                    sys_seconds iat = kNow);

/// The outcome of the check `id` in the first PASSporT.
CheckOutcome OutcomeOf(const Verdict& verdict, std::string_view id);

}  // namespace callvet::test
