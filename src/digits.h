/* digits: a number in decimal digits, where printf() would be a tenth of the work.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MH_DIGITS_MAX 20 /* UINT64_MAX has so many */

/* Writes @number, without a NUL behind it. Returns how many digits it has. */
static inline size_t
mh_digits(uint64_t number, char out_digits[MH_DIGITS_MAX])
{
    char digits[MH_DIGITS_MAX];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    memcpy(out_digits, digits + at, sizeof digits - at);
    return sizeof digits - at;
}
