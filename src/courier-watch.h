/* courier-watch: every place of a Courier Maildir from which something is carried, and how it was
 * before it was read, so that what has not changed is not read again.
 *
 * Courier, and all that deliver to it, never change a file: they write another and rename it into
 * place. So the stamps of a folder's directories cur, new and courierimapkeywords and of its lists
 * tell of every change to it, and no directory of messages is listed to see that there is none. Of
 * the root the names in it count, too: they are the folders. (A message whose time is set by hand,
 * or that is edited in its place, is not noticed.)
 */
#pragma once

#include "watch.h"

#include <glib.h>

typedef struct {
    MhWatch *watch;
    int root_fd;       /* the Maildir */
    const char *place; /* the directory that the admin chose: place.h */
    const char *rest;  /* the Maildir below it; "." for itself */
} MhCourierWatch;

/* The root's own: its names, subscriptions, quota, access lists of names that are no folders. */
void mh_courier_watch_root(const MhCourierWatch *courier);
/* Any place of the Maildir. */
void mh_courier_watch_place(const MhCourierWatch *courier, const char *path);
/* A folder's, whose directory is @dir ("." is the INBOX); its stamps are added to @stamps, those of
 * cur and new first. It need not be a folder. */
void mh_courier_watch_folder(const MhCourierWatch *courier, const char *dir, GArray *stamps);
/* So many of the stamps are of directories of messages. */
#define MH_COURIER_MESSAGE_STAMPS 2
