// SPDX-License-Identifier: MIT
// Calls to emergency services and short numbers: what was signed for somebody else passes on none.
#include "redirected_call.h"

namespace callvet::test {
namespace {

// A PASSporT with that dest, in JSON.
std::string SignedFor(const RedirectedCall& call, const Carrier& carrier, const std::string& dest) {
  return call.Header(carrier, {"", ClaimsTo(1, {{"dest", dest}})});
}

// Who was called repeats the PASSporT in front of a PSAP.
TEST(EmergencyTarget, D4_F12_WhatWasSignedForSomebodyElse_IsDestMismatch) {
  RedirectedCall call;
  const std::string shaken = call.Shaken(call.MakeCarrier(), 1);
  for (const char* country : {"", "US"}) {
    call.options.dial_plan = FindDialPlan(country);
    for (const char* target : {"urn:service:sos",
                               "URN:service:SOS.police",
                               "<urn:service:sos>",
                               "\"PSAP\" <urn:service:sos>",
                               " urn:service:sos",
                               "urn:service:sos;x=y",
                               "urn:service:s%6Fs",
                               "urn:service:sos.p%6Flice",
                               "urn:service:counseling",
                               "urn:nena:service:sos",
                               "urn:emergency:service:sos.psap",
                               "tel:911",
                               "tel:9-1-1",
                               "TEL:112",
                               "tel:911;phone-context=+1",
                               "tel:911;phone-context=example.org",
                               "tel:112;phone-context=+49",
                               "tel:110;phone-context=+49",
                               "tel:+1911",
                               "tel:1911",
                               "tel:911;rn=+12155550101",
                               "tel:911p1",
                               "tel:*67911",
                               "sip:911@psap.example;user=phone",
                               "sip:%39%31%31@psap.example;user=%70hone",
                               "sip:911;phone-context=+1@psap.example",
                               "sip:110;phone-context=+49@psap.example;user=phone",
                               "sip:911@psap.example",
                               "sips:112@psap.example;user=ip",
                               "sip:+911@psap.example",
                               "sip:+1911@psap.example",
                               "sip:911!@psap.example",
                               "sip:_911@psap.example",
                               "sip:911%20@psap.example",
                               "sip:911%3Buser=phone@psap.example",
                               "sip:911:pw@psap.example",
                               "sip:911p@h",
                               "sip:911w1@h",
                               "sip:911X@h",
                               "sip:911pP1x2@h",
                               "sip:911%70@h",
                               "sip:9-1-1p1@h",
                               "sip:112,,1@h",
                               "sip:112p13105551234@h",
                               "sip:911",
                               "sip:911@",
                               "911@psap.example",
                               "911",
                               "112"}) {
      call.request.target = target;
      EXPECT_EQ(call.Judge({shaken}, 1).reason, Reason::kDestMismatch) << target << country;
    }
  }
  call.options.target_policy = TargetPolicy::kToOnly;
  EXPECT_EQ(call.Judge({shaken}, 1).reason, Reason::kNone);
}

// 112 and 911 are known to every phone; what else is an emergency number depends on the country,
// and without one every country's count where it is said that it is a number.
TEST(EmergencyTarget, D4_NumbersOfCountries) {
  RedirectedCall call;
  const std::string shaken = call.Shaken(call.MakeCarrier(), 1);
  const auto reason = [&](const char* country, const char* target) {
    call.options.dial_plan = FindDialPlan(country);
    call.request.target = target;
    return call.Judge({shaken}, 1).reason;
  };
  for (const char* target : {"sip:110@h", "sip:120@h;user=ip", "sip:12395@h", "sip:112@h"}) {
    EXPECT_EQ(reason("CN", target), Reason::kDestMismatch) << target;
  }
  EXPECT_EQ(reason("GB", "sip:999@h"), Reason::kDestMismatch);
  EXPECT_EQ(reason("FR", "sip:15@h"), Reason::kDestMismatch);
  for (const char* target : {"sip:999@h;user=phone", "sip:15@h;user=phone",
                             "sip:10111@h;user=dialstring", "sip:110;phone-context=+86@h"}) {
    EXPECT_EQ(reason("", target), Reason::kDestMismatch) << target;
  }
  // Extensions.
  for (const char* target : {"sip:101@h", "sip:999@h", "sip:1001@h;user=phone", "sip:9110@h",
                             "sip:1001;phone-context=pbx.example.org@h", "sip:911a@h", "sip:sos@h",
                             "sip:p911@h", "sip:911park@h", "sip:112abc@h", "sip:110p@h",
                             "sip:112-7f8a@h", "sip:911abc4f-90ab-4abc-9000-00a0c91e6bf6@h"}) {
    EXPECT_EQ(reason("", target), Reason::kNone) << target;
  }
  EXPECT_EQ(reason("US", "sip:110@h;user=phone"), Reason::kNone);
  EXPECT_EQ(reason("CN", "sip:1.2.1.10"), Reason::kNone) << "an address";
  EXPECT_EQ(reason("ZA", "sip:10.1.1.1:5060"), Reason::kNone);
  EXPECT_EQ(reason("CN", "sip:110"), Reason::kDestMismatch);
}

// An E-CSCF makes urn:service:sos of what was dialled, and an ESRP routes to a PSAP (RFC 6881).
TEST(EmergencyTarget, F12_WhatWasSignedForAnEmergencyServicePasses) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  struct Dialled {
    const char* to;
    const char* dest;
  };
  for (const Dialled& dialled :
       {Dialled{"sip:911@ims.example.org;user=phone", R"({"tn":["911"]})"},
        Dialled{"tel:911", R"({"tn":["911"]})"}, Dialled{"tel:112", R"({"tn":["112"]})"},
        Dialled{"urn:service:sos", R"({"uri":["urn:service:sos"]})"},
        Dialled{"urn:service:sos.fire", R"({"uri":["urn:service:sos.fire"]})"}}) {
    call.request.dest = {dialled.to};
    const std::string identity = SignedFor(call, a, dialled.dest);
    for (const char* country : {"", "US"}) {
      call.options.dial_plan = FindDialPlan(country);
      for (const char* target :
           {"urn:service:sos", "<urn:service:sos>", "urn:service:sos.police",
            "urn:nena:service:sos", "urn:emergency:service:sos.psap",
            "sip:911@psap.example;user=phone", "tel:911", "tel:112", "tel:911;phone-context=+1",
            "sip:911@psap.example", "sip:112@psap.example", "sip:911!@psap.example", "tel:1911",
            "sip:911p1@h", "sip:psap1@esrp.example.org", "sip:esrp.example.org"}) {
        call.request.target = target;
        EXPECT_EQ(call.Judge({identity}, 1).reason, Reason::kNone)
            << dialled.to << target << country;
      }
      for (const char* target :
           {"urn:service:counseling", "tel:611", "+12155550102", "urn:service:s%6Fs",
            "urn:service:sosx", "sip:911p13105551234@h", "sip:911,3105551234@h"}) {
        call.request.target = target;
        EXPECT_EQ(call.Judge({identity}, 1).reason, Reason::kDestMismatch)
            << dialled.to << target << country;
      }
    }
  }
  call.options.dial_plan = nullptr;
  call.request.dest = {"+12155550101"};
  call.request.target = "urn:service:sos";
  EXPECT_EQ(call.Judge({SignedFor(call, a, R"({"tn":["911"]})")}, 1).reason, Reason::kDestMismatch)
      << "To is compared as it was";
}

// To is rewritten as little as dest is, but some write the service that was meant into it and sign
// the number that was dialled, or the other way round: a shaken dest is a number (D-2).
TEST(EmergencyTarget, F12_EmergencyToAsUrn_IsTheSameTarget) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  struct Case {
    const char* to;
    const char* dest;
    const char* target;
    Reason with_us;
    Reason without;
  };
  constexpr Reason kPasses = Reason::kNone;
  constexpr Reason kOther = Reason::kDestMismatch;
  for (const Case& c :
       {Case{"<urn:service:sos>", "911", "urn:service:sos", kPasses, kPasses},
        Case{"urn:service:sos.police", "911", "urn:service:sos", kPasses, kPasses},
        Case{"urn:service:sos", "112", "tel:911", kPasses, kPasses},
        Case{"tel:112", "911", "urn:service:sos", kPasses, kPasses},
        // The Request-URI counts as before.
        Case{"urn:service:sos", "911", "+12155550102", kOther, kOther},
        Case{"urn:service:sos", "911", "sip:12155550102@h", kOther, kOther},
        Case{"urn:service:sos", "911", "tel:611", kOther, kOther},
        Case{"urn:service:sos", "911", "urn:service:counseling", kOther, kOther},
        Case{"urn:service:sos", "911", "tel:988", kOther, kOther},
        // What says nothing makes no emergency call of it.
        Case{"urn:service:sos", "911", "sip:psap1@esrp.example.org", kOther, kOther},
        // So does To: it is somebody else's, or a helpline's.
        Case{"+12155550101", "911", "urn:service:sos", kOther, kOther},
        Case{"urn:service:counseling", "911", "urn:service:sos", kOther, kOther},
        Case{"tel:988", "911", "tel:911", kOther, kOther},
        // And dest.
        Case{"urn:service:sos", "12155550101", "urn:service:sos", kOther, kOther},
        Case{"urn:service:sos", "988", "urn:service:sos", kOther, kOther},
        Case{"urn:service:sos", "988", "tel:988", kOther, kOther},
        Case{"urn:service:sos", "110", "urn:service:sos", kOther, kOther}}) {
    call.request.dest = {c.to};
    call.request.target = c.target;
    const std::string identity = SignedFor(call, a, "{\"tn\":[\"" + std::string(c.dest) + "\"]}");
    call.options.dial_plan = FindDialPlan("US");
    EXPECT_EQ(call.Judge({identity}, 1).reason, c.with_us) << c.to << c.dest << c.target;
    call.options.dial_plan = nullptr;
    EXPECT_EQ(call.Judge({identity}, 1).reason, c.without) << c.to << c.dest << c.target;
  }
  call.request.dest = {"911"};
  call.request.target = "urn:service:sos";
  EXPECT_EQ(call.Judge({SignedFor(call, a, R"({"uri":["urn:service:sos"]})")}, 1).reason, kPasses);
  call.options.target_policy = TargetPolicy::kToOnly;
  EXPECT_EQ(call.Judge({SignedFor(call, a, R"({"uri":["urn:service:sos"]})")}, 1).reason, kOther);
}

