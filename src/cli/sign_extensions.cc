// SPDX-License-Identifier: MIT
#include "cli/sign_extensions.h"

#include <algorithm>
#include <array>
#include <utility>

#include <CLI/CLI.hpp>

#include "api/identity_input.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/options.h"
#include "issue/extension_members.h"
#include "syntax/party.h"

namespace callvet::cli {
namespace {

constexpr std::array<std::string_view, 7> kPpts = {"base", "shaken", "div", "div-o",
                                                   "rph",  "rcd",    "msg"};

Failure Needs(const std::string& ppt, std::string_view option) {
  return Fail(Reason::kParameterMissing, "--ppt " + ppt + " needs " + std::string(option));
}

Result<void> AddDiversion(const SignExtensions& options, const std::string& ppt,
                          const DialPlan* plan, PassportRequest& request) {
  if (options.div_from.empty()) return Needs(ppt, "--div-from");
  const auto text = ReadFile(options.div_from);
  if (!text) return InOption("--div-from", text.error());
  const auto values = IdentityValuesFromText(*text);
  if (values.empty()) return Fail(Reason::kParameterInvalid, "--div-from: the file is empty");
  DiversionRequest diversion;
  if (ppt == "div-o") diversion.kind = DiversionRequest::Kind::kDivO;
  diversion.x5u = request.x5u;
  diversion.dest = request.dest;
  diversion.iat = request.iat;
  diversion.rules = request.rules;
  if (!options.div.empty()) {
    const auto party = Party::Parse(options.div, plan);
    if (!party) return InOption("--div", party.error());
    diversion.div =
        party->tn() ? PartyClaim{party->tn()->canonical(), {}} : PartyClaim{{}, party->uri()};
  }
  // The last header of a call is the last diversion.
  auto diverted = DivertPassport(values.back(), diversion);
  if (!diverted) return InOption("--div-from", diverted.error());
  for (auto& member : request.extra_claims) diverted->extra_claims.push_back(std::move(member));
  request = std::move(*diverted);
  return {};
}

Result<JsonMembers> RcdClaims(const SignExtensions& options) {
  JsonValue rcd;
  if (!options.rcd.empty()) {
    auto json = ReadJson(options.rcd);
    if (!json) return InOption("--rcd (JSON)", json.error());
    rcd = std::move(*json);
  }
  std::vector<RcdDigestRequest> digests;
  for (const std::string& text : options.rcdi) {
    const size_t equals = text.find('=');
    RcdDigestRequest& request = digests.emplace_back();
    request.pointer = text.substr(0, equals);
    if (equals == std::string::npos) continue;
    auto content = ReadFile(text.substr(equals + 1));
    if (!content) return InOption("--rcdi", content.error());
    request.content = std::move(*content);
  }
  return RcdMembers(rcd, options.crn, digests);
}

Result<JsonMembers> Message(const SignExtensions& options) {
  if (options.msg_body.empty()) return Needs("msg", "--msg-body");
  const auto body = ReadFile(options.msg_body);
  if (!body) return InOption("--msg-body", body.error());
  return MsgMembers(*body);
}

// An option that the type makes no use of is a mistake.
Result<void> CheckUse(const SignExtensions& options, const std::string& ppt) {
  struct Use {
    bool given;
    std::string_view option;
    bool fits;
  };
  const bool div = ppt == "div" || ppt == "div-o";
  const bool rcd = ppt == "rcd" || ppt == "shaken" || ppt == "base";
  const std::array<Use, 8> uses = {{{!options.div_from.empty(), "--div-from", div},
                                    {!options.div.empty(), "--div", div},
                                    {!options.rph.empty(), "--rph", ppt == "rph"},
                                    {!options.sph.empty(), "--sph", ppt == "rph"},
                                    {!options.rcd.empty(), "--rcd", rcd},
                                    {!options.crn.empty(), "--crn", rcd},
                                    {!options.rcdi.empty(), "--rcdi", rcd},
                                    {!options.msg_body.empty(), "--msg-body", ppt == "msg"}}};
  for (const Use& use : uses) {
    if (use.given && !use.fits) {
      return Fail(Reason::kParameterInvalid,
                  std::string(use.option) + " makes no sense with --ppt " + Quote(ppt));
    }
  }
  return {};
}

}  // namespace

void AddSignExtensionOptions(CLI::App& command, SignExtensions& options) {
  command
      .add_option(
          "--div-from", options.div_from,
          "div, div-o: file with the Identity header that is diverted (its last one); gives "
          "orig and div")
      ->type_name("F");
  command.add_option("--div", options.div, "div, div-o: who redirects, if it was for several")
      ->type_name("TN|URI");
  command.add_option("--rph", options.rph, "rph: a Resource-Priority value; may be given again")
      ->type_name("NS.VALUE");
  command.add_option("--sph", options.sph, "rph: psap-callback")->type_name("TEXT");
  command.add_option("--rcd", options.rcd, "rcd, shaken: rich call data, '{\"nam\":\"Alice\"}'")
      ->type_name("JSON");
  command.add_option("--crn", options.crn, "rcd, shaken: reason of the call")->type_name("TEXT");
  command
      .add_option(
          "--rcdi", options.rcdi,
          "rcd, shaken: add the digest of what rcd has at POINTER, or of FILE for what a URI "
          "there leads to; may be given again")
      ->type_name("POINTER[=FILE]");
  command.add_option("--msg-body", options.msg_body, "msg: file with the message's body")
      ->type_name("F");
}

bool IsKnownPpt(const std::string& ppt) {
  return std::find(kPpts.begin(), kPpts.end(), ppt) != kPpts.end();
}

Result<void> AddExtension(const SignExtensions& options, const std::string& ppt,
                          const DialPlan* plan, PassportRequest& request) {
  if (auto ok = CheckUse(options, ppt); !ok) return ok;
  if (!options.div_from.empty() || ppt == "div" || ppt == "div-o") {
    return AddDiversion(options, ppt, plan, request);
  }
  Result<JsonMembers> members = JsonMembers();
  if (ppt == "rph") {
    if (options.rph.empty()) return Needs(ppt, "--rph");
    members = RphMembers(options.rph, options.sph);
  } else if (ppt == "rcd" || !options.rcd.empty() || !options.crn.empty()) {
    if (options.rcd.empty() && options.crn.empty()) return Needs(ppt, "--rcd or --crn");
    members = RcdClaims(options);
  } else if (ppt == "msg") {
    members = Message(options);
  }
  if (!members) return members.error();
  for (auto& member : *members) request.extra_claims.push_back(std::move(member));
  return {};
}

}  // namespace callvet::cli
