#include "courier-target-keywords.h"

#include "courier/courier-keywords.h"
#include "keyed-hash.h"
#include "maildir/maildir-file-name.h"
#include "size-limits.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define KEYWORD_DIR  "courierimapkeywords"
#define KEYWORD_LIST ":list"

/* Courier merges updates whenever somebody looks: so often what was listed may be gone. */
#define READS_MAX 5

/* What Courier has in a folder. */
typedef struct {
    GBytes *list; /* that keywords point to */
    CourierKeywords *keywords;
} Present;

static void
clear_present(Present *present)
{
    g_clear_pointer(&present->keywords, courier_keywords_free);
    g_clear_pointer(&present->list, g_bytes_unref);
}

/* ---- reading ------------------------------------------------------------------------------ */

static bool
read_updates(Present *present, int dirfd, const MhSpan *bases, size_t count, GError **error)
{
    g_autoptr(GPtrArray) wanted = courier_keywords_wanted(present->keywords, bases, count);
    for (guint i = 0; i < wanted->len; i++) {
        g_autoptr(GBytes) text =
            mh_read_file(dirfd, wanted->pdata[i], MH_LIMIT_KEYWORD_FILE_BYTES, NULL, error);
        if (text == NULL)
            return false;
        courier_keywords_set_update(present->keywords, wanted->pdata[i], mh_span_from_bytes(text),
                                    NULL);
    }
    return true;
}

/* Reads once what the messages @bases have. */
static bool
attempt(Present *present, int dirfd, const MhSpan *bases, size_t count, GError **error)
{
    g_autoptr(GError) failure = NULL;
    g_autoptr(GPtrArray) names = mh_list_dir(dirfd, error);
    if (names == NULL)
        return false;
    clear_present(present);
    present->keywords = courier_keywords_new();
    present->list =
        mh_read_file_if_there(dirfd, KEYWORD_LIST, MH_LIMIT_STATE_FILE_BYTES, NULL, &failure);
    if (failure != NULL) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return false;
    }
    if (present->list != NULL)
        courier_keywords_set_list(present->keywords, mh_span_from_bytes(present->list), NULL);
    for (guint i = 0; i < names->len; i++)
        courier_keywords_offer(present->keywords, mh_span_from_string(names->pdata[i]), NULL);
    return read_updates(present, dirfd, bases, count, error);
}

static bool
read_present(Present *present, int dirfd, const MhSpan *bases, size_t count, GError **error)
{
    for (int reads = 1;; reads++) {
        g_autoptr(GError) failure = NULL;
        if (attempt(present, dirfd, bases, count, &failure))
            return true;
        if (reads < READS_MAX && g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_NOENT))
            continue;
        g_propagate_prefixed_error(error, g_steal_pointer(&failure), KEYWORD_DIR ": ");
        return false;
    }
}

/* The letter that a keyword of Courier's has in @table. */
static uint8_t
letter_of(const MaildirKeywords *table, MhSpan name)
{
    g_autofree char *atom = maildir_keyword_sanitise(name, NULL);
    return atom != NULL ? maildir_keywords_find(table, atom) : MAILDIR_KEYWORD_NONE;
}

static uint32_t
letters_of(const Present *present, const MaildirKeywords *table, MhSpan base)
{
    const MhSpan *names;
    uint32_t letters = 0;
    size_t count = courier_keywords_get(present->keywords, base, &names, NULL);
    for (size_t i = 0; i < count; i++) {
        uint8_t letter = letter_of(table, names[i]);
        letters |= letter != MAILDIR_KEYWORD_NONE ? 1u << letter : 0;
    }
    return letters;
}

/* The base names of all messages of a folder, of MhSpan; @texts holds them. */
static GArray *
bases_of(const MaildirFolder *folder, GPtrArray *texts)
{
    GArray *bases = g_array_new(FALSE, FALSE, sizeof(MhSpan));
    for (guint i = 0; i < folder->index.messages->len; i++) {
        MaildirFileName name;
        const MhTargetMessage *message = mh_target_index_get(&folder->index, i);
        maildir_file_name_parse(mh_span_from_string(maildir_folder_file(folder, message)), &name);
        char *text = mh_span_dup(name.base);
        MhSpan base = mh_span_from_string(text);
        g_ptr_array_add(texts, text);
        g_array_append_val(bases, base);
    }
    return bases;
}

/* Opens the directory of keywords. That it is not there leaves @out_fd -1. */
static bool
open_dir(int folder_fd, int *out_fd, GError **error)
{
    g_autoptr(GError) failure = NULL;
    *out_fd = mh_open_dir_links(folder_fd, KEYWORD_DIR, MH_LINKS_REFUSE, &failure);
    if (*out_fd >= 0 || g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        return true;
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
}

static bool
read_letters(MaildirFolder *folder, int dirfd, GError **error)
{
    Present present = {0};
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GArray) bases = bases_of(folder, texts);
    const MhSpan *spans = (const MhSpan *)(const void *)bases->data;
    bool good = read_present(&present, dirfd, spans, bases->len, error);
    for (guint i = 0; good && i < bases->len; i++)
        maildir_folder_set_letters(folder, mh_target_index_get(&folder->index, i),
                                   letters_of(&present, folder->keywords, spans[i]));
    clear_present(&present);
    return good;
}

