#include "maildir-rebase.h"

#include "keyed-hash.h"
#include "maildir-file-name.h"

#include <sodium.h>
#include <string.h>

/* Names are told apart by 8 bytes of their digests. That two share them only renames a file that
 * need not be, or skips a number. */
typedef struct {
    GHashTable *shared;  /* keys of names that several files have -> how many have been met */
    GHashTable *numbers; /* keys -> the last number that a name of ours has */
} Names;

static uint64_t
key_of(const MhDigest *id)
{
    uint64_t key;
    memcpy(&key, id->bytes, sizeof key);
    return key;
}

static gint
compare_keys(gconstpointer a, gconstpointer b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static guint
raise_number(GHashTable *numbers, uint64_t key, guint least)
{
    guint number = GPOINTER_TO_UINT(g_hash_table_lookup(numbers, &key));
    number = MAX(number, least);
    g_hash_table_insert(numbers, g_memdup2(&key, sizeof key), GUINT_TO_POINTER(number));
    return number;
}

static guint
next_number(GHashTable *numbers, uint64_t key)
{
    return raise_number(numbers, key, GPOINTER_TO_UINT(g_hash_table_lookup(numbers, &key)) + 1);
}

static void
parse_name(const MaildirFolder *folder, size_t i, MaildirFileName *out)
{
    const MhTargetMessage *message = mh_target_index_get(&folder->index, i);
    maildir_file_name_parse(mh_span_from_string(maildir_folder_file(folder, message)), out);
}

static void
names_init(Names *names, const MaildirFolder *folder)
{
    g_autoptr(GArray) keys = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    names->shared = g_hash_table_new_full(mh_keyed_hash_number, g_int64_equal, g_free, NULL);
    names->numbers = g_hash_table_new_full(mh_keyed_hash_number, g_int64_equal, g_free, NULL);
    for (guint i = 0; i < folder->index.messages->len; i++) {
        MaildirFileName name;
        uint32_t number;
        parse_name(folder, i, &name);
        MhDigest id = maildir_file_name_identity(name.base);
        uint64_t key = key_of(&id);
        if (maildir_file_name_parse_own(name.base, NULL, &number))
            raise_number(names->numbers, key, MIN(number, (uint32_t)INT32_MAX));
        else
            g_array_append_val(keys, key);
    }
    g_array_sort(keys, compare_keys);
    for (guint i = 1; i < keys->len; i++) {
        uint64_t key = g_array_index(keys, uint64_t, i);
        if (key == g_array_index(keys, uint64_t, i - 1))
            g_hash_table_insert(names->shared, g_memdup2(&key, sizeof key), GUINT_TO_POINTER(0));
    }
}

static void
names_clear(Names *names)
{
    g_hash_table_unref(names->shared);
    g_hash_table_unref(names->numbers);
}

/* Can the file have its name? Of several with one name the first that asks. */
static bool
keeps_name(Names *names, MhSpan base, uint64_t key, const MhMessage *message)
{
    if (maildir_file_name_fault(base, message->size_bytes, message->virtual_size) !=
        MAILDIR_FAULT_NONE)
        return false;
    return !g_hash_table_contains(names->shared, &key) || next_number(names->shared, key) == 1;
}

/* ---- nearly always ------------------------------------------------------------------------ */

static MhSpan
base_of(const MaildirFolder *folder, size_t i)
{
    MhSpan name =
        mh_span_from_string(maildir_folder_file(folder, mh_target_index_get(&folder->index, i)));
    size_t end = name.len;
    mh_span_find(name, ':', &end);
    return mh_span_first(name, end);
}

/* Has every file a base name to itself, and none of ours? Told by keyed hashes: two that are equal
 * by chance only cost a closer look. */
static bool
are_single(const MaildirFolder *folder)
{
    guint count = folder->index.messages->len;
    uint8_t hash_key[crypto_shorthash_KEYBYTES];
    g_autoptr(GArray) keys = g_array_sized_new(FALSE, FALSE, sizeof(uint64_t), count);
    G_STATIC_ASSERT(sizeof(uint64_t) == crypto_shorthash_BYTES);
    randombytes_buf(hash_key, sizeof hash_key);
    for (guint i = 0; i < count; i++) {
        MhSpan base = base_of(folder, i);
        uint64_t key;
        if (maildir_file_name_parse_own(base, NULL, NULL))
            return false;
        crypto_shorthash((unsigned char *)&key, base.data, base.len, hash_key);
        g_array_append_val(keys, key);
    }
    g_array_sort(keys, compare_keys);
    for (guint i = 1; i < count; i++) {
        if (g_array_index(keys, uint64_t, i) == g_array_index(keys, uint64_t, i - 1))
            return false;
    }
    return true;
}

static bool
are_faultless(const MaildirFolder *folder, const MhMailbox *mailbox, const MhSyncPlan *plan)
{
    for (guint i = 0; i < plan->lines->len; i++) {
        const MhSyncLine *line = &g_array_index(plan->lines, MhSyncLine, i);
        if (line->source == 0 || line->target == 0)
            continue;
        const MhMessage *message = mh_mailbox_get(mailbox, line->source - 1);
        if (maildir_file_name_fault(base_of(folder, line->target - 1), message->size_bytes,
                                    message->virtual_size) != MAILDIR_FAULT_NONE)
            return false;
    }
    return true;
}

GHashTable *
maildir_rebase(const MaildirFolder *folder, const MhMailbox *mailbox, const MhSyncPlan *plan)
{
    GHashTable *bases = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    Names names;
    /* files that a mailbox tells have names to themselves, and none of ours */
    if ((folder->told != NULL || are_single(folder)) && are_faultless(folder, mailbox, plan))
        return bases;
    names_init(&names, folder);
    for (guint i = 0; i < plan->lines->len; i++) {
        const MhSyncLine *line = &g_array_index(plan->lines, MhSyncLine, i);
        MaildirFileName name;
        if (line->source == 0 || line->target == 0)
            continue;
        const MhMessage *message = mh_mailbox_get(mailbox, line->source - 1);
        parse_name(folder, line->target - 1, &name);
        MhDigest id = maildir_file_name_identity(name.base);
        uint64_t key = key_of(&id);
        if (maildir_file_name_parse_own(name.base, NULL, NULL) ||
            keeps_name(&names, name.base, key, message))
            continue;
        char *base = maildir_file_name_own(message->internaldate, &id,
                                           next_number(names.numbers, key), message->size_bytes);
        g_hash_table_insert(bases, GUINT_TO_POINTER(i + 1), base);
    }
    names_clear(&names);
    return bases;
}
