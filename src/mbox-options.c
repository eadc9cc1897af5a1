#include "mbox-options.h"

#include "config-error.h"

#define FINAL_LOCK_S 300

static MboxUnquote
unquote_of(MhUnquote unquote)
{
    switch (unquote) {
    case MH_UNQUOTE_MBOXO:
        return MBOX_UNQUOTE_MBOXO;
    case MH_UNQUOTE_MBOXRD:
        return MBOX_UNQUOTE_MBOXRD;
    case MH_UNQUOTE_NONE:
        break;
    }
    return MBOX_UNQUOTE_NONE;
}

static MboxUidlMode
uidl_of(MhPop3Uidl uidl)
{
    switch (uidl) {
    case MH_UIDL_UW:
        return MBOX_UIDL_UW;
    case MH_UIDL_X_UIDL:
        return MBOX_UIDL_X_UIDL;
    case MH_UIDL_AUTO:
        return MBOX_UIDL_AUTO;
    case MH_UIDL_IMAP:
    case MH_UIDL_FILENAME:
    case MH_UIDL_NONE:
    case MH_UIDL_FILE:
        break;
    }
    return MBOX_UIDL_NONE;
}

bool
mh_mbox_options_from_settings(const MhSettings *settings, MboxSourceOptions *out, GError **error)
{
    MboxSourceOptions options = mbox_source_options_default();
    if (!mbox_dialect_from_name(settings->dialect, &options.dialect) ||
        !mbox_lock_kinds_parse(settings->locks, &options.locks)) {
        g_set_error(error, MH_CONFIG_ERROR, MH_CONFIG_ERROR_UNKNOWN,
                    "there is no dialect '%s', or no lock '%s'", settings->dialect,
                    settings->locks);
        return false;
    }
    /* the last run waits longer: what it cannot lock it cannot carry, and nobody comes after it */
    uint32_t wait_s =
        settings->final ? MAX(settings->lock_timeout_s, FINAL_LOCK_S) : settings->lock_timeout_s;
    options.lock_timeout_ms = wait_s * 1000;
    options.unquote = unquote_of(settings->unquote);
    options.uidl = uidl_of(settings->pop3_uidl);
    options.local = settings->timezone != NULL ? g_time_zone_new_identifier(settings->timezone)
                                               : g_time_zone_new_local();
    if (options.local == NULL) {
        g_set_error(error, MH_CONFIG_ERROR, MH_CONFIG_ERROR_UNKNOWN, "there is no time zone '%s'",
                    settings->timezone);
        return false;
    }
    *out = options;
    return true;
}
