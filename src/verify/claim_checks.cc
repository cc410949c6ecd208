// SPDX-License-Identifier: MIT
#include "verify/claim_checks.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "base/base64url.h"
#include "base/text.h"
#include "syntax/party.h"
#include "syntax/uri.h"

namespace callvet {
namespace {

constexpr std::string_view kShaken = "shaken";
constexpr std::string_view kEs256 = "ES256";

std::string Seconds(std::chrono::seconds duration) {
  return std::to_string(duration.count()) + " s";
}

std::string Window(const Call& call) {
  return "the window is " + Seconds(call.options.max_age);
}

// fresh is |now - time| <= window.
bool IsFresh(const Call& call, sys_seconds time) {
  const auto age = call.now - time;
  return age <= call.options.max_age && -age <= call.options.max_age;
}

std::string AgeText(std::chrono::seconds age) {
  return age.count() >= 0 ? Seconds(age) + " old" : Seconds(-age) + " in the future";
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
    const std::string text = "Date " + FormatTime(date) + " is " + AgeText(call.now - date);
    if (IsFresh(call, date)) {
      trail.Pass(CheckId::kDateFresh, text);
    } else {
      trail.Fail(CheckId::kDateFresh, Fail(Reason::kDateStale, text + ", " + Window(call)));
    }
  }
}

void CheckCompactDate(const Call& call, Trail& trail) {
  if (!call.date) {
    trail.Fail(CheckId::kDateFresh,
               Fail(Reason::kDateMissing, "the compact form takes iat from the Date header"));
  } else if (*call.date && !IsFresh(call, **call.date)) {
    trail.Fail(CheckId::kDateFresh,
               Fail(Reason::kDateStale, "Date " + FormatTime(**call.date) + " is " +
                                            AgeText(call.now - **call.date) + ", " + Window(call)));
  } else if (!*call.date) {
    trail.Fail(CheckId::kDateFresh, call.date->error());
  }
}

// base (no ppt at all) and shaken are judged; a PASSporT of another type is ignored,
// whatever it holds. True if the type is judged.
bool CheckPptSupported(const std::optional<std::string>& ppt, Trail& trail) {
  if (!ppt || *ppt == kShaken) {
    trail.Pass(CheckId::kPptSupported, ppt ? "shaken" : "base PASSporT");
    return true;
  }
  trail.Fail(CheckId::kPptSupported,
             Fail(Reason::kUnsupportedPpt, "the type is " + Quote(*ppt) + "; it was ignored"));
  return false;
}

void CheckForm(const IdentityHeader& header, std::string_view ppt, Trail& trail) {
  if (header.form() != IdentityHeader::Form::kCompact) {
    trail.Pass(CheckId::kForm, header.form() == IdentityHeader::Form::kFull
                                   ? "full form"
                                   : "a token without Identity parameters");
  } else if (ppt.empty()) {
    trail.Pass(CheckId::kForm, "compact form");
  } else {
    trail.Fail(CheckId::kForm,
               Fail(Reason::kCompactFormNotAllowed,
                    "a " + std::string(ppt) + " PASSporT in compact form lacks its claims"));
  }
}

X5uRules RulesOf(const VerifierOptions& options) {
  X5uRules rules;
  rules.ports = options.x5u_ports;
  rules.http = options.http_x5u == VerifierOptions::HttpX5u::kInsecureAllow
                   ? X5uRules::Http::kInsecureAllow
                   : X5uRules::Http::kRefuse;
  return rules;
}

// A-2, C-20.
void CheckInfoParameter(const IdentityHeader& header, const Call& call, Trail& trail) {
  if (header.form() == IdentityHeader::Form::kBareToken) {
    trail.Skip(CheckId::kInfo, "a token without Identity parameters");
  } else if (!header.info()) {
    trail.Fail(CheckId::kInfo, Fail(Reason::kInfoMissing, "there is no info parameter"));
  } else if (!header.info()->bracketed) {
    trail.Fail(CheckId::kInfo, Fail(Reason::kInfoInvalid, "info is not in angle brackets: " +
                                                              Quote(header.info()->uri, 200)));
  } else if (auto uri = ParseX5u(header.info()->uri, RulesOf(call.options)); !uri) {
    trail.Fail(CheckId::kInfo, uri.error());
  } else {
    trail.Pass(CheckId::kInfo, header.info()->uri);
  }
}

// The parameter and the signed value must both be ES256, or absent and ES256.
void CheckAlg(const IdentityHeader& header, const std::string* jose_alg, Trail& trail) {
  if (jose_alg != nullptr && *jose_alg != kEs256) {
    trail.Fail(CheckId::kAlg,
               Fail(Reason::kAlgUnsupported, "alg of the token is " + Quote(*jose_alg)));
  } else if (header.alg() && !EqualsIgnoreCase(*header.alg(), kEs256)) {
    trail.Fail(CheckId::kAlg, Fail(Reason::kAlgUnsupported,
                                   "alg of the Identity header is " + Quote(*header.alg())));
  } else {
    trail.Pass(CheckId::kAlg, std::string(kEs256));
  }
}

// simple string comparison; a bare token has no info, its x5u is judged instead.
void CheckX5u(const IdentityHeader& header, const JoseHeader& jose, const Call& call,
              Trail& trail) {
  if (header.form() == IdentityHeader::Form::kBareToken) {
    if (auto uri = ParseX5u(jose.x5u, RulesOf(call.options)); !uri) {
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
  const std::string signed_ppt = jose.ppt.value_or("");
  if (!header.ppt()) {
    trail.Pass(CheckId::kPptSame, "the Identity header has no ppt parameter");
  } else if (ToLower(*header.ppt()) == signed_ppt) {
    trail.Pass(CheckId::kPptSame, signed_ppt);
  } else {
    trail.Fail(CheckId::kPptSame,
               Fail(Reason::kPptMismatch, "the parameter is " + Quote(*header.ppt()) +
                                              ", the token says " + Quote(signed_ppt)));
  }
}

void CheckIat(const Claims& claims, const Call& call, Trail& trail) {
  const sys_seconds iat{std::chrono::seconds(claims.iat)};
  const auto age = call.now - iat;
  const std::string text = "iat " + FormatTime(iat) + " is " + AgeText(age);
  if (IsFresh(call, iat)) {
    trail.Pass(CheckId::kIatFresh, text);
  } else {
    trail.Fail(CheckId::kIatFresh, Fail(age.count() > 0 ? Reason::kIatStale : Reason::kIatInFuture,
                                        text + ", " + Window(call)));
  }
}

void CheckAttest(const Claims& claims, std::string_view ppt, Trail& trail) {
  if (ppt != kShaken) {
    trail.Skip(CheckId::kAttest, "not a shaken PASSporT");
  } else if (claims.attest == "A" || claims.attest == "B" || claims.attest == "C") {
    trail.Pass(CheckId::kAttest, *claims.attest);
  } else {
    trail.Fail(CheckId::kAttest,
               Fail(Reason::kAttestInvalid, "attest is " + Quote(claims.attest.value_or(""))));
  }
}

void CheckOrigid(const Claims& claims, std::string_view ppt, const Call& call, Trail& trail) {
  if (ppt != kShaken) {
    trail.Skip(CheckId::kOrigid, "not a shaken PASSporT");
  } else if (call.options.origid_policy == OrigidPolicy::kAnyString ||
             IsUuid(claims.origid.value_or(""))) {
    trail.Pass(CheckId::kOrigid, claims.origid.value_or(""));
  } else {
    trail.Fail(CheckId::kOrigid,
               Fail(Reason::kOrigidInvalid, Quote(claims.origid.value_or("")) + " is not a UUID"));
  }
}

std::string ClaimText(const PartyClaim& claim) {
  return claim.tn ? "tn " + Quote(*claim.tn) : "uri " + Quote(claim.uri.value_or(""), 200);
}

bool Matches(const Party& party, const PartyClaim& claim, const DialPlan* plan) {
  return claim.tn ? party.MatchesTn(*claim.tn, plan) : party.MatchesUri(claim.uri.value_or(""));
}

std::string Unreadable(const std::vector<std::string>& texts) {
  std::string list;
  for (const std::string& text : texts) list += (list.empty() ? "" : ", ") + Quote(text);
  return list;
}

// D-3: one of the callers that the signalling shows is the one that was signed; that
// one.
std::optional<Party> CheckOrig(const Claims& claims, const Call& call, Trail& trail) {
  if (call.request.orig.empty()) {
    trail.Fail(CheckId::kOrig, Fail(Reason::kCallerMissing,
                                    "nothing to compare orig " + ClaimText(claims.orig) + " with"));
    return std::nullopt;
  }
  for (const Party& caller : call.callers) {
    if (!Matches(caller, claims.orig, call.options.dial_plan)) continue;
    trail.Pass(CheckId::kOrig,
               "orig " + ClaimText(claims.orig) + " is the caller " + Describe({caller}));
    return caller;
  }
  trail.Fail(CheckId::kOrig,
             Fail(Reason::kOrigMismatch,
                  "orig is " + ClaimText(claims.orig) + ", the caller is " +
                      (call.callers.empty() ? Unreadable(call.request.orig) + ", which is no number"
                                            : Describe(call.callers))));
  return std::nullopt;
}

std::string ClaimText(const DestClaim& dest) {
  std::string text;
  for (const std::string& tn : dest.tn) text += (text.empty() ? "tn " : ", tn ") + Quote(tn);
  for (const std::string& uri : dest.uri) {
    text += (text.empty() ? "uri " : ", uri ") + Quote(uri, 200);
  }
  return text;
}

bool Matches(const Party& party, const DestClaim& dest, const DialPlan* plan) {
  return std::any_of(dest.tn.begin(), dest.tn.end(),
                     [&](const std::string& tn) { return party.MatchesTn(tn, plan); }) ||
         std::any_of(dest.uri.begin(), dest.uri.end(),
                     [&](const std::string& uri) { return party.MatchesUri(uri); });
}

void CheckDest(const Claims& claims, const Call& call, Trail& trail) {
  if (call.request.dest.empty()) {
    trail.Fail(CheckId::kDest, Fail(Reason::kCalledMissing,
                                    "nothing to compare dest " + ClaimText(claims.dest) + " with"));
    return;
  }
  for (const Party& called : call.called) {
    if (!Matches(called, claims.dest, call.options.dial_plan)) continue;
    trail.Pass(CheckId::kDest,
               "dest " + ClaimText(claims.dest) + " has the called party " + Describe({called}));
    return;
  }
  trail.Fail(CheckId::kDest,
             Fail(Reason::kDestMismatch,
                  "dest is " + ClaimText(claims.dest) + ", the called party is " +
                      (call.called.empty() ? Unreadable(call.request.dest) + ", which is no number"
                                           : Describe(call.called))));
}

// Fingerprints as one sorted list, letters in one case: both sides are compared as sets.
std::vector<std::string> Fingerprints(const std::vector<MediaKey>& keys) {
  std::vector<std::string> list;
  list.reserve(keys.size());
  for (const MediaKey& key : keys) list.push_back(ToLower(key.alg) + " " + ToLower(key.dig));
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
  return list;
}

void CheckMky(const Claims& claims, const Call& call, Trail& trail) {
  if (claims.mky.empty()) {
    trail.Skip(CheckId::kMky, "the PASSporT has no mky");
  } else if (!call.request.sdp_fingerprints) {
    trail.Skip(CheckId::kMky, "left unchecked: no SDP is visible");
  } else if (Fingerprints(claims.mky) == Fingerprints(*call.request.sdp_fingerprints)) {
    trail.Pass(CheckId::kMky, "the fingerprints are those of the SDP");
  } else {
    trail.Fail(CheckId::kMky,
               Fail(Reason::kMkyMismatch,
                    "mky has " + std::to_string(claims.mky.size()) + " fingerprints, the SDP has " +
                        std::to_string(call.request.sdp_fingerprints->size()) +
                        ", and they are not the same"));
  }
}

std::optional<Es256Signature> CheckSignatureForm(const IdentityHeader& header, Trail& trail) {
  auto bytes = DecodeBase64Url(header.signature_part());
  if (!bytes) {
    bytes.error().detail = "signature: " + bytes.error().detail;
    trail.Fail(CheckId::kSignatureForm, bytes.error());
    return std::nullopt;
  }
  auto signature = Es256Signature::Parse(*bytes);
  if (!signature) {
    trail.Fail(CheckId::kSignatureForm, signature.error());
    return std::nullopt;
  }
  trail.Pass(CheckId::kSignatureForm, "64 bytes, r and s in range");
  return *signature;
}

// A canonical form where there is one, for the verdict.
std::string Canonical(const PartyClaim& claim, const DialPlan* plan) {
  if (!claim.tn) return CanonicalUriClaim(claim.uri.value_or("")).value_or(claim.uri.value_or(""));
  const auto number = TelephoneNumber::ParseClaim(*claim.tn, plan);
  return number ? number->canonical() : *claim.tn;
}

// A base PASSporT attests nothing, whatever it holds.
void RecordClaims(const Claims& claims, std::string_view ppt, const Call& call,
                  PassportVerdict& verdict) {
  const DialPlan* plan = call.options.dial_plan;
  if (ppt == kShaken) {
    verdict.attest = claims.attest;
    verdict.origid = claims.origid;
  }
  verdict.orig = Canonical(claims.orig, plan);
  for (const std::string& tn : claims.dest.tn) {
    verdict.dest.push_back(Canonical(PartyClaim{tn, std::nullopt}, plan));
  }
  for (const std::string& uri : claims.dest.uri) {
    verdict.dest.push_back(Canonical(PartyClaim{std::nullopt, uri}, plan));
  }
  verdict.iat = claims.iat;
  verdict.age_seconds = call.now.time_since_epoch().count() - claims.iat;
}

// D-2: a shaken PASSporT names numbers.
Result<void> CheckClaimsOfType(const Claims& claims, std::string_view ppt) {
  if (ppt != kShaken) return {};
  if (!claims.orig.tn) return Fail(Reason::kOrigInvalid, "orig: shaken needs tn, this is uri");
  if (claims.dest.tn.empty()) return Fail(Reason::kDestInvalid, "dest: shaken needs tn");
  return {};
}

// The number or URI of `caller` that `claim` was compared with.
PartyClaim CallerIdentity(const Party& caller, const PartyClaim& claim) {
  PartyClaim identity;
  if (claim.tn) {
    identity.tn = caller.tn()->canonical();
  } else {
    identity.uri = caller.uri();
  }
  return identity;
}

std::optional<SignedCall> CheckClaims(const IdentityHeader& header, std::string_view ppt,
                                      const Call& call, Trail& trail, PassportVerdict& verdict) {
  auto claims = Claims::Parse(header.payload_part(), ppt);
  if (!claims) {
    trail.Fail(CheckId::kClaims, claims.error());
    return std::nullopt;
  }
  RecordClaims(*claims, ppt, call, verdict);
  if (auto ok = CheckClaimsOfType(*claims, ppt); !ok) {
    trail.Fail(CheckId::kClaims, ok.error());
  } else {
    trail.Pass(CheckId::kClaims, "the claims of this type are there and well-formed");
  }
  CheckIat(*claims, call, trail);
  CheckAttest(*claims, ppt, trail);
  CheckOrigid(*claims, ppt, call, trail);
  const auto caller = CheckOrig(*claims, call, trail);
  CheckDest(*claims, call, trail);
  CheckMky(*claims, call, trail);
  if (!caller) return std::nullopt;
  SignedCall signed_call{claims->payload(), CallerIdentity(*caller, claims->orig)};
  verdict.orig = signed_call.orig.tn ? signed_call.orig.tn : signed_call.orig.uri;
  return signed_call;
}

// The compact form is rebuilt from the call, so its claims cannot differ from it.
void CheckCompact(const IdentityHeader& header, const Call& call, Trail& trail,
                  PassportVerdict& verdict) {
  const std::string why = "the compact form has none of its own";
  for (const CheckId id :
       {CheckId::kJoseHeader, CheckId::kTyp, CheckId::kX5u, CheckId::kPptSame, CheckId::kClaims,
        CheckId::kIatFresh, CheckId::kAttest, CheckId::kOrigid, CheckId::kMky}) {
    trail.Skip(id, why);
  }
  CheckForm(header, verdict.ppt, trail);
  CheckCompactDate(call, trail);
  CheckAlg(header, nullptr, trail);
  if (call.callers.empty()) {
    trail.Fail(CheckId::kOrig,
               Fail(Reason::kCallerMissing, "the caller is needed to rebuild orig"));
  } else {
    trail.Pass(CheckId::kOrig, "rebuilt from " + Describe(call.callers));
  }
  if (call.called.empty()) {
    trail.Fail(CheckId::kDest,
               Fail(Reason::kCalledMissing, "the called party is needed to rebuild dest"));
  } else {
    trail.Pass(CheckId::kDest, "rebuilt from " + Describe(call.called));
  }
  if (call.date && *call.date) {
    verdict.iat = (*call.date)->time_since_epoch().count();
    verdict.age_seconds = (call.now - **call.date).count();
  }
}

// The checks of a token that brings its own header and payload. Nothing if its type is not judged,
// or its claims could not be read.
std::optional<SignedCall> CheckFullToken(const IdentityHeader& header, const Call& call,
                                         Trail& trail, PassportVerdict& verdict) {
  auto jose = JoseHeader::Parse(header.header_part());
  if (!jose) {
    trail.Fail(CheckId::kJoseHeader, jose.error());
    return std::nullopt;
  }
  verdict.x5u = jose->x5u;
  if (header.ppt() && !jose->ppt) {
    trail.Fail(CheckId::kJoseHeader,
               Fail(Reason::kPptMissing,
                    "ppt is missing; the Identity header says " + Quote(*header.ppt())));
  } else {
    trail.Pass(CheckId::kJoseHeader, "typ, alg and x5u are there");
  }
  const std::string ppt = jose->ppt.value_or("");
  if (!header.ppt()) {
    verdict.ppt = ppt;
    if (!CheckPptSupported(jose->ppt, trail)) return std::nullopt;
  }
  CheckForm(header, ppt, trail);
  CheckTyp(*jose, trail);
  CheckAlg(header, &jose->alg, trail);
  CheckX5u(header, *jose, call, trail);
  CheckPptSame(header, *jose, trail);
  return CheckClaims(header, ppt, call, trail, verdict);
}

}  // namespace

std::optional<CheckedPassport> RunClaimChecks(std::string_view field_value, const Call& call,
                                              Trail& trail, PassportVerdict& verdict) {
  auto header = call.request.token_form == CallRequest::TokenForm::kBareToken
                    ? IdentityHeader::ParseBareToken(field_value)
                    : IdentityHeader::Parse(field_value);
  if (!header) {
    trail.Fail(CheckId::kIdentitySyntax, header.error());
    return std::nullopt;
  }
  const bool compact = header->form() == IdentityHeader::Form::kCompact;
  if (header->ppt() || compact) {
    const auto ppt = header->ppt() ? std::optional(ToLower(*header->ppt())) : std::nullopt;
    verdict.ppt = ppt.value_or("");
    if (!CheckPptSupported(ppt, trail)) return std::nullopt;
  }
  trail.Pass(CheckId::kIdentitySyntax, std::to_string(field_value.size()) + " bytes");
  CheckDate(call, trail);
  CheckInfoParameter(*header, call, trail);
  if (header->info()) verdict.x5u = header->info()->uri;

  std::optional<SignedCall> signed_call;
  if (compact) {
    CheckCompact(*header, call, trail, verdict);
  } else {
    signed_call = CheckFullToken(*header, call, trail, verdict);
  }
  auto signature = CheckSignatureForm(*header, trail);
  if (trail.failed() || !signature) return std::nullopt;
  return CheckedPassport{std::move(*header), verdict.x5u, std::move(signed_call), *signature};
}

}  // namespace callvet
