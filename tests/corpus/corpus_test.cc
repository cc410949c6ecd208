// SPDX-License-Identifier: MIT
// Real certificates and tokens, read in place where there are any beside the project; they hold
// real numbers, so none of them is in the tree. INDEX.tsv says what each file is; exceptions.tsv
// where and why this project judges differently.
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <map>
#include <sstream>

#include "api/assembly.h"
#include "api/sip_call.h"
#include "api/token_dissection.h"
#include "base/base64url.h"
#include "base/file.h"
#include "base/text.h"
#include "issue/certificate_issuer.h"
#include "issue/private_key.h"
#include "pki/chain.h"
#include "pki/lint.h"
#include "support/result_matchers.h"

namespace callvet {
namespace {

namespace fs = std::filesystem;

const fs::path kCorpus = fs::path(CALLVET_SOURCE_DIR) / "../shared/corpus";
// The day for which the index says what had expired.
constexpr sys_seconds kIndexDay{std::chrono::seconds{1795219200}};  // 2026-11-21T00:00:00Z

struct Entry {
  std::string file;
  std::string kind;
  std::string key;
  std::string outcome;
  std::string note;
};

std::vector<std::string> SplitTabs(const std::string& line) {
  std::vector<std::string> fields;
  std::stringstream stream(line);
  for (std::string field; std::getline(stream, field, '\t');) fields.push_back(field);
  return fields;
}

std::vector<Entry> Index(const std::string& prefix) {
  std::vector<Entry> entries;
  std::stringstream stream(ReadFile(kCorpus / "INDEX.tsv").value_or(""));
  for (std::string line; std::getline(stream, line);) {
    auto fields = SplitTabs(line);
    fields.resize(6);
    if (fields[0].starts_with(prefix)) {
      entries.push_back({fields[0], fields[1], fields[3], fields[4], fields[5]});
    }
  }
  return entries;
}

// file -> topics ("grammar", "signature", ...) on which the index is not followed, with a reason
// each.
std::map<std::string, std::string> Exceptions() {
  std::map<std::string, std::string> exceptions;
  const auto text = ReadFile(std::string(CALLVET_SOURCE_DIR) + "/tests/corpus/exceptions.tsv");
  std::stringstream stream(text.value_or(""));
  for (std::string line; std::getline(stream, line);) {
    const auto fields = SplitTabs(line);
    if (line.starts_with('#') || fields.size() < 3) continue;
    exceptions[fields[0] + " " + fields[1]] = fields[2];
  }
  return exceptions;
}

class Corpus : public testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(kCorpus / "INDEX.tsv")) {
      GTEST_SKIP() << "skipped: there is no corpus of real tokens beside the project";
    }
  }
  // True if the index is not to be followed for `file` in `topic`.
  bool Excepted(const std::string& file, const std::string& topic) {
    return exceptions_.contains(file + " " + topic);
  }
  std::map<std::string, std::string> exceptions_ = Exceptions();
};

std::string Read(const std::string& file) {
  return ReadFile(kCorpus / file).value_or("");
}

bool Says(const std::string& text, std::string_view what) {
  return text.find(what) != std::string::npos;
}

Result<IdentityHeader> ParseToken(const std::string& text, const std::string& outcome) {
  return Says(outcome, "bare JWS") ? IdentityHeader::ParseBareToken(text)
                                   : IdentityHeader::Parse(text);
}

// The index calls a header well-formed if its grammar, info and the encoding of its parts are.
bool IsWellFormed(const std::string& text, const std::string& outcome) {
  const auto header = ParseToken(text, outcome);
  if (!header) return false;
  const bool bare = Says(outcome, "bare JWS");
  if (!bare && (!header->info() || !header->info()->bracketed)) return false;
  const TokenDissection dissection = DissectToken(text);
  return dissection.header && dissection.payload &&
         std::none_of(dissection.problems.begin(), dissection.problems.end(), [](const auto& p) {
           return p.failure.reason == Reason::kBase64Invalid ||
                  p.failure.reason == Reason::kIdentityMalformed;
         });
}

