#include "target-place.h"

#include "digest.h"
#include "place.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The directory @fd, which is closed, and what is to be below it. */
static uint64_t
number_of(int fd, const char *rest)
{
    MhDigester digester;
    struct stat st;
    uint64_t number = 0;
    bool known = fstat(fd, &st) == 0;
    close(fd);
    if (!known)
        return 0;
    const uint64_t directory[] = {st.st_dev, st.st_ino};
    mh_digester_init(&digester);
    mh_digester_add(&digester, mh_span(directory, sizeof directory));
    mh_digester_add(&digester, mh_span_from_string(rest));
    MhDigest digest = mh_digester_finish(&digester);
    memcpy(&number, digest.bytes, sizeof number);
    return number;
}

uint64_t
mh_target_place(const char *pattern, const MhAccount *account)
{
    g_autofree char *root = NULL, *rest = NULL;
    int fd = mh_place_find(pattern, account);
    if (fd >= 0)
        return number_of(fd, "");
    if (!mh_place_split(pattern, account, &root, &rest, NULL))
        return 0;
    fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return fd >= 0 ? number_of(fd, rest) : 0;
}
