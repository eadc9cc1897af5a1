#include "courier-target.h"

#include "courier-target-keywords.h"
#include "courier/courier-file-name.h"
#include "courier/courier-pop3-sizelist.h"
#include "courier/courier-subscribed.h"
#include "courier/courier-uiddb.h"
#include "courier/courier-virtual-size.h"
#include "keyed-hash.h"
#include "maildir/maildir-file-name.h"
#include "maildir/maildir-folder-name.h"
#include "size-limits.h"

#include <string.h>
#include <unistd.h>

#define UIDDB_FILE    "courierimapuiddb"
#define SIZELIST_FILE "courierpop3dsizelist"
#define SUBSCRIBED    "courierimapsubscribed"
#define OWN_UIDDB     0 /* its place in own_files */

/* ---- reading ------------------------------------------------------------------------------ */

static bool
read_uids(MaildirFolder *folder, GError **error)
{
    g_autoptr(GError) failure = NULL;
    g_autoptr(GBytes) text =
        mh_read_file(folder->fd, UIDDB_FILE, MH_LIMIT_STATE_FILE_BYTES, NULL, &failure);
    if (text == NULL && !g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return false;
    }
    g_autoptr(CourierUiddb) list =
        text != NULL ? courier_uiddb_parse(mh_span_from_bytes(text), false, NULL, NULL) : NULL;
    if (list == NULL)
        return true;
    g_autoptr(GHashTable) uids =
        g_hash_table_new_full(mh_keyed_hash_text, g_str_equal, g_free, NULL);
    for (size_t i = 0; i < courier_uiddb_length(list); i++) {
        CourierUiddbLine line = courier_uiddb_get(list, i);
        g_hash_table_insert(uids, mh_span_dup(line.name), GUINT_TO_POINTER(line.uid));
    }
    for (guint i = 0; i < folder->index.messages->len; i++) {
        MhTargetMessage *message = mh_target_index_get(&folder->index, i);
        MaildirFileName name;
        maildir_file_name_parse(mh_span_from_string(maildir_folder_file(folder, message)), &name);
        g_autofree char *base = mh_span_dup(name.base);
        uint32_t uid = GPOINTER_TO_UINT(g_hash_table_lookup(uids, base));
        if (uid != 0)
            message->uid = uid;
    }
    MhUidState state = courier_uiddb_state(list);
    if (state.uidvalidity != 0)
        folder->index.uids = state;
    return true;
}

static bool
read_state(MaildirFolder *folder, GError **error)
{
    return read_uids(folder, error) && mh_courier_keywords_read(folder, error);
}

/* ---- UIDs and UIDLs ----------------------------------------------------------------------- */

static bool
write_uiddb(const MaildirStateWork *work, GError **error)
{
    g_autofree CourierUiddbLine *lines = g_new0(CourierUiddbLine, work->lines->len + 1);
    for (size_t i = 0; i < work->lines->len; i++)
        lines[i] = (CourierUiddbLine){maildir_state_line(work, i)->uid,
                                      mh_span_from_string(maildir_state_line(work, i)->base)};
    g_autoptr(GBytes) text = courier_uiddb_format(work->uids, lines, work->lines->len, error);
    return text != NULL &&
           maildir_state_replace_unchanged(work, UIDDB_FILE, mh_span_from_bytes(text),
                                           &work->stamps[OWN_UIDDB], error);
}

/* "UID7-1058640000" and "UID7" as numbers. */
static bool
parse_uidl(MhSpan uidl, CourierPop3Line *out)
{
    MhSpan number, validity;
    if (!mh_span_starts_with(uidl, MH_SPAN_LITERAL("UID")))
        return false;
    MhSpan rest = mh_span_from(uidl, 3);
    out->validity = 0;
    if (!mh_span_split(rest, '-', &number, &validity))
        return mh_span_to_u64(rest, UINT64_MAX, &out->number) && out->number > 0;
    return mh_span_to_u64(number, UINT64_MAX, &out->number) && out->number > 0 &&
           mh_span_to_u64(validity, UINT64_MAX, &out->validity) && out->validity > 0;
}

size_t
mh_courier_uidls_lost(const MhMailbox *mailbox)
{
    size_t lost = 0;
    for (size_t i = 0; i < mh_mailbox_length(mailbox); i++) {
        const MhMessage *message = mh_mailbox_get(mailbox, i);
        const char *uidl = mh_mailbox_uidl(mailbox, message);
        const char *name = mh_mailbox_name(mailbox, message);
        CourierPop3Line line = {.name = mh_span_from_string(name != NULL ? name : "")};
        if (uidl == NULL || parse_uidl(mh_span_from_string(uidl), &line))
            continue;
        line.number = line.validity = 0;
        g_autofree char *by_name = courier_pop3_sizelist_uidl(&line);
        lost += strcmp(by_name, uidl) != 0;
    }
    return lost;
}

