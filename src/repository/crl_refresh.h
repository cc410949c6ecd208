// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/timed_mutex.h"
#include "callvet/result.h"
#include "pki/certificate.h"
#include "pki/crl.h"
#include "pki/revocation.h"
#include "pki/trust_store.h"
#include "repository/fetcher.h"

namespace callvet {

/// The largest CRL document that is read (VS choice). A Fetcher for CRLs needs its body limit set
/// to this; the usual 64 KiB are for certificates.
inline constexpr size_t kMaxCrlBytes = size_t{16} * 1024 * 1024;

/// What may be done with the state directory. kReadOnly: to try a configuration.
enum class StateUse : uint8_t { kReadAndWrite, kReadOnly };

struct CrlRefreshOptions {
  std::vector<std::string> urls;                          // fetched always
  std::chrono::seconds max_age = std::chrono::hours(12);  // C-35
  std::chrono::seconds min_interval{60};                  // between fetches of one URL
  std::chrono::seconds max_retry =
      std::chrono::minutes(30);  // failures: doubling from min_interval
  size_t max_urls = 4096;        // with those of Watch
  size_t max_urls_each = 4;      // distribution points taken of one certificate
  size_t max_authorities = 512;  // CA certificates remembered from Watch
  /// Where the last good document of each URL is kept over restarts; nothing: nowhere.
  std::optional<std::filesystem::path> state_dir;
  StateUse state_use = StateUse::kReadAndWrite;
};

/// CRLs and the certificates beside them.
struct CrlDocument {
  std::vector<Crl> crls;
  CertificateBundle signers;
  /// PEM or DER. Fails with kCrlInvalid.
  static Result<CrlDocument> Parse(std::string_view bytes);
  /// All of it as PEM.
  [[nodiscard]] std::string ToPem() const;
};

/// What became of one URL.
struct CrlUpdate {
  std::string url;
  std::optional<Failure> failure;  // why the old list, if any, stays; kCrlStale: or is a stale one
  bool taken = false;              // a new list took its place
  std::optional<Failure>
      not_kept;         // why the new list, though in use, will not outlive this process
  bool in_use = false;  // there is a list, new or old
  std::string detail;   // for people
};

/// What became of lists that the state directory keeps.
struct KeptLists {
  std::optional<Failure> failure = {};  // of the first that is there and cannot be read
  size_t left_out = 0;                  // not looked at: there are more than are read
};

/// Keeps the CRLs of distribution points current: fetched again at nextUpdate, and 12 hours after
/// the last fetch at the latest (C-35). A list that is badly signed, of the wrong issuer or older
/// than the one at hand is not used and replaces nothing, and a stale one not one that is current.
/// Where none is current a stale list counts, as one of a file does: the certificates that it
/// covers fail by it, and whom it names is revoked. Starts no threads.
///
/// Its owner guards every use by one mutex. Refresh gives it back while it waits for a server, so
/// that others can go on; nobody asks for a URL that is being asked for.
///
/// A direct list of a CA that is not known yet waits: it is used beside the one at hand, since
/// every use of a list judges its signature again, but takes nobody's place, and is fetched again
/// once its CA is known. Only URLs of the options, and what was kept, bring such lists.
///
/// Of a list that comes without its signer's certificate, and that nobody known made, that
/// certificate is fetched from where the list says (RFC 5280 5.2.7; https only, two URLs at most).
/// It is trusted no more than one beside the list, and is kept with it.
class CrlRefresher {
 public:
  /// Without `fetcher` only kept documents are used.
  CrlRefresher(CrlRefreshOptions options, std::shared_ptr<const Fetcher> fetcher);

  /// Remembers the distribution points of `path` (https only), and its CA certificates, which are
  /// needed to know a direct list. Give it paths that lead to an anchor: nobody else shall make us
  /// fetch. True if a URL was new, or a CA whose direct list may be at a URL that is known: these
  /// are wanted. Where there are too many URLs, new ones take the place of those that never gave a
  /// list; if there are none, `full` says so.
  bool Watch(const std::vector<Certificate>& path);

  /// True if Watch had to leave a URL out.
  [[nodiscard]] bool full() const { return full_; }

  /// True if Watch would remember nothing new of these certificates. Cheap; judges nothing.
  [[nodiscard]] bool Knows(const std::vector<Certificate>& certificates) const;

  /// Takes what the state directory keeps for URLs that have nothing yet. Only what is forged by
  /// `trust` is left out: a list that is past its nextUpdate still says who was revoked, and lets
  /// no older one take its place. How current it is counts at its use. What is there and cannot be
  /// read, or is no list, is a failure (kFileUnreadable, kCrlInvalid): it may say who was revoked.
  KeptLists LoadKept(const TrustStoreBuilder& trust, sys_seconds now);
  /// The same for all lists that are kept there, also of URLs that nobody named yet: `max_urls` of
  /// these at most, in the order of their names; those beyond are left out, and counted. A
  /// directory that does not exist keeps nothing. Without a fetcher lists that are at hand are read
  /// again, and newer ones take their place.
  KeptLists LoadAllKept(const TrustStoreBuilder& trust, sys_seconds now);

