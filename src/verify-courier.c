#include "verify-courier.h"

#include "courier/courier-keywords.h"
#include "courier/courier-pop3-sizelist.h"
#include "courier/courier-uiddb.h"
#include "size-limits.h"

#include <string.h>
#include <unistd.h>

#define UIDDB    "courierimapuiddb"
#define SIZELIST "courierpop3dsizelist"
#define KEYWORDS "courierimapkeywords"

typedef struct {
    MhVerifyCourier *courier;
    const MhVerifyTarget *target;
    int fd; /* the folder */
} Reading;

static void
clear_message(gpointer data)
{
    MhVerifyCourierMessage *message = data;
    g_free(message->uidl);
    if (message->keywords != NULL)
        g_ptr_array_unref(message->keywords);
}

static MhVerifyCourierMessage *
message_at(const Reading *reading, guint i)
{
    return &g_array_index(reading->courier->messages, MhVerifyCourierMessage, i);
}

static MhSpan
file_name_at(const Reading *reading, guint i)
{
    return mh_span_from_string(mh_verify_target_get(reading->target, i)->file + strlen("cur/"));
}

/* The text of a file; true with *@out NULL: it is not there. A file that Courier has put there
 * after mailhaul's last list tells that it is at work. */
static bool
read_file(Reading *reading, const char *name, GBytes **out, GError **error)
{
    g_autoptr(GError) failure = NULL;
    struct stat st;
    *out = mh_read_file(reading->fd, name, MH_LIMIT_STATE_FILE_BYTES, &st, &failure);
    if (*out == NULL) {
        if (g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_NOENT))
            return true;
        g_propagate_error(error, g_steal_pointer(&failure));
        return false;
    }
    reading->courier->in_use |= mh_stamp_of(&st).mtime_ns > reading->target->list_ctime_ns;
    MhVerifyFile *file = mh_verify_file_look(reading->fd, name, name);
    if (file != NULL) {
        file->is_state = true;
        file->servers_mode = MH_VERIFY_COURIER_MODE;
        g_ptr_array_add(reading->courier->files, file);
    }
    return true;
}

/* ---- UIDs --------------------------------------------------------------------------------- */

static bool
read_uiddb(Reading *reading, GError **error)
{
    MhVerifyCourier *courier = reading->courier;
    g_autoptr(GBytes) text = NULL;
    g_autoptr(GError) unusable = NULL;
    if (!read_file(reading, UIDDB, &text, error))
        return false;
    if (text == NULL) {
        courier->list_error = g_strdup(UIDDB ": there is none");
        return true;
    }
    g_autoptr(CourierUiddb) list =
        courier_uiddb_parse(mh_span_from_bytes(text), false, courier->findings, &unusable);
    if (list == NULL) {
        courier->list_error = g_strdup_printf(UIDDB ": %s", unusable->message);
        return true;
    }
    guint count = reading->target->messages->len;
    g_autofree CourierUiddbFile *files = g_new0(CourierUiddbFile, count + 1);
    for (guint i = 0; i < count; i++)
        files[i] = (CourierUiddbFile){.name = file_name_at(reading, i),
                                      .is_new = mh_verify_target_get(reading->target, i)->is_new,
                                      .tag = i};
    courier->uids = courier_uiddb_state(list);
    MhUidState state;
    courier_uiddb_assign(list, files, count, &state, NULL);
    for (guint i = 0; i < count; i++)
        message_at(reading, (guint)files[i].tag)->uid = files[i].listed ? files[i].uid : 0;
    return true;
}

/* ---- POP3 --------------------------------------------------------------------------------- */

static bool
read_sizelist(Reading *reading, GError **error)
{
    MhVerifyCourier *courier = reading->courier;
    g_autoptr(GBytes) text = NULL;
    if (!courier->is_inbox)
        return true;
    if (!read_file(reading, SIZELIST, &text, error))
        return false;
    courier->has_sizelist = text != NULL;
    if (text == NULL)
        return true;
    g_autoptr(CourierPop3Sizelist) list =
        courier_pop3_sizelist_parse(mh_span_from_bytes(text), COURIER_ERA_NEW, NULL);
    for (guint i = 0; i < courier->messages->len; i++) {
        const CourierPop3Line *line;
        if (courier_pop3_sizelist_find(list, file_name_at(reading, i), &line) != COURIER_POP3_MATCH)
            continue;
        message_at(reading, i)->uidl = courier_pop3_sizelist_uidl(line);
        message_at(reading, i)->size_bytes = line->size_bytes;
    }
    return true;
}

/* ---- keywords ----------------------------------------------------------------------------- */

