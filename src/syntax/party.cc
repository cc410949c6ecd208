// SPDX-License-Identifier: MIT
#include "syntax/party.h"

#include <algorithm>
#include <iterator>

#include "base/text.h"
#include "callvet/passport.h"
#include "syntax/uri.h"

namespace callvet {
namespace {

bool HasScheme(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos) return false;
  constexpr std::string_view kSchemes[] = {"sip", "sips", "tel", "urn"};
  const std::string_view scheme = text.substr(0, colon);
  return std::any_of(std::begin(kSchemes), std::end(kSchemes),
                     [&](std::string_view known) { return EqualsIgnoreCase(scheme, known); });
}

// RFC 5031 4: the emergency services and their like, in one case; nothing for any other URI.
std::optional<std::string> ServiceUrn(std::string_view text) {
  constexpr std::string_view kPrefix = "urn:service:";
  if (text.size() <= kPrefix.size() || !EqualsIgnoreCase(text.substr(0, kPrefix.size()), kPrefix)) {
    return std::nullopt;
  }
  std::string lower = ToLower(text);
  const bool labels = std::all_of(lower.begin() + kPrefix.size(), lower.end(), [](char c) {
    return IsAlpha(c) || IsDigit(c) || c == '-' || c == '.';
  });
  if (!labels) return std::nullopt;
  return lower;
}

// RFC 3261 25.1: token characters and white space. Bytes of UTF-8 names, and what people write
// ("AT&T", "Bob (home)") and no URI can be made of, are let through.
constexpr CharSet kNameChars = CharSet::Where([](char c) {
  constexpr std::string_view kHarmless = " \t&()/=?[]#$";
  return IsSipTokenChar(c) || kHarmless.find(c) != std::string_view::npos ||
         static_cast<unsigned char>(c) >= 0x80;
});

// The length of the quoted string that `text` begins with, both quotes included; 0 if it has no
// end.
size_t QuotedLength(std::string_view text) {
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      return i + 1;
    }
  }
  return 0;
}

// Whether another value follows the one that `parameters` belong to, behind a comma outside quotes
// or not, of which somebody else may take the URI.
bool AnotherFollows(std::string_view parameters) {
  bool quoted = false;
  for (size_t i = 0; i < parameters.size(); ++i) {
    if (parameters[i] == '\\' && quoted) {
      ++i;
    } else if (parameters[i] == '"') {
      quoted = !quoted;
    } else if (!quoted && (parameters[i] == ',' || parameters[i] == '<' || parameters[i] == '>')) {
      return true;
    }
  }
  return quoted;  // without its end nobody knows
}

}  // namespace

Result<std::string_view> AddrSpec(std::string_view name_addr) {
  std::string_view text = Trim(name_addr);
  const auto bad = [&](std::string_view why) {
    return Fail(Reason::kParameterInvalid, Quote(name_addr) + ": " + std::string(why));
  };
  if (text.starts_with('"')) {
    const size_t length = QuotedLength(text);
    if (length == 0) return bad("the display name has no closing quote");
    text = Trim(text.substr(length));
    if (!text.starts_with('<')) return bad("no <URI> behind the display name");
  }
  const size_t open = text.find('<');
  if (open == std::string_view::npos) {
    // Header parameters begin behind the host; the user part may hold ';' too.
    const size_t host = std::min(text.find('@'), text.size());
    const size_t end = text.find(';', host == text.size() ? 0 : host);
    if (AnotherFollows(text.substr(std::min(host, end))))
      return bad("another value behind the URI");
    return Trim(text.substr(0, end));
  }
  // A display name without quotes is of tokens (RFC 3261 25.1): else a URI in front of the '<'
  // could be the one that somebody else reads.
  if (!kNameChars.HasAll(text.substr(0, open))) {
    return bad("what stands before '<' is no display name");
  }
  const size_t close = text.find('>', open);
  if (close == std::string_view::npos) return bad("'<' without '>'");
  const std::string_view behind = Trim(text.substr(close + 1));
  if (!behind.empty() && behind[0] != ';') return bad("no ';' behind the URI");
  if (AnotherFollows(behind)) return bad("another value behind the URI");
  return Trim(text.substr(open + 1, close - open - 1));
}

