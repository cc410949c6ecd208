// SPDX-License-Identifier: MIT
#include "repository/trust_list.h"

#include "repository/sti_pa_client.h"
#include "repository/trust_list_client.h"
#include "repository/trust_list_state.h"
#include "trust_fixture.h"

namespace callvet::test {
namespace {

class TrustListTest : public ::testing::Test {
 protected:
  Result<TrustList> Verify(const std::string& bytes, sys_seconds now = kNow) const {
    const auto list = SignedTrustList::Parse(ExactBytes(bytes).view());
    if (!list) return list.error();
    return TrustList::Verify(*list, chain_, *roots_, now);
  }
  Result<TrustList> VerifyPayload(const std::string& payload) const {
    return Verify(pa_.Compact({.payload = payload}));
  }
  [[nodiscard]] TrustListDocument Document(const TestPa::List& list) const {
    return {pa_.Compact(list), chain_};
  }

  TestPa pa_;
  CertificateBundle chain_ = BundleOf({pa_.signer});
  std::shared_ptr<const TrustStore> roots_ = StoreOf({.anchors = {pa_.root}});
  TemporaryDirectory dir_;
};

TEST_F(TrustListTest, C31_CompactForm) {
  const auto list = Verify(pa_.Compact({.sequence = 7}) + "\n");
  ASSERT_THAT(list, Succeeds());
  EXPECT_EQ(list->sequence(), 7);
  EXPECT_EQ(list->version(), "1.0");
  EXPECT_EQ(list->expires(), kNow + days(30));
  EXPECT_EQ(list->anchors(), BundleOf({pa_.carrier.root}));
  EXPECT_THAT(Verify("\xEF\xBB\xBF" + pa_.Compact({}) + "\r\n"),
              Succeeds());  // as PEM and JSON may
}

TEST_F(TrustListTest, C31_JsonFormsAndTheAnswerOfTheServer) {
  const auto parts = pa_.Sign({});
  const JsonMembers flat = {
      {"payload", parts.payload}, {"protected", parts.header}, {"signature", parts.signature}};
  EXPECT_THAT(Verify(WriteJson(flat)), Succeeds());
  const JsonMembers signature = {{"protected", parts.header}, {"signature", parts.signature}};
  const JsonMembers general = {{"payload", parts.payload}, {"signatures", JsonArray{signature}}};
  EXPECT_THAT(Verify(WriteJson(general, 2)), Succeeds());
  const JsonMembers two = {{"payload", parts.payload},
                           {"signatures", JsonArray{signature, signature}}};
  EXPECT_THAT(Verify(WriteJson(two)), FailsWith(Reason::kTrustListMalformed));
  JsonMembers unprotected = flat;
  unprotected.emplace_back("header", JsonMembers{{"kid", "1"}});
  EXPECT_THAT(Verify(WriteJson(unprotected)), FailsWith(Reason::kTrustListMalformed));
  const JsonMembers answer = {{"status", "success"}, {"caList", pa_.Compact({})}};
  EXPECT_THAT(Verify(WriteJson(answer)), Succeeds());
  const JsonMembers nested = {{"caList", WriteJson(answer)}};
  EXPECT_THAT(Verify(WriteJson(nested)), FailsWith(Reason::kTrustListMalformed));
}

TEST_F(TrustListTest, C31_HeaderThatIsNotAsDemanded) {
  for (const char* header :
       {R"({"alg":"none","x5u":"https://pa.example/l"})",
        R"({"alg":"HS256","x5u":"https://pa.example/l"})", R"({"alg":"ES256"})",
        R"({"alg":"ES256","x5u":"https://pa.example/l","crit":["b64"],"b64":false})",
        R"({"alg":"ES256","alg":"none","x5u":"https://pa.example/l"})", "[]", "x"}) {
    EXPECT_THAT(Verify(pa_.Compact({.header = header})), FailsWith(Reason::kTrustListMalformed))
        << header;
  }
}

TEST_F(TrustListTest, NotAListAtAll) {
  for (const std::string bytes : {"", ".", "..", "...", "a.b.c", "{", "{}", "{\"caList\":1}",
                                  "{\"payload\":\"\"}", "-----BEGIN CERTIFICATE-----"}) {
    EXPECT_THAT(Verify(bytes), FailsWith(Reason::kTrustListMalformed)) << bytes;
  }
}

TEST_F(TrustListTest, C32_TamperedPayloadOrSignature) {
  auto parts = pa_.Sign({});
  const std::string other = EncodeBase64Url(pa_.Payload({.sequence = 9}));
  EXPECT_THAT(Verify(parts.header + "." + other + "." + parts.signature),
              FailsWith(Reason::kTrustListUntrusted));
  EXPECT_THAT(Verify(parts.header + "." + parts.payload + "."),
              FailsWith(Reason::kTrustListUntrusted));
  EXPECT_THAT(Verify(parts.header + "." + parts.payload + ".%"),
              FailsWith(Reason::kTrustListMalformed));
}

TEST_F(TrustListTest, C32_SignedUnderAnotherRoot) {
  const auto stranger = IssueRoot("/C=US/O=STI-PA/CN=STI-PA Root");  // of the same name
  pa_.signer = Issue(ListSignerSpec(), stranger);
  chain_ = BundleOf({pa_.signer, stranger});
  EXPECT_THAT(Verify(pa_.Compact({})), FailsWith(Reason::kTrustListUntrusted));
}

// RFC 8226 9: a certificate with a TNAuthList is for calls. Where one root has issued all, each
// carrier could make himself a CA with his own.
TEST_F(TrustListTest, C31_ACarriersCertificateSignsNoList) {
  CertSpec spec = LeafSpec("/C=US/O=Carrier/CN=SHAKEN 818H");
  pa_.signer = Issue(spec, pa_.root);
  chain_ = BundleOf({pa_.signer});
  EXPECT_THAT(Verify(pa_.Compact({})), FailsWith(Reason::kTrustListUntrusted));
  spec.tn_auth_list.reset();
  pa_.signer = Issue(spec, pa_.root);
  chain_ = BundleOf({pa_.signer});
  EXPECT_THAT(Verify(pa_.Compact({})), Succeeds());
  spec.tn_auth_list_uris = {"https://carrier.example/numbers"};
  pa_.signer = Issue(spec, pa_.root);
  chain_ = BundleOf({pa_.signer});
  EXPECT_THAT(Verify(pa_.Compact({})), FailsWith(Reason::kTrustListUntrusted));
}

TEST_F(TrustListTest, C31_ListSignerBelowAnIntermediateAndExpiredSigner) {
  const auto ca = Issue(CaSpec("/C=US/O=STI-PA/CN=CA"), pa_.root);
  CertSpec spec = ListSignerSpec();
  spec.not_after = kNow + days(1);
  pa_.signer = Issue(spec, ca);
  chain_ = BundleOf({pa_.signer, ca});
  EXPECT_THAT(Verify(pa_.Compact({})), Succeeds());
  EXPECT_THAT(Verify(pa_.Compact({}), kNow + days(2)), FailsWith(Reason::kTrustListUntrusted));
  chain_ = {};
  EXPECT_THAT(Verify(pa_.Compact({})), FailsWith(Reason::kTrustListUntrusted));
}

TEST_F(TrustListTest, C32_EntryThatIsNotOneCaCertificate) {
  const auto both = pa_.carrier.root.pem + pa_.carrier.ca.pem;
  for (const std::string& entry : {pa_.carrier.leaf.pem, both, std::string("x"), std::string(),
                                   ToPem("PUBLIC KEY", pa_.carrier.root.der)}) {
    EXPECT_THAT(Verify(pa_.Compact({.entries = {pa_.carrier.root.pem, entry}})),
                FailsWith(Reason::kTrustListMalformed));
  }
}

TEST_F(TrustListTest, C31_PayloadIsStrict) {
  const std::string pem = WriteJson(JsonValue(pa_.carrier.root.pem));
  const auto payload = [&](const std::string& front) {
    return "{" + front + ",\"trustList\":[" + pem + "]}";
  };
  EXPECT_THAT(VerifyPayload(payload(R"("version":"1","sequence":1,"exp":1800000000,"more":{})")),
              Succeeds());
  for (const char* front :
       {R"("sequence":1,"exp":1800000000)", R"("version":1,"sequence":1,"exp":1800000000)",
        R"("version":"1","exp":1800000000)", R"("version":"1","sequence":"1","exp":1800000000)",
        R"("version":"1","sequence":-1,"exp":1800000000)",
        R"("version":"1","sequence":1.5,"exp":1800000000)", R"("version":"1","sequence":1)",
        R"("version":"1","sequence":1,"exp":999999999999999)",
        R"("version":"1","sequence":1,"sequence":2,"exp":1800000000)"}) {
    EXPECT_THAT(VerifyPayload(payload(front)), FailsWith(Reason::kTrustListMalformed)) << front;
  }
  const auto from = [&](sys_seconds time) {
    return VerifyPayload(payload(R"("version":"1","sequence":1,"exp":1800000000,"nbf":)" +
                                 std::to_string(time.time_since_epoch().count())));
  };
  EXPECT_THAT(from(kNow), Succeeds());
  EXPECT_THAT(from(kNow + days(1)), FailsWith(Reason::kTrustListUntrusted));
  EXPECT_THAT(VerifyPayload(R"({"version":"1","sequence":1,"exp":1800000000,"trustList":[]})"),
              FailsWith(Reason::kTrustListMalformed));
  EXPECT_THAT(VerifyPayload(R"({"version":"1","sequence":1,"exp":1800000000,"trustList":[1]})"),
              FailsWith(Reason::kTrustListMalformed));
}

// ----- The guard

TEST_F(TrustListTest, C32_RollbackIsRefusedAlsoAfterARestart) {
  for (const auto& dir : {std::optional(dir_.path()), std::optional<std::filesystem::path>()}) {
    TrustListState state(dir);
    ASSERT_THAT(state.Accept(Document({.sequence = 5}), *roots_, kNow), Succeeds());
    TrustListState later = state;  // with a directory: as good as a new process
    if (dir) later = TrustListState(dir);
    EXPECT_THAT(later.Accept(Document({.sequence = 4}), *roots_, kNow),
                FailsWith(Reason::kTrustListRollback));
    EXPECT_THAT(later.Check(Document({.sequence = 4}), *roots_, kNow),
                FailsWith(Reason::kTrustListRollback));
    const auto kept = later.Load(*roots_);
    ASSERT_THAT(kept, Succeeds());
    EXPECT_EQ((*kept)->list.sequence(), 5);
    EXPECT_THAT(later.Accept(Document({.sequence = 6}), *roots_, kNow), Succeeds());
  }
}

TEST_F(TrustListTest, C32_SameSequenceOnlyWithTheSameContent) {
  TrustListState state(dir_.path());
  ASSERT_THAT(state.Accept(Document({.sequence = 5}), *roots_, kNow), Succeeds());
  const auto again = state.Check(Document({.sequence = 5}), *roots_, kNow);  // signed anew
  ASSERT_THAT(again, Succeeds());
  EXPECT_EQ(again->acceptance, Acceptance::kUnchanged);
  const TestCert other = IssueRoot("/C=US/O=Other CA/CN=SHAKEN Root");
  const TestPa::List others = {.sequence = 5, .expires = kNow + days(90), .entries = {other.pem}};
  EXPECT_THAT(state.Accept(Document(others), *roots_, kNow), FailsWith(Reason::kTrustListRollback));
  EXPECT_THAT(state.Accept(Document({.sequence = 5, .expires = kNow + days(1)}), *roots_, kNow),
              FailsWith(Reason::kTrustListRollback));
}

// The STI-PA signs its list anew every day.
TEST_F(TrustListTest, C32_SameSequenceAndCasForLongerIsTheNewList) {
  TrustListState state(dir_.path());
  ASSERT_THAT(state.Accept(Document({.sequence = 5}), *roots_, kNow), Succeeds());
  const auto longer =
      state.Accept(Document({.sequence = 5, .expires = kNow + days(90)}), *roots_, kNow);
  ASSERT_THAT(longer, Succeeds());
  EXPECT_EQ(longer->list.expires(), kNow + days(90));
  const auto kept = TrustListState(dir_.path()).Load(*roots_);
  ASSERT_THAT(kept, Succeeds());
  EXPECT_EQ((*kept)->list.expires(), kNow + days(90));
  EXPECT_THAT(state.Accept(Document({.sequence = 5}), *roots_, kNow),
              FailsWith(Reason::kTrustListRollback));
}

TEST_F(TrustListTest, C32_ExpiredListIsNotAccepted) {
  TrustListState state(dir_.path());
  EXPECT_THAT(state.Accept(Document({.expires = kNow}), *roots_, kNow),
              FailsWith(Reason::kTrustListExpired));
  EXPECT_THAT(state.Accept(Document({.expires = kNow + seconds(1)}), *roots_, kNow), Succeeds());
}

TEST_F(TrustListTest, C32_GuardOutlivesTheListAndItsSigner) {
  TrustListState state(dir_.path());
  ASSERT_THAT(state.Accept(Document({.sequence = 5}), *roots_, kNow), Succeeds());
  CertSpec spec = ListSignerSpec("/C=US/O=STI-PA/CN=List signer 2");
  spec.not_before = kNow + days(390);
  spec.not_after = kNow + days(410);
  CertSpec root = CaSpec("/C=US/O=STI-PA/CN=Root 2");
  root.not_after = kNow + days(3000);
  const auto root2 = IssueSelfSigned(root);
  pa_.signer = Issue(spec, root2);
  chain_ = BundleOf({pa_.signer});
  const auto both = StoreOf({.anchors = {pa_.root, root2}});
  const sys_seconds later = kNow + days(400);
  EXPECT_THAT(state.Accept(Document({.sequence = 4, .expires = later + days(1)}), *both, later),
              FailsWith(Reason::kTrustListRollback));
  EXPECT_THAT(state.Accept(Document({.sequence = 6, .expires = later + days(1)}), *both, later),
              Succeeds());
}

TEST_F(TrustListTest, KeptFileThatWasTamperedWithIsRefusedAndGuardsOn) {
  TrustListState state(dir_.path());
  ASSERT_THAT(state.Accept(Document({.sequence = 5}), *roots_, kNow), Succeeds());
  const auto file = dir_.path() / "trust-list.json";
  const auto good = ReadFile(file);
  ASSERT_THAT(good, Succeeds());
  for (const std::string& bad :
       {std::string(), good->substr(0, good->size() / 2), std::string("{}")}) {
    dir_.Put("trust-list.json", bad);
    EXPECT_THAT(state.Load(*roots_), FailsWith(Reason::kFileInvalid));
    EXPECT_THAT(state.Accept(Document({.sequence = 9}), *roots_, kNow),
                FailsWith(Reason::kFileInvalid));
  }
  dir_.Put("trust-list.json", *good);
  EXPECT_THAT(state.Load(*StoreOf({.anchors = {IssueRoot("/CN=Other")}})),
              FailsWith(Reason::kTrustListUntrusted));
  EXPECT_THAT(state.Load(*roots_), Succeeds());
}

// ----- Clients

TEST_F(TrustListTest, KeptFileThatCannotBeUsedIsNamedWithItsPlace) {
  TrustListState state(dir_.path());
  ASSERT_THAT(state.Accept(Document({}), *roots_, kNow), Succeeds());
  const auto file = dir_.path() / "trust-list.json";
  const auto other_roots = StoreOf({.anchors = {pa_.carrier.root}});
  const auto untrusted = state.Load(*other_roots);
  ASSERT_THAT(untrusted, FailsWith(Reason::kTrustListUntrusted));
  EXPECT_THAT(untrusted.error().detail, ::testing::StartsWith(file.string() + ": "));
  ASSERT_THAT(WriteFile(file, "{", FileMode::kPublic), Succeeds());
  const auto broken = state.Load(*roots_);
  ASSERT_THAT(broken, FailsWith(Reason::kFileInvalid));
  EXPECT_THAT(broken.error().detail, ::testing::StartsWith(file.string() + ": "));
}

TEST_F(TrustListTest, C30_FileClient) {
  const auto path = dir_.Put("list.jwt", "x");
  EXPECT_EQ(*FileTrustListClient(path).Download({}), "x");
  EXPECT_THAT(FileTrustListClient(dir_.path() / "none").Download({}),
              FailsWith(Reason::kTrustListNotAvailable));
}

TEST_F(TrustListTest, C30_UrlClient) {
  const auto fetcher = std::make_shared<FakeFetcher>();
  const UrlTrustListClient client("https://pa.example/list", fetcher);
  EXPECT_THAT(client.Download({}), FailsWith(Reason::kTrustListNotAvailable));
  fetcher->Serve("https://pa.example/list", "x");
  EXPECT_EQ(*client.Download({}), "x");
}

TEST_F(TrustListTest, C30_AccountIsAPrivateFile) {
  using std::filesystem::perms;
  const auto read = [&](std::string_view text, perms permissions = perms::owner_read) {
    std::filesystem::remove(dir_.path() / "account.json");
    const auto path = dir_.Put("account.json", text);
    std::filesystem::permissions(path, permissions);
    return StiPaAccount::Read(path);
  };
  constexpr const char* kGood = R"({"url":"https://pa.example","userId":"u","password":"p"})";
  const auto account = read(kGood);
  ASSERT_THAT(account, Succeeds());
  EXPECT_EQ(account->base_url + account->user_id + account->password, "https://pa.exampleup");
  for (const perms others : {perms::group_read, perms::others_read, perms::others_write}) {
    EXPECT_THAT(read(kGood, perms::owner_read | others), FailsWith(Reason::kFileInvalid));
  }
  for (const char* bad : {"", "[]", R"({"url":"https://pa.example","userId":"u"})",
                          R"({"url":"https://pa.example","userId":"u","password":""})",
                          R"({"url":"https://pa.example","userId":1,"password":"geheim"})"}) {
    const auto refused = read(bad);
    ASSERT_THAT(refused, FailsWith(Reason::kFileInvalid)) << bad;
    EXPECT_EQ(refused.error().detail.find("geheim"), std::string::npos);
  }
  EXPECT_THAT(StiPaAccount::Read(dir_.path() / "none"), FailsWith(Reason::kFileUnreadable));
}

class FakeExchanger final : public HttpExchanger {
 public:
  [[nodiscard]] Result<std::string> Send(const HttpExchange& exchange,
                                         const Deadline& /*deadline*/) const override {
    exchanges.push_back(exchange);
    if (answers.empty()) return Fail(Reason::kFetchHttpStatus, "401 for " + exchange.body);
    auto answer = answers.front();
    answers.erase(answers.begin());
    return answer;
  }
  mutable std::vector<std::string> answers;
  mutable std::vector<HttpExchange> exchanges;
};

TEST_F(TrustListTest, C30_LoginThenDownload) {
  const auto exchanger = std::make_shared<FakeExchanger>();
  exchanger->answers = {R"({"status":"success","accessToken":"tok-1"})", "the list"};
  const auto client =
      StiPaTrustListClient::Make({"https://pa.example/api/v1", "user", "pa\"ss"}, exchanger);
  ASSERT_THAT(client, Succeeds());
  EXPECT_EQ(*(*client)->Download({}), "the list");
  ASSERT_EQ(exchanger->exchanges.size(), 2u);
  const HttpExchange& login = exchanger->exchanges[0];
  EXPECT_EQ(login.url, "https://pa.example/api/v1/auth/login");
  EXPECT_EQ(login.method, HttpExchange::Method::kPost);
  EXPECT_EQ(login.body, R"({"userId":"user","password":"pa\"ss"})");
  const HttpExchange& get = exchanger->exchanges[1];
  EXPECT_EQ(get.url, "https://pa.example/api/v1/ca-list");
  EXPECT_EQ(get.method, HttpExchange::Method::kGet);
  EXPECT_EQ(get.headers[1], std::pair(std::string("Authorization"), std::string("tok-1")));
}

TEST_F(TrustListTest, C30_FailedLoginTellsNoSecrets) {
  const auto exchanger = std::make_shared<FakeExchanger>();
  const auto client =
      *StiPaTrustListClient::Make({"https://pa.example", "user", "geheim"}, exchanger);
  for (const std::vector<std::string>& answers : {std::vector<std::string>{},
                                                  {"{}"},
                                                  {"x"},
                                                  {R"({"accessToken":"a\r\nb"})"},
                                                  {R"({"accessToken":"tok"})"}}) {
    exchanger->answers = answers;
    const auto list = client->Download({});
    ASSERT_THAT(list, FailsWith(Reason::kTrustListNotAvailable));
    EXPECT_EQ(list.error().detail.find("geheim"), std::string::npos);
    EXPECT_EQ(list.error().detail.find("\"tok"), std::string::npos);
  }
  EXPECT_THAT(StiPaTrustListClient::Make({"http://pa.example", "u", "p"}, exchanger),
              FailsWith(Reason::kConfigInvalid));
}

}  // namespace
}  // namespace callvet::test
