// SPDX-License-Identifier: MIT
#pragma once

#include <unistd.h>

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/base64url.h"
#include "base/file.h"
#include "base/json.h"
#include "repository/fetcher.h"
#include "repository/trust_list_client.h"
#include "support/result_matchers.h"
#include "support/test_pki.h"

namespace callvet::test {

/// Documents by URL instead of a network.
class FakeFetcher final : public Fetcher {
 public:
  [[nodiscard]] Result<FetchedDocument> Fetch(std::string_view url,
                                              const Deadline& /*deadline*/) const override {
    const std::lock_guard lock(mutex_);
    ++fetches_;
    const auto found = bodies_.find(std::string(url));
    if (found == bodies_.end()) return Fail(Reason::kFetchHttpStatus, "404");
    FetchedDocument document;
    document.body = found->second;
    return document;
  }
  void Set(const std::string& url, std::string body) {
    const std::lock_guard lock(mutex_);
    bodies_[url] = std::move(body);
  }
  void Remove(const std::string& url) {
    const std::lock_guard lock(mutex_);
    bodies_.erase(url);
  }
  [[nodiscard]] int fetches() const {
    const std::lock_guard lock(mutex_);
    return fetches_;
  }

 private:
  mutable std::mutex mutex_;
  mutable int fetches_ = 0;
  std::map<std::string, std::string> bodies_;
};

/// A directory that goes away with the test.
class ScratchDir {
 public:
  ScratchDir() {
    std::string name = (std::filesystem::temp_directory_path() / "callvet.XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ScratchDir(const ScratchDir&) = delete;
  ScratchDir& operator=(const ScratchDir&) = delete;
  ~ScratchDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// Writes `bytes` to `name` and gives its path.
  std::filesystem::path Put(const std::string& name, std::string_view bytes) const {
    EXPECT_THAT(WriteFile(path_ / name, bytes, FileMode::kPublic), Succeeds());
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

inline constexpr const char* kListX5u = "https://pa.example/list-signer.pem";

/// A STI-PA that signs lists, and a carrier's hierarchy whose root may be on them.
struct TestPa {
  TestCert root = IssueRoot("/C=US/O=STI-PA/CN=STI-PA Root");
  TestCert signer = Issue(LeafSpec("/C=US/O=STI-PA/CN=List signer"), root);
  Hierarchy carrier = MakeHierarchy();

  struct List {
    int64_t sequence = 1;
    sys_seconds expires = kNow + days(30);
    std::vector<std::string> entries = {};  // empty: the carrier's root
    std::string header =
        R"({"alg":"ES256","typ":"JWT","x5u":"https://pa.example/list-signer.pem"})";
    std::string payload = {};  // not empty: instead of all that
  };
  [[nodiscard]] std::string Payload(const List& list) const {
    if (!list.payload.empty()) return list.payload;
    JsonArray entries;
    for (const std::string& pem : list.entries) entries.emplace_back(pem);
    if (entries.empty()) entries.emplace_back(carrier.root.pem);
    return WriteJson(JsonMembers{{"version", "1.0"},
                                 {"sequence", list.sequence},
                                 {"exp", int64_t{list.expires.time_since_epoch().count()}},
                                 {"trustList", std::move(entries)}});
  }
  /// The three parts in base64url.
  struct Parts {
    std::string header, payload, signature;
  };
  [[nodiscard]] Parts Sign(const List& list) const {
    Parts parts{EncodeBase64Url(list.header), EncodeBase64Url(Payload(list)), ""};
    parts.signature = EncodeBase64Url(signer.key.SignEs256(parts.header + "." + parts.payload));
    return parts;
  }
  [[nodiscard]] std::string Compact(const List& list) const {
    const Parts parts = Sign(list);
    return parts.header + "." + parts.payload + "." + parts.signature;
  }
};

}  // namespace callvet::test
