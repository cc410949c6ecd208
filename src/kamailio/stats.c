/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stats.h"

#include <callvet/callvet.h>

#include "core/counters.h"

static stat_var* counters[CV_STAT_COUNT];

static stat_export_t exports[] = {
    {"checked", 0, &counters[CV_STAT_CHECKED]},
    {"verified", 0, &counters[CV_STAT_VERIFIED]},
    {"failed", 0, &counters[CV_STAT_FAILED]},
    {"undecided", 0, &counters[CV_STAT_UNDECIDED]},
    {"unsigned", 0, &counters[CV_STAT_UNSIGNED]},
    {"rejected", 0, &counters[CV_STAT_REJECTED]},
    {"suspended", 0, &counters[CV_STAT_SUSPENDED]},
    {"resumed", 0, &counters[CV_STAT_RESUMED]},
    {"expired", 0, &counters[CV_STAT_EXPIRED]},
    {"gone", 0, &counters[CV_STAT_GONE]},
    {"busy", 0, &counters[CV_STAT_BUSY]},
    {"fetches", 0, &counters[CV_STAT_FETCHES]},
    {"fetch_failures", 0, &counters[CV_STAT_FETCH_FAILURES]},
    {"table_hits", 0, &counters[CV_STAT_TABLE_HITS]},
    {"reloads", 0, &counters[CV_STAT_RELOADS]},
    {"evidence", 0, &counters[CV_STAT_EVIDENCE]},
    {"evidence_refused", 0, &counters[CV_STAT_EVIDENCE_REFUSED]},
    {"evidence_lost", 0, &counters[CV_STAT_EVIDENCE_LOST]},
    {"disagreements", 0, &counters[CV_STAT_DISAGREEMENTS]},
    {"pool_lost", 0, &counters[CV_STAT_POOL_LOST]},
    {0, 0, 0},
};

int cv_stats_init(void) {
  return register_module_stats("callvet", exports);
}

void cv_count(cv_stat_t stat) {
  update_stat(counters[stat], 1);
}

void cv_count_record(const cv_record_t* record) {
  cv_count(CV_STAT_CHECKED);
  switch (record->result) {
    case CV_VERIFIED:
      cv_count(CV_STAT_VERIFIED);
      break;
    case CV_UNSIGNED:
      cv_count(CV_STAT_UNSIGNED);
      break;
    case CV_NOT_VERIFIED:
      cv_count(CV_STAT_FAILED);
      break;
    default:
      cv_count(CV_STAT_UNDECIDED);
      break;
  }
  if (record->action == CALLVET_REJECT) cv_count(CV_STAT_REJECTED);
}

const char* cv_stat_name(cv_stat_t stat) {
  return exports[stat].name;
}

unsigned long cv_stat_value(cv_stat_t stat) {
  return get_stat_val(counters[stat]);
}
