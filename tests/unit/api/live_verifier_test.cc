// SPDX-License-Identifier: MIT
// The whole store over HTTPS on loopback: x5u, CRLs that certificates name, the STI-PA's list.
#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/assembly.h"
#include "base/base64url.h"
#include "base/json.h"
#include "support/hostile_server.h"
#include "support/result_matchers.h"
#include "support/temporary_directory.h"

namespace callvet::test {
namespace {

/// A web server with a certificate for 127.0.0.1: documents by path, 404 for the rest.
class Site {
 public:
  void Put(const std::string& path, std::string body) {
    const std::lock_guard lock(mutex_);
    documents_[path] = std::move(body);
  }
  void Remove(const std::string& path) {
    const std::lock_guard lock(mutex_);
    documents_.erase(path);
  }
  /// From Hold to Release `path` is not answered.
  void Hold(const std::string& path) {
    const std::lock_guard lock(mutex_);
    held_ = path;
  }
  void Release() { Hold(""); }
  [[nodiscard]] std::string Url(const std::string& path) const {
    return "https://127.0.0.1:" + std::to_string(server_.port()) + path;
  }
  [[nodiscard]] uint16_t port() const { return server_.port(); }
  [[nodiscard]] const TestCert& root() const { return root_; }
  /// How often `path` was asked for.
  [[nodiscard]] size_t Requests(const std::string& path) const {
    size_t count = 0;
    for (const std::string& request : server_.requests()) {
      if (request.find(" " + path + " HTTP/1.1\r\n") != std::string::npos) ++count;
    }
    return count;
  }
  [[nodiscard]] std::vector<std::string> requests() const { return server_.requests(); }

