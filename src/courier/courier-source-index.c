/* The messages and keywords of courier-source. */
#include "courier-file-name.h"
#include "courier-keywords.h"
#include "courier-source-private.h"
#include "courier-span-index.h"
#include "courier-uiddb.h"
#include "keyed-hash.h"
#include "printable.h"
#include "size-limits.h"

#include <string.h>
#include <unistd.h>

#define KEYWORD_DIR  "courierimapkeywords"
#define KEYWORD_LIST ":list"

MhSpan
courier_source_base_of(const CourierSource *source, const MhMessage *message)
{
    size_t len;
    if (source->tidy == NULL)
        return courier_source_base(source, courier_source_file_of(source, message));
    courier_names_file(source->tidy, message, &len);
    return mh_span(source->tidy->room->str, len);
}

MhSpan
courier_source_base(const CourierSource *source, const CourierSourceFile *file)
{
    const char *listed = courier_source_file_listed(source, file);
    return listed != NULL ? mh_span_from_string(listed) : courier_source_file_base(source, file);
}

/* --- names before a conversion in place --- */

/* Has the file a name that was made from the digest of another? */
static bool
is_renamed(const CourierSource *source, const CourierSourceFile *file, MhDigest *out_id)
{
    MhSpan base = courier_source_file_base(source, file);
    return source->options.own_identity != NULL && base.len > 0 &&
           source->options.own_identity(base, out_id);
}

static gboolean
digests_equal(gconstpointer a, gconstpointer b)
{
    return mh_digest_equal(a, b);
}

static void
take_renamed(CourierSource *source, GHashTable *renamed, MhSpan name)
{
    MhSpan base = courier_file_name_base(name);
    MhDigest id = mh_digest_of(base);
    CourierSourceFile *file = g_hash_table_lookup(renamed, &id);
    if (file == NULL)
        return;
    file->before = courier_source_hold(source, mh_span_dup(base));
    g_hash_table_remove(renamed, &id);
}

/* Files that the list has under the name that they have now. */
static void
drop_listed(const CourierSource *source, GHashTable *renamed, const GArray *names)
{
    g_autoptr(CourierSpanIndex) listed = courier_span_index_new();
    GHashTableIter iter;
    gpointer file;
    uint32_t at;
    for (guint i = 0; i < names->len; i++)
        courier_span_index_add(listed, courier_file_name_base(g_array_index(names, MhSpan, i)), i);
    g_hash_table_iter_init(&iter, renamed);
    while (g_hash_table_iter_next(&iter, NULL, &file)) {
        if (courier_span_index_find(listed, courier_source_file_base(source, file), &at))
            g_hash_table_iter_remove(&iter);
    }
}

/* What no list has. */
static void
recall_names(CourierSource *source, GHashTable *renamed)
{
    const CourierSourceOptions *options = &source->options;
    g_autoptr(GPtrArray) names = options->old_names != NULL && g_hash_table_size(renamed) > 0
                                     ? options->old_names(options->old_names_data)
                                     : NULL;
    for (guint i = 0; names != NULL && i < names->len; i++)
        take_renamed(source, renamed, mh_span_from_string(names->pdata[i]));
}

static GHashTable *
all_renamed(CourierSource *source)
{
    GHashTable *renamed = g_hash_table_new_full(mh_keyed_hash_digest, digests_equal, g_free, NULL);
    MhDigest id;
    for (guint i = 0; i < source->files->len; i++) {
        CourierSourceFile *file = &g_array_index(source->files, CourierSourceFile, i);
        file->before = 0;
        if (is_renamed(source, file, &id))
            g_hash_table_insert(renamed, g_memdup2(&id, sizeof id), file);
    }
    for (guint i = 0; g_hash_table_size(renamed) > 0 && i < source->files->len; i++) {
        id = mh_digest_of(
            courier_source_file_base(source, &g_array_index(source->files, CourierSourceFile, i)));
        g_hash_table_remove(renamed, &id); /* there is one that has the name still */
    }
    return renamed;
}

void
courier_source_find_renamed(CourierSource *source, const GArray *names)
{
    g_autoptr(GHashTable) renamed = all_renamed(source);
    if (g_hash_table_size(renamed) == 0)
        return;
    drop_listed(source, renamed, names);
    for (guint i = 0; g_hash_table_size(renamed) > 0 && i < names->len; i++)
        take_renamed(source, renamed, g_array_index(names, MhSpan, i));
    recall_names(source, renamed);
}

