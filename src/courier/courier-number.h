/* courier-number: numbers as Courier's readers take them.
 *
 * Courier reads its state files with the scanning functions of the C library: leading white space
 * and a sign are fine, what follows the digits is left alone, a value that does not fit becomes the
 * largest one, and "-1" is the largest value too. A reader that is to see what Courier saw must do
 * the same; whether a value may be carried is for its caller to say.
 */
#pragma once

#include "bytes.h"

/* Takes an unsigned number of 64 bits off @rest. False, and nothing is taken, when there is no
 * digit where one is due. */
bool courier_number_take(MhSpan *rest, uint64_t *out_value);

/* The number that @text begins with, as a signed one of 64 bits; 0 when there is none. */
int64_t courier_number_signed(MhSpan text);
