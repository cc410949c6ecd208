// SPDX-License-Identifier: MIT
// Redirected calls: div and div-o PASSporTs (RFC 8946).
#include "redirected_call.h"

namespace callvet::test {
namespace {

using testing::ElementsAre;
using Identities = std::vector<std::string>;

std::vector<std::string> PathOf(const Verdict& verdict) {
  std::vector<std::string> legs;
  for (const CallLeg& leg : verdict.path) legs.push_back(leg.from + ">" + leg.to);
  return legs;
}

TEST(Div, F3_OneToSixRedirections_Pass) {
  RedirectedCall call;
  Identities identities = {call.Shaken(call.MakeCarrier(), 1)};
  for (int n = 1; n <= 6; ++n) {
    identities.push_back(call.Div(call.MakeCarrier(), n, n + 1));
    const Verdict verdict = call.Judge(identities, n + 1);
    EXPECT_EQ(verdict.reason, Reason::kNone) << n;
    EXPECT_EQ(verdict.decided_by, 0U);
    EXPECT_EQ(verdict.deciding()->attest, "A");
    EXPECT_EQ(verdict.path.size(), static_cast<size_t>(n) + 1);
    for (const PassportVerdict& passport : verdict.passports) {
      EXPECT_EQ(passport.reason, Reason::kNone);
    }
  }
}

TEST(Div, PathSaysWhoRedirectedAndWhoSigned) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier(LeafSpec("/C=US/O=Carrier A/CN=SHAKEN 818H"));
  const Carrier b = call.MakeCarrier(LeafSpec("/C=CA/O=Carrier B/CN=SHAKEN 818H"));
  const Verdict verdict = call.Judge({call.Shaken(a, 1), call.Div(b, 1, 2)}, 2);
  EXPECT_THAT(PathOf(verdict),
              ElementsAre(Number(0) + ">" + Number(1), Number(1) + ">" + Number(2)));
  EXPECT_EQ(verdict.path.at(0).signer->organization, "Carrier A");
  EXPECT_EQ(verdict.path.at(1).signer->organization, "Carrier B");
  EXPECT_EQ(verdict.path.at(1).ppt, "div");
  EXPECT_EQ(verdict.path.at(1).passport, 1U);
  EXPECT_EQ(verdict.passports.at(1).div, Number(1));
}

TEST(Div, A53_OrderOfHeadersDoesNotMatter) {
  RedirectedCall call;
  Identities identities = {call.Shaken(call.MakeCarrier(), 1), call.Div(call.MakeCarrier(), 1, 2),
                           call.Div(call.MakeCarrier(), 2, 3)};
  std::sort(identities.begin(), identities.end());
  do {
    EXPECT_EQ(call.Judge(identities, 3).reason, Reason::kNone);
  } while (std::next_permutation(identities.begin(), identities.end()));
}

TEST(Div, F3_ABaseInnermost_Passes) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  EXPECT_EQ(call.Judge({call.Header(a, {"", ClaimsTo(1)}), call.Div(a, 1, 2)}, 2).reason,
            Reason::kNone);
}

TEST(Div, F5_AnyLinkRemoved_Fails) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  const std::string shaken = call.Shaken(a, 1);
  const std::string one = call.Div(a, 1, 2);
  const std::string two = call.Div(a, 2, 3);
  ASSERT_EQ(call.Judge({shaken, one, two}, 3).reason, Reason::kNone);
  EXPECT_EQ(call.Judge({one, two}, 3).reason, Reason::kDivLinkMissing);
  EXPECT_EQ(call.Judge({shaken, two}, 3).reason, Reason::kDivLinkMissing);
  EXPECT_EQ(call.Judge({shaken, one}, 3).reason, Reason::kDestMismatch);
  EXPECT_EQ(call.Judge({shaken}, 3).reason, Reason::kDestMismatch);
  EXPECT_THAT(call.source->asked, testing::IsEmpty()) << "cheap checks come first";
  EXPECT_TRUE(call.Judge({shaken, two}, 3).path.empty());
}

TEST(Div, F4_AnyLinkResignedByAStranger_Fails) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  const Carrier x = call.MakeStranger();
  const auto identities = [&](int stranger) {
    const auto who = [&](int n) { return n == stranger ? x : a; };
    return Identities{call.Shaken(who(0), 1), call.Div(who(1), 1, 2), call.Div(who(2), 2, 3)};
  };
  ASSERT_EQ(call.Judge(identities(-1), 3).reason, Reason::kNone);
  for (int stranger = 0; stranger < 3; ++stranger) {
    const Verdict verdict = call.Judge(identities(stranger), 3);
    EXPECT_EQ(verdict.reason, Reason::kChainUntrusted) << stranger;
    for (size_t i = 0; i < 3; ++i) EXPECT_NE(ReasonAt(verdict, i), Reason::kNone) << stranger;
  }
  EXPECT_EQ(ReasonAt(call.Judge(identities(0), 3), 2), Reason::kDivInnermostInvalid);
  EXPECT_EQ(ReasonAt(call.Judge(identities(1), 3), 2), Reason::kDivLinkMissing);
}

TEST(Div, F4_AnyLinkWithABrokenSignature_Fails) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  const Carrier other{call.MakeCarrier().leaf, a.x5u};
  for (int broken = 0; broken < 3; ++broken) {
    const auto who = [&](int n) { return n == broken ? other : a; };
    EXPECT_EQ(
        call.Judge({call.Shaken(who(0), 1), call.Div(who(1), 1, 2), call.Div(who(2), 2, 3)}, 3)
            .reason,
        Reason::kSignatureInvalid)
        << broken;
  }
}

// The certificate of one link cannot be had: the chain may be good, so nothing is known of it.
TEST(Div, A43_F4_AnyLinkWithoutItsCertificate_IsUndecided) {
  RedirectedCall call;
  const std::vector<Carrier> carriers = {call.MakeCarrier(), call.MakeCarrier(),
                                         call.MakeCarrier()};
  const Identities identities = {call.Shaken(carriers[0], 1), call.Div(carriers[1], 1, 2),
                                 call.Div(carriers[2], 2, 3)};
  const std::string nested = identities[0].substr(0, identities[0].find(';'));
  ASSERT_EQ(call.Judge(identities, 3).reason, Reason::kNone);
  ASSERT_EQ(call.Judge({call.DivO(carriers[1], 1, 2, nested)}, 2).reason, Reason::kNone);
  for (const Carrier& carrier : carriers) {
    const auto bundle = call.source->bundles.extract(carrier.x5u);
    const Verdict verdict = call.Judge(identities, 3);
    EXPECT_EQ(verdict.reason, Reason::kCertificateNotAvailable) << carrier.x5u;
    EXPECT_EQ(verdict.verstat(), Verstat::kNoTnValidation);
    // The others have their certificates: it is not their fault.
    ASSERT_NE(verdict.deciding(), nullptr);
    EXPECT_EQ(verdict.deciding()->x5u, carrier.x5u);
    for (size_t i = 0; i < identities.size(); ++i) {
      EXPECT_EQ(ReasonAt(verdict, i), Reason::kCertificateNotAvailable) << carrier.x5u << i;
    }
    if (carrier.x5u != carriers[2].x5u) {
      EXPECT_EQ(call.Judge({call.DivO(carriers[1], 1, 2, nested)}, 2).reason,
                Reason::kCertificateNotAvailable);
    }
    call.source->bundles[carrier.x5u] = bundle.mapped();
  }
}

// What is known to be bad stays bad, whatever else cannot be had.
TEST(Div, A53_ABrokenLinkBesideOneWithoutItsCertificate_Fails) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  const Carrier stranger = call.MakeStranger();
  const Carrier absent = call.MakeCarrier();
  call.source->bundles.erase(absent.x5u);
  EXPECT_EQ(call.Judge({call.Shaken(stranger, 1), call.Div(absent, 1, 2)}, 2).reason,
            Reason::kChainUntrusted);
  EXPECT_EQ(call.Judge({call.Shaken(absent, 1), call.Div(stranger, 1, 2)}, 2).reason,
            Reason::kChainUntrusted);
  // Nor does one that leads elsewhere, or from elsewhere, make the call undecided.
  EXPECT_EQ(call.Judge({call.Shaken(a, 1), call.Div(absent, 1, 3)}, 2).reason,
            Reason::kDestMismatch);
  EXPECT_EQ(call.Judge({call.Shaken(a, 1), call.Div(absent, 4, 2)}, 2).reason,
            Reason::kDivLinkMissing);
  EXPECT_EQ(call.Judge({call.Shaken(a, 1), call.Div(a, 1, 2), call.Div(absent, 1, 2)}, 2).reason,
            Reason::kNone);
}

