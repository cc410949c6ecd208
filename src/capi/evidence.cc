// SPDX-License-Identifier: MIT
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "api/evidence_desk.h"
#include "callvet/callvet.h"
#include "capi/convert.h"
#include "capi/options.h"
#include "capi/result.h"
#include "capi/verifier.h"
#include "evidence/evidence_package.h"

using callvet::EvidenceConfig;
using callvet::EvidenceLoss;
using callvet::Fail;
using callvet::Reason;
using callvet::Result;
using callvet::Stopwatch;
using callvet::capi::Failed;
using callvet::capi::Guard;
using callvet::capi::Invalid;
using callvet::capi::KeptCall;
using callvet::capi::ReadStruct;
using callvet::capi::Text;
using callvet::capi::View;
using callvet::capi::WriteStruct;

struct callvet_evidence_packer {
  callvet::EvidencePacker packer;
  callvet::EvidencePacker::Package package;
};

struct callvet_evidence_writer {
  std::shared_ptr<callvet::EvidenceDesk> desk;
  callvet::capi::Log log;
  std::mutex mutex;  // of unpacker
  callvet::EvidenceUnpacker unpacker;
  callvet::capi::Counter submitted{0}, unusable{0};
};

namespace {

Result<EvidenceConfig> EvidenceOf(const callvet_options& options) {
  auto config = callvet::capi::ConfigOf(options);
  if (!config) return config.error();
  if (config->evidence) return std::move(*config->evidence);
  return Fail(Reason::kConfigInvalid, "the configuration has no section evidence");
}

int Pack(callvet_evidence_packer& handle, const callvet_result& result, callvet_package* package,
         callvet_error* error) {
  auto evidence = result.Evidence();
  if (!evidence) return Failed(evidence.error(), error);
  auto packed = handle.packer.Pack(*evidence);
  if (!packed) return Failed(packed.error(), error);
  handle.package = std::move(*packed);
  WriteStruct(callvet_package{0, Text(handle.package.id), Text(handle.package.bytes)}, package);
  return CALLVET_OK;
}

int Submit(callvet_evidence_writer& handle, std::string_view bytes, callvet_error* error) {
  callvet::EvidenceWriter& writer = handle.desk->writer();
  const std::lock_guard lock(handle.mutex);
  if (writer.Refuses()) {
    return Failed(Fail(Reason::kEvidenceNotKept, "the queue of evidence is full"), error);
  }
  auto record = handle.unpacker.Unpack(bytes);
  if (!record) {
    callvet::capi::Count(handle.unusable);
    return Failed(record.error(), error);
  }
  if (auto ok = writer.Submit(std::move(*record)); !ok) return Failed(ok.error(), error);
  callvet::capi::Count(handle.submitted);
  return CALLVET_OK;
}

}  // namespace

