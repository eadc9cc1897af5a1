/* Each folder of fixtures/mbox is an mbox, and what must come of it: `input.mbox`, `expected`, and
 * `options` where they are not the default (dialect=..., unquote=..., uidl=..., local=...).
 *
 * `expected` has a line for the mailbox, one for each message, one for each kind of finding. With
 * UPDATE_FIXTURES in the environment it is written anew; then it is to be read against the facts.
 */
#include "testing.h"

#include "mbox-source.h"
#include "printable.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER FIXTURES "/mbox"

static MboxSourceOptions
read_options(const char *folder)
{
    MboxSourceOptions options = mbox_source_options_default();
    options.locks = MBOX_LOCK_NONE;
    g_autofree char *path = g_build_filename(folder, "options", NULL);
    g_autofree char *text = NULL;
    if (!g_file_get_contents(path, &text, NULL, NULL))
        return options;
    g_auto(GStrv) lines = g_strsplit(g_strchomp(text), "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        const char *value = strchr(*line, '=') + 1;
        bool known = true;
        if (g_str_has_prefix(*line, "dialect="))
            known = mbox_dialect_from_name(value, &options.dialect);
        else if (g_str_has_prefix(*line, "unquote="))
            known = mbox_unquote_from_name(value, &options.unquote);
        else if (strcmp(*line, "uidl=auto") == 0)
            options.uidl = MBOX_UIDL_AUTO;
        else if (strcmp(*line, "uidl=uw") == 0)
            options.uidl = MBOX_UIDL_UW;
        else if (strcmp(*line, "uidl=x-uidl") == 0)
            options.uidl = MBOX_UIDL_X_UIDL;
        else if (g_str_has_prefix(*line, "local="))
            options.local = g_time_zone_new_identifier(value);
        else
            known = false;
        if (!known)
            fail_msg("%s: unknown option '%s'", folder, *line);
    }
    return options;
}

/* The message's bytes as copy() writes them. Free with g_bytes_unref(). */
static GBytes *
copy_out(MhSource *source, const MhMessage *message)
{
    GError *error = NULL;
    int fd = memfd_create("message", MFD_CLOEXEC);
    if (!source->class->copy(source, message, fd, &error))
        fail_msg("copy: %s", error->message);
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_size, message->size_bytes);
    char *bytes = g_malloc((size_t)st.st_size + 1);
    assert_int_equal(pread(fd, bytes, (size_t)st.st_size, 0), st.st_size);
    close(fd);
    MhDigest digest = mh_digest_of(mh_span(bytes, (size_t)st.st_size));
    assert_true(mh_digest_equal(&digest, &message->id));
    return g_bytes_new_take(bytes, (size_t)st.st_size);
}

static void
show_keywords(GString *out, const MhMailbox *mailbox, uint32_t set)
{
    size_t count;
    const uint16_t *members = mh_mailbox_keyword_members(mailbox, set, &count);
    for (size_t i = 0; i < count; i++)
        g_string_append_printf(out, "%s%s", i > 0 ? "," : "",
                               mh_mailbox_keyword_name(mailbox, members[i]));
    if (count == 0)
        g_string_append_c(out, '-');
}

static void
show_subject(GString *out, MhSpan rest)
{
    MhSpan line;
    while (mh_span_take_line(&rest, &line, NULL) && mh_span_trim(line).len > 0) {
        if (mh_span_starts_with_nocase(line, MH_SPAN_LITERAL("subject:"))) {
            g_autofree char *shown = mh_printable(mh_span_trim(mh_span_from(line, 8)));
            g_string_append(out, shown);
            return;
        }
    }
    g_string_append_c(out, '-');
}

static void
show_message(GString *out, MhSource *source, const MhMailbox *mailbox, size_t index)
{
    const MhMessage *message = mh_mailbox_get(mailbox, index);
    char letters[MH_FLAG_LETTERS_MAX + 1], digest[MH_DIGEST_TEXT + 1];
    GBytes *bytes = copy_out(source, message);
    mh_flags_to_maildir(message->flags, letters);
    mh_digest_format(&message->id, digest);
    g_autoptr(GDateTime) date = g_date_time_new_from_unix_utc(message->internaldate);
    g_autofree char *when = g_date_time_format(date, "%Y-%m-%dT%H:%M:%SZ");
    const char *uidl = mh_mailbox_uidl(mailbox, message);
    g_string_append_printf(out, "message %zu: at %d+%d size %d/%d uid %u flags %s%s keywords ",
                           index + 1, (int)message->where, (int)message->where_len,
                           (int)message->size_bytes, (int)message->virtual_size, message->uid,
                           letters[0] != '\0' ? letters : "-", message->is_new ? " new" : "");
    show_keywords(out, mailbox, message->keywords);
    g_string_append_printf(out, " date %s uidl %s id %.8s subject ", when,
                           uidl != NULL ? uidl : "-", digest);
    show_subject(out, mh_span_from_bytes(bytes));
    g_string_append_c(out, '\n');
    g_bytes_unref(bytes);
}