/* The line for a message whose UIDL Courier can say; false: it needs a new number. */
static bool
keep_uidl(const MaildirStateWork *work, const MaildirStateLine *from, CourierPop3Line *line)
{
    const char *uidl = from->message != NULL ? mh_mailbox_uidl(work->mailbox, from->message) : NULL;
    if (uidl == NULL)
        return false;
    if (parse_uidl(mh_span_from_string(uidl), line))
        return true;
    line->number = line->validity = 0;
    g_autofree char *by_name = courier_pop3_sizelist_uidl(line);
    return strcmp(by_name, uidl) == 0;
}

/* What Courier has listed since stays as it is: a list that cannot be read is an @error. @out_text
 * holds what the list points to; @out_stamp is the file's. */
static bool
read_sizelist(const MaildirStateWork *work, GBytes **out_text, CourierPop3Sizelist **out_list,
              MhStamp *out_stamp, GError **error)
{
    g_autoptr(GError) failure = NULL;
    struct stat st;
    *out_text =
        mh_read_file_if_there(work->dirfd, SIZELIST_FILE, MH_LIMIT_STATE_FILE_BYTES, &st, &failure);
    *out_stamp = *out_text != NULL ? mh_stamp_of(&st) : (MhStamp){0};
    if (failure != NULL) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return false;
    }
    *out_list = courier_pop3_sizelist_parse(*out_text != NULL ? mh_span_from_bytes(*out_text)
                                                              : mh_span(NULL, 0),
                                            COURIER_ERA_NEW, NULL);
    return true;
}

/* ---- sizes as Courier sends them: a byte more for every LF, whatever is before it ---------- */

static void
add_files(GHashTable *files, int dirfd, const char *which)
{
    int fd = mh_open_dir_links(dirfd, which, MH_LINKS_REFUSE, NULL);
    g_autoptr(GPtrArray) names = fd >= 0 ? mh_list_dir(fd, NULL) : NULL;
    for (guint i = 0; names != NULL && i < names->len; i++) {
        MaildirFileName name;
        if (maildir_file_name_parse(mh_span_from_string(names->pdata[i]), &name) !=
            MAILDIR_ENTRY_HIDDEN)
            g_hash_table_insert(files, mh_span_dup(name.base),
                                g_build_filename(which, names->pdata[i], NULL));
    }
    if (fd >= 0)
        close(fd);
}

/* @files: what is in the folder, by base names; made when it is first wanted. */
static GHashTable *
files_of(const MaildirStateWork *work, GHashTable **files)
{
    if (*files == NULL) {
        *files = g_hash_table_new_full(mh_keyed_hash_text, g_str_equal, g_free, g_free);
        add_files(*files, work->dirfd, "new");
        add_files(*files, work->dirfd, "cur");
    }
    return *files;
}

/* A file that has gone in the meantime, or cannot be read, has the size that the source says. */
static uint64_t
sent_size(const MaildirStateWork *work, const MaildirStateLine *from, GHashTable **files)
{
    CourierLineCount count;
    const char *path = g_hash_table_lookup(files_of(work, files), from->base);
    struct stat st;
    int fd = path != NULL ? mh_open_file(work->dirfd, path, MH_LINKS_REFUSE, &st, NULL) : -1;
    bool counted = fd >= 0 && courier_virtual_size_read(fd, false, &count, NULL);
    if (fd >= 0)
        close(fd);
    return counted ? count.size_bytes + count.line_ends : from->message->virtual_size;
}

/* ---- the list of the POP3 server ----------------------------------------------------------- */

/* The list in the making. */
typedef struct {
    CourierPop3Line *lines;
    bool *settled;    /* of each line: it has its number */
    GPtrArray *names; /* that lines point to */
    size_t count;
    uint64_t next;
    uint64_t validity, largest; /* of what is numbered here; the largest of the source's */
    bool taken;                 /* the source has that validity, too */
    GHashTable *files;          /* files_of() */
} Sizelist;

/* A number that the list has. */
static void
note_number(Sizelist *list, const CourierPop3Line *line, bool is_sources)
{
    if (line->number >= list->next && line->number < UINT32_MAX)
        list->next = line->number + 1;
    if (!is_sources)
        return;
    list->taken |= line->validity == list->validity;
    if (line->validity < UINT32_MAX)
        list->largest = MAX(list->largest, line->validity);
}

