// SPDX-License-Identifier: MIT
#include "pki/lint.h"

#include <array>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pki/openssl_ptr.h"

namespace callvet {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

constexpr const char* kBasicConstraints = "2.5.29.19";
constexpr const char* kKeyUsage = "2.5.29.15";
constexpr const char* kSubjectKeyId = "2.5.29.14";
constexpr const char* kAuthorityKeyId = "2.5.29.35";
constexpr const char* kPolicies = "2.5.29.32";
constexpr const char* kCrlPoints = "2.5.29.31";
constexpr const char* kTnAuthList = "1.3.6.1.5.5.7.1.26";
constexpr const char* kExtendedKeyUsage = "2.5.29.37";
constexpr const char* kConstraints = "1.3.6.1.5.5.7.1.27";

std::string FromHex(std::string_view hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

std::string Der(int tag, const std::string& contents) {
  std::string der(1, static_cast<char>(tag));
  if (contents.size() >= 0x80) {
    der += static_cast<char>(0x82);
    der += static_cast<char>(contents.size() >> 8);
  }
  der += static_cast<char>(contents.size() & 0xFF);
  return der + contents;
}

std::string DerOid(const std::string& oid) {
  const Asn1ObjectPtr object(OBJ_txt2obj(oid.c_str(), 1));
  return Der(
      0x06, {reinterpret_cast<const char*>(OBJ_get0_data(object.get())), OBJ_length(object.get())});
}

using Name = std::vector<std::pair<std::string, std::string>>;

X509NamePtr MakeName(const Name& name) {
  X509NamePtr made(X509_NAME_new());
  for (const auto& [oid, value] : name) {
    const Asn1ObjectPtr object(OBJ_txt2obj(oid.c_str(), 0));
    X509_NAME_add_entry_by_OBJ(made.get(), object.get(), V_ASN1_UTF8STRING,
                               reinterpret_cast<const unsigned char*>(value.data()),
                               static_cast<int>(value.size()), -1, 0);
  }
  return made;
}

std::string DerName(const Name& name) {
  const X509NamePtr made = MakeName(name);
  unsigned char* der = nullptr;
  const int length = i2d_X509_NAME(made.get(), &der);
  const OpenSslString owner(reinterpret_cast<char*>(der));
  return {owner.get(), static_cast<size_t>(length)};
}

std::string KeyUsage(uint8_t first_byte) {
  return Der(0x03, std::string(1, '\0') + static_cast<char>(first_byte));
}

std::string AuthorityKeyId(const std::string& id) {
  return Der(0x30, Der(0x80, id));
}

std::string Policies(const std::vector<std::string>& oids) {
  std::string list;
  for (const std::string& oid : oids) list += Der(0x30, DerOid(oid));
  return Der(0x30, list);
}

std::string CrlPoint(const std::vector<std::string>& uris, const std::string& issuer) {
  std::string names;
  for (const std::string& uri : uris) names += Der(0x86, uri);
  const std::string point = Der(0xA0, Der(0xA0, names));
  return Der(0x30, point + (issuer.empty() ? "" : Der(0xA2, issuer)));
}

std::string DirectoryName(const Name& name) {
  return Der(0xA4, DerName(name));
}

std::string Spc(const std::string& spc) {
  return Der(0xA0, Der(0x16, spc));
}
std::string One(const std::string& number) {
  return Der(0xA2, Der(0x16, number));
}

const std::string kJunk = "\xff\xff\xff";
const Name kCrlIssuer = {{"C", "US"}, {"O", "STI-PA"}, {"CN", "STI-PA CRL"}};
const char* const kCrlUri = "https://authenticate-api.iconectiv.com/download/v1/crl";
const char* const kPolicy13 = "2.16.840.1.114569.1.1.3";
const char* const kPolicy14 = "2.16.840.1.114569.1.1.4";
const Name kRootName = {{"C", "US"}, {"O", "Example"}, {"CN", "SHAKEN Root"}};
const Name kSubName = {{"C", "US"}, {"O", "Example"}, {"CN", "SHAKEN Intermediate"}};

struct ExtensionSpec {
  std::string oid;
  std::string value;
  enum class Mark { kPlain, kCritical } mark = Mark::kPlain;
};
constexpr auto kCritical = ExtensionSpec::Mark::kCritical;

// What a certificate shall be like. The three makers below give one that breaks no rule.
struct Spec {
  int version = 3;
  std::string serial = "7fffffffffffffff01";
  std::string not_before = "20240101000000Z";
  std::pair<int, std::string> not_after = {V_ASN1_UTCTIME, "401231235959Z"};  // as it stands
  Name subject;
  Name issuer;
  std::string curve = "P-256";
  const EVP_MD* digest = EVP_sha256();
  int signature_parameters = V_ASN1_UNDEF;
  std::vector<ExtensionSpec> extensions;

  ExtensionSpec& At(const std::string& oid) {
    for (ExtensionSpec& extension : extensions) {
      if (extension.oid == oid) return extension;
    }
    return extensions.emplace_back(ExtensionSpec{oid, {}});
  }
  void Remove(const std::string& oid) {
    std::erase_if(extensions, [&](const ExtensionSpec& e) { return e.oid == oid; });
  }
  void RemoveAttribute(const std::string& name) {
    std::erase_if(subject, [&](const auto& attribute) { return attribute.first == name; });
  }
};

EVP_PKEY* Key(const std::string& curve) {
  static std::map<std::string, EvpPkeyPtr> keys;
  EvpPkeyPtr& key = keys[curve];
  if (key == nullptr) {
    key.reset(curve == "RSA" ? EVP_RSA_gen(2048) : EVP_EC_gen(curve.c_str()));
  }
  return key.get();
}

std::string KeySha1(const std::string& curve) {
  const X509Ptr x509(X509_new());
  X509_set_pubkey(x509.get(), Key(curve));
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  X509_pubkey_digest(x509.get(), EVP_sha1(), digest.data(), &length);
  return {reinterpret_cast<const char*>(digest.data()), length};
}

std::string SubjectKeyId(const std::string& curve) {
  return Der(0x04, KeySha1(curve));
}

Spec Root() {
  Spec spec;
  spec.subject = spec.issuer = kRootName;
  spec.extensions = {{kBasicConstraints, FromHex("30030101ff"), kCritical},
                     {kKeyUsage, KeyUsage(0x04), kCritical},
                     {kSubjectKeyId, SubjectKeyId("P-256")}};
  return spec;
}

Spec Intermediate() {
  Spec spec = Root();
  spec.subject = kSubName;
  spec.extensions.push_back({kAuthorityKeyId, AuthorityKeyId(KeySha1("P-256"))});
  spec.extensions.push_back({kPolicies, Policies({kPolicy14})});
  spec.extensions.push_back(
      {kCrlPoints, Der(0x30, CrlPoint({kCrlUri}, DirectoryName(kCrlIssuer)))});
  return spec;
}

Spec EndEntity() {
  Spec spec = Intermediate();
  spec.issuer = kSubName;
  spec.subject = {{"C", "US"}, {"O", "Carrier"}, {"CN", "SHAKEN 997E"}, {"serialNumber", "1"}};
  spec.At(kBasicConstraints).value = FromHex("3000");
  spec.At(kKeyUsage).value = KeyUsage(0x80);
  spec.extensions.push_back({kTnAuthList, Der(0x30, Spc("997E"))});
  return spec;
}

// Signed by the key "P-256" whatever the names say: a lint does not look at signatures.
Certificate Make(const Spec& spec) {
  const X509Ptr x509(X509_new());
  X509_set_version(x509.get(), spec.version - 1);
  BIGNUM* number = nullptr;
  BN_hex2bn(&number, spec.serial.c_str());
  const BignumPtr owner(number);
  BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x509.get()));
  ASN1_TIME_set_string_X509(X509_getm_notBefore(x509.get()), spec.not_before.c_str());
  const OpenSslPtr<ASN1_STRING, ASN1_STRING_free> not_after(
      ASN1_STRING_type_new(spec.not_after.first));
  ASN1_STRING_set(not_after.get(), spec.not_after.second.data(),
                  static_cast<int>(spec.not_after.second.size()));
  X509_set1_notAfter(x509.get(), not_after.get());
  X509_set_subject_name(x509.get(), MakeName(spec.subject).get());
  X509_set_issuer_name(x509.get(), MakeName(spec.issuer).get());
  X509_set_pubkey(x509.get(), Key(spec.curve));
  for (const ExtensionSpec& extension : spec.extensions) {
    const Asn1ObjectPtr object(OBJ_txt2obj(extension.oid.c_str(), 1));
    const Asn1OctetStringPtr value(ASN1_OCTET_STRING_new());
    ASN1_OCTET_STRING_set(value.get(),
                          reinterpret_cast<const unsigned char*>(extension.value.data()),
                          static_cast<int>(extension.value.size()));
    const X509ExtensionPtr made(X509_EXTENSION_create_by_OBJ(
        nullptr, object.get(), extension.mark == kCritical ? 1 : 0, value.get()));
    X509_add_ext(x509.get(), made.get(), -1);
  }
  EXPECT_GT(X509_sign(x509.get(), Key("P-256"), spec.digest), 0);
  if (spec.signature_parameters != V_ASN1_UNDEF) {
    const X509_ALGOR* algorithm = nullptr;
    X509_get0_signature(nullptr, &algorithm, x509.get());
    X509_ALGOR_set0(const_cast<X509_ALGOR*>(algorithm), OBJ_nid2obj(NID_ecdsa_with_SHA256),
                    spec.signature_parameters, nullptr);
  }
  unsigned char* der = nullptr;
  const int length = i2d_X509(x509.get(), &der);
  const OpenSslString der_owner(reinterpret_cast<char*>(der));
  auto certificate = Certificate::ParseDer({der_owner.get(), static_cast<size_t>(length)});
  return certificate.value();
}