// Who answers a helpline, or an extension with the digits of some country's emergency number, must
// not repeat its callers' Identity on a call to the police.
TEST(EmergencyTarget, D4_WhatWasSignedForAHelplineOrAnExtension_IsDestMismatch) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  struct Repeated {
    const char* country;
    const char* dialled;
    std::vector<const char*> targets;
  };
  const std::vector<const char*> to_911 = {"tel:911",    "tel:+1911",       "sip:911@h",
                                           "sip:+911@h", "sip:911!@h",      "tel:112",
                                           "tel:911p1",  "urn:service:sos", "urn:nena:service:sos"};
  for (const Repeated& repeated :
       {Repeated{"", "988", to_911}, Repeated{"US", "988", to_911}, Repeated{"CA", "988", to_911},
        Repeated{"", "101", to_911}, Repeated{"", "15", to_911}, Repeated{"", "116117", to_911},
        Repeated{"", "110", to_911}, Repeated{"", "1911", {"tel:911", "urn:service:sos"}},
        Repeated{"", "110", {"tel:+86110", "tel:119", "tel:+1988"}},
        Repeated{"", "911", {"tel:988", "tel:+1988", "sip:988@h;user=phone"}},
        Repeated{"US", "911", {"tel:988", "tel:+1988", "sip:988@h", "sip:988!@h"}},
        Repeated{"FR", "116117", {"tel:15", "tel:112", "sip:17@h", "urn:service:sos"}},
        Repeated{"FR", "119", {"tel:15", "tel:114", "urn:service:sos"}},
        Repeated{"CN", "12395", {"tel:110", "tel:+86110", "sip:119@h"}}}) {
    call.options.dial_plan = FindDialPlan(repeated.country);
    call.request.dest = {repeated.dialled};
    const std::string identity =
        SignedFor(call, a, R"({"tn":[")" + std::string(repeated.dialled) + "\"]}");
    for (const char* target : repeated.targets) {
      call.request.target = target;
      EXPECT_EQ(call.Judge({identity}, 1).reason, Reason::kDestMismatch)
          << repeated.country << repeated.dialled << target;
    }
  }
}

