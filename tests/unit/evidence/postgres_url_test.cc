// SPDX-License-Identifier: MIT
#include "evidence/postgres.h"
#include "support/result_matchers.h"

namespace callvet::test {
namespace {

// Passwords with characters that should have been written as %XX: libpq takes them apart, and
// quotes the parts.
TEST(PostgresUrl, NoPartOfAPasswordIsInAnyText) {
  for (const char* url : {
           "postgresql://user:sec@ret@127.0.0.1:1/calls",
           "postgresql://user:sec/ret@127.0.0.1:1/calls",
           "postgresql://user:/secret@127.0.0.1:1/calls",
           "postgresql://user:12/secret@127.0.0.1:1/calls",
           "postgresql://user:sec%zzret@127.0.0.1:1/calls",
           "postgresql://user:s[ecret@127.0.0.1:1/calls",
           "postgresql://user:sec?ret@127.0.0.1:1/calls",
           "postgresql://user:sec:ret@127.0.0.1:1/calls",
           "postgresql://user@127.0.0.1:1/calls?password=sec%zzret",
           "host=127.0.0.1 port=1 password=sec ret dbname=calls",
           "host=127.0.0.1 port=1 password='secret",
           "postgresql://user:secret@127.0.0.1:1/calls",
       }) {
    const auto connection =
        PostgresConnection::Connect(url, {std::chrono::seconds(2), std::chrono::seconds(2)});
    ASSERT_FALSE(connection.has_value()) << url;
    EXPECT_EQ(connection.error().reason, Reason::kEvidenceUnavailable);
    for (const char* part : {"sec", "ret"}) {
      EXPECT_EQ(connection.error().detail.find(part), std::string::npos)
          << url << ": " << connection.error().detail;
    }
  }
}

}  // namespace
}  // namespace callvet::test
