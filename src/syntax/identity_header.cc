// SPDX-License-Identifier: MIT
#include "callvet/identity_header.h"

#include <algorithm>

#include "base/text.h"
#include "syntax/split.h"
#include "syntax/unfold.h"

namespace callvet {
namespace {

// RFC 8224 4, base64 alphabet and "."; the wrong alphabet and padding are left to the decoder,
// which names them better.
constexpr CharSet kTokenChars = CharSet::LettersDigitsAnd("-_.+/=");

// Whether `token` is of kTokenChars. Nearly all are of base64url and dots, for which '-' to '9' has
// nothing but what a token may hold.
bool IsToken(std::string_view token) {
  const auto usual = [](uint8_t byte) {
    const auto letter = static_cast<uint8_t>((byte | 0x20) - 'a');
    const auto other = static_cast<uint8_t>(byte - '-');
    return (letter <= 'z' - 'a') | (other <= '9' - '-') | (byte == '_');
  };
  return AllOf(token, usual) || kTokenChars.HasAll(token);
}

// What a parameter value without quotes may hold: token, host, or a URI that lost its brackets.
constexpr CharSet kValueChars = CharSet::Where([](char c) {
  return c > ' ' && c < 0x7F && std::string_view(";,\"<>\\").find(c) == std::string_view::npos;
});

Failure Malformed(std::string detail) {
  return Fail(Reason::kIdentityMalformed, std::move(detail));
}

void SkipWhitespace(std::string_view& text) {
  while (!text.empty() && (text[0] == ' ' || text[0] == '\t')) text.remove_prefix(1);
}

std::string_view TakeWhile(std::string_view& text, const CharSet& set) {
  size_t size = 0;
  while (size < text.size() && set.Has(text[size])) ++size;
  const std::string_view taken = text.substr(0, size);
  text.remove_prefix(size);
  return taken;
}

// What stands behind '='.
struct Value {
  std::string_view text;
  bool bracketed = false;
  std::string unquoted;  // has `text` if that stood in quotes
};

Result<void> TakeQuoted(std::string_view& text, Value& value) {
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      value.text = value.unquoted;
      text.remove_prefix(i + 1);
      return {};
    }
    if (text[i] == '\\' && ++i == text.size()) break;
    value.unquoted += text[i];
  }
  return Malformed("a quoted string has no end");
}

Result<void> TakeValue(std::string_view& text, Value& value) {
  if (text.starts_with('"')) return TakeQuoted(text, value);
  if (text.starts_with('<')) {
    const size_t close = text.find('>');
    if (close == std::string_view::npos) return Malformed("'<' without '>'");
    value.text = text.substr(1, close - 1);
    value.bracketed = true;
    text.remove_prefix(close + 1);
    return {};
  }
  value.text = TakeWhile(text, kValueChars);
  return {};
}

// What stands in front of the first ';', and the rest.
struct TokenAndParameters {
  std::string_view token;
  std::string_view parameters;
};

TokenAndParameters SplitValue(std::string_view value) {
  value = Trim(value);
  const size_t token_end = std::min(value.find(';'), value.size());
  return {Trim(value.substr(0, token_end)), value.substr(token_end)};
}

Result<void> CheckTokenChars(std::string_view token) {
  if (IsToken(token)) return {};
  const auto* foreign =
      std::find_if_not(token.begin(), token.end(), [](char c) { return kTokenChars.Has(c); });
  return Malformed("the token has a foreign character at position " +
                   std::to_string(foreign - token.begin() + 1) + ": " +
                   Quote(std::string_view(foreign, 1)));
}

}  // namespace

Result<IdentityHeader> IdentityHeader::Parse(std::string_view field_value) {
  Result<IdentityHeader> header{IdentityHeader()};
  if (auto ok = header->Read(field_value); !ok) header = ok.error();
  return header;
}

Result<void> IdentityHeader::Read(std::string_view field_value) {
  if (field_value.size() > kMaxIdentityBytes) {
    return Fail(Reason::kIdentityTooLarge, std::to_string(field_value.size()) +
                                               " bytes, the limit is " +
                                               std::to_string(kMaxIdentityBytes));
  }
  TokenAndParameters value = SplitValue(field_value);
  std::string unfolded;
  // Nearly always it is one line: a token has no control characters.
  if (!IsToken(value.token) || !IsOneLine(value.parameters)) {
    auto line = Unfold(field_value);
    if (!line) return Malformed(line.error().detail);
    unfolded = std::move(*line);
    value = SplitValue(unfolded);
    if (auto ok = CheckTokenChars(value.token); !ok) return ok;
  }
  if (auto ok = FindParts(value.token); !ok) return ok;
  if (!ReadPlainParameters(value.parameters)) {
    if (auto ok = ReadParameters(value.parameters); !ok) {
      if (value.parameters.find("&lt;") != std::string_view::npos) {
        ok.error().detail += "; it has \"&lt;\", which stands for '<' in HTML";
      }
      return ok;
    }
  }
  token_ = value.token;
  return {};
}

Result<IdentityHeader> IdentityHeader::ParseBareToken(std::string_view token) {
  Result<IdentityHeader> header{IdentityHeader()};
  if (auto ok = header->ReadBareToken(token); !ok) header = ok.error();
  return header;
}

