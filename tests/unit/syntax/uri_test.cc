// SPDX-License-Identifier: MIT
#include "syntax/uri.h"

#include "support/result_matchers.h"

namespace callvet {
namespace {

using namespace std::string_view_literals;

Result<Uri> X5u(std::string_view text, const X5uRules& rules = {}) {
  return ParseX5u(ExactBytes(text).view(), rules);
}

Result<SipUri> Sip(std::string_view text) {
  return SipUri::Parse(ExactBytes(text).view());
}

std::string Identity(std::string_view text) {
  const auto uri = Sip(text);
  return uri ? uri->CanonicalIdentity() : "failed";
}

TEST(Uri, PartsAreAsReceived) {
  const auto uri = Uri::Parse("HTTPS://u:p@Cert.Example.ORG:8443/a/b%20c?q=1?2#f?g");
  ASSERT_THAT(uri, Succeeds());
  EXPECT_EQ(uri->scheme, "https");
  EXPECT_EQ(uri->userinfo, "u:p");
  EXPECT_EQ(uri->host, "Cert.Example.ORG");
  EXPECT_EQ(uri->port, 8443);
  EXPECT_EQ(uri->path, "/a/b%20c");
  EXPECT_EQ(uri->query, "q=1?2");
  EXPECT_EQ(uri->fragment, "f?g");
}

TEST(Uri, TheHostEndsWhereRfc3986SaysSo) {
  const struct {
    std::string_view text;
    std::string_view host;
  } cases[] = {{"https://a.example.org/@b.example.org", "a.example.org"},
               {"https://a.example.org?@b.example.org", "a.example.org"},
               {"https://a.example.org#@b.example.org", "a.example.org"},
               {"https://a.example.org@b.example.org/", "b.example.org"},
               {"https://a@b.example.org@c.example.org/", "c.example.org"},
               {"https://a.example.org:443@b.example.org/", "b.example.org"},
               {"https://[2001:db8::1]:443/x", "[2001:db8::1]"},
               {"https://192.0.2.1/x", "192.0.2.1"}};
  for (const auto& [text, host] : cases) {
    const auto uri = Uri::Parse(ExactBytes(text).view());
    ASSERT_THAT(uri, Succeeds()) << text;
    EXPECT_EQ(uri->host, host) << text;
  }
}

TEST(Uri, OtherTexts_AreInvalid) {
  for (const std::string_view text : {""sv,
                                      ":"sv,
                                      "//a/b"sv,
                                      "/a"sv,
                                      "a"sv,
                                      "https"sv,
                                      "https:"sv,
                                      "https:/"sv,
                                      "https://"sv,
                                      "https:///x"sv,
                                      "https:a/b"sv,
                                      "1https://a/b"sv,
                                      "ht tps://a/b"sv,
                                      "https://a b/c"sv,
                                      "https://a/b c"sv,
                                      "https://a/\xC3\xA9"sv,
                                      "https://\xC3\xA9/x"sv,
                                      "https://a/b\\c"sv,
                                      "https://a\\@b/c"sv,
                                      "https://a/<b>"sv,
                                      "https://a/\"b\""sv,
                                      "https://a/b\n"sv,
                                      "https://a/b\0"sv,
                                      "https://a/{x}"sv,
                                      "https://a/%"sv,
                                      "https://a/%4"sv,
                                      "https://a/%4g"sv,
                                      "https://a/%%41"sv,
                                      "https://%61/x"sv,
                                      "https://a:/x"sv,
                                      "https://a:0/x"sv,
                                      "https://a:65536/x"sv,
                                      "https://a:-1/x"sv,
                                      "https://a:4 43/x"sv,
                                      "https://a:443:443/x"sv,
                                      "https://a:x/x"sv,
                                      "https://:443/x"sv,
                                      "https://u@/x"sv,
                                      "https://[/x"sv,
                                      "https://[]/x"sv,
                                      "https://[::1/x"sv,
                                      "https://::1/x"sv,
                                      "https://[::1]x/x"sv,
                                      "https://[::1]x:443/x"sv,
                                      "https://[evil.example.org]/x"sv,
                                      "https://a]/x"sv,
                                      "https://a[b/x"sv,
                                      "https://[::1%25eth0]/x"sv,
                                      "https://a,b/x"sv,
                                      "sip:alice@example.org"sv}) {
    EXPECT_THAT(Uri::Parse(ExactBytes(text).view()), FailsWith(Reason::kInfoInvalid)) << text;
  }
}

TEST(Uri, SizeIsLimited) {
  const std::string begin = "https://cert.example.org/";
  EXPECT_THAT(Uri::Parse(begin + std::string(Uri::kMaxBytes - begin.size(), 'a')), Succeeds());
  EXPECT_THAT(Uri::Parse(begin + std::string(Uri::kMaxBytes - begin.size() + 1, 'a')),
              FailsWith(Reason::kInfoInvalid));
}

TEST(X5u, C20_PlainHttpsUrls) {
  for (const std::string_view text :
       {"https://cert.example.org/p.pem", "https://cert.example.org:443/p.pem",
        "https://cert.example.org:8443/p.pem", "HTTPS://CERT.example.org/a/b/",
        "https://192.0.2.1/p", "https://[2001:db8::1]:8443/p",
        "https://cert.example.org/a;b=c,d/@/%41"}) {
    EXPECT_THAT(X5u(text), Succeeds()) << text;
  }
}

TEST(X5u, C20_OtherSchemes_AreInvalid) {
  for (const std::string_view text :
       {"http://cert.example.org/p.pem", "ftp://cert.example.org/p.pem", "file:///etc/passwd",
        "sip:cert@example.org", "cid:x@example.org", "httpss://cert.example.org/p",
        "data:text/plain,x", "cert.example.org/p.pem", ""}) {
    EXPECT_THAT(X5u(text), FailsWith(Reason::kInfoInvalid)) << text;
  }
}

TEST(X5u, C20_OtherPorts_AreInvalid) {
  for (const std::string_view text :
       {"https://cert.example.org:80/p", "https://cert.example.org:22/p",
        "https://cert.example.org:4433/p", "https://cert.example.org:65535/p",
        "https://cert.example.org:8444/p"}) {
    EXPECT_THAT(X5u(text), FailsWith(Reason::kInfoInvalid)) << text;
  }
}

TEST(X5u, C20_UserQueryFragmentOrNoPath_AreInvalid) {
  for (const std::string_view text :
       {"https://u@cert.example.org/p", "https://u:p@cert.example.org/p",
        "https://@cert.example.org/p", "https://cert.example.org/p?x=1",
        "https://cert.example.org/p?", "https://cert.example.org/p#x",
        "https://cert.example.org/p#", "https://cert.example.org", "https://cert.example.org/",
        "https://cert.example.org?x", "https://cert.example.org:443"}) {
    EXPECT_THAT(X5u(text), FailsWith(Reason::kInfoInvalid)) << text;
  }
}

TEST(X5u, C20_WhatTheRulesLoosen) {
  X5uRules rules;
  rules.http = X5uRules::Http::kInsecureAllow;
  rules.ports = {8080};
  EXPECT_THAT(X5u("http://cert.example.org/p", rules), Succeeds());
  EXPECT_THAT(X5u("http://cert.example.org:80/p", rules), Succeeds());
  EXPECT_THAT(X5u("http://cert.example.org:8080/p", rules), Succeeds());
  EXPECT_THAT(X5u("https://cert.example.org/p", rules), Succeeds());
  EXPECT_THAT(X5u("https://cert.example.org:80/p", rules), FailsWith(Reason::kInfoInvalid));
  EXPECT_THAT(X5u("https://cert.example.org:443/p", rules), FailsWith(Reason::kInfoInvalid));
  EXPECT_THAT(X5u("http://u@cert.example.org/p", rules), FailsWith(Reason::kInfoInvalid));
}

TEST(X5u, EverySingleByteChangeIsReadOrRefused) {
  const std::string text = "https://[2001:db8::1]:8443/a%41";
  for (size_t at = 0; at < text.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string changed = text;
      changed[at] = static_cast<char>(byte);
      const auto uri = X5u(changed);
      if (!uri) {
        EXPECT_THAT(uri, FailsWith(Reason::kInfoInvalid));
        continue;
      }
      EXPECT_EQ(uri->scheme, "https");
      EXPECT_FALSE(uri->userinfo || uri->query || uri->fragment);
    }
    (void)X5u(text.substr(0, at));
  }
}

TEST(AbsoluteUri, NeedsASchemeAndMore) {
  EXPECT_TRUE(IsAbsoluteUri("urn:service:sos"));
  EXPECT_TRUE(IsAbsoluteUri("sip:alice@example.org"));
  for (const std::string_view text :
       {"", ":", "urn:", ":x", "urn", "1:x", "urn:a b", "urn:%4", "u<:x"}) {
    EXPECT_FALSE(IsAbsoluteUri(ExactBytes(text).view())) << text;
  }
}

TEST(SipUri, A34_Parts) {
  const auto uri = Sip(" SIPS:Alice:secret@Example.ORG:5061;user=phone;transport=tls?to=x ");
  ASSERT_THAT(uri, Succeeds());
  EXPECT_EQ(uri->scheme, "sips");
  EXPECT_EQ(uri->user, "Alice");
  EXPECT_EQ(uri->host, "example.org");
  EXPECT_EQ(uri->parameters, ";user=phone;transport=tls");
  EXPECT_TRUE(uri->UserIsPhone());
  const auto tel = Sip("TEL:+1-215-555-0100;ext=1");
  ASSERT_THAT(tel, Succeeds());
  EXPECT_EQ(tel->scheme, "tel");
  EXPECT_EQ(tel->user, "+1-215-555-0100;ext=1");
  EXPECT_EQ(tel->CanonicalIdentity(), "");
}

TEST(SipUri, A30_UserPhoneIsAParameterOfTheUri) {
  for (const std::string_view text : {"sip:1@h;user=phone", "sip:1@h;a;USER=Phone",
                                      "sip:1@h;user=phone;b=c", "sip:1@h:5060;user=phone?x=y"}) {
    EXPECT_TRUE(Sip(text).value().UserIsPhone()) << text;
  }
  for (const std::string_view text :
       {"sip:1@h", "sip:1;user=phone@h", "sip:1@h;user=phones", "sip:1@h;xuser=phone",
        "sip:1@h;user=ip", "sip:1@h;user", "sip:1@h?x=;user=phone"}) {
    EXPECT_FALSE(Sip(text).value().UserIsPhone()) << text;
  }
}

TEST(SipUri, A34_IdentityIsSchemeUserHost) {
  const struct {
    std::string_view text;
    std::string_view identity;
  } cases[] = {
      {"sip:alice@example.org", "sip:alice@example.org"},
      {"SIP:Alice@EXAMPLE.org", "sip:alice@example.org"},
      {"sip:alice:pw@example.org:5060;x=y?z=1", "sip:alice@example.org"},
      {"sip:%61lice@example.org", "sip:alice@example.org"},
      {"sip:%41%6C%69%63e@example.org", "sip:alice@example.org"},
      {"sips:alice@example.org", "sips:alice@example.org"},
      {"sip:example.org", "sip:example.org"},
      {"sip:+12155550100;verstat=TN-Validation-Passed@example.org", "sip:+12155550100@example.org"},
      {"sip:alice@[2001:DB8::1]:5060", "sip:alice@[2001:db8::1]"}};
  for (const auto& [text, identity] : cases) EXPECT_EQ(Identity(text), identity) << text;
}

TEST(SipUri, A34_ReservedCharactersStayEncoded) {
  // Decoding them would turn one identity into another.
  for (const std::string_view text :
       {"sip:alice%40evil.example.net@example.org", "sip:alice%3Bx@example.org",
        "sip:alice%3bx@example.org", "sip:alice%3Apw@example.org", "sip:alice%00@example.org",
        "sip:alice%20@example.org", "sip:alice%2561@example.org", "sip:al%0D%0Aice@example.org",
        "sip:alice%FF@example.org"}) {
    EXPECT_NE(Identity(text), "failed") << text;
    EXPECT_NE(Identity(text), "sip:alice@example.org") << text;
    EXPECT_NE(Identity(text).find('%'), std::string::npos) << text;
  }
  EXPECT_EQ(Identity("sip:a%3Bb@example.org"), Identity("sip:a%3bb@example.org"));
}

TEST(SipUri, OtherTexts_AreInvalid) {
  for (const std::string_view text : {""sv,
                                      "alice"sv,
                                      "alice@example.org"sv,
                                      ":"sv,
                                      "sip"sv,
                                      "sip:"sv,
                                      "sip:@example.org"sv,
                                      "sip:alice@"sv,
                                      "sip:a@b@example.org"sv,
                                      "sip:alice@example.org@"sv,
                                      "sip:%4@example.org"sv,
                                      "sip:%zz@example.org"sv,
                                      "sip:alice@exa mple.org"sv,
                                      "sip:alice@example.org>"sv,
                                      "sip:alice@\xC3\xA9"sv,
                                      "sip:alice@:5060"sv,
                                      "sip:alice@[::1"sv,
                                      "sip:alice@[x]"sv,
                                      "sip:alice@;x"sv,
                                      "http://example.org/"sv,
                                      "im:a@example.org"sv,
                                      "urn:service:sos"sv,
                                      "tel:"sv,
                                      "tel:%4"sv,
                                      "sip:alice@exam\0ple.org"sv,
                                      "sip: alice@example.org\n"sv}) {
    EXPECT_THAT(Sip(text), FailsWith(Reason::kParameterInvalid)) << text;
  }
}

TEST(SipUri, EverySingleByteChangeIsReadOrRefused) {
  const std::string text = "sip:%61l;x@[::1]:5060;user=phone?a=b";
  for (size_t at = 0; at < text.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string changed = text;
      changed[at] = static_cast<char>(byte);
      if (const auto uri = Sip(changed)) {
        (void)uri->UserIsPhone();
        (void)uri->CanonicalIdentity();
      } else {
        EXPECT_THAT(uri, FailsWith(Reason::kParameterInvalid));
      }
    }
    (void)Sip(text.substr(0, at));
  }
}

}  // namespace
}  // namespace callvet
