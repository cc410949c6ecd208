// SPDX-License-Identifier: MIT
#include "api/verifier_config.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "api/config_paths.h"
#include "base/text.h"
#include "syntax/uri.h"
#include "verify/header_checks.h"

namespace callvet {
namespace {

using std::filesystem::path;

constexpr int64_t kMostTableBytes = int64_t{64} << 30;

class SectionsReader {
 public:
  SectionsReader(ObjectReader& root, const path& directory, VerifierSetup& setup,
                 std::chrono::milliseconds& deadline)
      : root_(root), paths_(directory), setup_(setup), deadline_(deadline) {}

  void Read() {
    root_.Section("trust", [&](ObjectReader& reader) { ReadTrust(reader); });
    root_.Section("certificates", [&](ObjectReader& reader) { ReadCertificates(reader); });
    root_.Section("verification", [&](ObjectReader& reader) { ReadVerification(reader); });
    CheckTrustUrls();
    if (!setup_.downloads) setup_.downloads.emplace();
  }

 private:
  void ReadTrust(ObjectReader& reader) {
    TrustSetup& trust = setup_.trust;
    paths_.Read(reader, "anchors", trust.anchors);
    paths_.Read(reader, "anchor_dir", trust.anchor_directory);
    paths_.Read(reader, "crls", trust.crls);
    paths_.Read(reader, "crl_anchors", trust.crl_anchors);
    paths_.Read(reader, "crl_signers", trust.crl_signers);
    reader.Texts("crl_urls", trust.crl_urls);
    paths_.Read(reader, "trust_list_roots", trust.trust_list_roots);
    paths_.Read(reader, "trust_list_chain", trust.trust_list_chain);
    paths_.Read(reader, "sti_pa_account", trust.sti_pa_account);
    paths_.Read(reader, "state_dir", trust.state_dir);
    std::optional<std::string> list;
    reader.Text("trust_list", list);
    if (list && (list->empty() || (LooksLikeUrl(*list) && !IsUrl(*list)))) {
      return reader.Refuse("trust_list", Quote(*list) + ": is neither an https URL nor a file");
    }
    if (list) trust.trust_list = IsUrl(*list) ? *list : paths_.Resolve(*list).string();
    bool flag = false;
    reader.Flag("require_crl", flag);
    if (flag) trust.revocation_policy = RevocationPolicy::kRequired;
    std::string revocation;
    reader.Text("revocation", revocation);
    if (!revocation.empty()) {
      const auto policy = RevocationPolicyFromText(revocation);
      if (!policy) return reader.Refuse("revocation", policy.error().detail);
      if (flag && *policy != RevocationPolicy::kRequired) {
        return reader.Refuse("revocation", "contradicts require_crl");
      }
      trust.revocation_policy = *policy;
    }
    flag = true;
    reader.Flag("crls_of_certificates", flag);
    if (!flag) trust.crl_downloads = CrlDownloads::kConfiguredOnly;
    int64_t grace = 0;
    reader.Number("crl_grace_seconds", {0, int64_t{30} * 86400}, grace);
    trust.crl_grace = std::chrono::seconds(grace);
  }

  // Anything that begins like a URL is one: "http:/x" is no file.
  static bool LooksLikeUrl(std::string_view text) {
    const size_t colon = text.find(":/");
    return colon != std::string_view::npos && colon > 0 &&
           std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(colon), IsAlpha);
  }

  // Once the sections are read: which schemes and ports are allowed is said with certificates.
  void CheckTrustUrls() {
    for (const std::string& url : setup_.trust.crl_urls) CheckUrl("trust.crl_urls", url);
    if (IsUrl(setup_.trust.trust_list.value_or(""))) {
      CheckUrl("trust.trust_list", *setup_.trust.trust_list);
    }
  }

  void CheckUrl(std::string_view name, const std::string& url) {
    const auto parsed = ParseDocumentUrl(url, X5uRulesOf(setup_.options));
    if (!parsed) root_.Refuse(name, parsed.error().detail);
  }

