// SPDX-License-Identifier: MIT
#include "lab.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <utility>

#include "base/base64url.h"
#include "base/json.h"
#include "callvet/certificate_source.h"
#include "issue/passport_signer.h"
#include "syntax/party.h"
#include "syntax/sip_date.h"

namespace callvet::fuzz {
namespace {

constexpr std::string_view kPrefix = "https://cert.example.org/";
constexpr std::string_view kSuffix = ".pem";
constexpr std::array<std::string_view, 3> kTrusted = {"carrier", "numbers", "bound"};

template <class T>
T Must(Result<T> value) {
  Require(value.has_value(), "the lab can be read");
  return std::move(*value);
}

// "carrier" of https://cert.example.org/carrier.pem.
std::string_view LabelOf(std::string_view url) {
  if (!url.starts_with(kPrefix) || !url.ends_with(kSuffix)) return "";
  url.remove_prefix(kPrefix.size());
  if (url.size() <= kSuffix.size()) return "";
  return url.substr(0, url.size() - kSuffix.size());
}

class Source final : public CertificateSource {
 public:
  Source() {
    for (const std::string_view label : {"carrier", "numbers", "bound", "stranger"}) {
      bundles_[std::string(kPrefix) + std::string(label) + std::string(kSuffix)] =
          std::make_shared<const CertificateBundle>(LabBundle(std::string(label) + ".pem"));
    }
  }
  [[nodiscard]] Result<std::shared_ptr<const CertificateBundle>> Get(
      std::string_view x5u, const Deadline& /*deadline*/) const override {
    const auto found = bundles_.find(x5u);
    if (found == bundles_.end()) return Fail(Reason::kCertificateNotAvailable, "not of the lab");
    return found->second;
  }

 private:
  std::map<std::string, std::shared_ptr<const CertificateBundle>, std::less<>> bundles_;
};

bool IsTokenCharacter(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
         c == '_' || c == '.';
}

// Every h.p.s or ..s in `text`.
std::vector<std::string_view> TokensIn(std::string_view text) {
  std::vector<std::string_view> tokens;
  for (size_t i = 0; i < text.size();) {
    size_t end = i;
    while (end < text.size() && IsTokenCharacter(text[end])) ++end;
    const std::string_view run = text.substr(i, end - i);
    if (std::count(run.begin(), run.end(), '.') == 2 && run.size() > 80) tokens.push_back(run);
    i = end + 1;
  }
  return tokens;
}

// The same in an input, where the letter of a line may stand right before a token.
std::vector<std::string_view> TokensInLines(std::string_view text) {
  const auto begins = [](std::string_view token) {
    return token.starts_with("eyJ") || token.starts_with("..");  // {", or the compact form
  };
  auto tokens = TokensIn(text);
  for (std::string_view& token : tokens) {
    if (!begins(token) && begins(token.substr(1))) token.remove_prefix(1);
  }
  return tokens;
}

struct Parts {
  std::string_view header, payload, signature, signing_input;
};

Parts PartsOf(std::string_view token) {
  const size_t first = token.find('.');
  const size_t second = token.find('.', first + 1);
  return {token.substr(0, first), token.substr(first + 1, second - first - 1),
          token.substr(second + 1), token.substr(0, second)};
}

// ECDSA over SHA-256 with OpenSSL alone; `raw` is r || s.
bool Verifies(std::string_view label, std::string_view input, std::string_view raw) {
  if (raw.size() != 64) return false;
  std::string der;
  for (const std::string_view number : {raw.substr(0, 32), raw.substr(32)}) {
    std::string digits(number.substr(std::min(number.find_first_not_of('\0'), size_t{31})));
    if ((static_cast<uint8_t>(digits.front()) & 0x80U) != 0) digits.insert(0, 1, '\0');
    der += std::string{'\x02', static_cast<char>(digits.size())} + digits;
  }
  der.insert(0, std::string{'\x30', static_cast<char>(der.size())});
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free);
  return EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, LabKey(label).evp()) ==
             1 &&
         EVP_DigestVerify(context.get(), reinterpret_cast<const uint8_t*>(der.data()), der.size(),
                          reinterpret_cast<const uint8_t*>(input.data()), input.size()) == 1;
}

std::string DigitsOf(std::string_view text) {
  text = text.substr(0, text.find(';'));
  text = text.substr(0, text.find('@'));
  std::string digits;
  std::copy_if(text.begin(), text.end(), std::back_inserter(digits),
               [](char c) { return (c >= '0' && c <= '9') || c == '#' || c == '*'; });
  return digits;
}

std::optional<JsonValue> DecodedJson(std::string_view part) {
  const auto bytes = DecodeBase64Url(part);
  if (!bytes) return std::nullopt;
  auto json = ReadJson(*bytes);
  if (!json) return std::nullopt;
  return std::move(*json);
}

