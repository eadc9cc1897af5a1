/* sync-model: folders in readable words, and what becomes of a target by a plan.
 *
 * A folder is "V7/4 a:1:S b:2 c": UIDVALIDITY 7, UIDNEXT 4 (both 0 when left out), then messages
 *   NAME [":" UID [":" LETTERS]] MARKS
 * NAME is the identity, LETTERS are flags DFRST and keywords a-z. Marks:
 *   "*"           in new/
 *   "=UID,LETTERS" what it was carried with (target only; the default is what it has now)
 *   "=?"          not known what it was carried with
 * A name that begins with "!" is mail of the target's own.
 *
 * A plan is written in the same way: first UIDVALIDITY and UIDNEXT, then its lines with the marks
 *   "+" to be delivered, "~" retagged, "#" renumbered, "*" into new/
 * and "^" before what has gone at the source, "!" before what is the target's own; then "-NAME:UID"
 * for what is expunged, and the words lost=N, replaced, below, moved, relist.
 */
#pragma once

#include "testing.h"

#include "sync.h"

typedef struct {
    MhMailbox *source;
    MhTargetIndex target;
    GPtrArray *names; /* names of the identities */
    uint32_t *set_letters;
    GArray *ids; /* of MhDigest; a target message's is at its place */
} Model;

static inline void
model_set_id(Model *model, MhTargetMessage *message, MhDigest id)
{
    if (model->ids == NULL)
        model->ids = g_array_new(FALSE, FALSE, sizeof(MhDigest));
    g_array_append_val(model->ids, id);
    message->place = (model->ids->len - 1) & MH_TARGET_PLACE_MAX;
}

static inline MhDigest
model_id_of(const MhTargetMessage *message, void *model)
{
    return g_array_index(((const Model *)model)->ids, MhDigest, message->place);
}

/* ---- reading ------------------------------------------------------------------------------ */

static inline MhDigest
model_id(const char *name, size_t len)
{
    return mh_digest_of(mh_span(name, len));
}

static inline void
model_letters(const char *text, size_t len, MhFlags *out_flags, uint32_t *out_letters)
{
    *out_flags = 0;
    *out_letters = 0;
    for (size_t i = 0; i < len; i++) {
        if (g_ascii_islower(text[i])) {
            *out_letters |= 1u << (text[i] - 'a');
        } else {
            MhFlags flag = mh_flag_from_maildir((uint8_t)text[i]);
            assert_int_not_equal(flag, 0);
            *out_flags |= flag;
        }
    }
}

static inline uint32_t
model_number(const char *text, size_t len)
{
    uint32_t value = 0;
    if (len > 0 && !mh_span_to_u32(mh_span(text, len), UINT32_MAX, &value))
        fail_msg("'%.*s' is no number", (int)len, text);
    return value;
}

/* One message in words, as a target message; a source uses some of it. */
static inline MhTargetMessage
model_read_message(Model *model, const char *word)
{
    MhTargetMessage message = {.ours = word[0] != '!'};
    MhFlags flags = 0;
    uint32_t letters = 0;
    word += word[0] == '!';
    size_t len = strcspn(word, ":*=");
    model_set_id(model, &message, model_id(word, len));
    g_ptr_array_add(model->names, g_strndup(word, len));
    word += len;
    if (*word == ':') {
        len = strcspn(++word, ":*=");
        message.uid = model_number(word, len);
        word += len;
    }
    if (*word == ':') {
        len = strcspn(++word, "*=");
        model_letters(word, len, &flags, &letters);
        message.flags = (uint32_t)flags & MH_FLAGS_ALL;
        message.letters = letters & MH_LETTERS_ALL;
        word += len;
    }
    message.is_new = *word == '*';
    word += *word == '*';
    message.has_carried = message.ours && message.uid != 0;
    message.carried_uid = message.uid;
    message.carried_flags = message.flags;
    message.carried_letters = message.letters;
    if (*word != '=')
        return message;
    message.has_carried = word[1] != '?';
    if (message.has_carried) {
        len = strcspn(++word, ",");
        message.carried_uid = model_number(word, len);
        word += len + (word[len] == ',');
        model_letters(word, strlen(word), &flags, &letters);
        message.carried_flags = (uint32_t)flags & MH_FLAGS_ALL;
        message.carried_letters = letters & MH_LETTERS_ALL;
    }
    return message;
}

