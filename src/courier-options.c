#include "courier-options.h"

#include "config-error.h"
#include "maildir/maildir-file-name.h"

static bool
own_identity(MhSpan base, MhDigest *out_id)
{
    return maildir_file_name_parse_own(base, out_id, NULL);
}

bool
mh_courier_options_from_settings(const MhSettings *settings, CourierSourceOptions *out,
                                 GError **error)
{
    CourierSourceOptions options = {.own_identity = own_identity};
    if (settings->courier_sizes == MH_COURIER_SIZES_LIST)
        options.sizes = COURIER_SIZES_LIST;
    switch (settings->pop3_uidl) {
    case MH_UIDL_AUTO:
        options.uidl = COURIER_UIDL_LIST;
        break;
    case MH_UIDL_FILENAME:
        options.uidl = COURIER_UIDL_FILE_NAMES;
        break;
    case MH_UIDL_NONE:
    case MH_UIDL_FILE:
        options.uidl = COURIER_UIDL_NONE;
        break;
    case MH_UIDL_IMAP:
    case MH_UIDL_UW:
    case MH_UIDL_X_UIDL:
        g_set_error(error, MH_CONFIG_ERROR, MH_CONFIG_ERROR_REFUSED,
                    "the UIDLs of Courier are auto, filename, none or file:PATTERN");
        return false;
    }
    *out = options;
    return true;
}

CourierNames
mh_courier_names(const MhSettings *settings, const MhSpan *paths, size_t count,
                 MhFindings *findings)
{
    switch (settings->courier_names) {
    case MH_COURIER_NAMES_MUTF7:
        return COURIER_NAMES_MUTF7;
    case MH_COURIER_NAMES_UTF8:
        return COURIER_NAMES_UTF8;
    case MH_COURIER_NAMES_AUTO:
        break;
    }
    return courier_folder_names_guess(paths, count, findings);
}
