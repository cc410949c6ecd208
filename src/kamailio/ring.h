/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CALLVET_KAMAILIO_RING_H
#define CALLVET_KAMAILIO_RING_H

/*
 * Packages on their way from the processes that judge calls to one that takes them: a ring of bytes
 * in memory that all share, of a fixed size. Whoever puts never waits. Made before the fork.
 */

#include <stddef.h>

typedef struct cv_ring cv_ring_t;

/* NULL without memory; that is logged. `size`: of all that it can hold, in bytes. */
cv_ring_t* cv_ring_make(size_t size);
void cv_ring_destroy(cv_ring_t* ring);

/* Copies a package into the ring. 0, or -1: there is no room. */
int cv_ring_put(cv_ring_t* ring, const char* bytes, size_t size);
/* Takes the oldest package out, into `*buffer` (malloc, grown where needed, of `*room` bytes). 1, 0
 * if there is none, -1 without memory: then it stays. For one process. */
int cv_ring_take(cv_ring_t* ring, char** buffer, size_t* room, size_t* size);
/* Readable once something was put since it was last emptied. */
int cv_ring_wake_fd(const cv_ring_t* ring);
/* Packages in it, and their bytes. */
void cv_ring_count(cv_ring_t* ring, unsigned long* packages, size_t* bytes);

#endif