static inline MhUidState
model_read_uids(const char *word)
{
    const char *slash = strchr(word, '/');
    assert_non_null(slash);
    return (MhUidState){.uidvalidity = model_number(word + 1, (size_t)(slash - word - 1)),
                        .uidnext = model_number(slash + 1, strlen(slash + 1))};
}

static inline void
model_add_source(Model *model, const MhTargetMessage *read)
{
    MhMailbox *source = model->source;
    uint16_t members[26];
    size_t count = 0;
    for (uint16_t letter = 0; letter < 26; letter++) {
        if (read->letters & 1u << letter)
            members[count++] = letter;
    }
    uint32_t set = mh_mailbox_keyword_set(source, members, count);
    MhMessage *message = mh_mailbox_add(source);
    message->id = model_id_of(read, model);
    message->uid = read->uid;
    message->flags = read->flags;
    message->is_new = read->is_new;
    message->keywords = set & MH_KEYWORD_SET_MASK;
}

static inline MhMailbox *
model_new_source(void)
{
    MhMailbox *source = mh_mailbox_new();
    for (char letter = 'a'; letter <= 'z'; letter++) {
        uint16_t number;
        assert_true(mh_mailbox_keyword(source, mh_span(&letter, 1), &number));
        assert_int_equal(number, letter - 'a');
    }
    return source;
}

static inline void
model_read(Model *model, const char *source, const char *target)
{
    model->names = g_ptr_array_new_with_free_func(g_free);
    model->source = model_new_source();
    model->target.messages = g_array_new(FALSE, TRUE, sizeof(MhTargetMessage));
    for (int side = 0; side < 2; side++) {
        char **words = g_strsplit(side == 0 ? source : target, " ", -1);
        for (char **word = words; *word != NULL; word++) {
            if (**word == '\0')
                continue;
            if (**word == 'V') {
                MhUidState uids = model_read_uids(*word);
                *(side == 0 ? &model->source->uids : &model->target.uids) = uids;
                continue;
            }
            MhTargetMessage message = model_read_message(model, *word);
            if (side == 0)
                model_add_source(model, &message);
            else
                g_array_append_val(model->target.messages, message);
        }
        g_strfreev(words);
    }
}

static inline void
model_clear(Model *model)
{
    g_clear_pointer(&model->source, mh_mailbox_free);
    g_clear_pointer(&model->target.messages, g_array_unref);
    g_clear_pointer(&model->names, g_ptr_array_unref);
    g_clear_pointer(&model->ids, g_array_unref);
    g_clear_pointer(&model->set_letters, g_free);
    model->target.uids = (MhUidState){.uidvalidity = 0, .uidnext = 0};
}

/* ---- planning and carrying out ------------------------------------------------------------ */

/* Runs the sync; @options has the switches, the rest is filled in. */
static inline MhSyncPlan *
model_sync(Model *model, MhSyncInput options)
{
    const MhMailbox *source = model->source;
    g_free(model->set_letters);
    model->set_letters = g_new0(uint32_t, source->set_starts->len);
    for (uint32_t set = 0; set < source->set_starts->len; set++) {
        size_t count;
        const uint16_t *members = mh_mailbox_keyword_members(source, set, &count);
        for (size_t i = 0; i < count; i++)
            model->set_letters[set] |= 1u << members[i];
    }
    options.source = source;
    options.set_letters = model->set_letters;
    options.target = &model->target;
    model->target.id_of = model_id_of;
    model->target.id_user = model;
    if (options.fresh_uidvalidity == 0)
        options.fresh_uidvalidity = 1000;
    return mh_sync(&options);
}

static inline MhTargetMessage
model_applied(Model *model, const MhSyncLine *line, bool late)
{
    MhTargetMessage message = {.ours = true};
    if (line->target != 0)
        message = *mh_target_index_get(&model->target, line->target - 1);
    message.uid = line->uid;
    message.flags = line->flags;
    message.letters = line->letters;
    message.is_new = line->is_new;
    if (line->source == 0 || (late && line->target != 0))
        return message;
    const MhMessage *from = mh_mailbox_get(model->source, line->source - 1);
    model_set_id(model, &message, from->id);
    message.ours = message.has_carried = true;
    message.carried_uid = from->uid;
    message.carried_flags = (uint32_t)from->flags & MH_FLAGS_ALL;
    message.carried_letters = model->set_letters[from->keywords] & MH_LETTERS_ALL;
    return message;
}