extern "C" {

int callvet_evidence_read_settings(const callvet_options* options,
                                   callvet_evidence_settings* settings, callvet_error* error) {
  callvet_options read;
  if (!ReadStruct(options, read)) return Invalid("options without struct_size", error);
  return Guard(error, [&]() -> int {
    const auto config = callvet::capi::ConfigOf(read);
    if (!config) return Failed(config.error(), error);
    callvet_evidence_settings filled{};
    filled.kept = config->evidence ? 1 : 0;
    const bool counts = config->evidence && config->evidence->writer.loss == EvidenceLoss::kCount;
    filled.when_full = counts ? CALLVET_COUNT_LOST : CALLVET_REFUSE_CALLS;
    return WriteStruct(filled, settings) ? CALLVET_OK
                                         : Invalid("settings without struct_size", error);
  });
}

int callvet_evidence_packer_create(const callvet_options* options, callvet_evidence_packer** packer,
                                   callvet_error* error) {
  if (packer == nullptr) return Invalid("packer is NULL", error);
  *packer = nullptr;
  callvet_options read;
  if (!ReadStruct(options, read)) return Invalid("options without struct_size", error);
  return Guard(error, [&]() -> int {
    const auto config = EvidenceOf(read);
    if (!config) return Failed(config.error(), error);
    auto key = callvet::ReadNumberSecret(config->setup);
    if (!key) return Failed(key.error(), error);
    callvet::EvidencePacker made{callvet::EvidenceCodec(std::move(*key))};
    *packer =
        std::make_unique<callvet_evidence_packer>(callvet_evidence_packer{std::move(made), {}})
            .release();
    return CALLVET_OK;
  });
}

void callvet_evidence_packer_destroy(callvet_evidence_packer* packer) {
  const std::unique_ptr<callvet_evidence_packer> owner(packer);
}

int callvet_evidence_pack(callvet_evidence_packer* packer, const callvet_result* result,
                          callvet_package* package, callvet_error* error) {
  if (!WriteStruct(callvet_package{}, package)) {
    return Invalid("package without struct_size", error);
  }
  if (packer == nullptr || result == nullptr) return Invalid("a handle is NULL", error);
  return Guard(error, [&]() -> int { return Pack(*packer, *result, package, error); });
}

int callvet_evidence_handed_over(callvet_evidence_packer* packer) {
  if (packer == nullptr) return CALLVET_INVALID;
  packer->packer.HandedOver();
  return CALLVET_OK;
}

int callvet_evidence_refuse(const callvet_verifier* verifier, callvet_result* result,
                            callvet_verdict* verdict, callvet_error* error) {
  if (!WriteStruct(callvet_result::InternalError(), verdict)) {
    return Invalid("verdict without struct_size", error);
  }
  if (verifier == nullptr || result == nullptr) return Invalid("a handle is NULL", error);
  return Guard(error, [&]() -> int {
    const Stopwatch watch;
    callvet_verdict out{};
    const KeptCall call = result->call().value_or(KeptCall());
    result->Fill(verifier->verifier->Refuse(call.request, call.trunk, Reason::kEvidenceNotKept),
                 watch.Elapsed(), out);
    WriteStruct(out, verdict);
    return CALLVET_OK;
  });
}

int callvet_evidence_writer_check(const callvet_options* options, callvet_error* error) {
  callvet_options read;
  if (!ReadStruct(options, read)) return Invalid("options without struct_size", error);
  return Guard(error, [&]() -> int {
    const auto config = EvidenceOf(read);
    if (!config) return Failed(config.error(), error);
    const auto usable = callvet::EvidenceDesk::Check(*config);
    return usable ? CALLVET_OK : Failed(usable.error(), error);
  });
}

int callvet_evidence_writer_create(const callvet_options* options, callvet_evidence_writer** writer,
                                   callvet_error* error) {
  if (writer == nullptr) return Invalid("writer is NULL", error);
  *writer = nullptr;
  callvet_options read;
  if (!ReadStruct(options, read)) return Invalid("options without struct_size", error);
  return Guard(error, [&]() -> int {
    auto config = EvidenceOf(read);
    if (!config) return Failed(config.error(), error);
    // A full queue is told to whoever submits, who still has the package.
    config->writer.loss = EvidenceLoss::kRefuseCalls;
    auto desk = callvet::EvidenceDesk::Make(*config);
    if (!desk) return Failed(desk.error(), error);
    auto handle = std::make_unique<callvet_evidence_writer>();
    handle->desk = std::move(*desk);
    handle->log = callvet::capi::Log(read);
    *writer = handle.release();
    return CALLVET_OK;
  });
}

void callvet_evidence_writer_destroy(callvet_evidence_writer* writer) {
  const std::unique_ptr<callvet_evidence_writer> owner(writer);
}

int callvet_evidence_writer_submit(callvet_evidence_writer* writer, callvet_text package,
                                   callvet_error* error) {
  if (writer == nullptr) return Invalid("writer is NULL", error);
  return Guard(error, [&]() -> int { return Submit(*writer, View(package), error); });
}

int callvet_evidence_writer_run(callvet_evidence_writer* writer) {
  if (writer == nullptr) return CALLVET_INVALID;
  return Guard(nullptr, [&]() -> int {
    writer->desk->writer().Run();
    return CALLVET_OK;
  });
}

int callvet_evidence_writer_stop(callvet_evidence_writer* writer) {
  if (writer == nullptr) return CALLVET_INVALID;
  return Guard(nullptr, [&]() -> int {
    writer->desk->StopRetention();
    writer->desk->writer().Stop();
    return CALLVET_OK;
  });
}

int callvet_evidence_writer_maintain(callvet_evidence_writer* writer) {
  if (writer == nullptr) return CALLVET_INVALID;
  return Guard(nullptr, [&]() -> int {
    auto news = writer->desk->News();
    for (std::string& one : writer->desk->Retain(callvet::SystemClock().Now())) {
      news.push_back(std::move(one));
    }
    for (const std::string& one : news) writer->log.Write(CALLVET_LOG_ERROR, "evidence: " + one);
    return CALLVET_OK;
  });
}

int callvet_evidence_writer_get_stats(const callvet_evidence_writer* writer,
                                      callvet_evidence_stats* stats) {
  if (writer == nullptr) return CALLVET_INVALID;
  return Guard(nullptr, [&]() -> int {
    const callvet::EvidenceStatistics now = writer->desk->writer().Statistics();
    callvet_evidence_stats filled{};
    filled.submitted = writer->submitted;
    filled.unusable = writer->unusable;
    filled.queued = now.queued;
    filled.spill_bytes = now.spill_bytes;
    filled.stored = now.stored;
    filled.spilled = now.spilled;
    filled.store_failures = now.store_failures;
    filled.failing = now.last_failure.empty() ? 0 : 1;
    filled.lost = now.lost;
    return WriteStruct(filled, stats) ? CALLVET_OK : CALLVET_INVALID;
  });
}

}  // extern "C"
