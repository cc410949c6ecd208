// SPDX-License-Identifier: MIT
#include "faults/countdown.h"

#include <openssl/crypto.h>
#include <sqlite3.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <new>

namespace callvet::test {
namespace {

struct Plan {
  uint64_t left = 0;  // 0: none fails
  Shortage shortage = Shortage::kOnce;
  bool happened = false;
  size_t size = 0;  // of what always fails; 0: nothing does
};

thread_local constinit Plan plan;
std::atomic<int64_t> live_blocks{0};

bool Fails(size_t size) {
  if (plan.size != 0 && size == plan.size) return true;
  if (plan.left == 0) return false;
  if (plan.left > 1) {
    --plan.left;
    return false;
  }
  if (plan.shortage == Shortage::kOnce) plan.left = 0;
  plan.happened = true;
  return true;
}

void* Allocate(size_t size) {
  if (Fails(size)) return nullptr;
  void* block = std::malloc(size > 0 ? size : 1);
  if (block != nullptr) ++live_blocks;
  return block;
}

void* AllocateAligned(size_t size, size_t alignment) {
  if (Fails(size)) return nullptr;
  void* block = std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
  if (block != nullptr) ++live_blocks;
  return block;
}

void Free(void* block) {
  if (block != nullptr) --live_blocks;
  std::free(block);
}

void* OpenSslAllocate(size_t size, const char* /*file*/, int /*line*/) {
  return size == 0 ? nullptr : Allocate(size);
}

void* OpenSslResize(void* block, size_t size, const char* /*file*/, int /*line*/) {
  if (block == nullptr) return OpenSslAllocate(size, nullptr, 0);
  if (size == 0) {
    Free(block);
    return nullptr;
  }
  return Fails(size) ? nullptr : std::realloc(block, size);
}

void OpenSslFree(void* block, const char* /*file*/, int /*line*/) {
  Free(block);
}

// SQLite asks for the size of a block: it stands in front of it.
constexpr size_t kFront = 16;

void* SqliteAllocate(int size) {
  auto* block = static_cast<char*>(Allocate(static_cast<size_t>(size) + kFront));
  if (block == nullptr) return nullptr;
  *reinterpret_cast<int*>(block) = size;
  return block + kFront;
}

void SqliteFree(void* block) {
  if (block != nullptr) Free(static_cast<char*>(block) - kFront);
}

void* SqliteResize(void* block, int size) {
  if (Fails(static_cast<size_t>(size))) return nullptr;
  auto* moved = static_cast<char*>(
      std::realloc(static_cast<char*>(block) - kFront, static_cast<size_t>(size) + kFront));
  if (moved == nullptr) return nullptr;
  *reinterpret_cast<int*>(moved) = size;
  return moved + kFront;
}

int SqliteSize(void* block) {
  return block == nullptr ? 0 : *reinterpret_cast<int*>(static_cast<char*>(block) - kFront);
}

int SqliteRound(int size) {
  return (size + 7) & ~7;
}

int SqliteBegin(void* /*context*/) {
  return SQLITE_OK;
}

void SqliteEnd(void* /*context*/) {}

void Require(bool done, const char* what) {
  if (done) return;
  std::fprintf(stderr, "%s cannot be given other memory\n", what);
  std::abort();
}

}  // namespace

AllocationFailure::AllocationFailure(uint64_t nth, Shortage shortage) {
  plan = {nth, shortage, false, 0};
}

AllocationFailure::~AllocationFailure() {
  plan.left = 0;
}

SizeFailure::SizeFailure(size_t size) {
  plan.size = size;
}

SizeFailure::~SizeFailure() {
  plan.size = 0;
}

bool AllocationFailure::Happened() {
  return plan.happened;
}

int64_t LiveBlocks() {
  ::OPENSSL_thread_stop();
  return live_blocks;
}

void TakeOverMemory() {
  Require(::CRYPTO_set_mem_functions(OpenSslAllocate, OpenSslResize, OpenSslFree) == 1, "OpenSSL");
  sqlite3_mem_methods methods{SqliteAllocate, SqliteFree,  SqliteResize, SqliteSize,
                              SqliteRound,    SqliteBegin, SqliteEnd,    nullptr};
  Require(::sqlite3_config(SQLITE_CONFIG_MALLOC, &methods) == SQLITE_OK, "SQLite");
}

namespace {

void* AllocateOrThrow(size_t size) {
  void* block = Allocate(size);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

void* AllocateAlignedOrThrow(size_t size, std::align_val_t alignment) {
  void* block = AllocateAligned(size, static_cast<size_t>(alignment));
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

}  // namespace
}  // namespace callvet::test

using callvet::test::Allocate;
using callvet::test::AllocateAlignedOrThrow;
using callvet::test::AllocateOrThrow;
using callvet::test::Free;

void* operator new(size_t size) {
  return AllocateOrThrow(size);
}
void* operator new[](size_t size) {
  return AllocateOrThrow(size);
}
void* operator new(size_t size, const std::nothrow_t& /*tag*/) noexcept {
  return Allocate(size);
}
void* operator new[](size_t size, const std::nothrow_t& /*tag*/) noexcept {
  return Allocate(size);
}
void* operator new(size_t size, std::align_val_t alignment) {
  return AllocateAlignedOrThrow(size, alignment);
}
void* operator new[](size_t size, std::align_val_t alignment) {
  return AllocateAlignedOrThrow(size, alignment);
}
void operator delete(void* block) noexcept {
  Free(block);
}
void operator delete[](void* block) noexcept {
  Free(block);
}
void operator delete(void* block, size_t /*size*/) noexcept {
  Free(block);
}
void operator delete[](void* block, size_t /*size*/) noexcept {
  Free(block);
}
void operator delete(void* block, const std::nothrow_t& /*tag*/) noexcept {
  Free(block);
}
void operator delete[](void* block, const std::nothrow_t& /*tag*/) noexcept {
  Free(block);
}
void operator delete(void* block, std::align_val_t /*alignment*/) noexcept {
  Free(block);
}
void operator delete[](void* block, std::align_val_t /*alignment*/) noexcept {
  Free(block);
}
void operator delete(void* block, size_t /*size*/, std::align_val_t /*alignment*/) noexcept {
  Free(block);
}
void operator delete[](void* block, size_t /*size*/, std::align_val_t /*alignment*/) noexcept {
  Free(block);
}
