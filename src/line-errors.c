#include "line-errors.h"

#include "printable.h"

struct MhLineErrors {
    char *file; /* printable */
    GPtrArray *messages;
};

MhLineErrors *
mh_line_errors_new(const char *file)
{
    MhLineErrors *errors = g_new0(MhLineErrors, 1);
    bool is_stdin = g_strcmp0(file, "-") == 0;
    errors->file = is_stdin ? g_strdup("standard input") : mh_printable_string(file);
    errors->messages = g_ptr_array_new_with_free_func(g_free);
    return errors;
}

void
mh_line_errors_free(MhLineErrors *errors)
{
    if (errors == NULL)
        return;
    g_free(errors->file);
    g_ptr_array_unref(errors->messages);
    g_free(errors);
}

static void
add(MhLineErrors *errors, size_t line, const char *message)
{
    if (line > 0)
        g_ptr_array_add(errors->messages,
                        g_strdup_printf("%s:%zu: %s", errors->file, line, message));
    else
        g_ptr_array_add(errors->messages, g_strdup_printf("%s: %s", errors->file, message));
}

void
mh_line_errors_add(MhLineErrors *errors, size_t line, const char *format, ...)
{
    if (errors == NULL)
        return;
    va_list args;
    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    add(errors, line, message);
}

void
mh_line_errors_add_error(MhLineErrors *errors, size_t line, const GError *error)
{
    if (errors != NULL)
        add(errors, line, error->message);
}

size_t
mh_line_errors_count(const MhLineErrors *errors)
{
    return errors->messages->len;
}

const char *
mh_line_errors_get(const MhLineErrors *errors, size_t index)
{
    return g_ptr_array_index(errors->messages, index);
}

bool
mh_list_take_line(MhSpan *rest, size_t *line, MhSpan *out_line)
{
    static const MhSpan byte_order_mark = MH_SPAN_LITERAL("\xef\xbb\xbf");
    if (*line == 0 && mh_span_starts_with(*rest, byte_order_mark))
        *rest = mh_span_from(*rest, byte_order_mark.len);
    if (!mh_span_take_line(rest, out_line, NULL))
        return false;
    (*line)++;
    if (out_line->len > 0 && out_line->data[out_line->len - 1] == '\r')
        out_line->len--;
    return true;
}
