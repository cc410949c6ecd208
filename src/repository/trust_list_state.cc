// SPDX-License-Identifier: MIT
#include "repository/trust_list_state.h"

#include <system_error>
#include <utility>

#include "base/base64url.h"
#include "base/file.h"
#include "base/file_descriptor.h"
#include "base/json.h"
#include "base/text.h"

namespace callvet {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFormat = "callvet-trust-list-1";
constexpr size_t kMaxStateBytes = 2 * kMaxTrustListBytes;

fs::path StatePath(const fs::path& dir) {
  return dir / "trust-list.json";
}

Failure Unusable(std::string_view why) {
  return Fail(Reason::kFileInvalid, "the kept trust list cannot be used (" + std::string(why) +
                                        "); remove the file only if a rollback is no danger");
}

// Held while the state is read, judged and written, so that of two processes the one with the older
// list cannot write last.
Result<FileDescriptor> LockDirectory(const fs::path& dir) {
  std::error_code error;
  fs::create_directories(dir, error);
  return LockFile(dir / "trust-list.lock", LockWait::kWait);
}

std::string WriteState(const TrustListDocument& document, sys_seconds accepted_at) {
  JsonArray chain;
  for (const Certificate& certificate : document.chain) {
    chain.push_back(EncodeBase64(certificate.der()));
  }
  return WriteJson(JsonMembers{{"format", kFormat},
                               {"accepted_at", accepted_at.time_since_epoch().count()},
                               {"chain", std::move(chain)},
                               {"list", document.compact}},
                   1);
}

struct KeptDocument {
  TrustListDocument document;
  sys_seconds accepted_at{};
};

Result<KeptDocument> ReadKept(std::string_view text) {
  const auto object = ReadJson(text, {.max_bytes = kMaxStateBytes, .max_depth = 4});
  if (!object) return Unusable(object.error().detail);
  const JsonValue* format = object->Find("format");
  const JsonValue* accepted_at = object->Find("accepted_at");
  const JsonValue* chain = object->Find("chain");
  const JsonValue* list = object->Find("list");
  int64_t seconds = 0;
  if (format == nullptr || format->AsString() == nullptr || *format->AsString() != kFormat ||
      accepted_at == nullptr || !accepted_at->GetInt(seconds) || chain == nullptr ||
      chain->AsArray() == nullptr || list == nullptr || list->AsString() == nullptr) {
    return Unusable("not in the form " + std::string(kFormat));
  }
  KeptDocument kept{{*list->AsString(), {}}, sys_seconds(std::chrono::seconds(seconds))};
  for (const JsonValue& entry : *chain->AsArray()) {
    const auto der = DecodeBase64(entry.AsString() == nullptr ? "?" : *entry.AsString());
    if (!der) return Unusable("a certificate that is no base64");
    auto certificate = Certificate::ParseDer(*der);
    if (!certificate) return Unusable(certificate.error().detail);
    kept.document.chain.push_back(std::move(*certificate));
  }
  return kept;
}

Result<TrustList> VerifyDocument(const TrustListDocument& document, const TrustStore& pa_roots,
                                 sys_seconds at) {
  const auto parsed = SignedTrustList::Parse(document.compact);
  if (!parsed) return parsed.error();
  return TrustList::Verify(*parsed, document.chain, pa_roots, at);
}

// C-32.
Result<Acceptance> Compare(const TrustList& list, const std::optional<AcceptedTrustList>& last,
                           sys_seconds now) {
  if (list.ExpiredAt(now)) {
    return Fail(Reason::kTrustListExpired,
                "the trust list expired at " + FormatTime(list.expires()));
  }
  if (!last || list.sequence() > last->list.sequence()) return Acceptance::kNew;
  if (list.sequence() < last->list.sequence()) {
    return Fail(Reason::kTrustListRollback, "sequence " + std::to_string(list.sequence()) +
                                                " after " + std::to_string(last->list.sequence()) +
                                                " was accepted");
  }
  if (list.content_sha256() == last->list.content_sha256()) return Acceptance::kUnchanged;
  // The same list signed anew, for longer.
  if (list.anchors() == last->list.anchors() && list.expires() >= last->list.expires()) {
    return Acceptance::kNew;
  }
  return Fail(Reason::kTrustListRollback,
              "sequence " + std::to_string(list.sequence()) + " was accepted with another content");
}

}  // namespace

Result<std::optional<std::string>> TrustListState::ReadState() const {
  if (!dir_) return memory_;
  std::error_code error;
  const fs::path path = StatePath(*dir_);
  const fs::file_status status = fs::symlink_status(path, error);
  if (status.type() == fs::file_type::not_found) return std::optional<std::string>();
  auto text = ReadFile(path, kMaxStateBytes);
  if (!text) return text.error();
  return std::optional<std::string>(std::move(*text));
}

Result<std::optional<AcceptedTrustList>> TrustListState::Load(const TrustStore& pa_roots) const {
  const auto text = ReadState();
  if (!text) return text.error();
  if (!*text) return std::optional<AcceptedTrustList>();
  const auto in_place = [this](const Failure& why) {
    const std::string place = dir_ ? StatePath(*dir_).string() + ": " : std::string();
    return Fail(why.reason, place + why.detail);
  };
  const auto kept = ReadKept(**text);
  if (!kept) return in_place(kept.error());
  auto list = VerifyDocument(kept->document, pa_roots, kept->accepted_at);
  if (!list) return in_place(Fail(list.error().reason, "the kept list: " + list.error().detail));
  return std::optional<AcceptedTrustList>({std::move(*list), kept->accepted_at});
}

Result<AcceptableTrustList> TrustListState::Check(const TrustListDocument& document,
                                                  const TrustStore& pa_roots,
                                                  sys_seconds now) const {
  auto list = VerifyDocument(document, pa_roots, now);
  if (!list) return list.error();
  const auto last = Load(pa_roots);
  if (!last) return last.error();
  const auto acceptance = Compare(*list, *last, now);
  if (!acceptance) return acceptance.error();
  return AcceptableTrustList{std::move(*list), *acceptance};
}

Result<AcceptedTrustList> TrustListState::Accept(const TrustListDocument& document,
                                                 const TrustStore& pa_roots, sys_seconds now) {
  auto list = VerifyDocument(document, pa_roots, now);
  if (!list) return list.error();
  std::optional<Result<FileDescriptor>> lock;
  if (dir_) lock.emplace(LockDirectory(*dir_));
  if (lock && !*lock) return lock->error();

  const auto last = Load(pa_roots);
  if (!last) return last.error();
  const auto acceptance = Compare(*list, *last, now);
  if (!acceptance) return acceptance.error();
  if (*acceptance == Acceptance::kUnchanged) return **last;
  std::string text = WriteState(document, now);
  if (dir_) {
    if (auto ok = WriteFile(StatePath(*dir_), text, FileMode::kPublic); !ok) return ok.error();
  } else {
    memory_ = std::move(text);
  }
  return AcceptedTrustList{std::move(*list), now};
}

}  // namespace callvet
