// SPDX-License-Identifier: MIT
// What libFuzzer's main does with files, for any compiler: gives each to the target, in a heap
// buffer of exactly its size, so that AddressSanitizer sees a byte read too many.
//
//   replay_NAME [--reach N] [--mutations N] FILE-OR-FOLDER...
//
// --reach: fails unless N files got to the target's point (fuzz::Reached). --mutations: also N
// changed forms of each file, by the target's own mutator if it has one, always the same ones.
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
extern "C" __attribute__((weak)) size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size,
                                                                size_t max_size, unsigned seed);

namespace {

uint64_t state = 1;  // of the random numbers, set anew for each file
std::string current;

uint64_t Random() {
  state ^= state << 13U;
  state ^= state >> 7U;
  state ^= state << 17U;
  return state;
}

}  // namespace

// libFuzzer's, as far as a target's own mutator needs one.
extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size) {
  const size_t at = size == 0 ? 0 : Random() % size;
  switch (Random() % 4) {
    case 0:
      if (size < max_size) {
        std::memmove(data + at + 1, data + at, size - at);
        data[at] = static_cast<uint8_t>(Random());
        return size + 1;
      }
      break;
    case 1:
      if (size > 1) {
        std::memmove(data + at, data + at + 1, size - at - 1);
        return size - 1;
      }
      break;
    case 2:
      if (size > 0) data[at] = static_cast<uint8_t>(Random());
      break;
    default:
      if (size > 0) data[at] = static_cast<uint8_t>(data[at] ^ (1U << (Random() % 8)));
  }
  return size;
}

namespace {

constexpr size_t kMaxInput = size_t{1} << 20U;

void Run(const std::vector<uint8_t>& bytes) {
  const auto exact = std::make_unique<uint8_t[]>(bytes.size());  // NOLINT: no spare capacity
  std::copy(bytes.begin(), bytes.end(), exact.get());
  LLVMFuzzerTestOneInput(exact.get(), bytes.size());
}

void RunMutations(const std::vector<uint8_t>& bytes, size_t mutations) {
  std::vector<uint8_t> changed = bytes;
  for (size_t i = 0; i < mutations; ++i) {
    if (i % 8 == 0) changed = bytes;
    const size_t size = changed.size();
    changed.resize(std::min(kMaxInput, 2 * size + 64));
    const auto seed = static_cast<unsigned>(Random());
    changed.resize(LLVMFuzzerCustomMutator != nullptr
                       ? LLVMFuzzerCustomMutator(changed.data(), size, changed.size(), seed)
                       : LLVMFuzzerMutate(changed.data(), size, changed.size()));
    Run(changed);
  }
}

void OnAbort(int /*signal*/) {
  const std::string text = "while replaying " + current + "\n";
  (void)!write(STDERR_FILENO, text.data(), text.size());
  _exit(1);
}

std::vector<std::string> FilesOf(const std::string& argument) {
  std::vector<std::string> files;
  if (!std::filesystem::is_directory(argument)) return {argument};
  for (const auto& entry : std::filesystem::recursive_directory_iterator(argument)) {
    if (entry.is_regular_file()) files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

int main(int argc, char** argv) {
  size_t reach = 0;
  size_t mutations = 0;
  std::vector<std::string> files;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (i + 1 < argc && argument == "--reach") {
      reach = std::stoul(argv[++i]);
    } else if (i + 1 < argc && argument == "--mutations") {
      mutations = std::stoul(argv[++i]);
    } else {
      const auto found = FilesOf(argument);
      files.insert(files.end(), found.begin(), found.end());
    }
  }
  (void)std::signal(SIGABRT, OnAbort);
  size_t reached = 0;
  for (const std::string& file : files) {
    current = file;
    const size_t before = callvet::fuzz::reached;
    std::ifstream in(file, std::ios::binary);
    if (!in) {
      std::cerr << file << " cannot be read\n";
      return 1;
    }
    Run({std::istreambuf_iterator<char>(in), {}});
    if (callvet::fuzz::reached > before) ++reached;
  }
  for (const std::string& file : files) {
    if (mutations == 0) break;
    current = "a changed form of " + file;
    state = 0x9E3779B97F4A7C15;
    std::ifstream in(file, std::ios::binary);
    RunMutations({std::istreambuf_iterator<char>(in), {}}, mutations);
  }
  std::cout << files.size() << " files, " << reached << " of them reached the point\n";
  if (files.empty() || reached < reach) {
    std::cerr << "at least " << std::max<size_t>(reach, 1) << " were expected to\n";
    return 1;
  }
  return 0;
}
