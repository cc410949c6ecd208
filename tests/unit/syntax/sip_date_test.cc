// SPDX-License-Identifier: MIT
#include "syntax/sip_date.h"

#include "support/result_matchers.h"

namespace callvet {
namespace {

Result<sys_seconds> ParseDate(std::string_view text) {
  return ParseSipDate(ExactBytes(text).view());
}

TEST(SipDate, A45_Rfc1123Form) {
  const struct {
    std::string_view text;
    int64_t seconds;
  } cases[] = {{"Sat, 13 Nov 2010 23:29:00 GMT", 1289690940},
               {"Fri, 25 Sep 2015 19:12:25 GMT", 1443208345},
               {" Fri, 25 Sep 2015 19:12:25 GMT\r\n", 1443208345},
               {"fri, 25 SEP 2015 19:12:25 gmt", 1443208345},
               {"Fri, 25 Sep 2015 19:12:25 UTC", 1443208345},
               {"Fri, 01 Jan 2016 00:00:00 GMT", 1451606400},
               {"Fri, 1 Jan 2016 00:00:00 GMT", 1451606400},
               {"Mon, 29 Feb 2016 12:00:00 GMT", 1456747200},
               {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
               {"Mon, 25 Sep 2015 19:12:25 GMT", 1443208345},  // the weekday is not compared
               {"Fri, 31 Dec 9999 23:59:59 GMT", 253402300799}};
  for (const auto& [text, seconds] : cases) {
    const auto time = ParseDate(text);
    ASSERT_THAT(time, Succeeds()) << text;
    EXPECT_EQ(time->time_since_epoch().count(), seconds) << text;
  }
}

TEST(SipDate, A45_OtherTexts_AreInvalid) {
  for (const std::string_view text : {"",
                                      "now",
                                      "1443208345",
                                      "2015-09-25T19:12:25Z",
                                      "Fri, 25 Sep 2015 19:12:25",
                                      "Fri, 25 Sep 2015 19:12:25 ",
                                      "Fri, 25 Sep 2015 19:12:25 EST",
                                      "Fri, 25 Sep 2015 19:12:25 +0000",
                                      "Fri, 25 Sep 2015 19:12:25 GMT+1",
                                      "Fri, 25 Sep 2015 19:12:25 GMTx",
                                      "25 Sep 2015 19:12:25 GMT",
                                      "Foo, 25 Sep 2015 19:12:25 GMT",
                                      "Friday, 25 Sep 2015 19:12:25 GMT",
                                      "Friday, 25-Sep-15 19:12:25 GMT",
                                      "Fri Sep 25 19:12:25 2015",
                                      "Fri, 25 September 2015 19:12:25 GMT",
                                      "Fri, 31 Sep 2015 19:12:25 GMT",
                                      "Fri, 29 Feb 2015 19:12:25 GMT",
                                      "Fri, 00 Sep 2015 19:12:25 GMT",
                                      "Fri, 32 Sep 2015 19:12:25 GMT",
                                      "Fri, 025 Sep 2015 19:12:25 GMT",
                                      "Fri, 25 Sep 15 19:12:25 GMT",
                                      "Fri, 25 Sep 02015 19:12:25 GMT",
                                      "Fri, 25 Sep 1969 19:12:25 GMT",
                                      "Fri, 25 Sep 2015 24:00:00 GMT",
                                      "Fri, 25 Sep 2015 19:60:00 GMT",
                                      "Fri, 25 Sep 2015 19:12:61 GMT",
                                      "Fri, 25 Sep 2015 9:12:25 GMT",
                                      "Fri, 25 Sep 2015 19:12 GMT",
                                      "Fri, 25 Sep 2015 19:12:25.0 GMT",
                                      "Fri, -5 Sep 2015 19:12:25 GMT",
                                      "Fri, 25 Sep 2015 19:12:25 GMT, x",
                                      "Fri,",
                                      "Fri, 25",
                                      "Fri, 25 Sep 2015 19:12:25\tGMT"}) {
    EXPECT_THAT(ParseDate(text), FailsWith(Reason::kDateInvalid)) << text;
  }
}

TEST(SipDate, ReadsWhatItWrites) {
  EXPECT_EQ(FormatSipDate(sys_seconds(std::chrono::seconds(1289690940))),
            "Sat, 13 Nov 2010 23:29:00 GMT");
  for (int64_t seconds = 0; seconds < 253402300799; seconds += 987654321) {
    const sys_seconds time{std::chrono::seconds(seconds)};
    const auto read = ParseDate(FormatSipDate(time));
    ASSERT_THAT(read, Succeeds());
    EXPECT_EQ(*read, time);
  }
}

TEST(SipDate, EverySingleByteChangeIsReadOrRefused) {
  const std::string text = "Sat, 13 Nov 2010 23:29:00 GMT";
  for (size_t at = 0; at < text.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string changed = text;
      changed[at] = static_cast<char>(byte);
      if (const auto time = ParseDate(changed); !time) {
        EXPECT_THAT(time, FailsWith(Reason::kDateInvalid));
      }
    }
    EXPECT_THAT(ParseDate(text.substr(0, at)), FailsWith(Reason::kDateInvalid));
  }
}

}  // namespace
}  // namespace callvet