 private:
  void Answer(Peer& peer) {
    const std::string request = peer.ReadRequest();
    const size_t begin = std::min(request.find(' '), request.size() - 1) + 1;
    const std::string path = request.substr(begin, request.find(' ', begin) - begin);
    std::unique_lock lock(mutex_);
    while (held_ == path) {
      lock.unlock();
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      lock.lock();
    }
    const auto found = documents_.find(path);
    if (found == documents_.end()) {
      peer.Write("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
      return;
    }
    peer.Write("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(found->second.size()) +
               "\r\n\r\n" + found->second);
  }

  std::mutex mutex_;
  std::map<std::string, std::string> documents_;
  std::string held_;
  TestCert root_ = IssueRoot("/CN=TLS Root");
  HostileServer server_{[this](Peer& peer) { Answer(peer); },
                        TlsSpec{Issue(ServerSpec("IP:127.0.0.1"), root_)}};
};

class LiveVerifierTest : public ::testing::Test {
 protected:
  LiveVerifierTest() {
    setup_.clock = std::make_shared<FixedClock>(kNow);
    setup_.options.x5u_ports.push_back(site_.port());
    setup_.trust.anchors = {File("anchor.pem", carrier_.root.pem)};
    DownloadSetup& downloads = setup_.downloads.emplace();
    downloads.fetcher.private_addresses = PrivateAddresses::kInsecureAllow;
    downloads.fetcher.ca_file = File("tls.pem", site_.root().pem);
    Serve();
  }
  std::filesystem::path File(const std::string& name, std::string_view bytes) const {
    return dir_.Put(name, bytes);
  }
  void Serve() { site_.Put("/chain.pem", PemOf({carrier_.leaf, carrier_.ca})); }
  // Leaf and CA that name CRLs; `points` of the leaf, then of the CA.
  void Reissue(const DistributionPointSpec& leaf_point, const DistributionPointSpec& ca_point) {
    CertSpec ca = CaSpec("/C=US/O=Test CA/CN=SHAKEN CA");
    if (!ca_point.uri.empty()) ca.distribution_points = {ca_point};
    carrier_.ca = Issue(ca, carrier_.root);
    CertSpec leaf = LeafSpec();
    if (!leaf_point.uri.empty()) leaf.distribution_points = {leaf_point};
    carrier_.leaf = Issue(leaf, carrier_.ca);
    Serve();
  }
  [[nodiscard]] CallRequest Call() const {
    const std::string x5u = site_.Url("/chain.pem");
    const std::string input =
        EncodeBase64Url(R"({"alg":"ES256","ppt":"shaken","typ":"passport","x5u":")" + x5u + "\"}") +
        "." +
        EncodeBase64Url(R"({"attest":"A","dest":{"tn":["12155550101"]},"iat":)" +
                        std::to_string(kNow.time_since_epoch().count()) +
                        R"(,"orig":{"tn":"12155550100"},)"
                        R"("origid":"00000000-0000-4000-8000-000000000000"})");
    CallRequest call;
    call.identities = {input + "." + EncodeBase64Url(carrier_.leaf.key.SignEs256(input)) +
                       ";info=<" + x5u + ">;alg=ES256;ppt=shaken"};
    call.orig = {"+12155550100"};
    call.dest = {"+12155550101"};
    return call;
  }
  std::unique_ptr<LiveVerifier> Make() {
    auto live = LiveVerifier::Make(setup_, StartRule::kAllSources, Soon(), report_);
    EXPECT_THAT(live, Succeeds());
    return live ? std::move(*live) : nullptr;
  }
  [[nodiscard]] Failure WhyNot() {
    auto live = LiveVerifier::Make(setup_, StartRule::kAllSources, Soon(), report_);
    EXPECT_FALSE(live.has_value());
    return live ? Failure() : live.error();
  }
  Reason Judge() { return Make()->Verify(Call(), Soon()).reason; }
  static Deadline Soon() { return Deadline::After(seconds(60)); }
  static std::string Crl(const TestCert& signer, const std::vector<TestCert>& revoked) {
    CrlSpec spec;
    for (const TestCert& cert : revoked) {
      spec.entries.push_back({.serial_hex = cert.certificate.serial_hex()});
    }
    return MakeCrl(spec, signer);
  }
  [[nodiscard]] std::string IndirectCrl(const TestCert& signer,
                                        const std::vector<TestCert>& revoked) const {
    CrlSpec spec{.kind = CrlKind::kIndirect, .uri = site_.Url("/pa.crl")};
    for (const TestCert& cert : revoked) {
      spec.entries.push_back(
          {.serial_hex = cert.certificate.serial_hex(), .certificate_issuer = IssuerNameDer(cert)});
    }
    return MakeCrl(spec, signer);
  }
  // The STI-PA's list with the carrier's root; nobody is an anchor otherwise.
  void UseList() {
    setup_.trust.anchors.clear();
    setup_.trust.trust_list_roots = {File("pa-root.pem", pa_root_.pem)};
    setup_.trust.state_dir = dir_.path() / "state";
    site_.Put("/signer.pem", list_signer_.pem);
  }
  [[nodiscard]] std::string List(int64_t sequence, sys_seconds expires = kNow + days(30)) const {
    return ListBy(list_signer_, sequence, expires);
  }
  [[nodiscard]] std::string ListBy(const TestCert& signer, int64_t sequence,
                                   sys_seconds expires) const {
    const JsonMembers payload = {{"version", "1.0"},
                                 {"sequence", sequence},
                                 {"exp", int64_t{expires.time_since_epoch().count()}},
                                 {"trustList", JsonArray{JsonValue(carrier_.root.pem)}}};
    const std::string input = EncodeBase64Url(R"({"alg":"ES256","typ":"JWT","x5u":")" +
                                              site_.Url("/signer.pem") + "\"}") +
                              "." + EncodeBase64Url(WriteJson(payload));
    return input + "." + EncodeBase64Url(signer.key.SignEs256(input));
  }

  TemporaryDirectory dir_;
  Hierarchy carrier_ = MakeHierarchy();
  TestCert pa_root_ = IssueRoot("/C=US/O=STI-PA/CN=STI-PA Root");
  TestCert list_signer_ = Issue(test::ListSignerSpec(), pa_root_);
  Site site_;
  VerifierSetup setup_;
  TrustReport report_;
};

// ----- x5u

TEST_F(LiveVerifierTest, C20_DownloadsX5uOnce) {
  const auto live = Make();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(live->Verify(Call(), Soon()).reason, Reason::kNone);
  EXPECT_EQ(site_.Requests("/chain.pem"), 1U);
}

TEST_F(LiveVerifierTest, C24_AForgerNeitherFlushesNorRefetches) {
  const auto live = Make();
  carrier_.leaf.key = TestKey::Make();
  const CallRequest forged = Call();
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(live->Verify(forged, Soon()).reason, Reason::kSignatureInvalid);
  }
  EXPECT_EQ(site_.Requests("/chain.pem"), 1U);
}

