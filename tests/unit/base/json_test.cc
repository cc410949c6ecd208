// SPDX-License-Identifier: MIT
#include "base/json.h"

#include <chrono>

#include "support/result_matchers.h"

namespace callvet {
namespace {

using namespace std::string_view_literals;

Result<JsonValue> Read(std::string_view text, const JsonLimits& limits = {}) {
  return ReadJson(ExactBytes(text).view(), limits);
}

std::string Canonical(std::string_view text) {
  const auto value = Read(text);
  return value ? CanonicalJson(*value) : "failed: " + std::string(Info(value.error().reason).id);
}

TEST(Json, ReadsEveryKind) {
  const auto json = Read(R"( {"n":null,"t":true,"f":false,"i":-7,"u":18446744073709551615,
                              "r":1.5,"s":"x","a":[1,[]],"o":{}} )");
  ASSERT_THAT(json, Succeeds());
  ASSERT_TRUE(json->IsObject());
  EXPECT_TRUE(json->Find("n")->IsNull());
  EXPECT_TRUE(*json->Find("t")->AsBool());
  EXPECT_FALSE(*json->Find("f")->AsBool());
  int64_t number = 0;
  EXPECT_TRUE(json->Find("i")->GetInt(number));
  EXPECT_EQ(number, -7);
  EXPECT_FALSE(json->Find("u")->GetInt(number));
  EXPECT_FALSE(json->Find("r")->GetInt(number));
  EXPECT_EQ(*json->Find("s")->AsString(), "x");
  EXPECT_EQ(json->Find("a")->AsArray()->size(), 2U);
  EXPECT_TRUE(json->Find("o")->IsObject());
  EXPECT_EQ(json->Find("none"), nullptr);
  EXPECT_EQ(json->Find("a")->Find("x"), nullptr);
}

TEST(Json, A20_DuplicateNamesAtEveryDepth_AreRefused) {
  for (const std::string_view text :
       {R"({"a":1,"a":2})", R"({"a":1,"b":2,"a":1})", R"({"x":{"a":1,"a":1}})",
        R"([{"a":1,"a":1}])", R"([[[{"a":{"b":[{"c":1,"c":2}]}}]]])", R"({"":1,"":2})",
        R"({"a":{},"a":[]})", R"({"orig":{"tn":"12155550100"},"orig":{"tn":"12155550101"}})"}) {
    EXPECT_THAT(Read(text), FailsWith(Reason::kJsonDuplicateName)) << text;
  }
}

TEST(Json, A20_NamesThatAreEqualAfterEscapes_AreDuplicates) {
  for (const std::string_view text :
       {R"({"a":1,"\u0061":2})", R"({"\u0061":1,"a":2})", R"({"or\u0069g":1,"orig":2})",
        R"({"/":1,"\/":2})", "{\"\xC3\xA9\":1,\"\\u00e9\":2}", R"({"\u00E9":1,"\u00e9":2})",
        "{\"\xF0\x9F\x98\x80\":1,\"\\ud83d\\ude00\":2}", R"({"\n":1,"\u000a":2})"}) {
    EXPECT_THAT(Read(text), FailsWith(Reason::kJsonDuplicateName)) << text;
  }
}

TEST(Json, A20_NamesThatOnlyLookEqual_AreNotDuplicates) {
  for (const std::string_view text :
       {R"({"a":1,"A":2})", R"({"a":1,"a ":2})", R"({"a":1,"a\u0000":2})",
        "{\"\xC3\xA9\":1,\"e\\u0301\":2}", R"([{"a":1},{"a":2}])", R"({"a":{"a":{"a":1}}})"}) {
    EXPECT_THAT(Read(text), Succeeds()) << text;
  }
}

TEST(Json, A8_Depth) {
  for (const std::string_view unit : {"["sv, "{\"a\":"sv}) {
    const std::string_view close = unit == "[" ? "]" : "}";
    const auto nested = [&](size_t depth) {
      std::string text;
      for (size_t i = 0; i < depth; ++i) text += unit;
      text += "1";
      for (size_t i = 0; i < depth; ++i) text += close;
      return text;
    };
    EXPECT_THAT(Read(nested(16)), Succeeds());
    EXPECT_THAT(Read(nested(17)), FailsWith(Reason::kJsonLimit));
    EXPECT_THAT(Read(nested(5000)), FailsWith(Reason::kJsonLimit));
  }
  EXPECT_THAT(Read(std::string(60000, '[')), FailsWith(Reason::kJsonLimit));
}

TEST(Json, A8_SizeAndNumberOfValues) {
  JsonLimits limits;
  limits.max_bytes = 10;
  EXPECT_THAT(Read("[1,2,3,44]", limits), Succeeds());
  EXPECT_THAT(Read("[1,2,3,444]", limits), FailsWith(Reason::kJsonLimit));
  limits = {};
  limits.max_values = 4;
  EXPECT_THAT(Read("[1,2,3]", limits), Succeeds());
  EXPECT_THAT(Read("[1,2,3,4]", limits), FailsWith(Reason::kJsonLimit));
  EXPECT_THAT(Read(R"({"a":[[],{}],"b":1})", limits), FailsWith(Reason::kJsonLimit));
  EXPECT_THAT(Read("\"" + std::string(64 * 1024, 'a') + "\""), FailsWith(Reason::kJsonLimit));
}

// As many as there is room for. (Quadratic work would meet the time limit of the whole program.)
TEST(Json, A8_ManyMembersAreRead) {
  std::string text = "{";
  for (int i = 0; i < 6000; ++i) text += "\"" + std::to_string(i) + "\":1,";
  text.back() = '}';
  EXPECT_THAT(Read(text), Succeeds());
}

TEST(Json, NulBytes_AreInvalid) {
  for (const std::string_view text :
       {"\0"sv, "1\0"sv, "{}\0"sv, "{}\0{}"sv, "{\"a\0\":1}"sv, "\0{}"sv, "[1,\0 2]"sv}) {
    EXPECT_THAT(Read(text), FailsWith(Reason::kJsonInvalid));
  }
}

TEST(Json, ByteOrderMarks_AreInvalid) {
  for (const std::string_view text : {"\xEF\xBB\xBF{}"sv, "\xFF\xFE{\0}\0"sv, "\xFE\xFF\0{\0}"sv,
                                      "\xEF\xBB"sv, " \xEF\xBB\xBF{}"sv, "{}\xEF\xBB\xBF"sv}) {
    EXPECT_THAT(Read(text), FailsWith(Reason::kJsonInvalid));
  }
}

TEST(Json, BytesAfterTheValue_AreInvalid) {
  for (const std::string_view text : {"{}x", "{}{}", "{},", "1 2", "[]]", "{}}", "null null",
                                      "{}\x01", "{} // x", "{}\xC2\xA0", "{}\f"}) {
    EXPECT_THAT(Read(text), FailsWith(Reason::kJsonInvalid)) << text;
  }
  EXPECT_THAT(Read("\r\n\t {} \r\n\t "), Succeeds());
}

TEST(Json, GrammarThatOtherReadersForgive_IsInvalid) {
  for (const std::string_view text :
       {"",           " ",         "{",          "}",           "[",           "]",
        "{]",         "[1,]",      "{\"a\":1,}", "{,}",         "[,1]",        "{\"a\"}",
        "{\"a\":}",   "{a:1}",     "{'a':1}",    "'a'",         "\"a",         "\"a\\\"",
        "tru",        "True",      "TRUE",       "nul",         "NaN",         "Infinity",
        "-Infinity",  "undefined", "/*x*/1",     "//x\n1",      "\"\t\"",      "\"\n\"",
        "\"\\x41\"",  "\"\\a\"",   "\"\\u12\"",  "\"\\u12G4\"", "\"\\U0041\"", "1;",
        "{\"a\":1;}", "{\"a\"=1}", "{1:1}",      "{null:1}",    "[1 2]"}) {
    EXPECT_THAT(Read(text), FailsWith(Reason::kJsonInvalid)) << text;
  }
}

TEST(Json, NumbersOutsideTheGrammar_AreInvalid) {
  for (const std::string_view text : {"01", "-01", "00", "+1", "-", ".5", "1.", "1.e1", "1e", "1e+",
                                      "0x10", "1_000", "--1", "1e999", "-1e999", "1,0", "٣"}) {
    EXPECT_THAT(Read(text), FailsWith(Reason::kJsonInvalid)) << text;
  }
}

TEST(Json, BytesThatAreNotUtf8_AreInvalid) {
  // Stray continuation, cut sequences, overlong forms, surrogates, beyond U+10FFFF, Latin-1.
  for (const std::string_view bytes :
       {"\x80"sv, "\xBF"sv, "\xC3"sv, "\xE2\x82"sv, "\xF0\x9F\x98"sv, "\xC0\x80"sv, "\xC0\xAF"sv,
        "\xC1\xBF"sv, "\xE0\x80\xAF"sv, "\xF0\x80\x80\xAF"sv, "\xED\xA0\x80"sv, "\xED\xBF\xBF"sv,
        "\xF4\x90\x80\x80"sv, "\xF8\x88\x80\x80\x80"sv, "\xFE"sv, "\xFF"sv, "caf\xE9"sv}) {
    std::string text = "{\"a\":\"";
    text += bytes;
    EXPECT_THAT(Read(text + "\"}"), FailsWith(Reason::kJsonInvalid));
    EXPECT_THAT(Read(text), FailsWith(Reason::kJsonInvalid));
    EXPECT_THAT(Read("{\"" + std::string(bytes) + "\":1}"), FailsWith(Reason::kJsonInvalid));
  }
}

TEST(Json, LoneSurrogates_AreInvalid) {
  for (const std::string_view text :
       {R"("\ud800")", R"("\udc00")", R"("\ud800\ud800")", R"("\udc00\ud800")", R"("\ud800x")",
        R"("\ud800\n")", R"("\ud83d\u0041")", R"({"\ud800":1})", R"("\uDBFF")"}) {
    EXPECT_THAT(Read(text), FailsWith(Reason::kJsonInvalid)) << text;
  }
  const auto pair = Read(R"("\ud83d\ude00")");
  ASSERT_THAT(pair, Succeeds());
  EXPECT_EQ(*pair->AsString(), "\xF0\x9F\x98\x80");
}

TEST(Json, EscapedNul_IsKeptInItsString) {
  const auto json = Read(R"({"a":"x\u0000y"})");
  ASSERT_THAT(json, Succeeds());
  EXPECT_EQ(*json->Find("a")->AsString(), "x\0y"sv);
}

TEST(Json, A15_OnlyWholeNumbersWithoutFractionAndExponentAreInts) {
  const struct {
    std::string_view text;
    int64_t value;
  } good[] = {{"0", 0},
              {"-0", 0},
              {"1443208345", 1443208345},
              {"9223372036854775807", std::numeric_limits<int64_t>::max()},
              {"-9223372036854775808", std::numeric_limits<int64_t>::min()}};
  for (const auto& [text, value] : good) {
    const auto json = Read(text);
    ASSERT_THAT(json, Succeeds()) << text;
    int64_t number = 1;
    EXPECT_TRUE(json->GetInt(number)) << text;
    EXPECT_EQ(number, value);
  }
  for (const std::string_view text :
       {"1.0", "1e3", "1E3", "1e0", "-0.0", "0e0", "9223372036854775808", "18446744073709551616",
        "-9223372036854775809", "1.5", "1e300", "\"1\"", "true", "null", "[1]"}) {
    const auto json = Read(text);
    ASSERT_THAT(json, Succeeds()) << text;
    int64_t number = 77;
    EXPECT_FALSE(json->GetInt(number)) << text;
    EXPECT_EQ(number, 77);
  }
}

TEST(Json, EverySingleByteChangeIsReadOrRefused) {
  const std::string text =
      R"({"dest":{"tn":["12155550100"]},"iat":1443208345,"x":[-1.5e3,"\u00e9"]})";
  for (size_t at = 0; at < text.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string changed = text;
      changed[at] = static_cast<char>(byte);
      if (const auto json = Read(changed)) {
        EXPECT_THAT(Read(CanonicalJson(*json)), Succeeds()) << changed;
      }
    }
    EXPECT_THAT(Read(text.substr(0, at)), FailsWith(Reason::kJsonInvalid));
  }
}