static void
show_findings(GString *out, const MhFindings *findings)
{
    for (int code = 0; code < MH_FINDING_COUNT; code++) {
        uint64_t count = mh_findings_count(findings, (MhFindingCode)code);
        if (count > 0)
            g_string_append_printf(out, "%s: %d %s\n",
                                   mh_weight_name(mh_finding_weight((MhFindingCode)code)),
                                   (int)count, mh_finding_name((MhFindingCode)code));
    }
}

static void
show_boundary(void *user, const MboxBoundary *boundary)
{
    g_autofree char *line = mh_printable(boundary->line);
    g_string_append_printf(user, "boundary %d: %s '%s', message %u: %s\n", (int)boundary->offset,
                           boundary->is_separator ? "separator" : "text", line, boundary->message,
                           boundary->reason);
}

/* What comes of the file @name below @dirfd, as text. g_free(). */
static char *
tell(int dirfd, const char *name, MboxSourceOptions options)
{
    GString *out = g_string_new(NULL), *boundaries = g_string_new(NULL);
    MhFindings *findings = mh_findings_new();
    MhMailbox *mailbox = mh_mailbox_new();
    GError *error = NULL;
    options.boundary = show_boundary;
    options.user = boundaries;
    MhSource *source = mbox_source_open(dirfd, name, &options, findings, &error);
    if (source == NULL || !source->class->index(source, mailbox, findings, &error)) {
        g_string_append_printf(out, "error: %s\n", error->message);
        g_clear_error(&error);
    } else {
        g_string_append_printf(out, "mailbox: %s, %zu messages, uidvalidity %u, uidnext %u\n",
                               mbox_dialect_name(mbox_source_dialect(source)),
                               mh_mailbox_length(mailbox), mailbox->uids.uidvalidity,
                               mailbox->uids.uidnext);
        for (size_t i = 0; i < mh_mailbox_length(mailbox); i++)
            show_message(out, source, mailbox, i);
        g_string_append(out, boundaries->str);
        show_findings(out, findings);
        assert_true(source->class->check(source, NULL));
    }
    mh_source_free(source);
    mh_mailbox_free(mailbox);
    mh_findings_free(findings);
    g_string_free(boundaries, TRUE);
    return g_string_free(out, FALSE);
}

static gint
compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static GPtrArray *
list_cases(void)
{
    GDir *dir = g_dir_open(FOLDER, 0, NULL);
    GPtrArray *cases = g_ptr_array_new_with_free_func(g_free);
    for (const char *name; dir != NULL && (name = g_dir_read_name(dir)) != NULL;)
        if (strcmp(name, "README") != 0)
            g_ptr_array_add(cases, g_strdup(name));
    if (dir != NULL)
        g_dir_close(dir);
    g_ptr_array_sort(cases, compare_names);
    return cases;
}

