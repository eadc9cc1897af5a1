/* without WHAT... -- PROGRAM ARGUMENT...: runs the program as on a system that lacks
 *
 *   landlock   a kernel that is older, or was told not to have it
 *   seccomp    a container that forbids it
 *   openat2    a kernel that is older
 */
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static const struct {
    const char *what, *call;
} calls[] = {
    {"landlock", "landlock_create_ruleset"},
    {"landlock", "landlock_add_rule"},
    {"landlock", "landlock_restrict_self"},
    {"seccomp", "seccomp"},
    {"openat2", "openat2"},
};

int
main(int argc, char **argv)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    int failed = filter == NULL, i;
    for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        for (size_t c = 0; c < sizeof calls / sizeof *calls; c++) {
            if (strcmp(calls[c].what, argv[i]) == 0)
                failed |= seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS),
                                           seccomp_syscall_resolve_name(calls[c].call), 0) != 0;
        }
        if (strcmp(argv[i], "seccomp") == 0) /* the older way to the same */
            failed |= seccomp_rule_add(filter, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(prctl), 1,
                                       SCMP_A0(SCMP_CMP_EQ, PR_SET_SECCOMP)) != 0;
    }
    if (failed || i + 1 >= argc || seccomp_load(filter) != 0) {
        fprintf(stderr, "without: this cannot be had\n");
        return 125;
    }
    seccomp_release(filter);
    execvp(argv[i + 1], argv + i + 1);
    perror(argv[i + 1]);
    return 127;
}
