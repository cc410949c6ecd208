// SPDX-License-Identifier: MIT
#include "callvet/passport.h"

#include <algorithm>
#include <array>

#include "base/base64url.h"
#include "base/json.h"
#include "base/text.h"
#include "syntax/canonical_claims.h"
#include "syntax/party_claim.h"

namespace callvet {
namespace {

constexpr size_t kMaxMky = 32;
constexpr size_t kUsualPayload = 512;  // bytes; longer ones are left to the strict reader

// Decodes one part of a token to its JSON object.
Result<JsonValue> DecodeObject(std::string_view base64url, std::string_view part) {
  auto bytes = DecodeBase64Url(base64url);
  auto json = bytes ? ReadJson(*bytes) : Result<JsonValue>(bytes.error());
  if (json && !json->IsObject()) {
    json = Fail(Reason::kJsonInvalid,
                "a JSON object is needed, this is " + std::string(json->KindName()));
  }
  if (!json) json.error().detail = std::string(part) + ": " + json.error().detail;
  return json;
}

Result<std::string> RequireString(const JsonValue& object, std::string_view name, Reason missing) {
  const JsonValue* value = object.Find(name);
  if (value == nullptr) return Fail(missing, std::string(name) + " is missing");
  const std::string* text = value->AsString();
  if (text == nullptr) {
    return Fail(Reason::kJsonInvalid,
                std::string(name) + " must be a string, it is " + std::string(value->KindName()));
  }
  return *text;
}

template <class CheckItem>
Result<std::vector<std::string>> ReadStrings(const JsonValue& value, std::string_view name,
                                             CheckItem check) {
  const JsonArray* array = value.AsArray();
  if (array == nullptr || array->empty() || array->size() > kMaxDest) {
    return Fail(Reason::kDestInvalid, std::string(name) + " must be an array of 1 to " +
                                          std::to_string(kMaxDest) + " strings");
  }
  std::vector<std::string> strings;
  strings.reserve(array->size());
  for (const JsonValue& item : *array) {
    const std::string* text = item.AsString();
    if (text == nullptr) return Fail(Reason::kDestInvalid, std::string(name) + " holds no string");
    if (auto ok = check(*text, Reason::kDestInvalid); !ok) return ok.error();
    strings.push_back(*text);
  }
  return strings;
}

// Other members are permitted by no text; they are ignored like unknown claims.
Result<DestClaim> ReadDest(const JsonValue& value) {
  if (!value.IsObject()) return Fail(Reason::kDestInvalid, "must be an object");
  DestClaim dest;
  if (const JsonValue* tn = value.Find("tn")) {
    auto numbers = ReadStrings(*tn, "tn", CheckTnClaim);
    if (!numbers) return numbers.error();
    dest.tn = std::move(*numbers);
  }
  if (const JsonValue* uri = value.Find("uri")) {
    auto uris = ReadStrings(*uri, "uri", CheckUriClaim);
    if (!uris) return uris.error();
    dest.uri = std::move(*uris);
  }
  if (dest.tn.empty() && dest.uri.empty()) {
    return Fail(Reason::kDestInvalid, "has neither tn nor uri");
  }
  return dest;
}

// The examples of the RFCs print a string; the text says NumericDate.
Result<int64_t> ReadIat(const JsonValue& value) {
  int64_t iat = 0;
  if (!value.GetInt(iat)) {
    return Fail(Reason::kIatInvalid, "must be a number without fraction or exponent, it is " +
                                         std::string(value.KindName()) + " " +
                                         Quote(CanonicalJson(value), 40));
  }
  if (iat <= 0 || iat > kLastSecond) {
    return Fail(Reason::kIatInvalid, std::to_string(iat) + " is no time of a call");
  }
  return iat;
}

bool IsFingerprint(std::string_view dig) {
  return !dig.empty() && dig.size() % 2 == 0 && std::all_of(dig.begin(), dig.end(), IsHexDigit);
}

//
Result<std::vector<MediaKey>> ReadMky(const JsonValue& value) {
  const JsonArray* array = value.AsArray();
  if (array == nullptr || array->empty() || array->size() > kMaxMky) {
    return Fail(Reason::kMkyInvalid,
                "must be an array of 1 to " + std::to_string(kMaxMky) + " objects");
  }
  std::vector<MediaKey> keys;
  for (const JsonValue& item : *array) {
    const JsonValue* alg = item.Find("alg");
    const JsonValue* dig = item.Find("dig");
    if (alg == nullptr || dig == nullptr || alg->AsString() == nullptr ||
        dig->AsString() == nullptr || alg->AsString()->empty() ||
        !IsFingerprint(*dig->AsString())) {
      return Fail(Reason::kMkyInvalid, "each entry needs alg and dig, dig in hex without colons");
    }
    keys.push_back({*alg->AsString(), *dig->AsString()});
  }
  return keys;
}

Failure InClaim(std::string_view name, Failure failure) {
  failure.detail = std::string(name) + ": " + failure.detail;
  return failure;
}

struct RequiredClaim {
  std::string_view name;
  Reason missing;
  const JsonValue* value;
};

Result<void> CheckPresent(std::initializer_list<RequiredClaim> claims) {
  for (const RequiredClaim& claim : claims) {
    if (claim.value == nullptr) return Fail(claim.missing, std::string(claim.name) + " is missing");
  }
  return {};
}

Result<void> ReadString(const JsonValue& value, std::string_view name, Reason invalid,
                        std::optional<std::string>& claim) {
  const std::string* text = value.AsString();
  if (text == nullptr) return Fail(invalid, std::string(name) + " must be a string");
  claim = *text;
  return {};
}

}  // namespace

Result<JoseHeader> JoseHeader::Parse(std::string_view base64url) {
  auto json = DecodeObject(base64url, "JOSE header");
  if (!json) return json.error();
  for (const std::string_view forbidden : {"crit", "jwk", "jku"}) {
    if (json->Find(forbidden) != nullptr) {
      return Fail(Reason::kJoseHeaderForbidden, "has the member " + std::string(forbidden));
    }
  }
  JoseHeader header;
  auto typ = RequireString(*json, "typ", Reason::kTypMissing);
  if (!typ) return typ.error();
  auto alg = RequireString(*json, "alg", Reason::kAlgMissing);
  if (!alg) return alg.error();
  auto x5u = RequireString(*json, "x5u", Reason::kX5uMissing);
  if (!x5u) return x5u.error();
  if (json->Find("ppt") != nullptr) {
    auto ppt = RequireString(*json, "ppt", Reason::kPptMissing);
    if (!ppt) return ppt.error();
    header.ppt = std::move(*ppt);
  }
  header.typ = std::move(*typ);
  header.alg = std::move(*alg);
  header.x5u = std::move(*x5u);
  return header;
}

std::optional<std::string> JoseHeader::PptOf(std::string_view base64url) {
  const auto json = DecodeObject(base64url, "JOSE header");
  const JsonValue* ppt = json ? json->Find("ppt") : nullptr;
  const std::string* text = ppt != nullptr ? ppt->AsString() : nullptr;
  return text != nullptr ? std::optional(*text) : std::nullopt;
}

Result<Claims> Claims::Parse(std::string_view base64url, std::string_view ppt) {
  Result<Claims> claims(tl::in_place);
  if (auto ok = claims->Read(base64url, ppt); !ok) claims = ok.error();
  return claims;
}

Result<void> Claims::Read(std::string_view base64url, std::string_view ppt) {
  const bool shaken = ppt == "shaken";
  if (shaken && ReadCanonical(base64url)) return {};
  auto json = DecodeObject(base64url, "payload");
  if (!json) return json.error();
  const RequiredClaim dest_claim{"dest", Reason::kDestMissing, json->Find("dest")};
  const RequiredClaim orig_claim{"orig", Reason::kOrigMissing, json->Find("orig")};
  const RequiredClaim iat_claim{"iat", Reason::kIatMissing, json->Find("iat")};
  const RequiredClaim attest_claim{"attest", Reason::kAttestMissing, json->Find("attest")};
  const RequiredClaim origid_claim{"origid", Reason::kOrigidMissing, json->Find("origid")};
  auto present = shaken
                     ? CheckPresent({dest_claim, orig_claim, attest_claim, origid_claim, iat_claim})
                     : CheckPresent({dest_claim, orig_claim, iat_claim});
  if (!present) return present;

  auto read_dest = ReadDest(*dest_claim.value);
  if (!read_dest) return InClaim("dest", read_dest.error());
  dest = std::move(*read_dest);
  auto read_orig = ReadPartyClaim(*orig_claim.value, Reason::kOrigInvalid);
  if (!read_orig) return InClaim("orig", read_orig.error());
  orig = std::move(*read_orig);
  auto read_iat = ReadIat(*iat_claim.value);
  if (!read_iat) return InClaim("iat", read_iat.error());
  iat = *read_iat;
  if (shaken) {
    auto ok = ReadString(*attest_claim.value, "attest", Reason::kAttestInvalid, attest);
    if (ok) ok = ReadString(*origid_claim.value, "origid", Reason::kOrigidInvalid, origid);
    if (!ok) return ok;
  }
  if (const JsonValue* value = json->Find("mky")) {
    auto keys = ReadMky(*value);
    if (!keys) return InClaim("mky", keys.error());
    mky = std::move(*keys);
  }
  payload_ = std::make_shared<const JsonValue>(std::move(*json));
  return {};
}

// Nearly all; which needs no memory but for what is kept.
bool Claims::ReadCanonical(std::string_view base64url) {
  std::array<char, kUsualPayload> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  const auto json = DecodeBase64Url(base64url, buffer);
  canonical_ = json && ReadCanonicalClaims(*json, *this);
  return canonical_;
}

std::shared_ptr<const JsonValue> Claims::payload() const {
  return canonical_ ? std::make_shared<const JsonValue>(PayloadOfCanonical(*this)) : payload_;
}

std::vector<std::string> Claims::names() const {
  std::vector<std::string> names;
  const auto json = payload();
  if (json == nullptr || json->AsObject() == nullptr) return names;
  for (const auto& [name, value] : *json->AsObject()) names.push_back(name);
  return names;
}

bool IsUuid(std::string_view text) {
  constexpr CharSet kHexDigits = CharSet::Where(IsHexDigit);
  const auto dash = [&](size_t at) { return text[at] == '-'; };
  if (text.size() != 36 || !dash(8) || !dash(13) || !dash(18) || !dash(23)) return false;
  size_t digits = 0;
  for (const char c : text) digits += kHexDigits.Has(c) ? 1 : 0;
  return digits == 32;
}

}  // namespace callvet