static bool
run_case(const char *name)
{
    g_autofree char *folder = g_build_filename(FOLDER, name, NULL);
    g_autofree char *expected_path = g_build_filename(folder, "expected", NULL);
    g_autofree char *expected = NULL;
    MboxSourceOptions options = read_options(folder);
    int dirfd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct timespec times[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
    assert_int_equal(utimensat(dirfd, "input.mbox", times, 0), 0);
    g_autofree char *got = tell(dirfd, "input.mbox", options);
    close(dirfd);
    g_clear_pointer(&options.local, g_time_zone_unref);
    if (g_getenv("UPDATE_FIXTURES") != NULL)
        return g_file_set_contents(expected_path, got, -1, NULL);
    if (!g_file_get_contents(expected_path, &expected, NULL, NULL))
        expected = g_strdup("(no file)");
    if (strcmp(got, expected) == 0)
        return true;
    print_error("%s: expected\n%s--- got\n%s\n", name, expected, got);
    return false;
}

static void
every_case_comes_out_as_expected(void **state)
{
    (void)state;
    GPtrArray *cases = list_cases();
    unsigned wrong = 0;
    for (unsigned i = 0; i < cases->len; i++)
        wrong += !run_case(cases->pdata[i]);
    assert_true(cases->len >= 30);
    g_ptr_array_unref(cases);
    assert_int_equal(wrong, 0);
}

/* --- the same events in pieces; every prefix --- */

typedef struct {
    MhSpan file;
    GString *log;
    MhDigester digester;
} Stream;

static bool
stream_peek(void *user, uint64_t offset, void *buffer, size_t len, GError **error)
{
    (void)error;
    memcpy(buffer, ((Stream *)user)->file.data + offset, len);
    return true;
}

static void
stream_begin(void *user, uint64_t offset, MhSpan line, const MboxFromLine *from)
{
    Stream *stream = user;
    g_string_append_printf(stream->log, "begin %d %zu %d\n", (int)offset, line.len, from->kind);
    mh_digester_init(&stream->digester);
}

static void
stream_header(void *user, uint64_t offset, MhSpan block)
{
    Stream *stream = user;
    g_string_append_printf(stream->log, "header %d %zu\n", (int)offset, block.len);
    mh_digester_add(&stream->digester, block);
}

static void
stream_body(void *user, uint64_t offset, MhSpan bytes)
{
    (void)offset;
    mh_digester_add(&((Stream *)user)->digester, bytes);
}

static void
stream_end(void *user, uint64_t offset)
{
    Stream *stream = user;
    char text[MH_DIGEST_TEXT + 1];
    MhDigest digest = mh_digester_finish(&stream->digester);
    mh_digest_format(&digest, text);
    g_string_append_printf(stream->log, "end %d %s\n", (int)offset, text);
}

static void
stream_boundary(void *user, const MboxBoundary *boundary)
{
    show_boundary(((Stream *)user)->log, boundary);
}

static char *
stream(MhSpan file, MboxDialect dialect, size_t first, size_t piece)
{
    Stream it = {.file = file, .log = g_string_new(NULL)};
    MboxScanOptions options = {
        .dialect = dialect,
        .size = file.len,
        .peek = stream_peek,
        .events = {stream_begin, stream_header, stream_body, stream_end, stream_boundary},
        .user = &it,
    };
    MboxScan *scan = mbox_scan_new(&options);
    size_t len = first;
    while (file.len > 0 && mbox_scan_feed(scan, mh_span_first(file, len), NULL)) {
        file = mh_span_from(file, MIN(len, file.len));
        len = piece;
    }
    mbox_scan_free(scan);
    return g_string_free(it.log, FALSE);
}

static void
expect_same(const char *name, MhSpan file, MboxDialect dialect)
{
    char *whole = stream(file, dialect, file.len, file.len);
    for (size_t cut = 0; cut < file.len; cut++) {
        /* cut 0 stands for pieces of one byte */
        char *pieces = stream(file, dialect, MAX(cut, 1), cut == 0 ? 1 : file.len);
        if (strcmp(whole, pieces) != 0)
            fail_msg("%s as %s, cut at %zu:\n%s--- whole\n%s", name, mbox_dialect_name(dialect),
                     cut, pieces, whole);
        g_free(pieces);
    }
    g_free(whole);
}

static void
every_case_is_the_same_in_pieces(void **state)
{
    (void)state;
    GPtrArray *cases = list_cases();
    for (unsigned i = 0; i < cases->len; i++) {
        g_autofree char *path = g_build_filename(FOLDER, cases->pdata[i], "input.mbox", NULL);
        g_autofree char *bytes = NULL;
        gsize len;
        assert_true(g_file_get_contents(path, &bytes, &len, NULL));
        for (int d = MBOX_DIALECT_DOVECOT; d <= MBOX_DIALECT_PLAIN; d++) {
            expect_same(cases->pdata[i], mh_span(bytes, len), (MboxDialect)d);
            for (size_t prefix = 0; prefix < len; prefix++) {
                MhSpan copy = testing_exact_copy(bytes, prefix);
                g_free(stream(copy, (MboxDialect)d, 50, 33));
                g_free((uint8_t *)(uintptr_t)copy.data);
            }
        }
    }
    g_ptr_array_unref(cases);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_case_comes_out_as_expected),
        cmocka_unit_test(every_case_is_the_same_in_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