using Levels = std::map<std::string, LintLevel>;

// Every rule by name with its level.
Levels Lint(const Spec& spec, const Certificate* issuer, const LintOptions& options = {}) {
  Levels levels;
  for (const LintFinding& finding : LintCertificate(Make(spec), issuer, options)) {
    levels.emplace(finding.rule, finding.level);
    EXPECT_FALSE(finding.found.empty()) << finding.rule;
  }
  return levels;
}

// What is neither a pass nor not applicable.
Levels Complaints(const Spec& spec, const LintOptions& options = {}) {
  Levels complaints = Lint(spec, nullptr, options);
  std::erase_if(complaints, [](const auto& item) {
    return item.second == LintLevel::kPass || item.second == LintLevel::kNotApplicable;
  });
  return complaints;
}

// What each rule says when nothing at all is wrong.
TEST(LintTest, ConformingCertificatesPassEveryRule) {
  const Certificate root = Make(Root());
  const Certificate intermediate = Make(Intermediate());
  for (const auto& [spec, issuer] :
       {std::pair(Root(), static_cast<const Certificate*>(nullptr)),
        std::pair(Intermediate(), &root), std::pair(EndEntity(), &intermediate)}) {
    size_t passed = 0;
    for (const auto& [rule, level] : Lint(spec, issuer)) {
      EXPECT_TRUE(level == LintLevel::kPass || level == LintLevel::kNotApplicable) << rule;
      passed += level == LintLevel::kPass ? 1 : 0;
    }
    EXPECT_GE(passed, 30U);
  }
}