TEST_F(Corpus, TokensAreAsWellFormedAsTheIndexSays) {
  size_t count = 0;
  for (const Entry& entry : Index("tokens/")) {
    if (Excepted(entry.file, "grammar")) continue;
    ++count;
    const bool expected = !Says(entry.outcome, "Identity grammar FAILS");
    EXPECT_EQ(IsWellFormed(Read(entry.file), entry.outcome), expected)
        << entry.file << ": " << entry.outcome;
  }
  EXPECT_GT(count, 50U);
}

// The run of file-name characters that stands behind `mark`, from `from` on; "" if there is none.
std::string NameBehind(const std::string& text, std::string_view mark, size_t from = 0) {
  const size_t at = text.find(mark, from);
  if (at == std::string::npos) return {};
  std::string name;
  for (const char c : std::string_view(text).substr(at + mark.size())) {
    if (!IsAlpha(c) && !IsDigit(c) && c != '_' && c != '-' && c != '.') break;
    name += c;
  }
  return name;
}

// The keys of the certificates that an entry names and the corpus holds.
std::vector<Es256PublicKey> KeysOf(const Entry& entry) {
  constexpr std::string_view kFolder = "certs/";
  std::vector<Es256PublicKey> keys;
  const std::string text = entry.key + " " + entry.outcome;
  for (size_t at = text.find(kFolder); at != std::string::npos; at = text.find(kFolder, at + 1)) {
    const auto bundle = ParseBundle(Read(std::string(kFolder) + NameBehind(text, kFolder, at)));
    if (bundle && bundle->front().es256_key()) keys.push_back(*bundle->front().es256_key());
  }
  return keys;
}

// Each that this processor can run, with a table at the first use.
const std::vector<std::shared_ptr<const Es256Engine>>& Engines() {
  static const auto engines = [] {
    std::vector<std::shared_ptr<const Es256Engine>> made;
    for (const std::string_view name : UsableEs256Engines()) {
      Es256EngineOptions options;
      options.kind = *Es256KindFromText(name);
      options.promote_after = 1;
      options.cross_check_every = 0;
      made.push_back(*MakeEs256Engine(options));
    }
    return made;
  }();
  return engines;
}

// As all engines say.
bool Verifies(const IdentityHeader& header, const Es256PublicKey& key) {
  const auto bytes = DecodeBase64Url(header.signature_part());
  const auto signature =
      bytes ? Es256Signature::Parse(*bytes) : Result<Es256Signature>(bytes.error());
  if (!signature) return false;
  const bool verifies =
      OpenSslEs256Engine().Verify(key, header.signing_input(), *signature).has_value();
  for (int use = 0; use < 2; ++use) {  // the second is not cross-checked
    for (const auto& engine : Engines()) {
      EXPECT_EQ(engine->Verify(key, header.signing_input(), *signature).has_value(), verifies)
          << engine->statistics().path;
    }
  }
  return verifies;
}

TEST_F(Corpus, SignaturesAreAsTheIndexSays) {
  size_t good = 0;
  size_t bad = 0;
  for (const Entry& entry : Index("tokens/")) {
    const auto header = ParseToken(Read(entry.file), entry.outcome);
    if (!header || Excepted(entry.file, "signature")) continue;
    if (Says(entry.outcome, "signature CANNOT VERIFY")) {
      const auto bytes = DecodeBase64Url(header->signature_part());
      EXPECT_FALSE(bytes && Es256Signature::Parse(*bytes)) << entry.file;
      ++bad;
    }
    for (const Es256PublicKey& key : KeysOf(entry)) {
      const bool expected = Says(entry.outcome, "signature VERIFIES");
      EXPECT_EQ(Verifies(*header, key), expected) << entry.file;
      ++(expected ? good : bad);
    }
  }
  EXPECT_GT(good, 5U);
  EXPECT_GT(bad, 5U);
}