TEST(CanonicalJson, A19_SortsByCodePointAndDropsWhiteSpace) {
  EXPECT_EQ(Canonical(R"( { "b" : 1 , "a" : [ 2 , { "d":1 , "c" : 2 } ] , "B" : null } )"),
            R"({"B":null,"a":[2,{"c":2,"d":1}],"b":1})");
  EXPECT_EQ(Canonical(R"({"aa":1,"a":2,"":3})"), R"({"":3,"a":2,"aa":1})");
  // U+FF61 sorts before U+1F600 by code point, and behind it by UTF-16 code unit.
  EXPECT_EQ(Canonical(R"({"\ud83d\ude00":1,"\uff61":2,"z":3})"),
            "{\"z\":3,\"\xEF\xBD\xA1\":2,\"\xF0\x9F\x98\x80\":1}");
  EXPECT_EQ(Canonical("[3,1,2]"), "[3,1,2]");
}

// Strings are read by eight characters: wherever one stands, it is written as RFC 8259 7 says.
TEST(CanonicalJson, A19_EscapesWhereverACharacterStands) {
  for (int byte = 0; byte < 0x80; ++byte) {
    const char c = static_cast<char>(byte);
    std::string written(1, c);
    if (c == '"' || c == '\\') written.insert(0, 1, '\\');
    if (byte < 0x20) {
      const std::string json = CanonicalJson(JsonValue(written));
      written = json.substr(1, json.size() - 2);
      EXPECT_EQ(written.front(), '\\') << byte;
    }
    for (size_t before = 0; before < 18; ++before) {
      for (const size_t behind : {0U, 3U, 9U}) {
        const std::string text = std::string(before, 'a') + c + std::string(behind, 'z');
        EXPECT_EQ(CanonicalJson(JsonValue(text)),
                  '"' + std::string(before, 'a') + written + std::string(behind, 'z') + '"')
            << byte << " behind " << before;
      }
    }
  }
}

