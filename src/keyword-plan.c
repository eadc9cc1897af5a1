#include "keyword-plan.h"

#include "printable.h"

static MaildirKeywords *
copy_table(const MaildirKeywords *keywords)
{
    MaildirKeywords *copy = maildir_keywords_new();
    for (size_t i = 0; i < MAILDIR_KEYWORD_LETTERS; i++)
        copy->names[i] = g_strdup(keywords->names[i]);
    return copy;
}

/* How many messages carry each keyword. g_free(). */
static uint64_t *
count_uses(const MhMailbox *mailbox)
{
    uint64_t *uses = g_new0(uint64_t, mh_mailbox_keyword_count(mailbox) + 1);
    for (size_t i = 0; i < mh_mailbox_length(mailbox); i++) {
        size_t count;
        const uint16_t *members =
            mh_mailbox_keyword_members(mailbox, mh_mailbox_get(mailbox, i)->keywords, &count);
        for (size_t k = 0; k < count; k++)
            uses[members[k]]++;
    }
    return uses;
}

/* What the keyword is called at the target; NULL when nothing of it can be. g_free(). */
static char *
atom_of(const char *name, MhFindings *findings)
{
    bool changed;
    char *atom = maildir_keyword_sanitise(mh_span_from_string(name), &changed);
    if (atom == NULL || !changed)
        return atom;
    g_autofree char *shown = mh_printable_string(name);
    mh_findings_add(findings, MH_FINDING_KEYWORD_RENAMED, "'%s' becomes '%s'", shown, atom);
    return atom;
}

/* Gives a letter to every keyword that is in use. @out_letters: per keyword number. */
static void
assign_letters(const MhMailbox *mailbox, MaildirKeywords *table, uint32_t reserved,
               uint8_t *out_letters, MhFindings *findings)
{
    size_t count = mh_mailbox_keyword_count(mailbox), used = 0;
    g_autofree uint64_t *messages = count_uses(mailbox);
    g_autofree MaildirKeywordUse *uses = g_new0(MaildirKeywordUse, count + 1);
    g_autofree size_t *numbers = g_new0(size_t, count + 1);
    g_autofree uint8_t *letters = g_new0(uint8_t, count + 1);
    g_autoptr(GPtrArray) atoms = g_ptr_array_new_with_free_func(g_free);
    for (size_t i = 0; i < count; i++) {
        const char *name = mh_mailbox_keyword_name(mailbox, (uint16_t)i);
        out_letters[i] = MAILDIR_KEYWORD_NONE;
        char *atom = messages[i] > 0 ? atom_of(name, findings) : NULL;
        if (atom == NULL)
            continue;
        g_ptr_array_add(atoms, atom);
        numbers[used] = i;
        uses[used++] = (MaildirKeywordUse){.name = atom, .messages = messages[i]};
    }
    maildir_keywords_assign(table, uses, used, reserved, letters);
    for (size_t i = 0; i < used; i++) {
        out_letters[numbers[i]] = letters[i];
        if (letters[i] == MAILDIR_KEYWORD_NONE)
            mh_findings_add(findings, MH_FINDING_KEYWORD_WITHOUT_LETTER,
                            "'%s', on %" G_GUINT64_FORMAT " message%s", uses[i].name,
                            (guint64)uses[i].messages, uses[i].messages == 1 ? "" : "s");
    }
}

MhKeywordPlan *
mh_keyword_plan(const MhMailbox *mailbox, const MaildirKeywords *target, uint32_t letters_in_use,
                MhFindings *findings)
{
    MhKeywordPlan *plan = g_new0(MhKeywordPlan, 1);
    g_autofree uint8_t *letters = g_new0(uint8_t, mh_mailbox_keyword_count(mailbox) + 1);
    size_t sets = mh_mailbox_keyword_sets(mailbox);
    plan->keywords = copy_table(target);
    assign_letters(mailbox, plan->keywords, letters_in_use, letters, findings);
    plan->set_letters = g_new0(uint32_t, sets);
    for (uint32_t set = 0; set < sets; set++) {
        size_t count;
        const uint16_t *members = mh_mailbox_keyword_members(mailbox, set, &count);
        for (size_t i = 0; i < count; i++) {
            if (letters[members[i]] != MAILDIR_KEYWORD_NONE)
                plan->set_letters[set] |= 1u << letters[members[i]];
        }
    }
    return plan;
}

void
mh_keyword_plan_free(MhKeywordPlan *plan)
{
    if (plan == NULL)
        return;
    maildir_keywords_free(plan->keywords);
    g_free(plan->set_letters);
    g_free(plan);
}