TEST_F(Corpus, NoOldTokenPassesToday) {
  VerifierSetup setup;
  setup.clock = std::make_shared<FixedClock>(kIndexDay);
  const auto verifier = MakeVerifier(setup).value();
  for (const Entry& entry : Index("tokens/")) {
    CallRequest call;
    call.identities = {Read(entry.file)};
    call.orig = {"+12155550100"};
    call.dest = {"+12155550101"};
    EXPECT_NE(verifier->Verify(call, Deadline()).reason, Reason::kNone) << entry.file;
    call.token_form = CallRequest::TokenForm::kBareToken;
    EXPECT_NE(verifier->Verify(call, Deadline()).reason, Reason::kNone) << entry.file;
  }
}

TEST_F(Corpus, CertificatesAreAsTheIndexSays) {
  size_t count = 0;
  for (const Entry& entry : Index("certs/")) {
    if (entry.kind.starts_with("ca-list")) continue;
    const auto bundle = ParseBundle(Read(entry.file));
    ASSERT_THAT(bundle, Succeeds()) << entry.file;
    const Certificate& certificate = bundle->front();
    ++count;
    if (!Excepted(entry.file, "expired")) {
      EXPECT_EQ(certificate.not_after() < kIndexDay, Says(entry.outcome, "expired 2026-11-21: yes"))
          << entry.file;
    }
    if (Excepted(entry.file, "tnauthlist")) continue;
    const auto& list = certificate.tn_auth_list();
    EXPECT_EQ(!list, Says(entry.note, "TNAuthList absent")) << entry.file;
    if (!list) continue;
    const bool malformed = Says(entry.note, "MALFORMED") || Says(entry.note, " EMPTY");
    EXPECT_EQ(!*list, malformed) << entry.file;
    const std::string spc = NameBehind(entry.note, "SPC=");
    if (*list && !spc.empty()) {
      ASSERT_FALSE((*list)->spcs().empty()) << entry.file;
      EXPECT_EQ((*list)->spcs()[0], spc) << entry.file;
    }
  }
  EXPECT_GT(count, 80U);
}

TEST_F(Corpus, EveryCertificateIsLinted) {
  for (const Entry& entry : Index("certs/")) {
    const auto bundle = ParseBundle(Read(entry.file));
    ASSERT_THAT(bundle, Succeeds()) << entry.file;
    for (const Certificate& certificate : *bundle) {
      EXPECT_GT(LintCertificate(certificate, nullptr).size(), 30U) << entry.file;
    }
  }
}

// "signed by NAME": NAME as an anchor must make a path, at the certificate's first valid second.
TEST_F(Corpus, RealChainsAreFound) {
  size_t count = 0;
  for (const Entry& entry : Index("certs/reports__leaf_")) {
    const std::string name = NameBehind(entry.outcome, "signed by ");
    const std::string issuer = "certs/" + name + ".pem";
    if (name.empty()) continue;
    if (!fs::exists(kCorpus / issuer) || Excepted(entry.file, "chain")) continue;
    TrustStoreBuilder builder;
    ASSERT_THAT(builder.AddAnchorPath(kCorpus / issuer), Succeeds());
    const auto store = builder.Build();
    const auto bundle = ParseBundle(Read(entry.file)).value();
    EXPECT_THAT(VerifyChain(bundle, *store, bundle[0].not_before()), Succeeds()) << entry.file;
    EXPECT_THAT(VerifyChain(bundle, *store, bundle[0].not_after() + std::chrono::seconds(1)),
                FailsWith(Reason::kCertificateExpired))
        << entry.file;
    EXPECT_THAT(VerifyChain(bundle, *TrustStoreBuilder().Build(), bundle[0].not_before()),
                FailsWith(Reason::kChainUntrusted))
        << entry.file;
    ++count;
  }
  EXPECT_GT(count, 3U);
}

// ----- The production call

struct ProductionCall {
  VerifierSetup setup;
  CallRequest call;
  int64_t iat = 0;

