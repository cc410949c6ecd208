// SPDX-License-Identifier: MIT
#include "capi/verifier.h"

#include <algorithm>
#include <bitset>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "api/offline_verifier.h"
#include "callvet/callvet.h"
#include "callvet/verstat.h"
#include "capi/call.h"
#include "capi/convert.h"
#include "capi/options.h"
#include "capi/result.h"

using callvet::Fail;
using callvet::Info;
using callvet::OfflineVerifier;
using callvet::Reason;
using callvet::ReasonClass;
using callvet::ReasonInfo;
using callvet::Stopwatch;
using callvet::sys_seconds;
using callvet::capi::Failed;
using callvet::capi::Guard;
using callvet::capi::Invalid;
using callvet::capi::ReadStruct;
using callvet::capi::View;
using callvet::capi::WriteStruct;

namespace {

using callvet::capi::Count;

// 9999-12-31 23:59:59: sums and differences of such times have no overflow.
constexpr int64_t kLastSecond = 253'402'300'799;

sys_seconds TimeOf(int64_t seconds) {
  return sys_seconds(std::chrono::seconds(std::clamp<int64_t>(seconds, 0, kLastSecond)));
}

// What a C program wrote there: a value that the enumeration has not, C++ may not even read.
template <class Enumeration>
int NumberIn(const Enumeration& value) {
  static_assert(sizeof(Enumeration) == sizeof(int));
  int number = 0;
  std::memcpy(&number, &value, sizeof(number));
  return number;
}

// Counts what was come to.
int StatusOf(callvet_verifier& handle, const callvet_verdict& verdict) {
  if (verdict.reason_class != CALLVET_VERIFIED && verdict.missing.count > 0) {
    Count(handle.need_certificate);
    return CALLVET_NEED_CERTIFICATE;
  }
  handle.CountVerdict(verdict);
  return CALLVET_OK;
}

int Judge(callvet_verifier& handle, const callvet_call& call, callvet_result& result,
          callvet_verdict& out) {
  const Stopwatch watch;
  std::string trunk(View(call.trunk));
  auto request = callvet::capi::RequestOf(call);
  std::optional<sys_seconds> at;
  if (call.at != 0) at = TimeOf(call.at);
  result.Fill(request ? handle.verifier->Judge(*request, trunk, at)
                      : handle.verifier->JudgeUnreadable(request.error(), trunk),
              watch.Elapsed(), out);
  const bool keeps_evidence = handle.verifier->keeps_evidence();
  result.KeepCall({request ? std::move(*request) : callvet::capi::WhatIsThere(call),
                   keeps_evidence ? callvet::capi::CallIdOf(call) : std::string(),
                   std::move(trunk)});
  return StatusOf(handle, out);
}

// Verdicts that are judged together: memory of a batch is bounded.
constexpr size_t kTogether = 64;

// Judges the calls of `batch` from `begin` to `end` that may be judged together, and notes in
// `done` which, from `begin` on. Where it ends early, by an exception, the others can be judged
// alone.
void JudgeTogether(callvet_verifier& handle, const callvet_batch& batch, size_t begin, size_t end,
                   std::bitset<kTogether>& done) {
  if (handle.verifier->keeps_evidence()) return;
  std::vector<size_t> places;
  std::vector<callvet::CallRequest> requests;
  std::vector<std::string> trunks;
  for (size_t i = begin; i < end; ++i) {
    callvet_call call;
    if (!ReadStruct(batch.calls[i], call) || call.at != 0) continue;
    auto request = callvet::capi::RequestOf(call);
    if (!request) continue;
    places.push_back(i);
    requests.push_back(std::move(*request));
    trunks.emplace_back(View(call.trunk));
  }
  const Stopwatch watch;
  auto judgements = handle.verifier->JudgeBatch(requests, trunks);
  const auto time = watch.Elapsed() / static_cast<int64_t>(std::max<size_t>(places.size(), 1));
  for (size_t k = 0; k < places.size(); ++k) {
    const size_t i = places[k];
    callvet_verdict out{};
    batch.results[i]->Fill(std::move(judgements[k]), time, out);
    batch.results[i]->KeepCall({std::move(requests[k]), {}, std::move(trunks[k])});
    batch.statuses[i] = StatusOf(handle, out);
    WriteStruct(out, batch.verdicts[i]);
    done[i - begin] = true;
  }
}

// Leaves no verdict as it was.
bool IsWhole(const callvet_verifier* verifier, const callvet_batch& batch) {
  if (batch.count == 0) return verifier != nullptr;
  if (batch.verdicts == nullptr) return false;
  bool whole = verifier != nullptr && batch.calls != nullptr && batch.results != nullptr &&
               batch.statuses != nullptr;
  for (size_t i = 0; i < batch.count; ++i) {
    whole &= WriteStruct(callvet_result::InternalError(), batch.verdicts[i]);
    whole = whole && batch.calls[i] != nullptr && batch.results[i] != nullptr;
  }
  return whole;
}

}  // namespace

