/* empty-source: a mailbox without messages: what a folder follows whose source has gone. */
#pragma once

#include "source.h"

/* An opener as carry.h wants it; never fails. */
MhSource *mh_empty_source_open(void *user, MhFindings *findings, GError **error);
