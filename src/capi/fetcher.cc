// SPDX-License-Identifier: MIT
#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "api/download_desk.h"
#include "api/handed_certificates.h"
#include "callvet/callvet.h"
#include "capi/convert.h"
#include "capi/options.h"
#include "pki/certificate.h"
#include "pki/pem.h"

using callvet::CachedCertificates;
using callvet::Deadline;
using callvet::TrustChange;
using callvet::capi::Failed;
using callvet::capi::Guard;
using callvet::capi::Invalid;
using callvet::capi::ReadStruct;
using callvet::capi::View;
using callvet::capi::WriteStruct;

struct callvet_fetcher {
  std::unique_ptr<callvet::DownloadDesk> desk;
  callvet::capi::Log log;
};

namespace {

// A trust list and CRLs at the start: it must come up even if their host does not answer.
constexpr std::chrono::milliseconds kStartTimeout{10'000};

Deadline DeadlineOf(uint32_t timeout_ms) {
  return Deadline::After(std::chrono::milliseconds(timeout_ms));
}

int64_t SecondsOf(callvet::sys_seconds time) {
  return time.time_since_epoch().count();
}

std::string PemOf(const CachedCertificates& entry) {
  std::string pem;
  for (const callvet::Certificate& certificate : *entry.bundle) {
    pem += callvet::WritePem("CERTIFICATE", certificate.der());
  }
  return pem;
}

// Downloaded lists reach verifiers by the state directory alone.
void WarnOfLostLists(const callvet::VerifierSetup& setup, const callvet::capi::Log& log) {
  const bool downloads = setup.trust.crl_downloads == callvet::CrlDownloads::kDistributionPoints ||
                         !setup.trust.crl_urls.empty();
  if (downloads && !setup.trust.state_dir) {
    log.Write(CALLVET_LOG_WARNING,
              "without trust.state_dir no downloaded CRL reaches a verifier: revoked certificates "
              "are only known from files");
  }
}

int WriteCertificate(const CachedCertificates& entry, TrustChange change,
                     callvet_certificate& certificate) {
  const std::string pem = PemOf(entry);
  certificate.size = pem.size();
  const callvet::sys_seconds at_least = entry.fetched_at + callvet::kHandedAtLeast;
  certificate.times = {sizeof(callvet_times), SecondsOf(entry.fetched_at),
                       SecondsOf(std::max(entry.fresh_until, at_least)),
                       SecondsOf(std::max(entry.stale_until, at_least))};
  certificate.trust_changed = change == TrustChange::kReplaced ? 1 : 0;
  if (certificate.buffer == nullptr || certificate.buffer_size < pem.size()) {
    return CALLVET_TOO_SMALL;
  }
  std::copy(pem.begin(), pem.end(), certificate.buffer);
  return CALLVET_OK;
}

}  // namespace

extern "C" {

int callvet_fetcher_create(const callvet_options* options, callvet_fetcher** fetcher,
                           callvet_error* error) {
  if (fetcher == nullptr) return Invalid("fetcher is NULL", error);
  *fetcher = nullptr;
  callvet_options read;
  if (!ReadStruct(options, read)) return Invalid("options without struct_size", error);
  return Guard(error, [&]() -> int {
    auto config = callvet::capi::ConfigOf(read);
    if (!config) return Failed(config.error(), error);
    callvet::VerifierSetup& setup = config->verifier;
    setup.downloads->repository.memory = callvet::capi::CacheOptionsOf(read);
    auto desk = callvet::DownloadDesk::Make(setup, Deadline::After(kStartTimeout));
    if (!desk) return Failed(desk.error(), error);
    auto handle = std::make_unique<callvet_fetcher>();
    handle->desk = std::move(*desk);
    handle->log = callvet::capi::Log(read);
    WarnOfLostLists(setup, handle->log);
    *fetcher = handle.release();
    return CALLVET_OK;
  });
}

void callvet_fetcher_destroy(callvet_fetcher* fetcher) {
  const std::unique_ptr<callvet_fetcher> owner(fetcher);
}

int callvet_fetcher_fetch(callvet_fetcher* fetcher, callvet_text url, uint32_t timeout_ms,
                          callvet_certificate* certificate, callvet_error* error) {
  if (fetcher == nullptr) return Invalid("fetcher is NULL", error);
  callvet_certificate out;
  if (!ReadStruct(certificate, out)) return Invalid("certificate without struct_size", error);
  out.size = 0;
  return Guard(error, [&]() -> int {
    const auto fetched = fetcher->desk->Fetch(View(url), DeadlineOf(timeout_ms));
    if (!fetched) return Failed(fetched.error(), error);
    const int status = WriteCertificate(*fetched->entry, fetched->trust, out);
    WriteStruct(out, certificate);
    return status;
  });
}

int callvet_fetcher_maintain(callvet_fetcher* fetcher, uint32_t timeout_ms,
                             int32_t* trust_changed) {
  if (fetcher == nullptr) return CALLVET_INVALID;
  return Guard(nullptr, [&]() -> int {
    const auto change = fetcher->desk->Maintain(DeadlineOf(timeout_ms));
    if (trust_changed != nullptr) {
      *trust_changed = change == TrustChange::kReplaced ? 1 : 0;
    }
    return CALLVET_OK;
  });
}

int callvet_fetcher_reload(callvet_fetcher* fetcher, uint32_t timeout_ms, callvet_error* error) {
  if (fetcher == nullptr) return Invalid("fetcher is NULL", error);
  return Guard(error, [&]() -> int {
    const auto ok = fetcher->desk->Reload(DeadlineOf(timeout_ms));
    return ok ? CALLVET_OK : Failed(ok.error(), error);
  });
}

int callvet_fetcher_forget(callvet_fetcher* fetcher, callvet_text url) {
  if (fetcher == nullptr) return CALLVET_INVALID;
  return Guard(nullptr, [&]() -> int {
    fetcher->desk->Forget(View(url));
    return CALLVET_OK;
  });
}

int callvet_fetcher_get_stats(const callvet_fetcher* fetcher, callvet_fetcher_stats* stats) {
  if (fetcher == nullptr) return CALLVET_INVALID;
  return Guard(nullptr, [&]() -> int {
    callvet_fetcher_stats filled{};
    const auto counts = fetcher->desk->Statistics();
    filled.fetches = counts.fetches;
    filled.fetch_failures = counts.fetch_failures;
    filled.memory_hits = counts.memory_hits;
    filled.disk_hits = counts.disk_hits;
    filled.negative_hits = counts.negative_hits;
    filled.joined = counts.joined;
    filled.refused_busy = counts.refused_busy;
    filled.refreshes = counts.refreshes;
    return WriteStruct(filled, stats) ? CALLVET_OK : CALLVET_INVALID;
  });
}

}  // extern "C"