std::string DisplayName(std::string_view name_addr) {
  const std::string_view text = Trim(name_addr);
  if (!text.starts_with('"')) {
    const size_t open = text.find('<');
    return std::string(open == std::string_view::npos ? "" : Trim(text.substr(0, open)));
  }
  std::string name;
  const size_t length = QuotedLength(text);
  for (size_t i = 1; i + 1 < length; ++i) {
    if (text[i] == '\\') ++i;
    name += text[i];
  }
  return std::string(Trim(name));
}

Result<Party> Party::Parse(std::string_view text, const DialPlan* plan) {
  Result<Party> party(tl::in_place);
  if (auto ok = party->Read(text, plan); !ok) party = ok.error();
  return party;
}

namespace {

// phone-context behind the host, where none belongs: some heed it and some do not, so only what is
// the same number for both is one.
Result<TelephoneNumber> ReadUser(const SipUri& uri, const DialPlan* plan) {
  auto number = TelephoneNumber::Parse(uri.user, plan);
  if (!number || !HasPhoneContext(uri.parameters)) return number;
  const std::string parameters = ToLower(PercentDecoded(uri.parameters));
  const size_t begin = parameters.find('+', parameters.find("phone-context"));
  if (begin == std::string::npos) return number;
  const std::string_view context =
      std::string_view(parameters).substr(begin, parameters.find_first_of(";\"", begin) - begin);
  const std::string local = uri.user.substr(0, uri.user.find(';'));
  const auto other =
      TelephoneNumber::Parse(std::string(local).append(";phone-context=").append(context), plan);
  if (other && other->canonical() == number->canonical()) return number;
  return Fail(Reason::kParameterInvalid,
              Quote(uri.user) + ": phone-context behind the host makes another number of it");
}

constexpr CharSet kDigitChars = CharSet::Where(IsDigit);

// A party as nearly all are written.
struct PlainParty {
  std::string_view user;  // digits, perhaps behind '+'
  std::string_view host;  // lower-case, without port
  bool user_is_phone = false;
};

// "+12155550100", "2155550100".
bool IsPlainNumber(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  return !text.empty() && kDigitChars.HasAll(text);
}

// The parts of "<sip:+12155550100@gw.example.org:5060;user=phone>;tag=1", or without brackets of
// "sip:+12155550100@gw.example.org"; nothing of what is written in any other way.
std::optional<PlainParty> PartsOfPlain(std::string_view text) {
  constexpr CharSet kHost = CharSet::Where(
      [](char c) { return (IsAlpha(c) && ToLower(c) == c) || IsDigit(c) || c == '-' || c == '.'; });
  constexpr CharSet kTag = CharSet::LettersDigitsAnd("-._");
  constexpr std::string_view kScheme = "sip:";
  constexpr std::string_view kTagName = ";tag=";
  constexpr std::string_view kPhone = ";user=phone";
  PlainParty party;
  if (text.starts_with('<')) {
    const size_t close = std::min(text.find('>'), text.size());
    const std::string_view behind = text.substr(close);
    const bool tagged = behind.substr(std::min<size_t>(1, behind.size())).starts_with(kTagName) &&
                        kTag.HasAll(behind.substr(1 + kTagName.size()));
    if (behind.size() != 1 && !tagged) return std::nullopt;
    text = text.substr(1, close - 1);
    party.user_is_phone = text.ends_with(kPhone);
    if (party.user_is_phone) text.remove_suffix(kPhone.size());
  }
  if (!text.starts_with(kScheme)) return std::nullopt;
  text.remove_prefix(kScheme.size());
  const size_t at = std::min(text.find('@'), text.size());
  party.user = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  const size_t colon = std::min(text.find(':'), text.size());
  party.host = text.substr(0, colon);
  const std::string_view port = text.substr(std::min(colon + 1, text.size()));
  if (party.host.empty() || !IsPlainNumber(party.user) || !kHost.HasAll(party.host) ||
      !kDigitChars.HasAll(port)) {
    return std::nullopt;
  }
  return party;
}

}  // namespace

