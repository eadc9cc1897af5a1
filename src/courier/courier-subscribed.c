#include "courier-subscribed.h"

#include "courier-error.h"
#include "courier-folder-name.h"
#include "courier-span-index.h"
#include "printable.h"
#include "size-limits.h"

static const MhSpan inbox = MH_SPAN_LITERAL("INBOX");
static const MhSpan inbox_prefix = MH_SPAN_LITERAL("INBOX.");

static bool
classify(MhSpan line, CourierSubscribed *entry)
{
    entry->name = line;
    entry->path = (MhSpan){0};
    if (line.len == 0 || line.len > MH_LIMIT_SUBSCRIBED_LINE_BYTES)
        return false;
    if (mh_span_equal_nocase(line, inbox)) {
        entry->kind = COURIER_SUBSCRIBED_INBOX;
        return true;
    }
    if (mh_span_starts_with_nocase(line, inbox_prefix)) {
        entry->kind = COURIER_SUBSCRIBED_FOLDER;
        entry->path = mh_span_from(line, inbox_prefix.len);
        return courier_folder_path_valid(entry->path);
    }
    entry->kind = COURIER_SUBSCRIBED_SHARED;
    return line.data[0] == '#' || mh_span_starts_with(line, MH_SPAN_LITERAL("shared."));
}

/* Of entries for one folder the last stays. */
static void
drop_repeated(GArray *entries)
{
    g_autoptr(CourierSpanIndex) last = courier_span_index_new();
    CourierSubscribed *all = (CourierSubscribed *)(void *)entries->data;
    guint kept = 0;
    for (guint i = 0; i < entries->len; i++) {
        if (all[i].kind != COURIER_SUBSCRIBED_SHARED)
            courier_span_index_add(last, all[i].path, i);
    }
    for (guint i = 0; i < entries->len; i++) {
        uint32_t at = i;
        if (all[i].kind != COURIER_SUBSCRIBED_SHARED)
            courier_span_index_find(last, all[i].path, &at);
        if (at == i)
            all[kept++] = all[i];
    }
    g_array_set_size(entries, kept);
}

GArray *
courier_subscribed_parse(MhSpan text, MhFindings *findings)
{
    GArray *entries = g_array_new(FALSE, FALSE, sizeof(CourierSubscribed));
    MhSpan line;
    for (uint64_t number = 1; mh_span_take_line(&text, &line, NULL); number++) {
        CourierSubscribed entry;
        bool good = classify(line, &entry);
        if (!good || entry.kind == COURIER_SUBSCRIBED_SHARED) {
            g_autofree char *shown = mh_printable(mh_span_first(line, 300));
            mh_findings_add_at(findings,
                               good ? MH_FINDING_COURIER_SUBSCRIPTION_SHARED
                                    : MH_FINDING_COURIER_SUBSCRIPTION_DEAD,
                               number, 0, "%s", shown);
        }
        if (good)
            g_array_append_val(entries, entry);
    }
    drop_repeated(entries);
    return entries;
}

GBytes *
courier_subscribed_format(const MhSpan *paths, size_t count, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (size_t i = 0; i < count; i++) {
        size_t at;
        if (paths[i].len > 0 &&
            (!courier_folder_path_valid(paths[i]) || mh_span_find(paths[i], '\n', &at))) {
            g_autofree char *shown = mh_printable(paths[i]);
            g_set_error(error, COURIER_ERROR, COURIER_ERROR_NAME,
                        "a subscription list cannot hold the name '%s'", shown);
            return NULL;
        }
        g_string_append(text, paths[i].len > 0 ? "INBOX." : "INBOX");
        g_string_append_len(text, (const char *)paths[i].data, (gssize)paths[i].len);
        g_string_append_c(text, '\n');
    }
    return g_string_free_to_bytes(g_steal_pointer(&text));
}
