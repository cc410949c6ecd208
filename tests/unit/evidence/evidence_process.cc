// SPDX-License-Identifier: MIT
// Writes evidence of one call over and over, at a rate, until it is killed or has written enough.
// Each id is printed once it is durable, and only then.
//
//   callvet_evidence_process STORE KEY SPILL RATE COUNT [BURST_RATE]
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>

#include "call_fixture.h"
#include "evidence/writer.h"
#include "evidence_fixture.h"

namespace callvet::test {
namespace {

// One write for a group: what arrives at the reader was durable before.
void PrintDurable(const std::vector<std::string>& ids) {
  std::string text;
  for (const std::string& id : ids) text += id + "\n";
  size_t written = 0;
  while (written < text.size()) {
    const ssize_t n = ::write(STDOUT_FILENO, text.data() + written, text.size() - written);
    if (n <= 0) std::_Exit(3);
    written += static_cast<size_t>(n);
  }
}

int Fails(const Failure& failure) {
  std::cerr << Info(failure.reason).id << ": " << failure.detail << "\n";
  return 2;
}

int Run(int argc, char** argv) {
  EvidenceSetup setup;
  setup.store = argv[1];
  setup.checkpoint_key = argv[2];
  setup.open = EvidenceSetup::Open::kCreate;
  setup.mark_dir = argv[3];
  auto opened = OpenEvidence(setup);
  if (!opened) return Fails(opened.error());
  EvidenceWriterOptions options;
  options.spill_directory = argv[3];
  options.retry = std::chrono::milliseconds(200);
  if (argc > 6) options.burst_rate = std::strtoull(argv[6], nullptr, 10);
  auto writer = EvidenceWriter::Make(opened->store, EvidenceCodec(), options, PrintDurable);
  if (!writer) return Fails(writer.error());
  std::thread running([&] { (*writer)->Run(); });
  TestCall call;
  const CallEvidence evidence = EvidenceOf(call);
  const long rate = std::atol(argv[4]);
  const long count = std::atol(argv[5]);
  const auto start = std::chrono::steady_clock::now();
  for (long n = 0; n < count; ++n) {
    (void)(*writer)->Submit(evidence);
    std::this_thread::sleep_until(start + std::chrono::microseconds((n + 1) * 1'000'000 / rate));
  }
  (*writer)->Stop();
  running.join();
  const EvidenceStatistics statistics = (*writer)->Statistics();
  std::cerr << "stored " << statistics.stored << " spilled " << statistics.spilled << " refused "
            << statistics.refused << " lost " << statistics.lost << " waiting "
            << statistics.spill_bytes << " bytes\n";
  return 0;
}

}  // namespace
}  // namespace callvet::test

int main(int argc, char** argv) {
  return argc >= 6 ? callvet::test::Run(argc, argv) : 2;
}
