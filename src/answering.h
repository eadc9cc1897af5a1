/* answering: does a file system always answer, so that it may be asked by a process that must not
 * be held?
 *
 * One that stands on a device of this machine does; one that another machine (NFS) or a program
 * (FUSE) serves may be silent for ever. So may one of this machine on which such a one is mounted,
 * be it since a look was remembered: users can mount, too. What is mounted where is known from
 * /proc/self/mountinfo, without asking any of them: "ID PARENT MAJOR:MINOR ROOT PLACE OPTIONS
 * [TAGS] - TYPE SOURCE ...". Source: proc(5).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Of the file system with this st_dev, as things are now. */
bool mh_answering(uint64_t device);
