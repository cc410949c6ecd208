// SPDX-License-Identifier: MIT
#include "callvet/verstat.h"

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "callvet/reason.h"
#include "syntax/unfold.h"
#include "syntax/uri.h"

namespace callvet {
namespace {

constexpr std::string_view kName = "verstat";

// Where the URI begins and ends in a name-addr or addr-spec, scheme and ':' included. Between it
// and its brackets only blanks stand, which no grammar has and some read over: they are not kept.
struct UriSpan {
  size_t begin = 0;
  size_t end = 0;
  size_t before = 0;  // the end of what stands in front of it, '<' included
  size_t behind = 0;  // where what stands behind it begins, with the '>'
};

bool IsBlank(char c) {
  return c == ' ' || c == '\t';
}

// The first '<' that is not inside a quoted display name.
size_t FindOpenBracket(std::string_view text) {
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && quoted) {
      ++i;
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (text[i] == '<' && !quoted) {
      return i;
    }
  }
  return std::string_view::npos;
}

Result<UriSpan> FindUri(std::string_view text) {
  UriSpan span{0, text.size(), 0, text.size()};
  const size_t open = FindOpenBracket(text);
  if (open != std::string_view::npos) {
    const size_t close = text.find('>', open);
    if (close == std::string_view::npos) {
      return Fail(Reason::kParameterInvalid, Quote(text) + ": '<' without '>'");
    }
    span = {open + 1, close, open + 1, close};
    while (span.begin < span.end && IsBlank(text[span.end - 1])) --span.end;
  }
  while (span.begin < span.end && IsBlank(text[span.begin])) ++span.begin;
  if (open == std::string_view::npos) span.before = span.begin;
  if (!HasSipOrTelScheme(text.substr(span.begin, span.end - span.begin))) {
    return Fail(Reason::kParameterInvalid, Quote(text) + " holds no sip, sips or tel URI");
  }
  return span;
}

bool IsVerstat(std::string_view parameter) {
  std::string name = PercentDecoded(parameter);
  name.resize(std::min(name.find('='), name.size()));
  // Some read up to a NUL, and some over it.
  for (const size_t end : {name.size(), name.find('\0')}) {
    std::string read = name.substr(0, end);
    std::erase_if(read, [](char c) { return c >= 0 && c < ' '; });
    if (EqualsIgnoreCase(Trim(read), kName)) return true;
  }
  return false;
}

// How long the divider of parameters at `i` is; 0 if there is none: ';', '?' and '&' (a URI's
// headers), ',', and ':' (a password), but for the scheme's. Encoded they divide too: somebody
// behind us may decode first and split then.
size_t DividerSize(std::string_view text, size_t i, size_t scheme) {
  constexpr std::string_view kDividers = ";?&,";
  if (kDividers.find(text[i]) != std::string_view::npos || (text[i] == ':' && i > scheme)) return 1;
  if (text[i] != '%') return 0;
  constexpr std::string_view kEncoded[] = {"%3b", "%26", "%2c", "%3a"};
  const std::string_view escape = text.substr(i, 3);
  return std::any_of(std::begin(kEncoded), std::end(kEncoded),
                     [&](std::string_view encoded) { return EqualsIgnoreCase(escape, encoded); })
             ? escape.size()
             : 0;
}

// Where the next parameter of `text` begins with its divider.
size_t NextDivider(std::string_view text, size_t from) {
  const size_t scheme = text.find(':');
  for (size_t i = from; i < text.size(); ++i) {
    if (DividerSize(text, i, scheme) > 0) return i;
  }
  return text.size();
}

// Whether a quoted string is open behind `text`, if `quoted` says so of the place in front of it.
bool IsQuotedBehind(std::string_view text, bool quoted) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && quoted) {
      ++i;
    } else if (text[i] == '"') {
      quoted = !quoted;
    }
  }
  return quoted;
}

// A parameter with its divider.
struct Parameter {
  std::string_view divider;
  std::string_view text;
  bool is_verstat = false;  // or has it between quotes, which not everybody heeds
};

