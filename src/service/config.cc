// SPDX-License-Identifier: MIT
#include "service/config.h"

#include <utility>

#include "api/config_paths.h"
#include "api/evidence_config.h"
#include "api/object_reader.h"
#include "api/verifier_config.h"
#include "base/file.h"
#include "base/text.h"
#include "syntax/uri.h"

namespace callvet::service {
namespace {

using std::filesystem::path;

constexpr size_t kMaxConfigBytes = size_t{1024} * 1024;

class ConfigReader {
 public:
  ConfigReader(const JsonValue& json, path directory)
      : root_(json, "", Reason::kConfigInvalid),
        json_(json),
        directory_(std::move(directory)),
        paths_(directory_) {}

  Result<ServiceConfig> Read() {
    ReadListen();
    paths_.Read(root_, "policy", config_.policy);
    root_.Section("tls", [&](ObjectReader& reader) { ReadTls(reader); });
    root_.Section("access", [&](ObjectReader& reader) { ReadAccess(reader); });
    ReadVerifierSections(root_, directory_, config_.verifier, config_.deadline);
    root_.Section("signing", [&](ObjectReader& reader) { ReadSigning(reader); });
    root_.Section("evidence", [&](ObjectReader& reader) {
      config_.evidence = ReadEvidenceSection(reader, directory_);
    });
    root_.Section("pools", [&](ObjectReader& reader) {
      config_.pools = ReadPoolSection(reader, directory_);
    });
    root_.Section("limits", [&](ObjectReader& reader) { ReadLimits(reader); });
    root_.Section("log", [&](ObjectReader& reader) { ReadLog(reader); });
    if (auto ok = root_.Finish(); !ok) return ok.error();
    for (const std::string_view name : {"trust", "certificates", "verification"}) {
      if (const JsonValue* value = json_.Find(name)) config_.verifier_text += WriteJson(*value);
      config_.verifier_text += '\n';
    }
    config_.verifier_text += std::to_string(config_.waiting_for_certificates);
    for (const char* name : {"log", "evidence", "pools"}) {
      const JsonValue* value = json_.Find(name);
      config_.lasting_texts[name] = value != nullptr ? WriteJson(*value) : "";
    }
    return std::move(config_);
  }

 private:
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
    paths_.Read(reader, "certificate", config_.tls->certificate);
    paths_.Read(reader, "key", config_.tls->key);
    paths_.Read(reader, "client_ca", config_.tls->client_ca);
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
      for (const AccessToken& other : config_.tokens) {
        if (other.sha256 == token->sha256) {
          return reader.Refuse("tokens", Quote(other.name) + " and " + Quote(token->name) +
                                             " have the same sha256: one token, one entry");
        }
        if (other.name == token->name) {  // nobody could say which of them read what
          return reader.Refuse("tokens", "two have the name " + Quote(token->name));
        }
      }
      config_.tokens.push_back(std::move(*token));
    }
  }

  void ReadSigning(ObjectReader& reader) {
    paths_.Read(reader, "key", config_.signing_key);
    reader.Text("x5u", config_.signing_x5u);
    if (config_.signing_key.empty()) reader.Refuse("key", "is missing");
    if (config_.signing_x5u.empty()) return reader.Refuse("x5u", "is missing");
    // The signer refuses what no verifier would fetch: better now than at every request.
    if (auto url = ParseX5u(config_.signing_x5u); !url) {
      reader.Refuse("x5u", url.error().detail);
    }
  }

  void ReadLimits(ObjectReader& reader) {
    ConnectionLimits& limits = config_.connections;
    reader.Number("head_bytes", {512, int64_t{1024} * 1024}, limits.framing.head_bytes);
    reader.Number("headers", {1, 10'000}, limits.framing.headers);
    reader.Number("body_bytes", {1024, int64_t{64} * 1024 * 1024}, limits.framing.body_bytes);
    reader.Number("connections", {1, 1'000'000}, limits.connections);
    reader.Number("requests_per_connection", {1, INT64_MAX}, limits.requests_per_connection);
    reader.Number("queued_requests", {1, 1'000'000}, limits.queued_requests);
    reader.Number("buffered_bytes", {int64_t{1024} * 1024, INT64_MAX}, limits.buffered_bytes);
    reader.Number("batches", {0, 1000}, limits.streams);
    reader.Number("workers", {1, 1000}, limits.workers);
    reader.Number("waiting_for_certificates", {0, 1000}, config_.waiting_for_certificates);
    reader.Number("requests_per_second_per_client", {0, 10'000'000}, config_.rate.per_second);
    reader.Number("burst_per_client", {0, 10'000'000}, config_.rate.burst);
    reader.Milliseconds("request_ms", {100, 600'000}, limits.request_time);
    reader.Milliseconds("idle_ms", {100, 3'600'000}, limits.idle_time);
    reader.Milliseconds("write_ms", {100, 600'000}, limits.write_time);
    reader.Milliseconds("drain_ms", {0, 600'000}, config_.drain_time);
  }

  void ReadLog(ObjectReader& reader) {
    std::string numbers = "masked";
    reader.Text("target", config_.log.target);
    reader.Text("numbers", numbers);
    if (config_.log.IsFile()) {
      config_.log.target = paths_.Resolve(config_.log.target).string();
    }
    if (numbers == "full") config_.log.numbers = LogNumbers::kFull;
    if (numbers != "full" && numbers != "masked") reader.Refuse("numbers", "not masked or full");
  }

  ObjectReader root_;
  const JsonValue& json_;
  path directory_;
  ConfigPaths paths_;
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
  const auto document = ReadJsonWithComments(text, {.max_bytes = kMaxConfigBytes});
  if (!document) return Fail(Reason::kConfigInvalid, document.error().detail);
  auto config = ConfigReader(document->root, directory).Read();
  if (!config) return config;
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

std::vector<std::string> NeedRestart(const ServiceConfig& started, const ServiceConfig& next) {
  std::vector<std::string> names;
  if (next.listen != started.listen) names.emplace_back("listen");
  if (next.tls.has_value() != started.tls.has_value()) names.emplace_back("tls on or off");
  if (next.connections != started.connections || next.drain_time != started.drain_time ||
      next.waiting_for_certificates != started.waiting_for_certificates) {
    names.emplace_back("limits of connections");
  }
  for (const auto& [name, text] : next.lasting_texts) {
    const auto before = started.lasting_texts.find(name);
    if (before == started.lasting_texts.end() || before->second != text) names.push_back(name);
  }
  return names;
}

std::vector<std::string> InsecureSettings(const ServiceConfig& config) {
  std::vector<std::string> settings;
  if (config.insecure_plain_http && !config.tls) {
    settings.emplace_back("insecure_plain_http: tokens and numbers travel in the clear");
  }
  for (std::string& setting : InsecureVerifierSettings(config.verifier)) {
    settings.push_back(std::move(setting));
  }
  return settings;
}

}  // namespace callvet::service
