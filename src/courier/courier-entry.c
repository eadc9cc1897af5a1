#include "courier-entry.h"

#include "courier-folder-name.h"

static const struct {
    const char *name; /* a '*' at its end stands for any text */
    CourierEntryKind kind;
    const char *text;
} known[] = {
    {"cur", COURIER_ENTRY_PART, NULL},
    {"new", COURIER_ENTRY_PART, NULL},
    {"tmp", COURIER_ENTRY_PART, NULL},
    {"courierimapuiddb", COURIER_ENTRY_STATE, "IMAP UIDs"},
    {"courierimapkeywords", COURIER_ENTRY_STATE, "keywords"},
    {"courierpop3dsizelist", COURIER_ENTRY_STATE, "POP3 UIDLs"},
    {"courierimapsubscribed", COURIER_ENTRY_STATE, "subscriptions"},
    {"courierimapacl", COURIER_ENTRY_STATE, "access list"},
    {"courierimaphieracl", COURIER_ENTRY_STATE, "access lists of folders that do not exist"},
    {"courierimapsnapshots", COURIER_ENTRY_STATE, "caches of SMAP sessions"},
    {"maildirfolder", COURIER_ENTRY_STATE, "mark of a folder"},
    {"maildirsize", COURIER_ENTRY_STATE, "quota"},
    {"quotawarn", COURIER_ENTRY_STATE, "time of the last quota warning"},
    {"shared-timestamp", COURIER_ENTRY_STATE, "time stamp of a shared folder"},
    {"shared-folders", COURIER_ENTRY_SHARED, "subscriptions to shared folders"},
    {"shared-maildirs", COURIER_ENTRY_SHARED, "list of shared folders"},
    {"shared", COURIER_ENTRY_SHARED, "link to a shared folder"},
    {"loginexec", COURIER_ENTRY_REPORT, "program to be run at the next login"},
    {"maildirfilterconfig", COURIER_ENTRY_REPORT, "webmail's mail filter"},
    {"autoresponses", COURIER_ENTRY_REPORT, "webmail's automatic answers"},
    {"sqwebmail-*", COURIER_ENTRY_REPORT, "webmail data"},
    {"mailhaul*", COURIER_ENTRY_STATE, "state of mailhaul"},
    {"dovecot*", COURIER_ENTRY_FOREIGN, "Dovecot's state"},
    {"subscriptions", COURIER_ENTRY_FOREIGN, "Dovecot's subscriptions"},
};

static bool
matches(MhSpan name, const char *pattern)
{
    MhSpan text = mh_span_from_string(pattern);
    if (!mh_span_ends_with(text, MH_SPAN_LITERAL("*")))
        return mh_span_equal(name, text);
    return mh_span_starts_with(name, mh_span_first(text, text.len - 1));
}

CourierEntryKind
courier_entry_classify(MhSpan name, const char **out_text)
{
    *out_text = NULL;
    if (name.len > 0 && name.data[0] == '.') {
        bool valid = courier_folder_path_valid(mh_span_from(name, 1));
        *out_text = valid ? NULL : "a name with an empty component";
        return valid ? COURIER_ENTRY_FOLDER : COURIER_ENTRY_BAD_FOLDER;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
        if (matches(name, known[i].name)) {
            *out_text = known[i].text;
            return known[i].kind;
        }
    }
    return COURIER_ENTRY_UNKNOWN;
}