/* The line of one message: as the source's UIDL says it, else as Courier has listed it since. */
static void
add_to_sizelist(Sizelist *list, const MaildirStateWork *work, const MaildirStateLine *from,
                CourierPop3Sizelist *before)
{
    const CourierPop3Line *listed = NULL;
    CourierPop3Line *line = &list->lines[list->count];
    char *name = g_strconcat(from->base, ":2,", NULL);
    g_ptr_array_add(list->names, name);
    line->name = mh_span_from_string(name);
    bool kept = keep_uidl(work, from, line);
    bool known = courier_pop3_sizelist_find(before, line->name, &listed) != COURIER_POP3_NO_MATCH;
    if (!kept && known) {
        line->number = listed->number;
        line->validity = listed->validity;
    }
    if (from->message == NULL && !kept && !known)
        return; /* the server lists its own mail */
    line->size_bytes = known ? listed->size_bytes : 0;
    if (from->message != NULL &&
        !(known && courier_virtual_size_plausible(from->message->size_bytes, line->size_bytes)))
        line->size_bytes = sent_size(work, from, &list->files);
    note_number(list, line, kept);
    list->settled[list->count++] = kept || known;
}

/* Mail that the POP3 server has listed, and no IMAP server yet: it has no UID, and it is in none of
 * our lines. */
static void
keep_listed(Sizelist *list, const MaildirStateWork *work, CourierPop3Sizelist *before)
{
    g_autoptr(GHashTable) ours = g_hash_table_new(mh_keyed_hash_text, g_str_equal);
    for (size_t i = 0; i < work->lines->len; i++)
        g_hash_table_add(ours, maildir_state_line(work, i)->base);
    for (guint i = 0; i < before->lines->len; i++) {
        const CourierPop3Line *found, *line = &g_array_index(before->lines, CourierPop3Line, i);
        g_autofree char *base = mh_span_dup(courier_file_name_base(line->name));
        if (g_hash_table_contains(ours, base) ||
            !g_hash_table_contains(files_of(work, &list->files), base) ||
            courier_pop3_sizelist_find(before, line->name, &found) != COURIER_POP3_MATCH ||
            found != line)
            continue;
        note_number(list, line, false);
        list->settled[list->count] = true;
        list->lines[list->count++] = *line;
    }
}

/* The numbers that are given here, and by Courier afterwards, are under a UIDVALIDITY that the
 * source has for none: the old server goes on to give out its own. */
static void
number_sizelist(Sizelist *list)
{
    if (list->taken)
        list->validity = list->largest + 1;
    for (size_t i = 0; i < list->count; i++) {
        if (list->settled[i])
            continue;
        list->lines[i].number = list->next++;
        list->lines[i].validity = list->validity;
    }
}

static bool
write_sizelist(const MaildirStateWork *work, GError **error)
{
    g_autoptr(CourierPop3Sizelist) before = NULL;
    g_autoptr(GBytes) before_text = NULL;
    MhStamp stamp;
    if (!read_sizelist(work, &before_text, &before, &stamp, error))
        return false;
    size_t most = (size_t)work->lines->len + before->lines->len;
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autofree CourierPop3Line *lines = g_new0(CourierPop3Line, most + 1);
    g_autofree bool *settled = g_new0(bool, most + 1);
    uint64_t first = (uint64_t)work->uids.uidvalidity + 1; /* Dovecot's own may be with that */
    Sizelist list = {.lines = lines,
                     .settled = settled,
                     .names = names,
                     .next = MAX(before->next, 1),
                     .validity = before->validity != 0 ? before->validity : first};
    for (size_t i = 0; i < work->lines->len; i++)
        add_to_sizelist(&list, work, maildir_state_line(work, i), before);
    keep_listed(&list, work, before);
    g_clear_pointer(&list.files, g_hash_table_unref);
    number_sizelist(&list);
    g_autoptr(GBytes) text =
        courier_pop3_sizelist_format(list.next, list.validity, lines, list.count, error);
    return text != NULL && maildir_state_replace_unchanged(work, SIZELIST_FILE,
                                                           mh_span_from_bytes(text), &stamp, error);
}

static bool
write_state(const MaildirStateWork *work, GError **error)
{
    return write_uiddb(work, error) && mh_courier_keywords_write(work, error) &&
           (!work->is_inbox || write_sizelist(work, error));
}

static const char *const own_files[] = {[OWN_UIDDB] = UIDDB_FILE, "courierimapkeywords", NULL};

const struct MaildirState mh_courier_state = {
    .files = own_files, .counts_by_name = true, .read = read_state, .write = write_state};

/* ---- names and subscriptions -------------------------------------------------------------- */

char *
mh_courier_directory(const char *directory)
{
    g_auto(GStrv) levels =
        maildir_folder_name_to_path(mh_span_from_string(directory), MAILDIR_ESCAPE_NONE, NULL);
    if (levels == NULL)
        return g_strdup(directory);
    g_autofree char *joined = g_strjoinv(".", levels);
    return g_strconcat(".", joined, NULL);
}