bool
mh_courier_keywords_read(MaildirFolder *folder, GError **error)
{
    int dirfd;
    if (!open_dir(folder->fd, &dirfd, error))
        return false;
    for (guint i = 0; dirfd < 0 && i < folder->index.messages->len; i++)
        maildir_folder_set_letters(folder, mh_target_index_get(&folder->index, i), 0);
    if (dirfd < 0)
        return true;
    bool good = read_letters(folder, dirfd, error);
    close(dirfd);
    return good;
}

/* ---- writing ------------------------------------------------------------------------------ */

/* A name as Courier would read it back. */
static char *
courier_keyword(const char *name)
{
    return g_strdelimit(g_strdup(name), " (){%*\"\\]", '_');
}

/* The keywords that a message shall have: those of the source without a letter, and those whose
 * letters it has. */
static GPtrArray *
keywords_of(const MaildirStateWork *work, const MaildirStateLine *line)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    uint32_t letters = line->letters;
    size_t count = 0;
    const uint16_t *members =
        line->message != NULL
            ? mh_mailbox_keyword_members(work->mailbox, line->message->keywords, &count)
            : NULL;
    for (size_t i = 0; i < count; i++) {
        const char *name = mh_mailbox_keyword_name(work->mailbox, members[i]);
        g_autofree char *atom = maildir_keyword_sanitise(mh_span_from_string(name), NULL);
        uint8_t letter =
            atom != NULL ? maildir_keywords_find(work->keywords, atom) : MAILDIR_KEYWORD_NONE;
        if (letter == MAILDIR_KEYWORD_NONE || (letters & 1u << letter) != 0)
            g_ptr_array_add(names, courier_keyword(name));
        if (letter != MAILDIR_KEYWORD_NONE)
            letters &= ~(1u << letter);
    }
    for (int i = 0; i < MAILDIR_KEYWORD_LETTERS; i++) {
        if ((letters & 1u << i) != 0 && work->keywords->names[i] != NULL)
            g_ptr_array_add(names, courier_keyword(work->keywords->names[i]));
    }
    return names;
}

/* Keywords are equal without regard to case. False: it was there. */
static bool
add_word(GHashTable *words, MhSpan word)
{
    char *text = mh_span_dup(word);
    char *folded = g_ascii_strdown(text, -1);
    g_free(text);
    return g_hash_table_add(words, folded);
}

/* Adds what Courier's clients have given the message and what had no letter. False: nothing else is
 * to be written than it has. */
static bool
add_present(const MaildirStateWork *work, const Present *present, MhSpan base, GPtrArray *words)
{
    const MhSpan *names;
    g_autoptr(GHashTable) shall =
        g_hash_table_new_full(mh_keyed_hash_text, g_str_equal, g_free, NULL);
    g_autoptr(GHashTable) has =
        g_hash_table_new_full(mh_keyed_hash_text, g_str_equal, g_free, NULL);
    size_t count = courier_keywords_get(present->keywords, base, &names, NULL), kept = 0;
    for (guint i = 0; i < words->len; i++)
        add_word(shall, mh_span_from_string(words->pdata[i]));
    for (size_t i = 0; i < count; i++) {
        bool is_own = letter_of(work->before, names[i]) == MAILDIR_KEYWORD_NONE;
        g_autofree char *text = mh_span_dup(names[i]), *folded = g_ascii_strdown(text, -1);
        bool is_there = g_hash_table_contains(shall, folded);
        if (is_own && !is_there) {
            g_hash_table_add(shall, g_strdup(folded));
            g_ptr_array_add(words, g_steal_pointer(&text));
        }
        kept += g_hash_table_add(has, g_strdup(folded)) && (is_own || is_there);
    }
    return kept != g_hash_table_size(has) || kept != g_hash_table_size(shall);
}

/* The whole set of one message. */
static bool
write_update(const MaildirStateWork *work, int dirfd, const Present *present,
             const MaildirStateLine *line, GError **error)
{
    g_autoptr(GPtrArray) names = keywords_of(work, line);
    g_autoptr(GString) text = g_string_new(NULL);
    if (!add_present(work, present, mh_span_from_string(line->base), names))
        return true;
    for (guint i = 0; i < names->len; i++)
        g_string_append_printf(text, "%s\n", (const char *)names->pdata[i]);
    return maildir_state_replace(work, dirfd, line->base, mh_span(text->str, text->len), error);
}

