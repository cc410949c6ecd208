// SPDX-License-Identifier: MIT
#include "repository/https_fetcher.h"

#include <netdb.h>

#include <cstdlib>
#include <cstring>
#include <thread>

#include "support/fake_dns.h"
#include "unit/repository/fetcher_fixture.h"

namespace callvet {
namespace {

using test::FakeDns;
using test::HostileServer;
using test::Peer;

void SayHello(Peer& peer) {
  peer.ReadRequest();
  peer.Write(std::string(kOk) +
             "Content-Type: application/pem-certificate-chain\r\nCache-Control: max-age=5\r\n"
             "Date: d\r\nContent-Length: 5\r\n\r\nhello");
}

// ----- What works

TEST(HttpsFetcher, FetchesOverHttp) {
  const HostileServer server(SayHello);
  const auto document = FetchOnce(LabOptions(server.port()), UrlOf("http", server.port()));
  ASSERT_THAT(document, Succeeds());
  EXPECT_EQ(document->body, "hello");
  EXPECT_EQ(document->content_type, "application/pem-certificate-chain");
  EXPECT_EQ(document->cache_control, "max-age=5");
  EXPECT_EQ(document->date, "d");
  ASSERT_EQ(server.requests().size(), 1U);
  const std::string request = server.requests()[0];
  EXPECT_TRUE(request.starts_with("GET /chain.pem HTTP/1.1\r\n")) << request;
  EXPECT_NE(request.find("\r\nUser-Agent: callvet\r\n"), std::string::npos) << request;
  EXPECT_NE(request.find("\r\nAccept-Encoding: identity\r\n"), std::string::npos) << request;
  for (const char* never : {"Cookie", "Authorization", "Referer"}) {
    EXPECT_EQ(request.find(never), std::string::npos) << request;
  }
}

TEST(HttpsFetcher, SendsThePathAsItIs) {
  const HostileServer server(SayHello);
  const std::string url = "http://127.0.0.1:" + std::to_string(server.port()) + "/a/../b/./%7Ec";
  EXPECT_THAT(FetchOnce(LabOptions(server.port()), url), Succeeds());
  ASSERT_EQ(server.requests().size(), 1U);
  EXPECT_TRUE(server.requests()[0].starts_with("GET /a/../b/./%7Ec HTTP/1.1\r\n"));
}

// The request as the server got it, for a URL behind "http://127.0.0.1:port".
std::string RequestLineFor(const std::string& rest) {
  const HostileServer server(SayHello);
  const std::string url = "http://127.0.0.1:" + std::to_string(server.port()) + rest;
  EXPECT_THAT(FetchOnce(LabOptions(server.port()), url, kPatience, UrlUse::kDocument), Succeeds())
      << rest;
  EXPECT_EQ(server.requests().size(), 1U) << rest;
  if (server.requests().empty()) return {};
  const std::string request = server.requests()[0];
  return request.substr(0, request.find("\r\n"));
}

TEST(HttpsFetcher, C33_AsksWithTheQueryAndWithoutTheFragment) {
  for (const auto& [rest, target] : std::initializer_list<std::pair<const char*, const char*>>{
           {"/certdist?cmd=crl&issuer=CN=CA,O=a%20b", "/certdist?cmd=crl&issuer=CN=CA,O=a%20b"},
           {"/crl#x", "/crl"},
           {"/crl?a#x?b", "/crl?a"},
           {"/crl?", "/crl?"},
           {"/", "/"},
           {"", "/"},
           {"?a=b", "/?a=b"},
           {"?u=http://other.test/@x", "/?u=http://other.test/@x"},
           {"?@other.test/crl", "/?@other.test/crl"},
           {"#@other.test/crl", "/"}}) {
    EXPECT_EQ(RequestLineFor(rest), "GET " + std::string(target) + " HTTP/1.1") << rest;
  }
}

TEST(HttpsFetcher, C20_AnX5uWithAQueryIsNotAskedFor) {
  const HostileServer server(SayHello);
  const std::string url = UrlOf("http", server.port()) + "?a=b";
  EXPECT_THAT(FetchOnce(LabOptions(server.port()), url), FailsWith(Reason::kInfoInvalid));
  EXPECT_EQ(server.connections(), 0U);
  EXPECT_THAT(FetchOnce(LabOptions(server.port()), url, kPatience, UrlUse::kDocument), Succeeds());
}

// C-21: what is asked for matters nothing to the guard of addresses.
TEST(HttpsFetcher, C21_AQueryLeadsToNoPrivateAddress) {
  const HostileServer server(SayHello);
  HttpsFetcherOptions options = LabOptions(server.port());
  options.private_addresses = PrivateAddresses::kRefuse;
  for (const char* rest : {"?a=b", "/?a=b", "/#x", "?@public.test/"}) {
    const std::string url = "http://127.0.0.1:" + std::to_string(server.port()) + rest;
    EXPECT_THAT(FetchOnce(options, url, kPatience, UrlUse::kDocument),
                FailsWith(Reason::kFetchAddressRefused))
        << rest;
  }
  EXPECT_EQ(server.connections(), 0U);
}

TEST(HttpsFetcher, IgnoresProxiesOfTheEnvironment) {
  const HostileServer proxy(SayHello);
  const HostileServer server(SayHello);
  const std::string url = "http://127.0.0.1:" + std::to_string(proxy.port());
  ::setenv("http_proxy", url.c_str(), 1);
  ::setenv("ALL_PROXY", url.c_str(), 1);
  EXPECT_THAT(FetchOnce(LabOptions(server.port()), UrlOf("http", server.port())), Succeeds());
  ::unsetenv("http_proxy");
  ::unsetenv("ALL_PROXY");
  EXPECT_EQ(proxy.connections(), 0U);
  EXPECT_EQ(server.connections(), 1U);
}

TEST(HttpsFetcher, FetchesFromManyThreads) {
  const HostileServer server(SayHello);
  const auto fetcher = HttpsFetcher::Make(LabOptions(server.port()));
  ASSERT_THAT(fetcher, Succeeds());
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 8; ++k) {
        const auto document =
            fetcher->Fetch(UrlOf("http", server.port()), UrlUse::kX5u, Deadline());
        EXPECT_THAT(document, Succeeds());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(server.connections(), 64U);
}

// ----- TLS

class Tls : public testing::Test {
 protected:
  [[nodiscard]] Result<FetchedDocument> FetchFrom(const test::TlsSpec& tls,
                                                  const std::string& host = kHost) const {
    const HostileServer server(SayHello, tls);
    HttpsFetcherOptions options = LabOptions(server.port());
    options.ca_file = ca_file_.path();
    auto result = FetchOnce(options, UrlOf("https", server.port(), host));
    if (!result) {
      // No request may leave before the server is known to be the right one.
      EXPECT_TRUE(server.requests().empty() || server.requests()[0].empty());
    }
    return result;
  }
  [[nodiscard]] test::TestCert ServerCert(const std::string& names) const {
    return test::Issue(test::ServerSpec(names), root_);
  }

