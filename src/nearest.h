/* nearest: the word that a misspelt one was probably meant to be.
 *
 * Distance is the number of letters put in, left out or changed, and of neighbours swapped
 * (optimal string alignment).
 */
#pragma once

#include <stddef.h>

/* NULL when no word is within a third of the length of @word, rounded up. The first of equally
 * near ones; a word that @word begins ("serv") is near, too. Borrowed from @words. */
const char *mh_nearest_word(const char *word, const char *const *words, size_t count);
