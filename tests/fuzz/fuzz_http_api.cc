// SPDX-License-Identifier: MIT
#include <array>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "api/evidence_desk.h"
#include "api/pool_config.h"
#include "base/file.h"
#include "base/json.h"
#include "lab.h"
#include "pki/sha256.h"
#include "service/application.h"
#include "syntax/sip_date.h"

using namespace callvet;  // NOLINT(google-build-using-namespace): a program of one function
using namespace callvet::service;  // NOLINT(google-build-using-namespace)

namespace {

template <class T>
T Must(Result<T> value) {
  if (!value) std::fprintf(stderr, "%s\n", value.error().detail.c_str());
  fuzz::Require(value.has_value(), "the service of the lab can be made");
  return std::move(*value);
}

// The service without its sockets and threads: what stands behind every request that was read.
class Desk {
 public:
  Desk() : folder_(fuzz::ScratchFolder()) {
    EvidenceConfig evidence;
    evidence.setup.store = (folder_ / "evidence.db").string();
    evidence.setup.open = EvidenceSetup::Open::kCreate;
    evidence.writer.max_queue = 64;  // nobody takes from it
    evidence.writer.loss = EvidenceLoss::kCount;
    desk_ = Must(EvidenceDesk::Make(evidence));
    pools_ = Must(MakeCallerPools(PoolConfig{}));
    const LoadedPolicy policy =
        LoadPolicy(std::string(CALLVET_SOURCE_DIR) + "/tools/policy/intercept.json");
    fuzz::Require(policy.policy != nullptr, "the policy of the lab can be read");
    ApplicationState state;
    state.core = Core();
    state.signer = std::make_shared<const CallSigner>(
        CallSigner{fuzz::LabKey("carrier"), "https://cert.example.org/carrier.pem"});
    state.policy = policy.policy;
    state.recorder = CallRecorder{&desk_->writer(), "", policy.policy};
    state.pools = PoolCounter{pools_, policy.policy};
    state.tokens = AccessTokens(
        {Must(AccessToken::Make("lab", Sha256Hex("lab"),
                                {"verify", "sign", "read-evidence", "admin", "file-complaints"}))});
    state.deadline = std::chrono::hours(1);
    state.rate = std::make_shared<RateLimiter>(RateLimiter::Limits{});
    LogSetup log;
    log.target = "off";
    application_ = std::make_unique<Application>(
        std::make_shared<FixedClock>(fuzz::kNow), std::make_shared<Traffic>(),
        Must(AccessLog::Make(log)),
        ApplicationHooks{[] { return std::vector<std::string>{"nothing changed"}; },
                         [] { return ConnectionStatistics{}; }, [] { return false; }});
    application_->ServeEvidence(desk_, 4);
    application_->Replace(std::make_shared<const ApplicationState>(std::move(state)));
  }
  Desk(const Desk&) = delete;
  Desk& operator=(const Desk&) = delete;
  ~Desk() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  Application& application() { return *application_; }

 private:
  [[nodiscard]] std::shared_ptr<VerificationCore> Core() const {
    CoreSetup setup;
    const std::string lab = std::string(CALLVET_FUZZ_FOLDER) + "/lab/";
    setup.verifier.trust.anchors = {lab + "root.pem"};
    for (const std::string name : {"carrier", "numbers", "bound", "stranger"}) {
      setup.verifier.url_certificates.push_back(
          {"https://cert.example.org/" + name + ".pem", lab + name + ".pem"});
    }
    setup.verifier.clock = std::make_shared<FixedClock>(fuzz::kNow);
    return Must(VerificationCore::Make(setup));
  }

  std::filesystem::path folder_;
  std::shared_ptr<EvidenceDesk> desk_;
  std::shared_ptr<CallerPools> pools_;
  std::unique_ptr<Application> application_;
};

class Lines final : public LineSource {
 public:
  explicit Lines(std::string_view text) : text_(text) {}
  Result<std::optional<std::string>> Next() override {
    if (text_.empty()) return std::optional<std::string>();
    const size_t end = std::min(text_.find('\n'), text_.size());
    const std::string line(text_.substr(0, end));
    text_ = text_.substr(std::min(end + 1, text_.size()));
    return std::optional<std::string>(line);
  }
  [[nodiscard]] bool HasLine() const override { return !text_.empty(); }

