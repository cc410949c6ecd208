// SPDX-License-Identifier: MIT
#include "service/config.h"

#include "base/text.h"
#include "support/result_matchers.h"

namespace callvet::service {
namespace {

Result<ServiceConfig> Parse(std::string_view text) {
  return ParseConfig(text, "/etc/callvet");
}

TEST(Config, DefaultsAreClosed) {
  const auto config = Parse("{}");
  ASSERT_THAT(config, Succeeds());
  ASSERT_EQ(config->listen.size(), 1U);
  EXPECT_TRUE(config->listen[0].IsLoopback());
  EXPECT_FALSE(config->verify_without_token);
  EXPECT_TRUE(config->tokens.empty());
  EXPECT_EQ(config->deadline.count(), 2000);
  EXPECT_EQ(config->log.numbers, LogNumbers::kMasked);
  EXPECT_TRUE(InsecureSettings(*config).empty());
}

TEST(Config, CommentsAndPaths) {
  const auto config = Parse(R"(// a comment
{ /* another: "listen": 1 */ "trust": {"anchors": ["anchors", "/abs.pem"]}, // "x"
  "log": {"target": "access // no comment.log"} })");
  ASSERT_THAT(config, Succeeds());
  EXPECT_THAT(config->verifier.trust.anchors,
              testing::ElementsAre("/etc/callvet/anchors", "/abs.pem"));
  EXPECT_EQ(config->log.target, "/etc/callvet/access // no comment.log");
}

TEST(Config, BeyondLoopbackNeedsTlsOrAWord) {
  EXPECT_THAT(Parse(R"({"listen": "0.0.0.0:80"})"), FailsWith(Reason::kConfigInvalid));
  EXPECT_THAT(Parse(R"({"listen": ["127.0.0.1:80", "[::]:80"]})"),
              FailsWith(Reason::kConfigInvalid));
  EXPECT_THAT(Parse(R"({"listen": ["127.0.0.2:80", "[::1]:80"]})"), Succeeds());
  EXPECT_THAT(Parse(R"({"listen": "0.0.0.0:80", "tls": {"certificate": "a", "key": "b"}})"),
              Succeeds());
  const auto plain = Parse(R"({"listen": "0.0.0.0:80", "insecure_plain_http": true})");
  ASSERT_THAT(plain, Succeeds());
  EXPECT_EQ(InsecureSettings(*plain).size(), 1U);
}

TEST(Config, WhatIsRefused) {
  for (const std::string_view text :
       {"",
        "[]",
        "{",
        R"({"lisen": "127.0.0.1:1"})",
        R"({"listen": "127.0.0.1"})",
        R"({"listen": "localhost:80"})",
        R"({"listen": "127.0.0.1:99999"})",
        R"({"tls": {}})",
        R"({"tls": 1})",
        R"({"limits": {"workers": 0}})",
        R"({"limits": {"workers": "1"}})",
        R"({"limits": {"threads": 1}})",
        R"({"verification": {"country": "XX"}})",
        R"({"verification": {"max_age_seconds": 1.5}})",
        R"({"verification": {"engine": "gpu"}})",
        R"({"verification": {"table_bytes": -1}})",
        R"({"verification": {"table_bytes": 64}})",
        R"({"verification": {"table_bytes": 1e12}})",
        R"({"verification": {"cross_check_every": "never"}})",
        R"({"signing": {"key": "a"}})",
        R"({"signing": {"key": "a", "x5u": "foo"}})",
        R"({"signing": {"key": "a", "x5u": "http://cert.example.org/a.pem"}})",
        R"({"signing": {"key": "a", "x5u": "https://cert.example.org:9443/a.pem"}})",
        R"({"signing": {"key": "a", "x5u": "https://cert.example.org/a.pem?b"}})",
        R"({"signing": {"key": "a", "x5u": "https://cert.example.org/a.pem#b"}})",
        R"({"signing": {"key": "a", "x5u": "https://b@cert.example.org/a.pem"}})",
        R"({"signing": {"key": "a", "x5u": "https://cert.example.org/a b.pem"}})",
        R"({"signing": {"key": "a", "x5u": "https://cert.example.org/"}})",
        R"({"access": {"tokens": {}}})",
        R"({"access": {"tokens": [{"name": "a"}]}})",
        R"({"access": {"tokens": [
            {"name": "a", "scopes": "verify",
             "sha256": "0000000000000000000000000000000000000000000000000000000000000001"},
            {"name": "a", "scopes": "verify",
             "sha256": "0000000000000000000000000000000000000000000000000000000000000002"}]}})",
        R"({"access": {"tokens": [
            {"name": "uid 0", "scopes": "verify",
             "sha256": "0000000000000000000000000000000000000000000000000000000000000001"}]}})",
        R"({"access": {"verify_without_token": 1}})",
        R"({"log": {"numbers": "some"}})",
        R"({"certificates": {"insecure_allow_ports": [0]}})",
        R"({"trust": {"anchors": [1]}})",
        R"({"trust": {"revocation": "never"}})",
        R"({"trust": {"require_crl": true, "revocation": "best-effort"}})",
        R"({"listen": "127.0.0.1:1", "listen": "127.0.0.1:2"})"}) {
    EXPECT_THAT(Parse(text), FailsWith(Reason::kConfigInvalid)) << text;
  }
}