static void
find_renamed_in_uiddb(CourierSource *source, const CourierUiddb *list)
{
    g_autoptr(GArray) names = g_array_new(FALSE, FALSE, sizeof(MhSpan));
    for (size_t i = 0; list != NULL && i < courier_uiddb_length(list); i++) {
        MhSpan name = courier_uiddb_get(list, i).name;
        g_array_append_val(names, name);
    }
    courier_source_find_renamed(source, names);
    for (guint i = 0; i < source->files->len; i++) {
        CourierSourceFile *file = &g_array_index(source->files, CourierSourceFile, i);
        file->listed = file->before;
    }
}

/* --- UIDs --- */

/* The UID list. True with *@out_list NULL when there is none that counts; *@out_text holds what it
 * points to. */
static bool
read_uiddb(CourierSource *source, GBytes **out_text, CourierUiddb **out_list, MhFindings *findings,
           GError **error)
{
    g_autoptr(GError) problem = NULL;
    *out_list = NULL;
    *out_text = mh_read_file_if_there(source->folderfd, "courierimapuiddb",
                                      MH_LIMIT_STATE_FILE_BYTES, NULL, &problem);
    if (problem != NULL) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    if (*out_text == NULL) {
        if (source->files->len > 0)
            mh_findings_add(findings, MH_FINDING_COURIER_UIDS_NONE, NULL);
        return true;
    }
    *out_list = courier_uiddb_parse(mh_span_from_bytes(*out_text), source->options.read_unended,
                                    findings, &problem);
    if (*out_list == NULL)
        mh_findings_add(findings, MH_FINDING_COURIER_UIDS_LOST, "%s", problem->message);
    return true;
}

/* A name that Dovecot can neither hold nor show, or would have to change. */
static bool
is_unusable(MhSpan base)
{
    size_t at;
    return base.len == 0 || mh_span_find(base, '\n', &at) || mh_span_find(base, '\r', &at);
}

MhDigest
courier_source_file_id(const char *name, bool is_new)
{
    MhDigester digester;
    mh_digester_init(&digester);
    mh_digester_add(&digester, is_new ? MH_SPAN_LITERAL("new/") : MH_SPAN_LITERAL("cur/"));
    mh_digester_add(&digester, mh_span_from_string(name));
    return mh_digester_finish(&digester);
}

static MhDigest
identity_of(const CourierSource *source, const CourierSourceFile *file)
{
    const CourierSourceOptions *options = &source->options;
    MhSpan base = courier_source_file_base(source, file);
    MhDigest id;
    if (options->ids_of_files)
        return courier_source_file_id(courier_source_file_name(source, file), file->is_new);
    if (base.len == 0) /* a name without a base still is the message's own */
        return mh_digest_of(courier_source_file_span(source, file));
    return options->own_identity != NULL && options->own_identity(base, &id) ? id
                                                                             : mh_digest_of(base);
}

static void
add_message(CourierSource *source, const CourierUiddbFile *from, MhMailbox *out,
            MhFindings *findings)
{
    const CourierSourceFile *file = &g_array_index(source->files, CourierSourceFile, from->tag);
    MhMessage *message = mh_mailbox_add(out);
    MhSpan base = courier_source_file_base(source, file);
    bool unusable = is_unusable(base);
    if (unusable) {
        g_autofree char *shown = mh_printable_string(courier_source_file_name(source, file));
        mh_findings_add(findings, MH_FINDING_COURIER_NAME_UNUSABLE, "%s", shown);
    }
    message->id = identity_of(source, file);
    message->uid = from->uid;
    message->flags =
        (uint32_t)courier_file_name_flags(courier_source_file_span(source, file)) & MH_FLAGS_ALL;
    message->is_new = file->is_new;
    message->internaldate = (uint32_t)CLAMP(file->mtime, 0, (int64_t)UINT32_MAX);
    message->size_bytes = file->size_bytes & MH_MESSAGE_SIZE_MAX;
    message->where = from->tag & MH_MESSAGE_SIZE_MAX;
    if (!unusable)
        mh_mailbox_set_held_name(out, message, file->name);
}

/* --- the keyword directory --- */

/* Reads a file of the keyword directory; NULL without @error when it has just gone. */
static bool
read_keyword_file(int dirfd, const char *name, uint64_t max, GBytes **out_text, GError **error)
{
    g_autoptr(GError) problem = NULL;
    *out_text = mh_read_file(dirfd, name, max, NULL, &problem);
    if (*out_text != NULL)
        return true;
    if (g_error_matches(problem, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
        g_autofree char *shown = mh_printable_string(name);
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_AGAIN, "keyword file '%s' has just gone",
                    shown);
    } else {
        g_propagate_error(error, g_steal_pointer(&problem));
    }
    return false;
}

