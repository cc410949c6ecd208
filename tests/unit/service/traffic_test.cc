// SPDX-License-Identifier: MIT
#include "service/traffic.h"

#include "base/utf8.h"
#include "service/access_log.h"
#include "support/result_matchers.h"

namespace callvet::service {
namespace {

constexpr sys_seconds kNow{std::chrono::seconds(1'768'478'400)};

CallSummary Call(Reason reason, std::string trunk) {
  CallSummary call;
  call.reason = reason;
  call.attest = "A";
  call.trunk = std::move(trunk);
  return call;
}

TEST(Traffic, CountsByReasonAndMinute) {
  Traffic traffic;
  traffic.CountCall(Call(Reason::kNone, "a"), kNow);
  traffic.CountCall(Call(Reason::kOrigMismatch, "a"), kNow - std::chrono::minutes(59));
  traffic.CountCall(Call(Reason::kNone, "a"), kNow - std::chrono::minutes(61));
  const JsonValue json = traffic.Json(kNow);
  const JsonArray& minutes = *json.Find("minutes")->AsArray();
  ASSERT_EQ(minutes.size(), 60U);
  const auto count = [](const JsonValue& minute, std::string_view name) {
    int64_t number = -1;
    EXPECT_TRUE(minute.Find(name)->GetInt(number));
    return number;
  };
  EXPECT_EQ(count(minutes.back(), "passed"), 1);
  EXPECT_EQ(count(minutes.front(), "unvalidated"), 1);
  EXPECT_EQ(count(minutes.front(), "passed"), 0);
  EXPECT_THAT(traffic.MetricsText(),
              testing::HasSubstr("callvet_calls_total{verstat=\"TN-Validation-Passed\",reason="
                                 "\"verified\",attest=\"A\"} 2\n"));
}

TEST(Traffic, NamesThatClientsChooseAreBoundedAndEscaped) {
  Traffic traffic;
  for (size_t i = 0; i < Traffic::kMaxNames + 50; ++i) {
    traffic.CountCall(Call(Reason::kNone, "trunk-" + std::to_string(i)), kNow);
  }
  const JsonValue json = traffic.Json(kNow);
  EXPECT_LE(json.Find("trunks")->AsArray()->size(), Traffic::kMaxNames + 1);
  EXPECT_EQ(LabelValue("a\"b\\c\nd"), "\"a\\\"b\\\\c\\nd\"");
}

// One call made the metrics unreadable for good: a name was cut within a character.
TEST(Traffic, NamesAreCutBetweenCharactersAndHaveNoControls) {
  Traffic traffic;
  traffic.CountCall(Call(Reason::kNone, std::string(63, 'a') + "\u00e9"), kNow);
  traffic.CountCall(Call(Reason::kNone, std::string("a\0b\rc\x7f", 6)), kNow);
  traffic.CountCall(Call(Reason::kNone, std::string(62, 'b') + "\u00e9"), kNow);
  const std::string text = traffic.MetricsText();
  EXPECT_THAT(text, testing::HasSubstr("trunk=\"" + std::string(63, 'a') + "\""));
  EXPECT_THAT(text, testing::HasSubstr("trunk=\"" + std::string(62, 'b') + "\u00e9\""));
  EXPECT_THAT(text, testing::HasSubstr("trunk=\"a b c \""));
  EXPECT_TRUE(IsUtf8(text));
}

TEST(Traffic, HistogramIsCumulative) {
  TimeHistogram histogram;
  histogram.Add(std::chrono::microseconds(50));
  histogram.Add(std::chrono::microseconds(51));
  histogram.Add(std::chrono::seconds(10));
  std::string text;
  histogram.Print("h", "stage=\"x\"", text);
  EXPECT_THAT(text, testing::HasSubstr("h_bucket{stage=\"x\",le=\"0.000050\"} 1\n"));
  EXPECT_THAT(text, testing::HasSubstr("h_bucket{stage=\"x\",le=\"0.000100\"} 2\n"));
  EXPECT_THAT(text, testing::HasSubstr("h_bucket{stage=\"x\",le=\"+Inf\"} 3\n"));
  EXPECT_THAT(text, testing::HasSubstr("h_count{stage=\"x\"} 3\n"));
}

TEST(AccessLog, MaskParty) {
  EXPECT_EQ(MaskParty("+1-215-555-0100"), "1215*****00");
  EXPECT_EQ(MaskParty("\"Alice\" <sip:+12155550100@example.org>;tag=1"), "1215*****00");
  EXPECT_EQ(MaskParty("sip:alice@example.org"), "sip:***@example.org");
  EXPECT_EQ(MaskParty("911"), "911");
  EXPECT_EQ(MaskParty("<script>"), "***");
  EXPECT_EQ(MaskParty(""), "");
}

}  // namespace
}  // namespace callvet::service