  test::TestCert root_ = test::IssueRoot();
  TemporaryFile ca_file_{root_.pem};
};

TEST_F(Tls, AcceptsAGoodServer) {
  EXPECT_THAT(FetchFrom({ServerCert("DNS:good.test")}), Succeeds());
  EXPECT_THAT(FetchFrom({ServerCert("DNS:good.test"), test::TlsSpec::MaxVersion::k1_2}),
              Succeeds());
  EXPECT_THAT(FetchFrom({ServerCert("IP:127.0.0.1")}, "127.0.0.1"), Succeeds());
}

TEST_F(Tls, RefusesAnotherHost) {
  EXPECT_THAT(FetchFrom({ServerCert("DNS:other.test")}), FailsWith(Reason::kFetchTlsFailed));
  EXPECT_THAT(FetchFrom({ServerCert("DNS:good.test")}, "127.0.0.1"),
              FailsWith(Reason::kFetchTlsFailed));
}

TEST_F(Tls, RefusesAnExpiredOne) {
  auto spec = test::ServerSpec("DNS:good.test");
  spec.not_before -= test::hours(48);
  spec.not_after -= test::hours(48);
  EXPECT_THAT(FetchFrom({test::Issue(spec, root_)}), FailsWith(Reason::kFetchTlsFailed));
}

TEST_F(Tls, RefusesAnUntrustedOne) {
  const auto other = test::Issue(test::ServerSpec("DNS:good.test"), test::IssueRoot("/CN=Other"));
  EXPECT_THAT(FetchFrom({other}), FailsWith(Reason::kFetchTlsFailed));
  EXPECT_THAT(FetchFrom({test::IssueSelfSigned(test::ServerSpec("DNS:good.test"))}),
              FailsWith(Reason::kFetchTlsFailed));
}

TEST_F(Tls, RefusesOldVersions) {
  EXPECT_THAT(FetchFrom({ServerCert("DNS:good.test"), test::TlsSpec::MaxVersion::k1_1}),
              FailsWith(Reason::kFetchTlsFailed));
}

TEST_F(Tls, DoesNotTrustTheTestCaByDefault) {
  const HostileServer server(SayHello, test::TlsSpec{ServerCert("DNS:good.test")});
  EXPECT_THAT(FetchOnce(LabOptions(server.port()), UrlOf("https", server.port())),
              FailsWith(Reason::kFetchTlsFailed));
}

// ----- The guard

// Fetches http://guard.test with the guard on; `server` stands on 127.0.0.1.
Result<FetchedDocument> FetchGuarded(uint16_t port) {
  HttpsFetcherOptions options = LabOptions(port);
  options.private_addresses = PrivateAddresses::kRefuse;
  return FetchOnce(options, UrlOf("http", port, "guard.test"));
}

TEST(Guard, RefusesEveryClassAtTheSocket) {
  const HostileServer server(SayHello);
  for (const char* address : {"0.0.0.0",
                              "10.0.0.1",
                              "100.64.0.1",
                              "127.0.0.1",
                              "127.1.2.3",
                              "169.254.169.254",
                              "172.16.0.1",
                              "192.0.0.1",
                              "192.0.2.1",
                              "192.88.99.1",
                              "192.168.0.1",
                              "198.18.0.1",
                              "198.51.100.1",
                              "203.0.113.1",
                              "224.0.0.1",
                              "240.0.0.1",
                              "255.255.255.255",
                              "::",
                              "::1",
                              "::127.0.0.1",
                              "::ffff:127.0.0.1",
                              "::ffff:8.8.8.8",
                              "::ffff:0:127.0.0.1",
                              "64:ff9b::7f00:1",
                              "64:ff9b:1::7f00:1",
                              "100::1",
                              "2001::1",
                              "2001:2::1",
                              "2001:20::1",
                              "2001:db8::1",
                              "2002:7f00:1::1",
                              "3fff::1",
                              "5f00::1",
                              "fc00::1",
                              "fd00::1",
                              "fe80::1",
                              "fec0::1",
                              "ff02::1"}) {
    FakeDns::Get().Set("guard.test", {{{address}, milliseconds(0)}});
    EXPECT_THAT(FetchGuarded(server.port()), FailsWith(Reason::kFetchAddressRefused)) << address;
  }
  EXPECT_EQ(server.connections(), 0U);
}

// DNS rebinding: whoever asked before saw a public address, libcurl gets a private one.
TEST(Guard, IsNotPassedByRebinding) {
  const HostileServer server(SayHello);
  FakeDns::Get().Set("guard.test", {{{"93.184.216.34"}}, {{"127.0.0.1"}}});
  addrinfo* before = nullptr;
  ASSERT_EQ(::getaddrinfo("guard.test", "443", nullptr, &before), 0);
  sockaddr_in seen{};
  std::memcpy(&seen, before->ai_addr, sizeof seen);
  ::freeaddrinfo(before);
  std::array<uint8_t, 4> bytes{};
  std::memcpy(bytes.data(), &seen.sin_addr, 4);
  EXPECT_THAT(CheckAddress(IpAddress::V4(bytes), PrivateAddresses::kRefuse), Succeeds());

  EXPECT_THAT(FetchGuarded(server.port()), FailsWith(Reason::kFetchAddressRefused));
  EXPECT_EQ(server.connections(), 0U);
}

// The address that is judged is the one that is connected to: there is no second lookup.
TEST(Guard, LooksUpOnce) {
  const HostileServer server(SayHello);
  FakeDns::Get().Set("once.test", {{{"127.0.0.1"}}, {{"10.0.0.1"}}});
  EXPECT_THAT(FetchOnce(LabOptions(server.port()), UrlOf("http", server.port(), "once.test")),
              Succeeds());
  EXPECT_EQ(FakeDns::Get().Lookups("once.test"), 1U);
}

TEST(Guard, TriesEveryAddressAndOpensNoPrivateOne) {
  const HostileServer server(SayHello);
  FakeDns::Get().Set("guard.test", {{{"10.0.0.1", "::1", "127.0.0.1", "169.254.169.254"}}});
  HttpsFetcherOptions options = LabOptions(server.port());
  options.private_addresses = PrivateAddresses::kRefuse;
  const auto fetcher = HttpsFetcher::Make(options);
  ASSERT_THAT(fetcher, Succeeds());
  FetchTrace trace;
  EXPECT_THAT(fetcher->FetchTraced(UrlOf("http", server.port(), "guard.test"), UrlUse::kX5u,
                                   Deadline(), trace),
              FailsWith(Reason::kFetchAddressRefused));
  EXPECT_EQ(server.connections(), 0U);
  ASSERT_EQ(trace.steps.size(), 6U);
  EXPECT_EQ(trace.steps[1].outcome, FetchStep::Outcome::kDone);
  EXPECT_EQ(trace.steps[2].outcome, FetchStep::Outcome::kFailed);
  EXPECT_EQ(trace.address, "");
}

TEST(Guard, JudgesAddressesInTheUrlAndTheHostList) {
  const HostileServer server(SayHello);
  HttpsFetcherOptions options = LabOptions(server.port());
  options.private_addresses = PrivateAddresses::kRefuse;
  for (const char* host : {"127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", kHost}) {
    EXPECT_THAT(FetchOnce(options, UrlOf("http", server.port(), host)),
                FailsWith(Reason::kFetchAddressRefused))
        << host;
  }
  EXPECT_EQ(server.connections(), 0U);
}

TEST(Guard, TheLaboratoryReachesOnlyHosts) {
  FakeDns::Get().Set("guard.test", {{{"0.0.0.0", "224.0.0.1", "::"}}});
  EXPECT_THAT(FetchOnce(LabOptions(8443), UrlOf("http", 8443, "guard.test")),
              FailsWith(Reason::kFetchAddressRefused));
}

TEST(Guard, WithAProxyJudgesWhatTheUrlSays) {
  const HostileServer proxy(SayHello);
  HttpsFetcherOptions options = LabOptions(443);
  options.private_addresses = PrivateAddresses::kRefuse;
  options.proxy = "http://127.0.0.1:" + std::to_string(proxy.port());
  for (const char* host : {"127.0.0.1", "[::1]", "10.0.0.1", "localhost", "a.LOCALHOST."}) {
    EXPECT_THAT(FetchOnce(options, UrlOf("http", 443, host)),
                FailsWith(Reason::kFetchAddressRefused))
        << host;
  }
  EXPECT_EQ(proxy.connections(), 0U);
  EXPECT_THAT(FetchOnce(options, UrlOf("http", 443, "public.test")), Succeeds());
  ASSERT_EQ(proxy.requests().size(), 1U);
  EXPECT_TRUE(proxy.requests()[0].starts_with("GET http://public.test:443/chain.pem HTTP/1.1"));
}

// With a proxy the addresses of hosts are not looked at: no host may be connected to without it.
TEST(Guard, TheEnvironmentNamesNoHostThatPassesTheProxyBy) {
  const HostileServer proxy(SayHello);
  HttpsFetcherOptions options = LabOptions(443);
  options.proxy = "http://127.0.0.1:" + std::to_string(proxy.port());
  for (const char* name : {"no_proxy", "NO_PROXY"}) ::setenv(name, "*", 1);
  EXPECT_THAT(FetchOnce(options, UrlOf("http", 443, "public.test")), Succeeds());
  for (const char* name : {"no_proxy", "NO_PROXY"}) ::unsetenv(name);
  EXPECT_EQ(proxy.requests().size(), 1U);
}

TEST(Guard, AProxyThatRefusesIsAConnectFailure) {
  const HostileServer proxy([](Peer& peer) {
    peer.ReadRequest();
    peer.Write("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
  });
  HttpsFetcherOptions options = LabOptions(443);
  options.proxy = "http://127.0.0.1:" + std::to_string(proxy.port());
  EXPECT_THAT(FetchOnce(options, UrlOf("https", 443, "public.test")),
              FailsWith(Reason::kFetchConnectFailed));
}

// ----- Names and connections that fail

TEST(HttpsFetcher, RefusesByPolicyWithoutALookup) {
  FakeDns::Get().Set("policy.test", {{{"127.0.0.1"}}});
  EXPECT_THAT(FetchOnce({}, "http://policy.test/p"), FailsWith(Reason::kInfoInvalid));
  UrlPolicyOptions policy;
  policy.deny_hosts = {"policy.test"};
  HttpsFetcherOptions options;
  options.url_policy = *UrlPolicy::Make(policy);
  EXPECT_THAT(FetchOnce(options, "https://policy.test/p"), FailsWith(Reason::kFetchUrlRefused));
  EXPECT_EQ(FakeDns::Get().Lookups("policy.test"), 0U);
}

TEST(HttpsFetcher, SaysThatANameDoesNotExist) {
  EXPECT_THAT(FetchOnce({}, "https://unknown.test/p"), FailsWith(Reason::kFetchDnsFailed));
}

TEST(HttpsFetcher, DoesNotWaitForANameServer) {
  FakeDns::Get().Set("slow.test", {{{"127.0.0.1"}, milliseconds(7000)}});
  const Stopwatch watch;
  EXPECT_THAT(FetchOnce(LabOptions(443), UrlOf("https", 443, "slow.test"), kDeadline),
              FailsWith(Reason::kFetchTimeout));
  // The resolver's thread is left to itself: let it end before the program does.
  std::this_thread::sleep_for(milliseconds(7500) - watch.Elapsed());
}

TEST(HttpsFetcher, SaysThatNobodyListens) {
  const uint16_t port = test::ClosedPort();
  EXPECT_THAT(FetchOnce(LabOptions(port), UrlOf("https", port)),
              FailsWith(Reason::kFetchConnectFailed));
}

TEST(HttpsFetcher, GivesUpAConnectionThatHangs) {
  const test::DeafPort deaf;
  EXPECT_THAT(FetchOnce(LabOptions(deaf.port()), UrlOf("https", deaf.port()), kDeadline),
              FailsWith(Reason::kFetchTimeout));
  HttpsFetcherOptions options = LabOptions(deaf.port());
  options.connect_timeout = milliseconds(300);
  EXPECT_THAT(FetchOnce(options, UrlOf("https", deaf.port()), milliseconds(60000)),
              FailsWith(Reason::kFetchTimeout));
}

TEST(HttpsFetcher, KeepsToItsOwnTimeoutToo) {
  const HostileServer server([](Peer& peer) { peer.Sleep(kHang * 2); });
  HttpsFetcherOptions options = LabOptions(server.port());
  options.total_timeout = kDeadline;
  const auto fetcher = HttpsFetcher::Make(options);
  ASSERT_THAT(fetcher, Succeeds());
  const Stopwatch watch;
  EXPECT_THAT(fetcher->Fetch(UrlOf("http", server.port()), UrlUse::kX5u, Deadline()),
              FailsWith(Reason::kFetchTimeout));
  EXPECT_LT(watch.Elapsed(), kHang);
}

TEST(HttpsFetcher, OpensNothingAfterTheDeadline) {
  const HostileServer server(SayHello);
  EXPECT_THAT(FetchOnce(LabOptions(server.port()), UrlOf("http", server.port()), milliseconds(0)),
              FailsWith(Reason::kFetchTimeout));
  EXPECT_EQ(server.connections(), 0U);
}

// ----- Options and traces

TEST(HttpsFetcher, RefusesUnusableOptions) {
  const auto make = [](auto change) {
    HttpsFetcherOptions options;
    change(options);
    return HttpsFetcher::Make(options);
  };
  using Options = HttpsFetcherOptions;
  for (const char* proxy : {"socks5://h:1", "h:1", "http:", "http://a b/", "file:///x"}) {
    EXPECT_THAT(make([&](Options& o) { o.proxy = proxy; }), FailsWith(Reason::kConfigInvalid));
  }
  EXPECT_THAT(make([](Options& o) { o.total_timeout = milliseconds(0); }),
              FailsWith(Reason::kConfigInvalid));
  EXPECT_THAT(make([](Options& o) { o.connect_timeout = milliseconds(-1); }),
              FailsWith(Reason::kConfigInvalid));
  EXPECT_THAT(make([](Options& o) { o.low_speed_time = std::chrono::seconds(0); }),
              FailsWith(Reason::kConfigInvalid));
  EXPECT_THAT(make([](Options& o) { o.user_agent = "a\r\nb: c"; }),
              FailsWith(Reason::kConfigInvalid));
  EXPECT_THAT(make([](Options& o) {
                o.host_addresses = {{"h", "127.1"}};
              }),
              FailsWith(Reason::kConfigInvalid));
  EXPECT_THAT(make([](Options& o) { o.ca_file = "no such file"; }),
              FailsWith(Reason::kFileUnreadable));
  const TemporaryFile junk("junk");
  EXPECT_THAT(make([&](Options& o) { o.ca_file = junk.path(); }), FailsWith(Reason::kFileInvalid));
}

TEST(HttpsFetcher, NamesItsLabSwitches) {
  EXPECT_TRUE(HttpsFetcher::Make({})->InsecureSettings().empty());
  EXPECT_EQ(HttpsFetcher::Make(LabOptions(8080))->InsecureSettings().size(), 3U);
}

TEST_F(Tls, TracesWhereItFails) {
  HttpsFetcherOptions options = LabOptions(0);
  const auto failed_step = [&](uint16_t port) {
    UrlPolicyOptions policy;
    policy.rules.ports = {port};
    options.url_policy = *UrlPolicy::Make(policy);
    FetchTrace trace;
    EXPECT_FALSE(
        HttpsFetcher::Make(options)
            ->FetchTraced(UrlOf("https", port), UrlUse::kX5u, Deadline::After(kDeadline), trace)
            .has_value());
    std::string failed;
    for (const FetchStep& step : trace.steps) {
      if (step.outcome == FetchStep::Outcome::kFailed) failed += FetchStepName(step.kind);
    }
    EXPECT_EQ(trace.steps.size(), 6U);
    return failed;
  };
  const HostileServer untrusted(SayHello, test::TlsSpec{ServerCert("DNS:good.test")});
  EXPECT_EQ(failed_step(untrusted.port()), "tls");
  const HostileServer silent([](Peer& peer) { peer.Sleep(kHang); });
  EXPECT_EQ(failed_step(silent.port()), "tls");
  EXPECT_EQ(failed_step(test::ClosedPort()), "connect");
  const test::DeafPort deaf;
  EXPECT_EQ(failed_step(deaf.port()), "connect");
  options.ca_file = ca_file_.path();
  const HostileServer page(
      [](Peer& peer) {
        peer.ReadRequest();
        peer.Write("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
      },
      test::TlsSpec{ServerCert("DNS:good.test")});
  EXPECT_EQ(failed_step(page.port()), "http");
  options.private_addresses = PrivateAddresses::kRefuse;
  EXPECT_EQ(failed_step(page.port()), "connect");
}

TEST_F(Tls, TracesEveryStep) {
  const HostileServer server(SayHello, test::TlsSpec{ServerCert("DNS:good.test")});
  HttpsFetcherOptions options = LabOptions(server.port());
  options.ca_file = ca_file_.path();
  const auto fetcher = HttpsFetcher::Make(options);
  ASSERT_THAT(fetcher, Succeeds());
  FetchTrace trace;
  EXPECT_THAT(fetcher->FetchTraced(UrlOf("https", server.port()), UrlUse::kX5u, Deadline(), trace),
              Succeeds());
  std::vector<std::string> names;
  for (const FetchStep& step : trace.steps) {
    names.emplace_back(FetchStepName(step.kind));
    EXPECT_EQ(step.outcome, FetchStep::Outcome::kDone) << names.back();
    EXPECT_NE(step.detail, "") << names.back();
    EXPECT_GE(step.duration.count(), 0) << names.back();
  }
  EXPECT_EQ(names, (std::vector<std::string>{"policy", "dns", "connect", "tls", "http", "body"}));
  EXPECT_EQ(trace.http_status, 200);
  EXPECT_EQ(trace.address, "127.0.0.1:" + std::to_string(server.port()));
  EXPECT_TRUE(trace.tls.starts_with("TLSv1.3 / TLS_")) << trace.tls;
  EXPECT_EQ(trace.response_headers.size(), 4U);

  EXPECT_THAT(fetcher->FetchTraced("ftp://x/y", UrlUse::kX5u, Deadline(), trace),
              FailsWith(Reason::kInfoInvalid));
  ASSERT_EQ(trace.steps.size(), 6U);
  EXPECT_EQ(trace.steps[0].outcome, FetchStep::Outcome::kFailed);
  EXPECT_EQ(trace.steps[1].outcome, FetchStep::Outcome::kNotRun);
}

}  // namespace
}  // namespace callvet
