/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CALLVET_KAMAILIO_FETCHER_H
#define CALLVET_KAMAILIO_FETCHER_H

/*
 * The one process that may wait: downloads certificates, trust list and CRLs in threads of its own,
 * keeps them current, and lets calls go on. If it dies, Kamailio ends (as with any of its
 * processes).
 */

#include <callvet/callvet.h>

typedef struct cv_fetcher_setup {
  const callvet_options* options;
  int threads;    /* downloads at a time */
  int timeout_ms; /* of one */
} cv_fetcher_setup_t;

/* Never returns but with an error. */
int cv_fetcher_run(const cv_fetcher_setup_t* setup);

#endif