TEST_F(LiveVerifierTest, C21_PrivateAddressesAreRefusedByDefault) {
  setup_.downloads->fetcher.private_addresses = PrivateAddresses::kRefuse;
  EXPECT_EQ(Judge(), Reason::kFetchAddressRefused);
  EXPECT_TRUE(site_.requests().empty());
}

TEST_F(LiveVerifierTest, C21_HostListsCount) {
  setup_.downloads->deny_hosts = {"127.0.0.1"};
  EXPECT_EQ(Judge(), Reason::kFetchUrlRefused);
  setup_.downloads->deny_hosts = {};
  setup_.downloads->allow_hosts = {".example.org"};
  EXPECT_EQ(Judge(), Reason::kFetchUrlRefused);
  EXPECT_TRUE(site_.requests().empty());
}

TEST_F(LiveVerifierTest, OfflineOnlyTheCacheCounts) {
  setup_.downloads->cache_directory = dir_.path() / "cache";
  setup_.downloads->repository.downloads = DownloadPolicy::kOffline;
  EXPECT_EQ(Judge(), Reason::kFetchOffline);
  EXPECT_TRUE(site_.requests().empty());
  setup_.downloads->repository.downloads = DownloadPolicy::kDownload;
  EXPECT_EQ(Judge(), Reason::kNone);
  setup_.downloads->repository.downloads = DownloadPolicy::kOffline;
  EXPECT_EQ(Judge(), Reason::kNone);
  EXPECT_EQ(site_.Requests("/chain.pem"), 1U);
}

TEST_F(LiveVerifierTest, B4_TnAuthListByReference) {
  const auto by_reference = [&](const TnAuthList& list) {
    CertSpec spec = LeafSpec();
    spec.tn_auth_list.reset();
    spec.tn_auth_list_uris = {site_.Url("/tn.der")};
    carrier_.leaf = Issue(spec, carrier_.ca);
    Serve();
    site_.Put("/tn.der", list.Encode());
    return Judge();
  };
  EXPECT_EQ(by_reference(SpcList({"818H"})), Reason::kNone);
  EXPECT_EQ(by_reference(NumberList({{"12155550100", 1}})), Reason::kNone);
  EXPECT_EQ(by_reference(NumberList({{"12155550102", 1}})), Reason::kTnNotAuthorized);
  site_.Put("/tn.der", "junk");
  EXPECT_EQ(Judge(), Reason::kTnAuthListMalformed);
  site_.Remove("/tn.der");
  EXPECT_EQ(Judge(), Reason::kTnAuthListNotAvailable);
}

TEST_F(LiveVerifierTest, B4_TnAuthListByReferenceOfACertificateInAFile) {
  CertSpec spec = LeafSpec();
  spec.tn_auth_list.reset();
  spec.tn_auth_list_uris = {site_.Url("/tn.der")};
  carrier_.leaf = Issue(spec, carrier_.ca);
  setup_.certificates = {File("chain.pem", PemOf({carrier_.leaf, carrier_.ca}))};
  EXPECT_EQ(Judge(), Reason::kTnAuthListNotAvailable);
  site_.Put("/tn.der", NumberList({{"12155550100", 1}}).Encode());
  EXPECT_EQ(Judge(), Reason::kNone);
  site_.Put("/tn.der", NumberList({{"12155550102", 1}}).Encode());
  EXPECT_EQ(Judge(), Reason::kTnNotAuthorized);
  EXPECT_EQ(site_.Requests("/chain.pem"), 0U);
  setup_.downloads->repository.downloads = DownloadPolicy::kOffline;
  EXPECT_EQ(Judge(), Reason::kTnAuthListNotAvailable);
  EXPECT_EQ(site_.Requests("/tn.der"), 3U);
}

// ----- Revocation by the distribution points of the certificates

