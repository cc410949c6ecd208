// SPDX-License-Identifier: MIT
#include "callvet/passport.h"

#include "base/base64url.h"
#include "base/json.h"
#include "support/result_matchers.h"

namespace callvet {
namespace {

using namespace std::string_view_literals;
using ::testing::ElementsAre;

Result<JoseHeader> Jose(std::string_view json) {
  return JoseHeader::Parse(ExactBytes(EncodeBase64Url(json)).view());
}

Result<Claims> Payload(std::string_view json, std::string_view ppt = "shaken") {
  return Claims::Parse(ExactBytes(EncodeBase64Url(json)).view(), ppt);
}

constexpr std::string_view kDest = R"({"tn":["12355550101"]})";
constexpr std::string_view kOrig = R"({"tn":"12155550100"})";

// A shaken payload with the given claims in place of good ones; an empty text leaves the claim out.
struct ShakenClaims {
  std::string_view dest = kDest;
  std::string_view orig = kOrig;
  std::string_view attest = R"("A")";
  std::string_view origid = R"("de305d54-75b4-431b-adb2-eb6b9e546014")";
  std::string_view iat = "1443208345";
  std::string_view more = "";  // complete members

  [[nodiscard]] std::string Json() const {
    std::string json = "{";
    const auto add = [&](std::string_view name, std::string_view value) {
      if (value.empty()) return;
      if (json.size() > 1) json += ',';
      json.append("\"").append(name).append("\":").append(value);
    };
    add("attest", attest);
    add("dest", dest);
    add("iat", iat);
    add("orig", orig);
    add("origid", origid);
    if (!more.empty()) json.append(json.size() > 1 ? "," : "").append(more);
    return json + "}";
  }
};

Result<Claims> Shaken(const ShakenClaims& claims) {
  return Payload(claims.Json());
}

TEST(JoseHeader, A10_IsRead) {
  const auto header = Jose(
      R"({"alg":"ES256","ppt":"shaken","typ":"passport","x5u":"https://cert.example.org/p.pem"})");
  ASSERT_THAT(header, Succeeds());
  EXPECT_EQ(header->alg, "ES256");
  EXPECT_EQ(header->ppt, "shaken");
  EXPECT_EQ(header->typ, "passport");
  EXPECT_EQ(header->x5u, "https://cert.example.org/p.pem");
}

TEST(JoseHeader, A10_PptMayBeAbsentAndOtherMembersAreIgnored) {
  const auto header = Jose(R"({"typ":"passport","alg":"ES256","x5u":"x:y","kid":7,"x5c":[]})");
  ASSERT_THAT(header, Succeeds());
  EXPECT_FALSE(header->ppt);
}

TEST(JoseHeader, A10_ValuesAreNotJudgedHere) {
  const auto header = Jose(R"({"typ":"PASSporT","alg":"none","x5u":"","ppt":""})");
  ASSERT_THAT(header, Succeeds());
  EXPECT_EQ(header->typ, "PASSporT");
  EXPECT_EQ(header->alg, "none");
  EXPECT_EQ(header->x5u, "");
  EXPECT_EQ(header->ppt, "");
}

TEST(JoseHeader, A10_MissingMembers_InTheirOrder) {
  EXPECT_THAT(Jose("{}"), FailsWith(Reason::kTypMissing));  // secsipidx accepts it
  EXPECT_THAT(Jose(R"({"alg":"ES256","x5u":"x:y"})"), FailsWith(Reason::kTypMissing));
  EXPECT_THAT(Jose(R"({"typ":"passport","x5u":"x:y"})"), FailsWith(Reason::kAlgMissing));
  EXPECT_THAT(Jose(R"({"typ":"passport","alg":"ES256"})"), FailsWith(Reason::kX5uMissing));
  EXPECT_THAT(Jose(R"({"Typ":"passport","alg":"ES256","x5u":"x:y"})"),
              FailsWith(Reason::kTypMissing));
}

TEST(JoseHeader, A10_MembersThatAreNoStrings_AreInvalid) {
  for (const std::string_view value : {"null", "1", "true", "[]", "{}", R"(["ES256"])"}) {
    for (const std::string_view name : {"typ", "alg", "x5u", "ppt"}) {
      std::string json = "{";
      for (const std::string_view member : {"typ", "alg", "x5u", "ppt"}) {
        json.append(json.size() > 1 ? ",\"" : "\"").append(member).append("\":");
        json.append(member == name ? value : R"("x")");
      }
      EXPECT_THAT(Jose(json + "}"), FailsWith(Reason::kJsonInvalid)) << name << value;
    }
  }
}

TEST(JoseHeader, A10_CritJwkJku_AreForbidden) {
  for (const std::string_view member : {R"("crit":["b64"])", R"("jwk":{})", R"("jku":"https://x")",
                                        R"("crit":null)", R"("j\u0077k":{})"}) {
    EXPECT_THAT(Jose("{\"typ\":\"passport\",\"alg\":\"ES256\",\"x5u\":\"x:y\"," +
                     std::string(member) + "}"),
                FailsWith(Reason::kJoseHeaderForbidden))
        << member;
  }
}

TEST(JoseHeader, A20_DuplicateNames_AreRefused) {
  EXPECT_THAT(Jose(R"({"typ":"passport","alg":"ES256","x5u":"x:y","alg":"ES256"})"),
              FailsWith(Reason::kJsonDuplicateName));
  EXPECT_THAT(Jose(R"({"typ":"passport","alg":"ES256","x5u":"x:y","\u0061lg":"none"})"),
              FailsWith(Reason::kJsonDuplicateName));
}

TEST(JoseHeader, A7_BadBase64_IsInvalid) {
  const std::string good = EncodeBase64Url(R"({"typ":"passport","alg":"ES256","x5u":"x:y"})");
  EXPECT_THAT(JoseHeader::Parse(good + "="), FailsWith(Reason::kBase64Invalid));
  EXPECT_THAT(JoseHeader::Parse(good + " "), FailsWith(Reason::kBase64Invalid));
  EXPECT_THAT(JoseHeader::Parse("+/+/"), FailsWith(Reason::kBase64Invalid));
}

TEST(JoseHeader, NoObject_IsInvalid) {
  for (const std::string_view json : {"", "[]", "null", "1", "\"x\"", "{", "{} x"}) {
    EXPECT_THAT(Jose(json), FailsWith(Reason::kJsonInvalid)) << json;
  }
  EXPECT_THAT(Jose(std::string(17, '[')), FailsWith(Reason::kJsonLimit));
}

TEST(Claims, A17_ShakenIsRead) {
  const auto claims = Shaken({});
  ASSERT_THAT(claims, Succeeds());
  EXPECT_THAT(claims->dest.tn, ElementsAre("12355550101"));
  EXPECT_TRUE(claims->dest.uri.empty());
  EXPECT_EQ(claims->orig.tn, "12155550100");
  EXPECT_FALSE(claims->orig.uri);
  EXPECT_EQ(claims->iat, 1443208345);
  EXPECT_EQ(claims->attest, "A");
  EXPECT_EQ(claims->origid, "de305d54-75b4-431b-adb2-eb6b9e546014");
  EXPECT_TRUE(claims->mky.empty());
  EXPECT_THAT(claims->names(), ElementsAre("attest", "dest", "iat", "orig", "origid"));
  ASSERT_NE(claims->payload(), nullptr);
  EXPECT_TRUE(claims->payload()->IsObject());
}

// What is said of them, by whichever reader.
std::string TextOf(const Result<Claims>& claims) {
  if (!claims) return std::to_string(static_cast<int>(claims.error().reason));
  std::string text = CanonicalJson(*claims->payload()) + "|" + std::to_string(claims->iat);
  for (const auto* list : {&claims->dest.tn, &claims->dest.uri}) {
    for (const std::string& entry : *list) text += "|" + entry;
  }
  for (const auto* claim :
       {&claims->orig.tn, &claims->orig.uri, &claims->attest, &claims->origid}) {
    text += "|" + claim->value_or("none");
  }
  for (const MediaKey& key : claims->mky) text += "|" + key.alg + key.dig;
  for (const std::string& name : claims->names()) text += "|" + name;
  return text;
}

// The strict reader reads what begins with white space.
TEST(Claims, A19_TheCanonicalFormIsReadLikeAnyOther) {
  constexpr std::string_view kThree = R"({"tn":["12355550101","911","12155550102"]})";
  const std::string json = ShakenClaims{.dest = kThree, .attest = R"("A b")"}.Json();
  ASSERT_TRUE(Payload(json)->IsCanonical());
  ASSERT_FALSE(Payload(" " + json)->IsCanonical());
  EXPECT_FALSE(Payload(json, "")->IsCanonical());
  for (size_t at = 0; at < json.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string changed = json;
      changed[at] = static_cast<char>(byte);
      EXPECT_EQ(TextOf(Payload(changed)), TextOf(Payload(" " + changed))) << changed;
    }
    const std::string less = json.substr(0, at) + json.substr(at + 1);
    EXPECT_EQ(TextOf(Payload(less)), TextOf(Payload(" " + less)));
    const std::string twice = json.substr(0, at) + json.substr(at / 2);
    EXPECT_EQ(TextOf(Payload(twice)), TextOf(Payload(" " + twice)));
  }
  for (const std::string_view iat : {"0", "253402300799", "253402300800", "999999999999999999",
                                     "9999999999999999999", "-1", "1443208345.0", "01"}) {
    const std::string other = ShakenClaims{.iat = iat}.Json();
    EXPECT_EQ(TextOf(Payload(other)), TextOf(Payload(" " + other))) << iat;
  }
}

TEST(Claims, A19_ALongCanonicalFormIsLeftToTheStrictReader) {
  const std::string attest = "\"" + std::string(600, 'A') + "\"";
  const auto claims = Payload(ShakenClaims{.attest = attest}.Json());
  ASSERT_THAT(claims, Succeeds());
  EXPECT_FALSE(claims->IsCanonical());
  EXPECT_EQ(claims->attest, std::string(600, 'A'));
}

TEST(Claims, DefaultHasNoNames) {
  EXPECT_TRUE(Claims().names().empty());
}

TEST(Claims, A18_BaseNeedsDestOrigIat) {
  ShakenClaims base{.attest = "", .origid = ""};
  EXPECT_THAT(Payload(base.Json(), ""), Succeeds());
  base.iat = "";
  EXPECT_THAT(Payload(base.Json(), ""), FailsWith(Reason::kIatMissing));
  base.orig = "";
  EXPECT_THAT(Payload(base.Json(), ""), FailsWith(Reason::kOrigMissing));
  base.dest = "";
  EXPECT_THAT(Payload(base.Json(), ""), FailsWith(Reason::kDestMissing));
  EXPECT_THAT(Payload("{}", ""), FailsWith(Reason::kDestMissing));
}

TEST(Claims, D1_ShakenNeedsAttestAndOrigidToo_InTheOrderOfE14) {
  EXPECT_THAT(Shaken({.dest = ""}), FailsWith(Reason::kDestMissing));
  EXPECT_THAT(Shaken({.orig = ""}), FailsWith(Reason::kOrigMissing));
  EXPECT_THAT(Shaken({.attest = ""}), FailsWith(Reason::kAttestMissing));
  EXPECT_THAT(Shaken({.origid = ""}), FailsWith(Reason::kOrigidMissing));
  EXPECT_THAT(Shaken({.iat = ""}), FailsWith(Reason::kIatMissing));
  EXPECT_THAT(Shaken({.attest = "", .origid = "", .iat = ""}), FailsWith(Reason::kAttestMissing));
  EXPECT_THAT(Shaken({.origid = "", .iat = ""}), FailsWith(Reason::kOrigidMissing));
  // What is missing comes before what is malformed.
  EXPECT_THAT(Shaken({.dest = "1", .iat = ""}), FailsWith(Reason::kIatMissing));
  // ppt is compared exactly.
  EXPECT_THAT(Payload(ShakenClaims{.attest = ""}.Json(), "Shaken"), Succeeds());
}

TEST(Claims, A12_OrigOfTnOrUri) {
  for (const std::string_view orig :
       {R"({"tn":"12155550100"})", R"({"tn":"+1-215-555-0100"})", R"({"tn":"911"})",
        R"({"tn":"*31#12155550"})", R"({"uri":"sip:alice@example.org"})",
        R"({"uri":"sips:alice@example.org"})"}) {
    EXPECT_THAT(Shaken({.orig = orig}), Succeeds()) << orig;
  }
}

TEST(Claims, A12_OtherOrig_IsInvalid) {
  for (const std::string_view orig : {"null",
                                      "1",
                                      "\"12155550100\"",
                                      "[]",
                                      "{}",
                                      R"([{"tn":"12155550100"}])",
                                      R"(["12155550100"])",
                                      R"({"tn":["12155550100"]})",
                                      R"({"tn":[]})",
                                      R"({"tn":12155550100})",
                                      R"({"tn":null})",
                                      R"({"tn":{}})",
                                      R"({"tn":" "})",
                                      R"({"tn":"+"})",
                                      R"({"tn":"alice"})",
                                      R"({"tn":"1-800-EXAMPLE"})",
                                      R"({"tn":"1234567890123456"})",
                                      R"({"tn":"12155550100","uri":"sip:a@example.org"})",
                                      R"({"tn":"12155550100","x":1})",
                                      R"({"TN":"12155550100"})",
                                      R"({"x":"y"})",
                                      R"({"uri":"12155550100"})",
                                      R"({"uri":""})",
                                      R"({"uri":"tel:+12155550100"})",
                                      R"({"uri":"sip:"})",
                                      R"({"uri":"not a uri"})",
                                      R"({"uri":["sip:a@example.org"]})",
                                      R"({"tn":"12155550100\u0000"})"}) {
    EXPECT_THAT(Shaken({.orig = orig}), FailsWith(Reason::kOrigInvalid)) << orig;
  }
}

TEST(Claims, D1_EmptyNumber_IsAsGoodAsNone) {
  EXPECT_THAT(Shaken({.orig = R"({"tn":""})"}), FailsWith(Reason::kOrigMissing));
  EXPECT_THAT(Shaken({.dest = R"({"tn":[""]})"}), FailsWith(Reason::kDestMissing));
}

TEST(Claims, A13_DestOfTnAndUri) {
  const auto claims = Shaken(
      {.dest = R"({"tn":["12355550101","12355550102"],"uri":["sip:bob@example.org"],"x":1})"});
  ASSERT_THAT(claims, Succeeds());
  EXPECT_THAT(claims->dest.tn, ElementsAre("12355550101", "12355550102"));
  EXPECT_THAT(claims->dest.uri, ElementsAre("sip:bob@example.org"));
  EXPECT_THAT(Shaken({.dest = R"({"uri":["sip:bob@example.org"]})"}), Succeeds());
}

TEST(Claims, A14_OrderInsideDestIsFree) {
  const auto claims =
      Shaken({.dest = R"({"uri":["sip:bob@example.org"],"tn":["12355550102","12355550101"]})"});
  ASSERT_THAT(claims, Succeeds());
  EXPECT_THAT(claims->dest.tn, ElementsAre("12355550102", "12355550101"));
}

TEST(Claims, F12_DestOfAnotherSchemeIsAUri) {
  const auto claims = Payload(
      ShakenClaims{.dest = R"({"uri":["urn:service:sos"]})", .attest = "", .origid = ""}.Json(),
      "");
  ASSERT_THAT(claims, Succeeds());
  EXPECT_THAT(claims->dest.uri, ElementsAre("urn:service:sos"));
}

TEST(Claims, A13_OtherDest_IsInvalid) {
  for (const std::string_view dest : {"null",
                                      "1",
                                      "\"12355550101\"",
                                      "[]",
                                      "{}",
                                      R"({"tn":"12355550101"})",
                                      R"({"tn":[]})",
                                      R"({"tn":[],"uri":["sip:bob@example.org"]})",
                                      R"({"uri":[]})",
                                      R"({"uri":"sip:b@example.org"})",
                                      R"({"tn":[1]})",
                                      R"({"tn":[null]})",
                                      R"({"tn":[["12355550101"]]})",
                                      R"({"tn":["12355550101","bob"]})",
                                      R"({"tn":["12355550101",2]})",
                                      R"({"tn":{}})",
                                      R"({"tn":null})",
                                      R"({"x":["12355550101"]})",
                                      R"([{"tn":["12355550101"]}])",
                                      R"({"uri":["bob@example.org"]})",
                                      R"({"uri":["sip:"]})",
                                      R"({"uri":["urn:"]})",
                                      R"({"uri":["urn:a b"]})"}) {
    EXPECT_THAT(Shaken({.dest = dest}), FailsWith(Reason::kDestInvalid)) << dest;
  }
}

TEST(Claims, A8_DestIsLimited) {
  const auto dest = [](int count) {
    std::string json = R"({"tn":[)";
    for (int i = 0; i < count; ++i) json += std::string(i == 0 ? "" : ",") + R"("12355550101")";
    return json + "]}";
  };
  EXPECT_THAT(Shaken({.dest = dest(100)}), Succeeds());
  EXPECT_THAT(Shaken({.dest = dest(101)}), FailsWith(Reason::kDestInvalid));
}

TEST(Claims, A15_IatThatIsNoPositiveWholeNumber_IsInvalid) {
  for (const std::string_view iat : {R"("1443208345")",
                                     "1443208345.0",
                                     "1443208345.5",
                                     "1e9",
                                     "1.443208345e9",
                                     "-1443208345",
                                     "0",
                                     "-0",
                                     "0.0",
                                     "-1",
                                     "null",
                                     "true",
                                     "[1443208345]",
                                     "{}",
                                     "\"\"",
                                     "253402300800",
                                     "9223372036854775807",
                                     "9223372036854775808",
                                     "18446744073709551615",
                                     "18446744073709551616",
                                     "99999999999999999999999999999",
                                     "1443208345000"}) {
    EXPECT_THAT(Shaken({.iat = iat}), FailsWith(Reason::kIatInvalid)) << iat;
  }
  EXPECT_THAT(Shaken({.iat = "01443208345"}), FailsWith(Reason::kJsonInvalid));
  EXPECT_THAT(Shaken({.iat = "1e999"}), FailsWith(Reason::kJsonInvalid));
  EXPECT_THAT(Shaken({.iat = "1"}), Succeeds());
  EXPECT_THAT(Shaken({.iat = "253402300799"}), Succeeds());
}

TEST(Claims, A20_DuplicateNamesAnywhere_AreRefused) {
  for (const std::string_view more :
       {R"("iat":1443208345)", R"("iat":1443208346)", R"("i\u0061t":1)",
        R"("orig":{"tn":"12155550102"})", R"("x":{"a":1,"a":1})",
        R"("rcd":{"nam":"a","jcd":[{"y":1,"\u0079":2}]})"}) {
    EXPECT_THAT(Shaken({.more = more}), FailsWith(Reason::kJsonDuplicateName)) << more;
  }
  EXPECT_THAT(Shaken({.orig = R"({"tn":"12155550100","tn":"12155550102"})"}),
              FailsWith(Reason::kJsonDuplicateName));
  EXPECT_THAT(Shaken({.dest = R"({"tn":["12355550101"],"tn":["12355550102"]})"}),
              FailsWith(Reason::kJsonDuplicateName));
}

TEST(Claims, A17_AttestAndOrigidAreKeptWhole) {
  // Asterisk looks at the first character of attest only.
  const auto claims = Shaken({.attest = R"("A, not C")", .origid = R"("abc123")"});
  ASSERT_THAT(claims, Succeeds());
  EXPECT_EQ(claims->attest, "A, not C");
  EXPECT_EQ(claims->origid, "abc123");
  EXPECT_EQ(Shaken({.attest = R"("")"}).value().attest, "");
  EXPECT_EQ(Shaken({.attest = R"("a")"}).value().attest, "a");
}

TEST(Claims, A17_AttestAndOrigidThatAreNoStrings_AreInvalid) {
  for (const std::string_view value : {"null", "1", "true", R"(["A"])", "{}"}) {
    EXPECT_THAT(Shaken({.attest = value}), FailsWith(Reason::kAttestInvalid)) << value;
    EXPECT_THAT(Shaken({.origid = value}), FailsWith(Reason::kOrigidInvalid)) << value;
  }
}

TEST(Claims, A18_UnknownClaimsAreKeptAndIgnored) {
  const auto claims = Shaken({.more = R"("exp":"x","rcd":{"nam":"Example"},"evd":null)"});
  ASSERT_THAT(claims, Succeeds());
  EXPECT_THAT(claims->names(),
              ElementsAre("attest", "dest", "iat", "orig", "origid", "exp", "rcd", "evd"));
  EXPECT_EQ(*claims->payload()->Find("rcd")->Find("nam")->AsString(), "Example");
}

TEST(Claims, A16_Mky) {
  const auto claims =
      Shaken({.more = R"("mky":[{"alg":"sha-256","dig":"AB01"},{"alg":"md5","dig":"00ff"}])"});
  ASSERT_THAT(claims, Succeeds());
  EXPECT_THAT(claims->mky, ElementsAre(MediaKey{"sha-256", "AB01"}, MediaKey{"md5", "00ff"}));
}

TEST(Claims, A16_OtherMky_IsInvalid) {
  for (const std::string_view mky :
       {"null", "{}", "[]", "1", "\"x\"", "[1]", "[{}]", R"([{"alg":"sha-256"}])",
        R"([{"dig":"AB"}])", R"([{"alg":"sha-256","dig":""}])", R"([{"alg":"","dig":"AB"}])",
        R"([{"alg":"sha-256","dig":"A"}])", R"([{"alg":"sha-256","dig":"AB:01"}])",
        R"([{"alg":"sha-256","dig":"XY"}])", R"([{"alg":1,"dig":"AB"}])",
        R"([{"alg":"sha-256","dig":1}])", R"([{"alg":"sha-256","dig":"AB"},null])"}) {
    EXPECT_THAT(Shaken({.more = "\"mky\":" + std::string(mky)}), FailsWith(Reason::kMkyInvalid))
        << mky;
  }
}

TEST(Claims, A7_OtherBase64_IsInvalid) {
  const std::string good = EncodeBase64Url(ShakenClaims{}.Json());
  for (const std::string& text : {good + "=", " " + good, good + "\n", good + "."}) {
    EXPECT_THAT(Claims::Parse(ExactBytes(text).view(), "shaken"),
                FailsWith(Reason::kBase64Invalid));
  }
}

TEST(Claims, NoObject_IsInvalid) {
  for (const std::string_view json : {"", "[]", "null", "\"x\"", "{", "{}\n\n{}", "\0{}"}) {
    EXPECT_THAT(Payload(json), FailsWith(Reason::kJsonInvalid));
  }
}

TEST(Claims, EverySingleByteChangeIsReadOrRefused) {
  const std::string json = ShakenClaims{.more = R"("mky":[{"alg":"md5","dig":"00ff"}])"}.Json();
  for (size_t at = 0; at < json.size(); ++at) {
    for (int byte = 0; byte < 256; byte += 1) {
      std::string changed = json;
      changed[at] = static_cast<char>(byte);
      if (const auto claims = Payload(changed)) {
        EXPECT_GT(claims->iat, 0);
        EXPECT_TRUE(claims->orig.tn || claims->orig.uri);
        EXPECT_FALSE(claims->dest.tn.empty() && claims->dest.uri.empty());
        EXPECT_NE(claims->payload(), nullptr);
      } else {
        EXPECT_NE(claims.error().reason, Reason::kInternalError);
      }
    }
  }
}

TEST(Uuid, A17_FormOfRfc4122) {
  EXPECT_TRUE(IsUuid("de305d54-75b4-431b-adb2-eb6b9e546014"));
  EXPECT_TRUE(IsUuid("DE305D54-75B4-431B-ADB2-EB6B9E546014"));
  EXPECT_TRUE(IsUuid("00000000-0000-0000-0000-000000000000"));
  for (const std::string_view text :
       {"", "abc123", "de305d54-75b4-431b-adb2-eb6b9e54601",
        "de305d54-75b4-431b-adb2-eb6b9e5460144", "de305d5475b4431badb2eb6b9e546014",
        "{de305d54-75b4-431b-adb2-eb6b9e5460}", "de305d54-75b4-431b-adb2_eb6b9e546014",
        "ge305d54-75b4-431b-adb2-eb6b9e546014", "de305d547-5b4-431b-adb2-eb6b9e546014",
        "------------------------------------"}) {
    EXPECT_FALSE(IsUuid(ExactBytes(text).view())) << text;
  }
}

}  // namespace
}  // namespace callvet
