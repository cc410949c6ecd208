// SPDX-License-Identifier: MIT
// Name servers that fail, to the verdict: whatever becomes of the name in x5u, the call is not
// verified, the verdict names what happened, and it is verified once the name leads somewhere
// again.
#include <netdb.h>

#include <memory>

#include "base/base64url.h"
#include "call_fixture.h"
#include "repository/certificate_repository.h"
#include "repository/http_freshness.h"
#include "support/fake_dns.h"
#include "unit/repository/fetcher_fixture.h"
#include "unit/repository/manual_clock.h"

namespace callvet::test {
namespace {

constexpr const char* kName = "cert.test";

class DnsFaults : public testing::Test {
 protected:
  DnsFaults() {
    x5u_ = UrlOf("https", server_.port(), kName);
    call_.header = R"({"alg":"ES256","ppt":"shaken","typ":"passport","x5u":")" + x5u_ + R"("})";
    call_.parameters = ";info=<" + x5u_ + ">;alg=ES256;ppt=shaken";
    call_.options.x5u_ports = {server_.port()};
    MakeVerifier(PrivateAddresses::kInsecureAllow);
  }

  void MakeVerifier(PrivateAddresses addresses) {
    HttpsFetcherOptions options = LabOptions(server_.port());
    options.ca_file = ca_file_.path();
    options.private_addresses = addresses;
    auto fetcher = HttpsFetcher::Make(options);
    ASSERT_THAT(fetcher, Succeeds());
    repository_ = std::make_shared<CertificateRepository>(
        CertificateRepositoryOptions(), std::make_shared<HttpsFetcher>(std::move(*fetcher)), clock_,
        nullptr);
    verifier_ = std::make_unique<Verifier>(call_.options, call_.store, repository_,
                                           std::make_shared<FixedClock>(kNow), call_.engine);
  }

  // The verdict's reason, after all that was remembered of earlier failures has ended.
  Reason ReasonWith(std::vector<FakeDns::Answer> answers, milliseconds deadline = kPatience) {
    clock_->Advance(std::chrono::hours(1));
    FakeDns::Get().Set(kName, std::move(answers));
    return Judge(deadline);
  }
  [[nodiscard]] Reason Judge(milliseconds deadline = kPatience) const {
    CallRequest request = call_.request;
    request.identities = {call_.Identity()};
    const Verdict verdict = verifier_->Verify(request, Deadline::After(deadline));
    EXPECT_EQ(verdict.passed(), verdict.reason == Reason::kNone);
    EXPECT_EQ(verdict.passed(), verdict.verstat() == Verstat::kTnValidationPassed);
    return verdict.reason;
  }
  void ExpectRecovered() { EXPECT_EQ(ReasonWith({{{"127.0.0.1"}}}), Reason::kNone); }

