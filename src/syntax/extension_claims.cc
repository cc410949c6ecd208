// SPDX-License-Identifier: MIT
#include "syntax/extension_claims.h"

#include <algorithm>

#include "base/text.h"
#include "callvet/identity_header.h"
#include "syntax/party_claim.h"
#include "syntax/uri.h"

namespace callvet {
namespace {

constexpr size_t kMaxAuth = 32;  // budgets (A-8, VS choice)
constexpr size_t kMaxRcdi = 32;

// RFC 4412 3.1: token without ".".
bool IsTokenNodotChar(char c) {
  return IsAlpha(c) || IsDigit(c) ||
         std::string_view("-!%*_+`'~").find(c) != std::string_view::npos;
}

bool IsTokenNodot(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), IsTokenNodotChar);
}

Result<std::vector<std::string>> ReadAuth(const JsonValue& rph) {
  const JsonValue* auth = rph.Find("auth");
  const JsonArray* array = auth == nullptr ? nullptr : auth->AsArray();
  if (array == nullptr || array->empty() || array->size() > kMaxAuth) {
    return Fail(Reason::kRphInvalid, "rph must be an object with an array auth of 1 to " +
                                         std::to_string(kMaxAuth) + " strings");
  }
  std::vector<std::string> values;
  for (const JsonValue& item : *array) {
    if (item.AsString() == nullptr) return Fail(Reason::kRphInvalid, "auth holds no string");
    auto value = ReadResourceValue(*item.AsString());
    if (!value) return value.error();
    values.push_back(std::move(*value));
  }
  return values;
}

Failure BadRcd(std::string detail) {
  return Fail(Reason::kRcdInvalid, std::move(detail));
}

Result<std::optional<std::string>> OptionalString(const JsonValue& object, std::string_view name) {
  const JsonValue* value = object.Find(name);
  if (value == nullptr) return std::optional<std::string>();
  if (value->AsString() == nullptr) return BadRcd(std::string(name) + " must be a string");
  return std::optional<std::string>(*value->AsString());
}

Result<void> ReadMembers(const JsonValue& rcd, RcdClaims& claims) {
  const JsonValue* nam = rcd.Find("nam");
  if (!rcd.IsObject() || nam == nullptr || nam->AsString() == nullptr) {
    return BadRcd("rcd must be an object with a string nam");
  }
  claims.nam = *nam->AsString();
  for (const auto& [name, member] : {std::pair{"apn", &claims.apn}, std::pair{"icn", &claims.icn},
                                     std::pair{"jcl", &claims.jcl}}) {
    auto text = OptionalString(rcd, name);
    if (!text) return text.error();
    *member = std::move(*text);
  }
  if (claims.icn &&
      (!IsAbsoluteUri(*claims.icn) || !EqualsIgnoreCase(claims.icn->substr(0, 6), "https:"))) {
    return BadRcd("icn is not an https URI: " + Quote(*claims.icn));
  }
  if (claims.jcl && !IsAbsoluteUri(*claims.jcl)) {
    return BadRcd("jcl is not a URI: " + Quote(*claims.jcl));
  }
  const JsonValue* jcd = rcd.Find("jcd");
  if (jcd != nullptr && claims.jcl) return BadRcd("both jcd and jcl");
  if (jcd != nullptr && jcd->AsArray() == nullptr) return BadRcd("jcd must be a jCard array");
  return {};
}

// What a pointer into the jCard behind jcl means is known once that was fetched.
bool PointsIntoJcl(std::string_view pointer, const RcdClaims& claims) {
  return claims.jcl && pointer.starts_with("/jcl/");
}

Result<void> ReadRcdi(const JsonValue& rcdi, RcdClaims& claims) {
  const JsonMembers* members = rcdi.AsObject();
  if (members == nullptr || members->empty() || members->size() > kMaxRcdi) {
    return BadRcd("rcdi must be an object of 1 to " + std::to_string(kMaxRcdi) + " digests");
  }
  for (const auto& [pointer, value] : *members) {
    if (value.AsString() == nullptr) return BadRcd("rcdi holds no string");
    auto digest = ContentDigest::Parse(*value.AsString(), Reason::kRcdInvalid);
    if (!digest) return digest.error();
    if (!pointer.starts_with('/') ||
        (FindPointer(claims.rcd, pointer) == nullptr && !PointsIntoJcl(pointer, claims))) {
      return BadRcd("rcdi points to nothing: " + Quote(pointer));
    }
    claims.rcdi.push_back({pointer, std::move(*digest)});
  }
  return {};
}