// One number is one, helpline or not, with a country's code or without it.
TEST(EmergencyTarget, D4_TheSameNumberInAnotherFormPasses) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  struct Form {
    const char* country;
    const char* dialled;
    const char* target;
  };
  for (const Form& form :
       {Form{"US", "988", "tel:+1988"}, Form{"US", "988", "sip:988!@h"},
        Form{"US", "988", "tel:988;phone-context=+1"}, Form{"US", "988", "sip:988@h"},
        Form{"US", "+1988", "tel:988"}, Form{"FR", "119", "tel:+33119"}, Form{"FR", "15", "tel:17"},
        Form{"CN", "110", "tel:+86119"}, Form{"", "988", "sip:988@h;user=phone"},
        Form{"", "988", "sip:988!@h;user=phone"}, Form{"", "110", "tel:110"},
        Form{"", "911", "tel:110"}, Form{"", "911", "tel:+1911"}}) {
    call.options.dial_plan = FindDialPlan(form.country);
    call.request.dest = {form.dialled};
    call.request.target = form.target;
    const std::string identity =
        SignedFor(call, a, R"({"tn":[")" + std::string(form.dialled) + "\"]}");
    EXPECT_EQ(call.Judge({identity}, 1).reason, Reason::kNone)
        << form.country << form.dialled << form.target;
  }
}

