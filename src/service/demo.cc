// SPDX-License-Identifier: MIT
#include "service/demo.h"

#include <array>
#include <utility>

#include "base/file.h"
#include "issue/certificate_issuer.h"
#include "issue/passport_signer.h"
#include "issue/random_uuid.h"
#include "pki/sha256.h"
#include "syntax/sip_date.h"

namespace callvet::service {
namespace {

constexpr std::string_view kX5u = "https://cert.example.org/demo.pem";
constexpr std::string_view kCaller = "12155550100";
constexpr std::string_view kCalled = "12155550101";

CertificateRequest RequestFor(ProfileRole role, sys_seconds now) {
  CertificateRequest request;
  request.role = role;
  request.not_before = now - std::chrono::hours(1);
  request.not_after = now + std::chrono::hours(24 * 30);
  if (role == ProfileRole::kEndEntity) {
    request.subject.organization = "Demo Carrier";
    if (auto list = TnAuthList::Make({"4321"}, {})) request.tn_auth_list = *list;
  }
  return request;
}

// Root, intermediate and leaf into `folder`; the leaf's key.
Result<PrivateKey> MakeCarrier(const std::filesystem::path& folder, sys_seconds now) {
  auto root_key = PrivateKey::Generate(KeyKind::kEcP256);
  auto ca_key = PrivateKey::Generate(KeyKind::kEcP256);
  auto leaf_key = PrivateKey::Generate(KeyKind::kEcP256);
  if (!root_key || !ca_key || !leaf_key) return Fail(Reason::kInternalError, "no key");
  const auto root = IssueRoot(RequestFor(ProfileRole::kRoot, now), *root_key);
  if (!root) return root.error();
  const auto ca = IssueCertificate(RequestFor(ProfileRole::kIntermediate, now),
                                   ca_key->public_key(), {*root, std::move(*root_key)});
  if (!ca) return ca.error();
  const auto leaf = IssueCertificate(RequestFor(ProfileRole::kEndEntity, now),
                                     leaf_key->public_key(), {*ca, std::move(*ca_key)});
  if (!leaf) return leaf.error();
  if (auto ok = WriteFile(folder / "root.pem", ToPem(*root), FileMode::kPublic); !ok) {
    return ok.error();
  }
  if (auto ok = WriteFile(folder / "chain.pem", ToPem(*leaf) + ToPem(*ca), FileMode::kPublic);
      !ok) {
    return ok.error();
  }
  return std::move(*leaf_key);
}

}  // namespace

Result<Demo> Demo::Make(const std::filesystem::path& folder, sys_seconds now) {
  auto carrier = MakeCarrier(folder, now);
  if (!carrier) return carrier.error();
  auto stranger = PrivateKey::Generate(KeyKind::kEcP256);
  if (!stranger) return stranger.error();
  const auto first = RandomUuid();
  const auto second = RandomUuid();
  if (!first || !second) return Fail(Reason::kInternalError, "no random number");
  return Demo(folder, std::move(*carrier), std::move(*stranger), *first + *second);
}

ServiceConfig Demo::Config() const {
  ServiceConfig config;
  config.verifier.trust.anchors = {folder_ / "root.pem"};
  config.verifier.certificates = {folder_ / "chain.pem"};
  config.verify_without_token = true;
  config.log.target = "off";
  EvidenceConfig& evidence = config.evidence.emplace();
  evidence.setup.store = (folder_ / "evidence.db").string();
  evidence.setup.open = EvidenceSetup::Open::kCreate;
  evidence.writer.spill_directory = (folder_ / "spill").string();
  if (auto token = AccessToken::Make("demo", Sha256Hex(token_), {"read-evidence", "verify"})) {
    config.tokens.push_back(std::move(*token));
  }
  return config;
}

Result<std::string> Demo::Invite(const Spec& spec, sys_seconds now) {
  PassportRequest request;
  request.ppt = "shaken";
  request.x5u = kX5u;
  request.orig.tn = spec.signed_orig;
  request.dest.tn = {std::string(kCalled)};
  request.iat = spec.iat;
  request.attest = spec.attest;
  auto origid = RandomUuid();
  if (!origid) return origid.error();
  request.origid = std::move(*origid);
  const auto token = SignPassport(request, *spec.key);
  if (!token) return token.error();
  const auto identity = RenderIdentityHeader(*token, {std::string(kX5u), "shaken"});
  if (!identity) return identity.error();
  return "INVITE sip:+" + spec.called + "@example.org SIP/2.0\r\n" +
         "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKdemo\r\n" + "From: <sip:+" + spec.shown +
         "@example.org;user=phone>;tag=demo\r\n" + "To: <sip:+" + spec.called +
         "@example.org;user=phone>\r\n" + "Call-ID: demo@192.0.2.1\r\nCSeq: 1 INVITE\r\n" +
         "Date: " + FormatSipDate(now) + "\r\nIdentity: " + *identity +
         "\r\nContent-Length: 0\r\n\r\n";
}

Result<JsonArray> Demo::Samples(sys_seconds now) const {
  const std::string caller(kCaller);
  const std::string called(kCalled);
  struct Sample {
    std::string_view name;
    Spec spec;
  };
  const std::array<Sample, 5> samples = {{
      {"genuine", {&carrier_, caller, called, caller, "A", now}},
      {"spoofed-caller", {&carrier_, "12155550199", called, caller, "A", now}},
      {"replayed-to-another", {&carrier_, caller, "12155550188", caller, "A", now}},
      {"replayed-later", {&carrier_, caller, called, caller, "A", now - std::chrono::minutes(3)}},
      {"signed-by-a-stranger", {&stranger_, caller, called, caller, "A", now}},
  }};
  JsonArray list;
  for (const Sample& sample : samples) {
    auto text = Invite(sample.spec, now);
    if (!text) return text.error();
    list.push_back(JsonMembers{{"name", sample.name}, {"text", std::move(*text)}});
  }
  return list;
}

Result<std::string> Demo::Call(uint64_t n, sys_seconds now) const {
  Spec spec{&carrier_, std::string(kCaller), std::string(kCalled), std::string(kCaller), "A", now};
  if (n % 4 == 1) spec.attest = "B";
  if (n % 9 == 2) spec.attest = "C";
  if (n % 7 == 3) spec.shown = "12155550199";
  if (n % 11 == 4) spec.iat = now - std::chrono::minutes(3);
  if (n % 13 == 5) spec.key = &stranger_;
  JsonMembers call = {{"trunk", n % 3 == 0 ? "transit-west" : "transit-east"}};
  if (n % 8 == 6) {  // unsigned
    call.emplace_back("from", "+" + spec.shown);
    call.emplace_back("to", "+" + spec.called);
    return WriteJson(call);
  }
  auto text = Invite(spec, now);
  if (!text) return text.error();
  call.emplace_back("sip", std::move(*text));
  return WriteJson(call);
}

}  // namespace callvet::service
