/* maildir-part: several processes of one run at work on one tree, a part of its folders each.
 *
 * They make a directory of their own below mailhaul.build, named after the run, and in it:
 * - "N": where the process N builds (maildir-tree.h);
 * - "claim.DIGEST": a folder (the digest of its name) that one of them has taken. What one has
 *   taken no other touches, whatever each of them finds at the source.
 *
 * They share the lock on the tree's root. Only who has it alone makes the run's directory (the
 * first of them, which then shares it) or removes mailhaul.build (every other run, at its begin;
 * and the last of them that ends). So where the lock is shared and the directory is there, nobody
 * is at work on the tree who is not of this run.
 */
#pragma once

#include "maildir-tree.h"

/* Takes part in @tree, which is open and has no lock yet. G_FILE_ERROR_AGAIN: another run is at
 * work on it, or was since the first of this one came. */
bool maildir_part_enter(MaildirTree *tree, GError **error);
/* Takes the folder (@directory below the tree) for this process, unless another has it. */
bool maildir_part_claim(const MaildirTree *tree, const char *directory, bool *out_mine,
                        GError **error);
/* The process has come to its end: what it was building goes; after the last, everything. */
bool maildir_part_leave(MaildirTree *tree, GError **error);
