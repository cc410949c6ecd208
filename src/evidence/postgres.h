// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "callvet/result.h"

// The only way in which callvet speaks to PostgreSQL, and to engines that speak its protocol.

namespace callvet {

/// Rows of an answer. A value.
struct PostgresRows {
  std::vector<std::vector<std::optional<std::string>>> rows;  // texts; nothing for NULL
};

/// How long a connection waits. A value that borrows the flag.
struct PostgresPatience {
  std::chrono::milliseconds connect;
  std::chrono::milliseconds answer;            // of the server to a question
  const std::atomic<bool>* stopped = nullptr;  // once it is true: not at all
};

/// One connection. No call waits for the server longer than its patience. Not thread-safe.
class PostgresConnection {
 public:
  /// `url` is a postgresql:// URL, or what libpq takes in its place. What the settings of server,
  /// database, login and URL could change of what is stored or found is set anew: commits wait for
  /// the disk, and no schema in search_path comes before pg_catalog. The server gives a statement
  /// up when its answer is no longer waited for. Fails with kEvidenceUnavailable; the detail never
  /// holds the URL, which may have a password in it.
  static Result<PostgresConnection> Connect(const std::string& url,
                                            const PostgresPatience& patience);
  PostgresConnection(PostgresConnection&&) noexcept;
  PostgresConnection& operator=(PostgresConnection&&) noexcept;
  ~PostgresConnection();

  using Parameter = std::optional<std::string>;
  /// One statement. Fails with kEvidenceUnavailable.
  Result<PostgresRows> Query(const std::string& sql, const std::vector<Parameter>& parameters = {});
  /// False: it is of no use any more; connect again.
  [[nodiscard]] bool alive() const;

 private:
  struct Handle;
  explicit PostgresConnection(std::unique_ptr<Handle> handle);
  std::unique_ptr<Handle> handle_;
};

/// Server and database of such a URL, without user and password: "HOST:PORT/DATABASE", as far as it
/// says them. Of what libpq cannot read the whole. Pure.
std::string PostgresDatabaseName(const std::string& url);

/// The literal of an array, for a parameter that the statement casts.
std::string PostgresArray(const std::vector<PostgresConnection::Parameter>& values);
/// Bytes as a bytea parameter, and back from a text of rows. Pure.
std::string PostgresBytes(std::string_view bytes);
std::string FromPostgresBytes(std::string_view text);

/// Name and version of the PostgreSQL client library that is loaded.
std::string PostgresClientVersion();

}  // namespace callvet
