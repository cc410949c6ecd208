// SPDX-License-Identifier: MIT
#include "api/verifier_config.h"

#include <optional>
#include <utility>

#include "base/text.h"

namespace callvet {
namespace {

using std::filesystem::path;

class SectionsReader {
 public:
  SectionsReader(ObjectReader& root, const path& directory, VerifierSetup& setup,
                 std::chrono::milliseconds& deadline)
      : root_(root), directory_(directory), setup_(setup), deadline_(deadline) {}

  void Read() {
    Section("trust", [&](ObjectReader& reader) { ReadTrust(reader); });
    Section("certificates", [&](ObjectReader& reader) { ReadCertificates(reader); });
    Section("verification", [&](ObjectReader& reader) { ReadVerification(reader); });
    if (!setup_.downloads) setup_.downloads.emplace();
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

  void ReadTrust(ObjectReader& reader) {
    TrustSetup& trust = setup_.trust;
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
    reader.Number("crl_grace_seconds", {0, 30 * 86400}, grace);
    trust.crl_grace = std::chrono::seconds(grace);
  }

  static bool IsUrl(const std::string& text) {
    return text.rfind("https://", 0) == 0 || text.rfind("http://", 0) == 0;
  }

  void ReadCertificates(ObjectReader& reader) {
    DownloadSetup downloads;
    Paths(reader, "files", setup_.certificates);
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
    Milliseconds(reader, "deadline_ms", {10, 60'000}, deadline_);
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

  ObjectReader& root_;
  const path& directory_;
  VerifierSetup& setup_;
  std::chrono::milliseconds& deadline_;
};

}  // namespace

void ReadVerifierSections(ObjectReader& root, const path& directory, VerifierSetup& setup,
                          std::chrono::milliseconds& deadline) {
  SectionsReader(root, directory, setup, deadline).Read();
}

std::string WithoutJsonComments(std::string_view text) {
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