// What is dialled inside a domain is no number of another country.
TEST(EmergencyTarget, D4_AnExtensionOfADomainIsNoEmergencyNumber) {
  RedirectedCall call;
  const std::string shaken = call.Shaken(call.MakeCarrier(), 1);
  call.options.dial_plan = FindDialPlan("US");
  const auto reason = [&](const char* target) {
    call.request.target = target;
    return call.Judge({shaken}, 1).reason;
  };
  for (const char* target : {"sip:101;phone-context=pbx.example.org@h;user=phone",
                             "sip:110;phone-context=pbx.example.org@h",
                             "sip:15;Phone%2Dcontext=pbx.example.org@h;user=phone"}) {
    EXPECT_EQ(reason(target), Reason::kNone) << target;
  }
  for (const char* target :
       {"sip:911;phone-context=pbx.example.org@h", "sip:101;phone-context=+91@h;user=phone",
        "sip:101;phone-context=%2B91@h;user=phone", "sip:110;Phone%2DContext=\"+86\"@h"}) {
    EXPECT_EQ(reason(target), Reason::kDestMismatch) << target;
  }
  call.options.dial_plan = FindDialPlan("IN");
  EXPECT_EQ(reason("sip:101;phone-context=pbx.example.org@h"), Reason::kDestMismatch);
}