static MhSpan
subscribed_path(const char *name)
{
    return mh_span_from_string(strcmp(name, "INBOX") == 0 ? "" : name);
}

/* The paths of names, which may be NULL. */
static GHashTable *
subscribed_paths(const GPtrArray *names)
{
    GHashTable *paths = g_hash_table_new_full(mh_keyed_hash_text, g_str_equal, g_free, NULL);
    for (guint i = 0; names != NULL && i < names->len; i++)
        g_hash_table_add(paths, mh_span_dup(subscribed_path(names->pdata[i])));
    return paths;
}

/* The subscriptions of the survey that the list @there does not have, as Courier writes them. What
 * has become of those in @known is the tester's choice. */
static GBytes *
missing_subscriptions(const GArray *there, const MhAccountSurvey *survey, GHashTable *known,
                      GError **error)
{
    g_autoptr(GArray) paths = g_array_new(FALSE, FALSE, sizeof(MhSpan));
    for (guint i = 0; i < there->len; i++) {
        const CourierSubscribed *entry = &g_array_index(there, CourierSubscribed, i);
        if (entry->kind != COURIER_SUBSCRIBED_SHARED)
            g_hash_table_add(known, mh_span_dup(entry->path));
    }
    for (guint i = 0; i < survey->subscriptions->len; i++) {
        MhSpan path = subscribed_path(survey->subscriptions->pdata[i]);
        if (g_hash_table_add(known, mh_span_dup(path)))
            g_array_append_val(paths, path);
    }
    return courier_subscribed_format((const MhSpan *)(const void *)paths->data, paths->len, error);
}

/* Has the source unsubscribed what was carried? */
static bool
is_gone(const CourierSubscribed *entry, GHashTable *carried, GHashTable *source)
{
    g_autofree char *path = mh_span_dup(entry->path);
    return entry->kind != COURIER_SUBSCRIBED_SHARED && g_hash_table_contains(carried, path) &&
           !g_hash_table_contains(source, path);
}

/* @text without what the source has unsubscribed. Everything else stays as it stands there. */
static GByteArray *
without_gone(MhSpan text, const MhAccountSurvey *survey, GHashTable *carried)
{
    GByteArray *kept = g_byte_array_new();
    g_autoptr(GHashTable) source = subscribed_paths(survey->subscriptions);
    for (guint i = 0; i < survey->left->len; i++)
        g_hash_table_add(source, g_strdup((const char *)survey->left->pdata[i] + 1));
    MhSpan line, rest = text;
    while (mh_span_take_line(&rest, &line, NULL)) {
        g_autoptr(GArray) entry = courier_subscribed_parse(line, NULL);
        if (!survey->subscriptions_unread && entry->len == 1 &&
            is_gone(&g_array_index(entry, CourierSubscribed, 0), carried, source))
            continue;
        g_byte_array_append(kept, line.data, (guint)line.len);
        g_byte_array_append(kept, (const guint8 *)"\n", 1);
    }
    return kept;
}

bool
mh_courier_subscribe(const MaildirTree *tree, const MhAccountSurvey *survey,
                     const GPtrArray *carried, bool mirror, GError **error)
{
    g_autoptr(GError) failure = NULL;
    if (!survey->has_subscriptions)
        return true;
    MhStamp stamp = mh_stamp_at(tree->fd, SUBSCRIBED);
    g_autoptr(GBytes) before =
        mh_read_file_if_there(tree->fd, SUBSCRIBED, MH_LIMIT_SUBSCRIPTIONS_BYTES, NULL, &failure);
    if (failure != NULL) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return false;
    }
    MhSpan text = before != NULL ? mh_span_from_bytes(before) : mh_span(NULL, 0);
    g_autoptr(GHashTable) known = subscribed_paths(before != NULL ? carried : NULL);
    g_autoptr(GByteArray) after = without_gone(text, survey, known);
    bool changed = after->len < text.len;
    g_autoptr(GArray) there = courier_subscribed_parse(mh_span(after->data, after->len), NULL);
    if (mirror)
        g_hash_table_remove_all(known);
    g_autoptr(GBytes) more = missing_subscriptions(there, survey, known, error);
    if (more == NULL || (g_bytes_get_size(more) == 0 && !changed))
        return more != NULL;
    g_byte_array_append(after, g_bytes_get_data(more, NULL), (guint)g_bytes_get_size(more));
    return mh_replace_unchanged(tree->fd, SUBSCRIBED, mh_span(after->data, after->len),
                                tree->options.file_mode, (uid_t)-1, (gid_t)-1, &stamp, error);
}
