/* time-text: times and durations for people. */
#pragma once

#include "bytes.h"

/* "2026-11-22 02:40" in local time; "never" for 0. g_free(). */
char *mh_time_text(int64_t seconds);
/* "02:40:12" in local time. g_free(). */
char *mh_clock_text(int64_t seconds);
/* "0.3 s", "12 s", "4 min 5 s", "3 h 20 min", "2 d 5 h". g_free(). */
char *mh_duration_text(uint64_t microseconds);
/* "12 min ago": how long before @now @seconds was. "never" for 0. g_free(). */
char *mh_ago_text(int64_t seconds, int64_t now);
/* Reads "90s", "15m", "24h", "7d", "2w": a number with its unit, up to a hundred years. False,
 * with nothing set, for anything else. */
bool mh_duration_parse(const char *text, uint32_t *out_seconds);