// The one that begins with the divider at `at`. What a quoted string holds is not taken apart, so
// that none is left open.
Parameter ParameterAt(std::string_view text, size_t at) {
  Parameter parameter;
  parameter.divider = text.substr(at, text[at] == '%' ? 3 : 1);
  const size_t begin = at + parameter.divider.size();
  size_t end = at;
  bool quoted = false;
  do {
    const size_t part = end + (text[end] == '%' ? 3 : 1);
    end = NextDivider(text, part);
    const std::string_view piece = text.substr(part, end - part);
    parameter.is_verstat = parameter.is_verstat || IsVerstat(piece);
    quoted = IsQuotedBehind(piece, quoted);
  } while (quoted && end < text.size());
  parameter.text = text.substr(begin, end - begin);
  return parameter;
}

// The parameters of `text`, each with its divider in front, but for verstat.
std::string WithoutVerstat(std::string_view text) {
  size_t at = NextDivider(text, 0);
  std::string kept(text.substr(0, at));
  bool has_question_mark = true;  // false: the header that had it is gone
  while (at < text.size()) {
    const Parameter parameter = ParameterAt(text, at);
    at += parameter.divider.size() + parameter.text.size();
    const bool ampersand = parameter.divider == "&" || parameter.divider == "%26";
    if (parameter.is_verstat) {
      has_question_mark = has_question_mark && parameter.divider != "?";
      continue;
    }
    const bool takes_its_place = ampersand && !has_question_mark;
    kept += takes_its_place ? "?" : parameter.divider;
    kept += parameter.text;
    has_question_mark = has_question_mark || takes_its_place;
  }
  return kept;
}

// What stands before the URI; without its display name if verstat could be read there.
std::string WithoutVerstatInName(std::string_view before) {
  std::string plain = PercentDecoded(before);
  plain.erase(std::remove(plain.begin(), plain.end(), '\\'), plain.end());
  const bool is_there = ToLower(plain).find(kName) != std::string::npos;
  return is_there ? std::string("<") : std::string(before);
}

// User part and what stands behind it, from the '@' on; tel URIs have only the first.
struct UriParts {
  std::string_view user;  // with scheme
  std::string_view rest;  // "" in tel
};

UriParts Split(std::string_view uri) {
  const size_t at = uri.find('@');
  if (at == std::string_view::npos && !EqualsIgnoreCase(uri.substr(0, 4), "tel:")) {
    return {{}, uri};  // a host alone
  }
  return {uri.substr(0, at), at == std::string_view::npos ? "" : uri.substr(at)};
}

// Where the parameters of `user` ("sip:+1...;npdi:password") end: a password has none (RFC 3261
// 25.1).
size_t UserEnd(std::string_view user) {
  const size_t scheme = user.find(':');
  if (EqualsIgnoreCase(user.substr(0, scheme), "tel")) return user.size();
  return std::min(user.find(':', scheme + 1), user.size());
}

bool IsMarkValue(std::string_view value) {
  return !value.empty() && std::all_of(value.begin(), value.end(),
                                       [](char c) { return IsAlpha(c) || IsDigit(c) || c == '-'; });
}

// `rest` ("@host;user=phone?headers") with `parameter` behind its parameters.
std::string WithUriParameter(const std::string& rest, const std::string& parameter) {
  const size_t headers = std::min(rest.find('?'), rest.size());
  return rest.substr(0, headers) + parameter + rest.substr(headers);
}

// Takes the tag out of `uri`, a tel URI without angle brackets: it is the header's (RFC 3261 20).
// What else follows the number may have been meant as part of it (phone-context, isub), and stays.
std::string TakeTag(std::string& uri) {
  std::string tag;
  std::string kept;
  bool quoted = false;
  for (size_t at = 0; at < uri.size();) {
    const size_t end = std::min(uri.find(';', at + 1), uri.size());
    const std::string_view part = std::string_view(uri).substr(at, end - at);
    const std::string_view name = part.substr(0, part.find('='));
    const bool is_tag = !quoted && part[0] == ';' && EqualsIgnoreCase(Trim(name.substr(1)), "tag");
    (is_tag ? tag : kept) += part;
    quoted = IsQuotedBehind(part, quoted);
    at = end;
  }
  uri = std::move(kept);
  return tag;
}