const std::string* TextAt(const JsonValue& json, std::string_view name) {
  const JsonValue* member = json.Find(name);
  return member != nullptr ? member->AsString() : nullptr;
}

enum class Among : uint8_t { kOne, kSeveral };

bool SpeaksFor(const JsonValue& claims, const CallRequest& call, Among among) {
  int64_t iat = 0;
  if (claims.Find("iat") == nullptr || !claims.Find("iat")->GetInt(iat)) return false;
  if (among == Among::kOne && std::abs(iat - kNow.time_since_epoch().count()) > 60) return false;
  const JsonValue* orig = claims.Find("orig");
  if (orig == nullptr) return false;
  if (const std::string* uri = TextAt(*orig, "uri")) return !uri->empty() && !call.orig.empty();
  const std::string* number = TextAt(*orig, "tn");
  if (number == nullptr) return false;
  return std::any_of(call.orig.begin(), call.orig.end(), [&](const std::string& shown) {
    return !DigitsOf(*number).empty() && shown.find_first_of("0123456789*#") != std::string::npos &&
           DigitsOf(shown).ends_with(DigitsOf(*number));
  });
}

bool FullFormVouches(const Parts& parts, const CallRequest& call, Among among) {
  const auto header = DecodedJson(parts.header);
  const auto claims = DecodedJson(parts.payload);
  const auto signature = DecodeBase64Url(parts.signature);
  if (!header || !claims || !signature) return false;
  const std::string* x5u = TextAt(*header, "x5u");
  if (x5u == nullptr) return false;
  const std::string_view label = LabelOf(*x5u);
  return std::find(kTrusted.begin(), kTrusted.end(), label) != kTrusted.end() &&
         Verifies(label, parts.signing_input, *signature) && SpeaksFor(*claims, call, among);
}

// The compact form: what is signed is rebuilt from the request.
bool CompactFormVouches(const Parts& parts, const CallRequest& call) {
  const auto signature = DecodeBase64Url(parts.signature);
  const auto date = ParseSipDate(call.date.value_or(""));
  if (!signature || !date || std::chrono::abs(*date - kNow) > std::chrono::seconds(60))
    return false;
  const auto claim = [](const Party& party, JsonValue tn) {
    return JsonMembers{{party.tn() ? "tn" : "uri", std::move(tn)}};
  };
  std::vector<std::string> called = call.dest;
  if (call.target) called.push_back(*call.target);
  for (const std::string_view label : kTrusted) {
    const std::string header = CanonicalJson(
        JsonMembers{{"alg", "ES256"},
                    {"typ", "passport"},
                    {"x5u", std::string(kPrefix) + std::string(label) + std::string(kSuffix)}});
    for (const std::string& from : call.orig) {
      for (const std::string& to : called) {
        const auto orig = Party::Parse(from, nullptr);
        const auto dest = Party::Parse(to, nullptr);
        if (!orig || !dest) continue;
        const std::string payload =
            CanonicalJson(JsonMembers{{"dest", claim(*dest, JsonArray{dest->canonical()})},
                                      {"iat", int64_t{date->time_since_epoch().count()}},
                                      {"orig", claim(*orig, orig->canonical())}});
        if (Verifies(label, EncodeBase64Url(header) + "." + EncodeBase64Url(payload), *signature)) {
          return true;
        }
      }
    }
  }
  return false;
}

}  // namespace

std::string LabFile(std::string_view name) {
  std::ifstream in(std::string(CALLVET_FUZZ_FOLDER) + "/lab/" + std::string(name),
                   std::ios::binary);
  Require(in.good(), "the lab is there");
  return {std::istreambuf_iterator<char>(in), {}};
}

CertificateBundle LabBundle(std::string_view name) {
  return Must(ParseBundle(LabFile(name)));
}

const PrivateKey& LabKey(std::string_view name) {
  static std::map<std::string, PrivateKey, std::less<>> keys;
  const auto found = keys.find(name);
  if (found != keys.end()) return found->second;
  return keys
      .emplace(std::string(name), Must(PrivateKey::FromPem(LabFile(std::string(name) + ".key"))))
      .first->second;
}

std::shared_ptr<const TrustStore> LabTrust() {
  TrustStoreBuilder builder;
  Require(builder.AddAnchors(LabFile("root.pem"), "root.pem").has_value(), "the root can be read");
  return builder.Build();
}

std::shared_ptr<const CertificateSource> LabSource() {
  return std::make_shared<Source>();
}

CallRequest ReadCall(std::string_view text) {
  CallRequest call;
  EachLine(text, [&](char letter, std::string_view value) {
    const std::string line(value);
    switch (letter) {
      case 'I':
        call.identities.push_back(line);
        break;
      case 'O':
        call.orig.push_back(line);
        break;
      case 'D':
        call.dest.push_back(line);
        break;
      case 'T':
        call.target = line;
        break;
      case 't':
        call.date = line;
        break;
      case 'R':
        call.resource_priority.push_back(line);
        break;
      case 'P':
        call.priority = line;
        break;
      case 'M':
        call.message_body = line;
        break;
      default:
        break;
    }
  });
  return call;
}