/* Messages, one after the other, of which only the base name is asked for. */
typedef struct {
    CourierSource *source;
    const GPtrArray *files; /* of CourierSourceFile; NULL: those of the mailbox */
    const MhMailbox *mailbox;
} Bases;

static size_t
bases_count(const Bases *bases)
{
    return bases->files != NULL ? bases->files->len : mh_mailbox_length(bases->mailbox);
}

/* Borrowed until the next call. */
static MhSpan
bases_get(const Bases *bases, size_t i)
{
    if (bases->files != NULL)
        return courier_source_base(bases->source, bases->files->pdata[i]);
    return courier_source_base_of(bases->source, mh_mailbox_get(bases->mailbox, i));
}

static bool
read_updates(CourierKeywords *keywords, int dirfd, const Bases *bases, MhFindings *findings,
             GError **error)
{
    for (size_t i = 0; courier_keywords_wants(keywords) && i < bases_count(bases); i++) {
        g_autoptr(GBytes) text = NULL;
        const char *wanted = courier_keywords_want(keywords, bases_get(bases, i));
        if (wanted == NULL)
            continue;
        if (!read_keyword_file(dirfd, wanted, MH_LIMIT_KEYWORD_FILE_BYTES, &text, error))
            return false;
        courier_keywords_set_update(keywords, wanted, mh_span_from_bytes(text), findings);
    }
    return true;
}

/* Reads the directory: *@out_list holds the text of ":list". @out_any: somebody may have some. */
static bool
read_keywords(CourierKeywords *keywords, int dirfd, const Bases *bases, GBytes **out_list,
              bool *out_any, MhFindings *findings, GError **error)
{
    g_autoptr(GPtrArray) names = mh_list_dir(dirfd, error);
    if (names == NULL)
        return false;
    *out_any = names->len > 0;
    for (guint i = 0; i < names->len; i++) {
        courier_keywords_offer(keywords, mh_span_from_string(names->pdata[i]), findings);
        if (!g_str_equal(names->pdata[i], KEYWORD_LIST))
            continue;
        if (!read_keyword_file(dirfd, KEYWORD_LIST, MH_LIMIT_STATE_FILE_BYTES, out_list, error))
            return false;
        courier_keywords_set_list(keywords, mh_span_from_bytes(*out_list), findings);
        *out_any = names->len > 1 || g_bytes_get_size(*out_list) > 1; /* 6.0: an empty line */
    }
    return !*out_any || read_updates(keywords, dirfd, bases, findings, error);
}

