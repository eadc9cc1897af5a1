/* make-corpus: sites of invented mail to measure with.
 *
 *   make-corpus KIND FORMAT DIR [MESSAGES [SEED]]
 *
 * KIND    big    one user, one folder, mean 4 KB
 *         site   116 users, 917 folders, a few of them large, mean 22 KB
 *         small  9,000 users with four folders each, mean 4 KB
 *         pop3   9,000 users with nothing but an INBOX, mean 4 KB
 *         folder one user, one folder of a million messages, mean 1 KB
 *         uneven 60 users, 240 folders; one of them has most of the mail, in four folders
 * FORMAT  mbox     DIR/spool/USER and DIR/home/USER/mail/FOLDER
 *         courier  DIR/home/USER/Maildir with UIDs, POP3 sizes, keywords and subscriptions
 *
 * MESSAGES is the number of all of them. DIR/users lists the users in passwd(5) form. */
#include "corpus-message.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

typedef struct {
    const char *name;
    unsigned users, folders;
    size_t mean_bytes;
    unsigned messages; /* when not told */
    double exponent;   /* of the sizes of folders; 0: all alike */
} Kind;

/* Not an exponent: the last user has as much as all others together. */
#define HUGE_USER (-1.0)

static const Kind kinds[] = {
    {"big", 1, 1, 4096, 100000, 0},         {"site", 116, 917, 22 << 10, 40000, 1.1},
    {"small", 9000, 36000, 4096, 90000, 0}, {"pop3", 9000, 9000, 4096, 90000, 0},
    {"folder", 1, 1, 1024, 1000000, 0},     {"uneven", 60, 240, 4096, 60000, HUGE_USER},
};

typedef struct {
    const Kind *kind;
    bool courier;
    const char *dir;
    Dice dice;
    FILE *users;
} Corpus;

G_GNUC_NORETURN static void
give_up(const char *what)
{
    fprintf(stderr, "make-corpus: %s: %s\n", what, strerror(errno));
    exit(2);
}

static void
make_dir(const char *path)
{
    if (g_mkdir_with_parents(path, 0700) != 0)
        give_up(path);
}

static void
write_file(const char *path, const char *bytes, size_t len, int64_t mtime)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        give_up(path);
    while (len > 0) {
        ssize_t done = write(fd, bytes, len);
        if (done < 0)
            give_up(path);
        bytes += done;
        len -= (size_t)done;
    }
    struct timespec times[2] = {{.tv_sec = mtime}, {.tv_sec = mtime}};
    if ((mtime != 0 && futimens(fd, times) != 0) || close(fd) != 0)
        give_up(path);
}

static void
write_text(const char *dir, const char *name, const GString *text)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    write_file(path, text->str, text->len, 0);
}

/* ---- mbox --------------------------------------------------------------------------------- */

static void
append_status(GString *out, const CorpusMessage *message, uint32_t uidvalidity, uint32_t uidlast)
{
    if (message->number == 1) {
        g_string_append_printf(out, "X-IMAPbase: %u %010u", uidvalidity, uidlast);
        for (size_t k = 0; k < CORPUS_KEYWORDS; k++)
            g_string_append_printf(out, " %s", corpus_keywords[k]);
        g_string_append_c(out, '\n');
    }
    g_string_append_printf(
        out, "Status: %sO\nX-Status: %s%s%s\nX-Keywords:", strchr(message->flags, 'S') ? "R" : "",
        strchr(message->flags, 'T') ? "D" : "", strchr(message->flags, 'F') ? "F" : "",
        strchr(message->flags, 'R') ? "A" : "");
    for (size_t k = 0; k < CORPUS_KEYWORDS; k++) {
        if (message->keywords & 1u << k)
            g_string_append_printf(out, " %s", corpus_keywords[k]);
    }
    g_string_append_printf(out, "\nX-UID: %u\n", message->uid);
}

static void
make_mbox(Corpus *corpus, const char *path, const char *user, unsigned messages)
{
    uint32_t uidvalidity = 1000000000 + (uint32_t)dice_roll(&corpus->dice, 500000000);
    FILE *file = fopen(path, "we");
    if (file == NULL)
        give_up(path);
    g_autoptr(GString) text = g_string_new(NULL);
    CorpusMessage message = {0};
    for (unsigned i = 0; i < messages; i++) {
        char date[32];
        struct tm tm;
        corpus_message_next(&message, &corpus->dice, corpus->kind->mean_bytes);
        time_t when = (time_t)message.date;
        gmtime_r(&when, &tm);
        strftime(date, sizeof date, "%a %b %e %H:%M:%S %Y", &tm);
        g_string_printf(text, "From sender-%u@example.org %s\n", message.number % 97, date);
        corpus_append_header(text, &message, user);
        append_status(text, &message, uidvalidity, messages * 11);
        g_string_append_c(text, '\n');
        corpus_append_body(text, &message, &corpus->dice);
        g_string_append_c(text, '\n');
        if (fwrite(text->str, 1, text->len, file) != text->len)
            give_up(path);
    }
    if (fclose(file) != 0)
        give_up(path);
}