  ProductionCall() {
    std::string identity;
    for (const Entry& entry : Index("tokens/bandwidth_01")) identity = Read(entry.file);
    call.identities = {identity};
    const auto header = IdentityHeader::Parse(identity).value();
    const auto claims = Claims::Parse(header.payload_part(), "shaken").value();
    iat = claims.iat;
    call.orig = {*claims.orig.tn};
    call.dest = {claims.dest.tn.at(0)};
    setup.trust.anchors = {kCorpus / "certs/reports__neustar_rsa_root_2019.pem"};
    setup.certificates = {kCorpus / "certs/reports__leaf_bandwidth_997E_rsa-issuer.pem",
                          kCorpus / "certs/reports__neustar_rsa_ca1_2019.pem"};
    At(0);
  }
  void At(int64_t offset) {
    setup.clock = std::make_shared<FixedClock>(sys_seconds(std::chrono::seconds(iat + offset)));
  }
  Reason Judge() { return MakeVerifier(setup).value()->Verify(call, Deadline()).reason; }
};

TEST_F(Corpus, ProductionCall_Passes) {
  ProductionCall production;
  EXPECT_EQ(production.Judge(), Reason::kNone);
  production.setup.trust.anchors = {kCorpus / "certs/reports__neustar_rsa_ca1_2019.pem"};
  EXPECT_EQ(production.Judge(), Reason::kNone);
  production.setup.certificates.pop_back();
  EXPECT_EQ(production.Judge(), Reason::kNone);
}

TEST_F(Corpus, ProductionCall_AnyBitOfTheTokenChanged_Fails) {
  ProductionCall production;
  const auto verifier = MakeVerifier(production.setup).value();
  const std::string good = production.call.identities[0];
  for (size_t i = 0; i < good.find(';'); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = good;
      flipped[i] = static_cast<char>(flipped[i] ^ (1 << bit));
      production.call.identities = {flipped};
      EXPECT_NE(verifier->Verify(production.call, Deadline()).reason, Reason::kNone) << i;
    }
  }
}

TEST_F(Corpus, ProductionCall_FailsWithTheRightReason) {
  ProductionCall p;
  p.At(61);
  EXPECT_EQ(p.Judge(), Reason::kIatStale);
  p.At(-61);
  EXPECT_EQ(p.Judge(), Reason::kIatInFuture);
  p.At(0);
  p.call.orig = {"+12155550100"};
  EXPECT_EQ(p.Judge(), Reason::kOrigMismatch);
  ProductionCall other_dest;
  other_dest.call.dest = {"+12155550100"};
  EXPECT_EQ(other_dest.Judge(), Reason::kDestMismatch);
  ProductionCall no_anchor;
  no_anchor.setup.trust.anchors.clear();
  EXPECT_EQ(no_anchor.Judge(), Reason::kChainUntrusted);
  ProductionCall other_anchor;
  other_anchor.setup.trust.anchors = {kCorpus / "certs/reports__comcast_root.pem"};
  EXPECT_EQ(other_anchor.Judge(), Reason::kChainUntrusted);
  ProductionCall no_intermediate;
  no_intermediate.setup.certificates.pop_back();
  EXPECT_EQ(no_intermediate.Judge(), Reason::kChainUntrusted);
  ProductionCall expired;
  expired.setup.options.max_age = std::chrono::hours(24 * 3650);
  expired.setup.clock = std::make_shared<FixedClock>(kIndexDay);
  EXPECT_EQ(expired.Judge(), Reason::kCertificateExpired);
}

// ----- Redirected calls, priority and rich call data

// Takes every signature for good: the keys of these tokens are known (the index says that they
// verify), but no certificate of them is public.
class TrustingEngine final : public Es256Engine {
 public:
  [[nodiscard]] Result<void> Verify(const Es256PublicKey& /*key*/, std::string_view /*input*/,
                                    const Es256Signature& /*signature*/) const override {
    return {};
  }
};