// `text` is of IsPlainNumber.
bool Party::ReadNumber(std::string_view text, const DialPlan* plan) {
  const bool plus = text.starts_with('+');
  const std::string_view digits = text.substr(plus ? 1 : 0);
  if (tn_.emplace().ReadDigits(digits, plus, plan, TelephoneNumber::Source::kDialled)) return true;
  tn_.reset();
  return false;
}

// Nothing in a plain party, or a number of digits alone, is quoted, escaped or left out, so that it
// needs no rule but those for its number. Either agrees with Read or declines: a test compares
// both.
bool Party::ReadPlain(std::string_view text, const DialPlan* plan) {
  if (IsPlainNumber(text)) return ReadNumber(text, plan);
  const auto plain = PartsOfPlain(text);
  if (!plain || !ReadNumber(plain->user, plan)) return false;
  if (plain->user_is_phone) return true;
  std::string& uri = uri_.emplace();
  uri.reserve(text.size());
  uri.append("sip:").append(plain->user).append(1, '@').append(plain->host);
  return true;
}

Result<void> Party::Read(std::string_view text, const DialPlan* plan) {
  as_received_ = text;
  if (ReadPlain(text, plan)) return {};
  text = Trim(text);
  if (text.find('<') == std::string_view::npos && !text.starts_with('"') && !HasScheme(text)) {
    auto number = TelephoneNumber::Parse(text, plan);
    if (!number) return number.error();
    tn_ = std::move(*number);
    return {};
  }
  // A bare tel URI keeps its parameters: phone-context is one of them.
  const bool bare_tel = EqualsIgnoreCase(text.substr(0, 4), "tel:");
  if (bare_tel && AnotherFollows(text)) {
    return Fail(Reason::kParameterInvalid, Quote(text) + ": another value behind the URI");
  }
  const auto spec = bare_tel ? Result<std::string_view>(text) : AddrSpec(text);
  if (!spec) return spec.error();
  if (auto urn = ServiceUrn(*spec)) {
    uri_ = std::move(*urn);
    return {};
  }
  auto uri = SipUri::Parse(*spec);
  if (!uri) return uri.error();
  const bool must_be_number = uri->IsTel() || uri->UserIsPhone();
  auto number = ReadUser(*uri, plan);
  if (number) {
    tn_ = std::move(*number);
  } else if (must_be_number) {
    return number.error();
  }
  if (!must_be_number) uri_ = uri->CanonicalIdentity();
  return {};
}