TEST(Div, F3_LinksThatDoNotMeet_Fail) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  EXPECT_EQ(call.Judge({call.Shaken(a, 1), call.Div(a, 3, 2), call.Div(a, 2, 4)}, 4).reason,
            Reason::kDivLinkMissing);
  // The same links the wrong way round.
  EXPECT_EQ(call.Judge({call.Shaken(a, 3), call.Div(a, 2, 1), call.Div(a, 3, 2)}, 3).reason,
            Reason::kNone)
      << "the shaken PASSporT alone is for this call";
  EXPECT_EQ(call.Judge({call.Shaken(a, 1), call.Div(a, 2, 1), call.Div(a, 3, 2)}, 3).reason,
            Reason::kDivLinkMissing);
}

TEST(Div, F3_Loops_Fail) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  EXPECT_EQ(call.Judge({call.Shaken(a, 1), call.Div(a, 1, 2), call.Div(a, 2, 1)}, 2).reason,
            Reason::kDivLoop);
  EXPECT_EQ(call.Judge({call.Shaken(a, 1), call.Div(a, 1, 1)}, 2).reason, Reason::kDestMismatch);
  EXPECT_EQ(call.Judge({call.Div(a, 1, 2), call.Div(a, 2, 1)}, 2).reason, Reason::kDivLoop)
      << "no beginning at all";
}

// Neither To nor a Request-URI says where it goes.
TEST(Div, F4_NothingToCompareTheLastDestWith_Fails) {
  RedirectedCall call;
  const Carrier carrier = call.MakeCarrier();
  const std::vector<std::string> headers = {call.Shaken(carrier, 1), call.Div(carrier, 1, 2)};
  EXPECT_EQ(call.Judge(headers, 2).reason, Reason::kNone);
  CallRequest request = call.request;
  request.identities = headers;
  request.dest.clear();
  request.target.reset();
  const Verifier verifier(call.options, call.store, call.source,
                          std::make_shared<FixedClock>(call.now),
                          std::make_shared<OpenSslEs256Engine>());
  const Verdict verdict = verifier.Verify(request, Deadline());
  EXPECT_FALSE(verdict.passed());
  EXPECT_THAT(verdict.passports,
              testing::Each(testing::Field(&PassportVerdict::reason, testing::Ne(Reason::kNone))));
}

TEST(Div, F3_Forks_Fail) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  const Carrier b = call.MakeCarrier();
  EXPECT_EQ(call.Judge({call.Shaken(a, 1), call.Div(a, 1, 2), call.Div(b, 1, 3)}, 2).reason,
            Reason::kDivFork);
  const std::string wider =
      call.Header(b, {"div", ClaimsTo(2, {{"div", R"({"tn":"12155550101"})"},
                                          {"dest", R"({"tn":["12155550102","12155550103"]})"}})});
  EXPECT_EQ(call.Judge({call.Shaken(a, 1), call.Div(a, 1, 2), wider}, 2).reason, Reason::kDivFork);
}

// Throws at the call of that number, counted from 1.
class ThrowingAtEngine final : public Es256Engine {
 public:
  explicit ThrowingAtEngine(int at) : at_(at) {}
  [[nodiscard]] Result<void> Verify(const Es256PublicKey& key, std::string_view input,
                                    const Es256Signature& signature) const override {
    if (++calls_ == at_) throw std::bad_alloc();
    return OpenSslEs256Engine().Verify(key, input, signature);
  }

 private:
  int at_;
  mutable int calls_ = 0;
};

// A diversion that could not be judged may be the other branch.
TEST(Div, F3_WhereOneCannotBeJudgedForAnInternalErrorNothingPasses) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  const Carrier b = call.MakeCarrier();
  const Identities identities = {call.Shaken(a, 1), call.Div(a, 1, 2), call.Div(b, 1, 3)};
  for (int at = 1; at <= 3; ++at) {
    call.engine = std::make_shared<ThrowingAtEngine>(at);
    EXPECT_EQ(call.Judge(identities, 2).reason, Reason::kInternalError) << at;
  }
  call.engine = std::make_shared<ThrowingAtEngine>(4);
  EXPECT_EQ(call.Judge(identities, 2).reason, Reason::kDivFork);
}

// Who forwards a call with several Identity headers may add one div for each (F-8).
TEST(Div, F3_DiversionsThatSayTheSame_AreOneLink) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  const Carrier b = call.MakeCarrier();
  const std::string shaken = call.Shaken(a, 1);
  const Identities identities = {shaken,
                                 call.Shaken(b, 1),
                                 call.Div(a, 1, 2, kNow - seconds(5)),
                                 call.Div(b, 1, 2),
                                 call.Div(a, 2, 3),
                                 call.Div(b, 2, 3, kNow - seconds(9))};
  const Verdict verdict = call.Judge(identities, 3);
  EXPECT_EQ(verdict.reason, Reason::kNone);
  for (size_t i = 0; i < identities.size(); ++i) EXPECT_EQ(ReasonAt(verdict, i), Reason::kNone);
  ASSERT_EQ(verdict.path.size(), 3U);
  EXPECT_EQ(verdict.path.at(1).passport, 3U) << "the youngest";
  EXPECT_EQ(verdict.path.at(2).passport, 4U);
  // dest in another order; a copy that is spelt differently.
  const auto both = [&](const std::string& dest) {
    return call.Header(a,
                       {"div", ClaimsTo(2, {{"div", R"({"tn":"12155550101"})"}, {"dest", dest}})});
  };
  EXPECT_EQ(call.Judge({shaken, both(R"({"tn":["12155550102","12155550103"]})"),
                        both(R"({"tn":["12155550103","12155550102"]})")},
                       2)
                .reason,
            Reason::kNone);
  std::string copy = call.Div(a, 1, 2);
  const std::string original = copy;
  copy.replace(copy.find(";alg=ES256;ppt=div"), 18, ";ppt=div;alg=ES256");
  EXPECT_EQ(call.Judge({shaken, original, copy}, 2).reason, Reason::kNone);
}

// A div-o encloses a diversion that still has its own header: only the enclosed one leads on.
TEST(DivO, F3_TheLinkIsAlsoAHeaderOfItsOwn_Passes) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  const std::string div = call.Div(a, 1, 2);
  const std::string outer = call.DivO(a, 2, 3, div.substr(0, div.find(';')));
  EXPECT_EQ(call.Judge({call.Shaken(a, 1), div, outer}, 3).reason, Reason::kNone);
}

TEST(Div, A53_ABrokenCopyPoisonsNothing) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  const Carrier forger{call.MakeCarrier().leaf, a.x5u};
  const Verdict verdict =
      call.Judge({call.Shaken(a, 1), call.Div(forger, 1, 2), call.Div(a, 1, 2)}, 2);
  EXPECT_EQ(verdict.reason, Reason::kNone);
  EXPECT_EQ(ReasonAt(verdict, 1), Reason::kSignatureInvalid);
}

TEST(Div, A53_AForkThatNobodySignedPoisonsNothing) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  const Carrier x = call.MakeStranger();
  const Verdict verdict =
      call.Judge({call.Div(x, 1, 2), call.Shaken(a, 1), call.Div(x, 1, 3), call.Div(a, 1, 2)}, 2);
  EXPECT_EQ(verdict.reason, Reason::kNone);
  EXPECT_EQ(ReasonAt(verdict, 0), Reason::kChainUntrusted);
  EXPECT_EQ(ReasonAt(verdict, 3), Reason::kNone);
}

TEST(Div, A53_TheSameHeaderTwiceIsNoFork) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  const std::string div = call.Div(a, 1, 2);
  const Verdict verdict = call.Judge({call.Shaken(a, 1), div, div}, 2);
  EXPECT_EQ(verdict.reason, Reason::kNone);
  EXPECT_EQ(verdict.passports.size(), 3U);
  EXPECT_EQ(ReasonAt(verdict, 2), Reason::kNone);
}

TEST(Div, F4_OrigDiffersAlongTheChain_Fails) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  const auto div = [&](const std::string& orig) {
    return call.Header(a,
                       {"div", ClaimsTo(2, {{"div", R"({"tn":"12155550101"})"}, {"orig", orig}})});
  };
  const std::string shaken = call.Shaken(a, 1);
  ASSERT_EQ(call.Judge({shaken, div(R"({"tn":"+1 215-555-0100"})")}, 2).reason, Reason::kNone);
  EXPECT_EQ(call.Judge({shaken, div(R"({"tn":"12155550199"})")}, 2).reason,
            Reason::kDivOrigDiffers);
  // Both are callers that the call shows, but not the same one.
  call.request.orig = {"sip:alice@example.org", "+12155550100"};
  EXPECT_EQ(call.Judge({shaken, div(R"({"uri":"sip:alice@example.org"})")}, 2).reason,
            Reason::kDivOrigDiffers);
}

