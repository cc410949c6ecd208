// SPDX-License-Identifier: MIT
#include "evidence/postgres.h"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/clock.h"
#include "base/text.h"
#include "evidence/packed_id.h"

namespace callvet {
namespace {

struct ResultFree {
  void operator()(PGresult* result) const { ::PQclear(result); }
};
using ResultPtr = std::unique_ptr<PGresult, ResultFree>;

enum class Wait : uint8_t { kReadable, kWritable, kTimeout };

// Until the socket can be read or, with `events` POLLOUT, written.
Wait WaitFor(int socket, int events, const Deadline& deadline, const std::atomic<bool>* stopped) {
  pollfd poll{socket, static_cast<short>(events), 0};
  // Who may be told to stop looks up now and then.
  constexpr int64_t kLook = 100;
  const int64_t slice = stopped != nullptr ? kLook : 3'600'000;
  int found = 0;
  do {
    if (stopped != nullptr && *stopped) return Wait::kTimeout;
    const auto left = std::min<int64_t>(deadline.Left().count(), slice);
    found = ::poll(&poll, 1, static_cast<int>(left));
  } while (found == 0 && stopped != nullptr && deadline.Left().count() > 0);
  if (found <= 0) return Wait::kTimeout;
  return (poll.revents & POLLOUT) != 0 && (poll.revents & POLLIN) == 0 ? Wait::kWritable
                                                                       : Wait::kReadable;
}

struct OptionsFree {
  void operator()(PQconninfoOption* options) const { ::PQconninfoFree(options); }
};

// A password whose '@' or '/' were not written as %XX is taken apart by libpq, whose messages quote
// the parts as a host, a port or a database.
bool LooksLikeAPassword(std::string_view keyword, std::string_view value) {
  if (keyword == "port") return value.find_first_not_of("0123456789,") != std::string_view::npos;
  const bool quoted = keyword == "host" || keyword == "hostaddr" || keyword == "dbname";
  return quoted && value.find('@') != std::string_view::npos;
}

// Whether `url` is one that libpq reads as it was meant. Says nothing of what it holds.
Result<void> CheckUrl(const std::string& url) {
  if (url.find("://") == std::string::npos && url.find('=') == std::string::npos) return {};
  char* message = nullptr;
  const std::unique_ptr<PQconninfoOption, OptionsFree> options(
      ::PQconninfoParse(url.c_str(), &message));
  ::PQfreemem(message);
  bool good = options != nullptr;
  for (const PQconninfoOption* option = options.get(); good && option->keyword != nullptr;
       ++option) {
    good = option->val == nullptr || !LooksLikeAPassword(option->keyword, option->val);
  }
  if (good) return {};
  return Fail(Reason::kEvidenceUnavailable,
              "PostgreSQL: the store's URL cannot be read. '@', '/', ':' and '%' in a password are "
              "written %40, %2F, %3A and %25");
}

}  // namespace

std::string PostgresDatabaseName(const std::string& url) {
  const std::unique_ptr<PQconninfoOption, OptionsFree> options(
      ::PQconninfoParse(url.c_str(), nullptr));
  if (options == nullptr) return url;
  const auto value = [&](std::string_view keyword) -> std::string {
    for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
      if (option->keyword == keyword && option->val != nullptr) return option->val;
    }
    return {};
  };
  const std::string host = value("host");
  const std::string port = value("port");
  return (host.empty() ? value("hostaddr") : host) + ":" + (port.empty() ? "5432" : port) + "/" +
         value("dbname");
}

struct PostgresConnection::Handle {
  PGconn* connection = nullptr;
  PostgresPatience patience;
  bool dead = false;
  explicit Handle(const PostgresPatience& wanted) : patience(wanted) {}
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() { ::PQfinish(connection); }

  [[nodiscard]] Failure Fails(const std::string& what) const {
    return Fail(
        Reason::kEvidenceUnavailable,
        "PostgreSQL: " + what + ": " + std::string(TrimLines(::PQerrorMessage(connection))));
  }
  [[nodiscard]] Wait WaitUntil(int events, const Deadline& deadline) const {
    return WaitFor(::PQsocket(connection), events, deadline, patience.stopped);
  }
  Failure Dies(const std::string& what) {
    dead = true;
    return Fails(what);
  }

