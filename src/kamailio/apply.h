/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CALLVET_KAMAILIO_APPLY_H
#define CALLVET_KAMAILIO_APPLY_H

#include "worker.h"

/* Does with the call what its record says: answers it (-1), or writes verstat and Reason into it
 * and removes what must not be believed (1). CV_ERROR if neither could be done: do not let the call
 * go on. */
int cv_apply(sip_msg_t* msg, const cv_record_t* record);

/* Removes what must not be believed, and writes nothing: for a request that is not judged. 0, or
 * -1: do not let it go on. */
int cv_strip(sip_msg_t* msg, const cv_record_t* record);

/* The P-Asserted-Identity value with verstat that belongs to the call, made of From if it has none
 * that can be read and has room, or of nobody if From has no number either; into `buffer`. 0, or
 * -1. */
int cv_marked_identity(sip_msg_t* msg, const cv_record_t* record, char* buffer, int* size);

/* Adds the Reason headers: to `msg` if it is a reply that goes on, or to the reply that the script
 * sends next to this request. 0, or -1. */
int cv_add_reason(sip_msg_t* msg, const cv_record_t* record);

#endif