// The certificate of a laboratory for every x5u.
class LabSource final : public CertificateSource {
 public:
  explicit LabSource(CertificateBundle bundle)
      : bundle_(std::make_shared<const CertificateBundle>(std::move(bundle))) {}
  [[nodiscard]] Result<std::shared_ptr<const CertificateBundle>> Get(
      std::string_view /*x5u*/, const Deadline& /*deadline*/) const override {
    return bundle_;
  }

 private:
  std::shared_ptr<const CertificateBundle> bundle_;
};

// A call of 2021 or 2022 with tokens of the corpus, judged at the time of `at`.
struct OldCall {
  OldCall() {
    options.http_x5u = VerifierOptions::HttpX5u::kInsecureAllow;
    options.origid_policy = OrigidPolicy::kAnyString;
    call.orig = {"+17035550001"};
  }

  Verdict Judge(const std::vector<std::string>& names, int64_t at) {
    call.identities.clear();
    for (const std::string& name : names) {
      call.identities.push_back(Read("tokens/neustar_" + name + ".txt"));
    }
    CertificateRequest request;
    request.role = ProfileRole::kRoot;
    request.not_before = sys_seconds(std::chrono::seconds(at - 86'400));
    request.not_after = sys_seconds(std::chrono::seconds(at + 86'400));
    const PrivateKey root_key = PrivateKey::Generate(KeyKind::kEcP256).value();
    const Certificate root = IssueRoot(request, root_key).value();
    request.role = ProfileRole::kEndEntity;
    request.tn_auth_list = TnAuthList::Make({"1234"}, {}).value();
    const Certificate leaf =
        IssueCertificate(request, PrivateKey::Generate(KeyKind::kEcP256)->public_key(),
                         {root, root_key})
            .value();
    TrustStoreBuilder builder;
    EXPECT_THAT(builder.AddAnchors(ToPem(root), "lab"), Succeeds());
    const Verifier verifier(options, builder.Build(),
                            std::make_shared<LabSource>(CertificateBundle{leaf}),
                            std::make_shared<FixedClock>(sys_seconds(std::chrono::seconds(at))),
                            std::make_shared<TrustingEngine>());
    return verifier.Verify(call, Deadline());
  }

  CallRequest call;
  VerifierOptions options;
};

TEST_F(Corpus, ARealDivChainIsOne) {
  OldCall old;
  old.call.dest = {"+15715550003"};
  const std::string shaken = "hist_56_shaken_A_1638393614";
  const std::string first = "hist_53_div_1638393869";
  const std::string second = "hist_54_div_1638394188";
  const int64_t at = 1638394188;
  const Verdict verdict = old.Judge({first, shaken, second}, at);
  EXPECT_EQ(verdict.reason, Reason::kNone);
  ASSERT_EQ(verdict.path.size(), 3U);
  EXPECT_EQ(verdict.path[1].from, "15715550000");
  EXPECT_EQ(verdict.path[2].to, "15715550003");
  EXPECT_EQ(old.Judge({first, second}, at).reason, Reason::kDivLinkMissing);
  EXPECT_EQ(old.Judge({shaken, second}, at).reason, Reason::kDivLinkMissing);
  EXPECT_EQ(old.Judge({shaken, first}, 1638393869).reason, Reason::kDestMismatch);
  EXPECT_EQ(old.Judge({first, shaken, second}, at + 61).reason, Reason::kDivStale);
  EXPECT_EQ(old.Judge({first, shaken, second}, at + 4 * 3600).reason, Reason::kDivStale);
}

TEST_F(Corpus, RealRphPassports) {
  OldCall old;
  old.call.dest = {"+15715550000"};
  old.call.resource_priority = {"esnet.1"};
  EXPECT_EQ(old.Judge({"04_rph_1671736022"}, 1671736022).priority->reason, Reason::kNone);
  EXPECT_EQ(old.Judge({"05_rph_1671735928"}, 1671735928).priority->reason, Reason::kSphInvalid);
  old.call.priority = "psap-callback";
  EXPECT_EQ(old.Judge({"05_rph_1671735928"}, 1671735928).priority->reason, Reason::kNone);
  EXPECT_EQ(old.Judge({"15_rph_1671733921"}, 1671733921).priority->reason, Reason::kNone);
  old.call.resource_priority = {"ets.0", "q735.1, wps.1"};
  EXPECT_EQ(old.Judge({"26_rph_1634340132"}, 1634340132).priority->reason, Reason::kNone);
  EXPECT_EQ(old.Judge({"04_rph_1671736022"}, 1671736022).priority->reason, Reason::kRphMismatch);
}

TEST_F(Corpus, RealRichCallData) {
  OldCall old;
  old.call.dest = {"+15715550000"};
  // A jCard by URI without its digest.
  EXPECT_EQ(old.Judge({"34_rcd_1634320062"}, 1634320062).passports[0].reason,
            Reason::kRcdDigestMissing);
  // Digests of strings without their quotes, against RFC 9795 6; those of the jCard are right.
  const Verdict name = old.Judge({"hist_56_shaken_A_1638393614"}, 1638393614);
  EXPECT_EQ(name.reason, Reason::kNone);
  EXPECT_EQ(name.passports[0].rich_call_data->reason, Reason::kRcdDigestMismatch);
  old.call.dest = {"+15715550001"};
  const Verdict card = old.Judge({"42_shaken_A_1639455751"}, 1639455751);
  EXPECT_EQ(card.reason, Reason::kNone);
  for (const auto& part : card.passports[0].rich_call_data->content) {
    EXPECT_EQ(part.outcome == CheckOutcome::kPassed, part.pointer == "/jcd") << part.pointer;
  }
}

// ----- The program on every file

int RunProgram(const std::vector<std::string>& arguments) {
  std::string command = "ASAN_OPTIONS=exitcode=99 UBSAN_OPTIONS=exitcode=99 '" CALLVET_PROGRAM "'";
  for (const std::string& argument : arguments) command += " '" + argument + "'";
  const int status = std::system((command + " >/dev/null 2>&1").c_str());  // NOLINT: fixed words
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

TEST_F(Corpus, TheProgramTakesEveryFile) {
  for (const Entry& entry : Index("tokens/")) {
    const std::string file = (kCorpus / entry.file).string();
    EXPECT_LE(RunProgram({"verify", "--identity-file", file, "--orig", "1", "--dest", "2"}), 1)
        << file;
    EXPECT_LE(RunProgram({"decode", "--json", "--identity-file", file}), 1) << file;
  }
  for (const Entry& entry : Index("certs/")) {
    EXPECT_LE(RunProgram({"lint-cert", (kCorpus / entry.file).string()}), 1) << entry.file;
  }
  for (const Entry& entry : Index("sip/")) {
    EXPECT_LE(RunProgram({"verify", "--sip-file", (kCorpus / entry.file).string()}), 3)
        << entry.file;
  }
}

TEST_F(Corpus, SipMessagesParseAndNoneOfThemPassesToday) {
  VerifierSetup setup;
  setup.clock = std::make_shared<FixedClock>(kIndexDay);
  const auto verifier = MakeVerifier(setup).value();
  for (const Entry& entry : Index("sip/")) {
    const auto message = SipMessage::Parse(Read(entry.file));
    ASSERT_THAT(message, Succeeds()) << entry.file;
    EXPECT_EQ(message->method, "INVITE");
    EXPECT_EQ(message->All("identity").size(), 1U) << entry.file;
    const auto call = CallFromSip(*message);
    if (Excepted(entry.file, "call")) {
      EXPECT_THAT(call, FailsWith(Reason::kSipMessageInvalid));
      continue;
    }
    ASSERT_THAT(call, Succeeds()) << entry.file;
    const Verdict verdict = verifier->Verify(*call, Deadline());
    EXPECT_NE(verdict.reason, Reason::kNone);
    if (entry.outcome.starts_with("438") && !Excepted(entry.file, "code")) {
      EXPECT_EQ(Info(verdict.reason).sip_code, 438) << entry.file;
    }
  }
}

}  // namespace
}  // namespace callvet