/* ---- Courier ------------------------------------------------------------------------------ */

typedef struct {
    GString *uids, *keywords;
    GPtrArray *sizes; /* of char *, lines */
    uint32_t uidvalidity;
} CourierLists;

/* The POP3 server's list is in the order of names, which begin with numbers of ten digits here; of
 * messages within a second that is not the order of UIDs. */
static gint
compare_lines(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
courier_lists_write(CourierLists *lists, const char *dir, uint32_t last_uid, unsigned messages,
                    bool inbox)
{
    g_autoptr(GString) all = g_string_new(NULL);
    g_string_printf(all, "1 %u %u\n%s", lists->uidvalidity, last_uid + 1, lists->uids->str);
    write_text(dir, "courierimapuiddb", all);
    if (inbox) {
        g_string_printf(all, "/3 %u %u\n", messages + 1, lists->uidvalidity);
        g_ptr_array_sort(lists->sizes, compare_lines);
        for (guint i = 0; i < lists->sizes->len; i++)
            g_string_append(all, lists->sizes->pdata[i]);
        write_text(dir, "courierpop3dsizelist", all);
    } else {
        g_string_truncate(all, 0);
        write_text(dir, "maildirfolder", all);
    }
    g_autofree char *keywords = g_build_filename(dir, "courierimapkeywords", NULL);
    make_dir(keywords);
    g_string_truncate(all, 0);
    for (size_t k = 0; k < CORPUS_KEYWORDS; k++)
        g_string_append_printf(all, "%s\n", corpus_keywords[k]);
    g_string_append_printf(all, "\n%s", lists->keywords->str);
    write_text(keywords, ":list", all);
}

static void
courier_lists_add(CourierLists *lists, const CorpusMessage *message, const char *base,
                  const GString *text)
{
    size_t lines = 0;
    for (const char *at = text->str; (at = strchr(at, '\n')) != NULL; at++)
        lines++;
    g_string_append_printf(lists->uids, "%u %s\n", message->uid, base);
    g_ptr_array_add(lists->sizes,
                    g_strdup_printf("%s:2,%s %zu %u:%u:0\n", base, message->flags,
                                    text->len + lines, message->number, lists->uidvalidity));
    if (message->keywords == 0)
        return;
    const char *separator = ":";
    g_string_append(lists->keywords, base);
    for (int k = 0; k < CORPUS_KEYWORDS; k++) {
        if (message->keywords & 1u << k) {
            g_string_append_printf(lists->keywords, "%s%d", separator, k);
            separator = " ";
        }
    }
    g_string_append_c(lists->keywords, '\n');
}

static void
make_maildir(Corpus *corpus, const char *dir, const char *user, unsigned messages, bool inbox)
{
    static const char *const subdirs[] = {"cur", "new", "tmp"};
    for (size_t i = 0; i < G_N_ELEMENTS(subdirs); i++) {
        g_autofree char *path = g_build_filename(dir, subdirs[i], NULL);
        make_dir(path);
    }
    g_autoptr(GString) uids = g_string_new(NULL);
    g_autoptr(GPtrArray) sizes = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GString) keywords = g_string_new(NULL);
    g_autoptr(GString) text = g_string_new(NULL);
    CourierLists lists = {.uids = uids, .keywords = keywords, .sizes = sizes};
    lists.uidvalidity = 1000000000 + (uint32_t)dice_roll(&corpus->dice, 500000000);
    CorpusMessage message = {0};
    for (unsigned i = 0; i < messages; i++) {
        corpus_message_next(&message, &corpus->dice, corpus->kind->mean_bytes);
        g_string_truncate(text, 0);
        corpus_append_header(text, &message, user);
        g_string_append_c(text, '\n');
        corpus_append_body(text, &message, &corpus->dice);
        g_autofree char *base = g_strdup_printf(
            "%" G_GINT64_FORMAT ".M%uP%uV0000000000000803I%08x_0.mx.example.com,S=%zu",
            message.date, (unsigned)dice_roll(&corpus->dice, 1000000), 1000 + i % 30000,
            message.uid, text->len);
        g_autofree char *path = g_strdup_printf("%s/cur/%s:2,%s", dir, base, message.flags);
        write_file(path, text->str, text->len, message.date);
        courier_lists_add(&lists, &message, base, text);
    }
    courier_lists_write(&lists, dir, message.uid, messages, inbox);
}

