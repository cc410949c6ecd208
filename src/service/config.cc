// SPDX-License-Identifier: MIT
#include "service/config.h"

#include <utility>

#include "api/object_reader.h"
#include "base/file.h"
#include "base/text.h"

namespace callvet::service {
namespace {

using std::filesystem::path;

constexpr size_t kMaxConfigBytes = size_t{1024} * 1024;

// The same text with comments as blanks, so that places in failures stay right.
std::string WithoutComments(std::string_view text) {
  std::string clean(text);
  enum class In { kText, kString, kLine, kBlock } in = In::kText;
  for (size_t i = 0; i < clean.size(); ++i) {
    const char c = clean[i];
    const char next = i + 1 < clean.size() ? clean[i + 1] : '\0';
    if (in == In::kString) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in = In::kText;
      }
      continue;
    }
    if (in == In::kText) {
      if (c == '"') in = In::kString;
      if (c == '/' && next == '/') in = In::kLine;
      if (c == '/' && next == '*') in = In::kBlock;
      if (in != In::kLine && in != In::kBlock) continue;
      clean[i] = clean[i + 1] = ' ';
      ++i;
      continue;
    }
    if (in == In::kLine && c == '\n') {
      in = In::kText;
    } else if (in == In::kBlock && c == '*' && next == '/') {
      clean[i] = clean[i + 1] = ' ';
      ++i;
      in = In::kText;
    } else if (c != '\n') {
      clean[i] = ' ';
    }
  }
  return clean;
}

class ConfigReader {
 public:
  ConfigReader(const JsonValue& json, path directory)
      : root_(json, "", Reason::kConfigInvalid), json_(json), directory_(std::move(directory)) {}

  Result<ServiceConfig> Read() {
    ReadListen();
    Path(root_, "policy", config_.policy);
    Section("tls", [&](ObjectReader& reader) { ReadTls(reader); });
    Section("access", [&](ObjectReader& reader) { ReadAccess(reader); });
    Section("trust", [&](ObjectReader& reader) { ReadTrust(reader); });
    Section("certificates", [&](ObjectReader& reader) { ReadCertificates(reader); });
    Section("verification", [&](ObjectReader& reader) { ReadVerification(reader); });
    Section("signing", [&](ObjectReader& reader) { ReadSigning(reader); });
    Section("evidence", [&](ObjectReader& reader) { ReadEvidence(reader); });
    Section("limits", [&](ObjectReader& reader) { ReadLimits(reader); });
    Section("log", [&](ObjectReader& reader) { ReadLog(reader); });
    if (auto ok = root_.Finish(); !ok) return ok.error();
    for (const std::string_view name : {"trust", "certificates", "verification"}) {
      if (const JsonValue* value = json_.Find(name)) config_.verifier_text += WriteJson(*value);
      config_.verifier_text += '\n';
    }
    config_.verifier_text += std::to_string(config_.waiting_for_certificates);
    return std::move(config_);
  }

 private:
  template <class Function>
  void Section(std::string_view name, Function read) {
    auto reader = root_.Object(name);
    if (!reader) return;
    read(*reader);
    if (auto ok = reader->Finish(); !ok) root_.Adopt(*reader);
  }

  [[nodiscard]] path Resolve(const std::string& text) const {
    return text.empty() || path(text).is_absolute() ? path(text) : directory_ / text;
  }
  void Path(ObjectReader& reader, std::string_view name, path& target) const {
    std::optional<std::string> text;
    reader.Text(name, text);
    if (text) target = Resolve(*text);
  }
  void Path(ObjectReader& reader, std::string_view name, std::optional<path>& target) const {
    std::optional<std::string> text;
    reader.Text(name, text);
    if (text) target = Resolve(*text);
  }
  void Paths(ObjectReader& reader, std::string_view name, std::vector<path>& target) const {
    std::vector<std::string> texts;
    reader.Texts(name, texts);
    for (const std::string& text : texts) target.push_back(Resolve(text));
  }
  static void Milliseconds(ObjectReader& reader, std::string_view name, ObjectReader::Range range,
                           std::chrono::milliseconds& target) {
    int64_t count = target.count();
    reader.Number(name, range, count);
    target = std::chrono::milliseconds(count);
  }