TEST(Div, F4_OrigIsNotTheCaller_Fails) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  const Identities identities = {call.Shaken(a, 1), call.Div(a, 1, 2)};
  call.request.orig = {"+12155550199"};
  EXPECT_EQ(call.Judge(identities, 2).reason, Reason::kOrigMismatch);
  EXPECT_THAT(call.source->asked, testing::IsEmpty());
}

std::string DestDetail(const Verdict& verdict, size_t index) {
  for (const Check& check : verdict.passports.at(index).checks) {
    if (check.id == "dest") return std::string(check.detail);
  }
  return {};
}

// Without a '+' too the Request-URI says where the call goes: else the recipient of a call repeats
// its PASSporT on a call to anybody.
TEST(Div, F5_RequestUriWithoutPlus_AnyLinkRemoved_Fails) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  const Carrier x = call.MakeStranger();
  const std::string shaken = call.Shaken(a, 1);
  call.request.dest = {"<sip:12155550101@example.org;user=phone>"};
  for (const char* target :
       {"sip:12155550102@example.org;user=phone", "sip:12155550102@example.org",
        "sip:1-215-555-0102@example.org", "sip:12155550102;npdi@example.org", "tel:12155550102",
        "tel:12155550102;phone-context=example.org", "tel:1(215)5550102", "12155550102"}) {
    call.request.target = target;
    EXPECT_EQ(call.Judge({shaken}, 1).reason, Reason::kDestMismatch) << target;
    EXPECT_FALSE(call.Judge({shaken, call.Div(x, 1, 2)}, 1).passed()) << target;
    EXPECT_EQ(call.Judge({shaken, call.Div(a, 1, 2)}, 1).reason, Reason::kNone) << target;
  }
  call.options.target_policy = TargetPolicy::kToOnly;
  EXPECT_EQ(call.Judge({shaken}, 1).reason, Reason::kNone);
}

TEST(Div, D4_RequestUriThatIsDest_Passes) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  const std::string shaken = call.Shaken(a, 1);
  for (const char* to : {"<sip:12155550101@example.org>", "<sip:+12155550101@example.org>"}) {
    call.request.dest = {to};
    for (const char* target : {"sip:12155550101@192.0.2.1", "sip:+12155550101@192.0.2.1;user=phone",
                               "sip:12155550101;npdi;rn=12155559999@192.0.2.1;user=phone",
                               "sip:+12155550101;npdi;rn=+12155559999@192.0.2.1;user=phone",
                               "tel:+1-215-555-0101;npdi"}) {
      call.request.target = target;
      const Verdict verdict = call.Judge({shaken}, 1);
      EXPECT_EQ(verdict.reason, Reason::kNone) << target;
      EXPECT_THAT(DestDetail(verdict, 0), Not(testing::HasSubstr("Request-URI"))) << target;
    }
  }
}

TEST(Div, F4_RequestUriThatDoesNotCount_IsNamed) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  const std::string shaken = call.Shaken(a, 1);
  for (const char* target :
       {"sip:alice@192.0.2.1", "sip:1001@192.0.2.1", "sip:100100100@192.0.2.1",
        "sip:6f1e9a12-3456-7890-1234-567890abcdef@192.0.2.1;gr", "sip:192.168.100.100:5060",
        "sip:192.168.100.100", "sip:gw1215555010299@example.org", "sip:*72155550@192.0.2.1", "x"}) {
    call.request.target = target;
    const Verdict verdict = call.Judge({shaken}, 1);
    EXPECT_EQ(verdict.reason, Reason::kNone) << target;
    EXPECT_THAT(DestDetail(verdict, 0), testing::HasSubstr("Request-URI")) << target;
  }
}

TEST(Div, F2_AuthorityIsOverTheDivNumber) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  const auto with_numbers = [&](const std::string& first) {
    CertSpec spec = LeafSpec();
    spec.tn_auth_list = NumberList({{first, 2}});
    return call.MakeCarrier(spec);
  };
  // 12155550101 redirected; the caller is 12155550100.
  EXPECT_EQ(call.Judge({call.Shaken(a, 1), call.Div(with_numbers(Number(1)), 1, 5)}, 5).reason,
            Reason::kNone);
  EXPECT_EQ(call.Judge({call.Shaken(a, 1), call.Div(with_numbers(Number(4)), 1, 5)}, 5).reason,
            Reason::kTnNotAuthorized);
}

TEST(Div, F4_Freshness) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  const auto judge = [&](hours shaken, seconds inner, seconds outer) {
    return call
        .Judge({call.Shaken(a, 1, kNow - shaken), call.Div(a, 1, 2, kNow - inner),
                call.Div(a, 2, 3, kNow - outer)},
               3)
        .reason;
  };
  EXPECT_EQ(judge(hours(2), hours(1), seconds(60)), Reason::kNone);
  EXPECT_EQ(judge(hours(3), hours(3), seconds(0)), Reason::kNone);
  EXPECT_EQ(judge(hours(0), seconds(0), seconds(61)), Reason::kDivStale);
  EXPECT_EQ(judge(hours(0), seconds(0), hours(4)), Reason::kDivStale);
  EXPECT_EQ(judge(hours(4), seconds(0), seconds(0)), Reason::kDivStale);
  EXPECT_EQ(judge(hours(0), hours(4), seconds(0)), Reason::kDivStale);
  EXPECT_EQ(judge(hours(0), seconds(0), seconds(-61)), Reason::kIatInFuture);
  EXPECT_EQ(judge(hours(0), seconds(-61), seconds(0)), Reason::kDivLinkMissing);
  call.options.max_diverted_age = hours(4);
  EXPECT_EQ(judge(hours(4), seconds(0), seconds(0)), Reason::kNone);
}

// RFC 7519 4.1.4 and 4.1.5: who signs exp and nbf means them, before the last diversion too.
TEST(Div, F4_ExpAndNbfCountInEachLink) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  const auto at = [](seconds from_now) {
    return std::to_string((kNow + from_now).time_since_epoch().count());
  };
  const auto shaken = [&](const std::pair<std::string, std::string>& more) {
    return call.Header(
        a, {"shaken", ClaimsTo(1, {{"attest", R"("A")"},
                                   {"origid", R"("123e4567-e89b-12d3-a456-426655440000")"},
                                   more})});
  };
  const std::string div = call.Div(a, 1, 2);
  EXPECT_EQ(call.Judge({shaken({"exp", at(hours(1))}), div}, 2).reason, Reason::kNone);
  EXPECT_EQ(call.Judge({shaken({"exp", at(-seconds(600))}), div}, 2).reason,
            Reason::kDivInnermostInvalid);
  EXPECT_EQ(call.Judge({shaken({"nbf", at(seconds(3000))}), div}, 2).reason,
            Reason::kDivInnermostInvalid);
  EXPECT_EQ(call.Judge({shaken({"exp", "\"x\""}), div}, 2).reason, Reason::kDivInnermostInvalid);
}

TEST(Div, F4_AnOldShakenWithoutADiversionIsStale) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  EXPECT_EQ(call.Judge({call.Shaken(a, 1, kNow - hours(1))}, 1).reason, Reason::kIatStale);
}

