// SPDX-License-Identifier: MIT
// Whoever reads with too little memory reads all of it, or nothing: half a certificate would be one
// without its limits.
#include "base/json.h"
#include "faults/sweep.h"
#include "pki/certificate.h"
#include "pki/crl.h"
#include "pki/pem.h"
#include "pki/sha256.h"
#include "support/result_matchers.h"
#include "support/test_pki.h"
#include "syntax/sip_message.h"

namespace callvet::test {
namespace {

// What `read` makes of `text`: "whole" if `same` is true of it, "failed", or "thrown".
template <class Read, class Same>
Outcomes SweepReading(Read read, Same same) {
  return Sweep([&]() -> std::string_view {
    try {
      const auto value = read();
      if (!value) return "failed";
      return same(*value) ? "whole" : "HALF";
    } catch (const std::bad_alloc&) {
      return "thrown";
    }
  });
}

void ExpectWholeOrNothing(const Outcomes& outcomes) {
  EXPECT_EQ(outcomes.count("in full: whole"), 1U) << testing::PrintToString(outcomes);
  EXPECT_EQ(outcomes.count("HALF"), 0U) << testing::PrintToString(outcomes);
  EXPECT_GT(outcomes.at("allocations"), 5U);
}

// DER of a SEQUENCE, by hand: JWTClaimConstraints with permittedValues of attest "C".
constexpr std::string_view kOnlyAttestC(
    "\x30\x13\xA1\x11\x30\x0F\x30\x0D\x16\x06"
    "attest"
    "\x30\x03\x0C\x01"
    "C",
    21);

// OpenSSL says nothing when it has no memory for a digest: a failure that is none of the bytes
// would make what is kept look altered.
TEST(NoMemoryToRead, ADigestIsRightOrThereIsNoMemoryForIt) {
  const auto right = Sha256("abc");
  ASSERT_THAT(right, Succeeds());
  const Outcomes outcomes = SweepReading(
      [] { return Sha256("abc"); }, [&](const Sha256Digest& digest) { return digest == *right; });
  EXPECT_EQ(outcomes.count("in full: whole"), 1U) << testing::PrintToString(outcomes);
  EXPECT_EQ(outcomes.count("HALF"), 0U);
  // The first is the context, of which OpenSSL says nothing.
  const AllocationFailure failure(1, Shortage::kOnce);
  EXPECT_THROW((void)Sha256("abc"), std::bad_alloc) << testing::PrintToString(outcomes);
}

TEST(NoMemoryToRead, ACertificateKeepsAllItsLimits) {
  const Hierarchy hierarchy = MakeHierarchy();
  CertSpec spec = LeafSpec();
  spec.tn_auth_list = NumberList({{.start = "12155550100", .count = 10}});
  spec.distribution_points = {{.uri = "https://crl.example.org/1.crl"},
                              {.uri = "https://crl.example.org/2.crl"}};
  spec.raw_extensions = {{.oid = "1.3.6.1.5.5.7.1.27", .der = std::string(kOnlyAttestC)}};
  const TestCert leaf = Issue(spec, hierarchy.ca);
  const Certificate& good = leaf.certificate;
  ASSERT_THAT(good.claim_constraints(), Succeeds());
  ASSERT_EQ(good.claim_constraints()->permitted_values.size(), 1U);
  const std::string pem = PemOf({leaf, hierarchy.ca});
  const auto same = [&](const CertificateBundle& bundle) {
    if (bundle.size() != 2) return false;
    const Certificate& read = bundle[0];
    return read.der() == good.der() && read.subject_der() == good.subject_der() &&
           read.issuer_der() == good.issuer_der() && read.serial_hex() == good.serial_hex() &&
           read.tn_auth_list() && *read.tn_auth_list() &&
           **read.tn_auth_list() == **good.tn_auth_list() && read.claim_constraints() &&
           *read.claim_constraints() == *good.claim_constraints() &&
           read.crl_distribution_points().size() == 2 && read.not_after() == good.not_after() &&
           read.is_ca() == good.is_ca() && read.es256_key().has_value();
  };
  // A part that could not be read may be there as a failure, which is none that passes.
  const auto same_or_failed = [&](const CertificateBundle& bundle) {
    if (bundle.size() != 2) return false;
    const Certificate& read = bundle[0];
    const bool list = read.tn_auth_list() &&
                      (!*read.tn_auth_list() || **read.tn_auth_list() == **good.tn_auth_list());
    const bool limits =
        !read.claim_constraints() || *read.claim_constraints() == *good.claim_constraints();
    return list && limits && read.es256_key().has_value() &&
           read.serial_hex() == good.serial_hex() && read.issuer_der() == good.issuer_der() &&
           read.crl_distribution_points().size() == 2 && read.not_after() == good.not_after() &&
           read.is_ca() == good.is_ca();
  };
  ASSERT_TRUE(same(*ParseBundle(pem)));
  ExpectWholeOrNothing(SweepReading([&] { return ParseBundle(pem); }, same_or_failed));
}

TEST(NoMemoryToRead, ACrlKeepsAllItsEntries) {
  const Hierarchy hierarchy = MakeHierarchy();
  CrlSpec spec;
  for (const char* serial : {"0a", "0b", "0c"}) spec.entries.push_back({.serial_hex = serial});
  spec.entries.push_back({.serial_hex = hierarchy.leaf.certificate.serial_hex()});
  const std::string der = MakeCrl(spec, hierarchy.ca);
  ExpectWholeOrNothing(SweepReading(
      [&] { return Crl::ParseDer(der); },
      [&](const Crl& crl) {
        return crl.entry_count() == 4 && crl.RevokedSince(hierarchy.leaf.certificate).has_value() &&
               crl.Covers(hierarchy.leaf.certificate);
      }));
}

TEST(NoMemoryToRead, ASipMessage) {
  const std::string text =
      "INVITE sip:+12155550101@example.org SIP/2.0\r\nVia: SIP/2.0/UDP "
      "192.0.2.1;branch=z9hG4bKx\r\n"
      "From: <sip:+12155550100@example.org>;tag=1\r\nTo: <sip:+12155550101@example.org>\r\n"
      "P-Asserted-Identity: <sip:+12155550100@example.org>\r\nIdentity: a\r\nIdentity: b,\r\n "
      "c\r\nContent-Length: 4\r\n\r\nbody";
  ExpectWholeOrNothing(SweepReading([&] { return SipMessage::ParseMessage(text); },
                                    [](const SipMessage& message) {
                                      return message.method == "INVITE" &&
                                             message.headers.size() == 6 &&  // Via is not kept
                                             message.All("identity").size() == 2 &&
                                             message.body == "body";
                                    }));
}

TEST(NoMemoryToRead, Json) {
  const std::string text =
      R"({"a":[1,2,{"b":"a text that is longer than what fits into a string itself"}],"c":null})";
  ExpectWholeOrNothing(
      SweepReading([&] { return ReadJson(text, JsonLimits()); },
                   [&](const JsonValue& json) { return WriteJson(json) == text; }));
}

}  // namespace
}  // namespace callvet::test
