/* fake-source: a source in memory, for tests of what comes after reading. */
#pragma once

#include "source.h"

typedef struct {
    const char *text; /* NULL ends a list */
    uint32_t uid;
    MhFlags flags;
    const char *keywords; /* names with blanks between; NULL: none */
    const char *uidl;
    bool is_new;
} FakeMessage;

typedef struct {
    uint32_t uidvalidity, uidnext;
    const FakeMessage *messages;
    unsigned changes; /* check() fails this often */
    unsigned indexed; /* how often it was read */
} FakeMailbox;

/* An opener as carry.h wants it; @user is a FakeMailbox. */
MhSource *fake_source_open(void *user, MhFindings *findings, GError **error);