TEST(EmergencyTarget, D4_OtherServices) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  call.request.dest = {"urn:service:counseling"};
  const std::string identity = SignedFor(call, a, R"({"uri":["urn:service:counseling"]})");
  for (const auto& [target, expected] :
       {std::pair("urn:service:counseling", Reason::kNone),
        std::pair("URN:Service:Counseling", Reason::kNone),
        std::pair("urn:service:sos", Reason::kDestMismatch),
        std::pair("urn:service:counseling.children", Reason::kDestMismatch)}) {
    call.request.target = target;
    EXPECT_EQ(call.Judge({identity}, 1).reason, expected) << target;
  }
}

// Who was called redirects to an emergency service, and says so.
TEST(EmergencyTarget, F4_ADiversionToAnEmergencyServicePasses) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  const std::string shaken = call.Shaken(a, 1);
  const auto div = [&](const std::string& dest) {
    return call.Header(a,
                       {"div", ClaimsTo(2, {{"div", R"({"tn":"12155550101"})"}, {"dest", dest}})});
  };
  for (const char* target : {"urn:service:sos", "tel:911", "urn:nena:service:sos", "sip:911!@h"}) {
    call.request.target = target;
    for (const char* dest : {R"({"tn":["911"]})", R"({"uri":["urn:service:sos"]})"}) {
      const Verdict verdict = call.Judge({shaken, div(dest)}, 1);
      EXPECT_EQ(verdict.reason, Reason::kNone) << target << dest;
      EXPECT_EQ(verdict.path.size(), 2U) << target << dest;
    }
    EXPECT_FALSE(call.Judge({shaken, div(DestOf(2))}, 1).passed()) << target;
    EXPECT_FALSE(call.Judge({shaken, div(R"({"uri":["urn:service:counseling"]})")}, 1).passed());
  }
}

// tel means a number, however short it is. A subscriber's last digits are no such number.
TEST(ShortTarget, D4_ATelUriIsAlwaysCompared) {
  RedirectedCall call;
  const Carrier a = call.MakeCarrier();
  const std::string shaken = call.Shaken(a, 1);
  for (const char* country : {"", "US", "CN"}) {
    call.options.dial_plan = FindDialPlan(country);
    for (const char* target :
         {"tel:988", "tel:611", "tel:95588", "tel:123456", "tel:0", "tel:5", "tel:0101", "tel:0102",
          "tel:550101", "tel:050101", "tel:1001;phone-context=pbx.example.org", "tel:*55", "tel:#",
          "tel:*675550102", "<tel:611>", "tel:6-1-1"}) {
      call.request.target = target;
      EXPECT_EQ(call.Judge({shaken}, 1).reason, Reason::kDestMismatch) << target << country;
    }
  }
  call.options.dial_plan = nullptr;
  for (const char* code : {"611", "988", "95588", "*55", "1001"}) {
    call.request.target = std::string("tel:") + code;
    call.request.dest = {*call.request.target};
    const std::string dest = R"({"tn":[")" + std::string(code) + "\"]}";
    EXPECT_EQ(call.Judge({SignedFor(call, a, dest)}, 1).reason, Reason::kNone) << code;
  }
}

// Where a number is written with less of it than was signed, it is still that number.
TEST(ShortTarget, D4_GenuineFormsOfTheSignedNumberPass) {
  RedirectedCall call;
  const std::string shaken = call.Shaken(call.MakeCarrier(), 1);
  for (const char* target :
       {"tel:5550101;phone-context=+1215", "tel:5550101", "tel:555-0101;phone-context=example.org",
        "tel:0101;phone-context=+1215555", "tel:15550101", "sip:1001@pbx.example.org",
        "sip:1001@pbx.example.org;user=phone", "sip:0101@h;user=phone"}) {
    call.request.target = target;
    EXPECT_EQ(call.Judge({shaken}, 1).reason, Reason::kNone) << target;
  }
}

}  // namespace
}  // namespace callvet::test
