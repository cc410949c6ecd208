// SPDX-License-Identifier: MIT
#include "api/evidence_config.h"

#include <string>

#include "api/config_paths.h"

namespace callvet {

EvidenceConfig ReadEvidenceSection(ObjectReader& reader, const std::filesystem::path& directory) {
  const ConfigPaths paths(directory);
  EvidenceConfig evidence;
  EvidenceWriterOptions& writer = evidence.writer;
  evidence.setup.open = EvidenceSetup::Open::kCreate;
  std::string& store = evidence.setup.store;
  reader.Text("store", store);
  if (store.empty()) reader.Refuse("store", "is missing");
  if (store.find("://") == std::string::npos) store = paths.Resolve(store).string();
  paths.Read(reader, "checkpoint_key", evidence.setup.checkpoint_key);
  paths.Read(reader, "number_key", evidence.setup.number_key);
  std::filesystem::path spill;
  paths.Read(reader, "spill_dir", spill);
  writer.spill_directory = spill.string();
  evidence.setup.mark_dir = spill;
  reader.Number("spill_bytes", {int64_t{1024} * 1024, INT64_MAX}, writer.max_spill_bytes);
  reader.Number("queued_records", {100, 10'000'000}, writer.max_queue);
  reader.Number("commit_records", {1, 100'000}, writer.max_batch);
  reader.Milliseconds("commit_ms", {0, 10'000}, writer.commit_interval);
  reader.Milliseconds("retry_ms", {10, 600'000}, writer.retry);
  reader.Number("burst_per_second", {0, 10'000'000}, writer.burst_rate);
  int64_t burst_seconds = writer.burst_time / std::chrono::seconds(1);
  reader.Number("burst_seconds", {1, 86'400}, burst_seconds);
  writer.burst_time = std::chrono::seconds(burst_seconds);
  reader.Number("retention_days", {0, 36'500}, evidence.retention_days);
  std::string full = "refuse-calls";
  reader.Text("when_full", full);
  if (full == "count") writer.loss = EvidenceLoss::kCount;
  if (full != "count" && full != "refuse-calls") {
    reader.Refuse("when_full", "not refuse-calls or count");
  }
  return evidence;
}

}  // namespace callvet
