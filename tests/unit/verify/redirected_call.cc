// SPDX-License-Identifier: MIT
#include "redirected_call.h"

#include "base/base64url.h"

namespace callvet::test {

Result<std::shared_ptr<const CertificateBundle>> UrlSource::Get(
    std::string_view x5u, const Deadline& /*deadline*/) const {
  asked.emplace_back(x5u);
  const auto found = bundles.find(x5u);
  if (found == bundles.end()) return Fail(Reason::kCertificateNotAvailable, "unknown");
  return std::make_shared<const CertificateBundle>(found->second);
}

RedirectedCall::RedirectedCall()
    : root_a(IssueRoot()),
      root_b(IssueRoot("/C=CA/O=Other CA/CN=SHAKEN Other Root")),
      ca_a(Issue(CaSpec("/C=US/O=Test CA/CN=SHAKEN CA"), root_a)),
      ca_b(Issue(CaSpec("/C=CA/O=Other CA/CN=SHAKEN Other CA"), root_b)),
      store(StoreOf({.anchors = {root_a, root_b}})) {
  request.orig = {"+" + Number(0)};
}

Carrier RedirectedCall::MakeCarrier(const CertSpec& spec) {
  const TestCert& ca = carriers_ % 2 == 0 ? ca_a : ca_b;
  return Publish(Issue(spec, ca), &ca);
}

Carrier RedirectedCall::MakeStranger() {
  const TestCert root = IssueRoot("/C=US/O=Stranger/CN=SHAKEN Root");
  return Publish(Issue(LeafSpec(), root), nullptr);
}

Carrier RedirectedCall::Publish(TestCert leaf, const TestCert* issuer) {
  const std::string x5u = "https://cert.example.org/" + std::to_string(++carriers_) + ".pem";
  CertificateBundle bundle = {leaf.certificate};
  if (issuer != nullptr) bundle.push_back(issuer->certificate);
  source->bundles[x5u] = std::move(bundle);
  return {std::move(leaf), x5u};
}

std::string RedirectedCall::Token(const Carrier& carrier, const TokenSpec& spec) const {
  const std::string ppt = spec.ppt.empty() ? "" : R"("ppt":")" + spec.ppt + R"(",)";
  const std::string header =
      R"({"alg":"ES256",)" + ppt + R"("typ":"passport","x5u":")" + carrier.x5u + "\"}";
  std::string payload = "{";
  for (const auto& [name, value] : spec.claims) {
    payload += (payload.size() > 1 ? ",\"" : "\"") + name + "\":" + value;
  }
  const std::string input = EncodeBase64Url(header) + "." + EncodeBase64Url(payload + "}");
  return input + "." + EncodeBase64Url(carrier.leaf.key.SignEs256(input));
}

std::string RedirectedCall::Header(const Carrier& carrier, const TokenSpec& spec) const {
  const std::string ppt = spec.ppt.empty() ? "" : ";ppt=" + spec.ppt;
  return Token(carrier, spec) + ";info=<" + carrier.x5u + ">;alg=ES256" + ppt;
}

std::string RedirectedCall::Shaken(const Carrier& carrier, int to, sys_seconds iat) const {
  return Header(
      carrier,
      {"shaken",
       ClaimsTo(to, {{"attest", R"("A")"}, {"origid", R"("123e4567-e89b-12d3-a456-426655440000")"}},
                iat)});
}

std::string RedirectedCall::Div(const Carrier& carrier, int from, int to, sys_seconds iat) const {
  return Header(carrier,
                {"div", ClaimsTo(to, {{"div", R"({"tn":")" + Number(from) + "\"}"}}, iat)});
}

std::string RedirectedCall::DivO(const Carrier& carrier, int from, int to, const std::string& token,
                                 sys_seconds iat) const {
  return Header(
      carrier,
      {"div-o",
       ClaimsTo(to, {{"div", R"({"tn":")" + Number(from) + "\"}"}, {"opt", "\"" + token + "\""}},
                iat)});
}

Verdict RedirectedCall::Judge(const std::vector<std::string>& identities, int to) {
  CallRequest call = request;
  call.identities = identities;
  if (call.dest.empty()) call.dest = {"+" + Number(to)};
  source->asked.clear();
  const Verifier verifier(options, store, source, std::make_shared<FixedClock>(now), engine,
                          content);
  return verifier.Verify(call, Deadline());
}

std::string Number(int n) {
  return std::to_string(12155550100 + n);
}

std::string DestOf(int n) {
  return R"({"tn":[")" + Number(n) + "\"]}";
}

std::vector<std::pair<std::string, std::string>> ClaimsTo(
    int to, const std::vector<std::pair<std::string, std::string>>& more, sys_seconds iat) {
  std::vector<std::pair<std::string, std::string>> claims = {
      {"dest", DestOf(to)},
      {"iat", std::to_string(iat.time_since_epoch().count())},
      {"orig", R"({"tn":")" + Number(0) + "\"}"}};
  for (const auto& [name, value] : more) {
    std::erase_if(claims, [&name = name](const auto& claim) { return claim.first == name; });
    if (value != "-") claims.emplace_back(name, value);
  }
  return claims;
}

Reason ReasonAt(const Verdict& verdict, size_t index) {
  return verdict.passports.at(index).reason;
}

CheckOutcome OutcomeAt(const Verdict& verdict, size_t index, std::string_view id) {
  for (const Check& check : verdict.passports.at(index).checks) {
    if (check.id == id) return check.outcome;
  }
  ADD_FAILURE() << "no check " << id;
  return CheckOutcome::kNotRun;
}

}  // namespace callvet::test