// An index of RFC 6901: digits without a leading zero; array.size() if there is no such item.
size_t ArrayIndex(const JsonArray& array, std::string_view step) {
  const auto index = ParseNumber(step, array.size());
  if (!index || (step.size() > 1 && step[0] == '0')) return array.size();
  return static_cast<size_t>(*index);
}

// RFC 6901 3: '~' is only a part of "~0" and "~1".
std::optional<std::string> UnescapePointerStep(std::string_view step) {
  std::string text;
  for (size_t i = 0; i < step.size(); ++i) {
    if (step[i] != '~') {
      text += step[i];
    } else if (++i < step.size() && (step[i] == '0' || step[i] == '1')) {
      text += step[i] == '0' ? '~' : '/';
    } else {
      return std::nullopt;
    }
  }
  return text;
}

}  // namespace

Result<DivClaim> DivClaim::Read(const JsonValue& payload) {
  const JsonValue* value = payload.Find("div");
  if (value == nullptr) return Fail(Reason::kDivClaimMissing, "div is missing");
  DivClaim claim;
  if (!value->IsObject()) return Fail(Reason::kDivClaimInvalid, "div must be an object");
  JsonMembers party;
  for (const auto& [name, member] : *value->AsObject()) {
    if (name != "hi") {
      party.emplace_back(name, member);
    } else if (member.AsString() == nullptr) {
      return Fail(Reason::kDivClaimInvalid, "div: hi must be a string");
    } else {
      claim.hi = *member.AsString();
    }
  }
  auto read = ReadPartyClaim(party, Reason::kDivClaimInvalid);
  if (!read) return Fail(read.error().reason, "div: " + read.error().detail);
  claim.party = std::move(*read);
  return claim;
}

Result<std::string> ReadOpt(const JsonValue& payload) {
  const JsonValue* value = payload.Find("opt");
  if (value == nullptr || value->AsString() == nullptr) {
    return Fail(Reason::kDivOptInvalid, "a div-o PASSporT needs opt, a string");
  }
  const auto token = IdentityHeader::ParseBareToken(*value->AsString());
  if (!token || token->token() != *value->AsString()) {
    return Fail(Reason::kDivOptInvalid, "opt is not a token in full form");
  }
  return *value->AsString();
}

Result<std::string> ReadResourceValue(std::string_view text) {
  const size_t dot = text.find('.');
  if (dot == std::string_view::npos || !IsTokenNodot(text.substr(0, dot)) ||
      !IsTokenNodot(text.substr(dot + 1))) {
    return Fail(Reason::kRphInvalid, Quote(text) + " is not namespace.priority");
  }
  return ToLower(text);
}

Result<RphClaim> RphClaim::Read(const JsonValue& payload) {
  const JsonValue* rph = payload.Find("rph");
  if (rph == nullptr) return Fail(Reason::kRphMissing, "rph is missing");
  auto auth = ReadAuth(*rph);
  if (!auth) return auth.error();
  RphClaim claim{std::move(*auth), std::nullopt};
  const JsonValue* sph = payload.Find("sph");
  if (sph == nullptr) return claim;
  if (sph->AsString() == nullptr || *sph->AsString() != "psap-callback") {
    return Fail(Reason::kSphInvalid, "sph is not \"psap-callback\"");
  }
  if (std::none_of(claim.auth.begin(), claim.auth.end(),
                   [](const std::string& value) { return value.starts_with("esnet."); })) {
    return Fail(Reason::kSphInvalid, "sph stands without a value of the namespace esnet");
  }
  claim.sph = *sph->AsString();
  return claim;
}

bool RcdClaims::Occurs(const JsonValue& payload) {
  return payload.Find("rcd") != nullptr || payload.Find("rcdi") != nullptr ||
         payload.Find("crn") != nullptr;
}

Result<RcdClaims> RcdClaims::Read(const JsonValue& payload) {
  RcdClaims claims;
  const JsonValue* rcd = payload.Find("rcd");
  auto crn = OptionalString(payload, "crn");
  if (!crn) return crn.error();
  auto iss = OptionalString(payload, "iss");
  if (!iss) return iss.error();
  claims.crn = std::move(*crn);
  claims.iss = std::move(*iss);
  if (rcd == nullptr && !claims.crn) {
    return Fail(Reason::kRcdMissing, "neither rcd nor crn is there");
  }
  if (rcd != nullptr) {
    claims.rcd = *rcd;
    if (auto ok = ReadMembers(*rcd, claims); !ok) return ok.error();
  }
  if (const JsonValue* rcdi = payload.Find("rcdi")) {
    if (auto ok = ReadRcdi(*rcdi, claims); !ok) return ok.error();
  }
  return claims;
}

