#include "safe-error.h"

#include "printable.h"
#include "safe-file.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

bool
mh_set_errno(GError **error, int errnum, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, G_FILE_ERROR, (gint)g_file_error_from_errno(errnum), "%s: %s", message,
                g_strerror(errnum));
    return false;
}

bool
mh_says_what_is_there(const GError *error)
{
    static const GFileError answers[] = {
        G_FILE_ERROR_NOENT, G_FILE_ERROR_NOTDIR, G_FILE_ERROR_ISDIR,       G_FILE_ERROR_INVAL,
        G_FILE_ERROR_LOOP,  G_FILE_ERROR_PERM,   G_FILE_ERROR_NAMETOOLONG, G_FILE_ERROR_ACCES,
    };
    for (size_t i = 0; i < G_N_ELEMENTS(answers); i++) {
        if (g_error_matches(error, G_FILE_ERROR, (gint)answers[i]))
            return true;
    }
    return false;
}

bool
mh_is_answer(GError *failure, GError **error)
{
    if (failure != NULL && !mh_says_what_is_there(failure)) {
        g_propagate_error(error, failure);
        return false;
    }
    g_clear_error(&failure);
    return true;
}

char *
mh_safe_error_path(int dirfd)
{
    char link[64];
    g_snprintf(link, sizeof link, "/proc/self/fd/%d", dirfd);
    return g_file_read_link(link, NULL);
}

char *
mh_safe_error_quoted(int dirfd, const char *path)
{
    g_autofree char *dir = mh_safe_error_path(dirfd);
    g_autofree char *whole = NULL;
    if (dir == NULL)
        whole = g_strdup(path);
    else if (strcmp(path, ".") == 0)
        whole = g_strdup(dir);
    else
        whole = g_strconcat(dir, strcmp(dir, "/") == 0 ? "" : "/", path, NULL);
    g_autofree char *printable = mh_printable_string(whole);
    return g_strdup_printf("'%s'", printable);
}

bool
mh_safe_error_set(GError **error, int errnum, const char *what, int dirfd, const char *path)
{
    if (error == NULL)
        return false;
    g_autofree char *where = mh_safe_error_quoted(dirfd, path);
    if (errnum == EXDEV)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_PERM,
                    "cannot %s %s: a symbolic link leads out of the directory", what, where);
    else if (errnum == ELOOP)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_LOOP,
                    "cannot %s %s: there is a symbolic link that may not be followed", what, where);
    else
        mh_set_errno(error, errnum, "cannot %s %s", what, where);
    return false;
}
