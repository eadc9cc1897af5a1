#include "difference.h"

#include "size-limits.h"

#include <stdarg.h>
#include <string.h>

/* So many of each class are kept past the limit, too: no class is ever lost from sight. */
#define ALWAYS_KEPT 100

typedef struct {
    const char *name;
    const char *text;
} Entry;

static const Entry entries[] = {
#define ENTRY(code, text) {#code, text},
    MH_DIFFERENCE_TABLE(ENTRY)
#undef ENTRY
};

G_STATIC_ASSERT(G_N_ELEMENTS(entries) == MH_DIFFERENCE_COUNT);

void
mh_difference_free(MhDifference *difference)
{
    if (difference == NULL)
        return;
    g_free(difference->mailbox);
    g_free(difference->detail);
    g_free(difference);
}

const char *
mh_difference_name(MhDifferenceCode code)
{
    static char *names[MH_DIFFERENCE_COUNT];
    if (names[code] == NULL)
        names[code] = g_strdelimit(g_ascii_strdown(entries[code].name, -1), "_", '-');
    return names[code];
}

const char *
mh_difference_text(MhDifferenceCode code)
{
    return entries[code].text;
}

const char *
mh_difference_class_name(MhDifferenceClass class)
{
    static const char *const names[] = {"note", "changed-at-target", "newer-at-source", "loss",
                                        "damage"};
    G_STATIC_ASSERT(G_N_ELEMENTS(names) == MH_DIFFERENCE_CLASSES);
    return names[class];
}

MhDifferences *
mh_differences_new(void)
{
    MhDifferences *differences = g_new0(MhDifferences, 1);
    differences->kept = g_ptr_array_new_with_free_func((GDestroyNotify)mh_difference_free);
    return differences;
}

void
mh_differences_free(MhDifferences *differences)
{
    if (differences == NULL)
        return;
    g_ptr_array_unref(differences->kept);
    g_free(differences->mailbox);
    g_free(differences);
}

void
mh_differences_set_mailbox(MhDifferences *differences, const char *mailbox)
{
    g_free(differences->mailbox);
    differences->mailbox = g_strdup(mailbox);
}

void
mh_differences_take(MhDifferences *differences, MhDifference *difference)
{
    uint64_t count = ++differences->counts[difference->class];
    if (differences->kept->len < MH_LIMIT_DIFFERENCES || count <= ALWAYS_KEPT)
        g_ptr_array_add(differences->kept, difference);
    else
        mh_difference_free(difference);
}

void
mh_differences_add(MhDifferences *differences, MhDifferenceCode code, MhDifferenceClass class,
                   uint32_t message, uint32_t uid, const char *detail_format, ...)
{
    MhDifference *difference = g_new0(MhDifference, 1);
    difference->code = code;
    difference->class = class;
    difference->mailbox = g_strdup(differences->mailbox);
    difference->message = message;
    difference->uid = uid;
    if (detail_format != NULL) {
        va_list args;
        va_start(args, detail_format);
        difference->detail = g_strdup_vprintf(detail_format, args);
        va_end(args);
    }
    mh_differences_take(differences, difference);
}

uint64_t
mh_differences_total(const MhDifferences *differences)
{
    uint64_t sum = 0;
    for (int class = MH_DIFFERENCE_NOTE + 1; class < MH_DIFFERENCE_CLASSES; class ++)
        sum += differences->counts[class];
    return sum;
}

/* ---- the wire form ------------------------------------------------------------------------ */

/* Code and class travel by name and number: mailbox, message, UID, detail. */
#define DIFFERENCE_TYPE "(symsuums)"

GVariant *
mh_difference_to_variant(const MhDifference *difference)
{
    return g_variant_new(DIFFERENCE_TYPE, mh_difference_name(difference->code),
                         (guchar)difference->class, difference->mailbox, difference->message,
                         difference->uid, difference->detail);
}

static bool
code_of(const char *name, MhDifferenceCode *out_code)
{
    for (int code = 0; code < MH_DIFFERENCE_COUNT; code++) {
        if (strcmp(mh_difference_name((MhDifferenceCode)code), name) == 0) {
            *out_code = (MhDifferenceCode)code;
            return true;
        }
    }
    return false;
}

MhDifference *
mh_difference_from_variant(GVariant *variant)
{
    const char *name, *mailbox, *detail;
    guchar class;
    guint32 message, uid;
    MhDifferenceCode code;
    if (!g_variant_is_of_type(variant, G_VARIANT_TYPE(DIFFERENCE_TYPE)))
        return NULL;
    g_variant_get(variant, "(&sym&suum&s)", &name, &class, &mailbox, &message, &uid, &detail);
    if (!code_of(name, &code) || class >= MH_DIFFERENCE_CLASSES)
        return NULL;
    MhDifference *difference = g_new0(MhDifference, 1);
    difference->code = code;
    difference->class = (MhDifferenceClass) class;
    difference->mailbox = g_strdup(mailbox);
    difference->message = message;
    difference->uid = uid;
    difference->detail = g_strdup(detail);
    return difference;
}
