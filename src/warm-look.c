#include "warm-look.h"

#include "apart.h"
#include "look-as.h"

#include <string.h>
#include <sys/mman.h>

/* Accounts a process; when none of them has an answer nobody's target is there. */
#define BATCH 10
/* As good as for ever. */
#define EVER_S (G_MAXINT32 / 1000)
/* A line for people. */
#define ERROR_BYTES 500

/* What the other process says of one account, in memory of both. */
typedef struct {
    MhWarmMark mark;
    char error[ERROR_BYTES];
} Said;

typedef struct {
    const char *pattern, *asked;
    const GPtrArray *accounts;
    const MhIdentity *owner;
    guint first;
    Said *said;
} Question;

/* The same with the rights of whose it is. */
static bool
look_as_owner(const Question *question, const MhAccount *account, MhWarmMark *out, GError **error)
{
    const MhIdentity *owner = question->owner;
    mh_look_as(owner != NULL ? owner->uid : account->uid,
               owner != NULL ? owner->gid : account->gid);
    bool good = mh_warm_mark_look(question->pattern, account, question->asked, out, error);
    mh_look_as_before();
    return good;
}

static uint64_t
ask(size_t item, void *data)
{
    const Question *question = data;
    const MhAccount *account = question->accounts->pdata[question->first + item];
    Said *said = &question->said[item];
    g_autoptr(GError) error = NULL;
    bool good = mh_warm_mark_look(question->pattern, account, question->asked, &said->mark, &error);
    if (g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_ACCES) &&
        (question->owner != NULL || account->has_ids)) {
        g_clear_error(&error);
        good = look_as_owner(question, account, &said->mark, &error);
    }
    if (!good)
        g_strlcpy(said->error, error->message, sizeof said->error);
    return true;
}

static void
clear_look(gpointer item)
{
    g_free(((MhWarmLook *)item)->error);
}

/* What has come of up to BATCH accounts; false when it is nothing. */
static bool
take(const Question *question, const uint64_t *answered, guint count, uint32_t timeout_s,
     GArray *looks)
{
    bool any = false;
    for (guint i = 0; i < count; i++) {
        const Said *said = &question->said[i];
        MhWarmLook *look = &g_array_index(looks, MhWarmLook, question->first + i);
        look->mark = said->mark;
        if (!answered[i])
            look->error = g_strdup_printf("no answer from its Maildir for %u s; run again when it "
                                          "answers",
                                          timeout_s);
        else if (said->error[0] != '\0')
            look->error = g_strdup(said->error);
        any |= answered[i] != 0;
    }
    return any;
}

GArray *
mh_warm_look(const char *pattern, const GPtrArray *accounts, const MhIdentity *owner,
             const char *asked, uint32_t timeout_s)
{
    GArray *looks = g_array_new(FALSE, TRUE, sizeof(MhWarmLook));
    size_t bytes = BATCH * sizeof(Said);
    Question question = {.pattern = pattern, .asked = asked, .accounts = accounts, .owner = owner};
    uint32_t most_s = timeout_s > 0 ? timeout_s : EVER_S;
    g_array_set_clear_func(looks, clear_look);
    g_array_set_size(looks, accounts->len);
    question.said = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    bool hopeless = question.said == MAP_FAILED;
    guint count;
    for (; !hopeless && question.first < accounts->len; question.first += count) {
        uint64_t answered[BATCH] = {0};
        count = MIN(BATCH, accounts->len - question.first);
        memset(question.said, 0, bytes);
        mh_apart(count, most_s, EVER_S, ask, &question, answered);
        hopeless = !take(&question, answered, count, timeout_s, looks);
    }
    if (question.said != MAP_FAILED)
        munmap(question.said, bytes);
    for (guint i = question.first; i < accounts->len; i++)
        g_array_index(looks, MhWarmLook, i).error = g_strdup("not looked at: no answer from the "
                                                             "Maildirs of the accounts before it");
    return looks;
}