/* ---- the site ----------------------------------------------------------------------------- */

/* How many of all messages folder @index has: the few first ones most. The order is spread over
 * the users by folder_rank(). */
static unsigned
folder_messages(const Kind *kind, unsigned rank, unsigned all)
{
    double sum = 0;
    if (kind->exponent < 0)
        return rank % kind->users == kind->users - 1 ? all / 2 / (kind->folders / kind->users)
                                                     : all / 2 / kind->folders;
    if (kind->exponent == 0)
        return all / kind->folders;
    for (unsigned i = 1; i <= kind->folders; i++)
        sum += pow(i, -kind->exponent);
    return (unsigned)lround(all * pow(rank + 1, -kind->exponent) / sum);
}

static void
make_folder(Corpus *corpus, const char *user, const char *home, unsigned number, unsigned messages)
{
    static const char *const names[] = {"Sent", "Drafts", "Trash", "Archive", "Lists", "Work"};
    g_autofree char *name =
        g_strdup_printf("%s%.0u", names[(number - (number > 0)) % 6], number > 6 ? number : 0);
    g_autofree char *path = corpus->courier
                                ? (number == 0 ? g_strdup_printf("%s/Maildir", home)
                                               : g_strdup_printf("%s/Maildir/.%s", home, name))
                                : (number == 0 ? g_strdup_printf("%s/spool/%s", corpus->dir, user)
                                               : g_strdup_printf("%s/mail/%s", home, name));
    if (corpus->courier)
        make_maildir(corpus, path, user, messages, number == 0);
    else
        make_mbox(corpus, path, user, messages);
    if (!corpus->courier || number == 0)
        return;
    g_autofree char *list = g_strdup_printf("%s/Maildir/courierimapsubscribed", home);
    FILE *file = fopen(list, "ae");
    if (file == NULL || fprintf(file, "INBOX.%s\n", name) < 0 || fclose(file) != 0)
        give_up(list);
}

static void
make_user(Corpus *corpus, unsigned number, unsigned all)
{
    const Kind *kind = corpus->kind;
    g_autofree char *user = g_strdup_printf("u%04u", number + 1);
    g_autofree char *home = g_build_filename(corpus->dir, "home", user, NULL);
    g_autofree char *folders = g_build_filename(home, "mail", NULL);
    make_dir(corpus->courier ? home : folders);
    fprintf(corpus->users, "%s:x:%u:%u::%s:/bin/sh\n", user, getuid(), getgid(), home);
    /* Folder n of user m has rank n * users + m, but a step that is coprime to the number of
     * folders carries the large ones to all sorts of users and folders. */
    for (unsigned n = 0; n * kind->users + number < kind->folders; n++) {
        unsigned rank = n * kind->users + number;
        if (kind->exponent > 0)
            rank = rank * 331 % kind->folders;
        make_folder(corpus, user, home, n, folder_messages(kind, rank, all));
    }
}

static unsigned
number_or(char **args, int count, int index, unsigned otherwise)
{
    guint64 value = otherwise;
    if (index < count &&
        !g_ascii_string_to_unsigned(args[index], 10, 1, UINT32_MAX, &value, NULL)) {
        fprintf(stderr, "make-corpus: '%s' is not a number\n", args[index]);
        exit(64);
    }
    return (unsigned)value;
}

int
main(int argc, char **argv)
{
    Corpus corpus = {0};
    for (size_t i = 0; i < G_N_ELEMENTS(kinds) && argc >= 4; i++) {
        if (strcmp(argv[1], kinds[i].name) == 0)
            corpus.kind = &kinds[i];
    }
    if (corpus.kind == NULL || (strcmp(argv[2], "mbox") != 0 && strcmp(argv[2], "courier") != 0)) {
        fputs("usage: make-corpus KIND mbox|courier DIR [MESSAGES [SEED]]\n", stderr);
        return 64;
    }
    corpus.courier = strcmp(argv[2], "courier") == 0;
    g_autofree char *dir = g_canonicalize_filename(argv[3], NULL);
    corpus.dir = dir;
    unsigned all = number_or(argv, argc, 4, corpus.kind->messages);
    corpus.dice.state = number_or(argv, argc, 5, 1);
    g_autofree char *spool = g_build_filename(dir, "spool", NULL);
    g_autofree char *users = g_build_filename(dir, "users", NULL);
    make_dir(corpus.courier ? dir : spool);
    corpus.users = fopen(users, "we");
    if (corpus.users == NULL)
        give_up(users);
    for (unsigned i = 0; i < corpus.kind->users; i++)
        make_user(&corpus, i, all);
    if (fclose(corpus.users) != 0)
        give_up(users);
    return 0;
}