std::vector<RcdReference> RcdReferences(const RcdClaims& claims) {
  std::vector<RcdReference> references;
  if (claims.icn) references.push_back({"/icn", *claims.icn});
  if (claims.jcl) references.push_back({"/jcl", *claims.jcl});
  if (const JsonValue* jcd = claims.rcd.Find("jcd")) {
    for (RcdReference& reference : JcardReferences(*jcd, "/jcd")) {
      references.push_back(std::move(reference));
    }
  }
  return references;
}

// RFC 7095 3.2: ["vcard", [[name, parameters, type, value...], ...]].
std::vector<RcdReference> JcardReferences(const JsonValue& jcard, std::string_view pointer) {
  std::vector<RcdReference> references;
  const JsonValue* properties = FindPointer(jcard, "/1");
  if (properties == nullptr || properties->AsArray() == nullptr) return references;
  for (size_t i = 0; i < properties->AsArray()->size(); ++i) {
    const JsonArray* property = (*properties->AsArray())[i].AsArray();
    if (property == nullptr || property->size() < 4) continue;
    const std::string* name = (*property)[0].AsString();
    const std::string* type = (*property)[2].AsString();
    if (name == nullptr || type == nullptr || ToLower(*type) != "uri") continue;
    const std::string kind = ToLower(*name);
    if (kind != "photo" && kind != "logo" && kind != "sound") continue;
    for (size_t j = 3; j < property->size(); ++j) {
      const std::string* uri = (*property)[j].AsString();
      // A data URI brings its content with it.
      if (uri == nullptr || EqualsIgnoreCase(uri->substr(0, 5), "data:")) continue;
      references.push_back(
          {std::string(pointer) + "/1/" + std::to_string(i) + "/" + std::to_string(j), *uri});
    }
  }
  return references;
}

Result<ContentDigest> ReadMsgi(const JsonValue& payload) {
  const JsonValue* msgi = payload.Find("msgi");
  if (msgi == nullptr) return Fail(Reason::kMsgiMissing, "msgi is missing");
  if (msgi->AsString() == nullptr) return Fail(Reason::kMsgiInvalid, "msgi must be a string");
  return ContentDigest::Parse(*msgi->AsString(), Reason::kMsgiInvalid);
}

const JsonValue* FindPointer(const JsonValue& document, std::string_view pointer) {
  const JsonValue* value = &document;
  while (!pointer.empty()) {
    if (pointer[0] != '/') return nullptr;
    pointer.remove_prefix(1);
    const std::string_view step = pointer.substr(0, pointer.find('/'));
    pointer.remove_prefix(step.size());
    if (const JsonArray* array = value->AsArray()) {
      const size_t index = ArrayIndex(*array, step);
      value = index < array->size() ? &(*array)[index] : nullptr;
    } else {
      const auto name = UnescapePointerStep(step);
      value = name ? value->Find(*name) : nullptr;
    }
    if (value == nullptr) return nullptr;
  }
  return value;
}

Result<void> CheckDigestsAreThere(const std::vector<RcdReference>& references,
                                  const RcdClaims& claims) {
  for (const RcdReference& reference : references) {
    const bool there =
        std::any_of(claims.rcdi.begin(), claims.rcdi.end(),
                    [&](const RcdClaims::Digest& d) { return d.pointer == reference.pointer; });
    if (!there) {
      return Fail(Reason::kRcdDigestMissing,
                  "rcdi has no digest of " + reference.pointer + ", " + Quote(reference.uri, 200));
    }
  }
  return {};
}

Result<void> CheckPartiesOfType(const Claims& claims, std::string_view ppt) {
  if (ppt != "shaken") return {};
  if (!claims.orig.tn) return Fail(Reason::kOrigInvalid, "orig: shaken needs tn, this is uri");
  if (claims.dest.tn.empty()) return Fail(Reason::kDestInvalid, "dest: shaken needs tn");
  return {};
}

Result<void> CheckExtensionClaims(const JsonValue& payload, std::string_view ppt) {
  const auto said = [](const auto& read) {
    return read ? Result<void>() : Result<void>(read.error());
  };
  if (ppt == "div" || ppt == "div-o") {
    if (auto ok = said(DivClaim::Read(payload)); !ok || ppt == "div") return ok;
    return said(ReadOpt(payload));
  }
  if (ppt == "rph") return said(RphClaim::Read(payload));
  if (ppt == "rcd") return said(RcdClaims::Read(payload));
  if (ppt == "msg") return said(ReadMsgi(payload));
  return {};
}

}  // namespace callvet
