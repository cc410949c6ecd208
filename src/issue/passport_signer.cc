// SPDX-License-Identifier: MIT
#include "issue/passport_signer.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "base/base64url.h"
#include "base/text.h"
#include "callvet/identity_header.h"
#include "callvet/telephone_number.h"
#include "pki/openssl_ptr.h"
#include "syntax/extension_claims.h"
#include "syntax/uri.h"

namespace callvet {
namespace {

constexpr std::array<std::string_view, 3> kAttestations = {"A", "B", "C"};  // RFC 8588 4
constexpr std::array<std::string_view, 4> kCompactClaims = {"dest", "iat", "mky", "orig"};

template <size_t N>
bool Contains(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

JsonValue ToJson(std::vector<std::string> strings) {
  std::sort(strings.begin(), strings.end());
  JsonArray array;
  for (std::string& text : strings) array.emplace_back(std::move(text));
  return array;
}

JsonValue ToJson(std::vector<MediaKey> keys) {
  std::sort(keys.begin(), keys.end(), [](const MediaKey& a, const MediaKey& b) {
    return std::tie(a.alg, a.dig) < std::tie(b.alg, b.dig);
  });
  JsonArray array;
  for (MediaKey& key : keys) {
    array.emplace_back(JsonMembers{{"alg", JsonValue(std::move(key.alg))},
                                   {"dig", JsonValue(std::move(key.dig))}});
  }
  return array;
}

JsonValue ToJson(const PartyClaim& party) {
  JsonValue claim;
  if (party.tn) claim.Add("tn", *party.tn);
  if (party.uri) claim.Add("uri", *party.uri);
  return claim;
}

JsonValue ToJson(const DestClaim& dest) {
  JsonValue claim;
  if (!dest.tn.empty()) claim.Add("tn", ToJson(dest.tn));
  if (!dest.uri.empty()) claim.Add("uri", ToJson(dest.uri));
  return claim;
}

JsonValue BuildHeader(const PassportRequest& request) {
  JsonValue header;
  header.Add("alg", "ES256");
  if (request.ppt) header.Add("ppt", *request.ppt);
  header.Add("typ", "passport");
  if (!request.x5u.empty()) header.Add("x5u", request.x5u);
  return header;
}

Result<JsonValue> BuildPayload(const PassportRequest& request) {
  JsonValue payload{JsonMembers{}};
  if (request.attest) payload.Add("attest", *request.attest);
  if (const JsonValue dest = ToJson(request.dest); !dest.IsNull()) payload.Add("dest", dest);
  payload.Add("iat", static_cast<int64_t>(request.iat.time_since_epoch().count()));
  if (!request.mky.empty()) payload.Add("mky", ToJson(request.mky));
  if (const JsonValue orig = ToJson(request.orig); !orig.IsNull()) payload.Add("orig", orig);
  if (request.origid) payload.Add("origid", *request.origid);
  for (const auto& [name, value] : request.extra_claims) {
    if (payload.Find(name) != nullptr) {
      return Fail(Reason::kJsonDuplicateName,
                  "the claim " + Quote(name) + " is given twice, once as a further claim");
    }
    payload.Add(name, value);
  }
  return payload;
}

Result<void> CheckCanonicalTn(const std::string& tn, Reason reason) {
  const auto number = TelephoneNumber::Parse(tn, nullptr);
  if (!number || number->canonical() != tn) {
    return Fail(reason, "tn " + Quote(tn) + " is not in canonical digits");
  }
  return {};
}

// Rich call data under any type: well-formed, and with the digest of all that it names by URI
// (F-23).
Result<void> CheckRichCallData(const JsonValue& payload) {
  if (!RcdClaims::Occurs(payload)) return {};
  const auto claims = RcdClaims::Read(payload);
  if (!claims) return claims.error();
  return CheckDigestsAreThere(RcdReferences(*claims), *claims);
}

// A NumericDate (RFC 7519 2), which may have a fraction.
Result<double> ReadTime(std::string_view name, const JsonValue& value) {
  if (int64_t whole = 0; value.GetInt(whole)) return static_cast<double>(whole);
  if (const auto* real = std::get_if<JsonReal>(&value.storage())) return real->value;
  return Fail(Reason::kIatInvalid,
              std::string(name) + " is " + Quote(WriteJson(value)) + ", no number of seconds");
}

// RFC 7519 4.1.4, 4.1.5: what is not valid when it is signed is of no use for a call. Verifiers
// know how late it is; here iat stands for that.
Result<void> CheckValidity(const PassportRequest& request, const JsonValue& payload) {
  const auto iat = static_cast<double>(request.iat.time_since_epoch().count());
  const std::string at = "iat, " + std::to_string(request.iat.time_since_epoch().count()) + " (" +
                         FormatTime(request.iat) + ")";
  if (const JsonValue* exp = payload.Find("exp")) {
    const auto time = ReadTime("exp", *exp);
    if (!time) return time.error();
    if (*time <= iat)
      return Fail(Reason::kIatStale, "exp " + WriteJson(*exp) + " is not after " + at);
  }
  if (const JsonValue* nbf = payload.Find("nbf")) {
    const auto time = ReadTime("nbf", *nbf);
    if (!time) return time.error();
    if (*time > iat)
      return Fail(Reason::kIatInFuture, "nbf " + WriteJson(*nbf) + " is after " + at);
  }
  return {};
}

// What a verifier would refuse. The readers of the verifying side judge the finished parts, so that
// the two sides cannot disagree.
Result<void> CheckRequest(const PassportRequest& request, std::string_view header,
                          std::string_view payload) {
  const std::string ppt = request.ppt.value_or("");
  if (auto read = JoseHeader::Parse(EncodeBase64Url(header)); !read) return read.error();
  if (auto x5u = ParseX5u(request.x5u); !x5u) return x5u.error();
  if (request.ppt && ppt.empty()) return Fail(Reason::kParameterInvalid, "ppt is empty");
  const auto claims = Claims::Parse(EncodeBase64Url(payload), ppt);
  if (!claims) return claims.error();
  if (auto ok = CheckPartiesOfType(*claims, ppt); !ok) return ok.error();
  if (auto ok = CheckExtensionClaims(*claims->payload(), ppt); !ok) return ok.error();
  if (auto ok = CheckRichCallData(*claims->payload()); !ok) return ok.error();
  if (auto ok = CheckValidity(request, *claims->payload()); !ok) return ok.error();
  if (request.attest && !Contains(kAttestations, *request.attest)) {
    return Fail(Reason::kAttestInvalid, "attest is " + Quote(*request.attest));
  }
  if (request.origid && !IsUuid(*request.origid)) {
    return Fail(Reason::kOrigidInvalid, "origid " + Quote(*request.origid) + " is no UUID");
  }
  if (request.orig.tn) {
    if (auto ok = CheckCanonicalTn(*request.orig.tn, Reason::kOrigInvalid); !ok) return ok;
  }
  for (const std::string& tn : request.dest.tn) {
    if (auto ok = CheckCanonicalTn(tn, Reason::kDestInvalid); !ok) return ok;
  }
  return {};
}

// Where the two dots of h.p.s are.
struct TokenParts {
  std::string_view header, payload, signature;
};
Result<TokenParts> SplitToken(std::string_view token) {
  const size_t first = token.find('.');
  const size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) {
    return Fail(Reason::kTokenMalformed, "the token does not have three parts");
  }
  return TokenParts{token.substr(0, first), token.substr(first + 1, second - first - 1),
                    token.substr(second + 1)};
}

// whoever gets a compact form rebuilds header and payload from the call alone.
Result<void> CheckCompactForm(const TokenParts& parts, const IdentityParameters& parameters) {
  if (parameters.ppt) {
    return Fail(Reason::kCompactFormNotAllowed, "a PASSporT with a ppt needs the full form");
  }
  const auto claims = Claims::Parse(parts.payload, "");
  if (!claims) return claims.error();
  for (const std::string& name : claims->names()) {
    if (!Contains(kCompactClaims, name)) {
      return Fail(Reason::kCompactFormNotAllowed, "the claim " + Quote(name) + " would be lost");
    }
  }
  return {};
}

Result<void> CheckIdentity(const TokenParts& parts, const IdentityParameters& parameters,
                           std::string_view value) {
  const auto header = JoseHeader::Parse(parts.header);
  if (!header) return header.error();
  if (header->x5u != parameters.info) {
    return Fail(Reason::kX5uDiffersFromInfo, "x5u is " + Quote(header->x5u));
  }
  if (header->ppt != parameters.ppt) {
    return Fail(Reason::kPptMismatch, "ppt is " + Quote(header->ppt.value_or("")));
  }
  if (parameters.form == IdentityForm::kCompact) {
    if (auto ok = CheckCompactForm(parts, parameters); !ok) return ok;
  }
  const auto read = IdentityHeader::Parse(value);
  if (!read) return read.error();
  if (!read->info() || read->info()->uri != parameters.info || read->ppt() != parameters.ppt) {
    return Fail(Reason::kIdentityMalformed, "info or ppt cannot be written as a parameter");
  }
  return {};
}

}  // namespace

Result<Es256Signature::Bytes> SignEs256(std::string_view signing_input, const PrivateKey& key) {
  const ErrorQueueDrain drain;
  if (key.kind() != KeyKind::kEcP256) {
    return Fail(Reason::kKeyInvalid, "ES256 signs with a key on P-256 only");
  }
  const EvpMdCtxPtr context(EVP_MD_CTX_new());
  const auto* input = reinterpret_cast<const unsigned char*>(signing_input.data());
  std::array<unsigned char, 80> der{};  // 72 bytes at most: two 33-byte INTEGERs in a SEQUENCE
  size_t size = der.size();
  if (context == nullptr ||
      EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.evp()) != 1 ||
      EVP_DigestSign(context.get(), der.data(), &size, input, signing_input.size()) != 1) {
    return Fail(Reason::kInternalError, ErrorQueueDrain::LastError());
  }
  const unsigned char* cursor = der.data();
  const EcdsaSigPtr pair(d2i_ECDSA_SIG(nullptr, &cursor, static_cast<long>(size)));
  Es256Signature::Bytes raw{};
  constexpr int kHalf = 32;
  if (pair == nullptr || BN_bn2binpad(ECDSA_SIG_get0_r(pair.get()), raw.data(), kHalf) != kHalf ||
      BN_bn2binpad(ECDSA_SIG_get0_s(pair.get()), raw.data() + kHalf, kHalf) != kHalf) {
    return Fail(Reason::kInternalError, ErrorQueueDrain::LastError());
  }
  return raw;
}

