/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ring.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/dprint.h"
#include "core/locking.h"

/* Each package has its size in front. */
typedef uint32_t entry_size_t;

struct cv_ring {
  gen_lock_t lock;
  size_t size, begin, used; /* of `bytes` */
  unsigned long packages;
  int wake[2];
  char bytes[];
};

/* Not of Kamailio's shared memory, which calls in progress need. */
cv_ring_t* cv_ring_make(size_t size) {
  cv_ring_t* ring =
      mmap(NULL, sizeof(*ring) + size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  int i;
  if (ring == MAP_FAILED) {
    LM_ERR("no memory for a queue\n");
    return NULL;
  }
  ring->size = size;
  if (lock_init(&ring->lock) == NULL || pipe(ring->wake) < 0) {
    LM_ERR("no lock or pipe for a queue\n");
    munmap(ring, sizeof(*ring) + size);
    return NULL;
  }
  for (i = 0; i < 2; i++) fcntl(ring->wake[i], F_SETFL, fcntl(ring->wake[i], F_GETFL) | O_NONBLOCK);
  return ring;
}

void cv_ring_destroy(cv_ring_t* ring) {
  if (ring == NULL) return;
  close(ring->wake[0]);
  close(ring->wake[1]);
  lock_destroy(&ring->lock);
  munmap(ring, sizeof(*ring) + ring->size);
}

/* Both under the lock. */
static void write_bytes(cv_ring_t* ring, const void* bytes, size_t size) {
  size_t at = (ring->begin + ring->used) % ring->size;
  size_t first = size < ring->size - at ? size : ring->size - at;
  memcpy(ring->bytes + at, bytes, first);
  memcpy(ring->bytes, (const char*)bytes + first, size - first);
  ring->used += size;
}

static void read_bytes(const cv_ring_t* ring, size_t offset, void* bytes, size_t size) {
  size_t at = (ring->begin + offset) % ring->size;
  size_t first = size < ring->size - at ? size : ring->size - at;
  memcpy(bytes, ring->bytes + at, first);
  memcpy((char*)bytes + first, ring->bytes, size - first);
}

int cv_ring_put(cv_ring_t* ring, const char* bytes, size_t size) {
  entry_size_t entry = (entry_size_t)size;
  int was_empty, fits;
  lock_get(&ring->lock);
  was_empty = ring->packages == 0;
  fits = size <= UINT32_MAX && sizeof(entry) + size <= ring->size - ring->used;
  if (fits) {
    write_bytes(ring, &entry, sizeof(entry));
    write_bytes(ring, bytes, size);
    ring->packages++;
  }
  lock_release(&ring->lock);
  /* A full pipe wakes as well. */
  if (fits && was_empty && write(ring->wake[1], "", 1) < 0) return 0;
  return fits ? 0 : -1;
}

int cv_ring_take(cv_ring_t* ring, char** buffer, size_t* room, size_t* size) {
  entry_size_t entry = 0;
  int taken = 0;
  lock_get(&ring->lock);
  if (ring->packages > 0) read_bytes(ring, 0, &entry, sizeof(entry));
  if (ring->packages > 0 && entry <= *room) {
    read_bytes(ring, sizeof(entry), *buffer, entry);
    ring->begin = (ring->begin + sizeof(entry) + entry) % ring->size;
    ring->used -= sizeof(entry) + entry;
    ring->packages--;
    *size = entry;
    taken = 1;
  }
  lock_release(&ring->lock);
  if (!taken && entry > *room) {
    char* larger = realloc(*buffer, entry);
    if (larger == NULL) return -1;
    *buffer = larger;
    *room = entry;
    return cv_ring_take(ring, buffer, room, size);
  }
  return taken;
}

int cv_ring_wake_fd(const cv_ring_t* ring) {
  return ring->wake[0];
}

void cv_ring_count(cv_ring_t* ring, unsigned long* packages, size_t* bytes) {
  lock_get(&ring->lock);
  *packages = ring->packages;
  *bytes = ring->used;
  lock_release(&ring->lock);
}
