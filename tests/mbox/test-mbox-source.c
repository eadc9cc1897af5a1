#include "testing.h"

#include "mbox-source.h"
#include "size-limits.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define F "From joe@x.org Mon Jan  1 10:00:00 2001\n"

typedef struct {
    char *path;
    int dirfd;
    MboxSourceOptions options;
    MhFindings *findings;
    MhMailbox *mailbox;
    MhSource *source;
    GError *error;
} Place;

static int
set_up(void **state)
{
    Place *place = g_new0(Place, 1);
    place->path = g_dir_make_tmp("mailhaul-source-XXXXXX", NULL);
    place->dirfd = open(place->path, O_RDONLY | O_DIRECTORY);
    place->options = mbox_source_options_default();
    place->options.lock_timeout_ms = 50;
    place->findings = mh_findings_new();
    place->mailbox = mh_mailbox_new();
    *state = place;
    return place->dirfd < 0;
}

static int
tear_down(void **state)
{
    Place *place = *state;
    mh_source_free(place->source);
    unlinkat(place->dirfd, "inbox", 0);
    unlinkat(place->dirfd, "link", 0);
    int failed = g_rmdir(place->path); /* fails when a lock was left behind */
    close(place->dirfd);
    mh_findings_free(place->findings);
    mh_mailbox_free(place->mailbox);
    g_clear_error(&place->error);
    g_free(place->path);
    g_free(place);
    return failed;
}

static void
put(Place *place, int flags, const void *bytes, size_t len)
{
    int fd = openat(place->dirfd, "inbox", O_WRONLY | O_CREAT | flags, 0600);
    assert_int_equal(write(fd, bytes, len), len);
    close(fd);
}

static bool
open_source(Place *place, const char *name)
{
    place->source =
        mbox_source_open(place->dirfd, name, &place->options, place->findings, &place->error);
    return place->source != NULL;
}

static bool
index_source(Place *place)
{
    return place->source->class->index(place->source, place->mailbox, place->findings,
                                       &place->error);
}

static void
opens_an_empty_file(void **state)
{
    Place *place = *state;
    put(place, 0, "", 0);
    assert_true(open_source(place, "inbox"));
    assert_true(index_source(place));
    assert_int_equal(mh_mailbox_length(place->mailbox), 0);
    assert_int_equal(mh_findings_kept(place->findings), 0);
}

static void
refuses_what_is_no_mbox(void **state)
{
    Place *place = *state;
    put(place, 0, "hello\n", 6);
    assert_true(open_source(place, "inbox"));
    assert_false(index_source(place));
    assert_true(g_error_matches(place->error, MBOX_ERROR, MBOX_ERROR_NOT_MBOX));
    assert_non_null(strstr(place->error->message, "inbox"));
}

static void
says_what_is_missing_or_linked(void **state)
{
    Place *place = *state;
    assert_false(open_source(place, "inbox"));
    assert_true(g_error_matches(place->error, G_FILE_ERROR, G_FILE_ERROR_NOENT));
    g_clear_error(&place->error);
    put(place, 0, F, sizeof(F) - 1);
    assert_int_equal(symlinkat("inbox", place->dirfd, "link"), 0);
    assert_false(open_source(place, "link"));
    g_clear_error(&place->error);
    place->options.links = MH_LINKS_BENEATH;
    assert_true(open_source(place, "link"));
}

