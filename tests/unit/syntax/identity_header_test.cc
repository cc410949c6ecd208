// SPDX-License-Identifier: MIT
#include "callvet/identity_header.h"

#include <random>
#include <string>

#include "base/text.h"
#include "support/result_matchers.h"

namespace callvet {
namespace {

using namespace std::string_view_literals;
using ::testing::ElementsAre;

constexpr std::string_view kToken = "eyJh.eyJi.c2ln";
constexpr std::string_view kInfo = "https://cert.example.org/p.pem";

Result<IdentityHeader> Parse(std::string_view value) {
  return IdentityHeader::Parse(ExactBytes(value).view());
}

std::string With(std::string_view parameters) {
  return std::string(kToken).append(parameters);
}

TEST(IdentityHeader, A1_FullFormIsTakenApart) {
  const auto header = Parse(With(";info=<https://cert.example.org/p.pem>;alg=ES256;ppt=shaken"));
  ASSERT_THAT(header, Succeeds());
  EXPECT_EQ(header->form(), IdentityHeader::Form::kFull);
  EXPECT_EQ(header->token(), kToken);
  EXPECT_EQ(header->signing_input(), "eyJh.eyJi");
  EXPECT_EQ(header->header_part(), "eyJh");
  EXPECT_EQ(header->payload_part(), "eyJi");
  EXPECT_EQ(header->signature_part(), "c2ln");
  ASSERT_TRUE(header->info());
  EXPECT_EQ(header->info()->uri, kInfo);
  EXPECT_TRUE(header->info()->bracketed);
  EXPECT_EQ(header->alg(), "ES256");
  EXPECT_EQ(header->ppt(), "shaken");
}

TEST(IdentityHeader, A1_WhiteSpaceInsideTheToken_IsMalformed) {
  for (const std::string_view value :
       {"eyJh .eyJi.c2ln"sv, "eyJh. eyJi.c2ln"sv, "eyJh.eyJi.c2\tln"sv,
        "eyJh.eyJi.c2ln c2ln;info=<x:y>"sv, "eyJh.\r\n eyJi.c2ln"sv,
        "eyJh.ey\n          Ji.c2ln;ppt=shaken"sv}) {
    EXPECT_THAT(Parse(value), FailsWith(Reason::kIdentityMalformed)) << value;
  }
}

TEST(IdentityHeader, A1_ForeignCharactersInTheToken_AreMalformed) {
  for (const std::string_view value :
       {"eyJh.ey,Ji.c2ln"sv, "eyJh.eyJi.\"c2ln\""sv, "<eyJh.eyJi.c2ln>"sv, "eyJh.eyJi.c2\xE9ln"sv,
        "eyJh.eyJi.c2ln\0"sv, "eyJh.ey\0Ji.c2ln;info=<x:y>"sv, "eyJh.eyJi.c2ln:x"sv,
        "eyJh.eyJi.c2ln%41"sv}) {
    EXPECT_THAT(Parse(value), FailsWith(Reason::kIdentityMalformed));
  }
}

TEST(IdentityHeader, A1_NoToken_IsMalformed) {
  for (const std::string_view value :
       {"", " ", "\r\n", ";", ";info=<https://cert.example.org/p.pem>", " ;ppt=shaken", ";;"}) {
    EXPECT_THAT(Parse(value), FailsWith(Reason::kIdentityMalformed)) << value;
  }
}

TEST(IdentityHeader, A1_MissingSemicolon_IsMalformed) {
  // Asterisk crashed on one; PortSIP's documents show one.
  for (const std::string_view parameters :
       {";info=<https://cert.example.org/p.pem>alg=ES256;ppt=shaken", ";alg=ES256 ppt=shaken",
        ";ppt=\"shaken\"alg=ES256", ";ppt=\"shaken\" \"x\"", ";info=<x:y>,alg=ES256", ";alg=ES256>",
        " info=<https://cert.example.org/p.pem>", ";info=x<x:y>"}) {
    EXPECT_THAT(Parse(With(parameters)), FailsWith(Reason::kIdentityMalformed)) << parameters;
  }
}

TEST(IdentityHeader, A1_ParameterWithoutName_IsMalformed) {
  for (const std::string_view parameters : {";", ";info=<x:y>;", ";;info=<x:y>", ";=x", "; ;a=b",
                                            ";\"info\"=<x:y>", ";<x:y>", ";\xC3\xA9=1"}) {
    EXPECT_THAT(Parse(With(parameters)), FailsWith(Reason::kIdentityMalformed)) << parameters;
  }
}

TEST(IdentityHeader, A1_UnclosedQuoteOrBracket_IsMalformed) {
  for (const std::string_view parameters :
       {";info=<x:y", ";info=<", ";ppt=\"shaken", ";ppt=\"", ";ppt=\"shaken\\", ";ppt=\"shaken\\\"",
        ";x=\"a;info=<x:y>"}) {
    EXPECT_THAT(Parse(With(parameters)), FailsWith(Reason::kIdentityMalformed)) << parameters;
  }
}

TEST(IdentityHeader, A2_MissingInfo_IsNoFailureHere) {
  for (const std::string& value : {With(""), With(";alg=ES256;ppt=shaken")}) {
    const auto header = Parse(value);
    ASSERT_THAT(header, Succeeds());
    EXPECT_FALSE(header->info());
  }
}

TEST(IdentityHeader, A2_InfoWithoutBrackets_IsKnownAsSuch) {
  for (const std::string_view parameters :
       {";info=https://cert.example.org/p.pem", ";info=\"https://cert.example.org/p.pem\""}) {
    const auto header = Parse(With(parameters));
    ASSERT_THAT(header, Succeeds()) << parameters;
    ASSERT_TRUE(header->info());
    EXPECT_EQ(header->info()->uri, kInfo);
    EXPECT_FALSE(header->info()->bracketed);
  }
}

TEST(IdentityHeader, A2_InfoIsNotNormalised) {
  const auto header = Parse(With(";info=<HTTPS://Cert.example.org:443/a/../%70;x=1,2>"));
  ASSERT_THAT(header, Succeeds());
  EXPECT_EQ(header->info()->uri, "HTTPS://Cert.example.org:443/a/../%70;x=1,2");
}

TEST(IdentityHeader, A3_OrderCaseAndWhiteSpaceAreFree) {
  for (const std::string_view parameters :
       {";ppt=shaken;alg=ES256;info=<https://cert.example.org/p.pem>",
        ";PPT=shaken;Alg=ES256;INFO=<https://cert.example.org/p.pem>",
        " ; ppt = shaken ;\talg\t=\tES256 ; info = <https://cert.example.org/p.pem> ",
        "\r\n ;ppt=shaken;alg=ES256\r\n\t;info=\r\n <https://cert.example.org/p.pem>\r\n"}) {
    const auto header = Parse(With(parameters));
    ASSERT_THAT(header, Succeeds()) << parameters;
    EXPECT_EQ(header->info()->uri, kInfo);
    EXPECT_EQ(header->alg(), "ES256");
    EXPECT_EQ(header->ppt(), "shaken");
  }
}

TEST(IdentityHeader, A3_QuotedAndUnquotedValuesAreTheSame) {
  const auto header = Parse(With(";ppt=\"shaken\";alg=\"ES\\256\""));
  ASSERT_THAT(header, Succeeds());
  EXPECT_EQ(header->ppt(), "shaken");
  EXPECT_EQ(header->alg(), "ES256");
}

TEST(IdentityHeader, A3_AbsentAlgAndPptAreAbsent) {
  const auto header = Parse(With(";info=<https://cert.example.org/p.pem>"));
  ASSERT_THAT(header, Succeeds());
  EXPECT_FALSE(header->alg());
  EXPECT_FALSE(header->ppt());
}

TEST(IdentityHeader, A3_ValuesAreNotJudged) {
  const auto header = Parse(With(";alg=none;ppt=Shaken"));
  ASSERT_THAT(header, Succeeds());
  EXPECT_EQ(header->alg(), "none");
  EXPECT_EQ(header->ppt(), "Shaken");
}

TEST(IdentityHeader, A3_UnknownParametersAreIgnoredEvenTwice) {
  const auto header =
      Parse(With(";x;x;y=1;y=\"a;info=<evil:x>;ppt=div\";info=<x:y>;z=<a;ppt=div>;appt=2"));
  ASSERT_THAT(header, Succeeds());
  EXPECT_EQ(header->info()->uri, "x:y");
  EXPECT_FALSE(header->ppt());
}

TEST(IdentityHeader, A3_DuplicateInfo_IsDuplicateParameter) {
  for (const std::string_view parameters :
       {";info=<x:y>;info=<x:y>", ";info=<x:y>;alg=ES256;Info=<x:z>", ";info;info=<x:y>",
        ";info=<x:y>; INFO"}) {
    EXPECT_THAT(Parse(With(parameters)), FailsWith(Reason::kDuplicateParameter)) << parameters;
  }
}

TEST(IdentityHeader, A3_DuplicateAlgOrPpt_IsDuplicateParameter) {
  for (const std::string_view parameters :
       {";alg=ES256;alg=ES256", ";alg=ES256;ALG=none", ";ppt=shaken;info=<x:y>;ppt=shaken",
        ";ppt=shaken;Ppt=\"div\"", ";ppt=;ppt=shaken"}) {
    EXPECT_THAT(Parse(With(parameters)), FailsWith(Reason::kDuplicateParameter)) << parameters;
  }
}

TEST(IdentityHeader, A3_AlgOrPptInBrackets_IsMalformed) {
  EXPECT_THAT(Parse(With(";alg=<ES256>")), FailsWith(Reason::kIdentityMalformed));
  EXPECT_THAT(Parse(With(";ppt=<shaken>")), FailsWith(Reason::kIdentityMalformed));
}

TEST(IdentityHeader, A6_CompactForm) {
  const auto header = Parse("..c2ln;info=<https://cert.example.org/p.pem>");
  ASSERT_THAT(header, Succeeds());
  EXPECT_EQ(header->form(), IdentityHeader::Form::kCompact);
  EXPECT_EQ(header->token(), "..c2ln");
  EXPECT_EQ(header->header_part(), "");
  EXPECT_EQ(header->payload_part(), "");
  EXPECT_EQ(header->signature_part(), "c2ln");
}

TEST(IdentityHeader, A6_OtherNumbersOfParts_AreTokenMalformed) {
  for (const std::string_view value :
       {"eyJh", "eyJh.eyJi", "eyJh.eyJi.c2ln.x", "a.b.c.d.e", ".", "...", "....", "eyJh.eyJi.c2ln.",
        ".eyJh.eyJi.c2ln", "eyJh.eyJi...c2ln", "eyJhbGciOiJFUzI1NiJ9..."}) {
    EXPECT_THAT(Parse(value), FailsWith(Reason::kTokenMalformed)) << value;
    EXPECT_THAT(Parse(std::string(value) + ";info=<x:y>"), FailsWith(Reason::kTokenMalformed));
  }
}

TEST(IdentityHeader, A6_EmptyParts_AreTokenMalformed) {
  for (const std::string_view value :
       {"..", "eyJh..c2ln", ".eyJi.c2ln", "eyJh.eyJi.", "eyJh..", ".eyJi."}) {
    EXPECT_THAT(Parse(value), FailsWith(Reason::kTokenMalformed)) << value;
  }
}

TEST(IdentityHeader, A8_SizeIsLimitedBeforeAnythingElse) {
  std::string value = "a.b." + std::string(kMaxIdentityBytes - 4, 'c');
  EXPECT_THAT(Parse(value), Succeeds());
  value += 'c';
  EXPECT_THAT(Parse(value), FailsWith(Reason::kIdentityTooLarge));
  EXPECT_THAT(Parse(std::string(kMaxIdentityBytes + 1, '\0')),
              FailsWith(Reason::kIdentityTooLarge));
  EXPECT_THAT(IdentityHeader::ParseBareToken(value), FailsWith(Reason::kIdentityTooLarge));
  // libstirshaken refuses tokens of more than 2000 characters.
  EXPECT_THAT(Parse("a." + std::string(4000, 'b') + ".c;info=<x:y>"), Succeeds());
}

// What is in one line is not unfolded; a control character must not get that far.
TEST(IdentityHeader, ControlCharactersAnywhere_AreMalformed) {
  const std::string good =
      With(" ;info=<https://cert.example.org/p.pem>;alg=\"ES256\" ; ppt=shaken");
  ASSERT_THAT(Parse(good), Succeeds());
  for (const char control : {'\0', '\x01', '\x0B', '\x1F', '\x7F', '\r', '\n'}) {
    for (size_t at = 1; at < good.size(); ++at) {
      std::string value = good;
      value.insert(at, 1, control);
      // A line break that white space follows is a fold.
      const bool fold = (control == '\r' || control == '\n') && value[at + 1] == ' ';
      if (fold) continue;
      EXPECT_THAT(Parse(value), FailsWith(Reason::kIdentityMalformed)) << at;
    }
  }
}

// The same parameters with white space among them are never read as plain ones.
void ExpectReadAlike(const std::string& parameters) {
  const auto plain = Parse(With(parameters));
  const auto other = Parse(With(parameters.substr(0, 1) + " " + parameters.substr(1)));
  ASSERT_EQ(plain.has_value(), other.has_value()) << parameters;
  if (!plain) {
    EXPECT_EQ(plain.error().reason, other.error().reason) << parameters;
    return;
  }
  EXPECT_EQ(plain->token(), other->token());
  EXPECT_EQ(plain->alg(), other->alg()) << parameters;
  EXPECT_EQ(plain->ppt(), other->ppt()) << parameters;
  ASSERT_EQ(plain->info().has_value(), other->info().has_value()) << parameters;
  if (!plain->info()) return;
  EXPECT_EQ(plain->info()->uri, other->info()->uri) << parameters;
  EXPECT_EQ(plain->info()->bracketed, other->info()->bracketed) << parameters;
}

TEST(IdentityHeader, A3_PlainParametersAreReadLikeAnyOther) {
  const std::string texts[] = {";info=<https://cert.example.org/p.pem>;alg=ES256;ppt=shaken",
                               ";alg=ES256;info=<x:y>",
                               ";ppt=div;alg=;info=<>",
                               ";info=<",
                               ";info=<a>;info=<a>",
                               ";alg=a;alg=a",
                               ";ppt=\"b\";ppt"};
  const std::string pieces = ";=<>\",\\ \tinfoalgpt.AS2\x7f\r\n";
  std::mt19937 random(1);
  const auto below = [&](size_t end) { return random() % end; };
  for (const std::string& text : texts) {
    ExpectReadAlike(text);
    for (int round = 0; round < 10000; ++round) {
      std::string changed = text;
      for (size_t n = below(3) + 1; n > 0; --n) {
        const size_t at = 1 + below(changed.size());
        changed.replace(at, below(3), std::string(below(2), pieces[below(pieces.size())]));
      }
      ExpectReadAlike(changed);
    }
  }
}

// Every byte at every place of tokens of every length about those that are looked at together.
TEST(IdentityHeader, A6_AForeignCharacterIsFoundAnywhere) {
  for (size_t size = 5; size < 40; ++size) {
    const std::string token = "a.b." + std::string(size - 4, 'c');
    for (size_t at = 4; at < size; ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string changed = token;
        changed[at] = static_cast<char>(byte);
        const char c = changed[at];
        if (c == '.' || c == ';' || c == ' ' || c == '\t' || c == '\r' || c == '\n') continue;
        const bool good = IsAlpha(c) || IsDigit(c) || std::string_view("-_+/=").find(c) < 5;
        EXPECT_EQ(Parse(changed + ";info=<x:y>").has_value(), good) << byte << " at " << at;
      }
    }
  }
}

TEST(IdentityHeader, AFoldedHeaderIsTheOneInOneLine) {
  for (const std::string_view gap : {"", " ", "\t", "\r\n ", " \r\n\t ", "\n ", "\r\t"}) {
    const std::string space(gap);
    const auto header =
        Parse(space + std::string(kToken) + space + ";" + space + "info" + space + "=" + space +
              "<" + std::string(kInfo) + ">" + space + ";PPT=shaken" + space);
    ASSERT_THAT(header, Succeeds()) << space;
    EXPECT_EQ(header->token(), kToken);
    EXPECT_EQ(header->signature_part(), "c2ln");
    EXPECT_EQ(header->info()->uri, kInfo);
    EXPECT_EQ(header->ppt(), "shaken");
  }
}

TEST(IdentityHeader, LineBreaks_AreFoldsOrMalformed) {
  EXPECT_THAT(Parse(With(";info=<x:y>\r\nFrom: <sip:+12155550100@example.org>")),
              FailsWith(Reason::kIdentityMalformed));
  EXPECT_THAT(Parse(With("\n;info=<x:y>")), FailsWith(Reason::kIdentityMalformed));
  EXPECT_THAT(Parse("\r\n" + With(";info=<x:y>")), FailsWith(Reason::kIdentityMalformed));
  EXPECT_THAT(Parse("\r\n " + With(";info=<x:y>\r\n")), Succeeds());
}

TEST(IdentityHeader, BareToken) {
  const auto header = IdentityHeader::ParseBareToken(ExactBytes(" eyJh.eyJi.c2ln\r\n").view());
  ASSERT_THAT(header, Succeeds());
  EXPECT_EQ(header->form(), IdentityHeader::Form::kBareToken);
  EXPECT_EQ(header->token(), kToken);
  EXPECT_EQ(header->signing_input(), "eyJh.eyJi");
  EXPECT_FALSE(header->info());
}

TEST(IdentityHeader, BareTokenThatIsNone_Fails) {
  const auto parse = [](std::string_view text) {
    return IdentityHeader::ParseBareToken(ExactBytes(text).view());
  };
  EXPECT_THAT(parse("..c2ln"), FailsWith(Reason::kTokenMalformed));
  EXPECT_THAT(parse("eyJh.eyJi"), FailsWith(Reason::kTokenMalformed));
  EXPECT_THAT(parse(""), FailsWith(Reason::kIdentityMalformed));
  EXPECT_THAT(parse("eyJh.eyJi.c2ln;info=<x:y>"), FailsWith(Reason::kIdentityMalformed));
  EXPECT_THAT(parse("eyJh.eyJi\r\n .c2ln"), FailsWith(Reason::kIdentityMalformed));
}

TEST(IdentityHeader, EverySingleByteChangeIsReadOrRefusedWithAReasonOfTheHeader) {
  const std::string value =
      "eyJh.eyJi.c2ln;info=<https://cert.example.org/p>;alg=\"ES256\" ; ppt=shaken";
  size_t accepted = 0;
  for (size_t at = 0; at < value.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string changed = value;
      changed[at] = static_cast<char>(byte);
      const auto header = Parse(changed);
      if (header) {
        ++accepted;
        // What is signed is what was received.
        EXPECT_NE(changed.find(header->token()), std::string::npos);
        EXPECT_EQ(header->token(), std::string(header->signing_input()) + "." +
                                       std::string(header->signature_part()));
        continue;
      }
      const Reason reason = header.error().reason;
      EXPECT_TRUE(reason == Reason::kIdentityMalformed || reason == Reason::kTokenMalformed ||
                  reason == Reason::kDuplicateParameter)
          << Info(reason).id << " for " << byte << " at " << at;
    }
    (void)Parse(value.substr(0, at));
    (void)Parse(value.substr(at));
    (void)IdentityHeader::ParseBareToken(value.substr(0, at));
  }
  EXPECT_GT(accepted, value.size());
}

