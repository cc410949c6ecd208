// SPDX-License-Identifier: MIT
#include "issue/extension_members.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "callvet/identity_header.h"
#include "pki/digest.h"
#include "syntax/extension_claims.h"

namespace callvet {
namespace {

bool Contains(const DestClaim& dest, const PartyClaim& party) {
  const auto in = [](const std::vector<std::string>& list, const std::optional<std::string>& text) {
    return text && std::find(list.begin(), list.end(), *text) != list.end();
  };
  return in(dest.tn, party.tn) || in(dest.uri, party.uri);
}

Result<PartyClaim> WhoDiverts(const DestClaim& dest, const DiversionRequest& request) {
  if (request.div) {
    if (Contains(dest, *request.div) || request.rules == Rules::kIgnored) return *request.div;
    return Fail(Reason::kDivLinkMissing, "the PASSporT was not for whom div names");
  }
  if (dest.tn.size() + dest.uri.size() != 1) {
    return Fail(Reason::kParameterMissing, "dest names several: div must say who redirects");
  }
  PartyClaim party;
  if (dest.tn.empty()) {
    party.uri = dest.uri[0];
  } else {
    party.tn = dest.tn[0];
  }
  return party;
}

// True if what stands at `pointer` is a URI whose content a digest must be of (F-22, F-23).
bool IsReference(const JsonValue& rcd, const std::string& pointer) {
  const auto claims = RcdClaims::Read(JsonMembers{{"rcd", rcd}});
  if (!claims) return false;
  const auto references = RcdReferences(*claims);
  return std::any_of(references.begin(), references.end(),
                     [&](const RcdReference& r) { return r.pointer == pointer; });
}

JsonValue PartyJson(const PartyClaim& party) {
  JsonValue json;
  if (party.tn) json.Add("tn", *party.tn);
  if (party.uri) json.Add("uri", *party.uri);
  return json;
}

Result<IdentityHeader> ReadDiverted(std::string_view identity) {
  const bool bare = identity.find(';') == std::string_view::npos;
  auto header =
      bare ? IdentityHeader::ParseBareToken(identity) : IdentityHeader::Parse(TrimLines(identity));
  if (header && header->form() == IdentityHeader::Form::kCompact) {
    return Fail(Reason::kCompactFormNotAllowed, "a compact form cannot be diverted");
  }
  return header;
}

}  // namespace

Result<PassportRequest> DivertPassport(std::string_view identity, const DiversionRequest& request) {
  const auto header = ReadDiverted(identity);
  if (!header) return header.error();
  const auto jose = JoseHeader::Parse(header->header_part());
  if (!jose) return jose.error();
  const auto claims = Claims::Parse(header->payload_part(), jose->ppt.value_or(""));
  if (!claims) return claims.error();
  const auto div = WhoDiverts(claims->dest, request);
  if (!div) return div.error();
  if (Contains(request.dest, *div) && request.rules == Rules::kEnforced) {
    return Fail(Reason::kDivLoop, "dest is who redirects: nothing changes");
  }
  PassportRequest diverted;
  const bool encloses = request.kind == DiversionRequest::Kind::kDivO;
  diverted.ppt = encloses ? "div-o" : "div";
  diverted.x5u = request.x5u;
  diverted.orig = claims->orig;
  diverted.dest = request.dest;
  diverted.iat = request.iat;
  diverted.rules = request.rules;
  diverted.extra_claims.emplace_back("div", PartyJson(*div));
  if (encloses) diverted.extra_claims.emplace_back("opt", header->token());
  return diverted;
}

JsonMembers RphMembers(const std::vector<std::string>& auth, const std::string& sph) {
  JsonArray values;
  for (const std::string& value : auth) values.emplace_back(value);
  JsonMembers members = {{"rph", JsonMembers{{"auth", std::move(values)}}}};
  if (!sph.empty()) members.emplace_back("sph", sph);
  return members;
}

Result<JsonMembers> RcdMembers(const JsonValue& rcd, const std::string& crn,
                               const std::vector<RcdDigestRequest>& digests) {
  JsonMembers members;
  JsonMembers rcdi;
  for (const RcdDigestRequest& request : digests) {
    const JsonValue* value = FindPointer(rcd, request.pointer);
    if (value == nullptr && !request.content) {
      return Fail(Reason::kRcdInvalid, "rcd has nothing at " + Quote(request.pointer));
    }
    if (!request.content && IsReference(rcd, request.pointer)) {
      return Fail(Reason::kRcdDigestMissing,
                  "rcd has a URI at " + Quote(request.pointer) +
                      ": the digest must be of what it leads to, which is not given");
    }
    const auto digest = ComputeDigest(DigestAlgorithm::kSha256,
                                      request.content ? *request.content : CanonicalJson(*value));
    if (!digest) return digest.error();
    rcdi.emplace_back(request.pointer, digest->ToText());
  }
  if (!crn.empty()) members.emplace_back("crn", crn);
  if (!rcd.IsNull()) members.emplace_back("rcd", rcd);
  if (!rcdi.empty()) members.emplace_back("rcdi", std::move(rcdi));
  return members;
}

Result<JsonMembers> MsgMembers(std::string_view body) {
  const auto digest = ComputeDigest(DigestAlgorithm::kSha256, body);
  if (!digest) return digest.error();
  return JsonMembers{{"msgi", digest->ToText()}};
}

}  // namespace callvet