// What the next element may take for another number is not passed over because it is no clean one.
TEST(Div, F4_RequestUriThatLooksLikeANumber_IsForNobodyElse) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  const std::string shaken = call.Shaken(a, 1);
  for (const char* country : {"", "US"}) {
    call.options.dial_plan = FindDialPlan(country);
    for (const char* target : {"tel:1234567890123456",
                               "sip:*72155550102@192.0.2.1;user=phone",
                               "sip:+121555501020000000@h",
                               "sip:*6712155550102@h",
                               "sip:+12155550102,,1@h",
                               "sip:+12155550102%20@h;user=phone",
                               "sip:%2B1%20215%20555%200102@h",
                               "sip:12155550102%3Buser=phone@h",
                               "sip:++12155550102@h",
                               "tel:+1-215-555-0102p22",
                               "sip:12155550102*@h",
                               "sip:1215555010a2@h;user=phone",
                               "+121555501020000000",
                               "sip:+12155550102_@h",
                               "sip:+12155550102!@h",
                               "sip:12155550102F@h",
                               "sip:+1215_5550102@h",
                               "sip:%2B12155550102_@h",
                               "sip:!12155550102@h",
                               "sip:_+12155550102@h",
                               "sip:=12155550102@h;user=phone",
                               "sip:%C2%A012155550102@h",
                               "sip:12155~550102@h",
                               "sip:gw+12155550102@h",
                               "sip:9,13105551234@h",
                               "sip:9%2C13105551234@h",
                               "sip:1-310-555-1234_@h",
                               "sip:1-310-555-1234!@h",
                               "sip:1(310)555-1234a@h",
                               "sip:13105551-2345-4abc-9000-00a0c91e6bf6@h",
                               "h323:1-310-555-1234_@h",
                               "sip:12155550101!+13105551234@h",
                               "sip:12155550101a+13105551234@h",
                               "sip:12155550101,+13105551234@h",
                               "tel:+12155550101,+13105551234",
                               "sip:13105551234;maddr=192.0.2.1",
                               "sip:+13105551234;transport=udp;maddr=10.0.0.1",
                               "sip:13105551234;x=.",
                               "sip:+13105551234.",
                               "sip:1310.5551234",
                               "sip:13105551234:5060;x=.y",
                               "sip:9p13105551234@h",
                               "sip:0w13105551234@h",
                               "sip:+p13105551234@h",
                               "sip:1310x5551234@h",
                               "sip:+,13105551234@h",
                               "sip:,+13105551234@h",
                               "sip:1310,5551234@h",
                               "sip:131055,51234@h",
                               "sip:+131055%2C51234@h;user=dialstring",
                               "sip:P13105551234@h;user=dialstring",
                               "sip:9P13105551234@h;user=dialstring",
                               "sip:9X13105551234@h;user=dialstring",
                               "sip:1310P5551234@h;user=dialstring",
                               "sip:1a+13105551234@h",
                               "sip:*a+13105551234@h",
                               "sip:#31#a+13105551234@h",
                               "sip:+a+13105551234@h",
                               "sip:101-to+13105551234@h",
                               "sip:1,+13105551234@h",
                               "h323:13105551234@h",
                               "im:+13105551234@h",
                               "sms:13105551234",
                               "callto:13105551234",
                               "sip:5550101@h;phone-context=+1310;user=phone",
                               "sip:5550101@h;user=phone;Phone%2Dcontext=%2B1310",
                               "sip:1215555a0102@h;user=phone",
                               "<sip:1215555a0102@h;user=phone>",
                               "sip:+12155550102@h@h2",
                               "sip:+12155550102",
                               "sip:12155550102;user=phone",
                               "tel:x12155550102",
                               "sip:+12155550101<sip:+12155550102@h>@h",
                               "sip:+12155550101@+12155550102@h",
                               "sip:+12155550101@h <sip:+12155550102@h>",
                               "tel:5550102;phone-context=+1215;phone-context=+1999",
                               "sip:5550102;phone-context=+1999;phone-context=+1999@h",
                               "sip:5550102;phone%2Dcontext=+1999;phone-context=+1215@h",
                               "sip:5550102;phone-context=+1999x@h"}) {
      call.request.target = target;
      EXPECT_EQ(call.Judge({shaken}, 1).reason, Reason::kDestMismatch) << target << country;
    }
  }
  call.options.target_policy = TargetPolicy::kToOnly;
  EXPECT_EQ(call.Judge({shaken}, 1).reason, Reason::kNone);
}

// The same number with what does not change it, and a URI that was signed for itself.
TEST(Div, F4_RequestUriThatMayBeTakenForTheSignedNumber_Passes) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  const std::string shaken = call.Shaken(a, 1);
  for (const char* target : {"sip:12155550101-7f8a@h",
                             "sip:+12155550101%3Bnpdi@h;user=phone",
                             "sip:12155550101#@h",
                             "sip:12155550101x55@h",
                             "sip:+12155550101_@h",
                             "sip:12155550101,,5@h",
                             "sip:!12155550101@h",
                             "sip:gw+12155550101@h",
                             "sip:12155550101_5@h",
                             "sip:alice+5@h",
                             "sip:u12155550102@h",
                             "sip:12,155550101@h",
                             "sip:12155550101P123@h;user=dialstring",
                             "sip:1a+12155550101@h",
                             "sip:1a+5@h",
                             "sip:5550101;phone-context=+1215@h;user=phone",
                             "sip:12155550101@h;phone-context=example.org",
                             "sip:+12155550101@h;phone-context=+1310",
                             "sip:+1-215-555-0101-7f8a@h",
                             "sip:[2001:1234:5678::10]",
                             "sip:[2001:1234:5678::10]:5060;x=y",
                             "sip:192.168.100.100;x=1",
                             "sip:gw13105551234.example.org",
                             "sip:12345678-90ab-4abc-9000-00a0c91e6bf6@h",
                             "sip:5550101,,1234567@h",
                             "sip:5550101x1234567@h",
                             "sip:a8f5f167f44f4964e6c998dee827110c@h"}) {
    call.request.target = target;
    EXPECT_EQ(call.Judge({shaken}, 1).reason, Reason::kNone) << target;
  }
  const std::string uri = "sip:1234567890123456@pbx.example.org";
  call.request.target = uri;
  call.request.dest = {"<" + uri + ">"};
  const std::string base =
      call.Header(a, {"", ClaimsTo(1, {{"dest", "{\"uri\":[\"" + uri + "\"]}"}})});
  EXPECT_EQ(call.Judge({base}, 0).reason, Reason::kNone);
}

// From the first number to a URI.
std::string DivToUri(const RedirectedCall& call, const Carrier& carrier, const std::string& uri) {
  return call.Header(carrier, {"div", ClaimsTo(2, {{"div", R"({"tn":"12155550101"})"},
                                                   {"dest", "{\"uri\":[\"" + uri + "\"]}"}})});
}

TEST(Div, F4_RedirectedToAUri) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  const std::string shaken = call.Shaken(a, 1, kNow - seconds(100));
  call.request.target = "sip:bob@example.org";
  const Verdict verdict = call.Judge({shaken, DivToUri(call, a, "sip:bob@example.org")}, 1);
  EXPECT_EQ(verdict.reason, Reason::kNone);
  ASSERT_EQ(verdict.path.size(), 2U);
  EXPECT_EQ(verdict.path[1].to, "sip:bob@example.org");
  EXPECT_FALSE(call.Judge({shaken, DivToUri(call, a, "sip:eve@example.org")}, 1).passed());
  EXPECT_FALSE(call.Judge({shaken}, 1).passed()) << "too old for a direct call";
}

// While the original is fresh, the call is both: one to who was signed for, and one that went on.
TEST(Div, F1_RedirectedToAUriAtOnce) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  const std::string shaken = call.Shaken(a, 1);
  call.request.target = "sip:bob@example.org";
  const Verdict verdict = call.Judge({shaken, DivToUri(call, a, "sip:bob@example.org")}, 1);
  EXPECT_EQ(verdict.reason, Reason::kNone);
  ASSERT_EQ(verdict.path.size(), 2U);
  EXPECT_EQ(verdict.path[1].to, "sip:bob@example.org");
  EXPECT_EQ(verdict.passports[1].reason, Reason::kNone);
  // A diversion to somebody else spoils nothing, and is no link.
  const Verdict elsewhere = call.Judge({shaken, DivToUri(call, a, "sip:eve@example.org")}, 1);
  EXPECT_EQ(elsewhere.reason, Reason::kNone);
  EXPECT_EQ(elsewhere.path.size(), 1U);
  EXPECT_NE(elsewhere.passports[1].reason, Reason::kNone);
  EXPECT_EQ(call.Judge({shaken}, 1).path.size(), 1U);
}

TEST(Div, D4_F4_RequestUriSaysWhereTheCallGoes) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  const std::string shaken = call.Shaken(a, 1);
  call.request.dest = {"<sip:+12155550101@example.org>"};  // To keeps who was called
  call.request.target = "sip:+12155550102@192.0.2.1;user=phone";
  EXPECT_EQ(call.Judge({shaken}, 0).reason, Reason::kDestMismatch);
  EXPECT_EQ(call.Judge({shaken, call.Div(a, 1, 3)}, 0).reason, Reason::kDestMismatch);
  EXPECT_EQ(call.Judge({shaken, call.Div(a, 1, 2)}, 0).reason, Reason::kNone);
  call.options.target_policy = TargetPolicy::kToOnly;
  EXPECT_EQ(call.Judge({shaken}, 0).reason, Reason::kNone);
}

TEST(Div, D4_RequestUrisThatAreNoComparableNumber_DoNotCount) {
  RedirectedCall call;
  const std::string shaken = call.Shaken(call.MakeCarrier(), 1);
  call.request.dest = {"+12155550101"};
  for (const char* target : {"sip:alice@192.0.2.1", "sip:1001@192.0.2.1", "x"}) {
    call.request.target = target;
    EXPECT_EQ(call.Judge({shaken}, 0).reason, Reason::kNone) << target;
  }
  for (const char* target : {"sip:2155550101@192.0.2.1;user=phone;phone-context=+1",
                             "sip:2155550101@192.0.2.1;phone-context=%2B1"}) {
    call.options.dial_plan = FindDialPlan("US");
    call.request.target = target;
    EXPECT_EQ(call.Judge({shaken}, 0).reason, Reason::kNone) << target;
    call.options.dial_plan = nullptr;
  }
  // Only a dial plan knows what a number as it is dialled is.
  call.request.target = "sip:2155550101@192.0.2.1;user=phone";
  EXPECT_EQ(call.Judge({shaken}, 0).reason, Reason::kDestMismatch);
  call.options.dial_plan = FindDialPlan("US");
  EXPECT_EQ(call.Judge({shaken}, 0).reason, Reason::kNone);
  call.request.target = "sip:2155550102@192.0.2.1;user=phone";
  EXPECT_EQ(call.Judge({shaken}, 0).reason, Reason::kDestMismatch);
}