TEST_F(LiveVerifierTest, C35_DirectCrlsFindRevokedLeafAndIntermediateAtTheFirstCall) {
  Reissue({.uri = site_.Url("/ca.crl")}, {.uri = site_.Url("/root.crl")});
  for (const auto& [leaf, ca, reason] : {std::tuple(false, false, Reason::kNone),
                                         {true, false, Reason::kCertificateRevoked},
                                         {false, true, Reason::kCertificateRevoked}}) {
    site_.Put("/ca.crl",
              Crl(carrier_.ca, leaf ? std::vector{carrier_.leaf} : std::vector<TestCert>{}));
    site_.Put("/root.crl",
              Crl(carrier_.root, ca ? std::vector{carrier_.ca} : std::vector<TestCert>{}));
    for (const RevocationPolicy policy : {RevocationPolicy::kIfCovered, RevocationPolicy::kRequired,
                                          RevocationPolicy::kBestEffort}) {
      setup_.trust.revocation_policy = policy;
      EXPECT_EQ(Judge(), reason) << leaf << ca;
    }
  }
}

TEST_F(LiveVerifierTest, C33_IndirectCrlFindsRevokedLeafAndIntermediateAtTheFirstCall) {
  const DistributionPointSpec point{.uri = site_.Url("/pa.crl"),
                                    .crl_issuer = "/C=US/O=STI-PA/CN=STI-PA Root"};
  Reissue(point, point);
  setup_.trust.crl_anchors = {File("pa-root.pem", pa_root_.pem)};
  setup_.trust.revocation_policy = RevocationPolicy::kRequired;
  site_.Put("/pa.crl", IndirectCrl(pa_root_, {}));
  EXPECT_EQ(Judge(), Reason::kNone);
  site_.Put("/pa.crl", IndirectCrl(pa_root_, {carrier_.leaf}));
  EXPECT_EQ(Judge(), Reason::kCertificateRevoked);
  site_.Put("/pa.crl", IndirectCrl(pa_root_, {carrier_.ca}));
  EXPECT_EQ(Judge(), Reason::kCertificateRevoked);
}

TEST_F(LiveVerifierTest, C35_HardAndSoftFailureWithoutAUsableCrl) {
  Reissue({.uri = site_.Url("/ca.crl")}, {.uri = site_.Url("/root.crl")});
  const auto stranger = IssueRoot("/C=US/O=Test CA/CN=SHAKEN CA");  // the name, not the key
  for (const std::string& crl : {std::string(), std::string("junk"), Crl(stranger, {carrier_.leaf}),
                                 Crl(pa_root_, {carrier_.leaf})}) {
    if (!crl.empty()) site_.Put("/ca.crl", crl);
    setup_.trust.revocation_policy = RevocationPolicy::kRequired;
    EXPECT_EQ(Judge(), Reason::kCrlNotAvailable);
    setup_.trust.revocation_policy = RevocationPolicy::kIfCovered;
    EXPECT_EQ(Judge(), Reason::kNone);
    setup_.trust.revocation_policy = RevocationPolicy::kBestEffort;
    EXPECT_EQ(Judge(), Reason::kNone);
  }
}

// A source that does something else while the call that asks is being judged.
class Interrupted final : public CertificateSource {
 public:
  Interrupted(std::shared_ptr<const CertificateSource> source, std::function<void()>& once)
      : source_(std::move(source)), once_(once) {}
  [[nodiscard]] Result<std::shared_ptr<const CertificateBundle>> Get(
      std::string_view x5u, const Deadline& deadline) const override {
    auto bundle = source_->Get(x5u, deadline);
    if (const auto once = std::exchange(once_, nullptr)) once();
    return bundle;
  }
  [[nodiscard]] Result<TnAuthList> GetTnAuthList(std::string_view url,
                                                 const Deadline& deadline) const override {
    return source_->GetTnAuthList(url, deadline);
  }

 private:
  std::shared_ptr<const CertificateSource> source_;
  std::function<void()>& once_;
};

// The list of its carrier is fetched by another call, or by the upkeep, while a call is judged by
// the trust of before. Nothing is left to be fetched for it then, and it is judged again.
TEST_F(LiveVerifierTest, C35_ACallIsJudgedAgainByTheListThatAnotherFetchedMeanwhile) {
  Reissue({.uri = site_.Url("/ca.crl")}, {});
  site_.Put("/ca.crl", Crl(carrier_.ca, {carrier_.leaf}));
  std::function<void()> meanwhile;
  setup_.front = [&](auto repository) {
    return std::make_shared<Interrupted>(std::move(repository), meanwhile);
  };
  for (const bool upkeep : {false, true}) {
    const auto live = Make();
    Reason other = Reason::kCertificateRevoked;
    meanwhile = [&] {
      if (upkeep) {
        live->Maintain(Soon());
      } else {
        other = live->Verify(Call(), Soon()).reason;
      }
    };
    EXPECT_EQ(live->Verify(Call(), Soon()).reason, Reason::kCertificateRevoked) << upkeep;
    EXPECT_EQ(other, Reason::kCertificateRevoked);
    const CallRequest call = Call();
    const auto again = Make();
    meanwhile = [&] { again->Maintain(Soon()); };
    TrustReport report;
    const auto verdicts = again->VerifyBatch(std::span(&call, 1), std::chrono::seconds(60), report);
    ASSERT_EQ(verdicts.size(), 1U);
    EXPECT_EQ(verdicts[0].reason, Reason::kCertificateRevoked) << upkeep;
  }
}