/* One for each message whose keywords may have changed. */
static bool
write_updates(const MaildirStateWork *work, int dirfd, GError **error)
{
    Present present = {0};
    g_autoptr(GArray) bases = g_array_new(FALSE, FALSE, sizeof(MhSpan));
    for (size_t i = 0; i < work->lines->len; i++) {
        MhSpan base = mh_span_from_string(maildir_state_line(work, i)->base);
        if (maildir_state_line(work, i)->changed)
            g_array_append_val(bases, base);
    }
    bool good =
        read_present(&present, dirfd, (const MhSpan *)(const void *)bases->data, bases->len, error);
    for (size_t i = 0; good && i < work->lines->len; i++) {
        if (maildir_state_line(work, i)->changed)
            good = write_update(work, dirfd, &present, maildir_state_line(work, i), error);
    }
    clear_present(&present);
    return good;
}

/* ":list" of a new folder: numbers of names, a set for each message. */
typedef struct {
    GHashTable *numbers; /* name -> index + 1 */
    GPtrArray *names;
    GArray *bases;   /* of MhSpan */
    GPtrArray *sets; /* of GArray of uint16_t */
} List;

static void
add_to_list(List *list, const MaildirStateWork *work, const MaildirStateLine *line)
{
    g_autoptr(GPtrArray) names = keywords_of(work, line);
    MhSpan base = mh_span_from_string(line->base);
    if (names->len == 0)
        return;
    GArray *set = g_array_new(FALSE, FALSE, sizeof(uint16_t));
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *folded = g_ascii_strdown(names->pdata[i], -1);
        guint number = GPOINTER_TO_UINT(g_hash_table_lookup(list->numbers, folded));
        if (number == 0) {
            g_ptr_array_add(list->names, g_strdup(names->pdata[i]));
            number = list->names->len;
            g_hash_table_insert(list->numbers, g_steal_pointer(&folded), GUINT_TO_POINTER(number));
        }
        uint16_t index = (uint16_t)(number - 1);
        g_array_append_val(set, index);
    }
    g_array_append_val(list->bases, base);
    g_ptr_array_add(list->sets, set);
}

static GBytes *
format_list(const List *list, GError **error)
{
    guint count = list->bases->len;
    g_autofree MhSpan *names = g_new0(MhSpan, list->names->len + 1);
    g_autofree const uint16_t **sets = g_new0(const uint16_t *, count + 1);
    g_autofree size_t *lengths = g_new0(size_t, count + 1);
    for (guint i = 0; i < list->names->len; i++)
        names[i] = mh_span_from_string(list->names->pdata[i]);
    for (guint i = 0; i < count; i++) {
        const GArray *set = list->sets->pdata[i];
        sets[i] = (const uint16_t *)(const void *)set->data;
        lengths[i] = set->len;
    }
    return courier_keywords_format_list(names, list->names->len,
                                        (const MhSpan *)(const void *)list->bases->data, sets,
                                        lengths, count, error);
}

static bool
write_list(const MaildirStateWork *work, int dirfd, GError **error)
{
    List list = {g_hash_table_new_full(mh_keyed_hash_text, g_str_equal, g_free, NULL),
                 g_ptr_array_new_with_free_func(g_free), g_array_new(FALSE, FALSE, sizeof(MhSpan)),
                 g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref)};
    for (size_t i = 0; i < work->lines->len; i++)
        add_to_list(&list, work, maildir_state_line(work, i));
    g_autoptr(GBytes) text = format_list(&list, error);
    bool good = text != NULL &&
                maildir_state_replace(work, dirfd, KEYWORD_LIST, mh_span_from_bytes(text), error);
    g_hash_table_unref(list.numbers);
    g_ptr_array_unref(list.names);
    g_array_unref(list.bases);
    g_ptr_array_unref(list.sets);
    return good;
}

static bool
write_dir(const MaildirStateWork *work, int dirfd, bool made, GError **error)
{
    bool listed = false;
    return (made || mh_look_for(dirfd, KEYWORD_LIST, &listed, error)) &&
           (listed || write_list(work, dirfd, error)) &&
           (made || write_updates(work, dirfd, error));
}

/* A directory that is new, or that a killed run has made, gets the list; in one that Courier may
 * have written to since, updates. */
bool
mh_courier_keywords_write(const MaildirStateWork *work, GError **error)
{
    bool made = false;
    int dirfd;
    if (!open_dir(work->dirfd, &dirfd, error))
        return false;
    if (dirfd < 0 && mh_mailbox_keyword_count(work->mailbox) == 0)
        return true;
    if (dirfd < 0)
        dirfd = mh_make_dir(work->dirfd, KEYWORD_DIR, work->dir_mode, &made, error);
    if (dirfd < 0)
        return false;
    bool good = write_dir(work, dirfd, made, error);
    close(dirfd);
    return good;
}
