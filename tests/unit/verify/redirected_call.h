// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "call_fixture.h"
#include "callvet/verifier.h"
#include "pki/es256.h"
#include "support/test_pki.h"

namespace callvet::test {

/// Gives each x5u its own bundle, and counts.
class UrlSource final : public CertificateSource {
 public:
  [[nodiscard]] Result<std::shared_ptr<const CertificateBundle>> Get(
      std::string_view x5u, const Deadline& deadline) const override;

  std::map<std::string, CertificateBundle, std::less<>> bundles;
  mutable std::vector<std::string> asked;
};

/// Who signs.
struct Carrier {
  TestCert leaf;
  std::string x5u;
};

/// One token to sign; `claims` are members of the payload in JSON.
struct TokenSpec {
  std::string ppt = "shaken";  // "": base
  std::vector<std::pair<std::string, std::string>> claims;
};

/// A call that was redirected, with carriers under two roots. Numbers are 1215555010N.
struct RedirectedCall {
  RedirectedCall();

  /// Another carrier, every second one under the other root, with a certificate of `spec`.
  Carrier MakeCarrier(const CertSpec& spec = LeafSpec());
  /// One that no root stands behind.
  Carrier MakeStranger();

  [[nodiscard]] std::string Token(const Carrier& carrier, const TokenSpec& spec) const;
  [[nodiscard]] std::string Header(const Carrier& carrier, const TokenSpec& spec) const;

  /// The caller's shaken PASSporT for the number `to`.
  [[nodiscard]] std::string Shaken(const Carrier& carrier, int to, sys_seconds iat = kNow) const;
  /// A div PASSporT from `from` to `to`.
  [[nodiscard]] std::string Div(const Carrier& carrier, int from, int to,
                                sys_seconds iat = kNow) const;
  /// A div-o PASSporT around `token`.
  [[nodiscard]] std::string DivO(const Carrier& carrier, int from, int to, const std::string& token,
                                 sys_seconds iat = kNow) const;

  /// The verdict of the call to `to`, with these Identity headers.
  [[nodiscard]] Verdict Judge(const std::vector<std::string>& identities, int to);

  TestCert root_a;
  TestCert root_b;
  TestCert ca_a;
  TestCert ca_b;
  CallRequest request;
  VerifierOptions options;
  sys_seconds now = kNow;
  std::shared_ptr<const TrustStore> store;
  std::shared_ptr<UrlSource> source = std::make_shared<UrlSource>();
  std::shared_ptr<const Es256Engine> engine = std::make_shared<OpenSslEs256Engine>();
  std::shared_ptr<const ContentSource> content;

 private:
  Carrier Publish(TestCert leaf, const TestCert* issuer);
  int carriers_ = 0;
};

/// 1215555010N, and as a claim.
std::string Number(int n);
std::string DestOf(int n);

/// A valid UUID, iat, orig and dest of the caller's call to `to`, and `more`.
std::vector<std::pair<std::string, std::string>> ClaimsTo(
    int to, const std::vector<std::pair<std::string, std::string>>& more = {},
    sys_seconds iat = kNow);

/// The reason of the PASSporT `index`, and the outcome of its check `id`.
Reason ReasonAt(const Verdict& verdict, size_t index);
CheckOutcome OutcomeAt(const Verdict& verdict, size_t index, std::string_view id);

}  // namespace callvet::test
