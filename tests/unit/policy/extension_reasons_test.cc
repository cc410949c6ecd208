// SPDX-License-Identifier: MIT
// The reasons of redirected calls and of messages x mode x code map, from calls that are really
// signed here; those of calls with one PASSporT are in reason_table_test.cc.
#include <set>

#include "policy_fixture.h"
#include "redirected_call.h"

namespace callvet::test {
namespace {

struct Row {
  Reason reason;
  uint16_t sip_code;  // in both code maps
  // The Identity headers of a call to the number 2 that has this reason; may change the call.
  std::vector<std::string> (*identities)(RedirectedCall&, const Carrier&);
};

using Identities = std::vector<std::string>;

std::string DivWith(const RedirectedCall& call, const Carrier& carrier, const std::string& claim) {
  return call.Header(carrier, {"div", ClaimsTo(2, {{"div", claim}})});
}

std::string Msg(RedirectedCall& call, const Carrier& carrier, const std::string& msgi) {
  call.request.message_body = "Hello";
  return call.Header(carrier, {"msg", ClaimsTo(2, {{"msgi", msgi}})});
}

const std::vector<Row>& Rows() {
  static const std::vector<Row> rows = {
      {Reason::kDivClaimMissing, 438,
       [](RedirectedCall& call, const Carrier& a) { return Identities{DivWith(call, a, "-")}; }},
      {Reason::kDivClaimInvalid, 438,
       [](RedirectedCall& call, const Carrier& a) { return Identities{DivWith(call, a, "{}")}; }},
      {Reason::kDivLinkMissing, 438,
       [](RedirectedCall& call, const Carrier& a) {
         return Identities{call.Shaken(a, 1), call.Div(a, 3, 2)};
       }},
      {Reason::kDivLoop, 438,
       [](RedirectedCall& call, const Carrier& a) {
         return Identities{call.Shaken(a, 1), call.Div(a, 1, 2), call.Div(a, 2, 1)};
       }},
      {Reason::kDivFork, 438,
       [](RedirectedCall& call, const Carrier& a) {
         return Identities{call.Shaken(a, 1), call.Div(a, 1, 2),
                           call.Div(call.MakeCarrier(), 1, 3)};
       }},
      {Reason::kDivOrigDiffers, 438,
       [](RedirectedCall& call, const Carrier& a) {
         const auto claims =
             ClaimsTo(2, {{"div", R"({"tn":"12155550101"})"}, {"orig", R"({"tn":"12155550199"})"}});
         return Identities{call.Shaken(a, 1), call.Header(a, {"div", claims})};
       }},
      {Reason::kDivStale, 403,
       [](RedirectedCall& call, const Carrier& a) {
         return Identities{call.Shaken(a, 1), call.Div(a, 1, 2, kNow - hours(1))};
       }},
      {Reason::kDivLimit, 438,
       [](RedirectedCall& call, const Carrier& a) {
         call.options.max_diversions = 0;
         return Identities{call.Shaken(a, 1), call.Div(a, 1, 2)};
       }},
      {Reason::kDivInnermostInvalid, 438,
       [](RedirectedCall& call, const Carrier& a) {
         const auto claims = ClaimsTo(
             1, {{"attest", R"("D")"}, {"origid", R"("123e4567-e89b-12d3-a456-426655440000")"}});
         const std::string inner = call.Header(a, {"shaken", claims});
         return Identities{call.DivO(a, 1, 2, inner.substr(0, inner.find(';')))};
       }},
      {Reason::kDivOptInvalid, 438,
       [](RedirectedCall& call, const Carrier& a) { return Identities{call.DivO(a, 1, 2, "x")}; }},
      {Reason::kMsgiMissing, 438,
       [](RedirectedCall& call, const Carrier& a) { return Identities{Msg(call, a, "-")}; }},
      {Reason::kMsgiInvalid, 438,
       [](RedirectedCall& call, const Carrier& a) { return Identities{Msg(call, a, "1")}; }},
      {Reason::kMsgiMismatch, 438,
       [](RedirectedCall& call, const Carrier& a) {
         return Identities{
             Msg(call, a, R"("sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")")};
       }},
  };
  return rows;
}

TEST(ExtensionReasons, HasARowForEveryReasonThatDecidesACallOrMessage) {
  std::set<Reason> tested;
  for (const Row& row : Rows()) tested.insert(row.reason);
  for (const ReasonInfo& row : AllReasons()) {
    if (row.reason < Reason::kDivClaimMissing || row.reason > Reason::kMsgiMismatch) continue;
    // rph and rcd say nothing of the caller's number (F-11, F-23).
    const bool beside =
        row.reason >= Reason::kRphMissing && row.reason <= Reason::kRcdFirstPartyMissing;
    EXPECT_NE(tested.contains(row.reason), beside) << row.id;
  }
}

TEST(ExtensionReasons, EveryReasonInEveryModeAndCodeMap) {
  const Folder folder;
  for (const Row& row : Rows()) {
    RedirectedCall call;
    const Carrier carrier = call.MakeCarrier();
    const Identities identities = row.identities(call, carrier);
    const Verdict verdict = call.Judge(identities, 2);
    EXPECT_EQ(verdict.reason, row.reason)
        << Info(verdict.reason).id << " instead of " << Info(row.reason).id;
    PolicyCall policy_call;
    policy_call.orig = call.request.orig;
    policy_call.dest = call.request.dest;
    policy_call.identities = identities;
    for (const PolicyMode mode : {PolicyMode::kIntercept, PolicyMode::kTag, PolicyMode::kObserve}) {
      for (const char* map : {"rfc8224", "opensipit"}) {
        const auto policy =
            folder.Make("{\"default\":{\"mode\":\"" + std::string(PolicyModeText(mode)) +
                        "\",\"code_map\":\"" + map + "\"}}");
        const Disposition got = Decide(*policy, policy_call, verdict);
        const std::string where =
            std::string(Info(row.reason).id) + " " + map + " " + std::string(PolicyModeText(mode));
        const Action expected = mode == PolicyMode::kIntercept ? Action::kReject
                                : mode == PolicyMode::kTag     ? Action::kTag
                                                               : Action::kPass;
        EXPECT_EQ(got.action, expected) << where;
        EXPECT_EQ(got.wanted, Action::kReject) << where;
        EXPECT_EQ(got.reason, row.reason) << where;
        EXPECT_EQ(got.sip_code, row.sip_code) << where;
        const bool stir = row.sip_code == 403 || (row.sip_code >= 436 && row.sip_code <= 438);
        const bool told = mode == PolicyMode::kIntercept || (mode == PolicyMode::kTag && stir);
        EXPECT_EQ(!got.reason_headers.empty(), told) << where;
      }
    }
  }
}

TEST(ExtensionReasons, AGoodRedirectedCallPasses) {
  const Folder folder;
  RedirectedCall call;
  const Carrier carrier = call.MakeCarrier();
  const Identities identities = {call.Shaken(carrier, 1), call.Div(carrier, 1, 2)};
  const Verdict verdict = call.Judge(identities, 2);
  ASSERT_EQ(verdict.reason, Reason::kNone);
  PolicyCall policy_call;
  policy_call.orig = call.request.orig;
  policy_call.dest = call.request.dest;
  const auto policy = folder.Make("{\"default\":{\"mode\":\"intercept\"}}");
  const Disposition got = Decide(*policy, policy_call, verdict);
  EXPECT_EQ(got.action, Action::kPass);
  ASSERT_TRUE(got.verstat);
  EXPECT_EQ(got.verstat->value, "TN-Validation-Passed");
}

}  // namespace
}  // namespace callvet::test