  enum class Which : uint8_t {
    kAll,
    kWanted,   // that a Watch brought, and nobody asked for since
    kOptions,  // the URLs of the options
  };
  /// Fetches what is due of `which`, what failed before last. One CrlUpdate per URL that was tried;
  /// those left when the deadline passed stay due. Each has its share of the time that is left, so
  /// that a server that hangs leaves some to others; one that had at least a second has failed.
  /// `turn`, the owner's lock, is held but for the downloads; `trust` is asked after each, under
  /// it, for what may have changed meanwhile.
  using CurrentTrust = std::function<TrustStoreBuilder()>;
  std::vector<CrlUpdate> Refresh(Which which, const CurrentTrust& trust, sys_seconds now,
                                 const Deadline& deadline, std::unique_lock<TimedMutex>& turn);

  /// Grows whenever a list is taken, from a server or the state directory; also where what became
  /// of it could not be said for want of memory.
  [[nodiscard]] uint64_t taken() const { return taken_; }

  /// Adds all lists at hand to `builder`.
  void AddTo(TrustStoreBuilder& builder) const;

 private:
  enum class Origin : uint8_t { kOptions, kWatched };
  struct JudgedCrls {
    CrlDocument document;
    CrlStanding standing = CrlStanding::kForged;
    std::optional<Failure> stale = {};
  };
  struct Taken {
    std::string body;
    std::optional<Failure> stale;
  };
  struct SignerSearch {
    bool found = false;   // the document has signers now that did not come with it
    std::string trouble;  // for people: what could not be had
  };
  struct Point {
    Origin origin = Origin::kWatched;
    CrlDocument document;   // judged and good, or kept
    bool unproven = false;  // kept, and its CA is not known yet
    CrlDocument waiting;    // new, and its CA is not known yet
    sys_seconds due{};
    std::chrono::seconds retry{0};
    bool wanted = false;
    bool being_asked = false;       // by some thread; then it is not removed
    Reason failed = Reason::kNone;  // the last time

    [[nodiscard]] bool empty() const { return document.crls.empty() && waiting.crls.empty(); }
    [[nodiscard]] bool waits() const { return unproven || !waiting.crls.empty(); }
    void TakeKept(JudgedCrls kept);
    void TakeNew(JudgedCrls next);
  };
  bool AddPoint(const std::string& url, Origin origin);
  bool MakeRoom();
  // Nothing if there is none, or it is forged.
  [[nodiscard]] Result<std::optional<JudgedCrls>> ReadKept(const std::string& name,
                                                           const TrustStoreBuilder& trust,
                                                           sys_seconds now) const;
  [[nodiscard]] std::vector<std::string> Due(Which which, sys_seconds now) const;
  [[nodiscard]] SignerSearch FindSigners(CrlDocument& document, const Point& point,
                                         const CurrentTrust& trust, sys_seconds now,
                                         const Deadline& deadline,
                                         std::unique_lock<TimedMutex>& turn) const;
  [[nodiscard]] Result<JudgedCrls> CheckNext(CrlDocument next, const Point& point,
                                             const TrustStoreBuilder& trust, sys_seconds now) const;
  // Success: Point has it already in its decoded form.
  Result<Taken> RefreshOne(const std::string& url, Point& point, const CurrentTrust& trust,
                           sys_seconds now, const Deadline& deadline,
                           std::unique_lock<TimedMutex>& turn);
  CrlUpdate Ask(const std::string& url, Point& point, const CurrentTrust& trust, sys_seconds now,
                const Deadline& share, std::unique_lock<TimedMutex>& turn);
  void RetryLater(Point& point, sys_seconds now) const;
  [[nodiscard]] std::optional<Failure> Keep(const std::string& name, std::string_view body) const;
  void Forget(const std::string& name) const;
  void LoadPoint(const std::string& name, Point& point, const TrustStoreBuilder& trust,
                 sys_seconds now, KeptLists& lists);
  [[nodiscard]] static std::string Describe(const Point& point);
  [[nodiscard]] bool KnowsAuthority(const Certificate& certificate) const;

  CrlRefreshOptions options_;
  std::shared_ptr<const Fetcher> fetcher_;
  std::map<std::string, Point> points_;
  std::map<std::string, Point> kept_;  // by file name, of URLs that are no points yet
  std::vector<Certificate> authorities_;
  bool full_ = false;
  uint64_t taken_ = 0;
};

}  // namespace callvet