 private:
  std::string_view text_;
};

// "METHOD PATH?QUERY", an empty line, the body.
HttpRequest ReadRequest(std::string_view text) {
  const size_t end = std::min(text.find("\n\n"), text.size());
  std::string_view line = text.substr(0, end);
  HttpRequest request;
  request.body = std::string(text.substr(std::min(end + 2, text.size())));
  const size_t space = std::min(line.find(' '), line.size());
  request.method = std::string(line.substr(0, space));
  line = line.substr(std::min(space + 1, line.size()));
  const size_t mark = std::min(line.find('?'), line.size());
  request.path = std::string(line.substr(0, mark));
  request.query = std::string(line.substr(std::min(mark + 1, line.size())));
  request.client = "192.0.2.1";
  request.headers = {{"authorization", "Bearer lab"},
                     {"content-type", "application/json"},
                     {"content-length", std::to_string(request.body.size())}};
  return request;
}

// The strings at `name`, one or an array of them.
void AddTexts(const JsonValue& object, std::string_view name, std::vector<std::string>& texts) {
  const JsonValue* value = object.Find(name);
  if (value == nullptr) return;
  if (const std::string* text = value->AsString()) texts.push_back(*text);
  if (value->AsArray() == nullptr) return;
  for (const JsonValue& one : *value->AsArray()) {
    if (const std::string* text = one.AsString()) texts.push_back(*text);
  }
}

void AddParties(const JsonValue& object, std::string_view name, std::vector<std::string>& parties) {
  const JsonValue* value = object.Find(name);
  if (value == nullptr) return;
  AddTexts(*value, "tn", parties);
  AddTexts(*value, "uri", parties);
}

// The call that a verification request asks about, as far as VouchedFor looks at it.
CallRequest AskedOf(std::string_view body) {
  const auto json = ReadJson(body, {.max_bytes = body.size()});
  const JsonValue* asked = json ? json->Find("verificationRequest") : nullptr;
  fuzz::Require(asked != nullptr, "what passes was asked");
  CallRequest call;
  for (const std::string_view name : {"identity", "identityHeader", "identityHeaders"}) {
    AddTexts(*asked, name, call.identities);
  }
  AddParties(*asked, "from", call.orig);
  AddParties(*asked, "to", call.dest);
  AddParties(*asked, "dest", call.dest);
  int64_t time = 0;
  if (const JsonValue* member = asked->Find("time")) (void)member->GetInt(time);
  call.date = FormatSipDate(sys_seconds(std::chrono::seconds(time)));
  return call;
}

}  // namespace

// Every endpoint behind the framing (fuzz_http_framing): each request has an answer, JSON where it
// says so, never because something inside failed.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static std::unique_ptr<Desk> desk;
  static size_t used = 0;
  // What requests leave behind (complaints, accesses) shall not grow, nor make runs unlike.
  if (desk == nullptr || ++used % 2000 == 0) desk = std::make_unique<Desk>();
  const HttpRequest request = ReadRequest(fuzz::Text(data, size));
  HttpReply reply = desk->application().Answer(request);
  fuzz::Require(reply.status >= 200 && reply.status < 600 && reply.status != 500,
                "no request makes something inside fail");
  if (reply.stream) {
    Lines lines(request.body);
    reply.stream(lines, [](std::string_view line) {
      fuzz::Require(!line.empty() && line.back() == '\n' &&
                        ReadJson(line, {.max_bytes = line.size()}).has_value(),
                    "a line of JSON");
      return true;
    });
    fuzz::Reached();
    return 0;
  }
  if (reply.status == 200) fuzz::Reached();
  if (reply.content_type == "application/json" && request.method != "HEAD") {
    fuzz::Require(
        ReadJson(reply.body,
                 {.max_bytes = reply.body.size(), .max_depth = 64, .max_values = 1'000'000})
            .has_value(),
        "an answer of JSON is JSON");
  }
  for (const auto& [name, value] : reply.headers) {
    fuzz::Require((name + value).find_first_of("\r\n") == std::string::npos, "no header is split");
  }
  // An ATIS answer that says "passed" is of a call that somebody signed.
  if (reply.body.find("\"TN-Validation-Passed\"") != std::string::npos &&
      request.path == "/stir/v1/verification") {
    fuzz::Require(fuzz::VouchedFor(AskedOf(request.body)), "what passes was signed");
  }
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned seed) {
  return fuzz::MutateSigned(data, size, max_size, seed);
}
