// SPDX-License-Identifier: MIT
#include "api/token_dissection.h"

#include <algorithm>
#include <array>

#include "base/base64url.h"
#include "base/text.h"
#include "callvet/identity_header.h"
#include "callvet/passport.h"
#include "pki/es256.h"
#include "syntax/extension_claims.h"
#include "verify/call.h"
#include "verify/claim_checks.h"

namespace callvet {
namespace {

constexpr size_t kMaxText = size_t{256} * 1024;

using Problem = TokenDissection::Problem;

// Without any white space: what is left when folding or a mail program broke the token.
std::string Squeeze(std::string_view text) {
  std::string squeezed;
  std::copy_if(text.begin(), text.end(), std::back_inserter(squeezed),
               [](char c) { return c != ' ' && c != '\t' && c != '\r' && c != '\n'; });
  return squeezed;
}

// Base64 in either alphabet, with or without padding, left-over bits dropped: for reading only.
std::string DecodeLoosely(std::string_view text) {
  std::string clean;
  for (const char c : text) {
    if (c == '+') {
      clean += '-';
    } else if (c == '/') {
      clean += '_';
    } else if (IsAlpha(c) || IsDigit(c) || c == '-' || c == '_') {
      clean += c;
    }
  }
  if (clean.size() % 4 == 1) clean.pop_back();
  // The strict decoder refuses bits that belong to no byte: one of these last characters has none.
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  if (clean.size() % 4 != 0) {
    const size_t mask = clean.size() % 4 == 2 ? 0x30 : 0x3C;
    clean.back() = kAlphabet[kAlphabet.find(clean.back()) & mask];
  }
  return DecodeBase64Url(clean).value_or("");
}

// The bytes of one part; a problem is noted when they are not what the standard demands.
std::string DecodePart(const std::string& part, std::string_view name,
                       std::vector<Problem>& problems) {
  if (auto strict = DecodeBase64Url(part)) {
    return *strict;
  } else {
    problems.push_back({std::string(name), strict.error()});
  }
  return DecodeLoosely(part);
}

void ReadJsonPart(const std::string& part, std::string_view name, TokenDissection& dissection,
                  std::optional<JsonValue>& json, std::string& text) {
  std::string bytes = DecodePart(part, name, dissection.problems);
  auto value = ReadJson(bytes);
  if (value) {
    json = std::move(*value);
  } else {
    dissection.problems.push_back({std::string(name), value.error()});
    text = std::move(bytes);
  }
}

// Parameters by the loosest reading: split at ';' outside quotes and angle brackets.
void ReadParameters(std::string_view text, TokenDissection& dissection) {
  size_t begin = 0;
  char closing = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    const char c = i < text.size() ? text[i] : ';';
    if (closing != 0 && i < text.size()) {
      if (c == closing) closing = 0;
    } else if (c == '"') {
      closing = '"';
    } else if (c == '<') {
      closing = '>';
    } else if (c == ';') {
      const std::string_view parameter = TrimLines(text.substr(begin, i - begin));
      begin = i + 1;
      if (parameter.empty()) continue;
      const size_t equals = std::min(parameter.find('='), parameter.size());
      dissection.parameters.emplace_back(
          Trim(parameter.substr(0, equals)),
          Trim(parameter.substr(std::min(equals + 1, parameter.size()))));
    }
  }
}

void NoteSyntax(std::string_view text, bool has_parameters, TokenDissection& dissection) {
  auto header = has_parameters ? IdentityHeader::Parse(text) : IdentityHeader::ParseBareToken(text);
  if (!header) {
    dissection.problems.push_back({"identity", header.error()});
    return;
  }
  constexpr std::array<std::string_view, 3> kForms = {"full", "compact", "bare-token"};
  dissection.form = kForms[static_cast<size_t>(header->form())];
  if (has_parameters && !header->info()) {
    dissection.problems.push_back({"identity", Fail(Reason::kInfoMissing, "no info parameter")});
  } else if (has_parameters && !header->info()->bracketed) {
    dissection.problems.push_back(
        {"identity", Fail(Reason::kInfoInvalid, "info is not in angle brackets")});
  }
}

// What the strict readers say of parts that are JSON.
void NoteSchema(const std::vector<std::string>& parts, TokenDissection& dissection) {
  if (dissection.header) {
    if (auto jose = JoseHeader::Parse(parts[0]);
        !jose && jose.error().reason != Reason::kBase64Invalid) {
      dissection.problems.push_back({"header", jose.error()});
    }
  }
  if (dissection.payload) {
    const JsonValue* ppt = dissection.header ? dissection.header->Find("ppt") : nullptr;
    const bool has_ppt = ppt != nullptr && ppt->AsString() != nullptr;
    const std::string type = has_ppt ? *ppt->AsString() : "";
    if (auto claims = Claims::Parse(parts[1], type);
        !claims && claims.error().reason != Reason::kBase64Invalid) {
      dissection.problems.push_back({"payload", claims.error()});
    }
    if (auto ok = CheckExtensionClaims(*dissection.payload, type); !ok) {
      dissection.problems.push_back({"payload", ok.error()});
    }
  }
}

// What the verifier says of the token alone, whoever calls whom: of its parts that can be read.
void NoteRules(std::string_view text, bool has_parameters, TokenDissection& dissection) {
  struct Rule {
    CheckId id;
    std::string_view part;
  };
  constexpr std::array<Rule, 11> kRules = {{{CheckId::kForm, "identity"},
                                            {CheckId::kInfo, "identity"},
                                            {CheckId::kJoseHeader, "header"},
                                            {CheckId::kTyp, "header"},
                                            {CheckId::kAlg, "header"},
                                            {CheckId::kX5u, "header"},
                                            {CheckId::kPptSame, "header"},
                                            {CheckId::kClaims, "payload"},
                                            {CheckId::kAttest, "payload"},
                                            {CheckId::kOrigid, "payload"},
                                            {CheckId::kDiv, "payload"}}};
  const CallRequest nobody;
  const VerifierOptions options;
  const Candidate candidate = RunClaimChecks(
      text,
      has_parameters ? CallRequest::TokenForm::kIdentityHeader : CallRequest::TokenForm::kBareToken,
      Call(nobody, options, {}));
  for (const Rule& rule : kRules) {
    const Check check = candidate.trail.at(rule.id);
    const bool known = std::any_of(
        dissection.problems.begin(), dissection.problems.end(), [&](const Problem& problem) {
          // A ppt that is missing differs from the parameter, too.
          const Reason reason = problem.failure.reason;
          return reason == check.reason ||
                 (reason == Reason::kPptMissing && check.reason == Reason::kPptMismatch);
        });
    if (check.outcome == CheckOutcome::kFailed && !known) {
      dissection.problems.push_back(
          {std::string(rule.part), Fail(check.reason, std::string(check.detail))});
    }
  }
}

std::vector<std::string> SplitParts(const std::string& token) {
  std::vector<std::string> parts(1);
  for (const char c : token) {
    if (c == '.') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

TokenDissection Dissect(std::string_view text, size_t depth) {
  TokenDissection dissection;
  text = TrimLines(text.substr(0, kMaxText));
  const size_t token_end = std::min(text.find(';'), text.size());
  const bool has_parameters = token_end < text.size();
  NoteSyntax(text, has_parameters, dissection);
  ReadParameters(text.substr(token_end), dissection);

  std::vector<std::string> parts = SplitParts(Squeeze(text.substr(0, token_end)));
  if (!parts[0].empty()) {
    ReadJsonPart(parts[0], "header", dissection, dissection.header, dissection.header_text);
  }
  if (parts.size() > 1 && !parts[1].empty()) {
    ReadJsonPart(parts[1], "payload", dissection, dissection.payload, dissection.payload_text);
  }
  if (parts.size() > 2 && !parts[2].empty()) {
    dissection.signature = DecodePart(parts[2], "signature", dissection.problems);
    if (auto signature = Es256Signature::Parse(*dissection.signature); !signature) {
      dissection.problems.push_back({"signature", signature.error()});
    }
  }
  NoteSchema(parts.size() > 1 ? parts : std::vector<std::string>{parts[0], ""}, dissection);
  NoteRules(text, has_parameters, dissection);
  const JsonValue* opt = dissection.payload ? dissection.payload->Find("opt") : nullptr;
  if (opt != nullptr && opt->AsString() != nullptr && depth < kMaxOptDepth) {
    dissection.opt.push_back(Dissect(*opt->AsString(), depth + 1));
  }
  return dissection;
}

}  // namespace

TokenDissection DissectToken(std::string_view text) {
  return Dissect(text, 0);
}

}  // namespace callvet