// A subscriber's number that says it is one: of who was signed for, as it may be dialled somewhere,
// or of somebody else.
TEST(Div, D4_ALocalNumberThatSaysItIsOne_IsTheSignedOnesOrAnothers) {
  RedirectedCall call;
  const std::string shaken = call.Shaken(call.MakeCarrier(), 1);
  call.request.dest = {"\"Bob\" <sip:+1-215-555-0101@example.org>"};
  for (const char* target :
       {"sip:5550102@h;user=phone", "tel:5550102", "tel:5550102;phone-context=example.org",
        "sip:155550102@h;user=phone", "tel:87654321", "sip:555-0102@h;user=phone", "<tel:5550102>",
        " tel:5550102", "sip:5550102@h;us%65r=%70hone", "sip:5550102@h;user=ip;user=phone",
        "sip:5550102@h;transport=udp;USER=dialstring", "sip:95588012@h;user=phone?x=y",
        "sip:5550102@h;x=\";user=phone", "sip:5550102@h;user=\"phone\"",
        "sip:5550102@h;user=phone%20", "tel:9550101", "tel:22550101", "tel:6125550101"}) {
    call.request.target = target;
    const Verdict verdict = call.Judge({shaken}, 0);
    EXPECT_EQ(verdict.reason, Reason::kDestMismatch) << target;
  }
  for (const char* target :
       {"sip:5550101@h;user=phone;phone-context=example.org", "sip:5550101@h;user=phone",
        "tel:5550101", "tel:555-0101;phone-context=example.org", "sip:05550101@h;user=phone",
        "tel:15550101", "tel:95550101", "tel:005550101", "sip:1001@h;user=phone", "sip:5550102@h",
        "sip:10.0.0.5:5060;user=phone", "sip:pbx.example.com;user=phone",
        "sip:[2001:db8::1];user=phone"}) {
    call.request.target = target;
    EXPECT_EQ(call.Judge({shaken}, 0).reason, Reason::kNone) << target;
  }
  const std::string as_dialled =
      call.Header(call.MakeCarrier(), {"", ClaimsTo(1, {{"dest", R"({"tn":["5550101"]})"}})});
  call.request.target = "tel:5550101";
  call.request.dest = {"tel:5550101"};
  EXPECT_EQ(call.Judge({as_dialled}, 0).reason, Reason::kNone);
  call.request.target = "sip:;user=phone";
  EXPECT_EQ(call.Judge({as_dialled}, 0).reason, Reason::kDestMismatch) << "nobody's";
  call.request.target = "tel:5550102";
  call.request.dest = {"+12155550101", "tel:5550102"};
  EXPECT_EQ(call.Judge({shaken}, 0).reason, Reason::kDestMismatch) << "it was not signed for";
  call.request.dest = {"sip:bob@example.org"};
  EXPECT_EQ(call.Judge({shaken}, 0).reason, Reason::kDestMismatch);
}

TEST(Div, F4_ALocalNumberIsTheTargetOfTheLastDiversion) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  const Carrier x = call.MakeStranger();
  const std::string shaken = call.Shaken(a, 1);
  call.request.dest = {"+12155550101"};
  for (const char* target : {"sip:5550102@h;user=phone", "tel:05550102"}) {
    call.request.target = target;
    const Verdict verdict = call.Judge({shaken, call.Div(a, 1, 2)}, 0);
    EXPECT_EQ(verdict.reason, Reason::kNone) << target;
    EXPECT_EQ(verdict.path.size(), 2U) << target;
    EXPECT_EQ(call.Judge({shaken}, 0).reason, Reason::kDestMismatch) << target;
    EXPECT_EQ(call.Judge({shaken, call.Div(a, 1, 3)}, 0).reason, Reason::kDestMismatch) << target;
    EXPECT_FALSE(call.Judge({shaken, call.Div(x, 1, 2)}, 0).passed()) << target;
  }
}

// Behind an area's or a country's code a short code is the one that was signed for.
TEST(Div, D4_AShortCodeBehindAnArea) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  const std::string to_code = call.Header(a, {"", ClaimsTo(1, {{"dest", R"({"tn":["95588"]})"}})});
  call.request.dest = {"sip:95588@ims.example.org"};
  for (const char* country : {"", "CN"}) {
    call.options.dial_plan = FindDialPlan(country);
    for (const char* target :
         {"sip:01095588@ims.example.org;user=phone", "tel:01095588", "tel:8695588"}) {
      call.request.target = target;
      EXPECT_EQ(call.Judge({to_code}, 0).reason, Reason::kNone) << target << country;
    }
    for (const char* other :
         {"sip:01095599@ims.example.org;user=phone", "tel:65595588", "tel:9595588"}) {
      call.request.target = other;
      EXPECT_EQ(call.Judge({to_code}, 0).reason, Reason::kDestMismatch) << other << country;
    }
  }
}

// A short code says who is called as much as a whole number does.
TEST(Div, D4_AShortCodeOfThePlanIsAnotherNumber) {
  RedirectedCall call;
  const std::string shaken = call.Shaken(call.MakeCarrier(), 1);
  call.options.dial_plan = FindDialPlan("CN");
  call.request.dest = {"+12155550101"};
  for (const char* target : {"sip:95588@h", "tel:95588", "sip:8695588@h", "sip:+8695588@h",
                             "sip:10086@h;user=phone", "sip:96110@h"}) {
    call.request.target = target;
    EXPECT_EQ(call.Judge({shaken}, 0).reason, Reason::kDestMismatch) << target;
  }
  // Extensions say nothing, also those that look like a code, or have a context of their own.
  for (const char* target : {"sip:1001@h", "sip:1201@pbx.example.org",
                             "sip:1001;phone-context=pbx.example.org@h", "\"@\" <sip:1001@h>"}) {
    call.request.target = target;
    EXPECT_EQ(call.Judge({shaken}, 0).reason, Reason::kNone) << target;
  }
  for (const char* target : {"tel:110", "sip:1201@h;user=phone"}) {
    call.request.target = target;
    EXPECT_EQ(call.Judge({shaken}, 0).reason, Reason::kDestMismatch) << target;
  }
}

// Where a plan has short numbers, one with its country code says who is called; what is shorter, or
// says with user= that it is none, does not.
TEST(Div, D4_ShortNumbersOfThePlanWithTheirCountryCode) {
  RedirectedCall call;
  const std::string shaken = call.Shaken(call.MakeCarrier(), 1);
  call.request.dest = {"+12155550101"};
  const auto reason = [&](const char* country, const char* target) {
    call.options.dial_plan = FindDialPlan(country);
    call.request.target = target;
    return call.Judge({shaken}, 0).reason;
  };
  EXPECT_EQ(reason("DE", "sip:49123456@h"), Reason::kDestMismatch);
  EXPECT_EQ(reason("DE", "sip:49123@h"), Reason::kNone);
  EXPECT_EQ(reason("US", "sip:1001@h"), Reason::kNone);
  EXPECT_EQ(reason("CN", "sip:1201@h;user=ip"), Reason::kNone);
  EXPECT_EQ(reason("CN", "sip:1201@h;user=phone"), Reason::kDestMismatch);
}

TEST(Div, F8_SeveralChains_AnyGoodOneSuffices) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  const Carrier x = call.MakeStranger();
  // Two original PASSporTs, one of a stranger, share the diversion.
  const Verdict verdict = call.Judge({call.Shaken(x, 1), call.Shaken(a, 1), call.Div(a, 1, 2)}, 2);
  EXPECT_EQ(verdict.reason, Reason::kNone);
  EXPECT_EQ(verdict.decided_by, 1U);
  EXPECT_EQ(ReasonAt(verdict, 0), Reason::kChainUntrusted);
  EXPECT_EQ(ReasonAt(verdict, 2), Reason::kNone);
  // Two chains over different numbers.
  EXPECT_EQ(
      call.Judge({call.Shaken(x, 4), call.Div(x, 4, 2), call.Shaken(a, 1), call.Div(a, 1, 2)}, 2)
          .reason,
      Reason::kNone);
}

