// SPDX-License-Identifier: MIT
#include "pki/claim_constraints.h"

#include <string>
#include <string_view>

#include "support/result_matchers.h"

namespace callvet {
namespace {

using Form = ClaimConstraints::Form;
using ::testing::ElementsAre;

std::string El(int tag, const std::string& contents) {
  return std::string{static_cast<char>(tag), static_cast<char>(contents.size())} + contents;
}
std::string Seq(const std::string& contents) {
  return El(0x30, contents);
}
std::string Ia5(const std::string& text) {
  return El(0x16, text);
}
std::string Utf8(const std::string& text) {
  return El(0x0C, text);
}
std::string MustInclude(const std::string& names) {
  return El(0xA0, Seq(names));
}
std::string Permitted(const std::string& values) {
  return El(0xA1, Seq(values));
}
std::string MustExclude(const std::string& names) {
  return El(0xA2, Seq(names));
}

Result<ClaimConstraints> ParseConstraints(const std::string& der, Form form = Form::kEnhanced) {
  const ExactBytes exact(der);
  return ClaimConstraints::Parse(
      {reinterpret_cast<const uint8_t*>(exact.view().data()), exact.view().size()}, form);
}

TEST(ClaimConstraintsTest, B20_AllParts) {
  const auto parsed = ParseConstraints(
      Seq(MustInclude(Ia5("rcd") + Ia5("crn")) +
          Permitted(Seq(Ia5("attest") + Seq(Utf8("A") + Utf8("B")))) + MustExclude(Ia5("div"))));
  ASSERT_THAT(parsed, Succeeds());
  EXPECT_THAT(parsed->must_include, ElementsAre("rcd", "crn"));
  EXPECT_THAT(parsed->permitted_values,
              ElementsAre(ClaimConstraints::PermittedValues{"attest", {"A", "B"}}));
  EXPECT_THAT(parsed->must_exclude, ElementsAre("div"));
}

TEST(ClaimConstraintsTest, B20_MustExcludeIsForTheEnhancedFormOnly) {
  EXPECT_THAT(ParseConstraints(Seq(MustExclude(Ia5("div"))), Form::kEnhanced), Succeeds());
  EXPECT_THAT(ParseConstraints(Seq(MustExclude(Ia5("div"))), Form::kOriginal),
              FailsWith(Reason::kClaimConstraintsMalformed));
}

TEST(ClaimConstraintsTest, B23_ExcludingABaseClaimCountsAsAbsent) {
  for (const char* name : {"iat", "orig", "dest"}) {
    const auto parsed =
        ParseConstraints(Seq(MustInclude(Ia5("rcd")) + MustExclude(Ia5("div") + Ia5(name))));
    ASSERT_THAT(parsed, Succeeds()) << name;
    EXPECT_TRUE(parsed->empty()) << name;
  }
}

TEST(ClaimConstraintsTest, B25_MalformedDerIsRefused) {
  const std::string good = Seq(MustInclude(Ia5("rcd")));
  for (const std::string& der : {
           std::string(),
           Seq(""),                                               // no part
           Seq(MustInclude("")),                                  // an empty list
           Seq(Permitted("")),                                    //
           Seq(Permitted(Seq(Ia5("attest") + Seq("")))),          // no permitted value
           Seq(Permitted(Seq(Ia5("attest")))),                    //
           Seq(Permitted(Seq(Ia5("attest") + Seq(Ia5("A"))))),    // not UTF8String
           Seq(Permitted(Seq(Utf8("attest") + Seq(Utf8("A"))))),  // not IA5String
           Seq(Permitted(Seq(Ia5("a") + Seq(Utf8("\xFF"))))),     // not UTF-8
           Seq(MustInclude(Utf8("rcd"))),                         //
           Seq(MustInclude(Ia5(""))),                             //
           Seq(MustInclude(Ia5("rc\xE9"))),                       //
           Seq(El(0x80, Ia5("rcd"))),                             // IMPLICIT
           Seq(El(0xA0, Ia5("rcd"))),                             // no SEQUENCE
           Seq(MustInclude(Ia5("a")) + MustInclude(Ia5("b"))),    // twice
           Seq(MustExclude(Ia5("a")) + MustInclude(Ia5("b"))),    // wrong order
           Seq(El(0xA0, Seq(Ia5("a")) + Seq(Ia5("b")))),          // two lists in one
           good + "x",                                            // bytes left over
           good.substr(0, good.size() - 1),                       //
           El(0x31, MustInclude(Ia5("rcd"))),                     // a SET
       }) {
    EXPECT_THAT(ParseConstraints(der), FailsWith(Reason::kClaimConstraintsMalformed));
  }
}

TEST(ClaimConstraintsTest, EveryCutIsMalformed) {
  const std::string good =
      Seq(MustInclude(Ia5("rcd")) + Permitted(Seq(Ia5("attest") + Seq(Utf8("A")))));
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_THAT(ParseConstraints(good.substr(0, size)),
                FailsWith(Reason::kClaimConstraintsMalformed));
  }
}

}  // namespace
}  // namespace callvet