/* Mail that comes while the file is read, without a lock, makes it be read again. */
static void
notices_a_change(void **state)
{
    Place *place = *state;
    place->options.locks = MBOX_LOCK_NONE;
    put(place, 0, F "A: b\n\nx\n", sizeof(F "A: b\n\nx\n") - 1);
    assert_true(open_source(place, "inbox"));
    assert_true(index_source(place));
    assert_true(place->source->class->check(place->source, &place->error));
    put(place, O_APPEND, "y", 1);
    assert_false(place->source->class->check(place->source, &place->error));
    assert_true(g_error_matches(place->error, G_FILE_ERROR, G_FILE_ERROR_AGAIN));
    g_clear_error(&place->error);
    assert_false(index_source(place));
    assert_true(g_error_matches(place->error, G_FILE_ERROR, G_FILE_ERROR_AGAIN));
    /* the mailbox keeps what the good run left */
    assert_int_equal(mh_mailbox_length(place->mailbox), 1);
    g_clear_error(&place->error);
    put(place, O_TRUNC, "", 0);
    assert_false(index_source(place));
    assert_true(g_error_matches(place->error, G_FILE_ERROR, G_FILE_ERROR_AGAIN));
}

static void
notices_a_lost_lock(void **state)
{
    Place *place = *state;
    put(place, 0, F, sizeof(F) - 1);
    assert_true(open_source(place, "inbox"));
    assert_true(index_source(place));
    assert_int_equal(unlinkat(place->dirfd, "inbox.lock", 0), 0);
    assert_false(place->source->class->check(place->source, &place->error));
    assert_true(g_error_matches(place->error, G_FILE_ERROR, G_FILE_ERROR_AGAIN));
}

static void
respects_a_lock(void **state)
{
    Place *place = *state;
    put(place, 0, F, sizeof(F) - 1);
    assert_true(open_source(place, "inbox"));
    MhSource *second =
        mbox_source_open(place->dirfd, "inbox", &place->options, NULL, &place->error);
    assert_null(second);
    assert_true(g_error_matches(place->error, MBOX_ERROR, MBOX_ERROR_LOCKED));
}

/* A message of many buffers, after a header with metadata longer than the first read. */
static void
copies_large_messages(void **state)
{
    Place *place = *state;
    GString *file = g_string_new(F "Subject: large\nStatus: RO\n");
    GString *plain = g_string_new("Subject: large\n");
    for (int i = 0; i < 2000; i++)
        g_string_append_printf(plain, "Received: by host number %d, somewhere far away\n", i);
    g_string_append_c(plain, '\n');
    for (int i = 0; i < 60000; i++)
        g_string_append_printf(plain, "line %d of the large message\n", i);
    g_string_append_len(file, plain->str + 15, (gssize)plain->len - 15);
    g_string_append(file, "\n" F "Subject: next\n\ny\n");
    put(place, 0, file->str, file->len);
    g_string_free(file, TRUE);
    assert_true(open_source(place, "inbox"));
    assert_true(index_source(place));
    assert_int_equal(mh_mailbox_length(place->mailbox), 2);
    MhMessage *message = mh_mailbox_get(place->mailbox, 0);
    assert_int_equal(message->size_bytes, plain->len);
    assert_int_equal(message->flags, MH_FLAG_SEEN);
    int fd = memfd_create("copy", MFD_CLOEXEC);
    assert_true(place->source->class->copy(place->source, message, fd, &place->error));
    char *bytes = g_malloc(plain->len);
    assert_int_equal(pread(fd, bytes, plain->len, 0), plain->len);
    assert_memory_equal(bytes, plain->str, plain->len);
    close(fd);
    g_free(bytes);
    g_string_free(plain, TRUE);
}

/* Is the message copied as it was digested? */
static void
check_copy(Place *place, size_t number)
{
    const MhMessage *message = mh_mailbox_get(place->mailbox, number);
    int fd = memfd_create("copy", MFD_CLOEXEC);
    assert_true(place->source->class->copy(place->source, message, fd, &place->error));
    size_t size = (size_t)message->size_bytes;
    g_autofree char *bytes = g_malloc(size + 1);
    assert_int_equal(pread(fd, bytes, size + 1, 0), size);
    MhDigest digest = mh_digest_of(mh_span(bytes, size));
    assert_true(mh_digest_equal(&digest, &message->id));
    close(fd);
}

/* Messages of all sizes, one after the other, in other orders, and some of them only: each is what
 * it is, wherever it lies to the pieces that are read. */