TEST(Div, F5_InnermostOfAnUnknownType_IsNotJudged) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  const Verdict verdict =
      call.Judge({call.Header(a, {"foobar", ClaimsTo(1)}), call.Div(a, 1, 2)}, 2);
  EXPECT_EQ(verdict.reason, Reason::kUnsupportedPpt);
  EXPECT_EQ(ReasonAt(verdict, 1), Reason::kUnsupportedPpt);
}

TEST(Div, F5_InnermostThatSaysNothingOfTheCaller_DoesNotPass) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  call.request.resource_priority = {"ets.0"};
  const std::string rph = call.Header(a, {"rph", ClaimsTo(1, {{"rph", R"({"auth":["ets.0"]})"}})});
  const Verdict verdict = call.Judge({rph, call.Div(a, 1, 2)}, 2);
  EXPECT_EQ(verdict.reason, Reason::kUnsupportedPpt);
  EXPECT_EQ(ReasonAt(verdict, 0), Reason::kNone);
  EXPECT_EQ(verdict.priority->status, PriorityVerdict::Status::kPassed);
}

TEST(Div, F1_DivClaim) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  const std::string shaken = call.Shaken(a, 1);
  struct Case {
    std::string div;
    Reason expected;
  };
  const std::vector<Case> cases = {
      {R"({"tn":"12155550101"})", Reason::kNone},
      {R"({"tn":"12155550101","hi":"1.1"})", Reason::kNone},
      {"-", Reason::kDivClaimMissing},
      {R"({"tn":"12155550101","hi":1})", Reason::kDivClaimInvalid},
      {R"({"tn":"12155550101","uri":"sip:a@example.org"})", Reason::kDivClaimInvalid},
      {R"({"tn":["12155550101"]})", Reason::kDivClaimInvalid},
      {R"("12155550101")", Reason::kDivClaimInvalid},
      {"{}", Reason::kDivClaimInvalid}};
  for (const Case& c : cases) {
    const Verdict verdict =
        call.Judge({shaken, call.Header(a, {"div", ClaimsTo(2, {{"div", c.div}})})}, 2);
    EXPECT_EQ(ReasonAt(verdict, 1), c.expected) << c.div;
    EXPECT_EQ(verdict.passed(), c.expected == Reason::kNone) << c.div;
  }
}

TEST(Div, F1_CompactForm_Fails) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  const std::string div = call.Div(a, 1, 2);
  call.request.date = "Thu, 15 Jan 2026 12:00:00 GMT";
  const std::string compact = ".." + div.substr(div.rfind('.', div.find(';')) + 1);
  EXPECT_EQ(ReasonAt(call.Judge({call.Shaken(a, 1), compact}, 2), 1),
            Reason::kCompactFormNotAllowed);
}

TEST(Div, B26_ClaimConstraintsApply) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  CertSpec spec = LeafSpec();
  // mustInclude [0] { "confidence" }
  const std::string name =
      "\x16\x0a"
      "confidence";
  spec.raw_extensions = {{"1.3.6.1.5.5.7.1.27", std::string("\x30\x10\xa0\x0e\x30\x0c") + name}};
  const Carrier constrained = call.MakeCarrier(spec);
  EXPECT_EQ(call.Judge({call.Shaken(a, 1), call.Div(constrained, 1, 2)}, 2).reason,
            Reason::kClaimRequired);
  call.request.resource_priority = {"ets.0"};
  const auto reason = [&](const std::string& ppt, const std::string& claim,
                          const std::string& value) {
    return ReasonAt(call.Judge({call.Header(constrained, {ppt, ClaimsTo(2, {{claim, value}})})}, 2),
                    0);
  };
  EXPECT_EQ(reason("rph", "rph", R"({"auth":["ets.0"]})"), Reason::kClaimRequired);
  EXPECT_EQ(reason("rcd", "rcd", R"({"nam":"Alice"})"), Reason::kClaimRequired);
}

// ----- div-o

TEST(DivO, F7_NestedToAnyDepthWithinTheLimit_Passes) {
  RedirectedCall call;
  const auto token = [](const std::string& header) { return header.substr(0, header.find(';')); };
  std::string identity = call.Shaken(call.MakeCarrier(), 1);
  for (int n = 1; n <= 5; ++n) {
    identity = call.DivO(call.MakeCarrier(), n, n + 1, token(identity));
    ASSERT_LT(identity.size(), kMaxIdentityBytes);
    const Verdict verdict = call.Judge({identity}, n + 1);
    EXPECT_EQ(verdict.reason, Reason::kNone) << n;
    EXPECT_EQ(verdict.path.size(), static_cast<size_t>(n) + 1);
    EXPECT_EQ(verdict.decided_by, 0U);
    EXPECT_EQ(verdict.deciding()->attest, "A");
    EXPECT_EQ(verdict.passports.at(0).nested.size(), 1U);
  }
  call.options.max_diversions = 4;
  EXPECT_EQ(call.Judge({identity}, 6).reason, Reason::kDivLimit);
}

TEST(DivO, F7_WaysToBreakIt) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  const Carrier x = call.MakeStranger();
  const auto token = [](const std::string& header) { return header.substr(0, header.find(';')); };
  const std::string inner = token(call.Shaken(a, 1));
  EXPECT_EQ(call.Judge({call.DivO(a, 1, 2, inner)}, 3).reason, Reason::kDestMismatch);
  EXPECT_EQ(call.Judge({call.DivO(a, 4, 2, inner)}, 2).reason, Reason::kDivLinkMissing);
  EXPECT_EQ(call.Judge({call.DivO(x, 1, 2, inner)}, 2).reason, Reason::kChainUntrusted);
  EXPECT_EQ(call.Judge({call.DivO(a, 1, 2, inner, kNow - seconds(61))}, 2).reason,
            Reason::kDivStale);
  EXPECT_EQ(call.Judge({call.DivO(a, 1, 2, token(call.Shaken(a, 1, kNow - hours(2))))}, 2).reason,
            Reason::kNone);
  EXPECT_EQ(call.Judge({call.DivO(a, 1, 2, token(call.Shaken(a, 1, kNow - hours(4))))}, 2).reason,
            Reason::kDivStale);
  // What stands in opt is bound to what encloses it.
  EXPECT_EQ(call.Judge({call.DivO(x, 1, 2, inner), call.Div(a, 1, 2)}, 2).reason,
            Reason::kChainUntrusted);
}

// The same signature rules, so the same verdict as of the same PASSporTs in headers of their own.
TEST(DivO, F7_D10_WhatIsForgedOrUntrustedInOpt_IsTold) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  const Carrier x = call.MakeStranger();
  const Carrier forger{call.MakeCarrier().leaf, a.x5u};
  const auto token = [](const std::string& header) { return header.substr(0, header.find(';')); };
  const auto by = [&](const Carrier& shaken, const Carrier& div, const Carrier& last) {
    const std::string inner = call.Shaken(shaken, 1);
    const Verdict headers = call.Judge({inner, call.Div(div, 1, 2), call.Div(last, 2, 3)}, 3);
    const Verdict nested =
        call.Judge({call.DivO(last, 2, 3, token(call.DivO(div, 1, 2, token(inner))))}, 3);
    EXPECT_EQ(nested.reason, headers.reason);
    EXPECT_EQ(nested.verstat(), headers.verstat());
    EXPECT_EQ(nested.decided_by, 0U);
    EXPECT_EQ(ReasonAt(nested, 0), nested.reason);
    return nested.reason;
  };
  EXPECT_EQ(by(a, a, a), Reason::kNone);
  EXPECT_EQ(by(forger, a, a), Reason::kSignatureInvalid);
  EXPECT_EQ(by(a, forger, a), Reason::kSignatureInvalid);
  EXPECT_EQ(by(x, a, a), Reason::kChainUntrusted);
  EXPECT_EQ(by(a, x, a), Reason::kChainUntrusted);
  EXPECT_EQ(by(forger, x, a), Reason::kSignatureInvalid) << "the higher rank";
  EXPECT_EQ(by(x, forger, a), Reason::kSignatureInvalid);
  // What failed of the outermost one comes first.
  EXPECT_EQ(by(a, a, x), Reason::kChainUntrusted);
  EXPECT_EQ(by(x, a, forger), Reason::kSignatureInvalid);
  // What is known to be bad counts before what could not be judged (A-53).
  const Carrier absent = call.MakeCarrier();
  call.source->bundles.erase(absent.x5u);
  EXPECT_EQ(by(absent, a, a), Reason::kCertificateNotAvailable);
  EXPECT_EQ(by(absent, forger, a), Reason::kSignatureInvalid);
  EXPECT_EQ(by(forger, absent, a), Reason::kSignatureInvalid);
}

