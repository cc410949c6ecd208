// SPDX-License-Identifier: MIT
#include "base/json_stream.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "base/json.h"

namespace callvet::test {
namespace {

TEST(JsonStream, SetsCommasWhereTheyBelong) {
  JsonStream json;
  json.Open();
  json.AddString("a", "b");
  json.Name("empty");
  json.Open();
  json.Close();
  json.Name("list");
  json.OpenArray();
  json.Number(-1);
  json.Null();
  json.Bool(true);
  json.OpenArray();
  json.CloseArray();
  json.String(",");
  json.CloseArray();
  json.AddTextOrNull("none", "");
  json.AddNumberOrNull("zero", 0);
  json.AddNumberOrNull("most", INT64_MIN);
  json.AddStrings("texts", std::vector<std::string>{"[", "{", ":"});
  json.Name("json");
  json.Json(R"({"x":1})");
  json.Close();
  const std::string expected =
      R"({"a":"b","empty":{},"list":[-1,null,true,[],","],"none":null,"zero":null,)"
      R"("most":-9223372036854775808,"texts":["[","{",":"],"json":{"x":1}})";
  EXPECT_EQ(json.text(), expected);
  EXPECT_EQ(json.Take(), expected);
  EXPECT_EQ(json.text(), "");
}

// With room for nothing, so that every length ends somewhere at the end of what there is.
TEST(JsonStream, GrowsByWhatIsWritten) {
  for (size_t length = 0; length < 300; ++length) {
    for (const char* odd : {"", "\"", "\\", "\n", "\xC3\xA9", "\xFF"}) {
      const std::string text = std::string(length, 'x') + odd + "y";
      JsonStream json(0);
      json.OpenArray();
      json.String(text);
      json.Number(static_cast<int64_t>(length));
      json.CloseArray();
      EXPECT_EQ(json.Take(),
                '[' + CanonicalJson(JsonValue(text)) + ',' + std::to_string(length) + ']');
    }
  }
}

// With room for nothing, so that what is repeated moves while it is.
TEST(JsonStream, RepeatsMembersAndValues) {
  JsonStream json(0);
  json.OpenArray();
  json.Open();
  const size_t begin = json.size();
  json.AddString("a", std::string(100, 'x'));
  json.AddNumber("b", 1);
  const size_t end = json.size();
  const std::string members(json.text().substr(begin, end - begin));
  json.Close();
  json.Open();
  json.Repeat(begin, end);
  json.AddNumber("c", 2);
  json.Close();
  json.Open();
  json.AddNumber("c", 2);
  json.Repeat(begin, end);
  json.Close();
  json.CloseArray();
  EXPECT_EQ(json.Take(), "[{" + members + "},{" + members + R"(,"c":2},{"c":2,)" + members + "}]");
}

TEST(JsonStream, WritesWhatIsReadAgain) {
  std::string text;
  for (int byte = 0; byte < 0x80; ++byte) text += static_cast<char>(byte);
  text += "\xE4\xBD\xA0\xF0\x9F\x98\x80";
  JsonStream json;
  json.Open();
  json.AddString("text", text);
  json.Close();
  const JsonValue read = ReadOwnJson(json.text());
  ASSERT_NE(read.Find("text"), nullptr);
  EXPECT_EQ(*read.Find("text")->AsString(), text);
  EXPECT_THROW(ReadOwnJson("{"), std::runtime_error);
}

}  // namespace
}  // namespace callvet::test