static void
copies_in_any_order(void **state)
{
    Place *place = *state;
    enum { COUNT = 150 };
    GString *file = g_string_new(NULL);
    for (unsigned i = 0; i < COUNT; i++) {
        g_string_append_printf(file, F "Subject: %u\nStatus: RO\n\n", i);
        unsigned lines = i % 10 == 7 ? i * 150 : i * 7919 % 400;
        for (unsigned line = 0; line < lines; line++)
            g_string_append_printf(file, "line %u of %u\n", line, i);
        g_string_append_c(file, '\n');
    }
    put(place, 0, file->str, file->len);
    g_string_free(file, TRUE);
    assert_true(open_source(place, "inbox"));
    assert_true(index_source(place));
    assert_int_equal(mh_mailbox_length(place->mailbox), COUNT);
    for (size_t i = 0; i < COUNT; i++)
        check_copy(place, i);
    for (size_t i = COUNT; i-- > 0;)
        check_copy(place, i);
    for (size_t i = 0; i < COUNT; i += 3)
        check_copy(place, i);
    for (size_t i = 0; i < COUNT; i++)
        check_copy(place, i * 77 % COUNT);
}

/* The first megabyte shows no server, the rest does: the file is read as that server did. */
static void
changes_its_mind_about_the_dialect(void **state)
{
    Place *place = *state;
    GString *file = g_string_new(NULL);
    for (int i = 0; i < 20000; i++)
        g_string_append(file, F "Subject: a\n\nbody of some length for the sake of it\n\n");
    g_string_append(file, F "X-IMAPbase: 7 0000000030\nSubject: b\n\nx\n" F "Subject: c\n\ny\n");
    put(place, 0, file->str, file->len);
    g_string_free(file, TRUE);
    assert_true(open_source(place, "inbox"));
    assert_true(index_source(place));
    assert_int_equal(mbox_source_dialect(place->source), MBOX_DIALECT_DOVECOT);
    assert_int_equal(mh_mailbox_length(place->mailbox), 20002);
    /* for Dovecot the last line end belongs to the separator */
    assert_int_equal(mh_mailbox_get(place->mailbox, 20001)->size_bytes, 13);
}

/* A file that claims to be huge: it is not read to its end. */
static void
refuses_what_is_too_large(void **state)
{
    Place *place = *state;
    put(place, 0, F "A: b\n\nx\n", sizeof(F "A: b\n\nx\n") - 1);
    int fd = openat(place->dirfd, "inbox", O_WRONLY);
    assert_return_code(ftruncate(fd, (off_t)MH_LIMIT_MESSAGE_BYTES + 1), errno);
    close(fd);
    assert_true(open_source(place, "inbox"));
    assert_false(index_source(place));
    assert_non_null(strstr(place->error->message, "it is larger than"));
}

static void
reports_an_error_of_the_disk(void **state)
{
    Place *place = *state;
    put(place, 0, F "A: b\n\nx\n", sizeof(F "A: b\n\nx\n") - 1);
    assert_true(open_source(place, "inbox"));
    assert_true(index_source(place));
    assert_true(place->source->class->open_message == NULL);
    int full = open("/dev/full", O_WRONLY);
    MhMessage *message = mh_mailbox_get(place->mailbox, 0);
    assert_false(place->source->class->copy(place->source, message, full, &place->error));
    assert_true(g_error_matches(place->error, G_FILE_ERROR, G_FILE_ERROR_NOSPC));
    close(full);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(opens_an_empty_file),
        TEST(refuses_what_is_no_mbox),
        TEST(says_what_is_missing_or_linked),
        TEST(notices_a_change),
        TEST(notices_a_lost_lock),
        TEST(respects_a_lock),
        TEST(copies_large_messages),
        TEST(copies_in_any_order),
        TEST(changes_its_mind_about_the_dialect),
        TEST(refuses_what_is_too_large),
        TEST(reports_an_error_of_the_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