Result<void> IdentityHeader::ReadBareToken(std::string_view token) {
  if (token.size() > kMaxIdentityBytes) {
    return Fail(Reason::kIdentityTooLarge, std::to_string(token.size()) + " bytes, the limit is " +
                                               std::to_string(kMaxIdentityBytes));
  }
  token = TrimLines(token);
  if (auto ok = CheckTokenChars(token); !ok) return ok;
  if (auto ok = FindParts(token); !ok) return ok;
  if (form_ == Form::kCompact) {
    return Fail(Reason::kTokenMalformed,
                "a bare token has no parameters to rebuild its parts from");
  }
  form_ = Form::kBareToken;
  token_ = token;
  return {};
}

// three parts; all of them (full form) or only the signature (compact form).
Result<void> IdentityHeader::FindParts(std::string_view token) {
  if (token.empty()) return Malformed("there is no token");
  constexpr size_t kNowhere = std::string_view::npos;
  const auto dot_behind = [&](size_t dot) {
    return dot == kNowhere ? kNowhere : token.find('.', dot + 1);
  };
  first_dot_ = token.find('.');
  second_dot_ = dot_behind(first_dot_);
  if (second_dot_ == kNowhere || dot_behind(second_dot_) != kNowhere) {
    const auto dots = std::count(token.begin(), token.end(), '.');
    return Fail(Reason::kTokenMalformed,
                "the token has " + std::to_string(dots + 1) + " parts instead of 3");
  }
  const bool no_header = first_dot_ == 0;
  const bool no_payload = second_dot_ == first_dot_ + 1;
  if (second_dot_ + 1 == token.size() || no_header != no_payload) {
    return Fail(Reason::kTokenMalformed, "a part of the token is empty");
  }
  form_ = no_header ? Form::kCompact : Form::kFull;
  return {};
}

// As nearly all write them, ";info=<...>;alg=ES256;ppt=shaken": names in lower case, nothing quoted
// or twice, no white space. Either finds what ReadParameters does or declines and finds nothing.
bool IdentityHeader::ReadPlainParameters(std::string_view parameters) {
  const auto take = [&](std::string_view name) {
    if (!parameters.starts_with(name)) return false;
    parameters.remove_prefix(name.size());
    return true;
  };
  const auto decline = [&] {
    info_.reset();
    alg_.reset();
    ppt_.reset();
    return false;
  };
  while (!parameters.empty()) {
    if (!info_ && take(";info=<")) {
      const size_t close = parameters.find('>');
      if (close == std::string_view::npos) return decline();
      info_.emplace(Info{std::string(parameters.substr(0, close)), true});
      parameters.remove_prefix(close + 1);
    } else if (!alg_ && take(";alg=")) {
      alg_.emplace(TakeWhile(parameters, kValueChars));
    } else if (!ppt_ && take(";ppt=")) {
      ppt_.emplace(TakeWhile(parameters, kValueChars));
    } else {
      return decline();
    }
  }
  return true;
}

// A-3: *(SEMI name [EQUAL value]), each with optional white space around.
Result<void> IdentityHeader::ReadParameters(std::string_view parameters) {
  while (!parameters.empty()) {
    if (parameters[0] != ';') {
      return Malformed("';' is missing before " + Quote(parameters, 40));
    }
    parameters.remove_prefix(1);
    SkipWhitespace(parameters);
    const std::string_view name = TakeWhile(parameters, kSipTokenChars);
    if (name.empty()) return Malformed("a parameter has no name: " + Quote(parameters, 40));
    SkipWhitespace(parameters);
    Value value;
    if (parameters.starts_with('=')) {
      parameters.remove_prefix(1);
      SkipWhitespace(parameters);
      if (auto ok = TakeValue(parameters, value); !ok) return ok;
      SkipWhitespace(parameters);
    }
    if (auto ok = SetParameter(name, value.text, value.bracketed); !ok) return ok;
  }
  return {};
}

Result<void> IdentityHeader::SetParameter(std::string_view name, std::string_view value,
                                          bool bracketed) {
  const auto twice = [&] {
    return Fail(Reason::kDuplicateParameter, ToLower(name) + " occurs twice");
  };
  const bool alg = EqualsIgnoreCase(name, "alg");
  if (EqualsIgnoreCase(name, "info")) {
    if (info_) return twice();
    info_ = Info{std::string(value), bracketed};
  } else if (alg || EqualsIgnoreCase(name, "ppt")) {
    std::optional<std::string>& parameter = alg ? alg_ : ppt_;
    if (parameter) return twice();
    if (bracketed) {
      return Malformed(ToLower(name) + " is not a token or a quoted string");
    }
    parameter.emplace(value);
  }
  return {};
}

std::string_view IdentityHeader::signing_input() const {
  return std::string_view(token_).substr(0, second_dot_);
}

std::string_view IdentityHeader::header_part() const {
  return std::string_view(token_).substr(0, first_dot_);
}

std::string_view IdentityHeader::payload_part() const {
  return std::string_view(token_).substr(first_dot_ + 1, second_dot_ - first_dot_ - 1);
}

std::string_view IdentityHeader::signature_part() const {
  return std::string_view(token_).substr(second_dot_ + 1);
}

std::vector<std::string_view> SplitHeaderValues(std::string_view field_body) {
  return SplitOutsideQuotes(field_body, ',');
}

}  // namespace callvet
