// SPDX-License-Identifier: MIT
#include "evidence/sqlite.h"

#include <fcntl.h>
#include <sqlite3.h>

#include <new>
#include <system_error>
#include <utility>

#include "base/file_descriptor.h"
#include "base/text.h"

namespace callvet {
namespace {

constexpr int kBusyMilliseconds = 5'000;

Failure Unavailable(sqlite3* database) {
  const bool none = (::sqlite3_errcode(database) & 0xFF) == SQLITE_NOTADB;
  return Fail(none ? Reason::kFileInvalid : Reason::kEvidenceUnavailable,
              std::string("SQLite: ") + ::sqlite3_errmsg(database));
}

int FlagsOf(SqliteDatabase::Mode mode) {
  switch (mode) {
    case SqliteDatabase::Mode::kCreate:
      return SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    case SqliteDatabase::Mode::kExisting:
      return SQLITE_OPEN_READWRITE;
    case SqliteDatabase::Mode::kReadOnly:
      return SQLITE_OPEN_READONLY;
    case SqliteDatabase::Mode::kTemporary:
      return SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY;
  }
  return SQLITE_OPEN_READONLY;
}

// As a part of a URI: all but letters, digits and a few others by number.
std::string UriPath(const std::filesystem::path& path) {
  std::string uri;
  for (const char c : path.string()) {
    if (IsAlpha(c) || IsDigit(c) || c == '/' || c == '.' || c == '-' || c == '_') {
      uri += c;
    } else {
      uri += "%" + ToHex(std::string_view(&c, 1));
    }
  }
  return uri;
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

// A path that begins at the root is a file for SQLite, whatever it is called: ":memory:" is not
// kept, and "file:..." has parameters.
Result<SqliteDatabase> SqliteDatabase::Open(const std::filesystem::path& named, Mode mode) {
  if (mode == Mode::kTemporary) return OpenHandle("", FlagsOf(mode));
  std::error_code error;
  const auto path = std::filesystem::absolute(named, error);
  if (error) return Fail(Reason::kFileUnreadable, named.string() + ": " + error.message());
  if (mode == Mode::kCreate) {
    // SQLite itself would make it readable for others, as the umask says.
    const FileDescriptor made(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (made.get() < 0) {
      return Fail(Reason::kFileUnreadable, path.string() + " cannot be made or written");
    }
  }
  auto opened = OpenHandle(path, FlagsOf(mode));
  if (!opened || mode != Mode::kReadOnly) return opened;
  // Whoever may not write into the folder cannot make what SQLite (WAL) shares there with writers.
  if (const auto read = opened->Prepare("SELECT 1 FROM sqlite_schema");
      read || !CannotShare(*opened)) {
    return opened;
  }
  const auto journal = std::filesystem::file_size(path.string() + "-wal", error);
  if (!error && journal > 0) {
    return Fail(Reason::kFileUnreadable,
                path.string() +
                    " is being written, or its last writer died: only who may write "
                    "into its folder can read it now");
  }
  // No writer is there: the file is whole and stands still.
  return OpenHandle("file:" + UriPath(path) + "?immutable=1", FlagsOf(mode) | SQLITE_OPEN_URI);
}

Result<SqliteDatabase> SqliteDatabase::OpenHandle(const std::string& name, int flags) {
  auto handle = std::make_unique<Handle>();
  if (::sqlite3_open_v2(name.c_str(), &handle->database,
                        flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                        nullptr) != SQLITE_OK) {
    return Fail(
        Reason::kFileUnreadable,
        name + ": " +
            (handle->database != nullptr ? ::sqlite3_errmsg(handle->database) : "no memory"));
  }
  ::sqlite3_busy_timeout(handle->database, kBusyMilliseconds);
  return SqliteDatabase(std::move(handle));
}

void SqliteDatabase::WaitAtMost(std::chrono::milliseconds wait) {
  ::sqlite3_busy_timeout(handle_->database, static_cast<int>(wait.count()));
}

bool SqliteDatabase::CannotShare(const SqliteDatabase& database) {
  const int code = ::sqlite3_errcode(database.handle_->database) & 0xFF;
  return code == SQLITE_CANTOPEN || code == SQLITE_READONLY;
}

bool SqliteDatabase::InTransaction() const {
  return ::sqlite3_get_autocommit(handle_->database) == 0;
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
  if (bytes == nullptr || size <= 0) {
    // Also if there was no memory for it: then it is not empty.
    sqlite3* database = ::sqlite3_db_handle(handle_->statement);
    if ((::sqlite3_errcode(database) & 0xFF) == SQLITE_NOMEM) throw std::bad_alloc();
    return {};
  }
  return {static_cast<const char*>(bytes), static_cast<size_t>(size)};
}

SqliteStatement::Column SqliteStatement::TypeOf(int column) const {
  switch (::sqlite3_column_type(handle_->statement, column)) {
    case SQLITE_INTEGER:
      return Column::kInteger;
    case SQLITE_FLOAT:
      return Column::kReal;
    case SQLITE_TEXT:
      return Column::kText;
    case SQLITE_BLOB:
      return Column::kBlob;
    default:
      return Column::kNull;
  }
}

std::string SqliteVersion() {
  return std::string("SQLite ") + ::sqlite3_libversion();
}

}  // namespace callvet