/* Does to the target what @plan says. */
static inline void
model_apply(Model *model, const MhSyncPlan *plan, bool late)
{
    GArray *messages = g_array_new(FALSE, TRUE, sizeof(MhTargetMessage));
    GHashTable *done = g_hash_table_new(NULL, NULL);
    for (guint i = 0; i < plan->lines->len; i++) {
        const MhSyncLine *line = &g_array_index(plan->lines, MhSyncLine, i);
        MhTargetMessage message = model_applied(model, line, late);
        g_array_append_val(messages, message);
        if (line->target != 0)
            g_hash_table_add(done, GUINT_TO_POINTER(line->target));
    }
    for (guint i = 0; i < plan->expunge->len; i++)
        g_hash_table_add(done, GUINT_TO_POINTER(g_array_index(plan->expunge, uint32_t, i) + 1));
    for (guint t = 0; t < model->target.messages->len; t++) {
        if (!g_hash_table_contains(done, GUINT_TO_POINTER(t + 1)))
            g_array_append_val(messages, *mh_target_index_get(&model->target, t));
    }
    g_hash_table_unref(done);
    g_array_unref(model->target.messages);
    model->target.messages = messages;
    model->target.uids = plan->uids;
}

static inline bool
model_plan_is_idle(const MhSyncPlan *plan)
{
    return plan->delivered == 0 && plan->retagged == 0 && plan->expunged == 0 &&
           !plan->list_changed && !plan->uids_replaced && !plan->inserts_below &&
           plan->uids_lost == 0;
}

/* ---- writing ------------------------------------------------------------------------------ */

static inline const char *
model_name(const Model *model, const MhDigest *id)
{
    for (guint i = 0; i < model->names->len; i++) {
        const char *name = model->names->pdata[i];
        MhDigest named = model_id(name, strlen(name));
        if (mh_digest_equal(&named, id))
            return name;
    }
    return "?";
}

static inline void
model_write_letters(GString *out, MhFlags flags, uint32_t letters)
{
    char text[MH_FLAG_LETTERS_MAX + 1];
    mh_flags_to_maildir(flags, text);
    if (flags != 0 || letters != 0)
        g_string_append_c(out, ':');
    g_string_append(out, text);
    for (int i = 0; i < 26; i++) {
        if (letters & 1u << i)
            g_string_append_c(out, (char)('a' + i));
    }
}

static inline char *
model_write_plan(const Model *model, const MhSyncPlan *plan)
{
    GString *out = g_string_new(NULL);
    g_string_printf(out, "V%u/%u", plan->uids.uidvalidity, plan->uids.uidnext);
    for (guint i = 0; i < plan->lines->len; i++) {
        const MhSyncLine *line = &g_array_index(plan->lines, MhSyncLine, i);
        const MhTargetMessage *there =
            line->target != 0 ? mh_target_index_get(&model->target, line->target - 1) : NULL;
        MhDigest id = there != NULL ? model_id_of(there, (void *)(uintptr_t)model)
                                    : mh_mailbox_get(model->source, line->source - 1)->id;
        const char *mark = line->source != 0 ? "" : there->ours ? "^" : "!";
        g_string_append_printf(out, " %s%s:%u", mark, model_name(model, &id), line->uid);
        model_write_letters(out, line->flags, line->letters);
        g_string_append(out, line->is_new ? "*" : "");
        g_string_append(out, there == NULL ? "+" : "");
        g_string_append(out, line->retag ? "~" : "");
        g_string_append(out, line->renumber ? "#" : "");
    }
    for (guint i = 0; i < plan->expunge->len; i++) {
        uint32_t t = g_array_index(plan->expunge, uint32_t, i);
        const MhTargetMessage *there = mh_target_index_get(&model->target, t);
        MhDigest id = mh_target_index_id(&model->target, t);
        g_string_append_printf(out, " -%s:%u", model_name(model, &id), there->uid);
    }
    if (plan->uids_lost > 0)
        g_string_append_printf(out, " lost=%zu", plan->uids_lost);
    g_string_append(out, plan->uids_replaced ? " replaced" : "");
    g_string_append(out, plan->inserts_below ? " below" : "");
    g_string_append(out, plan->reordered ? " moved" : "");
    g_string_append(out, plan->list_changed ? " relist" : "");
    return g_string_free(out, FALSE);
}
