/* watch: places that a run has looked at, and how they were, to tell later whether anything has
 * happened to them without reading anything.
 *
 * A file is known by its stamp: device, inode, size, mtime, ctime. A directory is known by its
 * stamp, too; where that has changed it is listed, and known by the names in it: a lock that came
 * and went changes nothing.
 *
 * As with git's index, a stamp says nothing when it is younger than the clock of its file system
 * can tell apart: what was changed just before we looked may be changed again within the same
 * tick. Such a place is never taken for unchanged. Of a local file system with stamps below a
 * second (whose clock ticks 100 times a second or more often) it is 100 ms, of a coarser one 2 s;
 * where another machine keeps the time, ten minutes, for clocks that differ.
 * Source: git, Documentation/technical/racy-git; Linux, current_time().
 */
#pragma once

#include "safe-file.h"

typedef struct MhWatch MhWatch;

/* Begins now: call it before anything is looked at. */
MhWatch *mh_watch_new(void);
void mh_watch_free(MhWatch *watch); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MhWatch, mh_watch_free)

/* The place @path (relative; "." is @root itself) below the directory @root, an absolute path that
 * the admin chose. @stamp is what was seen there; NULL: nothing was. With @follow, links below
 * @root are followed, otherwise what is looked at is the last component itself. */
void mh_watch_add(MhWatch *watch, const char *root, const char *path, bool follow,
                  const MhStamp *stamp);
/* The same for a directory, with the names in it as mh_list_dir() gives them. */
void mh_watch_add_dir(MhWatch *watch, const char *root, const char *path, const MhStamp *stamp,
                      const GPtrArray *names);
/* Looks at the place now, and adds it. */
void mh_watch_look(MhWatch *watch, const char *root, const char *path);

/* @stamp, looked at after @watch began, on the file system of @root; its device is MH_STAMP_UNSURE
 * where it is too young to tell. */
MhStamp mh_watch_settle(MhWatch *watch, const char *root, const MhStamp *stamp);
#define MH_STAMP_UNSURE UINT64_MAX

/* Is everything as it was? Nothing is opened but directories, no link is followed out of a root.
 * What has changed is added to @out_changed, which may be NULL: printable paths, and then all
 * places are looked at. A place too young to tell has changed, unless @young_is_fine. */
bool mh_watch_holds(const MhWatch *watch, bool young_is_fine, GPtrArray *out_changed);
/* Is what is at a place of the watch older than what was there? It was put back then. */
bool mh_watch_is_older(const MhWatch *watch, const char *root, const char *path);
/* A place of a new watch on a file system whose times this machine does not keep; NULL: none. */
const char *mh_watch_foreign_root(const MhWatch *watch);
/* Are all its places below directories of @roots, char *, as they were given? */
bool mh_watch_is_below(const MhWatch *watch, const GPtrArray *roots);
size_t mh_watch_length(const MhWatch *watch);

/* For the state directory and the channel; a floating reference. NULL when it is none. */
GVariant *mh_watch_to_variant(const MhWatch *watch);
MhWatch *mh_watch_from_variant(GVariant *variant);
#define MH_WATCH_TYPE "(ayayat)"

/* A stamp as numbers. */
#define MH_STAMP_NUMBERS 5
void mh_stamp_to_numbers(const MhStamp *stamp, uint64_t out_numbers[MH_STAMP_NUMBERS]);
MhStamp mh_stamp_from_numbers(const uint64_t numbers[MH_STAMP_NUMBERS]);