TEST(LintTest, ReportsEveryRuleOnceInTheOrderOfTheTable) {
  const auto findings = LintCertificate(Make(EndEntity()), nullptr);
  std::set<std::string_view> rules;
  std::vector<std::string> ids;
  for (const LintFinding& finding : findings) {
    EXPECT_TRUE(rules.insert(finding.rule).second) << finding.rule;
    EXPECT_THAT(finding.clause, Not(IsEmpty()));
    if (ids.empty() || ids.back() != finding.id) ids.emplace_back(finding.id);
  }
  EXPECT_THAT(ids, ElementsAre("C-1", "C-2", "C-3", "C-4", "C-5", "C-6", "C-7", "C-8", "C-9",
                               "C-10", "C-11", "C-12", "C-13", "C-14", "C-15"));
}

TEST(LintTest, GuessesTheRole) {
  EXPECT_EQ(GuessRole(Make(Root())), ProfileRole::kRoot);
  EXPECT_EQ(GuessRole(Make(Intermediate())), ProfileRole::kIntermediate);
  EXPECT_EQ(GuessRole(Make(EndEntity())), ProfileRole::kEndEntity);
  Spec self_signed = EndEntity();
  self_signed.issuer = self_signed.subject;
  EXPECT_EQ(GuessRole(Make(self_signed)), ProfileRole::kEndEntity);
  Spec nameless = Intermediate();
  nameless.subject.clear();
  nameless.issuer.clear();
  EXPECT_EQ(GuessRole(Make(nameless)), ProfileRole::kIntermediate);
}

// One defect in an otherwise conforming certificate, and all that the lint may say about it.
struct Defect {
  std::string name;
  Spec (*base)();
  std::function<void(Spec&)> spoil;
  Levels complaints;
};

class DefectTest : public ::testing::TestWithParam<Defect> {};

TEST_P(DefectTest, IsReportedByItsRulesAlone) {
  Spec spec = GetParam().base();
  GetParam().spoil(spec);
  EXPECT_EQ(Complaints(spec), GetParam().complaints);
}

constexpr LintLevel kError = LintLevel::kError;
constexpr LintLevel kWarning = LintLevel::kWarning;
constexpr LintLevel kNotice = LintLevel::kNotice;

