// SPDX-License-Identifier: MIT
#include "evidence/postgres_schema.h"

#include <map>
#include <string>

#include "evidence/postgres_summary.h"

namespace callvet {
namespace {

// An index of evidence_record: what pg_get_indexdef says of it behind USING.
struct Index {
  const char* name;
  const char* definition;
};
constexpr Index kIndexes[] = {
    {"evidence_record_pkey", "btree (seq, day)"},
    {"evidence_record_id", "btree (id, day)"},
    {"evidence_record_at", "btree (at)"},
    {"evidence_record_orig", "btree (orig, seq)"},
    {"evidence_record_dest", "btree (dest, seq)"},
    {"evidence_record_origid", "btree (origid)"},
    {"evidence_record_spc", "btree (spc, seq)"},
    {"evidence_record_trunk", "btree (trunk, seq)"},
    {"evidence_record_call_id", "btree (call_id)"},
    {"evidence_record_reason", "btree (reason, seq) WHERE (reason <> 'verified'::text)"},
};

// Those of the other tables.
constexpr Index kOtherIndexes[] = {
    {"evidence_setting_pkey", "unique btree (name)"},
    {"evidence_day_pkey", "unique btree (day)"},
    {"evidence_blob_pkey", "unique btree (sha256)"},
    {"evidence_chain_end_pkey", "unique btree (name)"},
    {"evidence_checkpoint_pkey", "unique btree (seq)"},
    {"evidence_signer_pkey", "unique btree (key_id)"},
};

// Those of the tables that a store of an earlier version lacks.
constexpr Index kSummaryIndexes[] = {
    {"evidence_tally_pkey", "unique btree (hour, day, signer, holder, trunk, reason, action)"},
    {"evidence_complaint_pkey", "unique btree (seq)"},
    {"evidence_complaint_id_key", "unique btree (id)"},
    {"evidence_complaint_reference_key", "unique btree (reference)"},
    {"evidence_complaint_counts_at", "btree (counts_at)"},
};

using Names = std::map<std::string, std::string>;  // name and what it is

Result<Names> Read(PostgresConnection& connection, const std::string& sql) {
  const auto rows = connection.Query(sql);
  if (!rows) return rows.error();
  Names names;
  for (const auto& row : rows->rows) names.emplace(row.at(0).value_or(""), row.at(1).value_or(""));
  return names;
}

void Compare(const std::string& what, const Names& wanted, const Names& is,
             EvidenceVisitor& visitor) {
  for (const auto& [name, definition] : wanted) {
    const auto found = is.find(name);
    if (found == is.end()) {
      visitor.Odd(what + " " + name + " is missing");
    } else if (found->second != definition) {
      visitor.Odd(what + " " + name + " is not as it is made");
    }
  }
  for (const auto& [name, definition] : is) {
    if (!wanted.contains(name)) visitor.Odd(what + " " + name + " does not belong here");
  }
}

Result<void> CheckIndexes(PostgresConnection& connection, EvidenceVisitor& visitor) {
  Names wanted;
  for (const Index& index : kIndexes) wanted.emplace(index.name, index.definition);
  const auto is = Read(connection,
                       "SELECT c.relname, regexp_replace(pg_get_indexdef(c.oid), '^.* USING ', '') "
                       "|| CASE WHEN i.indisvalid AND i.indisready THEN '' ELSE ' invalid' END "
                       "FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
                       "WHERE i.indrelid = 'evidence_record'::regclass");
  if (!is) return is.error();
  Compare("index", wanted, *is, visitor);
  return {};
}

// A unique index, or one that somebody's function computes, keeps out what he does not like. Those
// of a partition belong to one of evidence_record: what they are is what that one is.
Result<void> CheckFurtherIndexes(PostgresConnection& connection, EvidenceVisitor& visitor) {
  const auto own = Read(
      connection,
      "SELECT 'index ' || c.relname || ' of ' || t.relname, CASE WHEN p.inhrelid IS NULL THEN ' "
      "does not belong here' ELSE ' is invalid' END FROM pg_inherits h JOIN pg_class t ON t.oid = "
      "h.inhrelid JOIN pg_index i ON i.indrelid = t.oid JOIN pg_class c ON c.oid = i.indexrelid "
      "LEFT JOIN pg_inherits p ON p.inhrelid = c.oid WHERE h.inhparent = "
      "'evidence_record'::regclass AND (p.inhrelid IS NULL OR NOT (i.indisvalid AND "
      "i.indisready))");
  if (!own) return own.error();
  for (const auto& [index, fault] : *own) visitor.Odd(index + fault);

  const auto summaries = PostgresHasSummaries(connection);
  if (!summaries) return summaries.error();
  Names wanted;
  for (const Index& index : kOtherIndexes) wanted.emplace(index.name, index.definition);
  if (*summaries) {
    for (const Index& index : kSummaryIndexes) wanted.emplace(index.name, index.definition);
  }
  // Without one that is unique, the writer cannot say what stands there already.
  const auto others = Read(
      connection,
      "SELECT c.relname, CASE WHEN i.indisunique THEN 'unique ' ELSE '' END || "
      "regexp_replace(pg_get_indexdef(c.oid), '^.* USING ', '') || CASE WHEN i.indisvalid AND "
      "i.indisready THEN '' ELSE ' invalid' END FROM pg_index i "
      "JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid WHERE "
      "t.relname IN ('evidence_setting', 'evidence_day', 'evidence_blob', 'evidence_chain_end', "
      "'evidence_checkpoint', 'evidence_signer', 'evidence_tally', 'evidence_complaint') AND "
      "pg_table_is_visible(t.oid)");
  if (!others) return others.error();
  Compare("index", wanted, *others, visitor);
  return {};
}

Result<void> CheckPartitions(PostgresConnection& connection, EvidenceVisitor& visitor) {
  const auto days = Read(connection,
                         "SELECT 'evidence_record_' || day, format('FOR VALUES FROM (''%s'') TO "
                         "(''%s'')', day, day + 1) FROM evidence_day");
  if (!days) return days.error();
  const auto is = Read(connection,
                       "SELECT c.relname, pg_get_expr(c.relpartbound, c.oid) FROM pg_inherits i "
                       "JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = "
                       "'evidence_record'::regclass");
  if (!is) return is.error();
  Compare("partition", *days, *is, visitor);
  const auto empty = Read(connection,
                          "SELECT day, '' FROM evidence_day d WHERE NOT EXISTS (SELECT 1 FROM "
                          "evidence_record r WHERE r.day = d.day)");
  if (!empty) return empty.error();
  for (const auto& [day, nothing] : *empty) visitor.Odd("day " + day + " has no records");
  return {};
}

// Columns of evidence_record and its partitions: what pg_catalog says of them.
constexpr const char* kRecordColumns[][2] = {
    {"seq", "bigint not null"},
    {"day", "bigint not null"},
    {"id", "uuid not null"},
    {"kind", "smallint not null"},
    {"at", "bigint not null"},
    {"orig", "text"},
    {"dest", "text"},
    {"origid", "text"},
    {"spc", "text"},
    {"trunk", "text"},
    {"reason", "text"},
    {"call_id", "text"},
    {"hash", "bytea not null"},
    {"body", "text not null"},
};
// The same of the other tables, with their names in front.
constexpr const char* kOtherColumns[][2] = {
    {"evidence_setting.name", "text not null"},
    {"evidence_setting.value", "text not null"},
    {"evidence_day.day", "bigint not null"},
    {"evidence_blob.sha256", "bytea not null"},
    {"evidence_blob.last_day", "bigint not null"},
    {"evidence_blob.bytes", "bytea not null"},
    {"evidence_chain_end.name", "text not null"},
    {"evidence_chain_end.seq", "bigint not null"},
    {"evidence_chain_end.hash", "bytea not null"},
    {"evidence_chain_end.at", "bigint not null"},
    {"evidence_chain_end.key_id", "text not null"},
    {"evidence_chain_end.signature", "bytea not null"},
    {"evidence_checkpoint.seq", "bigint not null"},
    {"evidence_checkpoint.hash", "bytea not null"},
    {"evidence_checkpoint.at", "bigint not null"},
    {"evidence_checkpoint.key_id", "text not null"},
    {"evidence_checkpoint.signature", "bytea not null"},
    {"evidence_signer.key_id", "text not null"},
    {"evidence_signer.public_pem", "text not null"},
};
constexpr const char* kSummaryColumns[][2] = {
    {"evidence_tally.hour", "bigint not null"},
    {"evidence_tally.day", "bigint not null"},
    {"evidence_tally.signer", "text not null"},
    {"evidence_tally.holder", "text not null"},
    {"evidence_tally.trunk", "text not null"},
    {"evidence_tally.reason", "text not null"},
    {"evidence_tally.action", "text not null"},
    {"evidence_tally.calls", "bigint not null"},
    {"evidence_complaint.seq", "bigint not null"},
    {"evidence_complaint.id", "uuid not null"},
    {"evidence_complaint.reference", "text"},
    {"evidence_complaint.filed_by", "text not null"},
    {"evidence_complaint.received", "bigint not null"},
    {"evidence_complaint.about", "bigint not null"},
    {"evidence_complaint.tolerance", "bigint not null"},
    {"evidence_complaint.category", "text not null"},
    {"evidence_complaint.candidates", "bigint not null"},
    {"evidence_complaint.call_id", "text not null"},
    {"evidence_complaint.call_time", "bigint not null"},
    {"evidence_complaint.signer", "text not null"},
    {"evidence_complaint.holder", "text not null"},
    {"evidence_complaint.trunk", "text not null"},
    {"evidence_complaint.matched_by", "text not null"},
    {"evidence_complaint.counts_at", "bigint not null"},
};

// A column of another type, with a default, an expression or another collation holds or finds other
// than what was written.
Result<void> CheckColumns(PostgresConnection& connection, EvidenceVisitor& visitor) {
  const auto tables = Read(connection,
                           "SELECT 'evidence_record', '' UNION ALL SELECT c.relname, '' FROM "
                           "pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE "
                           "i.inhparent = 'evidence_record'::regclass");
  if (!tables) return tables.error();
  const auto summaries = PostgresHasSummaries(connection);
  if (!summaries) return summaries.error();
  Names wanted;
  for (const auto& [name, definition] : kOtherColumns) wanted.emplace(name, definition);
  std::string and_summaries;
  if (*summaries) {
    for (const auto& [name, definition] : kSummaryColumns) wanted.emplace(name, definition);
    and_summaries = ", 'evidence_tally', 'evidence_complaint'";
  }
  for (const auto& [table, nothing] : *tables) {
    for (const auto& [name, definition] : kRecordColumns) {
      wanted.emplace(table + "." + name, definition);
    }
  }
  const auto is = Read(
      connection,
      std::string(
          "SELECT c.relname || '.' || a.attname, format_type(a.atttypid, a.atttypmod) || CASE WHEN "
          "a.attnotnull THEN ' not null' ELSE '' END || CASE WHEN a.atthasdef THEN ' default' ELSE "
          "'' "
          "END || CASE WHEN a.attcollation <> t.typcollation THEN ' collation' ELSE '' END FROM "
          "pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_type t ON t.oid = "
          "a.atttypid "
          "WHERE a.attnum > 0 AND NOT a.attisdropped AND (c.oid = ANY(ARRAY['evidence_setting', "
          "'evidence_day', 'evidence_blob', 'evidence_chain_end', 'evidence_checkpoint', "
          "'evidence_signer', 'evidence_record'") +
          and_summaries +
          "]::regclass[]) OR c.oid IN (SELECT inhrelid FROM "
          "pg_inherits WHERE inhparent = 'evidence_record'::regclass))");
  if (!is) return is.error();
  Compare("column", wanted, *is, visitor);
  return {};
}

// The tables of this store and all partitions: others may have others with such names, in schemas
// of their own or for a session.
constexpr const char* kOwnTables =
    "(SELECT to_regclass(t)::oid FROM unnest(ARRAY['evidence_setting', 'evidence_day', "
    "'evidence_blob', 'evidence_chain_end', 'evidence_checkpoint', 'evidence_signer', "
    "'evidence_tally', 'evidence_complaint']) t UNION ALL SELECT relid::oid FROM "
    "pg_partition_tree('evidence_record'))";

// A CHECK or a foreign key refuses records that somebody does not like: the writer would spill
// them.
Result<void> CheckConstraints(PostgresConnection& connection, EvidenceVisitor& visitor) {
  const auto is =
      Read(connection, std::string("SELECT 'constraint ' || o.conname || ' of ' || c.relname, '' "
                                   "FROM pg_constraint o JOIN pg_class c ON c.oid = o.conrelid "
                                   "WHERE o.contype IN ('c', 'f', 'x', 't') AND c.oid IN ") +
                           kOwnTables);
  if (!is) return is.error();
  for (const auto& [name, nothing] : *is) visitor.Odd(name + " does not belong here");
  return {};
}

// What would change or hide rows behind the program's back.
Result<void> CheckHelpers(PostgresConnection& connection, EvidenceVisitor& visitor) {
  const auto is =
      Read(connection, std::string("WITH own AS ") + kOwnTables +
                           "SELECT 'trigger ' || t.tgname || ' of ' || c.relname, '' FROM "
                           "pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE NOT "
                           "t.tgisinternal AND c.oid IN (TABLE own) UNION ALL SELECT 'rule ' || "
                           "r.rulename || ' of ' || c.relname, '' FROM pg_rewrite r JOIN pg_class "
                           "c ON c.oid = r.ev_class WHERE c.oid IN (TABLE own) UNION ALL SELECT "
                           "'row security of ' || relname, '' FROM pg_class WHERE relrowsecurity "
                           "AND oid IN (TABLE own)");
  if (!is) return is.error();
  for (const auto& [name, nothing] : *is) visitor.Odd(name + " does not belong here");
  return {};
}

// A crash of the server empties a table that is not logged; a foreign one is somebody else's.
Result<void> CheckDurability(PostgresConnection& connection, EvidenceVisitor& visitor) {
  const auto is =
      Read(connection, std::string("SELECT 'table ' || relname, CASE relkind WHEN 'f' THEN ' is a "
                                   "foreign one' ELSE ' is not logged: a crash empties it' END "
                                   "FROM pg_class WHERE (relkind = 'f' OR (relkind IN ('r', 'p') "
                                   "AND relpersistence <> 'p')) AND oid IN ") +
                           kOwnTables);
  if (!is) return is.error();
  for (const auto& [table, fault] : *is) visitor.Odd(table + fault);
  return {};
}

}  // namespace

const std::vector<const char*>& PostgresSchema() {
  static const std::vector<const char*> schema = {
      "CREATE TABLE IF NOT EXISTS evidence_setting (name text PRIMARY KEY, value text NOT NULL)",
      "CREATE TABLE IF NOT EXISTS evidence_day (day bigint PRIMARY KEY)",
      "CREATE TABLE IF NOT EXISTS evidence_blob (sha256 bytea PRIMARY KEY, last_day bigint NOT "
      "NULL, bytes bytea NOT NULL)",
      "CREATE TABLE IF NOT EXISTS evidence_chain_end (name text PRIMARY KEY, seq bigint NOT NULL, "
      "hash bytea NOT NULL, at bigint NOT NULL, key_id text NOT NULL, signature bytea NOT NULL)",
      "CREATE TABLE IF NOT EXISTS evidence_checkpoint (seq bigint PRIMARY KEY, hash bytea NOT "
      "NULL, at bigint NOT NULL, key_id text NOT NULL, signature bytea NOT NULL)",
      "CREATE TABLE IF NOT EXISTS evidence_signer (key_id text PRIMARY KEY, public_pem text NOT "
      "NULL)",
      "CREATE TABLE IF NOT EXISTS evidence_record (seq bigint NOT NULL, day bigint NOT NULL, "
      "id uuid NOT NULL, kind smallint NOT NULL, at bigint NOT NULL, orig text, dest text, "
      "origid text, spc text, trunk text, reason text, call_id text, hash bytea NOT NULL, "
      "body text NOT NULL, PRIMARY KEY (seq, day)) PARTITION BY RANGE (day)",
      "CREATE UNIQUE INDEX IF NOT EXISTS evidence_record_id ON evidence_record (id, day)",
      "CREATE INDEX IF NOT EXISTS evidence_record_at ON evidence_record (at)",
      // A search wants the latest of what matches: these serve that order.
      "CREATE INDEX IF NOT EXISTS evidence_record_orig ON evidence_record (orig, seq)",
      "CREATE INDEX IF NOT EXISTS evidence_record_dest ON evidence_record (dest, seq)",
      "CREATE INDEX IF NOT EXISTS evidence_record_origid ON evidence_record (origid)",
      "CREATE INDEX IF NOT EXISTS evidence_record_spc ON evidence_record (spc, seq)",
      "CREATE INDEX IF NOT EXISTS evidence_record_trunk ON evidence_record (trunk, seq)",
      "CREATE INDEX IF NOT EXISTS evidence_record_call_id ON evidence_record (call_id)",
      "CREATE INDEX IF NOT EXISTS evidence_record_reason ON evidence_record (reason, seq) "
      "WHERE reason <> 'verified'",
  };
  return schema;
}

Result<bool> CheckPostgresTables(PostgresConnection& connection, EvidenceVisitor& visitor) {
  const auto missing =
      Read(connection,
           "SELECT t, '' FROM unnest(ARRAY['evidence_setting', 'evidence_day', 'evidence_blob', "
           "'evidence_chain_end', 'evidence_checkpoint', 'evidence_signer', 'evidence_record']) t "
           "WHERE to_regclass(t) IS NULL");
  if (!missing) return missing.error();
  for (const auto& [table, nothing] : *missing) visitor.Odd("table " + table + " is missing");
  return missing->empty();
}

Result<void> CheckPostgresStructure(PostgresConnection& connection, EvidenceVisitor& visitor) {
  if (auto ok = CheckIndexes(connection, visitor); !ok) return ok;
  if (auto ok = CheckFurtherIndexes(connection, visitor); !ok) return ok;
  if (auto ok = CheckPartitions(connection, visitor); !ok) return ok;
  if (auto ok = CheckColumns(connection, visitor); !ok) return ok;
  if (auto ok = CheckConstraints(connection, visitor); !ok) return ok;
  if (auto ok = CheckDurability(connection, visitor); !ok) return ok;
  return CheckHelpers(connection, visitor);
}

}  // namespace callvet