Result<std::string> SignRaw(std::string_view header, std::string_view payload,
                            const PrivateKey& key) {
  std::string token = EncodeBase64Url(header) + "." + EncodeBase64Url(payload);
  const auto signature = SignEs256(token, key);
  if (!signature) return signature.error();
  const std::string_view bytes(reinterpret_cast<const char*>(signature->data()), signature->size());
  return token.append(".").append(EncodeBase64Url(bytes));
}

Result<std::string> SignPassport(const PassportRequest& request, const PrivateKey& key) {
  const std::string header = CanonicalJson(BuildHeader(request));
  const auto claims = BuildPayload(request);
  if (!claims) return claims.error();
  const std::string payload = CanonicalJson(*claims);
  if (request.rules == Rules::kEnforced) {
    if (auto ok = CheckRequest(request, header, payload); !ok) return ok.error();
  }
  return SignRaw(header, payload, key);
}

Result<std::string> RenderIdentityHeader(std::string_view token,
                                         const IdentityParameters& parameters) {
  const auto parts = SplitToken(token);
  if (!parts) return parts.error();
  std::string value = parameters.form == IdentityForm::kFull ? std::string(token)
                                                             : ".." + std::string(parts->signature);
  value += ";info=<" + parameters.info + ">;alg=ES256";
  if (parameters.ppt) value += ";ppt=" + *parameters.ppt;
  if (parameters.rules == Rules::kEnforced) {
    if (auto ok = CheckIdentity(*parts, parameters, value); !ok) return ok.error();
  }
  return value;
}

}  // namespace callvet