// Both miss the cache: one download of the certificates and one of the list, and both pass.
TEST_F(LiveVerifierTest, C23_TwoFirstCallsOfACarrierThatMeetShareTheirDownloads) {
  Reissue({.uri = site_.Url("/ca.crl")}, {.uri = site_.Url("/root.crl")});
  site_.Put("/ca.crl", Crl(carrier_.ca, {}));
  site_.Put("/root.crl", Crl(carrier_.root, {}));
  const auto live = Make();
  site_.Hold("/chain.pem");
  std::vector<Reason> reasons(2, Reason::kInternalError);
  std::vector<std::thread> calls;
  for (Reason& reason : reasons) {
    calls.emplace_back([&] { reason = live->Verify(Call(), Soon()).reason; });
  }
  while (live->repository()->Statistics().joined == 0) std::this_thread::yield();
  site_.Release();
  for (std::thread& call : calls) call.join();
  EXPECT_THAT(reasons, ::testing::Each(Reason::kNone));
  for (const char* path : {"/chain.pem", "/ca.crl", "/root.crl"}) {
    EXPECT_EQ(site_.Requests(path), 1U) << path;
  }
  // What the one that failed was told, the other is told as well, and the next one asks again.
  live->repository()->PurgeAll();
  site_.Remove("/chain.pem");
  site_.Hold("/chain.pem");
  calls.clear();
  for (Reason& reason : reasons) {
    calls.emplace_back([&] { reason = live->Verify(Call(), Soon()).reason; });
  }
  while (live->repository()->Statistics().joined == 1) std::this_thread::yield();
  site_.Release();
  for (std::thread& call : calls) call.join();
  EXPECT_THAT(reasons, ::testing::Each(Reason::kFetchHttpStatus));
  EXPECT_EQ(site_.Requests("/chain.pem"), 2U);
  Serve();
  live->repository()->PurgeAll();
  EXPECT_EQ(live->Verify(Call(), Soon()).reason, Reason::kNone);
}

TEST_F(LiveVerifierTest, C35_DeadCrlHostIsAskedOnce) {
  Reissue({.uri = site_.Url("/ca.crl")}, {});
  const auto live = Make();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(live->Verify(Call(), Soon()).reason, Reason::kNone);
  EXPECT_EQ(site_.Requests("/ca.crl"), 1U);
}

TEST_F(LiveVerifierTest, C35_NotBySwitchNorForStrangers) {
  Reissue({.uri = site_.Url("/ca.crl")}, {});
  site_.Put("/ca.crl", Crl(carrier_.ca, {carrier_.leaf}));
  setup_.trust.crl_downloads = CrlDownloads::kConfiguredOnly;
  EXPECT_EQ(Judge(), Reason::kNone);
  setup_.trust.crl_downloads = CrlDownloads::kDistributionPoints;
  setup_.trust.anchors = {File("other.pem", pa_root_.pem)};
  EXPECT_EQ(Judge(), Reason::kChainUntrusted);
  EXPECT_EQ(site_.Requests("/ca.crl"), 0U);
}

TEST_F(LiveVerifierTest, C35_KeptOverARestart) {
  Reissue({.uri = site_.Url("/ca.crl")}, {});
  site_.Put("/ca.crl", Crl(carrier_.ca, {carrier_.leaf}));
  setup_.trust.state_dir = dir_.path() / "state";
  EXPECT_EQ(Judge(), Reason::kCertificateRevoked);
  site_.Remove("/ca.crl");
  EXPECT_EQ(Judge(), Reason::kCertificateRevoked);
}