TEST(DivO, F7_D10_ASignatureThatIsNoneInOpt_IsTold) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  const std::string shaken = call.Shaken(a, 1);
  const std::string inner = shaken.substr(0, shaken.find(';'));
  const std::string cut = inner.substr(0, inner.rfind('.') + 5);
  const Verdict headers = call.Judge({cut + shaken.substr(shaken.find(';')), call.Div(a, 1, 2)}, 2);
  EXPECT_EQ(headers.reason, Reason::kSignatureMalformed);
  EXPECT_EQ(call.Judge({call.DivO(a, 1, 2, cut)}, 2).reason, Reason::kSignatureMalformed);
}

// A diversion that another chain proves is a link of that one, whatever is in its opt.
TEST(DivO, F8_AForgedPassportInOptBesideAGoodChain_Passes) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  const std::string forged = call.Shaken(Carrier{call.MakeCarrier().leaf, a.x5u}, 1);
  const Verdict verdict = call.Judge({call.DivO(a, 1, 2, forged.substr(0, forged.find(';'))),
                                      call.Shaken(a, 1), call.Div(a, 1, 2)},
                                     2);
  EXPECT_EQ(verdict.reason, Reason::kNone);
  EXPECT_EQ(verdict.decided_by, 1U);
}

TEST(DivO, F7_OptMustBeATokenInFullForm) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  const std::string inner = call.Shaken(a, 1);
  const std::string token = inner.substr(0, inner.find(';'));
  for (const std::string& opt : {inner, ".." + token.substr(token.rfind('.') + 1), std::string("x"),
                                 std::string(), " " + token}) {
    EXPECT_EQ(call.Judge({call.DivO(a, 1, 2, opt)}, 2).reason, Reason::kDivOptInvalid) << opt;
  }
  EXPECT_EQ(
      call.Judge({call.Header(a, {"div-o", ClaimsTo(2, {{"div", R"({"tn":"12155550101"})"}})})}, 2)
          .reason,
      Reason::kDivOptInvalid);
}

TEST(DivO, AnEnclosedPassportDoesNotSpeakAlone) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  const Carrier x = call.MakeStranger();
  const std::string inner = call.Shaken(a, 1);
  // To is the one that was called first; without a good diversion the call is not for him.
  EXPECT_EQ(call.Judge({call.DivO(x, 1, 2, inner.substr(0, inner.find(';')))}, 1).reason,
            Reason::kDestMismatch);
}

// A div of `carrier` from `from` to both `to` and `other`.
std::string DivToBoth(const RedirectedCall& call, const Carrier& carrier, int from, int to,
                      int other, sys_seconds iat = kNow) {
  return call.Header(
      carrier,
      {"div", ClaimsTo(to,
                       {{"div", R"({"tn":")" + Number(from) + "\"}"},
                        {"dest", R"({"tn":[")" + Number(to) + R"(",")" + Number(other) + "\"]}"}},
                       iat)});
}

// What nobody trusted signed makes the way look shorter than it is: the chain that is left counts.
TEST(DivBudget, F4_AForgedShortCutDoesNotLengthenTheChain) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  const Carrier x = call.MakeStranger();
  const Identities identities = {call.Shaken(a, 1), DivToBoth(call, a, 1, 2, 9), call.Div(x, 9, 4),
                                 call.Div(a, 2, 3), call.Div(a, 3, 4),           call.Shaken(x, 3)};
  call.options.max_diversions = 3;
  EXPECT_EQ(call.Judge(identities, 4).reason, Reason::kNone);
  call.options.max_diversions = 2;
  const Verdict verdict = call.Judge(identities, 4);
  EXPECT_FALSE(verdict.passed());
  EXPECT_EQ(ReasonAt(verdict, 0), Reason::kDivLimit);
}

// The same for its age: behind the last genuine diversion a forged one is no excuse.
TEST(Div, F4_AForgedDiversionDoesNotMakeAStaleOneTheLastButOne) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  const Carrier x = call.MakeStranger();
  const auto judge = [&](seconds age) {
    return call.Judge(
        {call.Shaken(a, 1, kNow - age), DivToBoth(call, a, 1, 2, 5, kNow - age), call.Div(x, 5, 2)},
        2);
  };
  EXPECT_EQ(judge(seconds(60)).reason, Reason::kNone);
  const Verdict stale = judge(seconds(61));
  EXPECT_FALSE(stale.passed());
  EXPECT_EQ(ReasonAt(stale, 0), Reason::kDivStale);
  EXPECT_EQ(ReasonAt(stale, 1), Reason::kDivStale);
}

// Behind a PASSporT that nobody trusted signed a diversion is no link, and spoils no other chain.
TEST(Div, F8_ADiversionBehindAForgedPassportIsInNoChain) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  const Carrier x = call.MakeStranger();
  const Identities identities = {call.Shaken(a, 1), call.Div(a, 1, 2), call.Shaken(x, 3),
                                 call.Div(a, 3, 2)};
  const Verdict verdict = call.Judge(identities, 2);
  EXPECT_EQ(verdict.reason, Reason::kNone);
  EXPECT_EQ(verdict.path.size(), 2U);
  EXPECT_EQ(ReasonAt(verdict, 2), Reason::kChainUntrusted);
  EXPECT_EQ(ReasonAt(verdict, 3), Reason::kDivLinkMissing);
  EXPECT_FALSE(call.Judge({identities[2], identities[3]}, 2).passed());
}

// Why a PASSporT is not for the call is told of what follows it.
TEST(Div, F5_WhatIsToldOfAPassportThatIsNotForTheCall) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  // Diversions in a circle that the call leaves nowhere.
  const Verdict circle = call.Judge({call.Shaken(a, 1), call.Div(a, 1, 2), call.Div(a, 2, 1)}, 9);
  EXPECT_EQ(circle.reason, Reason::kDestMismatch);
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(ReasonAt(circle, i), Reason::kDestMismatch) << i;
  // A diversion that is good, behind another PASSporT.
  const std::string other = call.Header(
      a, {"shaken", ClaimsTo(1, {{"attest", R"("D")"},
                                 {"origid", R"("123e4567-e89b-12d3-a456-426655440000")"}})});
  const Verdict beside = call.Judge({other, call.Shaken(a, 1), call.Div(a, 1, 2)}, 2);
  EXPECT_EQ(beside.reason, Reason::kNone);
  EXPECT_EQ(beside.decided_by, 1U);
  EXPECT_EQ(OutcomeAt(beside, 0, "dest"), CheckOutcome::kFailed);
  EXPECT_EQ(OutcomeAt(beside, 0, "attest"), CheckOutcome::kFailed);
}

// ----- Callers and parties that are not what they mostly are

// Who redirects may be a URI. Its right is an SPC's: numbers give none to a name.
TEST(Div, F2_RedirectedByAUri) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  const std::string bob = "sip:bob@example.org";
  const std::string base =
      call.Header(a, {"", ClaimsTo(1, {{"dest", "{\"uri\":[\"" + bob + "\"]}"}})});
  const auto div = [&](const Carrier& carrier, const std::string& by) {
    return call.Header(carrier, {"div", ClaimsTo(2, {{"div", "{\"uri\":\"" + by + "\"}"}})});
  };
  const Verdict verdict = call.Judge({base, div(a, bob)}, 2);
  EXPECT_EQ(verdict.reason, Reason::kNone);
  EXPECT_EQ(verdict.passports.at(1).div, bob);
  EXPECT_THAT(PathOf(verdict), ElementsAre(Number(0) + ">" + bob, bob + ">" + Number(2)));
  EXPECT_EQ(call.Judge({base, div(a, "sip:eve@example.org")}, 2).reason, Reason::kDivLinkMissing);
  CertSpec spec = LeafSpec();
  spec.tn_auth_list = NumberList({{Number(0), 10}});
  EXPECT_EQ(call.Judge({base, div(call.MakeCarrier(spec), bob)}, 2).reason,
            Reason::kTnNotAuthorized);
}

// Two callers that the call shows, each signed for and each redirected by the same number.
TEST(Div, F3_TwoChainsOfTwoCallersOverOneNumber_Pass) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  call.request.orig.emplace_back("sip:alice@example.org");
  const std::pair<std::string, std::string> alice = {"orig", R"({"uri":"sip:alice@example.org"})"};
  const Identities identities = {
      call.Shaken(a, 1), call.Div(a, 1, 2), call.Header(a, {"", ClaimsTo(1, {alice})}),
      call.Header(a, {"div", ClaimsTo(2, {alice, {"div", R"({"tn":"12155550101"})"}})})};
  const Verdict verdict = call.Judge(identities, 2);
  EXPECT_EQ(verdict.reason, Reason::kNone);
  for (size_t i = 0; i < identities.size(); ++i)
    EXPECT_EQ(ReasonAt(verdict, i), Reason::kNone) << i;
  EXPECT_EQ(OutcomeAt(verdict, 3, "div-chain"), CheckOutcome::kPassed);
  // Without the PASSporT of the other caller its diversion is a link of nothing.
  const Verdict less = call.Judge({identities[0], identities[1], identities[3]}, 2);
  EXPECT_EQ(less.reason, Reason::kNone);
  EXPECT_EQ(ReasonAt(less, 2), Reason::kDivOrigDiffers);
}

