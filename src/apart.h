/* apart: small questions about many places, asked by a process of its own, since a file system that
 * another machine or a program serves may never answer.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* How long one question about an account may take: a disk that is busy has answered by then. */
#define MH_APART_S 10

/* Answers for the item of this number. Called in a process whose memory is a copy. */
typedef uint64_t (*MhApartWork)(size_t item, void *data);

/* Puts what @work says of each of @count items into @out; those that it cannot say within
 * @item_seconds, and those that are not reached within @all_seconds, stay as they are. */
void mh_apart(size_t count, uint32_t item_seconds, uint32_t all_seconds, MhApartWork work,
              void *data, uint64_t *out);
