// SPDX-License-Identifier: MIT
#include "policy/sip_answer.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "callvet/identity_header.h"

namespace callvet {
namespace {

// What the opensipit suite expects where it differs from RFC 8224: every trouble with the header,
// the certificate and its address is 438; iat, orig and dest are 403.
constexpr auto kOpensipitStale = std::to_array<Reason>({Reason::kIatMissing, Reason::kIatInvalid});
constexpr auto kOpensipitParties =
    std::to_array<Reason>({Reason::kOrigMissing, Reason::kDestMissing, Reason::kOrigMismatch,
                           Reason::kDestMismatch, Reason::kCallerMissing, Reason::kCalledMissing});

template <size_t N>
bool IsOneOf(Reason reason, const std::array<Reason, N>& list) {
  return std::find(list.begin(), list.end(), reason) != list.end();
}

// The codes come from the rows of reasons that have them: they stand in reason.h only.
SipAnswer RowAnswer(Reason reason) {
  return {Info(reason).sip_code, std::string(Info(reason).sip_phrase)};
}

struct CodePhrase {
  uint16_t code;
  std::string_view phrase;
};

// RFC 3261 21, 8197 (607) and 8688 (608): what operators answer who want another code.
constexpr auto kPhrases = std::to_array<CodePhrase>({
    {400, "Bad Request"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {410, "Gone"},
    {480, "Temporarily Unavailable"},
    {484, "Address Incomplete"},
    {486, "Busy Here"},
    {488, "Not Acceptable Here"},
    {500, "Server Internal Error"},
    {503, "Service Unavailable"},
    {600, "Busy Everywhere"},
    {604, "Does Not Exist Anywhere"},
    {606, "Not Acceptable"},
    {607, "Unwanted"},
    {608, "Rejected"},
});

// The phrase of `code`: a reason's, else that of its class.
std::string_view PhraseOf(uint16_t code) {
  const auto* known = std::find_if(kPhrases.begin(), kPhrases.end(),
                                   [&](const CodePhrase& row) { return row.code == code; });
  if (known != kPhrases.end()) return known->phrase;
  for (const ReasonInfo& row : AllReasons()) {
    if (row.sip_code == code) return row.sip_phrase;
  }
  return code < 500 ? "Request Failure" : code < 600 ? "Server Failure" : "Global Failure";
}

SipAnswer OpensipitAnswer(Reason reason) {
  const uint16_t code = Info(reason).sip_code;
  if (IsOneOf(reason, kOpensipitStale)) return RowAnswer(Reason::kIatStale);
  if (IsOneOf(reason, kOpensipitParties)) return RowAnswer(Reason::kNotPermitted);
  const bool bad_info = code == Info(Reason::kInfoMissing).sip_code;
  const bool unsupported = code == Info(Reason::kChainUntrusted).sip_code;
  const bool ppt = reason == Reason::kUnsupportedPpt;
  return RowAnswer(bad_info || unsupported || ppt ? Reason::kIdentityMalformed : reason);
}

// The codes of the STIR protocol of RFC 9410: others are SIP's.
bool IsStirCode(uint16_t code) {
  constexpr auto kOfEach =
      std::to_array<Reason>({Reason::kIatStale, Reason::kNoIdentity, Reason::kInfoMissing,
                             Reason::kChainUntrusted, Reason::kSignatureInvalid});
  return std::any_of(kOfEach.begin(), kOfEach.end(),
                     [code](Reason reason) { return Info(reason).sip_code == code; });
}

// What RFC 9410 speaks of.
bool IsOfStir(const SipAnswer& answer) {
  return answer.about_passport && IsStirCode(answer.code);
}

constexpr CharSet kTokenChars = CharSet::LettersDigitsAnd("-_.");

// The ppi of the Identity header value, or "" if there is none to show.
std::string PpiOf(std::string_view value, Ppi ppi) {
  const std::string_view token = Trim(value.substr(0, value.find(';')));
  const bool clean = kTokenChars.HasAll(token);
  const size_t signature = token.rfind('.');
  if (!clean || signature == std::string_view::npos || signature + 1 == token.size()) return {};
  switch (ppi) {
    case Ppi::kFull:
      return std::string(token);
    case Ppi::kCompact:
      return ".." + std::string(token.substr(signature + 1));
    case Ppi::kNone:
      return {};
  }
  return {};
}

std::string ReasonHeader(const SipAnswer& answer, const std::string& ppi, ReasonProtocol protocol) {
  const bool stir = protocol == ReasonProtocol::kStir && IsOfStir(answer);
  std::string header = stir ? "STIR" : "SIP";
  header.append(";cause=").append(std::to_string(answer.code));
  header.append(";text=\"").append(answer.phrase).append("\"");
  if (stir && !ppi.empty()) header.append(";ppi=\"").append(ppi).append("\"");
  return header;
}

std::vector<std::string_view> IdentityValues(std::span<const std::string> bodies) {
  std::vector<std::string_view> values;
  for (const std::string& body : bodies) {
    for (const std::string_view value : SplitHeaderValues(body)) values.push_back(value);
  }
  return values;
}

}  // namespace

SipAnswer AnswerOf(Reason reason, const TrunkSettings& settings) {
  SipAnswer answer =
      settings.code_map == CodeMap::kOpensipit ? OpensipitAnswer(reason) : RowAnswer(reason);
  answer.about_passport = IsStirCode(answer.code);
  const auto entry = settings.overrides.find(reason);
  if (entry == settings.overrides.end()) return answer;
  const uint16_t code = entry->second.sip_code.value_or(answer.code);
  if (code != answer.code) answer = {code, std::string(PhraseOf(code)), answer.about_passport};
  answer.phrase = entry->second.sip_phrase.value_or(answer.phrase);
  return answer;
}

std::vector<std::string> ReasonHeaders(Action action, Reason decided, const Verdict& verdict,
                                       std::span<const std::string> identities,
                                       const TrunkSettings& settings) {
  std::vector<std::string> headers;
  if (settings.reason_protocol == ReasonProtocol::kNone) return headers;
  const auto add = [&](Reason reason, const std::string& ppi) {
    const SipAnswer answer = AnswerOf(reason, settings);
    if (action == Action::kTag && !IsOfStir(answer)) return;
    headers.push_back(ReasonHeader(answer, ppi, settings.reason_protocol));
  };
  // RFC 3326: one value per protocol; RFC 9410 lifts that for STIR alone.
  if (settings.reason_protocol == ReasonProtocol::kSip) {
    add(decided, "");
    if (headers.empty() && !verdict.passed()) add(verdict.reason, "");
    return headers;
  }
  const auto values = IdentityValues(identities);
  bool told = false;
  for (size_t i = 0; i < verdict.passports.size() && !verdict.passed(); ++i) {
    const Reason reason = verdict.passports[i].reason;
    // A PASSporT of a type that nobody judges was ignored, and did not fail.
    if (reason == Reason::kNone || reason == Reason::kUnsupportedPpt) continue;
    const std::string ppi = i < values.size() ? PpiOf(values[i], settings.ppi) : "";
    add(reason, ppi);
    told = told || reason == decided;
  }
  if (!told) add(decided, "");
  return headers;
}

}  // namespace callvet
