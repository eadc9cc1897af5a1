/* answering: do the file systems at a place always answer, so that a process that must not be held
 * may ask them?
 *
 * One that stands on a device of this machine does; one that another machine (NFS) or a program
 * (FUSE) serves may be silent for ever, and users can mount, too. What is mounted where is known
 * from /proc/self/mountinfo, without asking any of them: "ID PARENT MAJOR:MINOR ROOT PLACE OPTIONS
 * [TAGS] - TYPE SOURCE ...", a blank in PLACE written \040. Source: proc(5).
 */
#pragma once

#include <stdbool.h>

/* Do all that are on the way to @directory, an absolute path, and all below it, as things are now?
 * Where nothing is mounted that may be silent, all do. Elsewhere not what is of a type that is not
 * known to answer, and no path that leads over a link. */
bool mh_answering(const char *directory);
/* Is nothing mounted that may be silent? Then it does not matter where a link leads. */
bool mh_answering_anywhere(void);