  TestCall call_;
  std::string pem_ = PemOf({call_.leaf, call_.ca});
  TestCert web_ = IssueRoot();
  TemporaryFile ca_file_{web_.pem};
  HostileServer server_{[this](Peer& peer) {
                          peer.ReadRequest();
                          peer.Write(std::string(kOk) + "Cache-Control: max-age=60\r\n" +
                                     "Content-Type: application/pem-certificate-chain\r\n" +
                                     "Content-Length: " + std::to_string(pem_.size()) + "\r\n\r\n" +
                                     pem_);
                        },
                        TlsSpec{Issue(ServerSpec("DNS:cert.test"), web_)}};
  std::string x5u_;
  std::shared_ptr<ManualClock> clock_ = std::make_shared<ManualClock>();
  std::shared_ptr<CertificateRepository> repository_;
  std::unique_ptr<Verifier> verifier_;
};

TEST_F(DnsFaults, EveryErrorOfTheResolver) {
  for (const int error : {EAI_NONAME, EAI_AGAIN, EAI_FAIL, EAI_SYSTEM, EAI_MEMORY, EAI_FAMILY}) {
    EXPECT_EQ(ReasonWith({{.error = error}}), Reason::kFetchDnsFailed) << ::gai_strerror(error);
  }
  EXPECT_EQ(ReasonWith({FakeDns::Answer()}), Reason::kFetchDnsFailed) << "no address";
  EXPECT_EQ(server_.connections(), 0U);
  ExpectRecovered();
}

// Within the time in which the failure stands nobody asks again, and nobody passes.
TEST_F(DnsFaults, AFailureStandsForAWhileAndNoLonger) {
  EXPECT_EQ(ReasonWith({{.error = EAI_AGAIN}, {{"127.0.0.1"}}}), Reason::kFetchDnsFailed);
  EXPECT_EQ(Judge(), Reason::kFetchBackoff);
  EXPECT_EQ(FakeDns::Get().Lookups(kName), 1U);
  clock_->Advance(std::chrono::minutes(6));
  EXPECT_EQ(Judge(), Reason::kNone);
}

TEST_F(DnsFaults, AResolverThatNeverAnswers) {
  const Stopwatch watch;
  EXPECT_EQ(ReasonWith({{{"127.0.0.1"}, milliseconds(2000)}}, kDeadline), Reason::kFetchTimeout);
  EXPECT_EQ(server_.connections(), 0U);
  ExpectRecovered();
  // The resolver's thread is left to itself: let it end before the program does.
  std::this_thread::sleep_for(milliseconds(2500) - watch.Elapsed());
}

TEST_F(DnsFaults, AnAddressThatIsNotPublic) {
  MakeVerifier(PrivateAddresses::kRefuse);
  for (const char* address : {"127.0.0.1", "10.0.0.1", "169.254.169.254", "::1"}) {
    EXPECT_EQ(ReasonWith({{{address}}}), Reason::kFetchAddressRefused) << address;
  }
  EXPECT_EQ(server_.connections(), 0U);
  MakeVerifier(PrivateAddresses::kInsecureAllow);
  ExpectRecovered();
}

// Whoever asked before saw a public address. The guard judges what is connected to.
TEST_F(DnsFaults, AnAnswerThatChangesBetweenCheckAndConnect) {
  MakeVerifier(PrivateAddresses::kRefuse);
  FakeDns::Get().Set(kName, {{{"93.184.216.34"}}, {{"127.0.0.1"}}});
  addrinfo* checked = nullptr;
  ASSERT_EQ(::getaddrinfo(kName, "443", nullptr, &checked), 0);
  ::freeaddrinfo(checked);
  EXPECT_EQ(Judge(), Reason::kFetchAddressRefused);
  EXPECT_EQ(FakeDns::Get().Lookups(kName), 2U);
  EXPECT_EQ(server_.connections(), 0U);
}

// A name that leads to another host: TLS knows it is not the one.
TEST_F(DnsFaults, AnAnswerThatLeadsToAnotherHost) {
  const HostileServer other([](Peer& peer) { peer.ReadRequest(); },
                            TlsSpec{Issue(ServerSpec("DNS:other.test"), web_)});
  call_.options.x5u_ports = {other.port()};
  const std::string url = UrlOf("https", other.port(), kName);
  call_.header = R"({"alg":"ES256","ppt":"shaken","typ":"passport","x5u":")" + url + R"("})";
  call_.parameters = ";info=<" + url + ">;alg=ES256;ppt=shaken";
  HttpsFetcherOptions options = LabOptions(other.port());
  options.ca_file = ca_file_.path();
  auto fetcher = HttpsFetcher::Make(options);
  ASSERT_THAT(fetcher, Succeeds());
  verifier_ = std::make_unique<Verifier>(
      call_.options, call_.store,
      std::make_shared<CertificateRepository>(CertificateRepositoryOptions(),
                                              std::make_shared<HttpsFetcher>(std::move(*fetcher)),
                                              clock_, nullptr),
      std::make_shared<FixedClock>(kNow), call_.engine);
  EXPECT_EQ(ReasonWith({{{"127.0.0.1"}}}), Reason::kFetchTlsFailed);
}

// What is at hand goes on counting while the name servers are gone, no longer than it may.
TEST_F(DnsFaults, ACopyAtHandServesUntilItsStaleLimit) {
  EXPECT_EQ(ReasonWith({{{"127.0.0.1"}}}), Reason::kNone);
  clock_->Advance(kMinimumFreshness);
  EXPECT_EQ(ReasonWith({{.error = EAI_AGAIN}}), Reason::kNone);
  EXPECT_EQ(FakeDns::Get().Lookups(kName), 1U);
  clock_->Advance(std::chrono::hours(48));
  EXPECT_EQ(ReasonWith({{.error = EAI_AGAIN}}), Reason::kFetchDnsFailed);
  ExpectRecovered();
}

}  // namespace
}  // namespace callvet::test