extern "C" {

uint32_t callvet_abi_version(void) {
  return CALLVET_ABI_VERSION;
}

const char* callvet_version(void) {
  return CALLVET_VERSION;
}

int callvet_verifier_create(const callvet_options* options, callvet_verifier** verifier,
                            callvet_error* error) {
  if (verifier == nullptr) return Invalid("verifier is NULL", error);
  *verifier = nullptr;
  callvet_options read;
  if (!ReadStruct(options, read)) return Invalid("options without struct_size", error);
  return Guard(error, [&]() -> int {
    auto config = callvet::capi::ConfigOf(read);
    if (!config) return Failed(config.error(), error);
    auto handle = std::make_unique<callvet_verifier>();
    handle->log = callvet::capi::Log(read);
    // Called within a call of this interface, like the log function itself.
    config->verifier.engine.observer = [log = handle->log](callvet::Es256Incident incident) {
      (void)Guard(nullptr, [&]() -> int {
        log.Write(CALLVET_LOG_ERROR, callvet::Es256IncidentText(incident));
        return CALLVET_OK;
      });
    };
    auto made = OfflineVerifier::Make(*config, std::string(View(read.policy)),
                                      callvet::capi::CacheOptionsOf(read));
    if (!made) return Failed(made.error(), error);
    handle->verifier = std::move(*made);
    handle->log.WriteInsecureSettings(config->verifier);
    *verifier = handle.release();
    return CALLVET_OK;
  });
}

void callvet_verifier_destroy(callvet_verifier* verifier) {
  const std::unique_ptr<callvet_verifier> owner(verifier);
}

int callvet_verifier_reload(callvet_verifier* verifier, callvet_error* error) {
  if (verifier == nullptr) return Invalid("verifier is NULL", error);
  return Guard(error, [&]() -> int {
    if (const auto ok = verifier->verifier->Reload(); !ok) {
      verifier->log.Write(CALLVET_LOG_ERROR, "reload refused, nothing changed: " +
                                                 std::string(Info(ok.error().reason).id) + ": " +
                                                 ok.error().detail);
      return Failed(ok.error(), error);
    }
    Count(verifier->reloads);
    return CALLVET_OK;
  });
}

int callvet_verifier_ready(const callvet_verifier* verifier, callvet_error* error) {
  if (verifier == nullptr) return Invalid("verifier is NULL", error);
  return Guard(error, [&]() -> int {
    const auto failure = verifier->verifier->NotReady();
    return failure ? Failed(*failure, error) : CALLVET_OK;
  });
}

int callvet_verify(callvet_verifier* verifier, const callvet_call* call, callvet_result* result,
                   callvet_verdict* verdict, callvet_error* error) {
  if (!WriteStruct(callvet_result::InternalError(), verdict)) {
    return Invalid("verdict without struct_size", error);
  }
  callvet_call read;
  if (verifier == nullptr || result == nullptr) return Invalid("a handle is NULL", error);
  if (!ReadStruct(call, read)) return Invalid("call without struct_size", error);
  const int status = Guard(error, [&]() -> int {
    callvet_verdict out{};
    const int judged = Judge(*verifier, read, *result, out);
    WriteStruct(out, verdict);
    return judged;
  });
  // What was come to is neither kept as evidence nor counted: nobody was told.
  if (status < 0) (void)Guard(nullptr, [&] { return result->Clear(), CALLVET_OK; });
  return status;
}

int callvet_verify_batch(callvet_verifier* verifier, const callvet_batch* batch,
                         callvet_error* error) {
  callvet_batch read;
  if (!ReadStruct(batch, read)) return Invalid("batch without struct_size", error);
  if (!IsWhole(verifier, read)) return Invalid("something of the batch is NULL", error);
  for (size_t begin = 0; begin < read.count; begin += kTogether) {
    const size_t end = std::min(read.count, begin + kTogether);
    std::bitset<kTogether> done;
    (void)Guard(nullptr, [&] {
      JudgeTogether(*verifier, read, begin, end, done);
      return CALLVET_OK;
    });
    for (size_t i = begin; i < end; ++i) {
      if (done[i - begin]) continue;
      read.statuses[i] =
          callvet_verify(verifier, read.calls[i], read.results[i], read.verdicts[i], nullptr);
    }
  }
  return CALLVET_OK;
}

int callvet_mark_identity(const callvet_mark* mark, callvet_text identity, char* buffer,
                          size_t* size, callvet_error* error) {
  callvet_mark read;
  if (!ReadStruct(mark, read)) return Invalid("mark without struct_size", error);
  if (size == nullptr || (buffer == nullptr && *size > 0)) return Invalid("no buffer", error);
  const int header = NumberIn(read.header);
  const int place = NumberIn(read.place);
  if (header != CALLVET_MARK_PAI && header != CALLVET_MARK_FROM) {
    return Invalid("the mark has no such header", error);
  }
  if (place != CALLVET_MARK_USER && place != CALLVET_MARK_URI) {
    return Invalid("the mark has no such place", error);
  }
  return Guard(error, [&]() -> int {
    callvet::VerstatMark written;
    written.value = View(read.value);
    if (header == CALLVET_MARK_FROM) written.header = callvet::VerstatMark::Header::kFrom;
    if (place == CALLVET_MARK_URI) written.place = callvet::VerstatMark::Place::kUriParameter;
    written.identities = callvet::capi::Strings(read.identities);
    const auto text = written.value.empty() ? callvet::StripVerstat(View(identity))
                                            : callvet::WriteVerstat(View(identity), written);
    if (!text) return Failed(text.error(), error);
    const size_t room = std::exchange(*size, text->size());
    if (room < text->size()) return CALLVET_TOO_SMALL;
    std::copy(text->begin(), text->end(), buffer);
    return CALLVET_OK;
  });
}

int callvet_certificate_put(callvet_verifier* verifier, callvet_text url, callvet_text bytes,
                            const callvet_times* times, callvet_error* error) {
  callvet_times read;
  if (verifier == nullptr) return Invalid("verifier is NULL", error);
  if (!ReadStruct(times, read)) return Invalid("times without struct_size", error);
  if (View(url).empty()) return Invalid("no URL", error);
  return Guard(error, [&]() -> int {
    const callvet::HandedTimes handed{TimeOf(read.fetched_at), TimeOf(read.fresh_until),
                                      TimeOf(read.stale_until)};
    const auto ok = verifier->verifier->certificates().Put(View(url), View(bytes), handed);
    return ok ? CALLVET_OK : Failed(ok.error(), error);
  });
}

int callvet_certificate_put_failure(callvet_verifier* verifier, callvet_text url,
                                    callvet_text reason, int64_t until, callvet_error* error) {
  if (verifier == nullptr) return Invalid("verifier is NULL", error);
  if (View(url).empty()) return Invalid("no URL", error);
  const ReasonInfo* row = callvet::FindReason(View(reason));
  const bool usable =
      row != nullptr && row->reason != Reason::kCertificateNotAvailable &&
      (row->reason_class == ReasonClass::kUndecided || row->reason_class == ReasonClass::kRefused);
  if (!usable) return Invalid("the reason is none that a certificate can have", error);
  return Guard(error, [&]() -> int {
    verifier->verifier->certificates().PutFailure(
        View(url), Fail(row->reason, std::string(row->meaning)), TimeOf(until));
    return CALLVET_OK;
  });
}

int callvet_certificate_forget(callvet_verifier* verifier, callvet_text url) {
  if (verifier == nullptr) return CALLVET_INVALID;
  return Guard(nullptr, [&]() -> int {
    if (View(url).empty()) {
      verifier->verifier->certificates().ForgetAll();
    } else {
      verifier->verifier->certificates().Forget(View(url));
    }
    return CALLVET_OK;
  });
}

int callvet_verifier_get_stats(const callvet_verifier* verifier, callvet_verifier_stats* stats) {
  if (verifier == nullptr) return CALLVET_INVALID;
  return Guard(nullptr, [&]() -> int {
    const auto usage = verifier->verifier->certificates().GetUsage();
    callvet_verifier_stats filled{};
    filled.verified = verifier->verified;
    filled.unsigned_calls = verifier->unsigned_calls;
    filled.refused = verifier->refused;
    filled.undecided = verifier->undecided;
    filled.unreadable = verifier->unreadable;
    filled.rejected = verifier->rejected;
    filled.tagged = verifier->tagged;
    filled.need_certificate = verifier->need_certificate;
    filled.certificates = usage.entries;
    filled.certificate_bytes = usage.bytes;
    filled.reloads = verifier->reloads;
    const callvet::Es256Statistics engine = verifier->verifier->engine();
    filled.by_table = engine.by_table;
    filled.by_openssl = engine.by_openssl;
    filled.tables = engine.tables_resident;
    filled.table_bytes = engine.tables_resident * engine.table_bytes;
    filled.table_limit_bytes = engine.tables_capacity * engine.table_bytes;
    filled.tables_built = engine.tables_built;
    filled.tables_evicted = engine.tables_evicted;
    filled.cross_checks = engine.cross_checks;
    filled.disagreements = engine.disagreements;
    return WriteStruct(filled, stats) ? CALLVET_OK : CALLVET_INVALID;
  });
}

}  // extern "C"