namespace {

// "alice+5" is no number.
constexpr size_t kFewestBehindName = 7;
constexpr std::string_view kPauses = ",pPwWxX";
// So many digits are a number without what stands behind a stray character or a comma.
constexpr size_t kWholeNumber = 10;

bool HasLetters(std::string_view text) {
  return std::any_of(text.begin(), text.end(), IsAlpha);
}

// Takes what people dial off the front of `user`: digits, '+', '*' and '#', among stray characters
// and pauses, up to a letter or parameter, and once it is whole without what stands behind.
std::string TakeDialled(std::string_view& user, size_t min_digits) {
  constexpr std::string_view kSeparators = "-.()/ \t";
  constexpr std::string_view kBehindLine = "_~='";  // of PBXs: tenant and line
  std::string number;
  size_t digits = 0;
  size_t whole = 0;  // of `number`, up to the last separator
  bool cut = false;
  for (; !user.empty(); user.remove_prefix(1)) {
    const char c = user.front();
    if (IsDigit(c) || c == '+' || c == '*' || c == '#') {
      digits += IsDigit(c) ? 1 : 0;
      number += c;
      continue;
    }
    if (kSeparators.find(c) != std::string_view::npos) {
      whole = number.size();
      continue;
    }
    const bool pause = kPauses.find(c) != std::string_view::npos;
    const bool pauses =
        pause && (c == 'x' || c == 'X' ||
                  (user.size() > 1 && kPauses.find(user[1]) != std::string_view::npos));
    const bool line = !number.starts_with('+') && kBehindLine.find(c) != std::string_view::npos;
    if (c == ';' || (IsAlpha(c) && !pause) || digits >= kWholeNumber ||
        (pauses && digits >= kFewestBehindName) || (line && digits >= min_digits)) {
      cut = c != ';' && !pause;
      break;
    }  // else a stray character within the number, or a pause behind an outside line
  }
  // "12155550101-7f8a": what was cut off is not the number's last group, if there is one without
  // it.
  if (cut && CountDigits(std::string_view(number).substr(0, whole)) >= kWholeNumber) {
    number.resize(whole);
  }
  while (!number.empty() && !IsDigit(number.back())) number.pop_back();
  return number;
}

// A second number in the rest of a user part, which somebody else may take; "" if there is none.
std::string AnotherNumber(std::string_view rest) {
  rest = rest.substr(0, rest.find(';'));
  for (size_t at = rest.find('+'); at != std::string_view::npos; at = rest.find('+')) {
    rest.remove_prefix(at);
    std::string number = TakeDialled(rest, kWholeNumber);
    if (CountDigits(number) >= kFewestBehindName) return number;
  }
  return "";
}

// A contact that is a UUID, in which letters are near enough to the front that nobody dials its
// digits.
bool IsUuidOfNoNumber(std::string_view user) {
  constexpr size_t kFirstDigits = 12;  // with a '-' among them
  return IsUuid(user) && HasLetters(user.substr(0, kFirstDigits));
}

// The URI's scheme with its colon; nothing of what has none.
std::string_view SchemeOf(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos || !IsAlpha(text[0])) return "";
  const std::string_view scheme = text.substr(0, colon + 1);
  return std::all_of(
             scheme.begin(), scheme.end() - 1,
             [](char c) { return IsAlpha(c) || IsDigit(c) || c == '+' || c == '-' || c == '.'; })
             ? scheme
             : "";
}

// Whether `parameter` of a URI says so, whatever its spelling.
bool SaysPhone(std::string_view parameter) {
  std::string text = ToLower(PercentDecoded(parameter));
  text.erase(std::remove_if(text.begin(), text.end(), [](char c) { return c == '"' || c <= ' '; }),
             text.end());
  return text == "user=phone" || text == "user=dialstring";
}

}  // namespace

std::string RequestUriText(const std::string& text) {
  const bool bare_uri = text.find('<') == std::string::npos && text.find(':') != std::string::npos;
  return std::string(bare_uri ? Trim(text) : AddrSpec(text).value_or(text));
}

bool SaysItIsANumber(std::string_view uri) {
  if (EqualsIgnoreCase(uri.substr(0, 4), "tel:")) return true;
  const size_t at = uri.rfind('@');
  std::string_view rest = uri.substr(at == std::string_view::npos ? 0 : at);
  rest = rest.substr(0, rest.find_first_of(">?"));
  // Without a user part a trunk writes it behind its own address.
  const std::string_view host = rest.substr(0, rest.find(';'));
  const std::string_view address = host.substr(std::min(host.find(':') + 1, host.size()));
  const bool is_address = std::any_of(address.begin(), address.end(),
                                      [](char c) { return IsAlpha(c) || c == '.' || c == ':'; });
  if (at == std::string_view::npos && is_address) return false;
  for (size_t begin = host.size(); begin < rest.size();) {
    const size_t end = std::min(rest.find(';', begin + 1), rest.size());
    if (SaysPhone(rest.substr(begin + 1, end - begin - 1))) return true;
    begin = end;
  }
  return false;
}