// The row of the table that the first rule which complains stands for, and what is wrong:
// "C1_Version2".
std::string NameOf(const ::testing::TestParamInfo<Defect>& info) {
  static const auto rules = LintCertificate(Make(EndEntity()), nullptr);
  const Levels& complaints = info.param.complaints;
  for (const LintFinding& rule : rules) {
    if (complaints.empty() || rule.rule != complaints.begin()->first) continue;
    std::string row(rule.id);
    std::erase(row, '-');
    return row + "_" + info.param.name;
  }
  return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(
    Fields, DefectTest,
    ::testing::ValuesIn(std::vector<Defect>{
        {"Version2", Intermediate, [](Spec& s) { s.version = 2; }, {{"version-3", kError}}},
        {"SerialNegative",
         EndEntity,
         [](Spec& s) { s.serial = "-7fffffffffffffff01"; },
         {{"serial-positive", kError}}},
        {"SerialZero",
         EndEntity,
         [](Spec& s) { s.serial = "0"; },
         {{"serial-positive", kError}, {"serial-64-bits", kWarning}}},
        {"Serial63Bits",
         EndEntity,
         [](Spec& s) { s.serial = "7fffffffffffffff"; },
         {{"serial-64-bits", kWarning}}},
        {"Serial64Bits", EndEntity, [](Spec& s) { s.serial = "8000000000000000"; }, {}},
        {"Serial159Bits", EndEntity, [](Spec& s) { s.serial = "7f" + std::string(38, '0'); }, {}},
        {"Serial160Bits",
         EndEntity,
         [](Spec& s) { s.serial = "80" + std::string(38, '0'); },
         {{"serial-20-octets", kError}}},
        {"EndsBeforeItBegins",
         EndEntity,
         [](Spec& s) { s.not_before = "20990101000000Z"; },
         {{"validity-order", kError}}},
        {"UtcTimeWithoutSeconds",
         EndEntity,
         [](Spec& s) { s.not_after = {V_ASN1_UTCTIME, "4012312359Z"}; },
         {{"validity-der", kError}}},
        {"UtcTimeWithAnOffset",
         EndEntity,
         [](Spec& s) { s.not_after = {V_ASN1_UTCTIME, "401231235959+0100"}; },
         {{"validity-der", kError}}},
        {"GeneralizedTimeBefore2050",
         EndEntity,
         [](Spec& s) { s.not_after = {V_ASN1_GENERALIZEDTIME, "20491231235959Z"}; },
         {{"validity-der", kError}}},
        {"GeneralizedTimeWithAFraction",
         EndEntity,
         [](Spec& s) { s.not_after = {V_ASN1_GENERALIZEDTIME, "20501231235959.5Z"}; },
         {{"validity-der", kError}}},
        {"GeneralizedTimeWithAnOffset",
         EndEntity,
         [](Spec& s) { s.not_after = {V_ASN1_GENERALIZEDTIME, "20501231235959-0500"}; },
         {{"validity-der", kError}}},
        {"GeneralizedTimeFrom2050",
         EndEntity,
         [](Spec& s) { s.not_after = {V_ASN1_GENERALIZEDTIME, "20500101000000Z"}; },
         {}},
        {"SignatureSha384",
         EndEntity,
         [](Spec& s) { s.digest = EVP_sha384(); },
         {{"signature-sha256", kWarning}}},
        {"SignatureSha512",
         EndEntity,
         [](Spec& s) { s.digest = EVP_sha512(); },
         {{"signature-sha256", kWarning}, {"signature-ecdsa", kError}}},
        {"SignatureParameters",
         EndEntity,
         [](Spec& s) { s.signature_parameters = V_ASN1_NULL; },
         {{"signature-parameters-absent", kError}}},
        {"KeyP384EndEntity",
         EndEntity,
         [](Spec& s) {
           s.curve = "P-384";
           s.At(kSubjectKeyId).value = SubjectKeyId("P-384");
         },
         {{"key-p256", kError}}},
        {"KeyP384Ca",
         Intermediate,
         [](Spec& s) {
           s.curve = "P-384";
           s.At(kSubjectKeyId).value = SubjectKeyId("P-384");
         },
         {{"key-p256-ca", kWarning}}},
        {"KeyP521Ca",
         Root,
         [](Spec& s) {
           s.curve = "P-521";
           s.At(kSubjectKeyId).value = SubjectKeyId("P-521");
         },
         {{"key-ec", kError}, {"key-p256-ca", kWarning}}},
        {"KeyRsa",
         EndEntity,
         [](Spec& s) {
           s.curve = "RSA";
           s.At(kSubjectKeyId).value = SubjectKeyId("RSA");
         },
         {{"key-ec", kError}, {"key-p256", kError}}},
        {"IssuerNamesNothing",
         EndEntity,
         [](Spec& s) { s.issuer.clear(); },
         {{"issuer-country", kError},
          {"issuer-common-name", kError},
          {"issuer-organization", kError}}},
        {"NoCountry",
         EndEntity,
         [](Spec& s) { s.RemoveAttribute("C"); },
         {{"subject-country", kError}, {"subject-country-us", kError}}},
        {"TwoCountries",
         EndEntity,
         [](Spec& s) { s.subject.emplace_back("C", "US"); },
         {{"subject-country", kError},
          {"subject-country-us", kError},
          {"subject-attributes-unique", kWarning}}},
        {"LowerCaseCountry",
         EndEntity,
         [](Spec& s) { s.subject[0].second = "us"; },
         {{"subject-country-alpha2", kError}, {"subject-country-us", kError}}},
        {"LongCountry",
         EndEntity,
         [](Spec& s) {
           s.subject[0].second = "USA";
           s.At(kPolicies).value = Policies({kPolicy13});
         },
         {{"subject-country-alpha2", kError}}},
        {"Canada",
         EndEntity,
         [](Spec& s) { s.subject[0].second = "CA"; },
         {{"subject-country-us", kError}}},
        {"NoCommonName",
         EndEntity,
         [](Spec& s) { s.RemoveAttribute("CN"); },
         {{"subject-common-name", kError}}},
        {"NoOrganization",
         EndEntity,
         [](Spec& s) { s.RemoveAttribute("O"); },
         {{"subject-organization", kError}}},
        {"Email",
         EndEntity,
         [](Spec& s) { s.subject.emplace_back("emailAddress", "a@example.com"); },
         {{"subject-attributes-known", kWarning}}},
        {"CommonNameOfAnotherSpc",
         EndEntity,
         [](Spec& s) { s.subject[2].second = "SHAKEN 997F"; },
         {{"subject-cn-has-spc", kError}, {"subject-cn-spc", kError}}},
        {"CommonNameWithMore",
         EndEntity,
         [](Spec& s) { s.subject[2].second = "Carrier SHAKEN 997E"; },
         {{"subject-cn-spc", kError}}},
        {"CommonNameWithNul",
         EndEntity,
         [](Spec& s) { s.subject[2].second = std::string("SHAKEN 997E\0x", 13); },
         {{"subject-cn-spc", kError}}},
        {"CommonNameOfRoot",
         Root,
         [](Spec& s) { s.subject[2].second = s.issuer[2].second = "SHAKEN R1"; },
         {{"subject-cn-root", kError}}},
        {"CommonNameWithoutShaken",
         Intermediate,
         [](Spec& s) { s.subject[2].second = "Intermediate"; },
         {{"subject-cn-shaken", kError}}},
        {"NoSerialNumberInCp13",
         EndEntity,
         [](Spec& s) {
           s.RemoveAttribute("serialNumber");
           s.At(kPolicies).value = Policies({kPolicy13});
         },
         {{"subject-serial-number", kWarning}}},
        {"NoSerialNumberInCp14",
         EndEntity,
         [](Spec& s) { s.RemoveAttribute("serialNumber"); },
         {}},
        {"TwoSerialNumbers",
         EndEntity,
         [](Spec& s) { s.subject.emplace_back("serialNumber", "2"); },
         {{"subject-serial-number", kWarning}, {"subject-attributes-unique", kWarning}}},
    }),
    NameOf);

INSTANTIATE_TEST_SUITE_P(
    Extensions, DefectTest,
    ::testing::ValuesIn(std::vector<Defect>{
        {"NoBasicConstraints",
         EndEntity,
         [](Spec& s) { s.Remove(kBasicConstraints); },
         {{"basic-constraints-critical", kError}}},
        {"BasicConstraintsNotCritical",
         Root,
         [](Spec& s) { s.At(kBasicConstraints).mark = ExtensionSpec::Mark::kPlain; },
         {{"basic-constraints-critical", kError}}},
        {"BasicConstraintsMalformed",
         EndEntity,
         [](Spec& s) { s.At(kBasicConstraints).value = "\x30\x05"; },
         {{"basic-constraints-critical", kError},
          {"basic-constraints-ca", kError},
          {"path-length", kError}}},
        {"PathLengthOfEndEntity",
         EndEntity,
         [](Spec& s) { s.At(kBasicConstraints).value = FromHex("3003020100"); },
         {{"path-length", kError}}},
        {"PathLengthOfCa",
         Intermediate,
         [](Spec& s) { s.At(kBasicConstraints).value = FromHex("30060101ff020100"); },
         {}},
        {"NoKeyUsage",
         EndEntity,
         [](Spec& s) { s.Remove(kKeyUsage); },
         {{"key-usage-critical", kError}}},
        {"KeyUsageNotCritical",
         EndEntity,
         [](Spec& s) { s.At(kKeyUsage).mark = ExtensionSpec::Mark::kPlain; },
         {{"key-usage-critical", kError}}},
        {"KeyUsageTwice",
         EndEntity,
         [](Spec& s) { s.extensions.push_back(s.At(kKeyUsage)); },
         {{"key-usage-critical", kError},
          {"key-usage-digital-signature-only", kError},
          {"extensions-unique", kError}}},
        {"KeyUsageOfEndEntityOdd",
         EndEntity,
         [](Spec& s) { s.At(kKeyUsage).value = KeyUsage(0x90); },
         {{"key-usage-digital-signature-only", kError}}},
        {"KeyUsageOfCaWithCrlSign",
         Intermediate,
         [](Spec& s) { s.At(kKeyUsage).value = KeyUsage(0x06); },
         {{"key-usage-cert-sign-only", kError}}},
        {"KeyUsageOfCaWithCrlSignBeforeV005",
         Intermediate,
         [](Spec& s) {
           s.not_before = "20221025000000Z";
           s.At(kKeyUsage).value = KeyUsage(0x86);
           s.At(kPolicies).value = Policies({kPolicy13});
         },
         {{"key-usage-cert-sign-only", kNotice}}},
        {"KeyUsageOfCaWithoutCertSign",
         Intermediate,
         [](Spec& s) { s.At(kKeyUsage).value = KeyUsage(0x80); },
         {{"key-usage-ca", kError}, {"key-usage-cert-sign-only", kError}}},
        {"NoSubjectKeyId",
         Root,
         [](Spec& s) { s.Remove(kSubjectKeyId); },
         {{"ski-present", kError}}},
        {"SubjectKeyIdShort",
         EndEntity,
         [](Spec& s) { s.At(kSubjectKeyId).value = Der(0x04, "short"); },
         {{"ski-sha1", kError}}},
        {"SubjectKeyIdMalformed",
         EndEntity,
         [](Spec& s) { s.At(kSubjectKeyId).value = ""; },
         {{"ski-present", kError}, {"ski-sha1", kError}}},
        {"NoAuthorityKeyId",
         EndEntity,
         [](Spec& s) { s.Remove(kAuthorityKeyId); },
         {{"aki-present", kError}}},
        {"AuthorityKeyIdEmpty",
         EndEntity,
         [](Spec& s) { s.At(kAuthorityKeyId).value = Der(0x30, ""); },
         {{"aki-present", kError}}},
        {"AuthorityKeyIdOfRootWrong",
         Root,
         [](Spec& s) { s.At(kAuthorityKeyId).value = AuthorityKeyId("other"); },
         {{"aki-matches-issuer", kError}}},
        {"PoliciesInRoot",
         Root,
         [](Spec& s) { s.At(kPolicies).value = Policies({kPolicy14}); },
         {{"policies-absent-root", kError}}},
        {"NoPolicies",
         Intermediate,
         [](Spec& s) { s.Remove(kPolicies); },
         {{"policies-single", kError}}},
        {"TwoPolicies",
         EndEntity,
         [](Spec& s) { s.At(kPolicies).value = Policies({kPolicy13, kPolicy14}); },
         {{"policies-single", kError}}},
        {"PoliciesCritical",
         EndEntity,
         [](Spec& s) { s.At(kPolicies).mark = kCritical; },
         {{"policies-not-critical", kError}, {"extensions-not-critical", kError}}},
        {"PolicyRetired",
         EndEntity,
         [](Spec& s) { s.At(kPolicies).value = Policies({"2.16.840.1.114569.1.1.1"}); },
         {{"policies-accepted", kError}}},
        {"PolicyRetiredInItsTime",
         EndEntity,
         [](Spec& s) {
           s.not_before = "20210726220000Z";
           s.At(kPolicies).value = Policies({"2.16.840.1.114569.1.1.2"});
         },
         {{"policies-accepted", kNotice}}},
        {"AnyPolicyOfCa",
         Intermediate,
         [](Spec& s) { s.At(kPolicies).value = Policies({"2.5.29.32.0"}); },
         {}},
        {"AnyPolicyOfEndEntity",
         EndEntity,
         [](Spec& s) { s.At(kPolicies).value = Policies({"2.5.29.32.0"}); },
         {{"policies-accepted", kError}}},
        {"CrlPointsInRoot",
         Root,
         [](Spec& s) { s.At(kCrlPoints).value = Der(0x30, CrlPoint({kCrlUri}, "")); },
         {{"crl-dp-absent-root", kError}}},
        {"NoCrlPoints",
         EndEntity,
         [](Spec& s) { s.Remove(kCrlPoints); },
         {{"crl-dp-present", kError}}},
        {"NoCrlPointsInCa",
         Intermediate,
         [](Spec& s) { s.Remove(kCrlPoints); },
         {{"crl-dp-present-ca", kError}}},
        {"TwoCrlUris",
         EndEntity,
         [](Spec& s) {
           s.At(kCrlPoints).value =
               Der(0x30, CrlPoint({kCrlUri, kCrlUri}, DirectoryName(kCrlIssuer)));
         },
         {{"crl-dp-single", kError}}},
        {"TwoCrlPoints",
         EndEntity,
         [](Spec& s) {
           const std::string point = CrlPoint({kCrlUri}, DirectoryName(kCrlIssuer));
           s.At(kCrlPoints).value = Der(0x30, point + point);
         },
         {{"crl-dp-single", kError}}},
        {"CrlUriLdap",
         EndEntity,
         [](Spec& s) {
           s.At(kCrlPoints).value =
               Der(0x30, CrlPoint({"ldap://example.com/crl"}, DirectoryName(kCrlIssuer)));
         },
         {{"crl-dp-uri", kError}}},
        {"CrlPointWithoutName",
         EndEntity,
         [](Spec& s) {
           s.At(kCrlPoints).value =
               Der(0x30, Der(0x30, Der(0xA2, DirectoryName(kCrlIssuer))));
         },
         {{"crl-dp-single", kError}, {"crl-dp-uri", kError}}},
        {"CrlPointWithoutIssuer",
         EndEntity,
         [](Spec& s) { s.At(kCrlPoints).value = Der(0x30, CrlPoint({kCrlUri}, "")); },
         {{"crl-dp-issuer", kError}}},
        {"CrlPointIssuerBeforeV004",
         EndEntity,
         [](Spec& s) {
           s.not_before = "20211017000000Z";
           s.At(kCrlPoints).value = Der(0x30, CrlPoint({kCrlUri}, ""));
         },
         {{"crl-dp-issuer", kNotice}}},
        {"NoTnAuthList",
         EndEntity,
         [](Spec& s) { s.Remove(kTnAuthList); },
         {{"tn-auth-list-present", kError}}},
        {"TnAuthListMalformed",
         EndEntity,
         [](Spec& s) { s.At(kTnAuthList).value = Der(0x30, Der(0x80, "997E")); },
         {{"tn-auth-list-well-formed", kError}, {"tn-auth-list-single-spc", kError}}},
        {"TnAuthListEmpty",
         EndEntity,
         [](Spec& s) { s.At(kTnAuthList).value = Der(0x30, ""); },
         {{"tn-auth-list-well-formed", kError}, {"tn-auth-list-single-spc", kError}}},
        {"TnAuthListWithTwoSpcs",
         EndEntity,
         [](Spec& s) { s.At(kTnAuthList).value = Der(0x30, Spc("997E") + Spc("1234")); },
         {{"tn-auth-list-single-spc", kError}}},
        {"TnAuthListWithNumber",
         EndEntity,
         [](Spec& s) { s.At(kTnAuthList).value = Der(0x30, One("12155550100")); },
         {{"tn-auth-list-single-spc", kError}}},
        {"TnAuthListLowerCase",
         EndEntity,
         [](Spec& s) {
           s.subject[2].second = "SHAKEN 997e";
           s.At(kTnAuthList).value = Der(0x30, Spc("997e"));
         },
         {{"tn-auth-list-spc-format", kError}}},
        {"TnAuthListInCa",
         Intermediate,
         [](Spec& s) { s.At(kTnAuthList).value = Der(0x30, Spc("997E")); },
         {{"tn-auth-list-absent-ca", kError}}},
        {"OtherExtension",
         EndEntity,
         [](Spec& s) { s.At(kExtendedKeyUsage).value = Der(0x30, DerOid("1.2.3.4.5")); },
         {{"extensions-known", kError}}},
        {"OtherExtensionBeforeV005",
         EndEntity,
         [](Spec& s) {
           s.not_before = "20221211235959Z";
           s.At(kExtendedKeyUsage).value = Der(0x30, DerOid("1.2.3.4.5"));
         },
         {{"extensions-known", kNotice}}},
        {"TnAuthListCritical",
         EndEntity,
         [](Spec& s) { s.At(kTnAuthList).mark = kCritical; },
         {{"extensions-not-critical", kError}}},
    }),
    NameOf);

TEST(LintTest, ComparesWithTheIssuer) {
  Spec other = Intermediate();
  other.subject[1].second = "Somebody else";
  other.At(kSubjectKeyId).value = Der(0x04, "another key");
  const Certificate issuer = Make(other);
  const Levels levels = Lint(EndEntity(), &issuer);
  EXPECT_EQ(levels.at("issuer-name-matches"), LintLevel::kError);
  EXPECT_EQ(levels.at("aki-matches-issuer"), LintLevel::kError);

  const Levels without = Lint(EndEntity(), nullptr);
  EXPECT_EQ(without.at("issuer-name-matches"), LintLevel::kNotApplicable);
  EXPECT_EQ(without.at("aki-matches-issuer"), LintLevel::kNotApplicable);
}

TEST(LintTest, JudgesInTheRoleThatIsGiven) {
  LintOptions options;
  options.role = ProfileRole::kEndEntity;
  const Levels complaints = Complaints(Root(), options);
  EXPECT_TRUE(complaints.contains("basic-constraints-ca"));
  EXPECT_TRUE(complaints.contains("tn-auth-list-present"));
  options.role = ProfileRole::kRoot;
  EXPECT_TRUE(Complaints(Intermediate(), options).contains("issuer-name-matches"));
}

TEST(LintTest, DelegateCertificatesMayHoldNumbers) {
  Spec spec = EndEntity();
  spec.At(kTnAuthList).value = Der(0x30, One("12155550100") + One("12155550101"));
  spec.At(kConstraints).value = Der(0x30, Der(0xA0, Der(0x30, Der(0x16, "rcd"))));
  EXPECT_THAT(Complaints(spec), UnorderedElementsAre(Pair("tn-auth-list-single-spc", kError),
                                                     Pair("extensions-known", kError)));
  LintOptions options;
  options.delegate = true;
  EXPECT_THAT(Complaints(spec, options), IsEmpty());

  Spec ca = Intermediate();
  ca.At(kTnAuthList).value = Der(0x30, Spc("997E"));
  EXPECT_THAT(Complaints(ca, options), IsEmpty());
}

TEST(LintTest, AcceptsTheConfiguredPolicies) {
  Spec spec = EndEntity();
  spec.At(kPolicies).value = Policies({"1.2.3.4"});
  LintOptions options;
  options.policy_oids = {"1.2.3.4"};
  EXPECT_THAT(Complaints(spec, options), IsEmpty());
  EXPECT_THAT(Complaints(EndEntity(), options),
              UnorderedElementsAre(Pair("policies-accepted", kError)));
}

// Whatever a stranger put into a certificate: no crash, and every finding has its text.
TEST(LintTest, SurvivesHostileCertificates) {
  Spec empty;
  empty.version = 1;
  EXPECT_TRUE(Complaints(empty).contains("version-3"));

  // Broken or repeated CRL distribution points do not get as far as a Certificate.
  Spec junk = EndEntity();
  junk.Remove(kCrlPoints);
  Spec twice = junk;
  for (ExtensionSpec& extension : junk.extensions) extension.value = kJunk;
  EXPECT_THAT(
      Complaints(junk),
      IsSupersetOf({Pair("basic-constraints-critical", kError), Pair("key-usage-critical", kError),
                    Pair("ski-present", kError), Pair("aki-present", kError),
                    Pair("policies-single", kError), Pair("tn-auth-list-well-formed", kError)}));

  const auto extensions = twice.extensions;
  twice.extensions.insert(twice.extensions.end(), extensions.begin(), extensions.end());
  EXPECT_THAT(Complaints(twice),
              IsSupersetOf({Pair("extensions-unique", kError), Pair("policies-single", kError),
                            Pair("tn-auth-list-well-formed", kError)}));

  Spec huge = EndEntity();
  huge.subject.emplace_back("CN", std::string(20000, '\x01'));
  huge.serial = std::string(200, 'f');
  std::string arcs = "1.2";
  for (int i = 0; i < 200; ++i) arcs += ".4294967295";
  huge.At(arcs).value = "x";
  for (const LintFinding& finding : LintCertificate(Make(huge), nullptr)) {
    EXPECT_LT(finding.found.size(), 2000U) << finding.rule;
  }

  Spec path = Intermediate();
  path.At(kBasicConstraints).value = FromHex("30100101ff020b00ffffffffffffffffffff");
  Complaints(path);
  path.At(kBasicConstraints).value = FromHex("30060101ff0201ff");
  EXPECT_TRUE(Complaints(path).contains("path-length"));
}

TEST(LintTest, LeavesTheErrorQueueEmpty) {
  Spec spec = EndEntity();
  spec.Remove(kCrlPoints);
  for (ExtensionSpec& extension : spec.extensions) extension.value = kJunk;
  const Certificate certificate = Make(spec);
  ERR_clear_error();
  LintCertificate(certificate, nullptr);
  EXPECT_EQ(ERR_peek_error(), 0UL);
}

}  // namespace
}  // namespace callvet
