// SPDX-License-Identifier: MIT
#include "repository/http_freshness.h"

#include "support/result_matchers.h"

namespace callvet {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr sys_seconds kReceived{seconds{784111777}};  // Sun, 06 Nov 1994 08:49:37 GMT
constexpr sys_seconds kFarAway = kReceived + hours(24 * 3650);

Freshness Judge(const FetchedDocument& document, sys_seconds latest = kFarAway) {
  return JudgeFreshness(document, kReceived, latest);
}

FetchedDocument Control(std::string_view cache_control) {
  FetchedDocument document;
  document.cache_control = std::string(ExactBytes(cache_control).view());
  return document;
}

TEST(HttpFreshness, ExactlyADayIsWhatTheServerSaid) {
  const Freshness freshness = Judge(Control("max-age=86400"));
  EXPECT_EQ(freshness.until, kReceived + hours(24));
  EXPECT_EQ(freshness.basis, FreshnessBasis::kMaxAge);
}

TEST(HttpFreshness, KeepsADayWithoutUsableDirective) {
  for (const char* control : {"",
                              "no-store",
                              "no-cache",
                              "private, no-cache=\"x\"",
                              "max-age",
                              "max-age=",
                              "max-age=x",
                              "max-age=-1",
                              "max-age=1.5",
                              "max-age=0",
                              "max-age=86399",
                              "s-maxage=10, max-age=999999",
                              "x=\"max-age=999999\"",
                              "x=\"a, max-age=999999\"",
                              "x=\"\\\", max-age=999999",
                              "\"",
                              "\\",
                              "x=\"\\",
                              ",,,",
                              "=",
                              "max-agee=999999"}) {
    const Freshness freshness = Judge(Control(control));
    EXPECT_EQ(freshness.until, kReceived + hours(24)) << control;
    EXPECT_EQ(freshness.basis, FreshnessBasis::kMinimum) << control;
  }
  EXPECT_EQ(Judge({}).until, kReceived + hours(24));
}

TEST(HttpFreshness, UsesDirectives) {
  EXPECT_EQ(Judge(Control("max-age=86400")).until, kReceived + seconds(86400));
  EXPECT_EQ(Judge(Control("public, Max-Age = \"172800\"")).until, kReceived + seconds(172800));
  EXPECT_EQ(Judge(Control("max-age=172800, max-age=999999")).until, kReceived + seconds(172800));
  const Freshness shared = Judge(Control("max-age=172800, s-maxage=200000"));
  EXPECT_EQ(shared.until, kReceived + seconds(200000));
  EXPECT_EQ(shared.basis, FreshnessBasis::kSharedMaxAge);
  EXPECT_EQ(Judge(Control("max-age=172800")).basis, FreshnessBasis::kMaxAge);
}

TEST(HttpFreshness, UsesExpiresInEveryForm) {
  for (const char* expires : {"Wed, 09 Nov 1994 08:49:37 GMT", "Wednesday, 09-Nov-94 08:49:37 GMT",
                              "Wed Nov  9 08:49:37 1994"}) {
    FetchedDocument document;
    document.expires = expires;
    document.date = "Sun, 06 Nov 1994 08:49:37 GMT";
    EXPECT_EQ(Judge(document).until, kReceived + hours(72)) << expires;
    EXPECT_EQ(Judge(document).basis, FreshnessBasis::kExpires) << expires;
    document.date = std::nullopt;
    EXPECT_EQ(Judge(document).until, kReceived + hours(72)) << expires;
    document.cache_control = "max-age=100";  // wins over Expires
    EXPECT_EQ(Judge(document).basis, FreshnessBasis::kMinimum) << expires;
  }
  for (const char* expires :
       {"0", "-1", "", "tomorrow", "Sat, 05 Nov 1994 08:49:37 GMT", "a b c d e", "a-b-cd-ef g h"}) {
    FetchedDocument document;
    document.expires = std::string(ExactBytes(expires).view());
    EXPECT_EQ(Judge(document).until, kReceived + hours(24)) << expires;
  }
}

TEST(HttpFreshness, TakesTheAgeOff) {
  FetchedDocument document = Control("max-age=172800");
  document.age = "3600";
  EXPECT_EQ(Judge(document).until, kReceived + seconds(172800 - 3600));
  document.date = "Sun, 06 Nov 1994 06:49:37 GMT";  // two hours ago: older than Age says
  EXPECT_EQ(Judge(document).until, kReceived + seconds(172800 - 7200));
  document.age = "99999999999999999999999";
  EXPECT_EQ(Judge(document).until, kReceived + hours(24));
  document.age = "x";
  document.date = "Sun, 06 Nov 1994 10:49:37 GMT";  // a clock ahead of ours
  EXPECT_EQ(Judge(document).until, kReceived + seconds(172800));
}

TEST(HttpFreshness, NeverPastTheLatestTime) {
  const sys_seconds latest = kReceived + hours(3);
  for (const char* control : {"max-age=172800", "", "max-age=99999999999999999999999"}) {
    const Freshness freshness = Judge(Control(control), latest);
    EXPECT_EQ(freshness.until, latest) << control;
    EXPECT_EQ(freshness.basis, FreshnessBasis::kLatest) << control;
  }
  EXPECT_EQ(Judge({}, kReceived - hours(1)).until, kReceived - hours(1));
}

TEST(HttpFreshness, BoundsHugeNumbers) {
  const sys_seconds never{seconds{253402300799}};
  EXPECT_EQ(Judge(Control("max-age=99999999999999999999999"), never).until,
            kReceived + seconds(2147483648));
}

}  // namespace
}  // namespace callvet
