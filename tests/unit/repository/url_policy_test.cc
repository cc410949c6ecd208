// SPDX-License-Identifier: MIT
#include "repository/url_policy.h"

#include "support/result_matchers.h"

namespace callvet {
namespace {

constexpr UrlUse kX5u = UrlUse::kX5u;
constexpr UrlUse kDocument = UrlUse::kDocument;

UrlPolicy PolicyOf(UrlPolicyOptions options) {
  auto policy = UrlPolicy::Make(std::move(options));
  EXPECT_THAT(policy, Succeeds());
  return policy ? *policy : UrlPolicy();
}

TEST(UrlPolicy, AllowsWhatC20Allows) {
  const UrlPolicy policy;
  for (const char* url : {"https://cert.example.org/p.pem", "https://cert.example.org:443/p.pem",
                          "https://cert.example.org:8443/a/b.pem", "HTTPS://CERT.example.org/p",
                          "https://192.0.2.1/p.pem", "https://[2001:db8::1]/p.pem"}) {
    EXPECT_THAT(policy.Check(ExactBytes(url).view(), kX5u), Succeeds()) << url;
  }
}

TEST(UrlPolicy, RefusesWhatC20Refuses) {
  const UrlPolicy policy;
  for (const char* url :
       {"", "p.pem", "http://cert.example.org/p.pem", "ftp://cert.example.org/p.pem",
        "file:///etc/passwd", "https://cert.example.org:80/p.pem",
        "https://cert.example.org:22/p.pem", "https://u@cert.example.org/p.pem",
        "https://u:p@cert.example.org/p.pem", "https://cert.example.org/p.pem?x",
        "https://cert.example.org/p.pem#x", "https://cert.example.org", "https://cert.example.org/",
        "https:///p.pem", "https://cert.example.org/p .pem", "https://cert.example.org\\@evil/p",
        "https://cert.example.org/p\r\nHost: evil"}) {
    EXPECT_THAT(policy.Check(ExactBytes(url).view(), kX5u), FailsWith(Reason::kInfoInvalid)) << url;
  }
}

// RFC 5280 4.2.1.13, RFC 8226 10.2: any URL. C-20 is about x5u.
TEST(UrlPolicy, C33_OtherDocumentsMayHaveAQueryAFragmentOrNoPath) {
  const UrlPolicy policy;
  for (const char* url :
       {"https://ca.example.org/crl",
        "https://ca.example.org/certdist?cmd=crl&issuer=CN=CA,O=a%20b",
        "https://ca.example.org/crl#x", "https://ca.example.org/", "https://ca.example.org",
        "https://ca.example.org?a=b", "https://ca.example.org:8443/?a?b",
        "HTTPS://ca.example.org/#", "https://ca.example.org/?u=http://10.0.0.1/@x:80/"}) {
    const auto uri = policy.Check(ExactBytes(url).view(), kDocument);
    ASSERT_THAT(uri, Succeeds()) << url;
    EXPECT_EQ(uri->host, "ca.example.org") << url;
  }
  EXPECT_EQ(policy.Check("https://ca.example.org/a?b=c#d", kDocument)->query, "b=c");
}

TEST(UrlPolicy, C21_OtherDocumentsKeepToSchemePortAndHost) {
  UrlPolicyOptions options;
  options.deny_hosts = {"denied.example.org"};
  const UrlPolicy policy = PolicyOf(options);
  for (const char* url :
       {"", "crl?x", "http://ca.example.org/crl?x", "ftp://ca.example.org/crl", "ldap://a/b?c",
        "file:///etc/passwd", "https://ca.example.org:80/crl", "https://ca.example.org:22?x",
        "https://u@ca.example.org/crl?x", "https://u:p@ca.example.org?x",
        "https://@ca.example.org/", "https:///crl?x", "https://?x", "https://#x",
        "https://ca.example.org/c?a b", "https://ca.example.org/c?\r\nHost: evil",
        "https://ca.example.org\\@evil/?x", "https://ca.example.org/c?%",
        "https://ca.example.org/c#%zz"}) {
    EXPECT_THAT(policy.Check(ExactBytes(url).view(), kDocument), FailsWith(Reason::kInfoInvalid))
        << url;
  }
  for (const char* url : {"https://denied.example.org?x@good.example.org/",
                          "https://denied.example.org#x@good.example.org/", "https://127.1/?x",
                          "https://0x7f000001?x", "https://2130706433#x"}) {
    EXPECT_THAT(policy.Check(url, kDocument), FailsWith(Reason::kFetchUrlRefused)) << url;
  }
  EXPECT_THAT(policy.Check("https://ca.example.org/?" + std::string(1024, 'a'), kDocument),
              FailsWith(Reason::kFetchUrlRefused));
}

TEST(UrlPolicy, RefusesAddressesInDisguise) {
  const UrlPolicy policy;
  for (const char* host : {"127.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1",
                           "1.2.3.4.5", "127.0.0.256", "example.0x1", "[::1.2]", "[1:2]", "."}) {
    EXPECT_THAT(policy.Check("https://" + std::string(host) + "/p.pem", kX5u),
                FailsWith(Reason::kFetchUrlRefused))
        << host;
  }
}

TEST(UrlPolicy, LimitsTheLength) {
  UrlPolicyOptions options;
  options.max_bytes = 40;
  const UrlPolicy policy = PolicyOf(options);
  const std::string url = "https://cert.example.org/";
  EXPECT_THAT(policy.Check(url + std::string(40 - url.size(), 'a'), kX5u), Succeeds());
  EXPECT_THAT(policy.Check(url + std::string(41 - url.size(), 'a'), kX5u),
              FailsWith(Reason::kFetchUrlRefused));
  EXPECT_THAT(UrlPolicy().Check(url + std::string(1024, 'a'), kX5u),
              FailsWith(Reason::kFetchUrlRefused));
}

TEST(UrlPolicy, DenyListWins) {
  UrlPolicyOptions options;
  options.allow_hosts = {".example.org", "10.0.0.1", "[2001:DB8:0::1]"};
  options.deny_hosts = {"Bad.Example.org", ".evil.example.org"};
  const UrlPolicy policy = PolicyOf(options);
  const auto check = [&](const std::string& host) {
    return policy.Check("https://" + host + "/p", kX5u);
  };
  for (const char* host :
       {"a.example.org", "A.EXAMPLE.ORG", "a.b.example.org", "a.example.org.", "evil.example.org",
        "10.0.0.1", "[2001:db8::1]", "[2001:0db8:0:0:0:0:0:1]"}) {
    EXPECT_THAT(check(host), Succeeds()) << host;
  }
  for (const char* host :
       {"example.org", "notexample.org", "a.example.org.evil.net", "10.0.0.2", "bad.example.org",
        "BAD.example.org", "bad.example.org.", "x.evil.example.org", "[2001:db8::2]"}) {
    EXPECT_THAT(check(host), FailsWith(Reason::kFetchUrlRefused)) << host;
  }
}

TEST(UrlPolicy, RefusesEntriesThatCannotMatch) {
  for (const char* entry :
       {"", ".", "..", "*.example.org", "https://example.org", "example.org:443", "example.org/p",
        "127.1", ".1", "[::1", "[example.org]", "a b"}) {
    UrlPolicyOptions options;
    options.deny_hosts = {entry};
    EXPECT_THAT(UrlPolicy::Make(options), FailsWith(Reason::kConfigInvalid)) << entry;
  }
}

TEST(UrlPolicy, LabSwitchesAreNamed) {
  EXPECT_TRUE(UrlPolicy().InsecureSettings().empty());
  UrlPolicyOptions options;
  options.rules.http = X5uRules::Http::kInsecureAllow;
  options.rules.ports.push_back(8080);
  const UrlPolicy policy = PolicyOf(options);
  EXPECT_EQ(policy.InsecureSettings().size(), 2U);
  EXPECT_THAT(policy.Check("http://host.test:8080/p", kX5u), Succeeds());
  EXPECT_THAT(policy.Check("http://host.test:8081/p", kX5u), FailsWith(Reason::kInfoInvalid));
}

}  // namespace
}  // namespace callvet