// What no download would ever succeed from was told nowhere but in /v1/trust.
TEST(Config, UrlsOfTrustAreUrls) {
  const auto detail = [](std::string_view trust, std::string_view certificates = "{}") {
    const auto config = Parse(R"({"trust": )" + std::string(trust) + R"(, "certificates": )" +
                              std::string(certificates) + "}");
    return config ? "" : std::string(Info(config.error().reason).id) + ": " + config.error().detail;
  };
  for (const char* text :
       {"foo", "", "ftp://crl.example.org/x", "http:/x", "https://", "https:///x",
        "http://crl.example.org/x", "https://crl.example.org:81/x"}) {
    EXPECT_THAT(
        detail(R"({"crl_urls": ["https://crl.example.org/a", ")" + std::string(text) + "\"]}"),
        testing::StartsWith("config-invalid: trust.crl_urls: " + Quote(text) + ": "))
        << text;
  }
  for (const char* text : {"", "ftp://list.example.org/x", "http:/x", "https://",
                           "http://list.example.org/x", "https://list.example.org:81/x"}) {
    EXPECT_THAT(detail(R"({"trust_list": ")" + std::string(text) + "\"}"),
                testing::StartsWith("config-invalid: trust.trust_list: " + Quote(text) + ": "))
        << text;
  }
  EXPECT_EQ(detail(R"({"crl_urls": "https://crl.example.org/x?y=1"})"), "");
  EXPECT_EQ(detail(R"({"trust_list": "https://list.example.org:8443/x"})"), "");
  EXPECT_EQ(detail(R"({"trust_list": "lists/a:b.jwt"})"), "");  // a file
  const std::string lab = R"({"insecure_allow_http": true, "insecure_allow_ports": [81]})";
  EXPECT_EQ(
      detail(R"({"crl_urls": "http://127.0.0.1:81/x", "trust_list": "http://a.example:81/"})", lab),
      "");
}

TEST(Config, Revocation) {
  const auto policy = [](std::string_view text) {
    return Parse(text)->verifier.trust.revocation_policy;
  };
  EXPECT_EQ(policy("{}"), RevocationPolicy::kIfCovered);
  EXPECT_EQ(policy(R"({"trust": {"require_crl": true}})"), RevocationPolicy::kRequired);
  EXPECT_EQ(policy(R"({"trust": {"revocation": "required"}})"), RevocationPolicy::kRequired);
  EXPECT_EQ(policy(R"({"trust": {"revocation": "best-effort"}})"), RevocationPolicy::kBestEffort);
}

TEST(Config, Engine) {
  const auto base = Parse("{}");
  ASSERT_THAT(base, Succeeds());
  EXPECT_EQ(base->verifier.engine.kind, Es256Kind::kAuto);
  EXPECT_EQ(base->verifier.engine.table_bytes, size_t{64} << 20);
  const auto set = Parse(
      R"({"verification": {"engine": "portable", "table_bytes": 1000000, "cross_check_every": 7}})");
  ASSERT_THAT(set, Succeeds());
  EXPECT_EQ(set->verifier.engine.kind, Es256Kind::kPortable);
  EXPECT_EQ(set->verifier.engine.table_bytes, 1'000'000U);
  EXPECT_EQ(set->verifier.engine.cross_check_every, 7U);
  EXPECT_EQ(Parse(R"({"verification": {"table_bytes": 0}})")->verifier.engine.table_bytes, 0U);
  for (const std::string_view name : {"engine", "table_bytes", "cross_check_every"}) {
    const auto wrong = Parse(R"({"verification": {")" + std::string(name) + R"(": []}})");
    ASSERT_THAT(wrong, FailsWith(Reason::kConfigInvalid));
    EXPECT_THAT(wrong.error().detail, testing::HasSubstr("verification." + std::string(name)));
  }
  for (const Es256Kind kind : {Es256Kind::kAdx, Es256Kind::kIfma}) {
    const std::string name = kind == Es256Kind::kAdx ? "adx" : "ifma";
    EXPECT_EQ(Parse(R"({"verification": {"engine": ")" + name + "\"}}").has_value(),
              IsSupported(kind));
  }
}

TEST(Config, CertificatesKeptInMemory) {
  const auto base = Parse(R"({"certificates": {}})");
  ASSERT_THAT(base, Succeeds());
  EXPECT_EQ(base->verifier.downloads->repository.memory.max_entries, 20'000U);
  EXPECT_EQ(base->verifier.options.max_cached_chains, 16'384U);
  const auto few = Parse(R"({"certificates": {"max_cached": 32}})");
  ASSERT_THAT(few, Succeeds());
  EXPECT_EQ(few->verifier.downloads->repository.memory.max_entries, 32U);
  EXPECT_EQ(few->verifier.options.max_cached_chains, 32U);
  for (const std::string_view value : {"0", "-1", "1.5", "\"32\"", "1000001"}) {
    const auto wrong = Parse(R"({"certificates": {"max_cached": )" + std::string(value) + "}}");
    ASSERT_THAT(wrong, FailsWith(Reason::kConfigInvalid)) << value;
    EXPECT_THAT(wrong.error().detail, testing::HasSubstr("certificates.max_cached")) << value;
  }
}

TEST(Config, C23_DownloadsPerHost) {
  for (const auto& [value, in_all] : {std::pair(1U, 32U), {16U, 32U}, {100U, 200U}}) {
    const auto config =
        Parse(R"({"certificates": {"max_downloads_per_host": )" + std::to_string(value) + "}}");
    ASSERT_THAT(config, Succeeds());
    const FetchGateOptions& gate = config->verifier.downloads->repository.gate;
    EXPECT_EQ(gate.max_under_way_per_host, value);
    EXPECT_EQ(gate.max_under_way, in_all);
  }
  EXPECT_THAT(Parse(R"({"certificates": {"max_downloads_per_host": 0}})"),
              FailsWith(Reason::kConfigInvalid));
}

TEST(Config, LabSwitchesAreNamed) {
  const auto config = Parse(
      R"({"certificates": {"insecure_allow_http": true, "insecure_allow_private_addresses": true,
          "insecure_allow_ports": [8080]}})");
  ASSERT_THAT(config, Succeeds());
  EXPECT_EQ(InsecureSettings(*config).size(), 3U);
}

TEST(Config, VerifierTextSaysWhatNeedsANewVerifier) {
  const auto base = Parse(R"({"verification": {"max_age_seconds": 60}})");
  const auto same = Parse(R"({"access": {}, "verification": {"max_age_seconds": 60}})");
  const auto other = Parse(R"({"verification": {"max_age_seconds": 61}})");
  EXPECT_EQ(base->verifier_text, same->verifier_text);
  EXPECT_NE(base->verifier_text, other->verifier_text);
}

}  // namespace
}  // namespace callvet::service
