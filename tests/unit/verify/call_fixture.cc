// SPDX-License-Identifier: MIT
#include "call_fixture.h"

#include "base/base64url.h"

namespace callvet::test {

Result<std::shared_ptr<const CertificateBundle>> CountingSource::Get(
    std::string_view /*x5u*/, const Deadline& /*deadline*/) const {
  ++gets;
  return bundle;
}

Result<TnAuthList> CountingSource::GetTnAuthList(std::string_view /*url*/,
                                                 const Deadline& /*deadline*/) const {
  return tn_auth_list;
}

TestCall::TestCall()
    : root(IssueRoot()),
      ca(Issue(CaSpec("/C=US/O=Test CA/CN=SHAKEN CA"), root)),
      leaf(Issue(LeafSpec(), ca)),
      payload(Payload()),
      bundle{leaf.certificate, ca.certificate},
      store(StoreOf({.anchors = {root}})) {
  request.orig = {"+" + std::string(kOrig)};
  request.dest = {"+" + std::string(kDest)};
}

void TestCall::UseLeaf(const CertSpec& spec) {
  leaf = Issue(spec, ca);
  bundle = {leaf.certificate, ca.certificate};
}

std::string TestCall::Token() const {
  const std::string input = EncodeBase64Url(header) + "." + EncodeBase64Url(payload);
  return input + "." + EncodeBase64Url(leaf.key.SignEs256(input));
}

std::string TestCall::Identity() const {
  return Token() + parameters;
}

Verdict TestCall::Judge() {
  if (!bundle.empty()) source->bundle = std::make_shared<const CertificateBundle>(bundle);
  CallRequest call = request;
  call.identities = identities.empty() ? std::vector<std::string>{Identity()} : identities;
  const Verifier verifier(options, store, source, std::make_shared<FixedClock>(now), engine);
  return verifier.Verify(call, deadline);
}

std::string Payload(const std::vector<std::pair<std::string, std::string>>& changes,
                    sys_seconds iat) {
  std::vector<std::pair<std::string, std::string>> members = {
      {"attest", "\"A\""},
      {"dest", R"({"tn":["12155550101"]})"},
      {"iat", std::to_string(iat.time_since_epoch().count())},
      {"orig", R"({"tn":"12155550100"})"},
      {"origid", "\"123e4567-e89b-12d3-a456-426655440000\""}};
  for (const auto& [name, value] : changes) {
    const auto member =
        std::find_if(members.begin(), members.end(),
                     [&name = name](const auto& entry) { return entry.first == name; });
    if (member != members.end()) members.erase(member);
    if (value != "-") members.emplace_back(name, value);
  }
  std::string json = "{";
  for (const auto& [name, value] : members) {
    json += (json.size() > 1 ? ",\"" : "\"") + name + "\":" + value;
  }
  return json + "}";
}

CheckOutcome OutcomeOf(const Verdict& verdict, std::string_view id) {
  for (const Check& check : verdict.passports.at(0).checks) {
    if (check.id == id) return check.outcome;
  }
  ADD_FAILURE() << "no check " << id;
  return CheckOutcome::kNotRun;
}

}  // namespace callvet::test