  Result<void> Open(const std::string& url, const Deadline& deadline) {
    if (auto ok = CheckUrl(url); !ok) return ok;
    // Settings are made behind the connection: "options" here would replace those of the URL, and
    // poolers refuse it.
    const std::array<const char*, 5> names = {"dbname", "application_name", "client_encoding",
                                              "tcp_user_timeout", nullptr};
    const std::array<const char*, 5> values = {url.c_str(), "callvet", "UTF8", "10000", nullptr};
    connection = ::PQconnectStartParams(names.data(), values.data(), 1);
    if (connection == nullptr) return Fail(Reason::kEvidenceUnavailable, "PostgreSQL: no memory");
    ::PQsetNoticeProcessor(
        connection, [](void* /*unused*/, const char* /*message*/) {}, nullptr);
    auto state = PGRES_POLLING_WRITING;
    while (state != PGRES_POLLING_OK) {
      if (state == PGRES_POLLING_FAILED || ::PQstatus(connection) == CONNECTION_BAD) {
        return Fails("no connection");
      }
      const int events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT;
      if (WaitUntil(events, deadline) == Wait::kTimeout) {
        return Fails("no answer to the connection");
      }
      state = ::PQconnectPoll(connection);
    }
    // The lines behind a message's first quote rows, which name parties; messages are logged.
    ::PQsetErrorVerbosity(connection, PQERRORS_TERSE);
    if (::PQsetnonblocking(connection, 1) != 0) return Fails("no connection");
    return {};
  }

  Result<void> Flush(const Deadline& deadline) {
    int left = ::PQflush(connection);
    while (left == 1) {
      const Wait ready = WaitUntil(POLLIN | POLLOUT, deadline);
      if (ready == Wait::kTimeout) return Dies("the server takes nothing");
      if (ready == Wait::kReadable && ::PQconsumeInput(connection) == 0) return Dies("sending");
      left = ::PQflush(connection);
    }
    if (left < 0) return Dies("sending");
    return {};
  }

  // The last result of a statement; all are read.
  Result<ResultPtr> Receive(const Deadline& deadline) {
    ResultPtr last;
    while (true) {
      while (::PQisBusy(connection) == 1) {
        if (WaitUntil(POLLIN, deadline) == Wait::kTimeout) {
          return Dies("no answer in time");
        }
        if (::PQconsumeInput(connection) == 0) return Dies("the connection was lost");
      }
      ResultPtr result(::PQgetResult(connection));
      if (result == nullptr) break;
      last = std::move(result);
    }
    if (last == nullptr) return Dies("no answer");
    if (::PQstatus(connection) != CONNECTION_OK) dead = true;
    return last;
  }
};

PostgresConnection::PostgresConnection(std::unique_ptr<Handle> handle)
    : handle_(std::move(handle)) {}
PostgresConnection::PostgresConnection(PostgresConnection&&) noexcept = default;
PostgresConnection& PostgresConnection::operator=(PostgresConnection&&) noexcept = default;
PostgresConnection::~PostgresConnection() = default;