std::string DecodedUser(std::string_view uri) {
  uri.remove_prefix(SchemeOf(uri).size());
  std::string user = PercentDecoded(uri.substr(0, uri.find('@')));
  user.resize(std::min(user.find_first_of(";:"), user.size()));
  return user;
}

std::string_view InFrontOfPause(std::string_view user) {
  const auto is_pause = [](char c) { return kPauses.find(c) != std::string_view::npos; };
  const auto digit = std::find_if(user.begin(), user.end(), IsDigit);
  const auto pause = std::find_if(digit, user.end(), is_pause);
  const bool is_all =
      std::all_of(pause, user.end(), [&](char c) { return IsDigit(c) || is_pause(c); });
  return is_all ? user.substr(0, static_cast<size_t>(pause - user.begin())) : user;
}

std::string DialledPart(std::string_view text, size_t min_digits) {
  const bool is_sip = HasScheme(text) && ToLower(text.substr(0, 3)) == "sip";
  text.remove_prefix(SchemeOf(text).size());
  if (is_sip && text.find('@') == std::string_view::npos) {
    const std::string_view host = text.substr(0, text.find_first_of(";?"));
    if (NamesAHost(host.substr(0, host.starts_with('[') ? host.size() : host.find(':')))) return "";
  }
  const std::string user = PercentDecoded(text.substr(0, text.find('@')));
  std::string_view rest = user;
  if (IsUuidOfNoNumber(rest.substr(0, rest.find(';')))) return "";
  bool behind_name = false;
  // The first that is dialled; behind a name what begins with '+'.
  for (;;) {
    const size_t at = rest.find_first_of(behind_name ? "+" : "0123456789+*#");
    if (at == std::string_view::npos) return "";
    if (!behind_name && HasLetters(rest.substr(0, at))) {
      behind_name = true;
      continue;
    }
    rest.remove_prefix(at);
    std::string number = TakeDialled(rest, min_digits);
    const size_t digits = CountDigits(number);
    const bool global = digits > 0 && number[0] == '+';
    const bool enough = global || digits >= min_digits;
    if (enough && (!behind_name || digits >= kFewestBehindName)) {
      return number + AnotherNumber(rest);  // two are none
    }
    if (!rest.empty() && rest.front() == ';') return "";
    behind_name = true;
  }
}

Party Party::Nobody(std::string_view text) {
  Party party;
  party.uri_ = std::string(text);
  party.as_received_ = party.uri_.value();
  party.nobody_ = true;
  return party;
}

bool Party::MatchesTn(std::string_view claim, const DialPlan* plan) const {
  if (!tn_) return false;
  // Without a plan a canonical number is read as itself.
  if (plan == nullptr && claim == tn_->canonical()) return true;
  const auto number = TelephoneNumber::ParseClaim(claim, plan);
  if (!number) return false;
  if (number->canonical() == tn_->canonical()) return true;
  return tn_->global() && number->digits() == tn_->canonical();
}

bool Party::MatchesUri(std::string_view claim) const {
  if (!uri_ || nobody_) return false;
  const auto canonical = CanonicalUriClaim(claim);
  return canonical && *canonical == *uri_;
}

Result<std::string> CanonicalUriClaim(std::string_view claim) {
  if (auto urn = ServiceUrn(claim)) return *urn;
  auto uri = SipUri::Parse(claim);
  if (!uri) return uri.error();
  if (uri->IsTel()) {
    return Fail(Reason::kParameterInvalid, Quote(claim) + ": a tel URI belongs into tn");
  }
  return uri->CanonicalIdentity();
}

}  // namespace callvet