TEST(CanonicalJson, A19_EscapesOnlyWhatMustBe) {
  EXPECT_EQ(Canonical(R"("\u002f\/\u0022\u005c\u0041\u00e9")"), "\"//\\\"\\\\A\xC3\xA9\"");
  EXPECT_EQ(Canonical(R"("https:\/\/cert.example.org\/p.pem")"),
            R"("https://cert.example.org/p.pem")");
  EXPECT_EQ(Canonical("\"\x7F\""), "\"\x7F\"");
  const auto control = Read(CanonicalJson(JsonValue("\x01\n\x1F")));
  ASSERT_THAT(control, Succeeds());
  EXPECT_EQ(*control->AsString(), "\x01\n\x1F");
}

TEST(CanonicalJson, A19_IntegersHaveNoExponentFractionOrLeadingZero) {
  const struct {
    std::string_view text;
    std::string_view canonical;
  } cases[] = {{"0", "0"},
               {"-0", "0"},
               {"1.0", "1"},
               {"1e3", "1000"},
               {"-2.50e2", "-250"},
               {"1e17", "100000000000000000"},
               {"9223372036854775807", "9223372036854775807"},
               {"18446744073709551615", "18446744073709551615"},
               {"true", "true"},
               {"1.5", "1.5"}};
  for (const auto& [text, canonical] : cases) EXPECT_EQ(Canonical(text), canonical) << text;
}

TEST(CanonicalJson, A19_ClaimsOfAShakenPassportInTheirOrder) {
  JsonValue claims;
  claims.Add("origid", "de305d54-75b4-431b-adb2-eb6b9e546014");
  JsonValue orig;
  orig.Add("tn", "12155550100");
  claims.Add("orig", orig);
  claims.Add("iat", 1443208345);
  JsonValue dest;
  dest.Add("tn", JsonArray{"12355550101"});
  claims.Add("dest", dest);
  claims.Add("attest", "A");
  EXPECT_EQ(CanonicalJson(claims),
            R"({"attest":"A","dest":{"tn":["12355550101"]},"iat":1443208345,)"
            R"("orig":{"tn":"12155550100"},"origid":"de305d54-75b4-431b-adb2-eb6b9e546014"})");
}

TEST(CanonicalJson, BytesThatAreNotUtf8BecomeReplacementCharacters) {
  EXPECT_EQ(CanonicalJson(JsonValue("a\xFFz")), "\"a\xEF\xBF\xBDz\"");
}

// On one line and with indents two writers are at work.
TEST(WriteJson, OneLineSaysWhatTheIndentedTextSays) {
  JsonValue inner;
  inner.Add("text", "q\"b\\\n\x7f\xc3\xa4\xff");
  inner.Add("real", 0.5);
  inner.Add("big", uint64_t{18446744073709551615U});
  inner.Add("low", int64_t{-5});
  inner.Add("none", JsonValue());
  inner.Add("empty", JsonMembers{});
  JsonValue value;
  value.Add("b", 1);
  value.Add("a", JsonArray{JsonValue(inner), JsonValue(true), JsonValue(JsonArray{})});
  value.Add("b", 2);  // the last one counts
  const auto line = ReadJson(WriteJson(value));
  const auto indented = ReadJson(WriteJson(value, 2));
  ASSERT_TRUE(line && indented);
  EXPECT_EQ(CanonicalJson(*line), CanonicalJson(*indented));
  EXPECT_EQ(CanonicalJson(*line), CanonicalJson(value));
  EXPECT_EQ(WriteJson(value).find('\n'), std::string::npos);
}

TEST(WriteJson, KeepsTheOrderAndIndents) {
  JsonValue value;
  value.Add("b", 1);
  value.Add("a", JsonArray{true, "x"});
  EXPECT_EQ(WriteJson(value), R"({"b":1,"a":[true,"x"]})");
  EXPECT_EQ(WriteJson(value, 2), "{\n  \"b\": 1,\n  \"a\": [\n    true,\n    \"x\"\n  ]\n}");
  EXPECT_EQ(WriteJson(JsonMembers{{"a", JsonArray{}}, {"b", JsonMembers{}}}, 2),
            "{\n  \"a\": [],\n  \"b\": {}\n}");
  // Of members with one name the last counts, at the place of the first.
  EXPECT_EQ(WriteJson(JsonMembers{{"b", int64_t{1}}, {"a", int64_t{2}}, {"b", "\u00e9\n"}}),
            "{\"b\":\"\u00e9\\n\",\"a\":2}");
}

struct PlaceCase {
  std::string_view pointer;
  size_t line;
};

TEST(JsonWithComments, PlacesAndComments) {
  const std::string_view text =
      "// head\n{ /* { \n */\n\"a\": {\n\"b\": [1,\n2,\n\"x\"]},\n\"c\":\n7, \"d\": true}\n";
  const auto document = ReadJsonWithComments(ExactBytes(text).view());
  ASSERT_THAT(document, Succeeds());
  EXPECT_EQ(CanonicalJson(document->root), R"({"a":{"b":[1,2,"x"]},"c":7,"d":true})");
  for (const PlaceCase& c : std::vector<PlaceCase>{{"", 2},
                                                   {"/a", 4},
                                                   {"/a/b", 5},
                                                   {"/a/b/0", 5},
                                                   {"/a/b/1", 6},
                                                   {"/a/b/2", 7},
                                                   {"/c", 8},
                                                   {"/d", 9}}) {
    const auto place = document->places.find(std::string(c.pointer));
    ASSERT_NE(place, document->places.end()) << c.pointer;
    EXPECT_EQ(place->second.line, c.line) << c.pointer;
  }
}

TEST(JsonWithComments, IsAsStrictAsReadJsonOtherwise) {
  for (const auto& [text, reason] : std::vector<std::pair<std::string_view, Reason>>{
           {"{\"a\":1,\"a\":2}", Reason::kJsonDuplicateName},
           {"{\"a\":1,}", Reason::kJsonInvalid},
           {"{} {}", Reason::kJsonInvalid},
           {"{'a':1}", Reason::kJsonInvalid},
           {"{} /* open", Reason::kJsonInvalid},
           {"# no comment\n{}", Reason::kJsonInvalid},
           {"", Reason::kJsonInvalid},
           {"{}\0"sv, Reason::kJsonInvalid},
           {"\xEF\xBB\xBF{}", Reason::kJsonInvalid},
           {"[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]", Reason::kJsonLimit}}) {
    EXPECT_THAT(ReadJsonWithComments(ExactBytes(text).view()), FailsWith(reason)) << text;
  }
}

// What callers and signers send has no comments.
TEST(Json, CommentsAreRefused) {
  for (const std::string_view text : {"{}//", "/**/{}", "{\"a\":1/*x*/}", "{}/* x */"}) {
    EXPECT_THAT(Read(text), FailsWith(Reason::kJsonInvalid)) << text;
  }
}

}  // namespace
}  // namespace callvet
