/* json-text: writes JSON, one value after the other, into one line of text.
 *
 * Every '<', '>', '&', U+2028 and U+2029 is written as \uXXXX, so the text may also stand inside a
 * script element of an HTML page: nothing in it can end that element. What is not UTF-8 becomes
 * U+FFFD. Source: RFC 8259; HTML Living Standard, "Restrictions for contents of script elements".
 */
#pragma once

#include "bytes.h"

typedef struct {
    GString *out;
    bool comma; /* something stands before what comes next */
} MhJson;

/* @name is NULL within a list, and for the outermost value. */
void mh_json_open(MhJson *json, const char *name, char bracket);        /* '{' or '[' */
void mh_json_close(MhJson *json, char bracket);                         /* '}' or ']' */
void mh_json_string(MhJson *json, const char *name, const char *value); /* NULL: null */
void mh_json_number(MhJson *json, const char *name, uint64_t value);
void mh_json_signed(MhJson *json, const char *name, int64_t value);
void mh_json_real(MhJson *json, const char *name, double value); /* three decimals */
void mh_json_bool(MhJson *json, const char *name, bool value);
/* A time in seconds since 1970; null for 0. */
void mh_json_time(MhJson *json, const char *name, int64_t seconds);
