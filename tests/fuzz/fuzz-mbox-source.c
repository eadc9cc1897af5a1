/* An mbox file as the engine reads it: every message of the index can be copied and has its size,
 * and UIDs ascend. */
#include "fuzz.h"

#include "mailbox.h"
#include "mbox/mbox-source.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

/* A directory of this process that holds the input as "mbox". */
static int dir_fd = -1;
static char *dir_path;

static void
remove_dir(void)
{
    unlinkat(dir_fd, "mbox", 0);
    rmdir(dir_path);
}

static int
put_file(MhSpan bytes)
{
    if (dir_fd < 0) {
        dir_path = g_dir_make_tmp("mailhaul-fuzz-XXXXXX", NULL);
        dir_fd = open(dir_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        atexit(remove_dir);
    }
    int fd = openat(dir_fd, "mbox", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    FUZZ_CHECK(fd >= 0 && write(fd, bytes.data, bytes.len) == (ssize_t)bytes.len);
    return fd;
}

static void
copy_messages(MhSource *source, const MhMailbox *mailbox)
{
    static int out = -1;
    uint32_t last_uid = 0;
    if (out < 0)
        out = memfd_create("messages", MFD_CLOEXEC);
    for (size_t i = 0; i < mh_mailbox_length(mailbox); i++) {
        g_autoptr(GError) error = NULL;
        const MhMessage *message = mh_mailbox_get(mailbox, i);
        lseek(out, 0, SEEK_SET);
        FUZZ_CHECK(source->class->copy(source, message, out, &error));
        FUZZ_CHECK(lseek(out, 0, SEEK_CUR) == (off_t)message->size_bytes);
        FUZZ_CHECK(message->virtual_size >= message->size_bytes);
        FUZZ_CHECK(message->uid == 0 || message->uid > last_uid);
        last_uid = MAX(last_uid, message->uid);
    }
    FUZZ_CHECK(last_uid < mailbox->uids.uidnext || mailbox->uids.uidnext == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    MhSpan input = mh_span(data, size);
    MboxSourceOptions options = mbox_source_options_default();
    g_autoptr(GError) error = NULL;
    g_autoptr(MhFindings) findings = mh_findings_new();
    options.dialect = (MboxDialect)(fuzz_take_byte(&input) % 6);
    options.locks = MBOX_LOCK_NONE;
    int fd = put_file(input);
    g_autoptr(MhSource) source = mbox_source_open(dir_fd, "mbox", &options, findings, &error);
    g_autoptr(MhMailbox) mailbox = mh_mailbox_new();
    if (source != NULL && source->class->index(source, mailbox, findings, &error))
        copy_messages(source, mailbox);
    close(fd);
    return 0;
}
