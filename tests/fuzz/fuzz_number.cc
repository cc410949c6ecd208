// SPDX-License-Identifier: MIT
#include "callvet/telephone_number.h"

#include "base/human_time.h"
#include "fuzz.h"
#include "syntax/party.h"
#include "syntax/sip_date.h"

using namespace callvet;  // NOLINT(google-build-using-namespace): a program of one function

// Canonical forms are fixed points, in every dial plan; dates read again what they write.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = fuzz::Text(data, size);
  const auto plain = TelephoneNumber::Parse(text, nullptr);
  if (plain) {
    fuzz::Reached();
    const std::string& canonical = plain->canonical();
    fuzz::Require(!canonical.empty() && canonical.size() <= TelephoneNumber::kMaxCanonical &&
                      canonical.find_first_not_of("0123456789#*") == std::string::npos,
                  "1*15(DIGIT / # / *) (A-31, A-35)");
    const auto again = TelephoneNumber::Parse(canonical, nullptr);
    fuzz::Require(again && again->canonical() == canonical, "canonical is canonical");
  }
  for (const DialPlan& plan : AllDialPlans()) {
    const auto claim = TelephoneNumber::ParseClaim(text, &plan);
    if (claim) fuzz::Require(claim->canonical().size() <= TelephoneNumber::kMaxCanonical);
    const auto party = Party::Parse(text, &plan);
    if (!party) continue;
    fuzz::Require(party->tn().has_value() || party->uri().has_value(), "a party is somebody");
    if (party->uri()) {
      const auto uri = CanonicalUriClaim(*party->uri());
      fuzz::Require(uri && *uri == *party->uri(), "a canonical URI is canonical (A-34)");
      fuzz::Require(party->MatchesUri(*party->uri()), "a URI is itself");
    }
  }
  if (const auto date = ParseSipDate(text)) {
    const auto again = ParseSipDate(FormatSipDate(*date));
    fuzz::Require(again && *again == *date, "a date reads the same again");
  }
  HumanTimes times;
  times.now = sys_seconds{std::chrono::seconds{1768478400}};
  if (const auto zone = ReadZoneOffset(text)) (void)FormatTimeAt(times.now, *zone);
  if (const auto zone = ZoneOfOffset("+08:00")) times.zone = *zone;
  (void)ParseHumanTime(text, times);
  return 0;
}