TEST(SplitHeaderValues, A5_SplitsOutsideQuotesAndBracketsOnly) {
  EXPECT_THAT(SplitHeaderValues(""), ElementsAre(""));
  EXPECT_THAT(SplitHeaderValues("a"), ElementsAre("a"));
  EXPECT_THAT(SplitHeaderValues("a,b"), ElementsAre("a", "b"));
  EXPECT_THAT(SplitHeaderValues("a, b ,"), ElementsAre("a", " b ", ""));
  EXPECT_THAT(SplitHeaderValues(",,"), ElementsAre("", "", ""));
  EXPECT_THAT(SplitHeaderValues("a;info=<x:y,z>;x=\"p,q\",b;info=<x:\",\">"),
              ElementsAre("a;info=<x:y,z>;x=\"p,q\"", "b;info=<x:\",\">"));
  EXPECT_THAT(SplitHeaderValues("a;x=\"\\\",\",b"), ElementsAre("a;x=\"\\\",\"", "b"));
  EXPECT_THAT(SplitHeaderValues("a;x=\"<\",b;y=\">\""), ElementsAre("a;x=\"<\"", "b;y=\">\""));
}

TEST(SplitHeaderValues, A5_BrokenValuesAreKeptWhole) {
  EXPECT_THAT(SplitHeaderValues("a;info=<x,b"), ElementsAre("a;info=<x,b"));
  EXPECT_THAT(SplitHeaderValues("a;x=\"y,b"), ElementsAre("a;x=\"y,b"));
  EXPECT_THAT(SplitHeaderValues(ExactBytes("a;x=\"y\\").view()).size(), 1U);
}

TEST(SplitHeaderValues, A5_PiecesAreTheWholeBody) {
  constexpr std::string_view kParts[] = {"a", ",", "\"", "\\", "<", ">", ";"};
  for (int n = 0; n < 7 * 7 * 7 * 7 * 7; ++n) {
    std::string body;
    for (int rest = n, i = 0; i < 5; ++i, rest /= 7) body += kParts[rest % 7];
    const ExactBytes bytes(body);
    std::string joined;
    for (const std::string_view piece : SplitHeaderValues(bytes.view())) {
      joined +=
          (joined.empty() && piece.data() == bytes.view().data() ? "" : ",") + std::string(piece);
    }
    ASSERT_EQ(joined, body);
  }
}

}  // namespace
}  // namespace callvet
