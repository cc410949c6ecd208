// SPDX-License-Identifier: MIT
#include "evidence/sqlite.h"

#include <fcntl.h>
#include <sqlite3.h>

#include <utility>

#include "base/file_descriptor.h"

namespace callvet {
namespace {

constexpr int kBusyMilliseconds = 5'000;

Failure Unavailable(sqlite3* database) {
  return Fail(Reason::kEvidenceUnavailable, std::string("SQLite: ") + ::sqlite3_errmsg(database));
}

int FlagsOf(SqliteDatabase::Mode mode) {
  switch (mode) {
    case SqliteDatabase::Mode::kCreate:
      return SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    case SqliteDatabase::Mode::kExisting:
      return SQLITE_OPEN_READWRITE;
    case SqliteDatabase::Mode::kReadOnly:
      return SQLITE_OPEN_READONLY;
  }
  return SQLITE_OPEN_READONLY;
}

}  // namespace

struct SqliteDatabase::Handle {
  sqlite3* database = nullptr;
  Handle() = default;
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() { ::sqlite3_close_v2(database); }
};

SqliteDatabase::SqliteDatabase(std::unique_ptr<Handle> handle) : handle_(std::move(handle)) {}
SqliteDatabase::SqliteDatabase(SqliteDatabase&&) noexcept = default;
SqliteDatabase::~SqliteDatabase() = default;

Result<SqliteDatabase> SqliteDatabase::Open(const std::filesystem::path& path, Mode mode) {
  if (mode == Mode::kCreate) {
    // SQLite itself would make it readable for others, as the umask says.
    const FileDescriptor made(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (made.get() < 0) {
      return Fail(Reason::kFileUnreadable, path.string() + " cannot be made or written");
    }
  }
  auto handle = std::make_unique<Handle>();
  const int flags = FlagsOf(mode) | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  if (::sqlite3_open_v2(path.c_str(), &handle->database, flags, nullptr) != SQLITE_OK) {
    return Fail(
        Reason::kFileUnreadable,
        path.string() + ": " +
            (handle->database != nullptr ? ::sqlite3_errmsg(handle->database) : "no memory"));
  }
  ::sqlite3_busy_timeout(handle->database, kBusyMilliseconds);
  return SqliteDatabase(std::move(handle));
}

Result<void> SqliteDatabase::Execute(const std::string& sql) {
  if (::sqlite3_exec(handle_->database, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    return Unavailable(handle_->database);
  }
  return {};
}

struct SqliteStatement::Handle {
  sqlite3* database = nullptr;
  sqlite3_stmt* statement = nullptr;
  bool bind_failed = false;
  Handle() = default;
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() { ::sqlite3_finalize(statement); }
  void Check(int result) {
    if (result != SQLITE_OK) bind_failed = true;
  }
};

Result<SqliteStatement> SqliteDatabase::Prepare(const std::string& sql) {
  auto handle = std::make_unique<SqliteStatement::Handle>();
  handle->database = handle_->database;
  if (::sqlite3_prepare_v2(handle_->database, sql.data(), static_cast<int>(sql.size()),
                           &handle->statement, nullptr) != SQLITE_OK) {
    return Unavailable(handle_->database);
  }
  return SqliteStatement(std::move(handle));
}

SqliteStatement::SqliteStatement(std::unique_ptr<Handle> handle) : handle_(std::move(handle)) {}
SqliteStatement::SqliteStatement(SqliteStatement&&) noexcept = default;
SqliteStatement& SqliteStatement::operator=(SqliteStatement&&) noexcept = default;
SqliteStatement::~SqliteStatement() = default;

SqliteStatement& SqliteStatement::Bind(int index, int64_t value) {
  handle_->Check(::sqlite3_bind_int64(handle_->statement, index, value));
  return *this;
}

SqliteStatement& SqliteStatement::BindText(int index, std::string_view value) {
  handle_->Check(::sqlite3_bind_text64(handle_->statement, index, value.data(), value.size(),
                                       SQLITE_TRANSIENT, SQLITE_UTF8));
  return *this;
}

SqliteStatement& SqliteStatement::BindBlob(int index, std::string_view value) {
  handle_->Check(::sqlite3_bind_blob64(handle_->statement, index, value.data(), value.size(),
                                       SQLITE_TRANSIENT));
  return *this;
}

SqliteStatement& SqliteStatement::BindNull(int index) {
  handle_->Check(::sqlite3_bind_null(handle_->statement, index));
  return *this;
}

Result<bool> SqliteStatement::Step() {
  if (handle_->bind_failed)
    return Fail(Reason::kEvidenceUnavailable, "SQLite: a value is unusable");
  const int result = ::sqlite3_step(handle_->statement);
  if (result == SQLITE_ROW) return true;
  if (result == SQLITE_DONE) return false;
  return Unavailable(handle_->database);
}

Result<void> SqliteStatement::Run() {
  const auto row = Step();
  ::sqlite3_reset(handle_->statement);
  if (!row) return row.error();
  return {};
}

int64_t SqliteStatement::Int(int column) const {
  return ::sqlite3_column_int64(handle_->statement, column);
}

std::string SqliteStatement::Bytes(int column) const {
  const void* bytes = ::sqlite3_column_blob(handle_->statement, column);
  const int size = ::sqlite3_column_bytes(handle_->statement, column);
  if (bytes == nullptr || size <= 0) return {};
  return {static_cast<const char*>(bytes), static_cast<size_t>(size)};
}

bool SqliteStatement::IsBlob(int column) const {
  return ::sqlite3_column_type(handle_->statement, column) == SQLITE_BLOB;
}

}  // namespace callvet
