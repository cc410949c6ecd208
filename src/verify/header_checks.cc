// SPDX-License-Identifier: MIT
#include "verify/header_checks.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/base64url.h"
#include "base/text.h"
#include "syntax/uri.h"
#include "verify/freshness.h"

namespace callvet {
namespace {

constexpr std::string_view kEs256 = "ES256";

// The parameter and the signed value must both be ES256, or absent and ES256.
void CheckAlg(const IdentityHeader& header, const std::string* jose_alg, Trail& trail) {
  if (jose_alg != nullptr && *jose_alg != kEs256) {
    trail.Fail(CheckId::kAlg,
               Fail(Reason::kAlgUnsupported, "alg of the token is " + Quote(*jose_alg)));
  } else if (header.alg() && !EqualsIgnoreCase(*header.alg(), kEs256)) {
    trail.Fail(CheckId::kAlg, Fail(Reason::kAlgUnsupported,
                                   "alg of the Identity header is " + Quote(*header.alg())));
  } else {
    trail.Pass(CheckId::kAlg, [&] { return std::string(std::string(kEs256)); });
  }
}

// simple string comparison; a bare token has no info, its x5u is judged instead.
void CheckX5u(const IdentityHeader& header, const JoseHeader& jose, const Call& call,
              Trail& trail) {
  if (header.form() == IdentityHeader::Form::kBareToken) {
    if (auto uri = ParseX5u(jose.x5u, X5uRulesOf(call.options)); !uri) {
      trail.Fail(CheckId::kX5u, uri.error());
    } else {
      trail.Pass(CheckId::kX5u, jose.x5u);
    }
  } else if (!header.info()) {
    return;  // the check kInfo failed
  } else if (header.info()->uri != jose.x5u) {
    trail.Fail(CheckId::kX5u,
               Fail(Reason::kX5uDiffersFromInfo, "x5u is " + Quote(jose.x5u, 200) + ", info is " +
                                                     Quote(header.info()->uri, 200)));
  } else {
    trail.Pass(CheckId::kX5u, "equals info");
  }
}

void CheckTyp(const JoseHeader& jose, Trail& trail) {
  if (jose.typ == "passport") {
    trail.Pass(CheckId::kTyp, jose.typ);
  } else {
    trail.Fail(CheckId::kTyp, Fail(Reason::kTypInvalid, "typ is " + Quote(jose.typ)));
  }
}

// the ppt parameter, where there is one, and the signed one are the same. A SIP token has no
// case, a JSON string has.
void CheckPptSame(const IdentityHeader& header, const JoseHeader& jose, Trail& trail) {
  const std::string_view signed_ppt = jose.ppt ? std::string_view(*jose.ppt) : "";
  if (!header.ppt()) {
    trail.Pass(CheckId::kPptSame, "the Identity header has no ppt parameter");
  } else if (std::ranges::equal(*header.ppt(), signed_ppt, {}, [](char c) { return ToLower(c); })) {
    trail.Pass(CheckId::kPptSame, signed_ppt);
  } else {
    trail.Fail(CheckId::kPptSame,
               Fail(Reason::kPptMismatch, "the parameter is " + Quote(*header.ppt()) +
                                              ", the token says " + Quote(signed_ppt)));
  }
}

// A known header has an x5u that is good.
Result<void> CheckInfoUri(const std::string& text, const JoseHeader* known, const Call& call) {
  if (known != nullptr && known->x5u == text) return {};
  const auto uri = ParseX5u(text, X5uRulesOf(call.options));
  if (!uri) return uri.error();
  return {};
}

Result<Es256Signature> ReadSignature(std::string_view part) {
  std::array<char, 72> room{};  // for one of the right size
  if (const auto bytes = DecodeBase64Url(part, room)) return Es256Signature::Parse(*bytes);
  auto bytes = DecodeBase64Url(part);
  if (bytes) return Es256Signature::Parse(*bytes);
  bytes.error().detail = "signature: " + bytes.error().detail;
  return bytes.error();
}

}  // namespace

X5uRules X5uRulesOf(const VerifierOptions& options) {
  X5uRules rules;
  rules.ports = options.x5u_ports;
  if (options.http_x5u == VerifierOptions::HttpX5u::kInsecureAllow) {
    rules.http = X5uRules::Http::kInsecureAllow;
  }
  return rules;
}

// A-45, D-5. The compact form cannot do without a Date.
void CheckDate(const Call& call, Trail& trail) {
  if (!call.date) {
    trail.Skip(CheckId::kDateFresh, "the call has no Date header");
  } else if (call.options.date_policy == DatePolicy::kIgnore) {
    trail.Skip(CheckId::kDateFresh, "the Date header is ignored by configuration");
  } else if (!*call.date) {
    trail.Fail(CheckId::kDateFresh, call.date->error());
  } else {
    const sys_seconds date = **call.date;
    const auto text = [&] {
      return "Date " + FormatTime(date) + " is " + AgeText(call.now - date);
    };
    if (IsFresh(call, date)) {
      trail.Pass(CheckId::kDateFresh, text);
    } else {
      trail.Fail(CheckId::kDateFresh, Fail(Reason::kDateStale, text() + ", " + WindowText(call)));
    }
  }
}

void CheckCompactDate(const Call& call, Trail& trail) {
  if (!call.date) {
    trail.Fail(CheckId::kDateFresh,
               Fail(Reason::kDateMissing, "the compact form takes iat from the Date header"));
  } else if (*call.date && !IsFresh(call, **call.date)) {
    trail.Fail(
        CheckId::kDateFresh,
        Fail(Reason::kDateStale, "Date " + FormatTime(**call.date) + " is " +
                                     AgeText(call.now - **call.date) + ", " + WindowText(call)));
  } else if (!*call.date) {
    trail.Fail(CheckId::kDateFresh, call.date->error());
  }
}

std::optional<PassportKind> CheckPpt(const std::optional<std::string_view>& ppt, const Call& call,
                                     Trail& trail) {
  const auto kind = KindOf(ppt);
  if (!kind) {
    trail.Fail(CheckId::kPptSupported,
               Fail(Reason::kUnsupportedPpt, "the type is " + Quote(*ppt) + "; it was ignored"));
  } else if (kind == PassportKind::kMsg && !call.IsMessage()) {
    trail.Fail(CheckId::kPptSupported,
               Fail(Reason::kUnsupportedPpt, "msg speaks for a message, and this is a call"));
    return std::nullopt;
  } else {
    trail.Pass(CheckId::kPptSupported, [&] { return std::string(ppt ? *ppt : "base PASSporT"); });
  }
  return kind;
}

void CheckForm(const IdentityHeader& header, PassportKind kind, Trail& trail) {
  if (header.form() != IdentityHeader::Form::kCompact) {
    trail.Pass(CheckId::kForm, [&] {
      return std::string(header.form() == IdentityHeader::Form::kFull
                             ? "full form"
                             : "a token without Identity parameters");
    });
  } else if (kind == PassportKind::kBase) {
    trail.Pass(CheckId::kForm, "compact form");
  } else {
    trail.Fail(CheckId::kForm, Fail(Reason::kCompactFormNotAllowed,
                                    "a " + std::string(PptOf(kind)) +
                                        " PASSporT in compact form lacks its claims"));
  }
}

// A-2, C-20.
void CheckInfoParameter(const IdentityHeader& header, const JoseHeader* known, const Call& call,
                        Trail& trail) {
  if (header.form() == IdentityHeader::Form::kBareToken) {
    trail.Skip(CheckId::kInfo, "a token without Identity parameters");
  } else if (!header.info()) {
    trail.Fail(CheckId::kInfo, Fail(Reason::kInfoMissing, "there is no info parameter"));
  } else if (!header.info()->bracketed) {
    trail.Fail(CheckId::kInfo, Fail(Reason::kInfoInvalid, "info is not in angle brackets: " +
                                                              Quote(header.info()->uri, 200)));
  } else if (auto ok = CheckInfoUri(header.info()->uri, known, call); !ok) {
    trail.Fail(CheckId::kInfo, ok.error());
  } else {
    trail.Pass(CheckId::kInfo, header.info()->uri);
  }
}

void CheckCompactAlg(const IdentityHeader& header, Trail& trail) {
  CheckAlg(header, nullptr, trail);
}

void CheckJoseHeader(const IdentityHeader& header, const JoseHeader& jose, const Call& call,
                     Trail& trail) {
  if (header.ppt() && !jose.ppt) {
    trail.Fail(CheckId::kJoseHeader,
               Fail(Reason::kPptMissing,
                    "ppt is missing; the Identity header says " + Quote(*header.ppt())));
  } else {
    trail.Pass(CheckId::kJoseHeader, "typ, alg and x5u are there");
  }
  CheckTyp(jose, trail);
  CheckAlg(header, &jose.alg, trail);
  CheckX5u(header, jose, call, trail);
  CheckPptSame(header, jose, trail);
}

std::optional<Es256Signature> CheckSignatureForm(const IdentityHeader& header, Trail& trail) {
  const auto signature = ReadSignature(header.signature_part());
  if (!signature) {
    trail.Fail(CheckId::kSignatureForm, signature.error());
    return std::nullopt;
  }
  trail.Pass(CheckId::kSignatureForm, "64 bytes, r and s in range");
  return *signature;
}

}  // namespace callvet