static void
take_keywords(Reading *reading, CourierKeywords *keywords)
{
    for (guint i = 0; i < reading->courier->messages->len; i++) {
        const MhSpan *names;
        MhSpan base = mh_verify_target_get(reading->target, i)->of.base;
        size_t count = courier_keywords_get(keywords, base, &names, NULL);
        for (size_t k = 0; k < count; k++)
            g_ptr_array_add(message_at(reading, i)->keywords, mh_span_dup(names[k]));
    }
}

static bool
read_updates(Reading *reading, CourierKeywords *keywords, int dirfd, GError **error)
{
    guint count = reading->target->messages->len;
    g_autofree MhSpan *bases = g_new0(MhSpan, count + 1);
    for (guint i = 0; i < count; i++)
        bases[i] = mh_verify_target_get(reading->target, i)->of.base;
    g_autoptr(GPtrArray) wanted = courier_keywords_wanted(keywords, bases, count);
    for (guint i = 0; i < wanted->len; i++) {
        g_autoptr(GBytes) text =
            mh_read_file(dirfd, wanted->pdata[i], MH_LIMIT_STATE_FILE_BYTES, NULL, error);
        if (text == NULL)
            return false;
        courier_keywords_set_update(keywords, wanted->pdata[i], mh_span_from_bytes(text), NULL);
    }
    return true;
}

static bool
read_keyword_dir(Reading *reading, int dirfd, GError **error)
{
    g_autoptr(GPtrArray) names = mh_list_dir(dirfd, error);
    g_autoptr(CourierKeywords) keywords = courier_keywords_new();
    g_autoptr(GBytes) list = NULL;
    if (names == NULL || !read_file(reading, KEYWORDS "/:list", &list, error))
        return false;
    if (list != NULL)
        courier_keywords_set_list(keywords, mh_span_from_bytes(list), NULL);
    for (guint i = 0; i < names->len; i++)
        courier_keywords_offer(keywords, mh_span_from_string(names->pdata[i]), NULL);
    if (!read_updates(reading, keywords, dirfd, error))
        return false;
    take_keywords(reading, keywords);
    return true;
}

static bool
read_keywords(Reading *reading, GError **error)
{
    g_autoptr(GError) failure = NULL;
    int dirfd = mh_open_dir_links(reading->fd, KEYWORDS, MH_LINKS_REFUSE, &failure);
    if (dirfd < 0) {
        if (g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_NOENT))
            return true;
        g_propagate_error(error, g_steal_pointer(&failure));
        return false;
    }
    bool good = read_keyword_dir(reading, dirfd, error);
    close(dirfd);
    return good;
}

/* ---- the folder --------------------------------------------------------------------------- */

static MhVerifyCourier *
courier_new(const MhVerifyTarget *target, bool is_inbox)
{
    MhVerifyCourier *courier = g_new0(MhVerifyCourier, 1);
    courier->is_inbox = is_inbox;
    courier->findings = mh_findings_new();
    courier->files = g_ptr_array_new_with_free_func(mh_verify_file_free);
    courier->messages = g_array_new(FALSE, TRUE, sizeof(MhVerifyCourierMessage));
    g_array_set_clear_func(courier->messages, clear_message);
    for (guint i = 0; i < target->messages->len; i++) {
        MhVerifyCourierMessage message = {.keywords = g_ptr_array_new_with_free_func(g_free)};
        g_array_append_val(courier->messages, message);
    }
    return courier;
}

MhVerifyCourier *
mh_verify_courier_read(int tree_fd, const char *name, const MhVerifyTarget *target, GError **error)
{
    g_autoptr(MhVerifyCourier) courier = courier_new(target, strcmp(name, ".") == 0);
    Reading reading = {.courier = courier, .target = target};
    if (!target->exists)
        return g_steal_pointer(&courier);
    reading.fd = mh_open_dir_links(tree_fd, name, MH_LINKS_REFUSE, error);
    if (reading.fd < 0)
        return NULL;
    bool good = read_uiddb(&reading, error) && read_sizelist(&reading, error) &&
                read_keywords(&reading, error);
    courier->is_opened = mh_verify_dir_used(reading.fd, "tmp");
    close(reading.fd);
    return good ? g_steal_pointer(&courier) : NULL;
}

void
mh_verify_courier_free(MhVerifyCourier *courier)
{
    if (courier == NULL)
        return;
    mh_findings_free(courier->findings);
    g_ptr_array_unref(courier->files);
    g_array_unref(courier->messages);
    g_free(courier->list_error);
    g_free(courier);
}