TEST_F(LiveVerifierTest, C35_CertificatesOfFilesAreWatchedToo) {
  Reissue({.uri = site_.Url("/ca.crl")}, {});
  setup_.certificates = {File("chain.pem", PemOf({carrier_.leaf, carrier_.ca}))};
  TrustReport crls;
  EXPECT_EQ(Make()->Verify(Call(), Soon(), crls).reason, Reason::kNone);
  ASSERT_TRUE(crls.FirstFailure().has_value());
  EXPECT_EQ(crls.FirstFailure()->reason, Reason::kFetchHttpStatus);
  site_.Put("/ca.crl", Crl(carrier_.ca, {carrier_.leaf}));
  setup_.trust.crl_downloads = CrlDownloads::kConfiguredOnly;
  EXPECT_EQ(Judge(), Reason::kNone);
  setup_.trust.crl_downloads = CrlDownloads::kDistributionPoints;
  EXPECT_EQ(Judge(), Reason::kCertificateRevoked);
  EXPECT_EQ(site_.Requests("/chain.pem"), 0U);
}

// ----- The STI-PA's list

TEST_F(LiveVerifierTest, C30_ListByUrlInEveryForm) {
  UseList();
  setup_.trust.trust_list = site_.Url("/list");
  int64_t sequence = 0;
  for (const char* form : {"compact", "flat", "general", "answer"}) {
    const std::string jws = List(++sequence);
    const size_t dot = jws.find('.');
    const size_t last = jws.rfind('.');
    const JsonMembers signature = {{"protected", jws.substr(0, dot)},
                                   {"signature", jws.substr(last + 1)}};
    JsonMembers json = {{"payload", jws.substr(dot + 1, last - dot - 1)}};
    std::string body = jws;
    if (form == std::string("flat")) {
      json.insert(json.end(), signature.begin(), signature.end());
      body = WriteJson(json);
    } else if (form == std::string("general")) {
      json.emplace_back("signatures", JsonArray{JsonValue(signature)});
      body = WriteJson(json);
    } else if (form == std::string("answer")) {
      body = WriteJson(JsonMembers{{"status", "success"}, {"caList", jws}});
    }
    site_.Put("/list", body);
    EXPECT_EQ(Judge(), Reason::kNone) << form;
    EXPECT_EQ(Make()->trust().trust_list()->list.sequence(), sequence) << form;
  }
}

TEST_F(LiveVerifierTest, C30_ListByLogin) {
  UseList();
  setup_.trust.sti_pa_account =
      File("account.json",
           WriteJson(JsonMembers{
               {"url", site_.Url("/api/v1")}, {"userId", "someone"}, {"password", "geheim"}}));
  EXPECT_EQ(WhyNot().reason, Reason::kTrustListNotAvailable);
  EXPECT_EQ(WhyNot().detail.find("geheim"), std::string::npos);
  site_.Put("/api/v1/auth/login", R"({"status":"success","accessToken":"tok-1"})");
  site_.Put("/api/v1/ca-list", WriteJson(JsonMembers{{"status", "success"}, {"caList", List(4)}}));
  EXPECT_EQ(Judge(), Reason::kNone);
  const auto requests = site_.requests();
  const auto has = [&](const std::string& begin, const std::string& part) {
    return std::any_of(requests.begin(), requests.end(), [&](const std::string& request) {
      return request.starts_with(begin) && request.find(part) != std::string::npos;
    });
  };
  EXPECT_TRUE(has("POST /api/v1/auth/login ", R"({"userId":"someone","password":"geheim"})"));
  EXPECT_TRUE(has("GET /api/v1/ca-list ", "\r\nAuthorization: tok-1\r\n"));
  EXPECT_FALSE(has("GET ", "geheim"));
  EXPECT_FALSE(has("GET /signer.pem ", "tok-1"));
}

