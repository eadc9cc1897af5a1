/* target-place: which place a target is, whatever way leads there.
 *
 * Two paths may be one place: "/home/a" and "/home//a", a home that is a link to another, or a
 * mount of it.
 */
#pragma once

#include "account.h"

/* Asks the file system, so see apart.h. The same number for the same place, whether the target is
 * there already or its beginning alone (place.h); 0: not known. */
uint64_t mh_target_place(const char *pattern, const MhAccount *account);
