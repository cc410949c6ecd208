// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "callvet/result.h"

// The only way in which callvet speaks to SQLite.

namespace callvet {

class SqliteStatement;

/// One connection. Not thread-safe.
class SqliteDatabase {
 public:
  enum class Mode : uint8_t { kCreate, kExisting, kReadOnly, kTemporary };
  /// Waits for locks of others at most some seconds. A new file is for its owner only (0600).
  /// kReadOnly needs no right to write, in the file's folder neither, unless a process died while
  /// it wrote the file. kTemporary is in memory, without a path. Fails with kFileUnreadable.
  static Result<SqliteDatabase> Open(const std::filesystem::path& path, Mode mode);
  SqliteDatabase(SqliteDatabase&&) noexcept;
  SqliteDatabase& operator=(SqliteDatabase&&) = delete;
  ~SqliteDatabase();

  /// How long a lock of others is waited for from now on.
  void WaitAtMost(std::chrono::milliseconds wait);
  /// Whether a transaction is open.
  [[nodiscard]] bool InTransaction() const;
  /// Runs statements without parameters. Fails with kEvidenceUnavailable.
  Result<void> Execute(const std::string& sql);
  /// Fails with kEvidenceUnavailable, also if a table is missing; with kFileInvalid if the file is
  /// no database.
  Result<SqliteStatement> Prepare(const std::string& sql);

 private:
  struct Handle;
  explicit SqliteDatabase(std::unique_ptr<Handle> handle);
  static Result<SqliteDatabase> OpenHandle(const std::string& name, int flags);
  static bool CannotShare(const SqliteDatabase& database);
  std::unique_ptr<Handle> handle_;
};

/// A prepared statement. Parameters count from 1, columns from 0. Text is copied. Not thread-safe;
/// its database outlives it.
class SqliteStatement {
 public:
  SqliteStatement(SqliteStatement&&) noexcept;
  SqliteStatement& operator=(SqliteStatement&&) noexcept;
  ~SqliteStatement();

  SqliteStatement& Bind(int index, int64_t value);
  SqliteStatement& BindText(int index, std::string_view value);
  SqliteStatement& BindBlob(int index, std::string_view value);
  SqliteStatement& BindNull(int index);

  /// True: there is a row. Fails with kEvidenceUnavailable; also if a Bind had failed.
  Result<bool> Step();
  /// Step of a statement without rows, then ready for the next run. Fails like Step.
  Result<void> Run();

  [[nodiscard]] int64_t Int(int column) const;
  [[nodiscard]] std::string Bytes(int column) const;  // text or blob; "" for NULL
  enum class Column : uint8_t { kNull, kInteger, kReal, kText, kBlob };
  [[nodiscard]] Column TypeOf(int column) const;

 private:
  friend class SqliteDatabase;
  struct Handle;
  explicit SqliteStatement(std::unique_ptr<Handle> handle);
  std::unique_ptr<Handle> handle_;
};

/// Name and version of the SQLite that is loaded.
std::string SqliteVersion();

}  // namespace callvet