// What is refused, each with its reason; the old list goes on, also in a new process.
TEST_F(LiveVerifierTest, C32_BadListsAreRefusedAndTheOldOneCounts) {
  UseList();
  setup_.trust.trust_list = site_.Url("/list");
  const auto other = Issue(test::ListSignerSpec(), IssueRoot("/CN=Other"));
  std::string tampered = List(9);
  tampered[tampered.size() - 20] = tampered[tampered.size() - 20] == 'A' ? 'B' : 'A';
  const std::vector<std::pair<std::string, Reason>> bad = {
      {List(4), Reason::kTrustListRollback},
      {List(5, kNow + days(9)), Reason::kTrustListRollback},
      {List(9, kNow), Reason::kTrustListExpired},
      {ListBy(other, 9, kNow + days(30)), Reason::kTrustListUntrusted},
      {tampered, Reason::kTrustListUntrusted},
      {"junk", Reason::kTrustListMalformed}};
  for (const auto& [list, reason] : bad) {
    if (reason == Reason::kTrustListRollback) continue;
    site_.Put("/list", list);
    EXPECT_EQ(WhyNot().reason, reason);  // nothing was accepted before: nobody is trusted
  }
  site_.Put("/list", List(5));
  EXPECT_EQ(Judge(), Reason::kNone);
  for (const auto& [list, reason] : bad) {
    site_.Put("/list", list);
    EXPECT_EQ(Judge(), Reason::kNone);
    ASSERT_TRUE(report_.FirstFailure().has_value());
    EXPECT_EQ(report_.FirstFailure()->reason, reason);
  }
  site_.Put("/list", List(5));
  EXPECT_EQ(Judge(), Reason::kNone);
  EXPECT_FALSE(report_.FirstFailure().has_value());
}

TEST_F(LiveVerifierTest, C32_ListSignedUnderAnotherRoot) {
  UseList();
  setup_.trust.trust_list = site_.Url("/list");
  const auto other = Issue(test::ListSignerSpec(), IssueRoot("/CN=Other"));
  site_.Put("/signer.pem", other.pem);
  site_.Put("/list", ListBy(other, 9, kNow + days(30)));
  EXPECT_EQ(WhyNot().reason, Reason::kTrustListUntrusted);
}

// ----- Reload

TEST_F(LiveVerifierTest, ReloadIsWholeOrNotAtAll) {
  setup_.trust.crls = {File("ca.crl", Crl(carrier_.ca, {}))};
  const auto live = Make();
  EXPECT_EQ(live->Verify(Call(), Soon()).reason, Reason::kNone);
  File("ca.crl", Crl(carrier_.ca, {carrier_.leaf}));
  File("anchor.pem", "junk");
  const auto kept = live->Reload(Soon());
  EXPECT_EQ(kept.outcome, TrustReport::Outcome::kKept);
  ASSERT_TRUE(kept.FirstFailure().has_value());
  EXPECT_EQ(kept.FirstFailure()->reason, Reason::kFileInvalid);
  EXPECT_EQ(live->Verify(Call(), Soon()).reason, Reason::kNone);
  File("anchor.pem", carrier_.root.pem);
  EXPECT_EQ(live->Reload(Soon()).outcome, TrustReport::Outcome::kReplaced);
  EXPECT_EQ(live->Verify(Call(), Soon()).reason, Reason::kCertificateRevoked);
}

// ----- Threads

// Calls of many carriers are judged while trust is reloaded, maintained, and the cache is purged
// and evicts: nobody ever passes who should not, nor fails who should pass.
TEST_F(LiveVerifierTest, ThreadsVerifyWhileEverythingIsReplaced) {
  Reissue({.uri = site_.Url("/ca.crl")}, {});
  site_.Put("/ca.crl", Crl(carrier_.ca, {}));
  setup_.downloads->repository.memory.max_entries = 1;
  setup_.downloads->cache_directory = dir_.path() / "cache";
  const auto live = Make();
  const CallRequest good = Call();
  const TestKey genuine = carrier_.leaf.key;
  carrier_.leaf.key = TestKey::Make();
  const CallRequest forged = Call();
  carrier_.leaf.key = genuine;
  std::atomic<int> wrong = 0;
  std::atomic<int> running = 3;
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 40; ++i) {
        if (live->Verify(good, Soon()).reason != Reason::kNone) ++wrong;
        if (live->Verify(forged, Soon()).reason != Reason::kSignatureInvalid) ++wrong;
      }
      --running;
    });
  }
  for (int i = 0; running > 0; ++i) {
    if (i % 3 == 0) File("anchor.pem", i % 2 == 0 ? "junk" : carrier_.root.pem);
    live->Reload(Soon());
    live->Maintain(Soon());
    if (i % 5 == 0) (void)live->repository()->PurgeAll();
    (void)live->repository()->Lookup(site_.Url("/chain.pem"));
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace callvet::test
