#include "maildir-occurrences.h"

#include "maildir-file-name.h"

#include <string.h>

/* An open hash table from the first 8 bytes of a digest to the last number given. That two
 * different messages share 8 bytes only makes one skip a number. */
struct MaildirOccurrences {
    uint64_t *keys;
    uint32_t *last; /* 0: the place is free */
    size_t mask, used;
};

static void
allocate(MaildirOccurrences *seen, size_t size)
{
    seen->mask = size - 1;
    seen->used = 0;
    seen->keys = g_new(uint64_t, size);
    seen->last = g_new0(uint32_t, size);
}

static uint32_t *place(MaildirOccurrences *seen, uint64_t key);

static void
grow(MaildirOccurrences *seen)
{
    MaildirOccurrences old = *seen;
    allocate(seen, 2 * (old.mask + 1));
    for (size_t i = 0; i <= old.mask; i++) {
        if (old.last[i] != 0)
            *place(seen, old.keys[i]) = old.last[i];
    }
    g_free(old.keys);
    g_free(old.last);
}

/* The number of @key, 0 when it is new; the caller sets it at once. */
static uint32_t *
place(MaildirOccurrences *seen, uint64_t key)
{
    if (3 * seen->used > 2 * seen->mask)
        grow(seen);
    size_t at = key & seen->mask;
    while (seen->last[at] != 0 && seen->keys[at] != key)
        at = (at + 1) & seen->mask;
    seen->used += seen->last[at] == 0;
    seen->keys[at] = key;
    return &seen->last[at];
}

static uint64_t
key_of(const MhDigest *id)
{
    uint64_t key;
    memcpy(&key, id->bytes, sizeof key);
    return key;
}

MaildirOccurrences *
maildir_occurrences_new(const MaildirFolder *folder)
{
    MaildirOccurrences *seen = g_new0(MaildirOccurrences, 1);
    allocate(seen, 64);
    for (guint i = 0; folder != NULL && i < folder->index.messages->len; i++) {
        const MhTargetMessage *message = mh_target_index_get(&folder->index, i);
        const char *entry = maildir_folder_file(folder, message);
        MaildirFileName name;
        MhDigest id;
        uint32_t number;
        maildir_file_name_parse(mh_span_from_string(entry), &name);
        if (!maildir_file_name_parse_own(name.base, &id, &number)) {
            id = maildir_file_name_identity(name.base);
            number = 1;
        }
        uint32_t *last = place(seen, key_of(&id));
        *last = MAX(*last, number);
    }
    return seen;
}

void
maildir_occurrences_free(MaildirOccurrences *seen)
{
    if (seen == NULL)
        return;
    g_free(seen->keys);
    g_free(seen->last);
    g_free(seen);
}

uint32_t
maildir_occurrences_next(MaildirOccurrences *seen, const MhDigest *id)
{
    return ++*place(seen, key_of(id));
}