bool VouchedFor(const CallRequest& call) {
  std::vector<Parts> tokens;
  for (const std::string& identity : call.identities) {
    for (const std::string_view token : TokensIn(identity)) tokens.push_back(PartsOf(token));
  }
  const Among among = tokens.size() == 1 ? Among::kOne : Among::kSeveral;
  return std::any_of(tokens.begin(), tokens.end(), [&](const Parts& parts) {
    return parts.header.empty() ? CompactFormVouches(parts, call)
                                : FullFormVouches(parts, call, among);
  });
}

bool SignedByLab(const CallRequest& call) {
  const auto is_signed = [](const Parts& parts) {
    const auto signature = DecodeBase64Url(parts.signature);
    return parts.header.empty() ||
           (signature && std::any_of(kTrusted.begin(), kTrusted.end(), [&](std::string_view label) {
              return Verifies(label, parts.signing_input, *signature);
            }));
  };
  return std::any_of(call.identities.begin(), call.identities.end(), [&](const auto& identity) {
    const auto tokens = TokensIn(identity);
    return std::any_of(tokens.begin(), tokens.end(),
                       [&](std::string_view token) { return is_signed(PartsOf(token)); });
  });
}

std::string SignedAt(std::string_view text, sys_seconds now) {
  const auto iat = [](sys_seconds time) {
    return "\"iat\":" + std::to_string(time.time_since_epoch().count());
  };
  std::string result;
  size_t behind = 0;
  for (const std::string_view token : TokensInLines(text)) {
    const Parts parts = PartsOf(token);
    const auto header = DecodedJson(parts.header);
    const std::string* x5u = header ? TextAt(*header, "x5u") : nullptr;
    const auto signature = DecodeBase64Url(parts.signature);
    std::string payload = DecodeBase64Url(parts.payload).value_or("");
    const size_t at = payload.find(iat(kNow));
    if (x5u == nullptr || !signature || at == std::string::npos) continue;
    const std::string_view label = LabelOf(*x5u);
    if (std::find(kTrusted.begin(), kTrusted.end(), label) == kTrusted.end()) continue;
    if (!Verifies(label, parts.signing_input, *signature)) continue;
    payload.replace(at, iat(kNow).size(), iat(now));
    const auto renewed = SignRaw(*DecodeBase64Url(parts.header), payload, LabKey(label));
    if (!renewed) continue;
    const size_t begin = static_cast<size_t>(token.data() - text.data());
    result.append(text.substr(behind, begin - behind)).append(*renewed);
    behind = begin + token.size();
  }
  return result.append(text.substr(behind));
}

std::filesystem::path ScratchFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "callvet-fuzz-XXXXXX").string();
  Require(mkdtemp(pattern.data()) != nullptr, "a folder can be made");
  return pattern;
}

size_t MutateSigned(uint8_t* data, size_t size, size_t max_size, unsigned seed) {
  const std::string text(Text(data, size));
  const auto tokens = TokensInLines(text);
  if (tokens.empty() || seed % 4 == 0) return LLVMFuzzerMutate(data, size, max_size);
  const std::string_view token = tokens[(seed / 4) % tokens.size()];
  const Parts parts = PartsOf(token);
  std::string header = DecodeBase64Url(parts.header).value_or("{}");
  std::string payload = DecodeBase64Url(parts.payload).value_or("{}");
  const auto json = ReadJson(header);
  const std::string* x5u = json ? TextAt(*json, "x5u") : nullptr;
  std::string_view label = x5u != nullptr ? LabelOf(*x5u) : "";
  if ((seed / 16) % 8 == 0 ||
      std::find(kTrusted.begin(), kTrusted.end(), label) == kTrusted.end()) {
    label = std::array<std::string_view, 4>{"carrier", "numbers", "bound",
                                            "stranger"}[(seed / 128) % 4];
  }
  std::string& changed = (seed / 512) % 4 == 0 ? header : payload;
  const size_t before = changed.size();
  changed.resize(before + 64);
  changed.resize(
      LLVMFuzzerMutate(reinterpret_cast<uint8_t*>(changed.data()), before, changed.size()));
  const auto signed_token = SignRaw(header, payload, LabKey(label));
  if (!signed_token) return size;
  const size_t at = static_cast<size_t>(token.data() - text.data());
  const std::string result = text.substr(0, at) + *signed_token + text.substr(at + token.size());
  if (result.size() > max_size) return size;
  std::copy(result.begin(), result.end(), data);
  return result.size();
}

}  // namespace callvet::fuzz