  void ReadListen() {
    std::vector<std::string> listen;
    root_.Texts("listen", listen);
    root_.Flag("insecure_plain_http", config_.insecure_plain_http);
    if (listen.empty()) return;
    config_.listen.clear();
    for (const std::string& text : listen) {
      const auto address = ListenAddress::Parse(text);
      if (!address) return root_.Refuse("listen", address.error().detail);
      config_.listen.push_back(*address);
    }
  }

  void ReadTls(ObjectReader& reader) {
    config_.tls.emplace();
    Path(reader, "certificate", config_.tls->certificate);
    Path(reader, "key", config_.tls->key);
    Path(reader, "client_ca", config_.tls->client_ca);
    if (config_.tls->certificate.empty()) reader.Refuse("certificate", "is missing");
    if (config_.tls->key.empty()) reader.Refuse("key", "is missing");
  }

  void ReadAccess(ObjectReader& reader) {
    reader.Flag("verify_without_token", config_.verify_without_token);
    const JsonValue* tokens = reader.Value("tokens");
    if (tokens == nullptr) return;
    if (tokens->AsArray() == nullptr) return reader.Refuse("tokens", "is no array");
    for (const JsonValue& element : *tokens->AsArray()) {
      ObjectReader entry(element, "access.tokens", Reason::kConfigInvalid);
      std::string name;
      std::string sha256;
      std::vector<std::string> scopes;
      entry.Text("name", name);
      entry.Text("sha256", sha256);
      entry.Texts("scopes", scopes);
      if (!entry.Finish()) return reader.Adopt(entry);
      auto token = AccessToken::Make(std::move(name), sha256, scopes);
      if (!token) return reader.Refuse("tokens", token.error().detail);
      config_.tokens.push_back(std::move(*token));
    }
  }

  void ReadTrust(ObjectReader& reader) {
    TrustSetup& trust = config_.verifier.trust;
    Paths(reader, "anchors", trust.anchors);
    Paths(reader, "crls", trust.crls);
    Paths(reader, "crl_anchors", trust.crl_anchors);
    reader.Texts("crl_urls", trust.crl_urls);
    Paths(reader, "trust_list_roots", trust.trust_list_roots);
    Path(reader, "trust_list_chain", trust.trust_list_chain);
    Path(reader, "sti_pa_account", trust.sti_pa_account);
    Path(reader, "state_dir", trust.state_dir);
    std::optional<std::string> list;
    reader.Text("trust_list", list);
    if (list) trust.trust_list = IsUrl(*list) ? *list : Resolve(*list).string();
    bool flag = false;
    reader.Flag("require_crl", flag);
    if (flag) trust.revocation_policy = RevocationPolicy::kRequired;
    flag = true;
    reader.Flag("crls_of_certificates", flag);
    if (!flag) trust.crl_downloads = CrlDownloads::kConfiguredOnly;
    int64_t grace = 0;
    reader.Number("crl_grace_seconds", {0, 30 * 86400}, grace);
    trust.crl_grace = std::chrono::seconds(grace);
  }

  static bool IsUrl(const std::string& text) {
    return text.rfind("https://", 0) == 0 || text.rfind("http://", 0) == 0;
  }

  void ReadCertificates(ObjectReader& reader) {
    DownloadSetup downloads;
    Paths(reader, "files", config_.verifier.certificates);
    Path(reader, "cache_dir", downloads.cache_directory);
    path ca_file;
    Path(reader, "ca_file", ca_file);
    downloads.fetcher.ca_file = ca_file.string();
    reader.Text("proxy", downloads.fetcher.proxy);
    reader.Texts("allow_hosts", downloads.allow_hosts);
    reader.Texts("deny_hosts", downloads.deny_hosts);
    bool flag = false;
    reader.Flag("offline", flag);
    if (flag) downloads.repository.downloads = DownloadPolicy::kOffline;
    flag = false;
    reader.Flag("insecure_allow_http", flag);
    if (flag) config_.verifier.options.http_x5u = VerifierOptions::HttpX5u::kInsecureAllow;
    flag = false;
    reader.Flag("insecure_allow_private_addresses", flag);
    if (flag) downloads.fetcher.private_addresses = PrivateAddresses::kInsecureAllow;
    if (const JsonValue* ports = reader.Value("insecure_allow_ports")) ReadPorts(*ports, reader);
    config_.verifier.downloads = std::move(downloads);
  }