/* -1 without @error when there is no such directory. */
static int
open_keywords(CourierSource *source, MhFindings *findings, GError **error)
{
    g_autoptr(GError) problem = NULL;
    int fd = mh_open_dir(source->folderfd, KEYWORD_DIR, &problem);
    if (fd >= 0 || g_error_matches(problem, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        return fd;
    if (g_error_matches(problem, G_FILE_ERROR, G_FILE_ERROR_NOTDIR)) {
        mh_findings_add(findings, MH_FINDING_COURIER_KEYWORDS_UNREADABLE, "%s", problem->message);
        return -1;
    }
    g_propagate_error(error, g_steal_pointer(&problem));
    return -1;
}

/* --- messages --- */

/* The files in new/ whose names the list has. */
static GPtrArray *
new_and_listed(CourierSource *source, const CourierUiddb *list)
{
    GPtrArray *files = g_ptr_array_new();
    g_autoptr(CourierSpanIndex) listed = courier_span_index_new();
    uint32_t at;
    for (guint i = 0; list != NULL && i < source->files->len; i++) {
        CourierSourceFile *file = &g_array_index(source->files, CourierSourceFile, i);
        if (file->is_new && !file->dropped)
            g_ptr_array_add(files, file);
    }
    for (size_t i = 0; files->len > 0 && i < courier_uiddb_length(list); i++)
        courier_span_index_add(listed, courier_file_name_base(courier_uiddb_get(list, i).name),
                               (uint32_t)i);
    for (guint i = files->len; i-- > 0;) {
        if (!courier_span_index_find(listed, courier_source_base(source, files->pdata[i]), &at))
            g_ptr_array_remove_index_fast(files, i);
    }
    return files;
}

/* In place a message in new/ that has flags or keywords is put into cur/, and there Courier's
 * clients see it under the UID that is listed: so that is its UID from the beginning. */
static bool
find_leaving(CourierSource *source, const CourierUiddb *list, GError **error)
{
    g_autoptr(GPtrArray) files = new_and_listed(source, list);
    g_autoptr(CourierKeywords) keywords = courier_keywords_new();
    g_autoptr(GBytes) text = NULL;
    g_autoptr(GError) problem = NULL;
    Bases bases = {.source = source, .files = files};
    bool any;
    int dirfd = files->len > 0 ? open_keywords(source, NULL, &problem) : -1;
    bool good = problem == NULL &&
                (dirfd < 0 || read_keywords(keywords, dirfd, &bases, &text, &any, NULL, &problem));
    if (dirfd >= 0)
        close(dirfd);
    for (guint i = 0; good && i < files->len; i++) {
        CourierSourceFile *file = files->pdata[i];
        const MhSpan *names;
        file->leaves_new = courier_file_name_flags(courier_source_file_span(source, file)) != 0 ||
                           courier_keywords_get(keywords, bases_get(&bases, i), &names, NULL) > 0;
    }
    if (!good)
        g_propagate_error(error, g_steal_pointer(&problem));
    return good;
}

bool
courier_source_add_messages(CourierSource *source, MhMailbox *out, MhFindings *findings,
                            GError **error)
{
    g_autoptr(GBytes) text = NULL;
    g_autoptr(CourierUiddb) list = NULL;
    if (!read_uiddb(source, &text, &list, findings, error))
        return false;
    find_renamed_in_uiddb(source, list);
    if (source->options.ids_of_files && !find_leaving(source, list, error))
        return false;
    g_autofree CourierUiddbFile *files = g_new0(CourierUiddbFile, source->files->len);
    size_t count = 0;
    for (guint i = 0; i < source->files->len; i++) {
        const CourierSourceFile *file = &g_array_index(source->files, CourierSourceFile, i);
        const char *before = courier_source_file_before(source, file);
        if (file->dropped)
            continue;
        files[count++] = (CourierUiddbFile){
            .name = before != NULL ? mh_span_from_string(before)
                                   : courier_source_file_span(source, file),
            .is_new = file->is_new && !file->leaves_new,
            .tag = i,
        };
    }
    out->foretold = list != NULL ? courier_uiddb_state(list).uidnext : 0;
    courier_uiddb_assign(list, files, count, &out->uids, findings);
    g_clear_pointer(&list, courier_uiddb_free); /* before there are messages, too */
    g_clear_pointer(&text, g_bytes_unref);
    for (size_t i = 0; i < count; i++)
        add_message(source, &files[i], out, findings);
    return true;
}

/* --- keywords --- */

static void
set_keywords(CourierKeywords *keywords, MhSpan base, MhMessage *message, MhMailbox *out,
             MhFindings *findings)
{
    const MhSpan *names;
    size_t count = courier_keywords_get(keywords, base, &names, findings);
    if (count == 0)
        return;
    g_autoptr(GArray) members = g_array_new(FALSE, FALSE, sizeof(uint16_t));
    for (size_t i = 0; i < count; i++) {
        uint16_t number;
        if (names[i].len == 0)
            continue;
        if (mh_mailbox_keyword(out, names[i], &number)) {
            g_array_append_val(members, number);
        } else {
            g_autofree char *shown = mh_printable(mh_span_first(names[i], 80));
            mh_findings_add(findings, MH_FINDING_COURIER_KEYWORD_LOST, "%s", shown);
        }
    }
    uint32_t set = mh_mailbox_keyword_set(out, (uint16_t *)(void *)members->data, members->len);
    message->keywords = set & MH_KEYWORD_SET_MASK;
    if (set == 0 && members->len > 0)
        mh_findings_add(findings, MH_FINDING_COURIER_KEYWORD_LOST, "too many sets of them");
}

bool
courier_source_add_keywords(CourierSource *source, MhMailbox *out, MhFindings *findings,
                            GError **error)
{
    g_autoptr(GError) problem = NULL;
    int dirfd = open_keywords(source, findings, &problem);
    if (problem != NULL) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    if (dirfd < 0)
        return true;
    g_autoptr(GBytes) list = NULL;
    g_autoptr(CourierKeywords) keywords = courier_keywords_new();
    Bases bases = {.source = source, .mailbox = out};
    bool any = false;
    bool good = read_keywords(keywords, dirfd, &bases, &list, &any, findings, error);
    close(dirfd);
    for (size_t i = 0; good && any && i < mh_mailbox_length(out); i++)
        set_keywords(keywords, bases_get(&bases, i), mh_mailbox_get(out, i), out, findings);
    return good;
}
