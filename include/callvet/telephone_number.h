// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "callvet/result.h"

namespace callvet {

/// Numbers that are dialled inside a country without its country code having a meaning for them
/// (short codes, shared-cost numbers): they keep one form, without country code (A-32, H-20).
struct LocalNumbers {
  std::string_view prefix;
  size_t min_length;
  size_t max_length;
  /// Whether the form with the country code in front is read as the same number, or only the bare
  /// form.
  enum class WithCountryCode : unsigned char { kSameNumber, kOtherNumber } with_country_code;
};

/// A code in front of a national number that selects a carrier, such as 179xx in China (H-20).
struct CarrierCode {
  std::string_view prefix;
  size_t length;  // of the whole code
};

/// National numbers that are longer than the others, such as those of things in China (H-20).
struct LongNumbers {
  std::string_view prefix;
  size_t length;
};

/// How a country writes and dials numbers: the local policy of RFC 8224 8.3. Constant data.
struct DialPlan {
  std::string_view iso;           // ISO 3166 alpha-2
  std::string_view country_code;  // E.164
  std::string_view national_prefix;
  std::span<const std::string_view> international_prefixes;
  size_t min_national;  // digits of a national number without prefix
  size_t max_national;
  std::span<const LocalNumbers> local_numbers;
  std::span<const CarrierCode> carrier_codes;
  /// Whether signers are known to put national numbers into tn claims, against RFC 8225 5.2.1.
  enum class NationalClaims : unsigned char { kRefused, kAccepted } national_claims;
  std::span<const LongNumbers> long_numbers = {};
  /// Whether the national prefix and carrier codes are written behind the country code as well, and
  /// taken off there where a possible number is left (H-20): "+86 0 10 ...".
  enum class PrefixBehindCode : unsigned char { kStays, kDropped };
  PrefixBehindCode prefix_behind_code = PrefixBehindCode::kStays;
};

/// The plan of "US", "cn", "86" or "+86", or nullptr. For a country code shared by several
/// countries (1) any of them gives the same plan. Thread-safe; the plan lives for ever.
const DialPlan* FindDialPlan(std::string_view country);

/// All plans, sorted by iso.
std::span<const DialPlan> AllDialPlans();

/// The short code `canonical` with the country code in front, where `plan` reads both as the same
/// number ("8695588"); else nothing. Pure; thread-safe.
std::optional<std::string> WithCountryCode(std::string_view canonical, const DialPlan& plan);

class Party;

/// A telephone number in the canonical form of RFC 8224 8.3: 1 to 15 characters 0-9 # *,
/// without '+'. A value.
class TelephoneNumber {
 public:
  /// The most characters that a number as received may have, parameters not counted.
  static constexpr size_t kMaxReceived = 128;
  /// The most characters of a canonical number (E.164, A-35).
  static constexpr size_t kMaxCanonical = 15;

  /// Canonicalises `text`: a subscriber number as in a tel URI or a tn claim, "+1-215-555-0100",
  /// "2155550100;phone-context=+1", "0086 10 ...". What follows ';' is cut off, phone-context being
  /// used; visual separators are dropped. With `plan` (may be null) numbers that are not
  /// globally routable get the country code, and national and international dialling prefixes are
  /// removed, carrier selection codes too; without a plan, or where that is not possible
  /// (911), they stay as they are. Fails with kParameterInvalid: empty, longer than 15 digits,
  /// letters or other characters that no number is written with (VS choice: RFC 8224 would drop
  /// them). Pure; thread-safe.
  static Result<TelephoneNumber> Parse(std::string_view text, const DialPlan* plan);

  /// The same for the tn claim of a PASSporT, which is E.164 digits by RFC 8225 5.2.1 and never
  /// what somebody dialled: the plan changes it only if it cannot be E.164 (it begins with 0), or
  /// if the plan says that national numbers occur there. Otherwise one signed number could be read
  /// as two: +1 380 013 8000 as the Chinese mobile 138 0013 8000. Fails like Parse.
  static Result<TelephoneNumber> ParseClaim(std::string_view text, const DialPlan* plan);

  /// The canonical form.
  [[nodiscard]] const std::string& canonical() const { return canonical_; }
  /// The digits as received, before the plan changed them.
  [[nodiscard]] const std::string& digits() const { return digits_.empty() ? canonical_ : digits_; }
  /// True if it arrived with '+', a global phone-context or an international dialling prefix:
  /// globally routable beyond doubt.
  [[nodiscard]] bool global() const { return global_; }
  /// True if it is a short code of the plan: "95588".
  [[nodiscard]] bool local() const { return local_; }

 private:
  friend class Party;  // reads its number in its place
  enum class Source : unsigned char { kDialled, kClaim };
  Result<void> Read(std::string_view text, const DialPlan* plan, Source source);
  bool ReadDigits(std::string_view digits, bool global, const DialPlan* plan, Source source);

  std::string canonical_;
  std::string digits_;  // empty: those of canonical_
  bool global_ = false;
  bool local_ = false;
};

}  // namespace callvet