// A URI that came without angle brackets, with them: else its parameters would be the header's
// (RFC 3261 20). What were header parameters so far stays behind.
std::string Bracketed(std::string_view identity, const UriSpan& span, std::string user,
                      const std::string& rest) {
  const std::string_view received = Split(identity.substr(span.begin)).rest;
  const size_t uri_size = std::min(rest.find(';'), rest.size());
  const bool tel = received.empty();
  // Of the parameters of `rest` the last one may be the mark, which belongs to the URI.
  const size_t mark = rest.rfind(";verstat=");
  std::string uri_part = tel ? rest : rest.substr(0, uri_size);
  std::string header_part = tel ? TakeTag(user) : rest.substr(uri_size);
  if (mark != std::string::npos) {
    uri_part += rest.substr(mark);
    header_part = rest.substr(uri_size, mark - uri_size);
  }
  return std::string(identity.substr(0, span.before)) + "<" + user + uri_part + ">" + header_part;
}

Result<std::string> Rewrite(std::string_view identity, const std::optional<VerstatMark>& mark) {
  const auto span = FindUri(identity);
  if (!span) return span.error();
  const UriParts parts = Split(identity.substr(span->begin, span->end - span->begin));
  std::string user = WithoutVerstat(parts.user);
  std::string rest = WithoutVerstat(parts.rest);
  // Without angle brackets, and behind them, parameters are the header's: verstat is none there.
  std::string behind = WithoutVerstat(identity.substr(span->behind));
  if (mark) {
    std::string parameter(";verstat=");
    parameter += mark->value;
    const bool in_user = mark->place == VerstatMark::Place::kUserPart || parts.rest.empty();
    if (in_user && !parts.user.empty()) {
      user.insert(UserEnd(user), parameter);
    } else {
      rest = WithUriParameter(rest, parameter);
    }
    if (span->end == identity.size()) return Bracketed(identity, *span, user, rest);
  }
  return WithoutVerstatInName(identity.substr(0, span->before)) + user + rest + behind;
}

// The URI in `identity` as it stands, without verstat; a number is as good.
std::string ComparedUri(std::string_view identity) {
  if (auto stripped = Rewrite(identity, std::nullopt)) {
    if (const auto span = FindUri(*stripped)) {
      const std::string uri = stripped->substr(span->begin, span->end - span->begin);
      // Without angle brackets what follows ';' is the header's, as ";tag=" is (RFC 3261 20).
      return span->end < stripped->size() ? uri : uri.substr(0, uri.find(';'));
    }
  }
  return std::string(Trim(identity));
}

// What is written into `identity`: a passed validation only where it is one.
VerstatMark MarkOf(std::string_view identity, const VerstatMark& mark) {
  const std::string_view passed = VerstatText(Verstat::kTnValidationPassed);
  if (!EqualsIgnoreCase(mark.value.substr(0, passed.size()), passed)) return mark;
  const std::string uri = ComparedUri(identity);
  for (const std::string& verified : mark.identities) {
    if (ComparedUri(verified) == uri) return mark;
  }
  return {std::string(VerstatText(Verstat::kNoTnValidation)), mark.header, mark.place, {}};
}

// `identity` on one line: what follows another line break would be a header of its own.
Result<std::string> OnOneLine(std::string_view identity) {
  if (identity.find_first_of("\r\n") == std::string_view::npos) return std::string(identity);
  auto line = Unfold(identity);
  if (!line) return Fail(Reason::kParameterInvalid, line.error().detail);
  return line;
}

}  // namespace

Result<std::string> StripVerstat(std::string_view identity) {
  const auto line = OnOneLine(identity);
  return line ? Rewrite(*line, std::nullopt) : line;
}

Result<std::string> WriteVerstat(std::string_view identity, const VerstatMark& mark) {
  if (!IsMarkValue(mark.value)) {
    return Fail(Reason::kParameterInvalid, Quote(mark.value) + " is no verstat");
  }
  const auto line = OnOneLine(identity);
  return line ? Rewrite(*line, MarkOf(*line, mark)) : line;
}

}  // namespace callvet