  void ReadPorts(const JsonValue& ports, ObjectReader& reader) {
    if (ports.AsArray() == nullptr) return reader.Refuse("insecure_allow_ports", "is no array");
    for (const JsonValue& element : *ports.AsArray()) {
      int64_t port = 0;
      if (!element.GetInt(port) || port < 1 || port > UINT16_MAX) {
        return reader.Refuse("insecure_allow_ports", "has something that is no port");
      }
      config_.verifier.options.x5u_ports.push_back(static_cast<uint16_t>(port));
    }
  }

  void ReadVerification(ObjectReader& reader) {
    VerifierOptions& options = config_.verifier.options;
    int64_t max_age = options.max_age.count();
    reader.Number("max_age_seconds", {1, 86400}, max_age);
    options.max_age = std::chrono::seconds(max_age);
    Milliseconds(reader, "deadline_ms", {10, 60'000}, config_.deadline);
    std::string country;
    reader.Text("country", country);
    if (!country.empty()) {
      options.dial_plan = FindDialPlan(country);
      if (options.dial_plan == nullptr) reader.Refuse("country", Quote(country) + " is not known");
    }
    bool flag = false;
    reader.Flag("any_origid", flag);
    if (flag) options.origid_policy = OrigidPolicy::kAnyString;
    flag = false;
    reader.Flag("ignore_date", flag);
    if (flag) options.date_policy = DatePolicy::kIgnore;
  }

  void ReadSigning(ObjectReader& reader) {
    Path(reader, "key", config_.signing_key);
    reader.Text("x5u", config_.signing_x5u);
    if (config_.signing_key.empty()) reader.Refuse("key", "is missing");
    if (config_.signing_x5u.empty()) reader.Refuse("x5u", "is missing");
  }

  void ReadEvidence(ObjectReader& reader) {
    EvidenceConfig& evidence = config_.evidence.emplace();
    EvidenceWriterOptions& writer = evidence.writer;
    evidence.setup.open = EvidenceSetup::Open::kCreate;
    std::string& store = evidence.setup.store;
    reader.Text("store", store);
    if (store.empty()) reader.Refuse("store", "is missing");
    if (store.find("://") == std::string::npos) store = Resolve(store).string();
    Path(reader, "checkpoint_key", evidence.setup.checkpoint_key);
    Path(reader, "number_key", evidence.setup.number_key);
    path spill;
    Path(reader, "spill_dir", spill);
    writer.spill_directory = spill.string();
    reader.Number("spill_bytes", {1024 * 1024, INT64_MAX}, writer.max_spill_bytes);
    reader.Number("queued_records", {100, 10'000'000}, writer.max_queue);
    reader.Number("commit_records", {1, 100'000}, writer.max_batch);
    Milliseconds(reader, "commit_ms", {0, 10'000}, writer.commit_interval);
    Milliseconds(reader, "retry_ms", {10, 600'000}, writer.retry);
    reader.Number("retention_days", {0, 36'500}, evidence.retention_days);
    std::string full = "refuse-calls";
    reader.Text("when_full", full);
    if (full == "count") writer.loss = EvidenceLoss::kCount;
    if (full != "count" && full != "refuse-calls") {
      reader.Refuse("when_full", "not refuse-calls or count");
    }
  }

  void ReadLimits(ObjectReader& reader) {
    ConnectionLimits& limits = config_.connections;
    reader.Number("head_bytes", {512, 1024 * 1024}, limits.framing.head_bytes);
    reader.Number("headers", {1, 10'000}, limits.framing.headers);
    reader.Number("body_bytes", {1024, 64 * 1024 * 1024}, limits.framing.body_bytes);
    reader.Number("connections", {1, 1'000'000}, limits.connections);
    reader.Number("requests_per_connection", {1, INT64_MAX}, limits.requests_per_connection);
    reader.Number("queued_requests", {1, 1'000'000}, limits.queued_requests);
    reader.Number("buffered_bytes", {1024 * 1024, INT64_MAX}, limits.buffered_bytes);
    reader.Number("batches", {0, 1000}, limits.streams);
    reader.Number("workers", {1, 1000}, limits.workers);
    reader.Number("waiting_for_certificates", {0, 1000}, config_.waiting_for_certificates);
    reader.Number("requests_per_second_per_client", {0, 10'000'000}, config_.rate.per_second);
    reader.Number("burst_per_client", {0, 10'000'000}, config_.rate.burst);
    Milliseconds(reader, "request_ms", {100, 600'000}, limits.request_time);
    Milliseconds(reader, "idle_ms", {100, 3'600'000}, limits.idle_time);
    Milliseconds(reader, "write_ms", {100, 600'000}, limits.write_time);
    Milliseconds(reader, "drain_ms", {0, 600'000}, config_.drain_time);
  }

  void ReadLog(ObjectReader& reader) {
    std::string numbers = "masked";
    reader.Text("target", config_.log.target);
    reader.Text("numbers", numbers);
    const std::string& target = config_.log.target;
    if (target != "off" && target != "stdout" && target != "stderr") {
      config_.log.target = Resolve(target).string();
    }
    if (numbers == "full") config_.log.numbers = LogNumbers::kFull;
    if (numbers != "full" && numbers != "masked") reader.Refuse("numbers", "not masked or full");
  }

  ObjectReader root_;
  const JsonValue& json_;
  path directory_;
  ServiceConfig config_;
};

}  // namespace

Result<void> CheckConfig(const ServiceConfig& config) {
  for (const ListenAddress& address : config.listen) {
    if (address.IsLoopback() || config.tls || config.insecure_plain_http) continue;
    return Fail(Reason::kConfigInvalid,
                "listen: " + address.host +
                    " is not loopback: this needs tls, or insecure_plain_http set to true");
  }
  return {};
}

Result<ServiceConfig> ParseConfig(std::string_view text, const path& directory) {
  const std::string clean = WithoutComments(text);
  const auto json = ReadJson(clean, {.max_bytes = kMaxConfigBytes});
  if (!json) return Fail(Reason::kConfigInvalid, json.error().detail);
  auto config = ConfigReader(*json, directory).Read();
  if (!config) return config;
  if (!config->verifier.downloads) config->verifier.downloads.emplace();
  if (auto ok = CheckConfig(*config); !ok) return ok.error();
  return config;
}

Result<ServiceConfig> ReadConfig(const path& file) {
  const auto text = ReadFile(file, kMaxConfigBytes);
  if (!text) return text.error();
  auto config = ParseConfig(*text, std::filesystem::absolute(file).parent_path());
  if (!config) return Fail(config.error().reason, file.string() + ": " + config.error().detail);
  return config;
}

std::vector<std::string> InsecureSettings(const ServiceConfig& config) {
  std::vector<std::string> settings;
  if (config.insecure_plain_http && !config.tls) {
    settings.emplace_back("insecure_plain_http: tokens and numbers travel in the clear");
  }
  if (config.verifier.options.http_x5u == VerifierOptions::HttpX5u::kInsecureAllow) {
    settings.emplace_back("insecure_allow_http: certificates are accepted without TLS");
  }
  if (config.verifier.downloads &&
      config.verifier.downloads->fetcher.private_addresses == PrivateAddresses::kInsecureAllow) {
    settings.emplace_back("insecure_allow_private_addresses: callers can reach this network");
  }
  if (config.verifier.options.x5u_ports.size() > VerifierOptions().x5u_ports.size()) {
    settings.emplace_back("insecure_allow_ports: callers can reach other services than HTTPS");
  }
  return settings;
}

}  // namespace callvet::service