// To has the party signed for and one more; the Request-URI is a URI that nobody diverted to.
TEST(Div, F1_ADiversionToAnotherCalledPartyIsNoneToTheUri) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  call.request.dest = {"+" + Number(1), "+" + Number(2)};
  call.request.target = "sip:bob@example.org";
  const Verdict verdict = call.Judge({call.Shaken(a, 1), call.Div(a, 1, 2)}, 1);
  EXPECT_EQ(verdict.reason, Reason::kNone);
  EXPECT_EQ(verdict.path.size(), 1U);
  EXPECT_EQ(ReasonAt(verdict, 1), Reason::kDivLinkMissing);
}

// The original PASSporT is from the future: too early for the call and for the chain.
TEST(Div, F4_AnOriginalFromTheFuture_IsIatInFuture) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  const Identities identities = {call.Shaken(a, 1, kNow + seconds(61)), call.Div(a, 1, 2)};
  const Verdict verdict = call.Judge(identities, 2);
  EXPECT_FALSE(verdict.passed());
  EXPECT_EQ(ReasonAt(verdict, 0), Reason::kIatInFuture);
  EXPECT_EQ(OutcomeAt(verdict, 0, "iat-fresh"), CheckOutcome::kFailed);
  call.now = kNow + seconds(1);
  EXPECT_EQ(call.Judge(identities, 2).reason, Reason::kNone);
}

// What is enclosed is of the chain, though its own dest is called as well.
TEST(DivO, F7_AnEnclosedPassportThatIsForThisCallTooIsTheInnermost) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  const std::string shaken = call.Shaken(a, 1);
  const std::string inner = shaken.substr(0, shaken.find(';'));
  call.request.dest = {"+" + Number(1), "+" + Number(2)};
  const Verdict verdict = call.Judge({call.DivO(a, 1, 2, inner)}, 2);
  EXPECT_EQ(verdict.reason, Reason::kNone);
  EXPECT_EQ(verdict.path.size(), 2U);
  const Carrier x = call.MakeStranger();
  EXPECT_EQ(call.Judge({call.DivO(x, 1, 2, inner)}, 2).reason, Reason::kChainUntrusted);
}

// ----- Budgets

TEST(DivBudget, A8_ThousandHeaders_EndAtOnce) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  Identities identities = {call.Shaken(a, 1)};
  for (int n = 0; n < 999; ++n) identities.push_back(call.Div(a, 1, 2));
  EXPECT_EQ(call.Judge(identities, 2).reason, Reason::kTooManyIdentityHeaders);
  EXPECT_THAT(call.source->asked, testing::IsEmpty());
}

TEST(DivBudget, A8_ThousandLinks_EndWithAReasonAndWithoutAFetch) {
  RedirectedCall call;
  call.options.max_identities = 2000;
  const Carrier a = call.MakeCarrier();
  Identities identities = {call.Shaken(a, 1)};
  for (int n = 1; n <= 1000; ++n) identities.push_back(call.Div(a, n, n + 1));
  const Verdict verdict = call.Judge(identities, 1001);
  EXPECT_EQ(verdict.reason, Reason::kDivLimit);
  EXPECT_THAT(call.source->asked, testing::IsEmpty());
  EXPECT_EQ(verdict.passports.size(), 1001U);
}

TEST(DivBudget, A8_LimitIsExact) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  call.options.max_diversions = 3;
  Identities identities = {call.Shaken(a, 1), call.Div(a, 1, 2), call.Div(a, 2, 3),
                           call.Div(a, 3, 4)};
  EXPECT_EQ(call.Judge(identities, 4).reason, Reason::kNone);
  identities.push_back(call.Div(a, 4, 5));
  EXPECT_EQ(call.Judge(identities, 5).reason, Reason::kDivLimit);
  call.options.max_diversions = 0;
  EXPECT_EQ(call.Judge({call.Shaken(a, 1), call.Div(a, 1, 2)}, 2).reason, Reason::kDivLimit);
  EXPECT_EQ(call.Judge({call.Shaken(a, 1)}, 1).reason, Reason::kNone);
}

TEST(DivBudget, A8_AsManyEnclosedOnesAsHeadersAreRead) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  const auto token = [](const std::string& header) { return header.substr(0, header.find(';')); };
  const std::string one = call.DivO(a, 1, 2, token(call.Shaken(a, 1)));
  const std::string two = call.DivO(a, 2, 3, token(one));
  call.options.max_identities = 2;
  EXPECT_EQ(call.Judge({two}, 3).reason, Reason::kNone);
  call.options.max_identities = 1;
  EXPECT_EQ(call.Judge({one}, 2).reason, Reason::kNone);
  const Verdict verdict = call.Judge({two}, 3);
  EXPECT_EQ(verdict.reason, Reason::kDivLimit);
  EXPECT_THAT(call.source->asked, testing::IsEmpty());
}

TEST(DivBudget, A8_EveryoneLeadsToEveryone_Ends) {
  RedirectedCall call;
  call.options.max_identities = 2000;
  const Carrier a = call.MakeCarrier();
  const Carrier x = call.MakeStranger();
  Identities identities = {call.Shaken(a, 1)};
  for (int n = 0; n < 300; ++n) {
    identities.push_back(call.Header(
        x, {"div", ClaimsTo(1, {{"div", R"({"tn":"12155550101"})"}, {"x", std::to_string(n)}})}));
  }
  identities.push_back(call.Div(a, 1, 2));
  EXPECT_EQ(call.Judge(identities, 2).reason, Reason::kNone);
}

// ----- Several PASSporTs

TEST(SeveralPassports, A53_OneGoodAndFifteenBad_Passes) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  const Carrier x = call.MakeStranger();
  Identities identities = {"garbage", call.Div(a, 7, 2), call.Div(x, 1, 2),
                           call.Header(a, {"foobar", ClaimsTo(2)})};
  for (int n = 3; n < 14; ++n) identities.push_back(call.Shaken(x, n % 3 == 0 ? 2 : n));
  identities.push_back(call.Shaken(a, 2));
  while (identities.size() < 16) identities.insert(identities.begin(), call.Div(a, 8, 2));
  ASSERT_EQ(identities.size(), 16U);
  const Verdict verdict = call.Judge(identities, 2);
  EXPECT_EQ(verdict.reason, Reason::kNone);
  EXPECT_EQ(verdict.decided_by, 15U);
  for (size_t i = 0; i < 15; ++i) EXPECT_NE(ReasonAt(verdict, i), Reason::kNone) << i;
}

TEST(SeveralPassports, A53_OnlyBadOnes_TheHighestRankIsReported) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  const Carrier forger{call.MakeCarrier().leaf, a.x5u};
  const Verdict verdict = call.Judge({"garbage", call.Shaken(a, 7), call.Shaken(forger, 2),
                                      call.Div(a, 9, 2), call.Header(a, {"foobar", ClaimsTo(2)})},
                                     2);
  EXPECT_EQ(verdict.reason, Reason::kSignatureInvalid);
  EXPECT_EQ(verdict.decided_by, 2U);
  EXPECT_EQ(ReasonAt(verdict, 0), Reason::kTokenMalformed);
  EXPECT_EQ(ReasonAt(verdict, 1), Reason::kDestMismatch);
  EXPECT_EQ(ReasonAt(verdict, 3), Reason::kDivLinkMissing);
  EXPECT_EQ(ReasonAt(verdict, 4), Reason::kUnsupportedPpt);
}

TEST(SeveralPassports, A53_TheOneThatSaysMostDecides) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  const auto shaken = [&](const std::string& attest) {
    return call.Header(
        a, {"shaken", ClaimsTo(1, {{"attest", "\"" + attest + "\""},
                                   {"origid", R"("123e4567-e89b-12d3-a456-426655440000")"}})});
  };
  const std::string base = call.Header(a, {"", ClaimsTo(1)});
  const auto deciding = [&](const Identities& identities) {
    const Verdict verdict = call.Judge(identities, 1);
    EXPECT_EQ(verdict.reason, Reason::kNone);
    return verdict.decided_by;
  };
  EXPECT_EQ(deciding({shaken("A"), shaken("B"), base}), 0U);
  EXPECT_EQ(deciding({base, shaken("C"), shaken("A"), shaken("B")}), 2U);
  EXPECT_EQ(deciding({shaken("B"), shaken("C"), shaken("B") + " "}), 0U) << "the first of equals";
}

}  // namespace
}  // namespace callvet::test