namespace {

// Tables are looked for in the schemas of before. But pg_catalog, since it is not named, comes
// first for everything, and temporary tables last: whoever may make a "=" of his own, or set the
// database's search_path, must not decide what a search finds.
Result<std::string> SearchPath(PostgresConnection& connection) {
  const auto schemas =
      connection.Query("SELECT s FROM pg_catalog.unnest(pg_catalog.current_schemas(false)) s");
  if (!schemas) return schemas.error();
  std::string path;
  for (const auto& row : schemas->rows) {
    const std::string name = row.at(0).value_or("");
    if (name.starts_with("pg_")) continue;
    path += '"';
    for (const char c : name) path.append(c == '"' ? 2 : 1, c);
    path += "\", ";
  }
  if (path.empty()) {
    return Fail(Reason::kEvidenceUnavailable, "PostgreSQL: search_path names no schema");
  }
  return path + "pg_temp";
}

// A database or a login may have other settings, which must decide neither what is stored nor what
// is read. The server gives up when the client does: a statement that nobody waits for any more
// would hold its locks before everybody else.
Result<void> PinSettings(PostgresConnection& connection, const PostgresPatience& patience) {
  auto path = SearchPath(connection);
  if (!path) return path.error();
  const std::pair<const char*, std::string> settings[] = {
      {"search_path", std::move(*path)},
      {"statement_timeout", std::to_string(patience.answer.count())},
      {"lock_timeout", "0"},  // that of the statement
      {"idle_in_transaction_session_timeout", "60000"},
      {"synchronous_commit", "on"},
      // Who waited for the lock of the chain must see what was committed meanwhile.
      {"default_transaction_isolation", "read committed"},
      {"bytea_output", "hex"},  // as FromPostgresBytes reads
      {"array_nulls", "on"},    // as PostgresArray writes
      {"quote_all_identifiers", "off"},
  };
  std::string sql = "SELECT ";
  std::vector<PostgresConnection::Parameter> values;
  for (const auto& [name, value] : settings) {
    if (!values.empty()) sql += ", ";
    values.emplace_back(value);
    sql += std::string("pg_catalog.set_config('") + name + "', $" + std::to_string(values.size()) +
           ", false)";
  }
  if (const auto set = connection.Query(sql, values); !set) return set.error();
  return {};
}

}  // namespace

Result<PostgresConnection> PostgresConnection::Connect(const std::string& url,
                                                       const PostgresPatience& patience) {
  auto handle = std::make_unique<Handle>(patience);
  if (auto ok = handle->Open(url, Deadline::After(patience.connect)); !ok) return ok.error();
  PostgresConnection connection(std::move(handle));
  if (auto ok = PinSettings(connection, patience); !ok) return ok.error();
  return connection;
}

bool PostgresConnection::alive() const {
  return handle_ != nullptr && !handle_->dead;
}

Result<PostgresRows> PostgresConnection::Query(const std::string& sql,
                                               const std::vector<Parameter>& parameters) {
  if (!alive()) return Fail(Reason::kEvidenceUnavailable, "PostgreSQL: no connection");
  const auto deadline = Deadline::After(handle_->patience.answer);
  std::vector<const char*> values;
  values.reserve(parameters.size());
  for (const Parameter& parameter : parameters) {
    values.push_back(parameter ? parameter->c_str() : nullptr);
  }
  if (::PQsendQueryParams(handle_->connection, sql.c_str(), static_cast<int>(values.size()),
                          nullptr, values.data(), nullptr, nullptr, 0) != 1) {
    return handle_->Dies("sending");
  }
  if (auto ok = handle_->Flush(deadline); !ok) return ok.error();
  const auto result = handle_->Receive(deadline);
  if (!result) return result.error();
  const ExecStatusType status = ::PQresultStatus(result->get());
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
    return handle_->Fails("statement refused");
  }
  PostgresRows rows;
  const int columns = ::PQnfields(result->get());
  for (int row = 0; row < ::PQntuples(result->get()); ++row) {
    auto& cells = rows.rows.emplace_back();
    for (int column = 0; column < columns; ++column) {
      if (::PQgetisnull(result->get(), row, column) == 1) {
        cells.emplace_back(std::nullopt);
      } else {
        cells.emplace_back(
            std::string(::PQgetvalue(result->get(), row, column),
                        static_cast<size_t>(::PQgetlength(result->get(), row, column))));
      }
    }
  }
  return rows;
}

std::string PostgresArray(const std::vector<PostgresConnection::Parameter>& values) {
  std::string text = "{";
  for (const auto& value : values) {
    if (text.size() > 1) text += ',';
    if (!value) {
      text += "NULL";
      continue;
    }
    text += '"';
    for (const char c : *value) {
      if (c == '"' || c == '\\') text += '\\';
      text += c;
    }
    text += '"';
  }
  return text + "}";
}

std::string PostgresBytes(std::string_view bytes) {
  return "\\x" + ToHex(bytes);
}

std::string FromPostgresBytes(std::string_view text) {
  if (text.substr(0, 2) != "\\x") return {};
  return BytesOfHex(text.substr(2)).value_or("");
}

std::string PostgresClientVersion() {
  const int version = ::PQlibVersion();
  return "PostgreSQL by libpq " + std::to_string(version / 10'000) + "." +
         std::to_string(version % 10'000);
}

}  // namespace callvet