  void ReadCertificates(ObjectReader& reader) {
    DownloadSetup downloads;
    paths_.Read(reader, "files", setup_.certificates);
    paths_.Read(reader, "cache_dir", downloads.cache_directory);
    path ca_file;
    paths_.Read(reader, "ca_file", ca_file);
    downloads.fetcher.ca_file = ca_file.string();
    reader.Text("proxy", downloads.fetcher.proxy);
    reader.Texts("allow_hosts", downloads.allow_hosts);
    reader.Texts("deny_hosts", downloads.deny_hosts);
    auto most = static_cast<int64_t>(downloads.repository.memory.max_entries);
    reader.Number("max_cached", {1, 1'000'000}, most);
    downloads.repository.memory.max_entries = static_cast<size_t>(most);
    size_t& chains = setup_.options.max_cached_chains;
    chains = std::min(chains, static_cast<size_t>(most));
    FetchGateOptions& gate = downloads.repository.gate;
    auto per_host = static_cast<int64_t>(gate.max_under_way_per_host);
    reader.Number("max_downloads_per_host", {1, 1000}, per_host);
    gate.max_under_way_per_host = static_cast<size_t>(per_host);
    gate.max_under_way = std::max(gate.max_under_way, 2 * gate.max_under_way_per_host);
    bool flag = false;
    reader.Flag("offline", flag);
    if (flag) downloads.repository.downloads = DownloadPolicy::kOffline;
    flag = false;
    reader.Flag("insecure_allow_http", flag);
    if (flag) setup_.options.http_x5u = VerifierOptions::HttpX5u::kInsecureAllow;
    flag = false;
    reader.Flag("insecure_allow_private_addresses", flag);
    if (flag) downloads.fetcher.private_addresses = PrivateAddresses::kInsecureAllow;
    if (const JsonValue* ports = reader.Value("insecure_allow_ports")) ReadPorts(*ports, reader);
    setup_.downloads = std::move(downloads);
  }

  void ReadPorts(const JsonValue& ports, ObjectReader& reader) {
    if (ports.AsArray() == nullptr) return reader.Refuse("insecure_allow_ports", "is no array");
    for (const JsonValue& element : *ports.AsArray()) {
      int64_t port = 0;
      if (!element.GetInt(port) || port < 1 || port > UINT16_MAX) {
        return reader.Refuse("insecure_allow_ports", "has something that is no port");
      }
      setup_.options.x5u_ports.push_back(static_cast<uint16_t>(port));
    }
  }

  void ReadVerification(ObjectReader& reader) {
    VerifierOptions& options = setup_.options;
    int64_t max_age = options.max_age.count();
    reader.Number("max_age_seconds", {1, 86400}, max_age);
    options.max_age = std::chrono::seconds(max_age);
    reader.Milliseconds("deadline_ms", {10, 60'000}, deadline_);
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
    flag = false;
    reader.Flag("ignore_request_uri", flag);
    if (flag) options.target_policy = TargetPolicy::kToOnly;
    ReadEngine(reader);
  }

  void ReadEngine(ObjectReader& reader) {
    Es256EngineOptions& engine = setup_.engine;
    std::string name;
    reader.Text("engine", name);
    const auto kind = Es256KindFromText(name.empty() ? "auto" : name);
    if (!kind) return reader.Refuse("engine", Quote(name) + " is not known");
    if (!IsSupported(*kind)) {
      return reader.Refuse("engine", "this processor cannot run " + Quote(name));
    }
    engine.kind = *kind;
    reader.Number("table_bytes", {0, kMostTableBytes}, engine.table_bytes);
    if (engine.table_bytes > 0 && engine.table_bytes < OneTableBytes(engine)) {
      reader.Refuse("table_bytes", "not even one table of " +
                                       std::to_string(OneTableBytes(engine)) +
                                       " bytes: 0 does without");
    }
    reader.Number("cross_check_every", {0, UINT32_MAX}, engine.cross_check_every);
  }

  ObjectReader& root_;
  const ConfigPaths paths_;
  VerifierSetup& setup_;
  std::chrono::milliseconds& deadline_;
};

}  // namespace

void ReadVerifierSections(ObjectReader& root, const path& directory, VerifierSetup& setup,
                          std::chrono::milliseconds& deadline) {
  SectionsReader(root, directory, setup, deadline).Read();
}

std::vector<std::string> InsecureVerifierSettings(const VerifierSetup& setup) {
  std::vector<std::string> settings;
  if (setup.options.http_x5u == VerifierOptions::HttpX5u::kInsecureAllow) {
    settings.emplace_back("insecure_allow_http: certificates are accepted without TLS");
  }
  if (setup.downloads &&
      setup.downloads->fetcher.private_addresses == PrivateAddresses::kInsecureAllow) {
    settings.emplace_back("insecure_allow_private_addresses: callers can reach this network");
  }
  if (setup.options.x5u_ports.size() > VerifierOptions().x5u_ports.size()) {
    settings.emplace_back("insecure_allow_ports: callers can reach other services than HTTPS");
  }
  return settings;
}

}  // namespace callvet
